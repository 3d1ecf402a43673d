// The npm packages "authy" and "authy-client", unmodified: only their base URL is ours.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { callbackSignature, toQuery } from "../lib/authy.js";
import { Device } from "../lib/device.js";
import { newest, outbox } from "../lib/outbox.js";
import { Receiver } from "../lib/receiver.js";
import { command, eventually, startServer } from "../lib/server.js";

const require = createRequire(import.meta.url);
const authy = require("authy");
const phonesOf = (key) => Object.fromEntries(Object.entries(authy(key, server.url).phones()).map(([name, call]) => [name, promisify(call)]));
const { Client, enums } = require("authy-client");

let server, app, old, client, receiver, tokens = 0;
const run = (...args) => command(args, { data_dir: server.dataDir });

const hidden = "X".repeat(3);
let numbers = 0;
const nextNumber = () => `201555${String(100 + numbers++).padStart(4, "0")}`;

before(async () => {
  server = await startServer({ egress_allow: "127.0.0.0/8" });
  receiver = await Receiver.start();
  const made = run("app", "create", "shop", "--json");
  assert.equal(made.code, 0, made.err);
  app = JSON.parse(made.out);
  const plain = authy(app.api_key, server.url);
  old = new Proxy(plain, { get: (target, name) => (name === "phones" ? phonesOf(app.api_key) : promisify(target[name]).bind(target)) });
  client = new Client({ key: app.api_key }, { host: server.url });
});
after(async () => {
  receiver.stop();
  await server.stop();
});

const e164 = (number) => `+1${number}`;
const codeTo = async (number, channel = "sms") => (await newest(server, e164(number), channel)).code;

async function newUser(number = nextNumber()) {
  const { user } = await client.registerUser({ countryCode: "US", email: `user${tokens++}@example.com`, phone: number });
  return { id: user.id, number };
}

// A user whose phone is paired by the link in the text message.
async function newPhoneUser() {
  const user = await newUser();
  const { link } = await newest(server, e164(user.number), "sms");
  user.phone = await Device.pair(server, link, {});
  return user;
}

const refusal = (status, code, message) => (e) => {
  const body = e.body ?? e;
  assert.equal(String(body.error_code), code, JSON.stringify(body));
  if (message) assert.match(body.message, message);
  return true;
};

test("authy: a user's life", async () => {
  const number = nextNumber();
  const { user, success, message } = await promisify((cb) => authy(app.api_key, server.url).register_user("a@example.com", number, "1", false, cb))();
  assert.deepEqual([success, message], [true, "User created successfully."]);
  const again = await client.registerUser({ countryCode: "1", email: "b@example.com", phone: number });
  assert.equal(again.user.id, user.id);
  const { status } = await old.user_status(user.id);
  assert.equal(status.email, "b@example.com");
  assert.deepEqual([status.authy_id, status.confirmed, status.registered, status.country_code], [user.id, false, false, 1]);
  assert.equal(status.phone_number, `${hidden}-${hidden}-${number.slice(-4)}`);

  const sent = await old.request_sms(user.id, true);
  assert.equal(sent.cellphone, `+1-${hidden}-${hidden}-XX${number.slice(-2)}`);
  const code = await codeTo(number);
  await assert.rejects(old.verify(user.id, code === "111111" ? "222222" : "111111"), refusal(401, "60020", /^Token is invalid$/));
  assert.equal((await old.verify(user.id, code)).token, "is valid");
  await assert.rejects(old.verify(user.id, code), refusal(401, "60019", /token was used recently/i));
  assert.equal((await old.user_status(user.id)).status.confirmed, true);

  assert.match((await old.request_call(user.id, true)).message, /^Call started/);
  assert.equal((await old.verify(user.id, await codeTo(number, "voice"), true)).success, "true");
  assert.equal((await old.delete_user(user.id)).message, "User removed from application");
  await assert.rejects(old.user_status(user.id), refusal(404, "60026", /^User not found\.$/));
});

test("authy: phones", async () => {
  const number = nextNumber();
  const started = await old.phones.verification_start(number, "1", { via: "sms", locale: "es", code_length: "6" });
  assert.match(started.message, /^Text message sent to \+1 201-555-01\d\d\.$/);
  assert.ok(started.seconds_to_expire > 590 && started.uuid && started.success);
  assert.equal((await old.phones.verification_status(number, "1")).status, "pending");
  const code = await codeTo(number);
  assert.equal(code.length, 6);
  await assert.rejects(old.phones.verification_check(number, "1", code === "111111" ? "222222" : "111111"), refusal(401, "60022", /^Verification code is incorrect$/));
  assert.equal((await old.phones.verification_check(number, "1", code)).message, "Verification code is correct.");
  await assert.rejects(old.phones.verification_check(number, "1", code), refusal(404, "60023", /^No pending verifications for \+1 201-555-01\d\d found\.$/));
  assert.match((await old.phones.verification_start(number, "1", "call")).message, /Call to .* initiated/i);
  await assert.rejects(old.phones.verification_start(number, "1", { via: "sms", custom_code: "1234" }), refusal(400, "60021", /custom codes are not allowed/));
  await assert.rejects(old.phones.verification_start("12", "1", "sms"), refusal(400, "60033", /^Phone number is invalid$/));
  assert.equal((await old.phones.info("4155550142", "1")).success, true);
});

