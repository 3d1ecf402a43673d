// An authenticator written from docs/wire/device.md alone, with Node's own cryptography: the independent
// peer of the program's. Every step can be bent by a test.
//
//   const phone = await Device.pair(server, link, { name: "Pixel 9" });
//   const [asked] = await phone.pending();
//   const { json } = await phone.answer(asked, "approved", "482913");
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { Client } from "./client.js";

export const base64url = (bytes) => Buffer.from(bytes).toString("base64url");
export const digest = (text) => base64url(createHash("sha256").update(text).digest());
// { privateKey, point }: point is the uncompressed one, 65 bytes.
export function newKey() {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x, y } = publicKey.export({ format: "jwk" });
  return { privateKey, point: Buffer.concat([Buffer.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]) };
}

export const signText = (privateKey, text) => base64url(sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" }));

export const tokenOf = (link) => {
  const found = new URL(link).hash.match(/^#pair=([A-Za-z0-9_-]{43}|YK[0-9a-f]{32}-[A-Za-z0-9_-]{43})$/);
  assert.ok(found, `no pairing link: ${link}`);
  return found[1];
};

export const pairText = (token, publicKey) => `countersign-pair-v1\n${token}\n${publicKey}`;

export const requestText = ({ method, target, body, time, nonce, device }) =>
  ["countersign-request-v1", method, target, digest(body), time, nonce, device].map((line) => `${line}\n`).join("");

export class Device {
  constructor(server, key, facts) {
    Object.assign(this, facts); // device, credential, service, service_name, account, push_key
    this.server = server;
    this.key = key;
    this.client = new Client(server);
    this.aheadS = 0; // of the real time, where a test moves the server's clock
  }

  now() {
    return Math.floor(Date.now() / 1000) + this.aheadS;
  }

  // The raw request; what `change` holds replaces what is sent.
  static askToPair(server, token, { name = "Pixel 9", platform = "Chrome on Android", key = newKey(), ...change } = {}) {
    const publicKey = base64url(key.point);
    const body = { token, name, platform, public_key: publicKey, signature: signText(key.privateKey, pairText(token, publicKey)), ...change };
    return new Client(server).postJson("/device/pair", body);
  }

  static async pair(server, link, { key = newKey(), ...more } = {}) {
    const answer = await Device.askToPair(server, tokenOf(link), { key, ...more });
    assert.equal(answer.status, 201, answer.text);
    return new Device(server, key, answer.json);
  }

  // The headers of a signed request; `change` replaces what is signed, `sent` what is sent.
  headers(method, target, body = "", { change = {}, sent = {} } = {}) {
    const signed = { method, target, body, time: String(this.now()), nonce: base64url(randomBytes(18)), device: this.device, ...change };
    return {
      "x-device": signed.device, "x-device-time": signed.time, "x-device-nonce": signed.nonce,
      "x-device-signature": signText(this.key.privateKey, requestText(signed)), ...sent,
    };
  }

  request(method, target, value, bent = {}) {
    const body = value === undefined ? "" : JSON.stringify(value);
    const headers = this.headers(method, target, body, bent);
    if (value !== undefined) headers["content-type"] = "application/json";
    return this.client.request(method, target, { headers, body: value === undefined ? undefined : body });
  }

  async pending() {
    const { status, json, text } = await this.request("GET", "/device/challenges");
    assert.equal(status, 200, text);
    return json.challenges;
  }

  // The one request that waits, as the person sees it.
  async asked() {
    const list = await this.pending();
    assert.equal(list.length, 1, `${list.length} requests wait`);
    return { ...list[0], shows: JSON.parse(list[0].shown) };
  }

  payload(challenge, decision, digits = "", change = {}) {
    return {
      v: 1, service: this.service, challenge: challenge.id, device: this.device, shown_digest: digest(challenge.shown),
      hidden_digest: challenge.hidden_digest, decision, digits, at: this.now(), ...change,
    };
  }

  // Signs these very bytes and sends them.
  sendAnswer(challenge, bytes, { signature = signText(this.key.privateKey, bytes), ...bent } = {}) {
    return this.request("POST", `/device/challenges/${challenge.id}/answer`, { payload: base64url(bytes), signature }, bent);
  }

  answer(challenge, decision, digits, change) {
    return this.sendAnswer(challenge, JSON.stringify(this.payload(challenge, decision, digits, change)));
  }

  // Events as they come: for await (const { event, data } of phone.events()).
  events(client = new Client(this.server, { headers: this.headers("GET", "/device/events") })) {
    return client.events("/device/events");
  }
}
