// The checklist of what breaks clients, section 0 of the dialect's reference: one test for each number, on raw
// bytes. The last test counts them. "corpus" is every kind of answer there is, good and bad, made once.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { signedRequest } from "../lib/authy.js";
import { Client } from "../lib/client.js";
import { Device } from "../lib/device.js";
import { newest, outbox } from "../lib/outbox.js";
import { raw } from "../lib/raw.js";
import { Receiver } from "../lib/receiver.js";
import { command, startServer } from "../lib/server.js";

let server, app, me, ear, user, numbers = 0;
const good = {}, bad = {}; // answers by name
const run = (...args) => command(args, { data_dir: server.dataDir });
const form = { "content-type": "application/x-www-form-urlencoded" };
const json = { "content-type": "application/json" };
const nextNumber = () => `209555${String(100 + numbers++).padStart(4, "0")}`;
const query = (fields) => new URLSearchParams(fields);

// With our key in the header unless `headers` says otherwise; an object as body is sent as JSON.
function ask(method, path, { body, headers = {} } = {}) {
  const object = body !== undefined && typeof body !== "string";
  return me.request(method, path, { body: object ? JSON.stringify(body) : body, headers: { "x-authy-api-key": app.api_key, ...(object ? json : body ? form : {}), ...headers } });
}

async function userNew(number = nextNumber(), more = {}) {
  const answer = await ask("POST", "/protected/json/users/new", { body: { user: { email: "someone@example.com", cellphone: number, country_code: "1" }, ...more } });
  assert.equal(answer.status, 200, answer.text);
  return { answer, id: answer.json.user.id, number };
}

async function userWithPhone() {
  const made = await userNew();
  made.phone = await Device.pair(server, (await newest(server, `+1${made.number}`, "sms")).link);
  return made;
}

const code = async (number) => (await newest(server, `+1${number}`, "sms")).code;
const wrong = (right) => (right === "111111" ? "222222" : "111111");

before(async () => {
  server = await startServer({ egress_allow: "127.0.0.0/8" });
  app = JSON.parse(run("app", "create", "shop", "--json").out);
  me = new Client(server);
  ear = await Receiver.start();
  assert.equal(run("app", "set", "shop", `callback_url=${ear.url}`).code, 0);
  await ear.take();
  await corpus();
});
after(async () => {
  ear.stop();
  await server.stop();
});

