import fs from "node:fs";

// Processor time of a process in µs: of its threads with this name, or of all.
export function spent(pid, name) {
  const ticks = fs.readdirSync(`/proc/${pid}/task`).map((task) => fs.readFileSync(`/proc/${pid}/task/${task}/stat`, "utf8"))
    .filter((stat) => !name || stat.includes(`(${name})`)).map((stat) => stat.slice(stat.lastIndexOf(")") + 2).split(" "));
  return ticks.reduce((sum, fields) => sum + Number(fields[11]) + Number(fields[12]), 0) * 10_000;
}
