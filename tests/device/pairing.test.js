// Pairing a phone, as docs/wire/device.md section 1 and the pages say.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Client } from "../lib/client.js";
import { startMovable } from "../lib/clock.js";
import { base64url, Device, newKey, pairText, signText, tokenOf } from "../lib/device.js";
import { outbox } from "../lib/outbox.js";
import { signIn, signOut, signUp } from "../portal/people.js";
import { isSignedIn, nextEvent, pairLink, withPhone } from "./scene.js";

let server, later;
before(async () => ({ server, later } = await startMovable()));
after(() => server.stop());

const peek = (token) => new Client(server).postJson("/device/pairing", { token });
const code = (answer) => [answer.status, answer.json.error?.code];

test("a phone is told whom it pairs with, sends its key, and is on", async () => {
  const person = await signUp(server);
  const me = await signIn(server, person);
  const link = await pairLink(me);
  assert.ok(link.startsWith(`${server.url}/authenticator#pair=`));
  const seen = await peek(tokenOf(link));
  assert.deepEqual([seen.status, Object.keys(seen.json)], [200, ["service", "service_name", "account"]]);
  assert.match(seen.json.account, /^p•••@example\.com$/);
  const answer = await Device.askToPair(server, tokenOf(link), { name: "Pixel 9", platform: "Chrome on Android" });
  assert.equal(answer.status, 201);
  assert.deepEqual(Object.keys(answer.json),
    ["device", "credential", "service", "service_name", "account", "push_key", "time"]);
  assert.match(answer.json.device, /^YF[0-9a-f]{32}$/);
  assert.match(answer.json.credential, /^CR[0-9a-f]{32}$/);
  assert.equal(answer.json.service, seen.json.service);
  const pushKey = Buffer.from(answer.json.push_key, "base64url");
  assert.deepEqual([pushKey.length, pushKey[0]], [65, 4]);
  const { json } = await me.getJson("/account/security");
  assert.deepEqual(json.devices.map(({ device, name, platform }) => [device, name, platform]),
    [[answer.json.device, "Pixel 9", "Chrome on Android"]]);
  assert.equal(json.factors.find((f) => f.kind === "push").on, true);
  assert.ok((await outbox(server, person.email)).some((m) => /switched on/.test(m.body)), "no notice was sent");
});

test("a link works once, and the newest one only", async () => {
  const me = await signIn(server, await signUp(server));
  const [first, second] = [await pairLink(me), await pairLink(me)];
  assert.deepEqual(code(await peek(tokenOf(first))), [410, "expired"]);
  assert.deepEqual(code(await Device.askToPair(server, tokenOf(first))), [410, "expired"]);
  const phone = await Device.pair(server, second);
  assert.ok(phone.device);
  assert.deepEqual(code(await peek(tokenOf(second))), [410, "expired"]);
  assert.deepEqual(code(await Device.askToPair(server, tokenOf(second))), [410, "expired"]);
  for (const token of ["a".repeat(43), "short", "a".repeat(99)]) assert.deepEqual(code(await peek(token)), [410, "expired"]);
});

test("a hundred phones with one link: one is paired", async () => {
  const me = await signIn(server, await signUp(server));
  const token = tokenOf(await pairLink(me));
  const answers = await Promise.all(Array.from({ length: 100 }, () => Device.askToPair(server, token)));
  assert.equal(answers.filter((a) => a.status === 201).length, 1);
  assert.equal(answers.filter((a) => a.status === 410).length, 99);
  assert.equal((await me.getJson("/account/security")).json.devices.length, 1);
});

test("a key without its proof is refused, and the link stays", async () => {
  const me = await signIn(server, await signUp(server));
  const token = tokenOf(await pairLink(me));
  const key = newKey(), other = newKey(), publicKey = base64url(key.point);
  const offCurve = Buffer.from(key.point);
  offCurve[64] ^= 1;
  const compressed = Buffer.concat([Buffer.of(2), key.point.subarray(1, 33)]);
  const bent = [
    { signature: signText(other.privateKey, pairText(token, publicKey)) },
    { signature: signText(key.privateKey, pairText("a".repeat(43), publicKey)) },
    { signature: signText(key.privateKey, pairText(token, base64url(other.point))) },
    { signature: signText(key.privateKey, `countersign-pair-v2\n${token}\n${publicKey}`) },
    { signature: base64url(Buffer.alloc(64)) },
    { signature: "" },
    { signature: undefined },
    { public_key: base64url(other.point) },
    { public_key: base64url(offCurve), signature: signText(key.privateKey, pairText(token, base64url(offCurve))) },
    { public_key: base64url(compressed), signature: signText(key.privateKey, pairText(token, base64url(compressed))) },
    { public_key: base64url(Buffer.alloc(65, 4)) },
    { public_key: `${publicKey}=` },
    { public_key: 7 },
    { name: "" },
    { name: "a".repeat(65) },
    { name: "evil\u202Egnp" },
    { platform: "x\u0000y" },
    { platform: { a: 1 } },
  ];
  for (const change of bent) {
    const answer = await Device.askToPair(server, token, { key, ...change });
    assert.deepEqual(code(answer), [400, "invalid"], JSON.stringify(change));
  }
  assert.equal((await Device.askToPair(server, token, { key })).status, 201);
});

