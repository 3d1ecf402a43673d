// The table of error codes of the Verify v2 reference, code by code: provoked here, with its status, or
// the reason why nothing here can lead to it. A code that we give and the table has not is a mistake too.
// Every request with the account's credentials goes through an SDK, so each refusal arrives as its own
// exception: npm twilio here, python3-twilio in tests/interop.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { sdks } from "../lib/sdk.js";
import { command, eventually, root, startServer } from "../lib/server.js";
import { totp } from "../lib/totp.js";
import { newApp, PushDevice, setClock, VerifyApp } from "../lib/verify.js";

const sdk = sdks[process.env.VERIFY_SDK ?? "node"];

class SdkApp extends VerifyApp {
  static refusals = new Set();

  async call(method, path, params, options = {}) {
    const { user = this.user, password = this.password } = options;
    if (!/^(AC|SK)/.test(user) || options.headers) return super.call(method, path, params, options); // a device is not the SDK's
    const reply = await sdk.call({ url: this.server.url, user, password, account: this.keys.account_sid, method, path, params });
    const body = reply.text ? JSON.parse(reply.text) : undefined;
    const headers = new Headers(Object.entries(reply.headers).map(([name, value]) => [name, String(value)]));
    this.contract.check(method, `/v2${path.split("?")[0]}`, reply.status, headers, body);
    if (reply.status >= 400) {
      assert.deepEqual(reply.error, { name: sdk.error, status: reply.status, code: body.code });
      SdkApp.refusals.add(body.code);
    } else assert.equal(reply.error, undefined);
    return { status: reply.status, headers, body };
  }
}

let server, production, guarded, app, own, bare, poor, s, clockS = 0, people = 0, portal;
before(async () => {
  server = await startServer();
  app = new SdkApp(server, newApp(server, "Errors"));
  s = app.service;
  portal = new SdkApp(server, JSON.parse(command(["app", "rotate", "Countersign", "--json"], { data_dir: server.dataDir }).out));
  own = new SdkApp(server, app.keys); // another service of the account
  own.service = `/Services/${(await app.ok(201, app.post("/Services", { FriendlyName: "Payments", Psd2Enabled: true }))).sid}`;
  // an installation that carries nothing: no SMS gateway, no mail server, no voice
  production = await startServer({ mode: "production", public_url: "http://127.0.0.1" });
  bare = new SdkApp(production, newApp(production, "Bare"));
  // one whose messages may cost nearly nothing a day, and some numbers nothing at all
  guarded = await startServer({ phone_firewall: "on", phone_daily_spend: "0.01" });
  poor = new SdkApp(guarded, newApp(guarded, "Poor"));
  assert.equal(command(["firewall", "pause", "+4915112"], { data_dir: guarded.dataDir }).code, 0);
});
after(() => {
  sdk.close?.();
  return Promise.all([server, production, guarded].map((one) => one.stop()));
});

const later = (seconds) => setClock(server, (clockS += seconds));
const now = () => Date.now() + clockS * 1000;
const number = () => `+1202555${String(++people).padStart(4, "0")}`;
const person = () => `person-${String(++people).padStart(4, "0")}`;
const json = JSON.stringify;

