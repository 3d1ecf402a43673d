// SMS from an application's request to a carrier's SMS centre by SMPP 3.4: what arrives, and what
// receipts change. tests/channel/smpp_faults.test.js has what goes wrong.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { newAuthority } from "../lib/certificate.js";
import { command, eventually, temporaryFolder } from "../lib/server.js";
import { codeIn, Shop } from "../lib/shop.js";
import { Smsc } from "../lib/smsc.js";

// A carrier and a shop for one test, both gone behind it.
async function scene(t, settings, options) {
  const smsc = await Smsc.open(options);
  const shop = await Shop.open({ ...smsc.options, ...settings });
  t.after(async () => {
    await shop.server.stop();
    await smsc.close();
  });
  return { smsc, shop };
}

describe("text", () => {
  let smsc, shop;
  before(async () => {
    smsc = await Smsc.open();
    shop = await Shop.open(smsc.options);
    await shop.allowPayments();
  });
  after(async () => {
    await shop.server.stop();
    assert.ok(smsc.commands.includes("unbind"), "it left without a word");
    await smsc.close();
  });

  test("a code reaches the phone and works", async () => {
    const paid = { Amount: "5 EUR", Payee: "a shop" };
    const to = await shop.askForCode(paid);
    const sms = await smsc.next(to);
    const [pdu] = sms.pdus;
    assert.deepEqual([sms.from, pdu.source_addr_ton, pdu.source_addr_npi, pdu.dest_addr_ton, pdu.dest_addr_npi], ["ACME", 5, 0, 1, 1]);
    assert.deepEqual([pdu.data_coding, pdu.registered_delivery, sms.parts], [0, 1, 1]);
    assert.equal(await shop.check(to, sms.text, paid), "approved");
    assert.match((await shop.waitLogged("sent"))[0], / provider_id="?m1"?$/);
    // the carrier drops it by itself when the code is over
    const left = pdu.validity_period.getTime() - Date.now();
    assert.ok(left > 500_000 && left < 610_000, `valid for ${left} ms`);
    assert.deepEqual(smsc.binds.map((bind) => [bind.system_id, bind.interface_version]), [["acme", 0x34]]);
  });

  test("GSM 7-bit with its extension: the euro sign, brackets", async () => {
    const sms = await smsc.next(await shop.askForCode({ Amount: "€39.99 [~]", Payee: "@Ñandù {Öl}" }));
    assert.equal(sms.pdus[0].data_coding, 0);
    assert.match(sms.text, /\(@Ñandù \{Öl\}, €39\.99 \[~\]\)/);
  });

  test("what that alphabet lacks goes as UCS-2, also beyond 16 bits", async () => {
    const sms = await smsc.next(await shop.askForCode({ Locale: "ru", Amount: "5 €", Payee: "Кафе 🔐" }));
    assert.equal(sms.pdus[0].data_coding, 8);
    assert.match(sms.text, /\(Кафе 🔐, 5 €\)/);
    codeIn(sms.text);
  });

  test("the log has no number, code or password", () => {
    for (const { to, text } of smsc.whole) {
      assert.ok(!shop.server.log.includes(to.slice(1)), "a number");
      assert.ok(!new RegExp(`\\b${codeIn(text)}\\b`).test(shop.server.log), "a code");
    }
    assert.ok(!shop.server.log.includes(smsc.password));
  });
});

describe("long texts", () => {
  const payee = `${"A long name of €uros and [brackets], ".repeat(6)}end`; // 225 characters, some of two septets
  const russian = "Очень длинное имя получателя, ".repeat(7);
  for (const [how, payees] of [["udh", { [payee]: 3, [russian]: 5 }], ["sar", { [payee]: 3 }], ["payload", { [payee]: 1 }]])
    test(how, async (t) => {
      const { smsc, shop } = await scene(t, { smpp_long: how, sms_from: "+14155550100" });
      await shop.allowPayments();
      for (const [name, parts] of Object.entries(payees)) {
        const paid = { Amount: "€1, in words one €uro and not a cent more of whatever kind", Payee: name.trim() };
        const to = await shop.askForCode(paid);
        const sms = await smsc.next(to);
        assert.ok(sms.text.length > 300 || sms.pdus[0].data_coding === 8, `${sms.text.length} characters`);
        assert.ok(sms.text.includes(name.trim()), sms.text);
        assert.equal(sms.parts, parts);
        assert.deepEqual(sms.pdus.map((pdu) => pdu.registered_delivery), [...Array(parts - 1).fill(2), 1], "one receipt, and one for each part that fails");
        assert.deepEqual([sms.from, sms.pdus[0].source_addr_ton, sms.pdus[0].source_addr_npi], ["14155550100", 1, 1]);
        assert.equal((await shop.waitRow(to, { state: "sent" })).provider_id, sms.id);
        assert.equal(await shop.check(to, sms.text, paid), "approved");
      }
    });
});

