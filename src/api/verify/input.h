/*
 * input.h: form parameters as the dialect sends them: names with dots, lists as the same name
 * again, objects as JSON texts, booleans in any case. Unknown ones are ignored.
 */
#ifndef API_VERIFY_INPUT_H
#define API_VERIFY_INPUT_H

#include "api/verify/call.h"
#include "http/form.h"

struct input {
    struct pair *pairs;
    size_t n;
};

/* Of the body (POST) or the query (GET). Malformed, or one that is no list sent twice: 20001. */
enum err input_read(struct ctx *cx, struct request *rq, struct input *out);
/* STR_NONE when it was not sent; "" has p. */
struct str input_get(const struct input *in, struct str name);
/* All values of a list, in order. */
size_t input_all(struct ctx *cx, const struct input *in, struct str name, struct str **out);

enum wish_kind {
    WISH_TEXT, /* struct str; min and max in characters; no control characters */
    WISH_INT,  /* int64_t within min and max */
    WISH_BOOL, /* int: 0, 1; stays as it was when not sent */
    WISH_JSON, /* struct str: the compact text of an object whose members are all texts; max bytes
                */
};
struct wish {
    const char *name;
    size_t offset;
    enum wish_kind kind;
    bool required;
    size_t min, max;
};
/* Binds what was sent into *out, which holds the defaults; what is unfit is refused with `code`. */
enum err input_bind(struct ctx *cx, struct request *rq, const struct input *in,
                    const struct wish *wishes, size_t count, int code, void *out);
/* The refusal of one parameter. */
enum err input_bad(struct ctx *cx, struct request *rq, int code, const char *name) MUST_USE;

/* Prefix and 32 hex digits. */
bool input_is_sid(struct str text, const char *prefix);
/* Whether text is one of `words`, ended by NULL. */
bool input_one_of(struct str text, const char *const *words);
/* "2026-01-02T03:04:05Z", with a fraction and an offset too. */
bool input_time(struct str text, int64_t *out_ms);

#endif
