// What STYLE.md and the rules of this tree forbid, as far as a line shows it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { filesMatching, linesMatching, read } from "./files.js";

// Files that are not ours to word: a licence, locks, pages that the program wrote, corpora of fuzzers
// and whatever is not text.
const foreign = /^(LICENSE|package-lock\.json)$|\/(corpus|golden)\/|\.(png|ico|woff2?|gif|jpg|bin|der|pem)$/;
const ours = filesMatching(/./).filter((name) => !foreign.test(name));

const code = /\.(c|h|js|sh|sql|html|css|build)$|^Makefile$/;
const word = (...parts) => new RegExp(`\\b(${parts.join("|")})(?!\\w)`);
const rules = [
  { what: "a note of work left undone", files: code, bad: word("TO" + "DO", "FIX" + "ME", "XX" + "X:") },
  { what: "a tab", files: /\.(c|h|js|json|sql|html|css|md|build|sh|yml)$/, bad: /\t/ },
  { what: "a blank at the end of a line", files: /./, bad: /[ \t]+$/ },
  { what: "a carriage return", files: code, bad: /\r$/ },
  { what: "a path of somebody's machine", files: /./, bad: new RegExp("(^|[\\s\"'`(=:])/(work|root|home)" + "/\\w") },
  { what: "the address of a package registry or mirror", files: /./, alsoIn: ["package-lock.json"],
    bad: new RegExp("npmjs" + "\\.org|deb\\.debian" + "\\.org|pypi" + "\\.org|https?://(registry|mirror|proxy)" + "\\.") },
  { what: "a test that hides others", files: /\.test\.js$/, bad: new RegExp("\\.on" + "ly\\(|on" + "ly: true") },
];
for (const { what, files, bad, alsoIn = [] } of rules)
  test(`no line has ${what}`, () => {
    const wrong = [...ours, ...alsoIn].filter((name) => files.test(name))
      .flatMap((name) => linesMatching(name, read(name), bad));
    assert.deepEqual(wrong, []);
  });

// Past 600 lines, look for the second noun. A file that stays longer says here why.
const linesMax = 600;
const longForAReason = {
  "src/config/config_test.c": "its tables have a line for every option",
};
test(`no source file is longer than ${linesMax} lines without a reason`, () => {
  const long = ours.filter((name) => code.test(name) && read(name).split("\n").length - 1 > linesMax);
  assert.deepEqual(long.filter((name) => !(name in longForAReason)), []);
});

test("every text file ends with a line end", () => {
  const wrong = ours.filter((name) => read(name) !== "" && !read(name).endsWith("\n"));
  assert.deepEqual(wrong, []);
});

test("docs/dependencies.md has a reason for every package that is installed", () => {
  const said = read("docs/dependencies.md");
  const debian = read("packaging/apt.txt").split("\n").filter((line) => /^[a-z0-9]/.test(line));
  const npm = Object.keys(JSON.parse(read("package.json")).devDependencies);
  assert.deepEqual([...debian, ...npm].filter((name) => !said.includes(`\`${name}\``)), []);
});

// A program that a test or a measurement starts by its name, and the package that has it.
const packageOf = {
  baresip: "baresip-core", flite: "flite", mandoc: "mandoc", meson: "meson", ninja: "ninja-build", oathtool: "oathtool", openssl: "openssl", "rsvg-convert": "librsvg2-bin",
  sipp: "sip-tester", sqlite3: "sqlite3", wrk: "wrk", zbarimg: "zbar-tools",
};
test("every program that a test starts comes with a package of packaging/apt.txt", () => {
  const packages = read("packaging/apt.txt").split("\n");
  const started = ours.filter((name) => /^(tests|bench|tools)\/.*\.m?js$/.test(name)).flatMap((name) =>
    [...read(name).matchAll(/\b(?:spawn|exec|execFile)(?:Sync)?\(\s*"([^"\/ ]+)"/g)].map(([, program]) => `${program} in ${name}`));
  const unknown = started.filter((line) => !packages.includes(packageOf[line.split(" ")[0]]));
  assert.deepEqual(unknown, []);
});
