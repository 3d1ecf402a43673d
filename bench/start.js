// From the start to the first answered request, and what it occupies when idle. The baseline is the same
// program doing nothing (`countersign version`): what the machine takes to load it.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import net from "node:net";
import { program, temporaryFolder } from "../tests/lib/server.js";

const starts = 15;
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const ms = (since) => Number(process.hrtime.bigint() - since) / 1e6;

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

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

const nothing = [], warm = [], fresh = [];
const data = temporaryFolder();
for (let i = 0; i < starts; i++) {
  const since = process.hrtime.bigint();
  spawnSync(program, ["version"]);
  nothing.push(ms(since));
  const port = await freePort();
  for (const [list, folder] of [[fresh, temporaryFolder()], [warm, data]]) {
    const { child, took } = await startOnce(folder, port);
    list.push(took);
    await stop(child);
  }
}
const { child } = await startOnce(data, await freePort());
await new Promise((resolve) => setTimeout(resolve, 1000));
const rss = memory(child.pid, "Rss"), pss = memory(child.pid, "Pss");
await stop(child);

const row = (name, value, goal) => console.log(`| ${name} | ${value} | ${goal} |`);
console.log(`| median of ${starts} | here | glewlwyd, when it was measured |\n| --- | --- | --- |`);
row("loading the program, doing nothing", `${median(nothing).toFixed(1)} ms`, "");
row("start to first answer, data folder exists", `${median(warm).toFixed(1)} ms (least ${Math.min(...warm).toFixed(1)})`, "29 ms");
row("start to first answer, new data folder", `${median(fresh).toFixed(1)} ms (least ${Math.min(...fresh).toFixed(1)})`, "");
row("idle, resident", `${rss.toFixed(1)} MB`, "14.3 MB");
row("idle, proportional", `${pss.toFixed(1)} MB`, "12.7 MB");
