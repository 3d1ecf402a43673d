// Stopping under load: clients that ask again and again on connections that are kept open. None of them
// can know that the server stops before an answer says "Connection: close".
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import tls from "node:tls";
import { newAuthority } from "../lib/certificate.js";
import { answersIn, connect } from "../lib/raw.js";
import { startServer } from "../lib/server.js";

const clientCount = 40;
const drainMs = 100; // how long a stop leaves an idle connection open (http/server.h)
const get = "GET /login HTTP/1.1\r\nHost: localhost\r\n\r\n";

function open(server, ca) {
  if (!ca) return connect(server).socket;
  return tls.connect({ host: server.host, port: server.port, ca, servername: "localhost" }).on("error", () => {});
}

// Asks until it is told to stop. `warm` when it has had some answers, `ended` with how it went.
function asker(socket) {
  const client = { last: null, unanswered: true, endedAt: 0 };
  let text = "", count = 0;
  client.warm = new Promise((resolve) => socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
    const [answer] = answersIn(text);
    if (!text.includes("\r\n\r\n") || answer.body.length < Number(answer.headers["content-length"])) return;
    assert.equal(answer.status, 200);
    text = "";
    client.last = answer.headers.connection;
    client.unanswered = client.last !== "close";
    if (client.unanswered) socket.write(get);
    if (++count === 3) resolve();
  }));
  socket.once("end", () => (client.endedAt = performance.now()));
  client.ended = once(socket, "close").then(() => (client.endedAt ||= performance.now())); // it was reset
  socket.write(get);
  return client;
}

async function stopUnderLoad(server, ca) {
  const clients = Array.from({ length: clientCount }, () => asker(open(server, ca)));
  await Promise.all(clients.map((client) => client.warm));
  const stoppedAt = performance.now();
  server.child.kill("SIGTERM");
  await Promise.all(clients.map((client) => client.ended));
  await server.stop();
  for (const { unanswered, endedAt } of clients) {
    // on a machine so busy that a client takes longer than that, the server need not wait for it
    if (unanswered) assert.ok(endedAt - stoppedAt >= drainMs, `hung up on after ${endedAt - stoppedAt} ms`);
  }
}

test("a stop answers whoever goes on asking, and says that it was the last time", async () => {
  await stopUnderLoad(await startServer());
});

test("over TLS too", async () => {
  const authority = newAuthority();
  const { certFile, keyFile } = authority.issue("localhost", "127.0.0.1");
  await stopUnderLoad(await startServer({ tls_cert_file: certFile, tls_key_file: keyFile }), authority.pem);
});
