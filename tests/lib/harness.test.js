// The harness itself, against a few lines of Node: one that reads pages wrongly would prove nothing.
import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";
import { Client } from "./client.js";
import { answersIn, raw } from "./raw.js";
import { base32Decode, hotp, readOtpauth, totp } from "./totp.js";

const page = `<!doctype html><body><h1>Sign &amp; go</h1><script>var hidden</script>
<form method="post" action="/in?x=1"><input type="hidden" name="csrf" value="a&quot;b">
<input name="login"><input type="password" name="password"><input type="checkbox" name="remember">
<textarea name="about">
x &lt; y</textarea><select name="zone"><option value="1">One</option><option value="2" selected>Two</option></select>
<button name="go" value="now">Go</button></form><form action="/other"><input name="q" value="7"></form></body>`;

let server, seen;
before(async () => {
  const node = http.createServer((rq, rs) => {
    let body = "";
    rq.on("data", (d) => (body += d)).on("end", () => {
      seen = { method: rq.method, url: rq.url, headers: rq.headers, body };
      if (rq.url.startsWith("/in")) rs.writeHead(303, { location: "/home", "set-cookie": ["sid=1; Path=/; HttpOnly", "old=; Max-Age=0"] }).end();
      else rs.writeHead(200, { "content-type": "text/html", "set-cookie": "old=1" }).end(page);
    });
  });
  await new Promise((resolve) => node.listen(0, "127.0.0.1", resolve));
  const { port } = node.address();
  server = { node, port, host: "127.0.0.1", url: `http://127.0.0.1:${port}` };
});
after(() => {
  server.node.closeAllConnections();
  server.node.close();
});

test("a form is filled in and sent with its hidden fields and the right cookies", async () => {
  const me = new Client(server);
  const login = await me.get("/login");
  assert.equal(login.words, "Sign & go x < y Two Go");
  const answer = await me.fill(login, { login: "ada", password: "p&q" });
  assert.equal(seen.method, "POST");
  assert.equal(seen.url, "/in?x=1");
  assert.equal(seen.headers.cookie, "old=1");
  assert.equal(seen.headers.origin, server.url);
  assert.deepEqual(Object.fromEntries(new URLSearchParams(seen.body)),
    { csrf: 'a"b', login: "ada", password: "p&q", about: "x < y", zone: "2" });
  assert.equal(answer.status, 303);
  const home = await me.follow(answer);
  assert.equal(home.path, "/home");
  assert.equal(seen.headers.cookie, "sid=1");
  await me.fill(home, {}, { action: "/other" });
  assert.equal(seen.url, "/other?q=7");
  me.close();
});

test("raw bytes come back as separate answers", async () => {
  const two = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n".repeat(2);
  const { text } = await raw(server, two, { enough: (t) => t.split("HTTP/1.1 ").length > 2 && t.endsWith("0\r\n\r\n") });
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
  const fixed = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
  assert.deepEqual(answersIn(fixed).map(({ status, body }) => [status, body]), [[200, "ab"], [400, ""]]);
  assert.throws(() => answersIn("200 surprise"));
});

test("the authenticator of the tests agrees with RFC 4226 and RFC 6238", () => {
  const sha1 = Buffer.from("12345678901234567890");
  const want = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
  assert.deepEqual(want.map((_, counter) => hotp(sha1, counter)), want);
  const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
  assert.deepEqual(base32Decode(secret), sha1);
  assert.equal(totp({ secret, digits: 8 }, { atMs: 59_000 }), "94287082");
  assert.equal(totp({ secret, digits: 8 }, { atMs: 20_000_000_000_000 }), "65353130");
  assert.equal(hotp(Buffer.from("12345678901234567890123456789012"), 1, { digits: 8, algorithm: "SHA256" }), "46119246");
  assert.equal(totp({ secret, digits: 8 }, { atMs: 29_000, stepsLater: 1 }), "94287082");
  const read = readOtpauth(`otpauth://totp/Acme:ada%40example.com?secret=${secret}&issuer=Acme&digits=8`);
  assert.deepEqual(read, { label: "Acme:ada@example.com", issuer: "Acme", secret, digits: 8, period: 30, algorithm: "SHA1" });
});
