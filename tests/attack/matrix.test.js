// Three doors lead to one factor: the portal's sign-in, the Authy dialect and the Verify dialect. The same
// budget of wrong codes holds whichever is used, mixed in every order. Numbers are those of the list of
// attacks.
//
// Nothing that we offer gives one person all three names. The test gives them, in the database: the
// application that the portal is gets keys, and a person of it an authy_id and an Identity.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import path from "node:path";
import { after, before, test } from "node:test";
import { Client } from "../lib/client.js";
import { facts } from "../lib/contract.js";
import { newest, outbox } from "../lib/outbox.js";
import { command, startServer } from "../lib/server.js";
import { totp } from "../lib/totp.js";
import { newApp, setClock, VerifyApp } from "../lib/verify.js";
import { e164, signIn, signUp, turnOnSent } from "../portal/people.js";

let server, app, clockS = 0;
before(async () => {
  server = await startServer();
  app = new VerifyApp(server, JSON.parse(run("app", "rotate", "Countersign", "--json")));
});
after(() => server.stop());

function run(...args) {
  const { code, out, err } = command(args, { data_dir: server.dataDir });
  assert.equal(code, 0, err);
  return out;
}
const later = (seconds) => setClock(server, (clockS += seconds));
const now = () => Date.now() + clockS * 1000;
const authy = (key, target, method = "GET") =>
  new Client(server).request(method, `/protected/json/${target}`, { headers: { "x-authy-api-key": key, ...(method === "POST" ? { "content-length": "0" } : {}) } });

// ---- one authenticator app, three doors ----

class Person {
  // Signed up, with an authenticator app, and named for all doors.
  static async make() {
    const one = new Person();
    one.person = await signUp(server);
    const me = await signIn(server, one.person);
    one.key = { secret: (await me.postJson("/account/security/totp/start", {})).json.secret };
    assert.equal((await me.postJson("/account/security/totp", { code: one.right() })).status, 200);
    one.authyId = randomInt(1, 2 ** 31);
    one.identity = `person-${one.authyId}`;
    const sql = `UPDATE identity SET external = '${one.identity}', authy_id = ${one.authyId} WHERE email = '${one.person.email}'`;
    const done = spawnSync("sqlite3", ["-cmd", ".timeout 5000", path.join(server.dataDir, "countersign.db"), sql], { encoding: "utf8" });
    assert.equal(done.stderr, "");
    one.entity = `${app.service}/Entities/${one.identity}`;
    const { factors } = await app.ok(200, app.get(`${one.entity}/Factors`));
    assert.deepEqual(factors.map((f) => [f.factor_type, f.status]), [["totp", "verified"]]);
    one.factor = factors[0].sid;
    await later(60); // the step that enrolment spent is over
    return one;
  }

  right() {
    return totp(this.key, { atMs: now() });
  }

  // A code that no step within an hour of now has.
  wrong() {
    const steps = new Set(Array.from({ length: 240 }, (_, i) => totp(this.key, { atMs: now(), stepsLater: i - 120 })));
    for (;;) {
      const code = String(randomInt(1e6)).padStart(6, "0");
      if (!steps.has(code)) return code;
    }
  }
}

// Each tries one code, in an attempt of its own (attack 10), and says what came of it: right, wrong,
// refused (a pause) or off.
let names = 0;
const doors = {
  async portal(one, code) {
    const browser = new Client(server), { username, email, password } = one.person;
    const login = [username, email, username.toUpperCase(), email.toUpperCase()][names++ % 4]; // attack 11
    const begun = await browser.postJson("/login", { login, password });
    if (begun.json.error?.code === "second_step_locked") return "off";
    assert.deepEqual([begun.status, begun.json.state], [200, "code"], begun.text);
    const { status, json } = await browser.postJson("/verify", { method: "totp", code });
    browser.close();
    if (status === 200) return "right";
    if (status === 429) return "refused";
    if (json.error.code === "second_step_locked") return "off";
    assert.equal(status, 401, JSON.stringify(json));
    return "wrong";
  },
  async authy(one, code) {
    const { status, json } = await authy(app.keys.api_key, `verify/${code}/${one.authyId}`);
    if (status === 200) return "right";
    if (status === 429) return "refused";
    return json.error_code === "60017" ? "off" : "wrong";
  },
  async verify(one, code) {
    const { status, body } = await app.post(`${one.entity}/Challenges`, { FactorSid: one.factor, AuthPayload: code });
    if (status === 201) return body.status === "approved" ? "right" : "wrong";
    if (status === 404) return "off"; // the factor is gone
    assert.deepEqual([status, body.code], [429, 60308]);
    return "refused";
  },
};
const all = Object.keys(doors);

