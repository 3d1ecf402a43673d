// A portal whose second factor is another server, and that other server: a second Countersign.
//
//   const pair = await startAuthyPair();   // { far, portal, app, stop() }
//   const bea = await withRemote(pair);    // { person, me, phone, user }: signed up, turned on by approving
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { Client } from "../lib/client.js";
import { Device } from "../lib/device.js";
import { newest } from "../lib/outbox.js";
import { command, eventually, startServer, temporaryFolder } from "../lib/server.js";
import { e164, signIn, signUp } from "./people.js";

export const loopback = "127.0.0.0/8";

// A file that only its owner may read, as secrets are handed in.
export function secretFile(text) {
  const file = path.join(temporaryFolder(), "secret");
  fs.writeFileSync(file, text, { mode: 0o600 });
  return file;
}

export function newApp(server, name = "portal") {
  const { code, out, err } = command(["app", "create", name, "--json"], { data_dir: server.dataDir });
  assert.equal(code, 0, err);
  return JSON.parse(out);
}

export const setApp = (server, text, name = "portal") => {
  const { code, err } = command(["app", "set", name, text], { data_dir: server.dataDir });
  assert.equal(code, 0, err);
};

// callback: whether the far server can tell of answers, or has to be asked.
export async function startAuthyPair({ callback = true, far: farOptions = {}, portal: options = {} } = {}) {
  const far = await startServer({ egress_allow: loopback, product_name: "Far", ...farOptions });
  const app = newApp(far);
  const portal = await startServer({
    second_factor: "authy", authy_url: far.url, authy_key_file: secretFile(app.api_key), ...options });
  if (callback) setApp(far, `callback_url=${portal.url}/authy/callback`);
  return { far, portal, app, stop: async () => { await portal.stop(); await far.stop(); } };
}

export async function startVerifyPair({ far: farOptions = {}, portal: options = {} } = {}) {
  const far = await startServer({ product_name: "Far", ...farOptions });
  const app = newApp(far);
  const portal = await startServer({
    second_factor: "verify", verify_url: far.url, verify_account: app.account_sid, verify_service: app.service_sid,
    verify_token_file: secretFile(app.auth_token), ...options });
  return { far, portal, app, stop: async () => { await portal.stop(); await far.stop(); } };
}

// Somebody with an account and a session, and their phone paired with the far server: sign-up has registered
// the number there, which sends it the link.
export async function withPhone({ far, portal }, more) {
  const person = await signUp(portal, more);
  const { link } = await eventually(() => newest(far, e164(person), "sms"));
  return { person, phone: await Device.pair(far, link), me: await signIn(portal, person) };
}

// The page that is there once nothing is on its way any more.
export async function settled(browser, path = "/verify") {
  return eventually(async () => {
    const page = await browser.land(await browser.get(path));
    assert.doesNotMatch(page.words, /One moment/, page.words);
    return page;
  });
}

// The request that the far server shows on the phone.
export const asked = (phone) => eventually(() => phone.asked());
export const approve = async (phone) => {
  const { status, text } = await phone.answer(await asked(phone), "approved");
  assert.equal(status, 200, text);
};
export const deny = async (phone) => {
  const { status, text } = await phone.answer(await asked(phone), "denied");
  assert.equal(status, 200, text);
};

export async function turnOn(me, path = "/account/security/remote") {
  const page = await me.get("/account/security");
  const start = await me.fill(page, {}, { action: `${path}/start` });
  assert.equal(start.location, path, start.words);
  return start;
}

// Until the status says so.
export const until = (browser, state, path = "/login/status") => eventually(async () => {
  const { json } = await browser.getJson(path);
  assert.equal(json.state, state, JSON.stringify(json));
  return json;
});

export async function withRemote(pair, more) {
  const bea = await withPhone(pair, more);
  await turnOn(bea.me);
  await approve(bea.phone);
  await until(bea.me, "approved", "/account/security/remote/status");
  const done = await bea.me.get("/account/security/remote/done");
  assert.equal(done.location, "/account/security", done.words);
  return bea;
}

// Name and password are right and the phone is asked.
export async function beginLogin({ portal }, person, browser = new Client(portal)) {
  const { status, json, text } = await browser.postJson("/login", { login: person.username, password: person.password });
  assert.equal(status, 200, text);
  return { browser, ...json };
}

export const isSignedIn = async (browser) => (await browser.getJson("/account")).status === 200;
