/* pages.c: the few things about pages that are not a template's: names of methods, fields with
 * problems. */
#include "portal/pages.h"

struct way page_way(struct str name)
{
    return (struct way){
        .name = name,
        .totp = str_eq(name, STR("totp")),
        .sms = str_eq(name, STR("sms")),
        .voice = str_eq(name, STR("voice")),
        .email = str_eq(name, STR("email")),
        .recovery = str_eq(name, STR("recovery")),
        .push = str_eq(name, STR("push")),
    };
}

void page_init(struct page *page)
{
    *page = (struct page){.product = STR("Countersign"), .lang = STR("en"), .dir = STR("ltr")};
}

void page_problems(struct page *page, const struct problems *ps)
{
    page->errors.p = ps->item;
    page->errors.n = ps->n;
}

struct entry page_entry(const struct problems *ps, struct str field, struct str value)
{
    return (struct entry){.value = value, .error = problem_of(ps, field)};
}
