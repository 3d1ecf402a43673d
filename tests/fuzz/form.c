/*
 * form.c: bodies of forms and of JSON; the first byte says which ('f', 'j'). What binds is clean
 * text within its limits, and a malformed body binds nothing.
 */
#include "http/form.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
    if (!held)
        abort();
}

struct in {
    struct str name, about, password;
    bool remember;
    int64_t age;
};

static const struct field fields[] = {
    {"name",     offsetof(struct in, name),     field_text,     FIELD_REQUIRED, 2,  10 },
    {"about",    offsetof(struct in, about),    field_lines,    FIELD_OPTIONAL, 0,  0  },
    {"password", offsetof(struct in, password), field_password, FIELD_OPTIONAL, 0,  0  },
    {"remember", offsetof(struct in, remember), field_bool,     FIELD_OPTIONAL, 0,  0  },
    {"age",      offsetof(struct in, age),      field_i64,      FIELD_OPTIONAL, 18, 120},
};

static void check_text(struct str s)
{
    must(str_is_utf8(s) && str_find(s, '\0') == STR_NPOS);
}

static void check_pairs(struct ctx *cx, struct str text)
{
    struct pair *pairs;
    size_t count;

    if (form_pairs(cx, text, &pairs, &count))
        return;
    must(count <= 64);
    for (size_t i = 0; i < count; i++) {
        must(pairs[i].name.n > 0);
        check_text(pairs[i].name);
        check_text(pairs[i].value);
    }
}

static void check_binding(struct ctx *cx, const struct request *rq)
{
    struct problems ps;
    struct in in = {.age = 18};
    enum err e = form_bind(cx, rq, fields, COUNT_OF(fields), &in, &ps);

    must(e == OK || e == ERR_INVALID);
    must((e == OK) == (ps.n == 0 && !ps.malformed));
    must(ps.n <= PROBLEMS_MAX);
    if (ps.malformed)
        must(!in.name.p && !in.about.p && !in.password.p && in.age == 18);
    check_text(in.name);
    check_text(in.about);
    check_text(in.password);
    if (e)
        return;
    must(!str_has_control(in.name) && str_utf8_count(in.name) >= 2 &&
         str_utf8_count(in.name) <= 10);
    must(in.password.n <= 256 && in.age >= 18 && in.age <= 120);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request rq = {.header_count = 1};
    struct arena *mem = arena_new();
    struct ctx cx;

    ctx_init(&cx, mem);
    if (size > 0) {
        rq.body = str_sub(bytes_str((struct bytes){data, size}), 1, size);
        rq.headers[0] = (struct header){STR("Content-Type"),
                                        data[0] == 'j' ? STR("application/json")
                                                       : STR("application/x-www-form-urlencoded")};
        check_pairs(&cx, rq.body);
        check_binding(&cx, &rq);
    }
    arena_free(&mem);
    return 0;
}
