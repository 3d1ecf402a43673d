// What the settings of a service and the parameters of a start do in the Verify v2 dialect, how often
// some things may be asked, and what a browser asks before a page may.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { newest, outbox } from "../lib/outbox.js";
import { command, startServer } from "../lib/server.js";
import { newApp, PushDevice, setClock, VerifyApp } from "../lib/verify.js";

let server, app, s, clockS = 0, people = 0, phone, identity;
before(async () => {
  server = await startServer();
  app = new VerifyApp(server, newApp(server, "Shop"));
  s = app.service;
});
after(() => server.stop());
beforeEach(() => {
  phone = `+1202555${String(++people).padStart(4, "0")}`;
  identity = `person-${String(people).padStart(4, "0")}`;
});
const later = (seconds) => setClock(server, (clockS += seconds));

// A service of its own with these settings.
async function withSettings(params) {
  const own = new VerifyApp(server, app.keys);
  own.service = `/Services/${(await app.ok(201, app.post("/Services", { FriendlyName: "Own", ...params }))).sid}`;
  return own;
}

test("code length, warning, lookup", async () => {
  const own = await withSettings({ CodeLength: 8, DoNotShareWarningEnabled: true, LookupEnabled: true });
  const made = await own.ok(201, own.start(phone));
  const { code, body } = await newest(server, phone);
  assert.match(code, /^\d{8}$/);
  assert.match(body, /share/i);
  assert.equal(made.lookup.carrier.error_code, null);
  const landline = await own.ok(201, own.start("+493012345678"));
  assert.equal(landline.lookup.carrier.type, "landline");
  assert.deepEqual((await app.ok(201, app.start(phone))).lookup, {});
});

test("landlines get no SMS where the service skips them, but a call", async () => {
  const own = await withSettings({ LookupEnabled: true, SkipSmsToLandlines: true });
  await own.refused(403, 60205, own.start("+493012345679"));
  await own.ok(201, own.start("+493012345679", { Channel: "call" }));
});

test("defaults of authenticator apps", async () => {
  const own = await withSettings({ "Totp.Issuer": "Acme Bank", "Totp.TimeStep": 60, "Totp.CodeLength": 8, "Totp.Skew": 0 });
  const make = (params) => own.ok(201, own.post(`${own.service}/Entities/${identity}/Factors`, { FriendlyName: "App", FactorType: "totp", ...params }));
  const made = await make();
  assert.deepEqual(made.config, { alg: "sha1", skew: 0, code_length: 8, time_step: 60 });
  assert.match(made.binding.uri, /^otpauth:\/\/totp\/Acme%20Bank:App\?secret=[A-Z2-7]{32}&issuer=Acme%20Bank&algorithm=SHA1&digits=8&period=60$/);
  const other = await make({ "Config.TimeStep": 30, "Config.CodeLength": 6, "Config.Skew": 1, "Config.Alg": "sha512" });
  assert.deepEqual(other.config, { alg: "sha512", skew: 1, code_length: 6, time_step: 30 });
  assert.equal(other.binding.secret.length, Math.ceil(64 * 8 / 5)); // as long as the hash
});

test("the date of a request is in its details where the service wants it, under the device's signature", async () => {
  const own = await withSettings({ "Push.IncludeDate": true });
  const device = new PushDevice(own, identity);
  device.offsetS = clockS;
  await device.enrol();
  await device.verify();
  const asked = await own.ok(201, own.post(`${device.path}/Challenges`, { FactorSid: device.factor.sid, "Details.Message": "Hi" }));
  assert.deepEqual(asked.details, { message: "Hi", fields: [], date: asked.date_created });
  await own.refused(403, 60324, device.fetchAndAnswer(asked.sid, "approved", { details: { message: "Hi", fields: [] } }));
  assert.equal((await own.ok(200, device.fetchAndAnswer(asked.sid, "approved"))).status, "approved");
});

