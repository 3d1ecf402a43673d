// Attacks on accounts by their flows: sign-up, sign-in, reset, cookies. Those of the list that no other file
// is about; docs/security.md says where each of the 85 is.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client } from "../lib/client.js";
import { newest, newestLink, outbox } from "../lib/outbox.js";
import { command, eventually, startServer } from "../lib/server.js";
import { enterCode, enterPassword, newPerson, nextTotp, signIn, signUp, turnOnTotp, wrongCode } from "../portal/people.js";

let server;
before(async () => (server = await startServer()));
after(() => server.stop());

const run = (...args) => assert.equal(command(args, { data_dir: server.dataDir }).code, 0);
const isIn = async (browser) => (await browser.getJson("/account")).status === 200;
const signsIn = async ({ username }, password) => (await enterPassword(server, { username, password })).answer.status === 303;
const resetOf = async (person, headers) => {
  const before = (await outbox(server, person.email)).length;
  const answer = await new Client(server).postJson("/reset-password", { email: person.email }, { headers });
  return { answer, mails: (await outbox(server, person.email)).slice(0, -before || undefined) };
};

test("attack 13: a stranger's wrong passwords and codes keep nobody out", async () => {
  const ada = await signUp(server), me = await signIn(server, ada), app = await turnOnTotp(me);
  const stranger = new Client(server, { localAddress: "127.0.0.66" });
  for (let i = 0; i < 22; i++) await stranger.postJson("/login", { login: ada.username, password: "wrong horse battery" });
  assert.equal((await stranger.postJson("/login", { login: ada.username, password: ada.password })).status, 429);
  assert.equal((await stranger.postJson("/verify", { code: "000000", method: "totp" })).status, 401, "no codes without the password");
  const { browser, answer } = await enterPassword(server, ada);
  assert.equal(answer.location, "/verify");
  assert.equal((await enterCode(browser, nextTotp(app))).location, "/account");
});

test("attacks 24, 25: nothing, the same thing twice and what says that it is done already pass no step", async () => {
  const ada = await signUp(server), app = await turnOnTotp(await signIn(server, ada));
  for (const body of [{}, { code: "" }, { code: null }, { method: "totp" }, { code: wrongCode(nextTotp(app)), state: "signed_in", verified: true, mfa: false, amr: 63 }]) {
    const { browser } = await enterPassword(server, ada);
    const answer = await browser.postJson("/verify", body);
    assert.ok(answer.status >= 400 && answer.status < 500, `${JSON.stringify(body)}: ${answer.status}`);
    assert.equal(await isIn(browser), false);
    browser.close();
  }
});

