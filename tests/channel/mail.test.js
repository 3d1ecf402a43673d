// Mail from a form to a mailbox, through mail servers that we did not write.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { simpleParser } from "mailparser";
import { newAuthority } from "../lib/certificate.js";
import { Client } from "../lib/client.js";
import { MailServer } from "../lib/mailserver.js";
import { command, eventually, startProduction, temporaryFolder } from "../lib/server.js";
import { newPerson } from "../portal/people.js";

const authority = newAuthority();

let mails, server;
before(async () => {
  mails = await MailServer.open({ authority, user: "app", password: "quiet harbour" });
  server = await startProduction({ ...mails.options, product_name: "Bänk Nord" });
});
after(async () => {
  await server.stop();
  await mails.close();
});

async function signUp(at, more) {
  const person = newPerson(more);
  const browser = new Client(at);
  const { status, words } = await browser.fill(await browser.get("/sign-up"), person);
  assert.equal(status, 303, words);
  browser.close();
  return person;
}

const linkIn = (mail) => new URL(mail.text.match(/https?:\/\/\S+/)[0]);
const logged = (at, event) => at.log.split("\n").filter((line) => line.includes(` event=${event} `) && line.includes("channel=email"));
const waitLogged = (at, event, count = 1) => eventually(() => {
  const lines = logged(at, event);
  assert.equal(lines.length, count, `${lines.length} of ${count} ${event}:\n${at.log}`);
  return lines;
});

test("a mail says who writes, in text and in HTML, and its link works", async () => {
  const person = await signUp(server);
  const mail = await mails.next(person.email);
  assert.deepEqual(mail.from.value, [{ name: "Bänk Nord", address: "login@example.com" }]);
  assert.deepEqual(mail.to.value.map((to) => to.address), [person.email]);
  assert.equal(mail.envelope.mailFrom.address, "login@example.com");
  assert.ok(Math.abs(mail.date - Date.now()) < 60_000);
  assert.match(mail.messageId, /^<\d+\.countersign@example\.com>$/);
  assert.equal(mail.headers.get("auto-submitted"), "auto-generated");
  assert.equal(mail.headers.get("content-language"), "en");
  assert.equal(mail.headers.get("content-type").value, "multipart/alternative");
  assert.ok(mail.session.secure && mail.session.user === "app", "by TLS, logged in");
  assert.match(mail.subject, /Bänk Nord/);
  assert.ok(mail.html.includes(linkIn(mail).href), "the link is in both");
  assert.ok(mail.raw.split("\r\n").every((line) => line.length <= 998 && /^[\x20-\x7e\t]*$/.test(line)), "7-bit lines");

  const browser = new Client(server);
  const at = linkIn(mail).pathname;
  const confirmed = await browser.fill(await browser.get(at), {}, { action: at });
  assert.equal(confirmed.location, "/login", confirmed.words);
  const [line] = (await waitLogged(server, "sent")).slice(-1);
  assert.match(line, / provider_id="q\d+"$/);
});

test("the log names nobody, and no link", async () => {
  const person = await signUp(server);
  const mail = await mails.next(person.email);
  await eventually(() => assert.ok(logged(server, "sent").length >= 2));
  assert.ok(!server.log.includes(person.email) && !server.log.includes(linkIn(mail).pathname.split("/").at(-1)));
  assert.ok(!server.log.includes("quiet harbour"));
});

test("many mails share a few connections", async () => {
  const before = mails.connections;
  for (let i = 0; i < 12; i++) await mails.next((await signUp(server)).email);
  assert.ok(mails.connections - before <= 3, `${mails.connections - before} connections`);
});

