// The same flows for a client that speaks JSON (DESIGN.md section 5).
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { Client } from "../lib/client.js";
import { newest, newestLink } from "../lib/outbox.js";
import { command, root, startServer } from "../lib/server.js";
import { readOtpauth } from "../lib/totp.js";
import { e164, newPerson, nextTotp } from "./people.js";

let server;
before(async () => (server = await startServer()));
after(() => server.stop());

async function signUp() {
  const person = newPerson();
  const me = new Client(server);
  const asked = await me.postJson("/sign-up", person);
  assert.deepEqual([asked.status, asked.json], [200, { state: "check_email", next: "/sign-up/check" }]);
  const link = await newestLink(server, person.email, /^\/confirm\//);
  const done = await me.postJson(link, {});
  assert.deepEqual([done.status, done.json], [200, { state: "confirmed", next: "/login" }]);
  const again = await me.postJson(link, {});
  assert.deepEqual([again.status, again.json.error.code], [410, "expired"]);
  return { person, me };
}

const logIn = (client, person, more = {}) => client.postJson("/login", { login: person.email, password: person.password, ...more });

test("sign up, sign in, look around, sign out", async () => {
  const { person, me } = await signUp();
  const wrong = await logIn(me, { ...person, password: "not the one" });
  assert.equal(wrong.status, 401);
  assert.equal(wrong.json.error.code, "wrong_login");
  assert.equal(typeof wrong.json.error.message, "string");
  const done = await logIn(me, person, { remember: true, next: "/account/edit" });
  assert.deepEqual([done.status, done.json], [200, { state: "signed_in", next: "/account/edit" }]);
  assert.match(done.headers["content-type"], /^application\/json/);
  const { json } = await me.getJson("/account");
  assert.deepEqual([json.name, json.username, json.email, json.email_verified, json.phone, json.phone_verified, json.second_factor],
    [person.name, person.username, person.email, true, e164(person), false, false]);
  assert.equal(json.sessions.length, 1);
  assert.equal(json.sessions[0].current, true);
  assert.equal(json.activity[0].event, "sign_in");
  assert.deepEqual((await me.postJson("/logout", {})).json, { state: "signed_out", next: "/login" });
  const out = await me.getJson("/account");
  assert.deepEqual([out.status, out.json.error.code], [401, "sign_in_required"]);
});

test("an authenticator app and recovery codes", async () => {
  const { person, me } = await signUp();
  await logIn(me, person);
  const start = await me.postJson("/account/security/totp/start", {});
  assert.equal(start.status, 200, start.text);
  const app = readOtpauth(start.json.otpauth_uri);
  assert.equal(app.secret, start.json.secret);
  const wrong = await me.postJson("/account/security/totp", { code: "0" });
  assert.deepEqual([wrong.status, wrong.json.error.code], [401, "wrong_code"]);
  assert.match(wrong.json.error.fields.code, /didn't match/);
  assert.equal((await me.postJson("/account/security/totp", { code: nextTotp(app) })).json.state, "on");
  const { json: security } = await me.getJson("/account/security");
  assert.deepEqual(security.factors.map((f) => [f.kind, f.on]), [["push", false], ["totp", true], ["sms", false], ["voice", false], ["email", false]]);
  const { codes } = (await me.postJson("/account/security/recovery", {})).json;
  assert.equal(codes.length, 10);
  assert.equal((await me.getJson("/account/security")).json.recovery_left, 10);

  const other = new Client(server);
  const login = await logIn(other, person);
  assert.deepEqual([login.json.state, login.json.next, login.json.method, login.json.methods], ["code", "/verify", "totp", ["totp", "recovery"]]);
  assert.deepEqual((await other.getJson("/login/status")).json, { state: "pending", next: "/verify" });
  assert.equal((await other.get("/login/status", { headers: { accept: "text/plain" } })).text, "pending");
  assert.deepEqual((await other.getJson("/account")).json.error.code, "sign_in_required");
  const done = await other.postJson("/verify", { code: codes[0], method: "recovery" });
  assert.deepEqual(done.json, { state: "signed_in", next: "/account" });
  assert.deepEqual((await other.getJson("/login/status")).json, { state: "approved", next: "/account" });
  const over = await other.postJson("/verify", { code: codes[1], method: "recovery" });
  assert.deepEqual([over.status, over.json.error.code], [401, "login_expired"]);
  assert.deepEqual((await new Client(server).getJson("/login/status")).json, { state: "expired", next: "/login" });
});

test("the README's example is what a sign-in answers", async () => {
  const { person, me } = await signUp();
  await logIn(me, person);
  const { secret } = (await me.postJson("/account/security/totp/start", {})).json;
  await me.postJson("/account/security/totp", { code: nextTotp({ secret }) });
  await me.postJson("/account/security/recovery", {});
  const sample = JSON.parse(fs.readFileSync(path.join(root, "README.md"), "utf8").match(/^# (\{"state".*\})$/m)[1]);
  const { json } = await logIn(new Client(server), person);
  assert.match(json.handle, /^[0-9a-f]{16}$/);
  assert.deepEqual({ ...json, handle: sample.handle }, sample);
  assert.deepEqual(Object.keys(json), Object.keys(sample), "and in this order");
});

test("a page that waits hears that the attempt is over, and no other attempt's news", async () => {
  const { person, me } = await signUp();
  await logIn(me, person);
  const { secret } = (await me.postJson("/account/security/totp/start", {})).json;
  await me.postJson("/account/security/totp", { code: nextTotp({ secret }) });
  const { codes } = (await me.postJson("/account/security/recovery", {})).json;

  const waiting = new Client(server), other = new Client(server);
  for (const client of [waiting, other]) assert.equal((await logIn(client, person)).json.state, "code");
  const stream = waiting.events("/login/status");
  const first = stream.next();
  const heard = (await Promise.race([first, new Promise((resolve) => setTimeout(resolve, 50))])) ?? "nothing";
  assert.equal(heard, "nothing");
  assert.equal((await other.postJson("/verify", { code: codes[0], method: "recovery" })).status, 200);
  assert.equal((await waiting.getJson("/login/status")).json.state, "pending");
  const tab = new Client(server);
  tab.cookies = new Map(waiting.cookies);
  assert.equal((await tab.postJson("/verify", { code: codes[1], method: "recovery" })).status, 200);
  const { value } = await first;
  assert.equal(value.event, "state");
  assert.deepEqual(JSON.parse(value.data), { state: "approved", next: "/account" });
  assert.equal((await stream.next()).done, true, "and then it ends");
  assert.equal((await waiting.get("/login/finish")).location, "/login", "nothing to finish");
});

test("codes that are sent: choose, send again, off", async () => {
  const { person, me } = await signUp();
  await logIn(me, person);
  for (const kind of ["sms", "email"]) {
    const started = await me.postJson(`/account/security/${kind}/start`, {});
    assert.equal(started.json.next, `/account/security/${kind}`, started.text);
    const again = await me.postJson(`/account/security/${kind}/resend`, {});
    assert.equal(again.status, 200);
    const { code } = await newest(server, kind === "sms" ? e164(person) : person.email, kind);
    assert.equal((await me.postJson(`/account/security/${kind}`, { code })).json.state, "on");
  }
  const twice = await me.postJson("/account/security/sms/start", {});
  assert.deepEqual([twice.status, twice.json.error.code], [409, "not_possible"]);

  const other = new Client(server);
  const login = (await logIn(other, person)).json;
  assert.deepEqual([login.method, login.methods], ["sms", ["sms", "email"]]);
  assert.match(login.to, /^\+49 ••• ••• \d{4}$/);
  assert.ok(login.resend_after_s > 0 && login.resend_after_s <= 30);
  assert.equal((await other.postJson("/resend", {})).json.method, "sms");
  assert.equal((await other.postJson("/verify/method", { method: "email" })).json.method, "email");
  const unknown = await other.postJson("/verify/method", { method: "voice" });
  assert.deepEqual([unknown.status, unknown.json.error.code], [400, "unknown_method"]);
  const { code } = await newest(server, person.email, "email");
  assert.equal((await other.postJson("/verify", { code })).json.state, "signed_in");

  const off = (await other.postJson("/account/security/email/off", {})).json;
  assert.deepEqual([off.state, off.next, off.method], ["code", "/verify", "sms"]);
  const proof = await newest(server, e164(person), "sms");
  assert.deepEqual((await other.postJson("/verify", { code: proof.code })).json, { state: "signed_in", next: "/account/security" });
  assert.deepEqual((await other.getJson("/account/security")).json.factors.filter((f) => f.on).map((f) => f.kind), ["sms"]);
});

test("a new password by mail", async () => {
  const { person, me } = await signUp();
  assert.deepEqual((await me.postJson("/reset-password", { email: person.email })).json, { state: "check_email", next: "/reset-password/sent" });
  const link = await newestLink(server, person.email, /^\/reset-password\//);
  const weak = await me.postJson(link, { password: "12345678" });
  assert.deepEqual([weak.status, Object.keys(weak.json.error.fields)], [400, ["password"]]);
  assert.deepEqual((await me.postJson(link, { password: "seven small boats" })).json, { state: "reset", next: "/login" });
  assert.equal((await me.postJson(link, { password: "seven small boats" })).status, 410);
  assert.equal((await logIn(me, { ...person, password: "seven small boats" })).json.state, "signed_in");
});

test("profile, password, e-mail and phone", async () => {
  const { person, me } = await signUp();
  const taken = (await signUp()).person.username;
  await logIn(me, person);
  const conflict = await me.postJson("/account/edit", { name: "A", username: taken });
  assert.deepEqual([conflict.status, conflict.json.error.code], [409, "username_taken"]);
  const wrong = await me.postJson("/account/password", { current_password: "nope nope nope", password: "eleven grey herons" });
  assert.deepEqual([wrong.status, wrong.json.error.code], [401, "wrong_password"]);
  const current_password = person.password;
  assert.equal((await me.postJson("/account/password", { current_password, password: "eleven grey herons" })).json.state, "changed");
  person.password = "eleven grey herons";
  assert.equal((await me.postJson("/account/email", { email: `n-${person.email}`, current_password: person.password })).json.state, "check_email");
  assert.equal((await me.postJson("/account/phone", { country_code: "1", phone: "415 555 0142", current_password: person.password })).json.state, "changed");
  assert.equal((await me.getJson("/account")).json.phone, "+14155550142");
});

test("a policy that demands a second factor leads into enrolment and nowhere else", async () => {
  const strict = await startServer();
  const set = command(["app", "set", "Countersign", "policy=required"], { data_dir: strict.dataDir });
  assert.equal(set.code, 0, set.err);
  const person = newPerson();
  const me = new Client(strict);
  await me.postJson("/sign-up", person);
  await me.postJson(await newestLink(strict, person.email, /^\/confirm\//), {});
  const login = await logIn(me, person);
  assert.deepEqual(login.json, { state: "enrol", next: "/account/security" });
  const page = await me.get("/account/security");
  assert.match(page.words, /Add a second proof/);
  for (const path of ["/account", "/account/edit", "/account/password"]) {
    assert.equal((await me.get(path)).location, "/account/security", path);
    assert.equal((await me.getJson(path)).json.error.code, "enrol_required", path);
  }
  const { secret } = (await me.postJson("/account/security/totp/start", {})).json;
  const former = new Client(strict);
  former.cookies = new Map(me.cookies);
  assert.equal((await me.postJson("/account/security/totp", { code: nextTotp({ secret }) })).json.state, "on");
  assert.equal((await me.get("/account")).status, 200);
  assert.notEqual(me.cookies.get("cs_session"), former.cookies.get("cs_session"));
  assert.equal((await former.getJson("/account")).status, 401, "the cookie of before");
  const off = await me.postJson("/account/security/totp/off", {});
  assert.deepEqual([off.status, off.json.error.code], [409, "last_factor"]);
  const again = new Client(strict);
  assert.equal((await logIn(again, person)).json.state, "code");
  await strict.stop();
});
