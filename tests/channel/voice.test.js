// Calls: what a telephone hears, which keys it may press, and what is said of calls that come to nothing.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import dgram from "node:dgram";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { describe, test } from "node:test";
import { Baresip, freePort, RATE } from "../lib/baresip.js";
import { newAuthority } from "../lib/certificate.js";
import { Client } from "../lib/client.js";
import { assertHeard, cannotCall, fit, spoken } from "../lib/hearing.js";
import { invite, pause, recv, recvAnswer, reply, request, sdp, Sipp } from "../lib/sipp.js";
import { command, eventually, startProduction, temporaryFolder } from "../lib/server.js";

async function production(options) {
  const server = await startProduction(options);
  const made = command(["app", "create", "shop", "--json"], { data_dir: server.dataDir });
  assert.equal(made.code, 0, made.err);
  server.keys = JSON.parse(made.out);
  const set = command(["app", "set", "shop", "custom_code=yes"], { data_dir: server.dataDir });
  assert.equal(set.code, 0, set.err);
  await pressFirst(server, false);
  return server;
}

let counter = 0;
const newNumber = () => `+4915112${String(Date.now() % 1000).padStart(3, "0")}${String(counter++ % 1000).padStart(3, "0")}`;

const basic = ({ account_sid, auth_token }) => `Basic ${Buffer.from(`${account_sid}:${auth_token}`).toString("base64")}`;
// Whether a key is asked for before the code.
async function pressFirst(server, wanted) {
  const answer = await new Client(server).post(`/v2/Services/${server.keys.service_sid}`, { DtmfInputRequired: String(wanted) }, { headers: { authorization: basic(server.keys) } });
  assert.equal(answer.status, 200, answer.text);
}
async function verify(server, what, fields) {
  const answer = await new Client(server).post(`/v2/Services/${server.keys.service_sid}/${what}`, fields, { headers: { authorization: basic(server.keys) } });
  assert.ok(answer.status < 300, `${answer.status} ${answer.text}`);
  return answer.json;
}
const callWith = (server, to, code) => verify(server, "Verifications", { To: to, Channel: "call", CustomCode: code });

const logged = (server, event) => server.log.split("\n").filter((line) => line.includes(` event=${event} `));
const waitLogged = (server, event, count = 1, ms = 60_000) => eventually(() => {
  const lines = logged(server, event);
  assert.equal(lines.length, count, `${lines.length} of ${count} ${event}:\n${server.log}`);
  return lines;
}, { ms });