test("a body that is not JSON, or too large, is refused in JSON", async () => {
  const client = new Client(server);
  assert.deepEqual(code(await client.post("/device/pairing", { token: "a".repeat(43) })), [400, "invalid"]);
  assert.deepEqual(code(await client.postJson("/device/pairing", ["a"])), [400, "invalid"]);
  assert.deepEqual(code(await client.postJson("/device/pair", { token: "a".repeat(9000) })), [413, "too_large"]);
  assert.deepEqual(code(await client.get("/device/pair")), [405, "method_not_allowed"]);
  assert.deepEqual(code(await client.get("/device/nothing")), [404, "not_found"]);
});

test("attack 21: a link dies with the session that made it", async () => {
  const person = await signUp(server);
  const me = await signIn(server, person);
  const link = await pairLink(me);
  await signOut(me);
  assert.deepEqual(code(await Device.askToPair(server, tokenOf(link))), [410, "expired"]);
});

test("attack 21: neither a stranger nor a password alone gets a link", async () => {
  const { person } = await withPhone(server);
  for (const client of [new Client(server), new Client(server)]) {
    const answer = await client.postJson("/account/security/push/start", {});
    assert.equal(answer.status, 401);
    await client.postJson("/login", { login: person.username, password: person.password });
    assert.equal((await client.postJson("/account/security/push/start", {})).status, 401);
  }
});

test("attack 29: the page that hears of the phone goes on under another cookie", async () => {
  const me = await signIn(server, await signUp(server));
  const thief = new Client(server);
  thief.cookies.set("cs_session", me.cookies.get("cs_session"));
  await Device.pair(server, await pairLink(me));
  assert.equal((await me.land(await me.get("/account/security/push"))).path, "/account/security");
  assert.deepEqual([await isSignedIn(me), await isSignedIn(thief)], [true, false]);
});

test("pairing ends the person's other sessions that proved less", async () => {
  const person = await signUp(server);
  const [me, other] = [await signIn(server, person), await signIn(server, person)];
  await Device.pair(server, await pairLink(me));
  assert.equal((await me.getJson("/account")).status, 200);
  assert.equal((await other.getJson("/account")).status, 401);
});

test("twenty phones are enough", async () => {
  const me = await signIn(server, await signUp(server));
  for (let i = 0; i < 19; i++) await Device.pair(server, await pairLink(me), { name: `Phone ${i}` });
  const link = await pairLink(me);
  await Device.pair(server, link);
  const full = await me.postJson("/account/security/push/start", {});
  assert.deepEqual(code(full), [409, "too_many"]);
  assert.equal((await me.getJson("/account/security")).json.devices.length, 20);
});

