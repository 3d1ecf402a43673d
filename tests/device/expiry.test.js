// What time does to a request, and to the proofs of devices. The server's clock is moved ahead.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startMovable } from "../lib/clock.js";
import { command } from "../lib/server.js";
import { isSignedIn, nextEvent, signInWaiting, stateOf, withPhone } from "./scene.js";

let server, later;
before(async () => ({ server, later } = await startMovable()));
after(() => server.stop());

const outcome = (answer) => [answer.status, answer.json.outcome];

test("attack 63: a request is good for two minutes, and an approval after them opens nothing", async () => {
  const { person, phone } = await withPhone(server);
  const waiting = await signInWaiting(server, person);
  assert.ok(waiting.left_s > 110 && waiting.left_s <= 120, `${waiting.left_s} s`);
  const asked = await phone.asked();
  phone.aheadS = await later(100);
  assert.equal(await stateOf(waiting.browser), "pending");
  phone.aheadS = await later(21);
  assert.equal(await stateOf(waiting.browser), "expired");
  assert.deepEqual(await phone.pending(), []);
  assert.deepEqual(outcome(await phone.answer(asked, "approved", waiting.digits)), [200, "late"]);
  assert.equal((await waiting.browser.get("/login/finish")).location, "/verify");
  assert.equal(await isSignedIn(waiting.browser), false);
  const page = await waiting.browser.get("/verify");
  assert.match(page.words, /Nobody answered in time/);
  const again = await waiting.browser.land(await waiting.browser.fill(page, {}, { action: "/resend" }));
  await phone.answer(await phone.asked(), "approved", again.html.querySelector(".digits data").getAttribute("value"));
  assert.equal(await stateOf(waiting.browser), "approved");
});

test("an approval that nobody fetched in time opens nothing", async () => {
  const { person, phone } = await withPhone(server);
  phone.aheadS = await later(1);
  const { browser, digits } = await signInWaiting(server, person);
  await phone.answer(await phone.asked(), "approved", digits);
  await later(601);
  assert.equal(await stateOf(browser), "expired");
  assert.equal((await browser.get("/login/finish")).location, "/login");
  assert.equal(await isSignedIn(browser), false);
});

test("attack 61: an answer that was signed long ago is refused", async () => {
  const { person, phone } = await withPhone(server);
  phone.aheadS = await later(1);
  const { browser, digits } = await signInWaiting(server, person);
  const asked = await phone.asked();
  const old = await phone.answer(asked, "approved", digits, { at: phone.now() - 305 });
  assert.deepEqual([old.status, old.json.error.code], [403, "denied"]);
  const stale = phone.headers("GET", "/device/self");
  phone.aheadS = await later(305);
  const refused = await phone.request("GET", "/device/self", undefined, { sent: stale });
  assert.deepEqual([refused.status, refused.json.error.code], [401, "denied"]);
  assert.ok(Math.abs(refused.json.time - phone.now()) < 5, "the server's clock is told");
  assert.equal(await stateOf(browser), "expired");
});

test("the stream of a page ends with the request", async () => {
  const { person, phone } = await withPhone(server);
  phone.aheadS = await later(1);
  const { browser, handle } = await signInWaiting(server, person);
  await phone.answer(await phone.asked(), "denied");
  const stream = browser.events(`/login/status?attempt=${handle}`);
  assert.deepEqual((await nextEvent(stream)).data, { state: "denied", next: "/verify" });
  assert.equal((await stream.next()).done, true);
});

test("a device cannot leave when the policy needs it", async () => {
  const { phone } = await withPhone(server);
  phone.aheadS = await later(1);
  const set = (policy) => command(["app", "set", "Countersign", `policy=${policy}`], { data_dir: server.dataDir });
  assert.equal(set("required").code, 0);
  const answer = await phone.request("DELETE", "/device/self");
  assert.deepEqual([answer.status, answer.json.error.code], [409, "conflict"]);
  assert.equal((await phone.request("GET", "/device/self")).status, 200);
  assert.equal(set("optional").code, 0);
  assert.equal((await phone.request("DELETE", "/device/self")).status, 204);
});