async function totpFactor(identity, params = {}) {
  const made = await app.ok(201, app.post(`${s}/Entities/${identity}/Factors`, { FriendlyName: "App", FactorType: "totp", ...params }));
  const key = { secret: made.binding.secret, digits: made.config.code_length };
  const code = () => totp(key, { atMs: now() });
  const near = () => Array.from({ length: 9 }, (_, i) => totp(key, { atMs: now(), stepsLater: i - 4 }));
  const wrong = () => Array.from({ length: 10 }, (_, i) => String(i).repeat(key.digits)).find((c) => !near().includes(c));
  return { ...made, entity: `${s}/Entities/${identity}`, path: `${s}/Entities/${identity}/Factors/${made.sid}`, code, wrong };
}
async function verifiedTotp(params) {
  const f = await totpFactor(person(), params);
  await app.ok(200, app.post(f.path, { AuthPayload: f.code() }));
  await later(60);
  return f;
}
async function device({ verified = true, ...params } = {}) {
  const one = new PushDevice(app, person());
  one.offsetS = clockS;
  await one.enrol(params);
  if (verified) await one.verify();
  return one;
}
const ask = (one, params = {}) => app.post(`${one.path}/Challenges`, { FactorSid: one.factor.sid, "Details.Message": "Login?", ...params });
const rateLimit = async (params = {}) => app.ok(201, app.post(`${s}/RateLimits`, { UniqueName: `limit-${++people}`, ...params }));
const token = (identity) => app.ok(201, app.post(`${s}/AccessTokens`, { Identity: identity, FactorType: "push" }));
const startWith = (params) => app.start(number(), params);

