// Attack 38: whoever has the password and the telephone number asks for the weakest factor. A person may refuse codes
// that are sent; what holds then is tried here through every door of the portal.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client } from "../lib/client.js";
import { newest, outbox } from "../lib/outbox.js";
import { startServer } from "../lib/server.js";
import { e164, enterPassword, getRecoveryCodes, nextTotp, signIn, signUp, turnOnSent, turnOnTotp } from "../portal/people.js";

let server;
before(async () => (server = await startServer()));
after(() => server.stop());

const setFloor = (browser, strong_only) => browser.postJson("/account/security/floor", { strong_only });

// Signed in by name, password and a code of this kind.
async function signInBy(person, method, code) {
  const { browser, answer } = await enterPassword(server, person);
  assert.equal(answer.location, "/verify");
  if (method === "sms") assert.equal((await browser.postJson("/resend", { method })).status, 200);
  const done = await browser.postJson("/verify", { method, code: await code() });
  assert.equal(done.status, 200, done.text);
  return browser;
}

// An authenticator app, text messages and recovery codes are on.
async function someone() {
  const ada = await signUp(server);
  const me = await signIn(server, ada);
  await turnOnSent(server, me, ada, "sms");
  const app = await turnOnTotp(me);
  return { ada, me, app, recovery: await getRecoveryCodes(me) };
}

test("refused, a code that is sent signs nobody in, by whatever door (38)", async () => {
  const { ada, me, recovery } = await someone();
  const texted = async () => (await newest(server, e164(ada), "sms")).code;
  const stolen = await enterPassword(server, ada); // an attempt that was open before
  const page = await stolen.browser.get("/verify");
  await stolen.browser.fill(page, { method: "sms" }, { action: "/resend" });
  const code = await texted();

  const raised = await setFloor(me, true);
  assert.equal(raised.status, 200, raised.text);
  assert.equal((await me.getJson("/account/security")).json.strong_only, true);
  const late = await stolen.browser.postJson("/verify", { method: "sms", code });
  assert.equal(late.status, 400, "the code that was sent before");
  assert.equal((await stolen.browser.getJson("/account")).status, 401);

  const sent = (await outbox(server, e164(ada))).length;
  const thief = new Client(server);
  const asked = await thief.postJson("/login", { login: ada.email, password: ada.password });
  assert.equal(asked.json.method, "totp");
  assert.deepEqual(asked.json.methods.map((m) => m.method ?? m), ["totp", "recovery"]);
  for (const method of ["sms", "voice", "email", "call"]) {
    assert.equal((await thief.postJson("/resend", { method })).status, 400, method);
    assert.equal((await thief.postJson("/verify", { method, code })).status, 400, method);
  }
  assert.equal((await outbox(server, e164(ada))).length, sent, "nothing was sent");
  assert.equal((await thief.getJson("/account")).status, 401);
  const shown = await thief.get("/verify?method=sms");
  assert.match(shown.words, /authenticator app/i);
  assert.doesNotMatch(shown.words, /text message/i);

  await signInBy(ada, "recovery", () => recovery[0]); // what its owner keeps on paper still does
});

test("nor is it lowered by adding a weaker factor later, or by less than a current proof (38)", async () => {
  const ada = await signUp(server);
  const me = await signIn(server, ada);
  assert.equal((await setFloor(me, true)).status, 409, "nothing strong is on");
  await turnOnTotp(me);
  assert.equal((await setFloor(me, true)).status, 200);
  const page = await me.get("/account/security");
  assert.match(page.words, /do not sign you in/);
  assert.ok(!page.text.includes("/account/security/sms/start"));
  const start = await me.postJson("/account/security/sms/start", {});
  assert.equal(start.status, 409);
  assert.equal((await outbox(server, e164(ada))).length, 0);
  assert.equal((await new Client(server).postJson("/account/security/floor", { strong_only: false })).status, 401);
  assert.equal((await setFloor(me, "maybe")).status, 400);
  assert.equal((await me.getJson("/account/security")).json.strong_only, true);
});

test("sessions that were opened by less end, and such a session can't raise it (38)", async () => {
  const { ada, me, app } = await someone();
  const weak = await signInBy(ada, "sms", async () => (await newest(server, e164(ada), "sms")).code);
  const refused = await setFloor(weak, true);
  assert.equal(refused.status, 409);
  assert.equal(refused.json.error.code, "below_floor");
  assert.equal((await setFloor(me, true)).status, 200);
  assert.equal((await weak.getJson("/account")).status, 401);
  assert.equal((await me.getJson("/account")).status, 200);
  await signInBy(ada, "totp", () => nextTotp(app));
});

test("by its form: refused, accepted again, and the owner is told each time (38)", async () => {
  const { ada, me, app } = await someone();
  const mails = async () => (await outbox(server, ada.email)).map((m) => m.body).join("\n");
  const press = async () => me.follow(await me.fill(await me.get("/account/security"), {}, { action: "/account/security/floor" }));
  const on = await press();
  assert.match(on.words, /Codes that are sent no longer sign you in/);
  assert.match(on.words, /Does not sign you in/);
  assert.match(await mails(), /no longer sign you in/);
  const off = await press();
  assert.match(off.words, /Codes that are sent sign you in again/);
  assert.match(await mails(), /sign you in again/);
  assert.match((await me.get("/account")).words, /Accepted codes by text, call, e-mail again/);

  await press();
  const gone = await me.get("/account/security/totp/off");
  assert.match(gone.words, /last of its kind/);
  const asked = await me.follow(await me.fill(gone, {}, { action: "/account/security/totp/off" }));
  assert.match(asked.words, /turn off the authenticator app/i);
  const done = await me.fill(asked, { code: nextTotp(app) }, { action: "/verify" });
  assert.equal(done.status, 303, done.words);
  await signInBy(ada, "sms", async () => (await newest(server, e164(ada), "sms")).code);
});
