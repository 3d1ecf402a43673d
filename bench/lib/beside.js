// Whether sign-ins slow down while something else goes on, say mails or SMS: sign-ins a second without and
// with it, in turns, so that the machine's mood is in both.
//
//   const { without, with: beside, ratio } = await signInsBeside(server, person, { start, stop });
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { temporaryFolder } from "../../tests/lib/server.js";

export const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

// For wrk: a file that makes each request a sign-in of this person.
export function signInScript(person) {
  const script = path.join(temporaryFolder(), "login.lua");
  fs.writeFileSync(script, `wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Accept"] = "application/json"
wrk.body = ${JSON.stringify(JSON.stringify({ login: person.username, password: person.password }))}
`);
  return script;
}

async function signIns(server, person, seconds, atOnce) {
  const script = signInScript(person);
  const { stdout } = await promisify(execFile)("wrk", ["-t1", `-c${atOnce}`, `-d${seconds}s`, "-s", script, `${server.url}/login`]);
  const bad = Number(stdout.match(/Non-2xx or 3xx responses: (\d+)/)?.[1] ?? 0);
  if (bad) throw new Error(`${bad} sign-ins were not answered with 2xx or 3xx`);
  return Number(stdout.match(/Requests\/sec:\s+([\d.]+)/)[1]);
}

// start() begins what goes on beside, and stop() ends it and waits until it is quiet.
export async function signInsBeside(server, person, { start, stop, seconds = 3, rounds = 3, atOnce = 8 }) {
  const got = { without: [], with: [] };
  for (let i = 0; i < rounds; i++) {
    got.without.push(await signIns(server, person, seconds, atOnce));
    await start();
    got.with.push(await signIns(server, person, seconds, atOnce));
    await stop();
  }
  const without = median(got.without), beside = median(got.with);
  return { without, with: beside, ratio: beside / without };
}