test("authy-client: every call", async () => {
  const { id, number } = await newUser();
  assert.equal((await client.getUserStatus({ authyId: id })).status.registered, false);
  assert.equal((await client.getUserStatus({ authyId: id }, { ip: "198.51.100.7" })).success, true);
  await client.requestSms({ authyId: id }, { action: "pay", force: true });
  const code = await codeTo(number);
  await assert.rejects(client.verifyToken({ authyId: id, token: code }), /Token is invalid/i);
  // it has no way to say the action, so this one asks for itself
  const said = await fetch(`${server.url}/protected/json/verify/${code}/${id}?action=pay&api_key=${app.api_key}`);
  assert.equal(said.status, 200);
  await client.requestCall({ authyId: id }, { force: true });
  await client.registerActivity({ authyId: id, data: { reason: "foo" }, type: enums.activity.BANNED }, { ip: "198.51.100.7" });
  const details = await client.getApplicationDetails();
  assert.equal(details.app.name, "shop");
  const stats = await client.getApplicationStatistics();
  assert.equal(stats.stats.length, 12);
  assert.ok(stats.total_users >= 1 && stats.stats[11].sms_count >= 1 && stats.stats[11].auths_count >= 1);
  await client.startPhoneVerification({ countryCode: "US", phone: "4155550142", via: enums.verificationVia.SMS });
  const sent = (await newest(server, "+14155550142", "sms")).code;
  await client.verifyPhone({ countryCode: "US", phone: "4155550142", token: sent });
  await client.getPhoneInformation({ countryCode: "US", phone: "4155550142" });
  await client.deleteUser({ authyId: id });
  await assert.rejects(client.getUserStatus({ authyId: id }), /User not found/);
});

test("a paired phone is registered, and texts are not sent unless forced", async () => {
  const user = await newPhoneUser();
  const { status } = await client.getUserStatus({ authyId: user.id });
  assert.deepEqual([status.registered, status.confirmed, status.devices], [true, true, ["android"]]);
  const before = (await outbox(server, e164(user.number))).length;
  const ignored = await client.requestSms({ authyId: user.id });
  assert.deepEqual([ignored.ignored, ignored.success, ignored.device], [true, true, "android"]);
  assert.match((await client.requestCall({ authyId: user.id })).message, /User is using  App Tokens/);
  assert.equal((await outbox(server, e164(user.number))).length, before);
  assert.equal((await client.requestSms({ authyId: user.id }, { force: true })).ignored, undefined);
});

test("approval requests: asked, answered, told by a signed callback [68]", async () => {
  assert.equal(run("app", "set", "shop", `callback_url=${receiver.url}`).code, 0);
  const preset = JSON.parse((await receiver.take()).body);
  assert.strictEqual(preset.authy_id, 1234);
  assert.ok(preset.approval_request.transaction);

  const user = await newPhoneUser();
  for (const decision of ["approved", "denied"]) {
    const { approval_request: { uuid } } = await client.createApprovalRequest({
      authyId: user.id, message: "Sign in to the shop",
      details: { visible: { Username: "jdoe", Location: "Köln, DE" }, hidden: { transaction_id: "TR1" } },
      logos: [{ res: "default", url: "https://example.com/logo.png" }],
    }, { ttl: 120 });
    assert.equal((await client.getApprovalRequest({ id: uuid })).approval_request.status, "pending");
    const asked = await user.phone.asked();
    await user.phone.answer(asked, decision, "");
    const { approval_request: answered } = await client.getApprovalRequest({ id: uuid });
    assert.equal(answered.status, decision);
    assert.ok(answered.processed_at);
    assert.equal((await old.check_approval_status(uuid)).approval_request.status, decision);

    const callback = await receiver.take();
    assert.deepEqual([callback.method, callback.url, callback.httpVersion], ["POST", "/authy/callback", "1.1"]);
    assert.ok(callback.raw.includes("X-Authy-Signature") && callback.raw.includes("X-Authy-Signature-Nonce"));
    const body = JSON.parse(callback.body);
    assert.strictEqual(body.authy_id, user.id);
    assert.deepEqual([body.uuid, body.status], [uuid, decision]);
    assert.deepEqual(body.approval_request.transaction.hidden_details, { transaction_id: "TR1" });
    assert.deepEqual(body.approval_request.transaction.details, { Username: "jdoe", Location: "Köln, DE" });
    const request = { body, headers: { ...callback.headers, host: new URL(receiver.url).host }, method: "POST", protocol: "http", url: "/authy/callback" };
    await client.verifyCallback(request);
    // as those verify it who use npm authy, which leaves that to its user: by the reference alone
    assert.equal(callbackSignature(app.api_key, callback.headers["x-authy-signature-nonce"], "POST", receiver.url, toQuery(body)), callback.headers["x-authy-signature"]);
    request.body.status = decision === "approved" ? "denied" : "approved";
    await assert.rejects(client.verifyCallback(request));
  }
});

