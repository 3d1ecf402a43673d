#!/bin/sh
# `make bench`: every measurement, each beside its baseline of the same run: bench/run.sh [WORD]
# bench/NAME.js prints one table; docs/performance.md says what the figures mean. The machine should
# have nothing else to do: the load it has is printed first.
set -eu
cd "$(dirname "$0")/.."
printf '%s\n' "$(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), load $(cut -d' ' -f1-3 /proc/loadavg)"
ran=0
for script in bench/*.js; do
    name=$(basename "$script" .js)
    case $name in *"${1-}"*) ;; *) continue ;; esac
    ran=$((ran + 1))
    printf '\n## %s\n\n' "$name"
    node --no-warnings "$script"
done
[ "$ran" -gt 0 ] || { echo "no measurement of that name" >&2; exit 1; }
