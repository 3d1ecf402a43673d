// The main job, as a person does it: sign up, confirm, turn on a second factor, sign out and in with each
// kind of code, reset the password, revoke a session. Once with JavaScript, once without. Every page on
// the way is checked by axe-core and photographed (build/screens/).
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible, openPage, readQr, screenshot } from "../lib/browser.js";
import { newest, newestLink } from "../lib/outbox.js";
import { totp } from "../lib/totp.js";
import { e164, newPerson } from "../portal/people.js";
import { browser, openScene, server } from "./scene.js";

openScene();

class Visitor {
  constructor(page, javaScript) {
    Object.assign(this, { page, javaScript, steps: -1 });
  }

  async look(name) {
    if (this.javaScript) await assertAccessible(this.page);
    await screenshot(this.page, `main-${name}`);
  }

  fill(label, value) {
    return this.page.getByLabel(label, { exact: true }).fill(value);
  }

  press(name) {
    return this.page.getByRole("button", { name, exact: true }).click();
  }

  at(path) {
    return this.page.waitForURL((url) => url.pathname === path);
  }

  // A complete code is sent by the page itself where there is JavaScript, by the button elsewhere.
  async enter(code, button, path) {
    await this.page.locator("input[name=code]").fill(code);
    if (this.javaScript) await this.page.waitForURL((url) => url.pathname === path, { timeout: 3000 }).catch(() => this.press(button));
    else await this.press(button);
    await this.at(path);
  }

  // Enrolment and sign-ins spend a step each; one step before and after the present is accepted.
  nextTotp() {
    this.steps += 1;
    assert.ok(this.steps <= 1, "three TOTP codes are all that half a minute has");
    return totp({ secret: this.secret }, { stepsLater: this.steps });
  }
}

