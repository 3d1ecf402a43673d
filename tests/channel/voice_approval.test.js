// "Press 1 to approve": a sign-in that a telephone approves, by the six digits of its page and then a 1. The
// telephone is Debian's baresip, its keys RFC 4733 events. Numbers in brackets: spec/attacks.md.
import assert from "node:assert/strict";
import dgram from "node:dgram";
import fs from "node:fs";
import { before, describe, test } from "node:test";
import { Baresip } from "../lib/baresip.js";
import { startMovable } from "../lib/clock.js";
import { assertHeard, cannotCall } from "../lib/hearing.js";
import { outbox } from "../lib/outbox.js";
import { command, eventually, startServer, temporaryFolder } from "../lib/server.js";
import { e164, enterPassword, signIn, signUp, turnOnSent, turnOnTotp, wrongCode } from "../portal/people.js";

const question = ["This is Countersign. Somebody, probably you, is signing in to your account. To approve, type the six digits that the page shows, then press 1. If this was not you, press 9.",
  "To hear it again, press star."];
const sure = "This will not be approved. If somebody else is signing in, press 9 once more: then your password is no longer accepted.";
const folks = ["approver", "mistaken", "presser", "stranger", "denier", "late", "bombed", "spoofed"];
const speaks = (phone) => eventually(() => assert.ok(phone.heard().some((sample) => Math.abs(sample) > 1000), "nothing is said"), { ms: 30_000 });

