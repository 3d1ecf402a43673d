// Credentials of the Verify v2 dialect: auth tokens and key pairs, several at once, changed without a
// request refused in between; and what ends with an application.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { command, startServer } from "../lib/server.js";
import { newApp, setClock, VerifyApp } from "../lib/verify.js";

let server;
before(async () => (server = await startServer()));
after(() => server.stop());

const run = (...args) => command(args, { data_dir: server.dataDir });
const done = (...args) => {
  const { code, out, err } = run(...args);
  assert.equal(code, 0, err);
  return out;
};
const addKey = (name, ...more) => {
  const { key_sid: user, secret: password, ...rest } = JSON.parse(done("app", "add-key", name, ...more, "--json"));
  return { user, password, ...rest };
};
const lines = (text) => text.split("\n").filter(Boolean).map((line) => JSON.parse(line));

test("several key pairs, beside the token; one is changed for another without a pause", async () => {
  const app = new VerifyApp(server, newApp(server, "Keys"));
  const first = addKey("Keys", "--name=server 1"), second = addKey("Keys");
  assert.match(first.user, /^SK[0-9a-f]{32}$/);
  assert.match(first.password, /^[0-9a-f]{32}$/); // the Go SDK takes letters and digits only
  const works = (credentials) => app.ok(200, app.get(app.service, undefined, credentials));
  for (const one of [undefined, first, second]) await works(one);
  assert.deepEqual(lines(done("app", "keys", "Keys", "--json")).map((k) => [k.key_sid, k.name]), [[first.user, "server 1"], [second.user, ""]]);
  // requests go on all the while: each one with whichever key the application has
  let now = first, stop = false, count = 0;
  const traffic = (async () => {
    for (; !stop; count++) await works(now);
  })();
  const third = addKey("Keys", "--name=server 1, new");
  now = third;
  for (const before = count; count < before + 2;) await works(third); // the last one with the old key is answered by then
  done("app", "delete-key", "Keys", first.user);
  await app.refused(401, 20003, app.get(app.service, undefined, first));
  stop = true;
  await traffic;
  for (const one of [undefined, second, third]) await works(one);
});

test("secrets are shown once and are in no list and no log", () => {
  newApp(server, "Once");
  const { user, password } = addKey("Once", "--name=x");
  for (const text of [done("app", "keys", "Once"), done("app", "keys", "Once", "--json"), done("audit", "list", "--json"), server.log])
    assert.ok(!text.includes(password));
  assert.ok(done("audit", "list").includes("key_pair_created"));
  assert.match(done("app", "keys", "Once"), new RegExp(user));
});

test("a key is its SID and its secret, of its own account", async () => {
  const app = new VerifyApp(server, newApp(server, "Mine")), other = new VerifyApp(server, newApp(server, "Yours"));
  const mine = addKey("Mine"), also = addKey("Mine");
  for (const wrong of [{ ...mine, password: also.password }, { ...mine, user: app.keys.account_sid }, { user: mine.user, password: app.keys.auth_token },
    { ...mine, user: mine.user.toUpperCase() }, { ...mine, password: "" }])
    await app.refused(401, 20003, app.get("/Services", undefined, wrong));
  await other.refused(404, 20404, other.get(app.service));
  await other.refused(404, 20404, other.get(other.service, undefined, mine)); // another account's service
  assert.equal(run("app", "delete-key", "Yours", mine.user).code, 3);
  assert.equal(run("app", "delete-key", "Mine", `SK${"0".repeat(32)}`).code, 3);
  assert.equal(run("app", "add-key", "Mine", `--name=${"n".repeat(65)}`).code, 2);
  assert.equal(run("app", "add-key", "Mien").code, 3);
  await app.ok(200, app.get("/Services", undefined, mine));
});

test("a key made for one application serves all services of its account, as SDKs expect", async () => {
  const app = new VerifyApp(server, newApp(server, "Account"));
  const key = addKey("Account");
  const made = await app.ok(201, app.post("/Services", { FriendlyName: "Second" }, key));
  await app.ok(200, app.get(`/Services/${made.sid}`, undefined, key));
});

test("rotation of the token leaves key pairs alone, and both tokens hold during the grace", async () => {
  const app = new VerifyApp(server, newApp(server, "Grace"));
  const key = addKey("Grace");
  const fresh = JSON.parse(done("app", "rotate", "Grace", "--grace=3600", "--json"));
  const works = (credentials) => app.ok(200, app.get(app.service, undefined, credentials));
  for (const one of [undefined, { password: fresh.auth_token }, key]) await works(one);
  await setClock(server, 3601);
  await app.refused(401, 20003, app.get(app.service));
  for (const one of [{ password: fresh.auth_token }, key]) await works(one);
  done("app", "rotate", "Grace");
  await app.refused(401, 20003, app.get(app.service, undefined, { password: fresh.auth_token }));
  await works(key);
  await setClock(server, 0);
});

test("an application's end is not the end of its account's others", async () => {
  const app = new VerifyApp(server, newApp(server, "First of two"));
  const key = addKey("First of two");
  const made = await app.ok(201, app.post("/Services", { FriendlyName: "Second of two" }));
  assert.equal(run("app", "delete", "First of two", "--yes").code, 0);
  for (const one of [undefined, key]) {
    await app.refused(404, 20404, app.get(app.service, undefined, one));
    await app.ok(200, app.get(`/Services/${made.sid}`, undefined, one));
  }
  const authy = (apiKey) => fetch(`${server.url}/protected/json/app/details?api_key=${apiKey}`);
  assert.equal((await authy(app.keys.api_key)).status, 401); // the application's own key
  assert.equal(run("app", "delete", "Second of two", "--yes").code, 0);
  for (const one of [undefined, key]) await app.refused(401, 20003, app.get("/Services", undefined, one));
});
