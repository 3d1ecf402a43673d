// The npm package "twilio", unmodified: only the base of its Verify domain is ours. Every call of
// priority A and B, lists by the SDK's own iterators, and documented errors.
import assert from "node:assert/strict";
import http from "node:http";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { newest } from "../lib/outbox.js";
import { eventually, startServer } from "../lib/server.js";
import { totp } from "../lib/totp.js";
import { newApp, PushDevice, setClock, VerifyApp } from "../lib/verify.js";

const twilio = createRequire(import.meta.url)("twilio");

let server, keys, client, service;

before(async () => {
  server = await startServer({ egress_allow: "127.0.0.0/8" });
  keys = newApp(server, "Shop");
  client = twilio(keys.account_sid, keys.auth_token);
  client.verify.baseUrl = server.url;
  service = client.verify.v2.services(keys.service_sid);
});
after(() => server.stop());

const codeOf = async (to) => (await newest(server, to)).code;

// A call that the SDK turns into its own error.
async function refused(status, code, promise) {
  await assert.rejects(promise, (error) => {
    assert.deepEqual([error.constructor.name, error.status, error.code], ["RestException", status, code], error.message);
    assert.equal(error.moreInfo, `https://www.twilio.com/docs/errors/${code}`);
    return true;
  });
}

test("three ways to another server", async () => {
  class OwnHost extends twilio.RequestClient {
    request(opts) {
      const to = new URL(server.url), uri = new URL(opts.uri);
      uri.protocol = to.protocol; uri.host = to.host;
      return super.request({ ...opts, uri: uri.href });
    }
  }
  const byHttpClient = twilio(keys.account_sid, keys.auth_token, { httpClient: new OwnHost() });
  const wrapped = twilio(keys.account_sid, keys.auth_token);
  const send = wrapped.request.bind(wrapped);
  wrapped.request = (opts) => {
    const to = new URL(server.url), uri = new URL(opts.uri);
    uri.protocol = to.protocol; uri.host = to.host;
    return send({ ...opts, uri: uri.href });
  };
  for (const one of [client, byHttpClient, wrapped])
    assert.equal((await one.verify.v2.services(keys.service_sid).fetch()).friendlyName, "Shop");
});

test("a verification from start to approval", async () => {
  const to = "+14155550101";
  const started = await service.verifications.create({ to, channel: "sms", locale: "es", tags: '{"a":"b"}' });
  assert.deepEqual([started.status, started.valid, started.channel], ["pending", false, "sms"]);
  assert.ok(started.dateCreated instanceof Date && started.sendCodeAttempts.length === 1);
  assert.equal((await service.verifications(started.sid).fetch()).to, to);
  assert.equal((await service.verifications(to).fetch()).sid, started.sid);
  assert.equal((await service.verificationChecks.create({ to, code: "000000" })).status, "pending");
  const right = await service.verificationChecks.create({ to, code: await codeOf(to) });
  assert.deepEqual([right.status, right.valid, right.sid], ["approved", true, started.sid]);
  await refused(404, 20404, service.verificationChecks.create({ to, code: "000000" }));
  const second = await service.verifications.create({ to, channel: "call" });
  assert.equal((await service.verifications(second.sid).update({ status: "canceled" })).status, "canceled");
  assert.equal((await service.verifications.create({ to: "a@example.com", channel: "email" })).channel, "email");
  assert.equal((await service.verifications.create({ to: "+14155550102", channel: "whatsapp" })).channel, "whatsapp");
});

test("errors arrive as the SDK's own", async () => {
  await refused(400, 60200, service.verifications.create({ to: "nobody", channel: "sms" }));
  await refused(400, 60200, service.verifications.create({ to: "+14155550103", channel: "pigeon" }));
  await refused(400, 60221, service.verificationChecks.create({ code: "123456" }));
  await refused(403, 60204, service.verifications.create({ to: "+14155550103", channel: "sms", customCode: "1234" }));
  for (let i = 0; i < 5; i++) await service.verifications.create({ to: "+14155550104", channel: "sms" });
  await refused(429, 60203, service.verifications.create({ to: "+14155550104", channel: "sms" }));
  for (let i = 0; i < 5; i++) await service.verificationChecks.create({ to: "+14155550104", code: "0000" });
  await refused(429, 60202, service.verificationChecks.create({ to: "+14155550104", code: "0000" }));
  const stranger = twilio(keys.account_sid, "0".repeat(32));
  stranger.verify.baseUrl = server.url;
  await refused(401, 20003, stranger.verify.v2.services.list());
  await refused(404, 20404, client.verify.v2.services(`VA${"0".repeat(32)}`).fetch());
});

