// Clients that are slow, many or large: deadlines that no byte renews, caps, and a stop that lets
// everybody finish who has begun.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { Client } from "../lib/client.js";
import { answersIn, connect, raw } from "../lib/raw.js";
import { eventually, limitMs, startServer } from "../lib/server.js";

const times = { head_timeout_ms: 500, body_timeout_ms: 600, idle_timeout_ms: 400 };
const connectionsPerAddress = 40;
const bodyMax = 16 * 1024; // of routes that say nothing else

let server;
before(async () => {
  server = await startServer({ ...times, connections_per_address_max: connectionsPerAddress });
});
after(() => server.stop());

const get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
const post = (length) => "POST /login HTTP/1.1\r\nHost: localhost\r\n" +
  `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${length}\r\n\r\n`;

// How long a connection lived that sends these parts, one every 20 ms, and what it was told.
async function lifeOf(parts) {
  const startedAt = performance.now();
  const { text, closed } = await raw(server, parts, { gapMs: 20, ms: 5000 });
  assert.ok(closed, "it was never closed");
  return { ms: performance.now() - startedAt, answers: answersIn(text) };
}

// Not before its time (less the clock's grain), and not much later.
function assertAbout(ms, wanted) {
  assert.ok(ms > wanted * 0.9 && ms < wanted + limitMs(1500), `cut after ${ms.toFixed(0)} ms instead of ${wanted}`);
}

test("a head that drips in is cut at its deadline; the bytes renew nothing", async () => {
  const { ms, answers } = await lifeOf([..."GET /healthz HTTP/1.1\r\nHost: localhost\r\nAccept: and-so-on"]);
  assertAbout(ms, times.head_timeout_ms);
  assert.equal(answers[0].status, 408);
});

test("a body that drips in is cut at its deadline", async () => {
  const { ms, answers } = await lifeOf([post(1000), ..."a".repeat(60)]);
  assertAbout(ms, times.body_timeout_ms);
  assert.equal(answers[0].status, 408);
});

test("a connection without a word is closed without one", async () => {
  const { ms, answers } = await lifeOf([]);
  assertAbout(ms, times.idle_timeout_ms);
  assert.deepEqual(answers, []);
});

test("a connection that has had its answer is kept, then closed in silence", async () => {
  const { ms, answers } = await lifeOf([get]);
  assertAbout(ms, times.idle_timeout_ms);
  assert.deepEqual(answers.map((a) => a.status), [200]);
});

test("a client that says nothing more still gets its answer", async () => {
  const { text } = await raw(server, get, { halfClose: true });
  assert.equal(answersIn(text)[0].status, 200);
});

test("the largest body is read, one byte more is not", async () => {
  const fields = `login=${"a".repeat(bodyMax - "login=&password=b".length)}&password=b`;
  assert.equal(fields.length, bodyMax);
  const statusOf = async (text) => answersIn((await raw(server, post(text.length) + text)).text)[0].status;
  assert.notEqual(await statusOf(fields), 413);
  assert.equal(await statusOf(`${fields}c`), 413);
});

test("one address gets so many connections and no more, and others afterwards", async () => {
  const all = Array.from({ length: connectionsPerAddress + 10 }, () => connect(server));
  for (const connection of all) connection.ended.then(() => (connection.gone = true));
  await eventually(() => assert.equal(all.filter((c) => c.gone).length, 10));
  await Promise.all(all.map((c) => c.ended)); // the idle deadline ends the rest
  const client = new Client(server);
  assert.equal((await client.get("/healthz")).status, 200);
  client.close();
});

test("a stop lets a begun request finish and takes no new ones", async () => {
  const other = await startServer();
  const slow = connect(other);
  await once(slow.socket, "connect");
  slow.socket.write(post(20));
  const idle = connect(other);
  idle.socket.write(get);
  await eventually(() => assert.match(idle.received(), /alive\n$/));
  other.child.kill("SIGTERM");
  await idle.ended; // nothing of it was in flight
  await eventually(async () => {
    const late = connect(other);
    const [error] = await Promise.race([once(late.socket, "error"), once(late.socket, "connect")]);
    late.socket.destroy();
    assert.equal(error?.code, "ECONNREFUSED");
  });
  slow.socket.write("login=ada&password=b");
  await slow.ended;
  const [{ status, headers }] = answersIn(slow.received());
  assert.ok(status >= 400 && status < 500, `${status}`);
  assert.equal(headers.connection, "close");
  await other.stop();
});
