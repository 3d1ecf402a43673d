// The authenticator as an app: its key, its services, several tabs, no network, its codes, its shapes, and
// that it can be installed. What it is asked stands in authenticator.test.js.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "../lib/browser.js";
import { Client } from "../lib/client.js";
import { eventually } from "../lib/server.js";
import { totp } from "../lib/totp.js";
import { signIn, signUp } from "../portal/people.js";
import { pairedPhone, pairingLink, Phone, SignIn } from "./phone.js";
import { browser, openScene, quiet, server } from "./scene.js";

openScene();

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
  await phone.close();
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
  await phone.asked(); // for that tab answered nothing
  await phone.press("Deny");
  await next.page.getByText("The request was denied").first().waitFor();
  quiet(phone);
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
  const copied = await phone.page.evaluate(() => navigator.clipboard.readText());
  assert.ok([0, -1].some((stepsLater) => copied === totp({ secret: "JBSWY3DPEHPK3PXP" }, { stepsLater })), copied); // half a minute may have ended since
  await phone.page.getByRole("button", { name: "Remove" }).first().click();
  await phone.look("codes-remove");
  await phone.page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await phone.page.locator("main b", { hasText: "Forum" }).waitFor({ state: "detached" });
  await phone.page.context().setOffline(false);
  await phone.tab("Requests");
  await phone.page.getByText("There is no connection to the server").waitFor({ state: "hidden" });
  await phone.close();
});

test("without JavaScript it says how to go on; without a key store it says what is missing", async () => {
  const plain = await openPage(browser, server, { width: 360, javaScript: false });
  await plain.goto("/authenticator");
  assert.match(await plain.locator("main").textContent(), /choose another way on the sign-in page/);
  assert.equal(await plain.getByRole("complementary", { name: "Demo mode" }).getByRole("link").getAttribute("href"), "/outbox");
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
