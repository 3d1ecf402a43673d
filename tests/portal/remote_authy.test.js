// second_factor = authy against a second Countersign: what proves, what does not, and to whom. Numbers in
// brackets are those of the list of attacks.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { Client } from "../lib/client.js";
import { newest } from "../lib/outbox.js";
import { eventually, root } from "../lib/server.js";
import { e164, enterCode, getRecoveryCodes, signIn, wrongCode } from "./people.js";
import {
  approve, asked, beginLogin, deny, enter, isSignedIn, joined, press, say, settled, startAuthyPair, turnOn, until, withPhone, withRemote,
} from "./remote.js";

let pair, bea, cid;
before(async () => {
  pair = await startAuthyPair();
  [bea, cid] = [await withRemote(pair), await withRemote(pair)];
});
after(() => pair.stop());
beforeEach(async () => { // what a test before has left open
  pair.line.bend = () => undefined;
  for (const { phone } of [bea, cid]) for (const left of await phone.pending()) await phone.answer(left, "denied");
});

const codeAt = async (person) => (await newest(pair.far, e164(person), "sms")).code;
const codeSent = (person, before) => eventually(async () => {
  const { id, code } = await newest(pair.far, e164(person), "sms");
  assert.notEqual(id, before);
  assert.ok(code);
  return code;
});
const newestId = async (person) => (await newest(pair.far, e164(person), "sms")).id;

