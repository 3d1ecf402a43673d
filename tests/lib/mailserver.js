// A mail server on loopback, by npm smtp-server; what arrives is read by mailparser.
//
//   const mails = await MailServer.open({ user: "app", password: "…" });   // STARTTLS and AUTH
//   startServer({ mode: "production", ...mails.options });
//   const mail = await mails.next("ann@example.com");                      // as mailparser gives it
import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";
import { newAuthority } from "./certificate.js";
import { saw } from "./scrub.js";
import { limitMs, temporaryFolder } from "./server.js";

const refusal = (code, text) => Object.assign(new Error(text), { responseCode: code });

export class MailServer {
  // tls: "starttls", "at once" or "none". hosts: the names of the certificate.
  static async open({ tls = "starttls", user, password, hosts = ["localhost", "127.0.0.1"], authority = newAuthority(), port = 0 } = {}) {
    const server = new MailServer();
    Object.assign(server, { authority, tls, user, password });
    server.mails = []; // all, each with .envelope and .session
    server.given = new Map(); // address -> how many of its mails were given out
    server.waiting = [];
    server.connections = 0;
    server.logins = 0; // attempts
    server.errors = [];
    server.onRecipient = () => {}; // may throw MailServer.refusal(550, "…")
    server.onData = async () => {}; // may throw; or never end
    server.smtp = new SMTPServer({
      ...authority.issue(...hosts), secure: tls === "at once", authOptional: !user, disableReverseLookup: true, logger: false,
      disabledCommands: [...(tls === "none" ? ["STARTTLS"] : []), ...(user ? [] : ["AUTH"])], closeTimeout: 100,
      onConnect: (session, done) => {
        server.connections++;
        done();
      },
      onAuth: (auth, session, done) => {
        server.logins++;
        const right = auth.username === server.user && auth.password === server.password;
        done(right ? null : refusal(535, "Authentication failed"), { user: auth.username });
      },
      onRcptTo: (address, session, done) => {
        try {
          done(server.onRecipient(address.address, session));
        } catch (error) {
          done(error);
        }
      },
      onData: (stream, session, done) => server.take(stream, session).then((id) => done(null, `Ok: queued as ${id}`), done),
    });
    server.smtp.on("error", (error) => server.errors.push(error)); // a failed handshake is one
    server.smtp.listen(port, "127.0.0.1");
    await once(server.smtp.server, "listening");
    server.port = server.smtp.server.address().port;
    return server;
  }

  static refusal = refusal;

  // The settings with which a server under test sends here.
  get options() {
    const scheme = { starttls: "smtp", "at once": "smtps", none: "smtp+plain" }[this.tls];
    const options = { smtp_url: `${scheme}://localhost:${this.port}`, mail_from: "login@example.com", smtp_ca_file: this.authority.file };
    if (!this.user) return options;
    const file = path.join(temporaryFolder(), "password");
    fs.writeFileSync(file, `${this.password}\n`, { mode: 0o600 });
    return { ...options, smtp_user: this.user, smtp_password_file: file };
  }

  async take(stream, session) {
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    const raw = Buffer.concat(chunks);
    const mail = Object.assign(await simpleParser(raw), { raw: raw.toString(), envelope: session.envelope, session, at: Date.now() });
    mail.address = session.envelope.rcptTo.map((to) => to.address).join();
    saw.message(mail.text ?? "");
    await this.onData(mail, session); // what is refused or lost here was not taken
    this.mails.push(mail);
    for (const look of this.waiting) look();
    return `q${this.mails.length}`;
  }

  to(address) {
    return this.mails.filter((mail) => mail.address === address);
  }

  // The next mail to this address that was not given out yet.
  async next(address, { ms = 10_000 } = {}) {
    const number = this.given.get(address) ?? 0;
    this.given.set(address, number + 1);
    const deadline = Date.now() + limitMs(ms);
    for (;;) {
      const found = this.to(address)[number];
      if (found) return found;
      assert.ok(Date.now() < deadline, `no mail number ${number + 1} to ${address} in ${ms} ms`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, deadline - Date.now());
        this.waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async close() {
    for (const connection of this.smtp.connections) connection._socket.destroy();
    await new Promise((resolve) => this.smtp.close(resolve));
  }
}
