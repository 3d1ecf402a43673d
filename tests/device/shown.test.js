// What an approver reads is what was asked and what is signed. Numbers are those of the attack list.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Client } from "../lib/client.js";
import { Device, digest } from "../lib/device.js";
import { newest } from "../lib/outbox.js";
import { command, startServer } from "../lib/server.js";
import { signInWaiting, withPhone } from "./scene.js";

let server, app;
before(async () => {
  server = await startServer();
  app = JSON.parse(command(["app", "create", "Serenity Bank", "--json"], { data_dir: server.dataDir }).out);
});
after(() => server.stop());

const code = (answer) => [answer.status, answer.json.error?.code];
const outcome = (answer) => [answer.status, answer.json.outcome];

let numbers = 0;
const call = (target, value) => new Client(server).postJson(target, value, { headers: { "x-authy-api-key": app.api_key } });
// A user of the application, with a phone.
async function userWithPhone() {
  const number = `202555${String(100 + numbers++).padStart(4, "0")}`;
  const { json } = await call("/protected/json/users/new", {
    user: { email: "u@example.com", cellphone: number, country_code: "1" }, send_install_link_via_sms: true,
  });
  return { id: json.user.id, phone: await Device.pair(server, (await newest(server, `+1${number}`, "sms")).link) };
}
const ask = (user, request) => call(`/onetouch/json/users/${user.id}/approval_requests`, request);
// The one request that waits, asked by an application.
async function askedBy(request) {
  const user = await userWithPhone();
  const answer = await ask(user, request);
  assert.equal(answer.status, 200, answer.text);
  return { user, phone: user.phone, asked: await user.phone.asked(), uuid: answer.json.approval_request.uuid };
}
const statusOf = async (uuid) =>
  (await new Client(server).get(`/onetouch/json/approval_requests/${uuid}`, { headers: { "x-authy-api-key": app.api_key } })).json.approval_request.status;

describe("attack 62: spoofed details", () => {
  const hidden = "\u202E\u200B\u2066\u061C\uFEFF\u00AD\u{E0041}\u0007";

  test("nothing unseen is in the text, and line ends keep words apart", async () => {
    const { phone, asked, uuid } = await askedBy({
      message: `Pay 10 €\nto${hidden} Bob?`, details: { [`Am${hidden}ount`]: `10${hidden} €\r\n\r\n\r\nAmount: 1 €`, Note: "<b>&lt;</b> \"x\"" },
    });
    assert.equal(asked.shows.message, "Pay 10 € to Bob?");
    assert.deepEqual(asked.shows.details, [{ label: "Amount", value: "10 € Amount: 1 €" }, { label: "Note", value: "<b>&lt;</b> \"x\"" }]);
    assert.doesNotMatch(asked.shown, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    assert.deepEqual(outcome(await phone.answer(asked, "approved", "")), [200, "approved"], "what is shown is what is signed");
    assert.equal(await statusOf(uuid), "approved");
  });

  test("a word that mixes alphabets has a mark, which is signed too", async () => {
    const { phone, asked, uuid } = await askedBy({ message: "Pay 10 € to p\u0430ypal.com?", details: { To: "Привет, Zoë", "\uFF21ccount": "p\u200B\u0430y" } });
    assert.equal(asked.shows.message, "Pay 10 € to ⚠p\u0430ypal.com?");
    assert.deepEqual(asked.shows.details, [{ label: "To", value: "Привет, Zoë" }, { label: "⚠\uFF21ccount", value: "⚠p\u0430y" }]);
    assert.deepEqual(outcome(await phone.answer(asked, "approved", "")), [200, "approved"]);
    assert.equal(await statusOf(uuid), "approved");
  });

  test("what is cut has a mark, and what fits has none", async () => {
    const long = `L${"0123456789".repeat(40)}`, fits = `${"ä".repeat(255)}.`;
    const { asked } = await askedBy({ message: fits, details: { Account: long, [long]: fits } });
    assert.equal(asked.shows.message, fits);
    assert.deepEqual(asked.shows.details, [
      { label: "Account", value: `${long.slice(0, 255)}…` }, { label: `${long.slice(0, 255)}…`, value: fits },
    ]);
  });

  test("logos are signed like the rest", async () => {
    const logos = [{ res: "default", url: "https://bank.example/logo.png" }, { res: "low", url: "https://bank.example/low.png" }];
    const { asked } = await askedBy({ message: "m", logos });
    assert.deepEqual(asked.shows.logos, logos);
    assert.equal((await askedBy({ message: "m" })).asked.shows.logos, undefined);
  });

  test("a request without an end", async () => {
    const { asked } = await askedBy({ message: "m", seconds_to_expire: 0 });
    assert.deepEqual([asked.expires_at, asked.shows.expires_at], [null, null]);
    const { asked: usual } = await askedBy({ message: "m" });
    assert.equal(usual.expires_at - usual.created_at, 86400);
  });

  test("no detail is left out: more than twenty are refused", async () => {
    const details = (n) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`Label ${i}`, `value ${i}`]));
    const { user, asked } = await askedBy({ message: "All?", details: details(20) });
    assert.deepEqual(asked.shows.details.map(({ label }) => label), Object.keys(details(20)), "in their order");
    assert.equal((await ask(user, { message: "All?", details: details(21) })).status, 400);
    assert.equal((await user.phone.pending()).length, 1);
  });
});

