// The authenticator in the terminal: the same protocol, spoken by the program itself.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { Client } from "../lib/client.js";
import { Device } from "../lib/device.js";
import { newest } from "../lib/outbox.js";
import { command, limitMs, program, startServer, temporaryFolder } from "../lib/server.js";
import { signIn, signUp } from "../portal/people.js";
import { isSignedIn, otherDigits, pairLink, signInWaiting, stateOf, withPhone } from "./scene.js";

const exit = { ok: 0, failed: 1, usage: 2, notFound: 3, busy: 4, conflict: 5 };

let server;
before(async () => (server = await startServer()));
after(() => server.stop());

const fresh = () => path.join(temporaryFolder(), "deep", "key");
function run(args, { input = "", env = {} } = {}) {
  const done = spawnSync(program, ["authenticator", ...args],
    { env: { ...process.env, ...env }, input, encoding: "utf8", timeout: limitMs(30_000) });
  return { code: done.status ?? done.signal, out: done.stdout, err: done.stderr };
}

// { person, me, file }: somebody whose authenticator is a key file.
async function withTerminal() {
  const person = await signUp(server);
  const me = await signIn(server, person);
  const file = fresh();
  const done = run(["pair", await pairLink(me), `--key-file=${file}`, "--name=Build box"]);
  assert.equal(done.code, exit.ok, done.err);
  return { person, me, file, out: done.out };
}

