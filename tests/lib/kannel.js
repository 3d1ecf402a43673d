// Kannel on loopback: bearerbox, smsbox and its fakesmsc, which prints what a phone would get. Debian's
// packages kannel and kannel-extras.
//
//   const kannel = await Kannel.open({ user: "app", password: "…" });
//   startServer({ mode: "production", ...kannel.options });
//   const sms = await kannel.next("+4915112345678");        // { from, to, coding, text }
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { saw } from "./scrub.js";
import { eventually, freePorts, temporaryFolder } from "./server.js";

const programs = { bearerbox: "/usr/sbin/bearerbox", smsbox: "/usr/sbin/smsbox", fakesmsc: "/usr/lib/kannel/test/fakesmsc" };

const listens = (port) => eventually(() => new Promise((resolve, reject) => {
  const socket = net.connect(port, "127.0.0.1", () => socket.end(resolve));
  socket.on("error", reject);
}));

export class Kannel {
  static async open({ user = "app", password = "secret" } = {}) {
    const kannel = new Kannel();
    const [admin, box, fake, sendsms] = await freePorts(4);
    const dir = temporaryFolder();
    const conf = path.join(dir, "kannel.conf");
    fs.writeFileSync(conf, `
group = core
admin-port = ${admin}
admin-password = admin
smsbox-port = ${box}
box-allow-ip = 127.0.0.1
dlr-storage = internal
log-level = 1

group = smsc
smsc = fake
smsc-id = FAKE
port = ${fake}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = ${box}
sendsms-port = ${sendsms}
log-level = 1

group = sendsms-user
username = ${user}
password = ${password}
max-messages = 5
concatenation = true
`, { mode: 0o600 });
    Object.assign(kannel, { user, password, port: sendsms, children: [], out: "", given: new Map() });
    kannel.start(programs.bearerbox, [conf]);
    await listens(box);
    kannel.start(programs.smsbox, [conf]);
    kannel.start(programs.fakesmsc, ["-H", "127.0.0.1", "-r", String(fake), "-i", "1", "-m", "0", "1 2 text nop"]);
    await listens(sendsms);
    return kannel;
  }

  start(program, args) {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], cwd: temporaryFolder() });
    this.children.push({ child, ended: once(child, "exit") });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("latin1").on("data", (text) => program === programs.fakesmsc && (this.out += text));
  }

  // The settings with which a server under test sends here.
  get options() {
    const file = path.join(temporaryFolder(), "password");
    fs.writeFileSync(file, this.password, { mode: 0o600 });
    return { sms_gateway: "kannel", sms_url: `http://127.0.0.1:${this.port}`, sms_user: this.user, sms_password_file: file, sms_from: "ACME" };
  }

  // What the phones got: "Got message 1: <ACME +4915112345678 text Your+code …>", escaped as in a URL.
  get messages() {
    return [...this.out.matchAll(/Got message \d+: <(\S+) (\S+) (text|ucs-2|udh) ([^>]*)>/g)].map(([, from, to, coding, raw]) => ({
      from: decodeURIComponent(from), to: decodeURIComponent(to), coding, raw,
      text: coding === "ucs-2" ? unescape16(raw) : raw,
    }));
  }

  async next(to) {
    const number = this.given.get(to) ?? 0;
    this.given.set(to, number + 1);
    const sms = await eventually(() => this.messages.filter((m) => m.to === to)[number] ?? assert.fail(`no SMS to ${to}:\n${this.out}`));
    saw.number(to);
    saw.message(sms.text.replaceAll("+", " "));
    return sms;
  }

  async close() {
    for (const { child, ended } of this.children) {
      child.kill("SIGKILL"); // some end by themselves when the first one does
      await ended;
    }
  }
}

function unescape16(raw) {
  const bytes = Buffer.from(unescape(raw), "latin1");
  return bytes.swap16().toString("utf16le");
}
