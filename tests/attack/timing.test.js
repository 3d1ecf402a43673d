// Attack 53: an unknown name and a wrong password take the same time. Two samples, interleaved, compared
// by the Mann-Whitney test: no assumption about the shape of the noise, and none about the machine's speed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client } from "../lib/client.js";
import { startServer } from "../lib/server.js";
import { newPerson, signUp } from "../portal/people.js";

const tries = 200;

let server, people;
before(async () => {
  server = await startServer();
  people = [];
  for (let i = 0; i < 20; i++) people.push(await signUp(server)); // ten tries each stay below every pause
});
after(() => server.stop());

// The two-sided p-value of the rank-sum test, with the correction for ties.
export function mannWhitney(a, b) {
  const all = [...a.map((v) => ({ v, a: true })), ...b.map((v) => ({ v, a: false }))].sort((x, y) => x.v - y.v);
  let rankSum = 0, ties = 0;
  for (let i = 0, j; i < all.length; i = j) {
    for (j = i; j < all.length && all[j].v === all[i].v; j++);
    ties += (j - i) ** 3 - (j - i);
    for (let k = i; k < j; k++) if (all[k].a) rankSum += (i + j + 1) / 2;
  }
  const [n, m] = [a.length, b.length], total = n + m;
  const u = rankSum - (n * (n + 1)) / 2;
  const sigma = Math.sqrt(((n * m) / 12) * (total + 1 - ties / (total * (total - 1))));
  const z = Math.abs(u - (n * m) / 2) / sigma;
  const t = 1 / (1 + 0.3275911 * (z / Math.SQRT2)); // Abramowitz and Stegun 7.1.26
  return ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * Math.exp((-z * z) / 2);
}

const median = (list) => [...list].sort((x, y) => x - y)[list.length >> 1];

async function sample() {
  const browser = new Client(server);
  const times = { known: [], unknown: [] }, seen = new Set();
  for (let i = 0; i < tries; i++) {
    const order = i % 2 ? ["known", "unknown"] : ["unknown", "known"];
    for (const kind of order) {
      const login = kind === "known" ? people[i % people.length].username : newPerson().username;
      const start = process.hrtime.bigint();
      const answer = await browser.postJson("/login", { login, password: "wrong horse battery" });
      times[kind].push(Number(process.hrtime.bigint() - start) / 1e6);
      seen.add(`${answer.status} ${answer.text}`);
    }
  }
  browser.close();
  return { times, seen };
}

test("the test itself tells a millisecond in twenty", () => {
  const noise = () => 20 + Math.random() * 2;
  const slow = Array.from({ length: tries }, () => noise() + 1), fast = Array.from({ length: tries }, noise);
  assert.ok(mannWhitney(slow, fast) < 0.001);
});

test("attack 53: unknown user and wrong password cannot be told apart over 200 tries each", async () => {
  // A difference that is really there shows every time; one in a thousand runs shows one by chance.
  let p = 0, medians = "";
  for (let round = 0; round < 3 && p < 0.001; round++) {
    const { times, seen } = await sample();
    assert.equal(seen.size, 1, `one answer for both, not ${[...seen].join(" | ")}`);
    p = mannWhitney(times.known, times.unknown);
    medians = `known ${median(times.known).toFixed(2)} ms, unknown ${median(times.unknown).toFixed(2)} ms, p = ${p.toFixed(4)}`;
    people = []; // their pauses are near: the next round has people of its own
    for (let i = 0; p < 0.001 && i < 20; i++) people.push(await signUp(server));
  }
  console.log(medians);
  assert.ok(p >= 0.001, medians);
});