test("attacks 9-12: five wrong codes through any doors, in every order, pause all of them; a right one clears all", async () => {
  const one = await Person.make();
  let last = 0;
  for (const x of all) for (const y of all) for (const z of all) {
    const order = [x, y, z, x, y];
    for (const [i, door] of order.entries())
      assert.equal(await doors[door](one, one.wrong()), "wrong", `${order.slice(0, i + 1)}`);
    for (const door of all) // the right one, in a new session, request or none
      assert.equal(await doors[door](one, one.right()), "refused", `${order}, then ${door}`);
    await later(3600); // the pause is a minute; challenges have a budget by the hour
    const opener = all[last++ % 3];
    assert.equal(await doors[opener](one, one.right()), "right", `${order}, a minute, then ${opener}`);
    await later(60);
    assert.equal(await doors[all[last % 3]](one, one.right()), "right", "no count is left over");
    await later(60);
  }
});

test("attack 9: a hundred wrong codes in a row, through doors in turn, end the factor for all", async () => {
  const one = await Person.make();
  for (let i = 0; i < 100; i++) {
    const got = await doors[all[i % 3]](one, one.wrong());
    assert.equal(got, i === 99 ? "off" : "wrong", `${i + 1}`);
    if (i % 5 === 4) {
      assert.notEqual(await doors[all[(i + 1) % 3]](one, one.right()), "right", `${i + 1}`);
      await later(3700); // the longest pause is an hour
    }
  }
  for (let day = 0; day < 2; day++, await later(86400))
    for (const door of all) // the Authy dialect has no word for it: there is no such token
      assert.equal(await doors[door](one, one.right()), door === "authy" ? "wrong" : "off", door);
});

test("attack 17: another person's code opens no door, and counts", async () => {
  const [one, other] = [await Person.make(), await Person.make()];
  for (let i = 0; i < 5; i++) {
    let code = other.right();
    while (code === one.right()) { // one in a million
      await later(30);
      code = other.right();
    }
    assert.equal(await doors[all[i % 3]](one, code), "wrong");
  }
  for (const door of all) assert.equal(await doors[door](one, one.right()), "refused", door);
  assert.equal(await doors.portal(other, other.right()), "right", "the other one is in nobody's way");
});

test("attack 2, at every pair of doors: a code that opened one opens none again", async () => {
  const one = await Person.make();
  for (const first of all) {
    await later(90);
    const code = one.right();
    assert.equal(await doors[first](one, code), "right");
    for (const second of all) assert.equal(await doors[second](one, code), "wrong", `${first}, ${second}`);
  }
});

// ---- one number, three ways to send it a code ----

const numbers = () => `202555${String(randomInt(1e4)).padStart(4, "0")}`;

// An application of ten-digit codes, so that no two are alike by chance.
function application(name) {
  const own = new VerifyApp(server, newApp(server, name));
  run("app", "set", name, "code_digits=10");
  return own;
}

class Number10 {
  static async make(own, digits = numbers()) {
    const one = new Number10();
    one.digits = digits;
    one.e164 = `+1${digits}`;
    const reply = await authy(own.keys.api_key, `users/new?user[email]=u%40example.com&user[cellphone]=${digits}&user[country_code]=1&send_install_link_via_sms=false`, "POST");
    assert.equal(reply.status, 200, reply.text);
    one.id = reply.json.user.id;
    return one;
  }
}

const other = (code) => code.replace(/^\d/, (d) => (Number(d) + 1) % 10);
// start: true when a code is on its way; check: right, wrong or refused.
const ways = {
  verify: {
    start: async (own, n) => (await own.start(n.e164)).status === 201,
    check: async (own, n, code) => {
      const { status, body } = await own.check(n.e164, code);
      return status === 200 ? (body.valid ? "right" : "wrong") : status === 429 ? "refused" : "none";
    },
  },
  user: { // a token sent to a user
    start: async (own, n) => (await authy(own.keys.api_key, `sms/${n.id}?force=true`)).status === 200,
    check: async (own, n, code) => {
      const { status } = await authy(own.keys.api_key, `verify/${code}/${n.id}`);
      return status === 200 ? "right" : status === 429 ? "refused" : "wrong";
    },
  },
  phone: { // a phone verification
    start: async (own, n) => (await authy(own.keys.api_key, `phones/verification/start?via=sms&phone_number=${n.digits}&country_code=1`, "POST")).status === 200,
    check: async (own, n, code) => {
      const { status } = await authy(own.keys.api_key, `phones/verification/check?phone_number=${n.digits}&country_code=1&verification_code=${code}`);
      return status === 200 ? "right" : status === 429 ? "refused" : "wrong";
    },
  },
};
const kinds = Object.keys(ways);

