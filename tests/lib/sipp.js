// A SIP server of one scenario on loopback: Debian's sipp (package sip-tester).
//
//   const peer = await Sipp.open(recv("INVITE"), reply(486, "Busy Here"), recv("ACK"));
//   startServer({ mode: "production", voice_url: peer.url });
//   await peer.done();          // the scenario ran to its end, once
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { freePort } from "./baresip.js";
import { eventually, letGo, temporaryFolder } from "./server.js";

const echoed = ["Via", "From", "To", "Call-ID", "CSeq"].map((name) => name === "To" ? "[last_To:];tag=callee[call_number]" : `[last_${name}:]`);
const message = (text) => `<![CDATA[\n${text}\n]]>`;
export const recv = (method, more = "") => `<recv request="${method}" crlf="true">${more}</recv>`;
export const recvAnswer = (status) => `<recv response="${status}" crlf="true"></recv>`;
export const pause = (ms) => `<pause milliseconds="${ms}"/>`;
export const reply = (status, reason, { headers = [], body = "", cseq } = {}) => {
  const lines = echoed.map((line) => cseq && line === "[last_CSeq:]" ? `CSeq: ${cseq}` : line);
  return `<send>${message([`SIP/2.0 ${status} ${reason}`, ...lines, "Contact: <sip:[local_ip]:[local_port]>", ...headers,
    ...(body ? ["Content-Type: application/sdp"] : []), "Content-Length: [len]", "", body].join("\n"))}</send>`;
};
// A request of the one called, inside the dialog that the INVITE made.
export const request = (method, { headers = [], body = "", cseq = 1 } = {}) => `<send retrans="500">${message([
  `${method} [$caller] SIP/2.0`, "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]", "From: <[$callee]>;tag=callee[call_number]",
  "To: [$from]", "Call-ID: [call_id]", `CSeq: ${cseq} ${method}`, "Max-Forwards: 70", ...headers, "Content-Length: [len]", "", body].join("\n"))}</send>`;
// Keeps what request() needs.
export const invite = recv("INVITE", `<action>
  <ereg regexp="sip:[^>]*" search_in="hdr" header="Contact:" assign_to="caller"/>
  <ereg regexp="[^ ].*" search_in="hdr" header="From:" assign_to="from"/>
  <ereg regexp="sip:[^>]*" search_in="hdr" header="To:" assign_to="callee"/></action>`);
export const sdp = (port, { proto = "RTP/AVP", lines = [] } = {}) => ["v=0", "o=peer 1 1 IN IP4 [local_ip]", "s=-", "c=IN IP4 [local_ip]", "t=0 0",
  `m=audio ${port} ${proto} 0 101`, "a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000", ...lines].join("\n");

export class Sipp {
  static async open(...steps) { return Sipp.with({}, ...steps); }

  // A port that was free may be taken a moment later: then it tries others.
  static async with(options, ...steps) {
    for (let tries = 1; ; tries++) {
      const peer = await Sipp.#start(options, ...steps);
      if (peer.child.exitCode === null || tries === 5) return peer;
    }
  }

  static async #start({ tcp = false }, ...steps) {
    const peer = new Sipp();
    const dir = temporaryFolder(), file = path.join(dir, "scenario.xml");
    const used = ["caller", "from", "callee"].filter((name) => steps.join("").includes(`"${name}"`)).join(",");
    fs.writeFileSync(file, `<?xml version="1.0" encoding="ISO-8859-1"?>\n<scenario name="peer">\n${steps.join("\n")}\n${used ? `<Reference variables="${used}"/>` : ""}\n</scenario>\n`);
    Object.assign(peer, { port: await freePort(), dir, tcp, out: "" });
    peer.child = spawn("sipp", ["-sf", file, "-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", String(peer.port), "-t", tcp ? "t1" : "u1", "-m", "1", "-nostdin",
      "-timeout", "60", "-trace_msg", "-message_file", path.join(dir, "messages"), "-trace_err", "-error_file", path.join(dir, "errors")],
    { stdio: ["ignore", "pipe", "pipe"], cwd: dir });
    peer.ended = once(peer.child, "exit");
    letGo(peer.child);
    for (const stream of [peer.child.stdout, peer.child.stderr]) stream.setEncoding("latin1").on("data", (text) => (peer.out += text));
    const listening = `0100007F:${peer.port.toString(16).toUpperCase().padStart(4, "0")} `; // it says nothing before its end
    await eventually(() => assert.ok(peer.child.exitCode !== null || fs.readFileSync(`/proc/net/${tcp ? "tcp" : "udp"}`, "utf8").includes(listening), `sipp does not listen:\n${peer.out}`), { ms: 15_000 });
    return peer;
  }

  get url() { return `sip+${this.tcp ? "tcp" : "udp"}://127.0.0.1:${this.port}`; }

  // What it received and sent, as text.
  get messages() { return fs.existsSync(path.join(this.dir, "messages")) ? fs.readFileSync(path.join(this.dir, "messages"), "latin1") : ""; }

  async done() {
    this.child.ref();
    const [code] = await this.ended;
    const errors = path.join(this.dir, "errors");
    assert.equal(code, 0, `sipp ended with ${code}\n${fs.existsSync(errors) ? fs.readFileSync(errors, "latin1") : ""}\n${this.messages}\n${this.out.slice(-1500)}`);
  }

  async close() {
    this.child.ref();
    if (this.child.exitCode === null) this.child.kill("SIGKILL");
    await this.ended;
  }
}
