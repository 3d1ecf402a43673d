// From the start to the first answered request, and what it occupies when idle. The baseline is the same
// program doing nothing (`countersign version`): what the machine takes to load it.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import { freePorts, program, temporaryFolder } from "../tests/lib/server.js";
import { median } from "./lib/beside.js";

const starts = 15;
const ms = (since) => Number(process.hrtime.bigint() - since) / 1e6;

const answered = (port) => new Promise((resolve) => {
  const rq = http.get({ host: "127.0.0.1", port, path: "/healthz", agent: false }, (rs) => rs.resume().on("end", () => resolve(true)));
  rq.on("error", () => resolve(false));
});

async function startOnce(data, port) {
  const since = process.hrtime.bigint();
  const child = spawn(program, ["serve"], {
    stdio: "ignore", env: { ...process.env, COUNTERSIGN_LISTEN: `127.0.0.1:${port}`, COUNTERSIGN_DATA_DIR: data },
  });
  while (!(await answered(port)));
  return { child, took: ms(since) };
}

async function stop(child) {
  child.kill();
  await once(child, "exit");
}

const memory = (pid, name) => Number(fs.readFileSync(`/proc/${pid}/smaps_rollup`, "utf8").match(new RegExp(`^${name}:\\s+(\\d+)`, "m"))[1]) / 1024;

const row = (name, value, goal, peer) => console.log(`| ${name} | ${value} | ${goal} | ${peer} |`);
const took = (list) => `${median(list).toFixed(1)} ms (least ${Math.min(...list).toFixed(1)})`;

// Resident and proportional memory of a server that was asked once and then left alone for a second.
async function idle(data) {
  const { child } = await startOnce(data, ...await freePorts(1));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const seen = { rss: memory(child.pid, "Rss"), pss: memory(child.pid, "Pss") };
  await stop(child);
  return seen;
}

const nothing = [], warm = [], fresh = [];
const data = temporaryFolder();
await stop((await startOnce(data, ...await freePorts(1))).child);
for (let i = 0; i < starts; i++) {
  const since = process.hrtime.bigint();
  spawnSync(program, ["version"]);
  nothing.push(ms(since));
  const [port] = await freePorts(1);
  for (const [list, folder] of [[fresh, temporaryFolder()], [warm, data]]) {
    const { child, took } = await startOnce(folder, port);
    list.push(took);
    await stop(child);
  }
}
const old = await idle(data), made = await idle(temporaryFolder());

console.log(`| median of ${starts} | here | goal | glewlwyd, when it was measured |\n| --- | --- | --- | --- |`);
row("loading the program, doing nothing", `${median(nothing).toFixed(1)} ms`, "", "");
row("start to first answer, data folder exists", took(warm), "30 ms", "29 ms");
row("start to first answer, new data folder", took(fresh), "30 ms", "");
row("idle, resident", `${old.rss.toFixed(1)} MB; in a new folder ${made.rss.toFixed(1)} MB`, "12 MB", "14.3 MB");
row("idle, proportional", `${old.pss.toFixed(1)} MB; in a new folder ${made.pss.toFixed(1)} MB`, "", "12.7 MB");
