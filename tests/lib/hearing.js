// What a telephone heard, against what it should have: flite speaks the sentence by its own program, and
// the two are compared sample by sample.
//
//   assertHeard(phone.heard(), ["Approved. You can hang up."]);
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { RATE, samplesOf } from "./baresip.js";
import { temporaryFolder } from "./server.js";

// What these tests cannot do without, and this machine has not: the reason to skip them, said aloud.
const missing = ["baresip", "sipp", "flite"].filter((name) =>
  !process.env.PATH.split(":").some((dir) => fs.existsSync(path.join(dir, name))));
export const cannotCall = missing.length > 0 && `no ${missing.join(", no ")} on this machine: nobody can be called`;
if (cannotCall) console.error(`SKIPPED: ${path.basename(process.argv[1] ?? "tests")}: ${cannotCall}`);

// What flite says, by its own program.
const said = new Map();
export function spoken(text) {
  if (said.has(text)) return said.get(text);
  const file = path.join(temporaryFolder(), "said.wav");
  const done = spawnSync("flite", ["-voice", "kal", "-t", text, "-o", file], { encoding: "utf8" });
  assert.equal(done.status, 0, `flite: ${done.error ?? done.stderr}`);
  said.set(text, samplesOf(file));
  return said.get(text);
}

// Where in `heard` `said` fits best, and how well: Pearson's correlation, 1 = the same. The places that are
// compared whole are those where its loudest part fits: a beginning may be silence, or another sentence's.
const every = 4, part = 1600;
export function fit(said, heard, from = 0) {
  let best = { at: -1, correlation: -1 };
  const loudness = (at) => said.subarray(at, at + part).reduce((sum, x) => sum + x * x, 0);
  let start = 0, most = -1;
  for (let at = 0; at + part <= said.length; at += part / 8) {
    const sum = loudness(at);
    if (sum > most) [most, start] = [sum, at];
  }
  const rough = said.subarray(start, start + part).filter((_, i) => i % every === 0);
  const at = (lag, a, step) => {
    let ab = 0, aa = 0, bb = 0;
    for (let i = 0; i < a.length; i++) {
      const x = a[i], y = heard[lag + i * step];
      ab += x * y; aa += x * x; bb += y * y;
    }
    return ab / Math.sqrt(aa * bb || 1);
  };
  const tries = [];
  for (let lag = from; lag <= heard.length - said.length; lag++) tries.push([at(lag + start, rough, every), lag]);
  tries.sort((a, b) => b[0] - a[0]);
  for (const [, lag] of tries.slice(0, 50)) {
    const correlation = at(lag, said, 1);
    if (correlation > best.correlation) best = { at: lag, correlation };
  }
  return best;
}

function correlate(a, b) {
  let ab = 0, aa = 0, bb = 0;
  for (let i = 0; i < a.length; i++) { ab += a[i] * b[i]; aa += a[i] * a[i]; bb += b[i] * b[i]; }
  return ab / Math.sqrt(aa * bb || 1);
}

// On a machine that has more to do than it can, sound arrives late, and the telephone plays a gap: what is before
// and behind it is whole (or a frame is lost). Follows the sentence in steps of 50 ms; where one is not as it was said, the next 200 ms
// have to be, up to a second later. Returns where it ends; -1: something else was said.
const step = 0.05 * RATE, ahead = 0.2 * RATE, lateMost = RATE, gapsMost = 5;
function fitWithGaps(said, heard, from) {
  const energy = (samples) => samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
  const quiet = energy(said) / 50; // a pause between two digits is like any other
  const begin = fit(said.subarray(0, 0.5 * RATE), heard, from);
  if (begin.correlation < 0.99) return -1;
  let shift = begin.at, gaps = 0;
  for (let at = 0; at + step <= said.length; at += step) {
    const piece = said.subarray(at, at + step);
    if (energy(piece) < quiet || correlate(piece, heard.subarray(at + shift, at + step + shift)) >= 0.95) continue;
    const next = said.subarray(at + step, at + step + ahead), first = Math.max(at + step + shift - ahead, from);
    const behind = fit(next, heard.subarray(0, first + ahead + next.length + lateMost), first);
    if (next.length < ahead || behind.correlation < 0.99 || ++gaps > gapsMost) return -1;
    shift = behind.at - at - step;
  }
  return said.length + shift;
}

// Each sentence is in the recording, one behind the other. Returns where the last one ends.
export function assertHeard(heard, said, from = 0) {
  for (const text of said) {
    const samples = spoken(text), { at, correlation } = fit(samples, heard, from);
    const end = correlation >= 0.99 ? at + samples.length : fitWithGaps(samples, heard, from);
    assert.ok(end >= 0, `"${text}" correlates ${correlation.toFixed(4)} at ${at / RATE} s of ${heard.length / RATE} s`);
    from = end;
  }
  return from;
}
