// Callbacks to servers that answer errors, redirect, reset, hang, and answer slowly; what three errors in a
// row do, and how they are undone. The ten seconds of the time-out pass once, for all who need them, while
// the other tests run.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { callbackSignature, signedRequest, toQuery } from "../lib/authy.js";
import { Client } from "../lib/client.js";
import { Device } from "../lib/device.js";
import { newest, outbox } from "../lib/outbox.js";
import { Receiver } from "../lib/receiver.js";
import { command, eventually, limitMs, startServer } from "../lib/server.js";

let server, me, numbers = 0;
const run = (...args) => command(args, { data_dir: server.dataDir });
const long = { ms: 40_000 };
const ears = [];

// An application with one user whose phone is paired, and an ear at its callback URL.
class Shop {
  static async open(name) {
    const shop = new Shop();
    shop.name = name;
    shop.keys = JSON.parse(run("app", "create", name, "--json").out);
    shop.ear = await Receiver.start();
    ears.push(shop.ear);
    const number = `207555${String(100 + numbers++).padStart(4, "0")}`;
    const { json } = await shop.api("POST", "/protected/json/users/new", { "user[email]": `${number}@example.com`, "user[cellphone]": number, "user[country_code]": 1 });
    shop.id = json.user.id;
    shop.phone = await Device.pair(server, (await newest(server, `+1${number}`, "sms")).link);
    await shop.set(`callback_url=${shop.ear.url}`, "operator_email=ops@example.com");
    assert.strictEqual(JSON.parse((await shop.ear.take()).body).authy_id, 1234);
    return shop;
  }

  api(method, path, fields = {}) {
    return me.request(method, `${path}?${new URLSearchParams(fields)}`, { headers: { "x-authy-api-key": this.keys.api_key } });
  }

  async set(...settings) {
    const done = run("app", "set", this.name, ...settings);
    assert.equal(done.code, 0, done.err);
  }

  get url() {
    return JSON.parse(run("app", "show", this.name, "--json").out).callback_url;
  }

  // Asks, and the person approves: the request's uuid. What is called back is still to be taken.
  async approve() {
    const { json, text } = await this.api("POST", `/onetouch/json/users/${this.id}/approval_requests`, { message: "Sign in" });
    assert.ok(json.success, text);
    await this.phone.answer(await this.phone.asked(), "approved", "");
    return json.approval_request.uuid;
  }

  // An approval whose callback meets this answer; waits until that is booked.
  async meets(answer) {
    this.ear.answer = answer;
    const uuid = await this.approve();
    const callback = await this.ear.take();
    assert.equal(JSON.parse(callback.body).uuid, uuid);
    await booked(callback);
    return uuid;
  }
}

// The nonce's fraction is the end of the row's id, which the log names when the attempt is settled.
const booked = ({ headers }) => {
  const settled = new RegExp(` event=(sent|send_failed) channel=webhook id=\\d*${headers["x-authy-signature-nonce"].split(".")[1]} `);
  return eventually(() => assert.match(server.log, settled));
};

// What a server says when it takes its time: byte by byte, or nothing at all.
const answerText = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
const byteByByte = (everyMs, text) => (rq, rs) => {
  const socket = rs.socket, bytes = [...text];
  const timer = setInterval(() => (bytes.length ? socket.write(bytes.shift()) : socket.end()), everyMs);
  socket.on("close", () => clearInterval(timer));
};

// Resolves to how long the caller stayed, in ms.
const watched = (answer) => {
  let heard;
  const stayed = new Promise((resolve) => (heard = resolve));
  return { stayed, answer: (rq, rs) => {
    const at = Date.now();
    rq.socket.on("close", () => heard(Date.now() - at));
    answer(rq, rs);
  } };
};

let shop, waiting;
before(async () => {
  server = await startServer({ egress_allow: "127.0.0.0/8" });
  me = new Client(server);
  shop = await Shop.open("shop");
  const [hanging, dripping, slow] = [await Shop.open("hanging"), await Shop.open("dripping"), await Shop.open("slow")];
  // a drip that has not said its status when the time is over
  const hung = watched(() => {}), dripped = watched(byteByByte(1100, answerText));
  hanging.ear.answer = hung.answer;
  dripping.ear.answer = dripped.answer;
  slow.ear.answer = byteByByte(50, answerText); // 59 bytes: 3 s
  waiting = { hanging, dripping, slow, hung, dripped };
  for (const name of ["hanging", "dripping", "slow"]) waiting[name].uuid = await waiting[name].approve();
});
after(async () => {
  for (const ear of ears) ear.stop();
  await server.stop();
});

test("three errors in a row empty the URL; a mail and the audit record say so; the mail's command brings it back", async () => {
  for (const answer of [500, 404]) await shop.meets(answer);
  assert.equal(shop.url, shop.ear.url, "two are not three");
  const uuid = await shop.meets(302);
  await eventually(() => assert.equal(shop.url, ""));
  assert.equal(shop.ear.got.length, 0, "the redirect was not followed");

  const mail = await newest(server, "ops@example.com", "email");
  assert.match(mail.body, /Three callbacks of "shop" to http:\S+ in a row were answered with an error/);
  const [line] = run("audit", "list", "--json").out.split("\n").map((text) => text && JSON.parse(text)).filter((entry) => entry.event === "callback_off");
  assert.deepEqual([line.actor, line.detail], ["system", `url=${shop.ear.url} failures=3`]);

  // nothing is told any more, but whoever asks learns it: also of what was pending when it happened
  const answered = await shop.approve();
  for (const id of [uuid, answered])
    assert.equal((await shop.api("GET", `/onetouch/json/approval_requests/${id}`)).json.approval_request.status, "approved");
  const { json: { approval_request: { uuid: open } } } = await shop.api("POST", `/onetouch/json/users/${shop.id}/approval_requests`, { message: "m" });
  assert.equal((await shop.api("GET", `/onetouch/json/approval_requests/${open}`)).json.approval_request.status, "pending");
  assert.equal(shop.ear.got.length, 0);

  shop.ear.answer = 200;
  const words = mail.body.replace(/\s+/g, " ").match(/countersign (app set "shop" callback_url=\S+)/)[1].replaceAll('"', "").split(" ");
  assert.equal(run(...words).code, 0);
  const preset = JSON.parse((await shop.ear.take()).body);
  assert.strictEqual(preset.authy_id, 1234);
  assert.equal(preset.approval_request.transaction.status, "approved");
  await shop.phone.answer(await shop.phone.asked(), "denied", "");
  assert.equal(JSON.parse((await shop.ear.take()).body).uuid, open, "what is answered from now on is told again");
});