test("templates: the one that there is, by start and by service", async () => {
  const [template] = (await app.ok(200, app.get("/Templates"))).templates;
  assert.equal(template.translations.de.status, "approved");
  await app.ok(201, app.start(phone, { TemplateSid: template.sid, TemplateCustomSubstitutions: '{"x":"y"}' }));
  const other = `HJ${"1".repeat(32)}`;
  await app.refused(400, 60228, app.start(phone, { TemplateSid: other }));
  await app.refused(400, 60228, app.post(s, { DefaultTemplateSid: other }));
  assert.equal((await app.ok(200, app.post(s, { DefaultTemplateSid: template.sid }))).default_template_sid, template.sid);
  assert.equal((await app.ok(200, app.post(s, { DefaultTemplateSid: "" }))).default_template_sid, null);
});

test("parameters that are looked at although nothing shows them", async () => {
  for (const [name, bad] of [["Tags", '{"a":1}'], ["Tags", JSON.stringify(Object.fromEntries(Array.from({ length: 11 }, (_, i) => [i, "x"])))],
    ["Tags", JSON.stringify({ a: "x".repeat(129) })], ["TemplateCustomSubstitutions", "[]"], ["ChannelConfiguration", '{"from":"nobody"}'],
    ["ChannelConfiguration", '{"substitutions":[]}'], ["RiskCheck", "maybe"], ["SendDigits", "1a"], ["DeviceIp", "203.0.113"], ["EnableSnaClientToken", "x"],
    ["AppHash", "short"], ["RateLimits", '{"a":{}}'], ["CustomFriendlyName", "12345 digits"]])
    await app.refused(400, 60200, app.start(phone, { [name]: bad }));
  await app.ok(201, app.start(phone, { DeviceIp: "203.0.113.77", NotAParameter: "1" }));
  const audit = command(["audit", "list", "--json"], { data_dir: server.dataDir }).out;
  assert.ok(audit.split("\n").some((line) => line.includes("code_sent") && line.includes("203.0.113.77")));
});

test("the message speaks the language that was asked for, else that of the number", async () => {
  const start = async (to, params) => {
    await app.ok(201, app.start(to, params));
    return (await newest(server, to)).body;
  };
  const german = await start("+4915123456789", {}), spanish = await start("+4915123456788", { Locale: "es" }), english = await start("+4915123456787", { Locale: "xx" });
  assert.match(german, /Code/);
  assert.equal(new Set([german, spanish].map((text) => text.replace(/\d/g, "#"))).size, 2);
  assert.ok(english);
});

test("test mode: nothing is sent, zeros are right, by whichever channel", async () => {
  const own = new VerifyApp(server, newApp(server, "Tests"));
  assert.equal(command(["app", "set", "Tests", "test_mode=yes"], { data_dir: server.dataDir }).code, 0);
  for (const [to, channel] of [[phone, "sms"], [phone.replace("+1202", "+1203"), "call"], ["t@example.com", "email"]]) {
    await own.ok(201, own.start(to, { Channel: channel }));
    assert.equal((await own.ok(200, own.check(to, "111111"))).status, "pending");
    assert.equal((await own.ok(200, own.check(to, "000000"))).status, "approved");
    assert.deepEqual(await outbox(server, to), []);
  }
});

test("test numbers: those alone, in production too, with tries counted as ever", async () => {
  const production = await startServer({ mode: "production", public_url: "http://127.0.0.1" }); // carries nothing
  try {
    const own = new VerifyApp(production, newApp(production, "Reviewed"));
    const set = (value) => command(["app", "set", "Reviewed", `test_numbers=${value}`], { data_dir: production.dataDir });
    assert.equal(set(`${phone} Review@Example.com`).code, 0);
    assert.match(command(["app", "show", "Reviewed"], { data_dir: production.dataDir }).out, new RegExp(`test_numbers +\\${phone} review@example.com`));
    for (const [to, channel] of [[phone, "sms"], ["review@example.com", "email"]]) {
      await own.ok(201, own.start(to, { Channel: channel }));
      assert.equal((await own.ok(200, own.check(to, "000000"))).status, "approved");
    }
    await own.ok(201, own.start(phone, { Channel: "call" }));
    for (let i = 0; i < 5; i++) assert.equal((await own.ok(200, own.check(phone, "111111"))).status, "pending");
    await own.refused(429, 60202, own.check(phone, "000000"));
    await own.refused(400, 60223, own.start("+12025550199")); // nobody else
    for (const bad of ["nobody", "12025550100", "+1202"]) assert.equal(set(bad).code, 2, bad);
    assert.equal(command(["app", "set", "Countersign", `test_numbers=${phone}`], { data_dir: production.dataDir }).code, 5);
    assert.equal(set("").code, 0);
    await own.refused(400, 60223, own.start("+12025550198"));
  } finally {
    await production.stop();
  }
});

