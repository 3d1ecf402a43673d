// The authenticator woken by Web Push, through a push service of our own: a real subscription, a real
// encrypted push, its service worker.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser } from "../lib/browser.js";
import { eventually, limitMs, startServer } from "../lib/server.js";
import { Vendor } from "../lib/vendor.js";
import { signIn, signUp } from "../portal/people.js";
import { pairingLink, Phone, SignIn } from "./phone.js";

let vendor, server, context, browser, person, phone;
before(async () => {
  vendor = await Vendor.open();
  server = await startServer(vendor.options);
  browser = await openBrowser();
  context = await vendor.browser({ baseURL: server.url, viewport: { width: 360, height: 740 } });
  await context.grantPermissions(["notifications"], { origin: server.url });
  phone = new Phone(await context.newPage());
  phone.page.setDefaultTimeout(limitMs(30_000));
  person = await signUp(server);
});
after(async () => {
  await browser?.close();
  await vendor?.close();
  await server?.stop();
});

const worker = () => context.serviceWorkers().find((one) => one.url().endsWith("/authenticator/sw.js"));
const notifications = () => worker().evaluate(async () =>
  (await registration.getNotifications()).map(({ title, body, tag }) => ({ title, body, tag })));

test("after notifications are turned on, a sign-in wakes the worker, which says whose it is", async () => {
  const client = await signIn(server, person);
  await phone.page.goto(await pairingLink(server, person, client));
  await phone.press("Pair this device");
  await phone.sees("Paired");
  const width = async (role, name) => (await phone.page.getByRole(role, { name }).boundingBox()).width;
  assert.equal(await width("button", "Turn on notifications"), await width("link", "Done"));
  await phone.press("Turn on notifications");
  await phone.page.getByText("On. You are told of a request").waitFor();
  await phone.page.goto("about:blank"); // nobody looks at the app
  const login = await SignIn.open(browser, server, person);
  await eventually(async () => {
    const [shown, ...more] = await notifications();
    assert.deepEqual([shown?.title, shown?.body, more], ["Countersign", "Sign-in on the web", []]);
    assert.match(shown.tag, /^YC/);
  }, { ms: 20_000 });
  assert.deepEqual(vendor.pushes.map(({ status }) => status), [201]);

  // a click opens the request, and answers nothing
  await phone.page.goto("/authenticator#services");
  await phone.sees("Services");
  await worker().evaluate(async () => {
    const [notification] = await registration.getNotifications();
    self.dispatchEvent(new NotificationEvent("notificationclick", { notification, action: "open" }));
  });
  await phone.asked();
  await phone.type(await login.digits());
  await phone.press("Approve");
  await phone.sees("Approved");
  await login.arrives();
  assert.deepEqual(await notifications(), []);
});

test("a push for what is over says so; one while the app is open is silent", async () => {
  const login = await SignIn.open(browser, server, person);
  await phone.go("Next request");
  await phone.asked();
  await eventually(() => assert.equal(vendor.pushes.length, 2), { ms: 20_000 });
  assert.deepEqual(await notifications(), [], "the app shows it");
  await phone.press("Deny");
  await phone.sees("Denied");
  await phone.page.goto("about:blank");
  const { origin } = new URL(server.url);
  const cdp = await context.newCDPSession(phone.page);
  const found = new Promise((resolve) => cdp.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
    const one = registrations.find(({ scopeURL }) => scopeURL.endsWith("/authenticator"));
    if (one) resolve(one.registrationId);
  }));
  await cdp.send("ServiceWorker.enable");
  await cdp.send("ServiceWorker.deliverPushMessage", { origin, registrationId: await found, data: '{"t":"wake"}' });
  await eventually(async () => assert.deepEqual((await notifications()).map(({ title }) => title), ["No request is waiting"]));
  await login.close();
});

test("turned off, the server is told", async () => {
  await phone.page.goto("/authenticator#services");
  const answer = phone.page.waitForResponse("**/device/push");
  await phone.press("Turn off");
  assert.equal((await answer).status(), 204);
  assert.equal((await answer).request().postDataJSON().endpoint, "");
  await phone.page.getByRole("button", { name: "Turn on notifications" }).waitFor();
});
