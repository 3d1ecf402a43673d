// Signed requests, as docs/wire/device.md section 2 says: accepted once, and only as they were signed.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Client } from "../lib/client.js";
import { base64url, newKey } from "../lib/device.js";
import { outbox } from "../lib/outbox.js";
import { startServer } from "../lib/server.js";
import { enterPassword } from "../portal/people.js";
import { nextEvent, otherDigits, signInWaiting, withPhone } from "./scene.js";

let server, phone, me, person;
before(async () => {
  server = await startServer();
  ({ phone, me, person } = await withPhone(server));
});
after(() => server.stop());

const code = (answer) => [answer.status, answer.json.error?.code];
const self = "/device/self";

test("a signed request is answered", async () => {
  const { status, json } = await phone.request("GET", self);
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(json), ["device", "name", "platform", "service", "service_name", "account", "push", "time"]);
  assert.deepEqual([json.device, json.name, json.account, json.push], [phone.device, "Pixel 9", phone.account, false]);
  assert.ok(Math.abs(json.time - phone.now()) < 5);
});

describe("attack 61: what was not signed is refused", () => {
  const refused = async (what, bent) => {
    const answer = await phone.request("GET", self, undefined, bent);
    assert.deepEqual(code(answer), [401, "denied"], what);
    assert.ok(Math.abs(answer.json.time - phone.now()) < 5, "the server's clock is told");
  };

  test("another method, target, body, time, nonce or device", async () => {
    const other = (await withPhone(server)).phone;
    const signedElse = {
      method: "POST", target: "/device/self?", body: " ", time: String(phone.now() - 1), nonce: "x".repeat(16), device: other.device,
    };
    for (const [name, value] of Object.entries(signedElse)) {
      const headers = phone.headers("GET", self);
      const bent = phone.headers("GET", self, "", { change: { time: headers["x-device-time"], nonce: headers["x-device-nonce"], [name]: value } });
      await refused(name, { sent: { ...headers, "x-device-signature": bent["x-device-signature"] } });
    }
    assert.equal((await phone.request("GET", "/device/self?a=1")).status, 200, "the query as sent is signed");
  });

  test("a body that was changed on its way", async () => {
    const headers = phone.headers("POST", self, JSON.stringify({ name: "Mine" }));
    const answer = await new Client(server).postJson(self, { name: "Evil" }, { headers });
    assert.deepEqual(code(answer), [401, "denied"]);
    assert.equal((await phone.request("GET", self)).json.name, "Pixel 9");
  });

  test("headers missing, malformed or doubled", async () => {
    for (const name of ["x-device", "x-device-time", "x-device-nonce", "x-device-signature"]) {
      for (const value of [undefined, "", "!", "a".repeat(400)]) await refused(`${name}: ${value}`, { sent: { [name]: value } });
      const headers = phone.headers("GET", self);
      await refused(`${name} twice`, { sent: { ...headers, [name]: [headers[name], headers[name]] } });
    }
    for (const nonce of ["short", "a".repeat(65), `${"a".repeat(16)}=`, `${"a".repeat(8)} ${"a".repeat(8)}`])
      await refused(`nonce ${nonce}`, { change: { nonce } });
    for (const time of ["-1", "1e9", "0x10", "99999999999999999999"]) await refused(`time ${time}`, { change: { time } });
  });

  test("somebody else's key", async () => {
    const mine = phone.key;
    phone.key = newKey();
    await refused("another key", {});
    phone.key = mine;
  });

  test("an unknown device", () => refused("unknown", { change: { device: `YF${"0".repeat(32)}` } }));

  test("a clock that is off by more than five minutes", async () => {
    for (const off of [-305, 305, -86400, 86400]) await refused(`${off} s`, { change: { time: String(phone.now() + off) } });
    for (const off of [-290, 290])
      assert.equal((await phone.request("GET", self, undefined, { change: { time: String(phone.now() + off) } })).status, 200, `${off} s`);
  });

  test("every byte of a signature", async () => {
    const headers = phone.headers("GET", self);
    const signature = Buffer.from(headers["x-device-signature"], "base64url");
    for (let i = 0; i < signature.length; i++) {
      const bent = Buffer.from(signature);
      bent[i] ^= 1 << (i % 8);
      await refused(`byte ${i}`, { sent: { ...headers, "x-device-signature": base64url(bent) } });
    }
    assert.equal((await phone.request("GET", self, undefined, { sent: headers })).status, 200);
  });
});

