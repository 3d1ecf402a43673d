// The Verify v2 dialect's behaviour: lives, limits, states and budgets, with the clock that demo mode
// lets a test move. Every reply is held against the contract besides (tests/lib/verify.js).
import assert from "node:assert/strict";
import http from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { newest, outbox } from "../lib/outbox.js";
import { command, eventually, startServer } from "../lib/server.js";
import { totp } from "../lib/totp.js";
import { newApp, PushDevice, setClock, VerifyApp } from "../lib/verify.js";

let server, app, s;
let clockS = 0, people = 0;

before(async () => {
  server = await startServer();
  app = new VerifyApp(server, newApp(server, "Shop"));
  s = app.service;
});
after(() => server.stop());

// Later tests must not feel the pauses and budgets of earlier ones: each has numbers of its own, and
// time goes on.
let phone, identity;
beforeEach(() => {
  people++;
  phone = `+1415555${String(people).padStart(4, "0")}`;
  identity = `person-${String(people).padStart(4, "0")}`;
});
const later = (seconds) => setClock(server, (clockS += seconds));
const now = () => Date.now() + clockS * 1000;
const entity = () => `${s}/Entities/${identity}`;
const newService = async (params) => `/Services/${(await app.ok(201, app.post("/Services", { FriendlyName: "More", ...params }))).sid}`;

// ---- verifications ----

test("a right code approves; afterwards the verification is gone", async () => {
  const started = await app.ok(201, app.start(phone));
  assert.deepEqual([started.status, started.valid, started.channel, started.to], ["pending", false, "sms", phone]);
  const wrong = await app.ok(200, app.check(phone, await app.wrongCode(phone)));
  assert.deepEqual([wrong.status, wrong.valid, wrong.sid], ["pending", false, started.sid]);
  const right = await app.ok(200, app.check(phone, await app.code(phone)));
  assert.deepEqual([right.status, right.valid], ["approved", true]);
  await app.refused(404, 20404, app.check(phone, await app.code(phone)));
  await app.refused(404, 20404, app.get(`${s}/Verifications/${started.sid}`));
});

test("it is found by its SID and by its destination", async () => {
  const started = await app.ok(201, app.start(phone));
  assert.equal((await app.ok(200, app.get(`${s}/Verifications/${phone}`))).sid, started.sid);
  assert.equal((await app.ok(200, app.get(`${s}/Verifications/${encodeURIComponent(phone)}`))).sid, started.sid);
  const code = await app.code(phone);
  const check = (more) => app.post(`${s}/VerificationCheck`, { VerificationSid: started.sid, Code: code, ...more });
  await app.refused(404, 20404, check({ To: "+12015550199" })); // a code of one's own proves nobody else's number (attack 17)
  assert.equal((await app.ok(200, check({ To: phone }))).valid, true);
  const again = await app.ok(201, app.start(phone));
  assert.equal((await app.ok(200, check({ VerificationSid: again.sid, Code: await app.code(phone) }))).valid, true);
});

test("ten minutes, and the same code on every send, another channel too", async () => {
  const first = await app.ok(201, app.start(phone));
  const code = await app.code(phone);
  await later(590);
  const second = await app.ok(201, app.start(phone, { Channel: "call" }));
  assert.equal(second.sid, first.sid);
  assert.deepEqual(second.send_code_attempts.map((a) => a.channel), ["SMS", "CALL"]);
  assert.equal((await newest(server, phone, "voice")).code, code);
  await later(15); // sending again does not prolong it
  await app.refused(404, 20404, app.check(phone, code));
  await app.refused(404, 20404, app.get(`${s}/Verifications/${first.sid}`));
  assert.notEqual((await app.ok(201, app.start(phone))).sid, first.sid);
});

test("five checks count; the sixth is refused even with the right code", async () => {
  const started = await app.ok(201, app.start(phone));
  const [wrong, right] = [await app.wrongCode(phone), await app.code(phone)];
  for (let i = 0; i < 5; i++) assert.equal((await app.ok(200, app.check(phone, wrong))).status, "pending");
  const { headers } = await app.refused(429, 60202, app.check(phone, right));
  assert.ok(Number(headers.get("retry-after")) > 0);
  assert.equal((await app.ok(200, app.get(`${s}/Verifications/${started.sid}`))).status, "max_attempts_reached");
});

test("five sends; the sixth is refused, and an approval clears the count", async () => {
  for (let i = 0; i < 5; i++) await app.ok(201, app.start(phone));
  await app.refused(429, 60203, app.start(phone));
  await app.ok(200, app.check(phone, await app.code(phone)));
  await app.ok(201, app.start(phone));
});