// code: [status, what leads to it]
const provoked = {
  20001: [400, () => app.post(`${s}/Verifications`, { To: ["+12025550101", "+12025550102"], Channel: "sms" })],
  20003: [401, () => app.get("/Services", undefined, { password: "0".repeat(32) })],
  20101: [401, () => app.post(`${s}/Entities/nobody-0001/Factors`, {}, { user: "token", password: `YK${"0".repeat(32)}-${"A".repeat(43)}` })],
  20107: [401, async () => {
    const [one, other] = [await device(), await device()];
    return app.get(one.factorPath, undefined, other.auth({ header: { kid: one.factor.config.credential_sid } }));
  }],
  20403: [403, () => portal.delete(portal.service)],
  20404: [404, () => app.get(`/Services/VA${"0".repeat(32)}`)],
  20429: [429, async () => {
    const limit = await rateLimit();
    await app.ok(201, app.post(`${s}/RateLimits/${limit.sid}/Buckets`, { Max: 1, Interval: 60 }));
    const params = { RateLimits: json({ [limit.unique_name]: "203.0.113.7" }) };
    await app.ok(201, startWith(params));
    return startWith(params);
  }],
  60200: [400, () => app.start("nobody")],
  60202: [429, async () => {
    const to = number();
    await app.ok(201, app.start(to));
    for (let i = 0; i < 5; i++) await app.ok(200, app.check(to, await app.wrongCode(to)));
    return app.check(to, await app.code(to));
  }],
  60203: [429, async () => {
    const to = number();
    for (let i = 0; i < 5; i++) await app.ok(201, app.start(to));
    return app.start(to);
  }],
  60204: [403, () => startWith({ CustomCode: "123456" })],
  60205: [403, async () => {
    await app.ok(200, app.post(s, { SkipSmsToLandlines: true, LookupEnabled: true }));
    const reply = await app.start("+493012345678");
    await app.ok(200, app.post(s, { SkipSmsToLandlines: false }));
    return reply;
  }],
  60206: [400, () => own.start(number())],
  60207: [400, async () => {
    const full = `/Services/${(await app.ok(201, app.post("/Services", { FriendlyName: "Full" }))).sid}`;
    for (let i = 0; i < 10; i++) await app.ok(201, app.post(`${full}/RateLimits`, { UniqueName: `n${i}` }));
    return app.post(`${full}/RateLimits`, { UniqueName: "n10" });
  }],
  60208: [400, async () => app.post(`${s}/RateLimits`, { UniqueName: (await rateLimit()).unique_name })],
  60209: [400, () => app.post(`${s}/RateLimits`, { UniqueName: "a b" })],
  60210: [400, async () => {
    const buckets = `${s}/RateLimits/${(await rateLimit()).sid}/Buckets`;
    for (let i = 1; i <= 5; i++) await app.ok(201, app.post(buckets, { Max: 1, Interval: i }));
    return app.post(buckets, { Max: 1, Interval: 6 });
  }],
  60211: [400, async () => {
    const buckets = `${s}/RateLimits/${(await rateLimit()).sid}/Buckets`;
    await app.ok(201, app.post(buckets, { Max: 1, Interval: 60 }));
    return app.post(buckets, { Max: 9, Interval: 60 });
  }],
  60213: [400, async () => {
    const params = { Country: "NZ", MessagingServiceSid: `MG${"a".repeat(32)}` };
    await app.ok(201, app.post(`${s}/MessagingConfigurations`, params));
    return app.post(`${s}/MessagingConfigurations`, params);
  }],
  60214: [400, () => own.start(number(), { Channel: "call", Amount: "€1", Payee: "Acme" })],
  60217: [400, () => bare.start("a@example.com", { Channel: "email" })],
  60221: [400, () => app.post(`${s}/VerificationCheck`, { Code: "123456" })],
  60223: [400, () => bare.start(number())],
  60227: [400, () => app.start("a@example.com", { Channel: "email", TemplateSid: "HJ00000000000000000000000000000001" })],
  60228: [400, () => startWith({ TemplateSid: `HJ${"0".repeat(32)}` })],
  60243: [403, () => startWith({ CustomMessage: "hello" })],
  60300: [400, () => app.post(`${s}/Entities/${person()}/Factors`, { FriendlyName: "", FactorType: "totp" })],
  60301: [409, async () => {
    const Identity = person();
    await app.ok(201, app.post(`${s}/Entities`, { Identity }));
    return app.post(`${s}/Entities`, { Identity });
  }],
  60305: [400, () => app.post(`${s}/AccessTokens`, { Identity: person() })],
  60306: [400, () => app.get(`${s}/Entities`, { PageSize: 0 })],
  60307: [400, async () => {
    const one = await device();
    return app.post(`${one.path}/Challenges/${(await app.ok(201, ask(one))).sid}/Notifications`);
  }],
  60308: [429, async () => {
    const f = await verifiedTotp();
    const { sid } = await app.ok(201, app.post(`${f.entity}/Challenges`, { FactorSid: f.sid }));
    for (let i = 0; i < 5; i++) await app.ok(200, app.post(`${f.entity}/Challenges/${sid}`, { AuthPayload: f.wrong() }));
    return app.post(`${f.entity}/Challenges/${sid}`, { AuthPayload: f.code() });
  }],
  60309: [429, async () => {
    const one = await device({ "Config.NotificationPlatform": "fcm", "Config.NotificationToken": "t".repeat(64) });
    const notify = `${one.path}/Challenges/${(await app.ok(201, ask(one))).sid}/Notifications`;
    for (let i = 0; i < 2; i++) await app.ok(201, app.post(notify)); // the first was sent at once
    return app.post(notify);
  }],
  60310: [429, async () => {
    const f = await totpFactor(person());
    for (let i = 0; i < 5; i++) await app.ok(200, app.post(f.path, { AuthPayload: f.wrong() }));
    return app.post(f.path, { AuthPayload: f.code() });
  }],
  60311: [403, async () => {
    const one = await device({ verified: false });
    return app.post(one.factorPath, { AuthPayload: one.sign("another text", "der").toString("base64") }, one.auth());
  }],
  60312: [429, async () => {
    const f = await verifiedTotp({ "Config.CodeLength": 4 });
    for (let i = 0; i < 10; i++) await app.ok(201, app.post(`${f.entity}/Challenges`, { FactorSid: f.sid }));
    return app.post(`${f.entity}/Challenges`, { FactorSid: f.sid });
  }],
  60313: [403, async () => {
    const [mine, theirs] = [person(), person()];
    return app.post(`${s}/Entities/${theirs}/Factors`, new PushDevice(app, theirs).binding, { user: "token", password: (await token(mine)).token });
  }],
  60314: [400, () => app.post(`${s}/Entities/${person()}/Factors`, { ...new PushDevice(app, "x").binding, "Binding.PublicKey": "AAAA" })],
  60315: [400, async () => {
    const identity = person();
    for (let i = 0; i < 20; i++) await new PushDevice(app, identity).enrol();
    return app.post(`${s}/Entities/${identity}/Factors`, new PushDevice(app, identity).binding);
  }],
  60317: [409, async () => {
    const one = await device();
    return app.post(`${one.path}/Factors`, one.binding);
  }],
  60318: [403, async () => ask(await device({ verified: false }))],
  60322: [403, async () => {
    const one = await device(), { sid } = await app.ok(201, ask(one));
    const { body, headers } = await app.get(`${one.path}/Challenges/${sid}`, undefined, one.auth());
    const payload = one.answer(body, headers.get("twilio-verify-signature-fields"), "denied");
    await app.ok(200, app.post(`${one.path}/Challenges/${sid}`, { AuthPayload: payload }, one.auth()));
    return app.post(`${one.path}/Challenges/${sid}`, { AuthPayload: payload }, one.auth());
  }],
  60323: [403, async () => {
    const one = await device(), { sid } = await app.ok(201, ask(one));
    const { body, headers } = await app.get(`${one.path}/Challenges/${sid}`, undefined, one.auth());
    const payload = one.answer(body, headers.get("twilio-verify-signature-fields"), "approved");
    await later(301);
    one.offsetS = clockS;
    return app.post(`${one.path}/Challenges/${sid}`, { AuthPayload: payload }, one.auth());
  }],
  60324: [403, async () => {
    const one = await device(), { sid } = await app.ok(201, ask(one));
    return one.fetchAndAnswer(sid, "approved", { hidden_details: { ip: "another" } });
  }],
  60326: [429, async () => {
    const identity = person(), made = [];
    for (let i = 0; i < 100; i++) made.push(await totpFactor(identity));
    await app.ok(204, app.delete(made[0].path));
    return app.post(`${s}/Entities/${identity}/Factors`, { FriendlyName: "App", FactorType: "totp" });
  }],
  60328: [429, () => eventually(async () => { // more than forty in one second of the server's
    const replies = await Promise.all(Array.from({ length: 80 }, () => app.post(`${s}/Entities`, { Identity: person() })));
    const late = replies.find((r) => r.status !== 201);
    assert.ok(late, "the machine was too slow for forty a second");
    return late;
  }, { ms: 60_000 })],
  60410: [403, () => poor.start("+4915112345678")],
  60411: [409, async () => {
    await app.ok(201, app.post("/SafeList/Numbers", { PhoneNumber: "+18001234567" }));
    return app.post("/SafeList/Numbers", { PhoneNumber: "+18001234567" });
  }],
  60602: [400, () => startWith({ Channel: "call", AppHash: "He42w354ol9" })],
  60605: [403, () => app.start("+19005550123")],
  60626: [429, async () => { // twenty messages an hour to one destination, whoever sends them
    const to = number();
    for (let i = 0; i < 20; i++) {
      await app.ok(201, app.start(to));
      if (i % 5 === 4) await app.ok(200, app.check(to, await app.code(to)));
    }
    return app.start(to);
  }],
  60728: [429, () => poor.start("+4915212345678")],
  68008: [400, () => bare.start(number(), { Channel: "whatsapp" })],
};

