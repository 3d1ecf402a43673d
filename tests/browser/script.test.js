// What app.js adds to the pages. The server's side of each is played here, so that time and answers
// are ours.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { openBrowser } from "../lib/browser.js";
import { serve } from "./gallery.js";

let gallery, browser, context, page;
before(async () => {
  gallery = await serve();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  gallery?.close();
});
beforeEach(async () => {
  context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
  page = await context.newPage();
});
afterEach(() => context.close());

// Counts the POSTs to a path; the page stays, as it does while an answer is on its way.
async function posts(path) {
  const seen = [];
  await page.route(`**${path}`, (route) => {
    seen.push(route.request().postData());
    return route.fulfill({ status: 204 });
  });
  return seen;
}

const settled = () => page.waitForTimeout(150); // long enough for what must not happen

test("a code that is pasted with blanks is sent by itself, once", async () => {
  const sent = await posts("/verify");
  await page.goto(gallery.url("verify_totp"));
  await page.evaluate(() => navigator.clipboard.writeText("482-913 "));
  await page.locator("#code").focus();
  await page.keyboard.press("Control+V");
  await settled();
  assert.equal(await page.locator("#code").inputValue(), "482913");
  assert.equal(sent.length, 1);
  assert.match(sent[0], /code=482913/);

  await page.locator("#code").fill("482914"); // a corrected one waits for the button
  await settled();
  assert.equal(sent.length, 1);
});

test("an unfinished code and a recovery code wait for the button", async () => {
  const sent = await posts("/verify");
  await page.goto(gallery.url("verify_totp"));
  await page.locator("#code").pressSequentially("48291");
  await page.goto(gallery.url("verify_recovery"));
  await page.locator("#code").pressSequentially("k7dq-m2xv-93pt");
  await settled();
  assert.equal(await page.locator("#code").inputValue(), "k7dq-m2xv-93pt");
  assert.equal(sent.length, 0);
});

test("two clicks in a row send once", async () => {
  const sent = await posts("/login");
  await page.goto(gallery.url("login_plain"));
  await page.getByRole("button", { name: "Sign in" }).dblclick();
  await settled();
  assert.equal(sent.length, 1);
});

test("a password can be shown, and is hidden again when it is sent", async () => {
  await posts("/login");
  await page.goto(gallery.url("login_plain"));
  const field = page.locator("#password");
  await field.fill("correct horse");
  await page.getByRole("button", { name: "Show password" }).click();
  assert.equal(await field.getAttribute("type"), "text");
  assert.equal(await page.getByRole("button", { name: "Hide password" }).textContent(), "Hide");
  await page.getByRole("button", { name: "Sign in" }).click();
  assert.equal(await field.getAttribute("type"), "password");
});

test("the strength of a password is said in words", async () => {
  const rows = [
    ["abc", "5 more characters needed."],
    ["abcdefg", "1 more character needed."],
    ["abcdefgh", "Long enough, but easy to guess."],
    ["aaaaaaaaaaaaaaaa", "Long enough, but easy to guess."],
    ["reynolds-mal", "Long enough, but easy to guess."],
    ["horse battery", "Good."],
    ["correct horse battery", "Strong."],
    ["", ""],
  ];
  await page.goto(gallery.url("sign_up_plain"));
  await page.locator("#name").fill("Mal Reynolds");
  for (const [password, words] of rows) {
    await page.locator("#password").fill(password);
    assert.equal(await page.locator("[data-meter]").textContent(), words, password);
  }
});

test("another code can be asked for when the wait is over", async () => {
  await page.clock.install();
  await page.goto(gallery.url("verify_sms"));
  const button = page.getByRole("button", { name: "Send another code" });
  assert.equal(await button.isDisabled(), true);
  await page.clock.runFor(4000);
  assert.equal(await page.locator("[data-wait-words]").textContent(), "Possible again in 20 seconds.");
  await page.clock.runFor(21000);
  assert.equal(await button.isEnabled(), true);
  assert.equal(await page.locator("#say").textContent(), "You can ask again now.");
});

