// A sign-in that waits for a phone, from both ends: the browser's and the device's. Numbers are those
// of the attack list.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Client } from "../lib/client.js";
import { Device, newKey, signText } from "../lib/device.js";
import { newest, outbox } from "../lib/outbox.js";
import { eventually, startServer } from "../lib/server.js";
import { e164, enterPassword, nextTotp, signUp, turnOnSent, turnOnTotp } from "../portal/people.js";
import { isSignedIn, nextEvent, otherDigits, pairLink, signInWaiting, stateOf, withPhone } from "./scene.js";

let server;
before(async () => (server = await startServer()));
after(() => server.stop());

const code = (answer) => [answer.status, answer.json.error?.code];
const outcome = (answer) => [answer.status, answer.json.outcome];

test("the phone is shown who, where and what", async () => {
  const { person, phone } = await withPhone(server);
  const browser = new Client(server, { headers: { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" } });
  const { challenge, device } = await signInWaiting(server, person, { browser });
  assert.equal(device, "Pixel 9");
  const asked = await phone.asked();
  assert.deepEqual(Object.keys(asked),
    ["id", "shown", "hidden_digest", "state", "reason", "created_at", "expires_at", "answered_at", "shows"]);
  assert.deepEqual([asked.id, asked.state, asked.expires_at - asked.created_at, asked.answered_at], [challenge, "pending", 120, null]);
  const { service, details, address, browser: words, ...rest } = asked.shows;
  assert.equal(service, phone.service);
  assert.deepEqual(details[0], { label: "Account", value: person.email });
  assert.deepEqual([address, words], ["127.0.0.1", "Firefox on Linux"]);
  assert.deepEqual(rest, {
    v: 1, service_name: "Countersign", challenge: asked.id, message: "Sign-in on the web", place: "", needs_digits: true,
    created_at: asked.created_at, expires_at: asked.expires_at,
  });
  assert.ok(!JSON.stringify(asked).includes((await browser.getJson("/verify")).json.digits), "the digits stay on the page");
});

describe("approved", () => {
  test("as JSON: the status is the session", async () => {
    const { person, phone } = await withPhone(server);
    const { browser, digits, handle } = await signInWaiting(server, person, { next: "/account/edit", remember: true });
    assert.deepEqual((await browser.getJson("/login/status")).json, { state: "pending", next: "/verify" });
    assert.equal(await isSignedIn(browser), false);
    assert.deepEqual(outcome(await phone.answer(await phone.asked(), "approved", digits)), [200, "approved"]);
    assert.equal(await isSignedIn(browser), false, "the browser has not moved on yet");
    const status = await browser.getJson(`/login/status?attempt=${handle}`);
    assert.deepEqual(status.json, { state: "approved", next: "/account/edit" });
    assert.match(status.setCookies.find((line) => line.startsWith("cs_session=")), /Max-Age=\d{6,}/);
    assert.equal(await isSignedIn(browser), true);
    const { json } = await browser.getJson("/account");
    assert.match(JSON.stringify(json.activity[0]), /sign_in/);
    assert.equal(await stateOf(browser), "approved");
    assert.equal(await stateOf(browser, handle), "expired", "the attempt is over");
  });

  test("as one word", async () => {
    const { person, phone } = await withPhone(server);
    const { browser, digits } = await signInWaiting(server, person);
    const word = async () => (await browser.get("/login/status", { headers: { accept: "text/plain" } })).text;
    assert.equal(await word(), "pending");
    await phone.answer(await phone.asked(), "approved", digits);
    assert.equal(await word(), "approved");
    assert.equal(await isSignedIn(browser), true);
  });

  test("as a page, told by a stream of events", async () => {
    const { person, phone } = await withPhone(server);
    const { browser } = await signInWaiting(server, person, { next: "/account/edit" });
    const page = await browser.get("/verify");
    assert.match(page.words, /Check your phone We asked Pixel 9 to approve this sign-in/);
    const box = page.html.querySelector("[data-waiting]"), digits = page.html.querySelector(".digits data").getAttribute("value");
    assert.match(page.words, new RegExp(`${digits.slice(0, 3)} ${digits.slice(3)}`));
    assert.ok(page.html.querySelector(".qr-box svg"));
    const stream = browser.events(box.getAttribute("data-events"));
    const told = nextEvent(stream);
    await phone.answer(await phone.asked(), "approved", digits);
    const { event, data } = await told;
    assert.deepEqual([event, data], ["state", { state: "approved", next: "/login/finish" }]);
    assert.equal((await stream.next()).done, true);
    const done = await browser.get(data.next);
    assert.equal(done.location, "/account/edit");
    assert.equal((await browser.follow(done)).status, 200);
  });

  test("as a page without script, which loads itself again", async () => {
    const { person, phone } = await withPhone(server);
    const { browser } = await enterPassword(server, person);
    const page = await browser.get("/verify");
    assert.match(page.text, /<noscript><meta http-equiv="refresh" content="5"><\/noscript>/);
    await phone.answer(await phone.asked(), "approved", page.html.querySelector(".digits data").getAttribute("value"));
    const landed = await browser.land(await browser.get("/verify"));
    assert.equal(landed.path, "/account");
    assert.equal((await browser.get("/verify")).location, "/account", "Back leads nowhere else");
  });

  test("once: fifty polls at once open one session", async () => {
    const { person, phone, me } = await withPhone(server);
    const { browser, digits } = await signInWaiting(server, person);
    await phone.answer(await phone.asked(), "approved", digits);
    const answers = await Promise.all(Array.from({ length: 50 }, () => browser.getJson("/login/status")));
    assert.equal(answers.filter((a) => a.setCookies.some((line) => /^cs_session=[^;]/.test(line))).length, 1);
    assert.equal((await me.getJson("/account")).json.sessions.length, 2);
  });

  test("by a step-up's own session only", async () => {
    const { person, phone, me } = await withPhone(server);
    const off = await me.postJson(`/account/security/devices/${phone.device}/off`, {});
    assert.equal(off.json.state, "waiting");
    const thief = new Client(server);
    thief.cookies.set("cs_login", me.cookies.get("cs_login"));
    await phone.answer(await phone.asked(), "approved", off.json.digits);
    assert.equal(await stateOf(thief), "expired");
    assert.equal((await thief.get("/login/finish")).location, "/login");
    assert.equal(await isSignedIn(thief), false);
    assert.deepEqual((await me.getJson("/login/status")).json, { state: "approved", next: "/account/security" });
    assert.equal((await me.getJson("/account/security")).json.devices.length, 0);
    assert.ok(person);
  });
});

describe("denied", () => {
  test("leads to the strongest code, and may be asked again", async () => {
    const { person, phone, me } = await withPhone(server);
    const app = await turnOnTotp(me);
    const { browser } = await enterPassword(server, person);
    await browser.get("/verify");
    assert.deepEqual(outcome(await phone.answer(await phone.asked(), "denied")), [200, "denied"]);
    assert.equal(await stateOf(browser), "denied");
    const page = await browser.get("/verify");
    assert.match(page.words, /The request was denied.*use another way/);
    assert.equal(page.form(["code"]).fields.get("method"), "totp");
    const again = await browser.fill(page, {}, { action: "/resend" });
    assert.match((await browser.follow(again)).words, /Check your phone We asked Pixel 9/);
    assert.equal((await phone.pending()).length, 1);
    const other = await browser.get("/verify?method=totp");
    assert.equal((await browser.fill(other, { code: nextTotp(app) }, { action: "/verify" })).location, "/account");
    assert.equal(await isSignedIn(browser), true);
  });

  test("a code that is sent instead can be entered", async () => {
    const { person, phone, me } = await withPhone(server);
    await turnOnSent(server, me, person, "sms");
    const { browser } = await enterPassword(server, person);
    await phone.answer(await phone.asked(), "denied");
    assert.equal((await browser.postJson("/resend", { method: "sms" })).json.method, "sms");
    const sent = await browser.get("/verify");
    assert.equal(sent.form(["code"]).fields.get("method"), "sms", sent.words);
    const { code } = await newest(server, e164(person), "sms");
    assert.equal((await browser.fill(sent, { code }, { action: "/verify" })).location, "/account");
  });

  test("says so to somebody who has nothing else, and lets them ask again", async () => {
    const { person, phone } = await withPhone(server);
    const { browser } = await enterPassword(server, person);
    await phone.answer(await phone.asked(), "denied");
    const page = await browser.get("/verify");
    assert.match(page.words, /your phone is your only way in/);
    const asked = await browser.land(await browser.fill(page, {}, { action: "/resend" }));
    await phone.answer(await phone.asked(), "approved", asked.html.querySelector(".digits data").getAttribute("value"));
    assert.equal((await browser.land(await browser.get("/verify"))).path, "/account");
  });

  test("attack 63: stays denied, whatever comes after", async () => {
    const { person, phone } = await withPhone(server);
    const { browser, digits } = await signInWaiting(server, person);
    const asked = await phone.asked();
    await phone.answer(asked, "denied");
    for (const decision of ["approved", "denied", "not_me"])
      assert.deepEqual(outcome(await phone.answer(asked, decision, digits)), [200, "late"]);
    assert.equal(await stateOf(browser), "denied");
    assert.equal(await isSignedIn(browser), false);
    assert.equal((await browser.get("/login/finish")).location, "/verify");
  });

  test("attack 63: of two phones at once one answer counts", async () => {
    const { person, phone, me } = await withPhone(server);
    const second = await Device.pair(server, await pairLink(me), { name: "Tablet" });
    const { digits, device } = await signInWaiting(server, person);
    assert.match(device, /^(Pixel 9 or Tablet|Tablet or Pixel 9)$/);
    const asked = await phone.asked();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) =>
      (i % 2 ? phone : second).answer(asked, i % 3 ? "approved" : "denied", digits)));
    assert.equal(answers.filter((a) => a.json.outcome !== "late").length, 1);
  });
});