// Rails' to_query, as the reference has it.
const encode = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`).replace(/%20/g, "+");
const query = (value, key = "") => Object.entries(value).map(([name, v]) => {
  const k = key ? `${key}%5B${encode(name)}%5D` : encode(name);
  return v !== null && typeof v === "object" ? query(v, k) : `${k}=${encode(String(v ?? ""))}`;
}).filter(Boolean).sort().join("&");

const uuidOf = (call) => call.path.match(/approval_requests\/([0-9a-f-]+)/)?.[1];
// Begins a sign-in: with the uuid and the user of its request, from what goes over the line.
async function beginKnown(person) {
  const polls = () => pair.line.requests(/approval_requests\//).map(uuidOf);
  const known = new Set(polls());
  const begun = await beginLogin(pair, person);
  const uuid = await eventually(() => {
    const found = polls().find((one) => !known.has(one));
    assert.ok(found);
    return found;
  }, { ms: 15000 });
  return { ...begun, uuid, user: Number(pair.line.requests(/approval_requests$/).at(-1).path.match(/users\/(\d+)/)[1]) };
}

function callback({ uuid, user, status = "approved", key = pair.app.api_key, url = `${pair.portal.url}/authy/callback`, change = {}, sent = {} }) {
  const body = { authy_id: user, device_uuid: "d", callback_action: "approval_request_status", uuid, status,
    approval_request: { transaction: { uuid, status, message: "Hi there" } }, ...change };
  const nonce = String(Math.floor(Date.now() / 1000));
  const mac = createHmac("sha256", key).update(`${nonce}|POST|${url}|${query(body)}`).digest("base64");
  return new Client(pair.portal).request("POST", "/authy/callback", {
    body: JSON.stringify({ ...body, ...sent }),
    headers: { "content-type": "application/json", "x-authy-signature": mac, "x-authy-signature-nonce": nonce },
  });
}

// --- turning it on --------------------------------------------------------------------------------

test("sign-up makes the number known, once the address is confirmed", async () => {
  const person = await joined(pair);
  const call = await eventually(() => {
    const found = pair.line.requests(/users\/new/).find(({ form }) => form.get("user[email]") === person.email);
    assert.ok(found);
    return found;
  });
  assert.deepEqual([call.form.get("user[cellphone]"), call.form.get("user[country_code]")], [e164(person).slice(3), "49"]);
  assert.equal(call.headers["x-authy-api-key"], pair.app.api_key);
  await signIn(pair.portal, person); // registered there is not turned on here
});

test("without an app a code is sent, and turns it on", async () => {
  const person = await joined(pair), me = await signIn(pair.portal, person);
  await turnOn(me);
  const at = "/account/security/remote", page = await say(me, /We sent a code to/, at);
  const code = await codeAt(person);
  const wrong = await me.land(await enter(me, page, wrongCode(code), at));
  const again = /One moment/.test(wrong.words) ? await settled(me, at) : wrong;
  assert.match(again.words, /That code didn't match\. .*4 tries left/);
  assert.equal((await me.getJson("/account/security")).json.factors.find((f) => f.kind === "remote").on, false);
  await enter(me, again, code, at);
  await until(me, "approved", `${at}/status`);
  const on = await me.land(await me.get(at));
  assert.match(on.words, /That's on/);
  assert.equal((await me.getJson("/account/security")).json.factors.find((f) => f.kind === "remote").on, true);
});

test("what nobody proved is not on", async () => {
  const { me, person } = await withPhone(pair);
  await turnOn(me);
  assert.equal((await me.get("/account/security/remote/done")).location, "/account/security/remote");
  assert.equal((await me.getJson("/account/security")).json.factors.find((f) => f.kind === "remote").on, false);
  await signIn(pair.portal, person); // so the password alone still does
});

test("no other factor can be turned on here", async () => {
  const me = await signIn(pair.portal, await joined(pair));
  const page = await me.get("/account/security");
  assert.doesNotMatch(page.words, /Authenticator app|Text message/);
  const csrf = page.form([], "/account/security/remote/start").fields.get("csrf");
  for (const kind of ["totp", "sms", "voice", "email", "push"])
    assert.equal((await me.post(`/account/security/${kind}/start`, { csrf })).status, 404, kind);
});

// --- signing in -----------------------------------------------------------------------------------

test("an approval on the phone signs in the browser that asked", async () => {
  const { browser, state, handle, method } = await beginLogin(pair, bea.person);
  assert.deepEqual([state, method], ["waiting", "remote"]);
  const { details, message } = (await asked(bea.phone)).shows;
  assert.match(message, /^Sign in to Countersign$/);
  assert.deepEqual(details.map((d) => d.label), ["Username", "Browser", "Address"]);
  assert.equal(details[0].value, bea.person.username);
  assert.equal(await isSignedIn(browser), false);
  await approve(bea.phone);
  await until(browser, "approved", `/login/status?attempt=${handle}`);
  assert.equal(await isSignedIn(browser), true);
});

test("the page moves on by its stream, and by itself without scripts", async () => {
  const { browser } = await beginLogin(pair, bea.person);
  await asked(bea.phone);
  const page = await say(browser, /Check your phone.*Approve it there, or enter the code/);
  const stream = browser.events(page.html.querySelector("[data-waiting]").getAttribute("data-events"));
  const next = stream.next();
  await approve(bea.phone);
  const { value } = await next;
  assert.deepEqual(JSON.parse(value.data), { state: "approved", next: "/login/finish" });
  await stream.return();
  const home = await browser.land(await browser.get("/verify"));
  assert.equal(home.path, "/account");
});

test("denied: the token page, and a code signs in", async () => {
  const { browser } = await beginLogin(pair, bea.person);
  await deny(bea.phone);
  await until(browser, "denied");
  assert.equal((await browser.get("/login/finish")).location, "/verify");
  const page = await say(browser, /The request was denied/);
  const last = await newestId(bea.person);
  await press(browser, page, "sms");
  const code = await codeSent(bea.person, last);
  const form = await say(browser, /We sent a code to/);
  await enter(browser, form, code);
  await until(browser, "approved");
  assert.equal(await isSignedIn(browser), true);
});

test("a wrong code is said and counted; the approval still counts", async () => {
  const { browser } = await beginLogin(pair, cid.person);
  await asked(cid.phone);
  await enter(browser, await settled(browser), "1234567");
  await say(browser, /That code didn't match.*4 tries left/);
  assert.equal(await isSignedIn(browser), false);
  await approve(cid.phone);
  await until(browser, "approved");
  const { browser: next } = await beginLogin(pair, cid.person);
  assert.doesNotMatch((await settled(next)).words, /tries left/, "what was right clears the count");
});

test("nobody answers: the token page, and another request", async () => {
  const { browser } = await beginLogin(pair, cid.person);
  await asked(cid.phone);
  await pair.later(121);
  await until(browser, "expired");
  const page = await say(browser, /Nobody answered in time/);
  await approve(cid.phone); // too late: the old one
  assert.equal((await browser.getJson("/login/status")).json.state, "expired");
  assert.equal(await isSignedIn(browser), false);
  await press(browser, page, "app");
  await approve(cid.phone);
  await until(browser, "approved");
});

test("a recovery code does as well", async () => {
  const dan = await withRemote(pair), codes = await getRecoveryCodes(dan.me);
  const { browser } = await beginLogin(pair, dan.person);
  assert.equal((await enterCode(browser, codes[2], "recovery")).location, "/account");
});

// --- callbacks ------------------------------------------------------------------------------------

test("a callback counts with its signature, once, for its own request [68]", async () => {
  pair.line.bend = ({ path }) => (/approval_requests\//.test(path) ? { status: 503 } : undefined); // not told by asking
  const { browser, ...right } = await beginKnown(bea.person);
  const { browser: other, ...others } = await beginKnown(cid.person);
  const pending = async () => {
    assert.equal((await browser.getJson("/login/status")).json.state, "pending");
    assert.equal((await other.getJson("/login/status")).json.state, "pending");
    assert.equal(await isSignedIn(browser), false);
  };

  for (const wrong of [
    { key: "another key" }, { url: `${pair.portal.url}/elsewhere` }, { sent: { status: "denied" } }, { sent: { uuid: others.uuid } },
  ]) {
    assert.equal((await callback({ ...right, ...wrong })).status, 403, JSON.stringify(wrong));
    await pending();
  }
  const bare = await new Client(pair.portal).postJson("/authy/callback", { uuid: right.uuid, authy_id: right.user, status: "approved" });
  assert.equal(bare.status, 403);
  for (const nothing of [
    { uuid: "00000000-0000-4000-8000-000000000000" }, { uuid: "" }, { user: others.user }, { user: 1234 }, { status: "pending" },
    { change: { uuid: null } }, { change: { authy_id: null } },
  ]) {
    assert.equal((await callback({ ...right, ...nothing })).status, 200, JSON.stringify(nothing));
    await pending();
  }

  assert.equal((await callback(right)).status, 200);
  await until(browser, "approved");
  assert.equal((await other.getJson("/login/status")).json.state, "pending", "the other tab waits on");
  assert.equal(await isSignedIn(other), false);
  assert.equal(await isSignedIn(browser), true);

  // again, when it is over, and turned round
  for (const again of [right, { ...right, status: "denied" }]) assert.equal((await callback(again)).status, 200);
  const { browser: next, ...denied } = await beginKnown(bea.person);
  assert.equal((await callback(right)).status, 200);
  assert.equal((await next.getJson("/login/status")).json.state, "pending");
  assert.equal((await callback({ ...denied, status: "denied" })).status, 200);
  await until(next, "denied");
  assert.equal((await callback(denied)).status, 200);
  assert.equal((await next.getJson("/login/status")).json.state, "denied", "a denial stays one");
});

test("an approval admits the newest sign-in only, in whichever tab it is [27, 60]", async () => {
  const first = await beginKnown(bea.person);
  const second = await beginKnown(bea.person);
  await until(first.browser, "expired");
  assert.equal((await callback(first)).status, 200); // of the one that gave way
  assert.equal((await first.browser.getJson("/login/status")).json.state, "expired");
  const request = (await bea.phone.pending())[0];
  assert.equal((await bea.phone.answer(request, "approved")).status, 200);
  await until(second.browser, "approved");
  assert.equal(await isSignedIn(first.browser), false);
  assert.equal((await first.browser.get("/login/finish")).location, "/verify");
});

test("the password alone opens no session, whatever is asked [1, 23, 28]", async () => {
  const rows = [...fs.readFileSync(path.join(root, "src/portal/routes.c"), "utf8").matchAll(/\{(GET|POST), *"([^"]+)", *AUTH_/g)];
  assert.ok(rows.length > 50);
  const ivy = await withRemote(pair);
  const { browser, handle } = await beginLogin(pair, ivy.person);
  const csrf = (await settled(browser)).form(["code"]).fields.get("csrf");
  const fields = { csrf, handle, code: "8642975", method: "remote", via: "sms", login: ivy.person.username, password: "wrong", next: "/account" };
  for (const [, method, pattern] of rows) {
    const to = pattern.replace("{kind}", "remote").replace(/\{\w+\}/, "a".repeat(43));
    if (["/logout", "/login"].includes(to) && method === "POST") continue;
    for (const answer of method === "GET" ? [await browser.get(to), await browser.getJson(to)] : [await browser.post(to, fields), await browser.postJson(to, fields)])
      assert.ok(!answer.setCookies.some((line) => /cs_session=[^;]/.test(line)), `${method} ${to}`);
    assert.equal(await isSignedIn(browser), false, `after ${method} ${to}`);
  }
});

// --- trouble --------------------------------------------------------------------------------------

const troubles = {
  "500": { status: 500, body: '{"success":false,"message":"oops"}' },
  "a refused key": { status: 401, body: '{"success":false,"error_code":"60001","message":"Invalid API key"}' },
  "too many requests": { status: 429, body: '{"success":false,"error_code":"60003"}' },
  "no JSON": { body: "<html>it works</html>" },
  "an empty answer": { body: "" },
  "another JSON": { body: '["approved"]' },
  "success and nothing else": { body: '{"success":true}' },
  "a closed connection": "reset",
};
for (const [what, bent] of Object.entries(troubles))
  test(`the other server answers with ${what}: said, and nobody is in`, async () => {
    pair.line.bend = () => bent;
    const { browser } = await beginLogin(pair, bea.person);
    await until(browser, "code");
    const page = await say(browser, what === "too many requests" ? /Wait a few minutes/ : /We can't reach the service/);
    assert.doesNotMatch(page.words, /oops|60001|Invalid|it works/);
    await enter(browser, page, "7654321");
    await until(browser, "code");
    await say(browser, what === "too many requests" ? /Wait a few minutes/ : /We can't reach the service/);
    assert.doesNotMatch((await settled(browser)).words, /tries left/, "what was not answered is not counted");
    assert.equal(await isSignedIn(browser), false);
    pair.line.bend = () => undefined;
  });

test("a code is right only where the answer says so in every word", async () => {
  const { browser } = await beginLogin(pair, bea.person);
  await asked(bea.phone);
  for (const body of ['{"success":"true"}', '{"success":"true","token":"is valid!"}', '{"success":false,"token":"is valid"}', '{"token":"is valid"}',
    '{"success":"true","token":"is valid"', '{"success":"true","token":["is valid"]}']) {
    pair.line.bend = ({ path }) => (/\/verify\//.test(path) ? { body } : undefined);
    await enter(browser, await settled(browser), "1234567");
    await until(browser, "code");
    assert.equal(await isSignedIn(browser), false, body);
  }
  pair.line.bend = ({ path }) => (/\/verify\//.test(path) ? { status: 201, body: '{"success":"true","token":"is valid"}' } : undefined);
  await enter(browser, await settled(browser), "1234567");
  await until(browser, "code");
  assert.equal(await isSignedIn(browser), false);
  pair.line.bend = () => undefined;
  await deny(bea.phone);
});

test("a server that hangs holds up nobody", async () => {
  pair.line.bend = () => "hang";
  const begun = Date.now();
  const { browser } = await beginLogin(pair, cid.person);
  const page = await browser.get("/verify");
  assert.match(page.words, /One moment/);
  assert.equal((await new Client(pair.portal).get("/login")).status, 200);
  const eva = await joined(pair);
  await signIn(pair.portal, eva);
  assert.ok(Date.now() - begun < 9000, "all of this while it hangs");
  await eventually(async () => assert.equal((await browser.getJson("/login/status")).json.state, "code"), { ms: 20000 });
  await say(browser, /We can't reach the service/);
  pair.line.bend = () => undefined;
});

// --- counting -------------------------------------------------------------------------------------

test("guesses are counted here before the other server is asked, five and a pause [7, 9]", async () => {
  const eve = await withRemote(pair);
  const { browser } = await beginLogin(pair, eve.person);
  await asked(eve.phone);
  const page = await settled(browser);
  const fields = Object.fromEntries(page.form(["code"], "/verify").fields);
  const before = pair.line.requests(/\/verify\//).length;
  for (let round = 0; round < 8; round++) {
    await Promise.all(Array.from({ length: 10 }, (_, k) => browser.post("/verify", { ...fields, code: String(1000000 + round * 10 + k) })));
    await eventually(async () => assert.doesNotMatch((await browser.get("/verify")).words, /One moment/));
  }
  assert.equal(pair.line.requests(/\/verify\//).length - before, 5);
  const paused = await browser.post("/verify", { ...fields, code: "1234567" });
  assert.equal(paused.status, 429, paused.words);
  assert.match(paused.words, /too many wrong codes/);
  await approve(eve.phone); // who has the phone is not kept out
  await until(browser, "approved");
});

test("what is no code is counted and asked of nobody [16]", async () => {
  const eve = await withRemote(pair);
  const { browser } = await beginLogin(pair, eve.person);
  await asked(eve.phone);
  const before = pair.line.requests(/\/verify\//).length;
  for (const code of ["abcdefg", "１２３４５６７", "12345678901", "../1234"]) {
    const answer = await browser.postJson("/verify", { code, method: "remote" });
    assert.ok([400, 401].includes(answer.status), `${code}: ${answer.text}`);
  }
  assert.equal(pair.line.requests(/\/verify\//).length, before);
  assert.match((await settled(browser)).words, /1 try left/);
});

// --- step-up and off ------------------------------------------------------------------------------

test("turning it off asks the phone; then the password alone does", async () => {
  const fay = await withRemote(pair);
  const page = await fay.me.get("/account/security/remote/off");
  const start = await fay.me.fill(page, {}, { action: "/account/security/remote/off" });
  assert.equal(start.location, "/verify");
  assert.match((await settled(fay.me)).words, /To turn off your phone, show that it's you/);
  assert.match((await asked(fay.phone)).shows.message, /Confirm that it is you/);
  await approve(fay.phone);
  const done = await eventually(async () => {
    const landed = await fay.me.land(await fay.me.get("/verify"));
    assert.equal(landed.path, "/account/security");
    return landed;
  });
  assert.match(done.words, /That's off/);
  await signIn(pair.portal, fay.person);
});

test("another number ends it, unless it is the only one", async () => {
  const gil = await withRemote(pair);
  const form = await gil.me.get("/account/phone");
  const answer = await gil.me.fill(form, { country_code: "+49", phone: "015129999999", current_password: gil.person.password });
  assert.equal(answer.status, 409, answer.words);
});

// --- what is left behind --------------------------------------------------------------------------

test("no key and no code stand in a log or in the database", async () => {
  assert.ok(!pair.portal.log.includes(pair.app.api_key));
  assert.doesNotMatch(pair.portal.log, /1234567|7654321/);
  for (const file of fs.readdirSync(pair.portal.dataDir).filter((name) => /countersign\.db/.test(name))) {
    const bytes = fs.readFileSync(path.join(pair.portal.dataDir, file));
    assert.ok(!bytes.includes(pair.app.api_key), file);
    assert.ok(!bytes.includes("7654321"), file);
  }
});

test("without callbacks the other server is asked", async () => {
  const quiet = await startAuthyPair({ callback: false });
  const hal = await withRemote(quiet);
  const { browser } = await beginLogin(quiet, hal.person);
  await approve(hal.phone);
  await eventually(async () => assert.equal((await browser.getJson("/login/status")).json.state, "approved"), { ms: 15000 });
  assert.equal(await isSignedIn(browser), true);
  // a restart in between loses no answer
  const { browser: next } = await beginLogin(quiet, hal.person);
  await asked(hal.phone);
  await quiet.portal.stop();
  await approve(hal.phone);
  next.server = quiet.portal = await quiet.portal.restart();
  await eventually(async () => assert.equal((await next.getJson("/login/status")).json.state, "approved"), { ms: 15000 });
  // a server that is gone admits nobody
  const { browser: last } = await beginLogin(quiet, hal.person);
  await quiet.far.stop();
  await asked(hal.phone).catch(() => {});
  assert.equal(await isSignedIn(last), false);
  await quiet.portal.stop();
  quiet.line.stop();
});