test("services: all settings, updates of some, pages, delete", async () => {
  const made = await client.verify.v2.services.create({
    friendlyName: "My App", codeLength: 8, lookupEnabled: true, psd2Enabled: false, customCodeEnabled: true,
    doNotShareWarningEnabled: true, dtmfInputRequired: false, ttsName: "flite", "push.includeDate": false,
    "totp.issuer": "My App", "totp.timeStep": 60, "totp.codeLength": 8, "totp.skew": 2, "whatsapp.from": "whatsapp:+14155550199",
    "passkeys.relyingParty.id": "example.com", "passkeys.relyingParty.name": "Ex", "passkeys.relyingParty.origins": "https://example.com,https://a.example.com",
  });
  assert.deepEqual([made.codeLength, made.lookupEnabled, made.customCodeEnabled], [8, true, true]);
  assert.deepEqual(made.totp, { issuer: "My App", time_step: 60, code_length: 8, skew: 2 });
  assert.deepEqual(made.passkeys.relying_party, { id: "example.com", name: "Ex", origins: ["https://example.com", "https://a.example.com"] });
  const changed = await client.verify.v2.services(made.sid).update({ friendlyName: "Renamed", skipSmsToLandlines: true });
  assert.deepEqual([changed.friendlyName, changed.codeLength, changed.skipSmsToLandlines], ["Renamed", 8, true]);
  await refused(400, 60200, client.verify.v2.services.create({ friendlyName: "12345 too many digits" }));
  await refused(400, 60200, client.verify.v2.services(made.sid).update({ codeLength: 11 }));
  const sids = [];
  for (let i = 0; i < 3; i++) sids.push((await client.verify.v2.services.create({ friendlyName: "Page" })).sid);
  const seen = [];
  await client.verify.v2.services.each({ pageSize: 2, callback: (one) => seen.push(one.sid) });
  await eventually(() => assert.deepEqual(seen.slice(-3), sids));
  assert.equal((await client.verify.v2.services.list({ pageSize: 1, limit: 4 })).length, 4);
  const page = await client.verify.v2.services.page({ pageSize: 2 });
  const next = await page.nextPage();
  assert.deepEqual((await next.previousPage()).instances.map((x) => x.sid), page.instances.map((x) => x.sid));
  for (const sid of [made.sid, ...sids]) assert.equal(await client.verify.v2.services(sid).remove(), true);
  await refused(404, 20404, client.verify.v2.services(made.sid).fetch());
});

