// The Authy dialect: exact bytes, what must be refused, and whole stories. The checklist of what breaks clients is
// authy_section0.test.js, what every row of the route table must withstand authy_walk.test.js. Numbers in
// brackets are those of the list of attacks.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { Client } from "../lib/client.js";
import { Device, tokenOf } from "../lib/device.js";
import { newest, outbox } from "../lib/outbox.js";
import { command, startServer, temporaryFolder } from "../lib/server.js";
import { readOtpauth, totp } from "../lib/totp.js";

let server, app, other, me;
const run = (...args) => command(args, { data_dir: server.dataDir });
const form = { "content-type": "application/x-www-form-urlencoded" };

before(async () => {
  server = await startServer();
  [app, other] = ["shop", "bank"].map((name) => JSON.parse(run("app", "create", name, "--json").out));
  me = new Client(server);
});
after(() => server.stop());

let numbers = 0;
const nextNumber = () => `202555${String(100 + numbers++).padStart(4, "0")}`;

// One request with our key in the header; body may be text or a value for JSON.
function ask(method, path, { body, headers = {}, key = app.api_key } = {}) {
  const json = body !== undefined && typeof body !== "string";
  return me.request(method, path, {
    body: json ? JSON.stringify(body) : body,
    headers: { "x-authy-api-key": key, ...(json ? { "content-type": "application/json" } : body ? form : {}), ...headers },
  });
}

async function userNew({ number = nextNumber(), key = app.api_key, link = false } = {}) {
  const answer = await ask("POST", "/protected/json/users/new", {
    key, body: { user: { email: `u${number}@example.com`, cellphone: number, country_code: "1" }, send_install_link_via_sms: link },
  });
  assert.equal(answer.status, 200, answer.text);
  return { id: answer.json.user.id, number };
}

async function userWithPhone() {
  const user = await userNew({ link: true });
  user.phone = await Device.pair(server, (await newest(server, `+1${user.number}`, "sms")).link);
  return user;
}

function refused(answer, status, code, message) {
  assert.equal(answer.status, status, answer.text);
  const body = answer.json;
  assert.strictEqual(body.error_code, code, answer.text);
  assert.strictEqual(body.success, false);
  assert.equal(typeof body.message, "string");
  assert.equal(typeof body.errors, "object");
  for (const value of Object.values(body.errors)) assert.equal(typeof value, "string"); // go-authy
  if (message) assert.match(body.message, message);
  return body;
}

// --- what answers look like ------------------------------------------------------------------------

// Text with what differs from run to run replaced: N for numbers, S for texts.
const shape = (text, names) => names.reduce((t, name) => t.replace(new RegExp(`("${name}":)("[^"]*"|-?\\d+)`, "g"), (_, k, v) => k + (v[0] === '"' ? '"S"' : "N")), text);