describe("what a mail server may say", () => {
  test("550: not tried again; the reason is kept without the address", async () => {
    const before = logged(server, "send_failed").length;
    mails.onRecipient = (address) => {
      throw MailServer.refusal(550, `5.1.1 <${address.toUpperCase()}>: no such user`);
    };
    const person = await signUp(server);
    const line = (await waitLogged(server, "send_failed", before + 1)).at(-1);
    assert.match(line, /why="localhost:\d+ answered 550 5\.1\.1 <\(the address\)>: no such user"/);
    assert.ok(!line.toLowerCase().includes(person.email));
    mails.onRecipient = () => {};
  });

  test("451: tried again, and delivered once", async () => {
    let refusals = 0;
    mails.onRecipient = () => {
      if (refusals++ === 0) throw MailServer.refusal(451, "4.7.1 greylisted");
    };
    const person = await signUp(server);
    await mails.next(person.email);
    mails.onRecipient = () => {};
    assert.equal(mails.to(person.email).length, 1);
    assert.equal(refusals, 2);
  });

  test("450 for five mailboxes: others get their mail", async () => {
    const own = await startProduction(mails.options);
    mails.onRecipient = (address) => {
      if (/^full/.test(address)) throw MailServer.refusal(450, "4.2.2 mailbox full");
    };
    for (let i = 0; i < 5; i++) await signUp(own, { email: `full${i}.${newPerson().email}` });
    await eventually(() => assert.ok(logged(own, "send_again").length >= 5));
    await mails.next((await signUp(own)).email);
    const channels = command(["channel", "list", "--json"], { data_dir: own.dataDir }).out.trim().split("\n").map((line) => JSON.parse(line));
    const { state, why } = channels.find(({ channel }) => channel === "email");
    assert.equal(state, "works");
    assert.match(why, /answered 450 4\.2\.2 mailbox full/);
    await own.stop();
    mails.onRecipient = () => {};
  });

  test("nothing, after the whole mail: sent again under the same id, and marked as perhaps sent before", async () => {
    const before = logged(server, "send_again").length, ids = [];
    mails.onData = async (mail, session) => {
      ids.push(mail.messageId);
      if (ids.length > 1) return;
      for (const connection of mails.smtp.connections) if (connection.session === session) connection._socket.destroy();
      await new Promise(() => {});
    };
    const person = await signUp(server);
    await mails.next(person.email);
    mails.onData = async () => {};
    assert.equal(ids.length, 2);
    assert.equal(ids[0], ids[1]);
    assert.match((await waitLogged(server, "send_again", before + 1)).at(-1), / attempt=1 lost=1 why=/);
  });
});

describe("who may see a mail", () => {
  // What one mail of a server with these settings leads to: the log line of its first failure.
  async function refused(own) {
    const person = await signUp(own);
    const [line] = await eventually(() => {
      const lines = logged(own, "send_again");
      assert.ok(lines.length > 0, own.log);
      return lines;
    });
    await own.stop();
    return { line, person };
  }

  test("no STARTTLS: nothing is sent, nor a password said", async () => {
    const plain = await MailServer.open({ authority, tls: "none", user: "app", password: "quiet harbour" });
    const own = await startProduction({ ...plain.options, smtp_url: `smtp://localhost:${plain.port}` });
    assert.match((await refused(own)).line, /STARTTLS/);
    assert.deepEqual([plain.mails.length, plain.logins], [0, 0]);
    await plain.close();
  });

  for (const [what, options] of [
    ["an unknown authority", { authority: newAuthority("Somebody else") }],
    ["another name", { authority, hosts: ["mail.example.com"] }],
  ])
    test(`a certificate of ${what}: nothing is sent`, async () => {
      const wrong = await MailServer.open({ ...options, user: "app", password: "quiet harbour" });
      const own = await startProduction({ ...wrong.options, smtp_ca_file: authority.file });
      assert.match((await refused(own)).line, /SSL|certificate/);
      assert.deepEqual([wrong.mails.length, wrong.logins], [0, 0]);
      await wrong.close();
    });

  test("a wrong password: mails wait until it is put right", async () => {
    const strict = await MailServer.open({ authority, user: "app", password: "right" });
    const { options } = strict;
    strict.password = "changed meanwhile";
    const own = await startProduction(options);
    const person = await signUp(own);
    await eventually(() => assert.match(logged(own, "send_again")[0] ?? "", /535/));
    strict.password = "right";
    await strict.next(person.email, { ms: 20_000 });
    await own.stop();
    await strict.close();
  });

  test("TLS from the start", async () => {
    const early = await MailServer.open({ authority, tls: "at once" });
    const own = await startProduction(early.options);
    const mail = await early.next((await signUp(own)).email);
    assert.ok(mail.session.secure);
    await own.stop();
    await early.close();
  });

  test("in the clear, where the operator says so", async () => {
    const plain = await MailServer.open({ authority, tls: "none" });
    const own = await startProduction(plain.options);
    const mail = await plain.next((await signUp(own)).email);
    assert.ok(!mail.session.secure);
    await own.stop();
    await plain.close();
  });

  test("no mail server: said, not forgotten", async () => {
    const own = await startProduction({});
    await signUp(own);
    assert.match((await waitLogged(own, "send_failed"))[0], /smtp_url is empty/);
    await own.stop();
  });
});

