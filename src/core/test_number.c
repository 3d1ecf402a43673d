/* test_number.c: see test_number.h. */
#include "core/test_number.h"
#include "core/identity.h"
#include "core/item.h"
#include "core/phone.h"

static struct item_place place_of(const struct service *s)
{
    return (struct item_place){s->account_id, s->id, 0, ITEM_TEST_NUMBER};
}

static enum err clear(struct ctx *cx, struct db *db, const struct item_place *at)
{
    struct item *list;
    size_t count;
    enum err e = item_page(cx, db, at, false, 0, TEST_NUMBERS_MAX, &list, &count);

    for (size_t i = 0; e == OK && i < count; i++)
        e = item_remove(cx, db, &list[i]);
    return e;
}

static enum err normal(struct ctx *cx, struct str one, struct str *out)
{
    struct phone phone;

    if (identity_email_ok(one)) {
        *out = arena_lower(cx->mem, one);
        return OK;
    }
    if (phone_parse(cx, STR_NONE, one, &phone) != PHONE_OK || !str_eq(phone.e164, one))
        return fail(cx, ERR_INVALID,
                    "test_numbers: '%.*s' is no number as in +14155550100, and no address",
                    STR_ARG(str_sub(one, 0, 60)));
    *out = one;
    return OK;
}

enum err test_numbers_set(struct ctx *cx, struct db *db, const struct service *s, struct str list)
{
    const struct item_place at = place_of(s);
    struct str one;
    enum err e;

    if (s->id == core_of(db)->portal_service_id && list.n)
        return fail(cx, ERR_CONFLICT, "the portal's own people cannot sign in with test codes");
    if ((e = clear(cx, db, &at)))
        return e;
    while (str_split(&list, ' ', &one)) {
        struct item it = {.place = at, .data = STR("{}")};

        if (!one.n)
            continue;
        if ((e = normal(cx, one, &it.name)))
            return e;
        e = item_add(cx, db, "TN", TEST_NUMBERS_MAX, &it);
        if (e == ERR_LIMITED)
            return fail(cx, ERR_INVALID, "at most %d test numbers", TEST_NUMBERS_MAX);
        if (e && e != ERR_CONFLICT) /* named twice */
            return e;
    }
    return OK;
}

enum err test_numbers_get(struct ctx *cx, struct db *db, const struct service *s, struct str *out)
{
    const struct item_place at = place_of(s);
    struct item *list;
    size_t count;
    enum err e = item_page(cx, db, &at, false, 0, TEST_NUMBERS_MAX, &list, &count);

    if (e)
        return e;
    *out = STR("");
    for (size_t i = 0; i < count; i++)
        *out =
            arena_printf(cx->mem, "%.*s%s%.*s", STR_ARG(*out), i ? " " : "", STR_ARG(list[i].name));
    return OK;
}

enum err test_number_look(struct ctx *cx, struct db *db, struct service *s, struct str target)
{
    const struct item_place at = place_of(s);
    struct item ignored;
    enum err e;

    if (s->test_mode)
        return OK;
    e = item_by_name(cx, db, &at, target, &ignored);
    s->test_mode = e == OK;
    return e == ERR_NOT_FOUND ? OK : e;
}