test("three refused callbacks switch them off, setting the URL again switches them on", async () => {
  const user = await newPhoneUser();
  receiver.answer = 500;
  for (let i = 0; i < 3; i++) {
    await client.createApprovalRequest({ authyId: user.id, message: `Number ${i}` });
    await user.phone.answer(await user.phone.asked(), "approved", "");
    await receiver.take();
  }
  await eventually(() => assert.equal(JSON.parse(run("app", "show", "shop", "--json").out).callback_url, ""));
  receiver.answer = 200;
  assert.equal(run("app", "set", "shop", `callback_url=${receiver.url}`).code, 0);
  assert.strictEqual(JSON.parse((await receiver.take()).body).authy_id, 1234);
});

test("callbacks: a reset is tried again, a redirect is not followed", async () => {
  const user = await newPhoneUser();
  const approve = async (message) => {
    const { approval_request: { uuid } } = await client.createApprovalRequest({ authyId: user.id, message });
    await user.phone.answer(await user.phone.asked(), "approved", "");
    return uuid;
  };
  receiver.answer = "reset";
  const uuid = await approve("lost");
  assert.equal(JSON.parse((await receiver.take()).body).uuid, uuid);
  receiver.answer = 302;
  assert.equal(JSON.parse((await receiver.take()).body).uuid, uuid);
  receiver.answer = 200;
  const next = await approve("after");
  const got = await receiver.take();
  assert.deepEqual([got.url, JSON.parse(got.body).uuid], ["/authy/callback", next]);
  assert.equal(JSON.parse(run("app", "show", "shop", "--json").out).callback_url, receiver.url, "one failure is not three");
});

test("a sign-in as the tutorials have it: push, denied, then a token", async () => {
  const user = await newPhoneUser();
  const { status } = await client.getUserStatus({ authyId: user.id });
  assert.equal(status.registered, true); // so: push
  const asked = await client.createApprovalRequest({ authyId: user.id, message: "Sign in" });
  await user.phone.answer(await user.phone.asked(), "denied", "");
  const callback = JSON.parse((await receiver.take()).body);
  assert.deepEqual([callback.uuid, callback.status], [asked.approval_request.uuid, "denied"]);
  await client.requestSms({ authyId: user.id }, { force: true });
  await client.verifyToken({ authyId: user.id, token: await codeTo(user.number) });
});

test("GET callbacks carry what they sign", async () => {
  assert.equal(run("app", "set", "shop", "callback_method=GET").code, 0);
  assert.equal(run("app", "set", "shop", `callback_url=${receiver.url}`).code, 0);
  assert.equal((await receiver.take()).method, "GET"); // the preset test call
  const user = await newPhoneUser();
  await client.createApprovalRequest({ authyId: user.id, message: "By GET" });
  await user.phone.answer(await user.phone.asked(), "approved", "");
  const callback = await receiver.take();
  assert.deepEqual([callback.method, callback.body], ["GET", ""]);
  assert.equal(new URL(callback.url, receiver.url).searchParams.get("authy_id"), String(user.id));
  const [, query] = callback.url.split("?");
  assert.equal(callbackSignature(app.api_key, callback.headers["x-authy-signature-nonce"], "GET", receiver.url, query), callback.headers["x-authy-signature"]);
  assert.equal(run("app", "set", "shop", "callback_method=POST").code, 0);
});

test("authy: approval requests need a registered phone", async () => {
  const { id } = await newUser();
  const message = { message: "Hello", details: { Username: "jdoe" }, seconds_to_expire: 60 };
  await assert.rejects(old.send_approval_request(id, message, {}, null), refusal(400, "60050"));
  const user = await newPhoneUser();
  const { approval_request: { uuid } } = await old.send_approval_request(user.id, message, { a: "b" }, [{ res: "default", url: "https://example.com/l.png" }]);
  assert.match(uuid, /^[0-9a-f-]{36}$/);
  assert.match((await user.phone.asked()).shown, /jdoe/);
  await assert.rejects(old.check_approval_status("8d031630-d15b-0134-b0a8-0a77bbe8093e"), refusal(404, "60049", /^Approval request not found: 8d03/));
});