describe("faults", () => {
  test("the server is down: mails arrive once it is back", async () => {
    const first = await MailServer.open({ authority });
    const own = await startProduction(first.options);
    await first.close();
    const person = await signUp(own);
    await eventually(() => assert.ok(logged(own, "send_again").length > 0));
    const back = await MailServer.open({ authority, port: first.port });
    await back.next(person.email, { ms: 20_000 });
    await own.stop();
    await back.close();
  });

  test("kill -9 in the middle: each mail arrives; twice only those that were under way", async () => {
    const slow = await MailServer.open({ authority });
    let hold = true;
    slow.onData = () => new Promise((resolve) => (hold ? setTimeout(resolve, 150) : resolve()));
    let own = await startProduction(slow.options);
    const people = [];
    for (let i = 0; i < 30; i++) people.push(await signUp(own));
    await eventually(() => assert.ok(slow.mails.length >= 4));
    await own.kill();
    hold = false;
    own = await own.restart();
    for (const { email } of people) await slow.next(email, { ms: 20_000 });
    await own.stop();
    const cutOff = Number(own.log.match(/event=sending_resumed cut_off=(\d+)/)?.[1] ?? 0);
    const twice = people.filter(({ email }) => slow.to(email).length > 1);
    assert.ok(cutOff <= 16 + 1, `${cutOff} were under way`);
    assert.ok(twice.length <= cutOff, `${twice.length} twice, ${cutOff} cut off`);
    for (const { email } of twice) assert.equal(new Set(slow.to(email).map((mail) => mail.messageId)).size, 1);
    await slow.close();
  });
});

// A second opinion, in another language: Debian's python3-aiosmtpd.
test("aiosmtpd takes a mail by STARTTLS and AUTH", async () => {
  const leaf = authority.issue("localhost");
  const dir = temporaryFolder();
  const script = path.join(dir, "peer.py");
  fs.writeFileSync(script, `
import asyncio, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult
class Handler:
    async def handle_DATA(self, server, session, envelope):
        sys.stdout.buffer.write(b"MAIL " + str(len(envelope.content)).encode() + b"\\n" + envelope.content)
        sys.stdout.flush()
        return "250 2.0.0 taken as py1"
def login(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"app" and data.password == b"quiet harbour")
async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), tls_context=context, require_starttls=True, auth_required=True,
        authenticator=login, hostname="peer.example"), "127.0.0.1", 0)
    print("PORT", server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
`);
  const peer = spawn("/usr/bin/python3", [script, leaf.certFile, leaf.keyFile], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "", complaints = "";
  peer.stdout.setEncoding("latin1").on("data", (text) => (out += text));
  peer.stderr.setEncoding("utf8").on("data", (text) => (complaints += text));
  try {
    const port = await eventually(() => out.match(/^PORT (\d+)/)?.[1] ?? assert.fail(`no port: ${complaints}`));
    const own = await startProduction({ ...mails.options, smtp_url: `smtp://localhost:${port}` });
    const person = await signUp(own);
    const raw = await eventually(() => {
      const [, length, rest] = out.match(/^MAIL (\d+)\n([^]*)$/m) ?? assert.fail(`no mail: ${complaints}`);
      assert.ok(rest.length >= Number(length));
      return rest;
    });
    const mail = await simpleParser(Buffer.from(raw, "latin1"));
    assert.equal(mail.to.text, person.email);
    assert.ok(mail.text.includes("/confirm/") && mail.html.includes("/confirm/"));
    assert.match((await waitLogged(own, "sent"))[0], /provider_id="py1"/);
    await own.stop();
  } finally {
    peer.kill();
  }
});
