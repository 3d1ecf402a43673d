// Web Push from a sign-in to the push service: what is sent, when it is tried again, and when not.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { newAuthority } from "../lib/certificate.js";
import { Client } from "../lib/client.js";
import { Device } from "../lib/device.js";
import { PushService } from "../lib/pushservice.js";
import { eventually, startServer } from "../lib/server.js";
import { signIn, signUp } from "../portal/people.js";

let service, server;
before(async () => {
  service = await PushService.open();
  server = await startServer({ ...service.options, stop_grace_ms: 500 });
});
after(async () => {
  await server.stop();
  await service.close();
});

// Somebody whose phone has a subscription.
async function subscribed(at = server, from = service) {
  const person = await signUp(at);
  const link = await (await signIn(at, person)).postJson("/account/security/push/start", {});
  assert.equal(link.status, 200, link.text);
  const phone = await Device.pair(at, link.json.url);
  const subscription = from.subscribe(phone.push_key);
  const { status, text } = await phone.request("POST", "/device/push", subscription.facts);
  assert.equal(status, 204, text);
  return { person, phone, subscription };
}

// Name and password are right, and the phone is asked.
async function signInWaiting(at, person) {
  const browser = new Client(at);
  const { status, json, text } = await browser.postJson("/login", { login: person.username, password: person.password });
  assert.deepEqual([status, json.state], [200, "waiting"], text);
  return { browser, ...json };
}

const hasPush = async (phone) => (await phone.request("GET", "/device/self")).json.push;

// Lines of the server's log with this event.
const logged = (at, event) => at.log.split("\n").filter((line) => line.includes(` event=${event} `) && line.includes("channel=webpush"));
const waitLogged = (at, event, count = 1) => eventually(() => {
  const lines = logged(at, event);
  assert.equal(lines.length, count, `${lines.length} of ${count} ${event}:\n${at.log}`);
  return lines;
}, { ms: 10_000 });

test("a sign-in reaches the phone's push service, and says nothing (attack 66)", async () => {
  const { person, subscription } = await subscribed();
  const { challenge } = await signInWaiting(server, person);
  const { text, headers, claims } = await subscription.next();
  assert.equal(text, '{"t":"wake"}');
  assert.ok(challenge === undefined || !text.includes(challenge));
  assert.equal(headers.urgency, "high");
  assert.match(headers.topic, /^[\w-]{1,32}$/);
  assert.equal(headers["content-type"], "application/octet-stream");
  assert.ok(Number(headers.ttl) > 100 && Number(headers.ttl) <= 120, `ttl ${headers.ttl}`);
  assert.equal(claims.sub, "mailto:no-reply@localhost");
  const [line] = await waitLogged(server, "sent");
  assert.match(line, / attempt=1 provider_id="[\w-]+"$/);
  assert.ok(!server.log.includes(subscription.token), "the subscription's URL is in the log");
});

test("the signed name is made once for many pushes", async () => {
  const [a, b] = [await subscribed(), await subscribed()];
  await signInWaiting(server, a.person);
  const first = await a.subscription.next();
  await signInWaiting(server, b.person);
  const second = await b.subscription.next();
  assert.equal(first.headers.authorization, second.headers.authorization);
});

test("asking again pushes again", async () => {
  const { person, subscription } = await subscribed();
  const { browser } = await signInWaiting(server, person);
  await subscription.next();
  const { status, text } = await browser.postJson("/resend", {});
  assert.equal(status, 200, text);
  await subscription.next();
});

describe("what a push service may say", () => {
  for (const status of [404, 410])
    test(`${status}: the subscription is forgotten`, async () => {
      const { person, phone, subscription } = await subscribed();
      subscription.answer(status);
      assert.equal(await hasPush(phone), true);
      await signInWaiting(server, person);
      await subscription.next();
      await eventually(async () => assert.equal(await hasPush(phone), false));
      await signInWaiting(server, person);
      assert.equal((await phone.pending()).length, 1, "the request itself is there");
      assert.equal(subscription.got.length, 1);
    });

  const once = [
    [503, {}, 700],
    [500, {}, 700],
    [429, { "retry-after": "2" }, 2000],
    ["reset", {}, 0], // on a connection that was used before, libcurl does it at once
  ];
  for (const [status, headers, leastMs] of once)
    test(`${status}: tried again, not before ${leastMs} ms`, async () => {
      const { person, phone, subscription } = await subscribed();
      subscription.answer(status, headers);
      await signInWaiting(server, person);
      const first = await subscription.next(), second = await subscription.next({ ms: 8000 });
      assert.ok(second.at - first.at >= leastMs, `after ${second.at - first.at} ms`);
      assert.equal(second.status, 201);
      assert.equal(await hasPush(phone), true);
    });

  for (const [status, why] of [[413, "too large"], [403, "our key is refused"], [400, "malformed"], [307, "redirects are not followed"]])
    test(`${status}: not tried again, and said why`, async () => {
      const { person, phone, subscription } = await subscribed();
      const other = service.subscribe(phone.push_key);
      subscription.answer(status, { location: other.endpoint });
      const before = logged(server, "send_failed").length;
      await signInWaiting(server, person);
      await subscription.next();
      const line = (await waitLogged(server, "send_failed", before + 1)).at(-1);
      assert.match(line, new RegExp(`why="localhost:${service.port} answered ${status}: .*${why}`));
      assert.equal(other.got.length, 0);
      assert.equal(await hasPush(phone), true);
    });

  test("nothing for a while: others are not held up", async () => {
    const slow = await Promise.all(Array.from({ length: 4 }, () => subscribed()));
    for (const { person, subscription } of slow) {
      subscription.answer("hang");
      await signInWaiting(server, person);
      await subscription.next();
    }
    const { person, subscription } = await subscribed();
    await signInWaiting(server, person);
    await subscription.next();
  });
});

