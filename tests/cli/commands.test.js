// The commands, with and without a running server: same words, same bytes, same exit code.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { command, startServer, temporaryFolder } from "../lib/server.js";

const exit = { ok: 0, failed: 1, usage: 2, notFound: 3, busy: 4, conflict: 5 };
const keyNames = ["account_sid", "auth_token", "service_sid", "api_key"];

function create(name, data_dir) {
  const done = command(["app", "create", name, "--json"], { data_dir });
  assert.equal(done.code, exit.ok, done.err);
  assert.match(done.out, /^\{.*\}\n$/, "one line");
  return JSON.parse(done.out);
}

function assertKeys(keys) {
  assert.deepEqual(Object.keys(keys), keyNames);
  assert.match(keys.account_sid, /^AC[0-9a-f]{32}$/);
  assert.match(keys.service_sid, /^VA[0-9a-f]{32}$/);
  for (const name of keyNames) assert.equal(typeof keys[name], "string");
  assert.ok(keys.auth_token.length >= 32 && keys.api_key.length >= 32);
}

test("app create prints the four keys before any server ran, and while one runs", async (t) => {
  const data_dir = temporaryFolder();
  assertKeys(create("before", data_dir));
  const server = await startServer({ data_dir });
  t.after(() => server.stop());
  assertKeys(create("during", data_dir));
  const names = (text) => text.trim().split("\n").map((line) => JSON.parse(line).name);
  const running = command(["app", "list", "--json"], { data_dir });
  assert.ok(names(running.out).includes("before") && names(running.out).includes("during"));
  await server.stop();
  assert.deepEqual(command(["app", "list", "--json"], { data_dir }), running);
});

// Each row is run against the server and then without it, on the same data.
const alike = [
  [["app", "list"], exit.ok],
  [["app", "list", "--json"], exit.ok],
  [["app", "show", "shop"], exit.ok],
  [["app", "show", "shop", "--json"], exit.ok],
  [["app", "show", "shp"], exit.notFound],
  [["app", "show", "zebra"], exit.notFound],
  [["app", "create", "shop"], exit.conflict],
  [["app", "create", "SHOP", "--json"], exit.conflict],
  [["app", "create", ""], exit.usage],
  [["app", "set", "shop", "colour=red"], exit.usage],
  [["app", "set", "shop", "policy=perhaps"], exit.usage],
  [["app", "set", "shop", "policy=required", "code_digits=99"], exit.usage],
  [["app", "set", "shop", "policy"], exit.usage],
  [["app", "delete", "shop"], exit.usage],
  [["app", "delete", "Countersign", "--yes"], exit.conflict],
  [["user", "list"], exit.ok],
  [["user", "list", "--json"], exit.ok],
  [["user", "show", "nobody"], exit.notFound],
  [["user", "disable", "nobody@example.com"], exit.notFound],
  [["user", "reset-factors", "nobody", "--yes"], exit.notFound],
  [["user", "remove-device", "YF00112233445566778899aabbccddeeff", "--yes"], exit.notFound],
  [["audit", "list"], exit.ok],
  [["audit", "list", "--json", "--limit=2"], exit.ok],
  [["audit", "list", "--user=nobody"], exit.notFound],
  [["audit", "show", "999999"], exit.notFound],
  [["audit", "show", "x"], exit.usage],
  [["audit", "verify"], exit.ok],
  [["audit", "verify", "--json"], exit.ok],
  [["migrate", "--json"], exit.ok],
  [["backup", "/nowhere/at/all.db"], exit.usage],
  [["channel", "list"], exit.ok],
  [["channel", "list", "--json"], exit.ok],
  [["firewall", "extend", "5"], exit.conflict],
  [["key", "rotate", "--jason"], exit.usage],
];

describe("a command gives the same with a server and without", () => {
  const data_dir = temporaryFolder();
  const withServer = new Map();

  before(async () => {
    create("shop", data_dir);
    const server = await startServer({ data_dir });
    for (const [args] of alike) withServer.set(args, command(args, { data_dir }));
    await server.stop();
  });
  for (const [args, code] of alike) {
    test(args.join(" "), () => {
      const here = command(args, { data_dir });
      assert.equal(here.code, code, here.err);
      assert.deepEqual(here, withServer.get(args));
      assert.equal(code === exit.ok, here.err === "", here.err);
    });
  }
});

