/*
 * golden.h: compares what a test made with a file kept under tests/golden. UPDATE_GOLDEN=1 rewrites
 * the file, and the change is then read in the diff. Only *_test.c include it.
 */
#ifndef BASE_GOLDEN_H
#define BASE_GOLDEN_H

#include "base/unit.h"

#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

/* name: "pages/login.html". SOURCE_ROOT comes from the build. */
static inline void golden_check(const char *name, struct str got)
{
    const char *root = getenv("SOURCE_ROOT");
    const char *update = getenv("UPDATE_GOLDEN");
    char path[512], part[4096];
    struct buf want;
    size_t n;
    FILE *f;

    snprintf(path, sizeof path, "%s/tests/golden/%s", root ? root : ".", name);
    f = fopen(path, update && *update ? "wb" : "rb");
    if (!f)
        fail_msg("%s: cannot be opened; UPDATE_GOLDEN=1 makes it", path);
    buf_init(&want, 16 * MIB);
    if (update && *update) {
        assert_int_equal(fwrite(got.p, 1, got.n, f), got.n);
        buf_add(&want, got);
    } else {
        while ((n = fread(part, 1, sizeof part, f)) > 0)
            buf_add(&want, (struct str){part, n});
    }
    assert_int_equal(fclose(f), 0);
    if (!str_eq(got, buf_str(&want))) {
        size_t k = 0;

        while (k < got.n && k < want.n && got.p[k] == want.p[k])
            k++;
        fail_msg(
            "%s differs from byte %zu on:\n  made: %.*s\n  kept: %.*s\nUPDATE_GOLDEN=1 rewrites it",
            path, k, STR_ARG(str_sub(got, k, 120)), STR_ARG(str_sub(buf_str(&want), k, 120)));
    }
    buf_deinit(&want);
}

#endif
