// How one file of tests reports to tests/run.js: what failed and why, then a line of counts.
import { inspect } from "node:util";

const tooLong = /^(.{800}).+/gm; // a whole page in one line helps nobody

export default async function* report(events) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for await (const { type, data } of events) {
    if (type === "test:stdout" || type === "test:stderr") yield data.message;
    if (type !== "test:pass" && type !== "test:fail") continue;
    if (data.details?.type === "suite" && data.skip === undefined) continue; // its tests count; of one that is skipped none is named
    if (data.skip !== undefined || data.todo !== undefined) {
      counts.skipped += 1;
    } else if (type === "test:pass") {
      counts.passed += 1;
    } else {
      counts.failed += 1;
      const error = data.details.error;
      const why = error?.failureType === "subtestsFailed" ? error.message
        : inspect(error?.cause ?? error, { colors: false, depth: 4 }).replace(/^ +at .*\(?node:internal\/.*\n/gm, "");
      yield `✖ ${data.name}\n${why.replace(/^/gm, "    ").replace(tooLong, "$1 […]")}\n`;
    }
  }
  yield `counts: ${JSON.stringify(counts)}\n`;
}