test("app set changes what it names, or nothing", () => {
  const data_dir = temporaryFolder();
  create("shop", data_dir);
  const show = () => JSON.parse(command(["app", "show", "shop", "--json"], { data_dir }).out);
  const before = show();
  assert.equal(command(["app", "set", "shop", "code_digits=8", "policy=nonsense"], { data_dir }).code, exit.usage);
  assert.deepEqual(show(), before);
  const done = command(["app", "set", "shop", "code_digits=8", "callback_url=https://shop.example.com/x"], { data_dir });
  assert.equal(done.code, exit.ok, done.err);
  assert.equal(show().code_digits, 8);
  assert.equal(show().callback_url, "https://shop.example.com/x");
});

test("app show says the same as JSON: every setting, and whose application it is", () => {
  const data_dir = temporaryFolder();
  const { account_sid, service_sid } = create("shop", data_dir);
  command(["app", "set", "shop", "operator_email=ops@example.com", "countries=DE AT", "test_mode=yes"], { data_dir });
  const json = JSON.parse(command(["app", "show", "shop", "--json"], { data_dir }).out);
  const facts = { account_sid, service_sid, name: "shop", callback_method: "POST", operator_email: "ops@example.com", countries: "DE AT", test_mode: "yes" };
  for (const [name, value] of Object.entries(facts)) assert.equal(json[name], value, name);
  for (const [, name] of command(["app", "show", "shop"], { data_dir }).out.matchAll(/^ +(\w+)/gm))
    assert.ok((name in json) || (`${name}_at` in json), name);
});

test("numbers of an audit entry that are beyond what a script keeps whole are text", () => {
  const data_dir = temporaryFolder();
  create("shop", data_dir);
  const [line] = command(["audit", "list", "--json"], { data_dir }).out.split("\n");
  const { entry, service, identity } = JSON.parse(line);
  assert.equal(typeof entry, "number");
  assert.match(service, /^\d{17,19}$/);
  assert.equal(identity, null);
});

test("app rotate gives new keys, app delete ends the application", () => {
  const data_dir = temporaryFolder();
  const first = create("shop", data_dir);
  const second = JSON.parse(command(["app", "rotate", "shop", "--json"], { data_dir }).out);
  assertKeys(second);
  assert.equal(second.service_sid, first.service_sid);
  assert.notEqual(second.auth_token, first.auth_token);
  assert.notEqual(second.api_key, first.api_key);
  assert.equal(command(["app", "delete", "shop", "--yes"], { data_dir }).code, exit.ok);
  assert.equal(command(["app", "show", "shop"], { data_dir }).code, exit.notFound);
  assertKeys(create("shop", data_dir));
});

test("a folder without data is an error and stays as it was", () => {
  const data_dir = path.join(temporaryFolder(), "none");
  for (const args of [["app", "list"], ["migrate"], ["audit", "verify"], ["backup", "/nowhere/at/all.db"]]) {
    const done = command(args, { data_dir });
    assert.equal(done.code, exit.notFound, args.join(" "));
    assert.match(done.err, /there is no data in ".*none"/);
    assert.equal(fs.existsSync(data_dir), false, args.join(" "));
  }
});

test("a backup that cannot be written names the file that was asked for", () => {
  const data_dir = temporaryFolder();
  create("shop", data_dir);
  const done = command(["backup", "/nowhere/at/all.db"], { data_dir });
  assert.equal(done.code, exit.usage);
  assert.match(done.err, /\/nowhere\/at\/all\.db: /);
});

// Production settings, but no server: nothing is sent.
test("channel list tells what was never set up from what works", () => {
  const options = { data_dir: temporaryFolder(), mode: "production", public_url: "https://id.example.org", smtp_url: "smtps://mail.example.org" };
  assert.equal(command(["app", "create", "shop"], options).code, exit.ok);
  const done = command(["channel", "list", "--json"], options);
  const states = done.out.trim().split("\n").map((line) => JSON.parse(line)).map(({ channel, state }) => [channel, state]);
  assert.deepEqual(Object.fromEntries(states), { sms: "not_set_up", voice: "not_set_up", email: "works", whatsapp: "not_set_up" });
  assert.equal(command(["channel", "list"], options).out.match(/not set up/g).length, 3);
  assert.equal(command(["channel", "pause", "sms"], options).code, exit.ok);
  assert.match(command(["channel", "list", "--json"], options).out, /"channel":"sms","state":"paused"/);
});