test("a new verification gives no new tries (attacks 9, 10)", async () => {
  for (let round = 0; round < 3; round++) {
    await app.ok(201, app.start(phone));
    const wrong = await app.wrongCode(phone);
    for (let i = 0; i < 5; i++) await app.ok(200, app.check(phone, wrong));
    const { headers } = await app.refused(429, 20429, app.start(phone)); // a pause, longer each time
    assert.ok(Number(headers.get("retry-after")) > 30 * 2 ** round, headers.get("retry-after"));
    await later(60 * 2 ** round + 600);
  }
});

test("an application may approve or cancel, once", async () => {
  const first = await app.ok(201, app.start(phone));
  assert.equal((await app.ok(200, app.post(`${s}/Verifications/${first.sid}`, { Status: "canceled" }))).status, "canceled");
  await app.refused(404, 20404, app.post(`${s}/Verifications/${first.sid}`, { Status: "approved" }));
  await app.refused(404, 20404, app.check(phone, await app.code(phone)));
  const second = await app.ok(201, app.start(phone));
  assert.notEqual(second.sid, first.sid);
  const approved = await app.ok(200, app.post(`${s}/Verifications/${phone}`, { Status: "approved" }));
  assert.deepEqual([approved.status, approved.valid, approved.sid], ["approved", true, second.sid]);
  await app.refused(400, 60200, app.post(`${s}/Verifications/${second.sid}`, { Status: "pending" }));
});

test("a token of the other dialect's user is that user's alone (attack 17)", async () => {
  const authy = async (path, form) => {
    const sent = form ? { method: "POST", body: new URLSearchParams(form) } : {};
    return (await fetch(`${server.url}/protected/json/${path}`, { ...sent, headers: { "x-authy-api-key": app.keys.api_key } })).json();
  };
  const { user } = await authy("users/new", { "user[email]": "a@example.com", "user[cellphone]": phone.slice(2), "user[country_code]": "1" });
  for (const query of ["", "?action=pay"]) {
    assert.equal((await authy(`sms/${user.id}${query}`)).success, true);
    const [{ sid }] = (await app.ok(200, app.get("/Attempts", { "ChannelData.To": phone }))).attempts.map((a) => ({ sid: a.verification_sid }));
    const code = await app.code(phone);
    await app.refused(404, 20404, app.post(`${s}/VerificationCheck`, { VerificationSid: sid, Code: code }));
    await app.refused(404, 20404, app.get(`${s}/Verifications/${sid}`));
    await app.refused(404, 20404, app.post(`${s}/Verifications/${sid}`, { Status: "approved" }));
    assert.equal((await authy(`verify/${code}/${user.id}${query}`)).token, "is valid");
  }
});

test("each refusal of a start and a check has its code", async () => {
  const start = (params) => app.start(phone, params);
  await app.refused(400, 60200, app.start("14155550100"));
  await app.refused(400, 60200, app.start("+1415"));
  await app.refused(400, 60200, start({ Channel: "pigeon" }));
  await app.refused(400, 60200, start({ Channel: "auto" }));
  await app.refused(400, 60200, start({ Channel: "email" }));
  await app.refused(400, 60223, start({ Channel: "sna" }));
  await app.refused(403, 60204, start({ CustomCode: "123456" }));
  await app.refused(403, 60204, start({ Amount: "€39.99", Payee: "Acme" }));
  await app.refused(403, 60243, start({ CustomMessage: "hello" }));
  await app.refused(400, 60228, start({ TemplateSid: `HJ${"0".repeat(32)}` }));
  await app.refused(400, 60602, start({ Channel: "call", AppHash: "He42w354ol9" }));
  await app.refused(403, 60605, app.start("+19005550123"));
  await app.refused(400, 60200, start({ Tags: "[1]" }));
  await app.refused(400, 60200, start({ RateLimits: "[1]" }));
  await app.refused(400, 60221, app.post(`${s}/VerificationCheck`, { Code: "123456" }));
  await app.refused(400, 60200, app.check(phone, "12"));
  await app.refused(400, 20001, app.check([phone, "+14155559999"], "123456")); // one value per name (attack 16)
  await app.refused(400, 20001, app.check(phone, ["123456", "654321"]));
  await app.refused(400, 20001, start({ CustomCode: ["123456", "123456"] }));
  await app.refused(404, 20404, app.check("+14155559999", "123456"));
  assert.deepEqual(await outbox(server, phone), []);
});