test("exact bytes", async () => {
  const { id, number } = await userNew();
  const last = number.slice(-2), three = "X".repeat(3);
  const rows = [
    ["POST", `/protected/json/users/new`, `user[email]=u@example.com&user[cellphone]=${number}&user[country_code]=1&send_install_link_via_sms=false`,
      `{"message":"User created successfully.","user":{"id":${id}},"success":true}`],
    ["GET", `/protected/json/users/${id}/status`, undefined,
      `{"status":{"authy_id":${id},"confirmed":false,"registered":false,"country_code":1,"phone_number":"${three}-${three}-${number.slice(-4)}","email":"u@example.com","devices":[],"has_hard_token":false,"account_disabled":false,"detailed_devices":[],"deleted_devices":[]},"message":"User status.","success":true}`],
    ["GET", `/protected/json/sms/${id}`, undefined, `{"success":true,"message":"SMS token was sent","cellphone":"+1-${three}-${three}-XX${last}"}`],
    ["GET", `/protected/json/call/${id}`, undefined, `{"success":true,"message":"Call started...","cellphone":"+1-${three}-${three}-XX${last}"}`],
    ["POST", `/protected/json/email/${id}`, undefined, `{"success":true,"message":"Email token was sent","email":"u@example.com","email_id":"S"}`, ["email_id"]],
    ["POST", `/protected/json/users/${id}/register_activity`, "type=password_reset&data[a]=b", `{"message":"Activity was created.","success":true}`],
    ["POST", `/protected/json/users/${id}/update`, "email=u@example.com", `{"message":"User was updated successfully","success":true}`],
    ["GET", `/protected/json/app/details`, undefined, `{"app":{"name":"shop","plan":"pay_as_you_go","sms_enabled":true,"phone_calls_enabled":true,"app_id":N,"onetouch_enabled":true},"message":"Application information.","success":true}`, ["app_id"]],
    ["POST", `/protected/json/phones/verification/start`, `via=sms&country_code=1&phone_number=4155550142`,
      `{"carrier":"","is_cellphone":true,"message":"Text message sent to +1 415-555-0142.","seconds_to_expire":N,"uuid":"S","success":true}`, ["seconds_to_expire", "uuid"]],
    ["GET", `/protected/json/phones/info?country_code=1&phone_number=4155550142`, undefined,
      `{"message":"S","type":"cellphone","provider":"","ported":false,"success":true}`, ["message"]],
    ["GET", `/protected/json/verify/0000000/${id}`, undefined,
      `{"message":"Token is invalid","token":"is invalid","success":false,"errors":{"message":"Token is invalid"},"error_code":"60020"}`],
    ["POST", `/protected/json/users/new`, `user[email]=u@example.com&user[cellphone]=12&user[country_code]=1`,
      `{"message":"User was not valid","success":false,"errors":{"cellphone":"is invalid","message":"User was not valid"},"cellphone":"is invalid","error_code":"60027"}`],
    ["GET", `/onetouch/json/approval_requests/none`, undefined,
      `{"message":"Approval request not found: none","success":false,"errors":{},"error_code":"60049"}`],
  ];
  for (const [method, path, body, want, varying = []] of rows) {
    const answer = await ask(method, path, { body });
    assert.equal(shape(answer.text, varying), want, `${method} ${path}`);
    assert.equal(answer.headers["content-length"], String(answer.bytes.length));
    assert.match(answer.headers["content-type"], /^application\/json/);
  }
});

