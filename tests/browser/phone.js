// The authenticator on somebody's phone, and the sign-in page beside it. Each is a browser context of its
// own, as it would be another machine.
//
//   const { person, phone } = await pairedPhone(browser, server);
//   const login = await SignIn.open(browser, server, person);
//   await phone.type(await login.digits());
//   await phone.press("Approve");
import assert from "node:assert/strict";
import { assertAccessible, openPage, screenshot } from "../lib/browser.js";
import { signIn, signUp } from "../portal/people.js";

// A link that pairs a phone with this person's account.
export async function pairingLink(server, person, client) {
  const { status, json, text } = await (client ?? await signIn(server, person)).postJson("/account/security/push/start", {});
  assert.equal(status, 200, text);
  return json.url;
}

export class Phone {
  constructor(page) {
    this.page = page;
  }

  static async open(browser, server, { at = "/authenticator", before, ...options } = {}) {
    const page = await openPage(browser, server, { width: 360, height: 740, ...options });
    await before?.(page);
    await page.goto(at);
    return new Phone(page);
  }

  // Accessible, and photographed, in both lights.
  async look(name) {
    for (const colorScheme of ["light", "dark"]) {
      await this.page.emulateMedia({ colorScheme });
      this.page.look = colorScheme === "dark" ? "360-dark" : "360";
      await screenshot(this.page, `authenticator-${name}`);
      await assertAccessible(this.page);
    }
    await this.page.emulateMedia({ colorScheme: "light" });
  }

  async pair(url, { name = "Pixel 9" } = {}) {
    await this.page.goto(url);
    await this.page.getByLabel("Name of this device").fill(name);
    await this.press("Pair this device");
    await this.sees("Paired");
    await this.page.getByRole("link", { name: "Done" }).click();
  }

  // Waits for the title of a view.
  sees(title) {
    return this.page.getByRole("heading", { level: 1, name: title, exact: true }).waitFor();
  }

  async asked() {
    await this.page.locator("[data-approve]").waitFor();
  }

  async type(digits) {
    await this.page.getByLabel("Six digits from the sign-in page").pressSequentially(digits);
  }

  press(name) {
    return this.page.getByRole("button", { name, exact: true }).click();
  }

  go(name) {
    return this.page.getByRole("link", { name, exact: true }).click();
  }

  // Goes by the tabs at the bottom.
  tab(name) {
    return this.page.locator(".tabs a", { hasText: name }).click();
  }

  // What a test has put between the app and the server may be at work: its end is no error.
  async close() {
    await this.page.unrouteAll({ behavior: "ignoreErrors" });
    await this.page.context().close();
  }

  // What a screen reader was told last.
  said() {
    return this.page.locator("#say").textContent();
  }
}

export async function pairedPhone(browser, server, { person, ...options } = {}) {
  person ??= await signUp(server);
  const phone = await Phone.open(browser, server, options);
  const client = await signIn(server, person);
  await phone.pair(await pairingLink(server, person, client));
  await phone.sees("Requests");
  return { person, phone, client };
}

export class SignIn {
  constructor(page) {
    this.page = page;
  }

  // `beside`: in another tab of that one's browser.
  static async open(browser, server, person, { beside } = {}) {
    const page = await (beside ? beside.page.context().newPage() : openPage(browser, server, { width: 768 }));
    page.complaints ??= [];
    await page.goto("/login");
    await page.getByLabel("E-mail or username").fill(person.username);
    await page.getByLabel("Password", { exact: true }).fill(person.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL("**/verify");
    return new SignIn(page);
  }

  digits() {
    return this.page.locator(".digits data").getAttribute("value");
  }

  // Notes what a screen reader is told from now on, on the next pages too.
  async hear() {
    const listen = () => {
      const region = document.querySelector("#say");
      if (region)
        new MutationObserver(() => sessionStorage.setItem("said", `${sessionStorage.getItem("said") ?? ""}${region.textContent}\n`))
          .observe(region, { childList: true, characterData: true, subtree: true });
    };
    await this.page.addInitScript(`addEventListener("DOMContentLoaded", ${listen})`);
    await this.page.evaluate(listen);
  }

  async heard() {
    return (await this.page.evaluate(() => sessionStorage.getItem("said") ?? "")).split("\n").filter(Boolean);
  }

  // As Phone's: accessible and photographed, at phone width, in both lights.
  async look(name) {
    const size = this.page.viewportSize();
    await this.page.setViewportSize({ width: 360, height: 740 });
    for (const colorScheme of ["light", "dark"]) {
      await this.page.emulateMedia({ colorScheme });
      this.page.look = colorScheme === "dark" ? "360-dark" : "360";
      await screenshot(this.page, `waiting-${name}`);
      await assertAccessible(this.page);
    }
    await this.page.emulateMedia({ colorScheme: "light" });
    await this.page.setViewportSize(size);
  }

  arrives() {
    return this.page.waitForURL("**/account");
  }

  close() {
    return this.page.context().close();
  }
}