async function corpus() {
  const plain = await userNew(), { id, number } = plain;
  user = await userWithPhone();
  const api = (path) => `/protected/json/${path}`;
  const phone = { country_code: 1, phone_number: nextNumber() };
  good["users/new"] = plain.answer;
  good.status = await ask("GET", api(`users/${user.id}/status`));
  good.update = await ask("POST", api(`users/${id}/update`), { body: "email=other@example.com" });
  good.register_activity = await ask("POST", api(`users/${id}/register_activity`), { body: { type: "cookie_login", data: { a: "b" } } });
  good.secret = await ask("POST", api(`users/${id}/secret`));
  good.sms = await ask("GET", api(`sms/${id}`));
  good.ignored = await ask("GET", api(`sms/${user.id}`));
  good.call = await ask("GET", api(`call/${id}`));
  good["call ignored"] = await ask("GET", api(`call/${user.id}`));
  good.email = await ask("POST", api(`email/${id}`));
  bad.token = await ask("GET", api(`verify/${wrong(await code(number))}/${id}`));
  good.verify = await ask("GET", api(`verify/${await code(number)}/${id}`));
  bad["token used"] = await ask("GET", api(`verify/${await code(number)}/${id}`));
  good.start = await ask("POST", api("phones/verification/start"), { body: { via: "sms", ...phone } });
  good["start call"] = await ask("POST", api("phones/verification/start"), { body: { via: "call", ...phone } });
  good["verification status"] = await ask("GET", api(`phones/verification/status?${query(phone)}`));
  const sent = await code(phone.phone_number);
  bad.code = await ask("GET", api(`phones/verification/check?${query({ ...phone, verification_code: "x" })}`));
  good.check = await ask("GET", api(`phones/verification/check?${query({ ...phone, verification_code: sent })}`));
  bad["none pending"] = await ask("GET", api(`phones/verification/check?${query({ ...phone, verification_code: sent })}`));
  good.info = await ask("GET", api(`phones/info?${query(phone)}`));
  good.details = await ask("GET", api("app/details"));
  good.stats = await ask("GET", api("app/stats"));
  good.approval = await ask("POST", `/onetouch/json/users/${user.id}/approval_requests`, { body: { message: "m" } });
  const { uuid } = good.approval.json.approval_request;
  good["approval pending"] = await ask("GET", `/onetouch/json/approval_requests/${uuid}`);
  await user.phone.answer(await user.phone.asked(), "approved", "");
  await ear.take();
  good["approval approved"] = await ask("GET", `/onetouch/json/approval_requests/${uuid}`);
  for (const [name, method, path] of [["delete", "POST", "users/ID/delete"], ["remove", "POST", "users/ID/remove"], ["delete first", "POST", "users/delete/ID"]])
    good[name] = await ask(method, api(path.replace("ID", (await userNew()).id)));
  const hooks = "/dashboard/json/application/webhooks", wish = [["url", "https://app.example.com/h"], ["name", "n"], ["events[]", "user_phone_changed"]];
  good["webhook created"] = await signedRequest(me, app, "POST", hooks, wish);
  good["webhooks"] = await signedRequest(me, app, "GET", hooks);
  good["webhook deleted"] = await signedRequest(me, app, "DELETE", `${hooks}/${good["webhook created"].json.webhook.id}`);

  bad.key = await ask("GET", api("app/details"), { headers: { "x-authy-api-key": "0".repeat(32) } });
  bad.user = await ask("GET", api("users/tony/status"));
  bad["user not valid"] = await ask("POST", api("users/new"), { body: { user: { email: "x", cellphone: "12", country_code: "1" } } });
  bad["no parameters"] = await ask("POST", api("users/new"));
  bad.parameter = await ask("POST", api("phones/verification/start"), { body: { via: "sms", phone_number: "4155550142" } });
  bad.approval = await ask("GET", "/onetouch/json/approval_requests/8d031630-d15b-0134-b0a8-0a77bbe8093e");
  bad["not registered"] = await ask("POST", `/onetouch/json/users/${id}/approval_requests`, { body: { message: "m" } });
  bad.url = await ask("GET", api("nothing"));
  bad.method = await ask("PUT", api("app/details"));
  bad.body = await ask("POST", api("users/new"), { body: '{"user":', headers: json });
  bad.registration = await ask("GET", api("registrations/status?custom_user_id=nobody"));
  bad.custom = await ask("POST", api("phones/verification/start"), { body: { via: "sms", ...phone, custom_code: "1234" } });
  bad.message = await ask("POST", api("phones/verification/start"), { body: { via: "sms", ...phone, custom_message: "hi" } });
  bad.activity = await ask("POST", api(`users/${id}/register_activity`), { body: { type: "dancing" } });
  bad.signature = await signedRequest(me, app, "GET", hooks, [], { change: { "x-authy-signature": "x" } });
  for (let i = 0; i < 6; i++) bad["too many"] = await ask("GET", api(`sms/${id}?action=${"again"}`));
}

const covered = new Set();
const requirement = (number, says, check) => {
  covered.add(number);
  test(`${number}: ${says}`, check);
};
const every = (answers, look) => Object.entries(answers).forEach(([name, answer]) => look(answer, name));

// --- 0.1: what clients send --------------------------------------------------------------------------