// Why the others do not occur. Ranges as in the reference.
const absent = [
  ["60201, 60224, 60225, 60229, 60230, 60241, 60242, 60408", "there is one template, approved in all languages, without variables"],
  ["60212", "starts for one number run one after the other"],
  ["60215, 60216, 60218, 60219, 60222, 60245, 60603, 60604", "no mail integrations: mail goes out by SMTP in our own words"],
  ["60220, 60226, 60238, 60246, 60248, 60250", "no vetting of accounts, no list of names that are taken or forbidden"],
  ["60231-60235", "not in this API: sender ids"],
  ["60236, 60237", "an address is refused with 60200; public mail domains are welcome"],
  ["60239, 60240, 60244, 60247, 60409", "own words are refused with 60243 or 60228"],
  ["60302, 60303, 60304", "not in this API, or another number for 60301"],
  ["60325, 60327, 60330-60335", "never in a reply: the original's log"],
  ["60329, 60500-60540, 60550", "SNA and auto are refused with 60223 and 60200"],
  ["60361-60393, 60432-60441", "passkeys are refused with 60204"],
  ["60401-60407, 68001-68007", "internal errors are 20500"],
  ["60412", "no look at sign-ups"],
  ["60420-60424", "not in this API: contacts"],
  ["60425-60428, 60431, 60623", "other numbers for 60200 and 20404"],
  ["60600, 60610, 60606-60609, 60611-60621", "numbers are looked up in numbering plans only"],
  ["60622, 60624, 60625", "no trial accounts, no cancelled or bought numbers"],
];

