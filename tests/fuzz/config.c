/* config.c: the text of a configuration file. Every setting read keeps what file.h promises. */
#include "base/mem.h"
#include "config/file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
    if (!held)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *mem = arena_new();
    struct file_reader r = {.rest = bytes_str((struct bytes){data, size})};
    struct str name, value;
    struct ctx cx;
    bool more = true;
    unsigned before = 0;

    ctx_init(&cx, mem);
    while (more) {
        enum err e = file_next(&cx, &r, &name, &value, &more);

        must(e == OK || e == ERR_INVALID);
        if (e == OK && !more)
            break;
        must(r.line > before); /* it always gets on */
        before = r.line;
        if (e)
            continue;
        must(name.n > 0 && str_find(name, '=') == STR_NPOS && str_is_utf8(name));
        must(str_is_utf8(value) && str_find(value, '\0') == STR_NPOS);
        must(value.n < size);
    }
    arena_free(&mem);
    return 0;
}
