/*
 * args.h: the parameters of a request, from every place that clients put them: a JSON body, a form
 * body (of a GET too), the query. All become one flat list of names as a form would spell them:
 *
 *   {"user":{"email":"a@b.co"}}     user[email]
 *   logos[][res]=…&logos[][url]=…   logos[0][res] logos[0][url]; a repeated key begins the next
 *
 * JSON null, {} and [] are as if absent. A name has one value (attack 16): it may come twice, as a
 * key does from clients that send it everywhere, but not with another value. "events" alone is a
 * list under a plain name.
 */
#ifndef API_AUTHY_ARGS_H
#define API_AUTHY_ARGS_H

#include "http/request.h"

#include <jansson.h>

enum { ARGS_MAX = 256 };

enum arg_type { ARG_TEXT, ARG_NUMBER, ARG_BOOL };

struct arg {
    struct str name, value;
    enum arg_type type; /* ARG_TEXT for all that came by a form */
};

struct args {
    struct arg item[ARGS_MAX];
    size_t n;
};

/* ERR_INVALID: malformed, too deep, too many, or two values of one name; *out_why is what to say.
 */
enum err args_read(struct ctx *cx, const struct request *rq, struct args **out,
                   struct str *out_why);

/* STR_NONE when it is absent; trimmed. */
struct str arg_text(const struct args *a, const char *name);
/* true, True, 1, yes … as clients write it. */
bool arg_true(const struct args *a, const char *name, bool absent);
/* The decimal number of a parameter. False when it is there and no number within min, max. */
bool arg_number(const struct args *a, const char *name, int64_t min, int64_t max, int64_t absent,
                int64_t *out);

/* The next parameter whose name is `name`[…], from *at on: *out_key is what the first brackets hold
 * and all behind them ("a" of details[a], "a[b]" of details[a][b]). NULL behind the last. */
const struct arg *arg_next(const struct args *a, const char *name, size_t *at, struct str *out_key);
/* name[…] as a JSON object or NULL when there is none; the reference is the caller's. */
json_t *arg_object(const struct args *a, const char *name);

#endif
