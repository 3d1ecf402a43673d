/*
 * url.c: absolute URLs and local paths. What is accepted comes out in one spelling that is accepted
 * again unchanged, holds nothing that a browser would read otherwise, and a local path stays local.
 */
#include "base/url.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
    if (!held)
        abort();
}

static void must_be_printable(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        must(s.p[i] > 0x20 && s.p[i] < 0x7F && s.p[i] != '\\' && s.p[i] != '#');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = bytes_str((struct bytes){data, size}), path;
    struct arena *mem = arena_new();
    struct url u, again;

    if (url_parse(mem, in, &u)) {
        struct str text = url_text(mem, &u);

        must_be_printable(text);
        must(u.host.n > 0 && u.host.n <= HOST_LEN_MAX && u.path.n > 0 && u.path.p[0] == '/');
        must(str_find(u.host, '@') == STR_NPOS && u.port > 0);
        /* a canonical IPv6 address may be longer than what was written */
        must(text.n > URL_LEN_MAX || url_parse(mem, text, &again));
        must(text.n > URL_LEN_MAX || str_eq(url_text(mem, &again), text));
    }
    path = url_local_path(mem, in);
    must_be_printable(path);
    must(path.n > 0 && path.n <= URL_LOCAL_LEN_MAX && path.p[0] == '/');
    must(path.n == 1 || path.p[1] != '/');
    must(str_eq(url_local_path(mem, path), path));
    arena_free(&mem);
    return 0;
}
