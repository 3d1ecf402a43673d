// Webhooks of the Authy dialect: managed by signed requests, told of events by signed tokens. The signing
// here is written from the reference, not taken from the program.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import { signatureOf, signedRequest } from "../lib/authy.js";
import { Client } from "../lib/client.js";
import { Device } from "../lib/device.js";
import { newest } from "../lib/outbox.js";
import { Receiver } from "../lib/receiver.js";
import { command, eventually, startServer } from "../lib/server.js";

let server, app, other, me, ear;
const run = (...args) => command(args, { data_dir: server.dataDir });
const hooks = "/dashboard/json/application/webhooks";

before(async () => {
  server = await startServer({ egress_allow: "127.0.0.0/8" });
  [app, other] = ["shop", "bank"].map((name) => JSON.parse(run("app", "create", name, "--json").out));
  me = new Client(server);
  ear = await Receiver.start("/hook");
});
after(async () => {
  ear.stop();
  await server.stop();
});

test("the signing of this test is the reference's", () => {
  const pairs = [["app_api_key", "APPKEY"], ["access_key", "ACCESS"], ["url", "https://app.example.com/hook"], ["name", "reg"],
    ["events[]", "user_added"], ["events[]", "user_removed"]];
  assert.equal(signatureOf("SIGNINGKEY", "1427849783.886085", "POST", "https://api.authy.com/dashboard/json/application/webhooks", pairs),
    "3RTsYccrdHKUYugYUfib7JwNLT2TZA9fEkDenExMs9s=");
});

const ask = (method, path, pairs, { who = app, ...more } = {}) => signedRequest(me, who, method, path, pairs, more);

const listen = (events, { url = ear.url, name = "reg", ...more } = {}) =>
  ask("POST", hooks, [["url", url], ["name", name], ...events.map((event) => ["events[]", event])], more);

function refused(answer, status, code) {
  assert.equal(answer.status, status, answer.text);
  assert.strictEqual(answer.json.error_code, code, answer.text);
  assert.strictEqual(answer.json.success, false);
  assert.equal(typeof answer.json.errors.message, "string");
}

async function removeAll(who = app) {
  for (const { id } of (await ask("GET", hooks, [], { who })).json.webhooks)
    assert.equal((await ask("DELETE", `${hooks}/${id}`, [], { who })).status, 200);
}