test("attacks 10 and 12: wrong codes for a number count together, however they were asked for", async () => {
  const own = application("Numbers");
  for (const x of kinds) for (const y of kinds.filter((k) => k !== x)) {
    const z = kinds.find((k) => k !== x && k !== y), n = await Number10.make(own);
    for (const kind of kinds) assert.ok(await ways[kind].start(own, n), kind);
    const { code } = await newest(server, n.e164, "sms");
    for (const kind of [x, y, z, x, y]) assert.equal(await ways[kind].check(own, n, other(code)), "wrong", `${[x, y, z, x, y]}`);
    for (const kind of kinds) {
      assert.notEqual(await ways[kind].check(own, n, code), "right", `${kind} after ${[x, y, z, x, y]}`);
      assert.equal(await ways[kind].start(own, n), false, `a new code by ${kind} is no new budget`);
    }
    await later(61);
    assert.ok(await ways[z].start(own, n));
    assert.equal(await ways[z].check(own, n, (await newest(server, n.e164, "sms")).code), "right");
    await later(3600); // messages to one number have a budget of their own
  }
});

test("attack 17: a code is for its application, its recipient and its purpose", async () => {
  const [shop, bank] = [application("Shop of 17"), application("Bank of 17")];
  const digits = numbers(), [n, theirs] = [await Number10.make(shop, digits), await Number10.make(bank, digits)];
  // the same number in two applications
  assert.ok(await ways.verify.start(shop, n));
  const ofShop = (await newest(server, n.e164, "sms")).code;
  assert.ok(await ways.verify.start(bank, theirs));
  const ofBank = (await newest(server, n.e164, "sms")).code;
  assert.notEqual(ofShop, ofBank);
  assert.equal(await ways.verify.check(bank, theirs, ofShop), "wrong");
  assert.equal(await ways.verify.check(shop, n, ofBank), "wrong");
  // a user's token is no proof of the bare number, and the other way round
  assert.ok(await ways.user.start(shop, n));
  const ofUser = (await newest(server, n.e164, "sms")).code;
  assert.equal(await ways.verify.check(shop, n, ofUser), "wrong");
  assert.equal(await ways.user.check(shop, n, ofShop), "wrong");
  // a token for one action is none for another
  await authy(shop.keys.api_key, `sms/${n.id}?force=true&action=pay`);
  const ofAction = (await newest(server, n.e164, "sms")).code;
  assert.equal(await ways.user.check(shop, n, ofAction), "wrong");
  assert.equal((await authy(shop.keys.api_key, `verify/${ofAction}/${n.id}?action=pay`)).status, 200);
  assert.equal(await ways.user.check(shop, n, ofUser), "right");
  assert.equal(await ways.verify.check(shop, n, ofShop), "right");
});

test("attack 17: a code that the portal sent is for its sign-in alone", async () => {
  run("app", "set", "Countersign", "code_digits=10");
  const person = await signUp(server);
  await turnOnSent(server, await signIn(server, person), person, "sms");
  const n = { e164: e164(person) };
  const begin = async () => {
    const browser = new Client(server);
    assert.equal((await browser.postJson("/login", { login: person.username, password: person.password })).json.state, "code");
    return browser;
  };
  const browser = await begin();
  const ofPortal = (await newest(server, n.e164, "sms")).code;
  assert.equal(await ways.verify.check(app, n, ofPortal), "none"); // no such verification
  assert.ok(await ways.verify.start(app, n));
  const ofVerify = (await newest(server, n.e164, "sms")).code;
  assert.notEqual(ofVerify, ofPortal);
  assert.equal((await browser.postJson("/verify", { method: "sms", code: ofVerify })).status, 401);
  assert.equal(await ways.verify.check(app, n, ofPortal), "wrong");
  assert.equal((await browser.postJson("/verify", { method: "sms", code: ofPortal })).status, 200);
  const next = await begin(); // another attempt has another code
  assert.equal((await next.postJson("/verify", { method: "sms", code: ofPortal })).status, 401);
  run("app", "set", "Countersign", "code_digits=6");
});

// ---- whose ----

