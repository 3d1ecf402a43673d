// Every page, as a browser sees it: no accessibility fault that axe knows, no breach of the policy, nothing
// that sticks out sideways, everything big enough for a thumb.
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { after, before, test } from "node:test";
import { openBrowser } from "../lib/browser.js";
import { root } from "../lib/server.js";
import { pages, serve } from "./gallery.js";

const axe = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const looks = [
  { what: "on a phone, light", width: 360, colorScheme: "light" },
  { what: "on a desktop, dark", width: 1280, colorScheme: "dark" },
];

let gallery, browser;
before(async () => {
  gallery = await serve();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  gallery?.close();
});

// Runs visit(page, name) for every page in one tab; what it returns is collected as "name: fault".
async function faults(options, visit) {
  const context = await browser.newContext({ bypassCSP: false, ...options });
  const page = await context.newPage();
  const found = [];
  let name;
  page.on("console", (m) => m.type() === "error" && found.push(`${name}: ${m.text()}`));
  page.on("pageerror", (e) => found.push(`${name}: ${e.message}`));
  page.on("response", (rs) => rs.status() >= 400 && found.push(`${name}: ${rs.url()} gives ${rs.status()}`));
  await page.route(/\/(login\/events|status)(\?|$)/, (route) => route.fulfill({ contentType: "text/event-stream", body: ":\n\n" }));
  for (name of pages) {
    await page.goto(gallery.url(name));
    found.push(...(await visit(page, name)).map((fault) => `${name}: ${fault}`));
  }
  await context.close();
  return found;
}

for (const { what, width, colorScheme } of looks)
  test(`axe finds nothing on any page ${what}`, async () => {
    assert.deepEqual(await faults({ viewport: { width, height: 800 }, colorScheme, reducedMotion: "reduce" }, async (page) => {
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
      return violations.flatMap((v) => v.nodes.map((node) => `${v.id} at ${node.target}: ${node.failureSummary}`));
    }), []);
  });

// Run in the page.
function sticksOut() {
  for (const details of document.querySelectorAll("details")) details.open = true;
  return ["ltr", "rtl"].flatMap((dir) => {
    document.documentElement.dir = dir;
    const wide = document.documentElement.scrollWidth;
    return wide > innerWidth ? [`${wide} px wide at ${innerWidth} px, ${dir}`] : [];
  });
}
function tooSmall() {
  const controls = "button, .button, input:not([type=hidden]):not(.hide), select, textarea, summary, nav a, .brand";
  return [...document.querySelectorAll(controls)]
    .map((node) => (node.type === "checkbox" ? node.closest("label") : node))
    .filter((node) => !node.hidden && node.checkVisibility() && node.getBoundingClientRect().height < 44)
    .map((node) => `${node.outerHTML.slice(0, 60)} is ${node.getBoundingClientRect().height} px high`);
}

// A person's own text size; or none.
const textSize = (page, size) => page.evaluate((how) => { document.documentElement.style.fontSize = how; }, size);

test("nothing sticks out at 320, 360 and 768 px in either direction; controls are 44 px high", async () => {
  assert.deepEqual(await faults({}, async (page) => {
    const found = [];
    for (const width of [768, 360, 320]) {
      await page.setViewportSize({ width, height: 800 });
      found.push(...await page.evaluate(sticksOut));
    }
    found.push(...await page.evaluate(tooSmall));
    await page.setViewportSize({ width: 360, height: 800 });
    await textSize(page, "200%");
    return [...found, ...(await page.evaluate(sticksOut)).map((fault) => `with text twice as big: ${fault}`)];
  }), []);
});

test("in a wide card no button stretches", async () => {
  const stretched = () => [...document.querySelectorAll(".wide main :is(button, .button)")]
    .filter((node) => node.offsetWidth > 320).map((node) => `${node.textContent} is ${node.offsetWidth} px wide`);
  assert.deepEqual(await faults({ viewport: { width: 1280, height: 800 } }, (page) => page.evaluate(stretched)), []);
});

test("the authenticator keeps its tabs in one row and its facts in line", async () => {
  const page = await browser.newPage({ viewport: { width: 360, height: 740 } });
  await page.goto(gallery.url("authenticator"));
  await page.locator(".tabs a").first().waitFor();
  await textSize(page, "200%");
  assert.equal(new Set(await page.locator(".tabs a").evaluateAll((tabs) => tabs.map((tab) => tab.offsetTop))).size, 1);
  await textSize(page, "");
  const lines = await page.evaluate(() => {
    const list = Object.assign(document.createElement("dl"), { className: "facts" }), all = document.createRange();
    document.querySelector("main").append(list);
    globalThis.factRows(list, { details: [{ label: "Account", value: "a.name.that.is.rather.long@subdomain.example-company.com" }] });
    all.selectNodeContents(list.querySelector("dd bdi").firstChild);
    return [...all.getClientRects()].map(({ left }) => left);
  });
  assert.ok(lines.length > 1, "more than one line");
  assert.equal(new Set(lines).size, 1, `lines begin at ${lines}`);
  await page.close();
});

test("without a script the authenticator says so, in paragraphs, and leads back", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 360, height: 740 } });
  const page = await context.newPage();
  await page.goto(gallery.url("authenticator"));
  const [first, second] = await Promise.all([0, 1].map((i) => page.locator("noscript .lead").nth(i).boundingBox()));
  assert.ok(second.y - first.y - first.height >= 8, `${second.y - first.y - first.height} px between them`);
  assert.equal(await page.getByRole("link", { name: "Go to the sign-in page" }).getAttribute("href"), "/login");
  await context.close();
});

test("every form names its fields, its token and its action", async () => {
  assert.deepEqual(await faults({ javaScriptEnabled: false }, async (page) => {
    const wrong = [];
    for (const form of await page.locator("form").all()) {
      if (await form.getAttribute("method") !== "post") wrong.push("a form without method=post");
      if (await form.locator("input[name=csrf]").count() !== 1) wrong.push("a form without its token");
      if (!await form.locator("button").count()) wrong.push("a form without a button");
    }
    for (const input of await page.locator("input:not([type=hidden]):not([type=checkbox]), select").all())
      if (!await input.getAttribute("autocomplete")) wrong.push(`no autocomplete: ${await input.getAttribute("name")}`);
    return wrong;
  }), []);
});

test("a page with an error begins at its summary, which leads to the field", async () => {
  const page = await browser.newPage();
  await page.goto(gallery.url("sign_up_wrong"));
  assert.equal(await page.evaluate(() => document.activeElement.id), "problems");
  await page.getByRole("link", { name: "Choose a username of 3 to 32 characters." }).click();
  assert.equal(await page.evaluate(() => document.activeElement.id), "username");
  const described = await page.locator("#username").getAttribute("aria-describedby");
  assert.equal(described, "username-error username-hint");
  assert.match(await page.title(), /^Error: /);
  await page.close();
});

test("style sheet and script keep their size", () => {
  const size = (name) => fs.statSync(path.join(root, "web/static", name)).size;
  assert.ok(size("app.css") <= 12 * 1024, `app.css: ${size("app.css")} bytes`);
  assert.ok(size("app.js") <= 15 * 1024, `app.js: ${size("app.js")} bytes`);
});
