/* totp.c: see totp.h. */
#include "crypto/totp.h"
#include "base/secret.h"
#include "crypto/must.h"

bool totp_params_valid(const struct totp_params *p)
{
    return p->step_s >= TOTP_STEP_S_MIN && p->step_s <= TOTP_STEP_S_MAX &&
           p->digits >= HOTP_DIGITS_MIN && p->digits <= HOTP_DIGITS_MAX &&
           (unsigned)p->alg < HMAC_ALGS;
}

void totp_code(const struct totp_params *p, struct bytes key, int64_t at_s,
               char out[static TOTP_DIGITS_MAX + 1])
{
    must(totp_params_valid(p) && at_s >= 0, "totp_code");
    hotp_code(p->alg, key, (uint64_t)(at_s / p->step_s), p->digits, out);
}

int64_t totp_match(const struct totp_params *p, struct bytes key, struct str code, int64_t at_s,
                   uint32_t skew_steps, int64_t used_step)
{
    int64_t skew = MIN_OF(skew_steps, (uint32_t)TOTP_SKEW_STEPS_MAX), now, found = TOTP_NO_MATCH;
    char want[TOTP_DIGITS_MAX + 1];

    must(totp_params_valid(p) && at_s >= 0, "totp_match");
    now = at_s / p->step_s;
    if (code.n != p->digits || !str_all_digits(code))
        return TOTP_NO_MATCH;
    for (int64_t step = MAX_OF(now - skew, (int64_t)0); step <= now + skew; step++) {
        hotp_code(p->alg, key, (uint64_t)step, p->digits, want);
        /* & rather than &&: the time does not tell which of the two said no */
        if (ct_equal_str(code, (struct str){want, p->digits}) & (step > used_step))
            found = step;
    }
    explicit_bzero(want, sizeof(want));
    return found;
}