// ---- how often ----

test("a verification is fetched sixty times a minute, 180 times an hour", async () => {
  const { sid } = await app.ok(201, app.start(phone));
  const fetchIt = (by = sid) => app.get(`${s}/Verifications/${by}`);
  for (let minute = 0; minute < 3; minute++) {
    for (let i = 0; i < 60; i++) await app.ok(200, fetchIt(i % 2 ? sid : phone)); // by whichever name
    const { headers } = await app.refused(429, 20429, fetchIt());
    assert.ok(Number(headers.get("retry-after")) > 0);
    await later(61);
  }
  await app.refused(429, 20429, fetchIt());
  const other = await app.ok(201, app.start(`${phone.slice(0, -4)}9${phone.slice(-3)}`));
  await app.ok(200, fetchIt(other.sid)); // another one is not concerned
  assert.equal((await app.ok(200, app.check(phone, await app.code(phone)))).valid, true); // nor is the check
});

test("the safe list thirty times a minute, attempts a hundred times", async () => {
  const number = `+1800555${String(people).padStart(4, "0")}`;
  await later(61);
  await app.ok(201, app.post("/SafeList/Numbers", { PhoneNumber: number }));
  for (let i = 1; i < 30; i++) await app.ok(200, app.get(`/SafeList/Numbers/${number}`));
  await app.refused(429, 20429, app.get(`/SafeList/Numbers/${number}`));
  for (let i = 0; i < 100; i++) await app.ok(200, app.get(i % 2 ? "/Attempts" : "/Attempts/Summary"));
  await app.refused(429, 20429, app.get("/Attempts"));
  await app.refused(429, 20429, app.get("/Attempts/Summary"));
  const stranger = new VerifyApp(server, newApp(server, "Stranger"));
  await stranger.ok(200, stranger.get("/Attempts"));
  await later(61);
  await app.ok(200, app.get("/Attempts"));
  await app.ok(204, app.delete(`/SafeList/Numbers/${number}`));
});

// ---- browsers ----

test("a page of another origin may ask: preflight, and what it may read", async () => {
  const path = `/v2${s}/Entities/${identity}/Challenges`;
  const ask = (target, method) => fetch(`${server.url}${target}`, { method: "OPTIONS", headers: { origin: "https://app.example.com",
    "access-control-request-method": method, "access-control-request-headers": "authorization,content-type" } });
  const preflight = await ask(path, "POST");
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get("access-control-allow-origin"), "*");
  assert.match(preflight.headers.get("access-control-allow-methods"), /GET, POST, DELETE/);
  for (const name of ["Authorization", "Content-Type"]) assert.ok(preflight.headers.get("access-control-allow-headers").includes(name));
  assert.ok(Number(preflight.headers.get("access-control-max-age")) > 0);
  assert.match(preflight.headers.get("allow"), /GET, POST/);
  const reply = await app.get(`${s}/Entities`);
  assert.match(reply.headers.get("access-control-expose-headers"), /Twilio-Verify-Signature-Fields/); // device SDKs read it
  assert.equal((await ask("/v2/Nowhere", "GET")).status, 404);
  const portal = await ask("/login", "POST"); // the pages are nobody else's
  assert.equal(portal.headers.get("access-control-allow-origin"), null);
});