test("a success in between, and setting the URL again, begin the count anew", async () => {
  for (const answer of [500, 500, 204, 500, 500]) await shop.meets(answer);
  assert.equal(shop.url, shop.ear.url);
  shop.ear.answer = 200;
  await shop.set(`callback_url=${shop.ear.url}`);
  await shop.ear.take();
  for (const answer of [500, 500]) await shop.meets(answer);
  assert.equal(shop.url, shop.ear.url);
  await shop.meets(200);
});

test("set again by a signed request: the same test call", async () => {
  for (const answer of [500, 500, 500]) await shop.meets(answer);
  await eventually(() => assert.equal(shop.url, ""));
  shop.ear.answer = 200;
  const answer = await signedRequest(me, shop.keys, "POST", "/dashboard/json/application/update", [["callback_url", shop.ear.url]]);
  assert.equal(answer.status, 200, answer.text);
  assert.strictEqual(JSON.parse((await shop.ear.take()).body).authy_id, 1234);
  assert.equal(shop.url, shop.ear.url);
  assert.equal((await outbox(server, "ops@example.com")).length, 2, "one mail each time");
});

test("hidden details come back whole and signed, or the request is refused (attack 61)", async () => {
  const ask = (body) => me.request("POST", `/onetouch/json/users/${shop.id}/approval_requests`, {
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { "x-authy-api-key": shop.keys.api_key, "content-type": typeof body === "string" ? "application/x-www-form-urlencoded" : "application/json" },
  });
  const many = (count) => ({ ["k".repeat(400)]: Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i}`, "1"])) });
  const deep = { a: { b: { c: { d: "e" } } } };
  for (const [body, want] of [[{ hidden_details: deep, message: "m" }, deep], ["message=m&hidden_details[a][b][c][d]=e", deep], [{ hidden_details: many(60), message: "m" }, many(60)]]) {
    assert.equal((await ask(body)).status, 200);
    await shop.phone.answer(await shop.phone.asked(), "approved", "");
    const { body: text, headers } = await shop.ear.take(), told = JSON.parse(text);
    assert.deepEqual(told.approval_request.transaction.hidden_details, want);
    assert.equal(callbackSignature(shop.keys.api_key, headers["x-authy-signature-nonce"], "POST", shop.ear.url, toQuery(told)), headers["x-authy-signature"]);
  }
  const refused = async (body, code) => assert.equal((await ask(body)).json.error_code, code);
  await refused({ hidden_details: { a: deep }, message: "m" }, "60002");
  await refused(`message=m&hidden_details${"[a]".repeat(5)}=e`, "60002");
  await refused(`message=m&hidden_details${"[a]".repeat(150)}=e`, "60002");
  await refused({ hidden_details: many(100), message: "m" }, "60080");
});

test("a reset connection is no answer: it is tried again, and counts neither way", async () => {
  for (const answer of [500, 500]) await shop.meets(answer);
  shop.ear.answer = "reset";
  const uuid = await shop.approve();
  assert.equal(JSON.parse((await shop.ear.take()).body).uuid, uuid);
  shop.ear.answer = 200;
  const again = await shop.ear.take(long);
  assert.equal(JSON.parse(again.body).uuid, uuid);
  assert.equal(shop.url, shop.ear.url);
});

test("a private address that nobody allowed is not called", async () => {
  const other = await startServer(); // no egress_allow
  const app = (...args) => command(["app", ...args], { data_dir: other.dataDir });
  app("create", "shop");
  for (let i = 1; i <= 3; i++) {
    assert.equal(app("set", "shop", `callback_url=${shop.ear.url}`).code, 0);
    await eventually(() => assert.equal(other.log.match(/ event=send_failed channel=webhook/g)?.length, i));
  }
  assert.equal(shop.ear.got.length, 0, "nothing went out");
  await other.stop();
});

test("an answer that comes byte by byte within the time is an answer", async () => {
  const { slow } = waiting;
  const callback = await slow.ear.take();
  assert.equal(JSON.parse(callback.body).uuid, slow.uuid);
  await booked(callback);
  for (const answer of [200, 500, 500]) await slow.meets(answer);
  assert.equal(slow.url, slow.ear.url);
  assert.equal(slow.ear.got.length, 0, "it was told once");
});

test("ten seconds are all that is waited, for nothing at all and for a drip; then it is tried again", async () => {
  const { hanging, dripping, hung, dripped } = waiting;
  for (const [one, { stayed }] of [[hanging, hung], [dripping, dripped]]) {
    assert.equal(JSON.parse((await one.ear.take()).body).uuid, one.uuid);
    const ms = await stayed;
    assert.ok(ms > 9_000 && ms < limitMs(20_000), `${ms} ms`);
    one.ear.answer = 200;
    assert.equal(JSON.parse((await one.ear.take(long)).body).uuid, one.uuid);
    assert.equal(one.url, one.ear.url);
  }
});
