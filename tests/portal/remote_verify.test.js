// second_factor = verify against a second Countersign: codes by text message, by call when that is refused.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newest } from "../lib/outbox.js";
import { eventually } from "../lib/server.js";
import { e164, enterCode, getRecoveryCodes, signIn, wrongCode } from "./people.js";
import { beginLogin, enter, isSignedIn, joined, press, say, setApp, settled, startVerifyPair, turnOn, until } from "./remote.js";

const path = "/account/security/remote";
let pair;
before(async () => { pair = await startVerifyPair(); });
after(() => pair.stop());

const codeAt = async (person, channel = "sms") => (await newest(pair.far, e164(person), channel)).code;

// Signed up, signed in, codes turned on.
async function withCodes() {
  const person = await joined(pair), me = await signIn(pair.portal, person);
  await turnOn(me);
  const page = await say(me, /We sent a code to/, path);
  await enter(me, page, await codeAt(person), path);
  await until(me, "approved", `${path}/status`);
  assert.match((await me.land(await me.get(path))).words, /That's on/);
  return { person, me };
}

// Name and password are right, and the page is there.
async function begin(person) {
  const { browser } = await beginLogin(pair, person);
  return { browser, page: await settled(browser) };
}

test("turned on with a code; signs in with one; off with one", async () => {
  const { person, me } = await withCodes();
  const [call] = pair.line.requests(/Verifications$/).slice(-1);
  assert.deepEqual([call.form.get("To"), call.form.get("Channel")], [e164(person), "sms"]);
  assert.equal(call.headers.authorization, `Basic ${Buffer.from(`${pair.app.account_sid}:${pair.app.auth_token}`).toString("base64")}`);

  const { browser, page } = await begin(person);
  assert.match(page.words, /We sent a code to \+49/);
  assert.equal(await isSignedIn(browser), false);
  await enter(browser, page, await codeAt(person));
  await until(browser, "approved");
  assert.equal(await isSignedIn(browser), true);
  const [check] = pair.line.requests(/VerificationCheck$/).slice(-1);
  assert.match(check.form.get("VerificationSid"), /^VE[0-9a-f]{32}$/);

  const start = await me.fill(await me.get(`${path}/off`), {}, { action: `${path}/off` });
  assert.equal(start.location, "/verify");
  await enter(me, await settled(me), await codeAt(person));
  await until(me, "approved");
  assert.equal((await me.getJson("/account/security")).json.factors.find((f) => f.kind === "remote").on, false);
  await signIn(pair.portal, person);
});

test("without scripts the pages lead on by themselves", async () => {
  const { person } = await withCodes();
  const { browser, page } = await begin(person);
  await enter(browser, page, await codeAt(person));
  await eventually(async () => assert.equal((await browser.land(await browser.get("/verify"))).path, "/account"));
});

test("where text messages are refused, it calls", async () => {
  const { person } = await withCodes();
  pair.line.bend = ({ form }) => (form.get("Channel") === "sms" ? { status: 403, body: '{"code":60205,"message":"SMS is not supported by landline phone number","status":403}' } : undefined);
  const { browser, page } = await begin(person);
  assert.match(page.words, /We are calling \+49 .* and will read you a code/);
  await enter(browser, page, await codeAt(person, "voice"));
  await until(browser, "approved");
  pair.line.bend = () => undefined;
});

test("where neither works it is said, and can be tried again", async () => {
  const { person, me } = await withCodes(), codes = await getRecoveryCodes(me);
  pair.line.bend = () => ({ status: 403, body: '{"code":60205,"message":"No","status":403}' });
  const { browser, page } = await begin(person);
  assert.match(page.words, /We can't reach the service/);
  assert.equal(page.forms.filter((f) => f.fields.has("code")).length, 0, "there is no code to enter");
  pair.line.bend = () => undefined;
  await press(browser, page, "call");
  const again = await say(browser, /We are calling/);
  await enter(browser, again, await codeAt(person, "voice"));
  await until(browser, "approved");
  pair.line.bend = () => "reset";
  const { browser: other } = await begin(person);
  assert.equal((await enterCode(other, codes[4], "recovery")).location, "/account");
  pair.line.bend = () => undefined;
});

test("wrong codes are counted here and there", async () => {
  const { person } = await withCodes();
  const { browser } = await begin(person);
  const wrong = wrongCode(await codeAt(person));
  const before = pair.line.requests(/VerificationCheck$/).length;
  for (let left = 4; left > 0; left--) {
    await enter(browser, await settled(browser), wrong);
    await say(browser, new RegExp(`That code didn't match.* ${left} tr`));
  }
  await enter(browser, await settled(browser), wrong);
  await settled(browser);
  const page = await enterCode(browser, wrong, "remote");
  assert.equal(page.status, 429, page.words);
  assert.equal(pair.line.requests(/VerificationCheck$/).length - before, 5);
  assert.equal(await isSignedIn(browser), false);
});

test("a code is right only where the answer says so in every word", async () => {
  const { person } = await withCodes();
  const { browser } = await begin(person);
  const sid = "VE" + "0".repeat(32);
  for (const answer of [
    { status: 500, body: '{"status":"approved","valid":true}' }, { body: '{"status":"approved","valid":true}' },
    { body: JSON.stringify({ sid, status: "approved", valid: true }) }, { body: "approved" }, { body: '"approved"' }, { status: 302, body: "" }, "reset",
  ]) {
    pair.line.bend = ({ path: asked }) => (/VerificationCheck/.test(asked) ? answer : undefined);
    await enter(browser, await settled(browser), "123456");
    await say(browser, /We can't reach the service/);
    assert.equal(await isSignedIn(browser), false, JSON.stringify(answer));
  }
  const last = pair.line.requests(/VerificationCheck$/).at(-1).form.get("VerificationSid");
  for (const [body, pattern] of [
    [{ sid: last, status: "pending", valid: true }, /We can't reach/], [{ sid: last, status: "approved", valid: "true" }, /We can't reach/],
    [{ sid: last, status: "pending", valid: false }, /didn't match/],
  ]) {
    pair.line.bend = ({ path: asked }) => (/VerificationCheck/.test(asked) ? { body: JSON.stringify(body) } : undefined);
    await enter(browser, await settled(browser), "123456");
    await say(browser, pattern);
    assert.equal(await isSignedIn(browser), false, JSON.stringify(body));
  }
  pair.line.bend = ({ path: asked }) => (/VerificationCheck/.test(asked) ? { status: 404, body: '{"code":20404,"status":404}' } : undefined);
  await enter(browser, await settled(browser), "123456");
  await say(browser, /too old, or was tried too often/);
  pair.line.bend = () => undefined;
});

test("five codes for an attempt, then other ways", async () => {
  const { person } = await withCodes();
  const { browser } = await begin(person);
  const before = pair.line.requests(/Verifications$/).length;
  let answer;
  for (let k = 0; k < 6; k++) answer = await press(browser, await settled(browser), "sms");
  assert.equal(answer.status, 429, answer.words);
  assert.ok(pair.line.requests(/Verifications$/).length - before <= 4 + 1);
});

test("the token stands in no log", () => {
  assert.ok(!pair.portal.log.includes(pair.app.auth_token));
});

test("where a second factor is demanded, this one is what is offered", async () => {
  setApp(pair.portal, "policy=required", "Countersign");
  const person = await joined(pair);
  const { browser, state, next } = await beginLogin(pair, person);
  assert.deepEqual([state, next], ["enrol", "/account/security"]);
  const choices = await browser.get(next);
  assert.match(choices.words, /Your phone We ask you on your phone: \+49/);
  assert.doesNotMatch(choices.words, /Authenticator app|E-mail/);
  const start = await browser.fill(choices, {}, { action: `${path}/start` });
  const page = await say(browser, /We sent a code to/, start.location);
  assert.equal(await isSignedIn(browser), false);
  await enter(browser, page, await codeAt(person), path);
  await until(browser, "approved", `${path}/status`);
  await browser.land(await browser.get(path));
  assert.equal(await isSignedIn(browser), true);
  setApp(pair.portal, "policy=optional", "Countersign");
});

// The last: it stops the portal.
test("back to local: nobody is let in without it, and recovery codes help", async () => {
  const { person, me } = await withCodes(), codes = await getRecoveryCodes(me);
  await pair.portal.stop();
  pair.portal = await pair.portal.restart({ second_factor: "local" });
  const { browser, page } = await begin(person);
  assert.match(page.words, /We can't reach the service that asks your phone/);
  const again = await press(browser, page, "sms");
  assert.equal(again.status, 503, again.words);
  assert.match(again.words, /We can't ask on your phone now/);
  assert.equal((await browser.postJson("/verify", { code: "123456", method: "remote" })).status, 401);
  await settled(browser);
  assert.equal(await isSignedIn(browser), false);
  assert.equal((await enterCode(browser, codes[1], "recovery")).location, "/account");
});
