// Calls to applications: signed, tried again, switched off when they fail too often, sent again by the
// operator. Over the webhooks of the Verify dialect; tests/interop/authy.test.js has the callbacks of the
// other one.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import { after, before, describe, test } from "node:test";
import { outbox } from "../lib/outbox.js";
import { command, eventually, startServer } from "../lib/server.js";
import { newApp, VerifyApp } from "../lib/verify.js";

// An application's server: answers as `answer` says, with a status or a function of the response.
class Receiver {
  static async open() {
    const receiver = new Receiver();
    Object.assign(receiver, { got: [], answer: 200 });
    receiver.http = http.createServer(async (rq, rs) => {
      let body = "";
      for await (const chunk of rq) body += chunk;
      receiver.got.push({ url: rq.url, headers: rq.headers, body, params: Object.fromEntries(new URLSearchParams(body)), at: Date.now() });
      if (typeof receiver.answer === "function") return void receiver.answer(rs);
      return void rs.writeHead(receiver.answer).end();
    });
    receiver.http.listen(0, "127.0.0.1").unref(); // a test that fails leaves it open
    await once(receiver.http, "listening");
    receiver.url = `http://127.0.0.1:${receiver.http.address().port}/hook`;
    return receiver;
  }

  events(type) {
    return this.got.filter(({ params }) => params.type === type);
  }

  async close() {
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }
}

async function scene(options = {}) {
  const server = await startServer({ egress_allow: "127.0.0.0/8", ...options });
  const app = new VerifyApp(server, newApp(server, "shop"));
  const receiver = await Receiver.open();
  const run = (...args) => command(args, { data_dir: server.dataDir });
  const json = (...args) => {
    const done = run(...args, "--json");
    assert.equal(done.code, 0, done.err);
    return done.out.trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));
  };
  assert.equal(run("app", "set", "shop", "operator_email=ops@example.com").code, 0);
  const hook = await app.ok(201, app.post(`${app.service}/Webhooks`, { FriendlyName: "events", EventTypes: "*", WebhookUrl: receiver.url }));
  let people = 0;
  // Something happens that the application is told of.
  const happen = async (count = 1) => {
    for (let i = 0; i < count; i++)
      await app.ok(201, app.post(`${app.service}/Entities/person-${String(people++).padStart(4, "0")}/Factors`, { FactorType: "totp", FriendlyName: "phone" }));
  };
  const end = async () => {
    await server.stop();
    await receiver.close();
  };
  return { server, app, receiver, run, json, hook, happen, end };
}

const settle = (at, check) => eventually(() => check(at.json("webhook", "show", at.hook.sid)[0]), { ms: 20_000 });