describe("approval by phone call", { skip: cannotCall, concurrency: 3 }, () => {
  const people = {};
  let folder;

  const wayOf = (page, method) => page.forms.find((form) => form.action === "/resend" && form.fields.get("method") === method);
  // As one clicks: another way, or "Call me again".
  async function choose(browser, method = "call") {
    const page = await browser.get("/verify"), form = wayOf(page, method);
    assert.ok(form, `no way ${method}: ${page.words}`);
    return browser.post(form.action, Object.fromEntries(form.fields));
  }

  // Everybody turns on an authenticator app and voice calls, while nothing leaves this machine.
  before(async () => {
    const server = await startServer();
    folder = server.dataDir;
    for (const name of folks) {
      const person = await signUp(server), me = await signIn(server, person);
      await turnOnTotp(me);
      await turnOnSent(server, me, person, "voice");
      people[name] = person;
    }
    const { browser } = await enterPassword(server, people.approver);
    const page = await browser.get("/verify");
    assert.equal(wayOf(page, "call"), undefined, "offered where no telephone rings");
    const forced = await browser.post("/resend", { ...Object.fromEntries(wayOf(page, "voice").fields), method: "call" });
    assert.equal(forced.status, 503, forced.words);
    await server.stop();
  });

  // A copy of that installation, whose calls ring this person's telephone.
  async function scene(name, { start = startServer, number, ...options } = {}) {
    const person = people[name], data_dir = temporaryFolder();
    fs.cpSync(folder, data_dir, { recursive: true });
    const phone = await Baresip.open({ number: number ?? e164(person) });
    const made = await start({ data_dir, demo_sends: 1, voice_url: phone.url, stop_grace_ms: 0, ...options });
    const server = made.server ?? made;
    const entries = () => command(["audit", "list", "--json", `--user=${person.username}`], { data_dir }).out.trim().split("\n").map((line) => JSON.parse(line));
    return {
      person, phone, server, later: made.later,
      answers: () => entries().filter(({ event }) => event === "challenge_answered").map(({ detail }) => detail),
      close: async () => { await server.stop(); await phone.close(); },
    };
  }

  // Name and password, and the way of this file: the page with its six digits.
  async function begin({ server, person }) {
    const { browser } = await enterPassword(server, person);
    const chosen = await choose(browser);
    assert.equal(chosen.location, "/verify", chosen.words);
    const page = await browser.get("/verify"), digits = page.html.querySelector(".digits data")?.getAttribute("value");
    assert.match(digits ?? page.words, /^[0-8]\d{5}$/); // a 9 in front would deny
    return { browser, page, digits };
  }
  const state = async (browser) => (await browser.getJson("/login/status")).json.state;
  const becomes = (browser, wanted) => eventually(async () => assert.equal(await state(browser), wanted), { ms: 30_000 });
  const statusOf = (page) => page.html.querySelector("[data-waiting]").getAttribute("data-status");
  const shut = async (browser) => assert.equal((await browser.get("/account")).status, 303, "a session on the password alone");

  test("the page's digits and then 1: signed in [60]", async () => {
    const it = await scene("approver"), { phone, server } = it;
    const { browser, page, digits } = await begin(it);
    assert.match(page.words, /We are calling \+49 [•\d ]+\. Answer, type these six digits on your phone, then press 1 to approve\./);
    assert.match(page.text, /http-equiv="refresh"/i); // without JavaScript
    await phone.answered();
    await eventually(() => assertHeard(phone.heard(), question), { ms: 60_000, everyMs: 500 });
    assert.equal(await state(browser), "pending");
    await phone.press(digits);
    await eventually(() => assertHeard(phone.heard(), ["To approve, press 1. If this was not you, press 9."]), { ms: 30_000, everyMs: 300 });
    assert.equal(await state(browser), "pending");
    await shut(browser);
    await phone.press("1");
    await becomes(browser, "approved");
    assert.equal((await browser.get("/account")).status, 200);
    await phone.ended();
    assertHeard(phone.heard(), ["Approved. You can hang up."]);
    assert.match(it.answers().join(), /^challenge=YC\w+ decision=approved by=call factor=YF\w+$/);
    const [said] = (await outbox(server, e164(it.person))).filter(({ body }) => body.startsWith("This is Countersign"));
    assert.equal(said.body, question[0]);
    assert.ok(!JSON.stringify(said).includes(digits), "the outbox has the digits");
    assert.ok(!server.log.includes(digits), "the log has the digits");
    assert.match(server.log, / event=call_answered outcome=approved/);
    await it.close();
  });

  test("other digits: denied, and nothing after that approves [59]", async () => {
    const it = await scene("mistaken"), { phone } = it;
    const { browser, digits } = await begin(it);
    await phone.answered();
    await speaks(phone);
    const other = digits[5] === "9" ? `${digits.slice(0, 5)}0` : digits.slice(0, 5) + wrongCode(digits[5]);
    await phone.press(`${other}1`);
    await becomes(browser, "denied");
    await phone.press(`${digits}1`);
    await phone.ended();
    assertHeard(phone.heard(), ["Those are not the digits on the page. Nothing was approved. You can hang up."]);
    assert.equal(await state(browser), "denied");
    assert.match((await browser.get("/verify")).words, /Those weren't the six digits of this page, so nothing was approved\. Have us call again or use another way\./);
    await shut(browser);
    assert.match(it.answers().join(), /decision=wrong_digits by=call/);
    await it.close();
  });

  test("a 1 alone approves nothing; hung up, the page says so and calls again [59]", async () => {
    const it = await scene("presser"), { phone } = it;
    const { browser, page, digits } = await begin(it);
    await phone.answered();
    await speaks(phone);
    await phone.press("1");
    await phone.press("1");
    await phone.hangUp();
    await phone.ended();
    await eventually(async () => assert.equal((await browser.getJson(statusOf(page))).json.state, "code"));
    assert.equal(await state(browser), "pending");
    await shut(browser);
    const over = await browser.get("/verify");
    assert.match(over.words, /Have us call \+49 [•\d ]+ again, type these six digits on your phone, then press 1 to approve\. The call is over, and nothing was approved\./);
    assert.equal(over.html.querySelector(".digits data").getAttribute("value"), digits);
    assert.deepEqual(it.answers(), []);

    assert.equal((await choose(browser)).location, "/verify");
    await phone.answered(2);
    await speaks(phone);
    await phone.press(`12*${digits}1`); // star: from the start
    await becomes(browser, "approved");
    assert.equal((await browser.get("/account")).status, 200);
    await it.close();
  });

  // Sends keys into a call from beside it, as one who forges the telephone's address would.
  async function forge(phone, keys) {
    const port = Number([...phone.out.matchAll(/m=audio (2\d{4}) RTP\/AVP/g)].at(-1)[1]);
    const payload = Number(phone.out.match(/a=rtpmap:(\d+) telephone-event/)[1]);
    const socket = dgram.createSocket("udp4");
    for (const [i, key] of [...keys].entries()) {
      const packet = Buffer.from([0x80, 0x80 | payload, 0, i, 0, 0, 0, 0, 0xba, 0xdc, 0x0d, 0xe5, Number(key), 0x8a, 6, 64]);
      packet.writeUInt32BE(1000 + 1600 * i, 4);
      await new Promise((sent) => socket.send(packet, port, "127.0.0.1", sent));
    }
    socket.close();
  }

  test("keys from beside the call approve nothing, nor do the telephone's after them", async () => {
    const it = await scene("spoofed"), { phone } = it;
    const { browser, page, digits } = await begin(it);
    await phone.answered();
    await speaks(phone);
    await forge(phone, `${digits}1`);
    await phone.press(`${digits}1`);
    await phone.hangUp();
    await phone.ended();
    await eventually(async () => assert.equal((await browser.getJson(statusOf(page))).json.state, "code"));
    assert.equal(await state(browser), "pending");
    await shut(browser);
    assert.deepEqual(it.answers(), []);
    await it.close();
  });

  test("9 twice: this was not me", async () => {
    const it = await scene("stranger"), { phone, person, server } = it;
    const { browser, digits } = await begin(it);
    await phone.answered();
    await speaks(phone);
    await phone.press("9");
    await eventually(() => assertHeard(phone.heard(), [sure]), { ms: 40_000, everyMs: 300 });
    await phone.press("9");
    await becomes(browser, "expired"); // the password with it, and whatever it had begun
    await phone.press(`${digits}1`);
    await phone.ended();
    assertHeard(phone.heard(), ["Denied. We sent you an e-mail to choose a new password. You can hang up."]);
    assert.match(it.answers().join(), /decision=not_me by=call/);
    const { answer } = await enterPassword(server, person);
    assert.equal(answer.status, 401, "the password still works");
    await shut(browser);
    await it.close();
  });

  test("9 and hung up: denied, no more than that", async () => {
    const it = await scene("denier"), { phone, person, server } = it;
    const { browser } = await begin(it);
    await phone.answered();
    await speaks(phone);
    await phone.press("9");
    await eventually(() => assertHeard(phone.heard(), [sure]), { ms: 40_000, everyMs: 300 });
    await phone.hangUp();
    await becomes(browser, "denied");
    assert.match((await browser.get("/verify")).words, /The request was denied\. If that was you, have us call again or use another way\./);
    assert.match(it.answers().join(), /decision=denied by=call/);
    assert.equal((await enterPassword(server, person)).answer.location, "/verify", "the password has ended");
    await it.close();
  });

  test("after two minutes it is too late, and the call says so [63]", async () => {
    const it = await scene("late", { start: startMovable }), { phone } = it;
    const { browser, digits } = await begin(it);
    await phone.answered();
    await speaks(phone);
    await it.later(121);
    assert.equal(await state(browser), "expired");
    await phone.press(`${digits}1`);
    await phone.ended();
    assertHeard(phone.heard(), ["Too late. This request is over, and nothing was approved. You can hang up."]);
    assert.equal(await state(browser), "expired");
    assert.match((await browser.get("/verify")).words, /Nobody approved in time\. Have us call again or use another way\./);
    await shut(browser);
    assert.deepEqual(it.answers(), []);
    await it.close();
  });

  test("three calls about one sign-in, ten until one is approved [58]", async () => {
    const it = await scene("bombed", { number: "+4915112000000" }); // nobody has that number
    const call = async (browser) => {
      const answer = await choose(browser);
      if (answer.status !== 303) return answer;
      await eventually(async () => assert.match((await browser.get("/verify")).words, /Our call didn't get through\./), { ms: 30_000 });
      return answer;
    };
    let { browser } = await enterPassword(it.server, it.person), calls = 0;
    for (; calls < 3; calls++) assert.equal((await call(browser)).status, 303);
    const fourth = await browser.get("/verify");
    assert.equal(wayOf(fourth, "call"), undefined, "a fourth call is offered");
    const asked = await browser.post("/resend", { ...Object.fromEntries(wayOf(fourth, "voice").fields), method: "call" });
    assert.equal(asked.status, 429);
    assert.match(asked.words, /We can't call you now/);
    for (; calls < 10; calls++) {
      ({ browser } = await enterPassword(it.server, it.person));
      assert.equal((await call(browser)).status, 303, `call ${calls + 1}`);
    }
    ({ browser } = await enterPassword(it.server, it.person));
    assert.equal((await call(browser)).status, 429);
    assert.equal(it.phone.out.split("Incoming call").length - 1, 0);
    await it.close();
  });
});
