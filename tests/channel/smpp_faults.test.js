// What goes wrong between us and a carrier that speaks SMPP: each message arrives once or is reported, none
// after its time. The table of faults and outcomes is printed at the end.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import smpp from "smpp";
import { command, eventually } from "../lib/server.js";
import { codeIn, newNumber, Shop } from "../lib/shop.js";
import { Smsc } from "../lib/smsc.js";

const outcomes = [];
after(() => console.log(["", "| fault | outcome |", "| --- | --- |", ...outcomes.map((row) => `| ${row.join(" | ")} |`), ""].join("\n")));

// A carrier and a shop for one test, both gone behind it. Tests run side by side, since most of their time is
// spent on waiting: so nobody takes a port that was free a moment ago.
const anyPort = { listen: "127.0.0.1:0", public_url: "http://127.0.0.1:8080" };
const ownAddress = "127.0.0.8"; // of a carrier that comes back to its port: nobody else listens there

async function scene(t, { settings = {}, ...options } = {}) {
  const smsc = await Smsc.open(options);
  const shop = await Shop.open({ ...anyPort, ...smsc.options, ...settings });
  t.after(async () => {
    await shop.server.stop();
    await smsc.close();
  });
  return { smsc, shop };
}
const bound = (smsc, count = 1) => eventually(() => assert.ok(smsc.binds.length >= count && smsc.bound.length), { ms: 30_000 });
// As the operator who knows that the carrier works again; by itself the channel is left alone for up to minutes.
const resume = (shop) => assert.equal(command(["channel", "resume", "sms"], { data_dir: shop.server.dataDir }).code, 0);
const gate = () => {
  let open;
  const opened = new Promise((resolve) => (open = resolve));
  return { opened, open };
};

