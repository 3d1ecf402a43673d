// Every page as its golden file, served with the policy that the real server sends, for a browser to
// look at. No server of ours is needed.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { root } from "../lib/server.js";

const golden = path.join(root, "tests/golden/pages");
const statics = path.join(root, "web/static");
const types = { ".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png" };
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'; worker-src 'self'";

export const pages = fs.readdirSync(golden).filter((name) => name.endsWith(".html"))
  .map((name) => name.slice(0, -5)).sort();

// Resolves to { url(name), close() }.
export async function serve() {
  const files = new Map([
    ...pages.map((name) => [`/${name}.html`, path.join(golden, `${name}.html`)]),
    ...fs.readdirSync(statics).map((name) => [`/static/${name}`, path.join(statics, name)]),
  ]);
  const server = http.createServer((rq, rs) => {
    const { pathname } = new URL(rq.url, "http://x");
    const file = files.get(pathname);
    if (pathname === "/authenticator/sw.js") // of the authenticator, which keeps nothing here
      return rs.writeHead(200, { "content-type": "text/javascript", "service-worker-allowed": "/authenticator" }).end();
    if (!file) return rs.writeHead(404).end();
    rs.writeHead(200, { "content-type": types[path.extname(file)], "content-security-policy": policy });
    rs.end(fs.readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${server.address().port}`;
  return { url: (name) => `${base}/${name}.html`, close: () => server.close() };
}
