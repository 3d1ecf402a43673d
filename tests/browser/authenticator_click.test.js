// A real click on a real notification of a Chromium with a screen: the trusted event, as a person's hand would
// make it. It opens the request, and approves nothing. What a click does otherwise: authenticator_push.test.js.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser } from "../lib/browser.js";
import { Desktop } from "../lib/desktop.js";
import { eventually, limitMs, startServer } from "../lib/server.js";
import { Vendor } from "../lib/vendor.js";
import { signIn, signUp } from "../portal/people.js";
import { pairingLink, Phone, SignIn } from "./phone.js";

let vendor, server, desktop, context, browser, person, first;
before(async () => {
  vendor = await Vendor.open();
  server = await startServer(vendor.options);
  desktop = await Desktop.open();
  browser = await openBrowser();
  context = await vendor.browser({ baseURL: server.url, viewport: { width: 360, height: 740 }, ...desktop.browserOptions });
  await context.grantPermissions(["notifications"], { origin: server.url });
  first = new Phone(await context.newPage());
  first.page.setDefaultTimeout(limitMs(30_000));
  person = await signUp(server);
  await first.page.goto(await pairingLink(server, person, await signIn(server, person)));
  await first.press("Pair this device");
  await first.sees("Paired");
  await first.press("Turn on notifications");
  await first.page.getByText("On. You are told of a request").waitFor();
  await first.page.goto("about:blank"); // nobody looks at the app
});
after(async () => {
  await browser?.close();
  await vendor?.close();
  await desktop?.close();
  await server?.stop();
});

// What the server would tell the page, asked with its own cookies.
const stateOf = (login) => login.page.evaluate(async () => (await (await fetch("/login/status", { headers: { accept: "application/json" } })).json()).state);

for (const [what, action] of [["the notification", "default"], ["its button", "0"]])
  test(`attack 67: a click on ${what} opens the request, and approves nothing`, async () => {
    const login = await SignIn.open(browser, server, person);
    const shown = await desktop.next(({ body }) => body.includes("Sign-in on the web"));
    assert.equal(shown.title, "Countersign");
    const buttons = shown.actions.filter((_, i) => i % 2);
    assert.ok(buttons.includes("Review") && !buttons.some((words) => /approve|allow|yes/i.test(words)), buttons.join());
    const opened = context.waitForEvent("page");
    desktop.click(shown, action);
    const phone = new Phone(await opened);
    await phone.asked();
    assert.match(new URL(phone.page.url()).hash, /^#request=YC[0-9a-f]{32}$/);
    await eventually(() => assert.ok(desktop.notices.some(({ closed }) => closed === shown.id), "the notification goes away"));
    assert.equal(await stateOf(login), "pending");
    await phone.type(await login.digits());
    assert.equal(await stateOf(login), "pending");
    await phone.press("Approve");
    await phone.sees("Approved");
    await login.arrives();
    await phone.page.close();
    await login.close();
  });
