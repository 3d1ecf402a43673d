// The main job, as a person without JavaScript does it: sign up, turn on second factors, sign in.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client } from "../lib/client.js";
import { newest, newestLink, outbox } from "../lib/outbox.js";
import { startServer } from "../lib/server.js";
import { readOtpauth } from "../lib/totp.js";
import {
  e164, enterCode, enterPassword, getRecoveryCodes, newPerson, nextTotp, signIn, signOut, signUp, turnOnSent, turnOnTotp,
  wrongCode,
} from "./people.js";

let server;
before(async () => (server = await startServer()));
after(() => server.stop());

test("sign-up counts for nothing before its link is opened by a POST", async () => {
  const ada = newPerson();
  const me = new Client(server);
  const sent = await me.fill(await me.get("/sign-up"), ada);
  assert.equal(sent.location, "/sign-up/check");
  const check = await me.follow(sent);
  assert.ok(check.words.includes(`We sent a message to ${ada.email}.`), check.words);
  const cookie = sent.setCookies.find((line) => line.startsWith("cs_typed="));
  assert.match(cookie, /; Max-Age=600; HttpOnly; SameSite=Strict$|; HttpOnly; SameSite=Strict; Max-Age=600$/);
  assert.ok((await new Client(server).get("/sign-up/check")).words.includes("We sent you a message."), "no other browser is told");
  const early = (await enterPassword(server, ada)).answer;
  assert.equal(early.status, 401);
  assert.match(early.words, /New here\? Open the link in our mail first\./);

  const link = await newestLink(server, ada.email, /^\/confirm\//);
  const page = await me.get(link);
  assert.match(page.words, new RegExp(ada.email));
  assert.equal((await me.get(link)).status, 200, "looking does not consume");
  const done = await me.fill(page, {}, { action: link });
  assert.equal(done.location, "/login");
  assert.match((await me.follow(done)).words, /Your e-mail is confirmed/);
  const used = await me.get(link);
  assert.equal(used.status, 410, "it works once");
  assert.match(used.words, /your address is confirmed: sign in\./);
  assert.equal(used.html.querySelector(".actions a").getAttribute("href"), "/login");

  const signedIn = await enterPassword(server, ada, { login: ada.email.toUpperCase() });
  assert.equal(signedIn.answer.location, "/account");
  const account = await signedIn.browser.get("/account");
  for (const fact of [ada.name, ada.username, ada.email]) assert.ok(account.words.includes(fact), fact);
});

test("the outbox finds an address however it is typed, and a number whose + was not escaped", async () => {
  const ada = newPerson();
  const me = new Client(server);
  await me.postJson("/sign-up", { ...ada, email: `Ada+${ada.email}` });
  const found = async (to) => (await me.getJson(`/outbox.json?to=${to}`)).json.messages.map((m) => m.to);
  for (const to of [`Ada%2B${ada.email}`, `ada%2b${ada.email.toUpperCase()}`, `Ada+${ada.email}`])
    assert.deepEqual(await found(to), [`Ada+${ada.email}`], to);
  assert.deepEqual(await found(ada.email), [], "but not a part of it");

  const bob = await signUp(server);
  await (await signIn(server, bob)).postJson("/account/security/sms/start", {});
  for (const to of [encodeURIComponent(e164(bob)), e164(bob)]) assert.deepEqual(await found(to), [e164(bob)], to);
  assert.deepEqual(await found(e164(bob).slice(1)), []);
});

test("an account page asks for sign-in and comes back", async () => {
  const ada = await signUp(server);
  const me = new Client(server);
  const asked = await me.get("/account/edit?x=%C3%A4");
  assert.equal(asked.location, "/login?next=%2Faccount%2Fedit%3Fx%3D%25C3%25A4");
  const page = await me.follow(asked);
  const done = await me.fill(page, { login: ada.username, password: ada.password });
  assert.equal(done.location, "/account/edit?x=%C3%A4");
  assert.equal((await me.get("/login?next=/account/edit")).location, "/account/edit", "signed in already");
  assert.equal((await me.get("/")).location, "/account");
});

test("remember me keeps the cookie, otherwise it goes with the browser", async () => {
  const ada = await signUp(server);
  const cookie = (answer) => answer.setCookies.find((line) => line.startsWith("cs_session="));
  const short = cookie((await enterPassword(server, ada)).answer);
  assert.match(short, /; HttpOnly; SameSite=Lax$/);
  assert.match(cookie((await enterPassword(server, ada, { remember: "1" })).answer), /Max-Age=2592000/);
});

test("an authenticator app: enrol, sign in, never the same code twice", async () => {
  const ada = await signUp(server);
  const me = await signIn(server, ada);
  const start = await me.fill(await me.get("/account/security"), {}, { action: "/account/security/totp/start" });
  const page = await me.follow(start);
  assert.match(page.text, /<svg[^>]*>/);
  assert.match(page.headers["cache-control"], /no-store/); // attack 20
  const { secret, issuer, digits } = readOtpauth(page.html.querySelector("a[href^=otpauth]").getAttribute("href").replaceAll("&amp;", "&"));
  assert.deepEqual([issuer, digits, secret.length], ["Countersign", 6, 32]);
  const app = { secret };
  const wrong = await me.fill(page, { code: "12345" }, { action: "/account/security/totp" });
  assert.equal(wrong.status, 401);
  assert.match(wrong.words, /That code didn't match\. 4 tries left, then we'll pause for a minute\./);
  assert.ok(wrong.text.includes(secret), "the same code stays on the page");
  const done = await me.fill(wrong, { code: nextTotp(app) }, { action: "/account/security/totp" });
  assert.equal(done.location, "/account/security", done.words);
  assert.match((await me.follow(done)).words, /Authenticator app On/);

  const again = await enterPassword(server, ada);
  assert.equal(again.answer.location, "/verify");
  const used = await enterCode(again.browser, nextTotp(app));
  assert.equal(used.status, 401);
  assert.match(used.words, /That code was already used\. Wait for the next one\./);
  assert.equal((await again.browser.get("/account")).location, "/login?next=%2Faccount", "the password alone opens nothing");
});

test("sign-in with a code of each kind, and by another way", async () => {
  const ada = await signUp(server);
  const me = await signIn(server, ada);
  for (const kind of ["sms", "voice", "email"]) await turnOnSent(server, me, ada, kind);
  const codes = await getRecoveryCodes(me);
  assert.equal(new Set(codes).size, 10);
  await signOut(me);

  const first = await enterPassword(server, ada);
  const page = await first.browser.follow(first.answer);
  assert.match(page.words, /We sent a code to \+49 [•\d ]+\./);
  assert.match(page.words, /Try another way/);
  const { code } = await newest(server, e164(ada), "sms");
  assert.equal((await enterCode(first.browser, `${code.slice(0, 3)} ${code.slice(3)}`)).location, "/account");
  const back = await first.browser.get("/verify"); // the Back button
  assert.equal(back.location, "/account");
  const account = await first.browser.follow(back);
  assert.doesNotMatch(account.words, /took too long/);
  const { csrf } = Object.fromEntries(account.forms[0].fields);
  const late = await first.browser.post("/verify", { csrf, code });
  assert.match((await first.browser.follow(late)).words, /took too long/, "a code that nobody took is not passed over");

  for (const kind of ["voice", "email"]) {
    const { browser } = await enterPassword(server, ada);
    const verify = await browser.get("/verify");
    const form = verify.forms.find((f) => f.action === "/resend" && f.fields.get("method") === kind);
    const chosen = await browser.post(form.action, Object.fromEntries(form.fields));
    assert.equal(chosen.location, "/verify");
    const sent = await newest(server, kind === "email" ? ada.email : e164(ada), kind);
    assert.equal((await enterCode(browser, sent.code)).location, "/account", kind);
  }

  const { browser } = await enterPassword(server, ada);
  const recovery = await browser.get("/verify?method=recovery");
  assert.match(recovery.words, /Use a recovery code/);
  assert.equal((await enterCode(browser, codes[3].toLowerCase(), "recovery")).location, "/account");
  const second = await enterPassword(server, ada);
  const used = await enterCode(second.browser, codes[3], "recovery");
  assert.equal(used.status, 401);
  assert.match((await browser.get("/account/security")).words, /9 of 10 left/);
});

test("a second send gives the same code, and five are enough", async () => {
  const ada = await signUp(server);
  const me = await signIn(server, ada);
  await turnOnSent(server, me, ada, "sms");
  const { browser } = await enterPassword(server, ada);
  const codes = new Set([(await newest(server, e164(ada), "sms")).code]);
  for (let i = 0; i < 4; i++) {
    const again = await browser.fill(await browser.get("/verify"), { method: "sms" }, { action: "/resend" });
    assert.equal(again.location, "/verify");
    codes.add((await newest(server, e164(ada), "sms")).code);
  }
  assert.equal(codes.size, 1);
  const page = await browser.get("/verify");
  assert.ok(!page.forms.some((form) => form.action === "/resend"), "no more is offered");
  const csrf = page.form(["code"]).fields.get("csrf");
  const sixth = await browser.post("/resend", { csrf, method: "sms" });
  assert.equal(sixth.status, 429);
  assert.ok(Number(sixth.headers["retry-after"]) > 0);
  assert.equal((await enterCode(browser, [...codes][0])).location, "/account", "the code still works");
});

test("recovery codes are replaced on purpose, and by a form sent twice not at all", async () => {
  const ada = await signUp(server);
  const me = await signIn(server, ada);
  assert.equal((await me.get("/account/security/recovery")).location, "/account/security", "there are none yet");
  await turnOnTotp(me);
  const left = async () => (await me.getJson("/account/security")).json.recovery_left;
  const path = "/account/security/recovery";
  const shown = (page) => page.html.querySelectorAll(".codes code").map((code) => code.textContent.trim());
  const reload = async (form) => {
    const again = await me.post(path, Object.fromEntries(form.fields));
    assert.deepEqual([again.status, again.location], [303, "/account/security"]);
    assert.match((await me.follow(again)).words, /Your codes were shown once and still work\./);
  };

  const first = (await me.get("/account/security")).form(["csrf"], path);
  const printed = shown(await me.post(path, Object.fromEntries(first.fields)));
  assert.equal(printed.length, 10);
  await reload(first);
  const { browser } = await enterPassword(server, ada);
  assert.equal((await enterCode(browser, printed[0], "recovery")).location, "/account", "what was printed is good");

  const security = await me.get("/account/security");
  assert.ok(!security.forms.some((form) => form.action === path), "one click replaces nothing");
  const question = await me.get(security.html.querySelector(`a[href="${path}"]`).getAttribute("href"));
  assert.match(question.words, /Replace your recovery codes\?.*9 of 10 are left/);
  assert.equal(await left(), 9, "looking changes nothing");
  const second = question.form(["replaces"], path);
  const fresh = shown(await me.post(path, Object.fromEntries(second.fields)));
  assert.equal(fresh.filter((one) => !printed.includes(one)).length, 10);
  await reload(second);
  await reload(first);
  assert.equal(await left(), 10);
});

test("wrong codes pause the factor, whichever attempt they come from", async () => {
  const ada = await signUp(server);
  const me = await signIn(server, ada);
  const app = await turnOnTotp(me);
  for (let i = 0; i < 5; i++) {
    const { browser } = await enterPassword(server, ada);
    const wrong = await enterCode(browser, wrongCode(nextTotp(app)));
    assert.equal(wrong.status, 401);
    if (i < 4) assert.match(wrong.words, new RegExp(i < 3 ? `${4 - i} tries left` : "One try left"));
  }
  const { browser } = await enterPassword(server, ada);
  const paused = await enterCode(browser, nextTotp(app));
  assert.equal(paused.status, 429);
  assert.match(paused.words, /Wait (a minute|\d+ seconds), then try again\./);
});

test("off only behind a current factor, with a notice and a way to undo", async () => {
  const ada = await signUp(server);
  const me = await signIn(server, ada);
  await turnOnSent(server, me, ada, "sms");
  const asked = await me.get("/account/security/sms/off");
  assert.match(asked.words, /Turn off text messages\?/);
  const step = await me.fill(asked, {}, { action: "/account/security/sms/off" });
  assert.equal(step.location, "/verify");
  assert.match((await me.follow(step)).words, /To turn off text messages, show that it's you\./);
  assert.match((await me.get("/account/security")).words, /Text message On/, "not yet");
  const { code } = await newest(server, e164(ada), "sms");
  const done = await enterCode(me, code);
  assert.equal(done.location, "/account/security");
  const security = await me.follow(done);
  assert.match(security.words, /That's off\./);
  assert.doesNotMatch(security.words, /Text message On/);

  const undo = await newestLink(server, ada.email, /^\/not-me\//);
  const other = new Client(server);
  const page = await other.get(undo);
  assert.match(page.words, /Protect my account/);
  const protectedNow = await other.fill(page, {}, { action: undo });
  assert.equal(protectedNow.location, "/login");
  assert.equal((await me.get("/account")).location, "/login?next=%2Faccount", "everybody is signed out");
  assert.equal((await enterPassword(server, ada)).answer.status, 401, "the password is distrusted");
  await new Client(server).postJson("/reset-password", { email: ada.email });
  const mails = (await outbox(server, ada.email)).filter((m) => m.body.includes("/reset-password/"));
  assert.equal(mails.length, 3, "at once, when the old password is tried, and when it is asked for");
  for (const mail of mails) assert.match(mail.body, /your old password no longer works/);
});

test("a forgotten password: by mail, once, and the second factor stays", async () => {
  const ada = await signUp(server);
  const me = await signIn(server, ada);
  const app = await turnOnTotp(me);
  const other = new Client(server);
  const asked = await other.fill(await other.get("/reset-password"), { email: ada.email });
  assert.equal(asked.location, "/reset-password/sent");
  assert.ok((await other.follow(asked)).words.includes(`If ${ada.email} belongs to an account`));
  const link = await newestLink(server, ada.email, /^\/reset-password\//);
  const weak = await other.fill(await other.get(link), { password: "password" }, { action: link });
  assert.equal(weak.status, 400);
  const done = await other.fill(weak, { password: "seven small boats" }, { action: link });
  assert.equal(done.location, "/login", done.words);
  const dead = await other.get(link);
  assert.equal(dead.status, 410);
  assert.equal(dead.html.querySelector(".actions a").getAttribute("href"), "/reset-password", "a way to a new one");
  assert.equal((await me.get("/account")).status, 303, "other sessions end");
  assert.equal((await enterPassword(server, ada)).answer.status, 401);
  const again = await enterPassword(server, { ...ada, password: "seven small boats" });
  assert.equal(again.answer.location, "/verify");
  assert.equal((await enterCode(again.browser, nextTotp(app))).location, "/account");
});

test("a reset voids the change of address that somebody else had asked for", async () => {
    const person = await signUp(server);
    const intruder = await signIn(server, person);
    const theirs = `elsewhere-${person.username}@example.net`;
    const form = await intruder.get("/account/email");
    await intruder.fill(form, {email : theirs, current_password : person.password},
                        {action : "/account/email"});
    const confirm = await newestLink(server, theirs, /^\/confirm-email\//);
    const owner = new Client(server);
    await owner.fill(await owner.get("/reset-password"), {email : person.email});
    const link = await newestLink(server, person.email, /^\/reset-password\//);
    const set = await owner.fill(await owner.get(link), {password : "meadow under quiet snow"},
                                 {action : link});
    assert.equal(set.location, "/login", set.words);
    assert.equal((await intruder.get(confirm)).status, 410);
    assert.equal((await intruder.postJson(confirm, {})).status, 410);
});

test("profile, password, e-mail and phone are changed", async () => {
  const ada = await signUp(server);
  const me = await signIn(server, ada);
  const elsewhere = await signIn(server, ada);
  const current_password = ada.password;

  const saved = await me.fill(await me.get("/account/edit"), { name: "Ada <King>", about: "One\nTwo" });
  assert.equal(saved.location, "/account");
  const account = await me.follow(saved);
  assert.match(account.words, /Your profile is saved\./);
  assert.match(account.text, /Ada &lt;King&gt;/);

  const wrong = await me.fill(await me.get("/account/password"), { current_password: "not mine at all", password: "eleven grey herons" });
  assert.equal(wrong.status, 401);
  assert.match(wrong.words, /That isn't your current password\./);
  const same = await me.fill(wrong, { current_password, password: current_password });
  assert.equal(same.status, 400);
  assert.match(same.words, /This is the same as the current one\. Choose another\./);
  assert.equal((await elsewhere.get("/account")).status, 200, "nothing has changed");
  const changed = await me.fill(wrong, { current_password, password: "eleven grey herons" });
  assert.equal(changed.location, "/account", changed.words);
  ada.password = "eleven grey herons";
  assert.equal((await elsewhere.get("/account")).status, 303, "other browsers are signed out");
  assert.equal((await me.get("/account")).status, 200);

  const email = `new-${ada.email}`;
  const asked = await me.fill(await me.get("/account/email"), { email, current_password: ada.password });
  assert.equal(asked.location, "/account", asked.words);
  assert.match((await me.get("/account")).words, new RegExp(`E-mail ?${ada.email}`), "not before the link is opened");
  for (const path of ["/account", "/account/email"])
    assert.match((await me.get(path)).words, new RegExp(`[Ww]aiting for you to confirm ${email}`), path);
  assert.equal((await me.getJson("/account")).json.email_pending, email);
  const link = await newestLink(server, email, /^\/confirm-email\//);
  const reader = new Client(server);
  const confirm = await reader.get(link);
  assert.doesNotMatch(confirm.words, /the name you chose/, "no name is shown here");
  assert.equal((await reader.fill(confirm, {}, { action: link })).location, "/login");
  assert.equal((await reader.get(link)).html.querySelector(".actions a").getAttribute("href"), "/account/email");
  assert.match((await me.get("/account")).words, new RegExp(`E-mail ?${email}`));
  assert.doesNotMatch((await me.get("/account")).words, /waiting for you to confirm/);
  assert.ok((await newest(server, ada.email, "email")).body.includes("e-mail address was changed"));

  const nowhere = await me.fill(await me.get("/account/phone"), { country_code: "", phone: "07400 123456", current_password: ada.password });
  assert.equal(nowhere.status, 400);
  assert.match(nowhere.html.querySelector("#country_code-error").textContent, /choose a country/);
  assert.equal(nowhere.html.querySelector("#phone-error"), null);
  const phone = await me.fill(await me.get("/account/phone"), { country_code: "+44", phone: "07400 123456", current_password: ada.password });
  assert.equal(phone.location, "/account", phone.words);
  assert.match((await me.get("/account")).words, /\+447400123456/);
});

test("sessions are listed and ended", async () => {
  const ada = await signUp(server);
  const me = await signIn(server, ada, {
    browser: new Client(server, { headers: { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0" } }),
  });
  const others = [await signIn(server, ada), await signIn(server, ada)];
  const account = await me.get("/account");
  assert.match(account.words, /Firefox on Linux This device/);
  const ends = account.forms.filter((f) => /^\/account\/sessions\/\d+\/end$/.test(f.action));
  assert.equal(ends.length, 2);
  assert.equal((await me.post(ends[0].action, Object.fromEntries(ends[0].fields))).location, "/account");
  const alive = [];
  for (const other of others) alive.push((await other.get("/account")).status);
  assert.deepEqual(alive.sort(), [200, 303]);
  assert.equal((await me.fill(await me.get("/account"), {}, { action: "/account/sessions/end-others" })).location, "/account");
  for (const other of others) assert.equal((await other.get("/account")).status, 303);

  const bob = await signIn(server, await signUp(server));
  const csrf = (await bob.get("/account")).forms[0].fields.get("csrf");
  const mine = ends[1].action;
  assert.equal((await bob.post(mine, { csrf })).status, 404, "somebody else's session");
});

test("pages that fail are friendly", async () => {
  const me = new Client(server);
  const missing = await me.get("/no/such/page");
  assert.equal(missing.status, 404);
  assert.match(missing.words, /We can't find that page/);
  assert.equal((await me.request("DELETE", "/login")).status, 405);
  for (const path of ["/confirm/x", `/reset-password/${"a".repeat(43)}`, "/not-me/%00", "/confirm-email/y"]) {
    const answer = await me.get(path);
    assert.ok([400, 410].includes(answer.status), `${path} ${answer.status}`);
  }
  const alarm = await me.get("/not-me/xyz");
  assert.doesNotMatch(alarm.words, /Ask for a new one/);
  assert.equal(alarm.html.querySelector(".actions a").getAttribute("href"), "/reset-password");
});