requirement("0.1-1", "the key in the header, the query, or the form body, also of a POST that has nothing else", async () => {
  const bare = { "x-authy-api-key": undefined };
  assert.equal((await ask("GET", "/protected/json/app/details")).status, 200);
  assert.equal((await ask("GET", `/protected/json/app/details?api_key=${app.api_key}`, { headers: bare })).status, 200);
  const { id } = await userNew();
  assert.equal((await ask("POST", `/protected/json/users/delete/${id}`, { headers: bare, body: `api_key=${app.api_key}` })).status, 200);
  assert.equal((await ask("POST", `/onetouch/json/users/${user.id}/approval_requests`, { headers: bare, body: `api_key=${app.api_key}` })).json.error_code, "60004"); // the key was read
});

requirement("0.1-2", "parameters of a POST as JSON, as a form, or only in the query with an empty body", async () => {
  const fields = (number) => query({ "user[email]": "a+b@example.com", "user[cellphone]": number, "user[country_code]": 1 });
  assert.equal((await userNew()).answer.status, 200);
  assert.equal((await ask("POST", "/protected/json/users/new", { body: `${fields(nextNumber())}` })).status, 200);
  const answer = await ask("POST", `/protected/json/users/new?${fields(nextNumber())}`, { headers: { "content-length": "0" } });
  assert.equal(answer.status, 200, answer.text);
  assert.equal((await ask("GET", `/protected/json/users/${answer.json.user.id}/status`)).json.status.email, "a+b@example.com");
});

requirement("0.1-3", "parameters of a GET in the query, in a form body, or in a JSON body", async () => {
  const phone = { country_code: "1", phone_number: nextNumber() };
  await ask("POST", "/protected/json/phones/verification/start", { body: { via: "sms", ...phone } });
  for (const path of ["phones/verification/status", "phones/info"])
    for (const [target, body] of [[`${path}?${query(phone)}`], [path, `${query(phone)}`], [path, phone]])
      assert.equal((await ask("GET", `/protected/json/${target}`, { body })).status, 200, target);
  const check = { ...phone, verification_code: await code(phone.phone_number) };
  assert.equal((await ask("GET", "/protected/json/phones/verification/check", { body: `${query(check)}` })).status, 200);
  assert.equal((await ask("GET", `/protected/json/users/${user.id}/status`, { body: { user_ip: "198.51.100.7" } })).status, 200);
});

requirement("0.1-4", "a type without a body, and a POST without a length", async () => {
  const send = (line, headers) => raw(server, `${line} HTTP/1.1\r\nHost: x\r\nX-Authy-API-Key: ${app.api_key}\r\n${headers}Connection: close\r\n\r\n`);
  assert.match((await send(`GET /protected/json/users/${user.id}/status`, "Content-Type: application/json\r\n")).text, /^HTTP\/1\.1 200 /);
  for (const headers of ["", "Content-Type: application/json\r\n", "Content-Type: application/json\r\nContent-Length: 0\r\n"])
    assert.match((await send(`POST /protected/json/users/delete/${(await userNew()).id}`, headers)).text, /^HTTP\/1\.1 200 /, headers);
});

requirement("0.1-5", "a form's type on a GET without a body", async () => {
  assert.equal((await ask("GET", `/protected/json/users/${user.id}/status`, { headers: form })).status, 200);
});

requirement("0.1-6", "nested names: brackets raw or escaped, with indexes or without, blanks as %20 or +", async () => {
  const logo = (res) => ({ res, url: `https://example.com/${res}.png` });
  const want = { details: { "Account Number": "9 8 1", "email address": "a+b@c.co" }, hidden: { ip: "10.0.0.1" }, logos: [logo("default"), logo("med")] };
  const indexed = "message=m&details[Account+Number]=9+8%201&details[email%20address]=a%2Bb@c.co&hidden_details[ip]=10.0.0.1" +
    want.logos.map(({ res, url }, i) => `&logos[${i}][res]=${res}&logos[${i}][url]=${url}`).join("");
  const repeated = indexed.replace(/logos\[\d\]/g, "logos[]");
  const escaped = indexed.replace(/\[/g, "%5B").replace(/\]/g, "%5D");
  const asJson = { message: "m", details: want.details, hidden_details: want.hidden, logos: want.logos };
  for (const sent of [{ body: indexed }, { body: repeated }, { body: escaped }, { body: repeated.replace(/\[/g, "%5B").replace(/\]/g, "%5D") }, { query: escaped }, { body: asJson }]) {
    const answer = await ask("POST", `/onetouch/json/users/${user.id}/approval_requests${sent.query ? `?${sent.query}` : ""}`, { body: sent.body });
    assert.equal(answer.status, 200, `${sent.body ?? sent.query}: ${answer.text}`);
    await user.phone.answer(await user.phone.asked(), "approved", "");
    const { approval_request: told } = JSON.parse((await ear.take()).body);
    assert.deepEqual([told.transaction.details, told.transaction.hidden_details, told.logos], [want.details, want.hidden, want.logos]);
  }
});

