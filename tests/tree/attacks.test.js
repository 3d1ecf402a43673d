// docs/security.md says of each attack on the list which test tries it.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { codeOnly, filesMatching, linesMatching, read, root } from "./files.js";

const rows = [...read("docs/security.md").matchAll(/^\| (\d+) \| ([^|]+) \| ([^|]+) \|$/gm)].map(([, n, what, where]) =>
  ({ n: Number(n), what, where, files: [...where.matchAll(/`([\w.]+\/[^`]+)`/g)].map(([, file]) => file) }));

test("every number has a row, in order", () => assert.deepEqual(rows.map(({ n }) => n), Array.from({ length: 85 }, (_, i) => i + 1)));

test("every row names files that are there, or says that there is nothing to try", () => {
  assert.deepEqual(rows.flatMap(({ n, files }) => files.filter((file) => !fs.existsSync(path.join(root, file))).map((file) => `${n}: ${file}`)), []);
  assert.deepEqual(rows.filter(({ files, where }) => !files.length && !/^–|^not met/.test(where)).map(({ n }) => n), []);
});

test("every file of tests/attack has a row", () => {
  const named = rows.flatMap(({ files }) => files);
  assert.deepEqual(filesMatching(/^tests\/attack\/.*\.test\.js$/).filter((file) => !named.includes(file)), []);
});

test("attack 22: no comparison that stops at the first difference where secrets are", () => {
  const sources = filesMatching(/^src\/(crypto|core|api|portal|device)\/.*(?<!_test)\.[ch]$/);
  assert.ok(sources.length > 100);
  assert.deepEqual(sources.flatMap((name) => linesMatching(name, codeOnly(read(name)), /\b(memcmp|strn?cmp|strn?casecmp)\b/)), []);
});
