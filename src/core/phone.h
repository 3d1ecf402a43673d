/*
 * phone.h: E.164 numbers from what people type, and what kind of number it is.
 *
 * The numbering plans are Google's libphonenumber metadata, as libphonenumber-js ships it, turned
 * into phone_table.inc by `make phone-table`; the steps are libphonenumber's too. What comes out is
 * ASCII: '+' and digits, whatever script went in. Nothing is set up at start: a pattern is compiled
 * when a number first needs it and then shared by all threads. A country's first number costs about
 * 1 ms, each later one 4 to 10 us.
 *
 * A number whose length is possible is accepted even where no plan says that it was given out
 * (`valid` is information): plans change faster than their descriptions, and the numbers reserved
 * for examples, such as +1 415 555 0142 or +44 7700 900123, are not valid either.
 */
#ifndef CORE_PHONE_H
#define CORE_PHONE_H

#include "base/ctx.h"
#include "base/str.h"

enum {
    PHONE_INPUT_MAX = 128, /* bytes; longer is no phone number */
    PHONE_DIGITS_MAX = 15, /* E.164, with the calling code */
};

enum phone_type {
    PHONE_UNKNOWN, /* possible, but no plan says what it is */
    PHONE_FIXED,
    PHONE_MOBILE,
    PHONE_FIXED_OR_MOBILE, /* the number does not tell, as in North America */
    PHONE_TOLL_FREE,
    PHONE_PREMIUM,
    PHONE_SHARED_COST,
    PHONE_VOIP,
    PHONE_PERSONAL,
    PHONE_PAGER,
    PHONE_UAN, /* one number for a whole company */
    PHONE_VOICEMAIL,
    PHONE_TYPES,
};

struct phone {
    struct str e164;         /* "+14155550142" */
    struct str calling_code; /* "1" */
    struct str region;   /* "US"; empty when several countries share the code and none claims the
                            number, and for codes that belong to no country (+800, +881) */
    struct str national; /* "4155550142", without the trunk prefix, with Italy's zero */
    enum phone_type type;
    bool valid; /* a plan says that such a number may exist; then the type is known */
};

enum phone_problem {
    PHONE_OK,
    PHONE_EMPTY,
    PHONE_TOO_LONG_INPUT,
    PHONE_EXTENSION, /* "ext. 12", "#12": nothing that a message could reach */
    PHONE_NO_NUMBER, /* letters or signs that no number has */
    PHONE_NO_COUNTRY,
    PHONE_BAD_COUNTRY,      /* the country given is none that we know */
    PHONE_BAD_CALLING_CODE, /* "+" and then no code of any country */
    PHONE_TOO_SHORT,
    PHONE_TOO_LONG,
    PHONE_BAD_LENGTH, /* between two lengths that exist */
    PHONE_PROBLEMS,
};

/* country_code is what `input` is read with when it has no "+" of its own: a calling code ("49",
 * "+49"), a region ("DE"), both ("DE:49", what a country list posts), or nothing. Takes spaces,
 * dashes, dots, slashes, brackets, a "tel:" in front, "00" or the country's own international
 * prefix, trunk prefixes and the digits of any script. Text in *out is in cx->mem; *out is written
 * on PHONE_OK only. */
enum phone_problem phone_parse(struct ctx *cx, struct str country_code, struct str input,
                               struct phone *out) MUST_USE;

/* A sentence for the person who typed; STR_NONE for PHONE_OK. */
struct str phone_problem_text(enum phone_problem p);

/* Why no code is sent to this number, as a sentence: it costs the caller extra (the classic target
 * of toll fraud), or cannot take a message. STR_NONE: codes may be sent. */
struct str phone_refuse_reason(const struct phone *p);

/* Both for a form: a sentence that says what to do, or STR_NONE, then the calling code ("49") and
 * E.164. */
struct str phone_check(struct ctx *cx, struct str country_code, struct str phone,
                       struct str *out_cc, struct str *out);

/* "mobile", "shared cost": for pages and records. */
struct str phone_type_name(enum phone_type t);

/* "+1 415 555 0142", grouped as its country does. What is not E.164 comes back as it is. */
struct str phone_format_international(struct ctx *cx, struct str e164);

struct phone_region {
    struct str code, name, calling_code; /* "DE", "Germany", "49" */
    bool main; /* of the countries that share the calling code, the one it stands for: +1 is the US
                */
};
/* Every country and territory with numbers of its own, by English name. */
const struct phone_region *phone_regions(size_t *out_count);

#endif
