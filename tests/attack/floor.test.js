// Attack 38: whoever has the password and the telephone number asks for the weakest factor. A person may refuse codes
// that are sent; what holds then is tried here through every door of the portal.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client } from "../lib/client.js";
import { newest, newestLink, outbox } from "../lib/outbox.js";
import { command, startServer } from "../lib/server.js";
import { withPhone } from "../device/scene.js";
import { e164, enterPassword, getRecoveryCodes, nextTotp, signIn, signUp, turnOnSent, turnOnTotp, wrongCode } from "../portal/people.js";

let server;
before(async () => (server = await startServer()));
after(() => server.stop());

const refuse = (browser) => browser.postJson("/account/security/floor", {});
const run = (...args) => command(args, { data_dir: server.dataDir });
const shown = (person) => JSON.parse(run("user", "show", person.username, "--json").out);
const isRaised = async (browser) => (await browser.getJson("/account/security")).json.strong_only;

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
  const stolen = await enterPassword(server, ada); // an attempt that was open before
  await stolen.browser.fill(await stolen.browser.get("/verify"), { method: "sms" }, { action: "/resend" });
  const { code } = await newest(server, e164(ada), "sms");

  const raised = await refuse(me);
  assert.equal(raised.status, 200, raised.text);
  assert.equal(await isRaised(me), true);
  const late = await stolen.browser.postJson("/verify", { method: "sms", code });
  assert.ok(late.status >= 400, "the code that was sent before");
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
  const page = await thief.get("/verify?method=sms");
  assert.match(page.words, /authenticator app/i);
  assert.doesNotMatch(page.words, /text message/i);

  await signInBy(ada, "recovery", () => recovery[0]); // what its owner keeps on paper still does
});

test("nor is it lowered by adding a weaker factor later, or without a proof of now (38)", async () => {
  const ada = await signUp(server);
  const me = await signIn(server, ada);
  assert.equal((await refuse(me)).status, 409, "nothing strong is on");
  const app = await turnOnTotp(me);
  const before = await me.get("/account/security");
  assert.match(before.words, /only one way in/);
  assert.equal((await refuse(me)).status, 200);
  const page = await me.get("/account/security");
  assert.match(page.words, /do not sign you in/);
  assert.ok(!page.text.includes("/account/security/sms/start"));
  assert.equal((await me.postJson("/account/security/sms/start", {})).status, 409);
  assert.equal((await outbox(server, e164(ada))).length, 0);

  assert.equal((await new Client(server).postJson("/account/security/floor/off", {})).status, 401);
  const asked = await me.postJson("/account/security/floor/off", {});
  assert.equal(asked.json.state, "code");
  assert.equal(await isRaised(me), true, "asked, not done");
  assert.equal((await me.postJson("/verify", { code: wrongCode(nextTotp(app)) })).status, 401);
  assert.equal(await isRaised(me), true);
  assert.equal((await me.postJson("/verify", { code: nextTotp(app) })).status, 200);
  assert.equal(await isRaised(me), false);
});

test("raising it ends other sessions, and one that was opened by less can't (38)", async () => {
  const { ada, me, app } = await someone();
  const weak = await signInBy(ada, "sms", async () => (await newest(server, e164(ada), "sms")).code);
  const refused = await refuse(weak);
  assert.equal(refused.status, 409);
  assert.equal(refused.json.error.code, "below_floor");
  assert.equal((await refuse(me)).status, 200);
  assert.equal((await weak.getJson("/account")).status, 401);
  assert.equal((await me.getJson("/account")).json.sessions.length, 1);
  await signInBy(ada, "totp", () => nextTotp(app));
});