describe("attack 61: details changed on the way", () => {
  test("a flipped bit in any byte of what is shown", async () => {
    const { phone, asked, uuid } = await askedBy({ message: "Pay 20 €?", details: { To: "Zoë" }, seconds_to_expire: 3600 });
    const bytes = Buffer.from(asked.shown);
    for (let i = 0; i < bytes.length; i++) {
      const bent = Buffer.from(bytes);
      bent[i] ^= 1 << (i % 7);
      assert.deepEqual(code(await phone.answer(asked, "approved", "", { shown_digest: digest(bent) })), [403, "denied"], `byte ${i}`);
    }
    assert.equal(await statusOf(uuid), "pending");
    assert.deepEqual(outcome(await phone.answer(asked, "approved", "")), [200, "approved"]);
  });

  test("other hidden details, which only their digest tells the phone", async () => {
    const { phone, asked, uuid } = await askedBy({ message: "Pay?", hidden_details: { order: "A-1017" } });
    assert.equal(asked.hidden_digest, digest('{"order":"A-1017"}'));
    assert.ok(!asked.shown.includes("A-1017"));
    for (const text of ['{"order":"A-1018"}', '{"order":"A-1017" }', "{}", ""])
      assert.deepEqual(code(await phone.answer(asked, "approved", "", { hidden_digest: digest(text) })), [403, "denied"], text);
    assert.equal(await statusOf(uuid), "pending");
    assert.deepEqual(outcome(await phone.answer(asked, "approved", "")), [200, "approved"]);
  });
});

// With proxies in front: src/http/server_test.c.
describe("attack 64: whose address is shown", () => {
  const forged = { "x-forwarded-for": "198.51.100.66", forwarded: "for=198.51.100.66", "x-real-ip": "198.51.100.66", "true-client-ip": "198.51.100.66" };

  test("the browser's own, whatever it says of itself", async () => {
    const { person, phone } = await withPhone(server);
    await signInWaiting(server, person, { browser: new Client(server, { headers: forged }) });
    const { shows } = await phone.asked();
    assert.deepEqual([shows.address, shows.details.find(({ label }) => label === "Address").value], ["127.0.0.1", "127.0.0.1"]);
  });

  test("the application's word about its user, never the application's own address", async () => {
    const { shows } = (await askedBy({ message: "m" })).asked;
    assert.deepEqual([shows.address, shows.browser, shows.place], ["", "", ""]);
    assert.equal((await askedBy({ message: "m", user_ip: "203.0.113.9" })).asked.shows.address, "203.0.113.9");
  });
});

test("attack 60: a request of an application is approved without digits, and the record says so", async () => {
  const { phone, asked } = await askedBy({ message: "m" });
  assert.equal(asked.shows.needs_digits, false);
  assert.deepEqual(outcome(await phone.answer(asked, "approved", "")), [200, "approved"]);
  const log = command(["audit", "list", "--json"], { data_dir: server.dataDir }).out.trim().split("\n").map((line) => JSON.parse(line));
  assert.ok(log.some((row) => JSON.stringify(row).includes(asked.id) && /approve[-_ ]only/.test(JSON.stringify(row))), JSON.stringify(log.at(-1)));
});