const expand = (text) => text.split(", ").flatMap((part) => {
  const [from, to = from] = part.split("-").map(Number);
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
});

// The numbers of the reference's table (section 1.9), ranges spelled out.
const documented = expand("20001, 20003, 20101, 20107, 20403, 20404, 20429, 60200-60215, 60216-60248, 60250, 60300-60315, 60317, 60318, " +
  "60322-60335, 60361-60388, 60390-60393, 60401-60412, 60420-60428, 60431-60441, 60500-60540, 60550, 60600, 60602-60626, 60728, " +
  "68001-68008").filter((code) => ![60316, 60389].includes(code));

test("every documented code has its row", (t) => {
  const explained = new Map(absent.flatMap(([codes, why]) => expand(codes).map((code) => [code, why])));
  const missing = documented.filter((code) => !(code in provoked) && !explained.has(code));
  assert.deepEqual(missing, []);
  assert.deepEqual(Object.keys(provoked).filter((code) => explained.has(Number(code))), []);
  t.diagnostic(`documented codes: ${documented.length}; provoked here: ${Object.keys(provoked).length}; cannot occur: ` +
    `${documented.filter((code) => explained.has(code)).length}`);
});

test("every code that the program can give is provoked here", () => {
  const table = fs.readFileSync(path.join(root, "src/api/verify/errors.c"), "utf8").match(/errors\[\] = \{(.*?)\n\};/s)[1];
  const given = [...table.matchAll(/\{(\d{5}), (\d{3}),/g)].map(([, code, status]) => [Number(code), Number(status)]);
  // what no request of a test can lead to, or what http's own tests do
  const elsewhere = [20004, 20500, 20503];
  for (const [code, status] of given) {
    if (elsewhere.includes(code)) continue;
    assert.ok(provoked[code], `${code} has no test`);
    assert.equal(provoked[code][0], status, `${code}`);
  }
  for (const code of Object.keys(provoked)) assert.ok(given.some(([n]) => n === Number(code)), code);
});

for (const [code, [status, provoke]] of Object.entries(provoked))
  test(`${code} is answered with ${status}`, async () => {
    const { status: got, body, headers } = await provoke();
    assert.deepEqual([got, body?.code], [status, Number(code)], json(body));
    if (status === 401) assert.ok(headers.get("date") && headers.get("www-authenticate"));
    if (status !== 429) return;
    assert.equal(headers.get("twilio-reached-rate-limit"), "true");
    // the tries of one challenge, and its messages, do not come back
    assert.equal(Number(headers.get("retry-after")) > 0, !["60308", "60309"].includes(code), headers.get("retry-after"));
  });

test("each refusal but a device's own came through the SDK", (t) => {
  const rest = Object.keys(provoked).map(Number).filter((code) => !SdkApp.refusals.has(code));
  t.diagnostic(`codes that ${sdk.name} raised as ${sdk.error}: ${SdkApp.refusals.size}; by a device: ${rest.join(", ")}`);
  assert.deepEqual(rest, [20101, 20107, 60311, 60313, 60322, 60323, 60324]);
});

test("what is not allowed there, in this form", async () => {
  const { status, body, headers } = await app.call("DELETE", "/Services");
  assert.deepEqual([status, body.code, headers.get("allow")], [405, 20004, "GET, POST, HEAD, OPTIONS"]);
});