describe("the pages", () => {
  test("show the link, and move on by a stream of events", async () => {
    const me = await signIn(server, await signUp(server));
    const start = await me.fill(await me.get("/account/security"), {}, { action: "/account/security/push/start" });
    assert.equal(start.location, "/account/security/push");
    const page = await me.follow(start);
    assert.match(page.words, /Pair your phone/);
    assert.match(page.words, /10 minutes left/);
    assert.ok(page.html.querySelector(".qr-box svg"));
    const link = page.html.querySelector("#link").getAttribute("data-value");
    assert.equal((await me.get("/account/security/push")).html.querySelector("#link").getAttribute("data-value"), link);
    const status = page.html.querySelector("[data-waiting]").getAttribute("data-status");
    assert.deepEqual((await me.getJson(status)).json, { state: "pending", next: "/account/security/push" });
    const stream = me.events(status);
    const told = nextEvent(stream);
    await Device.pair(server, link, { name: "Fairphone" });
    assert.deepEqual((await told).data, { state: "approved", next: "/account/security/push/done" });
    assert.equal((await stream.next()).done, true);
    const done = await me.get("/account/security/push/done");
    assert.equal(done.location, "/account/security");
    assert.match((await me.follow(done)).words, /Your phone is paired.*Fairphone/);
    assert.equal((await me.get("/account/security/push/done")).location, "/account/security", "Back is harmless");
  });

  test("after pairing, a reload shows the phone and offers another one", async () => {
    const me = await signIn(server, await signUp(server));
    const { device } = await Device.pair(server, await pairLink(me), { name: "Fairphone <5>" });
    await me.land(await me.get("/account/security/push"));
    const page = await me.get("/account/security/push");
    assert.equal(page.status, 200);
    assert.match(page.words, /Your phone is paired.*Fairphone <5> is ready/);
    assert.ok(page.html.querySelector(`a[href="/account/security/devices/${device}"]`));
    const another = await me.follow(await me.fill(page, {}, { action: "/account/security/push/start" }));
    await Device.pair(server, another.html.querySelector("#link").getAttribute("data-value"), { name: "Tablet" });
    await me.land(await me.get("/account/security/push"));
    assert.match((await me.get("/account/security/push")).words, /Tablet is ready/);
  });

  test("a code that gave way to a newer one is not taken for a paired phone", async () => {
    const person = await signUp(server);
    const [me, other] = [await signIn(server, person), await signIn(server, person)];
    const link = await pairLink(me);
    const stream = me.events("/account/security/push/status");
    const told = nextEvent(stream);
    await pairLink(other);
    assert.deepEqual((await told).data, { state: "expired", next: "/account/security/push" }, "the page is told at once");
    assert.equal((await stream.next()).done, true);
    assert.equal((await me.getJson("/account/security/push/status")).json.state, "expired");
    const late = me.events("/account/security/push/status");
    assert.deepEqual((await nextEvent(late)).data, { state: "expired", next: "/account/security/push" }, "and one that asks too late");
    assert.equal((await late.next()).done, true);
    assert.deepEqual(code(await Device.askToPair(server, tokenOf(link))), [410, "expired"]);
    const page = await me.get("/account/security/push");
    assert.equal(page.status, 200);
    assert.match(page.words, /no longer good.*Show a new code/);
    assert.deepEqual(code(await me.getJson("/account/security/push")), [410, "expired"]);
    assert.deepEqual((await me.getJson("/account/security")).json.devices, []);
    const fresh = await me.follow(await me.fill(page, {}, { action: "/account/security/push/start" }));
    await Device.pair(server, fresh.html.querySelector("#link").getAttribute("data-value"));
  });

  test("reload themselves where there is no script", async () => {
    const me = await signIn(server, await signUp(server));
    await pairLink(me);
    const page = await me.get("/account/security/push");
    assert.match(page.text, /<noscript><meta http-equiv="refresh" content="5"><\/noscript>/);
    await Device.pair(server, page.html.querySelector("#link").getAttribute("data-value"));
    assert.match((await me.land(await me.get("/account/security/push"))).words, /Your phone is paired/);
  });

  test("rename and remove a phone behind a current proof", async () => {
    const { me, phone } = await withPhone(server, { name: "Old" });
    const path = `/account/security/devices/${phone.device}`;
    const page = await me.get(path);
    assert.match(page.words, /It is your only phone/);
    assert.equal((await me.fill(page, { name: "" })).status, 400);
    assert.equal((await me.fill(page, { name: "New <b>" })).location, "/account/security");
    assert.match((await me.get("/account/security")).words, /New <b>/);
    const off = await me.fill(page, {}, { action: `${path}/off` });
    assert.equal(off.location, "/verify");
    const waiting = await me.follow(off);
    assert.match(waiting.words, /approve this\. .*To remove New <b>, show that it's you.*Cancel/);
    const asked = await phone.asked();
    assert.equal(asked.shows.message, "Confirm it's you");
    await phone.answer(asked, "approved", waiting.html.querySelector(".digits data").getAttribute("value"));
    const landed = await me.land(await me.get("/verify"));
    assert.match(landed.words, /That's off/);
    assert.equal((await me.getJson("/account/security")).json.devices.length, 0);
    assert.equal((await phone.request("GET", "/device/self")).status, 401);
  });

  test("show nobody else's phone", async () => {
    const [ada, eve] = [await withPhone(server), await withPhone(server)];
    const path = `/account/security/devices/${ada.phone.device}`;
    assert.equal((await eve.me.get(path)).status, 404);
    assert.equal((await eve.me.postJson(path, { name: "Mine" })).status, 404);
    assert.equal((await eve.me.postJson(`${path}/off`, {})).status, 404);
    assert.equal((await ada.me.getJson("/account/security")).json.devices[0].name, "Pixel 9");
  });
});

test("a link is good for ten minutes", async () => {
  const me = await signIn(server, await signUp(server));
  const link = await pairLink(me);
  await later(9 * 60 + 30);
  assert.equal((await peek(tokenOf(link))).status, 200);
  await later(31);
  assert.deepEqual(code(await peek(tokenOf(link))), [410, "expired"]);
  assert.deepEqual(code(await Device.askToPair(server, tokenOf(link))), [410, "expired"]);
  assert.deepEqual((await me.getJson("/account/security/push/status")).json.state, "expired");
});
