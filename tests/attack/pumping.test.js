// Attack 71, SMS pumping: strangers make us send messages to numbers that pay them. The rules of
// core/firewall.h stop it within the day's money, and stay out of the way of ordinary people.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Client } from "../lib/client.js";
import { startMovable } from "../lib/clock.js";
import { newest, outbox } from "../lib/outbox.js";
import { command, startServer } from "../lib/server.js";
import { newApp } from "../lib/verify.js";
import { e164, enterPassword, newPerson, signIn, signUp, turnOnSent } from "../portal/people.js";

const basic = ({ account_sid, auth_token }) => `Basic ${Buffer.from(`${account_sid}:${auth_token}`).toString("base64")}`;
const run = (server, ...args) => command(args, { data_dir: server.dataDir });

function ok(server, ...args) {
  const done = run(server, ...args);
  assert.equal(done.code, 0, done.err);
  return done.out;
}
const state = (server) => {
  const [day, ...prefixes] = ok(server, "firewall", "list", "--json").trim().split("\n").map((line) => JSON.parse(line));
  return { messages: day.messages_today, spent: Number(day.spent_today), cap: day.daily_spend && Number(day.daily_spend), prefixes };
};

// An application; the address that it names for its user is another one each time.
class Shop {
  constructor(server, name = "shop") {
    this.keys = newApp(server, name);
    this.server = server;
    this.me = this.client();
  }

  client(localAddress) {
    return new Client(this.server, { headers: { authorization: basic(this.keys) }, localAddress });
  }

  post(what, fields, me = this.me) {
    return me.post(`/v2/Services/${this.keys.service_sid}/${what}`, fields);
  }

  send(to, { channel = "sms", ip, me } = {}) {
    return this.post("Verifications", { To: to, Channel: channel, DeviceIp: ip }, me);
  }

  check(to, code) {
    return this.post("VerificationCheck", { To: to, Code: code });
  }
}

const addressOf = (n) => `198.18.${n >> 8}.${n & 255}`;

// `total` requests over 48 source addresses, each for another user's address: { sent, refused: Map of code to count }.
async function flood(shop, total, numberOf) {
  const refused = new Map();
  let sent = 0, next = 0;
  await Promise.all(Array.from({ length: 48 }, async (_, i) => {
    const me = shop.client(`127.${1 + i}.${3 * i}.${7 + i}`);
    for (let n = next++; n < total; n = next++) {
      const answer = await shop.send(numberOf(n), { ip: addressOf(n), me });
      if (answer.status === 201) sent++;
      else refused.set(answer.json.code, (refused.get(answer.json.code) ?? 0) + 1);
    }
    me.close();
  }));
  return { sent, refused };
}
const spoken = (refused) => [...refused].map(([code, count]) => `${count} refused with ${code}`).join(", ");

