// A portal whose second factor is another server, and that other server: a second Countersign, reached over
// a line that a test can bend.
//
//   const pair = await startAuthyPair();   // { far, line, portal, app, later(), stop() }
//   const bea = await withRemote(pair);    // { person, me, phone }: signed up, turned on by approving
import assert from "node:assert/strict";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { Client } from "../lib/client.js";
import { startMovable } from "../lib/clock.js";
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

// Hands requests on to a server, and its answers back. bend(request) may answer in its place: a status with a
// body, "hang", or "reset"; nothing lets it through.
export class Line {
  static async start(to) {
    const line = new Line();
    Object.assign(line, { to, got: [], bend: () => undefined });
    line.http = http.createServer((rq, rs) => {
      const chunks = [];
      rq.on("data", (chunk) => chunks.push(chunk));
      rq.on("end", () => line.carry(rq, Buffer.concat(chunks), rs));
    });
    await new Promise((resolve) => line.http.listen(0, "127.0.0.1", resolve));
    line.url = `http://127.0.0.1:${line.http.address().port}`;
    return line;
  }

  carry(rq, body, rs) {
    const asked = { method: rq.method, path: rq.url, headers: rq.headers, form: new URLSearchParams(String(body)) };
    this.got.push(asked);
    const bent = this.bend(asked);
    if (bent === "hang") return;
    if (bent === "reset") return void rq.socket.resetAndDestroy();
    if (bent) return void rs.writeHead(bent.status ?? 200, { "content-type": "application/json" }).end(bent.body ?? "");
    const { host, ...headers } = rq.headers;
    const on = http.request(new URL(rq.url, this.to.url), { method: rq.method, headers }, (answer) => {
      rs.writeHead(answer.statusCode, answer.headers);
      answer.pipe(rs);
    });
    on.on("error", () => rq.socket.resetAndDestroy());
    on.end(body);
  }

  // Requests to paths that match.
  requests(match) {
    return this.got.filter(({ path }) => match.test(path));
  }

  stop() {
    this.http.closeAllConnections();
    this.http.close();
  }
}

async function startPair(farOptions, optionsOf, more) {
  const far = await startServer({ egress_allow: loopback, product_name: "Far", ...farOptions });
  const app = newApp(far);
  const line = await Line.start(far);
  const { server: portal, later } = await startMovable({ ...optionsOf(app, line.url), ...more });
  return { far, app, line, portal, later, stop: async () => { await portal.stop(); line.stop(); await far.stop(); } };
}

// callback: whether the far server can tell of answers, or has to be asked.
export async function startAuthyPair({ callback = true, far, portal } = {}) {
  const pair = await startPair(far, (app, url) => (
    { second_factor: "authy", authy_url: url, authy_key_file: secretFile(app.api_key) }), portal);
  if (callback) setApp(pair.far, `callback_url=${pair.portal.url}/authy/callback`);
  return pair;
}

export const startVerifyPair = ({ far, portal } = {}) => startPair(far, (app, url) => ({
  second_factor: "verify", verify_url: url, verify_account: app.account_sid, verify_service: app.service_sid,
  verify_token_file: secretFile(app.auth_token) }), portal);

// An account with a number that nobody else has.
let numbers = 0;
export const joined = ({ portal }, more) => signUp(portal, { phone: `01512${2000000 + numbers++}`, ...more });

// Somebody with an account and a session, and their phone paired with the far server: sign-up has registered
// the number there, which sends it the link.
export async function withPhone(pair, more) {
  const { far, portal } = pair, person = await joined(pair, more);
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

// A page of this browser's attempt, with nothing on its way: what it says, and a form of it sent.
export const say = async (browser, pattern, path) => {
  const page = await settled(browser, path);
  assert.match(page.words, pattern);
  return page;
};
export const press = (browser, page, via, action = "/resend") => {
  const form = page.forms.find((f) => f.action === action && f.buttons.some((b) => b.value === via));
  assert.ok(form, `no button ${via} on ${page.path}: ${page.words}`);
  return browser.post(action, { ...Object.fromEntries(form.fields), via });
};
export const enter = (browser, page, code, action = "/verify") => browser.fill(page, { code }, { action });

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