const words = { 0: "zero", 1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine" };
const digits = (code) => [...code].map((digit) => words[digit]).join(", ");
const sentences = (code) => [`Your shop code is: ${digits(code)}. `, `Once more: ${digits(code)}.`, "To hear it again, press star."];

// Where a call's sound may go: the mu-law that arrives, as samples.
async function ear() {
  const socket = dgram.createSocket("udp4"), frames = [];
  socket.on("message", (packet) => frames.push(packet.subarray(12)));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const linear = (coded) => {
    const u = ~coded & 0xff, magnitude = (((u & 0x0f) << 3) + 132 << (u >> 4 & 7)) - 132;
    return u & 0x80 ? -magnitude : magnitude;
  };
  return {
    port: socket.address().port, close: () => socket.close(),
    get samples() { return Int16Array.from(Buffer.concat(frames), linear); },
    packets: frames,
  };
}

describe("calls", { skip: cannotCall, concurrency: 2 }, () => {
  describe("a telephone", { concurrency: 3 }, () => {
    // A phone, a server that calls it, and what no log of it may say.
    async function pair(code, options) {
      const number = newNumber();
      const phone = await Baresip.open({ number });
      const server = await production({ voice_url: phone.url, ...options });
      return { number, phone, server, over: async () => {
        assert.ok(!server.log.includes(number.slice(1)), "the number is in the log");
        assert.ok(!server.log.includes(code), "the code is in the log");
        await server.stop();
        await phone.close();
      } };
    }

    test("hears the code twice, digit by digit, and the code works", async () => {
      const { number, phone, server, over } = await pair("702913");
      await callWith(server, number, "702913");
      await phone.answered();
      await phone.ended();
      await waitLogged(server, "sent");
      assertHeard(phone.heard(), sentences("702913"));
      assert.equal((await verify(server, "VerificationCheck", { To: number, Code: "702913" })).status, "approved");
      await over();
    });

    test("star says it again; other keys do nothing", async () => {
      const { number, phone, server, over } = await pair("451860");
      const said = spoken(sentences("451860")[0]).length;
      await callWith(server, number, "451860");
      await phone.answered();
      await phone.press("5");
      await eventually(() => assert.ok(phone.heard().length > said + 2 * RATE), { ms: 30_000 });
      await phone.press("*");
      await phone.ended();
      await waitLogged(server, "sent");
      const heard = phone.heard(), first = assertHeard(heard, [sentences("451860")[0]]);
      assertHeard(heard, sentences("451860"), first);
      await over();
    });

    const lead = "This is shop. To hear your code, press 1.";
    test("with DtmfInputRequired no voicemail box hears the code", async () => {
      const { number, phone, server, over } = await pair("339062");
      await pressFirst(server, true);
      await callWith(server, number, "339062");
      await phone.answered();
      await phone.ended();
      assert.match((await waitLogged(server, "send_failed"))[0], /why="answered, but nobody pressed a key: a voicemail box, perhaps"/);
      const kept = phone.heard();
      assertHeard(kept, [lead, lead]);
      assert.ok(fit(spoken(sentences("339062")[0]), kept).correlation < 0.9, "the code was said");
      await over();
    });

    test("with DtmfInputRequired whoever presses a key hears it", async () => {
      const { number, phone, server, over } = await pair("339062");
      await pressFirst(server, true);
      await callWith(server, number, "339062");
      await phone.answered();
      await eventually(() => assert.ok(phone.heard().length > 2 * RATE), { ms: 30_000 });
      await phone.press("1");
      await phone.ended();
      await waitLogged(server, "sent");
      assertHeard(phone.heard(), sentences("339062"));
      await over();
    });

    test("by the other dialect a key is asked for too, whatever that setting says", async () => {
      const { number, phone, server, over } = await pair("618274");
      const fields = { via: "call", country_code: "49", phone_number: number.slice(3), custom_code: "618274" };
      const asked = await new Client(server).post("/protected/json/phones/verification/start", fields, { headers: { "x-authy-api-key": server.keys.api_key } });
      assert.equal(asked.status, 200, asked.text);
      await phone.answered();
      const leadLength = spoken(lead).length;
      await eventually(() => assert.ok(phone.heard().length > leadLength + RATE), { ms: 30_000 });
      await phone.press("1");
      await phone.ended();
      await waitLogged(server, "sent");
      assertHeard(phone.heard(), [lead, ...sentences("618274")]);
      await over();
    });

    test("rings when the text message cannot be delivered, and says the same code", async () => {
      const carrier = http.createServer((rq, rs) => rq.resume().on("end", () => rs.writeHead(400).end("{}")));
      carrier.listen(0, "127.0.0.1");
      await once(carrier, "listening");
      const { number, phone, server, over } = await pair("518027", { sms_gateway: "webhook", sms_url: `http://127.0.0.1:${carrier.address().port}`, egress_allow: "127.0.0.1" });
      assert.equal(command(["app", "set", "shop", "fallback=sms voice"], { data_dir: server.dataDir }).code, 0);
      const { sid } = await verify(server, "Verifications", { To: number, Channel: "sms", CustomCode: "518027" });
      await phone.answered();
      assert.match(logged(server, "send_failed")[0], / channel=sms /);
      await phone.ended();
      await waitLogged(server, "sent");
      assertHeard(phone.heard(), sentences("518027"));
      const now = await new Client(server).get(`/v2/Services/${server.keys.service_sid}/Verifications/${sid}`, { headers: { authorization: basic(server.keys) } });
      assert.deepEqual([now.json.channel, now.json.send_code_attempts.map(({ channel }) => channel)], ["call", ["SMS", "CALL"]]);
      assert.equal((await verify(server, "VerificationCheck", { To: number, Code: "518027" })).status, "approved");
      carrier.close();
      await over();
    });
  });

  describe("TLS and SRTP", { concurrency: 3 }, () => {
    const authority = newAuthority();
    const open = async (phone, options) => {
      const server = await production({ voice_url: phone.url, voice_ca_file: authority.file, ...options });
      return server;
    };

    test("a call over TLS and SRTP is heard as it was meant", async () => {
      const number = newNumber();
      const phone = await Baresip.open({ number, tls: authority.issue("127.0.0.1"), srtp: "srtp-mand" });
      const server = await open(phone);
      await callWith(server, number, "386204");
      await phone.answered();
      await phone.ended();
      await waitLogged(server, "sent");
      assertHeard(phone.heard(), sentences("386204"));
      assert.match(phone.out, /m=audio \d+ RTP\/SAVP/);
      assert.doesNotMatch(server.log, /inline:|crypto/, "SDP in the log");
      await server.stop();
      await phone.close();
    });

    const refusals = [
      { name: "an authority that is not trusted", tls: () => newAuthority("Another").issue("127.0.0.1") },
      { name: "a certificate for another name", tls: () => authority.issue("sip.example.com", "127.0.0.2") },
    ];
    for (const { name, tls } of refusals)
      test(`${name}: nobody is called`, async () => {
        const number = newNumber();
        const phone = await Baresip.open({ number, tls: tls(), srtp: "srtp-mand" });
        const server = await open(phone);
        await callWith(server, number, "386204");
        const line = await eventually(() => logged(server, "send_again")[0] ?? assert.fail(server.log), { ms: 30_000 });
        assert.match(line, /why="the SIP server's certificate is not the one of 127\.0\.0\.1/);
        assert.doesNotMatch(phone.out, /INVITE/);
        await server.stop();
        await phone.close();
      });

    test("a phone that will not encrypt is not spoken to", async () => {
      const number = newNumber();
      const phone = await Baresip.open({ number, tls: authority.issue("127.0.0.1") });
      const server = await open(phone);
      await callWith(server, number, "386204");
      await waitLogged(server, "send_failed");
      assert.ok(phone.heard().length < RATE, "something was said");
      await server.stop();
      await phone.close();
    });

    for (const srtp of ["srtp", undefined])
      test(`offered: a phone that ${srtp ? "encrypts is spoken to encrypted" : "does not is spoken to in the clear"}`, async () => {
        const number = newNumber();
        const phone = await Baresip.open({ number, srtp, codec: "PCMA" });
        const server = await production({ voice_url: phone.url, voice_srtp: "offered", voice_call_max_s: 15 });
        await callWith(server, number, "386204");
        await phone.answered();
        await phone.ended();
        await waitLogged(server, "sent");
        assertHeard(phone.heard(), sentences("386204").slice(0, 1));
        assert.equal(/a=crypto:1 AES_CM_128_HMAC_SHA1_80[^]*a=crypto:1 AES_CM_128_HMAC_SHA1_80/.test(phone.out), !!srtp);
        await server.stop();
        await phone.close();
      });
  });

  describe("SIP servers that say no", { concurrency: 3 }, () => {
    const callOnce = async (peer, options, code = "194735") => {
      const server = await production({ voice_url: peer.url, ...options });
      server.to = newNumber();
      await callWith(server, server.to, code);
      return server;
    };
    const over = async (server, peer) => {
      assert.ok(!server.log.includes(server.to.slice(1)), "the number is in the log");
      await server.stop();
      await peer.close();
    };

    test("486: the line is busy, tried again later", async () => {
      const peer = await Sipp.open(invite, reply(486, "Busy Here"), recv("ACK"));
      const server = await callOnce(peer);
      await peer.done();
      assert.match((await waitLogged(server, "send_again"))[0], /why="the line is busy \(486\)"/);
      const channels = command(["channel", "list", "--json"], { data_dir: server.dataDir }).out.trim().split("\n").map((line) => JSON.parse(line));
      const { state, resting_until } = channels.find(({ channel }) => channel === "voice");
      assert.deepEqual([state, resting_until], ["works", null], "one busy line holds nobody else up");
      await over(server, peer);
    });

    for (const [status, reason, why] of [[603, "Decline", "the call was declined \\(603\\)"], [404, "Not Found", "there is no such number \\(404\\)"],
      [480, "Temporarily Unavailable", "the phone is off or out of reach \\(480\\)"], [499, "Odd", "the SIP server answered 499"]])
      test(`${status}: not called again`, async () => {
        const peer = await Sipp.open(invite, reply(status, reason), recv("ACK"));
        const server = await callOnce(peer);
        await peer.done();
        assert.match((await waitLogged(server, "send_failed"))[0], new RegExp(`why="${why}"`));
        await over(server, peer);
      });

    test("nobody answers: the call is taken back", async () => {
      const peer = await Sipp.open(invite, reply(180, "Ringing"), recv("CANCEL"), reply(200, "OK"),
        reply(487, "Request Terminated", { cseq: "[cseq] INVITE" }), recv("ACK"));
      const server = await callOnce(peer, { voice_ring_s: 5 });
      assert.match((await waitLogged(server, "send_failed"))[0], /why="nobody answered within 5 s"/);
      await peer.done();
      await over(server, peer);
    });

    test("302: the other place is not called", async () => {
      const elsewhere = await ear();
      const peer = await Sipp.open(invite, reply(302, "Moved Temporarily", { headers: [`Contact: <sip:+19005550100@127.0.0.1:${elsewhere.port}>`] }), recv("ACK"));
      const server = await callOnce(peer);
      assert.match((await waitLogged(server, "send_failed"))[0], /why="the SIP server sends calls to another place, which is not called"/);
      await peer.done();
      assert.equal(peer.messages.match(/^INVITE /gm).length, 1);
      assert.equal(elsewhere.packets.length, 0);
      elsewhere.close();
      await over(server, peer);
    });

    test("hung up before the code was said: reported, not repeated", async () => {
      const there = await ear();
      const peer = await Sipp.open(invite, reply(200, "OK", { body: sdp(there.port) }), recv("ACK"), pause(1500), request("BYE"), recvAnswer(200));
      const server = await callOnce(peer);
      assert.match((await waitLogged(server, "send_failed"))[0], /why="hung up before the code had been said"/);
      assert.equal(logged(server, "answered").length, 1);
      await peer.done();
      there.close();
      await over(server, peer);
    });

    test("SIP INFO: star says it again", async () => {
      const there = await ear(), said = sentences("194735"), ms = Math.ceil(spoken(said[0]).length / RATE * 1000);
      const info = { headers: ["Content-Type: application/dtmf-relay"], body: "Signal=*\nDuration=160" };
      const peer = await Sipp.with({ tcp: true }, invite, reply(200, "OK", { body: sdp(there.port) }), recv("ACK"), pause(ms + 1500), request("INFO", info), recvAnswer(200),
        recv("BYE"), reply(200, "OK"));
      const server = await callOnce(peer);
      await peer.done();
      await waitLogged(server, "sent");
      const first = assertHeard(there.samples, said.slice(0, 1));
      assertHeard(there.samples, said, first);
      there.close();
      await over(server, peer);
    });

    test("digest: the password is proved, not sent", async () => {
      const file = path.join(temporaryFolder(), "password");
      fs.writeFileSync(file, "let me call\n", { mode: 0o600 });
      const challenge = 'Proxy-Authenticate: Digest realm="trunk", nonce="n0nce42", algorithm=MD5, qop="auth"';
      const peer = await Sipp.open(invite, reply(407, "Proxy Authentication Required", { headers: [challenge] }), recv("ACK"), invite, reply(486, "Busy Here"), recv("ACK"));
      const server = await callOnce(peer, { voice_user: "shop", voice_password_file: file });
      await peer.done();
      await waitLogged(server, "send_again");
      const header = peer.messages.match(/Proxy-Authorization: Digest (.*)/)[1];
      const of = (name) => header.match(new RegExp(`${name}="?([^",\\s]+)`))[1];
      const md5 = (text) => createHash("md5").update(text).digest("hex");
      const a1 = md5("shop:trunk:let me call"), a2 = md5(`INVITE:${of("uri")}`);
      assert.equal(of("response"), md5([a1, "n0nce42", of("nc"), of("cnonce"), "auth", a2].join(":")));
      assert.ok(!peer.messages.includes("let me call") && !server.log.includes("let me call"));
      await over(server, peer);
    });

    test("nobody there: tried again", async () => {
      const server = await production({ voice_url: `sip+tcp://127.0.0.1:${await freePort()}` });
      await callWith(server, newNumber(), "194735");
      assert.match(await eventually(() => logged(server, "send_again")[0] ?? assert.fail(server.log), { ms: 30_000 }), /why="the SIP server cannot be reached: /);
      await server.stop();
    });
  });

  describe("limits", { concurrency: 3 }, () => {
    test("voice_calls_max: another call waits until one is over", async () => {
      const number = newNumber();
      const phone = await Baresip.open({ number });
      const server = await production({ voice_url: phone.url, voice_calls_max: 1 });
      await callWith(server, number, "826415");
      await waitLogged(server, "answered");
      await callWith(server, newNumber(), "826415"); // no such number at this phone
      await waitLogged(server, "send_failed");
      assert.ok(server.log.indexOf(" event=sent ") > 0 && server.log.indexOf(" event=sent ") < server.log.indexOf(" event=send_failed "), server.log);
      await server.stop();
      await phone.close();
    });

    test("voice_call_max_s: a call has an end, though star is pressed again and again", async () => {
      const number = newNumber();
      const phone = await Baresip.open({ number });
      const server = await production({ voice_url: phone.url, voice_call_max_s: 15 });
      await callWith(server, number, "826415");
      await phone.answered();
      await eventually(() => assert.ok(phone.heard().length > 12 * RATE), { ms: 60_000 });
      await phone.press("*");
      await waitLogged(server, "sent");
      await phone.ended();
      assert.ok(phone.heard().length < 20 * RATE, `${phone.heard().length / RATE} s`);
      await server.stop();
      await phone.close();
    });

    test("a server that stops hangs up, and says so", async () => {
      const number = newNumber();
      const phone = await Baresip.open({ number });
      const server = await production({ voice_url: phone.url, stop_grace_ms: 0 });
      await callWith(server, number, "826415");
      await waitLogged(server, "answered");
      await server.stop();
      await phone.ended();
      assert.match(logged(server, "send_failed")[0], /why="the server stopped before the code had been said"/);
      await phone.close();
    });
  });

  describe("crashes", () => {
    test("a call that was answered is not repeated after kill -9", async () => {
      const number = newNumber();
      const phone = await Baresip.open({ number });
      const server = await production({ voice_url: phone.url });
      await callWith(server, number, "570318");
      await phone.answered();
      await waitLogged(server, "answered");
      await server.kill();
      const again = Object.assign(await server.restart(), { keys: server.keys });
      await callWith(again, newNumber(), "570318"); // the courier has looked for work when this one is under way
      await waitLogged(again, "send_failed"); // no such number at this phone
      assert.equal(phone.out.split("Call established").length - 1, 1);
      assert.doesNotMatch(again.log, /sending_resumed/);
      await again.stop();
      await phone.close();
    });
  });
});