requirement("0.1-7", "booleans and whole numbers however they are spelled", async () => {
  const links = async (value) => {
    const { number } = await userNew(nextNumber(), { send_install_link_via_sms: value });
    return (await outbox(server, `+1${number}`)).length;
  };
  for (const yes of ["true", "True", "1", true, 1]) assert.equal(await links(yes), 1, String(yes));
  for (const no of ["false", "False", "0", false, 0]) assert.equal(await links(no), 0, String(no));
  for (const country_code of ["1", 1]) assert.equal((await ask("GET", "/protected/json/phones/info", { body: { country_code, phone_number: "4155550142" } })).status, 200);
  for (const force of ["true", "True", "1"]) assert.equal((await ask("GET", `/protected/json/call/${user.id}?force=${force}&action=${force}`)).json.ignored, undefined, force);
});

requirement("0.1-8", "null, {} and [] are as if absent", async () => {
  const body = { message: "m", seconds_to_expire: null, details: {}, logos: [], hidden_details: null };
  const { json: { approval_request: { uuid } } } = await ask("POST", `/onetouch/json/users/${user.id}/approval_requests`, { body });
  assert.equal((await ask("GET", `/onetouch/json/approval_requests/${uuid}`)).json.approval_request.seconds_to_expire, 86400);
  await user.phone.answer(await user.phone.asked(), "approved", "");
  await ear.take();
});

requirement("0.1-9", "a doubled slash is one", async () => {
  const send = (target) => raw(server, `GET ${target} HTTP/1.1\r\nHost: x\r\nX-Authy-API-Key: ${app.api_key}\r\nConnection: close\r\n\r\n`);
  for (const target of [`//protected/json/users/${user.id}/status`, `/protected//json/users//${user.id}/status`])
    assert.match((await send(target)).text, /^HTTP\/1\.1 200 /);
  assert.match((await send("//login")).text, /^HTTP\/1\.1 404 /, "elsewhere it stays unknown");
});

requirement("0.1-10", "json and xml", async () => {
  const status = await ask("GET", `/protected/xml/users/${user.id}/status`);
  assert.match(status.text, /^<\?xml version="1.0" encoding="UTF-8"\?><hash><status><authy-id type="integer">\d+<\/authy-id>.*<registered type="boolean">true<\/registered>.*<\/hash>$/);
  assert.match((await ask("POST", "/protected/xml/users/new", { body: `user[email]=a@example.com&user[cellphone]=${nextNumber()}` })).text, /<hash><message>User created successfully\.<\/message><user><id type="integer">\d+<\/id><\/user>/);
  const error = await ask("GET", "/protected/xml/users/1/status");
  assert.equal(error.status, 404);
  assert.match(error.text, /<errors><message>User not found\.<\/message>.*<error-code>60026<\/error-code>/);
});

requirement("0.1-11", "parameters that nobody knows are ignored", async () => {
  const more = { user_ip: "198.51.100.7", ip: "x", api_key: "of another kind", colour: "red", "a[b][c]": "d" };
  assert.equal((await ask("GET", `/protected/json/app/details?${query(more)}`)).status, 200);
  assert.equal((await ask("POST", `/protected/json/users/${user.id}/update`, { body: { email: "someone@example.com", ...more, a: { b: [1, null] } } })).status, 200);
});