test("a sign-in that is finished by something else withdraws its request", async () => {
  const { person, phone, me } = await withPhone(server);
  const app = await turnOnTotp(me), other = await signInWaiting(server, person);
  const { browser, digits } = await signInWaiting(server, person);
  const asked = await phone.asked();
  const stream = phone.events();
  assert.equal((await nextEvent(stream)).data.challenges.length, 1);
  const told = nextEvent(stream);
  assert.equal((await browser.postJson("/verify", { method: "totp", code: nextTotp(app) })).json.state, "signed_in");
  assert.deepEqual((await told).data.challenges, [], "the phone hears of it at once");
  await stream.return();
  for (const [decision, entered] of [["approved", otherDigits(digits)], ["approved", digits], ["denied", ""]])
    assert.deepEqual(outcome(await phone.answer(asked, decision, entered)), [200, "late"], decision);
  const { json } = await phone.request("GET", "/device/challenges/history");
  assert.deepEqual([json.challenges[0].id, json.challenges[0].state, json.challenges[0].reason], [asked.id, "canceled", "finished_otherwise"]);
  const second = await Device.pair(server, await pairLink(me), { name: "Tablet" });
  assert.deepEqual(await second.pending(), [], "nor is a phone asked that came later");
  const waiting = await signInWaiting(server, person);
  assert.equal((await other.browser.getJson("/login/status")).json.state, "expired");
  await phone.answer(await phone.asked(), "approved", waiting.digits);
  assert.equal(await stateOf(waiting.browser), "approved");
  assert.equal((await phone.request("GET", "/device/challenges/history")).json.challenges[0].state, "approved", "an answer stays as it was given");
});

