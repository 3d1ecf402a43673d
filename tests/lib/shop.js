// A server in production mode with one application, "shop", that asks for codes by SMS, as often as it likes.
//
//   const shop = await Shop.open(smsc.options);
//   const to = await shop.askForCode();
//   await shop.server.stop();
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { Client } from "./client.js";
import { command, eventually, startProduction } from "./server.js";

const basic = ({ account_sid, auth_token }) => `Basic ${Buffer.from(`${account_sid}:${auth_token}`).toString("base64")}`;

// Numbers of one run, no two alike.
let counter = 0;
export const newNumber = () => `+49151${String(process.pid % 10000).padStart(4, "0")}${String(counter++).padStart(4, "0")}`;
export const codeIn = (text) => text.match(/\b(\d{6})\b/)?.[1] ?? assert.fail(`no code: ${text}`);

export class Shop {
  static async open(options) {
    const shop = new Shop();
    shop.server = await startProduction({ stop_grace_ms: 5000, phone_firewall: "off", ...options });
    const made = command(["app", "create", "shop", "--json"], { data_dir: shop.server.dataDir });
    assert.equal(made.code, 0, made.err);
    shop.keys = JSON.parse(made.out);
    return shop;
  }

  async restart(options) {
    this.server = await this.server.restart(options);
  }

  async call(where, fields) {
    if (this.client?.server !== this.server) this.client = new Client(this.server);
    const answer = await this.client.post(`/v2/Services/${this.keys.service_sid}${where}`, fields, { headers: { authorization: basic(this.keys) } });
    assert.ok(answer.status < 300, `${answer.status} ${answer.text}`);
    return answer.json;
  }

  // So that a text may hold what we like: Amount and Payee.
  allowPayments() {
    return this.call("", { Psd2Enabled: "true" });
  }

  async askForCode(fields = {}) {
    const to = newNumber();
    await this.call("/Verifications", { To: to, Channel: "sms", ...fields });
    return to;
  }

  async check(to, text, fields = {}) {
    return (await this.call("/VerificationCheck", { To: to, Code: codeIn(text), ...fields })).status;
  }

  logged(event) {
    return this.server.log.split("\n").filter((line) => line.includes(` event=${event} `));
  }

  waitLogged(event, count = 1) {
    return eventually(() => {
      const lines = this.logged(event);
      assert.ok(lines.length >= count, `${lines.length} of ${count} ${event}:\n${this.server.log}`);
      return lines;
    }, { ms: 30_000 });
  }

  sql(statement) {
    const done = spawnSync("sqlite3", ["-json", "-cmd", ".timeout 5000", path.join(this.server.dataDir, "countersign.db"), statement], { encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
    return done.stdout ? JSON.parse(done.stdout) : [];
  }

  // The message to a number, as the store has it.
  row(to) {
    const [row] = this.sql(`SELECT id, state, attempts, lost_count, why, provider_id, receipt FROM outbox WHERE target = '${to}' ORDER BY id DESC LIMIT 1`);
    return row ?? assert.fail(`no message to ${to}`);
  }

  waitRow(to, wanted) {
    return eventually(() => {
      const row = this.row(to);
      assert.deepEqual({ ...row, ...wanted }, row);
      return row;
    }, { ms: 30_000, everyMs: 100 });
  }
}
