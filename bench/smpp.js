// SMS by SMPP: what a session sends beside what the peer can take (bench/smpp_bench.c); then the whole way, from
// rows of the outbox to the carrier and booked as sent, to a carrier in C and to npm's `smpp`; and sign-ins
// while 10,000 messages a second are to leave, beside sign-ins alone.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createInterface } from "node:readline";
import { command, freePorts, startServer, temporaryFolder } from "../tests/lib/server.js";
import { Shop } from "../tests/lib/shop.js";
import { signUp } from "../tests/portal/people.js";
import { median, signInsBeside } from "./lib/beside.js";
import { spent } from "./lib/spent.js";

const bench = "build/bench/smpp_bench";
execFileSync("ninja", ["-C", "build", "bench/smpp_bench"], { stdio: "ignore" });
execFileSync(bench, ["session"], { stdio: "inherit" });

const asked = 5_000, messages = 40_000, rounds = 3, rateBeside = 10_000, secondsBeside = 3;
const [port] = await freePorts(1);

class Peer {
  static async open(program, args) {
    const peer = new Peer();
    peer.child = spawn(program, [...args, String(port)], { stdio: ["pipe", "pipe", "inherit"] });
    peer.lines = createInterface({ input: peer.child.stdout })[Symbol.asyncIterator]();
    await peer.lines.next();
    return peer;
  }

  async figures(line = "") {
    this.child.stdin.write(`${line}\n`);
    const [count, first, last] = (await this.lines.next()).value.split(" ").map(Number);
    return { count, first, last };
  }

  async close() {
    this.child.stdin.end();
    await once(this.child, "exit");
  }
}

// Somebody who signs in: made in demo mode, where mails can be read.
const demo = await startServer();
const person = await signUp(demo);
await demo.stop();

const password = path.join(temporaryFolder(), "password");
fs.writeFileSync(password, "bench", { mode: 0o600 });
const shop = await Shop.open({
  data_dir: demo.dataDir, sms_gateway: "smpp", sms_url: `smpp+plain://127.0.0.1:${port}`, sms_user: "bench", sms_password_file: password,
  sms_from: "ACME", smpp_window: 50, limit_send: "off", limit_api: "off", limit_login: "off", limit_form: "off", hash_queue_max: 1000, log_level: "warn",
});
const channel = (verb) => assert.equal(command(["channel", verb, "sms"], { data_dir: demo.dataDir }).code, 0);

channel("pause");
const startedAsking = performance.now();
for (let i = 0; i < asked; i += 100) await Promise.all(Array.from({ length: 100 }, () => shop.askForCode()));
const asking = asked / (performance.now() - startedAsking) * 1000;
// The same codes more than once: rows like the others, since asking for so many takes longer than sending them.
shop.sql(`CREATE TEMP TABLE more AS SELECT * FROM outbox WHERE channel = 'sms';
  ${Array.from({ length: messages / asked - 1 }, (_, i) => `UPDATE more SET id = rowid + ${i * asked}; INSERT INTO outbox SELECT * FROM more;`).join("\n")}`);

// All of them are due again, while the channel rests.
function fill() {
  const [now, late] = [Date.now(), Date.now() + 3_600_000];
  shop.sql(`UPDATE outbox SET state = 'queued', attempts = 0, lost_count = 0, why = '', provider_id = '', settled_at_ms = NULL, next_at_ms = ${now},
      expires_at_ms = ${late} WHERE channel = 'sms';
    UPDATE verification SET expires_at_ms = ${late};`);
}

// Messages a second from the first at the carrier to the last that is booked; then the channel rests.
async function drain(peer) {
  fill();
  await peer.figures("again");
  channel("resume");
  while ((await peer.figures()).count < messages) await sleep(20);
  const { first } = await peer.figures();
  for (;;) {
    const [{ sent, last }] = shop.sql("SELECT count(*) AS sent, max(settled_at_ms) AS last FROM outbox WHERE channel = 'sms' AND state = 'sent'");
    if (sent === messages) {
      channel("pause");
      return messages / (last - first) * 1000;
    }
    await sleep(50);
  }
}

const threads = ["courier", "smpp", "store-writer"];
const rates = {}, spentBy = {};
for (const [name, program, args] of [["C", bench, ["sink"]], ["npm", process.execPath, ["bench/lib/smpppeer.js"]]]) {
  const peer = await Peer.open(program, args);
  const now = () => [...threads.map((thread) => spent(shop.server.pid, thread)), spent(peer.child.pid)];
  const before = now();
  rates[name] = [];
  for (let i = 0; i < rounds; i++) rates[name].push(await drain(peer));
  spentBy[name] = now().map((us, i) => (us - before[i]) / (rounds * messages));
  await peer.close();
}

const show = (list) => `${median(list).toFixed(0)}/s (${list.map((rate) => rate.toFixed(0)).join(", ")})`;
console.log(`\n| the whole way, window 50, ${messages} messages | median of ${rounds} | processor time a message: ${threads.join(", ")}, the peer |\n| --- | --- | --- |`);
console.log(`| asked for by an application, each committed | ${asking.toFixed(0)}/s | |`);
for (const [name, what] of [["C", "a carrier that reads heads alone"], ["npm", "a carrier by npm smpp"]])
  console.log(`| from the outbox to ${what}, booked as sent | ${show(rates[name])} | ${spentBy[name].map((us) => `${us.toFixed(1)} µs`).join(", ")} |`);

const peer = await Peer.open(bench, ["sink"]);
await shop.server.stop();
await shop.restart({ smpp_rate: rateBeside });
console.log(`\n| sign-ins (a password checked) | alone | while up to ${rateBeside} messages a second leave | ratio | messages a second meanwhile |\n| --- | --- | --- | --- | --- |`);
for (const atOnce of [1, 8]) {
  const meanwhile = [];
  const beside = await signInsBeside(shop.server, person, {
    atOnce, seconds: secondsBeside,
    start: async () => {
      fill();
      await peer.figures("again");
      channel("resume");
      while (!(await peer.figures()).count) await sleep(5);
    },
    stop: async () => {
      const { count, first, last } = await peer.figures();
      meanwhile.push(count / (last - first) * 1000);
      channel("pause");
    },
  });
  console.log(`| ${atOnce} at once | ${beside.without.toFixed(1)}/s | ${beside.with.toFixed(1)}/s | ${beside.ratio.toFixed(2)} | ${show(meanwhile)} |`);
}
await peer.close();
await shop.server.stop();
process.exit();