describe("faults", { concurrency: 6 }, () => { // those that wait longest first
  describe("a carrier that means harm", { concurrency: 3 }, () => {
    const be32 = (...numbers) => Buffer.concat(numbers.map((n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; }));
    const pdu = (command, body, { length = 16 + body.length, sequence = 7, status = 0 } = {}) => Buffer.concat([be32(length, command, status, sequence), body]);
    const deliver = (rest) => pdu(5, Buffer.concat([Buffer.from([0, 1, 1, 0x31, 0, 1, 1, 0x32, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0]), rest]));
    const harm = {
      "a length of 4 GB": be32(0xffffffff, 5, 0, 1),
      "a length below the head's": be32(15, 5, 0, 1),
      "a length of nothing": be32(0, 0, 0, 0),
      "a deliver_sm of 1,500 TLVs, which libsmpp34 does not survive": deliver(Buffer.concat([Buffer.from([0]), ...Array(1500).fill(Buffer.from([0x14, 0, 0, 0]))])),
      "a TLV longer than the PDU": deliver(Buffer.from([0, 0x04, 0x24, 0xff, 0xff])),
      "a text longer than the PDU": deliver(Buffer.from([254, 1])),
      "a text of 255 octets": deliver(Buffer.concat([Buffer.from([255]), Buffer.alloc(255, 65)])),
      "strings without an end": pdu(5, Buffer.alloc(300, 65)),
      "an empty deliver_sm": pdu(5, Buffer.alloc(0)),
      "answers to nothing": Buffer.concat([1, 2, 3, 0x7fffffff, 0xffffffff, 0].map((sequence) => pdu(0x80000004, Buffer.from("x\0"), { sequence }))),
      "generic_nacks to nothing": Buffer.concat([0, 1, 99].map((sequence) => pdu(0x80000000, Buffer.alloc(0), { sequence, status: 3 }))),
      "a second bind_transceiver_resp that refuses": pdu(0x80000009, Buffer.alloc(0), { sequence: 1, status: 14 }),
      "requests that nobody knows": Buffer.concat([pdu(0x103, Buffer.alloc(9)), pdu(0x7777, Buffer.alloc(3)), pdu(9, Buffer.alloc(30))]),
      "text of another protocol": Buffer.from("HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n"),
    };
    test("half a PDU, and then nothing", async (t) => {
      const { smsc, shop } = await scene(t, { settings: { smpp_enquire_s: 1 } });
      await bound(smsc);
      smsc.bound[0].socket.write(be32(2000, 5, 0));
      const to = await shop.askForCode(); // its answer is eaten by the half
      await shop.waitRow(to, { state: "sent" });
    });

    for (const [what, bytes] of Object.entries(harm))
      test(what, async (t) => {
        const { smsc, shop } = await scene(t);
        await bound(smsc);
        smsc.bound[0].socket.write(bytes);
        const to = await shop.askForCode();
        codeIn((await smsc.next(to)).text);
        await shop.waitRow(to, { state: "sent" });
        assert.equal(shop.server.child.exitCode, null);
      });

    test("an answer with a name of 2,000 octets: the message is taken all the same", async (t) => {
      const { smsc, shop } = await scene(t);
      await bound(smsc);
      const [session] = smsc.bound;
      smsc.answer = (submit) => {
        session.socket.write(pdu(0x80000004, Buffer.concat([Buffer.alloc(2000, 65), Buffer.from([0])]), { sequence: submit.sequence_number }));
        return new Promise(() => {});
      };
      await shop.waitRow(await shop.askForCode(), { state: "sent", provider_id: "" });
    });
  });

  test("what is over by the time that it could be sent is not sent", async (t) => {
    const { smsc, shop } = await scene(t, { host: ownAddress });
    await bound(smsc);
    await smsc.close();
    await shop.waitLogged("smpp_down");
    const [late, canceled, good] = [await shop.askForCode(), await shop.askForCode(), await shop.askForCode()];
    await eventually(() => { // not while it is in the session's hands
      const changed = shop.sql(`UPDATE outbox SET expires_at_ms = ${Date.now() - 1} WHERE target = '${late}' AND state = 'queued' RETURNING id`);
      assert.equal(changed.length, 1);
    }, { ms: 60_000 });
    const { sid } = await shop.call("/Verifications", { To: canceled, Channel: "sms" });
    await shop.call(`/Verifications/${sid}`, { Status: "canceled" });
    resume(shop);
    await shop.waitRow(late, { state: "expired", why: "its time was over before it could be sent" });
    await shop.waitRow(canceled, { state: "expired", why: "its code was used or is over" });
    const again = await Smsc.open({ host: ownAddress, port: smsc.port });
    t.after(() => again.close());
    resume(shop);
    await again.next(good);
    assert.deepEqual([again.to(late), again.to(canceled)], [[], []]);
    outcomes.push(["expired, or canceled, while the carrier was down", "never sent, and the reason is told"]);
  });

  test("enquire_link is answered; ours goes out after silence, and no answer ends the session", async (t) => {
    const { smsc, shop } = await scene(t, { settings: { smpp_enquire_s: 1 } });
    await bound(smsc);
    const [session] = smsc.bound;
    const answer = await new Promise((resolve) => session.enquire_link(resolve));
    assert.deepEqual([answer.command, answer.command_status], ["enquire_link_resp", 0]);
    await eventually(() => assert.ok(smsc.commands.filter((name) => name === "enquire_link").length >= 2), { ms: 10_000 });
    assert.equal(smsc.binds.length, 1);
    smsc.mute = true;
    const [line] = await shop.waitLogged("smpp_down");
    assert.match(line, /no answer to enquire_link within ten seconds/);
    smsc.mute = false;
    await bound(smsc, 2);
    outcomes.push(["a carrier that has gone silent", "found by enquire_link, bound again"]);
  });

  test("the window is respected", async (t) => {
    const { smsc, shop } = await scene(t, { settings: { smpp_window: 3 }, answer: () => new Promise((resolve) => setTimeout(resolve, 20)) });
    const numbers = await Promise.all(Array.from({ length: 20 }, () => shop.askForCode()));
    await shop.waitLogged("sent", 20);
    for (const to of numbers) assert.equal(smsc.to(to).length, 1);
    assert.ok(smsc.mostFlying <= 3, `${smsc.mostFlying} at once`);
    assert.equal(smsc.mostFlying, 3);
    outcomes.push(["20 messages, smpp_window 3", `at most ${smsc.mostFlying} without an answer`]);
  });

  test("a rate is kept", async (t) => {
    const { smsc, shop } = await scene(t, { settings: { smpp_rate: 20 } });
    await bound(smsc);
    const started = performance.now();
    await Promise.all(Array.from({ length: 15 }, () => shop.askForCode()));
    await shop.waitLogged("sent", 15);
    const took = performance.now() - started;
    assert.ok(took > 12 / 20 * 1000, `15 messages in ${took} ms`); // a tenth of a second's worth may go at once
    outcomes.push(["15 messages, smpp_rate 20", `${Math.round(took)} ms`]);
  });

  test("throttling: slower, nothing twice, nothing lost", async (t) => {
    const codes = [smpp.ESME_RTHROTTLED, smpp.ESME_RMSGQFUL];
    const { smsc, shop } = await scene(t, { answer: (pdu, n) => (n < 12 ? codes[n % 2] : undefined) });
    const numbers = await Promise.all(Array.from({ length: 10 }, () => shop.askForCode()));
    await shop.waitLogged("sent", 10);
    for (const to of numbers) assert.equal(smsc.to(to).length, 1);
    outcomes.push(["the first 12 answers are ESME_RTHROTTLED or ESME_RMSGQFUL", `10 of 10 delivered once, ${smsc.submits.length - 10} refused first`]);
  });

  test("a carrier that throttles and does not stop: the reason is told, and it may recover", async (t) => {
    let full = true;
    const { smsc, shop } = await scene(t, { answer: () => (full ? smpp.ESME_RTHROTTLED : undefined) });
    const to = await shop.askForCode();
    await shop.waitRow(to, { state: "queued", why: "the carrier takes fewer messages than there are", lost_count: 0 });
    full = false;
    await shop.waitRow(to, { state: "sent", why: "" });
    assert.equal(smsc.to(to).length, 1);
    outcomes.push(["throttled for good", "back in the queue with its reason, delivered when the carrier can"]);
  });

  test("the connection is cut instead of an answer", async (t) => {
    const { smsc, shop } = await scene(t, { answer: (pdu, n) => (n === 0 ? "drop" : undefined) });
    const to = await shop.askForCode();
    const [again] = await shop.waitLogged("send_again");
    assert.match(again, / lost=1 .*127\.0\.0\.1:\d+: (it closed the connection|Connection reset by peer)/);
    const row = await shop.waitRow(to, { state: "sent", lost_count: 1 });
    assert.equal(row.why, "the answer to an earlier attempt was lost: it may have arrived more than once");
    assert.equal(smsc.to(to).length, 1);
    assert.equal(smsc.binds.length, 2);
    outcomes.push(["cut instead of an answer", "bound again, sent again, and it is said"]);
  });

  test("nothing but silence, then a cut: reported as lost", async (t) => {
    const { smsc, shop } = await scene(t, { answer: (pdu, n) => (n === 0 ? "silent" : undefined) });
    const to = await shop.askForCode();
    await smsc.next(to);
    smsc.drop();
    const row = await shop.waitRow(to, { state: "sent", lost_count: 1 });
    assert.match(row.why, /may have arrived more than once/);
    assert.equal(smsc.to(to).length, 2);
    outcomes.push(["taken without an answer, then cut", "sent a second time, and it is said"]);
  });

  test("a carrier that is down for a while", async (t) => {
    const { smsc, shop } = await scene(t, { host: ownAddress });
    await bound(smsc);
    await smsc.close();
    await shop.waitLogged("smpp_down");
    const numbers = await Promise.all(Array.from({ length: 20 }, () => shop.askForCode()));
    await eventually(() => assert.ok(numbers.some((to) => /Connection refused/.test(shop.row(to).why))), { ms: 60_000, everyMs: 200 });
    const again = await Smsc.open({ host: ownAddress, port: smsc.port });
    t.after(() => again.close());
    resume(shop);
    for (const to of numbers) await again.next(to);
    await shop.waitLogged("sent", 20);
    for (const to of numbers) assert.deepEqual([again.to(to).length, shop.row(to).lost_count], [1, 0]);
    outcomes.push(["down, and back", "20 of 20 delivered once; why: Connection refused"]);
  });

  test("a code that was used while its message waited for room is not sent", async (t) => {
    const { opened, open } = gate();
    const { smsc, shop } = await scene(t, { settings: { smpp_window: 1 }, answer: (pdu, n) => (n === 0 ? opened : undefined) });
    const first = await shop.askForCode();
    await eventually(() => assert.equal(smsc.submits.length, 1));
    const canceled = newNumber();
    const { sid } = await shop.call("/Verifications", { To: canceled, Channel: "sms" });
    const good = await shop.askForCode();
    for (const to of [canceled, good]) await shop.waitRow(to, { state: "sending" }); // in the session's hands
    await shop.call(`/Verifications/${sid}`, { Status: "canceled" });
    open();
    for (const to of [first, good]) await smsc.next(to);
    await shop.waitRow(canceled, { state: "expired", why: "its code was used or is over" });
    assert.deepEqual(smsc.submits.filter((pdu) => canceled.endsWith(pdu.destination_addr)), []);
    outcomes.push(["canceled while it waited for room in the window", "never sent, and the reason is told"]);
  });

  test("a wrong password", async (t) => {
    const { smsc, shop } = await scene(t);
    await bound(smsc);
    smsc.password = "changed";
    smsc.drop();
    const to = await shop.askForCode();
    const row = await shop.waitRow(to, { state: "queued", lost_count: 0, why: `127.0.0.1:${smsc.port} answered ESME_RINVPASWD: the password is wrong (sms_password_file)` });
    assert.ok(row.attempts > 0);
    assert.equal(shop.logged("smpp_down").filter((line) => line.includes("ESME_RINVPASWD")).length, 1, "said once");
    assert.deepEqual(smsc.submits, []);
    outcomes.push(["wrong password", row.why]);
  });

  test("an unknown name", async (t) => {
    const { shop, smsc } = await scene(t, { settings: { sms_user: "nobody" } });
    assert.match((await shop.waitLogged("smpp_down"))[0], /ESME_RINVSYSID: it does not know this name \(sms_user\)/);
    assert.deepEqual(smsc.submits, []);
  });

  test("a message that the carrier refuses is not tried again; one that may pass is", async (t) => {
    const answers = new Map();
    const { smsc, shop } = await scene(t, { answer: (pdu) => answers.get(`+${pdu.destination_addr}`)?.shift() });
    const send = async (...list) => {
      smsc.answer = (pdu) => (list.length ? list.shift() : undefined);
      return shop.askForCode();
    };
    const refused = await send(smpp.ESME_RINVDSTADR);
    await shop.waitRow(refused, { state: "failed", attempts: 1, why: `127.0.0.1:${smsc.port} answered ESME_RINVDSTADR: it does not take this number` });
    const later = await send(smpp.ESME_RSYSERR, 0x40a);
    await shop.waitRow(later, { state: "sent", attempts: 3, why: "" });
    assert.match(shop.logged("send_again").at(-1), /answered status 0x40A/);
    outcomes.push(["ESME_RINVDSTADR", "failed at once"], ["ESME_RSYSERR, then a status of the carrier's own", "delivered by the third attempt"]);
  });

  test("one part of a long text is refused, another throttled", async (t) => {
    const { smsc, shop } = await scene(t, { answer: (pdu, n) => (n === 1 ? smpp.ESME_RTHROTTLED : undefined) });
    await shop.allowPayments();
    const long = { Amount: "€1", Payee: "A name that takes more room than one message has. ".repeat(4).trim() };
    const to = await shop.askForCode(long);
    const sms = await smsc.next(to);
    assert.ok(sms.text.includes(long.Payee));
    assert.equal(smsc.submits.length, sms.parts + 1, "only the throttled part goes twice");
    smsc.answer = (pdu) => (pdu.short_message.udh[0][4] === 2 ? smpp.ESME_RINVMSGLEN : undefined);
    const refused = await shop.askForCode(long);
    const row = await shop.waitRow(refused, { state: "failed" });
    assert.match(row.why, /^part 2 of \d: .* answered ESME_RINVMSGLEN/);
  });

  test("generic_nack to a message: tried again", async (t) => {
    const { smsc, shop } = await scene(t);
    await bound(smsc);
    const [session] = smsc.bound;
    let nacked = 0;
    smsc.answer = (pdu) => {
      if (nacked++) return undefined;
      session.send(new smpp.PDU("generic_nack", { command_status: smpp.ESME_RSYSERR, sequence_number: pdu.sequence_number }));
      return new Promise(() => {});
    };
    const to = await shop.askForCode();
    await shop.waitRow(to, { state: "sent", attempts: 2, lost_count: 0 });
  });

  test("the carrier unbinds", async (t) => {
    const { smsc, shop } = await scene(t);
    await bound(smsc);
    const answer = await new Promise((resolve) => smsc.bound[0].unbind(resolve));
    assert.equal(answer.command, "unbind_resp");
    await bound(smsc, 2);
    codeIn((await smsc.next(await shop.askForCode())).text);
  });

  test("SIGTERM with messages under way: their answers are waited for", async (t) => {
    const { opened, open } = gate();
    const { smsc, shop } = await scene(t, { settings: { smpp_window: 50 }, answer: () => opened });
    const numbers = await Promise.all(Array.from({ length: 30 }, () => shop.askForCode()));
    await eventually(() => assert.equal(smsc.submits.length, 30));
    const stopped = shop.server.stop();
    await shop.waitLogged("stopping");
    open();
    await stopped;
    assert.ok(smsc.commands.includes("unbind"));
    for (const to of numbers) assert.deepEqual([shop.row(to).state, shop.row(to).lost_count], ["sent", 0]);
    await shop.restart(anyPort);
    await bound(smsc, 2);
    const last = await shop.askForCode();
    await smsc.next(last);
    assert.equal(smsc.submits.length, 31, "something was sent again");
    outcomes.push(["SIGTERM with 30 under way", "30 answers booked, none sent again"]);
  });

  test("SIGTERM, and the answers do not come: lost, sent again after the start", async (t) => {
    const { smsc, shop } = await scene(t, { settings: { stop_grace_ms: 300 }, answer: () => "silent" });
    const to = await shop.askForCode();
    await smsc.next(to);
    await shop.server.stop();
    const row = shop.row(to);
    assert.deepEqual([row.state, row.lost_count, row.why], ["queued", 1, `cut off while 127.0.0.1:${smsc.port} had it`]);
    smsc.answer = () => undefined;
    await shop.restart(anyPort);
    await shop.waitRow(to, { state: "sent", lost_count: 1, why: "the answer to an earlier attempt was lost: it may have arrived more than once" });
    outcomes.push(["SIGTERM, no answers within the grace", "queued as lost, sent again after the start, and it is said"]);
  });

  test("kill -9 in the middle of 1,000 messages", async (t) => {
    const all = 1000;
    const { opened, open } = gate();
    const { smsc, shop } = await scene(t, {
      settings: { smpp_window: 40, limit_send: "off", limit_api: "off" },
      answer: (pdu, n) => (n === 500 ? void open() : n < 480 || n > 560 ? undefined : new Promise(() => {})),
    });
    const numbers = [];
    for (let i = 0; i < all; i += 50) numbers.push(...await Promise.all(Array.from({ length: 50 }, () => shop.askForCode())));
    await opened;
    await shop.server.kill();
    smsc.answer = () => undefined;
    await shop.restart({ ...anyPort, limit_send: "off" });
    await eventually(() => {
      const [{ n }] = shop.sql("SELECT count(*) AS n FROM outbox WHERE state = 'sent'");
      assert.equal(n, all);
    }, { ms: 60_000, everyMs: 200 });
    const [said] = shop.sql("SELECT count(*) AS n FROM outbox WHERE lost_count > 0 AND why LIKE '%more than once'");
    const times = new Map(shop.sql("SELECT target, lost_count FROM outbox").map((row) => [row.target, row.lost_count]));
    const submitted = new Map();
    for (const pdu of smsc.submits) submitted.set(`+${pdu.destination_addr}`, (submitted.get(`+${pdu.destination_addr}`) ?? 0) + 1);
    for (const to of numbers) {
      assert.ok(smsc.to(to).length >= 1, "a message was lost");
      assert.ok((submitted.get(to) ?? 0) === 1 || times.get(to) > 0, "sent twice without a word");
    }
    const twice = [...submitted.values()].filter((n) => n > 1).length;
    outcomes.push(["kill -9 in the middle of 1,000", `1,000 delivered; ${twice} submitted twice, ${said.n} said to be so or possibly so`]);
  });
});