describe("receipts", () => {
  let smsc, shop;
  before(async () => {
    smsc = await Smsc.open();
    shop = await Shop.open(smsc.options);
  });
  after(async () => {
    await shop.server.stop();
    await smsc.close();
  });
  const sent = async () => {
    const to = await shop.askForCode();
    return { to, id: (await smsc.next(to)).id };
  };

  for (const [stat, receipt] of [["DELIVRD", "delivered"], ["UNDELIV", "undelivered"], ["EXPIRED", "undelivered"], ["REJECTD", "undelivered"],
    ["DELETED", "undelivered"], ["ENROUTE", "accepted"], ["ACCEPTD", "accepted"]])
    for (const tlv of [false, true])
      test(`${stat}${tlv ? " in TLVs, which go before the text" : ""}: ${receipt}`, async () => {
        const { to, id } = await sent();
        assert.equal(await smsc.receipt(id, stat, { tlv, err: "011" }), 0);
        const row = await shop.waitRow(to, { state: "sent", receipt });
        assert.equal(row.why, receipt === "undelivered" ? `the carrier reports ${stat}, error 011` : "");
      });

  test("the last word stays", async () => {
    const { to, id } = await sent();
    for (const stat of ["ENROUTE", "DELIVRD", "DELIVRD", "UNDELIV", "ENROUTE"]) assert.equal(await smsc.receipt(id, stat), 0);
    await shop.waitRow(to, { receipt: "delivered", why: "" });
  });

  test("what is no receipt of ours is answered and changes nothing", async () => {
    const { to, id } = await sent();
    assert.equal(await smsc.receipt("nobody", "DELIVRD"), 0);
    assert.equal(await smsc.receipt(id, "DELIVRD", { text: "no receipt" }), 0);
    assert.equal(await smsc.receipt(id, "DELIVRD", { text: `id:${id} stat:` }), 0);
    assert.equal(await smsc.receipt(id, "DELIVRD", { esm_class: 0, text: `id:${id} stat:DELIVRD` }), 0, "somebody's answer, in the words of a receipt");
    await shop.waitRow(to, { state: "sent", receipt: "" });
  });

  test("a hundred at once, each answered when it is on the disk", async () => {
    const all = await Promise.all(Array.from({ length: 100 }, sent));
    const statuses = await Promise.all(all.map(({ id }) => smsc.receipt(id, "DELIVRD")));
    assert.deepEqual(new Set(statuses), new Set([0]));
    const [{ n }] = shop.sql(`SELECT count(*) AS n FROM outbox WHERE receipt = 'delivered' AND target IN (${all.map(({ to }) => `'${to}'`)})`);
    assert.equal(n, 100);
  });

  test("after a restart they are known by the carrier's name", async () => {
    const { to, id } = await sent();
    await shop.waitRow(to, { state: "sent" });
    await shop.server.stop();
    await shop.restart();
    await eventually(() => assert.ok(smsc.bound.length));
    assert.equal(await smsc.receipt(id, "DELIVRD"), 0);
    await shop.waitRow(to, { receipt: "delivered" });
  });
});

describe("names of messages that answer and receipt write differently", () => {
  for (const [smpp_receipt_id, answer, receipt] of [["decimal", (n) => (0xab00 + n).toString(16).toUpperCase(), (n) => String(0xab00 + n).padStart(10, "0")],
    ["hex", (n) => String(9_000_000_000 + n), (n) => (9_000_000_000 + n).toString(16).toUpperCase()]])
    test(smpp_receipt_id, async (t) => {
      const { smsc, shop } = await scene(t, { smpp_receipt_id }, { id: answer });
      const to = await shop.askForCode();
      await smsc.next(to);
      assert.equal(await smsc.receipt(receipt(1), "DELIVRD"), 0);
      await shop.waitRow(to, { receipt: "delivered" });
    });
});

describe("TLS", () => {
  const authority = newAuthority("SMS authority");

  test("a carrier whose certificate is right", async (t) => {
    const { smsc, shop } = await scene(t, { smpp_ca_file: authority.file }, { certificate: authority.issue("localhost", "127.0.0.1") });
    codeIn((await smsc.next(await shop.askForCode())).text);
  });

  for (const [what, names, options, why] of [
    ["an unknown authority", ["127.0.0.1"], {}, /unable to get local issuer certificate/],
    ["another's authority", ["127.0.0.1"], { smpp_ca_file: newAuthority().file }, /unable to get local issuer certificate/],
    ["another's name", ["127.0.0.2", "smsc.example.com"], { smpp_ca_file: authority.file }, /IP address mismatch/],
  ])
    test(`${what}: nothing is said`, async (t) => {
      const { smsc, shop } = await scene(t, options, { certificate: authority.issue(...names) });
      const [line] = await shop.waitLogged("smpp_down");
      assert.match(line, why);
      assert.deepEqual(smsc.commands, []);
    });
});

test("config check says what is wrong", () => {
  const secret = path.join(temporaryFolder(), "password");
  fs.writeFileSync(secret, "longer than eight\n", { mode: 0o600 });
  const base = { mode: "production", public_url: "http://127.0.0.1:1", data_dir: temporaryFolder(), sms_gateway: "smpp" };
  for (const [options, ...wrong] of [
    [{}, /sms_url is needed/, /sms_user is needed/, /sms_password_file is needed/],
    [{ sms_url: "smpp://smsc.example.com" }, /sms_url must be smpps:\/\/host:port \(TLS\)/],
    [{ sms_user: "a-name-of-17-signs" }, /sms_user has 18 characters; SMPP has room for 15/],
    [{ sms_password_file: secret }, /holds 17 characters; a password of SMPP has 1 to 8/],
    [{ sms_from: "A long company" }, /sms_from has 14 characters; a sender with letters has 11 at most/],
    [{ smpp_source: "9/1" }, /smpp_source must be auto, or a type of number/],
    [{ smpp_long: "parts" }, /smpp_long must be udh, sar or payload/],
    [{ smpp_receipt_id: "octal" }, /smpp_receipt_id must be same, decimal or hex/],
  ]) {
    const { code, err } = command(["config", "check"], { ...base, ...options });
    assert.notEqual(code, 0);
    for (const words of wrong) assert.match(err, words);
  }
});