test("the account's history says what was answered, and marks what was not approved", async () => {
  const { person, phone, me } = await withPhone(server);
  const seen = async () => {
    const page = await me.get("/account");
    const rows = [...page.html.querySelectorAll("tr")].map((row) => [row.text.replace(/\s+/g, " ").trim(), !!row.querySelector(".danger")]);
    return (what) => rows.filter(([text]) => text.includes(what)).map(([, marked]) => marked);
  };
  assert.deepEqual((await seen())("Switched on approval on a phone"), [false]);
  for (const [decision, digits] of [["denied"], ["approved", "right"], ["approved", "wrong"]]) {
    const waiting = await signInWaiting(server, person);
    await phone.answer(await phone.asked(), decision, digits && (digits === "right" ? waiting.digits : otherDigits(waiting.digits)));
    await stateOf(waiting.browser);
  }
  const marked = await seen();
  assert.deepEqual(marked("Denied a request on a phone"), [true]);
  assert.deepEqual(marked("Wrong digits on a phone"), [true]);
  assert.deepEqual(marked("Approved a request on a phone"), [false]);
  assert.deepEqual(marked("Signed in with approval on a phone"), [false]);
});

describe("attack 59: a lucky tap is not enough", () => {
  test("one wrong entry ends the request", async () => {
    const { person, phone } = await withPhone(server);
    const { browser, digits } = await signInWaiting(server, person);
    const asked = await phone.asked();
    assert.deepEqual(outcome(await phone.answer(asked, "approved", otherDigits(digits))), [200, "wrong_digits"]);
    assert.deepEqual(outcome(await phone.answer(asked, "approved", digits)), [200, "late"]);
    assert.equal(await stateOf(browser), "denied");
    const { json } = await phone.request("GET", "/device/challenges/history");
    assert.deepEqual([json.challenges[0].state, json.challenges[0].reason], ["denied", "wrong_digits"]);
  });

  for (const wrong of ["", "0", "1234567", "٤٨٢٩١٣", "000000 "])
    test(`"${wrong}" is a wrong entry`, async () => {
      const { person, phone } = await withPhone(server);
      const { browser, digits } = await signInWaiting(server, person);
      assert.notEqual(digits, wrong);
      assert.deepEqual(outcome(await phone.answer(await phone.asked(), "approved", wrong)), [200, "wrong_digits"]);
      assert.equal(await stateOf(browser), "denied");
    });
});