test("times are the reader's", async () => {
  await page.clock.setFixedTime("2026-10-06T14:10:00Z");
  await page.goto(gallery.url("outbox"));
  const times = page.locator("time");
  assert.equal(await times.nth(0).textContent(), "7 minutes ago");
  assert.match(await times.nth(0).getAttribute("title"), /October 6, 2026 at/);
  await page.clock.setFixedTime("2026-12-06T14:10:00Z");
  await page.reload();
  assert.match(await times.nth(0).textContent(), /October 6, 2026 at/);
});

test("the waiting page moves on by itself when the phone has answered", async () => {
  const event = `event: state\ndata: ${JSON.stringify({ state: "approved", next: "/account.html" })}\n\n`;
  await page.route("**/login/events", (route) => route.fulfill({ contentType: "text/event-stream", body: event }));
  await page.goto(gallery.url("waiting"));
  await page.waitForURL("**/account.html");
});

test("the waiting page asks again and again where events do not come through", async () => {
  const answers = ["pending", "pending", "denied"];
  await page.route("**/login/events", (route) => route.fulfill({ status: 502 }));
  await page.route("**/login/status", (route) =>
    route.fulfill({ json: { state: answers.shift() ?? "denied", next: "/login_plain.html" } }));
  await page.goto(gallery.url("waiting"));
  await page.waitForURL("**/login_plain.html");
  assert.deepEqual(answers, []);
});

test("the waiting page counts down, aloud every fifteen seconds", async () => {
  await page.route("**/login/*", (route) => route.fulfill({ json: { state: "pending" } }));
  await page.clock.install();
  await page.goto(gallery.url("waiting"));
  await page.clock.runFor(14000);
  assert.equal(await page.locator("[data-left-words]").textContent(), "1 min 0 s left.");
  assert.equal(await page.locator("#say").textContent(), "Waiting for your answer, 1 minute left.");
  await page.clock.runFor(10000);
  assert.equal(await page.locator("[data-left-words]").textContent(), "0 min 50 s left.");
  assert.equal(await page.locator("#say").textContent(), "You can ask again now.");
});

test("a new message appears in the outbox", async () => {
  await page.goto(gallery.url("outbox_empty"));
  assert.equal(await page.locator(".messages li").count(), 0);
  const full = await (await fetch(gallery.url("outbox"))).text();
  await page.route("**/outbox_empty.html", (route) => route.fulfill({ contentType: "text/html", body: full }));
  await page.locator(".messages li").first().waitFor();
  assert.equal(await page.locator(".messages li").count(), full.match(/<li id="m\d/g)?.length);
  assert.equal(await page.getByText("Nothing yet.").count(), 0);
  assert.equal(await page.locator("#say").textContent(), "There is a new message.");
  await page.getByRole("button", { name: "Copy the code" }).first().click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "482913");
});

test("recovery codes are copied with their numbers", async () => {
  await page.goto(gallery.url("recovery_codes"));
  await page.getByRole("button", { name: "Copy" }).click();
  const lines = (await page.evaluate(() => navigator.clipboard.readText())).split("\n");
  assert.equal(lines.length, 10);
  assert.equal(lines[9], "10. 9k7d-qm2x-v99t");
});

test("without JavaScript no button stands there that does nothing", async () => {
  const plain = await browser.newContext({ javaScriptEnabled: false });
  const still = await plain.newPage();
  for (const name of ["login_plain", "recovery_codes", "totp_enrol", "outbox"]) {
    await still.goto(gallery.url(name));
    assert.equal(await still.locator("button[type=button]:visible").count(), 0, name);
  }
  await still.goto(gallery.url("verify_sms"));
  assert.equal(await still.getByRole("button", { name: "Send another code" }).isEnabled(), true);
  await plain.close();
});
