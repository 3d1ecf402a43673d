// Sign-ins and pages through the front door, each beside what it stands on, in the same run: sign-ins beside
// Argon2id alone on all cores, the sign-in page beside /robots.txt (the same server without a page).
// wrk and the server share the machine.
import { execFileSync } from "node:child_process";
import { startServer } from "../tests/lib/server.js";
import { signUp } from "../tests/portal/people.js";
import { median, signInScript } from "./lib/beside.js";

const seconds = 3, rounds = 3;
execFileSync("ninja", ["-C", "build", "bench/core_bench"], { stdio: "ignore" });

function wrk(url, connections, script) {
  const args = ["-t2", `-c${connections}`, `-d${seconds}s`, "--latency", ...(script ? ["-s", script] : []), url];
  const text = execFileSync("wrk", args, { encoding: "utf8" });
  const bad = text.match(/Non-2xx or 3xx responses: (\d+)/);
  return {
    rate: Number(text.match(/Requests\/sec:\s+([\d.]+)/)[1]), p50: text.match(/50%\s+(\S+)/)[1],
    p99: text.match(/99%\s+(\S+)/)[1], bad: bad ? Number(bad[1]) : 0,
  };
}

const server = await startServer({ hash_queue_max: 1000 });
const person = await signUp(server);
const script = signInScript(person);

const got = { hash1: [], hash: [], login: [], page: [], bare: [] };
let last = {};
for (let i = 0; i < rounds; i++) {
  const [one, all] = execFileSync("build/bench/core_bench", ["hash"], { encoding: "utf8" }).split(" ").map(Number);
  got.hash1.push(one);
  got.hash.push(all);
  for (const [name, url, connections, lua] of [["login", "/login", 8, script], ["bare", "/robots.txt", 64], ["page", "/login", 64]]) {
    last[name] = wrk(server.url + url, connections, lua);
    got[name].push(last[name].rate);
    if (last[name].bad) throw new Error(`${name}: ${last[name].bad} answers were not 2xx or 3xx`);
  }
}
await server.stop();

const rate = (name) => median(got[name]);
console.log(`| median of ${rounds} | per second | p50 / p99 | of the baseline |\n| --- | --- | --- | --- |`);
console.log(`| Argon2id alone, one core | ${rate("hash1").toFixed(1)} | | |`);
console.log(`| Argon2id alone, all cores | ${rate("hash").toFixed(1)} | | 1 |`);
console.log(`| sign-ins (password, no second factor), 8 at once | ${rate("login").toFixed(1)} | ${last.login.p50} / ${last.login.p99} | ${(rate("login") / rate("hash")).toFixed(2)} |`);
console.log(`| GET /robots.txt, 64 at once | ${rate("bare").toFixed(0)} | ${last.bare.p50} / ${last.bare.p99} | 1 |`);
console.log(`| GET /login, the page, 64 at once | ${rate("page").toFixed(0)} | ${last.page.p50} / ${last.page.p99} | ${(rate("page") / rate("bare")).toFixed(2)} |`);
