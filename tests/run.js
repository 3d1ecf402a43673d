// Runs the tests and adds them up; `make test` calls it. The last line is `N passed, N failed`.
//
//   node tests/run.js [--flavour=release|asan|tsan] [WORD...]
//
// A release run builds with gcc, runs the unit tests and every tests/**/*.test.js (by Node's own
// runner, against the built program), then the unit tests and the quicker files again with clang's
// AddressSanitizer, then the unit tests with its ThreadSanitizer. A sanitizer flavour runs everything
// against the sanitized program. With WORDs, only the steps and files that contain one of them run.
// Every warning of either compiler is an error here.
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { searchFolder } from "./lib/scrub.js";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

const sanitizer = (kind) => [
  `-Db_sanitize=${kind}`, "-Doptimization=1", "-Ddebug=true", "-Db_lundef=false", "-Dwerror=true",
];
const flavours = {
  release: { dir: "build", cc: "gcc", options: ["-Dwerror=true"] },
  asan: { dir: "build-asan", cc: "clang", options: sanitizer("address,undefined") },
  tsan: { dir: "build-tsan", cc: "clang", options: sanitizer("thread") },
};
const sanitizerEnv = {
  ASAN_OPTIONS: "detect_leaks=1",
  UBSAN_OPTIONS: "halt_on_error=1:print_stacktrace=1",
  TSAN_OPTIONS: "second_deadlock_stack=1",
};
const cores = os.availableParallelism();
const fileLimitMs = 5 * 60_000;

const args = process.argv.slice(2);
const flavourName = (args.find((a) => a.startsWith("--flavour=")) ?? "--flavour=release").slice(10);
const flavour = flavours[flavourName];
const words = args.filter((a) => !a.startsWith("--"));
if (!flavour) throw new Error(`no such flavour: ${flavourName}`);

// --- processes -----------------------------------------------------------------------------------

const running = new Set(); // each child leads a process group, so its servers die with it
function endAll() {
  for (const child of running) {
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch { /* gone already */ }
  }
}
process.on("exit", endAll);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130));

// Runs a command; resolves to { code, output } and never rejects. code is -1 when it took too long.
function run(command, commandArgs, { env = {}, limitMs = 20 * 60_000 } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, commandArgs, {
      env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"], detached: true,
    });
    const chunks = [];
    let late = false;
    const end = (code) => {
      clearTimeout(timer);
      try {
        process.kill(-child.pid, "SIGKILL"); // whatever it left behind
      } catch { /* nothing */ }
      running.delete(child);
      resolve({ code: late ? -1 : code, output: Buffer.concat(chunks).toString() });
    };
    const timer = setTimeout(() => {
      late = true;
      chunks.push(Buffer.from(`\n[took longer than ${limitMs / 1000} s]\n`));
      process.kill(-child.pid, "SIGKILL");
    }, limitMs);
    running.add(child);
    child.stdout.on("data", (d) => chunks.push(d));
    child.stderr.on("data", (d) => chunks.push(d));
    child.on("error", (e) => {
      chunks.push(Buffer.from(`${e.message}\n`));
      end(127);
    });
    child.on("exit", (code) => setTimeout(end, 20, code ?? 128)); // let the pipes drain
  });
}

// --- results -------------------------------------------------------------------------------------

// Where servers, commands and the test library leave their traces: tests/lib/scrub.js. A folder for each run,
// kept until the next one when something was found in it.
const allTraces = path.resolve(flavour.dir, "test-traces");
const traces = path.join(allTraces, String(process.pid));
function forgetOldTraces() {
  if (!fs.existsSync(allTraces)) return;
  for (const run of fs.readdirSync(allTraces))
    if (!fs.existsSync(`/proc/${run}`)) fs.rmSync(path.join(allTraces, run), { recursive: true, force: true });
}

const total = { passed: 0, failed: 0, skipped: 0 };

function report(name, { passed = 0, failed = 0, skipped = 0, output = "" }, startedAt) {
  if (passed + failed + skipped === 0) {
    failed = 1;
    output += "\nno test ran\n";
  }
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  const counts = `${passed} passed${failed ? `, ${failed} FAILED` : ""}${skipped ? `, ${skipped} skipped` : ""}`;
  for (const [line] of output.matchAll(/^SKIPPED: .*$/gm)) console.log(line); // why, said aloud
  if (failed) console.log(`\n--- ${name}\n${output.trimEnd()}\n---`);
  console.log(`${failed ? "FAIL" : "ok  "} ${name}: ${counts} (${seconds} s)`);
}

// --- steps ---------------------------------------------------------------------------------------

// Whether the existing build folder was set up with these options; for those that matter here.
function isConfigured({ dir, options }) {
  const wanted = Object.fromEntries(options.map((o) => o.slice(2).split("=")));
  const known = JSON.parse(fs.readFileSync(`${dir}/meson-info/intro-buildoptions.json`));
  return known.every((o) => !(o.name in wanted) || String(o.value) === wanted[o.name]);
}

async function build(f) {
  const startedAt = Date.now();
  let done = { code: 0, output: "" };
  if (!fs.existsSync(`${f.dir}/build.ninja`))
    done = await run("meson", ["setup", f.dir, ...f.options], { env: { CC: f.cc } });
  else if (!isConfigured(f)) done = await run("meson", ["configure", f.dir, ...f.options]);
  if (done.code === 0) done = await run("ninja", ["-C", f.dir]);
  const ok = done.code === 0;
  report(`${f.dir}: compiled by ${f.cc} without a warning`,
    { passed: +ok, failed: +!ok, output: done.output.replace(/^\[\d+\/\d+\] .*\n/gm, "") }, startedAt);
  return ok;
}

