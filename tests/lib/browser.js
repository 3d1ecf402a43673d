// Debian's Chromium, driven by playwright-core.
//
//   const browser = await openBrowser();
//   after(() => browser.close());
//   const page = await openPage(browser, server, { width: 360, dark: true });
//   await page.goto("/login");
//   await assertAccessible(page);
//   await screenshot(page, "login");            // build/screens/login-360-dark.png
//   assert.deepEqual(page.complaints, []);      // console errors, CSP reports, requests to elsewhere
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { chromium } from "playwright-core";
import { limitMs, root } from "./server.js";

const axeSource = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export function chromiumPath() {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const found = (process.env.PATH ?? "").split(":").flatMap((dir) => names.map((name) => path.join(dir, name)))
    .find((file) => fs.existsSync(file));
  assert.ok(found, "no Chromium in PATH; `make test` installs it");
  return found;
}

export function openBrowser() {
  return chromium.launch({
    executablePath: chromiumPath(),
    timeout: limitMs(60_000),
    args: ["--no-sandbox", "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
}

// A page of a fresh profile, so without anybody's cookies.
export async function openPage(browser, server, { width = 1280, height = 800, dark = false, javaScript = true, ...more } = {}) {
  const context = await browser.newContext({
    baseURL: server.url, viewport: { width, height }, colorScheme: dark ? "dark" : "light",
    javaScriptEnabled: javaScript, reducedMotion: "reduce", locale: "en-GB", timezoneId: "Europe/Berlin", ...more,
  });
  context.setDefaultTimeout(limitMs(10_000));
  const page = await context.newPage();
  page.look = `${width}${dark ? "-dark" : ""}${javaScript ? "" : "-nojs"}`;
  page.complaints = [];
  page.on("console", (message) => {
    // a form that is refused on purpose is a 4xx, which Chromium puts down as an error of its own
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) page.complaints.push(message.text());
  });
  page.on("pageerror", (error) => page.complaints.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith(server.url) && !/^(data|blob|about):/.test(request.url()))
      page.complaints.push(`a request to elsewhere: ${request.url()}`);
  });
  return page;
}

export const screensDir = path.join(root, "build/screens");

// A picture of the whole page, for people to look at.
export async function screenshot(page, name) {
  const file = path.join(screensDir, `${name}-${page.look}.png`);
  await page.screenshot({ path: file, fullPage: true });
  return file;
}

// No violation of what axe-core knows. It gets past the CSP by the debugger, as nothing else can, and
// needs a page that has JavaScript.
export async function assertAccessible(page, { without = [] } = {}) {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate((rules) => globalThis.axe.run(document, {
    rules: Object.fromEntries(rules.map((rule) => [rule, { enabled: false }])),
  }), without);
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.help} (${v.nodes.map((n) => n.target.join(" ")).join("; ")})`), [],
    `on ${page.url()}`);
}

// The text of a QR code in a picture, read from its pixels.
export function readQr(png) {
  const done = spawnSync("zbarimg", ["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", "-"], { input: png, timeout: limitMs(20_000) });
  assert.equal(done.status, 0, `no QR code found: ${done.stderr}`);
  return done.stdout.toString("utf8").trimEnd();
}
