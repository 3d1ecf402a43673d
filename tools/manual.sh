#!/bin/sh
# Writes the option section of man/countersign.conf.5 anew, after a change of src/config/options.def.
# A unit test of config compares the two.
set -eu
cd "$(dirname "$0")/.."
page=man/countersign.conf.5 new=$(mktemp)
trap 'rm -f "$new"' EXIT
{
    sed '/^\.\\" options begin$/q' "$page"
    build/countersign config manual
    sed -n '/^\.\\" options end$/,$p' "$page"
} >"$new"
cat "$new" >"$page"
