/*
 * phone.c: what somebody types as a phone number. The first line is the country, the rest the
 * number. What is accepted is E.164, reads back as itself, and its groups hold its digits.
 */
#include "core/phone.h"
#include "base/mem.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
    if (!held)
        abort();
}

static void check(struct ctx *cx, const struct phone *phone)
{
    struct str digits = str_sub(phone->e164, 1, phone->e164.n), shown;
    struct phone again;
    size_t at = 0;

    must(str_starts(phone->e164, STR("+")) && str_all_digits(digits));
    must(digits.n <= PHONE_DIGITS_MAX && str_starts(digits, phone->calling_code));
    must(str_eq(str_sub(digits, phone->calling_code.n, digits.n), phone->national));
    must(phone->valid == (phone->type != PHONE_UNKNOWN));
    phone_refuse_reason(phone);
    shown = phone_format_international(cx, phone->e164);
    for (size_t i = 0; i < shown.n; i++) {
        if (shown.p[i] != ' ')
            must(at < phone->e164.n && shown.p[i] == phone->e164.p[at++]);
    }
    must(at == phone->e164.n);
    /* a national number that only looks right beside its trunk prefix may read differently alone */
    if (phone->valid)
        must(phone_parse(cx, STR(""), phone->e164, &again) == PHONE_OK &&
             str_eq(again.e164, phone->e164));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *mem = arena_new();
    struct str rest = bytes_str((struct bytes){data, size}), country = STR("");
    struct phone phone;
    struct ctx cx;

    ctx_init(&cx, mem);
    str_split(&rest, '\n', &country);
    if (phone_parse(&cx, country, rest, &phone) == PHONE_OK)
        check(&cx, &phone);
    phone_format_international(&cx, rest);
    arena_free(&mem);
    return 0;
}