describe("attack 60: the digits bind the two screens", () => {
  test("a login started beside mine has other digits, and mine gives way", async () => {
    const { person, phone } = await withPhone(server);
    const mine = await signInWaiting(server, person);
    const theirs = await signInWaiting(server, person);
    assert.notEqual(mine.challenge, theirs.challenge);
    const asked = await phone.asked();
    assert.equal(asked.id, theirs.challenge, "one request is open at a time");
    assert.equal(await stateOf(mine.browser), "expired");
    assert.match((await mine.browser.get("/verify")).words, /another sign-in, so this request was withdrawn/);
    const entered = mine.digits === theirs.digits ? otherDigits(mine.digits) : mine.digits;
    assert.deepEqual(outcome(await phone.answer(asked, "approved", entered)), [200, "wrong_digits"]);
    for (const { browser } of [mine, theirs]) assert.equal(await isSignedIn(browser), false);
  });

  test("two tabs of one browser: approving one admits no other", async () => {
    const { person, phone } = await withPhone(server);
    const browser = new Client(server);
    const first = await signInWaiting(server, person, { browser });
    const second = await signInWaiting(server, person, { browser });
    assert.notEqual(first.handle, second.handle);
    assert.equal(await stateOf(browser, first.handle), "expired");
    assert.equal(await stateOf(browser, second.handle), "pending");
    await phone.answer(await phone.asked(), "approved", second.digits);
    assert.equal(await stateOf(browser, first.handle), "expired");
    assert.equal(await isSignedIn(browser), false, "the first tab's question did not complete the second's attempt");
    assert.equal(await stateOf(browser, second.handle), "approved");
    assert.equal(await isSignedIn(browser), true);
  });

  test("two browsers: the one whose digits were entered is in", async () => {
    const { person, phone } = await withPhone(server);
    const first = await signInWaiting(server, person), second = await signInWaiting(server, person);
    await phone.answer(await phone.asked(), "approved", second.digits);
    assert.deepEqual([await stateOf(first.browser), await stateOf(second.browser)], ["expired", "approved"]);
    assert.deepEqual([await isSignedIn(first.browser), await isSignedIn(second.browser)], [false, true]);
  });
});

