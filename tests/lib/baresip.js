// A telephone on loopback: Debian's baresip (package baresip-core), which answers by itself and records
// what it hears.
//
//   const phone = await Baresip.open({ tls: authority.issue("127.0.0.1") });
//   startServer({ mode: "production", voice_url: phone.url });
//   const call = await phone.answered();            // somebody is on the line
//   await phone.press("*");
//   const samples = await phone.recording();        // after the call: Int16Array, 8,000 a second
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import dgram from "node:dgram";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { eventually, freePorts, letGo, temporaryFolder } from "./server.js";

export const RATE = 8000;
const modules = "/usr/lib/baresip/modules"; // as Debian has it

// Ports that are free for UDP and TCP alike.
export async function freePort() {
  for (;;) {
    const [port] = await freePorts(1);
    const socket = dgram.createSocket("udp4");
    try {
      socket.bind(port, "127.0.0.1");
      await once(socket, "listening");
      return port;
    } catch { // taken for UDP
    } finally {
      socket.close();
    }
  }
}

function wav(samples) {
  const head = Buffer.alloc(44);
  head.write("RIFF", 0); head.writeUInt32LE(36 + samples.length * 2, 4); head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16); head.writeUInt16LE(1, 20); head.writeUInt16LE(1, 22);
  head.writeUInt32LE(RATE, 24); head.writeUInt32LE(RATE * 2, 28); head.writeUInt16LE(2, 32); head.writeUInt16LE(16, 34);
  head.write("data", 36); head.writeUInt32LE(samples.length * 2, 40);
  return Buffer.concat([head, Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)]);
}

// The samples of a 16-bit WAV file of one channel; of one that is still written, those that are there.
export function samplesOf(file) {
  const bytes = fs.readFileSync(file);
  const at = bytes.indexOf("data") + 8;
  const count = Math.floor((bytes.length - at) / 2);
  return Int16Array.from({ length: count }, (_, i) => bytes.readInt16LE(at + 2 * i));
}

// `tls`: { keyFile, certFile }; `srtp`: "srtp" (if offered) or "srtp-mand"; `codec`: "PCMU" or "PCMA"; `manual`:
// rings only.
export class Baresip {
  // A port that was free may be taken a moment later: then it tries others.
  static async open(options) {
    for (let tries = 1; ; tries++) {
      try {
        return await Baresip.#start(options);
      } catch (error) {
        if (tries === 5 || !/Address already in use/.test(error.message)) throw error;
      }
    }
  }

  static async #start({ number, tls, srtp, codec = "PCMU", manual = false }) {
    const phone = new Baresip();
    const dir = temporaryFolder();
    const [sip, control] = [await freePort(), (await freePorts(1))[0]];
    const rtp = 30000 + 2 * Math.floor(Math.random() * 5000);
    const secure = tls ? `sip_certificate ${path.join(dir, "both.pem")}\n` : "";
    if (tls) fs.writeFileSync(path.join(dir, "both.pem"), fs.readFileSync(tls.certFile, "utf8") + fs.readFileSync(tls.keyFile, "utf8"));
    fs.writeFileSync(path.join(dir, "silence.wav"), wav(new Int16Array(RATE * 120)));
    fs.writeFileSync(path.join(dir, "config"), `
net_interface 127.0.0.1
sip_listen 127.0.0.1:${tls ? sip - 1 : sip}
${secure}audio_player aufile,${path.join(dir, "played.wav")}
audio_source aufile,${path.join(dir, "silence.wav")}
ausrc_srate ${RATE}
auplay_srate ${RATE}
ausrc_channels 1
auplay_channels 1
rtp_ports ${rtp}-${rtp + 100}
module_path ${modules}
module g711.so
module aufile.so
module sndfile.so
module srtp.so
module ctrl_tcp.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
ctrl_tcp_listen 127.0.0.1:${control}
snd_path ${dir}
`);
    fs.writeFileSync(path.join(dir, "accounts"), `<sip:${number}@127.0.0.1:${sip}${tls ? ";transport=tls" : ""}>;regint=0;` +
      `answermode=${manual ? "manual" : "auto"};audio_codecs=${codec}/8000/1;ptime=20${srtp ? `;mediaenc=${srtp}` : ""}\n`);
    fs.writeFileSync(path.join(dir, "contacts"), "");
    Object.assign(phone, { dir, control, port: sip, tls: !!tls, out: "" });
    phone.child = spawn("baresip", ["-f", dir, "-v", "-s"], { stdio: ["ignore", "pipe", "pipe"], cwd: dir });
    for (const stream of [phone.child.stdout, phone.child.stderr])
      stream.setEncoding("latin1").on("data", (text) => (phone.out += text));
    await eventually(() => phone.child.exitCode !== null || new Promise((resolve, reject) => {
      const socket = net.connect(control, "127.0.0.1", () => socket.end(resolve));
      socket.on("error", (error) => reject(new Error(`${error.message}\n${phone.out}`)));
    }), { ms: 15_000 });
    assert.equal(phone.child.exitCode, null, phone.out);
    letGo(phone.child);
    return phone;
  }

  get url() { return `${this.tls ? "sips" : "sip+udp"}://127.0.0.1:${this.port}`; }

  command(command, params) {
    const body = JSON.stringify({ command, params });
    return new Promise((resolve, reject) => {
      const socket = net.connect(this.control, "127.0.0.1", () => socket.write(`${Buffer.byteLength(body)}:${body},`));
      socket.once("data", (data) => (socket.destroy(), resolve(String(data))));
      socket.on("error", reject);
    });
  }

  press(keys) { return this.command("sndcode", keys); }
  hangUp() { return this.command("hangup"); }

  // What it has recorded up to now, the newest call.
  heard() {
    const files = fs.readdirSync(this.dir).filter((name) => /^dump-.*-dec\.wav$/.test(name)).sort();
    return files.length ? samplesOf(path.join(this.dir, files.at(-1))) : new Int16Array(0);
  }

  answered(count = 1) {
    return eventually(() => assert.ok(this.out.split("Call established").length > count, `no call:\n${this.out}`), { ms: 20_000 });
  }

  // (Of a call that it ends itself within a second it says only that it sent BYE.)
  ended(count = 1) {
    return eventually(() => assert.ok(this.out.split(/session closed|terminated \(duration|BYE sip:countersign@/).length > count, `no end:\n${this.out}`), { ms: 60_000 });
  }

  async close() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "exit");
    this.child.ref();
    this.child.kill("SIGKILL");
    await ended;
  }
}
