// What a file of browser tests plays on: a server and a browser that all its tests share.
//
//   import { browser, openScene, quiet, server } from "./scene.js";
//   openScene();
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { openBrowser } from "../lib/browser.js";
import { startServer } from "../lib/server.js";

export let server, browser;

// Options are those of `countersign serve`; more() is what else is made before the first test.
export function openScene(options, more = () => {}) {
  before(async () => {
    server = await startServer(options);
    browser = await openBrowser();
    await more();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
}

// Another process on the same data and port, after server.stop() or server.kill().
export async function restartServer(options) {
  server = await server.restart(options);
}

// Nothing was complained about in the consoles of these phones and sign-in pages.
export const quiet = (...pages) => assert.deepEqual(pages.flatMap(({ page }) => page.complaints), []);