describe("attack 61: the answer is what was shown and signed", () => {
  let phone, asked, digits, browser;
  before(async () => {
    const all = await withPhone(server);
    phone = all.phone;
    ({ digits, browser } = await signInWaiting(server, all.person));
    asked = await phone.asked();
  });
  const unchanged = async () => assert.equal((await phone.asked()).state, "pending");

  test("a flipped bit in any byte of what is signed", async () => {
    const bytes = Buffer.from(JSON.stringify(phone.payload(asked, "approved", digits)));
    const signature = signText(phone.key.privateKey, bytes);
    for (let i = 0; i < bytes.length; i++) {
      const bent = Buffer.from(bytes);
      bent[i] ^= 1 << (i % 7);
      const answer = await phone.sendAnswer(asked, bent, { signature });
      assert.deepEqual(code(answer), [403, "denied"], `byte ${i}`);
    }
    await unchanged();
  });

  test("a member that says something else, well signed", async () => {
    const other = await withPhone(server);
    await signInWaiting(server, other.person);
    const theirs = await other.phone.asked();
    const wrong = {
      v: [2, "1", null, true], service: ["VA0", other.phone.service.replace(/.$/, "x"), "", 1], challenge: [theirs.id, ""],
      device: [other.phone.device, ""], shown_digest: [theirs.hidden_digest, ""], hidden_digest: [asked.shown, ""],
      decision: ["approve", "APPROVED", "", 1], digits: [Number(digits), null], at: [phone.now() - 400, phone.now() + 400, String(phone.now()), 1.5],
    };
    for (const [member, values] of Object.entries(wrong))
      for (const value of values)
        assert.deepEqual(code(await phone.answer(asked, "approved", digits, { [member]: value })), [403, "denied"], `${member}: ${value}`);
    for (const member of Object.keys(wrong))
      assert.deepEqual(code(await phone.answer(asked, "approved", digits, { [member]: undefined })), [403, "denied"], `no ${member}`);
    assert.deepEqual(code(await phone.answer(asked, "approved", digits, { extra: 1 })), [403, "denied"]);
    await unchanged();
  });

  test("bytes that are no such object, or one with doubled members", async () => {
    const text = JSON.stringify(phone.payload(asked, "approved", digits));
    for (const bytes of ["", "x", "[]", "null", `${text},`, text.replace("{", '{"decision":"denied",'), `${text}${text}`, `${"[".repeat(2000)}`])
      assert.deepEqual(code(await phone.sendAnswer(asked, bytes)), bytes === "" ? [400, "invalid"] : [403, "denied"], bytes.slice(0, 40));
    await unchanged();
  });

  test("a signature of another key, of another text, or none", async () => {
    const text = JSON.stringify(phone.payload(asked, "approved", digits));
    for (const signature of [signText(newKey().privateKey, text), signText(phone.key.privateKey, `${text} `), Buffer.alloc(64).toString("base64url")])
      assert.deepEqual(code(await phone.sendAnswer(asked, text, { signature })), [403, "denied"]);
    for (const signature of ["", "!", "AAAA", "A".repeat(87)])
      assert.deepEqual(code(await phone.sendAnswer(asked, text, { signature })), [400, "invalid"]);
    await unchanged();
  });

  test("after all that the right one counts, and then no copy of it", async () => {
    const text = JSON.stringify(phone.payload(asked, "approved", digits));
    assert.deepEqual(outcome(await phone.sendAnswer(asked, text)), [200, "approved"]);
    assert.deepEqual(outcome(await phone.sendAnswer(asked, text)), [200, "late"]);
    assert.equal(await stateOf(browser), "approved");
  });

  test("a captured answer admits no later sign-in", async () => {
    const mine = await withPhone(server);
    const first = await signInWaiting(server, mine.person);
    const old = await mine.phone.asked();
    const text = JSON.stringify(mine.phone.payload(old, "approved", first.digits));
    await mine.phone.sendAnswer(old, text);
    const second = await signInWaiting(server, mine.person);
    assert.deepEqual(code(await mine.phone.sendAnswer(await mine.phone.asked(), text)), [403, "denied"]);
    assert.equal(await stateOf(second.browser), "pending");
  });

  test("the second phone may answer, but not in the first one's name", async () => {
    const { person, me, phone: first } = await withPhone(server);
    const second = await Device.pair(server, await pairLink(me));
    const waiting = await signInWaiting(server, person);
    const question = await first.asked();
    assert.deepEqual(code(await second.answer(question, "approved", waiting.digits, { device: first.device })), [403, "denied"]);
    assert.deepEqual(outcome(await second.answer(question, "approved", waiting.digits)), [200, "approved"]);
    assert.equal(await stateOf(waiting.browser), "approved");
  });
});

describe("a revoked phone", () => {
  test("answers nothing, and the page goes on to codes", async () => {
    const { person, phone, me } = await withPhone(server);
    const app = await turnOnTotp(me);
    const { browser, digits } = await signInWaiting(server, person);
    const asked = await phone.asked();
    const told = nextEvent(browser.events("/login/status"));
    const off = await me.postJson(`/account/security/devices/${phone.device}/off`, {});
    assert.equal((await me.postJson("/verify", { method: "totp", code: nextTotp(app) })).json.state, "signed_in", off.text);
    assert.deepEqual((await told).data, { state: "expired", next: "/verify" }, "the page hears of it at once");
    assert.deepEqual(code(await phone.answer(asked, "approved", digits)), [401, "denied"]);
    assert.equal(await stateOf(browser), "expired");
    const page = await browser.get("/verify");
    assert.equal(page.form(["code"]).fields.get("method"), "totp");
    assert.match(page.words, /The phone that we asked was removed\. Use another way\./);
    assert.equal(await isSignedIn(browser), false);
  });

  test("admits nobody by what it had approved", async () => {
    const { person, phone } = await withPhone(server);
    const { browser, digits } = await signInWaiting(server, person);
    await phone.answer(await phone.asked(), "approved", digits);
    assert.equal((await phone.request("DELETE", "/device/self")).status, 204);
    assert.equal(await stateOf(browser), "denied");
    assert.equal((await browser.get("/login/finish")).location, "/verify");
    assert.equal(await isSignedIn(browser), false);
  });
});

