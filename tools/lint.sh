#!/bin/sh
# What a reader would otherwise have to say in review: formatting, clang-tidy, manual pages.
set -u
cd "$(dirname "$0")/.."
bad=0
check() { # NAME COMMAND...
    name=$1
    shift
    if "$@"; then echo "ok   $name"; else echo "FAIL $name"; bad=1; fi
}

formatted() { find src tests tools -name '*.[ch]' -exec clang-format --dry-run -Werror {} +; }

# clang-tidy reads how each file is compiled; the folder is its own, so that no gcc flag is in it.
tidied() {
    [ -e build-lint/build.ninja ] || CC=clang meson setup build-lint >/dev/null || return 1
    # headers made by the build have to exist before anything can include them
    ninja -C build-lint >/dev/null || return 1
    find src -name '*.c' ! -name '*_test.c' -print0 |
        xargs -0 -n 1 -P "$(nproc)" clang-tidy -p build-lint --quiet 2>/dev/null
}

manuals() {
    set -- man/*.[1-8]
    [ -e "$1" ] || return 0
    mandoc -Tlint -Wwarning "$@"
}

scripts() { for script in tools/*.sh bench/*.sh .ci/run; do sh -n "$script" || return 1; done; }

check "clang-format" formatted
check "shell scripts" scripts
check "manual pages" manuals
check "clang-tidy" tidied
exit $bad
