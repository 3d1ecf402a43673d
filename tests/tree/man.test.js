// The manual pages are well-formed mdoc, as mandoc sees it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { filesMatching, root } from "./files.js";

for (const page of filesMatching(/^man\/.*\.\d$/))
  test(`${page} is well-formed`, () => {
    const done = spawnSync("mandoc", ["-Tlint", "-Wwarning", page], { cwd: root, encoding: "utf8" });
    assert.equal(done.stdout + done.stderr, "");
    assert.equal(done.status, 0);
  });
