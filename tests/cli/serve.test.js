// The server as its operator meets it: starting, watching, telling it things, stopping.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { newAuthority } from "../lib/certificate.js";
import { Client } from "../lib/client.js";
import { command, eventually, startServer, temporaryFolder } from "../lib/server.js";

describe("a server in demo mode", () => {
  let server, me;

  before(async () => {
    server = await startServer();
    me = new Client(server);
  });
  after(() => server.stop());

  test("says where it listens, where to look, and the first keys", async () => {
    await eventually(() => assert.match(server.out, /Ctrl-C stops/));
    assert.match(server.out, new RegExp(`^listening on ${server.url}\n`));
    assert.match(server.out, /demo mode/);
    assert.ok(server.out.includes(`${server.url}/outbox`));
    for (const word of [/Account SID +AC[0-9a-f]{32}\n/, /Auth token +\S{32,}\n/, /Service SID +VA[0-9a-f]{32}\n/, /API key +\S{32,}\n/])
      assert.match(server.out, word);
  });

  test("keeps keys out of its log", () => {
    const keys = server.out.match(/\b[0-9a-f]{32}\b/g);
    assert.ok(keys.length >= 2);
    for (const key of keys) assert.ok(!server.log.includes(key));
  });

  test("is alive and ready", async () => {
    assert.equal((await me.get("/healthz")).text, "alive\n");
    assert.equal((await me.get("/readyz")).text, "ready\n");
  });

  test("counts what it does", async () => {
    const value = (text, name) => Number(text.match(new RegExp(`^${name} (\\d+)$`, "m"))[1]);
    const first = await me.get("/metrics");
    assert.match(first.headers["content-type"], /^text\/plain; version=0\.0\.4/);
    await me.get("/healthz");
    const second = await me.get("/metrics");
    assert.ok(value(second.text, "countersign_requests_total") >= value(first.text, "countersign_requests_total") + 2);
    assert.ok(value(second.text, "process_resident_memory_bytes") > 1e6);
    assert.ok(value(second.text, "countersign_schema_version") > 0);
    await me.get("/readyz");
    const third = await me.get("/metrics");
    assert.ok(value(third.text, "countersign_writes_total") > value(second.text, "countersign_writes_total"));
    assert.equal(value(third.text, "countersign_writes_waiting"), 0);
    assert.equal(value(third.text, "countersign_writes_failed_total"), 0);
    for (const line of second.text.trim().split("\n"))
      assert.match(line, /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"\})? \d+)$/);
  });

  test("shows /metrics to nobody that a proxy speaks for", async () => {
    for (const header of ["X-Forwarded-For", "Forwarded"])
      assert.equal((await me.get("/metrics", { headers: { [header]: "203.0.113.9" } })).status, 404);
  });

  test("takes no commands over TCP", async () => {
    for (const target of ["/control", "/control/job"]) {
      const answer = await me.postJson(target, { argv: ["app", "list"], cwd: "/" });
      assert.equal(answer.status, 404);
      assert.doesNotMatch(answer.text, /stdout|demo/);
    }
  });

  test("refuses a second server on its folder at once", () => {
    const second = spawnSync(process.execPath, ["-e", ""]); // node is warm, so the next figure is ours
    assert.equal(second.status, 0);
    const done = command(["serve"], { listen: "127.0.0.1:0", data_dir: server.dataDir });
    assert.equal(done.code, 4);
    assert.match(done.err, /another server runs on this data folder/);
  });
});

// One request over the control socket, as a raw client would send it.
function control(server, target, body) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(path.join(server.dataDir, "control.sock"));
    const text = JSON.stringify(body);
    let answer = "";
    socket.on("error", reject).on("data", (d) => (answer += d)).on("end", () => {
      const [head, rest] = answer.split("\r\n\r\n");
      resolve({ status: Number(head.split(" ")[1]), body: rest });
    });
    socket.write(`POST ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  });
}

const malformed = [
  ["/control", {}],
  ["/control", []],
  ["/control", { argv: [], cwd: "/" }],
  ["/control", { argv: ["app", "list"] }],
  ["/control", { argv: ["app", 7], cwd: "/" }],
  ["/control", { argv: ["serve"], cwd: "/" }],
  ["/control", { argv: ["app"], cwd: "/" }],
  ["/control", { argv: ["app", "list", "--help"], cwd: "/" }],
  ["/control", { argv: ["backup", "x"], cwd: "/" }],
  ["/control", { argv: Array(100).fill("x"), cwd: "/" }],
  ["/control/job", { argv: ["app", "list"], cwd: "/" }],
  ["/control/job", { argv: ["serve"], cwd: "/" }],
];

test("the control socket refuses what is no command, in words", async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  for (const [target, body] of malformed) {
    const answer = await control(server, target, body);
    assert.equal(answer.status, 400, JSON.stringify(body));
    assert.equal(JSON.parse(answer.body).exit, 2);
    assert.match(JSON.parse(answer.body).stderr, /^countersign/);
  }
  assert.equal((await control(server, "/control/job", { job: 99 })).status, 404);
});

test("backup and key rotate go on beside a server at work", async (t) => {
  const data_dir = temporaryFolder();
  const server = await startServer({ data_dir });
  t.after(() => server.stop());
  const made = [];
  const key = () => fs.readFileSync(path.join(data_dir, "master.key"), "utf8");
  const before = key();
  for (let i = 0; i < 5; i++) {
    made.push(JSON.parse(command(["app", "create", `app${i}`, "--json"], { data_dir }).out));
    const rotated = command(["key", "rotate", "--json"], { data_dir });
    assert.equal(rotated.code, 0, rotated.err);
    assert.match(key(), new RegExp(`^${JSON.parse(rotated.out).key} [0-9a-f]{64}\n$`), "one key is left");
  }
  assert.notEqual(key(), before);
  const copy = path.join(temporaryFolder(), "copy.db");
  const done = command(["backup", copy], { data_dir });
  assert.equal(done.code, 0, done.err);
  assert.equal(fs.statSync(copy).mode & 0o077, 0);
  assert.equal(command(["backup", copy], { data_dir }).code, 5, "it must not exist");
  const list = command(["app", "list", "--json"], { data_dir });
  await server.stop();

  const restored = temporaryFolder();
  fs.copyFileSync(copy, path.join(restored, "countersign.db"));
  fs.copyFileSync(path.join(data_dir, "master.key"), path.join(restored, "master.key"));
  assert.deepEqual(command(["app", "list", "--json"], { data_dir: restored }), list);
  assert.equal(command(["audit", "verify"], { data_dir: restored }).code, 0);
});

test("a rotation that was cut short is finished by the next", () => {
  const data_dir = temporaryFolder();
  command(["app", "create", "shop"], { data_dir });
  const file = path.join(data_dir, "master.key");
  const fresh = `0badcafe ${"5a".repeat(32)}\n`;
  fs.writeFileSync(file, fresh + fs.readFileSync(file, "utf8"), { mode: 0o600 }); // as vault_add_key left it
  const done = command(["key", "rotate", "--json"], { data_dir });
  assert.deepEqual(JSON.parse(done.out), { key: "0badcafe", resumed: true });
  assert.equal(fs.readFileSync(file, "utf8"), fresh);
  assert.equal(command(["app", "rotate", "shop"], { data_dir }).code, 0);
});

test("SIGHUP reads the settings again, and refuses a file that is wrong", async (t) => {
  const file = path.join(temporaryFolder(), "c.conf");
  fs.writeFileSync(file, "log_level = info\nworkers = 1\n");
  const server = await startServer({ config: file });
  t.after(() => server.stop());
  const hup = async (text, expected) => {
    fs.writeFileSync(file, text);
    process.kill(server.pid, "SIGHUP");
    await eventually(() => assert.match(server.log, expected));
  };
  await hup("workers = 2\n", /event=reload_partial text="workers needs a restart to change"/);
  await hup("metrics_from = 10.9.9.9\n", /event=reloaded[^]*event=reloaded settings=new certificate=none\n/);
  assert.equal((await new Client(server).get("/metrics")).status, 404);
  await hup("demo_clock_offset_s = 172800\n", /(event=reloaded[^]*){3}/);
  const ahead = Date.parse((await new Client(server).get("/healthz")).headers.date) - Date.now();
  assert.ok(ahead > 172_000_000 && ahead < 173_000_000, "the clock went two days ahead");
  await hup("metrics_from = nonsense\n", /event=reload_refused text=".*c\.conf:1: metrics_from must be/);
  assert.equal((await new Client(server).get("/healthz")).status, 200);
});

test("SIGHUP says which certificate is served, and a broken one never is", async (t) => {
  const authority = newAuthority();
  const { certFile: tls_cert_file, keyFile: tls_key_file, cert } = authority.issue("localhost", "127.0.0.1");
  const server = await startServer({ tls_cert_file, tls_key_file });
  t.after(() => server.stop());
  const hup = async (pem, expected) => {
    fs.writeFileSync(tls_cert_file, pem);
    process.kill(server.pid, "SIGHUP");
    await eventually(() => assert.match(server.log, expected));
    assert.equal((await new Client(server, { ca: authority.pem }).get("/healthz")).status, 200);
  };
  await hup(cert, /event=reloaded settings=new certificate=new\n$/);
  await hup("broken", /event=reload_tls_failed .*\n.*event=reloaded settings=new certificate=old\n$/);
  assert.equal(server.log.match(/certificate=new/g).length, 1);
});

test("production prints no keys and needs a public address", async (t) => {
  assert.equal(command(["serve"], { mode: "production", data_dir: temporaryFolder() }).code, 2);
  const server = await startServer({ mode: "production", public_url: "https://login.example.com" });
  t.after(() => server.stop());
  await eventually(() => assert.match(server.log, /event=started/));
  await eventually(() => assert.match(server.out, /countersign app create NAME --data-dir=.*master\.key/)); // the pipe has its own pace
  assert.doesNotMatch(server.out, /[0-9a-f]{32}/);
});

test("the first application's keys are printed once, and only while there is no other", async (t) => {
  const data_dir = temporaryFolder();
  for (const line of [/Keys of the first application/, /New keys .*countersign app rotate demo --data-dir=/]) {
    const server = await startServer({ data_dir });
    t.after(() => server.stop());
    await eventually(() => assert.match(server.out, line));
    await server.stop();
  }
  assert.equal(command(["app", "create", "shop"], { data_dir }).code, 0);
  assert.equal(command(["app", "delete", "demo", "--yes"], { data_dir }).code, 0);
  const server = await startServer({ data_dir });
  t.after(() => server.stop());
  await eventually(() => assert.match(server.out, /Another application: .*app create NAME/));
  await server.stop();
  assert.equal(command(["app", "show", "demo"], { data_dir }).code, 3);
});

test("demo mode is refused where other machines can reach it", () => {
  for (const listen of ["0.0.0.0:0", "[::]:0"]) {
    const data_dir = path.join(temporaryFolder(), "none");
    const done = command(["serve"], { listen, data_dir });
    assert.equal(done.code, 2);
    assert.match(done.err, /demo mode/);
    assert.equal(fs.existsSync(data_dir), false);
  }
});

test("a data folder that cannot be made is a wrong setting", () => {
  const done = command(["serve"], { listen: "127.0.0.1:0", data_dir: "/proc/none" });
  assert.equal(done.code, 2);
  assert.match(done.err, /data_dir.*\/proc\/none/);
});

test("the log's last line says that the stop ended well", async () => {
  const server = await startServer();
  await server.stop();
  assert.match(server.log, /event=stopping grace_ms=10000\n[^]*event=stopped ms=\d+\n$/);
  const data_dir = temporaryFolder();
  const alone = await startServer({ data_dir });
  await alone.kill();
  assert.doesNotMatch(alone.log, /event=stopped/);
});

test("a taken port is said plainly", async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const done = command(["serve"], { listen: `127.0.0.1:${server.port}`, data_dir: temporaryFolder() });
  assert.equal(done.code, 5);
  assert.match(done.err, /Address already in use; stop the other program, or choose another address with --listen or COUNTERSIGN_LISTEN/);
});
