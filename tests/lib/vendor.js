// Chromium's push service on loopback, so that a real browser subscribes and gets real pushes without
// the vendor. Chromium speaks three protocols to it, of which this knows as much as it needs:
//
//   check-in      HTTP POST; the answer names the browser (protobuf AndroidCheckinResponse)
//   registration  HTTP POST of a form; the answer is token=…, which becomes the subscription's URL
//   MCS           TLS, version byte 41, then tag, varint length, protobuf; pushes come down here
//
//   const vendor = await Vendor.open();
//   const context = await vendor.browser();                    // a persistent Chromium context
//   startServer({ ...vendor.options });                        // reaches the vendor's name on loopback
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import tls from "node:tls";
import { chromium } from "playwright-core";
import { chromiumPath } from "./browser.js";
import { newAuthority, spkiDigest } from "./certificate.js";
import { limitMs, temporaryFolder } from "./server.js";

const endpointHost = "jmt17.google.com"; // fixed in Debian's Chromium
const mcsVersion = 41;
const tag = { ping: 0, pong: 1, login: 2, loginAnswer: 3, close: 4, data: 8 };

// --- protobuf, as far as needed ------------------------------------------------------------------

function varint(number) {
  const bytes = [];
  let rest = BigInt(number);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

function fixed64(number) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(number);
  return bytes;
}

const field = {
  int: (number, value) => Buffer.concat([varint(number << 3), varint(value)]),
  fixed64: (number, value) => Buffer.concat([varint(number << 3 | 1), fixed64(value)]),
  bytes: (number, value) => Buffer.concat([varint(number << 3 | 2), varint(Buffer.byteLength(value)), Buffer.from(value)]),
};

// Takes one varint off bytes at `at`: [value, next], or undefined when it is not all there.
function readVarint(bytes, at) {
  let value = 0;
  for (let shift = 0; at < bytes.length; shift += 7) {
    value |= (bytes[at] & 127) << shift;
    if (bytes[at++] < 128) return [value, at];
  }
  return undefined;
}

// --- the vendor ----------------------------------------------------------------------------------

async function listen(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server.address().port;
}

async function bodyOf(rq) {
  const chunks = [];
  for await (const chunk of rq) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export class Vendor {
  static async open() {
    const vendor = new Vendor();
    vendor.authority = newAuthority("Test vendor");
    vendor.registrations = new Map(); // token -> { app, sender, subtype }
    vendor.pushes = []; // every request to a subscription's URL: { status, headers, body }
    vendor.sockets = new Set(); // of browsers that are logged in
    vendor.certificate = vendor.authority.issue(endpointHost, "localhost", "127.0.0.1");
    vendor.http = http.createServer((rq, rs) => vendor.register(rq, rs));
    vendor.mcs = tls.createServer(vendor.certificate, (socket) => vendor.speak(socket));
    vendor.mcs.on("tlsClientError", () => {}); // a browser that is being closed
    vendor.https = https.createServer(vendor.certificate, (rq, rs) => vendor.push(rq, rs));
    [vendor.httpPort, vendor.mcsPort, vendor.httpsPort] = await Promise.all([vendor.http, vendor.mcs, vendor.https].map(listen));
    return vendor;
  }

  // The settings with which a server under test reaches subscriptions.
  get options() {
    return {
      egress_ca_file: this.authority.file, egress_allow: "127.0.0.0/8",
      egress_connect_to: `${endpointHost}:443:127.0.0.1:${this.httpsPort}`,
    };
  }

  // A Chromium with a profile of its own; push does not work in the throw-away ones.
  async browser(options = {}) {
    this.context = await chromium.launchPersistentContext(temporaryFolder(), {
      executablePath: chromiumPath(), timeout: limitMs(60_000), ignoreDefaultArgs: ["--disable-background-networking"],
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update", "--disable-sync",
        `--gcm-checkin-url=http://127.0.0.1:${this.httpPort}/checkin`, `--gcm-registration-url=http://127.0.0.1:${this.httpPort}/register`,
        `--gcm-mcs-endpoint=https://localhost:${this.mcsPort}`, `--ignore-certificate-errors-spki-list=${spkiDigest(this.certificate)}`],
      ...options,
    });
    this.context.setDefaultTimeout(limitMs(20_000));
    return this.context;
  }

  async register(rq, rs) {
    const body = await bodyOf(rq);
    if (rq.url.startsWith("/checkin"))
      return void rs.writeHead(200, { "content-type": "application/x-protobuf" }).end(Buffer.concat([
        field.int(1, 1), field.int(3, Date.now()), field.fixed64(7, 0x1234567890abcden), field.fixed64(8, 0x0fedcba987654321n),
      ]));
    const form = new URLSearchParams(body.toString());
    const token = `tok${randomBytes(9).toString("base64url")}`;
    if (form.get("delete") !== "true")
      this.registrations.set(token, { app: form.get("app"), sender: form.get("sender"), subtype: form.get("X-subtype") });
    return void rs.writeHead(200, { "content-type": "text/plain" }).end(`token=${token}`);
  }

  speak(socket) {
    let got = Buffer.alloc(0), version = false;
    const send = (kind, ...parts) => {
      const body = Buffer.concat(parts);
      socket.write(Buffer.concat([Buffer.of(kind), varint(body.length), body]));
    };
    socket.send = send;
    socket.on("error", () => {});
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("data", (chunk) => {
      got = Buffer.concat([got, chunk]);
      if (!version && got.length) {
        assert.equal(got[0], mcsVersion);
        got = got.subarray(1);
        version = true;
      }
      for (let length; got.length > 1 && (length = readVarint(got, 1)); ) {
        const [size, at] = length;
        if (got.length < at + size) return;
        const kind = got[0];
        got = got.subarray(at + size);
        if (kind === tag.login) {
          socket.write(Buffer.of(mcsVersion));
          send(tag.loginAnswer, field.bytes(1, "1"), field.int(8, Date.now()));
          this.sockets.add(socket);
        } else if (kind === tag.ping) send(tag.pong);
      }
    });
  }

  async push(rq, rs) {
    const body = await bodyOf(rq);
    const answer = (status) => {
      this.pushes.push({ status, headers: rq.headers, body });
      rs.writeHead(status, { location: `https://${endpointHost}/message/${this.pushes.length}` }).end();
    };
    const known = this.registrations.get(rq.url.match(/^\/fcm\/send\/([\w-]+)$/)?.[1]);
    if (!known) return answer(410);
    if (!this.sockets.size) return answer(503);
    const data = Object.entries({ subtype: known.subtype, "content-encoding": "aes128gcm" })
      .map(([key, value]) => field.bytes(7, Buffer.concat([field.bytes(1, key), field.bytes(2, value)])));
    const id = randomBytes(6).toString("hex");
    for (const socket of this.sockets)
      socket.send(tag.data, field.bytes(2, id), field.bytes(3, known.sender), field.bytes(5, known.app), ...data, field.bytes(9, id),
        field.int(17, rq.headers.ttl), field.int(18, Date.now()), field.bytes(21, body));
    return answer(201);
  }

  // Forgets all subscriptions: the next push to one is answered 410.
  forget() {
    this.registrations.clear();
  }

  async close() {
    await this.context?.close();
    for (const server of [this.http, this.mcs, this.https]) {
      server.closeAllConnections?.();
      server.close();
    }
    for (const socket of this.sockets) socket.destroy();
  }
}
