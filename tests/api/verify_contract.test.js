// Every operation of the Verify v2 API against the facts of its OpenAPI file: asked rightly, asked with
// every parameter spoilt in turn, and asked without credentials. Nothing may answer 5xx.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { facts } from "../lib/contract.js";
import { startServer } from "../lib/server.js";
import { totp } from "../lib/totp.js";
import { newApp, PushDevice, setClock, VerifyApp } from "../lib/verify.js";

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

test("spoilt parameters are refused, and never with 5xx", async (t) => {
  let count = 0;
  for (const op of facts.operations.filter((o) => o.method !== "DELETE")) {
    const parameters = { ...op.query, ...op.body };
    for (const [name, fact] of Object.entries(parameters))
      for (const value of spoilt(fact)) {
        const { status } = await app.call(op.method, pathOf(op), { [name]: value });
        count++;
        if (fact.type === "integer" && op.method === "GET" && value === "-1") assert.equal(status, 400, `${op.id} ${name}=${value}`);
      }
    const twice = Object.keys(parameters).find((name) => !["EventTypes", "Details.Fields"].includes(name));
    if (twice && op.method === "POST" && !notEnabled.includes(op.id))
      await app.refused(400, 20001, app.post(pathOf(op), { [twice]: ["a", "b"] }));
  }
  t.diagnostic(`spoilt requests made from the facts: ${count}`);
});

// ---- right requests, made from the facts ----

