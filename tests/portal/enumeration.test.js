// Nobody learns from an answer whether somebody has an account (attack 52). Timing is measured in
// tests/attack.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client } from "../lib/client.js";
import { outbox } from "../lib/outbox.js";
import { startServer } from "../lib/server.js";
import { newPerson, signUp } from "./people.js";

let server, ada;
before(async () => {
  server = await startServer();
  ada = await signUp(server);
});
after(() => server.stop());

// What an answer says, without what differs between any two: tokens, dates, request ids and what was
// typed.
function essence(answer, typed) {
  let text = answer.text.replace(/value="[\w-]{43}"/g, 'value="TOKEN"');
  for (const value of typed) text = text.replaceAll(value, "TYPED");
  const headers = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !["date", "content-length", "set-cookie"].includes(name)));
  return { status: answer.status, headers, cookies: answer.setCookies.map((line) => line.split("=")[0]), text };
}

async function both(path, fieldsOf) {
  const found = [];
  for (const fields of [fieldsOf(true), fieldsOf(false)]) {
    const browser = new Client(server);
    const html = await browser.fill(await browser.get(path), fields);
    const json = await new Client(server).postJson(path, fields);
    found.push({ html: essence(html, Object.values(fields)), json: essence(json, Object.values(fields)) });
  }
  return found;
}

test("sign-in: an unknown name and a wrong password", async () => {
  const [known, unknown] = await both("/login", (isKnown) => ({ login: isKnown ? ada.username : newPerson().username, password: "wrong horse battery" }));
  assert.equal(known.html.status, 401);
  assert.deepEqual(known, unknown);
});

test("sign-in: an unconfirmed sign-up with the right password", async () => {
  const waiting = newPerson();
  const browser = new Client(server);
  await browser.fill(await browser.get("/sign-up"), waiting);
  const [pending, unknown] = await both("/login", (isKnown) => ({ login: isKnown ? waiting.username : newPerson().username, password: waiting.password }));
  assert.equal(pending.html.status, 401);
  assert.deepEqual(pending, unknown);
});

test("reset: a known and an unknown address", async () => {
  const [known, unknown] = await both("/reset-password", (isKnown) => ({ email: isKnown ? ada.email : newPerson().email }));
  assert.equal(known.html.status, 303);
  assert.deepEqual(known, unknown);
});

test("sign-up: a known and an unknown address; the owner of the known one gets a mail", async () => {
  const before = (await outbox(server, ada.email)).length;
  const [known, unknown] = await both("/sign-up", (isKnown) => ({ ...newPerson(), ...(isKnown ? { email: ada.email } : {}) }));
  assert.equal(known.html.status, 303);
  assert.deepEqual(known, unknown);
  const mails = await outbox(server, ada.email);
  assert.ok(mails.length > before);
  assert.ok(mails.slice(0, mails.length - before).every((m) => !m.body.includes("/confirm/")), "and no link that makes an account");
});

test("sign-up: a username that is taken", async () => {
  const [known, unknown] = await both("/sign-up", (isKnown) => ({ ...newPerson(), ...(isKnown ? { username: ada.username } : {}) }));
  assert.deepEqual(known, unknown);
});
