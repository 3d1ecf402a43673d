// People for tests: each signs up as a person would and comes with a browser of their own.
//
//   const ada = await signUp(server);           // confirmed, not signed in
//   const me = await signIn(server, ada);       // a Client with a session
//   const app = await turnOnTotp(me);           // { secret, … } for totp()
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { Client } from "../lib/client.js";
import { newest, newestLink } from "../lib/outbox.js";
import { totp } from "../lib/totp.js";

let counter = 0;

// Facts of somebody who has not signed up yet.
export function newPerson(more = {}) {
  const username = `p${++counter}x${randomInt(1e9)}`;
  return {
    name: "Ada Lovelace", username, email: `${username}@example.com`, password: "quiet harbour lanterns",
    country_code: "+49", phone: `01512${String(randomInt(1e7)).padStart(7, "0")}`, ...more,
  };
}

export const e164 = (person) => `${person.country_code}${person.phone.slice(1)}`;

// Signs up and opens the link of the mail.
export async function signUp(server, more = {}) {
  const person = newPerson(more);
  const browser = new Client(server);
  const asked = await browser.fill(await browser.get("/sign-up"), person);
  assert.equal(asked.status, 303, asked.words);
  const link = await newestLink(server, person.email, /^\/confirm\//);
  const confirmed = await browser.fill(await browser.get(link), {}, { action: link });
  assert.equal(confirmed.location, "/login", confirmed.words);
  browser.close();
  return person;
}

// Name and password; returns the browser and the answer to the form.
export async function enterPassword(server, person, { browser = new Client(server), ...fields } = {}) {
  const page = await browser.get("/login");
  const answer = await browser.fill(page, { login: person.username, password: person.password, ...fields });
  return { browser, answer };
}

// For somebody without a second factor.
export async function signIn(server, person, options) {
  const { browser, answer } = await enterPassword(server, person, options);
  assert.equal(answer.status, 303, answer.words);
  assert.notEqual(answer.location, "/verify", "a second factor is asked for");
  return browser;
}

export const enterCode = async (browser, code, method) => {
  const page = await browser.get(method ? `/verify?method=${method}` : "/verify");
  return browser.fill(page, { code }, { action: "/verify" });
};

export async function signOut(browser) {
  const page = await browser.get("/account");
  const answer = await browser.fill(page, {}, { action: "/logout" });
  assert.equal(answer.location, "/login");
}

// Each returns what a later sign-in needs. The step that enrolment spent is noted.
export async function turnOnTotp(browser) {
  const page = await browser.get("/account/security");
  const start = await browser.fill(page, {}, { action: "/account/security/totp/start" });
  const shown = await browser.follow(start);
  const secret = shown.html.querySelector("#key").getAttribute("data-value");
  const done = await browser.fill(shown, { code: totp({ secret }) }, { action: "/account/security/totp" });
  assert.equal(done.location, "/account/security", done.words);
  return { secret };
}

// The next step's code: enrolment has spent the present one, and one step of delay is allowed.
export const nextTotp = ({ secret }) => totp({ secret }, { stepsLater: 1 });

export async function turnOnSent(server, browser, person, kind) {
  const to = kind === "email" ? person.email : e164(person);
  const page = await browser.get("/account/security");
  const start = await browser.fill(page, {}, { action: `/account/security/${kind}/start` });
  const asked = await browser.follow(start);
  const { code } = await newest(server, to, kind);
  const done = await browser.fill(asked, { code }, { action: `/account/security/${kind}` });
  assert.equal(done.location, "/account/security", done.words);
  return { to };
}

export async function getRecoveryCodes(browser) {
  const page = await browser.get("/account/security");
  const shown = await browser.fill(page, {}, { action: "/account/security/recovery" });
  assert.equal(shown.status, 200, shown.words);
  assert.match(shown.headers["cache-control"], /no-store/);
  return shown.html.querySelectorAll(".codes code").map((code) => code.textContent.trim());
}

// Six digits that are not the right ones.
export const wrongCode = (code) => code.replace(/\d/, (digit) => String((Number(digit) + 1) % 10));
