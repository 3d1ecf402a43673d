// Bytes on a socket: what no well-behaved client would send.
import net from "node:net";
import { limitMs } from "./server.js";

// Opens a connection: { socket, received() as latin1, ended: promise }.
export function connect(server) {
  const socket = net.connect(server.port, server.host);
  const chunks = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  const ended = new Promise((resolve) => {
    socket.on("error", () => {}); // a reset after the answer is an end like any other
    socket.on("close", resolve);
  });
  return { socket, ended, received: () => Buffer.concat(chunks).toString("latin1") };
}

// Sends the parts one after the other and returns what comes back until the server closes, `enough`
// says so, or the time is over: { text, closed }. Strings are sent as latin1.
export async function raw(server, parts, { ms = 2000, gapMs = 0, enough = () => false, halfClose = false } = {}) {
  const { socket, ended, received } = connect(server);
  const sleep = (time) => new Promise((resolve) => setTimeout(resolve, time));
  const sleeping = new AbortController();
  let closed = false;
  ended.then(() => (closed = true));
  for (const part of [parts].flat()) {
    if (closed) break;
    socket.write(typeof part === "string" ? Buffer.from(part, "latin1") : part);
    if (gapMs) await sleep(gapMs);
  }
  if (halfClose) socket.end();
  await Promise.race([
    ended,
    new Promise((resolve) => {
      const look = () => enough(received()) && resolve();
      socket.on("data", look);
      look();
    }),
    new Promise((resolve) => {
      const timer = setTimeout(resolve, limitMs(ms));
      sleeping.signal.addEventListener("abort", () => clearTimeout(timer));
    }),
  ]);
  sleeping.abort();
  socket.destroy();
  return { text: received(), closed };
}

// The answers in a stream of bytes: [{ status, headers, body }]. Only Content-Length framing, which is
// all that the server uses but for event streams.
export function answersIn(text) {
  const answers = [];
  while (text) {
    const end = text.indexOf("\r\n\r\n");
    const [first, ...lines] = text.slice(0, end < 0 ? text.length : end).split("\r\n");
    const status = Number(first.match(/^HTTP\/1\.1 (\d{3}) /)?.[1]);
    if (end < 0 || !status) throw new Error(`not an answer: ${JSON.stringify(text.slice(0, 200))}`);
    const headers = Object.fromEntries(lines.map((line) => {
      const at = line.indexOf(":");
      return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
    }));
    const length = status < 200 || status === 204 || status === 304 ? 0 : Number(headers["content-length"] ?? 0);
    answers.push({ status, headers, body: text.slice(end + 4, end + 4 + length) });
    text = text.slice(end + 4 + length);
  }
  return answers;
}