test("1.4: an unknown address and an empty token", async () => {
  const { id } = await userNew();
  for (const path of ["/protected/json/nothing", `/protected/json/verify//${id}`, "/onetouch/json/x"])
    refused(await ask("GET", path), 404, "60000", /^Requested URL was not found\. Please check http:\/\/docs\.authy\.com\//);
  refused(await ask("GET", "/protected/json/users/new"), 405, "60002");
});

// --- what is refused ---------------------------------------------------------------------------------

test("a wrong, an empty and a foreign kind of key", async () => {
  for (const key of ["0".repeat(32), "", app.auth_token, "x".repeat(5000)]) {
    const answer = await ask("GET", "/protected/json/app/details", { key });
    refused(answer, 401, "60001", /^Invalid API key$/);
  }
});

test("parameters that are missing or wrong", async () => {
  const { id } = await userNew();
  const rows = [
    ["POST", "/protected/json/users/new", "", 400, "60030"],
    ["POST", "/protected/json/users/new", "user[email]=x&user[cellphone]=4155550142", 400, "60027"],
    ["POST", "/protected/json/users/new", "user[email]=a@b.co&user[cellphone]=4155550142&user[country_code]=USA", 400, "60027"],
    ["POST", `/protected/json/users/${id}/update`, "email=nobody", 400, "60027"],
    ["POST", `/protected/json/users/${id}/register_activity`, "type=dancing", 400, "60029"],
    ["POST", "/protected/json/phones/verification/start", "via=sms&phone_number=4155550142", 400, "60004"],
    ["POST", "/protected/json/phones/verification/start", "via=pigeon&country_code=1&phone_number=4155550142", 400, "60004"],
    ["POST", "/protected/json/phones/verification/start", "via=sms&country_code=1&phone_number=4155550142&code_length=3", 400, "60004"],
    ["POST", "/protected/json/phones/verification/start", "via=sms&country_code=1&phone_number=4155550142&custom_message=hi", 403, "60091"],
    ["POST", "/protected/json/phones/verification/start", "via=sms&country_code=1&phone_number=9005550142", 400, "60033"],
    ["POST", "/protected/json/phones/verification/start", "via=sms&country_code=49&phone_number=3012345678", 400, "60082"],
    ["GET", "/protected/json/verify/1234567/99", undefined, 404, "60016"],
    ["POST", `/onetouch/json/users/${id}/approval_requests`, "details[a]=b", 400, "60004"],
    ["POST", `/onetouch/json/users/${id}/approval_requests`, "message=m&details[1]=b", 400, "60080"],
    ["POST", `/onetouch/json/users/${id}/approval_requests`, "message=m&logos[][res]=low&logos[][url]=https://example.com/l.png", 400, "60080"],
    ["POST", `/onetouch/json/users/${id}/approval_requests`, "message=m&seconds_to_expire=-1", 400, "60004"],
    ["POST", `/onetouch/json/users/${id}/approval_requests`, "message=m&hidden_details[a][b][c][d][e]=f", 400, "60002"],
    ["POST", `/protected/json/users/${id}/update?email=b@c.co`, "email=a@b.co", 400, "60002"],
    ["GET", `/protected/json/verify/1234567/${id}?action=pay&action=`, undefined, 400, "60002"],
  ];
  for (const [method, path, body, status, code] of rows) refused(await ask(method, path, { body }), status, code);
});

test("wrong tokens pause, whatever is asked for in between [9-12]", async () => {
  const { id, number } = await userNew();
  const guess = async () => (await ask("GET", `/protected/json/verify/000000/${id}`)).json.error_code;
  await ask("GET", `/protected/json/sms/${id}`);
  for (let i = 0; i < 4; i++) assert.equal(await guess(), "60020");
  await ask("GET", `/protected/json/sms/${id}`); // the same code again: no new tries
  await ask("POST", "/protected/json/phones/verification/start", { body: { via: "sms", country_code: 1, phone_number: number } });
  assert.equal((await ask("GET", `/protected/json/phones/verification/check?country_code=1&phone_number=${number}&verification_code=00`)).json.error_code, "60022");
  const paused = await ask("GET", `/protected/json/verify/000000/${id}`);
  refused(paused, 429, "60003");
  assert.ok(Number(paused.headers["retry-after"]) > 0);
  refused(await ask("GET", `/protected/json/sms/${id}`), 429, "60003");
});

test("a sixth text message within ten minutes is refused", async () => {
  const { id } = await userNew();
  for (let i = 0; i < 5; i++) assert.equal((await ask("GET", `/protected/json/sms/${id}`)).status, 200);
  refused(await ask("GET", `/protected/json/sms/${id}`), 429, "60003");
});

// --- whole stories --------------------------------------------------------------------------------

test("a token is for the action that it was sent for [17]", async () => {
  const { id, number } = await userNew();
  await ask("GET", `/protected/json/sms/${id}?action=pay`);
  const { code } = await newest(server, `+1${number}`, "sms");
  refused(await ask("GET", `/protected/json/verify/${code}/${id}`), 401, "60020");
  refused(await ask("GET", `/protected/json/verify/${code}/${id}?action=other`), 401, "60020");
  assert.equal((await ask("GET", `/protected/json/verify/${code}/${id}?action=pay`)).status, 200);
});

test("with the address of a user, what was mailed to the old one ends: token and link", async () => {
  const number = nextNumber(), fields = { email: "old@example.com", cellphone: number, country_code: 1 };
  const { json } = await ask("POST", "/protected/json/users/new", { body: { user: fields, send_install_link_via_sms: false } });
  const { id } = json.user, update = (email) => ask("POST", `/protected/json/users/${id}/update`, { body: { email } });
  const link = tokenOf((await newest(server, "old@example.com", "email")).link);
  await ask("POST", `/protected/json/email/${id}`);
  const { code } = await newest(server, "old@example.com", "email");

  assert.equal((await update("new@example.com")).status, 200);
  refused(await ask("GET", `/protected/json/verify/${code}/${id}`), 401, "60020");
  assert.equal((await Device.askToPair(server, link)).status, 410);
  await ask("POST", "/protected/json/users/new", { body: { user: { ...fields, email: "new@example.com" }, send_install_link_via_sms: false } });
  const fresh = (await outbox(server, "new@example.com")).find((mail) => mail.link);
  assert.ok(fresh, "the new address gets a link of its own");

  await ask("POST", `/protected/json/email/${id}`);
  const again = (await newest(server, "new@example.com", "email")).code;
  assert.equal((await update("new@example.com")).status, 200);
  assert.equal((await ask("GET", `/protected/json/verify/${again}/${id}`)).status, 200, "the same address: no change");
});

test("a paired device shows a token of its own, good once, for as long as it is paired", async () => {
  assert.equal(run("app", "set", "shop", "code_digits=7").code, 0);
  const user = await userWithPhone();
  const soft = readOtpauth(user.phone.soft_token);
  assert.deepEqual([soft.issuer, soft.digits, soft.period, soft.algorithm], ["shop", 7, 30, "SHA1"]);
  assert.equal((await ask("GET", `/protected/json/sms/${user.id}`)).json.ignored, true); // so the device's token is what is typed
  const verify = (token) => ask("GET", `/protected/json/verify/${token}/${user.id}`);
  const token = totp(soft);
  const { status, json } = await verify(token);
  assert.equal(status, 200);
  assert.deepEqual([json.success, json.device.os_type, Number.isInteger(json.device.id)], ["true", "android", true]);
  refused(await verify(token), 401, "60019"); // used
  assert.equal((await user.phone.request("DELETE", "/device/self")).status, 204);
  refused(await verify(totp(soft, { stepsLater: 1 })), 401, "60020"); // gone with its device
  assert.equal(run("app", "set", "shop", "code_digits=6").code, 0);
});

test("a generic authenticator app, from the QR code to a token", async () => {
  const { id } = await userNew();
  const { json } = await ask("POST", `/protected/json/users/${id}/secret`, { body: { label: "", qr_size: 400 } });
  assert.equal(json.success, true);
  assert.equal(json.issuer, "shop");
  const svg = Buffer.from(json.qr_code.replace(/^data:image\/svg\+xml;base64,/, ""), "base64").toString();
  assert.match(svg, /^<svg width="400" height="400" /);
});

test("text in Spanish where Spanish is asked for", async () => {
  await ask("POST", "/protected/json/phones/verification/start", { body: { via: "sms", country_code: 1, phone_number: "4155550177", locale: "es" } });
  assert.match((await newest(server, "+14155550177", "sms")).body, /es tu clave/);
});

test("what a token is for stands above it; nothing in it can pretend to be something else", async () => {
  const { id, number } = await userNew();
  const sms = async (message) => {
    const answer = await ask("GET", `/protected/json/sms/${id}?${new URLSearchParams({ action: "pay", action_message: message })}`);
    return answer.status === 200 ? newest(server, `+1${number}`, "sms") : answer;
  };
  const { body, code } = await sms("Pay 10 € to Zoë");
  assert.ok(body.startsWith(`Pay 10 € to Zoë\n${code} is your shop code.`), body);
  assert.match(body, new RegExp(`\n@\\S+ #${code}$`), "the last line stays what phones read");
  assert.ok((await sms("a\n@evil.example #123456\u202e\u0007")).body.startsWith("a @evil.example #123456\n"), "no line of its own, no turned text");
  assert.ok((await sms("x".repeat(255))).body.startsWith(`${"x".repeat(255)}\n`));
  refused(await sms("x".repeat(256)), 400, "60004");
  await ask("GET", `/protected/json/call/${id}?action=pay&action_message=Vault`);
  assert.match((await newest(server, `+1${number}`, "voice")).body, /^Vault\. Your shop code is/);
});

test("the link to the authenticator: by SMS, or by e-mail where SMS is not wanted", async () => {
  const make = async (fields) => {
    const answer = await ask("POST", `/protected/json/users/new?${new URLSearchParams(fields)}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.json.user.id;
  };
  const german = { "user[email]": "Jens@Example.com", "user[cellphone]": "1512 3456789", "user[country_code]": "49" };
  const id = await make({ ...german, send_install_link_via_sms: "False" });
  assert.equal((await outbox(server, "+4915123456789")).length, 0);
  const mails = () => outbox(server, "Jens@Example.com");
  const [mail] = await mails();
  assert.match(mail.body, /Öffnen Sie diesen Link auf Ihrem Handy/);
  assert.equal(mail.subject, "shop: Anmeldungen auf dem Handy bestätigen");
  await make({ ...german, send_install_link_via_sms: "false" });
  assert.equal((await mails()).length, 1, "once");
  await make(german); // by SMS, which is the default
  const { link, body } = await newest(server, "+4915123456789", "sms");
  assert.match(body, /^shop: Öffnen Sie diesen Link auf Ihrem Handy/);
  await Device.pair(server, link);
  assert.equal((await Device.askToPair(server, mail.link.split("#pair=")[1])).status, 410, "one pairing ends the other links");
  assert.equal((await ask("GET", `/protected/json/users/${id}/status`)).json.status.registered, true);
  await make(german);
  assert.equal((await outbox(server, "+4915123456789")).length, 1, "whoever has a device needs no link");
});

test("imported users get the link too, when the application says that it wants no SMS", async () => {
  const number = nextNumber(), file = path.join(temporaryFolder(), "users.csv");
  fs.writeFileSync(file, `authy_id,email,country_code,cellphone\n7654399,imported@example.com,1,${number}\n`);
  assert.equal(run("import", "authy", "shop", file).code, 0);
  for (let i = 0; i < 2; i++) await ask("POST", "/protected/json/users/new", { body: { user: { email: "imported@example.com", cellphone: number, country_code: 1 }, send_install_link_via_sms: false } });
  assert.equal((await outbox(server, `+1${number}`)).length, 0);
  assert.deepEqual((await outbox(server, "imported@example.com")).map((m) => m.subject), ["Approve shop sign-ins on your phone"]);
});

test("registration by a token that the application signed", async () => {
  const number = (await ask("GET", "/protected/json/app/details")).json.app.app_id;
  const now = Math.floor(Date.now() / 1000);
  const jwt = (claims, key = app.api_key) => {
    const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const text = `${part({ alg: "HS256", typ: "JWT" })}.${part({ iss: "shop", iat: now, exp: now + 300.5, context: { custom_user_id: "user-1", authy_app_id: number }, ...claims })}`;
    return `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
  };
  const open = (token) => new Client(server).get(`/protected/json/registrations/pair?token=${token}`);
  const status = () => ask("GET", "/protected/json/registrations/status?custom_user_id=user-1");
  refused(await status(), 404, "60035");
  refused(await open(jwt({}, "another key")), 401, "60101");
  refused(await open("nonsense"), 401, "60101");
  refused(await open(jwt({ exp: now - 100 })), 401, "60086");
  const answer = await open(jwt({}));
  assert.equal(answer.status, 303, answer.text);
  assert.equal((await status()).text, '{"registration":{"status":"pending"},"success":true}');
  const phone = await Device.pair(server, server.url + answer.location);
  const done = (await status()).json.registration;
  assert.equal(done.status, "completed");
  refused(await open(jwt({})), 401, "60086"); // good for one device
  await ask("POST", `/onetouch/json/users/${done.authy_id}/approval_requests`, { body: { message: "Hello" } });
  assert.equal((await phone.asked()).shows.message, "Hello");
});

test("a registration token pairs one device, however often it is opened and whatever becomes of that device", async () => {
  const { app_id: number } = (await ask("GET", "/protected/json/app/details")).json.app;
  const now = Math.floor(Date.now() / 1000);
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const token = (jti) => {
    const text = `${part({ alg: "HS256", typ: "JWT" })}.${part({ exp: now + 300, jti, context: { custom_user_id: "user-2", authy_app_id: number } })}`;
    return `${text}.${createHmac("sha256", app.api_key).update(text).digest("base64url")}`;
  };
  const open = (one) => new Client(server).get(`/protected/json/registrations/pair?token=${one}`);
  const pair = (answer) => Device.askToPair(server, tokenOf(server.url + answer.location));
  const [first, second] = [token(1), token(2)];
  const answers = [await open(first), await open(first), await open(second)];
  assert.deepEqual(answers.map((a) => a.status), [303, 303, 303]);
  assert.equal(answers[0].location, answers[1].location, "one token is one link");
  assert.notEqual(answers[0].location, answers[2].location);
  const phone = await Device.pair(server, server.url + answers[0].location);
  for (const answer of answers) assert.equal((await pair(answer)).status, 410);
  assert.equal((await phone.request("DELETE", "/device/self")).status, 204);
  refused(await open(first), 401, "60086");
  refused(await open(second), 401, "60086", undefined);
  assert.equal((await pair(await open(token(3)))).status, 201, "the application may let in another one");
});

test("of several invitations by SMS the first that is used ends the others", async () => {
  const user = await userNew({ link: true });
  await userNew({ number: user.number, link: true });
  const links = (await outbox(server, `+1${user.number}`)).filter((m) => m.channel === "sms").map((m) => m.link);
  assert.equal(new Set(links).size, 2);
  await Device.pair(server, links[0]);
  for (const link of links) assert.equal((await Device.askToPair(server, tokenOf(link))).status, 410);
});

test("a device is removed by the number that its user's status shows, by its own application only", async () => {
  const user = await userWithPhone();
  const { detailed_devices: [{ device_id: id }] } = (await ask("GET", `/protected/json/users/${user.id}/status`)).json.status;
  refused(await ask("DELETE", `/protected/json/sdk/devices/${id}`, { key: other.api_key }), 404, "60092");
  refused(await ask("DELETE", "/protected/json/sdk/devices/tony"), 404, "60092");
  assert.equal((await ask("DELETE", `/protected/json/sdk/devices/${id}`)).text, '{"message":"Device was deleted","success":true}');
  assert.notEqual((await user.phone.request("GET", "/device/challenges")).status, 200);
  assert.equal((await ask("GET", `/protected/json/users/${user.id}/status`)).json.status.registered, false);
  refused(await ask("DELETE", `/protected/json/sdk/devices/${id}`), 404, "60092");
});

test("a removed user's devices and requests are gone", async () => {
  const user = await userWithPhone();
  await ask("POST", `/onetouch/json/users/${user.id}/approval_requests`, { body: { message: "m" } });
  assert.equal((await ask("POST", `/protected/json/users/delete/${user.id}`)).json.message, "User removed from application");
  assert.notEqual((await user.phone.request("GET", "/device/challenges")).status, 200);
  refused(await ask("POST", `/protected/json/users/delete/${user.id}`), 404, "60026");
});

test("a ban of pushes: the eleventh unanswered request is refused [58]", async () => {
  const user = await userWithPhone();
  for (let i = 0; i < 10; i++)
    assert.equal((await ask("POST", `/onetouch/json/users/${user.id}/approval_requests`, { body: { message: `m${i}` } })).status, 200);
  refused(await ask("POST", `/onetouch/json/users/${user.id}/approval_requests`, { body: { message: "m" } }), 429, "60003");
});

test("users come over with their ids", async () => {
  const file = path.join(temporaryFolder(), "users.csv");
  const number = nextNumber();
  fs.writeFileSync(file, `id,Email,country_code,phone,since\r\n7654321,"ann@example.com",1,${number},2019\r\n` +
    `tony,x@example.com,1,${nextNumber()},\n99,nobody,1,${nextNumber()},\n98,a@b.co,1,12,\n"97,\n`);
  for (let i = 0; i < 2; i++) { // again changes nothing
    const done = run("import", "authy", "shop", file);
    assert.equal(done.code, 0, done.err);
    assert.match(done.out, /^Imported 1 users into "shop"; 4 rows were refused\.\n$/);
    assert.match(done.err, /line 3: authy_id[^]*line 4: email[^]*line 5: country_code/);
  }
  assert.equal((await ask("GET", "/protected/json/users/7654321/status")).json.status.email, "ann@example.com");
  assert.equal((await userNew({ number })).id, 7654321);
  assert.equal((await outbox(server, `+1${number}`)).length, 0);
  const json = path.join(temporaryFolder(), "users.json");
  fs.writeFileSync(json, JSON.stringify([{ authy_id: 7654321, email: "b@example.com", country_code: "1", cellphone: nextNumber() },
    { authy_id: 7654322, email: "b@example.com", country_code: 1, cellphone: nextNumber() }]));
  assert.deepEqual(JSON.parse(run("import", "authy", "shop", json, "--json").out), { imported: 1, refused: 1 });
  refused(await ask("GET", "/protected/json/users/7654322/status", { key: other.api_key }), 404, "60026");
});

test("test mode takes the documented token and sends nothing", async () => {
  const lab = JSON.parse(run("app", "create", "lab", "--json").out);
  assert.equal(run("app", "set", "lab", "test_mode=yes").code, 0);
  const { id, number } = await userNew({ key: lab.api_key, link: true });
  assert.equal((await ask("GET", `/protected/json/sms/${id}?force=true`, { key: lab.api_key })).status, 200);
  assert.equal((await outbox(server, `+1${number}`)).length, 0);
  assert.equal((await ask("GET", `/protected/json/verify/0000000/${id}`, { key: lab.api_key })).json.success, "true");
  refused(await ask("GET", `/protected/json/verify/1234567/${id}`, { key: lab.api_key }), 401, "60020");
  const start = await ask("POST", "/protected/json/phones/verification/start", { key: lab.api_key, body: { via: "sms", country_code: 1, phone_number: number, code_length: 4 } });
  assert.deepEqual([start.json.seconds_to_expire, start.json.uuid], [0, null]);
  const check = (code) => ask("GET", `/protected/json/phones/verification/check?country_code=1&phone_number=${number}&verification_code=${code}`, { key: lab.api_key });
  refused(await check("1111"), 401, "60022");
  refused(await check("000"), 401, "60022");
  assert.equal((await check("0000")).status, 200);
  await ask("POST", "/protected/json/phones/verification/start", { key: lab.api_key, body: { via: "call", country_code: 1, phone_number: number } }); // six digits
  assert.equal((await check("0000")).status, 200);
});
