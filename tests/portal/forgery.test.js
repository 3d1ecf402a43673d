// Requests that the person did not mean: other sites' forms, stale and foreign tokens, redirects to
// elsewhere. Attacks 23, 39, 41, 75.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client } from "../lib/client.js";
import { newest } from "../lib/outbox.js";
import { startServer } from "../lib/server.js";
import { newPerson, signIn, signUp } from "./people.js";

let server, ada, me;
before(async () => {
  server = await startServer();
  ada = await signUp(server);
  me = await signIn(server, ada);
});
after(() => server.stop());

const tokenOf = (page) => page.forms.find((form) => form.fields.has("csrf")).fields.get("csrf");
const nameNow = async () => (await me.getJson("/account")).json.name;

test("every form of a page carries a token", async () => {
  for (const path of ["/login", "/sign-up", "/reset-password"])
    for (const form of (await new Client(server).get(path)).forms.filter((f) => f.method === "POST"))
      assert.match(form.fields.get("csrf"), /^[\w-]{43}$/, `${path} ${form.action}`);
  for (const path of ["/account", "/account/edit", "/account/security", "/account/password", "/reauth"])
    for (const form of (await me.get(path)).forms.filter((f) => f.method === "POST"))
      assert.match(form.fields.get("csrf"), /^[\w-]{43}$/, `${path} ${form.action}`);
});

test("a form without its token, or with another browser's, changes nothing", async () => {
  const stranger = new Client(server);
  const foreign = tokenOf(await stranger.get("/login"));
  const mine = tokenOf(await me.get("/account/edit"));
  const fields = { name: "Mallory", username: ada.username, about: "" };
  const bad = [undefined, "", foreign, mine.slice(1), `${mine}A`, "a".repeat(43)];
  for (const csrf of bad) {
    const answer = await me.post("/account/edit", { ...fields, csrf });
    assert.equal(answer.status, 403, String(csrf));
    assert.match(answer.words, /This form was open too long/);
  }
  const twice = await me.post("/account/edit", `${new URLSearchParams({ ...fields, csrf: mine })}&csrf=${mine}`);
  assert.equal(twice.status, 403);
  assert.equal(await nameNow(), ada.name);
});

test("a token from before signing in is worth nothing after", async () => {
  const browser = new Client(server);
  const before = tokenOf(await browser.get("/login"));
  await signIn(server, ada, { browser });
  assert.equal((await browser.post("/logout", { csrf: before })).status, 403);
  assert.equal((await browser.get("/account")).status, 200);
});

test("the session's cookie is new at each sign-in, and the old one is dead", async () => {
  const browser = new Client(server);
  await signIn(server, ada, { browser });
  const first = browser.cookies.get("cs_session");
  const page = await new Client(server).get("/login");
  const visitor = new Client(server);
  visitor.cookies.set("cs_session", first);
  const login = await visitor.postJson("/login", { login: ada.username, password: ada.password });
  assert.equal(login.json.state, "signed_in");
  assert.notEqual(visitor.cookies.get("cs_session"), first);
  assert.equal((await browser.get("/account")).status, 303, "replaced");
  assert.ok(page.status === 200);
});

test("turning a second factor on renews the session: the cookie of before opens nothing (attack 29)", async () => {
  const grace = await signUp(server);
  for (const remember of [undefined, "1"]) {
    const browser = await signIn(server, grace, { remember });
    const thief = new Client(server);
    thief.cookies = new Map(browser.cookies);
    const page = await browser.follow(await browser.fill(await browser.get("/account/security"), {}, { action: "/account/security/email/start" }));
    const { code } = await newest(server, grace.email, "email");
    const done = await browser.fill(page, { code }, { action: "/account/security/email" });
    assert.equal(done.location, "/account/security", done.words);
    const cookie = done.setCookies.find((line) => line.startsWith("cs_session="));
    assert.equal(/Max-Age=/.test(cookie), remember === "1");
    assert.notEqual(browser.cookies.get("cs_session"), thief.cookies.get("cs_session"));
    assert.equal((await thief.getJson("/account")).status, 401);
    assert.equal((await browser.post("/logout", { csrf: tokenOf(page) })).status, 403, "its forms are dead, too");
    const { sessions } = (await browser.getJson("/account")).json;
    assert.deepEqual(sessions.map((s) => s.current), [true]);

    const off = await browser.fill(await browser.get("/account/security/email/off"), {}, { action: "/account/security/email/off" });
    assert.equal(off.location, "/verify", off.words);
    const proof = await newest(server, grace.email, "email");
    assert.equal((await browser.fill(await browser.get("/verify"), { code: proof.code }, { action: "/verify" })).location, "/account/security");
  }
});

test("other sites are refused, with a token or without", async () => {
  const csrf = tokenOf(await me.get("/account/edit"));
  const fields = { name: "Mallory", username: ada.username, about: "", csrf };
  const foreign = [
    { origin: "https://evil.example" },
    { origin: `http://evil.example:${server.port}` },
    { origin: `${server.url}.evil.example` },
    { origin: server.url.replace("http:", "https:") },
    { origin: undefined, "sec-fetch-site": "cross-site" },
    { host: "evil.example", origin: "http://evil.example" },
  ];
  for (const headers of foreign) {
    const form = await me.post("/account/edit", fields, { headers });
    assert.equal(form.status, 403, JSON.stringify(headers));
    const json = await me.postJson("/account/edit", fields, { headers });
    assert.equal(json.status, 403, JSON.stringify(headers));
    assert.equal(json.json.error.code, "foreign_origin");
  }
  assert.equal((await me.postJson("/account/edit", fields, { headers: { origin: "null" } })).status, 403);
  assert.equal(await nameNow(), ada.name);
});