// --- 0.2: what clients look at -----------------------------------------------------------------------

requirement("0.2-1", "success is 200 and nothing else", () => {
  every(good, (answer, name) => assert.equal(answer.status, 200, `${name}: ${answer.text}`));
  every(bad, (answer, name) => assert.ok(answer.status >= 400, `${name}: ${answer.text}`));
});

requirement("0.2-2", "compact JSON, and the token as clients search for it", () => {
  every({ ...good, ...bad }, (answer, name) => assert.equal(JSON.stringify(answer.json), answer.text, name));
  assert.ok(good.verify.text.includes('"token":"is valid"'));
});

requirement("0.2-3", "error_code is a string", () => {
  every(bad, (answer, name) => assert.match(answer.text, /"error_code":"60\d{3}"/, name));
});

requirement("0.2-4", "every error has a body with message and error_code", () => {
  every(bad, ({ json: body }, name) => {
    assert.ok(typeof body.message === "string" && body.message.length > 0, name); // what authy-java reads
    assert.equal(typeof body.error_code, "string", name);
    assert.equal(typeof body.errors, "object", name);
  });
});

requirement("0.2-5", "users/new: no digit but the id's, and neither cellphone nor email", () => {
  const { text, json: { user: { id } } } = good["users/new"];
  assert.equal(text.match(/\d+/g).join(), String(id));
  assert.doesNotMatch(text, /cellphone|email/i);
  assert.equal(text, `{"message":"User created successfully.","user":{"id":${id}},"success":true}`);
});

requirement("0.2-6", "sms: success before the word sent", () => {
  assert.match(good.sms.text, /success.*sent/);
  assert.ok(good.sms.text.startsWith('{"success":true,"message":"SMS token was sent","cellphone":"+1-'), good.sms.text);
});

requirement("0.2-7", "verify: message, token, success, then device; success within the first 19 tokens, nothing empty before", () => {
  assert.ok(good.verify.text.startsWith('{"message":"Token is valid.","token":"is valid","success":"true","device":{'), good.verify.text);
  const tokens = good.verify.text.match(/"(?:[^"\\]|\\.)*"|[{}[\]]|-?\d+|true|false|null/g); // as jsmn counts, and more
  assert.ok(tokens.indexOf('"success"') < 19 && tokens.indexOf('"token"') < 19);
  assert.ok(!tokens.slice(0, tokens.indexOf('"success"') + 2).includes('""'));
});

requirement("0.2-8", "verify: no bar", () => {
  for (const { text } of [good.verify, bad.token, bad["token used"]]) assert.ok(!text.includes("|"));
});

requirement("0.2-9", "a length, one write", async () => {
  every({ ...good, ...bad }, (answer, name) => {
    assert.equal(answer.headers["content-length"], String(answer.bytes.length), name);
    assert.equal(answer.headers["transfer-encoding"], undefined, name);
  });
  const parts = [];
  await raw(server, `GET /protected/json/verify/0000000/${user.id} HTTP/1.1\r\nHost: x\r\nX-Authy-API-Key: ${app.api_key}\r\n\r\n`, { enough: (text) => (parts.push(text), text.includes("error_code")) });
  assert.match(parts.find((text) => text), /\r\n\r\n\{.*\}$/s, "the first bytes that came were all");
});

