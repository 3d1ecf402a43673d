// Bad input gets a clear 4xx, keeps what was typed, shows no secret, and changes nothing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client } from "../lib/client.js";
import { outbox } from "../lib/outbox.js";
import { startServer } from "../lib/server.js";
import { enterPassword, newPerson, nextTotp, signIn, signUp, turnOnTotp } from "./people.js";

let server;
before(async () => (server = await startServer()));
after(() => server.stop());

async function trySignUp(change) {
  const browser = new Client(server);
  const person = { ...newPerson(), ...change };
  return { person, answer: await browser.fill(await browser.get("/sign-up"), person) };
}

const unacceptable = [
  ["name", "", /Enter your full name/],
  ["name", "   ", /Enter your full name/],
  ["name", "x".repeat(201), /at most/],
  ["name", "a\u202eb", /invisible/],
  ["username", "ab", /3 to 32/],
  ["username", "a b c", /letters a to z/],
  ["username", "ädä", /letters a to z/],
  ["username", "-abc", /Start and end/],
  ["email", "nobody", /name@example\.com/],
  ["email", "a@b", /name@example\.com/],
  ["email", "a@example.com, b@example.com", /name@example\.com/],
  ["email", "ä@example.com", /name@example\.com/],
  ["password", "short", /at least 8/],
  ["password", "x".repeat(257), /256/],
  ["password", "password", /attacker's list/],
  ["phone", "", /Enter your mobile number/],
  ["phone", "not a number", /./],
  ["phone", "12", /./],
];
for (const [field, value, words] of unacceptable)
  test(`sign-up with ${field} ${JSON.stringify(value.slice(0, 30))} says what to do`, async () => {
    const { person, answer } = await trySignUp({ [field]: value });
    assert.equal(answer.status, 400);
    const error = answer.html.querySelector(`#${field}-error`);
    assert.match(error?.textContent ?? "", words);
    assert.equal(answer.html.querySelector(`#${field}`).getAttribute("aria-invalid"), "true");
    assert.ok(answer.html.querySelector("#problems"), "a summary that takes focus");
    assert.ok(answer.text.includes(field === "email" ? person.username : person.email), "what was typed stays");
    assert.ok(!answer.text.includes("quiet harbour"), "but no secret");
    if (field !== "email") assert.deepEqual(await outbox(server, person.email), []);
  });

const malformed = [
  ["a field twice", "login=a&login=b&password=x"],
  ["not UTF-8", "login=%FF%FE&password=x"],
  ["NUL", "login=a%00b&password=x"],
  ["a bad escape", "login=%zz&password=x"],
  ["seventy fields", Array.from({ length: 70 }, (_, i) => `f${i}=1`).join("&")],
];
for (const [what, body] of malformed)
  test(`a form with ${what} is refused as a whole`, async () => {
    const browser = new Client(server);
    const csrf = (await browser.get("/login")).forms[0].fields.get("csrf");
    const answer = await browser.post("/login", `csrf=${csrf}&${body}`);
    assert.ok([400, 403].includes(answer.status), `${answer.status}`);
  });

const badJson = ["{", "[]", "null", "\"x\"", '{"login":["a"],"password":"x"}', '{"login":{"a":1},"password":"x"}', '{"login":"a","login":"b","password":"x"}',
  '{"login":"a\\u0000b","password":"x"}', '{"a":'.repeat(20) + "1" + "}".repeat(20), '{"login":1e999,"password":"x"}', ""];
for (const body of badJson)
  test(`JSON ${JSON.stringify(body.slice(0, 40))} is refused`, async () => {
    const answer = await new Client(server).request("POST", "/login", {
      body, headers: { "content-type": "application/json", accept: "application/json", origin: server.url },
    });
    assert.equal(answer.status, 400, answer.text);
    assert.ok(["malformed", "invalid"].includes(answer.json.error.code));
  });

test("JSON of another type is not turned into text, and nothing is counted as a wrong password", async () => {
  const me = new Client(server);
  const { status, json } = await me.postJson("/login", { login: 1, password: true, remember: 1 });
  assert.equal(status, 400);
  assert.deepEqual(json.error, { code: "invalid", message: json.error.message,
    fields: { login: "Please send text.", password: "Please send text.", remember: "Please send true or false." } });
  const ada = await signUp(server);
  assert.equal((await me.postJson("/login", { login: ada.username, password: ada.password, remember: true })).status, 200);
  assert.equal((await me.postJson("/account/edit", { name: 7, username: ada.username })).status, 400);
  assert.equal((await me.getJson("/account")).json.name, ada.name);
});

test("a body in another charset, or with parameters that nobody knows, is not read", async () => {
  const ada = await signUp(server);
  const body = JSON.stringify({ login: ada.username, password: ada.password });
  const send = (type) => new Client(server).request("POST", "/login", {
    body, headers: { "content-type": type, accept: "application/json", origin: server.url } });
  for (const type of ["application/json; charset=utf-16", "application/json;x", "application/json; charset=utf-8; charset=utf-16",
    "application/x-www-form-urlencoded; charset=utf-16"]) {
    const answer = await send(type);
    assert.deepEqual([answer.status, answer.json.error.code], [415, "unsupported_type"], type);
  }
  for (const type of ["application/json", "application/json; charset=utf-8", 'application/json;charset="UTF-8"'])
    assert.equal((await send(type)).status, 200, type);
});

test("a body that is neither a form nor JSON is told apart from an old form; JSON that asks for nothing needs none", async () => {
  const me = new Client(server);
  const send = (type, body, path = "/login") => me.request("POST", path, {
    body, headers: { "content-type": type, accept: "application/json", origin: server.url } });
  const types = [[undefined, ""], ["text/plain", "{}"], ["application/xml", "<login/>"], ["multipart/form-data; boundary=x", "--x--"]];
  for (const [type, body] of types) {
    const answer = await send(type, body);
    assert.deepEqual([answer.status, answer.json.error], [415, { code: "unsupported_type", message: "Send a form or JSON." }], String(type));
  }
  assert.equal((await send("application/x-www-form-urlencoded", "login=a&password=b")).json.error.code, "form_expired");
  const page = await me.request("POST", "/login", { body: "{}", headers: { "content-type": "text/plain", accept: "text/html", origin: server.url } });
  assert.equal(page.status, 415);
  assert.match(page.words, /That didn't work Send a form or JSON\./);
  const out = await send("application/json", "", "/logout");
  assert.deepEqual([out.status, out.json], [200, { state: "signed_out", next: "/login" }]);
});

test("a name that nobody can see is none; one in any script is", async () => {
  const me = new Client(server);
  const ask = (name) => me.postJson("/sign-up", newPerson({ name }));
  for (const name of ["\u200b\u200b", "\u3164", "\u2800 \u00a0", "\u200d\ufe0f", "\u{e0041}"]) {
    const { status, json } = await ask(name);
    assert.deepEqual([status, json.error?.fields], [400, { name: "Enter your name." }], JSON.stringify(name));
  }
  for (const name of ["Ⅎ", "愛子", "אברהם", "👩\u200d🚀", "می\u200cخواهم"]) assert.equal((await ask(name)).status, 200, name);
});

test("a list or an object where text belongs is named as the field it is", async () => {
  const { status, json } = await new Client(server).postJson("/login", { login: ["a"], password: { x: 1 }, more: [1] });
  assert.equal(status, 400);
  assert.deepEqual(json.error.fields, { login: "Please send text.", password: "Please send text." });
});

test("a body that is too large is refused before it is read", async () => {
  const browser = new Client(server);
  const answer = await browser.post("/login", `login=${"a".repeat(100_000)}`);
  assert.equal(answer.status, 413);
});

test("missing fields are named in JSON", async () => {
  const { status, json } = await new Client(server).postJson("/login", { login: "" });
  assert.equal(status, 400);
  assert.deepEqual(Object.keys(json.error.fields).sort(), ["login", "password"]);
});

test("codes that are no codes: 4xx, counted, and never a way in", async () => {
  const ada = await signUp(server);
  const app = await turnOnTotp(await signIn(server, ada));
  const right = nextTotp(app);
  const fullWidth = [...right].map((c) => String.fromCodePoint(c.codePointAt(0) + 0xfee0)).join("");
  const bad = ["", "null", "true", "0", right.slice(0, 5), `${right}0`, fullWidth, `${right}'--`, "9".repeat(33)];
  for (const code of bad.slice(0, 4)) {
    const { browser } = await enterPassword(server, ada);
    const answer = await browser.postJson("/verify", { code, method: "totp" });
    assert.ok([400, 401].includes(answer.status), `${code} ${answer.text}`);
  }
  const { browser } = await enterPassword(server, ada);
  for (const body of [{ method: "totp" }, { code: null }, { code: [right] }, { code: { a: right } }, { code: right, method: "push" }, { code: right, method: "nonsense" }, { code: right, method: "recovery" }, { code: right, handle: "0000000000000000" }]) {
    const answer = await browser.postJson("/verify", body);
    assert.ok([400, 401, 409].includes(answer.status), `${JSON.stringify(body)} ${answer.status}`);
    assert.equal((await browser.get("/account")).status, 303);
  }
  const other = await enterPassword(server, await (async () => ada)());
  assert.equal((await other.browser.postJson("/verify", { code: right, method: "totp" })).json.state, "signed_in");
});

test("what a page lacks is not found, whoever asks", async () => {
  const ada = await signIn(server, await signUp(server));
  for (const path of ["/account/security/push/off", "/account/security/passkey", "/account/security/x", "/account/sessions/1/end"]) {
    const answer = await ada.getJson(path);
    assert.ok([404, 405].includes(answer.status), `${path} ${answer.status}`);
  }
  for (const kind of ["recovery", "passkey", "nonsense"])
    assert.equal((await ada.postJson(`/account/security/${kind}/start`, {})).status, 404, kind);
  assert.equal((await ada.postJson("/account/security/totp/off", {})).status, 404, "it is not on");
  assert.equal((await ada.postJson("/account/sessions/0/end", {})).status, 404);
  assert.equal((await ada.postJson("/account/sessions/99999999999999999999/end", {})).status, 404);
});