describe("attack 58: asking again and again", () => {
  test("is bounded for one request", async () => {
    const { person } = await withPhone(server);
    const { browser } = await enterPassword(server, person);
    for (let i = 0; i < 2; i++)
      assert.equal((await browser.fill(await browser.get("/verify"), {}, { action: "/resend" })).location, "/verify");
    const page = await browser.get("/verify");
    assert.deepEqual(page.forms.filter((f) => f.action === "/resend"), [], "nothing more to press");
    const more = await browser.postJson("/resend", {});
    assert.deepEqual(code(more), [429, "limited"]);
  });

  test("is bounded since the last success; another factor still opens", async () => {
    const { person, phone, me } = await withPhone(server);
    const app = await turnOnTotp(me);
    for (let i = 0; i < 10; i++) await signInWaiting(server, person);
    const browser = new Client(server);
    const eleventh = (await browser.postJson("/login", { login: person.username, password: person.password })).json;
    assert.deepEqual([eleventh.state, eleventh.method], ["code", "totp"]);
    assert.equal((await phone.pending()).length, 1, "only the newest waits");
    assert.equal((await browser.postJson("/verify", { code: nextTotp(app) })).json.state, "signed_in");
    assert.ok((await signInWaiting(server, person)).challenge, "a success makes the budget whole");
  });

  test("tells somebody who has only a phone how to go on", async () => {
    const { person } = await withPhone(server);
    for (let i = 0; i < 10; i++) await signInWaiting(server, person);
    const { browser } = await enterPassword(server, person);
    assert.match((await browser.get("/verify")).words, /asked too often.*chosen a new password/);
  });

  test("\"this wasn't me\" denies, stops pushes, distrusts the password and alerts", async () => {
    const { person, phone, me } = await withPhone(server);
    const { browser } = await signInWaiting(server, person);
    assert.deepEqual(outcome(await phone.answer(await phone.asked(), "not_me")), [200, "denied"]);
    assert.equal(await stateOf(browser), "expired", "the attempt itself is dead");
    assert.equal(await isSignedIn(browser), false);
    assert.equal(await isSignedIn(me), false, "everybody is signed out");
    const again = await new Client(server).postJson("/login", { login: person.username, password: person.password });
    assert.deepEqual(code(again), [401, "wrong_login"]);
    assert.deepEqual(await phone.pending(), []);
    const mails = await outbox(server, person.email);
    assert.ok(mails.some((m) => /this wasn't me/.test(m.body)));
    const choose = mails.filter((m) => /\/reset-password\//.test(m.body));
    assert.equal(choose.length, 2, "at once, and when the old password is tried again");
    for (const mail of choose) assert.match(mail.body, /your old password no longer works/);
  });
});

test("a server that is restarted meanwhile: the page asks again, and the approval counts", async () => {
  const { person, phone } = await withPhone(server);
  const { browser, digits, handle } = await signInWaiting(server, person);
  const stream = browser.events(`/login/status?attempt=${handle}`);
  const told = stream.next();
  const question = await phone.asked();
  await eventually(async () => assert.match((await browser.get("/metrics")).text, /^countersign_connections_waiting 1$/m));
  await server.stop();
  assert.equal((await told).done, true, "the stream ends without a word");
  server = await server.restart();
  browser.server = phone.server = phone.client.server = server;
  assert.equal(await stateOf(browser, handle), "pending");
  const again = browser.events(`/login/status?attempt=${handle}`);
  const next = nextEvent(again).catch(() => {}); // it may be told, or not: the server dies behind the answer
  assert.deepEqual(outcome(await phone.answer(question, "approved", digits)), [200, "approved"]);
  await server.kill();
  server = await server.restart();
  browser.server = server;
  await next;
  assert.equal(await stateOf(browser, handle), "approved");
  assert.equal(await isSignedIn(browser), true);
});

test("a person without a phone is asked for nothing new", async () => {
  const person = await signUp(server);
  const { answer } = await enterPassword(server, person);
  assert.equal(answer.location, "/account");
});
