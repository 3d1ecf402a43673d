/*
 * form.h: from a body to a struct: one table of fields, one place that refuses.
 *
 * The same table binds application/x-www-form-urlencoded and a flat JSON object. A body that is
 * malformed as a whole (wrong type, bad escapes, invalid UTF-8, NUL, a field sent twice, more than
 * 64 fields, JSON deeper than 8) gives ERR_INVALID and sets problems->malformed; a field that is
 * missing or unacceptable is listed in *problems so that the page can say so beside it.
 */
#ifndef HTTP_FORM_H
#define HTTP_FORM_H

#include "http/request.h"

#include <jansson.h>

struct problem {
    struct str field;
    struct str text; /* a sentence for the person: what to do */
};

/* What a field says that is required and empty; who knows the form may say it better. */
#define PROBLEM_MISSING STR("Please fill this in.")

enum { PROBLEMS_MAX = 16 };
struct problems {
    struct problem item[PROBLEMS_MAX];
    size_t n;
    bool malformed;
};

void problem_add(struct problems *ps, struct str field, struct str text);
/* Text for one field, or STR_NONE. */
struct str problem_of(const struct problems *ps, struct str field);

enum { FIELD_OPTIONAL = 0, FIELD_REQUIRED = 1 };

struct field;
/* Reads value into *out (a member of the bound struct). A sentence refuses; STR_NONE accepts. */
typedef struct str field_fn(struct ctx *cx, const struct field *f, struct str value, void *out);

struct field {
    const char *name;
    size_t offset;
    field_fn *read; /* of JSON values: strings, and what field_bool and field_i64 say */
    unsigned flags;
    size_t min, max; /* characters for text, value for numbers; 0, 0 = the reader's default */
};

/* Readers. Text is trimmed and must not hold control characters unless said otherwise. */
field_fn field_text;     /* struct str */
field_fn field_lines;    /* struct str; line ends allowed (about me) */
field_fn field_password; /* struct str; not trimmed, any bytes of UTF-8 but NUL */
field_fn field_bool;     /* bool: on, true, 1, yes; off, false, 0, no; JSON's true and false */
field_fn field_i64;      /* int64_t; JSON's integers */

/* Binds all fields; unknown ones are ignored. ERR_INVALID when *problems is not empty. */
enum err form_bind(struct ctx *cx, const struct request *rq, const struct field *fields,
                   size_t count, void *in, struct problems *problems);

/* A parsed form for those who need names that are not known beforehand (the two APIs). */
struct pair {
    struct str name, value;
};
/* Splits and unescapes; duplicates are kept in order. ERR_INVALID when malformed. */
enum err form_pairs(struct ctx *cx, struct str text, struct pair **out, size_t *out_count);
/* JSON object of bounded depth (8) and size from the body; the reference is the caller's. */
enum err json_body(struct ctx *cx, const struct request *rq, json_t **out);

#endif