describe("attack 61: a captured request is not accepted again", () => {
  test("one that reads, one that writes, and the stream", async () => {
    for (const [method, target, value] of [["GET", self], ["POST", self, { name: "Pixel 9" }], ["GET", "/device/challenges"]]) {
      const headers = phone.headers(method, target, value ? JSON.stringify(value) : "");
      assert.equal((await phone.request(method, target, value, { sent: headers })).status, 200);
      assert.deepEqual(code(await phone.request(method, target, value, { sent: headers })), [409, "replayed"]);
    }
    const headers = phone.headers("GET", "/device/events");
    const stream = phone.events(new Client(server, { headers }));
    await nextEvent(stream);
    assert.deepEqual(code(await phone.request("GET", "/device/events", undefined, { sent: headers })), [409, "replayed"]);
    await stream.return();
  });

  test("a hundred copies at once: one is accepted", async () => {
    const headers = phone.headers("GET", self);
    const answers = await Promise.all(Array.from({ length: 100 }, () => phone.request("GET", self, undefined, { sent: headers })));
    assert.equal(answers.filter((a) => a.status === 200).length, 1);
    assert.equal(answers.filter((a) => a.status === 409).length, 99);
  });

  test("the same nonce with another signature, and after a request that failed", async () => {
    const nonce = base64url(randomBytes(18));
    assert.equal((await phone.request("POST", self, { name: "" }, { change: { nonce } })).status, 400);
    assert.equal((await phone.request("GET", self, undefined, { change: { nonce } })).status, 200, "a body that is refused spends nothing");
    assert.deepEqual(code(await phone.request("GET", self, undefined, { change: { nonce } })), [409, "replayed"]);
    const spent = base64url(randomBytes(18)), nowhere = `/device/challenges/YC${"0".repeat(32)}/answer`;
    const answer = { payload: base64url("{}"), signature: base64url(Buffer.alloc(64)) };
    assert.equal((await phone.request("POST", nowhere, answer, { change: { nonce: spent } })).status, 403);
    assert.equal((await phone.request("GET", "/device/challenges/history?before=YC1", undefined, { change: { nonce: spent } })).status, 404);
    assert.deepEqual(code(await phone.request("GET", self, undefined, { change: { nonce: spent } })), [409, "replayed"]);
  });

  test("two devices may use the same nonce", async () => {
    const other = (await withPhone(server)).phone, nonce = base64url(randomBytes(18));
    for (const one of [phone, other]) assert.equal((await one.request("GET", self, undefined, { change: { nonce } })).status, 200);
  });

  test("it is still refused after a restart", async () => {
    const headers = phone.headers("GET", self);
    assert.equal((await phone.request("GET", self, undefined, { sent: headers })).status, 200);
    await server.kill();
    server = await server.restart();
    phone.client = new Client(server);
    assert.deepEqual(code(await phone.request("GET", self, undefined, { sent: headers })), [409, "replayed"]);
  });
});

test("a device renames itself", async () => {
  const { status, json } = await phone.request("POST", self, { name: "Känguru 9" });
  assert.deepEqual([status, json.name], [200, "Känguru 9"]);
  for (const name of ["", "  ", "a".repeat(65), "a\nb", "\u202Eb", undefined])
    assert.deepEqual(code(await phone.request("POST", self, { name })), [400, "invalid"], name);
  assert.equal((await phone.request("GET", self)).json.name, "Känguru 9");
});

test("attack 65: a push subscription goes to known push services only", async () => {
  const keys = { p256dh: base64url(newKey().point), auth: base64url(randomBytes(16)) };
  const bad = [
    ["http://web.push.apple.com/x", keys], ["https://example.com/x", keys], ["https://127.0.0.1/x", keys], ["https://web.push.apple.com@evil.example/x", keys],
    ["https://web.push.apple.com.evil.example/x", keys], ["https://evilnotify.windows.com/", keys], ["file:///etc/passwd", keys],
    ["https://web.push.apple.com:22/x", keys], ["https://web.push.apple.com:8443/x", keys], ["https://web.push.apple.com:0/x", keys],
    [`https://web.push.apple.com/${"a".repeat(1024)}`, keys], ["https://web.push.apple.com/x", {}],
    ["https://web.push.apple.com/x", { ...keys, auth: "AA" }], ["https://web.push.apple.com/x", { ...keys, p256dh: base64url(Buffer.alloc(65, 4)) }],
  ];
  for (const [endpoint, more] of bad)
    assert.deepEqual(code(await phone.request("POST", "/device/push", { endpoint, ...more })), [400, "invalid"], endpoint);
  assert.deepEqual(code(await phone.request("POST", "/device/push", {})), [400, "invalid"]);
  for (const endpoint of ["https://web.push.apple.com:8443/x", `https://web.push.apple.com/${"a".repeat(1024)}`, "http://web.push.apple.com/x"])
    assert.match((await phone.request("POST", "/device/push", { endpoint, ...keys })).json.error.message, /https addresses on port 443, of at most 1024 bytes/);
  assert.equal((await phone.request("POST", "/device/push", { endpoint: `https://web.push.apple.com/${"a".repeat(997)}`, ...keys })).status, 204, "1024 bytes");
  assert.equal((await phone.request("POST", "/device/push", { endpoint: "https://web.push.apple.com:443/x", ...keys })).status, 204);
  assert.equal((await phone.request("POST", "/device/push", { endpoint: "" })).status, 204);
  assert.equal((await phone.request("GET", self)).json.push, false);
  assert.equal((await phone.request("POST", "/device/push", { endpoint: "https://web.push.apple.com/abc?x=1", ...keys })).status, 204);
  assert.equal((await phone.request("GET", self)).json.push, true);
  assert.equal((await phone.request("POST", "/device/push", { endpoint: "" })).status, 204);
  assert.equal((await phone.request("GET", self)).json.push, false);
});