test("a custom code, a name of its own, an app's hash, e-mail", async () => {
  const own = new VerifyApp(server, app.keys);
  own.service = await newService({ CustomCodeEnabled: "True", CodeLength: 8 });
  await own.ok(201, own.start(phone, { CustomCode: "AB12cd", CustomFriendlyName: "Acme", AppHash: "He42w354ol9" }));
  const { body, code } = await newest(server, phone);
  assert.equal(code, "AB12cd");
  assert.match(body, /^<#> .*Acme.*\nHe42w354ol9$/s);
  assert.equal((await own.ok(200, own.check(phone, "AB12cd"))).valid, true);
  const mail = `Person.${people}@Example.com`;
  await own.ok(201, own.start(mail, { Channel: "email" }));
  assert.match(await own.code(mail.toLowerCase()), /^\d{8}$/);
  assert.equal((await own.ok(200, own.check(mail, await own.code(mail.toLowerCase())))).valid, true);
});

test("PSD2: a code is good for its payment only", async () => {
  const own = new VerifyApp(server, app.keys);
  own.service = await newService({ Psd2Enabled: true });
  await own.refused(400, 60206, own.start(phone));
  await own.refused(400, 60214, own.start(phone, { Channel: "call", Amount: "€39.99", Payee: "Acme" }));
  const first = await own.ok(201, own.start(phone, { Amount: "€39.99", Payee: "Acme" }));
  assert.deepEqual([first.amount, first.payee], ["€39.99", "Acme"]);
  assert.match((await newest(server, phone)).body, /Acme, €39\.99/);
  const code = await own.code(phone);
  await own.refused(400, 60206, own.check(phone, code));
  await own.refused(400, 60200, own.check(phone, code, { Amount: "€9999", Payee: "Acme" }));
  const other = await own.ok(201, own.start(phone, { Amount: "€1.00", Payee: "Acme" }));
  assert.notEqual(other.sid, first.sid);
  await own.refused(400, 60200, own.check(phone, code, { Amount: "€39.99", Payee: "Acme" }));
  const right = await own.ok(200, own.check(phone, await own.code(phone), { Amount: "€1.00", Payee: "Acme" }));
  assert.deepEqual([right.valid, right.amount], [true, "€1.00"]);
});

test("rate limits that an application defines are enforced", async () => {
  const limit = await app.ok(201, app.post(`${s}/RateLimits`, { UniqueName: `ip-${people}` }));
  await app.ok(201, app.post(`${s}/RateLimits/${limit.sid}/Buckets`, { Max: 2, Interval: 60 }));
  await app.refused(400, 60211, app.post(`${s}/RateLimits/${limit.sid}/Buckets`, { Max: 9, Interval: 60 }));
  await app.refused(400, 60208, app.post(`${s}/RateLimits`, { UniqueName: `ip-${people}` }));
  await app.refused(400, 60209, app.post(`${s}/RateLimits`, { UniqueName: "a b" }));
  const start = (value) => app.start(phone, { RateLimits: JSON.stringify({ [`ip-${people}`]: value, unknown: "x" }) });
  await app.ok(201, start("203.0.113.7"));
  await app.ok(201, start("203.0.113.7"));
  const { headers } = await app.refused(429, 20429, start("203.0.113.7"));
  assert.ok(Number(headers.get("retry-after")) <= 60 && headers.get("twilio-reached-rate-limit"));
  assert.equal((await outbox(server, phone)).length, 2);
  await app.ok(201, start("203.0.113.8"));
  await later(61);
  await app.ok(201, start("203.0.113.7"));
});

test("attempts say what came back", async () => {
  await later(120);
  const since = new Date(now() - 60_000).toISOString().replace(/\.\d+/, "");
  await app.ok(201, app.start(phone));
  await app.ok(201, app.start(phone));
  await app.ok(200, app.check(phone, await app.code(phone)));
  const mine = await app.ok(200, app.get("/Attempts", { "ChannelData.To": phone, DateCreatedAfter: since, Status: "CONVERTED" }));
  assert.deepEqual(mine.attempts.map((a) => a.channel_data.status), ["confirmed", "confirmed"]);
  assert.equal(mine.attempts[0].channel_data.country, "US");
  const sum = await app.ok(200, app.get("/Attempts/Summary", { DestinationPrefix: phone }));
  assert.deepEqual([sum.total_attempts, sum.total_converted, sum.conversion_rate_percentage], [2, 2, "100.000000000"]);
  assert.deepEqual((await app.ok(200, app.get("/Attempts", { Channel: "rbm" }))).attempts, []);
});

// ---- pages ----

test("pages lead forth and back, with their filters", async () => {
  for (let i = 0; i < 5; i++) await app.ok(201, app.post(`${s}/Entities`, { Identity: `${identity}-${i}` }));
  const made = await app.ok(201, app.post(`${entity()}/Factors`, { FriendlyName: "App", FactorType: "totp" }));
  await app.ok(200, app.post(`${entity()}/Factors/${made.sid}`, { AuthPayload: totp(made.binding, { atMs: now() }).padStart(6, "0") }));
  const sids = [];
  for (let i = 0; i < 5; i++) sids.push((await app.ok(201, app.post(`${entity()}/Challenges`, { FactorSid: made.sid }))).sid);
  const follow = async (url) => (await app.ok(200, app.get(url.slice(`${server.url}/v2`.length))));
  for (const [order, want] of [["asc", sids], ["desc", [...sids].reverse()]]) {
    let page = await app.ok(200, app.get(`${entity()}/Challenges`, { Order: order, Status: "pending", PageSize: 2 }));
    assert.equal(page.meta.previous_page_url, null);
    const seen = [page];
    while (page.meta.next_page_url) seen.push(page = await follow(page.meta.next_page_url));
    assert.deepEqual(seen.flatMap((p) => p.challenges.map((c) => c.sid)), want);
    assert.deepEqual(seen.map((p) => p.meta.page), [0, 1, 2]);
    for (const url of [page.meta.url, page.meta.previous_page_url, page.meta.first_page_url])
      assert.match(url, new RegExp(`Order=${order}&Status=pending&PageSize=2&Page=`));
    const back = await follow(page.meta.previous_page_url);
    assert.deepEqual(back.challenges.map((c) => c.sid), want.slice(2, 4));
    const first = await follow(back.meta.previous_page_url);
    assert.deepEqual([first.challenges.map((c) => c.sid), first.meta.previous_page_url], [want.slice(0, 2), null]);
    assert.deepEqual((await follow(first.meta.next_page_url)).challenges, back.challenges);
  }
  for (const bad of [{ PageSize: 0 }, { PageSize: 1001 }, { Page: -1 }, { PageToken: "DNx" }, { pagesize: "x" }])
    await app.refused(400, 60306, app.get(`${s}/Entities`, bad));
});

// ---- authenticator apps ----

async function totpFactor(params = {}) {
  const made = await app.ok(201, app.post(`${entity()}/Factors`, { FriendlyName: "Bob's Phone", FactorType: "totp", ...params }));
  const key = { secret: made.binding.secret, digits: made.config.code_length, period: made.config.time_step,
    algorithm: made.config.alg.toUpperCase() };
  const code = (stepsLater = 0, period = key.period) => totp({ ...key, period }, { atMs: now(), stepsLater });
  const near = () => Array.from({ length: 9 }, (_, i) => code(i - 4));
  return { ...made, path: `${entity()}/Factors/${made.sid}`, code,
    wrong: () => Array.from({ length: 10 }, (_, i) => String(i).repeat(key.digits)).find((c) => !near().includes(c)) };
}

test("a TOTP factor: unverified, a wrong code, a right one", async () => {
  const f = await totpFactor({ "Binding.Secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" });
  assert.equal(f.binding.uri, "otpauth://totp/Shop:Bob%27s%20Phone?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" +
    "&issuer=Shop&algorithm=SHA1&digits=6&period=30");
  await app.refused(403, 60318, app.post(`${entity()}/Challenges`, { FactorSid: f.sid }));
  assert.equal((await app.ok(200, app.post(f.path, { AuthPayload: f.wrong() }))).status, "unverified");
  assert.equal((await app.ok(200, app.post(f.path, { AuthPayload: f.code() }))).status, "verified");
  assert.equal("binding" in (await app.ok(200, app.get(f.path))), false);
});

test("more than five wrong codes at an unverified factor", async () => {
  const f = await totpFactor();
  for (let i = 0; i < 5; i++) await app.ok(200, app.post(f.path, { AuthPayload: f.wrong() }));
  await app.refused(429, 60310, app.post(f.path, { AuthPayload: f.code() }));
});

test("skew, digits, hash and period are those that were asked for", async () => {
  for (const params of [
    { "Config.Skew": 0, "Config.CodeLength": 8, "Config.Alg": "sha256", "Config.TimeStep": 60 },
    { "Config.Skew": 2, "Config.CodeLength": 3, "Config.Alg": "sha512", "Config.TimeStep": 20 }]) {
    const skew = params["Config.Skew"], taken = await totpFactor(params);
    // One step of leeway on both sides for the time that the test takes, and with few digits a far code may be a near one too.
    const near = (f) => Array.from({ length: 2 * skew + 3 }, (_, i) => f.code(i - skew - 1));
    const far = (f) => f.code(-(skew + 2));
    let refused = await totpFactor(params);
    while (near(refused).includes(far(refused))) refused = await totpFactor(params);
    const tooFar = far(refused);
    assert.equal((await app.ok(200, app.post(refused.path, { AuthPayload: tooFar }))).status, "unverified");
    assert.equal((await app.ok(200, app.post(taken.path, { AuthPayload: taken.code(Math.max(skew - 1, 0)) }))).status, "verified");
  }
});

test("a TOTP challenge is answered by a code, once (attack 2)", async () => {
  const f = await totpFactor();
  const ask = (params) => app.post(`${entity()}/Challenges`, { FactorSid: f.sid, ...params });
  await app.ok(200, app.post(f.path, { AuthPayload: f.code() }));
  assert.equal((await app.ok(201, ask({ AuthPayload: f.code() }))).status, "pending"); // that code is spent
  await later(60);
  const challenge = await app.ok(201, ask({ AuthPayload: f.wrong() }));
  assert.equal(challenge.status, "pending");
  const answer = (code) => app.post(`${entity()}/Challenges/${challenge.sid}`, { AuthPayload: code });
  const code = f.code();
  const approved = await app.ok(200, answer(code));
  assert.deepEqual([approved.status, approved.responded_reason, approved.date_responded !== null], ["approved", "none", true]);
  await app.refused(403, 60322, answer(code));
  await later(60);
  assert.equal((await app.ok(201, ask({ AuthPayload: f.code() }))).status, "approved");
});

test("with another period a factor goes on, and what is spent stays spent (attacks 2, 3)", async () => {
  const f = await totpFactor();
  const status = async (code) => (await app.ok(201, app.post(`${entity()}/Challenges`, { FactorSid: f.sid, AuthPayload: code }))).status;
  await app.ok(200, app.post(f.path, { AuthPayload: f.code() }));
  const spent = f.code();
  for (const period of [60, 20, 30]) {
    await app.ok(200, app.post(f.path, { "Config.TimeStep": period }));
    assert.equal(await status(spent), "pending");
    await later(120);
    assert.equal(await status(f.code(0, period)), "approved");
    assert.equal(await status(f.code(0, period)), "pending");
  }
});

test("five wrong codes end the tries of a challenge, and pause the factor (attack 10)", async () => {
  const f = await totpFactor();
  await app.ok(200, app.post(f.path, { AuthPayload: f.code() }));
  await later(60);
  const challenge = await app.ok(201, app.post(`${entity()}/Challenges`, { FactorSid: f.sid }));
  const answer = (c, code) => app.post(`${entity()}/Challenges/${c.sid}`, { AuthPayload: code });
  for (let i = 0; i < 5; i++) assert.equal((await app.ok(200, answer(challenge, f.wrong()))).status, "pending");
  await app.refused(429, 60308, answer(challenge, f.code()));
  const fresh = await app.ok(201, app.post(`${entity()}/Challenges`, { FactorSid: f.sid }));
  await app.refused(429, 60308, answer(fresh, f.code())); // a new challenge gives no new tries
  await later(61);
  assert.equal((await app.ok(200, answer(fresh, f.code()))).status, "approved");
});

test("challenges expire, at their time; no more than the factor's limit are made", async () => {
  const f = await totpFactor({ "Config.CodeLength": 4 });
  await app.ok(200, app.post(f.path, { AuthPayload: f.code() }));
  const ask = (params) => app.post(`${entity()}/Challenges`, { FactorSid: f.sid, ...params });
  const iso = (seconds) => new Date(now() + seconds * 1000).toISOString();
  for (const bad of [iso(-5), iso(3700), "tomorrow", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z"]) await app.refused(400, 60306, ask({ ExpirationDate: bad }));
  const challenge = await app.ok(201, ask({}));
  const long = await app.ok(201, ask({ ExpirationDate: iso(3000) }));
  assert.equal(Date.parse(challenge.expiration_date) - Date.parse(challenge.date_created), 300_000);
  await later(301);
  assert.equal((await app.ok(200, app.get(`${entity()}/Challenges/${challenge.sid}`))).status, "expired");
  await app.refused(403, 60323, app.post(`${entity()}/Challenges/${challenge.sid}`, { AuthPayload: f.code() }));
  assert.equal((await app.ok(200, app.get(`${entity()}/Challenges/${long.sid}`))).status, "pending");
  for (let i = 2; i < 10; i++) await app.ok(201, ask({}));
  await app.refused(429, 60312, ask({}));
});

test("refusals of factors and entities", async () => {
  const make = (params) => app.post(`${entity()}/Factors`, { FriendlyName: "x", FactorType: "totp", ...params });
  for (const bad of [{ "Config.Skew": 3 }, { "Config.TimeStep": 10 }, { "Config.CodeLength": 9 }, { "Config.Alg": "md5" },
    { FriendlyName: "" }, { FactorType: "sms" }, { Metadata: '{"a":1}' }]) await app.refused(400, 60300, make(bad));
  await app.refused(400, 60314, make({ "Binding.Secret": "not base32!" }));
  await app.refused(403, 60204, make({ FactorType: "passkeys" }));
  await app.refused(400, 60300, app.post(`${s}/Entities`, { Identity: "short" }));
  await app.refused(400, 60300, app.post(`${s}/Entities`, { Identity: "with space in it" }));
  await app.ok(201, app.post(`${s}/Entities`, { Identity: identity }));
  await app.refused(409, 60301, app.post(`${s}/Entities`, { Identity: identity }));
  const f = await totpFactor();
  await app.ok(204, app.delete(entity()));
  for (const path of [entity(), f.path, `${entity()}/Challenges`]) await app.refused(404, 20404, app.get(path));
});

// ---- devices ----

test("a device enrols with an access token, proves itself, answers what it is asked", async () => {
  const token = await app.ok(201, app.post(`${s}/AccessTokens`, { Identity: identity, FactorType: "push", FactorFriendlyName: "Given" }));
  const device = new PushDevice(app, identity);
  device.offsetS = clockS;
  const factor = await device.enrol({ token: token.token, Metadata: '{"os":"iOS"}' });
  assert.deepEqual([factor.friendly_name, factor.status, factor.metadata], ["Given", "unverified", { os: "iOS" }]);
  assert.match(factor.config.credential_sid, /^CR[0-9a-f]{32}$/);
  assert.deepEqual(factor.binding, { alg: "ES256", public_key: device.publicKeyText });
  await app.refused(401, 20101, app.post(`${device.path}/Factors`, device.binding, { user: "token", password: token.token })); // once
  await app.refused(403, 60311, app.post(device.factorPath, { AuthPayload: device.sign("other", "der").toString("base64") }, device.auth()));
  await device.verify();

  const ask = () => app.ok(201, app.post(`${entity()}/Challenges`, { FactorSid: factor.sid, "Details.Message": "Login?",
    "Details.Fields": ['{"label":"IP","value":"1.2.3.4"}', '{"label":"City","value":"São Paulo"}'], HiddenDetails: '{"ip": "1.2.3.4"}' }));
  const first = await ask(), second = await ask();
  assert.deepEqual(first.details, { message: "Login?", fields: [{ label: "IP", value: "1.2.3.4" }, { label: "City", value: "São Paulo" }] });
  const list = await app.ok(200, app.get(`${device.path}/Challenges`, { FactorSid: factor.sid, Status: "pending", PageSize: 10 }, device.auth()));
  assert.deepEqual(list.challenges.map((c) => c.sid), [first.sid, second.sid]);

  await app.refused(403, 60324, device.fetchAndAnswer(first.sid, "approved", { details: { message: "Pay €1?", fields: [] } })); // attack 61
  await app.refused(403, 60324, device.fetchAndAnswer(first.sid, "approved", { sid: second.sid }));
  await app.refused(400, 60306, device.fetchAndAnswer(first.sid, "maybe"));
  await app.refused(400, 60306, app.post(`${device.path}/Challenges/${first.sid}`, { AuthPayload: "no.jwt" }, device.auth()));
  assert.equal((await app.ok(200, device.fetchAndAnswer(first.sid, "approved"))).status, "approved");
  assert.equal((await app.ok(200, device.fetchAndAnswer(second.sid, "denied"))).status, "denied");
  const { body, headers } = await app.get(`${device.path}/Challenges/${first.sid}`, undefined, device.auth());
  assert.deepEqual([body.status, headers.get("twilio-verify-signature-fields")], ["approved", null]);
  const again = device.answer(body, "sid,account_sid,service_sid,identity,factor_sid,date_created,expiration_date,details,hidden_details,status", "denied");
  await app.refused(403, 60322, app.post(`${device.path}/Challenges/${first.sid}`, { AuthPayload: again }, device.auth()));

  await app.ok(200, app.post(device.factorPath, { FriendlyName: "New name", "Config.SdkVersion": "3.0.1" }, device.auth()));
  await app.ok(204, app.delete(device.factorPath, device.auth()));
  await app.refused(401, 20101, app.delete(device.factorPath, device.auth()));
});

test("a device's token is for its account, its key, its time and its own factor", async () => {
  const device = new PushDevice(app, identity), stranger = new PushDevice(app, identity);
  device.offsetS = stranger.offsetS = clockS;
  await device.enrol();
  await stranger.enrol();
  await device.verify();
  const get = (auth, path = device.factorPath) => app.get(path, undefined, auth);
  await app.ok(200, get(device.auth()));
  const at = Math.floor(now() / 1000);
  await app.refused(401, 20107, get(stranger.auth({ header: { kid: device.factor.config.credential_sid } })));
  for (const payload of [{ sub: `AC${"0".repeat(32)}` }, { exp: at - 100, nbf: at - 700 }, { nbf: at + 300, exp: at + 900 }, { exp: at + 86400 },
    { nbf: -9223372036000000000, exp: at + 86400 }]) // the last one's life is more than a number holds
    await app.refused(401, 20101, get(device.auth({ payload })));
  await app.refused(401, 20101, get(device.auth({ header: { cty: "x" } })));
  await app.refused(401, 20101, get(device.auth({ header: { kid: `CR${"0".repeat(32)}` } })));
  await app.refused(401, 20003, get(stranger.auth())); // another's factor
  await app.refused(401, 20003, get(device.auth(), `${entity()}`));
  await app.refused(401, 20003, get(device.auth(), "/Services"));
  await app.refused(409, 60317, app.post(`${entity()}/Factors`, device.binding));
  for (const [code, bad] of [[60314, { "Binding.PublicKey": "AAAA" }], [60314, { "Binding.Alg": "RS256" }], [60300, { "Config.AppId": "" }],
    [60300, { "Config.NotificationPlatform": "pigeon" }], [60300, { "Config.NotificationPlatform": "fcm" }]])
    await app.refused(400, code, app.post(`${entity()}/Factors`, { ...new PushDevice(app, identity).binding, ...bad }));
});

test("access tokens run out, and are for one person and push only", async () => {
  await app.refused(400, 60305, app.post(`${s}/AccessTokens`, { Identity: identity }));
  await app.refused(400, 60306, app.post(`${s}/AccessTokens`, { Identity: identity, FactorType: "push", Ttl: 10 }));
  const make = () => app.ok(201, app.post(`${s}/AccessTokens`, { Identity: identity, FactorType: "push" }));
  const [first, second] = [await make(), await make()];
  const refusedOnce = await make(), enrol = (body) => app.post(`${s}/Entities/${identity}/Factors`, body, { user: "token", password: refusedOnce.token });
  await app.refused(400, 60314, enrol({ ...new PushDevice(app, identity).binding, "Binding.PublicKey": "AAAA" }));
  await app.ok(201, enrol(new PushDevice(app, identity).binding)); // a refusal has not used it up
  await app.refused(404, 20404, app.get(`${s}/AccessTokens/${refusedOnce.sid}`));
  const use = (token, to, body) => app.post(`${s}/Entities/${to}/Factors`, body ?? new PushDevice(app, to).binding, { user: "token", password: token });
  await app.refused(403, 60313, use(first.token, "somebody-else"));
  await app.refused(403, 60313, use(first.token, identity, { FriendlyName: "x", FactorType: "totp" }));
  await app.refused(401, 20101, use(first.sid + second.token.slice(34), identity));
  await app.refused(401, 20003, app.get("/Services", undefined, { user: "token", password: first.token }));
  await later(61);
  await app.refused(401, 20101, use(first.token, identity));
});

test("notifications: three at most, and none for platform none", async () => {
  const device = new PushDevice(app, identity);
  device.offsetS = clockS;
  const pushToken = `token-${people}-${"t".repeat(40)}`;
  await device.enrol({ "Config.NotificationPlatform": "fcm", "Config.NotificationToken": pushToken });
  await device.verify();
  const ask = () => app.ok(201, app.post(`${entity()}/Challenges`, { FactorSid: device.factor.sid, "Details.Message": "Hi" }));
  const challenge = await ask();
  const notify = (params) => app.post(`${entity()}/Challenges/${challenge.sid}/Notifications`, params);
  await app.refused(400, 60306, notify({ Ttl: 301 }));
  assert.equal((await app.ok(201, notify())).ttl, 300);
  await app.ok(201, notify({ Ttl: 0 }));
  await app.refused(429, 60309, notify());
  const shown = await outbox(server, pushToken);
  assert.equal(shown.length, 3);
  assert.deepEqual(JSON.parse(shown[0].body), { type: "verify_push_challenge", challenge_sid: challenge.sid, factor_sid: device.factor.sid, message: "Hi" });
  await app.ok(200, app.post(device.factorPath, { "Config.NotificationPlatform": "none" }));
  await app.refused(400, 60307, app.post(`${entity()}/Challenges/${(await ask()).sid}/Notifications`));
});

test("push bombing ends (attack 58)", async () => {
  const device = new PushDevice(app, identity);
  device.offsetS = clockS;
  await device.enrol();
  await device.verify();
  const ask = () => app.post(`${entity()}/Challenges`, { FactorSid: device.factor.sid, "Details.Message": "Hi" });
  let last;
  for (let i = 0; i < 10; i++) last = await app.ok(201, ask());
  await app.refused(429, 20429, ask());
  await app.ok(200, device.fetchAndAnswer(last.sid, "approved"));
  await app.ok(201, ask());
});

// ---- whose ----

test("nobody reaches another account's things (attacks 69, 70)", async () => {
  const other = new VerifyApp(server, newApp(server, `Other ${people}`));
  const mine = await app.ok(201, app.start(phone));
  const f = await totpFactor();
  for (const path of [s, `${s}/Verifications/${mine.sid}`, f.path, `${s}/Entities`, `${s}/Webhooks`])
    await other.refused(404, 20404, other.get(path));
  await other.refused(404, 20404, other.get(`${other.service}/Verifications/${mine.sid}`));
  await other.refused(404, 20404, other.get(`${other.service}/Entities/${identity}/Factors/${f.sid}`));
  await other.refused(404, 20404, other.post(`${other.service}/VerificationCheck`, { VerificationSid: mine.sid, Code: await app.code(phone) }));
  await other.refused(404, 20404, other.get(`/Attempts/${mine.send_code_attempts[0].attempt_sid}`));
  assert.deepEqual((await other.ok(200, other.get("/Attempts"))).attempts, []);
  assert.deepEqual((await other.ok(200, other.get("/Services"))).services.map((x) => x.sid), [other.keys.service_sid]);
});

test("auth tokens rotate without a gap", async () => {
  const own = new VerifyApp(server, newApp(server, `Rotating ${people}`));
  const rotated = command(["app", "rotate", `Rotating ${people}`, "--grace=3600", "--json"], { data_dir: server.dataDir });
  assert.equal(rotated.code, 0, rotated.err);
  await own.ok(200, own.get(own.service));
  const fresh = JSON.parse(rotated.out);
  await own.ok(200, own.get(own.service, undefined, { password: fresh.auth_token }));
  await later(3601);
  await own.refused(401, 20003, own.get(own.service));
  await own.ok(200, own.get(own.service, undefined, { password: fresh.auth_token }));
});

test("webhooks are told, with the form and the signature that SDKs check", async () => {
  const calls = [];
  const listener = http.createServer((rq, rs) => {
    const chunks = [];
    rq.on("data", (d) => chunks.push(d));
    rq.on("end", () => {
      calls.push({ url: rq.url, headers: rq.headers, params: Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString())) });
      rs.end();
    });
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const own = await startServer({ egress_allow: "127.0.0.0/8" });
  try {
    const other = new VerifyApp(own, newApp(own, "Hooked"));
    const url = `http://127.0.0.1:${listener.address().port}/hook?src=cs`;
    await other.ok(201, other.post(`${other.service}/Webhooks`, { FriendlyName: "h", EventTypes: ["factor.verified", "challenge.approved"], WebhookUrl: url }));
    const device = new PushDevice(other, "person-hooked");
    await device.enrol();
    await device.verify();
    const challenge = await other.ok(201, other.post(`${device.path}/Challenges`, { FactorSid: device.factor.sid, "Details.Message": "Zoë & co?" }));
    await other.ok(200, device.fetchAndAnswer(challenge.sid, "approved"));
    await eventually(() => assert.equal(calls.length, 2));
    const { createHmac } = await import("node:crypto");
    for (const { headers, params } of calls) {
      const text = url + Object.keys(params).sort().map((name) => name + params[name]).join("");
      assert.equal(headers["x-twilio-signature"], createHmac("sha1", other.keys.auth_token).update(text).digest("base64"));
    }
    const told = calls.map((c) => c.params).sort((a, b) => (a.type < b.type ? -1 : 1));
    assert.deepEqual(told.map((p) => p.type), ["challenge.approved", "factor.verified"]);
    assert.deepEqual([told[0].challenge_sid, told[0].factor_sid, told[0].entity_identity], [challenge.sid, device.factor.sid, "person-hooked"]);
  } finally {
    await own.stop();
    listener.close();
  }
});

test("the clock is for demo mode and for no page", async () => {
  const post = (headers, body = '{"offset_s":0}') => fetch(`${server.url}/test/clock`, { method: "POST", headers, body });
  assert.equal((await post({ "content-type": "application/json", origin: "https://evil.example" })).status, 404);
  assert.equal((await post({ "content-type": "text/plain" })).status, 400);
  assert.equal((await post({ "content-type": "application/json" }, '{"offset_s":"1"}')).status, 400);
});
