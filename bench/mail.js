// Mails a second from an application's requests to a mail server on this machine, beside what that server
// takes from a client that does nothing else; and sign-ins while mails flow, beside sign-ins alone.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { command, freePorts, startServer, temporaryFolder } from "../tests/lib/server.js";
import { newPerson } from "../tests/portal/people.js";
import { Client } from "../tests/lib/client.js";
import { signInsBeside } from "./lib/beside.js";
import { spent } from "./lib/spent.js";

const mailsSent = 6000, mailSize = 5000, connections = 8;

class Peer {
  static async open() {
    const peer = Object.assign(new Peer(), { taken: 0, out: "" });
    peer.child = spawn(process.execPath, ["bench/lib/mailpeer.js"], { stdio: ["pipe", "pipe", "inherit"] });
    peer.child.stdout.setEncoding("utf8").on("data", (text) => {
      peer.out = (peer.out + text).slice(-400);
      peer.link ??= peer.out.match(/LINK (\S+)\n/)?.[1];
      peer.port ??= Number(peer.out.match(/PORT (\d+)\n/)?.[1]) || undefined;
      const counts = [...peer.out.matchAll(/TAKEN (\d+)\n/g)];
      if (counts.length) peer.taken = Number(counts.at(-1)[1]);
    });
    while (!peer.port) await once(peer.child.stdout, "data");
    return peer;
  }

  // Waits until nothing has come for a second; how many a second they were, from the first to the last.
  async rate() {
    const from = this.taken;
    while (this.taken === from) await sleep(20);
    const first = { at: performance.now(), taken: this.taken };
    let last = first;
    while (performance.now() - last.at < 1000) {
      await sleep(50);
      if (this.taken !== last.taken) last = { at: performance.now(), taken: this.taken };
    }
    return (last.taken - first.taken) / ((last.at - first.at) / 1000);
  }

  close() {
    this.child.kill();
  }
}

const basic = ({ account_sid, auth_token }) => `Basic ${Buffer.from(`${account_sid}:${auth_token}`).toString("base64")}`;

// Asks for codes by mail to addresses that differ, by wrk.
function askScript(keys) {
  const script = path.join(temporaryFolder(), "ask.lua");
  fs.writeFileSync(script, `math.randomseed(os.time())
local n, mark = 0, math.random(1, 1000000000)
request = function()
  n = n + 1
  return wrk.format("POST", nil, { ["Content-Type"] = "application/x-www-form-urlencoded", ["Authorization"] = ${JSON.stringify(basic(keys))} },
    "Channel=email&To=p" .. mark .. "x" .. n .. "%40example.com")
end
`);
  return script;
}

const ask = (server, script, seconds, atOnce) =>
  spawn("wrk", ["-t1", `-c${atOnce}`, `-d${seconds}s`, "-s", script, `${server.url}/v2/Services/${server.keys.service_sid}/Verifications`], { stdio: "ignore" });

const peer = await Peer.open();
const ceiling = Number(execFileSync(process.execPath, ["bench/lib/mailclient.js", peer.port, connections, mailsSent, mailSize].map(String), { encoding: "utf8" }));

const [port] = await freePorts(1);
const url = `http://127.0.0.1:${port}`;
const server = await startServer({
  mode: "production", listen: `127.0.0.1:${port}`, public_url: url, smtp_url: `smtp+plain://127.0.0.1:${peer.port}`, mail_from: "login@example.com",
  limit_api: "off", limit_send: "off", limit_login: "off", limit_form: "off", hash_queue_max: 1000, log_level: "warn",
});
server.keys = JSON.parse(command(["app", "create", "bench", "--json"], { data_dir: server.dataDir }).out);
const script = askScript(server.keys);

process.on("exit", () => peer.close());

ask(server, script, 5, 32);
const rate = await peer.rate();

const [courier, writer] = ["courier", "store-writer"].map((name) => spent(server.pid, name) / (peer.taken - mailsSent));

const person = newPerson();
const me = new Client(server);
await me.fill(await me.get("/sign-up"), person);
while (!peer.link) await sleep(20);
await me.fill(await me.get(peer.link), {}, { action: peer.link });
me.close();

console.log("| | per second | of the baseline |\n| --- | --- | --- |");
console.log(`| the mail server alone, ${connections} connections, a client without a database | ${ceiling.toFixed(0)} | 1 |`);
console.log(`| mails: asked for, committed, rendered, sent, booked | ${rate.toFixed(0)} | ${(rate / ceiling).toFixed(2)} |`);
console.log(`| processor time for one mail: courier, store | ${courier.toFixed(0)} µs, ${writer.toFixed(0)} µs | |`);

let flow;
const beside = await signInsBeside(server, person, {
  start: () => (flow = ask(server, script, 60, 2)),
  stop: async () => {
    flow.kill();
    await peer.rate();
  },
});
console.log(`| sign-ins (a password checked) without mails | ${beside.without.toFixed(1)} | 1 |`);
console.log(`| sign-ins while mails flow | ${beside.with.toFixed(1)} | ${beside.ratio.toFixed(2)} |`);
await server.stop();
process.exit();