test("a request that was answered meanwhile is not pushed again", async () => {
  const { person, phone, subscription } = await subscribed();
  subscription.answer(503, { "retry-after": "2" });
  await signInWaiting(server, person);
  await subscription.next();
  const before = logged(server, "send_expired").length;
  await phone.answer(await phone.asked(), "denied", "");
  const line = (await waitLogged(server, "send_expired", before + 1)).at(-1);
  assert.match(line, /nothing is asked of the device any more/);
  assert.equal(subscription.got.length, 1);
});

describe("stops and starts", () => {
  test("kill -9 in the middle: sent again, and said that it may arrive twice", async () => {
    let own = await startServer(service.options);
    const { person, subscription } = await subscribed(own);
    subscription.answer("hang");
    await signInWaiting(own, person);
    await subscription.next();
    await own.kill();
    own = await own.restart();
    const again = await subscription.next();
    assert.equal(again.status, 201);
    assert.match((await waitLogged(own, "sent"))[0], / attempt=2 /);
    assert.match(own.log, /event=sending_resumed cut_off=1/);

    await own.kill(); // what was sent stays sent
    own = await own.restart();
    await own.stop();
    assert.equal(subscription.got.length, 2);
    assert.doesNotMatch(own.log, /sending_resumed/);
  });

  test("a stop waits for the grace only, and the next start sends again", async () => {
    let own = await startServer({ ...service.options, stop_grace_ms: 300 });
    const { person, subscription } = await subscribed(own);
    subscription.answer("hang");
    await signInWaiting(own, person);
    await subscription.next();
    const beganAt = Date.now();
    await own.stop();
    assert.ok(Date.now() - beganAt < 5000);
    assert.match((await waitLogged(own, "send_again"))[0], /why="cut off while localhost:\d+ had it"/);
    own = await own.restart();
    await subscription.next();
    await waitLogged(own, "sent");
    await own.stop();
  });

  test("what was queued while the push service was down is not sent after its time", async () => {
    let own = await startServer(service.options);
    const { person, subscription } = await subscribed(own);
    subscription.answer(503, { "retry-after": "60" });
    await signInWaiting(own, person);
    await subscription.next();
    await waitLogged(own, "send_again");
    await own.stop();
    own = await own.restart({ demo_clock_offset_s: 130 });
    assert.match((await waitLogged(own, "send_expired"))[0], /its time was over/);
    await own.stop();
    assert.equal(subscription.got.length, 1);
  });
});

describe("where connections may go (attacks 65, 68)", () => {
  test("a name that leads to this machine is refused at the connection", async () => {
    const own = await startServer({ ...service.options, egress_allow: "10.0.0.0/8" });
    const { person, subscription } = await subscribed(own);
    await signInWaiting(own, person);
    assert.match((await waitLogged(own, "send_failed"))[0], /why="localhost:\d+ is a loopback address, and egress_allow does not name it"/);
    await own.stop();
    assert.equal(subscription.got.length, 0);
  });

  test("only known push services may be named, and only by https", async () => {
    const { phone, subscription } = await subscribed();
    for (const endpoint of ["https://push.example.org/x", "https://127.0.0.1/x", subscription.endpoint.replace("https", "http"),
      "https://fcm.googleapis.com.example.org/x", "https://user@localhost/x"]) {
      const answer = await phone.request("POST", "/device/push", { ...subscription.facts, endpoint });
      assert.equal(answer.status, 400, endpoint);
    }
  });

  test("a vendor's real name, reached through a gateway", async () => {
    const vendor = await PushService.open({ hosts: ["fcm.googleapis.com"], port: 443 });
    const own = await startServer({ ...vendor.options, push_hosts: "", egress_connect_to: `fcm.googleapis.com:443:127.0.0.1:${vendor.port}` });
    const { person, subscription } = await subscribed(own, vendor);
    await signInWaiting(own, person);
    await subscription.next();
    await own.stop();
    await vendor.close();
  });

  for (const [what, open] of [
    ["an unknown authority", () => PushService.open({ authority: newAuthority("Somebody else") })],
    ["another name", () => PushService.open({ hosts: ["push.example.com", "localhost.example.com"], authority: service.authority })],
  ])
    test(`a certificate of ${what} gets nothing`, async () => {
      const wrong = await open();
      wrong.origin = `https://localhost:${wrong.port}`;
      const own = await startServer({ ...service.options, egress_connect_to: "" });
      const { person, subscription } = await subscribed(own, wrong);
      await signInWaiting(own, person);
      assert.match((await waitLogged(own, "send_again"))[0], /SSL|certificate/);
      await own.stop();
      assert.equal(subscription.got.length, 0);
      await wrong.close();
    });
});

test("a contact for push services is the operator's own", async () => {
  const own = await startServer({ ...service.options, mail_from: "ops@example.com" });
  const { person, subscription } = await subscribed(own);
  await signInWaiting(own, person);
  assert.equal((await subscription.next()).claims.sub, "mailto:ops@example.com");
  await own.stop();
});
