/* otpauth.c: what is read from a URI can be written as one that reads the same. */
#include "crypto/otpauth.h"

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
    struct otpauth o, again;
    struct str uri;

    if (otpauth_parse(mem, bytes_str((struct bytes){data, size}), &o)) {
        must(totp_params_valid(&o.params) && o.secret.n > 0 && o.secret.n <= OTPAUTH_SECRET_MAX);
        must(!str_has_control(o.issuer) && !str_has_control(o.account));
        if (otpauth_uri(mem, &o, &uri)) { /* too long a text is the only reason not to */
            must(otpauth_parse(mem, uri, &again));
            must(str_eq(bytes_str(o.secret), bytes_str(again.secret)));
            must(o.params.digits == again.params.digits && o.params.alg == again.params.alg);
        }
    }
    arena_free(&mem);
    return 0;
}
