// An application of the Verify v2 dialect, on plain fetch: every reply is held against the contract.
// And a device of Verify Push, written from the protocol alone.
import assert from "node:assert/strict";
import { createSign, generateKeyPairSync } from "node:crypto";
import { Contract } from "./contract.js";
import { newest } from "./outbox.js";
import { saw } from "./scrub.js";
import { command } from "./server.js";

// Keys of a new application on a running server.
export function newApp(server, name) {
  const made = command(["app", "create", name, "--json"], { data_dir: server.dataDir });
  assert.equal(made.code, 0, made.err);
  return JSON.parse(made.out);
}

export class VerifyApp {
  contract = new Contract();

  constructor(server, keys) {
    Object.assign(this, { server, keys, user: keys.account_sid, password: keys.auth_token });
    this.service = `/Services/${keys.service_sid}`;
  }

  // params: an object (a list stands for the name again and again) or URLSearchParams.
  async call(method, path, params, { user = this.user, password = this.password, headers = {} } = {}) {
    const form = new URLSearchParams();
    for (const [name, value] of Object.entries(params ?? {}))
      for (const one of [value].flat()) if (one !== undefined) form.append(name, one);
    const sent = method === "POST" ? { body: form } : {};
    const query = method === "GET" && form.size ? `?${form}` : "";
    const reply = await fetch(`${this.server.url}/v2${path}${query}`, {
      method, ...sent,
      headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`, ...headers },
    });
    const text = await reply.text();
    const body = text ? JSON.parse(text) : undefined;
    saw.body(Object.fromEntries(form));
    saw.body(body);
    this.contract.check(method, `/v2${path.split("?")[0]}`, reply.status, reply.headers, body);
    return { status: reply.status, headers: reply.headers, body };
  }

  get(path, params, options) {
    return this.call("GET", path, params, options);
  }

  post(path, params, options) {
    return this.call("POST", path, params, options);
  }

  delete(path, options) {
    return this.call("DELETE", path, undefined, options);
  }

  // The body of a reply that must have this status.
  async ok(status, reply) {
    const { status: got, body } = await reply;
    assert.equal(got, status, JSON.stringify(body));
    return body;
  }

  // A refusal with this code, whatever its words.
  async refused(status, code, reply) {
    const { status: got, body, headers } = await reply;
    assert.deepEqual([got, body?.code], [status, code], JSON.stringify(body));
    return { body, headers };
  }

  start(to, params = {}) {
    return this.post(`${this.service}/Verifications`, { To: to, Channel: "sms", ...params });
  }

  check(to, code, params = {}) {
    return this.post(`${this.service}/VerificationCheck`, { To: to, Code: code, ...params });
  }

  // The code of the newest message to an address, and one that is wrong.
  async code(to) {
    return (await newest(this.server, to)).code;
  }

  async wrongCode(to) {
    const right = await this.code(to);
    return String((Number(right) + 1) % 10 ** right.length).padStart(right.length, "0");
  }
}

// Moves the server's clock to so many seconds beside the real one.
export async function setClock(server, offsetS) {
  const reply = await fetch(`${server.url}/test/clock`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ offset_s: offsetS }),
  });
  assert.equal(reply.status, 200, await reply.text());
}

const base64url = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

export class PushDevice {
  constructor(app, identity) {
    Object.assign(this, { app, identity }, generateKeyPairSync("ec", { namedCurve: "P-256" }));
    this.path = `${app.service}/Entities/${identity}`;
    this.offsetS = 0; // of the server's clock, as the SDKs learn it from Date
  }

  get publicKeyText() {
    return this.publicKey.export({ type: "spki", format: "der" }).toString("base64");
  }

  get binding() {
    return {
      FriendlyName: "Alice's phone", FactorType: "push", "Binding.Alg": "ES256",
      "Binding.PublicKey": this.publicKeyText, "Config.AppId": "com.example.app",
      "Config.NotificationPlatform": "none", "Config.SdkVersion": "3.0.0",
    };
  }

  sign(text, dsaEncoding) {
    return createSign("SHA256").update(text).sign({ key: this.privateKey, dsaEncoding });
  }

  jwt(header, payload) {
    const text = `${base64url(header)}.${base64url(payload)}`;
    return `${text}.${this.sign(text, "ieee-p1363").toString("base64url")}`;
  }

  // How the device proves itself from now on: a token made for this very call.
  auth(changes = {}) {
    const now = Math.floor(Date.now() / 1000) + this.offsetS;
    const header = { cty: "twilio-pba;v=1", kid: this.factor.config.credential_sid, typ: "JWT", alg: "ES256" };
    return { user: "token", password: this.jwt({ ...header, ...changes.header }, {
      sub: this.app.keys.account_sid, exp: now + 600, nbf: now, ...changes.payload }) };
  }

  // Registers; with an access token as a device does, or with the account's credentials.
  async enrol({ token, ...changes } = {}) {
    const options = token ? { user: "token", password: token } : {};
    this.factor = await this.app.ok(201, this.app.post(`${this.path}/Factors`, { ...this.binding, ...changes }, options));
    return this.factor;
  }

  get factorPath() {
    return `${this.path}/Factors/${this.factor.sid}`;
  }

  get proof() {
    return this.sign(this.factor.sid, "der").toString("base64");
  }

  async verify() {
    this.factor = { ...this.factor, ...await this.app.ok(200,
      this.app.post(this.factorPath, { AuthPayload: this.proof }, this.auth())) };
    assert.equal(this.factor.status, "verified");
  }

  // The compact JWT that answers a challenge, made from the reply that the device got.
  answer(body, fields, status, changes = {}) {
    const payload = Object.fromEntries(fields.split(",").map((name) => [name, body[name]]));
    return this.jwt({ typ: "JWT", alg: "ES256" }, { ...payload, status, ...changes });
  }

  async fetchAndAnswer(sid, status, changes) {
    const { body, headers } = await this.app.get(`${this.path}/Challenges/${sid}`, undefined, this.auth());
    const payload = this.answer(body, headers.get("twilio-verify-signature-fields"), status, changes);
    return this.app.post(`${this.path}/Challenges/${sid}`, { AuthPayload: payload }, this.auth());
  }
}
