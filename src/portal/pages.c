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
        .call = str_eq(name, STR("call")),
        .email = str_eq(name, STR("email")),
        .recovery = str_eq(name, STR("recovery")),
        .push = str_eq(name, STR("push")),
        .remote = str_eq(name, STR("remote")),
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

static const struct {
    struct str field, text;
} missing[] = {
    {STR("code"),             STR("Enter the code.")                    },
    {STR("country_code"),     STR("Choose your country.")               },
    {STR("current_password"), STR("Enter your current password.")       },
    {STR("email"),            STR("Enter your e-mail address.")         },
    {STR("login"),            STR("Enter your e-mail or your username.")},
    {STR("name"),             STR("Enter your full name.")              },
    {STR("password"),         STR("Enter a password.")                  },
    {STR("phone"),            STR("Enter your mobile number.")          },
    {STR("username"),         STR("Choose a username.")                 },
};

void page_word_missing(struct problems *ps)
{
    for (size_t k = 0; k < ps->n; k++) {
        struct problem *problem = &ps->item[k];

        if (!str_eq(problem->text, PROBLEM_MISSING))
            continue;
        EACH_ROW (row, missing) {
            if (str_eq(problem->field, row->field))
                problem->text = row->text;
        }
    }
}

struct entry page_entry(const struct problems *ps, struct str field, struct str value)
{
    return (struct entry){.value = value, .error = problem_of(ps, field)};
}

void page_halves(struct str code, struct str *out_a, struct str *out_b)
{
    size_t first = code.n - code.n / 2;

    *out_a = str_sub(code, 0, first);
    *out_b = str_sub(code, first, code.n);
}

const struct str *page_groups(struct arena *mem, struct str s, size_t *out_count)
{
    enum { GROUP = 4 };
    size_t count = (s.n + GROUP - 1) / GROUP;
    struct str *groups = ARENA_ARRAY(mem, struct str, count + 1);

    for (size_t k = 0; k < count; k++)
        groups[k] = str_sub(s, k * GROUP, GROUP);
    *out_count = count;
    return groups;
}
