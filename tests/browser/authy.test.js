// An application's user with the authenticator in a real browser: pairs from the text message, types the code that
// it shows where the application asks for one, approves a request, leaves.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser } from "../lib/browser.js";
import { Client } from "../lib/client.js";
import { newest } from "../lib/outbox.js";
import { command, eventually, startServer } from "../lib/server.js";
import { Phone } from "./phone.js";

let server, browser, key;
before(async () => {
  server = await startServer();
  key = JSON.parse(command(["app", "create", "Serenity Bank", "--json"], { data_dir: server.dataDir }).out).api_key;
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const api = (method, path, fields = {}) => new Client(server).request(method, `${path}?${new URLSearchParams(fields)}`, { headers: { "x-authy-api-key": key } });

test("an application's user pairs, types the code, approves, and leaves", async () => {
  const { json: { user: { id } } } = await api("POST", "/protected/json/users/new", { "user[email]": "mal@example.com", "user[cellphone]": "2015550123", "user[country_code]": 1 });
  const { link } = await newest(server, "+12015550123", "sms");
  const phone = await Phone.open(browser, server);
  await phone.pair(link);
  assert.equal((await api("GET", `/protected/json/users/${id}/status`)).json.status.registered, true);

  await phone.tab("Codes");
  await phone.page.getByText("Serenity Bank").waitFor();
  await phone.look("soft-token");
  const digits = async () => (await phone.page.locator("[data-t=digits]").textContent()).replace(/\s/g, "");
  assert.match(await digits(), /^\d{6}$/);
  assert.equal((await api("GET", `/protected/json/verify/${await digits()}/${id}`)).status, 200);

  const { json: { approval_request: { uuid } } } = await api("POST", `/onetouch/json/users/${id}/approval_requests`, { message: "Pay 10 €", "details[To]": "Zoë" });
  await phone.tab("Requests");
  await phone.page.locator(".rows a").first().click();
  await phone.page.getByText("Pay 10 €").first().waitFor();
  await phone.asked();
  await phone.press("Approve");
  await phone.page.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
  await eventually(async () => assert.equal((await api("GET", `/onetouch/json/approval_requests/${uuid}`)).json.approval_request.status, "approved"));

  await phone.page.goto("/authenticator#services");
  await phone.press("Leave");
  await phone.page.getByRole("dialog").getByRole("button", { name: "Leave" }).click();
  await eventually(async () => assert.equal((await api("GET", `/protected/json/users/${id}/status`)).json.status.registered, false));
  assert.deepEqual(phone.page.complaints, []);
});
