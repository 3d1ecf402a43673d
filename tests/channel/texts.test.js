// The operator's own texts: from a file to a phone and a mailbox, and what is said about wrong ones.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { newAuthority } from "../lib/certificate.js";
import { Kannel } from "../lib/kannel.js";
import { MailServer } from "../lib/mailserver.js";
import { newest } from "../lib/outbox.js";
import { command, eventually, startProduction, startServer, temporaryFolder } from "../lib/server.js";
import { newApp, VerifyApp } from "../lib/verify.js";

let counter = 0;
const newNumber = () => `+4915113${String(Date.now() % 1000).padStart(3, "0")}${String(counter++ % 1000).padStart(3, "0")}`;

function folder(files) {
  const dir = temporaryFolder();
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(dir, name), text);
  return dir;
}
const german = "sms = Hier {code}, für {service}.\nmail_subject = Post von {service}\nmail_lead = <b>Ihr</b> Code & sonst nichts:\n";

let kannel, mails, server, app;
before(async () => {
  [kannel, mails] = await Promise.all([Kannel.open(), MailServer.open({ authority: newAuthority() })]);
  server = await startProduction({ phone_firewall: "off", messages_dir: folder({ "de.txt": german }), ...kannel.options, ...mails.options });
  app = new VerifyApp(server, newApp(server, "Laden"));
});
after(async () => {
  await server?.stop();
  await Promise.all([kannel?.close(), mails?.close()]);
});

test("a German override arrives by SMS", async () => {
  const to = newNumber(); // the country chooses the language
  await app.ok(201, app.start(to));
  const { text } = await kannel.next(to);
  const words = Buffer.from(text.replaceAll("+", " "), "latin1").toString(); // as fakesmsc prints it
  assert.match(words, /^Hier \d{6}, für Laden\./);
  assert.equal((await app.ok(200, app.check(to, words.match(/\d{6}/)[0]))).status, "approved");
});

test("and by mail, in its text as it is, in its HTML escaped", async () => {
  const to = `person${Date.now()}@example.com`;
  await app.ok(201, app.start(to, { Channel: "email", Locale: "de" }));
  const mail = await mails.next(to);
  assert.equal(mail.subject, "Post von Laden");
  assert.match(mail.text, /<b>Ihr<\/b> Code & sonst nichts:/);
  assert.match(mail.html, /&lt;b&gt;Ihr&lt;\/b&gt; Code &amp; sonst nichts:/);
  assert.match(mail.text, /Er gilt einmal/, "what is not worded anew stays");
});

test("other languages stay as they are", async () => {
  const to = `someone${Date.now()}@example.com`;
  await app.ok(201, app.start(to, { Channel: "email", Locale: "fr" }));
  assert.match((await mails.next(to)).subject, /^Votre code/);
});

test("a reload reads them again; wrong ones change nothing", async () => {
  const dir = folder({ "de.txt": german });
  const own = await startServer({ messages_dir: dir });
  const demo = new VerifyApp(own, newApp(own, "Laden"));
  const words = async () => {
    const to = newNumber();
    await demo.ok(201, demo.start(to));
    return (await newest(own, to)).body;
  };
  assert.match(await words(), /^Hier \d{6}/);
  fs.writeFileSync(path.join(dir, "de.txt"), "sms = Neu: {code}\n");
  own.child.kill("SIGHUP");
  await eventually(() => assert.match(own.log, /event=reloaded /));
  assert.match(await words(), /^Neu: \d{6}/);
  fs.writeFileSync(path.join(dir, "de.txt"), "\nsms = {code} {kode}\n");
  own.child.kill("SIGHUP");
  await eventually(() => assert.match(own.log, /event=reload_refused text=".*de\.txt:2:14: \{kode\} has no meaning in sms/));
  assert.match(await words(), /^Neu: \d{6}/);
  await own.stop();
});

test("config check says file, line and column; warnings do not stop a start", () => {
  const check = (files) => command(["config", "check"], { messages_dir: folder(files), data_dir: temporaryFolder() });
  const wrong = check({ "de.txt": "# x\nsms = Hallo\n", "fr.txt": "voice = {digit}\n" });
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /\/de\.txt:2:7: sms must name \{code\}\n.*\/fr\.txt:1:9: \{digit\} has no meaning in voice, which knows \{service\} and \{digits\}/);
  const dear = check({ "de.txt": "sms = {code} ист Ihr Code\n" });
  assert.equal(dear.code, 0, dear.err);
  assert.match(dear.err, /\/de\.txt:1:14: this letter is not in the GSM alphabet/);
  const done = command(["serve"], { messages_dir: folder({ "de.txt": "sms = Hallo\n" }), data_dir: temporaryFolder(), listen: "127.0.0.1:0" });
  assert.equal(done.code, 2);
  assert.match(done.err, /de\.txt:1:7: sms must name \{code\}/);
  const none = command(["config", "check"], { messages_dir: "/no/such/folder", data_dir: temporaryFolder() });
  assert.match(none.err, /messages_dir \/no\/such\/folder: No such file/);
});
