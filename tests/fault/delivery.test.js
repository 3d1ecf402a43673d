// What may go wrong between us and a carrier, row by row: each message is delivered once or reported,
// none is lost, none goes out after its time. The clock is moved where minutes would pass.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { after, before, test } from "node:test";
import { Client } from "../lib/client.js";
import { newest } from "../lib/outbox.js";
import { command, eventually, limitMs, startServer, temporaryFolder } from "../lib/server.js";
import { newApp } from "../lib/verify.js";
import { signIn, signUp } from "../portal/people.js";

const many = Number(process.env.FAULT_SENDS ?? 1000);
const table = []; // [fault, asked, outcome]
after(() => {
  const widths = [0, 1, 2].map((i) => Math.max(...table.map((row) => String(row[i]).length), 6));
  console.log("\nfault and outcome (delivered once, or reported; late: sent after its time)");
  for (const row of [["fault", "asked", "outcome"], ...table]) console.log("  " + row.map((cell, i) => String(cell).padEnd(widths[i])).join("  ").trimEnd());
});

// A carrier's server. `say(n, fields)` gives [status, body, headers], "reset", "half" (a cut answer) or
// a promise of one; n counts the requests. What it has taken (2xx told) is in `taken`, by the message's name.
class Carrier {
  taken = new Map(); // our id to the times it was taken, and when
  seen = 0;
  say = () => [200, { id: "x" }];

  async open(port = 0) {
    this.server = http.createServer(async (rq, rs) => {
      let body = "";
      try {
        for await (const chunk of rq) body += chunk;
      } catch {
        return; // the sender is gone
      }
      const fields = JSON.parse(body);
      const answer = await this.say(this.seen++, fields);
      if (answer === "reset") return void rq.socket.destroy();
      const take = () => this.taken.set(fields.id, [...this.taken.get(fields.id) ?? [], { to: fields.to, at: Date.now() }]);
      if (answer === "half") {
        take();
        rs.writeHead(200, { "content-type": "application/json", "content-length": 100 });
        return void rs.write('{"id":', () => rq.socket.destroy());
      }
      const [status, value, headers] = answer;
      if (status < 300) take();
      return void rs.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value ?? {}));
    });
    this.server.listen(port, "127.0.0.1");
    await once(this.server, "listening");
    this.port = this.server.address().port;
    return this;
  }

  async close() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }
}

// A server in demo mode that sends all the same, with an application, and its clock in our hand.
class Scene {
  async open(options = {}) {
    this.carrier = await new Carrier().open();
    this.server = await startServer({ demo_sends: 1, sms_gateway: "webhook", sms_url: this.carrier.url, egress_timeout_ms: limitMs(1500),
      stop_grace_ms: 500, ...options });
    this.keys = newApp(this.server, "shop");
    this.me = new Client(this.server, { headers: { authorization: `Basic ${Buffer.from(`${this.keys.account_sid}:${this.keys.auth_token}`).toString("base64")}` } });
    this.ahead = 0;
    this.next = 0;
    return this;
  }

  run(...args) {
    const done = command(args, { data_dir: this.server.dataDir });
    assert.equal(done.code, 0, done.err);
    return done.out;
  }

  async ask(count = 1) {
    const numbers = Array.from({ length: count }, () => `+49151${String(12000000 + this.next++)}`);
    for (const to of numbers) {
      const answer = await this.me.post(`/v2/Services/${this.keys.service_sid}/Verifications`, { To: to, Channel: "sms" });
      assert.equal(answer.status, 201, answer.text);
    }
    return numbers;
  }