test("made, listed and deleted: the documented bytes", async () => {
  const made = await listen(["user_removed", "user_added"]);
  assert.equal(made.status, 200, made.text);
  const { id, signing_key: key } = made.json.webhook;
  assert.match(id, /^WH_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.match(key, /^WSK_[\w-]{43}$/);
  const object = `{"id":"${id}","name":"reg","account_sid":"${app.account_sid}","service_id":"${app.service_sid}","url":"${ear.url}","signing_key":"${key}","events":["user_added","user_removed"]}`;
  assert.equal(made.text, `{"webhook":${object},"message":"Webhook created","success":true}`);
  for (const place of ["form", "query", "json"]) // of a GET too
    assert.equal((await ask("GET", hooks, [], { place })).text, `{"webhooks":[${object}],"success":true}`, place);
  assert.equal((await ask("GET", hooks, [], { who: other })).text, '{"webhooks":[],"success":true}');
  refused(await ask("DELETE", `${hooks}/${id}`, [], { who: other }), 404, "60100");
  assert.equal((await ask("DELETE", `${hooks}/${id}`)).text, '{"message":"Webhook deleted","success":true}');
  refused(await ask("DELETE", `${hooks}/${id}`), 404, "60100");
  const again = (await listen(["user_added"], { place: "json" })).json.webhook.id;
  assert.equal((await ask("DELETE", hooks, [["webhook_id", again]])).text, '{"message":"Webhook deleted","success":true}');
});

test("a plain `events`, and a list whose order is not the alphabet's", async () => {
  for (const events of [[["events", "user_added"]], [["events", "user_removed"], ["events", "token_invalid"]], [["events[]", "user_removed"], ["events[]", "token_invalid"]]]) {
    const made = await ask("POST", hooks, [["name", "n"], ["url", ear.url], ...events]);
    assert.equal(made.status, 200, made.text);
    assert.deepEqual(made.json.webhook.events, events.map(([, event]) => event).sort());
  }
  await removeAll();
});

test("a key pair of the account signs as well as its token, until it is deleted", async () => {
  const pair = JSON.parse(run("app", "add-key", "shop", "--json").out);
  const who = { api_key: app.api_key, account_sid: pair.key_sid, auth_token: pair.secret };
  assert.equal((await ask("GET", hooks, [], { who })).status, 200);
  refused(await ask("GET", hooks, [], { who: { ...who, api_key: other.api_key } }), 401, "60072"); // another account's application
  assert.equal(run("app", "delete-key", "shop", pair.key_sid).code, 0);
  refused(await ask("GET", hooks, [], { who }), 401, "60072");
});

test("Basic authentication opens nothing here", async () => {
  const basic = (user, secret) => ({ authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}` });
  assert.equal((await me.request("GET", hooks, { headers: basic(app.account_sid, app.auth_token) })).status, 401);
});

test("what is not signed as it must be is refused, and changes nothing", async () => {
  const good = () => listen(["user_added"]);
  const rows = {
    "no signature": [{ change: { "x-authy-signature": undefined } }, "60087"],
    "empty signature": [{ change: { "x-authy-signature": "" } }, "60087"],
    "a signature of something else": [{ change: { "x-authy-signature": signatureOf(app.auth_token, "1", "POST", server.url + hooks, []) } }, "60087"],
    "no nonce": [{ change: { "x-authy-signature-nonce": undefined } }, "60087"],
    "another nonce": [{ change: { "x-authy-signature-nonce": `${Date.now()}` } }, "60087"],
    "a nonce of another year": [{ nonce: "1427849783.886085" }, "60087"],
    "signed for another host": [{ base: "https://elsewhere.example.com" }, "60087"],
    "signed with the application's key": [{ who: { ...app, auth_token: app.api_key } }, "60087"],
    "another account's token": [{ who: { ...app, auth_token: other.auth_token } }, "60087"],
    "another account's access key": [{ who: { ...app, account_sid: other.account_sid, auth_token: other.auth_token } }, "60072"],
    "no access key": [{ who: { ...app, account_sid: "" } }, "60072"],
    "a wrong application key": [{ who: { ...app, api_key: "0".repeat(32) } }, "60073"],
  };
  for (const [name, [bent, code]] of Object.entries(rows)) {
    const answer = await listen(["user_added"], bent);
    assert.equal(answer.status, 401, `${name}: ${answer.text}`);
    assert.equal(answer.json.error_code, code, name);
  }
  assert.deepEqual((await ask("GET", hooks)).json.webhooks, []);
  const nonce = `${Date.now() / 1000}`;
  assert.equal((await ask("GET", hooks, [], { nonce })).status, 200);
  refused(await ask("GET", hooks, [], { nonce }), 401, "60087"); // replayed
  assert.equal((await ask("GET", hooks, [], { nonce, who: other })).status, 200, "another account's nonces are its own");
  assert.equal((await good()).status, 200);
  await removeAll();
});

test("the application, and where its callbacks go", async () => {
  const at = (name) => `/dashboard/json/application/${name}`;
  const { app: shown } = (await ask("GET", at("details"))).json;
  assert.deepEqual([shown.name, shown.callback_url, shown.callback_method], ["shop", "", "POST"]);
  const set = await ask("POST", at("update"), [["callback_url", ear.url], ["callback_method", "GET"]]);
  assert.deepEqual([set.status, set.json.app.callback_url, set.json.app.callback_method], [200, ear.url, "GET"]);
  assert.match((await ear.take()).url, /^\/hook\?.*&authy_id=1234&/);
  for (const bad of ["ftp://x", "https://app.example.com/?a=b"])
    refused(await ask("POST", at("update"), [["callback_method", "POST"], ["callback_url", bad]]), 400, "60066");
  refused(await ask("POST", at("update"), [["callback_method", "PUT"]]), 400, "60066");
  assert.equal((await ask("GET", at("details"))).json.app.callback_method, "GET", "all or nothing");
  assert.equal((await ask("POST", at("update"), [["callback_url", ""], ["callback_method", "POST"]])).json.app.callback_url, "");
  assert.equal(ear.got.length, 0, "nobody is left to be told");
});

test("names, URLs and events that are none", async () => {
  refused(await listen(["user_added"], { url: "ftp://x" }), 400, "60098");
  refused(await listen(["user_added"], { url: "" }), 400, "60098");
  refused(await listen(["user_added"], { name: "" }), 400, "60098");
  refused(await listen(["user_added"], { name: "n".repeat(101) }), 400, "60098");
  refused(await listen([]), 400, "60098");
  refused(await listen(["user_added", "nothing_of_the_kind"]), 400, "60098");
  for (let i = 0; i < 20; i++) assert.equal((await listen(["user_added"])).status, 200);
  refused(await listen(["user_added"]), 400, "60098"); // the twenty-first
  await removeAll();
});

// --- what is told ------------------------------------------------------------------------------------

let numbers = 0;
const nextNumber = () => `206555${String(100 + numbers++).padStart(4, "0")}`;
const api = (method, path, fields = {}) => me.request(method, `${path}?${new URLSearchParams(fields)}`, { headers: { "x-authy-api-key": app.api_key } });

// The next event that came, with its signature verified: header.payload.signature, HS256.
async function told(key) {
  const { method, url, headers, body } = await ear.take();
  assert.deepEqual([method, url, headers["content-type"]], ["POST", "/hook", "application/json"]);
  const [head, payload, signature] = JSON.parse(body).body.split(".");
  assert.deepEqual(JSON.parse(Buffer.from(head, "base64url")), { typ: "JWT", alg: "HS256" });
  assert.equal(createHmac("sha256", key).update(`${head}.${payload}`).digest("base64url"), signature);
  const claims = JSON.parse(Buffer.from(payload, "base64url"));
  assert.equal(claims.url, ear.url);
  assert.match(claims.params.webhook_id, /^WH_/);
  assert.equal(claims.params.events.length, 1);
  const [event] = claims.params.events;
  assert.match(event.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.strictEqual(event.public, true);
  assert.equal(event.objects.app.s_account_sid, app.account_sid);
  assert.deepEqual(Object.keys(event.request), ["id", "ip"]);
  return event;
}

async function userNew(number, link = false) {
  const { json } = await api("POST", "/protected/json/users/new",
    { "user[email]": `u${number}@example.com`, "user[cellphone]": number, "user[country_code]": "1", send_install_link_via_sms: link });
  return json.user.id;
}

test("a user's life, event by event", async () => {
  const { signing_key: key } = (await listen(["user_added", "user_removed", "token_invalid", "token_verified", "totp_token_sent",
    "device_registration_completed", "one_touch_request_responded"])).json.webhook;
  const number = nextNumber();
  const id = await userNew(number, true);
  const added = await told(key);
  assert.equal(added.event, "user_added");
  assert.deepEqual(added.objects.user, { s_authy_id: String(id), as_authy_ids: [String(id)], b_banned: false, s_country_code: "1", s_locale: "", s_phone_number: `+1${number}` });
  await userNew(number); // not added again

  const phone = await Device.pair(server, (await newest(server, `+1${number}`, "sms")).link);
  const paired = await told(key);
  assert.deepEqual([paired.event, paired.objects.device.s_os_type, paired.objects.user.s_authy_id], ["device_registration_completed", "android", String(id)]);

  await api("GET", `/protected/json/sms/${id}`, { force: true });
  assert.equal((await told(key)).event, "totp_token_sent");
  const { code } = await newest(server, `+1${number}`, "sms");
  await api("GET", `/protected/json/verify/${code === "000000" ? "000001" : "000000"}/${id}`, { user_ip: "198.51.100.9" });
  const wrong = await told(key);
  assert.deepEqual([wrong.event, wrong.request.ip], ["token_invalid", "198.51.100.9"]);
  await api("GET", `/protected/json/verify/${code}/${id}`);
  assert.equal((await told(key)).event, "token_verified");

  const { json: { approval_request: { uuid } } } = await api("POST", `/onetouch/json/users/${id}/approval_requests`, { message: "m", seconds_to_expire: 300 });
  await phone.answer(await phone.asked(), "denied", "");
  const responded = await told(key);
  assert.equal(responded.event, "one_touch_request_responded");
  const request = responded.objects.onetouch_request;
  assert.deepEqual([request.s_uuid, request.s_status, request.i_seconds_to_expire], [uuid, "denied", 300]);
  assert.ok(Number.isInteger(request.i_expiration_timestamp) && /^\d+$/.test(request.s_device_signing_time));

  await api("POST", `/protected/json/users/${id}/remove`);
  const removed = await told(key);
  assert.deepEqual([removed.event, removed.objects.user.s_phone_number], ["user_removed", `+1${number}`]);
  assert.equal(ear.got.length, 0);
  await removeAll();
});

test("numbers that are no user's", async () => {
  const words = ["phone_verification_started", "phone_verification_code_is_invalid", "phone_verification_code_is_valid", "phone_verification_not_found",
    "custom_message_not_allowed", "phone_verification_failed", "too_many_phone_verifications", "too_many_code_verifications"];
  const { signing_key: key } = (await listen(words)).json.webhook;
  const phone_number = nextNumber(), number = { country_code: 1, phone_number };
  const start = (more = {}) => api("POST", "/protected/json/phones/verification/start", { via: "sms", ...number, ...more });
  const check = (verification_code) => api("GET", "/protected/json/phones/verification/check", { ...number, verification_code });
  const isTold = async (word) => {
    const event = await told(key);
    assert.equal(event.event, word);
    assert.equal(event.objects.phone_verification.s_phone_number, `+1${phone_number}`);
  };
  refused(await check("1"), 404, "60023");
  await isTold("phone_verification_not_found");
  refused(await start({ custom_message: "hi" }), 403, "60091");
  await isTold("custom_message_not_allowed");
  assert.equal((await start()).status, 200);
  await isTold("phone_verification_started");
  const { code } = await newest(server, `+1${phone_number}`, "sms");
  refused(await check("1"), 401, "60022");
  await isTold("phone_verification_code_is_invalid");
  assert.equal((await check(code)).status, 200);
  await isTold("phone_verification_code_is_valid");
  for (let i = 0; i < 5; i++) await start().then(() => isTold("phone_verification_started"));
  refused(await start(), 429, "60003");
  await isTold("too_many_phone_verifications");
  for (let i = 0; i < 5; i++) await check("1").then(() => isTold("phone_verification_code_is_invalid"));
  refused(await check("1"), 429, "60003");
  await isTold("too_many_code_verifications");
  refused(await api("POST", "/protected/json/phones/verification/start", { via: "sms", country_code: 1, phone_number: "9005550142" }), 400, "60033");
  assert.equal((await told(key)).event, "phone_verification_failed");
  await removeAll();
});

test("each is told what it asked for, with its own key; a deleted one is told no more", async () => {
  const [one, two] = [(await listen(["user_added"])).json.webhook, (await listen(["user_removed"])).json.webhook];
  assert.notEqual(one.signing_key, two.signing_key);
  const id = await userNew(nextNumber());
  assert.equal((await told(one.signing_key)).event, "user_added");
  await api("POST", `/protected/json/users/${id}/remove`);
  assert.equal((await told(two.signing_key)).event, "user_removed");
  await ask("DELETE", `${hooks}/${one.id}`);
  await api("POST", `/protected/json/users/${await userNew(nextNumber())}/remove`);
  assert.equal((await told(two.signing_key)).event, "user_removed");
  assert.equal(ear.got.length, 0);
  await removeAll();
});

test("a webhook that answers errors does not switch callbacks off", async () => {
  assert.equal(run("app", "set", "shop", `callback_url=${ear.url}`).code, 0);
  assert.equal(JSON.parse((await ear.take()).body).authy_id, 1234);
  await listen(["user_added"]);
  ear.answer = 404;
  for (let i = 0; i < 4; i++) await userNew(nextNumber()).then(() => ear.take());
  await eventually(() => assert.equal(server.log.match(/send_failed .*answered 404/g)?.length, 4, "booked"));
  ear.answer = 200;
  assert.equal(JSON.parse(run("app", "show", "shop", "--json").out).callback_url, ear.url);
  await removeAll();
});
