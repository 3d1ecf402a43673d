// What a careless or hostile client sends, byte by byte, to the real program: each row is refused
// with its status and the connection ends, and the next client is served as if nothing had been.
// The rows are the cases that were put to four other servers, each of which let some of them pass.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client } from "../lib/client.js";
import { answersIn, connect, raw } from "../lib/raw.js";
import { eventually, startServer } from "../lib/server.js";

let server, client;
before(async () => {
  server = await startServer();
  client = new Client(server);
});
after(async () => {
  client.close();
  await server.stop();
});

const host = "Host: localhost\r\n";
const get = (target = "/healthz", more = "") => `GET ${target} HTTP/1.1\r\n${host}${more}\r\n`;
const body = "login=ada&password=nope"; // 23 bytes
const post = (more, text = body) =>
  `POST /login HTTP/1.1\r\n${host}Content-Type: application/x-www-form-urlencoded\r\n${more}\r\n${text}`;
const chunked = (text) => post("Transfer-Encoding: chunked\r\n", text);

const refused = [
  ["a chunk size that is no number", chunked(`zz\r\n${body}\r\n0\r\n\r\n`), 400],
  ["a chunk size that overflows", chunked(`fffffffffffffffff\r\n${body}\r\n0\r\n\r\n`), 400],
  ["a chunk size below zero", chunked(`-1\r\n${body}\r\n0\r\n\r\n`), 400],
  ["a chunk size with 0x", chunked(`0x17\r\n${body}\r\n0\r\n\r\n`), 400],
  ["a chunk longer than it says", chunked(`2\r\n${body}\r\n0\r\n\r\n`), 400],
  ["a chunk extension", chunked(`17;a=b\r\n${body}\r\n0\r\n\r\n`), 400],
  ["a trailer", chunked(`17\r\n${body}\r\n0\r\nHost: evil\r\n\r\n`), 400],
  ["a chunk line that ends in a bare LF", chunked(`17\n${body}\r\n0\r\n\r\n`), 400],
  ["a length and chunks", post("Content-Length: 23\r\nTransfer-Encoding: chunked\r\n", `17\r\n${body}\r\n0\r\n\r\n`), 400],
  ["chunks and a length", post("Transfer-Encoding: chunked\r\nContent-Length: 23\r\n", `17\r\n${body}\r\n0\r\n\r\n`), 400],
  ["two different lengths", post("Content-Length: 23\r\nContent-Length: 5\r\n"), 400],
  ["the same length twice", post("Content-Length: 23\r\nContent-Length: 23\r\n"), 400],
  ["a list of lengths", post("Content-Length: 23, 23\r\n"), 400],
  ["a length with a plus", post("Content-Length: +23\r\n"), 400],
  ["a length below zero", post("Content-Length: -1\r\n"), 400],
  ["an empty length", post("Content-Length: \r\n"), 400],
  ["gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n", `17\r\n${body}\r\n0\r\n\r\n`), 501],
  ["xchunked and a length", post("Transfer-Encoding: xchunked\r\nContent-Length: 23\r\n"), 501],
  ["chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", `17\r\n${body}\r\n0\r\n\r\n`), [400, 501]],
  ["a header of 1 MB", get("/healthz", `A: ${"x".repeat(1024 * 1024)}\r\n`), 431],
  ["10,000 headers", get("/healthz", "A: b\r\n".repeat(10_000)), 431],
  ["a target of 100 KB", get(`/${"x".repeat(100 * 1024)}`), [414, 431]],
  ["a NUL in a value", get("/healthz", "A: b\0c\r\n"), 400],
  ["a NUL in the target", get("/healthz\0"), 400],
  ["a folded line", get("/healthz", "A: b\r\n c\r\n"), 400],
  ["a space before the colon", "GET /healthz HTTP/1.1\r\nHost : localhost\r\n\r\n", 400],
  ["a line without a colon", get("/healthz", "nonsense\r\n"), 400],
  ["a header without a name", get("/healthz", ": value\r\n"), 400],
  ["bare LF line ends", "GET /healthz HTTP/1.1\nHost: localhost\n\n", 400],
  ["a bare CR in a value", get("/healthz", "A: b\rc\r\n"), 400],
  ["no Host", "GET /healthz HTTP/1.1\r\n\r\n", 400],
  ["two Hosts", get("/healthz", "Host: evil\r\n"), 400],
  ["a Host with a path", "GET /healthz HTTP/1.1\r\nHost: localhost/evil\r\n\r\n", 400],
  ["a Host with letters behind an IPv6 address", "GET /outbox.json HTTP/1.1\r\nHost: [::1].evil.com\r\n\r\n", 400],
  ["a Host with an IPv6 address that is none", "GET /healthz HTTP/1.1\r\nHost: [::1::2]\r\n\r\n", 400],
  ["HTTP/0.9", "GET /healthz\r\n", 400],
  ["HTTP/2.5", `GET /healthz HTTP/2.5\r\n${host}\r\n`, 505],
  ["HTTP/1.12", `GET /healthz HTTP/1.12\r\n${host}\r\n`, 505],
  ["HTTP/2 from the start", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
  ["a TLS greeting on the plain port", Buffer.from("1603010200010001fc0303", "hex"), 400],
  ["another expectation", post("Content-Length: 23\r\nExpect: 200-ok\r\n"), 417],
  ["10 MB announced", post("Content-Length: 10485760\r\n", ""), 413],
  ["10 MB announced, and asked first", post("Content-Length: 10485760\r\nExpect: 100-continue\r\n", ""), 413],
  ["an absolute target", `GET http://localhost/healthz HTTP/1.1\r\n${host}\r\n`, 400],
  ["CONNECT", `CONNECT localhost:80 HTTP/1.1\r\n${host}\r\n`, [400, 501]],
  ["TRACE", `TRACE /healthz HTTP/1.1\r\n${host}\r\n`, [405, 501]],
  ["a method in small letters", `get /healthz HTTP/1.1\r\n${host}\r\n`, [400, 501]],
  ["two spaces in the first line", `GET  /healthz HTTP/1.1\r\n${host}\r\n`, 400],
  ["an empty line first", `\r\n${get()}`, 400],
];