describe("pumping", { timeout: 300_000 }, () => {
  const cap = 20;
  let server, shop;
  before(async () => {
    server = await startServer({ phone_firewall: "on", phone_daily_spend: cap, operator_email: "ops@example.org" });
    shop = new Shop(server);
  });
  after(() => server.stop());

  test("10,000 requests over the numbers of one beginning, each from another address", async () => {
    const { sent, refused } = await flood(shop, 10_000, (n) => `+3725550${String(n).padStart(4, "0")}`);
    const { messages, spent, prefixes } = state(server);
    console.log(`pumping, one beginning: 10000 requests, ${sent} sent for ${spent.toFixed(2)} (a day may cost ${cap.toFixed(2)}); ${spoken(refused)}`);
    assert.equal(sent, 30);
    assert.equal(messages, sent);
    assert.ok(spent > 0 && spent <= cap, `${spent}`);
    assert.equal(refused.get(60410), 10_000 - sent);
    const paused = prefixes.find((p) => p.prefix === "+3725550" && p.state === "paused");
    assert.ok(paused?.paused_until > new Date().toISOString(), JSON.stringify(prefixes));
    assert.match((await newest(server, "ops@example.org")).body, /Numbers that begin with \+3725550 get no messages for 1 hours?/);
  });

  test("2,000 requests, spread over countries and beginnings: the day's money is the end", async () => {
    const places = ["+3725", "+37061", "+37120", "+35988", "+35569", "+221771", "+25470", "+62812"];
    const { sent, refused } = await flood(shop, 2000, (n) =>
      `${places[n % places.length]}${String((n * 7919) % 1_000_000).padStart(6, "0")}`);
    const { messages, spent } = state(server);
    console.log(`pumping, spread: 2000 requests, ${sent} sent, ${spent.toFixed(2)} spent in all (a day may cost ${cap.toFixed(2)}); ${spoken(refused)}`);
    assert.ok(spent <= cap && spent > cap * 0.9, `${spent} of ${cap}`);
    assert.ok(refused.get(60728) > 0, "nothing was refused for the money");
    assert.ok(messages * 0.1 <= cap + 1e-6);
    const told = (await outbox(server, "ops@example.org")).map(({ body }) => Number(body.match(/(\d+) % of what messages to phones may cost/)?.[1])).filter(Boolean);
    assert.deepEqual(told.sort((a, b) => a - b), [50, 80, 100]);
    const refusal = await shop.send("+4915112345678");
    assert.equal(refusal.json.code, 60728);
    assert.ok(Number(refusal.headers["retry-after"]) > 0);
    assert.equal((await shop.send("a@example.org", { channel: "email" })).status, 201, "mail costs nothing");
  });

  test("the operator adds money, resumes, allows and pauses", async () => {
    assert.match(ok(server, "firewall", "extend", "5"), /may cost 25\.00 today/);
    assert.equal((await shop.send("+4915112345678")).status, 201);
    assert.equal((await shop.send("+37255509000")).json.code, 60410);
    ok(server, "firewall", "resume", "+3725550");
    assert.equal((await shop.send("+37255509000")).status, 201);
    ok(server, "firewall", "pause", "+372");
    assert.equal((await shop.send("+37255509001")).json.code, 60410);
    ok(server, "firewall", "allow", "+37255509002");
    assert.equal((await shop.send("+37255509002")).status, 201);
    assert.match(ok(server, "firewall", "list"), /\+372…\s+paused by you/);
    assert.notEqual(run(server, "firewall", "resume", "+999").code, 0);
    assert.match(run(server, "firewall", "pause", "372").err, /written as \+3725550/);
    assert.match(ok(server, "audit", "list"), /phone_spend_extended/);
  });
});

test("a normal day, in many countries: nobody is refused", { timeout: 300_000 }, async () => {
  const cap = 150;
  const { server, later } = await startMovable({ phone_firewall: "on", phone_daily_spend: cap, phone_prices: "0.10, US 0.01, DE 0.08" });
  const shop = new Shop(server);
  const everywhere = [
    ["+1415555", 4], ["+4915112", 6], ["+44770090", 4], ["+3361234", 4], ["+3934712", 5], ["+3461234", 4], ["+4366412", 6], ["+417912", 5], ["+3161234", 4],
    ["+4670123", 4], ["+4791234", 3], ["+358401", 6], ["+48501", 6], ["+420601", 6], ["+351912", 6], ["+306912", 6], ["+91981", 7], ["+8190123", 5],
    ["+6141234", 4], ["+6421123", 4], ["+5511987", 6], ["+521551", 6], ["+2782123", 4], ["+97252123", 4], ["+905321", 6], ["+353851", 6],
  ];
  let sent = 0, refused = 0, entered = 0, person = 0;
  const signIn = async (to) => {
    const answer = await shop.send(to);
    if (answer.status !== 201) return void (refused++, console.log(answer.text));
    sent++;
    if (person++ % 4 === 3) return undefined; // one of four never enters it
    const { code } = await newest(server, to);
    assert.equal((await shop.check(to, code)).json.status, "approved");
    return void entered++;
  };
  const numbers = ([head, digits], n) => `${head}${String((n * 7_654_321 + 1) % 10 ** digits).padStart(digits, "0")}`;
  for (let hour = 0; hour < 24; hour += 2) {
    const abroad = everywhere.map((place, i) => numbers(place, hour * 31 + i));
    const town = Array.from({ length: 24 }, (_, i) => numbers(["+1415555", 4], hour * 100 + i)); // most live in one town
    // at nine a whole company signs in, whose numbers differ in the last digits
    const company = hour === 8 ? Array.from({ length: 120 }, (_, i) => `+4930123${String(4000 + i).padStart(5, "0")}`) : [];
    const all = [...abroad, ...town, ...company];
    for (let i = 0; i < all.length; i += 8) await Promise.all(all.slice(i, i + 8).map(signIn));
    await later(7200);
  }
  const left = ok(server, "firewall", "list");
  console.log(`a normal day: ${sent} messages to ${everywhere.length} countries, ${entered} codes entered, ${refused} refused`);
  assert.equal(refused, 0);
  assert.ok(sent > 700 && entered / sent > 0.7, `${entered} of ${sent}`);
  assert.doesNotMatch(left, /paused/);
  await server.stop();
});

