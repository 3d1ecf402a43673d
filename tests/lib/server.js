// Starts the real program with a data folder of its own on a free port, and stops it again.
//
//   const server = await startServer({ mode: "demo" });   // any option of `countersign serve`
//   after(() => server.stop());                            // fails the file if it did not end well
//
// COUNTERSIGN_BIN names the program (build/countersign otherwise); COUNTERSIGN_TEST_SLOW is how
// many times longer everything may take, for sanitized programs.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { saw, traceFile } from "./scrub.js";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const program = process.env.COUNTERSIGN_BIN ?? path.join(root, "build/countersign");
const slow = Number(process.env.COUNTERSIGN_TEST_SLOW ?? 1);

// A time limit, stretched for sanitized programs.
export const limitMs = (ms) => ms * slow;

// The environment without whatever COUNTERSIGN_… options the developer's shell has, plus these.
export function environment(options) {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("COUNTERSIGN_"));
  const given = Object.entries(options).map(([name, value]) => [`COUNTERSIGN_${name.toUpperCase()}`, String(value)]);
  return Object.fromEntries([...kept, ...given]);
}

// A folder of its own for one test; removed when the process ends.
const folders = [];
export function temporaryFolder() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "countersign-test-"));
  folders.push(dir);
  return dir;
}

const running = new Set();
// What a failed test left running must not keep the others from ending, nor outlive them.
export function letGo(child) {
  running.add(child);
  child.once("exit", () => running.delete(child));
  for (const held of [child, child.stdout, child.stderr]) held?.unref();
}

process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  for (const dir of folders) fs.rmSync(dir, { recursive: true, force: true });
});

export class Server {
  constructor(child, options, logFile) {
    this.child = child;
    this.logFile = logFile;
    this.pid = child.pid;
    this.options = options;
    this.dataDir = options.data_dir;
    this.out = ""; // what it printed for the developer
    this.exited = new Promise((resolve) =>
      child.once("exit", (code, signal) => {
        running.delete(child);
        resolve({ code, signal });
      }));
    child.stdout.setEncoding("utf8").on("data", (text) => (this.out += text));
  }

  // Its log lines. They go into a file, so that a test that does not read them holds nobody up.
  get log() {
    return fs.readFileSync(this.logFile, "utf8");
  }

  // Waits until it says where it listens. Whoever gives up is told what it printed.
  async ready() {
    const gone = this.exited.then(({ code, signal }) => {
      throw new Error(`countersign ended (${signal ?? code}) before it listened:\n${this.out}${this.log}`);
    });
    gone.catch(() => {}); // only this wait is interested
    const timer = new AbortController();
    const late = new Promise((_, reject) => {
      const handle = setTimeout(() => reject(new Error(
        `countersign did not listen in time:\n${this.out}${this.log}`)), limitMs(10_000));
      timer.signal.addEventListener("abort", () => clearTimeout(handle));
    });
    const listening = (async () => {
      for (;;) {
        const said = this.out.match(/listening on (https?):\/\/(\S+):(\d+)/);
        if (said) return said;
        await once(this.child.stdout, "data");
      }
    })();
    listening.catch(() => {});
    try {
      const [, scheme, host, port] = await Promise.race([listening, gone, late]);
      this.host = host.replace(/^\[|\]$/g, "");
      this.port = Number(port);
      this.url = `${scheme}://${host}:${port}`;
    } catch (error) {
      this.child.kill("SIGKILL");
      throw error;
    } finally {
      timer.abort();
    }
    // a server that nobody stops must not keep the tests from ending; "exit" above ends it
    for (const held of [this.child, this.child.stdout]) held.unref();
    return this;
  }

  // Asks it to end, as systemd would, and expects that it ends well and in time.
  async stop() {
    this.child.ref();
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill("SIGTERM");
    const late = setTimeout(() => this.child.kill("SIGKILL"), limitMs(15_000));
    const { code, signal } = await this.exited;
    clearTimeout(late);
    assert.equal(signal ?? code, 0, `countersign ended with ${signal ?? code}; its log:\n${tail(this.log)}`);
  }

  // Ends it as a power cut would. The data folder stays for the next startServer({ data_dir }).
  async kill() {
    this.child.ref();
    this.child.kill("SIGKILL");
    await this.exited;
  }

  // Starts it again on the same data folder and port, after stop() or kill().
  restart(options = {}) {
    return startServer({ ...this.options, listen: `${this.host}:${this.port}`, ...options });
  }
}

const tail = (text) => text.split("\n").slice(-60).join("\n");

// Starts `countersign serve` and waits until it listens. Options are those of `serve`, by name.
export async function startServer(options = {}) {
  const all = { listen: "127.0.0.1:0", mode: "demo", data_dir: options.data_dir ?? temporaryFolder(), ...options };
  const kept = traceFile();
  const logFile = kept ?? path.join(temporaryFolder(), "log");
  if (kept && !all.config) all.log_level ??= "debug";
  const log = fs.openSync(logFile, "a");
  const child = spawn(program, ["serve"], { env: environment(all), stdio: ["ignore", "pipe", log] });
  fs.closeSync(log);
  running.add(child);
  return new Server(child, all, logFile).ready();
}

// The same in production mode, where what is sent is not shown and the address in links is fixed.
export async function startProduction(options = {}) {
  const [port] = await freePorts(1);
  return startServer({ mode: "production", listen: `127.0.0.1:${port}`, public_url: `http://127.0.0.1:${port}`, stop_grace_ms: 500, ...options });
}

// For programs that want to be told their ports: ones that are free now, and below those that the kernel gives away
// by itself, or somebody's outgoing connection may have one by the time it is used.
export async function freePorts(count) {
  const probes = [];
  while (probes.length < count) {
    const probe = net.createServer().listen(randomInt(21_000, 32_000), "127.0.0.1");
    if (await once(probe, "listening").then(() => true, () => false)) probes.push(probe);
  }
  const ports = probes.map((probe) => probe.address().port);
  await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))));
  return ports;
}

// Remembers what a command printed: keys for its user, and on the other channel what no key may be in.
function noteCommand(done) {
  const file = traceFile();
  if (!file) return;
  fs.writeFileSync(file, done.stderr ?? "");
  for (const line of (done.stdout ?? "").split("\n"))
    if (line.startsWith("{")) try {
      saw.body(JSON.parse(line));
    } catch { /* cut off */ }
}

// Runs a command of the program to its end: { code, out, err }.
export function command(args, options = {}) {
  const done = spawnSync(program, args, {
    env: environment(options), encoding: "utf8", timeout: limitMs(30_000), input: options.input,
  });
  noteCommand(done);
  return { code: done.status ?? done.signal, out: done.stdout, err: done.stderr };
}

// Tries until it no longer throws, or throws the last error when the time is over.
export async function eventually(check, { ms = 15_000, everyMs = 20 } = {}) {
  const deadline = Date.now() + limitMs(ms);
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }
}