// Values that a parameter may have, where its fact alone does not say.
const sid = (prefix) => [`${prefix}${"0".repeat(32)}`, `${prefix}${"aF09".repeat(8)}`];
const texts = (...more) => ["x", "Zoë & Co", ...more];
const words = { AuthenticatorAttachment: ["", "platform", "cross-platform", "any"], wish: ["", "required", "preferred", "discouraged"] };
const rightValues = {
  CreateService: { FriendlyName: ["A", "My App-1_2", "x".repeat(30)] },
  UpdateService: {
    FriendlyName: ["B", "x".repeat(30)], CodeLength: [4, 6, 10], TtsName: texts(""), "Totp.Issuer": texts(""), "Totp.TimeStep": [20, 60],
    "Totp.CodeLength": [3, 8], "Totp.Skew": [0, 2], DefaultTemplateSid: ["HJ00000000000000000000000000000001", ""], "Whatsapp.From": ["whatsapp:+14155550100", ""],
    "Passkeys.RelyingParty.Id": ["example.com", ""], "Passkeys.RelyingParty.Name": texts(""), "Passkeys.RelyingParty.Origins": ["https://a.example,https://b.example", ""],
    "Passkeys.AuthenticatorAttachment": words.AuthenticatorAttachment, "Passkeys.DiscoverableCredentials": words.wish, "Passkeys.UserVerification": words.wish,
  },
  CreateVerification: {
    To: ["+14155550143"], Channel: ["sms", "call", "whatsapp"], CustomFriendlyName: ["Acme 24"], SendDigits: ["1ww23"], Locale: ["de", "pt-BR", "xx", "zh-Hant"],
    RateLimits: ["{}", '{"unknown":"1"}', '{"end_user_ip":1}'], AppHash: ["He42w354ol9"], DeviceIp: ["203.0.113.7", "2001:db8::1"], RiskCheck: ["enable", "disable"],
    ChannelConfiguration: ["{}", '{"from":"a@example.com","from_name":"A","template_id":"d-1","substitutions":{"a":"b"}}'], Tags: ["{}", '{"a":"b"}'],
    TemplateSid: ["HJ00000000000000000000000000000001"], TemplateCustomSubstitutions: ["{}", '{"a":"b"}'], Status: [],
  },
  CreateNewFactor: { FriendlyName: texts("x".repeat(64)), "Config.TimeStep": [20, 60], "Config.Skew": [0, 2], "Config.CodeLength": [3, 8], Metadata: ["{}", '{"a":"b"}'],
    "Binding.Secret": ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"] },
  UpdateFactor: { FriendlyName: texts("x".repeat(64)), "Config.TimeStep": [20, 30], "Config.Skew": [0, 2], "Config.CodeLength": [3, 8] },
  CreateChallenge: { "Details.Message": texts("x".repeat(256)), "Details.Fields": ['{"label":"a","value":"b"}'], HiddenDetails: ["{}", '{"a":"b"}'] },
  UpdateChallenge: { Metadata: ["{}", '{"a":"b"}'] },
  CreateAccessToken: { FactorFriendlyName: texts(""), Ttl: [60, 300] },
  CreateNotification: { Ttl: [0, 300] },
  CreateEntity: { Identity: ["abcd-1234", "x".repeat(64)] },
  CreateRateLimit: { UniqueName: ["a", "A-b_c.9"], Description: texts("") }, UpdateRateLimit: { Description: texts("") },
  CreateBucket: { Max: [1, 1000000], Interval: [1, 86400] }, UpdateBucket: { Max: [1, 1000000], Interval: [7, 86401] },
  CreateWebhook: { FriendlyName: texts(), WebhookUrl: ["https://example.com/", "http://203.0.113.7:8080/a?b=c"] }, UpdateWebhook: { FriendlyName: texts(), WebhookUrl: ["https://example.com/x"] },
  ListChallenge: { FactorSid: sid("YF") },
  ListVerificationAttempt: { "ChannelData.To": ["+14155550142"], Country: ["US"] }, FetchVerificationAttemptsSummary: { Country: ["US"], DestinationPrefix: ["+1", "+1415"] },
  ListVerificationTemplate: { FriendlyName: ["Verification code", "another"] },
};
const eventTypes = ["*", "factor.created", "factor.verified", "factor.deleted", "challenge.approved", "challenge.denied"];
const ownPart = ["CustomCode", "CustomMessage", "Amount", "Payee", "EnableSnaClientToken", "AuthPayload"]; // tests of their own
const unread = ["PageToken", "ExpirationDate"];

function rightOf(op, name, fact) {
  const known = rightValues[op.id]?.[name] ?? (op.id === "CreateService" ? rightValues.UpdateService[name] : undefined);
  if (known) return known;
  if (name === "PageSize") return [1, 1000];
  if (name === "Page") return [0, 7];
  if (name === "EventTypes") return [eventTypes, ...eventTypes.map((e) => [e])];
  if (fact.enum) return fact.enum;
  if (fact.type === "boolean") return ["true", "false", "True"];
  if (fact.format === "date-time") return ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.678+01:00"];
  if (fact.pattern) return sid(fact.pattern.slice(1, 3));
  return undefined;
}

// What else such a request needs.
let made = 0;
const base = {
  CreateService: () => ({ FriendlyName: "Right" }), CreateVerification: () => ({ To: `+1202555${String(1000 + made++)}`, Channel: "sms" }),
  CreateEntity: () => ({ Identity: `right-${1000 + made++}` }), CreateNewFactor: () => ({ FriendlyName: "R", FactorType: "totp" }),
  CreateChallenge: () => ({ FactorSid: known.push, "Details.Message": "m" }), CreateAccessToken: () => ({ Identity: "alice-0001", FactorType: "push" }),
  CreateRateLimit: () => ({ UniqueName: `right-${made++}` }), CreateBucket: () => ({ Max: 1, Interval: 100 + made++ }),
  CreateWebhook: () => ({ FriendlyName: "h", EventTypes: ["*"], WebhookUrl: "https://example.com/" }),
  CreateMessagingConfiguration: () => ({ MessagingServiceSid: sid("MG")[0] }), UpdateMessagingConfiguration: () => ({}), CreateSafelist: () => ({}),
};
const singular = ["CreateMessagingConfiguration", "CreateSafelist", "CreateVerificationCheck", "UpdateVerification", "CreateNotification", ...notEnabled];

test("every parameter with every kind of right value is taken, and the reply is as its schema says", async (t) => {
  const device = new PushDevice(app, "carla-0001"); // whose requests have a budget
  await device.enrol();
  await device.verify();
  known.push = device.factor.sid;
  const path = (op) => pathOf(op, op.id === "CreateChallenge" ? { Identity: "carla-0001" } : {});
  let count = 0;
  for (const op of facts.operations.filter((o) => o.method !== "DELETE" && !singular.includes(o.id)))
    for (const [name, fact] of Object.entries({ ...op.query, ...op.body })) {
      if (ownPart.includes(name) || unread.includes(name) || (op.id === "CreateNewFactor" && /^Config\.(App|Not|Sdk)|^Binding\.(Alg|Pub)|FactorType/.test(name)) ||
        (op.id === "UpdateFactor" && /^Config\.(App|Not|Sdk)/.test(name)) || (op.id === "CreateChallenge" && name === "FactorSid") ||
        (op.id === "CreateAccessToken" && ["Identity", "FactorType"].includes(name))) continue;
      const values = rightOf(op, name, fact);
      assert.ok(values, `${op.id} ${name}: no right value is known`);
      for (const value of values) {
        const params = { ...await base[op.id]?.(), [name]: value };
        let { status, body } = await app.call(op.method, path(op), params);
        if (status === 429 && op.path.startsWith("/v2/Attempts")) { // a hundred a minute
          await setClock(server, device.offsetS += 61);
          ({ status, body } = await app.call(op.method, path(op), params));
        } else if (status === 429 && op.id === "CreateChallenge") { // a right answer opens the budget again
          const { challenges } = await app.ok(200, app.get(`${s}/Entities/carla-0001/Challenges`, { Status: "pending" }));
          await app.ok(200, device.fetchAndAnswer(challenges[0].sid, "approved"));
          ({ status, body } = await app.call(op.method, path(op), params));
        }
        assert.ok(status < 300, `${op.id} ${name}=${value}: ${status} ${JSON.stringify(body)}`);
        if (["CreateRateLimit", "CreateBucket", "CreateWebhook"].includes(op.id)) await app.ok(204, app.delete(`${path(op)}/${body.sid}`)); // there may be few
        count++;
      }
    }
  t.diagnostic(`right requests made from the facts: ${count}`);
  assert.ok(count > 250);
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