test("attack 69: without a key nothing tells who exists; ids are not walked", async () => {
  const own = application("Of 69"), users = [];
  for (let i = 0; i < 8; i++) users.push((await Number10.make(own)).id);
  const steps = users.slice(1).map((id, i) => Math.abs(id - users[i]));
  assert.ok(Math.max(...steps) > 1000, `neighbours: ${users}`); // eight in a row by chance: < 1e-30
  const look = async (target, headers = {}) => {
    const { status, text } = await new Client(server).request("GET", target, { headers });
    return `${status} ${text.replaceAll(/\d+/g, "#")}`;
  };
  for (const key of [undefined, "0".repeat(32), own.keys.auth_token]) {
    const headers = key ? { "x-authy-api-key": key } : {};
    const said = await look(`/protected/json/users/${users[0]}/status`, headers);
    assert.match(said, /^401 /);
    assert.equal(await look("/protected/json/users/1/status", headers), said);
  }
  const sid = (await own.ok(201, own.start("+12025550123"))).sid;
  for (const headers of [{}, { authorization: `Basic ${Buffer.from(`${own.keys.account_sid}:x`).toString("base64")}` }]) {
    const said = await look(`/v2/Services/${own.keys.service_sid}/Verifications/${sid}`, headers);
    assert.match(said, /^401 /);
    assert.equal(await look(`/v2/Services/VA${"0".repeat(32)}/Verifications/VE${"0".repeat(32)}`, headers), said);
  }
});

test("attack 70: every operation that names a service, asked with another account's key, says 404", async () => {
  const [mine, yours] = [application("Mine of 70"), application("Yours of 70")];
  const n = await Number10.make(mine);
  const verification = await mine.ok(201, mine.start(n.e164));
  const made = await mine.ok(201, mine.post(`${mine.service}/Entities/alice-0001/Factors`, { FriendlyName: "x", FactorType: "totp" }));
  const limit = await mine.ok(201, mine.post(`${mine.service}/RateLimits`, { UniqueName: "ip" }));
  const bucket = await mine.ok(201, mine.post(`${mine.service}/RateLimits/${limit.sid}/Buckets`, { Max: 1, Interval: 60 }));
  const hook = await mine.ok(201, mine.post(`${mine.service}/Webhooks`, { FriendlyName: "h", EventTypes: "*", WebhookUrl: "https://example.com/" }));
  const token = await mine.ok(201, mine.post(`${mine.service}/AccessTokens`, { Identity: "alice-0001", FactorType: "push" }));
  await mine.ok(201, mine.post(`${mine.service}/MessagingConfigurations`, { Country: "US", MessagingServiceSid: `MG${"a".repeat(32)}` }));
  const sids = { Verifications: verification.sid, Factors: made.sid, RateLimits: limit.sid, Buckets: bucket.sid, Webhooks: hook.sid,
    AccessTokens: token.sid, Challenges: `YC${"0".repeat(32)}`, Services: mine.keys.service_sid };
  const pathOf = (op, service) => op.path.replace("/v2", "").replace(/\{(\w+)\}/g, (_, name) => ({ ServiceSid: service, Identity: "alice-0001",
    RateLimitSid: limit.sid, ChallengeSid: sids.Challenges, Country: "US", Sid: op.path.endsWith("/Services/{Sid}") ? service : sids[op.path.split("/").at(-2)] })[name]);
  let count = 0;
  for (const op of facts.operations.filter((o) => o.path.startsWith("/v2/Services/"))) {
    const params = op.method === "POST" ? { To: n.e164, Code: "0000000000", Channel: "sms", Status: "canceled", FriendlyName: "x" } : undefined;
    await yours.refused(404, 20404, yours.call(op.method, pathOf(op, mine.keys.service_sid), params)); // my service
    if (params) params.To = "+12025550100";
    count++;
    if (op.path.endsWith("/Services/{Sid}")) continue;
    const { status } = await yours.call(op.method, pathOf(op, yours.keys.service_sid), params); // my things below theirs
    if (op.path.includes("Sid}", op.path.indexOf("}") + 1)) assert.ok([400, 403, 404].includes(status), `${op.id}: ${status}`);
  }
  assert.ok(count > 40);
  for (const [target, code] of [[`users/${n.id}/status`, "60026"], [`sms/${n.id}`, "60026"], [`call/${n.id}`, "60026"], [`verify/0000000/${n.id}`, "60016"]]) {
    const { status, json } = await authy(yours.keys.api_key, target);
    assert.deepEqual([status, json.error_code], [404, code], target);
    const nobody = await authy(yours.keys.api_key, target.replace(n.id, 1)); // as if it did not exist
    assert.deepEqual([nobody.status, nobody.json.error_code], [status, code], target);
  }
  assert.equal((await mine.ok(200, mine.get(`${mine.service}/Verifications/${verification.sid}`))).status, "pending");
  assert.equal((await outbox(server, n.e164)).length, 1, "nothing was sent meanwhile");
});
