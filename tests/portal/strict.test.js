// The policy "strict": who has no second factor has a long password, and mail is no second factor.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client } from "../lib/client.js";
import { newest } from "../lib/outbox.js";
import { command, startServer } from "../lib/server.js";
import { e164, newPerson, signIn, signUp, turnOnSent } from "./people.js";

const long = "quiet harbour lanterns", short = "seven boats";

let server;
before(async () => {
  server = await startServer();
  const set = command(["app", "set", "Countersign", "policy=strict"], { data_dir: server.dataDir });
  assert.equal(set.code, 0, set.err);
});
after(() => server.stop());

const refusal = ({ status, json }) => [status, json.error?.code, json.error?.fields?.password];
const tooShort = [400, "invalid", "Use at least 15 characters. A few words in a row work well."];

test("sign-up asks for 15 characters, and says so", async () => {
  const me = new Client(server);
  assert.match((await me.get("/sign-up")).words, /At least 15 characters\./);
  assert.deepEqual(refusal(await me.postJson("/sign-up", newPerson({ password: "fourteen signs" }))), tooShort);
  assert.equal((await me.postJson("/sign-up", newPerson({ password: "fifteen signs :" }))).status, 200);
});

test("with a second factor 8 do; without a longer password the last one stays on", async () => {
  const ada = await signUp(server, { password: long });
  const me = await signIn(server, ada);
  const change = async (current_password, password) => me.postJson("/account/password", { current_password, password });
  const turnOff = () => me.postJson("/account/security/sms/off", {});
  assert.deepEqual(refusal(await change(long, short)), tooShort);
  await turnOnSent(server, me, ada, "sms");
  assert.equal((await change(long, short)).json.state, "changed");

  const off = await turnOff();
  assert.deepEqual([off.status, off.json.error.code], [409, "password_short"]);
  assert.match((await me.get("/account/security/sms/off")).words, /Turn off/);
  assert.equal((await change(short, long)).json.state, "changed");
  assert.equal((await turnOff()).json.state, "code");
  const { code } = await newest(server, e164(ada), "sms");
  assert.equal((await me.postJson("/verify", { code })).json.state, "signed_in");
  assert.deepEqual((await me.getJson("/account/security")).json.factors.filter((f) => f.on), []);
  assert.deepEqual(refusal(await change(long, short)), tooShort);
});

test("a code by mail is no second factor", async () => {
  const me = await signIn(server, await signUp(server, { password: long }));
  const { factors, policy } = (await me.getJson("/account/security")).json;
  assert.equal(policy, "strict");
  assert.equal(factors.find((f) => f.kind === "email").available, false);
  const start = await me.postJson("/account/security/email/start", {});
  assert.deepEqual([start.status, start.json.error.code], [409, "not_possible"]);
});
