// The authenticator and the sign-in page, each in a browser of its own, from pairing to every way in which
// a request ends; authenticator_trouble.test.js has the rest. Every state is checked by axe-core and photographed at phone width, light and dark.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readQr } from "../lib/browser.js";
import { Client } from "../lib/client.js";
import { newest } from "../lib/outbox.js";
import { eventually } from "../lib/server.js";
import { signIn, signUp, turnOnTotp, wrongCode } from "../portal/people.js";
import { pairedPhone, pairingLink, Phone, SignIn } from "./phone.js";
import { browser, openScene, quiet, server } from "./scene.js";

openScene();

test("a phone is paired by a link, and a sign-in is approved with it", async () => {
  const person = await signUp(server);
  const link = await pairingLink(server, person);
  const phone = await Phone.open(browser, server);
  await phone.sees("Approve on your phone");
  assert.equal(await phone.page.getByRole("button", { name: "Scan the code" }).count(), 0, "no camera, no button");
  await phone.look("add");
  await phone.page.getByText("Use the link instead").click();
  for (const [typed, words] of [["my phone", /no pairing link/], [`https://id.example.org/authenticator#pair=${"x".repeat(43)}`, /id\.example\.org/]]) {
    await phone.page.getByLabel("Pairing link").fill(typed);
    await phone.press("Continue");
    assert.match(await phone.page.getByRole("alert").textContent(), words);
  }
  await phone.look("add-wrong");
  await phone.page.getByLabel("Pairing link").fill(` ${link} `);
  await phone.press("Continue");
  await phone.sees("Countersign");
  await phone.page.getByText(new URL(server.url).host).waitFor();
  assert.match(await phone.page.locator(".facts").textContent(), /Accountp•+@example\.com/);
  assert.equal(await phone.page.getByLabel("Name of this device").inputValue(), "Chrome on Linux");
  await phone.look("pair");
  await phone.page.getByLabel("Name of this device").fill("Pixel 9");
  await phone.press("Pair this device");
  await phone.sees("Paired");
  await phone.look("paired");
  await phone.go("Done");
  await phone.page.getByText("Nothing to answer").waitFor();
  await phone.look("requests-none");

  const login = await SignIn.open(browser, server, person);
  assert.match(await login.page.locator("main").textContent(), /We asked Pixel 9/);
  await login.look("asked");
  await login.hear();
  await phone.asked();
  assert.equal(await phone.said(), "New request from Countersign.");
  assert.match(await phone.page.title(), /^\(1\) /);
  assert.deepEqual(await phone.page.locator(".facts dt").allTextContents(), ["Account", "From", "Address"]);
  assert.deepEqual(await phone.page.locator(".facts dd").allTextContents(), [person.email, "Chrome on Linux", "127.0.0.1"]);
  const approve = phone.page.getByRole("button", { name: "Approve" }), digits = await login.digits();
  assert.equal(await approve.isDisabled(), true);
  await phone.look("request");
  await phone.type(digits.slice(0, 5));
  assert.equal(await approve.isDisabled(), true);
  await phone.type(digits[5]);
  assert.equal(await phone.page.getByLabel("Six digits").inputValue(), `${digits.slice(0, 3)} ${digits.slice(3)}`);
  assert.equal(await phone.said(), "Six digits are in. You can approve.");
  await phone.look("request-digits");
  await phone.press("Approve");
  await phone.sees("Approved");
  assert.equal(await phone.said(), "Approved");
  assert.equal(await phone.page.evaluate(() => document.activeElement.tagName), "H1");
  await login.arrives();
  assert.deepEqual(await login.heard(), ["Approved. Signing you in."]);
  await phone.look("approved");
  await phone.go("Done");
  await phone.page.getByText("Nothing to answer").waitFor();
  assert.doesNotMatch(await phone.page.title(), /^\(/);

  await phone.go("Earlier requests");
  await phone.page.locator(".badge", { hasText: "Approved" }).last().waitFor();
  await phone.look("history");
  await phone.page.locator(".rows a").click();
  await phone.sees("Approved");
  await phone.page.getByText(/Sign-in on the web, \d+ seconds? ago/).waitFor();
  await phone.look("history-one");
  quiet(phone, login);
});

test("a denied sign-in is told so", async () => {
  const { person, phone } = await pairedPhone(browser, server);
  const login = await SignIn.open(browser, server, person);
  await login.hear();
  await phone.asked();
  await phone.press("Deny");
  await phone.sees("Denied");
  await phone.look("denied");
  await login.page.locator("#problems", { hasText: "The request was denied" }).waitFor();
  assert.deepEqual(await login.heard(), ["The request was denied."]);
  assert.equal(await login.page.evaluate(() => document.activeElement.id), "problems", "and the page behind begins with it");
  await login.look("denied");
  quiet(phone, login);
});

test("wrong digits end the request; the page says so, and asks again", async () => {
  const { person, phone, client } = await pairedPhone(browser, server);
  await turnOnTotp(client); // another way, which is not the first to try after a slip
  const login = await SignIn.open(browser, server, person);
  await phone.asked();
  await phone.type(wrongCode(await login.digits()));
  await phone.press("Approve");
  await phone.sees("The digits did not match");
  await phone.look("wrong-digits");
  await login.page.locator("#problems", { hasText: "did not match" }).waitFor();
  assert.equal(await login.page.locator("input.code").count(), 0);
  await login.look("wrong-digits");
  await phone.go("Done");
  await phone.go("Earlier requests");
  await phone.page.getByText("Wrong digits").waitFor();
  await phone.tab("Requests");
  const again = () => login.page.getByRole("button", { name: "Send the request again" }).click();
  await again(); // as a new request
  await phone.asked();
  const flash = login.page.getByRole("status").filter({ hasText: "We asked your phone again." });
  await flash.waitFor();
  await login.page.reload();
  assert.equal(await flash.count(), 0);
  await again(); // the same one, once more
  await flash.waitFor();
  await login.look("asked-again");
  await phone.type(await login.digits());
  await phone.press("Approve");
  await login.arrives();
  quiet(phone, login);
});

test("\"this wasn't me\" asks once more, then stops it all", async () => {
  const { person, phone } = await pairedPhone(browser, server);
  const login = await SignIn.open(browser, server, person);
  await phone.asked();
  await phone.press("This wasn't me");
  await phone.look("not-me-dialog");
  await phone.press("Go back");
  assert.equal(await phone.page.getByRole("dialog").count(), 0);
  await phone.press("This wasn't me");
  await phone.press("It wasn't me");
  await phone.sees("Stopped");
  await phone.look("not-me");
  assert.match((await newest(server, person.email)).body, /password/i);
  const again = await new Client(server).postJson("/login", { login: person.username, password: person.password });
  assert.notEqual(again.json.state, "waiting", "the password alone asks this phone no more");
  quiet(phone, login);
});

test("of two sign-ins the newer one asks, by itself; approving it admits no other", async () => {
  const { person, phone } = await pairedPhone(browser, server);
  const { page } = phone, isNewer = (old) => (url) => /#request=YC/.test(url.hash) && url.href !== old;
  const first = await SignIn.open(browser, server, person);
  await phone.asked();
  const old = page.url();
  const second = await SignIn.open(browser, server, person);
  await page.waitForURL(isNewer(old));
  await phone.asked();
  await page.goto("about:blank");
  await page.goto(old); // as a notification does, or whoever opens the browser again
  await page.waitForURL(isNewer(old));
  await phone.asked();
  await phone.tab("Requests");
  await phone.go("Earlier requests");
  await page.locator(".rows a").click();
  await phone.sees("Withdrawn");
  await phone.look("withdrawn");
  await phone.go("Next request");
  await phone.type(await second.digits());
  await phone.press("Approve");
  await phone.sees("Approved");
  await second.arrives();
  await first.page.goto("/account");
  assert.equal(new URL(first.page.url()).pathname, "/login");
  await first.close();
  quiet(phone, second);
});

test("a question in the way of a newer request is answered first", async () => {
  const { person, phone } = await pairedPhone(browser, server);
  await SignIn.open(browser, server, person);
  await phone.asked();
  await phone.press("This wasn't me");
  const old = phone.page.url();
  await SignIn.open(browser, server, person);
  await phone.page.waitForFunction("waiting().length && !location.hash.endsWith(waiting()[0].id)");
  assert.equal(phone.page.url(), old);
  await phone.press("It wasn't me");
  await phone.sees("That was too late");
  await phone.go("Next request");
  await phone.asked();
  quiet(phone);
});

test("a request of somebody else is not here", async () => {
  const { phone } = await pairedPhone(browser, server);
  await phone.page.goto("/authenticator#request=YC00000000000000000000000000000000");
  await phone.sees("This request is not here");
  await phone.look("unknown");
  quiet(phone);
});

test("Back and reload lose nothing but what was typed", async () => {
  const { person, phone } = await pairedPhone(browser, server);
  const login = await SignIn.open(browser, server, person);
  await phone.asked();
  await phone.type("123");
  await phone.tab("Services");
  await phone.page.goBack();
  await phone.asked();
  assert.equal(await phone.page.getByLabel("Six digits").inputValue(), "");
  await phone.page.reload();
  await phone.asked();
  await login.page.reload();
  await phone.type(await login.digits());
  await phone.press("Approve");
  await phone.sees("Approved");
  await login.arrives();
  await login.page.goBack();
  assert.notEqual(new URL(login.page.url()).pathname, "/verify", "the attempt is spent");
  await phone.page.reload();
  await phone.sees("Approved");
  quiet(phone, login);
});

test("a request is answered by the keyboard alone", async () => {
  const { person, phone } = await pairedPhone(browser, server);
  const login = await SignIn.open(browser, server, person);
  const { keyboard } = phone.page, digits = await login.digits();
  await phone.asked();
  await phone.page.locator("[data-acts]:not([inert])").waitFor();
  await keyboard.press("Tab");
  await keyboard.type(`${digits.slice(0, 3)}-${digits.slice(3)}`);
  for (const name of ["Deny", "Approve"]) {
    await keyboard.press("Tab");
    assert.equal(await phone.page.evaluate(() => document.activeElement.textContent), name);
  }
  await keyboard.press("Enter");
  await phone.sees("Approved");
  await login.arrives();
  quiet(phone, login);
});

test("the waiting page is used by the keyboard alone", async () => {
  const { person, phone } = await pairedPhone(browser, server);
  const login = await SignIn.open(browser, server, person), { page } = login;
  const at = () => page.evaluate(() => document.activeElement.textContent.trim());
  const tabTo = async (words) => {
    for (let i = 0; i < 10 && (await at()) !== words; i++) await page.keyboard.press("Tab");
    assert.equal(await at(), words);
    assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), "none", "one sees where one is");
  };
  await tabTo("Scan instead of typing");
  await page.keyboard.press("Enter");
  await page.locator(".qr-box svg").waitFor();
  await login.look("qr");
  await tabTo("Start again");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/login");
  quiet(phone, login);
});

