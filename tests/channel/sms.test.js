// SMS from an application's request to the phone, through Kannel and through servers that answer as the
// companies' documents say.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { after, describe, test } from "node:test";
import { Client } from "../lib/client.js";
import { Kannel } from "../lib/kannel.js";
import { command, eventually, startProduction, temporaryFolder } from "../lib/server.js";

async function production(options) {
  const server = await startProduction(options);
  const made = command(["app", "create", "shop", "--json"], { data_dir: server.dataDir });
  assert.equal(made.code, 0, made.err);
  server.keys = JSON.parse(made.out);
  return server;
}

function secretFile(text) {
  const file = path.join(temporaryFolder(), "secret");
  fs.writeFileSync(file, text, { mode: 0o600 });
  return file;
}

let counter = 0;
const newNumber = () => `+4915112${String(Date.now() % 1000).padStart(3, "0")}${String(counter++ % 1000).padStart(3, "0")}`;

// The application asks for a code by SMS, and checks one.
const basic = ({ account_sid, auth_token }) => `Basic ${Buffer.from(`${account_sid}:${auth_token}`).toString("base64")}`;
async function verify(server, what, fields) {
  const answer = await new Client(server).post(`/v2/Services/${server.keys.service_sid}/${what}`, fields, { headers: { authorization: basic(server.keys) } });
  assert.ok(answer.status < 300, `${answer.status} ${answer.text}`);
  return answer.json;
}
async function askForCode(server, to = newNumber()) {
  await verify(server, "Verifications", { To: to, Channel: "sms" });
  return to;
}
const codeIn = (text) => text.match(/\b(\d{6})\b/)?.[1] ?? assert.fail(`no code: ${text}`);

const logged = (server, event) => server.log.split("\n").filter((line) => line.includes(` event=${event} `));
const waitLogged = (server, event, count = 1) => eventually(() => {
  const lines = logged(server, event);
  assert.equal(lines.length, count, `${lines.length} of ${count} ${event}:\n${server.log}`);
  return lines;
});

// A company's server: every request is kept with its fields; `answers` are given in order, the last
// again and again.
async function company(answers) {
  const got = [];
  const server = http.createServer(async (rq, rs) => {
    let body = "";
    for await (const chunk of rq) body += chunk;
    const url = new URL(rq.url, "http://x");
    const json = /json/.test(rq.headers["content-type"] ?? "");
    got.push({ method: rq.method, path: url.pathname, headers: rq.headers, at: Date.now(),
      fields: json ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body || url.search)) });
    const next = answers.length > 1 ? answers.shift() : answers[0];
    const answer = typeof next === "function" ? await next(got.at(-1).fields) : next;
    if (answer === "reset") return void rq.socket.destroy();
    const [status, value] = answer;
    return void rs.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    got, url: `http://127.0.0.1:${server.address().port}`,
    next: (n = 0) => eventually(() => got[n] ?? assert.fail(`request ${n + 1} did not come`)),
    close: () => (server.closeAllConnections(), server.close()),
  };
}

