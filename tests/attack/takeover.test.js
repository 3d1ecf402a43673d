// What an intruder with a password or a mailbox cannot keep: found by review, kept by tests.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client } from "../lib/client.js";
import { newest, newestLink, outbox } from "../lib/outbox.js";
import { command, startServer } from "../lib/server.js";
import { e164, newPerson, signIn, signUp, turnOnTotp, wrongCode, enterPassword, getRecoveryCodes, nextTotp } from "../portal/people.js";

let server;
before(async () => (server = await startServer({ operator_email: "ops@example.com", phone_firewall: "on" })));
after(() => server.stop());

test("\"this wasn't me\" after a change of address brings the old one back, and mails the reset there", async () => {
  const ada = await signUp(server);
  const me = await signIn(server, ada);
  const intruder = newPerson().email;
  const page = await me.get("/account/email");
  await me.fill(page, { email: intruder, ...(page.text.includes('name="password"') ? { password: ada.password } : { current_password: ada.password }) }, { action: "/account/email" });
  const confirm = await newestLink(server, intruder, /^\/confirm-email\//);
  await me.fill(await me.get(confirm), {}, { action: confirm });
  assert.match((await me.get("/account")).words, new RegExp(intruder.slice(0, 6)));

  const owner = new Client(server);
  const link = await newestLink(server, ada.email, /^\/not-me\//);
  const mailsToIntruder = (await outbox(server, intruder)).length;
  const done = await owner.fill(await owner.get(link), {}, { action: link });
  assert.ok(done.status < 400, done.words);
  const reset = await newestLink(server, ada.email, /^\/reset-password\//);
  assert.equal((await outbox(server, intruder)).length, mailsToIntruder, "nothing more goes to the new address");
  assert.equal((await me.getJson("/account")).status, 401, "the intruder is out");
  const set = await owner.fill(await owner.get(reset), { password: "another quiet harbour" }, { action: reset });
  assert.equal(set.location, "/login");
  const back = await owner.fill(await owner.get("/login"), { login: ada.email, password: "another quiet harbour" });
  assert.equal(back.status, 303, "the old address signs in again");
});

test("\"this wasn't me\" of a factor that was switched on: it stays, and says who can take it away (49)", async () => {
  const ada = await signUp(server);
  const thief = await signIn(server, ada);
  await turnOnTotp(thief);
  assert.match((await newest(server, ada.email)).body, /An authenticator app was switched on/);
  const owner = new Client(server);
  const link = await newestLink(server, ada.email, /^\/not-me\//);
  const shown = await owner.get(link);
  assert.match(shown.words, /A second factor was turned on/);
  assert.match(shown.words, /ask support to remove it/);
  const done = await owner.follow(await owner.fill(shown, {}, { action: link }));
  assert.match(done.words, /The second factor stays on/);
  assert.doesNotMatch(done.words, /safe/);
  assert.equal((await thief.getJson("/account")).status, 401);
  const reset = await newestLink(server, ada.email, /^\/reset-password\//);
  assert.equal((await owner.fill(await owner.get(reset), { password: "another quiet harbour" }, { action: reset })).location, "/login");
  const { answer } = await enterPassword(server, { ...ada, password: "another quiet harbour" });
  assert.equal(answer.location, "/verify", "a mailbox takes no second step away");

  const told = await newest(server, "ops@example.com");
  assert.match(told.body, new RegExp(`user reset-factors ${ada.username}`));
  assert.equal(command(["user", "reset-factors", ada.username, "--yes"], { data_dir: server.dataDir }).code, 0);
  await signIn(server, { ...ada, password: "another quiet harbour" });
});

test("beginning an enrolment again sends the same code, five times at most", async () => {
  const ada = await signUp(server);
  const me = await signIn(server, ada);
  const codes = new Set(), statuses = [];
  for (let i = 0; i < 8; i++) {
    statuses.push((await me.postJson("/account/security/sms/start", {})).status);
    codes.add((await newest(server, e164(ada), "sms")).code);
  }
  assert.equal(codes.size, 1);
  assert.equal((await outbox(server, e164(ada))).length, 5);
  assert.ok(statuses.slice(5).every((s) => s === 429), statuses.join(" "));
});

test("a code on its way to the number or address that somebody gives up is good for nothing", async () => {
  const ada = await signUp(server);
  const me = await signIn(server, ada);
  const begin = async (kind, to) => {
    assert.equal((await me.postJson(`/account/security/${kind}/start`, {})).status, 200);
    return (await newest(server, to, kind)).code;
  };
  const finish = async (kind, code) => (await me.postJson(`/account/security/${kind}`, { code })).status;

  const texted = await begin("sms", e164(ada));
  await me.postJson("/account/phone", { country_code: "+44", phone: "07400 123457", current_password: ada.password });
  assert.equal(await finish("sms", texted), 410);
  assert.equal(await finish("sms", await begin("sms", "+447400123457")), 200);

  const email = newPerson().email, mailed = await begin("email", ada.email);
  await me.postJson("/account/email", { email, current_password: ada.password });
  const confirm = await newestLink(server, email, /^\/confirm-email\//);
  await me.fill(await me.get(confirm), {}, { action: confirm });
  assert.equal(await finish("email", mailed), 410);
  assert.equal(await finish("email", await begin("email", email)), 200);
  assert.doesNotMatch((await me.get("/account/security")).text, new RegExp(ada.email));
});

test("a pause for one name says nothing of another name", async () => {
  const ada = await signUp(server);
  const me = new Client(server);
  const attempt = async (login) => (await me.postJson("/login", { login, password: "wrong horse battery" })).status;
  for (let i = 0; i < 21; i++) await attempt(ada.username);
  assert.equal(await attempt(ada.username), 429);
  assert.equal(await attempt(ada.email), 401, "the same person by the other name");
  assert.equal(await attempt(newPerson().email), 401, "nobody");
});

test("recovery codes work while another factor is paused", async () => {
  const ada = await signUp(server);
  const me = await signIn(server, ada);
  const app = await turnOnTotp(me);
  const [code] = await getRecoveryCodes(me);
  const { browser } = await enterPassword(server, ada);
  for (let i = 0; i < 6; i++) await browser.postJson("/verify", { code: wrongCode(nextTotp(app)), method: "totp" });
  assert.equal((await browser.postJson("/verify", { code, method: "recovery" })).json.state, "signed_in");
});

test("a session that was left open cannot put another app in place of the one that is on", async () => {
  const ada = await signUp(server);
  const [me, other] = [await signIn(server, ada), await signIn(server, ada)];
  const late = (await other.postJson("/account/security/totp/start", {})).json.secret;
  const app = await turnOnTotp(me);
  const start = await me.postJson("/account/security/totp/start", {});
  assert.deepEqual([start.status, start.json.error?.code], [409, "not_possible"]);
  assert.equal((await me.postJson("/account/security/totp", { code: nextTotp(app) })).status, 410, "nothing is under way");
  assert.equal((await other.postJson("/account/security/totp", { code: nextTotp({ secret: late }) })).status, 401, "begun before, but that session has ended");
  const { browser } = await enterPassword(server, ada);
  assert.equal((await browser.postJson("/verify", { code: nextTotp(app) })).json.state, "signed_in", "the app that was on still is");
});

test("a copy of the cookie is worth nothing once its owner has changed the password", async () => {
  const ada = await signUp(server);
  const me = await signIn(server, ada, { remember: "on" });
  const thief = new Client(server);
  thief.cookies = new Map(me.cookies);
  assert.equal((await thief.getJson("/account")).status, 200);
  const { id } = (await me.getJson("/account")).json.sessions[0];
  const { secret } = (await thief.postJson("/account/security/totp/start", {})).json;
  const changed = await me.postJson("/account/password", { current_password: ada.password, password: "eleven grey herons" });
  assert.deepEqual([changed.status, changed.json.state], [200, "changed"]);
  assert.match(changed.setCookies.join(), /cs_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+/);
  assert.equal((await thief.getJson("/account")).status, 401);
  const { sessions } = (await me.getJson("/account")).json;
  assert.deepEqual(sessions.map((s) => [s.id, s.current]), [[id, true]], "it is the same session");
  assert.equal((await me.postJson("/account/security/totp", { code: nextTotp({ secret }) })).status, 410, "what the copy began is over");
});
