// `audit verify` against somebody who can write to the database file but has not the sealing key.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { before, test } from "node:test";
import { command, startServer } from "../lib/server.js";
import { enterPassword, signUp } from "../portal/people.js";

let dataDir, file, whole;

before(async () => {
  const server = await startServer();
  const person = await signUp(server);
  await enterPassword(server, person);
  await server.stop();
  ({ dataDir } = server);
  file = path.join(dataDir, "countersign.db");
  whole = fs.readFileSync(file);
});

// [what was done, as SQL, what is said of it]
const rows = [
  ["nothing", "SELECT 1", null],
  ["an entry changed", "UPDATE audit SET addr = '203.0.113.9' WHERE id = 2", /entry 2 was changed/],
  ["an entry taken out", "DELETE FROM audit WHERE id = 2", /entry 2 is missing/],
  ["two entries exchanged",
    "UPDATE audit SET id = -1 WHERE id = 1; UPDATE audit SET id = 1 WHERE id = 2; UPDATE audit SET id = 2 WHERE id = -1",
    /entry 1 was changed/],
  ["the last one cut off", "DELETE FROM audit WHERE id = (SELECT max(id) FROM audit)", /its head names/],
  ["cut off, and the head moved back to an entry's mac",
    "DELETE FROM audit WHERE id > 2; UPDATE audit_head SET seq = 2, mac = (SELECT mac FROM audit WHERE id = 2)",
    /the chain ends at entry 2/],
  ["emptied, and the head with it", "DELETE FROM audit; UPDATE audit_head SET seq = 0, mac = zeroblob(32)",
    /the chain ends at entry 0/],
  ["one added", "INSERT INTO audit SELECT max(id) + 1, at_ms, service_id, identity_id, actor, event, addr, user_agent, " +
    "detail, mac FROM audit", /was changed/],
];

for (const [what, sql, said] of rows)
  test(`audit verify: ${what}`, () => {
    fs.writeFileSync(file, whole);
    assert.equal(spawnSync("sqlite3", [file, sql], { encoding: "utf8" }).stderr, "");
    const verify = command(["audit", "verify"], { data_dir: dataDir });
    assert.equal(verify.code, said ? 5 : 0, verify.err);
    if (said) assert.match(verify.err, said);
  });