test("entities, a TOTP factor, its challenges", async () => {
  const entity = await service.entities.create({ identity: "ff483d1ff591898a9942916050d2ca3f" });
  await refused(409, 60301, service.entities.create({ identity: entity.identity }));
  assert.deepEqual((await service.entities.list()).map((x) => x.sid), [entity.sid]);
  const one = service.entities(entity.identity);
  assert.equal((await one.fetch()).sid, entity.sid);
  const made = await one.newFactors.create({ friendlyName: "Bob's Phone", factorType: "totp", metadata: { os: "Android" },
    "binding.secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "config.timeStep": 30, "config.skew": 1, "config.codeLength": 6, "config.alg": "sha1" });
  assert.deepEqual([made.status, made.metadata, made.config], ["unverified", { os: "Android" }, { alg: "sha1", skew: 1, code_length: 6, time_step: 30 }]);
  assert.match(made.binding.uri, /^otpauth:\/\/totp\/Shop:Bob%27s%20Phone\?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&/);
  await refused(403, 60318, one.challenges.create({ factorSid: made.sid }));
  assert.equal((await one.factors(made.sid).update({ authPayload: totp(made.binding) })).status, "verified");
  assert.equal((await one.factors(made.sid).update({ friendlyName: "New" })).friendlyName, "New");
  assert.deepEqual((await one.factors.list()).map((f) => f.sid), [made.sid]);
  const wrong = await one.challenges.create({ factorSid: made.sid, authPayload: "000000" });
  assert.equal(wrong.status, "pending");
  const sids = [wrong.sid];
  for (let i = 0; i < 2; i++) sids.push((await one.challenges.create({ factorSid: made.sid })).sid);
  assert.deepEqual((await one.challenges.list({ pageSize: 1, order: "desc" })).map((c) => c.sid), [...sids].reverse());
  await setClock(server, 60);
  const right = await one.challenges(wrong.sid).update({ authPayload: totp(made.binding, { atMs: Date.now() + 60_000 }) });
  await setClock(server, 0);
  assert.equal(right.status, "approved");
  assert.deepEqual((await one.challenges.list({ status: "approved", factorSid: made.sid })).map((c) => c.sid), [wrong.sid]);
  assert.equal(await one.factors(made.sid).remove(), true);
  assert.equal(await one.remove(), true);
  await refused(404, 20404, one.fetch());
});

test("push: the backend's calls, with a device that answers; webhooks that the SDK validates", async () => {
  const heard = [];
  const listener = http.createServer((rq, rs) => {
    let body = "";
    rq.on("data", (d) => (body += d)).on("end", () => {
      heard.push({ signature: rq.headers["x-twilio-signature"], params: Object.fromEntries(new URLSearchParams(body)) });
      rs.end();
    });
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const webhookUrl = `http://127.0.0.1:${listener.address().port}/hooks?x=1`;
  const hook = await service.webhooks.create({ friendlyName: "h", eventTypes: ["factor.created", "challenge.denied"], webhookUrl, versionParam: "v1" });
  assert.deepEqual([hook.eventTypes, hook.version, hook.status, hook.webhookMethod], [["factor.created", "challenge.denied"], "v1", "enabled", "POST"]);

  const identity = "push-person-1";
  const token = await service.accessTokens.create({ identity, factorType: "push", ttl: 300 });
  assert.equal((await service.accessTokens(token.sid).fetch()).token, token.token);
  const device = new PushDevice(new VerifyApp(server, keys), identity);
  await device.enrol({ token: token.token, "Config.NotificationPlatform": "fcm", "Config.NotificationToken": "f".repeat(64) });
  await device.verify();
  const one = service.entities(identity);
  const asked = await one.challenges.create({ factorSid: device.factor.sid, "details.message": "Login?",
    "details.fields": [{ label: "IP", value: "1.2.3.4" }, { label: "City", value: "São Paulo" }], hiddenDetails: { ip: "1.2.3.4" },
    expirationDate: new Date(Date.now() + 600_000) });
  assert.deepEqual(asked.details.fields[1], { label: "City", value: "São Paulo" });
  assert.equal((await one.challenges(asked.sid).notifications.create()).priority, "high");
  await device.app.ok(200, device.fetchAndAnswer(asked.sid, "denied"));
  const answered = await one.challenges(asked.sid).fetch();
  assert.deepEqual([answered.status, answered.dateResponded instanceof Date], ["denied", true]);
  const backend = new PushDevice(device.app, identity);
  assert.equal((await one.newFactors.create({ friendlyName: "iPhone", factorType: "push", "binding.alg": "ES256",
    "binding.publicKey": backend.publicKeyText, "config.appId": "com.example.app", "config.notificationPlatform": "none", "config.sdkVersion": "1.0" })).status, "unverified");

  await eventually(() => assert.equal(heard.length, 3));
  for (const { signature, params } of heard) {
    assert.equal(twilio.validateRequest(keys.auth_token, signature, webhookUrl, params), true);
    assert.equal(twilio.validateRequest(keys.auth_token, signature, webhookUrl, { ...params, type: "x" }), false);
  }
  assert.deepEqual(heard.map((h) => h.params.type).sort(), ["challenge.denied", "factor.created", "factor.created"]);
  assert.equal((await service.webhooks(hook.sid).update({ status: "disabled", eventTypes: ["*"] })).status, "disabled");
  assert.equal((await service.webhooks.list()).length, 1);
  assert.equal((await service.webhooks(hook.sid).fetch()).sid, hook.sid);
  await refused(400, 60306, service.webhooks.create({ friendlyName: "h", eventTypes: ["sms.sent"], webhookUrl }));
  assert.equal(await service.webhooks(hook.sid).remove(), true);
  listener.close();
});

test("rate limits and buckets hold", async () => {
  const limit = await service.rateLimits.create({ uniqueName: "end_user_ip", description: "per address" });
  const bucket = await service.rateLimits(limit.sid).buckets.create({ max: 1, interval: 3600 });
  assert.deepEqual([bucket.max, bucket.interval], [1, 3600]);
  const start = () => service.verifications.create({ to: "+14155550120", channel: "sms", rateLimits: { end_user_ip: "127.0.0.1" } });
  await start();
  await refused(429, 20429, start());
  assert.equal((await service.rateLimits(limit.sid).buckets(bucket.sid).update({ max: 2 })).max, 2);
  assert.equal((await service.rateLimits(limit.sid).buckets.list()).length, 1);
  assert.equal((await service.rateLimits(limit.sid).buckets(bucket.sid).fetch()).max, 2);
  assert.equal((await service.rateLimits(limit.sid).update({ description: "other" })).description, "other");
  assert.equal((await service.rateLimits(limit.sid).fetch()).uniqueName, "end_user_ip");
  assert.equal((await service.rateLimits.list()).length, 1);
  assert.equal(await service.rateLimits(limit.sid).buckets(bucket.sid).remove(), true);
  assert.equal(await service.rateLimits(limit.sid).remove(), true);
});

test("messaging configurations, safe list, templates, forms, attempts", async () => {
  const made = await service.messagingConfigurations.create({ country: "CA", messagingServiceSid: `MG${"1".repeat(32)}` });
  await refused(400, 60213, service.messagingConfigurations.create({ country: "CA", messagingServiceSid: made.messagingServiceSid }));
  assert.equal((await service.messagingConfigurations("CA").update({ messagingServiceSid: `MG${"2".repeat(32)}` })).messagingServiceSid, `MG${"2".repeat(32)}`);
  assert.equal((await service.messagingConfigurations.list()).length, 1);
  assert.equal((await service.messagingConfigurations("CA").fetch()).country, "CA");
  assert.equal(await service.messagingConfigurations("CA").remove(), true);

  assert.equal((await client.verify.v2.safelist.create({ phoneNumber: "+18001234567" })).phoneNumber, "+18001234567");
  await refused(409, 60411, client.verify.v2.safelist.create({ phoneNumber: "+18001234567" }));
  assert.match((await client.verify.v2.safelist("+18001234567").fetch()).sid, /^GN/);
  assert.equal(await client.verify.v2.safelist("+18001234567").remove(), true);
  await refused(404, 20404, client.verify.v2.safelist("+18001234567").fetch());

  assert.ok((await client.verify.v2.templates.list())[0].translations.de.text.includes("{{code}}"));
  assert.equal((await client.verify.v2.forms("form-push").fetch()).formType, "form-push");
  await refused(403, 60204, service.newFactors.create({ friendly_name: "f", identity: "push-person-1",
    config: { relying_party: { id: "example.com", name: "Ex", origins: ["https://example.com"] } } }));

  const [attempt] = await client.verify.v2.verificationAttempts.list({ "channelData.to": "+14155550101", limit: 1,
    dateCreatedAfter: new Date(0), status: "unconverted" });
  assert.deepEqual([attempt.conversionStatus, attempt.channel], ["unconverted", "call"]);
  assert.equal((await client.verify.v2.verificationAttempts(attempt.sid).fetch()).verificationSid, attempt.verificationSid);
  const sum = await client.verify.v2.verificationAttemptsSummary().fetch({ verifyServiceSid: keys.service_sid });
  assert.equal(sum.totalAttempts, sum.totalConverted + sum.totalUnconverted);
  assert.equal(Number(sum.conversionRatePercentage) > 0, true); // a text
});