requirement("0.2-10", "the messages that authy-client and authy-java compare", () => {
  const says = {
    "users/new": "User created successfully.", status: "User status.", verify: "Token is valid.", register_activity: "Activity was created.",
    details: "Application information.", stats: "Monthly statistics.", check: "Verification code is correct.",
  };
  for (const [name, message] of Object.entries(says)) assert.equal(good[name].json.message, message);
  assert.match(good.info.json.message, /^Phone number information as of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
  assert.match(good.start.json.message, /Text message sent/i);
  assert.match(good["start call"].json.message, /Call to .* initiated/i);
  assert.ok(good["call ignored"].json.message.includes("User is using  App Tokens"));
});

requirement("0.2-11", "the types that authy-client asserts", () => {
  const { status } = good.status.json;
  for (const name of ["has_hard_token", "confirmed", "registered"]) assert.equal(typeof status[name], "boolean", name);
  assert.ok(Number.isInteger(status.country_code));
  assert.strictEqual(good.ignored.json.ignored, true);
  assert.equal(typeof good.ignored.json.device, "string");
  assert.ok(!("ignored" in good.sms.json) && !("ignored" in good.call.json));
  assert.equal(typeof good.info.json.provider, "string");
  for (const month of good.stats.json.stats)
    assert.deepEqual(Object.keys(month).sort(), ["api_calls_count", "auths_count", "calls_count", "month", "sms_count", "users_count", "year"]);
  const [pending, approved] = [good["approval pending"].json.approval_request, good["approval approved"].json.approval_request];
  for (const request of [pending, approved]) {
    assert.match(request._user_email, /^\S+@\S+\.\S+$/);
    for (const name of ["created_at", "updated_at"]) assert.match(request[name], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  }
  assert.strictEqual(pending.processed_at, null);
  assert.ok(!Number.isNaN(Date.parse(approved.processed_at)));
});

requirement("0.2-12", "success is a boolean, but for a right token's, which is a string; what go-authy wants as bool is bool", () => {
  every(good, ({ json: body }, name) => assert.strictEqual(body.success, name === "verify" ? "true" : true, name));
  every(bad, ({ json: body }, name) => assert.strictEqual(body.success, false, name));
  const { status } = good.status.json;
  for (const name of ["confirmed", "registered", "has_hard_token", "account_disabled"]) assert.equal(typeof status[name], "boolean");
  assert.equal(typeof good.start.json.is_cellphone, "boolean");
  assert.equal(typeof good["approval pending"].json.approval_request.notified, "boolean");
});

requirement("0.2-13", "errors holds texts only", () => {
  every(bad, ({ json: { errors } }, name) => Object.values(errors).forEach((value) => assert.equal(typeof value, "string", name)));
  assert.deepEqual(bad["user not valid"].json.errors, { email: "is invalid", cellphone: "is invalid", message: "User was not valid" });
});

requirement("0.2-14", "what authy-rs cannot do without", () => {
  assert.equal(typeof good.status.json.status.account_disabled, "boolean");
  assert.equal(typeof good.status.json.status.has_hard_token, "boolean");
  assert.equal(typeof good.details.json.app.onetouch_enabled, "boolean");
  assert.equal(typeof good.start.json.carrier, "string");
});

requirement("0.2-15", "ids are 31-bit integers, and no neighbours [69]", async () => {
  const ids = [];
  for (let i = 0; i < 5; i++) ids.push((await userNew()).id);
  for (const id of [...ids, good.details.json.app.app_id, good.status.json.status.detailed_devices[0].device_id, good["approval pending"].json.approval_request._app_serial_id])
    assert.ok(Number.isInteger(id) && id > 0 && id < 2 ** 31, String(id));
  assert.ok(ids.slice(1).every((id, i) => Math.abs(id - ids[i]) > 1), `neighbours: ${ids}`);
});

requirement("0.2-16", "application/json with its character set", () => {
  every({ ...good, ...bad }, (answer, name) => assert.match(answer.headers["content-type"], /^application\/json; ?charset=utf-8$/, name));
});

test("all of section 0 is here", () => {
  const wanted = [...Array.from({ length: 11 }, (_, i) => `0.1-${i + 1}`), ...Array.from({ length: 16 }, (_, i) => `0.2-${i + 1}`)];
  assert.deepEqual([...covered], wanted);
  console.log(`# section 0: ${covered.size} of ${wanted.length} requirements, on ${Object.keys(good).length} good and ${Object.keys(bad).length} bad answers`);
});