async function mainJob({ javaScript, width, dark }) {
  const person = newPerson();
  const page = await openPage(browser, server, { javaScript, width, dark });
  const me = new Visitor(page, javaScript);

  // sign up, with a mistake on the way
  await page.goto("/");
  await me.look("start");
  await page.getByRole("link", { name: "Create an account" }).first().click();
  await me.at("/sign-up");
  await me.fill("Full name", person.name);
  await me.fill("Username", person.username);
  await me.fill("E-mail", person.email);
  await me.fill("Password", "password");
  await page.locator("select[name=country_code]").selectOption(person.country_code);
  await page.locator("input[name=phone]").fill(person.phone);
  await me.press("Create account");
  await page.getByRole("alert").waitFor();
  assert.equal(await page.locator("input[name=email]").inputValue(), person.email, "what was typed stays");
  assert.equal(await page.locator("input[name=password]").inputValue(), "", "but no secret");
  await me.look("sign-up-error");
  await me.fill("Password", person.password);
  await me.press("Create account");
  await me.at("/sign-up/check");
  await me.look("check-mail");

  // nothing before the address is confirmed; the link alone confirms nothing
  await page.goto(await newestLink(server, person.email, /^\/confirm\//));
  await me.look("confirm");
  await me.press("Confirm this address");
  await me.at("/login");
  await me.look("login");
  await me.fill("E-mail or username", person.email);
  await me.fill("Password", person.password);
  await me.press("Sign in");
  await me.at("/account");
  await me.look("account");

  // an authenticator app: the key is read from the page's pixels
  await page.goto("/account/security");
  await me.look("security-empty");
  await me.press("Turn on Authenticator app");
  await me.at("/account/security/totp");
  const uri = readQr(await page.locator(".qr-box").screenshot());
  me.secret = new URL(uri).searchParams.get("secret");
  assert.match(uri, /^otpauth:\/\/totp\//);
  assert.equal(await page.locator("#key").getAttribute("data-value"), me.secret);
  await me.look("totp-enrol");
  await me.enter(me.nextTotp(), "Turn on", "/account/security");

  // recovery codes, ready to print
  await page.getByRole("button", { name: /Get codes/ }).click();
  const codes = await page.locator(".codes code").allTextContents();
  assert.equal(codes.length, 10);
  await me.look("recovery-codes");
  await page.emulateMedia({ media: "print" });
  await screenshot(page, "main-recovery-print");
  await page.emulateMedia({ media: "screen" });
  await page.getByRole("link", { name: "I have saved them" }).click();
  await me.at("/account/security");

  // the sent kinds, each proved by its code
  for (const [kind, name, to] of [["sms", "Text message", e164(person)], ["voice", "Voice call", e164(person)], ["email", "E-mail code", person.email]]) {
    await me.press(`Turn on ${name}`);
    await me.at(`/account/security/${kind}`);
    await me.look(`enrol-${kind}`);
    await me.enter((await newest(server, to, kind)).code, "Turn on", "/account/security");
  }
  await me.look("security-all");

  const signOut = async () => {
    await page.goto("/account");
    await me.press("Sign out");
    await me.at("/login");
  };
  const password = async (value = person.password) => {
    await page.goto("/login?next=/account/security");
    await me.fill("E-mail or username", person.username);
    await me.fill("Password", value);
    await me.press("Sign in");
    await me.at("/verify");
  };

  // in again with each kind of code; the strongest is offered first
  await signOut();
  await password();
  await me.look("verify-totp");
  await me.enter(me.nextTotp(), "Sign in", "/account/security");
  for (const [kind, way, to] of [["sms", /Text me/, e164(person)], ["voice", /Call me/, e164(person)], ["email", /E-mail me/, person.email]]) {
    await signOut();
    await password();
    await page.getByRole("button", { name: way }).click();
    await page.locator(`input[name=method][value=${kind}]`).first().waitFor({ state: "attached" });
    await me.look(`verify-${kind}`);
    await me.enter((await newest(server, to, kind)).code, "Sign in", "/account/security");
  }
  await signOut();
  await password();
  await page.getByRole("link", { name: /recovery code/i }).or(page.getByRole("button", { name: /recovery code/i })).first().click();
  await page.locator("input[name=method][value=recovery]").first().waitFor({ state: "attached" });
  await page.locator("input[name=code]").fill("9999-AAAA-BBBB");
  await me.press("Sign in");
  await page.getByText(/didn't match/).first().waitFor();
  await me.look("verify-wrong");
  await page.locator("input[name=code]").fill(codes[3]);
  await me.press("Sign in");
  await me.at("/account/security");
  assert.match(await page.locator("body").innerText(), /9 of 10 left/);

  // a forgotten password: by mail, and the second factor stays
  await signOut();
  await page.getByRole("link", { name: /Forgot/ }).click();
  await me.at("/reset-password");
  await me.look("reset-ask");
  await page.locator("input[name=email]").fill(person.email);
  await me.press("Send the link");
  await me.at("/reset-password/sent");
  await me.look("reset-sent");
  const link = await newestLink(server, person.email, /^\/reset-password\//);
  await page.goto(link);
  await me.look("reset-set");
  const changed = "twelve slow barges";
  await page.locator("input[name=password]").fill(changed);
  await page.getByRole("button", { name: /password/i }).last().click();
  await me.at("/login");
  await page.goto(link);
  assert.match(await page.locator("h1").innerText(), /link|expired|works/i, "the link works once");
  await password(changed);
  await page.getByRole("button", { name: /Text me/ }).click();
  await page.locator("input[name=method][value=sms]").first().waitFor({ state: "attached" });
  await me.enter((await newest(server, e164(person), "sms")).code, "Sign in", "/account/security");

  // another browser is signed in, and its session is revoked from here
  const other = await openPage(browser, server, { javaScript, width });
  const away = new Visitor(other, javaScript);
  await other.goto("/login");
  await away.fill("E-mail or username", person.email);
  await away.fill("Password", changed);
  await away.press("Sign in");
  await away.at("/verify");
  await other.getByRole("button", { name: /E-mail me/ }).click();
  await other.locator("input[name=method][value=email]").first().waitFor({ state: "attached" });
  await away.enter((await newest(server, person.email, "email")).code, "Sign in", "/account");
  await page.goto("/account");
  await me.look("account-sessions");
  await page.locator("form[action$='/end'] button").first().click();
  await me.at("/account");
  await other.goto("/account");
  assert.equal(new URL(other.url()).pathname, "/login", "the revoked browser is out");

  await page.goto("/outbox");
  await me.look("outbox");
  await page.goto("/nothing/here");
  await me.look("not-found");
  assert.deepEqual(page.complaints.concat(other.complaints), []);
  await page.context().close();
  await other.context().close();
}

test("sign up, turn on a second factor, log in: on a desktop", { timeout: 240_000 }, () => mainJob({ javaScript: true, width: 1280 }));
test("the same on a phone, in the dark", { timeout: 240_000 }, () => mainJob({ javaScript: true, width: 360, dark: true }));
test("the same without JavaScript", { timeout: 240_000 }, () => mainJob({ javaScript: false, width: 768 }));
