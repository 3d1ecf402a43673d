// The search for secrets in logs finds what it is for, and nothing by chance.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { leaks, searchFolder } from "./scrub.js";
import { root, temporaryFolder } from "./server.js";

const token = "mWc9-3Vw_x8Yk2Jq7Tz4Rb6Ln1Ph5Gd0";
const secrets = [["code", "482913"], ["token", token], ["token", "0123456789abcdef0123456789abcdef"], ["number", "4915112345678"]];

for (const [what, line] of [
  ["a code", `2026-11-22T02:00:00.123Z level=info event=sent why="Your code is 482913"`],
  ["a code beside letters", `level=debug event=x why="code_482913_is"`],
  ["a token", `level=debug event=request path=/confirm/${token}?x`],
  ["a key", `level=warn event=x why="key 0123456789abcdef0123456789abcdef"`],
  ["a number", `level=warn event=x why="+4915112345678 is busy"`],
  ["a number as a carrier writes it", `level=warn event=x why="MSISDN 4915112345678 unknown"`],
])
  test(`${what} is found`, () => assert.equal(leaks(["level=info event=started", line], secrets)[0]?.line, 2));

for (const [what, line] of [
  ["the line's own counters", `2026-11-22T02:00:00.482913Z level=debug event=request id=482913 us=482913 status=200`],
  ["a carrier's id", `level=info event=sent attempt=1 provider_id="482913"`],
  ["a port", `level=warn event=x why="127.0.0.1:482913 answered 500"`],
  ["a longer number", `level=info event=x why="row 94829137"`],
  ["a covered number", `level=info event=x to="+49 xxx xxx 5678"`],
])
  test(`${what} is no secret`, () => assert.deepEqual(leaks([line], secrets), []));

// From end to end: a process that has seen a code, and a log of its own that says it.
test("a process that saw a secret and a log that says it are brought together", () => {
  const dir = temporaryFolder();
  const script = path.join(temporaryFolder(), "leak.mjs");
  fs.writeFileSync(script, `
    import fs from "node:fs";
    import { saw, traceFile } from ${JSON.stringify(path.join(root, "tests/lib/scrub.js"))};
    saw.body({ messages: [{ to: "+4915112345678", body: "Your code is 482913.\\n@localhost #482913", code: "482913", link: "https://x.example/confirm/${token}" }] });
    fs.writeFileSync(traceFile(), "level=info event=started\\nlevel=info why=\\"482913\\"\\nlevel=info path=/confirm/${token}\\nlevel=info to=+4915112345678\\n");
    fs.writeFileSync(traceFile(), "level=info event=quiet\\n");
  `);
  const done = spawnSync(process.execPath, [script], { env: { ...process.env, COUNTERSIGN_TEST_TRACES: dir }, encoding: "utf8" });
  assert.equal(done.status, 0, done.stderr);
  const { lines, secrets: count, found } = searchFolder(dir);
  assert.deepEqual([lines, count], [5, 3]);
  assert.deepEqual(found.map((one) => one.replace(/^\d+-/, "")), ["1.log:2: a code", "1.log:3: a token", "1.log:4: a number"]);
});