test("attacks 30, 31, 48: a token is good in its own place only, and only as it was given", async () => {
  const ada = await signUp(server);
  await turnOnTotp(await signIn(server, ada));
  const { browser } = await enterPassword(server, ada);
  const login = browser.cookies.get("cs_login");
  assert.match(login, /^[\w-]{43}$/, "256 bits that mean nothing");
  await resetOf(ada);
  const reset = (await newestLink(server, ada.email, /^\/reset-password\//)).split("/").pop();
  for (const value of [login, reset, `${login}A`, login.slice(1), "a".repeat(43), "", `{"person_id":1}`]) {
    const thief = new Client(server);
    thief.cookies.set("cs_session", value);
    assert.equal(await isIn(thief), false, value);
    thief.close();
  }
  for (const token of [login, browser.cookies.get("cs_visitor"), `${reset}A`, reset.slice(1), "a".repeat(43)])
    for (const path of ["reset-password", "confirm", "confirm-email", "not-me"]) {
      const answer = await new Client(server).postJson(`/${path}/${token}`, { password: "eleven grey herons" });
      assert.ok([404, 410].includes(answer.status), `${path} ${answer.status}`);
    }
  assert.equal((await new Client(server).postJson(`/confirm-email/${reset}`, {})).status, 410, "of another purpose");
  assert.ok(await signsIn(ada, ada.password));
});

test("attacks 35, 42: who is disabled half-way in gets no further, by no link either", async () => {
  const ada = await signUp(server), app = await turnOnTotp(await signIn(server, ada));
  const { browser } = await enterPassword(server, ada);
  await resetOf(ada);
  const reset = await newestLink(server, ada.email, /^\/reset-password\//);
  run("user", "disable", ada.username);
  assert.ok((await browser.postJson("/verify", { code: nextTotp(app), method: "totp" })).status >= 400);
  assert.equal(await isIn(browser), false);
  assert.equal((await new Client(server).postJson(reset, { password: "eleven grey herons" })).status, 410);
  run("user", "enable", ada.username);
  assert.equal(await isIn(browser), false, "the attempt is over");
  assert.equal((await new Client(server).postJson(reset, { password: "eleven grey herons" })).status, 410);
  assert.ok(await signsIn(ada, ada.password));
});

test("attack 44: links lead to the configured address, whatever a request calls us", async () => {
  const ada = await signUp(server);
  const names = [{}, { "x-forwarded-host": "evil.example" }, { forwarded: "host=evil.example;proto=https" }, { host: "evil.example" }, { host: `evil.example:${server.port}`, origin: `http://evil.example:${server.port}` }];
  let mails = 0;
  for (const headers of names) {
    for (const { body } of (await resetOf(ada, headers)).mails) {
      assert.ok(body.includes(`${server.url}/reset-password/`), body);
      assert.doesNotMatch(body, /evil/);
      mails++;
    }
  }
  assert.ok(mails >= 3, `${mails}: a wrong name alone is no reason to send none`);
});

test("attacks 45, 46, 50: a password is set by whoever opened the mail, once", async () => {
  const ada = await signUp(server);
  const set = (path, fields) => new Client(server).postJson(path, { password: "eleven grey herons", ...fields });
  for (const path of ["/reset-password", "/reset-password/", "/reset-password/x"]) await set(path, { email: ada.email, token: "", confirmed: true });
  assert.ok(await signsIn(ada, ada.password));
  await resetOf(ada);
  const first = await newestLink(server, ada.email, /^\/reset-password\//);
  await resetOf(ada);
  const link = await newestLink(server, ada.email, /^\/reset-password\//);
  assert.match(link, /^\/reset-password\/[\w-]{43}$/);
  assert.notEqual(first, link);
  assert.equal((await set(link)).status, 200);
  for (const path of [link, first]) assert.equal((await set(path, { password: "twelve grey herons" })).status, 410, "one change ends both");
  assert.ok(await signsIn(ada, "eleven grey herons"));
  assert.ok(!(await signsIn(ada, ada.password)));
});

test("attack 47: one address, which is the stored one", async () => {
  const ada = await signUp(server), evil = newPerson().email;
  for (const email of [[ada.email, evil], { 0: ada.email, 1: evil }, `${ada.email},${evil}`, `${ada.email} ${evil}`, `${ada.email}\n${evil}`, `${evil}\u0000${ada.email}`])
    await new Client(server).postJson("/reset-password", { email });
  const page = await new Client(server).get("/reset-password"), csrf = page.forms.find((form) => form.fields.has("email")).fields.get("csrf");
  for (const body of [`email=${ada.email}&email=${evil}`, `email[]=${ada.email}&email[]=${evil}`])
    assert.ok((await new Client(server).post("/reset-password", `${body}&csrf=${csrf}`)).status >= 400);
  assert.deepEqual(await outbox(server, evil), []);
  assert.deepEqual((await outbox(server, ada.email)).filter((mail) => mail.body.includes("/reset-password/")), []);
});

test("attack 51: looking at a link consumes nothing, and its address is told to nobody", async () => {
  const ada = await signUp(server);
  await resetOf(ada);
  const link = await newestLink(server, ada.email, /^\/reset-password\//);
  for (let i = 0; i < 3; i++) {
    const { status, headers } = await new Client(server).get(link);
    assert.deepEqual([status, headers["referrer-policy"]], [200, "no-referrer"]);
    assert.match(headers["cache-control"], /no-store/);
  }
  assert.equal((await new Client(server).postJson(link, { password: "eleven grey herons" })).status, 200);
});

test("attack 54: nobody says of themselves what is verified", async () => {
  const claims = { email_verified: true, email_verified_at_ms: 1, confirmed: true, verified: "yes", phone_verified: true, status: "active", policy: "optional", role: "admin" };
  const eve = newPerson();
  await new Client(server).postJson("/sign-up", { ...eve, ...claims });
  assert.ok(!(await signsIn(eve, eve.password)), "without the link");
  const ada = await signUp(server), me = await signIn(server, ada);
  const saved = await me.postJson("/account/edit", { name: ada.name, username: ada.username, email: eve.email, phone: "015121234567", ...claims });
  assert.equal(saved.status, 200);
  const { json } = await me.getJson("/account");
  assert.equal(json.email, ada.email);
  assert.doesNotMatch(JSON.stringify(json), /15121234567/);
});

test("attack 55: who signs up first with somebody's address gets nothing of the account", async () => {
  const ada = newPerson(), eve = { ...newPerson(), email: ada.email, password: "nine green bottles" };
  await new Client(server).postJson("/sign-up", eve);
  const planted = await newestLink(server, ada.email, /^\/confirm\//);
  await new Client(server).postJson("/sign-up", ada);
  const link = await newestLink(server, ada.email, /^\/confirm\//);
  assert.notEqual(link, planted);
  assert.equal((await new Client(server).postJson(link, {})).status, 200);
  assert.equal((await new Client(server).postJson(planted, {})).status, 410);
  assert.ok(await signsIn(ada, ada.password));
  for (const login of [ada, eve]) assert.ok(!(await signsIn(login, eve.password)), login.username);
  const { body } = await newest(server, ada.email);
  assert.doesNotMatch(body, new RegExp(eve.username));
});

test("attack 80: passwords beyond what the hash pool takes are told to wait, and cost no memory", async () => {
  const small = await startServer({ hash_queue_max: 1 });
  const ada = await signUp(small);
  const attempt = (login, password, localAddress) => new Client(small, { localAddress }).postJson("/login", { login, password });
  let round = 0;
  await eventually(async () => {
    round++; // from other addresses each time, so that no other limit answers
    const statuses = (await Promise.all(Array.from({ length: 40 }, (_, i) => attempt(`nobody${i}`, "wrong horse battery", `127.1.${round}.${i + 1}`)))).map(({ status }) => status);
    assert.deepEqual(statuses.filter((status) => status !== 401 && status !== 503), []);
    assert.ok(statuses.includes(503), "none was told to wait");
  });
  const { text } = await new Client(small).get("/metrics");
  assert.ok(Number(text.match(/^process_resident_memory_bytes (\d+)$/m)[1]) < 40 * 19 * 2 ** 20, "not one hash's memory for each");
  await eventually(async () => assert.equal((await attempt(ada.username, ada.password)).status, 200));
  await small.stop();
});
