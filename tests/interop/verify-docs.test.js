// docs/migrating-from-verify.md: its lines for Node and Python run as they stand there, and the table of
// docs/wire/verify.md says what the program does.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { after, before, test } from "node:test";
import { Device } from "../lib/device.js";
import { command, limitMs, root, startServer } from "../lib/server.js";
import { newApp } from "../lib/verify.js";

const read = (name) => fs.readFileSync(path.join(root, name), "utf8");
const blocks = (language) => [...read("docs/migrating-from-verify.md").matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "gs"))].map(([, code]) => code);
const require = createRequire(import.meta.url);

let server, keys, env;
before(async () => {
  server = await startServer();
  keys = newApp(server, "Migrated");
  env = { VERIFY_BASE_URL: server.url, ACCOUNT_SID: keys.account_sid, AUTH_TOKEN: keys.auth_token, SERVICE_SID: keys.service_sid };
});
after(() => server.stop());

// The client that a block of the page makes.
const clientOf = (code) => new Function("require", "process", `${code}\nreturn client;`)(require, { env });

const node = blocks("js").filter((code) => code.includes("require('twilio')"));

test("the page has the lines that are said to be tested", () => {
  assert.equal(node.length, 2);
  assert.equal(blocks("python").length, 2);
});

for (const [i, code] of node.entries())
  test(`Node, way ${i + 1}`, async () => {
    const service = clientOf(code).verify.v2.services(keys.service_sid);
    assert.equal((await service.fetch()).friendlyName, "Migrated");
    assert.equal((await service.verifications.create({ to: `+1202555010${i}`, channel: "sms" })).status, "pending");
    await assert.rejects(service.verificationChecks.create({ to: "+12025550199", code: "123456" }), { status: 404, code: 20404 });
  });

for (const [i, code] of blocks("python").entries())
  test(`Python, way ${i + 1}`, () => {
    const more = `
service = client.verify.v2.services(os.environ["SERVICE_SID"])
print(service.fetch().friendly_name, service.verifications.create(to="+1202555011${i}", channel="sms").status)
`;
    const done = spawnSync("/usr/bin/python3", ["-c", code + more], { env: { ...process.env, ...env }, encoding: "utf8", timeout: limitMs(60_000) });
    assert.equal(done.stdout.trim(), "Migrated pending", done.stderr);
  });

test("Node with an API key", async () => {
  const key = JSON.parse(command(["app", "add-key", "Migrated", "--json"], { data_dir: server.dataDir }).out);
  const client = require("twilio")(key.key_sid, key.secret, { accountSid: keys.account_sid });
  client.verify.baseUrl = server.url;
  assert.equal((await client.verify.v2.services(keys.service_sid).fetch()).friendlyName, "Migrated");
});

test("an access token as a pairing link", async () => {
  const [code] = blocks("js").filter((c) => c.includes("#pair="));
  const client = clientOf(node[0]);
  const make = new Function("client", "sid", "identity", `return (async () => { ${code.replace("https://id.example.org", server.url)}; return link; })()`);
  const phone = await Device.pair(server, await make(client, keys.service_sid, "mia-000001"));
  const [factor] = await client.verify.v2.services(keys.service_sid).entities("mia-000001").factors.list();
  assert.deepEqual([factor.sid, factor.status, factor.factorType], [phone.device, "verified", "push"]);
});

test("the wire page's table of codes is the program's", () => {
  const [, table] = read("src/api/verify/errors.c").match(/errors\[\] = \{(.*?)\n\};/s);
  const given = [...table.matchAll(/\{(\d{5}), (\d{3}),/g)].map(([, code, status]) => `${code} ${status}`);
  const said = [...read("docs/wire/verify.md").matchAll(/^\| (\d{5}[\d, ]*) \| ([\d, ]+) \|/gm)].flatMap(([, codes, statuses]) => {
    const all = statuses.split(", ");
    return codes.split(", ").map((code, i) => `${code} ${all[all.length === 1 ? 0 : i]}`);
  });
  assert.deepEqual(said.sort(), given.sort());
});
