// The authenticator and the sign-in page, each in a browser of its own, from pairing to every way in which
// a request ends. Every state is checked by axe-core and photographed at phone width, light and dark.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { openBrowser, openPage, readQr } from "../lib/browser.js";
import { Client } from "../lib/client.js";
import { newest } from "../lib/outbox.js";
import { eventually, startServer, temporaryFolder } from "../lib/server.js";
import { totp } from "../lib/totp.js";
import { e164, signIn, signUp, wrongCode } from "../portal/people.js";
import { pairedPhone, pairingLink, Phone, SignIn } from "./phone.js";

const config = path.join(temporaryFolder(), "countersign.conf");
let server, browser;
before(async () => {
  fs.writeFileSync(config, "");
  server = await startServer({ config });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const quiet = (...pages) => assert.deepEqual(pages.flatMap(({ page }) => page.complaints), []);
// The end of a server shows in the console, as it should.
const lost = /ERR_(CONNECTION|INCOMPLETE|EMPTY|NETWORK)|Failed to fetch|network error/i;

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

test("the private key cannot be taken out of the browser", async () => {
  const { phone } = await pairedPhone(browser, server);
  const key = await phone.page.evaluate(async () => {
    const { key } = (await new Promise((resolve) => {
      indexedDB.open("authenticator").onsuccess = ({ target }) => {
        target.result.transaction("pairings").objectStore("pairings").getAll().onsuccess = (event) => resolve(event.target.result);
      };
    }))[0];
    const taken = await Promise.all(["pkcs8", "jwk"].map((form) => crypto.subtle.exportKey(form, key).then(() => true, () => false)));
    return { type: key.type, extractable: key.extractable, usages: key.usages, taken };
  });
  assert.deepEqual(key, { type: "private", extractable: false, usages: ["sign"], taken: [false, false] });
  await phone.page.context().close();
});

test("a denied sign-in is told so", async () => {
  const { person, phone } = await pairedPhone(browser, server);
  const login = await SignIn.open(browser, server, person);
  await phone.asked();
  await phone.press("Deny");
  await phone.sees("Denied");
  await phone.look("denied");
  await login.page.getByText("The request was denied").first().waitFor();
  quiet(phone, login);
});

test("wrong digits end the request", async () => {
  const { person, phone } = await pairedPhone(browser, server);
  const login = await SignIn.open(browser, server, person);
  await phone.asked();
  await phone.type(wrongCode(await login.digits()));
  await phone.press("Approve");
  await phone.sees("The digits did not match");
  await phone.look("wrong-digits");
  await login.page.getByText("The request was denied").first().waitFor();
  await phone.go("Done");
  await phone.go("Earlier requests");
  await phone.page.getByText("Wrong digits").waitFor();
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

test("of two sign-ins the newer one asks; approving it admits no other", async () => {
  const { person, phone } = await pairedPhone(browser, server);
  const first = await SignIn.open(browser, server, person);
  await phone.asked();
  const second = await SignIn.open(browser, server, person);
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
  await phone.page.context().close();
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

test("a removed phone learns it, and can be forgotten", async () => {
  const { person, phone } = await pairedPhone(browser, server);
  const login = await SignIn.open(browser, server, person);
  await phone.asked();
  await phone.type(await login.digits());
  await phone.press("Approve");
  await login.arrives();
  await phone.go("Done");
  // taking it away needs its own approval
  await login.page.goto("/account/security");
  await login.page.getByRole("link", { name: /Rename or remove/ }).click();
  await login.page.getByRole("button", { name: "Remove Pixel 9" }).click();
  await login.page.waitForURL("**/verify");
  await phone.asked();
  await phone.page.getByText("Confirm it's you").waitFor();
  await phone.type(await login.digits());
  await phone.press("Approve");
  await login.page.waitForURL((url) => url.pathname.startsWith("/account"));
  await phone.tab("Services");
  await phone.page.getByText("It can't approve any more").waitFor();
  await phone.look("services-removed");
  await phone.press("Forget");
  await phone.page.getByRole("dialog").getByRole("button", { name: "Forget" }).click();
  await phone.page.getByText("This device has left Countersign.").waitFor();
  await phone.tab("Requests");
  await phone.sees("Approve on your phone");
  quiet(phone, login);
});

test("a phone has several services, its names can be changed, and it can leave", async () => {
  const { person, phone } = await pairedPhone(browser, server);
  const other = await signUp(server);
  const client = await signIn(server, other), link = await pairingLink(server, other, client);
  await phone.pair(link);
  await phone.tab("Services");
  assert.equal(await phone.page.locator(".service").count(), 2);
  await phone.look("services");
  await phone.page.getByRole("button", { name: "Rename" }).first().click();
  await phone.look("rename");
  await phone.page.getByLabel("Name", { exact: true }).fill("Work phone");
  await phone.page.keyboard.press("Enter");
  await phone.page.getByText("The name is changed.").waitFor();
  await phone.page.getByText("This device: Work phone").waitFor();

  const logins = [await SignIn.open(browser, server, person), await SignIn.open(browser, server, other)];
  await phone.tab("Requests");
  await eventually(async () => assert.equal(await phone.page.locator(".rows li").count(), 2));
  await phone.look("requests-two");
  await phone.page.locator(".rows a").first().click();
  await phone.asked();
  await phone.page.getByRole("link", { name: "1 more request" }).waitFor();
  await phone.look("request-one-of-two");
  await phone.press("Deny");
  await phone.sees("Denied");
  await phone.go("Next request");
  await phone.asked();
  await phone.press("Deny");
  await phone.sees("Denied");
  for (const login of logins) await login.page.getByText("The request was denied").first().waitFor();

  await phone.tab("Services");
  await phone.page.getByRole("button", { name: "Leave" }).first().click();
  await phone.look("leave-dialog");
  await phone.page.getByRole("dialog").getByRole("button", { name: "Leave" }).click();
  await phone.page.getByText("This device has left Countersign.").waitFor();
  assert.equal(await phone.page.locator(".service").count(), 1);
  await phone.page.goto(link);
  await phone.page.getByText("This link has been used or is too old").waitFor();
  await phone.look("pair-used");
  quiet(phone, ...logins);
});

test("two tabs of the app agree", async () => {
  const { person, phone } = await pairedPhone(browser, server);
  const second = new Phone(await phone.page.context().newPage());
  await second.page.goto("/authenticator");
  await second.sees("Requests");
  const login = await SignIn.open(browser, server, person);
  await phone.asked();
  await second.asked();
  await second.type(await login.digits());
  await second.press("Approve");
  await second.sees("Approved");
  await phone.sees("Approved");
  await second.page.close(); // it was the one that listened
  const next = await SignIn.open(browser, server, person);
  await phone.go("Next request");
  await phone.asked();
  await phone.press("Deny");
  await next.page.getByText("The request was denied").first().waitFor();
  quiet(phone);
});

test("a server that restarts is found again, and the approval still counts", async () => {
  const { person, phone } = await pairedPhone(browser, server);
  const login = await SignIn.open(browser, server, person);
  await phone.asked();
  const digits = await login.digits();
  await server.stop();
  await phone.type(digits);
  await phone.press("Approve");
  await phone.page.getByText("Your answer did not get through").waitFor();
  await phone.look("request-no-connection");
  await phone.tab("Requests");
  await phone.page.getByText("There is no connection to the server").waitFor();
  await phone.look("requests-offline");
  server = await server.restart();
  await phone.page.getByText("There is no connection to the server").waitFor({ state: "hidden" });
  await phone.page.locator(".rows a").click();
  await phone.asked();
  await phone.type(digits);
  await phone.press("Approve");
  await phone.sees("Approved");
  await login.arrives();
  assert.deepEqual([...phone.page.complaints, ...login.page.complaints].filter((words) => !lost.test(words)), []);
});

test("without a network the app opens, and its codes work", async () => {
  const { phone } = await pairedPhone(browser, server);
  await phone.page.evaluate(() => navigator.serviceWorker.ready);
  await phone.page.context().setOffline(true);
  await phone.page.reload();
  await phone.page.getByText("There is no connection to the server").waitFor();
  await phone.tab("Codes");
  await phone.page.getByText("None is added yet").waitFor();
  await phone.look("codes-none");
  await phone.page.getByText("Add by link or key").click();
  await phone.page.getByLabel("Link or secret key").fill("otpauth://hotp/x?secret=JBSWY3DPEHPK3PXP");
  await phone.press("Add");
  await phone.page.getByText("This is no key for time-based codes").waitFor();
  await phone.look("codes-wrong");
  const secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
  for (const [typed, service] of [[`otpauth://totp/Serenity%20Bank:mal?secret=${secret}&issuer=Serenity%20Bank&digits=8&algorithm=SHA256&period=60`, ""],
    ["jbsw y3dp ehpk 3pxp", "Forum"]]) {
    if (!await phone.page.getByLabel("Link or secret key").isVisible()) await phone.page.getByText("Add by link or key").click();
    await phone.page.getByLabel("Link or secret key").fill(typed);
    await phone.page.getByLabel("Service (for a key)").fill(service);
    await phone.press("Add");
    await phone.page.getByText(service || "Serenity Bank").waitFor();
  }
  const shown = async () => (await phone.page.locator("[data-copy] [data-t=digits]").allTextContents()).map((text) => text.replace(" ", ""));
  await eventually(async () => assert.deepEqual(await shown(),
    [totp({ secret: "JBSWY3DPEHPK3PXP" }), totp({ secret, digits: 8, algorithm: "SHA256", period: 60 })]));
  await phone.look("codes");
  await phone.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await phone.page.locator("[data-copy]").first().click();
  await phone.page.locator("small", { hasText: "Copied" }).waitFor();
  assert.equal(await phone.said(), "Copied");
  assert.equal(await phone.page.evaluate(() => navigator.clipboard.readText()), (await shown())[0]);
  await phone.page.getByRole("button", { name: "Remove" }).first().click();
  await phone.look("codes-remove");
  await phone.page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await phone.page.locator("main b", { hasText: "Forum" }).waitFor({ state: "detached" });
  await phone.page.context().setOffline(false);
  await phone.tab("Requests");
  await phone.page.getByText("There is no connection to the server").waitFor({ state: "hidden" });
  await phone.page.context().close();
});

test("a request that contradicts itself is not shown; where no stream comes through, the app asks again", async () => {
  const { person, phone } = await pairedPhone(browser, server);
  const bent = [(shown) => ({ ...shown, challenge: "YC0" }), (shown) => ({ ...shown, service: "VA0" }), (shown) => ({ ...shown, v: 2 })];
  let seen = 0;
  await phone.page.route("**/device/events", (route) => route.fulfill({ status: 502 }));
  await phone.page.route("**/device/challenges", async (route) => {
    const got = await route.fetch(), json = await got.json();
    const bend = bent[json.challenges.length ? seen++ : 0] ?? ((shown) => shown);
    for (const one of json.challenges) one.shown = JSON.stringify(bend(JSON.parse(one.shown)));
    await route.fulfill({ response: got, json });
    if (seen && seen <= bent.length) assert.equal(await phone.page.locator("[data-approve]").count(), 0);
  });
  await phone.page.reload();
  const login = await SignIn.open(browser, server, person);
  await phone.page.locator("[data-approve]").waitFor({ timeout: 30_000 });
  assert.ok(seen > bent.length);
  await phone.type(await login.digits());
  await phone.press("Approve");
  await phone.sees("Approved");
  await phone.page.context().close();
});

test("a request without digits asks once more; an answer that the server refuses is told", async () => {
  const { person, phone } = await pairedPhone(browser, server);
  await phone.page.route("**/device/events", (route) => route.fulfill({ status: 502 }));
  await phone.page.route("**/device/challenges", async (route) => {
    const got = await route.fetch(), json = await got.json();
    for (const one of json.challenges)
      Object.assign(one, { expires_at: null, shown: JSON.stringify({ ...JSON.parse(one.shown), needs_digits: false, expires_at: null, message: "Pay 20 €?" }) });
    await route.fulfill({ response: got, json });
  });
  await phone.page.reload();
  await SignIn.open(browser, server, person);
  await phone.asked();
  await phone.look("request-no-digits");
  assert.equal(await phone.page.getByText("left.").isVisible(), false);
  await phone.press("Approve");
  await phone.look("approve-dialog");
  await phone.press("Go back");
  await phone.press("Approve");
  await phone.page.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
  await phone.sees("The answer was not accepted");
  await phone.look("refused");
  await phone.page.context().close();
});

test("a clock that is an hour wrong is set by the server's", async () => {
  const person = await signUp(server);
  const client = await signIn(server, person);
  const phone = await Phone.open(browser, server, { before: (page) => page.clock.install({ time: Date.now() + 3600_000 }) });
  await phone.pair(await pairingLink(server, person, client));
  const login = await SignIn.open(browser, server, person);
  await phone.asked();
  assert.match(await phone.page.getByText(/left\./).textContent(), /^1 min 5\d s left\.|^2 min 0 s left\./);
  await phone.type(await login.digits());
  await phone.press("Approve");
  await phone.sees("Approved");
  await login.arrives();
  quiet(phone, login);
});

test("without JavaScript it says how to go on; without a key store it says what is missing", async () => {
  const plain = await openPage(browser, server, { width: 360, javaScript: false });
  await plain.goto("/authenticator");
  assert.match(await plain.locator("main").textContent(), /choose another way on the sign-in page/);
  const phone = await Phone.open(browser, server, {
    before: (page) => page.addInitScript(() => { IDBFactory.prototype.open = () => { throw new DOMException("no", "SecurityError"); }; }),
  });
  await phone.sees("This browser can't keep a key");
  await phone.look("broken");
});

test("it fits from 320 to 1280 px, at twice the size, in either direction, and in forced colours", async () => {
  const { person, phone } = await pairedPhone(browser, server);
  const { page } = phone;
  const wide = (dir) => page.evaluate((way) => {
    document.documentElement.dir = way;
    const small = [...document.querySelectorAll("button, a, input, summary")]
      .filter((node) => node.checkVisibility() && node.getBoundingClientRect().height < 44 && !node.closest("p, .rows b"));
    return { wide: document.documentElement.scrollWidth - innerWidth, small: small.map((node) => node.outerHTML.slice(0, 60)) };
  }, dir);
  await SignIn.open(browser, server, person);
  await phone.asked();
  for (const [view, name] of [[new URL(page.url()).hash, "request"], ["#requests", "list"], ["#services", "services"], ["#codes", "codes"], ["#add", "add"]]) {
    await page.goto(`/authenticator${view}`);
    await page.locator("h1[tabindex]").waitFor();
    for (const width of [1280, 768, 360, 320, 180]) { // 180: 360 px at 200 %
      await page.setViewportSize({ width, height: width < 400 ? 740 : 800 });
      for (const dir of ["ltr", "rtl"]) {
        const found = await wide(dir);
        assert.ok(found.wide <= 0, `${name} is ${found.wide} px too wide at ${width} px, ${dir}`);
        assert.deepEqual(found.small, [], `${name} at ${width} px`);
        page.look = `${width}-${dir}`;
        if (width === 360 || width === 1280) await page.screenshot({ path: `build/screens/authenticator-fit-${name}-${page.look}.png` });
      }
    }
    await page.emulateMedia({ forcedColors: "active" });
    await page.setViewportSize({ width: 360, height: 740 });
    await page.screenshot({ path: `build/screens/authenticator-fit-${name}-forced.png` });
    await page.emulateMedia({ forcedColors: "none" });
  }
  quiet(phone);
});

test("it can be installed, and is small", async () => {
  const page = await openPage(browser, server, { width: 360 });
  await page.goto("/authenticator");
  await page.locator("h1[tabindex]").waitFor();
  const cdp = await page.context().newCDPSession(page);
  const { errors, data } = await cdp.send("Page.getAppManifest");
  assert.deepEqual(errors, []);
  const manifest = JSON.parse(data);
  assert.equal(manifest.start_url, "/authenticator");
  for (const icon of manifest.icons.filter(({ type }) => type === "image/png")) {
    const { bytes, headers } = await new Client(server).get(icon.src);
    assert.equal(headers["content-type"], "image/png");
    assert.equal(`${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`, icon.sizes);
  }
  assert.ok(manifest.icons.some(({ purpose }) => purpose === "maskable"));
  const problems = (await cdp.send("Page.getInstallabilityErrors")).installabilityErrors.map(({ errorId }) => errorId);
  assert.deepEqual(problems.filter((id) => id !== "in-incognito"), []);
  const worker = await new Client(server).get("/authenticator/sw.js");
  assert.equal(worker.headers["cache-control"], "no-cache");
  assert.equal(worker.headers["service-worker-allowed"], "/authenticator");
  assert.match(worker.headers["content-type"], /^text\/javascript/);
  const sent = async (pattern) => {
    const files = [...new Set(worker.text.match(pattern))];
    const answers = await Promise.all(files.map((file) => new Client(server).get(file, { headers: { "accept-encoding": "gzip" } })));
    return answers.reduce((sum, { bytes }) => sum + bytes.length, 0);
  };
  assert.ok(await sent(/\/static\/[\w.]+\.js(?=')/g) <= 15 * 1024, "all scripts together, as sent");
  assert.ok(await sent(/\/static\/[\w.]+\.css(?=')/g) <= 12 * 1024, "all style sheets together, as sent");
});

// Last, since the server's clock does not come back.
test("a request that nobody answers expires on both sides", async () => {
  const { person, phone } = await pairedPhone(browser, server, { before: (page) => page.clock.install() });
  const login = await SignIn.open(browser, server, person);
  await phone.asked();
  const digits = await login.digits();
  await phone.page.clock.fastForward(60_000);
  await phone.page.getByText(/^(1 min 0|5\d) s left\./).waitFor();
  assert.match(await phone.said(), /left to answer\.$/);
  fs.writeFileSync(config, "demo_clock_offset_s = 121\n");
  server.child.kill("SIGHUP");
  await eventually(async () => {
    const { headers } = await new Client(server).get("/robots.txt");
    assert.ok(new Date(headers.date) - Date.now() > 100_000);
  });
  await phone.type(digits);
  await phone.press("Approve");
  await phone.sees("That was too late");
  await phone.look("late");
  await phone.page.reload();
  await phone.sees("Expired");
  await phone.look("expired");
  await login.page.reload();
  assert.notEqual(new URL(login.page.url()).pathname, "/account");
  quiet(phone);
});
