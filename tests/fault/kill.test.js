// kill -9 under load at random moments: every answered write is there afterwards, the file is whole,
// codes that were sent before still verify, and the audit chain holds.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Client } from "../lib/client.js";
import { newest } from "../lib/outbox.js";
import { command, environment, program, startServer, temporaryFolder } from "../lib/server.js";
import { e164, enterPassword, signIn, signUp, turnOnSent } from "../portal/people.js";

const rounds = Number(process.env.KILL_ROUNDS ?? 20);

// Writes that need no password hash: edits of a profile, each with a value of its own.
async function load(server, person, session, acknowledged, state) {
  const me = new Client(server, { headers: { cookie: session } });
  for (let n = 0; !state.over; n++) {
    const about = `${state.round}-${state.writer++}`;
    try {
      const answer = await me.postJson("/account/edit", { name: person.name, username: person.username, about });
      if (answer.status >= 300) throw new Error(`refused: ${answer.status} ${answer.text}`);
      acknowledged.push(about);
    } catch (error) {
      if (/refused/.test(error.message)) throw error;
      break; // the server is gone
    }
  }
  me.close();
}

const profileOf = async (me) => (await me.get("/account/edit")).form(["about"]).fields.get("about");

test(`kill -9 under load, ${rounds} times`, { timeout: 600_000 }, async () => {
  let server = await startServer();
  const data = server.options.data_dir;
  const people = [];
  for (let i = 0; i < 4; i++) {
    const person = await signUp(server);
    const me = await signIn(server, person);
    people.push({ person, session: [...me.cookies].map(([n, v]) => `${n}=${v}`).join("; "), last: undefined });
  }
  const texters = []; // two, because one number gets at most twenty messages an hour
  for (let i = 0; i < 2; i++) {
    const texter = await signUp(server);
    await turnOnSent(server, await signIn(server, texter), texter, "sms");
    texters.push(texter);
  }
  let writes = 0;
  for (let round = 0; round < rounds; round++) {
    const texter = texters[round % texters.length];
    const { browser: waiting } = await enterPassword(server, texter); // a code is on its way
    const sent = await newest(server, e164(texter), "sms");
    const state = { over: false, round, writer: 0 };
    const lists = people.map(() => []);
    const loads = people.map((p, i) => load(server, p.person, p.session, lists[i], state));
    await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 250)); // the random moment
    await server.kill();
    state.over = true;
    await Promise.all(loads);

    const check = spawnSync("sqlite3", [path.join(data, "countersign.db"), "PRAGMA integrity_check"], { encoding: "utf8" });
    assert.equal(check.stdout.trim(), "ok", `round ${round}: ${check.stdout}${check.stderr}`);
    server = await server.restart();
    for (const [i, { session }] of people.entries()) {
      const me = new Client(server, { headers: { cookie: session } });
      const now = await profileOf(me);
      const last = lists[i].at(-1) ?? people[i].last;
      // Committed but not answered is right too: a later one of this round, or its first.
      const order = (value) => Number(value?.split("-")[1] ?? -1);
      if (last !== undefined)
        assert.ok(now === last || (now.startsWith(`${round}-`) && (lists[i].length === 0 || order(now) > order(last))), `round ${round}: answered ${last}, found ${now}`);
      people[i].last = now;
      writes += lists[i].length;
      me.close();
    }
    const old = new Client(server, { headers: { cookie: [...waiting.cookies].map(([n, v]) => `${n}=${v}`).join("; ") } });
    const done = await old.postJson("/verify", { code: sent.code, method: "sms" });
    assert.equal(done.json.state, "signed_in", `round ${round}: a code sent before does not verify: ${done.text}`);
  }
  await server.stop();
  const audit = command(["audit", "verify"], { data_dir: data });
  assert.equal(audit.code, 0, audit.err);
  assert.ok(writes > rounds * 5, `${writes} answered writes`);
  console.log(`${rounds} kills, ${writes} answered writes, 0 lost; ${audit.out.trim()}`);
});

// How far the making of a new folder has come, by the size of a file in it.
const stages = [["master.key", 0], ["store.lock", 0], ["countersign.db", 0], ["countersign.db-journal", 0], ["countersign.db", 1],
  ["countersign.db-wal", 0], ["countersign.db-wal", 1], ["countersign.db-wal", 100_000], ["control.sock", 0]];
const sizeOf = (file) => fs.statSync(file, { throwIfNoEntry: false })?.size ?? -1;

test(`kill -9 while a new folder is made, at ${stages.length} places: the next start finishes it`, { timeout: 120_000 }, async () => {
  for (const [file, size] of stages) {
    const data = temporaryFolder();
    const child = spawn(program, ["serve"], { stdio: "ignore", env: environment({ listen: "127.0.0.1:0", data_dir: data }) });
    const reached = () => sizeOf(path.join(data, file)) >= size || sizeOf(path.join(data, "control.sock")) >= 0; // or it was too quick for us
    while (!reached() && fs.existsSync(`/proc/${child.pid}/exe`)); // without a pause: the places are close
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    assert.equal(child.signalCode, "SIGKILL", `${file}: it ended by itself`);

    const server = await startServer({ data_dir: data });
    const apps = command(["app", "list", "--json"], { data_dir: data });
    assert.equal(apps.code, 0, apps.err);
    assert.equal(apps.out.trim().split("\n").length, 2, apps.out); // the portal's and the first application
    await signIn(server, await signUp(server));
    await server.stop();
    const check = spawnSync("sqlite3", [path.join(data, "countersign.db"), "PRAGMA integrity_check"], { encoding: "utf8" });
    assert.equal(check.stdout.trim(), "ok", `${file}: ${check.stdout}${check.stderr}`);
  }
});
