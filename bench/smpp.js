// SMS by SMPP: what a session sends beside what the peer can take (bench/smpp_bench.c), then the whole way:
// codes that an application asked for while the carrier was away, from the outbox to the carrier and booked
// as sent; and what sign-ins take meanwhile.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { freePorts } from "../tests/lib/kannel.js";
import { temporaryFolder } from "../tests/lib/server.js";
import { Shop } from "../tests/lib/shop.js";

const bench = "build/bench/smpp_bench";
execFileSync("ninja", ["-C", "build", "bench/smpp_bench"], { stdio: "ignore" });
execFileSync(bench, ["session"], { stdio: "inherit" });

const messages = 10_000;
const password = path.join(temporaryFolder(), "password");
fs.writeFileSync(password, "bench", { mode: 0o600 });
const [port] = await freePorts(1);
const shop = await Shop.open({
  sms_gateway: "smpp", sms_url: `smpp+plain://127.0.0.1:${port}`, sms_user: "bench", sms_password_file: password, sms_from: "ACME",
  smpp_window: 50, limit_send: "off", limit_api: "off", log_level: "warn",
});
const asked = performance.now();
for (let i = 0; i < messages; i += 100) await Promise.all(Array.from({ length: 100 }, () => shop.askForCode()));
const asking = messages / (performance.now() - asked) * 1000;

const signIn = async () => {
  const started = performance.now();
  const answer = await fetch(`${shop.server.url}/login`, {
    method: "POST", headers: { "content-type": "application/json", accept: "application/json" }, body: JSON.stringify({ login: "nobody", password: "no password of anybody" }),
  });
  await answer.arrayBuffer();
  return performance.now() - started;
};
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const quiet = [];
for (let i = 0; i < 20; i++) quiet.push(await signIn());

const sink = spawn(bench, ["sink", String(port)], { stdio: ["pipe", "pipe", "inherit"] });
const lines = createInterface({ input: sink.stdout })[Symbol.asyncIterator]();
await lines.next();
const figures = async () => (sink.stdin.write("\n"), (await lines.next()).value.split(" ").map(Number));
const busy = [];
let count = 0, took = 0;
while (count < messages) {
  const begun = count;
  const ms = await signIn();
  [count, took] = await figures();
  if (begun && count < messages) busy.push(ms);
}
sink.stdin.end();
await once(sink, "exit");
const [{ n }] = shop.sql("SELECT count(*) AS n FROM outbox WHERE state = 'sent'");
await shop.server.stop();

console.log(`\n| the whole way | |\n| --- | --- |`);
console.log(`| asked for by an application, each committed | ${asking.toFixed(0)}/s |`);
console.log(`| ${messages} from the outbox to the carrier (window 50) | ${(messages / took * 1000).toFixed(0)}/s |`);
console.log(`| booked as sent when the last had come | ${n} |`);
console.log(`| refused sign-in, median of ${quiet.length} before and ${busy.length} meanwhile | ${median(quiet).toFixed(1)} ms, ${busy.length ? `${median(busy).toFixed(1)} ms, ratio ${(median(busy) / median(quiet)).toFixed(2)}` : "too quick to say"} |`);
