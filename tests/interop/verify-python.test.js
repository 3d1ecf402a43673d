// Debian's python3-twilio, unmodified: every call of priority A and B that this version has, success
// and documented errors, lists paged by the SDK.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import path from "node:path";
import readline from "node:readline";
import { after, before, test } from "node:test";
import { newest } from "../lib/outbox.js";
import { root, startServer } from "../lib/server.js";
import { totp } from "../lib/totp.js";
import { newApp, PushDevice, VerifyApp } from "../lib/verify.js";

let server, keys, python, answers;

before(async () => {
  server = await startServer();
  keys = newApp(server, "Shop");
  python = spawn("/usr/bin/python3", [path.join(root, "tests/interop/verify_python.py")], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, VERIFY_BASE_URL: server.url, ACCOUNT_SID: keys.account_sid, AUTH_TOKEN: keys.auth_token, SERVICE_SID: keys.service_sid },
  });
  answers = readline.createInterface({ input: python.stdout })[Symbol.asyncIterator]();
});
after(async () => {
  python.stdin.end();
  await server.stop();
});

async function ask(...question) {
  python.stdin.write(`${JSON.stringify(question)}\n`);
  const { value, done } = await answers.next();
  assert.ok(!done, "python ended");
  return JSON.parse(value);
}

async function call(where, method, args = {}) {
  const got = await ask(where, method, args);
  assert.ok("answer" in got, `${where}.${method}: ${JSON.stringify(got)}`);
  return got.answer;
}

const refused = async (status, code, where, method, args = {}) =>
  assert.deepEqual(await ask(where, method, args), { status, code }, `${where}.${method}`);

test("both ways to another server", async () => {
  assert.equal((await ask("hooked")).answer, "Shop");
  assert.equal((await call(`/services:${keys.service_sid}`, "fetch")).friendly_name, "Shop");
});

test("a verification, its check, its errors", async () => {
  const to = "+14155550101";
  const started = await call("verifications", "create", { to, channel: "sms", rate_limits: { end_user_ip: "127.0.0.1" } });
  assert.equal(started.status, "pending");
  assert.match(started.date_created.datetime, /^\d{4}-/); // a date, not the text
  assert.equal((await call("verification_checks", "create", { code: "000000", to })).valid, false);
  const { code } = await newest(server, to);
  assert.equal((await call("verification_checks", "create", { code, to })).status, "approved");
  await refused(404, 20404, "verification_checks", "create", { code, to });
  const second = await call("verifications", "create", { to, channel: "call" });
  assert.equal((await call(`verifications:${second.sid}`, "fetch")).sid, second.sid);
  assert.equal((await call(`verifications:${second.sid}`, "update", { status: "canceled" })).status, "canceled");
  await refused(400, 60200, "verifications", "create", { to: "1", channel: "sms" });
  await refused(403, 60204, "verifications", "create", { to, channel: "sms", custom_code: "12345" });
});

test("services, with booleans as python spells them", async () => {
  const made = await call("/services", "create", { friendly_name: "My App", code_length: 4, lookup_enabled: false, custom_code_enabled: true, totp_issuer: "My App", totp_skew: 0 });
  assert.deepEqual([made.code_length, made.lookup_enabled, made.custom_code_enabled, made.totp.skew], [4, false, true, 0]);
  assert.equal((await call(`/services:${made.sid}`, "update", { psd2_enabled: true })).psd2_enabled, true);
  const sids = [made.sid];
  for (let i = 0; i < 2; i++) sids.push((await call("/services", "create", { friendly_name: "More" })).sid);
  assert.deepEqual((await call("/services", "list", { page_size: 1 })).slice(-3).map((s) => s.sid), sids);
  for (const sid of sids) assert.equal(await call(`/services:${sid}`, "delete"), true);
  await refused(404, 20404, `/services:${made.sid}`, "fetch");
});

