// The house of DESIGN.md section 1: arrows point down only. Reads the #include lines of src/ and the
// names of the libraries that are to stay behind one wall each.
import assert from "node:assert/strict";
import { test } from "node:test";
import { codeOnly, filesMatching, linesMatching, read } from "./files.js";

const below = ["base", "crypto", "config", "store", "channel", "core", "http"];
const mayInclude = {
  base: [],
  crypto: ["base"],
  config: ["base"],
  http: ["base"],
  store: ["base"],
  channel: ["base", "crypto", "config"],
  core: ["base", "crypto", "store", "channel"],
  portal: below,
  device: below,
  api: below,
  cli: [...below, "portal", "device", "api"],
};
// Headers that the build writes: the directory they belong to.
const generated = { "templates.h": "portal", "assets.h": "portal", "queries.h": "store" };
// main.c stands above all directories and may call the command table only.
const mainMayInclude = ["base", "cli"];

// A library's names, and the directories that may say them.
const walls = [
  { library: "libevent", names: /\b(ev|event|evtimer|evsignal|evutil|evconnlistener)_\w+\s*\(|<event2\//, home: ["http"] },
  { library: "SQLite", names: /\bsqlite3_\w+|<sqlite3\.h>/, home: ["store"] },
  { library: "libpq", names: /\bPQ[a-z]\w+|<libpq-fe\.h>/, home: ["store"] },
  { library: "libsmpp34", names: /\bsmpp34_\w+\s*\(|<smpp34\w*\.h>/, home: ["channel"] },
  { library: "libre", names: /\b(sip|sipsess|sdp|rtp|srtp|mbuf)_\w+\s*\(|<re\//, home: ["channel"] },
  { library: "libcurl", names: /\bcurl_\w+|<curl\//, home: ["channel"] },
];

const sources = filesMatching(/^src\/.*\.[ch]$/);
const directoryOf = (name) => name.split("/").slice(1, -1)[0]; // src/api/authy/x.c -> api

// A unit test may look at what its module looks at, and nothing else.
for (const directory of new Set(sources.map(directoryOf)))
  test(`${directory ?? "main.c"} includes only what lies below it`, () => {
    const allowed = directory ? [...(mayInclude[directory] ?? []), directory] : mainMayInclude;
    assert.ok(!directory || directory in mayInclude, `src/${directory} has no place in the drawing`);
    const wrong = sources.filter((name) => directoryOf(name) === directory).flatMap((name) =>
      read(name).split("\n").flatMap((line, i) => {
        const header = line.match(/^\s*#\s*include\s+"([^"]+)"/)?.[1];
        if (header === undefined) return [];
        const target = generated[header] ?? header.split("/")[0];
        return allowed.includes(target) ? [] : [`${name}:${i + 1}: ${line.trim()}`];
      }));
    assert.deepEqual(wrong, []);
  });

for (const { library, names, home } of walls)
  test(`${library} is spoken in ${home.map((d) => `src/${d}`).join(" and ")} only`, () => {
    const wrong = sources.filter((name) => !home.includes(directoryOf(name)))
      .flatMap((name) => linesMatching(name, codeOnly(read(name)), names));
    assert.deepEqual(wrong, []);
  });
