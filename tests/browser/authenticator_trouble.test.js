// The authenticator and the sign-in page when something between them goes wrong: the server restarts, no
// stream comes through, a request contradicts itself, a clock is off, nobody answers.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Client } from "../lib/client.js";
import { command, eventually, temporaryFolder } from "../lib/server.js";
import { signIn, signUp } from "../portal/people.js";
import { pairedPhone, pairingLink, Phone, SignIn } from "./phone.js";
import { browser, openScene, quiet, restartServer, server } from "./scene.js";

const config = path.join(temporaryFolder(), "countersign.conf");
fs.writeFileSync(config, "");
openScene({ config, heartbeat_ms: 1000 });

// The end of a server shows in the console, as it should.
const lost = /ERR_(CONNECTION|INCOMPLETE|EMPTY|NETWORK)|Failed to fetch|network error/i;

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
  await restartServer();
  await phone.page.getByText("There is no connection to the server").waitFor({ state: "hidden" });
  await phone.page.locator(".rows a").click();
  await phone.asked();
  await phone.type(digits);
  await phone.press("Approve");
  await phone.sees("Approved");
  await login.arrives();
  assert.deepEqual([...phone.page.complaints, ...login.page.complaints].filter((words) => !lost.test(words)), []);
});

test("two tabs of one browser are two attempts: approving one admits no other", async () => {
  const [ada, bob] = [await pairedPhone(browser, server), await pairedPhone(browser, server)];
  const first = await SignIn.open(browser, server, ada.person), digits = await first.digits();
  const second = await SignIn.open(browser, server, bob.person, { beside: first });
  await ada.phone.asked();
  await ada.phone.type(digits);
  await ada.phone.press("Approve");
  await ada.phone.sees("Approved");
  const state = await second.page.evaluate(async () => (await (await fetch("/login/status", { headers: { accept: "application/json" } })).json()).state);
  assert.equal(state, "pending", "the browser's newer attempt is not the one that was approved");
  for (const { page } of [first, second]) assert.equal(new URL(page.url()).pathname, "/verify");
  await bob.phone.asked();
  await bob.phone.type(await second.digits());
  await bob.phone.press("Approve");
  await second.arrives();
  await second.page.getByText(bob.person.email).first().waitFor();
  assert.equal(await second.page.getByText(ada.person.email).count(), 0);
  quiet(ada.phone, bob.phone, first, second);
});

test("Back and reload of the waiting page keep the attempt; it ends with the sign-in", async () => {
  const { person, phone } = await pairedPhone(browser, server);
  const login = await SignIn.open(browser, server, person), { page } = login;
  const digits = await login.digits();
  await page.reload();
  assert.equal(await login.digits(), digits);
  await page.goto("/");
  await page.goBack();
  assert.equal(await login.digits(), digits);
  await phone.asked();
  await phone.type(digits);
  await phone.press("Approve");
  await login.arrives();
  await page.goBack();
  await page.goto("/verify");
  assert.notEqual(new URL(page.url()).pathname, "/verify", "the attempt is spent");
  quiet(phone, login);
});

test("a phone that is removed meanwhile: the page goes on by itself", async () => {
  const { person, phone } = await pairedPhone(browser, server);
  const login = await SignIn.open(browser, server, person);
  await phone.asked();
  const [device] = JSON.parse(command(["user", "show", person.username, "--json"], { data_dir: server.dataDir }).out).factors;
  assert.equal(command(["user", "remove-device", device.sid, "--yes"], { data_dir: server.dataDir }).code, 0);
  await login.page.getByText("Your second step was switched off meanwhile. Please start again.").waitFor();
  await phone.tab("Services");
  await phone.page.getByText("It can't approve any more").waitFor();
  await login.look("gone");
  quiet(phone, login);
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
  await phone.close();
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
  await phone.close();
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

// Last, since the server's clock does not come back.
test("a request that nobody answers expires on both sides", async () => {
  const { person, phone } = await pairedPhone(browser, server, { before: (page) => page.clock.install() });
  const login = await SignIn.open(browser, server, person);
  await phone.asked();
  const digits = await login.digits();
  await phone.page.clock.fastForward(45_000); // less than a stream may be silent: the app does not ask anew
  await phone.page.getByText(/^(1 min 1?\d|\d\d) s left\./).waitFor();
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
  await login.page.locator("#problems", { hasText: "Nobody answered in time" }).waitFor();
  await login.look("expired");
  quiet(phone);
});
