// Photographs of every page, to be looked at:
//
//   node tests/tools/preview.mjs [WORD...]     into build/preview, only pages that contain a WORD
//
// Phone and desktop width, light and dark; and one sheet with all of them for each of the four.
import fs from "node:fs";
import path from "node:path";
import { pages, serve } from "../browser/gallery.js";
import { openBrowser } from "../lib/browser.js";
import { root } from "../lib/server.js";

const out = path.join(root, "build/preview");
const words = process.argv.slice(2);
const wanted = pages.filter((name) => !words.length || words.some((word) => name.includes(word)));
const looks = [
  { width: 360, colorScheme: "light" }, { width: 360, colorScheme: "dark" },
  { width: 1280, colorScheme: "light" }, { width: 1280, colorScheme: "dark" },
];

fs.mkdirSync(out, { recursive: true });
const gallery = await serve();
const browser = await openBrowser();
for (const { width, colorScheme } of looks) {
  const context = await browser.newContext({ viewport: { width, height: width < 500 ? 740 : 800 }, colorScheme });
  const page = await context.newPage();
  const shots = [];
  for (const name of wanted) {
    const file = `${name}-${width}-${colorScheme}.png`;
    await page.goto(gallery.url(name));
    await page.screenshot({ path: path.join(out, file), fullPage: true, animations: "disabled" });
    shots.push({ name, file });
  }
  // The sheet is an HTML page of its own, so that the browser does the pasting.
  const cells = shots.map(({ name, file }) => `<figure><img src="data:image/png;base64,${
    fs.readFileSync(path.join(out, file)).toString("base64")}" width="${width < 500 ? 300 : 620}"><figcaption>${name}</figcaption></figure>`);
  const per = width < 500 ? 12 : 6;
  const sheet = await browser.newPage({ viewport: { width: width < 500 ? 1900 : 1900, height: 600 } });
  for (let k = 0; k < cells.length; k += per) {
    await sheet.setContent(`<style>body{margin:8px;display:flex;flex-wrap:wrap;gap:8px;align-items:start;background:#888;font:14px sans-serif}figure{margin:0}</style>${cells.slice(k, k + per).join("")}`);
    await sheet.screenshot({ path: path.join(out, `_sheet-${width}-${colorScheme}-${k / per + 1}.png`), fullPage: true });
  }
  await sheet.close();
  await context.close();
}
await browser.close();
gallery.close();
console.log(`${wanted.length} pages, ${looks.length} looks: ${path.relative(root, out)}`);