test("entities, TOTP factors, challenges", async () => {
  await call("entities", "create", { identity: "alice-0001" });
  await refused(409, 60301, "entities", "create", { identity: "alice-0001" });
  assert.equal((await call("entities", "list")).length, 1);
  const one = "entities:alice-0001";
  const made = await call(`${one}.new_factors`, "create", { friendly_name: "Bob's Phone", factor_type: "totp", metadata: { os: "Zoë" },
    binding_secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", config_time_step: 30, config_skew: 1, config_code_length: 6, config_alg: "sha1" });
  assert.deepEqual([made.metadata, made.binding.secret], [{ os: "Zoë" }, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"]);
  assert.equal((await call(`${one}.factors:${made.sid}`, "update", { auth_payload: "000000" })).status, "unverified");
  assert.equal((await call(`${one}.factors:${made.sid}`, "update", { auth_payload: totp(made.binding) })).status, "verified");
  assert.equal((await call(`${one}.factors:${made.sid}`, "fetch")).factor_type, "totp");
  assert.equal((await call(`${one}.factors`, "list")).length, 1);
  const challenge = await call(`${one}.challenges`, "create", { factor_sid: made.sid, auth_payload: "000000", expiration_date: Math.floor(Date.now() / 1000) + 600 });
  assert.equal(challenge.status, "pending");
  assert.equal((await call(`${one}.challenges:${challenge.sid}`, "update", { auth_payload: "000001" })).status, "pending");
  assert.equal((await call(`${one}.challenges:${challenge.sid}`, "fetch")).factor_sid, made.sid);
  await call(`${one}.challenges`, "create", { factor_sid: made.sid });
  assert.equal((await call(`${one}.challenges`, "list", { page_size: 1, status: "pending" })).length, 2);
  assert.equal(await call(`${one}.factors:${made.sid}`, "delete"), true);
  assert.equal(await call(one, "delete"), true);
  await refused(404, 20404, one, "fetch");
});

test("push, access tokens, notifications", async () => {
  const identity = "push-person-1", one = `entities:${identity}`;
  const token = await call("access_tokens", "create", { identity, factor_type: "push", ttl: 60 });
  assert.equal((await call(`access_tokens:${token.sid}`, "fetch")).ttl, 60);
  const device = new PushDevice(new VerifyApp(server, keys), identity);
  await device.enrol({ token: token.token, "Config.NotificationPlatform": "apn", "Config.NotificationToken": "a".repeat(64) });
  await device.verify();
  const asked = await call(`${one}.challenges`, "create", { factor_sid: device.factor.sid, details_message: "Login?",
    details_fields: [{ label: "IP", value: "1.2.3.4" }, { label: "City", value: "São Paulo" }], hidden_details: { ip: "1.2.3.4" } });
  assert.deepEqual(asked.details.fields[1], { label: "City", value: "São Paulo" });
  assert.equal((await call(`${one}.challenges:${asked.sid}.notifications`, "create")).priority, "high");
  await device.app.ok(200, device.fetchAndAnswer(asked.sid, "approved"));
  assert.equal((await call(`${one}.challenges:${asked.sid}`, "fetch")).status, "approved");
  assert.equal((await call(`${one}.new_factors`, "create", { friendly_name: "x", factor_type: "push", binding_alg: "ES256",
    binding_public_key: new PushDevice(device.app, identity).publicKeyText, config_app_id: "a", config_notification_platform: "none", config_sdk_version: "1" })).status, "unverified");
});

test("rate limits, webhooks, messaging configurations, templates, attempts, forms", async () => {
  const limit = await call("rate_limits", "create", { unique_name: "end_user_ip" });
  const bucket = await call(`rate_limits:${limit.sid}.buckets`, "create", { max: 1, interval: 3600 });
  const start = { to: "+14155550120", channel: "sms", rate_limits: { end_user_ip: "127.0.0.1" } };
  await call("verifications", "create", start);
  await refused(429, 20429, "verifications", "create", start);
  assert.equal((await call(`rate_limits:${limit.sid}.buckets:${bucket.sid}`, "update", { max: 5 })).max, 5);
  assert.equal((await call(`rate_limits:${limit.sid}.buckets`, "list")).length, 1);
  assert.equal((await call(`rate_limits:${limit.sid}`, "update", { description: "d" })).description, "d");
  assert.equal((await call("rate_limits", "list")).length, 1);
  assert.equal(await call(`rate_limits:${limit.sid}.buckets:${bucket.sid}`, "delete"), true);
  assert.equal(await call(`rate_limits:${limit.sid}`, "delete"), true);

  const hook = await call("webhooks", "create", { friendly_name: "h", event_types: ["factor.created", "*"], webhook_url: "https://example.com/h?x=1", version: "v2" });
  assert.deepEqual(hook.event_types, ["factor.created", "*"]);
  assert.equal((await call(`webhooks:${hook.sid}`, "update", { status: "disabled" })).status, "disabled");
  assert.equal((await call("webhooks", "list")).length, 1);
  assert.equal(await call(`webhooks:${hook.sid}`, "delete"), true);

  const sender = `MG${"1".repeat(32)}`;
  await call("messaging_configurations", "create", { country: "all", messaging_service_sid: sender });
  await refused(400, 60213, "messaging_configurations", "create", { country: "all", messaging_service_sid: sender });
  assert.equal((await call("messaging_configurations:all", "fetch")).messaging_service_sid, sender);
  assert.equal((await call("messaging_configurations", "list")).length, 1);
  assert.equal(await call("messaging_configurations:all", "delete"), true);

  assert.equal((await call("/templates", "list")).length, 1);
  assert.equal((await call("/forms:form-push", "fetch")).form_type, "form-push");
  const attempts = await call("/verification_attempts", "list", { channel_data_to: "+14155550120", date_created_after: 0 });
  assert.deepEqual(attempts.map((a) => a.conversion_status), ["unconverted"]);
  assert.equal((await call(`/verification_attempts:${attempts[0].sid}`, "fetch")).channel, "sms");
});

test("its validator takes what our webhooks carry", async () => {
  const url = "https://app.example.com/hooks/verify?src=cs", params = { uuid: "1", type: "factor.created", note: "Zoë & co" };
  const text = url + Object.keys(params).sort().map((name) => name + params[name]).join("");
  const signature = createHmac("sha1", keys.auth_token).update(text).digest("base64"); // as api/verify/hook_test.c has it
  assert.equal((await ask("validate", url, params, signature)).answer, true);
  assert.equal((await ask("validate", url, { ...params, type: "x" }, signature)).answer, false);
});