test("digits are pasted with blanks, and corrected in the middle", async () => {
  const { person, phone } = await pairedPhone(browser, server);
  await SignIn.open(browser, server, person);
  await phone.asked();
  const field = phone.page.getByLabel("Six digits"), { keyboard } = phone.page;
  await field.focus();
  await keyboard.insertText(" 482-913\u00a0 ");
  assert.equal(await field.inputValue(), "482 913");
  await keyboard.press("Home");
  await keyboard.press("ArrowRight");
  await keyboard.press("Delete");
  await keyboard.type("7");
  assert.equal(await field.inputValue(), "472 913");
  await keyboard.type("1");
  assert.equal(await field.inputValue(), "471 291", "no more than six");
  await field.fill("٤٨٢٩١٣");
  assert.equal(await field.inputValue(), "482 913");
  await phone.close();
});

test("the camera reads the pairing code and the digits, and fills in nothing else", async () => {
  const person = await signUp(server);
  const client = await signIn(server, person);
  // a picture that moves, and a reader that sees what the test holds before it
  const before = (page) => page.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = async () => {
      const canvas = document.createElement("canvas");
      canvas.getContext("2d").fillRect(0, 0, 9, 9);
      return canvas.captureStream(5);
    };
    globalThis.BarcodeDetector = class {
      async detect() {
        return globalThis.held ? [{ rawValue: globalThis.held }] : [];
      }
    };
  });
  const phone = await Phone.open(browser, server, { before });
  const hold = (text) => phone.page.evaluate((what) => { globalThis.held = what; }, text);
  await phone.press("Scan the code");
  await phone.page.locator("video").waitFor();
  await phone.look("scan");
  await hold("https://example.com/menu");
  await phone.page.getByText("This is another code.").waitFor();
  await hold(await pairingLink(server, person, client));
  await phone.press("Pair this device");
  await phone.sees("Paired");
  await phone.go("Done");

  const login = await SignIn.open(browser, server, person);
  await login.page.getByText("Scan instead of typing").click();
  const code = readQr(await login.page.locator(".qr-box").screenshot());
  await phone.asked();
  await phone.look("request-camera");
  await hold(code.replace(/YC./, "YCx"));
  await phone.press("Scan them instead");
  await phone.page.getByText("This is another code.").waitFor();
  await hold(code);
  const field = phone.page.getByLabel("Six digits");
  await eventually(async () => assert.equal((await field.inputValue()).replace(" ", ""), code.slice(-6)));
  assert.equal(await phone.page.locator("video").count(), 0);
  await phone.press("Approve");
  await phone.sees("Approved");
  await login.arrives();
  quiet(phone, login);
});

test("a link with the digits in it opens the request, but fills in nothing", async () => {
  const { person, phone } = await pairedPhone(browser, server);
  const login = await SignIn.open(browser, server, person);
  await phone.asked();
  const id = new URL(phone.page.url()).hash.slice("#request=".length);
  await phone.page.goto(`/authenticator#answer=${id}.${await login.digits()}`);
  await phone.asked();
  assert.equal(await phone.page.getByLabel("Six digits").inputValue(), "", "an attacker could send such a link");
  assert.equal(await phone.page.getByRole("button", { name: "Approve" }).isDisabled(), true);
  assert.doesNotMatch(phone.page.url(), /answer/);
  quiet(phone);
});
