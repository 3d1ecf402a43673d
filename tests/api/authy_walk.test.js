// Walks the route table of the Authy dialect: what a wrong key, another application's ids, ids that are none
// and bodies that are bombs get from every row. The answer is this API's error, the same as for what never
// was, and nothing changes. A new row is walked as soon as it stands in the table.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { signedRequest } from "../lib/authy.js";
import { Client } from "../lib/client.js";
import { Device } from "../lib/device.js";
import { newest, outbox } from "../lib/outbox.js";
import { raw } from "../lib/raw.js";
import { command, root, startServer } from "../lib/server.js";

const rows = [...fs.readFileSync(path.join(root, "src/api/authy/routes.c"), "utf8")
  .matchAll(/\{(GET|POST|DELETE), *"([^"]+)", *AUTH_(\w+),/g)].map(([, method, pattern, auth]) => ({ method, pattern, auth }));

let server, me, mine, theirs;
const run = (...args) => command(args, { data_dir: server.dataDir });

// An application with a user, a paired phone, an open request, a webhook and a phone verification.
async function tenant(name, number) {
  const t = { name, number, keys: JSON.parse(run("app", "create", name, "--json").out) };
  t.ask = (method, target, { headers = {}, body } = {}) => me.request(method, target, { body, headers: { "x-authy-api-key": t.keys.api_key, ...headers } });
  const query = (fields) => new URLSearchParams(fields);
  const made = await t.ask("POST", `/protected/json/users/new?${query({ "user[email]": `${name}@example.com`, "user[cellphone]": number, "user[country_code]": 1 })}`);
  t.id = made.json.user.id;
  t.phone = await Device.pair(server, (await newest(server, `+1${number}`, "sms")).link);
  t.device = (await t.ask("GET", `/protected/json/users/${t.id}/status`)).json.status.detailed_devices[0].device_id;
  t.uuid = (await t.ask("POST", `/onetouch/json/users/${t.id}/approval_requests?message=m&seconds_to_expire=0`)).json.approval_request.uuid;
  t.hook = (await signedRequest(me, t.keys, "POST", "/dashboard/json/application/webhooks", [["url", "https://app.example.com/hook"], ["name", "n"], ["events", "user_phone_changed"]])).json.webhook.id;
  return t;
}

before(async () => {
  server = await startServer();
  me = new Client(server);
  [mine, theirs] = [await tenant("shop", "2085550101"), await tenant("bank", "2085550102")];
});
after(() => server.stop());

// The path of a row, about a tenant's things. A webhook's {id} is not a user's.
const pathOf = ({ pattern }, t, { format = "json", id = t.id, hook = t.hook, uuid = t.uuid, token = "0000000" } = {}) => pattern
  .replace("{format}", format).replace("{uuid}", uuid).replace("{token}", token).replace("{id}", pattern.includes("webhooks") ? hook : pattern.includes("devices") && id === t.id ? t.device : id);

// One request of a row in the name of a tenant, signed if the row wants that.
function send(row, who, target, { pairs = [], ...more } = {}) {
  if (row.auth === "ACCOUNT") return signedRequest(me, who.keys, row.method, target, pairs, more);
  return who.ask(row.method, target, more);
}

function refused(answer, about, { status = [400, 401, 404, 405, 413, 429], code } = {}) {
  assert.ok(status.includes(answer.status), `${about}: ${answer.status} ${answer.text}`);
  assert.match(answer.headers["content-type"], /^application\/json/, about);
  const body = answer.json;
  assert.equal(typeof body.message, "string", about);
  assert.ok(body.message, about);
  assert.strictEqual(body.success, false, about);
  assert.match(body.error_code, /^60\d{3}$/, about);
  assert.equal(typeof body.errors, "object", about);
  for (const value of Object.values(body.errors)) assert.equal(typeof value, "string", about);
  assert.equal(JSON.stringify(body), answer.text, `${about}: compact`);
  if (code) assert.equal(body.error_code, code, `${about}: ${answer.text}`);
  return body;
}

// All that these requests could change, of both applications.
async function everything() {
  const seen = [];
  for (const t of [mine, theirs]) {
    seen.push((await t.ask("GET", `/protected/json/users/${t.id}/status`)).text.replace(/"last_sync_date":\d+/g, ""));
    seen.push((await t.ask("GET", `/onetouch/json/approval_requests/${t.uuid}`)).text);
    seen.push((await t.ask("GET", "/protected/json/app/stats")).text);
    seen.push((await signedRequest(me, t.keys, "GET", "/dashboard/json/application/webhooks")).text);
    seen.push((await signedRequest(me, t.keys, "GET", "/dashboard/json/application/details")).text);
    seen.push((await outbox(server, `+1${t.number}`)).length, (await outbox(server, `${t.name}@example.com`)).length);
  }
  seen.push(run("audit", "list", "--limit=5000", "--json").out.split("\n").length);
  return seen;
}

// Runs it and holds it to having changed nothing.
const unchanged = (name, walk) => test(name, async () => {
  const then = await everything();
  for (const row of rows) await walk(row, `${row.method} ${row.pattern}`);
  assert.deepEqual(await everything(), then);
});

test("the table is read whole", () => {
  assert.ok(rows.length >= 28, `${rows.length} rows`);
  for (const auth of ["API_KEY", "ACCOUNT", "NONE"]) assert.ok(rows.some((row) => row.auth === auth), auth);
  console.log(`# ${rows.length} rows of the route table are walked`);
});

unchanged("a wrong key, wherever it stands", async (row, about) => {
  if (row.auth === "NONE") return refused(await me.request(row.method, `${pathOf(row, mine)}?token=x.y.z`), about, { status: [401], code: "60101" });
  const wrongs = ["0".repeat(32), "", mine.keys.auth_token, mine.keys.account_sid, mine.keys.api_key.toUpperCase(), `${mine.keys.api_key}0`, "é".repeat(64), "x".repeat(4000)];
  for (const key of wrongs) {
    const target = pathOf(row, mine), field = row.auth === "ACCOUNT" ? "app_api_key" : "api_key", code = row.auth === "ACCOUNT" ? "60073" : "60001";
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const latin = /^[\x20-\x7e]*$/.test(key);
    const answers = [
      latin && row.auth !== "ACCOUNT" ? await me.request(row.method, target, { headers: { "x-authy-api-key": key } }) : undefined,
      await me.request(row.method, `${target}?${new URLSearchParams({ [field]: key })}`),
      await me.request(row.method, target, { body: `${new URLSearchParams({ [field]: key })}`, headers: form }),
    ];
    for (const answer of answers.filter(Boolean)) refused(answer, `${about}: ${key.slice(0, 40)}`, { status: [401], code });
  }
});

unchanged("another application's users, requests and webhooks are as unknown as nobody's", async (row, about) => {
  if (!/\{(id|uuid)\}/.test(row.pattern)) return;
  const fields = "message=m&type=banned&email=x@example.com";
  const ask = (target) => send(row, mine, row.auth === "ACCOUNT" ? target : `${target}?${fields}`);
  const foreign = await ask(pathOf(row, theirs));
  refused(foreign, about, { status: [404] });
  const nobody = await ask(pathOf(row, { id: 99, uuid: "8d031630-d15b-0134-b0a8-0a77bbe8093e", hook: "WH_8d031630-d15b-0134-b0a8-0a77bbe8093e" }));
  const plain = (text) => text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UUID");
  assert.equal(plain(foreign.text), plain(nobody.text), about);
});

unchanged("ids that are none", async (row, about) => {
  if (!/\{(id|uuid)\}/.test(row.pattern)) return;
  for (const bad of ["tony", "0", "-1", "+1", "01x", "1e3", "1.0", "2147483648", "99999999999999999999", "0x10", "%F0%9F%A6%84", "1%20", "'--", "x".repeat(2000), "%2e%2e", "%7B%7D", "WH_", "WH_x"]) {
    const answer = await send(row, mine, pathOf(row, { id: bad, uuid: bad, hook: bad }));
    refused(answer, `${about}: ${bad.slice(0, 30)}`, { status: [400, 404] });
  }
  for (const broken of ["%", "%zz", "%00", "%ff"]) // not even a path
    refused(await send(row, mine, pathOf(row, { id: broken, uuid: broken, hook: broken })), `${about}: ${broken}`, { status: [400, 404] });
  refused(await send(row, mine, pathOf(row, { id: "", uuid: "", hook: "" })), `${about}: empty`, { status: [404, 405] });
});

test("an empty token, and tokens that are none", async () => {
  const verify = (token) => mine.ask("GET", `/protected/json/verify/${token}/${mine.id}`);
  refused(await verify(""), "empty", { status: [404], code: "60000" });
  for (const token of ["x", "%20", "-", "é", "1".repeat(500), "null", "[]", "0%00", "%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96"])
    refused(await verify(token), token, { status: [400, 401, 429] }); // counted as wrong ones: every fifth pauses
});

const json = { "content-type": "application/json" };
const deep = (open, close, n) => open.repeat(n) + close.repeat(n);
const bombs = {
  "deep lists": `{"user":${deep("[", "]", 7000)}}`,
  "deep objects": `${'{"a":'.repeat(2500)}1${"}".repeat(2500)}`,
  "deep, but never closed": "[".repeat(12000),
  "deeper than parameters are": '{"a":{"b":{"c":{"d":{"e":{"f":1}}}}}}',
  "many keys": `{${Array.from({ length: 1500 }, (_, i) => `"k${i}":1`).join(",")}}`,
  "one long key": `{"${"k".repeat(15000)}":1}`,
  "a key twice": '{"user_ip":"1","user_ip":"2"}',
  "a key twice, deep": '{"user":{"email":"a@b.co","email":"b@b.co"}}',
  "a huge number": `{"country_code":${"9".repeat(5000)}}`,
  "an exponent": '{"country_code":1e999999}',
  "half an object": '{"user":{"email":"a',
  "a list": "[1,2]",
  "a text": '"x"',
  "nothing but blanks": "   ",
  "broken UTF-8": Buffer.concat([Buffer.from('{"email":"'), Buffer.of(0xff, 0xfe), Buffer.from('"}')]),
  "half a surrogate": '{"email":"\\ud800"}',
  "a NUL": '{"email":"a\\u0000@b.co"}',
};

unchanged("bodies of 1 MB and JSON bombs", async (row, about) => {
  const key = row.auth === "ACCOUNT" ? "" : mine.keys.api_key;
  for (const [name, body] of Object.entries(bombs))
    refused(await me.request(row.method, pathOf(row, mine), { body, headers: { ...json, "x-authy-api-key": key } }), `${about}: ${name}`, { status: [400], code: "60002" });
  const fields = Array.from({ length: 70 }, (_, i) => `k${i}=1`).join("&");
  const form = { "content-type": "application/x-www-form-urlencoded", "x-authy-api-key": key };
  for (const body of [fields, "a=%zz", "a=%00", "a=%ff", "=1"])
    refused(await me.request(row.method, pathOf(row, mine), { body, headers: form }), `${about}: form ${body.slice(0, 9)}`, { status: [400], code: "60002" });
  const large = await raw(server, [`${row.method} ${pathOf(row, mine)} HTTP/1.1\r\nHost: x\r\nX-Authy-API-Key: ${key}\r\nContent-Type: application/json\r\nContent-Length: 1048576\r\n\r\n`, "x".repeat(20000)],
    { enough: (text) => /"error_code":"\d+"\}/.test(text) });
  assert.match(large.text, /^HTTP\/1\.1 413 [^]*\r\n\r\n\{"message":"Invalid request","success":false,"errors":\{"message":"Invalid request"\},"error_code":"60002"\}$/, about);
});

unchanged("other methods, and formats that are none", async (row, about) => {
  for (const method of ["GET", "POST", "DELETE", "PUT", "PATCH"]) {
    if (rows.some((other) => other.method === method && other.pattern.replace(/\{\w+\}/g, "{}") === row.pattern.replace(/\{\w+\}/g, "{}"))) continue;
    const target = pathOf(row, mine); // may be another row's: users/{id}/status is no users/delete/{id}
    refused(await mine.ask(method, target), `${method} ${target}`, { status: [405], code: "60002" });
  }
  refused(await send(row, mine, pathOf(row, mine, { format: "yaml" })), about, { status: [404], code: "60000" });
});
