/* base32.c: what is decoded encodes to the same bytes, and never past the buffer. */
#include "crypto/base32.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
    if (!held)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = bytes_str((struct bytes){data, size});
    struct arena *mem = arena_new();
    size_t max = size ? data[0] % 65 : 0; /* also buffers that are too small */
    uint8_t *out = malloc(max ? max : 1), again[64];
    ptrdiff_t n = base32_decode(in, out, max);

    if (n >= 0) {
        struct bytes decoded = {out, (size_t)n};

        must(decoded.n <= max);
        must(base32_decode(base32_encode(mem, decoded), again, sizeof(again)) == n);
        must(str_eq(bytes_str((struct bytes){again, decoded.n}), bytes_str(decoded)));
    }
    free(out);
    arena_free(&mem);
    return 0;
}
