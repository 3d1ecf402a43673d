// A browser vendor's push service (RFC 8030) on loopback. What arrives is opened with npm http_ece and
// its sender's signature checked with Node's own cryptography: independent of the program under test.
//
//   const service = await PushService.open();                  // https://localhost:PORT
//   const subscription = service.subscribe(phone.push_key);    // { endpoint, p256dh, auth }
//   subscription.answer(503, { "retry-after": "1" });          // once; 201 otherwise
//   const push = await subscription.next();                    // { text, claims, headers, status, at }
import assert from "node:assert/strict";
import { createECDH, createPublicKey, randomBytes, verify } from "node:crypto";
import { once } from "node:events";
import https from "node:https";
import ece from "http_ece";
import { newAuthority } from "./certificate.js";
import { limitMs } from "./server.js";

const vapidLifeMaxS = 24 * 3600;

// "vapid t=…, k=…" (RFC 8292): the claims, once the signature holds. key: who has to have signed.
export function checkVapid(header, { origin, key }) {
  const [, token, name] = header.match(/^vapid t=([\w-]+\.[\w-]+\.[\w-]+), k=([\w-]+)$/) ?? assert.fail(`no VAPID: ${header}`);
  const [head, payload, signature] = token.split(".");
  const point = Buffer.from(name, "base64url");
  assert.equal(name, key, "signed by the key that the subscription was made for");
  assert.deepEqual([point.length, point[0]], [65, 4]);
  const publicKey = createPublicKey({ format: "jwk", key: {
    kty: "EC", crv: "P-256", x: point.subarray(1, 33).toString("base64url"), y: point.subarray(33).toString("base64url"),
  } });
  assert.ok(verify("sha256", Buffer.from(`${head}.${payload}`), { key: publicKey, dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url")), "the VAPID signature");
  assert.deepEqual(JSON.parse(Buffer.from(head, "base64url")), { typ: "JWT", alg: "ES256" });
  const claims = JSON.parse(Buffer.from(payload, "base64url"));
  const leftS = claims.exp - Date.now() / 1000;
  assert.equal(claims.aud, origin);
  assert.ok(leftS > 0 && leftS <= vapidLifeMaxS, `exp is ${leftS} s ahead`);
  assert.match(claims.sub, /^(mailto:|https:)/);
  return claims;
}

class Subscription {
  constructor(service, key) {
    this.service = service;
    this.key = key; // the sender's, base64url
    this.token = randomBytes(12).toString("base64url");
    this.endpoint = `${service.origin}/push/${this.token}`;
    this.ecdh = createECDH("prime256v1");
    this.p256dh = this.ecdh.generateKeys("base64url");
    this.auth = randomBytes(16).toString("base64url");
    this.answers = []; // for the next requests, in order
    this.got = []; // every request so far
    this.waiting = [];
  }

  // What the browser hands to the web app.
  get facts() {
    return { endpoint: this.endpoint, p256dh: this.p256dh, auth: this.auth };
  }

  // How the next request is answered: a status, "reset" (no answer) or "hang" (none either, and the
  // connection stays).
  answer(status, headers = {}) {
    this.answers.push({ status, headers });
    return this;
  }

  arrived(push) {
    this.got.push(push);
    this.waiting.shift()?.(push);
  }

  // The next request that was not given out yet. Whoever gives up is told how many there were.
  async next({ ms = 5000 } = {}) {
    this.given ??= 0;
    if (this.given < this.got.length) return this.got[this.given++];
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no push number ${this.given + 1} in ${ms} ms`)), limitMs(ms));
    });
    const push = await Promise.race([new Promise((resolve) => this.waiting.push(resolve)), late]);
    clearTimeout(timer);
    this.given++;
    return push;
  }
}

export class PushService {
  // The certificate is for these names; the first is the one in endpoints.
  static async open({ hosts = ["localhost"], authority = newAuthority(), port } = {}) {
    const service = new PushService();
    service.authority = authority;
    service.subscriptions = new Map();
    service.faults = []; // what a real service would have refused
    service.certificate = authority.issue(...hosts);
    service.server = https.createServer(service.certificate, (rq, rs) => service.take(rq, rs));
    service.server.listen(0, "127.0.0.1");
    await once(service.server, "listening");
    service.port = service.server.address().port;
    service.origin = port === 443 ? `https://${hosts[0]}` : `https://${hosts[0]}:${service.port}`;
    return service;
  }

  // The settings with which a server under test reaches it.
  get options() {
    return { egress_ca_file: this.authority.file, push_hosts: new URL(this.origin).hostname, egress_allow: "127.0.0.0/8" };
  }

  subscribe(key) {
    const subscription = new Subscription(this, key);
    this.subscriptions.set(subscription.token, subscription);
    return subscription;
  }

  // Opens one request as the browser would. Throws when anything is not as the three RFCs have it.
  read(subscription, rq, body) {
    assert.equal(rq.method, "POST");
    assert.equal(rq.headers["content-encoding"], "aes128gcm");
    assert.match(rq.headers.ttl ?? "", /^\d+$/);
    assert.ok(body.length <= 4096, `${body.length} bytes`);
    return {
      headers: rq.headers,
      claims: checkVapid(rq.headers.authorization ?? "", { origin: this.origin, key: subscription.key }),
      text: ece.decrypt(body, { version: "aes128gcm", privateKey: subscription.ecdh, authSecret: subscription.auth }).toString(),
      at: Date.now(),
    };
  }

  async take(rq, rs) {
    const chunks = [];
    for await (const chunk of rq) chunks.push(chunk);
    const subscription = this.subscriptions.get(rq.url.match(/^\/push\/([\w-]+)$/)?.[1]);
    if (!subscription) return void rs.writeHead(410).end();
    const { status, headers } = subscription.answers.shift() ?? { status: 201, headers: {} };
    try {
      subscription.arrived({ status, ...this.read(subscription, rq, Buffer.concat(chunks)) });
    } catch (error) {
      this.faults.push(error);
      return void rs.writeHead(400).end();
    }
    if (status === "reset") return void rq.socket.destroy();
    if (status === "hang") return undefined;
    return void rs.writeHead(status, { location: `${this.origin}/message/${randomBytes(6).toString("base64url")}`, ...headers }).end();
  }

  // Ends it and fails if anything was not as it should be.
  async close() {
    this.server.closeAllConnections();
    this.server.close();
    assert.deepEqual(this.faults, []);
  }
}
