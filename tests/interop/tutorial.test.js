// The tutorial's flow from end to end: an application of its own (tests/tutorial/app.js) with the npm package
// "authy-client", a person with a browser and a phone, and the server between them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client } from "../lib/client.js";
import { Device } from "../lib/device.js";
import { newest, outbox } from "../lib/outbox.js";
import { command, eventually, startServer } from "../lib/server.js";
import { readOtpauth, totp } from "../lib/totp.js";
import { startTutorial } from "../tutorial/app.js";

let server, site, numbers = 0;
const run = (...args) => command(args, { data_dir: server.dataDir });

before(async () => {
  server = await startServer({ egress_allow: "127.0.0.0/8" });
  const { api_key: key } = JSON.parse(run("app", "create", "Tutorial", "--json").out);
  site = await startTutorial({ key, host: server.url });
  const set = run("app", "set", "Tutorial", `callback_url=${site.url}/authy/callback`);
  assert.equal(set.code, 0, set.err);
});
after(async () => {
  site.stop();
  await server.stop();
});

// A person who has signed up, in a browser; with a phone that was paired by the link in the text message.
class Person {
  static async signUp({ phone = true } = {}) {
    const p = new Person();
    p.number = `201555${String(300 + numbers++).padStart(4, "0")}`;
    p.email = `mal${numbers}@example.com`;
    p.browser = new Client(site);
    const answer = await p.post("/user", { name: "Mal", email: p.email, password: "serenity", country_code: "US", phone: p.number });
    assert.equal(answer.status, 200, answer.text);
    if (phone) p.phone = await Device.pair(server, (await newest(server, `+1${p.number}`, "sms")).link);
    return p;
  }

  post(path, value = {}, browser = this.browser) {
    return browser.postJson(path, value);
  }

  async logIn(browser = this.browser) {
    const answer = await this.post("/session", { email: this.email, password: "serenity" }, browser);
    assert.equal(answer.status, 200, answer.text);
    return answer.json.next;
  }

  async sees(state, browser = this.browser) {
    await eventually(async () => assert.equal((await browser.get("/session/status")).json.state, state));
    const { status, json } = await browser.get("/account");
    assert.deepEqual([status, json.name], state === "in" ? [200, "Mal"] : [401, undefined]);
  }

  async answers(decision) {
    const asked = await this.phone.asked();
    assert.deepEqual([asked.shows.message, asked.shows.details], ["Log in to the tutorial", [{ label: "E-mail", value: this.email }]]);
    await this.phone.answer(asked, decision, "");
  }

  async sentCode() {
    return (await newest(server, `+1${this.number}`, "sms")).code;
  }
}

test("sign up, log in, approve on the phone, in", async () => {
  const mal = await Person.signUp();
  assert.equal(await mal.logIn(), "pending");
  await mal.sees("pending");
  await mal.answers("approved");
  await mal.sees("in");
});

test("denied: then a token, in", async () => {
  const mal = await Person.signUp();
  await mal.logIn();
  await mal.answers("denied");
  await mal.sees("denied");
  assert.equal((await mal.post("/session/token", { token: "0000000" })).status, 401);
  await mal.sees("denied");
  await mal.post("/session/resend");
  assert.equal((await mal.post("/session/token", { token: await mal.sentCode() })).status, 200);
  await mal.sees("in");
});

test("the phone is absent: a token by text message, or the one that the phone shows, in", async () => {
  const mal = await Person.signUp();
  await mal.logIn();
  await mal.sees("pending");
  await mal.post("/session/resend");
  assert.equal((await mal.post("/session/token", { token: await mal.sentCode() })).status, 200);
  await mal.sees("in");

  const again = new Client(site); // the phone has no network, but a clock
  await mal.logIn(again);
  assert.equal((await mal.post("/session/token", { token: totp(readOtpauth(mal.phone.soft_token)) }, again)).status, 200);
  await mal.sees("in", again);
});

test("no phone: a text message at once", async () => {
  const mal = await Person.signUp({ phone: false });
  assert.equal(await mal.logIn(), "token");
  assert.equal((await mal.post("/session/token", { token: await mal.sentCode() })).status, 200);
  await mal.sees("in");
  assert.equal((await outbox(server, `+1${mal.number}`)).length, 2, "the link, and the code");
});

test("an approval is of one attempt: who knows the password elsewhere gets nothing of it", async () => {
  const mal = await Person.signUp();
  const thief = new Client(site);
  await mal.logIn();
  await mal.answers("approved");
  await mal.logIn(thief);
  await mal.sees("in");
  await mal.sees("pending", thief);
});

test("a callback that nobody signed, or somebody else, changes nothing", async () => {
  const mal = await Person.signUp();
  await mal.logIn();
  const { id } = await mal.phone.asked();
  for (const headers of [{}, { "x-authy-signature": "AAAA", "x-authy-signature-nonce": "1" }]) {
    const forged = await new Client(site).postJson("/authy/callback", { authy_id: 1, uuid: id, status: "approved", callback_action: "approval_request_status" }, { headers });
    assert.equal(forged.status, 401, forged.text);
  }
  await mal.sees("pending");
  await mal.answers("approved");
  await mal.sees("in");
});
