// A server whose clock a test moves ahead, by demo mode's setting and SIGHUP.
//
//   const { server, later } = await startMovable();
//   await later(121);   // seconds; adds up
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { Client } from "./client.js";
import { eventually, startServer, temporaryFolder } from "./server.js";

export async function startMovable(options = {}) {
  const file = path.join(temporaryFolder(), "countersign.conf");
  fs.writeFileSync(file, "");
  const server = await startServer({ config: file, ...options });
  let ahead = 0;
  const later = async (seconds) => {
    ahead += seconds;
    fs.writeFileSync(file, `demo_clock_offset_s = ${ahead}\n`);
    server.child.kill("SIGHUP");
    await eventually(async () => {
      const { headers } = await new Client(server).get("/robots.txt");
      const off = (new Date(headers.date) - Date.now()) / 1000 - ahead;
      assert.ok(Math.abs(off) < Math.min(30, seconds / 2), `the clock is off by ${off} s`);
    });
    return ahead;
  };
  return { server, later };
}