test("by its form: refused, accepted again after a proof, and the owner is told each time (38)", async () => {
  const { ada, me, app } = await someone();
  const mails = async () => (await outbox(server, ada.email)).map((m) => m.body).join("\n");
  const press = async (action) => me.follow(await me.fill(await me.get("/account/security"), {}, { action }));
  const on = await press("/account/security/floor");
  assert.match(on.words, /Codes that are sent no longer sign you in/);
  assert.match(on.words, /Does not sign you in/);
  assert.match(await mails(), /no longer sign you in/);

  const gone = await me.get("/account/security/totp/off");
  assert.match(gone.words, /You refused codes that are sent/);
  assert.doesNotMatch((await me.get("/account/security/sms/off")).words, /You refused codes that are sent/);

  const asked = await press("/account/security/floor/off");
  assert.match(asked.words, /To accept codes that are sent/);
  const done = await me.follow(await me.fill(asked, { code: nextTotp(app) }, { action: "/verify" }));
  assert.match(done.words, /Codes that are sent sign you in again/);
  assert.match(await mails(), /sign you in again/);
  const account = await me.get("/account");
  assert.match(account.words, /Attention: Accepted codes by text, call, e-mail again/);
  await signInBy(ada, "sms", async () => (await newest(server, e164(ada), "sms")).code);

  const owner = new Client(server);
  const link = await newestLink(server, ada.email, /^\/not-me\//);
  assert.ok((await owner.fill(await owner.get(link), {}, { action: link })).status < 400);
  assert.equal(shown(ada).strong_only, true, "\"this wasn't me\" raises it again");
});

test("whoever copied the cookie holds nothing once it is raised (29, 38)", async () => {
  const { me } = await someone();
  const copy = new Client(server);
  for (const [name, value] of me.cookies) copy.cookies.set(name, value);
  assert.equal((await copy.getJson("/account")).status, 200);
  assert.equal((await refuse(me)).status, 200);
  assert.equal((await copy.getJson("/account")).status, 401);
  assert.equal((await me.getJson("/account")).status, 200);
});

test("the pages say what each step would do to it (38)", async () => {
  const { person, me } = await withPhone(server);
  await turnOnSent(server, me, person, "sms");
  const app = await turnOnTotp(me);
  await refuse(me);
  const lifts = /You refused codes that are sent/, { devices } = (await me.getJson("/account/security")).json;
  assert.doesNotMatch((await me.get("/account/security/totp/off")).words, lifts, "the phone is left");
  assert.doesNotMatch((await me.get(devices[0].url)).words, lifts, "the app is left");
  assert.doesNotMatch((await me.get("/account/security")).words, /only one way to prove/);
  await me.postJson("/account/security/totp/off", {});
  assert.equal((await me.postJson("/verify", { method: "totp", code: nextTotp(app) })).status, 200);
  assert.match((await me.get(devices[0].url)).words, lifts);
  assert.match((await me.get("/account/security")).words, /only one way to prove/);
});

test("with the last strong factor it falls, the mail says so, and its link puts back both (38)", async () => {
  const { ada, me, app } = await someone();
  await refuse(me);
  const asked = await me.follow(await me.fill(await me.get("/account/security/totp/off"), {}, { action: "/account/security/totp/off" }));
  assert.match(asked.words, /turn off the authenticator app/i);
  assert.equal((await me.fill(asked, { code: nextTotp(app) }, { action: "/verify" })).status, 303);
  assert.equal(await isRaised(me), false);
  const told = await newest(server, ada.email);
  assert.match(told.body, /switched off[^]*sign you in again/);

  const owner = new Client(server);
  const link = await newestLink(server, ada.email, /^\/not-me\//);
  assert.ok((await owner.fill(await owner.get(link), {}, { action: link })).status < 400);
  assert.equal(shown(ada).strong_only, true);
  assert.ok(shown(ada).factors.some((f) => f.kind === "totp"));
  assert.match(run("user", "show", ada.username).out, /Floor +codes by SMS, call and e-mail do not sign in/);
  const reset = run("user", "reset-factors", ada.username, "--yes");
  assert.equal(reset.code, 0, reset.err);
  assert.equal(shown(ada).strong_only, false);
});