const isOneOf = (status, wanted) => [wanted].flat().includes(status);

for (const [name, bytes, wanted] of refused)
  test(`refused: ${name}`, async () => {
    const { text, closed } = await raw(server, bytes);
    const answers = answersIn(text);
    assert.equal(answers.length, 1, text.slice(0, 500));
    const [{ status, headers }] = answers;
    assert.ok(isOneOf(status, wanted), `answered ${status}, wanted ${wanted}`);
    assert.match(headers.connection ?? "", /close/);
    assert.ok(closed, "the connection was left open");
    assert.equal((await client.get("/healthz")).status, 200);
  });

test("what comes behind a refused request is never read as another one", async () => {
  for (const [name, bytes] of refused) {
    if (typeof bytes !== "string" || bytes.length > 10_000) continue;
    const { text } = await raw(server, bytes + get("/outbox.json"));
    assert.equal(answersIn(text).length, 1, name);
  }
});

// Behind each of these comes GET /healthz on the same connection, which shows where the request ended.
const taken = [
  ["three in a row", get() + get(), [200, 200]],
  ["a body with its length", post("Content-Length: 23\r\n"), ["4xx"]],
  ["a body in one chunk", chunked(`17\r\n${body}\r\n0\r\n\r\n`), ["4xx"]],
  ["a body in chunks of one byte", chunked([...body].map((c) => `1\r\n${c}\r\n`).join("") + "0\r\n\r\n"), ["4xx"]],
  ["HEAD", `HEAD /login HTTP/1.1\r\n${host}\r\n`, [200]],
  ["header names in any case", `GET /healthz HTTP/1.1\r\nhOsT: localhost\r\n\r\n`, [200]],
];

for (const [name, bytes, wanted] of taken)
  test(`taken: ${name}`, async () => {
    const all = [...wanted, 200];
    const isHead = bytes.startsWith("HEAD");
    const enough = (text) => text.split("HTTP/1.1 ").length > all.length && text.endsWith("alive\n");
    const { text } = await raw(server, bytes + get(), { enough });
    const read = isHead ? text.split(/(?<=\r\n\r\n)(?=HTTP)/).flatMap((part) => answersIn(part)) : answersIn(text);
    const statuses = read.map(({ status }) => status);
    assert.equal(statuses.length, all.length, text.slice(0, 500));
    all.forEach((want, i) => assert.ok(want === "4xx" ? statuses[i] >= 400 && statuses[i] < 500 : statuses[i] === want,
      `${statuses} instead of ${all}`));
    if (isHead) assert.doesNotMatch(text.split("HTTP/1.1 200")[1], /<html/);
  });

test("who asks first is told to go on, and only then sends the body", async () => {
  const { socket, received } = connect(server);
  socket.write(post("Content-Length: 23\r\nExpect: 100-continue\r\n", ""));
  await eventually(() => assert.equal(received(), "HTTP/1.1 100 Continue\r\n\r\n"));
  socket.write(body + get());
  await eventually(() => assert.ok(received().endsWith("alive\n")));
  const [first, second, third, ...more] = answersIn(received()).map(({ status }) => status);
  assert.deepEqual([first, second >= 400 && second < 500, third, more], [100, true, 200, []]);
  socket.destroy();
});

test("a request that arrives byte by byte is the same request", async () => {
  const { text } = await raw(server, [...get()], { gapMs: 1, enough: (t) => t.endsWith("alive\n") });
  assert.deepEqual(answersIn(text).map(({ status, body: b }) => [status, b]), [[200, "alive\n"]]);
});

test("HTTP/1.0 is answered and closed", async () => {
  const { text, closed } = await raw(server, "GET /healthz HTTP/1.0\r\n\r\n");
  assert.equal(answersIn(text)[0].status, 200);
  assert.ok(closed);
});
