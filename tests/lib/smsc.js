// A carrier's SMS centre on loopback, by npm `smpp`: a codec of SMPP that shares no code with ours.
//
//   const smsc = await Smsc.open({ systemId: "acme", password: "secret08" });
//   startServer({ mode: "production", ...smsc.options });
//   const sms = await smsc.next("+4915112345678");   // whole again: { to, from, text, id, parts, pdus }
//   smsc.receipt(sms.id, "DELIVRD");
//
// `answer` decides what becomes of a submit_sm: a status, "silent" (no answer), "drop" (the
// connection is cut instead) or a promise of these; undefined takes it.
import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import smpp from "smpp";
import { saw } from "./scrub.js";
import { eventually, temporaryFolder } from "./server.js";

export class Smsc {
  static async open({ systemId = "acme", password = "secret08", answer = () => undefined, id = (n) => `m${n}`, certificate, host = "127.0.0.1", port = 0 } = {}) {
    const smsc = new Smsc();
    Object.assign(smsc, {
      systemId, password, answer, idOf: id, certificate, host,
      sessions: new Set(), binds: [], submits: [], whole: [], parts: new Map(), given: new Map(), commands: [],
      flying: 0, mostFlying: 0, count: 0,
    });
    const listener = (session) => smsc.meet(session);
    smsc.server = certificate ? smpp.createServer(certificate, listener) : smpp.createServer(listener);
    smsc.server.on("tlsClientError", () => {}); // a client that does not like our certificate
    smsc.server.listen(port, host);
    await once(smsc.server, "listening");
    smsc.server.unref(); // a test that fails must not keep its file from ending
    smsc.port = smsc.server.address().port;
    return smsc;
  }

  // The settings with which a server under test sends here.
  get options() {
    const file = path.join(temporaryFolder(), "password");
    fs.writeFileSync(file, this.password, { mode: 0o600 });
    return {
      sms_gateway: "smpp", sms_url: `${this.certificate ? "smpps" : "smpp+plain"}://${this.host}:${this.port}`, sms_user: this.systemId,
      sms_password_file: file, sms_from: "ACME",
    };
  }

  get bound() {
    return [...this.sessions].filter((session) => session.bound);
  }

  meet(session) {
    this.sessions.add(session);
    session.socket.setNoDelay(true);
    session.on("error", () => {});
    session.on("close", () => this.sessions.delete(session));
    session.on("pdu", (pdu) => this.commands.push(pdu.command));
    session.on("bind_transceiver", (pdu) => {
      this.binds.push(pdu);
      const wrong = pdu.system_id !== this.systemId ? smpp.ESME_RINVSYSID : pdu.password !== this.password ? smpp.ESME_RINVPASWD : 0;
      session.bound = !wrong;
      session.send(pdu.response({ command_status: wrong, system_id: "TESTSMSC" }));
    });
    session.on("enquire_link", (pdu) => !this.mute && session.send(pdu.response()));
    session.on("unbind", (pdu) => {
      session.bound = false;
      session.send(pdu.response());
      session.close();
    });
    session.on("submit_sm", (pdu) => this.submit(session, pdu));
  }

  async submit(session, pdu) {
    const number = this.submits.push(pdu) - 1;
    this.mostFlying = Math.max(this.mostFlying, ++this.flying);
    const verdict = await this.answer(pdu, number);
    this.flying--;
    if (verdict === "drop") return void session.destroy();
    const id = this.idOf(++this.count);
    if (!verdict || verdict === "silent") this.keep(pdu, id);
    if (verdict === "silent") return;
    session.send(verdict ? pdu.response({ command_status: verdict }) : pdu.response({ message_id: id }));
  }

  // A phone puts the parts together.
  keep(pdu, id) {
    const { message, udh } = pdu.short_message ?? {};
    const to = `+${pdu.destination_addr}`;
    const [reference, count, part] = udh?.length ? [udh[0][2], udh[0][3], udh[0][4]]
      : [pdu.sar_msg_ref_num ?? 0, pdu.sar_total_segments ?? 1, pdu.sar_segment_seqnum ?? 1];
    const key = `${to} ${reference} ${count}`;
    const parts = this.parts.get(key) ?? [];
    parts[part - 1] = { text: pdu.message_payload?.message ?? pdu.message_payload ?? message, pdu, id };
    this.parts.set(key, parts);
    if (parts.filter(Boolean).length < count) return;
    this.parts.delete(key);
    saw.number(to);
    saw.message(parts.map((p) => p.text).join(""));
    this.whole.push({
      to, from: pdu.source_addr, text: parts.map((p) => p.text).join(""), parts: count, pdus: parts.map((p) => p.pdu), ids: parts.map((p) => p.id), id: parts.at(-1).id,
    });
  }

  to(number) {
    return this.whole.filter((sms) => sms.to === number);
  }

  async next(number) {
    const index = this.given.get(number) ?? 0;
    this.given.set(number, index + 1);
    return eventually(() => this.to(number)[index] ?? assert.fail(`no SMS to ${number}`), { ms: 60_000 });
  }

  // A receipt as SMPP 3.4 appendix B has it; resolves to the status that it was answered with.
  receipt(id, stat, { tlv, err = "000", from = "491511234567", text, esm_class = 4, ...fields } = {}) {
    const [session] = this.bound;
    const states = { ENROUTE: 1, DELIVRD: 2, EXPIRED: 3, DELETED: 4, UNDELIV: 5, ACCEPTD: 6, UNKNOWN: 7, REJECTD: 8 };
    return new Promise((resolve) => session.deliver_sm({
      esm_class, source_addr: from, destination_addr: "ACME",
      short_message: text ?? `id:${tlv ? "other" : id} sub:001 dlvrd:001 submit date:2611220200 done date:2611220201 stat:${tlv ? "UNKNOWN" : stat} err:${err} text:Your code`,
      ...(tlv ? { receipted_message_id: `${id}\0`, message_state: states[stat] } : {}), ...fields,
    }, (answer) => resolve(answer.command_status)));
  }

  // Cuts all connections, as a router that restarts does.
  drop() {
    for (const session of this.sessions) session.destroy();
  }

  async close() {
    this.drop();
    const closed = once(this.server, "close");
    this.server.close();
    await closed;
  }
}
