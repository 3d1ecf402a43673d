// SMS from an application's request to a carrier's SMS centre by SMPP 3.4, and what may go wrong on the way.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Client } from "../lib/client.js";
import { freePorts } from "../lib/kannel.js";
import { command, eventually, startServer } from "../lib/server.js";
import { Smsc } from "../lib/smsc.js";

async function production(options) {
  const [port] = await freePorts(1);
  const server = await startServer({ mode: "production", listen: `127.0.0.1:${port}`, public_url: `http://127.0.0.1:${port}`, stop_grace_ms: 2000, ...options });
  const made = command(["app", "create", "shop", "--json"], { data_dir: server.dataDir });
  assert.equal(made.code, 0, made.err);
  server.keys = JSON.parse(made.out);
  return server;
}

let counter = 0;
const newNumber = () => `+49151${String(process.pid % 10000).padStart(4, "0")}${String(counter++).padStart(4, "0")}`;

const basic = ({ account_sid, auth_token }) => `Basic ${Buffer.from(`${account_sid}:${auth_token}`).toString("base64")}`;
async function call(server, path, fields) {
  const answer = await new Client(server).post(`/v2/Services/${server.keys.service_sid}${path}`, fields, { headers: { authorization: basic(server.keys) } });
  assert.ok(answer.status < 300, `${answer.status} ${answer.text}`);
  return answer.json;
}
const verify = (server, what, fields) => call(server, `/${what}`, fields);
async function askForCode(server, fields = {}) {
  const to = newNumber();
  await verify(server, "Verifications", { To: to, Channel: "sms", ...fields });
  return to;
}
const codeIn = (text) => text.match(/\b(\d{6})\b/)?.[1] ?? assert.fail(`no code: ${text}`);

const logged = (server, event) => server.log.split("\n").filter((line) => line.includes(` event=${event} `));
const waitLogged = (server, event, count = 1) => eventually(() => {
  const lines = logged(server, event);
  assert.ok(lines.length >= count, `${lines.length} of ${count} ${event}:\n${server.log}`);
  return lines;
}, { ms: 20_000 });

describe("text", () => {
  let smsc, server;
  before(async () => {
    smsc = await Smsc.open();
    server = await production(smsc.options);
    await call(server, "", { Psd2Enabled: "true" }); // so that a text may hold what we like
  });
  after(async () => {
    await server.stop();
    await smsc.close();
  });

  test("a code reaches the phone and works", async () => {
    const paid = { Amount: "5 EUR", Payee: "a shop" };
    const to = await askForCode(server, paid);
    const sms = await smsc.next(to);
    const [{ source_addr_ton, source_addr_npi, dest_addr_ton, dest_addr_npi, data_coding, registered_delivery, validity_period }] = sms.pdus;
    assert.deepEqual([sms.from, source_addr_ton, source_addr_npi, dest_addr_ton, dest_addr_npi], ["ACME", 5, 0, 1, 1]);
    assert.deepEqual([data_coding, registered_delivery, sms.parts], [0, 1, 1]);
    assert.equal((await verify(server, "VerificationCheck", { To: to, Code: codeIn(sms.text), ...paid })).status, "approved");
    const [line] = await waitLogged(server, "sent");
    assert.match(line, / provider_id="?m1"?$/);
    // the carrier drops it by itself when the code is over
    const left = (validity_period.getTime?.() ?? NaN) - Date.now();
    assert.ok(left > 500_000 && left < 620_000, `valid for ${left} ms: ${validity_period}`);
    assert.deepEqual(smsc.binds.map((pdu) => [pdu.system_id, pdu.interface_version]), [["acme", 0x34]]);
  });

  test("GSM 7-bit with its extension: the euro sign, brackets", async () => {
    const to = await askForCode(server, { Amount: "€39.99 [~]", Payee: "@Ñandù {Öl}" });
    const sms = await smsc.next(to);
    assert.equal(sms.pdus[0].data_coding, 0);
    assert.match(sms.text, /\(@Ñandù \{Öl\}, €39\.99 \[~\]\)/);
  });

  test("what that alphabet lacks goes as UCS-2, also beyond 16 bits", async () => {
    const to = await askForCode(server, { Locale: "ru", Amount: "5 €", Payee: "Кафе 🔐" });
    const sms = await smsc.next(to);
    assert.equal(sms.pdus[0].data_coding, 8);
    assert.match(sms.text, /\(Кафе 🔐, 5 €\)/);
    codeIn(sms.text);
  });
});
