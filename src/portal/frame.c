/* frame.c: see frame.h. */
#include "portal/frame.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/url.h"
#include "core/outbox.h"
#include "core/phone.h"
#include "core/service.h"
#include "http/router.h"
#include "portal/words.h"

enum { PATH_LEN_MAX = 2048 };

/* ---- pages ---- */

void frame_open(struct ctx *cx, struct request *rq, struct response *rs, struct page *page)
{
    const struct visit *v = visit_of(cx, rq);
    const struct core *core = core_of(rq->db);
    const struct draft *d = rq->problems;

    page_init(page);
    if (core->product_name.n)
        page->product = core->product_name;
    page->demo = core->demo;
    page->signed_in = v->signed_in;
    page->csrf = form_token(cx, rq, rs);
    page->flash = flash_take(cx, rq, rs);
    if (d)
        page_problems(page, &d->problems);
}

enum err frame_close(struct ctx *cx, struct response *rs)
{
    if (rs->body.full)
        return fail(cx, ERR_INTERNAL, "page: larger than an answer may be");
    rs->content_type = "text/html; charset=utf-8";
    return OK;
}

/* ---- answers that are the same for pages and JSON ---- */

json_t *json_of(struct str s)
{
    return json_stringn(s.p ? s.p : "", s.n);
}

json_t *json_instant(int64_t at_ms)
{
    char iso[CLOCK_ISO_LEN + 1];

    if (!at_ms)
        return json_null();
    clock_iso(at_ms, iso);
    return json_string(iso);
}

enum err frame_next(struct ctx *cx, struct request *rq, struct response *rs, const char *state,
                    struct str path)
{
    if (!wants_json(rq))
        return respond_redirect(cx, rs, path);
    return respond_json(cx, rs, 200,
                        json_pack("{s:s, s:o}", "state", state, "next", json_of(path)));
}

bool accepts_first(const struct request *rq, struct str type, struct str before)
{
    struct str accept = request_header(rq, STR("Accept"));
    ptrdiff_t at = str_find_str(accept, type), other = str_find_str(accept, before);

    return at != STR_NPOS && (other == STR_NPOS || at < other);
}

/* Somewhere a browser can be sent: not what takes forms only, as /logout does, nor what wants more
 * than a session. */
static bool is_page(const struct request *rq, struct str target)
{
    ptrdiff_t mark = str_find(target, '?');
    struct str path = mark == STR_NPOS ? target : str_sub(target, 0, (size_t)mark);
    const struct route *route = rq->router ? router_get(rq->router, path) : NULL;

    return route && (route->auth == AUTH_NONE || route->auth == AUTH_SESSION ||
                     route->auth == AUTH_FRESH || route->auth == AUTH_OPERATOR);
}

struct str next_path(struct ctx *cx, const struct request *rq, struct str next,
                     struct str otherwise)
{
    struct str target = next.n ? url_local_path(cx->mem, next) : STR_NONE;

    /* "/" is also what a refused one becomes */
    return target.n > 1 && is_page(rq, target) ? target : otherwise;
}

struct str path_with_next(struct ctx *cx, struct str path, struct str next)
{
    struct buf b;
    struct str out;

    if (!next.n)
        return path;
    buf_init(&b, PATH_LEN_MAX);
    buf_addf(&b, "%.*s?next=", STR_ARG(path));
    url_part(&b, next);
    out = b.full ? path : arena_str(cx->mem, buf_str(&b));
    buf_deinit(&b);
    return out;
}

/* ---- pieces of pages ---- */

/* A calling code stands for its main country; the others that share it say who they are: "CA:1". */
static struct str country_value(struct ctx *cx, const struct phone_region *r)
{
    return r->main ? arena_printf(cx->mem, "+%.*s", STR_ARG(r->calling_code))
                   : arena_printf(cx->mem, "%.*s:%.*s", STR_ARG(r->code), STR_ARG(r->calling_code));
}

struct options country_options(struct ctx *cx, struct str code)
{
    size_t count, n = 1;
    const struct phone_region *regions = phone_regions(&count);
    struct option *list = ARENA_ARRAY(cx->mem, struct option, count + 1);
    bool found = false;

    for (const struct phone_region *r = regions; r < regions + count; r++) {
        struct str value = country_value(cx, r);
        bool selected = str_eq(code, value) || (r->main && str_eq(code, r->calling_code));

        found = found || selected;
        list[n++] = (struct option){
            .value = value,
            .label =
                arena_printf(cx->mem, "%.*s (+%.*s)", STR_ARG(r->name), STR_ARG(r->calling_code)),
            .selected = selected,
        };
    }
    list[0] = (struct option){.label = STR("Choose a country"), .selected = !found};
    return (struct options){list, n};
}

void phone_note(struct ctx *cx, struct draft *d, struct str country_code, struct str phone,
                struct str *out_cc, struct str *out)
{
    static const enum phone_problem of_country[] = {PHONE_NO_COUNTRY, PHONE_BAD_COUNTRY};
    struct str text = phone_check(cx, country_code, phone, out_cc, out), field = STR("phone");

    EACH_ROW (problem, of_country) {
        if (str_eq(text, phone_problem_text(*problem)))
            field = STR("country_code");
    }
    draft_note(d, field, text);
}

enum err password_least(struct ctx *cx, struct db *db, const struct person *p, int *out)
{
    struct service s;
    struct factor *factors;
    size_t count = 0;
    enum err e;

    if (p) {
        if ((e = factor_list(cx, db, p->identity_id, &factors, &count)))
            return e;
        *out = p->policy == POLICY_STRICT && !count ? PASSWORD_MIN_ALONE : PASSWORD_MIN;
        return OK;
    }
    if ((e = service_by_id(cx, db, core_of(db)->portal_service_id, &s)))
        return e;
    *out = s.policy == POLICY_STRICT ? PASSWORD_MIN_ALONE : PASSWORD_MIN;
    return OK;
}

enum err visit_person(struct ctx *cx, struct request *rq, struct person *out)
{
    return person_by_id(cx, rq->db, visit_of(cx, rq)->session.person_id, out);
}

struct str factor_target(struct ctx *cx, const struct person *p, enum factor_kind kind)
{
    if (kind == FACTOR_SMS || kind == FACTOR_VOICE)
        return mask_target(cx, factor_kind_name(kind), p->phone);
    if (kind == FACTOR_REMOTE)
        return mask_target(cx, factor_kind_name(FACTOR_SMS), p->phone);
    if (kind == FACTOR_EMAIL)
        return mask_target(cx, factor_kind_name(kind), p->email);
    return STR_NONE;
}