describe("each door says it in its words", () => {
  let server, shop;
  before(async () => {
    server = await startServer({ phone_firewall: "on", phone_countries: "DE", phone_limit_address: "3/3600s", phone_limit_network: "off" });
    shop = new Shop(server);
  });
  after(() => server.stop());

  const authy = (path, fields) => shop.me.post(path, fields, { headers: { authorization: undefined, "x-authy-api-key": shop.keys.api_key } });

  test("Verify: country, client address, safe list", async () => {
    const abroad = await shop.send("+14155550142");
    assert.deepEqual([abroad.status, abroad.json.code], [403, 60605]);
    ok(server, "app", "set", "shop", "countries=DE US");
    assert.equal((await shop.send("+14155550142")).status, 201);
    for (let i = 0; i < 3; i++) assert.equal((await shop.send(`+4915112000${String(i).padStart(3, "0")}`, { ip: "203.0.113.9" })).status, 201);
    const tooMany = await shop.send("+4915112000003", { ip: "203.0.113.9" });
    assert.deepEqual([tooMany.status, tooMany.json.code], [429, 20429]);
    assert.ok(Number(tooMany.headers["retry-after"]) > 3000);
    ok(server, "firewall", "pause", "+491511200000");
    assert.equal((await shop.send("+4915112000004", { ip: "203.0.113.10" })).json.code, 60410);
    ok(server, "firewall", "resume", "+491511200000");
    // the account's own list lifts counts, not the operator's word, and not for a whole country
    assert.equal((await shop.me.post("/v2/SafeList/Numbers", { PhoneNumber: "+49151" })).json.code, 60200);
    assert.equal((await shop.me.post("/v2/SafeList/Numbers", { PhoneNumber: "+49151120000" })).status, 201);
    assert.equal((await shop.send("+4915112000003", { ip: "203.0.113.9" })).status, 201);
  });

  test("Authy: country and client address", async () => {
    const start = (fields) => authy("/protected/json/phones/verification/start", { via: "sms", ...fields });
    const abroad = await start({ country_code: "33", phone_number: "612345678" });
    assert.deepEqual([abroad.status, abroad.json.error_code, abroad.json.success], [403, "60013", false]);
    for (let i = 0; i < 3; i++) assert.equal((await start({ country_code: "49", phone_number: `1511299900${i}`, user_ip: "203.0.113.77" })).status, 200);
    const tooMany = await start({ country_code: "49", phone_number: "15112999004", user_ip: "203.0.113.77" });
    assert.deepEqual([tooMany.status, tooMany.json.error_code], [429, "60003"]);
  });

  test("portal: turning it on is refused in a sentence", async () => {
    const person = await signUp(server, { country_code: "+33", phone: "0612345678" });
    const me = await signIn(server, person);
    const page = await me.get("/account/security");
    const answer = await me.fill(page, {}, { action: "/account/security/sms/start" });
    assert.equal(answer.status, 403);
    assert.match(answer.words, /We can't send codes to numbers of this country\. Use another way\./);
    me.close();
  });

  test("portal: a sign-in whose message is refused offers another way", async () => {
    const person = newPerson();
    const own = await startServer({ phone_firewall: "on" });
    const ann = await signUp(own, person);
    const me = await signIn(own, ann);
    await turnOnSent(own, me, ann, "sms");
    const before = (await outbox(own, e164(ann))).length;
    ok(own, "firewall", "pause", e164(ann));
    const { browser, answer } = await enterPassword(own, ann);
    const page = await browser.land(answer);
    assert.equal(page.status, 200);
    assert.match(page.words, /No code is on its way to/);
    assert.match(page.words, /We can't send codes to numbers like yours for now\. Use another way, or try again later\./);
    assert.equal((await outbox(own, e164(ann))).length, before);
    const again = await browser.fill(page, {}, { action: "/resend" });
    assert.equal(again.status, 403);
    assert.match(again.words, /We can't send codes to numbers like yours/);
    ok(own, "firewall", "resume", e164(ann));
    const sent = await browser.land(await browser.fill(await browser.get("/verify"), {}, { action: "/resend" }));
    assert.match(sent.words, /We sent a code to/);
    await own.stop();
  });
});

// Those of /metrics with one label: { "rule=spend": 6, … }
async function gauges(client, name) {
  const { text } = await client.get("/metrics");
  return Object.fromEntries([...text.matchAll(new RegExp(`^${name}\\{(\\w+)="(\\w+)"\\} (\\d+)$`, "gm"))].map(([, label, value, n]) => [`${label}=${value}`, Number(n)]));
}

test("the day's money is spent: each dialect says so for texts and calls, and /metrics counts", async () => {
  const server = await startServer({ phone_firewall: "on", phone_daily_spend: "0.01" });
  const shop = new Shop(server), headers = { authorization: undefined, "x-authy-api-key": shop.keys.api_key };
  const number = { country_code: "49", phone_number: "15112999000" };
  const made = await shop.me.post("/protected/json/users/new", { "user[email]": "a@example.org", "user[cellphone]": "15112999001", "user[country_code]": "49" }, { headers });
  assert.equal(made.status, 200, "a link that cannot be sent is no reason to refuse a user");
  const { id } = made.json.user;
  const doors = [
    [shop.me.get(`/protected/json/sms/${id}`, { headers }), "60010"],
    [shop.me.get(`/protected/json/call/${id}`, { headers }), "60012"],
    [shop.me.post("/protected/json/phones/verification/start", { via: "sms", ...number }, { headers }), "60010"],
    [shop.me.post("/protected/json/phones/verification/start", { via: "call", ...number }, { headers }), "60012"],
    [shop.send("+4915112999002"), 60728],
    [shop.send("+4915112999002", { channel: "call" }), 60728],
  ];
  for (const [asked, code] of doors) {
    const { status, json, headers: { "retry-after": later } } = await asked;
    assert.deepEqual([status, json.error_code ?? json.code], [429, code]);
    assert.ok(Number(later) > 0 && Number(later) <= 86400, `until midnight: ${later}`);
  }
  assert.equal(state(server).messages, 0);
  ok(server, "firewall", "pause", "+4917");
  assert.equal((await shop.send("+4917112345678")).json.code, 60410);
  ok(server, "firewall", "extend", "1");
  assert.equal((await shop.me.get(`/protected/json/sms/${id}`, { headers })).status, 200);

  assert.deepEqual(await gauges(shop.me, "countersign_messages_refused_total"),
    { "rule=kind": 0, "rule=country": 0, "rule=paused": 1, "rule=prefix": 0, "rule=address": 0, "rule=spend": doors.length + 1 });
  assert.deepEqual(await gauges(shop.me, "countersign_prefixes_paused"), { "by=rules": 0, "by=operator": 1 });
  const { text } = await shop.me.get("/metrics");
  assert.match(text, /^countersign_messages_today 1$/m);
  assert.match(text, /^countersign_spend_percent 9$/m); // 0.10 of 1.01
  ok(server, "channel", "pause", "voice");
  assert.deepEqual(await gauges(shop.me, "countersign_channel_state"), { "channel=sms": 0, "channel=voice": 3, "channel=email": 0, "channel=whatsapp": 0 });
  assert.doesNotMatch(text, /49(15|17)1/, "no number, and no beginning of one");
  await server.stop();
});

test("demo mode without the setting: nothing is counted", async () => {
  const server = await startServer();
  const shop = new Shop(server);
  for (let i = 0; i < 40; i++) assert.equal((await shop.send(`+3725550${String(i).padStart(4, "0")}`)).status, 201);
  assert.deepEqual([state(server).messages, state(server).cap], [0, null]);
  await server.stop();
});

test("settings that make no sense are refused at the start", () => {
  for (const [options, why] of [
    [{ phone_firewall: "yes" }, /phone_firewall: must be auto, on or off/],
    [{ phone_countries: "DE XQ" }, /phone_countries: "XQ" is no country/],
    [{ phone_prices: "US 0.1" }, /phone_prices: one price must stand alone/],
    [{ phone_daily_spend: "lots" }, /phone_daily_spend: must be an amount/],
    [{ operator_email: "ops" }, /operator_email: must be an e-mail address/],
  ]) {
    const { code, err } = command(["config", "check"], { listen: "127.0.0.1:0", ...options });
    assert.notEqual(code, 0);
    assert.match(err, why);
  }
});