describe("a webhook", () => {
  let at;
  before(async () => { at = await scene(); });
  after(() => at.end());

  test("is signed, and says when", async () => {
    await at.happen();
    const [call] = await eventually(() => (assert.equal(at.receiver.got.length, 1), at.receiver.got));
    const text = at.receiver.url + Object.keys(call.params).sort().map((name) => name + call.params[name]).join("");
    assert.equal(call.headers["x-twilio-signature"], createHmac("sha1", at.app.keys.auth_token).update(text).digest("base64"));
    const [, t, v1] = call.headers["x-countersign-signature"].match(/^t=(\d+),v1=([0-9a-f]{64})$/);
    assert.ok(Math.abs(Number(t) * 1000 - call.at) < 60_000, "of now");
    assert.equal(v1, createHmac("sha256", at.app.keys.auth_token).update(`${t}.${call.body}`).digest("hex"));
    await settle(at, (hook) => assert.equal(hook.deliveries[0]?.state, "sent"));
  });

  test("that says 'not now' is called again, later and later, with the same event", async () => {
    const before = at.receiver.got.length;
    let refusals = 0;
    at.receiver.answer = (rs) => rs.writeHead(refusals++ < 2 ? 503 : 200).end();
    await at.happen();
    await settle(at, (hook) => assert.deepEqual([hook.deliveries[0].state, hook.deliveries[0].attempts], ["sent", 3]));
    at.receiver.answer = 200;
    const calls = at.receiver.got.slice(before);
    assert.equal(calls.length, 3);
    assert.equal(new Set(calls.map(({ params }) => params.uuid)).size, 1);
    assert.ok(calls[1].at - calls[0].at >= 700 && calls[2].at - calls[1].at >= 1400, "back-off");
    const [{ id }] = at.json("webhook", "show", at.hook.sid)[0].deliveries;
    const [shown] = at.json("delivery", "show", id);
    assert.deepEqual(shown.troubles.map(({ attempt, why }) => [attempt, why]), [1, 2].map((n) => [n, `${new URL(at.receiver.url).host} answered 503`]));
    assert.deepEqual([shown.channel, shown.state, shown.to, shown.attempts], ["webhook", "sent", at.receiver.url, 3]);
    assert.match(at.run("delivery", "show", id).out, /Attempt 2 +\S+ \S+ +127\.0\.0\.1:\d+ answered 503/);
  });

  test("that hangs up is called again, and its answer counts as lost", async () => {
    let first = true;
    at.receiver.answer = (rs) => (first ? ((first = false), rs.socket.destroy()) : rs.end());
    await at.happen();
    await settle(at, (hook) => assert.deepEqual([hook.deliveries[0].state, hook.deliveries[0].attempts], ["sent", 2]));
    at.receiver.answer = 200;
    const [shown] = at.json("delivery", "show", at.json("webhook", "show", at.hook.sid)[0].deliveries[0].id);
    assert.equal(shown.lost, 1);
    assert.match(shown.why, /may have arrived more than once/);
  });

  test("is not followed elsewhere", async () => {
    const other = await Receiver.open();
    at.receiver.answer = (rs) => rs.writeHead(302, { location: other.url }).end();
    await at.happen();
    await settle(at, (hook) => assert.deepEqual([hook.deliveries[0].state, hook.failures], ["failed", 1]));
    at.receiver.answer = 200;
    assert.equal(other.got.length, 0);
    await other.close();
  });

  test("that takes one again has no failures any more", async () => {
    await at.happen();
    await settle(at, (hook) => assert.deepEqual([hook.deliveries[0].state, hook.failures, hook.on], ["sent", 0, true]));
  });

  test("can be sent again by number, taken or not; not twice", async () => {
    const before = at.receiver.got.length;
    const [last] = at.json("webhook", "show", at.hook.sid)[0].deliveries;
    const [{ old, new: again }] = at.json("webhook", "replay", last.id);
    assert.equal(old, last.id);
    await settle(at, (hook) => assert.deepEqual([hook.deliveries[0].id, hook.deliveries[0].state], [again, "sent"]));
    const calls = at.receiver.got.slice(before - 1);
    assert.equal(calls.length, 2);
    assert.equal(calls[0].params.uuid, calls[1].params.uuid, "the same event");
    assert.equal(at.run("webhook", "replay", last.id).code, 5);
  });

  test("is the operator's to switch off and on", async () => {
    assert.equal(at.run("webhook", "disable", at.hook.sid).code, 0);
    const before = at.receiver.got.length;
    await at.happen();
    assert.equal((await at.app.ok(200, at.app.get(`${at.app.service}/Webhooks/${at.hook.sid}`))).status, "disabled");
    assert.match(at.run("webhook", "enable", at.hook.sid).out, /is on/);
    await at.happen();
    await eventually(() => assert.equal(at.receiver.got.length, before + 1), { ms: 15_000 });
    assert.equal(at.run("webhook", "enable", "YW0").code, 3);
  });
});

describe("a webhook that refuses", () => {
  let at;
  before(async () => { at = await scene(); });
  after(() => at.end());

  test("is switched off after five in a row; the operator is told, and the application sees it", async () => {
    at.receiver.answer = 404;
    for (let i = 1; i <= 5; i++) {
      await at.happen();
      await settle(at, (hook) => assert.equal(hook.failures, i));
    }
    assert.equal(at.receiver.got.length, 5, "a refusal is final");
    const [hook] = at.json("webhook", "show", at.hook.sid);
    assert.deepEqual([hook.on, hook.why], [false, `${new URL(at.receiver.url).host} answered 404`]);
    const mails = await outbox(at.server, "ops@example.com");
    assert.equal(mails.length, 1);
    assert.match(mails[0].body, new RegExp(`webhook ${at.hook.sid} of "shop"[^]*answered 404[^]*webhook\\s+enable\\s+${at.hook.sid}`));
    assert.ok(at.json("audit", "list").some(({ event, detail }) => event === "webhook_off" && detail.includes(at.hook.sid)));
    assert.equal((await at.app.ok(200, at.app.get(`${at.app.service}/Webhooks/${at.hook.sid}`))).status, "disabled");
    await at.happen();
    assert.equal(at.run("webhook", "replay", at.hook.sid).code, 5, "first it is switched on");
    assert.match(at.run("webhook", "list").out, new RegExp(`${at.hook.sid} +shop +events +off`));
    assert.equal(at.receiver.got.length, 5);
  });

  test("gets what it missed once it is on again", async () => {
    at.receiver.answer = 200;
    assert.equal(at.run("webhook", "enable", at.hook.sid).code, 0);
    assert.deepEqual(at.json("webhook", "replay", at.hook.sid), [{ count: 5 }]);
    await settle(at, (hook) => assert.deepEqual(hook.deliveries.slice(0, 5).map(({ state }) => state), Array(5).fill("sent")));
    const uuids = (calls) => calls.map(({ params }) => params.uuid).sort();
    assert.deepEqual(uuids(at.receiver.got.slice(5)), uuids(at.receiver.got.slice(0, 5)));
    assert.deepEqual(at.json("webhook", "replay", at.hook.sid), [{ count: 0 }]);
    assert.deepEqual(at.json("audit", "list").map(({ event }) => event).filter((event) => event.startsWith("webhook_")),
      ["webhook_replayed", "webhook_on", "webhook_off"]);
  });

  test("is on again too when the application says so", async () => {
    assert.equal(at.run("webhook", "disable", at.hook.sid).code, 0);
    const path = `${at.app.service}/Webhooks/${at.hook.sid}`;
    assert.equal((await at.app.ok(200, at.app.post(path, { Status: "enabled" }))).status, "enabled");
    assert.equal(at.json("webhook", "list")[0].on, true);
    assert.equal((await at.app.delete(path)).status, 204);
    assert.deepEqual(at.json("webhook", "list"), []);
  });
});

