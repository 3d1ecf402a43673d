// A real Chromium subscribes, and a sign-in's push wakes its service worker: our encryption, opened by
// the browser's own. The page is the least that can subscribe.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { after, before, test } from "node:test";
import { Client } from "../lib/client.js";
import { Device } from "../lib/device.js";
import { eventually, limitMs, startServer } from "../lib/server.js";
import { Vendor } from "../lib/vendor.js";
import { signIn, signUp } from "../portal/people.js";

const worker = `
  self.addEventListener("install", () => self.skipWaiting());
  self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
  self.addEventListener("push", (event) => event.waitUntil((async () => {
    await self.registration.showNotification("Somebody signs in");
    await fetch("/pushed", { method: "POST", body: event.data.text() });
  })()));`;
const files = {
  "/": ["text/html", "<!doctype html><title>Phone</title>"],
  "/worker.js": ["text/javascript", worker],
};

let vendor, server, site, page, phone, person;
const pushed = [];

before(async () => {
  vendor = await Vendor.open();
  server = await startServer(vendor.options);
  site = http.createServer(async (rq, rs) => {
    const [type, body] = files[rq.url] ?? ["text/plain", ""];
    if (rq.url === "/pushed") {
      let text = "";
      for await (const chunk of rq) text += chunk;
      pushed.push(text);
    }
    rs.writeHead(200, { "content-type": type }).end(body);
  });
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  const origin = `http://localhost:${site.address().port}`;

  person = await signUp(server);
  const link = await (await signIn(server, person)).postJson("/account/security/push/start", {});
  phone = await Device.pair(server, link.json.url);

  const context = await vendor.browser();
  await context.grantPermissions(["notifications"], { origin });
  page = await context.newPage();
  await page.goto(`${origin}/`);
});
after(async () => {
  await vendor.close();
  site.closeAllConnections();
  site.close();
  await server.stop();
});

async function ring() {
  const browser = new Client(server);
  const { status, json, text } = await browser.postJson("/login", { login: person.username, password: person.password });
  assert.deepEqual([status, json.state], [200, "waiting"], text);
}

test("a browser subscribes with our key, and a sign-in wakes its worker", async () => {
  page.setDefaultTimeout(limitMs(30_000));
  const { endpoint, keys } = await page.evaluate(async (key) => {
    await navigator.serviceWorker.register("/worker.js");
    const registration = await navigator.serviceWorker.ready;
    return (await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })).toJSON();
  }, phone.push_key);
  const { status, text } = await phone.request("POST", "/device/push", { endpoint, p256dh: keys.p256dh, auth: keys.auth });
  assert.equal(status, 204, text);
  await ring();
  // The worker tells us when its notification is shown; without a screen, Chromium's list of them may be empty.
  await eventually(() => assert.deepEqual(pushed, ['{"t":"wake"}']));
  await eventually(() => assert.deepEqual(vendor.pushes.map((push) => push.status), [201]));
});

test("a subscription that the vendor has forgotten is given up", async () => {
  vendor.forget();
  await ring();
  await eventually(async () => assert.equal((await phone.request("GET", "/device/self")).json.push, false));
  await eventually(() => assert.deepEqual(vendor.pushes.map((push) => push.status), [201, 410]));
});
