// What an approver sees, and who presses the button. Numbers are those of the attack list.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "../lib/client.js";
import { newest } from "../lib/outbox.js";
import { command, eventually } from "../lib/server.js";
import { pairedPhone, Phone, SignIn } from "./phone.js";
import { browser, openScene, server } from "./scene.js";

let app;
openScene({}, () => {
  app = JSON.parse(command(["app", "create", "Serenity Bank", "--json"], { data_dir: server.dataDir }).out);
});

const call = (target, value) => new Client(server).postJson(target, value, { headers: { "x-authy-api-key": app.api_key } });
const statusOf = async (uuid) =>
  (await new Client(server).get(`/onetouch/json/approval_requests/${uuid}`, { headers: { "x-authy-api-key": app.api_key } })).json.approval_request.status;

// The phone of an application's user, and requests to it.
async function appPhone(number) {
  const { json: { user } } = await call("/protected/json/users/new", {
    user: { email: "u@example.com", cellphone: number, country_code: "1" }, send_install_link_via_sms: true,
  });
  const phone = await Phone.open(browser, server, { width: 320 });
  await phone.pair((await newest(server, `+1${number}`, "sms")).link);
  const ask = async (request) => {
    const answer = await call(`/onetouch/json/users/${user.id}/approval_requests`, request);
    assert.equal(answer.status, 200, answer.text);
    return answer.json.approval_request.uuid;
  };
  return { phone, ask };
}

test("attack 62: details are shown as they are signed, whole, each in its own place", async () => {
  const { phone, ask } = await appPhone("2025550101");
  const long = "Wallet:0123456789abcdef".repeat(12);
  const uuid = await ask({
    message: `<img src=x onerror="document.title='got in'"> ${long}`,
    logos: [{ res: "default", url: "https://bank.example/logo.png" }], // none is fetched: page.complaints
    details: { "Am\u202Eount": "10 €\u200B\nto Bob", "שם": "1,000 שקל (₪) to אבא", [long.slice(0, 200)]: long, "<b>": "{{x}} &amp; </dl>", Shop: "p\u0430ypal.com" },
  });
  await phone.asked();
  const { page } = phone;
  await eventually(async () => assert.equal(await page.locator("[data-acts]").evaluate((node) => node.inert), false));
  assert.equal(await page.locator(".lead bdi").textContent(), `<img src=x onerror="document.title='got in'"> ${long}`.slice(0, 255) + "…");
  assert.deepEqual(await page.locator(".facts dt").allTextContents(), ["Amount", "שם", long.slice(0, 200), "<b>", "Shop"]);
  assert.deepEqual(await page.locator(".facts dd").allTextContents(), ["10 € to Bob", "1,000 שקל (₪) to אבא", `${long.slice(0, 255)}…`, "{{x}} &amp; </dl>", "⚠p\u0430ypal.com"]);
  assert.ok(await page.getByText("mixes the letters of two alphabets").isVisible());
  assert.deepEqual(await page.locator(".facts dt > bdi, .facts dd > bdi").count(), 10, "isolated, so that none turns its neighbours round");
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing is pushed out of sight");
  const seen = await page.locator(".facts dd").evaluateAll((nodes) => nodes.map((node) => {
    const style = getComputedStyle(node);
    return [style.textOverflow, style.overflow, node.scrollHeight <= node.clientHeight + 1].join();
  }));
  assert.deepEqual(new Set(seen), new Set(["clip,visible,true"]), "all of it is visible");
  await phone.look("request-spoofed");
  await phone.press("Approve");
  await page.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
  await phone.sees("Approved");
  assert.equal(await statusOf(uuid), "approved");
  assert.deepEqual(page.complaints, []);
  assert.doesNotMatch(await page.title(), /got in/);
  await phone.close();
});

test("attack 67: a script that presses the button approves nothing", async () => {
  const { person, phone } = await pairedPhone(browser, server);
  const login = await SignIn.open(browser, server, person);
  await phone.asked();
  assert.equal(await phone.page.getByText("mixes the letters").isVisible(), false);
  await phone.type(await login.digits());
  const cdp = await phone.page.context().newCDPSession(phone.page);
  const byScript = async (expression) =>
    (await cdp.send("Runtime.evaluate", { expression, userGesture: false, awaitPromise: true, returnByValue: true })).result.value;
  // What was typed is a gesture for a few seconds, and so is every look of playwright's.
  await eventually(async () => assert.equal(await byScript("navigator.userActivation.isActive"), false), { ms: 30_000 });
  for (const press of ["document.querySelector('[data-approve]').click()", "document.querySelector('form').requestSubmit()"]) {
    await byScript(`document.querySelector('[data-acts]').inert = false; document.querySelector('[data-t=trouble]').textContent = ''; ${press}`);
    await eventually(async () => assert.match(await byScript("document.querySelector('[data-t=trouble]').textContent"), /^Nothing was approved/));
    assert.equal(await byScript("document.querySelector('h1').textContent"), "Countersign", "the request is still open");
  }
  assert.equal(new URL(login.page.url()).pathname, "/verify");
  await phone.press("Approve");
  await phone.sees("Approved");
  await login.arrives();
  await phone.close();
});

test("attack 67: no script but the server's own runs in the app, and no other site can frame it", async () => {
  const phone = await Phone.open(browser, server);
  const { headers } = await new Client(server).get("/authenticator");
  const policy = new Map(headers["content-security-policy"].split("; ").map((rule) => [rule.split(" ")[0], rule.split(" ").slice(1).join(" ")]));
  assert.deepEqual([policy.get("default-src"), policy.get("script-src"), policy.get("connect-src"), policy.get("frame-ancestors"), policy.get("base-uri")],
    ["'none'", "'self'", "'self'", "'none'", "'none'"]);
  const cdp = await phone.page.context().newCDPSession(phone.page);
  const inPage = async (expression) => (await cdp.send("Runtime.evaluate", { expression, returnByValue: true })).result.value;
  for (const inject of [
    "const s = document.createElement('script'); s.textContent = 'globalThis.owned = 1'; document.body.append(s)",
    "document.body.insertAdjacentHTML('beforeend', '<img src=\"data:,\" onerror=\"globalThis.owned = 1\">')",
    "const j = document.createElement('script'); j.src = 'data:text/javascript,globalThis.owned = 1'; document.body.append(j)",
    "document.body.append(Object.assign(document.createElement('a'), { href: 'javascript:globalThis.owned = 1', id: 'trap' })); document.querySelector('#trap').click()",
  ]) {
    const before = phone.page.complaints.length;
    await inPage(`(() => { ${inject} })()`);
    await eventually(() => assert.ok(phone.page.complaints.length > before, inject));
  }
  assert.equal(await inPage("globalThis.owned"), undefined);
  assert.ok(phone.page.complaints.every((words) => /Content Security Policy/.test(words)), phone.page.complaints.join());
  await phone.close();
});