describe("pair", () => {
  test("makes a key that only its owner can read, and says who is who", async () => {
    const { me, file, out } = await withTerminal();
    assert.match(out, /^Paired with Countersign as p•••@example\.com, called "Build box"\./);
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    assert.equal(fs.statSync(path.dirname(file)).mode & 0o777, 0o700);
    const kept = JSON.parse(fs.readFileSync(file, "utf8"));
    assert.equal(kept.base, server.url);
    assert.equal(Buffer.from(kept.private_key, "base64url").length, 32);
    const { json } = await me.getJson("/account/security");
    assert.deepEqual(json.devices.map((d) => [d.device, d.name]), [[kept.device, "Build box"]]);
    assert.match(json.devices[0].platform, /^countersign \d/);
  });

  test("reads the link from standard input, and finds its place by itself", async () => {
    const me = await signIn(server, await signUp(server));
    const HOME = temporaryFolder();
    const done = run(["pair", "--json"], { input: `${await pairLink(me)}\n`, env: { HOME, XDG_CONFIG_HOME: "" } });
    assert.equal(done.code, exit.ok, done.err);
    assert.deepEqual(Object.keys(JSON.parse(done.out)), ["device", "service", "service_name", "account"]);
    assert.ok(fs.existsSync(path.join(HOME, ".config/countersign/authenticator")));
    const config = temporaryFolder();
    const other = run(["pair", await pairLink(me)], { env: { XDG_CONFIG_HOME: config } });
    assert.equal(other.code, exit.ok, other.err);
    assert.ok(fs.existsSync(path.join(config, "countersign/authenticator")));
  });

  test("keeps a key that is there, and the link unused", async () => {
    const { me, file } = await withTerminal();
    const before = fs.readFileSync(file), link = await pairLink(me);
    const done = run(["pair", link, `--key-file=${file}`]);
    assert.equal(done.code, exit.conflict);
    assert.match(done.err, /is there already; --key-file names another/);
    assert.deepEqual(fs.readFileSync(file), before);
    assert.ok((await Device.pair(server, link)).device);
  });

  test("says what is wrong with a link", async () => {
    const used = await pairLink(await signIn(server, await signUp(server)));
    await Device.pair(server, used);
    const rows = [
      ["nonsense", exit.usage, /no pairing link/],
      ["https://id.example.org/authenticator", exit.usage, /no pairing link/],
      ["http://id.example.org/authenticator#pair=abc", exit.usage, /not https/],
      [used, exit.failed, /the link was used, or is older than ten minutes/],
      ["http://127.0.0.1:1/authenticator#pair=abc", exit.failed, /127\.0\.0\.1 port 1/],
    ];
    for (const [link, code, words] of rows) {
      const file = fresh(), done = run(["pair", link, `--key-file=${file}`]);
      assert.equal(done.code, code, link);
      assert.match(done.err, words);
      assert.ok(!fs.existsSync(file));
    }
  });

  test("a key file that others can read is refused, as is one that is none", async () => {
    const { file } = await withTerminal();
    fs.chmodSync(file, 0o644);
    assert.match(run(["list", `--key-file=${file}`]).err, /only you may read it: chmod 600/);
    fs.chmodSync(file, 0o600);
    fs.writeFileSync(file, "{}");
    assert.match(run(["list", `--key-file=${file}`]).err, /no authenticator's file/);
    const none = run(["list", `--key-file=${fresh()}`]);
    assert.equal(none.code, exit.notFound);
    assert.match(none.err, /not paired/);
  });
});

test("list, approve: the page moves on", async () => {
  const { person, file } = await withTerminal();
  const key = `--key-file=${file}`;
  assert.match(run(["list", key]).out, /Nothing waits/);
  const { browser, digits, challenge } = await signInWaiting(server, person);
  const listed = run(["list", key]);
  assert.match(listed.out, new RegExp(`${challenge}.*pending.*Sign-in on the web.*127\\.0\\.0\\.1`));
  const [row] = run(["list", key, "--json"]).out.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual([row.id, row.state, row.service_name, row.needs_digits], [challenge, "pending", "Countersign", true]);
  assert.deepEqual(row.details[0], { label: "Account", value: person.email });
  const done = run(["approve", challenge, `--digits=${digits}`, key]);
  assert.deepEqual([done.code, done.out], [exit.ok, "Approved.\n"]);
  assert.equal(await stateOf(browser), "approved");
  assert.equal(await isSignedIn(browser), true);
  const late = run(["approve", challenge, `--digits=${digits}`, key]);
  assert.equal(late.code, exit.notFound);
  assert.match(run(["list", key, "--history"]).out, /approved/);
});

test("approve asks for the digits, and needs no name when one waits", async () => {
  const { person, file } = await withTerminal();
  const key = `--key-file=${file}`;
  assert.match(run(["approve", key]).err, /nothing waits for an answer/);
  const { browser, digits } = await signInWaiting(server, person);
  const empty = run(["approve", key], { input: "\n" });
  assert.equal(empty.code, exit.usage);
  assert.match(empty.err, /Account +p.*@example\.com[^]*nothing was answered/);
  const done = run(["approve", key, "--json"], { input: `${digits}\n` });
  assert.equal(done.code, exit.ok, done.err);
  assert.equal(JSON.parse(done.out).outcome, "approved");
  assert.equal(await stateOf(browser), "approved");
});

test("attack 59: wrong digits end the request, with an exit code that says so", async () => {
  const { person, file } = await withTerminal();
  const { browser, digits } = await signInWaiting(server, person);
  const done = run(["approve", `--digits=${otherDigits(digits)}`, `--key-file=${file}`]);
  assert.equal(done.code, exit.failed);
  assert.match(done.err, /the request is denied/);
  assert.equal(await stateOf(browser), "denied");
});

test("deny, and \"this wasn't me\"", async () => {
  const { person, file } = await withTerminal();
  const key = `--key-file=${file}`, first = await signInWaiting(server, person);
  assert.deepEqual(run(["deny", first.challenge, key]).out, "Denied.\n");
  assert.equal(await stateOf(first.browser), "denied");
  const second = await signInWaiting(server, person);
  assert.equal(run(["deny", "--not-me", key]).code, exit.ok);
  assert.equal(await isSignedIn(second.browser), false);
  const again = await second.browser.postJson("/login", { login: person.username, password: person.password });
  assert.equal(again.status, 401);
});

test("watch prints requests as they come, also after a restart", async () => {
  const { person, file } = await withTerminal();
  const child = spawn(program, ["authenticator", "watch", "--json", `--key-file=${file}`], { stdio: ["ignore", "pipe", "pipe"] });
  const lines = (async function* () {
    let text = "";
    for await (const chunk of child.stdout.setEncoding("utf8")) {
      text += chunk;
      for (let end; (end = text.indexOf("\n")) >= 0; text = text.slice(end + 1)) yield JSON.parse(text.slice(0, end));
    }
  })();
  const timer = setTimeout(() => child.kill("SIGKILL"), limitMs(30_000));
  try {
    const first = await signInWaiting(server, person);
    assert.equal((await lines.next()).value?.id, first.challenge);
    await server.kill();
    server = await server.restart();
    const second = await signInWaiting(server, person);
    assert.equal((await lines.next()).value?.id, second.challenge, "the first one is not shown twice");
  } finally {
    clearTimeout(timer);
    child.kill("SIGINT");
  }
});

test("watch --once ends with the first", async () => {
  const { person, file } = await withTerminal();
  const { challenge } = await signInWaiting(server, person);
  const done = run(["watch", "--once", `--key-file=${file}`]);
  assert.equal(done.code, exit.ok, done.err);
  assert.match(done.out, new RegExp(`Request +${challenge}[^]*countersign authenticator approve ${challenge}`));
});

test("a terminal that was removed is told so", async () => {
  const { me, file } = await withTerminal();
  const { json } = await me.getJson("/account/security");
  const phone = await Device.pair(server, await pairLink(me));
  const off = await me.postJson(`/account/security/devices/${json.devices[0].device}/off`, {});
  await phone.answer(await phone.asked(), "approved", off.json.digits);
  assert.equal(await stateOf(me), "approved");
  for (const args of [["list"], ["watch"], ["approve", "--digits=000000"]]) {
    const done = run([...args, `--key-file=${file}`]);
    assert.equal(done.code, exit.failed, args[0]);
    assert.match(done.err, /not paired here/);
  }
});

describe("audit show --verify", () => {
  const entries = (person) => command(["audit", "list", "--json", `--user=${person.username}`], { data_dir: server.dataDir }).out
    .trim().split("\n").map((line) => JSON.parse(line));
  const show = (entry, ...more) => command(["audit", "show", String(entry), "--verify", ...more], { data_dir: server.dataDir });

  test("checks what the device signed, and says it", async () => {
    const { person, phone } = await withPhone(server);
    for (const decision of ["approved", "denied", "wrong_digits"]) {
      const { digits, challenge } = await signInWaiting(server, person);
      const sent = decision === "wrong_digits" ? otherDigits(digits) : digits;
      await phone.answer(await phone.asked(), decision === "denied" ? "denied" : "approved", decision === "denied" ? "" : sent);
      const { entry } = entries(person).find((e) => e.event === "challenge_answered");
      const done = show(entry);
      assert.equal(done.code, exit.ok, done.err);
      assert.match(done.out, new RegExp(`Signature +right[^]*Decision +${decision}\n[^]*Request +${challenge}\n[^]*Device +${phone.device}\n`));
      const { signature } = JSON.parse(show(entry, "--json").out);
      assert.deepEqual([signature.right, signature.decision, signature.request, signature.device, signature.approve_only],
        [true, decision, challenge, phone.device, false]);
      assert.equal(JSON.parse(signature.signed).digits, decision === "denied" ? "" : sent);
    }
  });

  test("says when an entry keeps none", async () => {
    const person = await signUp(server);
    await signIn(server, person);
    const done = show(entries(person)[0].entry);
    assert.equal(done.code, exit.usage);
    assert.match(done.err, /keeps no signed answer/);
  });
});

describe("code", () => {
  test("shows the code of an application's user, which counts there; others have none", async () => {
    const { api_key: key } = JSON.parse(command(["app", "create", "bank", "--json"], { data_dir: server.dataDir }).out);
    const api = (method, target) => new Client(server).request(method, target, { headers: { "x-authy-api-key": key } });
    const { json: { user: { id } } } = await api("POST", "/protected/json/users/new?user[email]=a@example.com&user[cellphone]=2015550188&user[country_code]=1");
    const file = fresh();
    assert.equal(run(["pair", (await newest(server, "+12015550188", "sms")).link, `--key-file=${file}`, "--name=Box"]).code, exit.ok);
    const { out } = run(["code", `--key-file=${file}`]);
    assert.match(out, /^\d{6}\n$/);
    assert.equal((await api("GET", `/protected/json/verify/${out.trim()}/${id}`)).status, 200);
    const { seconds_left: left } = JSON.parse(run(["code", `--key-file=${file}`, "--json"]).out);
    assert.ok(left >= 1 && left <= 30);
    const { file: other } = await withTerminal();
    const none = run(["code", `--key-file=${other}`]);
    assert.equal(none.code, exit.notFound);
    assert.match(none.err, /Countersign asks for no codes/);
  });
});