// The unit tests speak TAP: every `ok` line is a test. A program that died counts as one more failure.
async function unit(f) {
  const startedAt = Date.now();
  const setup = f === flavours.release ? [] : ["--setup=sanitized"];
  const all = await run("meson", ["test", "-C", f.dir, "--no-rebuild", ...setup], { env: sanitizerEnv });
  const log = `${f.dir}/meson-logs/testlog${setup.length ? "-sanitized" : ""}.json`;
  const sum = { passed: 0, failed: 0, skipped: 0, output: "" };
  const rows = fs.existsSync(log) ? fs.readFileSync(log, "utf8").trim().split("\n").filter(Boolean) : [];
  for (const row of rows.map((line) => JSON.parse(line))) {
    const lines = (row.stdout ?? "").split("\n");
    const failed = lines.filter((l) => /^not ok\b/.test(l)).length;
    sum.skipped += lines.filter((l) => /^ok\b.*# SKIP/i.test(l)).length;
    sum.passed += lines.filter((l) => /^ok\b(?!.*# SKIP)/i.test(l)).length;
    if (row.result !== "OK" || failed) {
      sum.failed += failed || 1;
      sum.output += `${row.name} (${row.result}):\n${row.stdout ?? ""}${row.stderr ?? ""}\n`;
    }
  }
  if (all.code !== 0 && !sum.failed) {
    sum.failed = 1;
    sum.output = all.output;
  }
  report(`${f.dir}: unit tests`, sum, startedAt);
}

// One file of tests, by Node's own runner; tests/reporter.js ends with the counts.
async function testFile(file, f) {
  const startedAt = Date.now();
  const slow = f === flavours.release ? 1 : 5; // how much more time everything gets
  const env = {
    ...sanitizerEnv, COUNTERSIGN_BIN: path.resolve(f.dir, "countersign"), COUNTERSIGN_TEST_SLOW: `${slow}`,
    COUNTERSIGN_TEST_TRACES: traces,
  };
  const reporter = ["--test-reporter=./tests/reporter.js", "--test-reporter-destination=stdout"];
  const once = async () => {
    const done = await run(process.execPath, ["--no-warnings", ...reporter, file], { env, limitMs: fileLimitMs * slow });
    const [output, counted] = done.output.split(/^counts: (.*)\n/m);
    return { code: done.code, output, counts: JSON.parse(counted ?? "{}") };
  };
  let { code, output, counts } = await once();
  if (f === flavours.release && code > 0 && counts.passed && !counts.failed) {
    // Every test passed and then the process ended badly (a browser that would not close): said, and run
    // again from the start. What fails in a test is never run again.
    console.log(`note ${file}: no test failed, but its process ended with code ${code}; running it once more\n${output}`);
    ({ code, output, counts } = await once());
  }
  if (code !== 0 && !counts.failed) {
    counts.failed = 1; // it died, hung or could not be read
    output += `\nits process ended with code ${code}\n`;
  }
  report(f === flavours.release ? file : `${f.dir}: ${file}`, { ...counts, output }, startedAt);
}

// Everything that was written meanwhile, against everything that it must not say.
function scrub() {
  const startedAt = Date.now();
  fs.mkdirSync(traces, { recursive: true });
  const { lines, secrets, found } = searchFolder(traces);
  const partial = words.length > 0; // the files that ran may start no server, or send no code
  if (partial && !lines) return;
  const ok = lines > 0 && (secrets > 0 || partial) && found.length === 0;
  if (ok) fs.rmSync(traces, { recursive: true, force: true });
  report(`logs: ${lines} lines, and none of ${secrets} codes, tokens and numbers in them`, {
    passed: +ok, failed: +!ok, output: `${found.slice(0, 50).join("\n")}\nin ${traces}`,
  }, startedAt);
}

function testFiles() {
  const found = [];
  const walk = (dir) => {
    for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
      const name = path.join(dir, entry.name);
      if (entry.isDirectory()) walk(name);
      else if (entry.name.endsWith(".test.js")) found.push(name);
    }
  };
  walk("tests");
  return found.sort();
}

// Files run side by side, one a core; those named *.alone.test.js measure time and run by themselves.
async function runFiles(files, f) {
  fs.mkdirSync(traces, { recursive: true });
  const alone = files.filter((f) => f.endsWith(".alone.test.js"));
  const queue = files.filter((f) => !alone.includes(f));
  const worker = async () => {
    for (let file; (file = queue.shift()); ) await testFile(file, f);
  };
  await Promise.all(Array.from({ length: cores }, worker));
  for (const file of alone) await testFile(file, f);
}

// --- the run -------------------------------------------------------------------------------------

const wanted = (name) => !words.length || words.some((w) => name.includes(w));
const files = testFiles();
// Worth a second time under AddressSanitizer in every run: what parses, and takes seconds only.
const quickFiles = files.filter((file) => /^tests\/(http|cli|portal|api)\//.test(file) && !file.endsWith(".alone.test.js"));

forgetOldTraces();
if (await build(flavour)) {
  if (wanted("unit")) await unit(flavour);
  await runFiles(files.filter(wanted), flavour);
}
if (flavour === flavours.release) {
  if (wanted("asan") && (await build(flavours.asan))) {
    await unit(flavours.asan);
    await runFiles(quickFiles, flavours.asan);
  }
  if (wanted("tsan") && (await build(flavours.tsan))) await unit(flavours.tsan);
}

if (files.some(wanted)) scrub();
if (total.skipped) console.log(`${total.skipped} skipped`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed || !total.passed ? 1 : 0;