  // Moves the clock ahead, in steps, so that what falls due on the way is done.
  async later(seconds, step = 5) {
    for (let left = seconds; left > 0; left -= step) {
      this.ahead += Math.min(left, step);
      const answer = await this.me.postJson("/test/clock", { offset_s: this.ahead }, { headers: { origin: undefined } });
      assert.equal(answer.status, 200, answer.text);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  sql(query) {
    const done = spawnSync("sqlite3", ["-readonly", "-json", path.join(this.server.dataDir, "countersign.db"), query], { encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
    return done.stdout.trim() ? JSON.parse(done.stdout) : [];
  }

  rows(numbers) {
    const wanted = numbers ? `AND target IN (${numbers.map((n) => `'${n}'`).join(",")})` : "";
    return this.sql(`SELECT CAST(id AS TEXT) AS id, channel, target, state, attempts, lost_count AS lost, why, expires_at_ms AS expires, settled_at_ms AS settled FROM outbox WHERE verification_id <> 0 ${wanted} ORDER BY id`);
  }

  channel(name = "sms") {
    return this.run("channel", "list", "--json").trim().split("\n").map((line) => JSON.parse(line)).find((c) => c.channel === name);
  }

  // Until every message has its end.
  settled(numbers, ms = 30_000) {
    return eventually(() => {
      const rows = this.rows(numbers);
      const open = rows.filter(({ state }) => state === "queued" || state === "sending");
      assert.equal(open.length, 0, `${open.length} of ${rows.length} without an end: ${JSON.stringify(open.slice(0, 3))}\n${this.server.log.split("\n").slice(-8).join("\n")}`);
      return rows;
    }, { ms });
  }

  // The invariants, for the table's last column.
  outcome(rows) {
    const count = { delivered: 0, "delivered twice, said so": 0, failed: 0, expired: 0 };
    for (const row of rows) {
      const times = (this.carrier.taken.get(String(row.id)) ?? []).length;
      if (row.channel !== "sms") continue;
      if (row.state === "sent") {
        assert.ok(times >= 1 || row.lost > 0, `${row.target} is said to be sent and was not taken`);
        assert.ok(times <= 1 || row.lost > 0, `${row.target} was taken ${times} times, and nothing says so: ${JSON.stringify(row)}`);
        count[times > 1 ? "delivered twice, said so" : "delivered"]++;
      } else {
        assert.ok(row.state === "failed" || row.state === "expired", JSON.stringify(row));
        assert.ok(row.why.length > 0, `${row.target} failed without a reason`);
        assert.ok(times === 0 || row.lost > 0, `${row.target} is said to have ${row.state}, and was taken`);
        count[row.state]++;
      }
    }
    return Object.entries(count).filter(([, n]) => n).map(([word, n]) => `${n} ${word}`).join(", ");
  }

  async close() {
    await this.server.stop();
    await this.carrier.close().catch(() => {});
  }
}

let scene;
before(async () => void (scene = await new Scene().open()));
after(() => scene.close());

test("nothing is wrong", { timeout: limitMs(60_000) }, async () => {
  const asked = await scene.ask(20);
  const rows = await scene.settled(asked);
  table.push(["none", asked.length, scene.outcome(rows)]);
  assert.ok(rows.every(({ state }) => state === "sent"));
});

test("the carrier is down for five minutes", { timeout: limitMs(90_000) }, async () => {
  const { port } = scene.carrier;
  await scene.carrier.close();
  const asked = await scene.ask(20);
  await eventually(() => assert.equal(scene.channel().state, "out_of_order"), { ms: 15_000 });
  const before = scene.rows(asked).reduce((sum, { attempts }) => sum + attempts, 0);
  await scene.later(240, 5);
  const tries = scene.rows(asked).reduce((sum, { attempts }) => sum + attempts, 0);
  assert.match(scene.channel().why, /127\.0\.0\.1|connect/i);
  scene.carrier.taken.clear();
  await scene.carrier.open(port);
  await scene.later(300, 10);
  const rows = await scene.settled(asked);
  table.push(["down for 5 minutes", asked.length, `${scene.outcome(rows)}; ${before} tries, then left alone: ${tries - before} in 4 minutes`]);
  assert.ok(rows.every(({ state }) => state === "sent"), JSON.stringify(rows.map(({ state, why }) => [state, why])));
  assert.ok(tries - before <= 12, `${tries - before} tries of a carrier that was down`);
  assert.equal(scene.channel().state, "works");
});

test("down for longer than the codes live: reported, and none is sent late", { timeout: limitMs(90_000) }, async () => {
  const { port } = scene.carrier;
  await scene.carrier.close();
  const asked = await scene.ask(20);
  await scene.later(660, 15);
  const rows = await scene.settled(asked);
  scene.carrier.taken.clear();
  await scene.carrier.open(port);
  await scene.later(400, 20);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(scene.carrier.taken.size, 0, "a dead code was sent");
  table.push(["down for 11 minutes", asked.length, `${scene.outcome(rows)}, 0 late`]);
  assert.ok(rows.every(({ state, why }) => state !== "sent" && /connect|out of order|time was over/i.test(why)), JSON.stringify(rows[0]));
  scene.run("channel", "resume", "sms");
});

test("slow: the answer takes longer than we wait", { timeout: limitMs(90_000) }, async () => {
  scene.carrier.say = async (n) => {
    if (n % 2 === 0) await new Promise((resolve) => setTimeout(resolve, limitMs(2500)));
    return [200, { id: "x" }];
  };
  scene.carrier.seen = 0;
  const asked = await scene.ask(4);
  const rows = await scene.settled(asked, 60_000);
  scene.carrier.say = () => [200, { id: "x" }];
  table.push(["slow (no answer in time)", asked.length, scene.outcome(rows)]);
  assert.ok(rows.every(({ state }) => state === "sent"));
  assert.ok(rows.some(({ lost }) => lost > 0));
  scene.run("channel", "resume", "sms");
});

for (const [fault, answer] of [["reset before the answer", "reset"], ["reset in the middle of the answer", "half"], ["500", [500, {}]], ["503", [503, {}]]])
  test(fault, { timeout: limitMs(60_000) }, async () => {
    scene.run("channel", "resume", "sms");
    const failing = new Set(); // each message's first attempt
    scene.carrier.say = (n, { id }) => failing.has(id) ? [200, { id: "x" }] : (failing.add(id), answer);
    const asked = await scene.ask(4); // fewer than open the circuit
    await eventually(() => assert.equal(failing.size, 4), { ms: 20_000 });
    await scene.later(20, 2);
    const rows = await scene.settled(asked);
    table.push([fault, asked.length, scene.outcome(rows)]);
    assert.ok(rows.every(({ state }) => state === "sent"), JSON.stringify(rows));
    assert.equal(rows.every(({ lost }) => lost > 0), answer === "reset"); // half an answer still has its status
    scene.carrier.say = () => [200, { id: "x" }];
  });

test("400: this number never; the others go on", { timeout: limitMs(60_000) }, async () => {
  let first;
  scene.carrier.say = (n, { to }) => to === (first ??= to) ? [400, { error: "no such number" }] : [200, { id: "x" }];
  const asked = await scene.ask(8);
  const rows = await scene.settled(asked);
  scene.carrier.say = () => [200, { id: "x" }];
  table.push(["400 for one number", asked.length, scene.outcome(rows)]);
  assert.deepEqual(rows.map(({ state, attempts }) => [state, attempts]).sort()[0], ["failed", 1]);
  assert.equal(rows.filter(({ state }) => state === "sent").length, 7);
  assert.equal(scene.channel().state, "works");
});

test("429 with Retry-After: nothing is sent before, everything after", { timeout: limitMs(60_000) }, async () => {
  let told = 0;
  scene.carrier.say = () => told++ === 0 ? [429, {}, { "retry-after": "120" }] : [200, { id: "x" }];
  const first = await scene.ask(1);
  await eventually(() => assert.equal(told, 1));
  await eventually(() => assert.ok(scene.channel().resting_until, JSON.stringify(scene.channel())));
  const asked = [...first, ...await scene.ask(9)];
  await scene.later(100, 10);
  assert.equal(told, 1, "it was asked again before its time");
  await scene.later(60, 10);
  const rows = await scene.settled(asked);
  scene.carrier.say = () => [200, { id: "x" }];
  table.push(["429, Retry-After: 120", asked.length, `${scene.outcome(rows)}; 0 requests before its time`]);
  assert.ok(rows.every(({ state }) => state === "sent"));
});

test("out of order: codes take the next way", { timeout: limitMs(60_000) }, async () => {
  scene.run("app", "set", "shop", "fallback=sms voice");
  scene.run("channel", "pause", "sms");
  const asked = await scene.ask(5);
  const rows = await eventually(() => {
    const all = scene.rows(asked);
    assert.equal(all.filter(({ channel }) => channel === "voice").length, 5, JSON.stringify(all));
    return all;
  });
  assert.ok(rows.filter(({ channel }) => channel === "sms").every(({ state, why }) => state === "failed" && /sms is paused by the operator; sent by voice instead/.test(why)));
  const v = await scene.me.get(`/v2/Services/${scene.keys.service_sid}/Verifications/${encodeURIComponent(asked[0])}`);
  assert.equal(v.json.channel, "call");
  assert.deepEqual(v.json.send_code_attempts.map(({ channel }) => channel), ["SMS", "CALL"]);
  scene.run("channel", "resume", "sms");
  scene.run("app", "set", "shop", "fallback=");
  table.push(["channel paused, fallback sms voice", 5, "5 failed with their reason, 5 queued as calls"]);
});

test("out of order: a person is told where the code went", { timeout: limitMs(60_000) }, async () => {
  const own = await new Scene().open({ sms_gateway: "" }); // nobody carries SMS: each fails at once
  const ann = await signUp(own.server);
  const me = await signIn(own.server, ann);
  own.run("app", "set", "Countersign", "fallback=sms email");
  const page = await me.get("/account/security");
  const asked = await me.follow(await me.fill(page, {}, { action: "/account/security/sms/start" }));
  assert.match(asked.words, /code/i);
  await eventually(async () => {
    const now = await me.get("/account/security/sms");
    assert.match(now.words, /It could not be delivered, so we sent it to .•••@example\.com instead\./);
  }, { ms: 15_000 });
  const { code } = await newest(own.server, ann.email, "email");
  const done = await me.fill(await me.get("/account/security/sms"), { code }, { action: "/account/security/sms" });
  assert.equal(done.location, "/account/security", done.words);
  table.push(["no carrier, fallback sms email", 1, "1 failed with its reason; its code mailed to the confirmed address, and the page says so"]);
  await own.close();
});

test(`kill -9 in the middle of ${many} sends`, { timeout: limitMs(300_000) }, async () => {
  const own = await new Scene().open();
  let kills = 0;
  own.carrier.say = async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return [200, { id: "x" }];
  };
  const asked = [];
  const asking = (async () => {
    while (asked.length < many) {
      const to = `+1${200 + (asked.length % 700)}555${String(1000 + Math.floor(asked.length / 700))}`;
      const answer = await own.me.post(`/v2/Services/${own.keys.service_sid}/Verifications`, { To: to, Channel: "sms" }).catch(() => undefined);
      if (answer === undefined) await new Promise((resolve) => setTimeout(resolve, 50)); // the server is gone for a moment
      else if (answer.status === 201) asked.push(to);
      else assert.fail(answer.text);
    }
  })();
  while (kills < 5) {
    const seen = own.carrier.seen;
    await eventually(() => assert.ok(own.carrier.seen >= seen + many / 12 || asked.length >= many), { ms: 60_000, everyMs: 2 });
    await own.server.kill();
    kills++;
    own.server = await own.server.restart();
  }
  await asking;
  const rows = await own.settled(undefined, 120_000);
  const outcome = own.outcome(rows);
  table.push([`kill -9, ${kills} times`, many, `${outcome}; ${rows.filter(({ lost }) => lost > 0).length} say that an answer was lost`]);
  const told = new Set(rows.map(({ target }) => target));
  assert.ok(asked.every((to) => told.has(to)), "an answered request is not in the outbox");
  assert.ok(rows.every(({ state }) => state === "sent"));
  for (const times of own.carrier.taken.values())
    for (const { to } of times) assert.ok(told.has(to));
  await own.close();
});

test("the store takes no results and gives no work for a while: the log says so, then everything goes out", { timeout: limitMs(60_000) }, async () => {
  const writes = (statement) => {
    const done = spawnSync("sqlite3", ["-cmd", ".timeout 5000", path.join(scene.server.dataDir, "countersign.db"), statement], { encoding: "utf8" });
    assert.equal(done.stderr, "");
  };
  writes("CREATE TRIGGER refuse BEFORE UPDATE ON outbox BEGIN SELECT RAISE(ABORT, 'not now'); END");
  const from = scene.server.log.length;
  const asked = await scene.ask(5);
  await eventually(() => assert.match(scene.server.log.slice(from), /courier_failed/), { ms: 15_000 });
  writes("DROP TRIGGER refuse");
  const rows = await scene.settled(asked);
  table.push(["store refuses", asked.length, scene.outcome(rows)]);
  assert.ok(rows.every(({ state }) => state === "sent"), JSON.stringify(rows)); // once, or with a word: outcome()
});

test("the disk is full: every request is told, nothing is promised that is not kept, and with room it goes on", { timeout: limitMs(120_000), skip: process.getuid() !== 0 && "needs root to mount a small disk" }, async () => {
  const dir = temporaryFolder();
  const disk = path.join(dir, "disk");
  fs.mkdirSync(disk);
  const mounted = spawnSync("/bin/mount", ["-t", "tmpfs", "-o", "size=6m", "tmpfs", disk], { encoding: "utf8" });
  if (mounted.status !== 0) return void table.push(["disk full", 0, `not run: ${mounted.stderr.trim()}`]);
  const own = await new Scene().open({ data_dir: disk });
  try {
    const person = await signUp(own.server);
    const browser = new Client(own.server, { headers: { accept: "application/json" } });
    const { service_sid } = own.keys;
    const promised = [], statuses = new Set();
    const send = async (to) => {
      const answer = await own.me.post(`/v2/Services/${service_sid}/Verifications`, { To: to, Channel: "sms" });
      statuses.add(answer.status);
      if (answer.status === 201) promised.push(to);
      else assert.match(`${answer.headers["retry-after"]} ${answer.text}`, /^1 \{"code":20503,/);
      return answer.status;
    };
    const wrong = () => browser.postJson("/login", { login: person.email, password: "not the password" });
    let next = 13000000;
    for (let i = 0; i < 50; i++) await send(`+49151${next++}`);
    const filler = path.join(disk, "filler");
    fs.writeFileSync(filler, "");
    try {
      for (;;) fs.appendFileSync(filler, Buffer.alloc(4096));
    } catch { /* full */ }

    // Some room is left inside of the database's files. Then no change is possible, every request says
    // so, and what only reads goes on.
    let refused = 0;
    for (let i = 0; i < 400 && refused < 20; i++) refused += await send(`+49151${next++}`) === 503;
    assert.deepEqual([...statuses].sort(), [201, 503]);
    // What is left takes small changes yet, more than /readyz makes: they are made here.
    const small = "PRAGMA wal_autocheckpoint = 0; " + "UPDATE store_meta SET value = value; ".repeat(200);
    const fill = () => spawnSync("sqlite3", ["-bail", "-cmd", ".timeout 5000", path.join(own.server.dataDir, "countersign.db"), small]);
    const whileFull = async (ask) => {
      for (let tries = 0; tries < 5; tries++) { // a small change may still have found a place
        await eventually(async () => {
          fill();
          const ready = await browser.get("/readyz");
          assert.match(`${ready.status} ${ready.text}`, /^503 not ready: changes cannot be stored/);
        });
        const answer = await ask();
        if (answer.status === 503) return answer;
      }
      assert.fail("the disk is not full");
    };
    assert.match((await whileFull(wrong)).text, /"code":"busy"/); // not: the password is wrong, which was not counted
    const visitor = new Client(own.server), form = await visitor.get("/login");
    assert.match((await whileFull(() => visitor.fill(form, { login: person.email, password: person.password }))).words, /try again/i);
    assert.equal((await browser.get("/healthz")).status, 200);
    assert.equal((await visitor.get("/login")).status, 200);

    // With room again it goes on by itself.
    fs.rmSync(filler);
    await eventually(async () => assert.equal((await browser.get("/readyz")).text, "ready\n"));
    assert.equal(await send("+4915114999998"), 201);
    assert.equal((await wrong()).status, 401);
    assert.equal(own.server.child.exitCode ?? own.server.child.signalCode, null);
    await own.server.kill();
    own.server = await own.server.restart();
    assert.equal(await send("+4915114999999"), 201);
    const rows = await own.settled();
    const told = new Set(rows.map(({ target }) => target));
    assert.ok(promised.every((to) => told.has(to)), "an answered request is not in the outbox");
    table.push(["disk full", promised.length + refused, `${refused} refused; of ${rows.length} promised: ${own.outcome(rows)}`]);
    await own.close();
  } catch (error) {
    error.message += `\nthe server ${own.server.child.exitCode ?? own.server.child.signalCode ?? "runs"}:\n${own.server.log.split("\n").slice(-12).join("\n")}`;
    throw error;
  } finally {
    own.server.child.kill("SIGKILL");
    await own.carrier.close().catch(() => {});
    spawnSync("/bin/umount", ["-l", disk]);
  }
});