describe("Kannel", () => {
  let kannel, server;
  test("starts", async () => {
    kannel = await Kannel.open();
    server = await production(kannel.options);
  });
  after(async () => {
    await server?.stop();
    await kannel?.close();
  });

  test("a code reaches the phone, works, and its receipt comes back", async () => {
    const to = await askForCode(server);
    const sms = await kannel.next(to);
    assert.equal(sms.from, "ACME");
    assert.equal(sms.coding, "text");
    assert.equal((await verify(server, "VerificationCheck", { To: to, Code: codeIn(sms.text) })).status, "approved");
    await waitLogged(server, "sent");
    await eventually(() => assert.ok(logged(server, "receipt").some((line) => line.endsWith(" state=delivered")), server.log));
  });

  test("what the GSM alphabet lacks goes as UCS-2", async () => {
    const to = newNumber();
    await verify(server, "Verifications", { To: to, Channel: "sms", Locale: "ru" });
    const sms = await kannel.next(to);
    assert.equal(sms.coding, "ucs-2");
    assert.match(sms.text, /[а-я]/);
    codeIn(sms.text);
  });

  test("a wrong password: codes wait", async () => {
    const own = await production({ ...kannel.options, sms_password_file: secretFile("wrong") });
    await askForCode(own);
    const line = await eventually(() => logged(own, "send_again")[0] ?? assert.fail(own.log));
    assert.match(line, /why="127\.0\.0\.1:\d+ answered 403: Authorization failed/);
    await own.stop();
  });

  test("the log has no number, code, password or URL", () => {
    for (const { to, text } of kannel.messages) {
      assert.ok(!server.log.includes(to.slice(1)), "a number");
      assert.ok(!new RegExp(`\\b${codeIn(text)}\\b`).test(server.log), "a code");
    }
    assert.doesNotMatch(server.log, /sendsms|receipts\/\d|secret/);
  });
});

// X-Twilio-Signature, as the company's documents have it: base64 of HMAC-SHA1 over the URL and the form's names
// and values in the order of the names.
const twilioSignature = (token, url, fields) => createHmac("sha1", token)
  .update(url + Object.keys(fields).sort().map((name) => name + fields[name]).join("")).digest("base64");

const shown = (server) => {
  const list = command(["delivery", "list", "--channel=sms", "--limit=1", "--json"], { data_dir: server.dataDir });
  return JSON.parse(command(["delivery", "show", JSON.parse(list.out).id, "--json"], { data_dir: server.dataDir }).out);
};

// What the application reads of it.
async function attempt(server) {
  const answer = await new Client(server).get("/v2/Attempts", { headers: { authorization: basic(server.keys) } });
  assert.equal(answer.status, 200, answer.text);
  const [{ price, channel_data: { message_status, error_message } }] = answer.json.attempts;
  return { price, message_status, error_message };
}

describe("companies", () => {
  const cases = [
    { gateway: "twilio", user: "AC0123", answer: [201, { sid: "SM42", status: "queued", price: "-0.0075", price_unit: "USD" }], id: "SM42", price: "0.0075 USD", path: "/2010-04-01/Accounts/AC0123/Messages.json",
      authorization: `Basic ${Buffer.from("AC0123:pass word").toString("base64")}`,
      read: ({ To, From, Body, StatusCallback }) => ({ to: To, from: From, text: Body, receiptUrl: StatusCallback }),
      receipt: { MessageSid: "SM42", MessageStatus: "delivered" }, form: true, signed: true },
    { gateway: "vonage", user: "key1", answer: [200, { "message-count": "1", messages: [{ status: "0", "message-id": "0A00", "message-price": "0.0333" }] }], id: "0A00", price: "0.0400 EUR", path: "/sms/json",
      read: (f) => (assert.deepEqual([f.api_key, f.api_secret, f.type], ["key1", "pass word", "text"]), { to: `+${f.to}`, from: f.from, text: f.text, receiptUrl: f.callback }),
      receipt: { messageId: "0A00", status: "delivered", price: "0.0400" } },
    { gateway: "messagebird", user: "", answer: [201, { id: "b100" }], id: "b100", path: "/messages", authorization: "AccessKey pass word",
      read: (f) => (assert.equal(f.datacoding, "plain"), { to: `+${f.recipients}`, from: f.originator, text: f.body, receiptUrl: f.reportUrl }),
      receipt: { id: "b100", status: "delivered" }, query: true },
    { gateway: "webhook", user: "", answer: [200, { id: 7 }], id: "7", path: "/", authorization: "Bearer pass word",
      read: (f) => ({ to: f.to, from: f.from, text: f.text, receiptUrl: f.receipt_url }), receipt: { status: "delivered" } },
  ];
  for (const { gateway, user, answer, id, path: wanted, authorization, read, receipt, form, query, signed, price = "" } of cases)
    test(gateway, async () => {
      const peer = await company([answer]);
      const server = await production({ sms_gateway: gateway, sms_url: peer.url, sms_user: user, sms_from: "+14155550100", sms_password_file: secretFile("pass word\n") });
      const to = await askForCode(server);
      const rq = await peer.next();
      assert.deepEqual([rq.method, rq.path, rq.headers.authorization], ["POST", wanted, authorization]);
      const got = read(rq.fields);
      assert.deepEqual([got.to, got.from], [to, "+14155550100"]);
      assert.match((await waitLogged(server, "sent"))[0], new RegExp(` provider_id="${id}"$`));

      // the receipt, as this company sends it; then again, and one that comes too late
      const at = new URL(got.receiptUrl);
      assert.equal(at.origin, server.url);
      const me = new Client(server);
      const sign = (fields, token = "pass word", url = got.receiptUrl) => ({ "x-twilio-signature": twilioSignature(token, url, fields) });
      const say = (fields, headers = signed ? sign(fields) : {}) => query ? me.get(`${at.pathname}?${new URLSearchParams(fields)}`)
        : form ? me.post(at.pathname, fields, { headers }) : me.postJson(at.pathname, fields);
      if (signed) { // whoever has learned the address still cannot say anything in the company's name
        for (const headers of [{}, sign(receipt, "another"), sign(receipt, "pass word", `${got.receiptUrl}?x`), sign({ ...receipt, MessageStatus: "failed" })])
          assert.equal((await say(receipt, headers)).status, 403);
        assert.equal((await me.postJson(at.pathname, receipt)).status, 403);
        assert.equal((await me.get(`${at.pathname}?${new URLSearchParams(receipt)}`)).status, 403);
        assert.equal(logged(server, "receipt").length, 0);
        assert.match(logged(server, "receipt_refused")[0], /why="the receipt is not signed by the carrier"/);
      }
      for (const fields of [receipt, receipt, { ...receipt, MessageStatus: "sent", status: "sent" }])
        assert.equal((await say(fields)).status, 204);
      assert.match((await waitLogged(server, "receipt"))[0], / state=delivered$/);
      const { state, receipt: became, receipt_at: at_time, provider_id, price: took } = shown(server);
      assert.deepEqual([state, became, provider_id, took], ["sent", "delivered", id, price]);
      assert.ok(Math.abs(Date.parse(at_time) - Date.now()) < 60_000);
      const [value, currency] = price.split(" ");
      assert.deepEqual(await attempt(server), { message_status: "delivered", error_message: null, price: price ? { value, currency: currency.toLowerCase() } : null });
      // another message's address cannot be guessed from this one
      const guess = at.pathname.replace(/\/(\d+)\./, (_, number) => `/${BigInt(number) + 1n}.`);
      for (const wrong of [guess, `${at.pathname}x`, at.pathname.slice(0, -1), "/receipts/x"])
        assert.equal((await me.get(wrong)).status, 404, wrong);

      assert.equal((await verify(server, "VerificationCheck", { To: to, Code: codeIn(got.text) })).status, "approved");
      await server.stop();
      peer.close();
    });
});

describe("what a company may say", () => {
  const settings = (peer) => ({ sms_gateway: "twilio", sms_url: peer.url, sms_user: "AC1", sms_password_file: secretFile("p"), sms_from: "+14155550100" });

  test("not this number: not tried again, and the reason names nobody", async () => {
    const to = newNumber();
    const peer = await company([[400, { code: 21211, message: `The 'To' number ${to} is not a valid phone number.` }]]);
    const server = await production(settings(peer));
    await askForCode(server, to);
    const [line] = await waitLogged(server, "send_failed");
    assert.match(line, /answered 400: The 'To' number \+\(the number\) is not a valid phone number\./);
    const { message_status, error_message } = await attempt(server);
    assert.equal(message_status, "failed");
    assert.match(error_message, /answered 400: The 'To' number/);
    assert.match(shown(server).why, /answered 400: The 'To' number/);
    assert.ok(!server.log.includes(to.slice(1)));
    await server.stop();
    assert.equal(peer.got.length, 1);
    peer.close();
  });

  test("all that it was given, back: no code, number or password is kept of it", async () => {
    let code;
    const peer = await company([({ text, to, receipt_url }) => {
      code = codeIn(text);
      return [400, { message: `refused: ${text} for ${to} by quiet+harbour, ${receipt_url}` }];
    }]);
    const server = await production({ ...settings(peer), sms_gateway: "webhook", sms_password_file: secretFile("quiet+harbour") });
    const to = await askForCode(server);
    const [line] = await waitLogged(server, "send_failed");
    const { error_message } = await attempt(server);
    const { why, troubles } = shown(server);
    for (const text of [line, error_message, why, troubles[0].why]) {
      assert.match(text, /answered 400: refused: \(the code\) /);
      for (const secret of [code, to.slice(1), "harbour", peer.got[0].fields.receipt_url.split("/").at(-1)]) assert.ok(!text.includes(secret), text);
    }
    await server.stop();
    peer.close();
  });

  test("undelivered, in a receipt: with the company's error, for the operator and the application", async () => {
    const peer = await company([[201, { id: "m1" }]]);
    const server = await production({ ...settings(peer), sms_gateway: "webhook" });
    await askForCode(server);
    const { fields } = await peer.next();
    assert.ok(fields.life_s > 500 && fields.life_s <= 600, `${fields.life_s}`);
    await waitLogged(server, "sent");
    const at = new URL(fields.receipt_url).pathname;
    assert.equal((await new Client(server).postJson(at, { status: "failed", error: "30003" })).status, 204);
    const why = "the carrier reports failed, error 30003";
    assert.deepEqual([shown(server).receipt, shown(server).why, (await attempt(server)).error_message], ["undelivered", why, why]);
    await server.stop();
    peer.close();
  });

  test("delivered, in a receipt, though its answer is lost: not sent again", async () => {
    let server;
    const peer = await company([async ({ receipt_url }) => {
      assert.equal((await new Client(server).postJson(new URL(receipt_url).pathname, { status: "delivered" })).status, 204);
      return "reset";
    }]);
    server = await production({ ...settings(peer), sms_gateway: "webhook" });
    await askForCode(server);
    await waitLogged(server, "send_again");
    const { state, receipt, attempts, next_at } = shown(server);
    assert.deepEqual([state, receipt, attempts, next_at], ["sent", "delivered", 1, null]);
    await server.stop();
    assert.equal(peer.got.length, 1);
    peer.close();
  });

  for (const first of [[429, {}], [503, {}], "reset"])
    test(`${Array.isArray(first) ? first[0] : first}: tried again`, async () => {
      const peer = await company([first, [201, { sid: "SM1" }]]);
      const server = await production(settings(peer));
      const to = await askForCode(server);
      const [again] = await waitLogged(server, "send_again");
      assert.equal(/ lost=1 /.test(again), first === "reset", again);
      await waitLogged(server, "sent");
      assert.deepEqual(peer.got.map(({ fields }) => [fields.To, codeIn(fields.Body)]), Array(2).fill([to, codeIn(peer.got[0].fields.Body)]));
      await server.stop();
      peer.close();
    });

  test("a code that was used meanwhile is not sent again", async () => {
    const peer = await company([[503, {}], [201, { sid: "SM1" }]]);
    const server = await production(settings(peer));
    const to = await askForCode(server);
    const { fields } = await peer.next();
    assert.equal((await verify(server, "VerificationCheck", { To: to, Code: codeIn(fields.Body) })).status, "approved");
    assert.match((await waitLogged(server, "send_expired"))[0], /its code was used or is over/);
    await server.stop();
    assert.equal(peer.got.length, 1);
    peer.close();
  });
});

describe("settings", () => {
  test("an operator's own description", async () => {
    const peer = await company([[200, { result: { code: "OK", ref: "r9" } }]]);
    const file = path.join(temporaryFolder(), "our.gateway");
    fs.writeFileSync(file, [
      "# how the house's own gateway is spoken to", "url = ${base}/send", "header = X-Key: ${password}", 'json = {"msisdn":"${to_digits}","body":"${text}"}',
      "success = 200", "success_if = result.code OK", "id = result.ref", "",
    ].join("\n"));
    const server = await production({ sms_gateway: file, sms_url: `${peer.url.replace("http:", "http+plain:")}/api/`, sms_password_file: secretFile("k") });
    const to = await askForCode(server);
    const { path: at, headers, fields } = await peer.next();
    assert.deepEqual([at, headers["x-key"], fields.msisdn], ["/api/send", "k", to.slice(1)]);
    assert.match((await waitLogged(server, "sent"))[0], / provider_id="r9"$/);
    await server.stop();
    peer.close();
  });

  test("what is wrong is said at the start", () => {
    const start = (options) => command(["serve"], { mode: "production", public_url: "http://127.0.0.1:1", listen: "127.0.0.1:0", data_dir: temporaryFolder(), ...options });
    const file = path.join(temporaryFolder(), "wrong.gateway");
    fs.writeFileSync(file, "url = ${base}\nsuccess = 200\nbody = x\n");
    const clear = path.join(temporaryFolder(), "clear.gateway");
    fs.writeFileSync(clear, "base = http://10.1.2.3\nurl = ${base}/send\nsuccess = 200\n");
    for (const [options, why] of [
      [{ sms_gateway: "nexmo" }, /there is no nexmo, but kannel, messagebird, twilio, vonage, webhook, or a file's path/],
      [{ sms_gateway: "kannel" }, /sms_url: is needed/],
      [{ sms_gateway: "kannel", sms_url: "http://10.1.2.3:13013" }, /sms_url would send codes and the password in the clear/],
      [{ sms_gateway: "webhook", sms_url: "ftp://x" }, /sms_url: is needed/],
      [{ sms_gateway: file, sms_url: "http://127.0.0.1:1" }, /line 3: body is no setting/],
      [{ sms_gateway: clear }, /base would send codes in the clear.*https:\/\/.*http\+plain:\/\/.*clear\.gateway/],
    ]) {
      const { code, err } = start(options);
      assert.notEqual(code, 0);
      assert.match(err, why);
    }
  });
});
