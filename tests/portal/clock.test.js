// What time does: links, attempts, proofs and sessions grow old. Demo mode's clock is moved ahead by
// its setting and SIGHUP.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client } from "../lib/client.js";
import { startMovable } from "../lib/clock.js";
import { newest, newestLink } from "../lib/outbox.js";
import { eventually } from "../lib/server.js";
import { totp } from "../lib/totp.js";
import { e164, enterCode, enterPassword, newPerson, signIn, signUp, turnOnSent, turnOnTotp } from "./people.js";

let server, offset = 0, later;
before(async () => {
  const movable = await startMovable();
  server = movable.server;
  later = async (seconds) => (offset = await movable.later(seconds));
});
after(() => server.stop());

test("what changes an account asks for a fresh proof after ten minutes", async () => {
  const ada = await signUp(server);
  const me = await signIn(server, ada);
  const app = await turnOnTotp(me);
  assert.equal((await me.get("/account/email")).status, 200);
  const stale = await me.get("/account/security");
  await later(11 * 60);
  assert.equal((await me.get("/account/email")).location, "/reauth?next=%2Faccount%2Femail");
  const start = await me.fill(stale, {}, { action: "/account/security/sms/start" });
  assert.equal(start.location, "/reauth?next=%2Faccount%2Fsecurity");
  assert.equal((await me.postJson("/account/security/floor", {})).status, 403);
  const json = await me.postJson("/account/security/sms/start", {});
  assert.deepEqual([json.status, json.json.error.code], [403, "reauth_required"]);
  const page = await me.get("/reauth?next=%2Faccount%2Femail");
  const wrong = await me.fill(page, { password: "not mine at all" });
  assert.equal(wrong.status, 401);
  const step = await me.fill(wrong, { password: ada.password });
  assert.equal(step.location, "/verify");
  assert.match((await me.follow(step)).words, /show that it's you/);
  assert.equal((await me.get("/account/email")).status, 303, "the password is not enough");
  const before = me.cookies.get("cs_session");
  const done = await enterCode(me, totp(app, { atMs: Date.now() + offset * 1000 }));
  assert.equal(done.location, "/account/email");
  assert.notEqual(me.cookies.get("cs_session"), before, "a new level, a new session");
  assert.equal((await me.follow(done)).status, 200);
});

test("an unused session ends, a remembered one stays", async () => {
  const ada = await signUp(server);
  const me = await signIn(server, ada), kept = await signIn(server, ada, { remember: "1" });
  await later(3590);
  assert.equal((await me.get("/account")).status, 200);
  await eventually(async () => assert.notEqual((await kept.getJson("/account")).json.sessions.find((s) => !s.current).last_seen_at,
    (await kept.getJson("/account")).json.sessions.find((s) => !s.current).created_at, "last seen is written down"));
  await later(3590);
  assert.equal((await me.get("/account")).status, 200, "used within the hour");
  await later(3700);
  assert.equal((await me.get("/account")).location, "/login?next=%2Faccount");
  assert.equal((await kept.get("/account")).status, 200);
  await later(31 * 86400);
  assert.equal((await kept.get("/account")).status, 303);
});

test("an attempt and its code last ten minutes", async () => {
  const ada = await signUp(server);
  await turnOnSent(server, await signIn(server, ada), ada, "sms");
  const { browser } = await enterPassword(server, ada);
  const { code } = await newest(server, e164(ada), "sms");
  const page = await browser.get("/verify");
  await later(601);
  const late = await browser.fill(page, { code }, { action: "/verify" });
  assert.equal(late.location, "/login");
  assert.match((await browser.follow(late)).words, /That took too long\. Please start again\./);
  assert.equal((await browser.getJson("/login/status")).json.state, "expired");
});

test("links: a reset works for ten minutes, a confirmation for a day", async () => {
  const ada = await signUp(server);
  const browser = new Client(server);
  await browser.fill(await browser.get("/reset-password"), { email: ada.email });
  const reset = await newestLink(server, ada.email, /^\/reset-password\//);
  const bob = newPerson();
  await browser.fill(await browser.get("/sign-up"), bob);
  const confirm = await newestLink(server, bob.email, /^\/confirm\//);
  await later(590);
  const form = await browser.get(reset);
  assert.equal(form.status, 200);
  await later(20);
  assert.equal((await browser.get(reset)).status, 410);
  const late = await browser.fill(form, { password: "seven small boats" }, { action: reset });
  assert.equal(late.status, 410);
  assert.match(late.words, /This link no longer works/);
  assert.equal((await browser.get(confirm)).status, 200);
  await later(86400);
  assert.equal((await browser.get(confirm)).status, 410);
});
