// What an operator sees of people, and may do to them; while the server runs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { outbox } from "../lib/outbox.js";
import { command, startServer } from "../lib/server.js";
import { isSignedIn, nextEvent, signInWaiting, stateOf, withPhone } from "../device/scene.js";
import { enterPassword, nextTotp, enterCode, signIn, signUp, turnOnTotp } from "../portal/people.js";

let server, ada, bob;
const run = (...args) => command(args, { data_dir: server.dataDir });
const rows = (...args) => {
  const done = run(...args, "--json");
  assert.equal(done.code, 0, done.err);
  return done.out.split("\n").filter(Boolean).map((line) => JSON.parse(line));
};

before(async () => {
  server = await startServer();
  ada = await signUp(server);
  bob = await signUp(server, { name: "Bob" });
});
after(() => server.stop());

test("user list shows everybody, page by page", () => {
  const all = rows("user", "list").map((u) => u.username);
  assert.deepEqual(all, [ada.username, bob.username].sort());
  const first = run("user", "list", "--limit=1");
  assert.match(first.err, new RegExp(`--after=${all[0]}\n$`));
  assert.deepEqual(rows("user", "list", "--limit=1", `--after=${all[0]}`).map((u) => u.username), [all[1]]);
  assert.match(run("user", "list").out, /^USERNAME +NAME +E-MAIL +FACTORS +STATE +LAST SEEN\n/);
});

test("user show finds people by name or address and shows no secret", async () => {
  const me = await signIn(server, ada);
  const app = await turnOnTotp(me);
  me.close();
  for (const login of [ada.username, ada.username.toUpperCase(), ada.email]) {
    const [shown] = rows("user", "show", login);
    assert.equal(shown.email, ada.email);
    assert.ok(shown.email_verified_at);
    assert.equal(shown.phone_verified_at, null);
    assert.deepEqual(shown.factors.map((f) => f.kind), ["totp"]);
    assert.equal(shown.disabled, false);
    assert.ok(shown.sessions >= 1);
  }
  const text = run("user", "show", ada.email);
  assert.match(text.out, /Factors +totp/);
  for (const output of [text.out, JSON.stringify(rows("user", "show", ada.email))])
    assert.doesNotMatch(output, new RegExp(`${app.secret}|argon2|sealed|hash`, "i"));
  ada.app = app;
});

test("user disable keeps a person out and ends the sessions, enable lets them in", async () => {
  const me = await signIn(server, bob);
  assert.equal((await me.get("/account")).status, 200);
  assert.equal(run("user", "disable", bob.username).code, 0);
  assert.notEqual((await me.get("/account")).status, 200);
  assert.notEqual((await enterPassword(server, bob)).answer.status, 303);
  assert.equal(run("user", "disable", bob.username).code, 5, "disabled already");
  assert.equal(rows("user", "show", bob.username)[0].sessions, 0);
  assert.equal(run("user", "enable", bob.email).code, 0);
  (await signIn(server, bob)).close();
  me.close();
});

test("user reset-factors wants --yes, switches all factors off, and leaves the password", async () => {
  const { browser } = await enterPassword(server, ada);
  const done = await enterCode(browser, nextTotp(ada.app));
  assert.equal(done.status, 303, done.words);
  const asked = run("user", "reset-factors", ada.username);
  assert.equal(asked.code, 2);
  assert.match(asked.err, /say --yes/);
  assert.equal(rows("user", "show", ada.username)[0].factors.length, 1);
  assert.equal(run("user", "reset-factors", ada.username, "--yes").code, 0);
  assert.equal(rows("user", "show", ada.username)[0].factors.length, 0);
  (await signIn(server, ada)).close();
  browser.close();
});

test("audit list follows one person, page by page, and the chain is whole", () => {
  const mine = rows("audit", "list", `--user=${ada.username}`);
  assert.ok(mine.length >= 4);
  assert.equal(new Set(mine.map((e) => e.identity)).size, 1);
  assert.deepEqual(mine.map((e) => e.entry), mine.map((e) => e.entry).sort((a, b) => b - a), "newest first");
  assert.ok(mine.some((e) => e.actor === "operator"), "what the operator did is in it");
  const paged = [];
  for (let before = []; ;) {
    const page = rows("audit", "list", `--user=${ada.username}`, "--limit=2", ...before);
    if (page.length === 0) break;
    paged.push(...page);
    before = [`--before=${page.at(-1).entry}`];
  }
  assert.deepEqual(paged, mine);
  const [one] = rows("audit", "show", String(mine[0].entry));
  assert.deepEqual(one, mine[0]);
  assert.deepEqual(rows("audit", "verify"), [{ whole: true, entries: rows("audit", "list", "--limit=5000").length }]);
});

test("user remove-device ends one phone at once, and what it approved with it", async () => {
  const { person, phone, me } = await withPhone(server, { name: "Stolen" });
  const [device] = rows("user", "show", person.username)[0].factors;
  assert.deepEqual([device.kind, device.sid, device.name], ["push", phone.device, "Stolen"]);
  assert.match(run("user", "show", person.username).out, new RegExp(`push "Stolen" ${phone.device}, used `));
  const { browser, digits } = await signInWaiting(server, person);
  const stream = phone.events();
  await nextEvent(stream);
  const asked = run("user", "remove-device", phone.device);
  assert.equal(asked.code, 2);
  assert.match(asked.err, /"Stolen", paired with Countersign.*--yes/);
  await phone.answer(await phone.asked(), "approved", digits);
  assert.equal(run("user", "remove-device", phone.device, "--yes").code, 0);
  while (!(await stream.next()).done); // it ends
  assert.equal((await phone.request("GET", "/device/self")).status, 401);
  assert.notEqual(await stateOf(browser), "approved");
  assert.equal(await isSignedIn(browser), false, "what it approved does not count any more");
  assert.deepEqual(rows("user", "show", person.username)[0].factors, []);
  assert.match((await outbox(server, person.email))[0].body, /switched off/);
  assert.ok(rows("audit", "list").some((row) => row.event === "factor_off" && row.actor === "operator"));
  assert.equal(run("user", "remove-device", phone.device, "--yes").code, 3, "no such device any more");
  assert.equal(run("user", "remove-device", "YF1", "--yes").code, 3);
  me.close();
});
