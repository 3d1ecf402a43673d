// People with phones, and sign-ins that wait for them.
import assert from "node:assert/strict";
import { Client } from "../lib/client.js";
import { Device } from "../lib/device.js";
import { signIn, signUp } from "../portal/people.js";

// A link from a signed-in browser.
export async function pairLink(me) {
  const { status, json, text } = await me.postJson("/account/security/push/start", {});
  assert.equal(status, 200, text);
  return json.url;
}

// { person, me, phone }: signed up, signed in, one phone paired.
export async function withPhone(server, options) {
  const person = await signUp(server);
  const me = await signIn(server, person);
  return { person, me, phone: await Device.pair(server, await pairLink(me), options) };
}

// Name and password are right and the phone is asked: { browser, digits, handle, challenge }.
export async function signInWaiting(server, person, { browser = new Client(server), ...more } = {}) {
  const { status, json, text } = await browser.postJson("/login", { login: person.username, password: person.password, ...more });
  assert.deepEqual([status, json.state], [200, "waiting"], text);
  assert.match(json.digits, /^\d{6}$/);
  return { browser, ...json };
}

export const stateOf = async (browser, handle) =>
  (await browser.getJson(`/login/status${handle ? `?attempt=${handle}` : ""}`)).json.state;

export const isSignedIn = async (browser) => (await browser.getJson("/account")).status === 200;

// Six digits that are not these.
export const otherDigits = (digits) => digits.replace(/^\d/, (d) => String((Number(d) + 1) % 10));

// The next event of a stream, which stays open.
export async function nextEvent(stream) {
  const { value, done } = await stream.next();
  assert.ok(!done, "the stream has ended");
  return { event: value.event, data: JSON.parse(value.data) };
}
