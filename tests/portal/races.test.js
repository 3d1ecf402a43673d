// Many at once: a code, a recovery code and a budget are spent once (attacks 5 to 8).
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startServer } from "../lib/server.js";
import { Client } from "../lib/client.js";
import { enterPassword, getRecoveryCodes, nextTotp, signIn, signUp, turnOnTotp, wrongCode } from "./people.js";

let server, ada, app, codes;
before(async () => {
  server = await startServer({ connections_per_address_max: 0, limit_login: "off" });
  ada = await signUp(server);
  const me = await signIn(server, ada);
  app = await turnOnTotp(me);
  codes = await getRecoveryCodes(me);
});
after(() => server.stop());

const attempts = (n) => Promise.all(Array.from({ length: n }, async () => (await enterPassword(server, ada)).browser));

async function volley(browsers, each, body) {
  const answers = await Promise.all(browsers.flatMap((browser) =>
    Array.from({ length: each }, () => browser.postJson("/verify", body))));
  browsers.forEach((browser) => browser.close());
  return answers;
}
const signedIn = (answers) => answers.filter((a) => a.status === 200 && a.json.state === "signed_in").length;

test("100 checks of one right code, over twenty attempts, let one in", async () => {
  const answers = await volley(await attempts(20), 5, { code: nextTotp(app), method: "totp" });
  assert.equal(signedIn(answers), 1);
  assert.equal(answers.filter((a) => a.status >= 500).length, 0);
});

test("one recovery code at forty doors opens one", async () => {
  const bob = await signUp(server);
  const me = await signIn(server, bob);
  await turnOnTotp(me);
  const [code] = await getRecoveryCodes(me);
  const browsers = await Promise.all(Array.from({ length: 8 }, async () => (await enterPassword(server, bob)).browser));
  const answers = await volley(browsers, 5, { code, method: "recovery" });
  assert.equal(signedIn(answers), 1);
  assert.equal((await me.getJson("/account/security")).json.recovery_left, 9);
  assert.ok(codes.length === 10);
});

test("1,000 wrong guesses at once are five guesses", async () => {
  const eve = await signUp(server);
  const me = await signIn(server, eve);
  const secret = await turnOnTotp(me);
  const browsers = await Promise.all(Array.from({ length: 10 }, async () => (await enterPassword(server, eve)).browser));
  const answers = await volley(browsers, 100, { code: wrongCode(nextTotp(secret)), method: "totp" });
  const wrong = answers.filter((a) => a.status === 401).length;
  assert.equal(wrong, 5, `${wrong} guesses were compared`);
  assert.equal(answers.filter((a) => a.status === 429).length, 995);
  const last = new Client(server);
  await last.postJson("/login", { login: eve.username, password: eve.password });
  const paused = await last.postJson("/verify", { code: nextTotp(secret) });
  assert.deepEqual([paused.status, paused.json.error.code], [429, "limited"], "the right code waits as well");
});
