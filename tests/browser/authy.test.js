// An application's user with the authenticator in a real browser: pairs from the text message, types the code that
// it shows where the application asks for one, approves a request, leaves.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { openPage, readQr } from "../lib/browser.js";
import { Client } from "../lib/client.js";
import { newest } from "../lib/outbox.js";
import { command, eventually } from "../lib/server.js";
import { readOtpauth, totp } from "../lib/totp.js";
import { Phone } from "./phone.js";
import { browser, openScene, server } from "./scene.js";

let key;
openScene({}, () => {
  key = JSON.parse(command(["app", "create", "Serenity Bank", "--json"], { data_dir: server.dataDir }).out).api_key;
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

test("a code that the application has signed is read by the authenticator, once", async () => {
  const { json: { app: { app_id: app } } } = await api("GET", "/protected/json/app/details");
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url"), now = Math.floor(Date.now() / 1000);
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part({ iss: "bank", iat: now, exp: now + 300, context: { custom_user_id: "user-7", authy_app_id: app } })}`;
  const code = `authy://account?token=${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
  const phone = await Phone.open(browser, server, { at: "/authenticator#add" });
  const enter = async () => {
    if (!await phone.page.locator("#link").isVisible()) await phone.page.locator("summary").first().click();
    await phone.page.locator("#link").fill(code);
    await phone.page.keyboard.press("Enter");
  };
  await enter();
  await phone.page.getByLabel("Name of this device").fill("Pixel 9");
  await phone.press("Pair this device");
  await phone.sees("Paired");
  const { json: { registration } } = await api("GET", "/protected/json/registrations/status", { custom_user_id: "user-7" });
  assert.equal(registration.status, "completed");
  await phone.page.goto("/authenticator#add");
  await enter();
  await phone.page.getByText("This code has been used or is too old").waitFor();
  assert.deepEqual(phone.page.complaints.filter((text) => !text.includes("401")), []);
});

test("any authenticator app reads the QR code of users/{id}/secret, as pages show it, and its code counts", async () => {
  const { json: { user: { id } } } = await api("POST", "/protected/json/users/new", { "user[email]": "kaylee@example.com", "user[cellphone]": "2015550124", "user[country_code]": 1 });
  const { json } = await api("POST", `/protected/json/users/${id}/secret`, { label: "kaylee", qr_size: 240 });
  const page = await openPage(browser, server, { width: 400 });
  await page.setContent(`<img src="${json.qr_code}" alt="">`);
  const image = page.locator("img");
  await eventually(async () => assert.equal((await image.boundingBox()).width, 240));
  const app = readOtpauth(readQr(await image.screenshot()));
  assert.deepEqual([app.issuer, app.label, app.digits, app.period], ["Serenity Bank", "Serenity Bank:kaylee", 6, 30]);
  assert.equal((await api("GET", `/protected/json/verify/${totp(app)}/${id}`)).status, 200);
  await page.context().close();
});
