// What the store costs above SQLite: bench/store_bench.c, on the disk that holds the build.
import { execFileSync } from "node:child_process";

execFileSync("ninja", ["-C", "build", "bench/store_bench"], { stdio: "ignore" });
execFileSync("build/bench/store_bench", ["build"], { stdio: "inherit" });