test("attack 65: where the operator allows private targets, a push service may be on any port", async () => {
  const own = await startServer({ egress_allow: "127.0.0.0/8", push_hosts: "push.example.net" });
  try {
    const mine = (await withPhone(own)).phone, keys = { p256dh: base64url(newKey().point), auth: base64url(randomBytes(16)) };
    const ask = async (endpoint) => (await mine.request("POST", "/device/push", { endpoint, ...keys })).status;
    assert.deepEqual([await ask("https://push.example.net:8443/x"), await ask("http://push.example.net:8443/x"), await ask("https://other.example.net:8443/x")],
      [204, 400, 400]);
  } finally {
    await own.stop();
  }
});

test("events tell at once what is asked, answered and gone", async () => {
  const mine = await withPhone(server);
  const stream = mine.phone.events();
  const first = await nextEvent(stream);
  assert.deepEqual([first.event, first.data.challenges], ["challenges", []]);
  const { digits } = await signInWaiting(server, mine.person);
  const { data: { challenges: [asked] } } = await nextEvent(stream);
  assert.deepEqual(asked, (await mine.phone.pending())[0]);
  assert.equal(asked.state, "pending");
  await mine.phone.answer(asked, "approved", digits);
  assert.deepEqual((await nextEvent(stream)).data.challenges, []);
  assert.equal((await mine.phone.request("DELETE", self)).status, 204);
  assert.equal((await stream.next()).done, true, "a device that is gone hears nothing more");
});

test("the history, page by page", async () => {
  const mine = await withPhone(server);
  for (let i = 0; i < 23; i++) {
    const { digits } = await signInWaiting(server, mine.person);
    await mine.phone.answer(await mine.phone.asked(), "approved", digits); // so that the budget stays whole
  }
  const { json: newest } = await mine.phone.request("GET", "/device/challenges/history");
  assert.equal(newest.challenges.length, 20);
  assert.deepEqual(new Set(newest.challenges.map((c) => c.state)), new Set(["approved"]));
  assert.ok(newest.challenges.every((c) => c.answered_at >= c.created_at));
  const { json: older } = await mine.phone.request("GET", `/device/challenges/history?before=${newest.next}`);
  assert.deepEqual([older.challenges.length, older.next], [3, null]);
  assert.equal(new Set([...newest.challenges, ...older.challenges].map((c) => c.id)).size, 23);
  const other = (await withPhone(server)).phone;
  assert.deepEqual(code(await other.request("GET", `/device/challenges/history?before=${newest.next}`)), [404, "not_found"]);
});

describe("a device that unpairs itself", () => {
  test("is gone at once, and its person hears of it", async () => {
    const mine = await withPhone(server);
    assert.equal((await mine.phone.request("DELETE", self)).status, 204);
    assert.deepEqual(code(await mine.phone.request("GET", self)), [401, "denied"]);
    assert.ok((await outbox(server, mine.person.email)).some((m) => /switched off/.test(m.body)));
    const { answer } = await enterPassword(server, mine.person);
    assert.equal(answer.location, "/account", "no second factor is left");
  });
});

test("a device of somebody else sees and answers nothing of mine", async () => {
  const other = (await withPhone(server)).phone;
  const { digits, browser } = await signInWaiting(server, person);
  const asked = await phone.asked();
  assert.deepEqual(await other.pending(), []);
  for (const change of [{}, { service: phone.service }, { device: phone.device }])
    assert.deepEqual(code(await other.answer(asked, "approved", digits, change)), [404, "not_found"]);
  assert.deepEqual((await other.answer(asked, "denied", "")).status, 404);
  assert.equal((await phone.asked()).id, asked.id);
  assert.notEqual(digits, otherDigits(digits));
  assert.equal((await browser.getJson("/login/status")).json.state, "pending");
  assert.equal((await me.getJson("/account")).status, 200);
});
