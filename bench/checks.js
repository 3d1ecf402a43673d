// How many codes are checked and committed in a second: bench/core_bench.c.
import { execFileSync } from "node:child_process";

execFileSync("ninja", ["-C", "build", "bench/core_bench"], { stdio: "ignore" });
execFileSync("build/bench/core_bench", ["checks"], { stdio: "inherit" });
