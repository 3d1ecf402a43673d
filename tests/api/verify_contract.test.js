// Every operation of the Verify v2 API against the facts of its OpenAPI file: asked rightly, asked with
// every parameter spoilt in turn, and asked without credentials. Nothing may answer 5xx.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { facts } from "../lib/contract.js";
import { startServer } from "../lib/server.js";
import { totp } from "../lib/totp.js";
import { newApp, PushDevice, VerifyApp } from "../lib/verify.js";

const notEnabled = ["CreateNewFactorPasskey", "UpdatePasskeysFactor", "CreateChallengePasskeys", "UpdateChallengePasskeys"];

let server, app, s, known;

before(async () => {
  server = await startServer();
  app = new VerifyApp(server, newApp(server, "Contract"));
  s = app.service;
});
after(() => server.stop());

async function crud(base, create, update, key = "sid") {
  const made = await app.ok(201, app.post(base, create));
  await app.ok(200, app.get(base));
  await app.ok(200, app.get(`${base}/${made[key]}`));
  await app.ok(200, app.post(`${base}/${made[key]}`, update));
  return made;
}

test("every operation answers what its schema says", async () => {
  const service = await crud("/Services", { FriendlyName: "Other", CodeLength: 8 }, { "Totp.Skew": 2 });
  const verification = await app.ok(201, app.start("+14155550142", { Locale: "es" }));
  await app.ok(200, app.get(`${s}/Verifications/${verification.sid}`));
  await app.ok(200, app.check("+14155550142", await app.wrongCode("+14155550142")));
  await app.ok(200, app.post(`${s}/Verifications/${verification.sid}`, { Status: "approved" }));
  await app.ok(200, app.get("/Attempts"));
  await app.ok(200, app.get(`/Attempts/${verification.send_code_attempts[0].attempt_sid}`));
  await app.ok(200, app.get("/Attempts/Summary"));

  await app.ok(201, app.post(`${s}/Entities`, { Identity: "alice-0001" }));
  await app.ok(200, app.get(`${s}/Entities`));
  await app.ok(200, app.get(`${s}/Entities/alice-0001`));
  const entity = `${s}/Entities/alice-0001`;
  const factor = await app.ok(201, app.post(`${entity}/Factors`, { FriendlyName: "App", FactorType: "totp", Metadata: '{"a":"b"}' }));
  await app.ok(200, app.post(`${entity}/Factors/${factor.sid}`, { AuthPayload: totp({ secret: factor.binding.secret }) }));
  await app.ok(200, app.get(`${entity}/Factors`));
  await app.ok(200, app.get(`${entity}/Factors/${factor.sid}`));
  await app.ok(201, app.post(`${entity}/Challenges`, { FactorSid: factor.sid }));

  const token = await app.ok(201, app.post(`${s}/AccessTokens`, { Identity: "alice-0001", FactorType: "push" }));
  await app.ok(200, app.get(`${s}/AccessTokens/${token.sid}`));
  const device = new PushDevice(app, "alice-0001");
  await device.enrol({ token: token.token, "Config.NotificationPlatform": "fcm", "Config.NotificationToken": "t".repeat(64) });
  await device.verify();
  const challenge = await app.ok(201, app.post(`${entity}/Challenges`, {
    FactorSid: device.factor.sid, "Details.Message": "Login?", "Details.Fields": ['{"label":"IP","value":"1.2.3.4"}'],
    HiddenDetails: '{"ip":"1.2.3.4"}' }));
  await app.ok(201, app.post(`${entity}/Challenges/${challenge.sid}/Notifications`));
  await app.ok(200, app.get(`${entity}/Challenges`));
  await app.ok(200, device.fetchAndAnswer(challenge.sid, "approved"));
  await app.ok(200, app.get(`${entity}/Challenges/${challenge.sid}`));

  const limit = await crud(`${s}/RateLimits`, { UniqueName: "end_user_ip", Description: "d" }, { Description: "e" });
  const bucket = await crud(`${s}/RateLimits/${limit.sid}/Buckets`, { Max: 4, Interval: 60 }, { Max: 5 });
  const hook = await crud(`${s}/Webhooks`, { FriendlyName: "h", EventTypes: ["*"], WebhookUrl: "https://example.com/h?x=1" },
    { Status: "disabled" });
  await crud(`${s}/MessagingConfigurations`, { Country: "US", MessagingServiceSid: `MG${"a".repeat(32)}` },
    { MessagingServiceSid: `MG${"b".repeat(32)}` }, "country");
  await app.ok(201, app.post("/SafeList/Numbers", { PhoneNumber: "+18001234567" }));
  await app.ok(200, app.get("/SafeList/Numbers/+18001234567"));
  await app.ok(200, app.get("/Templates"));
  await app.ok(200, app.get("/Forms/form-push"));
  for (const name of ["Factors", "VerifyFactor", "Challenges", "ApproveChallenge"])
    await app.refused(403, 60204, app.post(`${s}/Passkeys/${name}`));
  known = { ServiceSid: app.keys.service_sid, Identity: "alice-0001", RateLimitSid: limit.sid, ChallengeSid: challenge.sid,
    Country: "US", PhoneNumber: "+18001234567", FormType: "form-push",
    of: { Factors: factor.sid, Challenges: challenge.sid, RateLimits: limit.sid, Buckets: bucket.sid, Webhooks: hook.sid,
      AccessTokens: token.sid, Verifications: verification.sid, Services: service.sid,
      Attempts: verification.send_code_attempts[0].attempt_sid } };
});