test("the browser's own ways of saying where a form comes from are taken", async () => {
  for (const headers of [{ origin: "null" }, { origin: undefined }, { "sec-fetch-site": "same-origin" }, { "sec-fetch-site": "none" },
    { host: `localhost:${server.port}`, origin: `http://localhost:${server.port}` }]) {
    const csrf = tokenOf(await me.get("/account/edit"));
    const answer = await me.post("/account/edit", { name: ada.name, username: ada.username, about: "", csrf }, { headers });
    assert.equal(answer.status, 303, `${JSON.stringify(headers)} ${answer.words}`);
  }
});

test("JSON needs no token, but only as JSON", async () => {
  const saved = await me.postJson("/account/edit", { name: ada.name, username: ada.username, about: "x" });
  assert.deepEqual([saved.status, saved.json], [200, { state: "saved", next: "/account" }]);
  const body = JSON.stringify({ name: "Mallory", username: ada.username });
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", undefined, "application/jsonp"]) {
    const answer = await me.request("POST", "/account/edit", { body, headers: { "content-type": type, origin: server.url } });
    const status = type === "application/x-www-form-urlencoded" ? 403 : 415;
    assert.equal(answer.status, status, String(type));
  }
  assert.equal(await nameNow(), ada.name);
});

test("next leads only to our own pages", async () => {
  const bad = ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/%2F/evil.example", "/a//b", "\\\\evil", "/a\r\nSet-Cookie: x=1",
    "/..//evil.example", "evil.example", "/%5Cevil.example", "/#x"];
  for (const next of bad) {
    const page = await new Client(server).get(`/login?next=${encodeURIComponent(next)}`);
    assert.ok(!page.text.includes("evil.example"), next);
    const answer = await new Client(server).postJson("/login", { login: ada.username, password: ada.password, next });
    if (answer.status === 200) assert.equal(answer.json.next, "/account", next);
    else assert.equal(answer.status, 400, next);
  }
  const good = await new Client(server).postJson("/login", { login: ada.username, password: ada.password, next: "/account/security?a=b" });
  assert.equal(good.json.next, "/account/security?a=b");
});

test("next leads to pages, not to what only takes forms or is not there", async () => {
  for (const next of ["/logout", "/logout?x=1", "/resend", "/no/such/page", "/account/", "/account/sessions/1/end", "/login/finish", "/verify",
    "/device/self", "/control"]) {
    const page = await new Client(server).get(`/login?next=${encodeURIComponent(next)}`);
    assert.ok(!page.form(["login"]).fields.get("next"), next);
    const answer = await new Client(server).postJson("/login", { login: ada.username, password: ada.password, next });
    assert.deepEqual([answer.status, answer.json.next], [200, "/account"], next);
  }
  for (const next of ["/account/password", "/account/security/totp/off", "/outbox?to=x"]) {
    const answer = await new Client(server).postJson("/login", { login: ada.username, password: ada.password, next });
    assert.equal(answer.json.next, next);
  }
  assert.equal((await me.get("/login?next=/logout")).location, "/account");
});

test("no page may be framed, cached or referred to", async () => {
  for (const path of ["/login", "/account", "/account/security"]) {
    const { headers } = await me.get(path === "/login" ? "/reset-password" : path);
    assert.match(headers["content-security-policy"], /frame-ancestors 'none'/);
    assert.match(headers["cache-control"], /no-store/);
    assert.equal(headers["referrer-policy"], "no-referrer");
  }
});

test("cookies under https are of this host only", async () => {
  const secure = await startServer({ mode: "production", public_url: "https://id.example.org" });
  const answer = await new Client(secure).get("/login");
  assert.match(answer.setCookies[0], /^__Host-cs_visitor=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
  const browser = new Client(secure, { headers: { origin: "https://id.example.org" } });
  const person = newPerson();
  const page = await browser.get("/sign-up");
  const sent = await browser.fill(page, person, { headers: { origin: "https://id.example.org" } });
  assert.equal(sent.status, 303);
  for (const path of ["/outbox", "/outbox.json"])
    assert.equal((await browser.get(path)).status, 404, "outside of demo mode there is no outbox");
  await secure.stop();
});

test("the outbox does not answer under a name that somebody has pointed here", async () => {
  const stranger = new Client(server);
  assert.equal((await stranger.get("/outbox.json")).status, 200);
  for (const host of ["evil.example", "127.evil.example", "127.0.0.1.evil1", "localhost.evil.example"])
    for (const path of ["/outbox", "/outbox.json"])
      assert.equal((await stranger.get(path, { headers: { host: `${host}:${server.port}` } })).status, 404, host);
  for (const host of ["localhost", "127.0.0.1", "[::1]"])
    assert.equal((await stranger.get("/outbox.json", { headers: { host: `${host}:${server.port}` } })).status, 200, host);
});