test("firewall extend says whether there is no firewall, no limit, or what may be spent now", () => {
  const options = { data_dir: temporaryFolder() };
  create("shop", options.data_dir);
  const extend = (more) => command(["firewall", "extend", "5"], { ...options, ...more });
  assert.match(extend({}).err, /phone_firewall is off, or auto/);
  assert.match(extend({ phone_firewall: "on", phone_daily_spend: "off" }).err, /no limit of a day's spending/);
  assert.match(extend({ phone_firewall: "on" }).out, /may cost 55\.00 today/);
});

test("what is written is for this user only", async (t) => {
  const data_dir = path.join(temporaryFolder(), "deep/er");
  const server = await startServer({ data_dir });
  t.after(() => server.stop());
  assert.equal(fs.statSync(data_dir).mode & 0o777, 0o700);
  for (const name of fs.readdirSync(data_dir))
    assert.equal(fs.statSync(path.join(data_dir, name)).mode & 0o077, 0, name);
  await server.stop();
});

test("a lost sealing key is said, not replaced", () => {
  const data_dir = temporaryFolder();
  create("shop", data_dir);
  fs.rmSync(path.join(data_dir, "master.key"));
  const done = command(["app", "list"], { data_dir });
  assert.equal(done.code, exit.failed);
  assert.match(done.err, /master\.key is missing/);
  assert.equal(fs.existsSync(path.join(data_dir, "master.key")), false);
});

test("help, version and usage errors", () => {
  assert.equal(command(["version"]).out, command(["--version"]).out);
  assert.match(command(["version"]).out, /^countersign \d+\.\d+\.\d+\n$/);
  const help = command(["help"]);
  assert.equal(help.code, exit.ok);
  assert.deepEqual(command(["--help"]), help);
  assert.equal(command([]).code, exit.usage);
  assert.equal(command([]).out, help.out);
  assert.deepEqual(command(["help", "app", "create"]), command(["app", "create", "--help"]));
  const guess = command(["srve"]);
  assert.equal(guess.code, exit.usage);
  assert.match(guess.err, /did you mean "serve"\?/);
});

test("config show says where each value comes from, and shows no secret", () => {
  const dir = temporaryFolder();
  const file = path.join(dir, "c.conf");
  fs.writeFileSync(file, "# mine\nproduct_name = \"Shop # 1\"\nworkers = 3\n");
  const done = command(["config", "show", "--json", "--hash-threads=5", `--config=${file}`],
    { workers: 4, database: "postgresql://me:hunter2@db/x" });
  const shown = JSON.parse(done.out);
  assert.deepEqual(shown.product_name, { value: "Shop # 1", from: `${file}:2` });
  assert.deepEqual(shown.workers, { value: 4, from: "environment" });
  assert.deepEqual(shown.hash_threads, { value: 5, from: "command line" });
  assert.deepEqual(shown.listen, { value: "127.0.0.1:8080", from: "default" });
  assert.equal(shown.database.value, "postgresql://me:***@db/x");
  assert.doesNotMatch(done.out, /hunter2/);
});

test("config check lists all that is wrong, with file and line", () => {
  const file = path.join(temporaryFolder(), "c.conf");
  fs.writeFileSync(file, "listn = 1\nworkers = many\n");
  const done = command(["config", "check", `--config=${file}`]);
  assert.equal(done.code, exit.usage);
  assert.match(done.err, /c\.conf:1: unknown option "listn"; did you mean "listen"\?\n/);
  assert.match(done.err, /c\.conf:2: workers must be a whole number from 0 to 64 threads\n/);
  assert.match(command(["config", "check"], { listen: "0.0.0.0:80" }).err, /demo mode/);
  assert.equal(command(["config", "check"]).code, exit.ok);
});
