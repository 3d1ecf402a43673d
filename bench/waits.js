// Sign-ins that wait for a phone: what one costs in memory, and how long an answer takes to reach its page
// while many others wait. The waits are event streams of /login/status; they are spread over twenty
// people's sign-ins. The client shares the machine with the server, and its own time is in the figures.
import fs from "node:fs";
import net from "node:net";
import tls from "node:tls";
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
function openWait(server, cookie, ca) {
  return new Promise((resolve, reject) => {
    const to = { host: server.host, port: server.port, ca, servername: "localhost" };
    const socket = ca ? tls.connect(to) : net.connect(to);
    socket.on("error", reject);
    socket.once(ca ? "secureConnect" : "connect", () => socket.write(head(server, cookie)));
    socket.once("data", (data) => (/^HTTP\/1\.1 200/.test(data) ? resolve(socket) : reject(new Error(String(data).slice(0, 200)))));
  });
}

async function waits(server, scenes, count, ca) {
  const sockets = [];
  for (let i = 0; i < count; i += 200) // so many at once as a listen queue takes
    sockets.push(...await Promise.all(Array.from({ length: Math.min(200, count - i) }, (_, k) => openWait(server, scenes[(i + k) % scenes.length].cookie, ca))));
  return sockets;
}

async function everybodyWaits(server) {
  const scenes = [];
  for (let i = 0; i < people; i++) {
    const { person, phone } = await withPhone(server);
    scenes.push({ person, phone });
  }
  for (const scene of scenes) scene.cookie = cookieOf((await signInWaiting(server, scene.person)).browser);
  return scenes;
}

// From the answer's request to the event that its page gets.
async function latency(server) {
  const took = [];
  const { person, phone } = await withPhone(server);
  for (let i = 0; i < trials; i++) {
    const { browser, digits } = await signInWaiting(server, person);
    const socket = await openWait(server, cookieOf(browser));
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
  const scenes = await everybodyWaits(server);
  for (const others of [0, 1000, 10000]) {
    const sockets = await waits(server, scenes, others);
    const took = await latency(server);
    rows.push(`| ${others} | ${quantile(took, 0.5).toFixed(2)} ms | ${quantile(took, 0.99).toFixed(2)} ms |`);
    sockets.forEach((s) => s.destroy());
  }
  await server.stop();
}
const authority = newAuthority(), folder = temporaryFolder();
const { key, cert } = authority.issue("localhost", "127.0.0.1");
fs.writeFileSync(`${folder}/key.pem`, key, { mode: 0o600 });
fs.writeFileSync(`${folder}/cert.pem`, cert);
for (const [name, count, more] of [["plain HTTP", 15000, {}], ["TLS 1.3", 4000, { tls_cert_file: `${folder}/cert.pem`, tls_key_file: `${folder}/key.pem` }]]) {
  // the people sign in over plain HTTP first, on the same data folder
  const first = await startServer(options);
  const scenes = await everybodyWaits(first);
  await first.stop();
  const server = await first.restart(more);
  const ca = more.tls_cert_file ? fs.readFileSync(authority.file) : undefined;
  const warm = await waits(server, scenes, 200, ca);
  const before = await settledRss(server.child.pid);
  const sockets = await waits(server, scenes, count, ca);
  const after = await settledRss(server.child.pid);
  cost.push(`| ${name} | ${count} | ${((after - before) * 1024 / count).toFixed(0)} bytes | ${(after / 1024).toFixed(1)} MB |`);
  [...warm, ...sockets].forEach((s) => s.destroy());
  await server.stop();
}

console.log("| other sign-ins waiting | answer to page, p50 | p99 |\n| --- | --- | --- |");
rows.forEach((row) => console.log(row));
console.log("\n| parked waits | how many | resident memory each | whole server |\n| --- | --- | --- | --- |");
cost.forEach((row) => console.log(row));
