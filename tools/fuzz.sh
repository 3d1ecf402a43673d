#!/bin/sh
# libFuzzer on every target of tests/fuzz, S seconds each (60): tools/fuzz.sh [WORD]
#
# What it finds new stays in build-fuzz/corpus/NAME; an input that crashes lands in
# build-fuzz/crashes and, once understood, belongs into tests/fuzz/corpus/NAME, where every build
# replays it.
set -eu
cd "$(dirname "$0")/.."
seconds=${S:-60}

[ -e build-fuzz/build.ninja ] ||
    CC=clang meson setup build-fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false \
        -Doptimization=1 -Ddebug=true
ninja -C build-fuzz
mkdir -p build-fuzz/crashes

found=0 bad=0
for program in build-fuzz/tests/fuzz/fuzz_*; do
    [ -x "$program" ] && [ -f "$program" ] || continue
    name=${program##*/fuzz_}
    case $name in *"${1-}"*) ;; *) continue ;; esac
    found=$((found + 1))
    mkdir -p "build-fuzz/corpus/$name"
    printf '%s, %s s: ' "$name" "$seconds"
    dictionary=tests/fuzz/$name.dict
    if "$program" -max_total_time="$seconds" -timeout=5 -print_final_stats=1 -use_value_profile=1 \
        -artifact_prefix="build-fuzz/crashes/$name-" \
        $([ ! -e "$dictionary" ] || echo "-dict=$dictionary") \
        "build-fuzz/corpus/$name" "tests/fuzz/corpus/$name" >"build-fuzz/$name.log" 2>&1; then
        sed -n 's/^stat::number_of_executed_units: */inputs tried: /p' "build-fuzz/$name.log"
    else
        bad=$((bad + 1))
        echo "FAILED"
        grep -m1 -A12 -E 'ERROR:|runtime error:' "build-fuzz/$name.log" || tail -20 "build-fuzz/$name.log"
    fi
done
[ "$found" -gt 0 ] || { echo "no fuzz target of that name" >&2; exit 1; }
[ "$bad" = 0 ]
