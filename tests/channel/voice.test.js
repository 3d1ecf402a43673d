// Calls: what a telephone hears, which keys it may press, and what is said of calls that come to nothing.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, describe, test } from "node:test";
import { Baresip, RATE, samplesOf } from "../lib/baresip.js";
import { newAuthority } from "../lib/certificate.js";
import { Client } from "../lib/client.js";
import { freePorts } from "../lib/kannel.js";
import { command, eventually, startServer, temporaryFolder } from "../lib/server.js";

async function production(options) {
  const [port] = await freePorts(1);
  const server = await startServer({ mode: "production", listen: `127.0.0.1:${port}`, public_url: `http://127.0.0.1:${port}`, stop_grace_ms: 500, ...options });
  const made = command(["app", "create", "shop", "--json"], { data_dir: server.dataDir });
  assert.equal(made.code, 0, made.err);
  server.keys = JSON.parse(made.out);
  const set = command(["app", "set", "shop", "custom_code=yes"], { data_dir: server.dataDir });
  assert.equal(set.code, 0, set.err);
  return server;
}

let counter = 0;
const newNumber = () => `+4915112${String(Date.now() % 1000).padStart(3, "0")}${String(counter++ % 1000).padStart(3, "0")}`;

const basic = ({ account_sid, auth_token }) => `Basic ${Buffer.from(`${account_sid}:${auth_token}`).toString("base64")}`;
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

// What flite says, by its own program.
function spoken(text) {
  const file = path.join(temporaryFolder(), "said.wav");
  const done = spawnSync("flite", ["-voice", "kal", "-t", text, "-o", file], { encoding: "utf8" });
  assert.equal(done.status, 0, `flite: ${done.error ?? done.stderr}`);
  return samplesOf(file);
}

// Where in `heard` `said` fits best, and how well: Pearson's correlation, 1 = the same.
function fit(said, heard, from = 0) {
  let best = { at: -1, correlation: -1 };
  const step = 4, rough = said.filter((_, i) => i % step === 0);
  const at = (lag, a, every) => {
    let ab = 0, aa = 0, bb = 0;
    for (let i = 0; i < a.length; i++) {
      const x = a[i], y = heard[lag + i * every];
      ab += x * y; aa += x * x; bb += y * y;
    }
    return ab / Math.sqrt(aa * bb || 1);
  };
  const last = heard.length - said.length;
  const tries = [];
  for (let lag = from; lag <= last; lag++) tries.push([at(lag, rough.subarray(0, 400), step), lag]);
  tries.sort((a, b) => b[0] - a[0]);
  for (const [, lag] of tries.slice(0, 50)) {
    const correlation = at(lag, said, 1);
    if (correlation > best.correlation) best = { at: lag, correlation };
  }
  return best;
}
const words = { 0: "zero", 1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine" };
const digits = (code) => [...code].map((digit) => words[digit]).join(", ");
const sentences = (code) => [`Your shop code is: ${digits(code)}. `, `Once more: ${digits(code)}.`, "To hear it again, press star."];

// Each sentence is in the recording, one behind the other. Returns where the last one ends.
function assertHeard(heard, said, from = 0) {
  for (const text of said) {
    const samples = spoken(text), { at, correlation } = fit(samples, heard, from);
    assert.ok(correlation >= 0.99, `"${text}" correlates ${correlation.toFixed(4)} at ${at / RATE} s of ${heard.length / RATE} s`);
    from = at + samples.length;
  }
  return from;
}

describe("a telephone", () => {
  const number = newNumber();
  let phone, server;
  test("starts", async () => {
    phone = await Baresip.open({ number });
    server = await production({ voice_url: phone.url });
  });
  after(async () => {
    await server?.stop();
    await phone?.close();
  });

  test("hears the code twice, digit by digit, and the code works", async () => {
    await callWith(server, number, "702913");
    await phone.answered();
    await phone.ended();
    await waitLogged(server, "sent");
    assertHeard(phone.heard(), sentences("702913"));
    assert.equal((await verify(server, "VerificationCheck", { To: number, Code: "702913" })).status, "approved");
  });

  test("the log has neither number nor code", () => {
    assert.ok(!server.log.includes(number.slice(1)), "the number");
    assert.ok(!/702913/.test(server.log), "the code");
  });
});