describe("where a webhook may lead (attack 68)", () => {
  test("not to this machine or its network, whatever name says so; nothing goes out", async () => {
    const at = await scene({ egress_allow: "" });
    for (const [host, why] of [["127.0.0.1", "a loopback address"], ["localhost", "a loopback address"], ["[::1]", "a loopback address"], ["169.254.169.254", "a link-local address"], ["10.0.0.1", "a private address"]]) {
      const url = new URL(at.receiver.url);
      const target = `http://${host}:${url.port}/hook`;
      await at.app.ok(200, at.app.post(`${at.app.service}/Webhooks/${at.hook.sid}`, { WebhookUrl: target, Status: "enabled" }));
      await at.happen();
      await settle(at, ({ deliveries: [last] }) => {
        assert.equal(last.state, "failed", host);
        assert.match(last.why, new RegExp(`is ${why}, and egress_allow does not name it`));
      });
    }
    assert.equal(at.receiver.got.length, 0);
    await at.end();
  });

  // The name is looked up for each connection, and the address of that connection is what is asked about: a
  // name that leads to a public address when it is set up, and here when it is called, gains nothing.
  test("not by a name that leads elsewhere when it is called", async () => {
    const receiver = await Receiver.open();
    const at = await scene({ egress_allow: "", egress_connect_to: `public.example.com:80:localhost:${new URL(receiver.url).port}` });
    await at.app.ok(200, at.app.post(`${at.app.service}/Webhooks/${at.hook.sid}`, { WebhookUrl: "http://public.example.com/hook" }));
    await at.happen();
    await settle(at, ({ deliveries: [last] }) => assert.match(last?.why ?? "", /public\.example\.com:80 is a loopback address/));
    assert.equal(receiver.got.length, 0);
    await receiver.close();
    await at.end();
  });

  // libcurl keeps connections, and asks for the socket's address only when it opens one.
  test("not over a connection that the operator's own gateway has opened", async () => {
    const inside = await Receiver.open(); // the gateway, which also has what an application must not reach
    const { origin } = new URL(inside.url);
    const at = await scene({ egress_allow: "", demo_sends: 1, sms_gateway: "webhook", sms_url: origin });
    await at.app.ok(200, at.app.post(`${at.app.service}/Webhooks/${at.hook.sid}`, { WebhookUrl: `${origin}/admin` }));
    await at.app.start("+4915112345678");
    await eventually(() => assert.deepEqual(inside.got.map(({ url }) => url), ["/"]));
    await at.happen();
    await settle(at, ({ deliveries: [last] }) => {
      assert.equal(last?.state, "failed");
      assert.match(last.why, /127\.0\.0\.1:\d+ is a loopback address, and egress_allow does not name it/);
    });
    assert.equal(inside.got.length, 1, JSON.stringify(inside.got.slice(1)));
    await inside.close();
    await at.end();
  });
});

test("what cannot be sent again says so", async () => {
  const at = await scene();
  await at.app.start("+4915112345678");
  const [sms] = at.json("delivery", "list", "--channel=sms");
  const done = at.run("webhook", "replay", sms.id);
  assert.equal(done.code, 5);
  assert.match(done.err, /is no call of a webhook/);
  assert.equal(at.run("webhook", "replay", "12345").code, 3);
  assert.equal(at.run("delivery", "show", "12345").code, 3);
  assert.equal(at.run("delivery", "list", "--state=lost").code, 2);
  assert.equal(sms.to, "+49 ••• ••• 5678", "a list covers numbers");
  await at.end();
});
