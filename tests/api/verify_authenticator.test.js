// Our own authenticator as a factor of the Verify v2 dialect: an application makes an access token, its
// user opens it as a pairing link, and from then on it is a push factor like any other. Answers come by
// the device protocol, and are told to webhooks all the same.
import assert from "node:assert/strict";
import http from "node:http";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { Device } from "../lib/device.js";
import { outbox } from "../lib/outbox.js";
import { command, eventually, startServer } from "../lib/server.js";
import { newApp, PushDevice, setClock, VerifyApp } from "../lib/verify.js";

const twilio = createRequire(import.meta.url)("twilio");

// What is told to an application: { url, heard: [{ params, json, headers, status }] }. answers: the
// statuses of the first replies, 200 from then on.
async function listen(answers = []) {
  const heard = [];
  const listener = http.createServer((rq, rs) => {
    let body = "";
    rq.on("data", (d) => (body += d)).on("end", () => {
      const status = answers.shift() ?? 200, form = rq.headers["content-type"].startsWith("application/x-www-form-urlencoded");
      heard.push({ status, headers: rq.headers, ...(form ? { params: Object.fromEntries(new URLSearchParams(body)) } : { json: JSON.parse(body) }) });
      rs.writeHead(status).end();
    });
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  listener.unref();
  return { heard, url: `http://127.0.0.1:${listener.address().port}/hook`, types: () => heard.map((h) => h.params?.type ?? h.json?.callback_action), close: () => listener.close() };
}

let server, app, s;
before(async () => {
  server = await startServer({ egress_allow: "127.0.0.0/8" });
  app = new VerifyApp(server, newApp(server, "Shop"));
  s = app.service;
});
after(() => server.stop());

const linkOf = (token) => `${server.url}/authenticator#pair=${token}`;
const invite = (identity, params = {}) => app.ok(201, app.post(`${s}/AccessTokens`, { Identity: identity, FactorType: "push", ...params }));
const ask = (identity, factor, params = {}) => app.ok(201, app.post(`${s}/Entities/${identity}/Challenges`, {
  FactorSid: factor, "Details.Message": "Login?", "Details.Fields": '{"label":"City","value":"São Paulo"}', HiddenDetails: '{"ip":"1.2.3.4"}', ...params }));

test("it pairs with an access token, and is a verified factor", async () => {
  const token = await invite("ana-000001", { FactorFriendlyName: "Given by the shop" });
  const phone = await Device.pair(server, linkOf(token.token));
  assert.deepEqual([phone.service, phone.service_name, phone.account], [app.keys.service_sid, "Shop", "ana-000001"]);
  const factor = await app.ok(200, app.get(`${s}/Entities/ana-000001/Factors/${phone.device}`));
  assert.deepEqual([factor.factor_type, factor.status, factor.friendly_name, factor.config.notification_platform, factor.config.credential_sid],
    ["push", "verified", "Given by the shop", "none", phone.credential]);
  const self = await phone.request("GET", "/device/self");
  assert.deepEqual([self.json.account, self.json.name], ["ana-000001", "Given by the shop"]);
  // once, whichever door it is tried at
  assert.equal((await Device.askToPair(server, token.token)).status, 410);
  await app.refused(401, 20101, app.post(`${s}/Entities/ana-000001/Factors`, new PushDevice(app, "ana-000001").binding, { user: "token", password: token.token }));
});

test("it answers what it is asked; the application reads it", async () => {
  const phone = await Device.pair(server, linkOf((await invite("ben-000001")).token));
  const first = await ask("ben-000001", phone.device);
  const asked = await phone.asked();
  assert.equal(asked.id, first.sid);
  assert.deepEqual([asked.shows.message, asked.shows.details, asked.shows.needs_digits], ["Login?", [{ label: "City", value: "São Paulo" }], false]);
  const spoilt = await phone.answer(asked, "approved", "", { shown_digest: "AAAA" });
  assert.equal(spoilt.status, 403); // attack 61
  assert.equal((await phone.answer(asked, "approved")).json.outcome, "approved");
  const second = await ask("ben-000001", phone.device);
  assert.equal((await phone.answer(await phone.asked(), "denied")).json.outcome, "denied");
  const states = async () => (await app.ok(200, app.get(`${s}/Entities/ben-000001/Challenges`))).challenges;
  assert.deepEqual((await states()).map((c) => [c.sid, c.status]), [[first.sid, "approved"], [second.sid, "denied"]]);
  assert.ok((await states()).every((c) => c.date_responded));
});

test("two devices of one person: each sees what was put to it", async () => {
  const phone = await Device.pair(server, linkOf((await invite("cleo-00001")).token));
  const other = new PushDevice(app, "cleo-00001");
  await other.enrol();
  await other.verify();
  const challenge = await ask("cleo-00001", other.factor.sid);
  assert.deepEqual(await phone.pending(), []);
  const stolen = await phone.answer({ id: challenge.sid, shown: "", hidden_digest: "" }, "approved");
  assert.equal(stolen.status, 404); // attack 17: another factor's
  await app.ok(200, other.fetchAndAnswer(challenge.sid, "approved"));
});

test("an invitation runs out, and is no key for anything else", async () => {
  const token = await invite("dora-00001", { Ttl: 60 });
  await setClock(server, 61);
  assert.equal((await Device.askToPair(server, token.token)).status, 410);
  await app.refused(404, 20404, app.get(`${s}/Entities/dora-00001`)); // nobody was made
  await setClock(server, 0);
  const half = `${token.sid}-${"A".repeat(43)}`;
  assert.equal((await Device.askToPair(server, half)).status, 410);
});

test("nobody pairs with an application that is gone", async () => {
  const own = new VerifyApp(server, newApp(server, "Gone"));
  const { token } = await own.ok(201, own.post(`${own.service}/AccessTokens`, { Identity: "gina-00001", FactorType: "push" }));
  assert.equal(command(["app", "delete", "Gone", "--yes"], { data_dir: server.dataDir }).code, 0);
  assert.equal((await Device.askToPair(server, token)).status, 410);
});

test("webhooks hear of it by the device protocol too, and the other dialect's callback does not", async () => {
  const hook = await listen(), callback = await listen();
  const own = new VerifyApp(server, newApp(server, "Told"));
  assert.equal(command(["app", "set", "Told", `callback_url=${callback.url}`], { data_dir: server.dataDir }).code, 0);
  await own.ok(201, own.post(`${own.service}/Webhooks`, { FriendlyName: "h", EventTypes: "*", WebhookUrl: hook.url }));
  await eventually(() => assert.equal(callback.heard.length, 1)); // the preset test call
  const token = await own.ok(201, own.post(`${own.service}/AccessTokens`, { Identity: "emil-00001", FactorType: "push" }));
  const phone = await Device.pair(server, linkOf(token.token));
  const put = () => own.ok(201, own.post(`${own.service}/Entities/emil-00001/Challenges`, { FactorSid: phone.device, "Details.Message": "Login?" }));
  await put();
  await phone.answer(await phone.asked(), "approved");
  await put();
  await phone.answer(await phone.asked(), "denied");
  assert.equal((await phone.request("DELETE", "/device/self")).status, 204);
  await eventually(() => assert.deepEqual(hook.types().sort(), ["challenge.approved", "challenge.denied", "factor.created", "factor.deleted", "factor.verified"]));
  for (const { headers, params } of hook.heard)
    assert.equal(twilio.validateRequest(own.keys.auth_token, headers["x-twilio-signature"], hook.url, params), true);

  // the other way: a user's approval request is told by the callback alone
  const authy = async (method, path, body) => {
    const reply = await fetch(`${server.url}${path}`, { method, body: body && JSON.stringify(body),
      headers: { "x-authy-api-key": own.keys.api_key, ...(body ? { "content-type": "application/json" } : {}) } });
    assert.equal(reply.status, 200);
    return reply.json();
  };
  const { user } = await authy("POST", "/protected/json/users/new", { user: { email: "u@example.com", cellphone: "2025550199", country_code: "1" } });
  const link = (await outbox(server, "+12025550199")).find((m) => m.link).link;
  const theirs = await Device.pair(server, link);
  await authy("POST", `/onetouch/json/users/${user.id}/approval_requests`, { message: "Login?" });
  await theirs.answer(await theirs.asked(), "approved");
  await eventually(() => assert.equal(callback.heard.length, 2));
  await eventually(() => assert.equal(callback.heard[1].json.status, "approved"));
  assert.equal(hook.heard.length, 5);
  hook.close();
  callback.close();
});

test("a webhook in trouble is tried again, and costs the other dialect nothing", async () => {
  const hook = await listen([503, 429]); // the URL of both: the third answer is the first good one
  const own = new VerifyApp(server, newApp(server, "Troubled"));
  await own.ok(201, own.post(`${own.service}/Webhooks`, { FriendlyName: "h", EventTypes: "factor.created", WebhookUrl: hook.url }));
  await own.ok(201, own.post(`${own.service}/Entities/fred-00001/Factors`, { FriendlyName: "App", FactorType: "totp" }));
  await eventually(() => assert.deepEqual(hook.heard.map((h) => h.status), [503, 429, 200]), { ms: 20_000 });
  assert.equal(new Set(hook.heard.map((h) => h.params.uuid)).size, 1); // one event, told once it was heard
  for (const { headers, params } of hook.heard)
    assert.equal(twilio.validateRequest(own.keys.auth_token, headers["x-twilio-signature"], hook.url, params), true);
  hook.close();
});
