// Wrong codes have ended every second step: the right password says so, the wrong one says nothing.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { after, before, test } from "node:test";
import { Client } from "../lib/client.js";
import { command, startServer } from "../lib/server.js";
import { enterCode, enterPassword, getRecoveryCodes, nextTotp, signIn, signUp, turnOnTotp } from "./people.js";

const people = {};
let server;

// What a hundred guesses over days leave behind, which nobody waits for here.
async function setInStore(...statements) {
  await server.stop();
  const done = spawnSync("sqlite3", [path.join(server.dataDir, "countersign.db"), statements.join(";")], { encoding: "utf8" });
  assert.equal(done.status, 0, done.error ?? done.stderr);
  server = await server.restart();
  for (const { me } of Object.values(people)) me.server = server;
}
const identity = (person) => `(SELECT identity_id FROM person WHERE username = '${person.username}')`;

before(async () => {
  server = await startServer();
  for (const name of ["ended", "used", "last", "rescued"]) {
    const person = await signUp(server);
    const me = await signIn(server, person);
    people[name] = { person, me, app: await turnOnTotp(me) };
  }
  people.rescued.codes = await getRecoveryCodes(people.rescued.me);
  const { ended, used, last, rescued } = people;
  await setInStore(
    `UPDATE factor SET status = 'off', off_reason = 'failures' WHERE identity_id = ${identity(ended.person)}`,
    `UPDATE identity SET fail_count = 100 WHERE id = ${identity(used.person)}`,
    `UPDATE factor SET fail_count = 99 WHERE kind = 'totp' AND identity_id IN (${identity(last.person)}, ${identity(rescued.person)})`);
});
after(() => server.stop());

function isLocked(answer) {
  assert.equal(answer.status, 403, answer.words);
  assert.match(answer.words, /The second step was tried too often/);
  assert.match(answer.words, /Ask support for help/);
  assert.match(answer.words, /countersign user reset-factors/, "demo mode: who tries it out runs it");
  assert.equal(answer.html.querySelectorAll("#problems").length, 0, "said once");
  assert.ok(!answer.setCookies.some((line) => /^cs_(session|login)=[^;]/.test(line)));
}

for (const name of ["ended", "used"])
  test(`a right password with every second step ${name}: a page of its own`, async () => {
    const { person } = people[name];
    isLocked((await enterPassword(server, person)).answer);
    const json = await new Client(server).postJson("/login", { login: person.email, password: person.password });
    assert.deepEqual([json.status, json.json.error.code], [403, "second_step_locked"]);
    assert.match(json.json.error.message, /Ask support/);
    const wrong = await enterPassword(server, person, { password: "not the right one" });
    assert.equal(wrong.answer.status, 401);
    assert.match(wrong.answer.words, /That name and password don't match/);
    assert.doesNotMatch(wrong.answer.words, /support/);
  });

test("who is still signed in sees it too, when asked for the password again", async () => {
  const { person, me } = people.ended;
  const page = await me.get("/reauth");
  const wrong = await me.fill(page, { password: "not the right one" });
  assert.equal(wrong.status, 401);
  isLocked(await me.fill(page, { password: person.password }));
  const { activity } = (await me.getJson("/account")).json;
  assert.ok(activity.some((entry) => entry.event === "sign_in_locked"), "and in what happened");
});

test("the code that ends the last way leads to the same page", async () => {
  const { person, app } = people.last;
  const { browser, answer } = await enterPassword(server, person);
  assert.equal(answer.location, "/verify");
  isLocked(await enterCode(browser, "000000"));
  isLocked(await browser.get("/verify"));
  const json = await browser.postJson("/verify", { code: nextTotp(app), method: "totp" });
  assert.deepEqual([json.status, json.json.error.code], [403, "second_step_locked"]);
  isLocked((await enterPassword(server, person)).answer);
});

test("recovery codes are a way that is left", async () => {
  const { person, codes } = people.rescued;
  const { browser } = await enterPassword(server, person);
  const wrong = await enterCode(browser, "000000", "totp");
  assert.equal(wrong.status, 403);
  assert.match(wrong.words, /Choose another way/);
  assert.equal((await enterCode(browser, codes[0], "recovery")).location, "/account");
});

test("the operator's way out", async () => {
  const { person } = people.ended;
  const done = command(["user", "reset-factors", person.username, "--yes"], { data_dir: server.dataDir });
  assert.equal(done.code, 0, done.err);
  assert.equal((await enterPassword(server, person)).answer.location, "/account");
});