// ---- spoilt requests ----

const pathOf = (op, change = {}) => op.path.replace("/v2", "").replace(/\{(\w+)\}/g, (_, name) =>
  change[name] ?? (name === "Sid" ? known.of[op.path.split("/").at(-2)] : known[name]));

// Values that no parameter of this kind may have, and some that are merely odd.
const spoilt = (fact) => ["", " ", "%", "-1", "999999999999999999999", "{", "[]", '{"a":1}', "x".repeat(5000),
  "\u202e", "🔑", "null", "true", "2026-13-45T00:00:00Z", ...(fact.enum ? [`${fact.enum[0]}x`] : [])];

test("spoilt parameters are refused, and never with 5xx", async () => {
  for (const op of facts.operations.filter((o) => o.method !== "DELETE")) {
    const parameters = { ...op.query, ...op.body };
    for (const [name, fact] of Object.entries(parameters))
      for (const value of spoilt(fact)) {
        const { status } = await app.call(op.method, pathOf(op), { [name]: value });
        if (fact.type === "integer" && op.method === "GET" && value === "-1") assert.equal(status, 400, `${op.id} ${name}=${value}`);
      }
    const twice = Object.keys(parameters).find((name) => !["EventTypes", "Details.Fields"].includes(name));
    if (twice && op.method === "POST" && !notEnabled.includes(op.id))
      await app.refused(400, 20001, app.post(pathOf(op), { [twice]: ["a", "b"] }));
  }
});

test("paths that name nothing, or another account's, are 404", async () => {
  const other = newApp(server, "Somebody else");
  for (const op of facts.operations.filter((o) => o.path.includes("{ServiceSid}")))
    for (const sid of ["VA", `VA${"0".repeat(32)}`, `XX${"0".repeat(32)}`, other.service_sid, "%00", "..%2f"])
      assert.ok([400, 404].includes((await app.call(op.method, pathOf(op, { ServiceSid: sid }))).status), `${op.id} ${sid}`);
});

test("nothing is answered without credentials, nor with wrong ones", async () => {
  for (const op of facts.operations) {
    await app.refused(401, 20003, app.call(op.method, pathOf(op), undefined, { password: "0".repeat(32) }));
    await app.refused(401, 20003, app.call(op.method, pathOf(op), undefined, { headers: { authorization: "Bearer x" } }));
    for (const password of ["", "a.b.c", "YK-x"])
      assert.equal((await app.call(op.method, pathOf(op), undefined, { user: "token", password })).status, 401, op.id);
  }
});

test("what was made can be deleted", async () => {
  const order = ["DeleteBucket", "DeleteRateLimit", "DeleteFactor", "DeleteEntity", "DeleteWebhook",
    "DeleteMessagingConfiguration", "DeleteSafelist", "DeleteService"];
  for (const id of order) {
    const op = facts.operations.find((o) => o.id === id);
    await app.ok(204, app.delete(pathOf(op)));
    await app.refused(404, 20404, app.delete(pathOf(op)));
  }
});

test("all operations are covered", (t) => {
  const missing = facts.operations.map((o) => o.id).filter((id) => !app.contract.succeeded.has(id));
  t.diagnostic(`operations covered: ${app.contract.succeeded.size} answered as their schemas say, ` +
    `${missing.length} refused as not enabled, of ${facts.operations.length}`);
  assert.deepEqual(missing.sort(), notEnabled.sort());
  assert.deepEqual(facts.operations.map((o) => o.id).filter((id) => !app.contract.refused.has(id)), []);
});
