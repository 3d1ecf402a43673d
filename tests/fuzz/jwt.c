/* jwt.c: what is read as a token is what the token says; and no signature made up by chance
 * verifies. */
#include "crypto/jwt.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
    if (!held)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char secret[] = "nobody who fuzzes signs with this";
    const struct jwt_key key = {.alg = JWT_HS256, .secret = BYTES_OF(secret)};
    struct str token = bytes_str((struct bytes){data, size});
    struct arena *mem = arena_new();
    uint8_t raw[ES256_SIGNATURE_LEN];
    struct jwt t;

    if (jwt_parse(mem, token, &t)) {
        must(size <= JWT_LEN_MAX && t.alg.n > 0 && t.payload.n > 0 && t.signature.n > 0);
        must(str_eq(t.signing_input, str_sub(token, 0, t.signing_input.n)));
        must(!jwt_verify(&t, &key));
    }
    /* the other parser of signatures, for the same bytes */
    if (es256_signature_from_der((struct bytes){data, size}, raw))
        must(size <= 72 && data[0] == 0x30);
    arena_free(&mem);
    return 0;
}
