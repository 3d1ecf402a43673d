/*
 * pages_sample.h: sample people, and the comparison of a page with tests/golden/pages/<name>.html.
 * UPDATE_GOLDEN=1 rewrites those files; tests/browser photographs and checks them. Only *_test.c
 * include it.
 */
#ifndef PORTAL_PAGES_SAMPLE_H
#define PORTAL_PAGES_SAMPLE_H

#include "base/golden.h"
#include "base/unit.h"

#include "crypto/qr.h"
#include "portal/templates.h"
#include "portal/words.h"

/* Everything is static: each test program has its own. */
static struct arena *mem;
static struct ctx cx;
static struct problems problems;

static inline struct page base(void)
{
    struct page page;

    page_init(&page);
    page.csrf = STR("Zm9ybS10b2tlbg");
    page.demo = true;
    return page;
}

static inline struct page signed_in(void)
{
    struct page page = base();

    page.signed_in = true;
    return page;
}

static inline struct page with_problem(struct page page, struct str field, struct str text)
{
    problem_add(&problems, field, text);
    page_problems(&page, &problems);
    return page;
}

static inline struct entry value(struct str v)
{
    return (struct entry){.value = v};
}

static inline struct entry bad(struct str v, struct str field)
{
    return page_entry(&problems, field, v);
}

static inline struct way way(const char *name)
{
    return page_way(str_from(name));
}

static inline struct when at(int64_t minutes_ago)
{
    return words_when(&cx, 1791295380000 - minutes_ago * 60000);
}

static const struct option countries[] = {
    {STR("49"), STR("Germany (+49)"),        false},
    {STR("44"), STR("United Kingdom (+44)"), false},
    {STR("1"),  STR("United States (+1)"),   true },
};
static const struct options country_list = {countries, COUNT_OF(countries)};

static inline struct str qr_of(const char *text, const char *title)
{
    struct qr qr;

    assert_true(qr_make(mem, str_from(text), &qr));
    return qr_svg(mem, &qr, str_from(title));
}

struct golden {
    const char *name;
    void (*render)(struct html *h);
};

/* Copies html without the hashes of "/static/app.1a2b3c4d.css". */
static inline void without_hashes(struct str html, struct buf *out)
{
    static const struct str mark = {"/static/", 8};
    enum { HASH = 9 };
    ptrdiff_t k;

    while ((k = str_find_str(html, mark)) >= 0) {
        struct str rest = str_sub(html, (size_t)k + mark.n, html.n);
        size_t dot = (size_t)str_find(rest, '.');

        buf_add(out, str_sub(html, 0, (size_t)k + mark.n + dot));
        html = str_sub(rest, dot + HASH, rest.n);
    }
    buf_add(out, html);
}

static inline void pages_check(const struct golden *goldens, size_t count)
{
    for (const struct golden *row = goldens; row < goldens + count; row++) {
        struct buf out, kept;
        char name[80];

        buf_init(&out, MIB);
        buf_init(&kept, MIB);
        problems.n = 0;
        row->render(&(struct html){&out});
        assert_false(out.full);
        without_hashes(buf_str(&out), &kept);
        buf_addc(&kept, '\n'); /* a file ends with a line end */
        snprintf(name, sizeof name, "pages/%s.html", row->name);
        golden_check(name, buf_str(&kept));
        buf_deinit(&out);
        buf_deinit(&kept);
    }
}

/* Runs a test program's tests with an arena. */
#define PAGES_MAIN(tests)                                                                          \
    int failed;                                                                                    \
                                                                                                   \
    mem = arena_new();                                                                             \
    ctx_init(&cx, mem);                                                                            \
    failed = cmocka_run_group_tests(tests, NULL, NULL);                                            \
    arena_free(&mem);                                                                              \
    return failed

#endif
