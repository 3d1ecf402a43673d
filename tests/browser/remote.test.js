// A second factor that another server keeps, as its person sees it: turned on with an approval, signed in with
// one, denied and in with a code, and the other server down. With and without JavaScript; photographed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertAccessible, openBrowser, openPage, screenshot } from "../lib/browser.js";
import { Device } from "../lib/device.js";
import { newest } from "../lib/outbox.js";
import { eventually } from "../lib/server.js";
import { e164 } from "../portal/people.js";
import { approve, deny, joined, startAuthyPair } from "../portal/remote.js";

let pair, browser;
before(async () => {
  pair = await startAuthyPair();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await pair?.stop();
});

async function visit({ javaScript, ...look }) {
  const page = await openPage(browser, pair.portal, { javaScript, ...look });
  const at = (path) => page.waitForURL((url) => url.pathname === path);
  const press = (name) => page.getByRole("button", { name, exact: true }).click();
  const seen = async (title, name) => {
    await page.getByRole("heading", { name: title, exact: true }).waitFor();
    if (javaScript) await assertAccessible(page);
    await screenshot(page, `remote-${name}`);
  };
  const person = await joined(pair);
  const { link } = await eventually(() => newest(pair.far, e164(person), "sms"));
  const phone = await Device.pair(pair.far, link);
  const signIn = async () => {
    await page.goto("/login");
    await page.getByLabel("E-mail or username").fill(person.username);
    await page.getByLabel("Password", { exact: true }).fill(person.password);
    await press("Sign in");
  };
  // Whoever has no script follows the link that says so, again if the portal has not heard of the answer yet.
  const goOn = () => javaScript ? undefined : eventually(async () => {
    const link = page.getByRole("link", { name: "Continue" });
    if (await link.count()) await link.click();
    await page.waitForLoadState("domcontentloaded");
    assert.equal(await link.count(), 0, "the page still waits");
  });

  await signIn();
  await at("/account");
  await page.goto("/account/security");
  await seen("Two-factor authentication", "security");
  await press("Turn on Your phone");
  await seen("Check your phone", "enrol");
  await approve(phone);
  await goOn();
  await at("/account/security");
  await page.getByText("That's on.").waitFor();

  await page.context().clearCookies();
  await signIn();
  await at("/verify");
  await seen("Check your phone", "asked");
  await approve(phone);
  await goOn();
  await at("/account");

  await page.context().clearCookies();
  await signIn();
  await page.getByRole("heading", { name: "Check your phone", exact: true }).waitFor();
  await deny(phone);
  await goOn();
  await page.getByText("The request was denied. If that was you").first().waitFor();
  await seen("Enter your code", "denied");
  await press("Text me a code");
  await page.getByText("We sent a code to").first().waitFor();
  await seen("Enter your code", "sent");
  await page.locator("input[name=code]").fill("8642975");
  await press("Sign in");
  await page.getByText("That code didn't match.").first().waitFor();
  await seen("Enter your code", "wrong");
  await page.locator("input[name=code]").fill((await newest(pair.far, e164(person), "sms")).code);
  await press("Sign in");
  await at("/account");

  await page.context().clearCookies();
  pair.line.bend = () => "hang";
  await signIn();
  await seen("One moment", "busy");
  pair.line.http.closeAllConnections();
  pair.line.bend = () => ({ status: 500 });
  await page.getByText("We can't reach the service").first().waitFor();
  await seen("Enter your code", "down");
  pair.line.bend = () => undefined;
  assert.deepEqual(page.complaints, []);
}

test("with JavaScript, on a desk", () => visit({ javaScript: true }));
test("with JavaScript, on a phone in the dark", () => visit({ javaScript: true, width: 360, dark: true }));
test("without JavaScript", () => visit({ javaScript: false, width: 768 }));