test("a wrong key is refused by both", async () => {
  const wrong = "0".repeat(32);
  await assert.rejects(promisify((cb) => authy(wrong, server.url).user_status(1, cb))(), refusal(401, "60001", /invalid api key/i));
  await assert.rejects(new Client({ key: wrong }, { host: server.url }).getApplicationDetails(), /Invalid API key/i);
});

// --- every call they have, failing as it should; a call that a later version adds is missed here --------

const nobody = 99, right = { countryCode: "US", phone: "4155550142" };
const failures = { // [a call that must fail, the error's code]
  createApprovalRequest: [() => client.createApprovalRequest({ authyId: nobody, message: "m" }), "60026"],
  deleteUser: [() => client.deleteUser({ authyId: nobody }), "60026"],
  getApplicationDetails: [() => stranger.getApplicationDetails(), "60001"],
  getApplicationStatistics: [() => stranger.getApplicationStatistics(), "60001"],
  getApprovalRequest: [() => client.getApprovalRequest({ id: "8d031630-d15b-0134-b0a8-0a77bbe8093e" }), "60049"],
  getPhoneInformation: [() => stranger.getPhoneInformation(right), "60001"],
  getUserStatus: [() => client.getUserStatus({ authyId: nobody }), "60026"],
  registerActivity: [() => client.registerActivity({ authyId: nobody, data: { a: "b" }, type: enums.activity.BANNED }), "60026"],
  registerUser: [() => stranger.registerUser({ ...right, email: "a@example.com" }), "60001"],
  requestCall: [() => client.requestCall({ authyId: nobody }), "60026"],
  requestSms: [() => client.requestSms({ authyId: nobody }), "60026"],
  startPhoneVerification: [() => client.startPhoneVerification({ countryCode: "DE", phone: "03012345678", via: "sms" }), "60082"],
  verifyPhone: [() => client.verifyPhone({ countryCode: "US", phone: "4155550199", token: "1234" }), "60023"],
  verifyToken: [() => client.verifyToken({ authyId: nobody, token: "1234567" }), "60016"],
};
const stranger = new Proxy({}, { get: (_, name) => (...args) => new Client({ key: "0".repeat(32) }, { host: server.url })[name](...args) });

test("authy-client: every call it has fails as it should", async () => {
  const calls = Object.getOwnPropertyNames(Client.prototype).filter((name) => !["constructor", "verifyCallback"].includes(name)); // that one asks nobody
  assert.deepEqual(Object.keys(failures).sort(), calls.sort());
  for (const [name, [call, code]] of Object.entries(failures))
    await assert.rejects(call(), (error) => assert.equal(String((error.body ?? error).error_code ?? error.code), code, `${name}: ${JSON.stringify(error.body ?? error.message)}`) ?? true);
  await assert.rejects(client.verifyCallback({ body: {}, headers: {}, method: "POST", protocol: "http", url: "/authy/callback" }));
  console.log(`# authy-client: ${calls.length + 1} calls`);
});

const oldFailures = {
  register_user: [["not an address", "12", "1"], "60027"],
  delete_user: [[nobody], "60026"],
  user_status: [[nobody], "60026"],
  verify: [[nobody, "1234567", true], "60016"],
  request_sms: [[nobody, true], "60026"],
  request_call: [[nobody, true], "60026"],
  check_approval_status: [["8d031630-d15b-0134-b0a8-0a77bbe8093e"], "60049"],
  send_approval_request: [[nobody, { message: "m" }, {}, null], "60026"],
};
const oldPhoneFailures = {
  verification_start: [["12", "1", "sms"], "60033"],
  verification_check: [["4155550199", "1", "1234"], "60023"],
  verification_status: [["4155550199", "1"], "60023"],
  info: [["12", "1"], "60033"],
};

test("authy: every call it has fails as it should", async () => {
  const calls = Object.getOwnPropertyNames(Object.getPrototypeOf(authy("key", server.url))).filter((name) => !["constructor", "phones", "_request"].includes(name));
  assert.deepEqual(Object.keys(oldFailures).sort(), calls.sort());
  assert.deepEqual(Object.keys(oldPhoneFailures).sort(), Object.keys(authy("key", server.url).phones()).sort());
  for (const [name, [args, code]] of Object.entries(oldFailures))
    await assert.rejects(old[name](...args), refusal(0, code), name);
  for (const [name, [args, code]] of Object.entries(oldPhoneFailures))
    await assert.rejects(old.phones[name](...args), refusal(0, code), name);
  console.log(`# authy: ${calls.length + Object.keys(oldPhoneFailures).length} calls`);
});
