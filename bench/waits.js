// Sign-ins that wait for a phone: what one costs in memory, and how long an answer takes to reach its page
// while many others wait. The waits are event streams of /login/status; they are spread over twenty
// people's sign-ins, and held by processes of their own, each from an address of its own, so that neither
// ports nor open files run out and the process that measures has nothing else to do. The clients share the
// machine with the server, and their time is in the figures.
import { fork } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import tls from "node:tls";
import { fileURLToPath } from "node:url";
import { newAuthority } from "../tests/lib/certificate.js";
import { eventually, startServer, temporaryFolder } from "../tests/lib/server.js";
import { signInWaiting, withPhone } from "../tests/device/scene.js";

const people = 20, trials = 200;
const quantile = (list, q) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * q))];
const rssKb = (pid) => Number(fs.readFileSync(`/proc/${pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]);
const options = { connections_max: 19000, heartbeat_ms: 600000 };

const cookieOf = (browser) => [...browser.cookies].map(([n, v]) => `${n}=${v}`).join("; ");
const head = (server, cookie) =>
  `GET /login/status HTTP/1.1\r\nHost: ${server.host}:${server.port}\r\nAccept: text/event-stream\r\nCookie: ${cookie}\r\n\r\n`;

// A stream that has been answered; resolves with the socket.
function openWait({ host, port, ca, localAddress }, request) {
  return new Promise((resolve, reject) => {
    const to = { host, port, ca, localAddress, servername: "localhost" };
    const socket = ca ? tls.connect(to) : net.connect(to);
    socket.on("error", reject);
    socket.once(ca ? "secureConnect" : "connect", () => socket.write(request));
    socket.once("data", (data) => (/^HTTP\/1\.1 200/.test(data) ? resolve(socket) : reject(new Error(String(data).slice(0, 200)))));
  });
}

// What a process that holds waits does: opens them, says so, and is asked how many are left.
if (process.argv[2] === "hold") {
  let left = 0;
  process.on("message", async ({ to, requests, count }) => {
    if (!to) return process.send({ left });
    for (let i = 0; i < count; i += 100) // so many at once as a listen queue takes of all
      for (const socket of await Promise.all(Array.from({ length: Math.min(100, count - i) }, (_, k) => openWait(to, requests[(i + k) % requests.length])))) {
        left++;
        socket.on("data", () => {});
        socket.on("close", () => left--);
      }
    process.send({ left });
  });
  process.on("disconnect", () => process.exit(0));
  await once(process, "disconnect");
}

const perHolder = 3000;

// Parks `count` waits; { words(), close() }.
async function waits(server, scenes, count, ca) {
  const requests = scenes.map(({ cookie }) => head(server, cookie)), holders = [];
  for (let begun = 0; begun < count; begun += perHolder) {
    const child = fork(fileURLToPath(import.meta.url), ["hold"]);
    const to = { host: server.host, port: server.port, ca, localAddress: `127.0.0.${2 + holders.length}` };
    child.send({ to, requests, count: Math.min(perHolder, count - begun) });
    child.once("exit", (code) => { if (code) throw new Error(`a process that holds waits ended with ${code}`); });
    holders.push({ child, opened: once(child, "message") });
  }
  await Promise.all(holders.map(({ opened }) => opened));
  return {
    async words() { // waits end with their request: then the figure is of fewer
      let left = 0;
      for (const { child } of holders) {
        child.send({});
        left += (await once(child, "message"))[0].left;
      }
      return left === count ? `${count}` : `${count}, but ${left} at the end: the machine is too slow`;
    },
    async close() {
      for (const { child } of holders) {
        const ended = once(child, "exit");
        child.disconnect();
        await ended;
      }
    },
  };
}

async function everybody(server) {
  const scenes = [];
  for (let i = 0; i < people; i++) scenes.push(await withPhone(server));
  return scenes;
}

// Their sign-ins wait for two minutes from now.
async function everybodyWaits(server, scenes) {
  for (const scene of scenes) scene.cookie = cookieOf((await signInWaiting(server, scene.person)).browser);
}

// From the answer's request to the event that its page gets.
async function latency(server) {
  const took = [];
  const { person, phone } = await withPhone(server);
  for (let i = 0; i < trials; i++) {
    const { browser, digits } = await signInWaiting(server, person);
    const socket = await openWait(server, head(server, cookieOf(browser)));
    const asked = await phone.asked();
    const event = new Promise((resolve) => socket.on("data", (data) => /approved/.test(data) && resolve()));
    const since = process.hrtime.bigint();
    const answer = phone.answer(asked, "approved", digits);
    await event;
    took.push(Number(process.hrtime.bigint() - since) / 1e6);
    await answer;
    socket.destroy();
    await browser.getJson("/login/status"); // the page moves on
    browser.close();
  }
  return took;
}

async function settledRss(pid) {
  let last = 0;
  await eventually(() => {
    const now = rssKb(pid), same = now === last;
    last = now;
    if (!same) throw new Error("still moving");
  }, { everyMs: 500 });
  return last;
}

const rows = [], cost = [];
{
  const server = await startServer(options);
  const scenes = await everybody(server);
  for (const others of [0, 1000, 10000]) {
    await everybodyWaits(server, scenes);
    const parked = await waits(server, scenes, others);
    const took = await latency(server);
    rows.push(`| ${await parked.words()} | ${quantile(took, 0.5).toFixed(2)} ms | ${quantile(took, 0.99).toFixed(2)} ms |`);
    await parked.close();
  }
  await server.stop();
}
const authority = newAuthority(), folder = temporaryFolder();
const { key, cert } = authority.issue("localhost", "127.0.0.1");
fs.writeFileSync(`${folder}/key.pem`, key, { mode: 0o600 });
fs.writeFileSync(`${folder}/cert.pem`, cert);
for (const [name, count, more] of [["plain HTTP", 15000, {}], ["TLS 1.3", 15000, { tls_cert_file: `${folder}/cert.pem`, tls_key_file: `${folder}/key.pem` }]]) {
  // the people sign in over plain HTTP first, on the same data folder
  const first = await startServer(options);
  const scenes = await everybody(first);
  await everybodyWaits(first, scenes);
  await first.stop();
  const server = await first.restart(more);
  const ca = more.tls_cert_file ? fs.readFileSync(authority.file, "utf8") : undefined;
  const warm = await waits(server, scenes, 200, ca);
  const before = await settledRss(server.child.pid);
  const parked = await waits(server, scenes, count, ca);
  const after = await settledRss(server.child.pid);
  cost.push(`| ${name} | ${await parked.words()} | ${((after - before) * 1024 / count).toFixed(0)} bytes | ${(after / 1024).toFixed(1)} MB |`);
  await Promise.all([warm.close(), parked.close()]);
  await server.stop();
}

console.log("| other sign-ins waiting | answer to page, p50 | p99 |\n| --- | --- | --- |");
rows.forEach((row) => console.log(row));
console.log("\n| parked waits | how many | resident memory each | whole server |\n| --- | --- | --- | --- |");
cost.forEach((row) => console.log(row));
