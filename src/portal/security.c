/*
 * security.c: the second factors of a person: which are on, turning one off. Turning one on is
 * enrol.c's, recovery codes are recovery.c's.
 */
#include "core/floor.h"
#include "core/login.h"
#include "portal/frame.h"
#include "portal/handlers.h"
#include "portal/verify.h"
#include "portal/words.h"

enum { RECOVERY_LOW = 3 };

/* The order of the page. */
static const enum factor_kind page_kinds[] = {FACTOR_REMOTE, FACTOR_PUSH,  FACTOR_TOTP,
                                              FACTOR_SMS,    FACTOR_VOICE, FACTOR_EMAIL};

struct security {
    struct person person;
    struct factor *factors;
    size_t count;
    struct device_rows devices;
    int on_count;   /* recovery codes do not count */
    int ways_count; /* of these, what signs in: the person's floor */
    int strong_count;
    int64_t recovery_left;
    bool has_recovery;
    enum factor_kind shown[COUNT_OF(page_kinds)]; /* what can be turned on, and what is on */
    size_t shown_count;
};

static const struct factor *find_factor(const struct security *s, enum factor_kind kind)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->factors[i].kind == kind)
            return &s->factors[i];
    }
    return NULL;
}

static void choose_shown(const struct core *core, struct security *s)
{
    EACH_ROW (kind, page_kinds) {
        if (factor_kind_is_offered(core, *kind) || find_factor(s, *kind))
            s->shown[s->shown_count++] = *kind;
    }
}

static enum err security_load(struct ctx *cx, struct request *rq, struct security *out)
{
    struct security s = {0};
    enum err e;

    if ((e = visit_person(cx, rq, &s.person)) ||
        (e = factor_list(cx, rq->db, s.person.identity_id, &s.factors, &s.count)) ||
        (e = recovery_left(cx, rq->db, s.person.identity_id, &s.recovery_left)) ||
        (e = device_rows(cx, rq->db, s.person.identity_id, &s.devices)))
        return e;
    for (size_t i = 0; i < s.count; i++) {
        s.strong_count += factor_kind_is_strong(s.factors[i].kind);
        if (s.factors[i].kind == FACTOR_RECOVERY) {
            s.has_recovery = true;
            continue;
        }
        s.on_count++;
        s.ways_count += floor_meets(&s.person, s.factors[i].kind);
    }
    choose_shown(core_of(rq->db), &s);
    *out = s;
    return OK;
}

/* Whether there is anything to send to. The core decides again when it is turned on. */
static bool is_available(const struct core *core, const struct person *p, enum factor_kind kind)
{
    if (!factor_kind_is_offered(core, kind) || !floor_meets(p, kind))
        return false;
    if (kind == FACTOR_SMS || kind == FACTOR_VOICE || kind == FACTOR_REMOTE)
        return p->phone.n > 0;
    return kind != FACTOR_EMAIL || p->policy != POLICY_STRICT;
}

/* ---- as JSON ---- */

static json_t *devices_json(const struct device_rows *rows)
{
    json_t *list = json_array();

    for (size_t i = 0; i < rows->n; i++)
        json_array_append_new(
            list, json_pack("{s:o, s:o, s:o, s:o, s:o}", "device", json_of(rows->p[i].sid), "name",
                            json_of(rows->p[i].name), "platform", json_of(rows->p[i].platform),
                            "last_seen_at", json_of(rows->p[i].seen_at.iso), "url",
                            json_of(rows->p[i].edit_url)));
    return list;
}

static enum err security_json(struct ctx *cx, const struct request *rq, struct response *rs,
                              const struct security *s)
{
    json_t *list = json_array();

    for (const enum factor_kind *kind = s->shown; kind < s->shown + s->shown_count; kind++) {
        const struct factor *f = find_factor(s, *kind);

        json_array_append_new(list, json_pack("{s:o, s:b, s:b, s:o, s:o, s:o}", "kind",
                                              json_of(factor_kind_name(*kind)), "on", f != NULL,
                                              "available",
                                              is_available(core_of(rq->db), &s->person, *kind),
                                              "to", json_of(factor_target(cx, &s->person, *kind)),
                                              "added_at", json_instant(f ? f->verified_at_ms : 0),
                                              "used_at", json_instant(f ? f->used_at_ms : 0)));
    }
    return respond_json(cx, rs, 200,
                        json_pack("{s:o, s:o, s:b, s:I, s:i, s:o, s:b}", "factors", list, "devices",
                                  devices_json(&s->devices), "recovery", s->has_recovery,
                                  "recovery_left", (json_int_t)s->recovery_left, "recovery_total",
                                  RECOVERY_CODES, "policy", json_of(policy_name(s->person.policy)),
                                  "strong_only", s->person.strong_only));
}

/* ---- as a page ---- */

static struct str factor_detail(struct ctx *cx, const struct person *p, const struct factor *f)
{
    struct str added = words_ago(cx, f->verified_at_ms ? f->verified_at_ms : f->created_at_ms);

    if (!floor_meets(p, f->kind))
        return STR("Does not sign you in: you refused codes that are sent");
    if (!f->used_at_ms)
        return arena_printf(cx->mem, "Added %.*s", STR_ARG(added));
    return arena_printf(cx->mem, "Added %.*s, last used %.*s", STR_ARG(added),
                        STR_ARG(words_ago(cx, f->used_at_ms)));
}

static const struct factor_row *factor_rows(struct ctx *cx, const struct core *core,
                                            const struct security *s)
{
    struct factor_row *rows = ARENA_ARRAY(cx->mem, struct factor_row, COUNT_OF(page_kinds));

    for (size_t i = 0; i < s->shown_count; i++) {
        const struct factor *f = find_factor(s, s->shown[i]);

        rows[i] = (struct factor_row){
            .method = page_way(factor_kind_name(s->shown[i])),
            .on = f != NULL,
            .available = is_available(core, &s->person, s->shown[i]),
            .to = factor_target(cx, &s->person, s->shown[i]),
            .detail = f ? factor_detail(cx, &s->person, f) : STR_NONE,
            .refused = !floor_meets(&s->person, s->shown[i]),
            .last_required = f && s->on_count == 1 && s->person.policy == POLICY_REQUIRED,
        };
        if (rows[i].refused)
            rows[i].to = STR("you refused codes that are sent.");
        else if (!rows[i].available && s->shown[i] == FACTOR_EMAIL)
            rows[i].to = STR("not strong enough here");
    }
    return rows;
}

/* The policy demands a factor and there is none: nothing but a choice. */
static enum err enrol_choice(struct ctx *cx, struct request *rq, struct response *rs,
                             const struct security *s)
{
    struct enrol_choice *list = ARENA_ARRAY(cx->mem, struct enrol_choice, COUNT_OF(page_kinds));
    struct page_enrol_required p = {.required = true};
    size_t n = 0;

    EACH_ROW (kind, page_kinds) {
        if (is_available(core_of(rq->db), &s->person, *kind))
            list[n++] = (struct enrol_choice){page_way(factor_kind_name(*kind)),
                                              factor_target(cx, &s->person, *kind)};
    }
    p.choices.p = list;
    p.choices.n = n;
    frame_open(cx, rq, rs, &p.page);
    p.page.signed_in = false; /* its links would lead back here */
    page_enrol_required(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

enum err security_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct security s;
    struct page_security p;
    enum err e;

    if ((e = security_load(cx, rq, &s)))
        return e;
    if (wants_json(rq))
        return security_json(cx, rq, rs, &s);
    if (visit_of(cx, rq)->enrolling)
        return enrol_choice(cx, rq, rs, &s);
    p = (struct page_security){
        .factors = {factor_rows(cx, core_of(rq->db), &s), s.shown_count},
        .devices = s.devices,
        .on_count = s.on_count,
        .only_one = s.on_count && s.ways_count <= 1 && !s.recovery_left,
        .policy_required = s.person.policy == POLICY_REQUIRED,
        .policy_strict = s.person.policy == POLICY_STRICT,
        .has_recovery = s.has_recovery,
        .recovery_left = (int)s.recovery_left,
        .recovery_total = RECOVERY_CODES,
        .recovery_low = s.has_recovery && s.recovery_left <= RECOVERY_LOW,
        .strong_only = s.person.strong_only,
        .strong_on = s.strong_count > 0,
        .strong_alone = s.strong_count == 1 && !s.recovery_left,
    };
    frame_open(cx, rq, rs, &p.page);
    p.page.at_security = true;
    page_security(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

/* ---- turning one off: behind a current factor ---- */

enum err factor_off_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct str name = request_param(rq, STR("kind"));
    struct page_factor_off p = {.method = page_way(name)};
    enum factor_kind kind;
    const struct factor *f;
    struct security s;
    enum err e;

    if (!factor_kind_from(name, &kind) ||
        kind == FACTOR_PUSH) /* each phone has a page of its own */
        return fail(cx, ERR_NOT_FOUND, "no such kind of factor");
    if ((e = security_load(cx, rq, &s)))
        return e;
    f = find_factor(&s, kind);
    if (!f)
        return fail(cx, ERR_NOT_FOUND, "this factor is not on");
    p.to = factor_target(cx, &s.person, kind);
    p.last = kind != FACTOR_RECOVERY && s.on_count == 1;
    p.lifts_floor =
        factor_kind_is_strong(kind) && floor_hangs_on(&s.person, s.factors, s.count, f->id);
    frame_open(cx, rq, rs, &p.page);
    p.page.at_security = true;
    page_factor_off(FRAME_HTML(rs), &p);
    return frame_close(cx, rs);
}

/* Said before a code is asked for; the core decides again when it is switched off. */
static enum err complain_required(struct ctx *cx, struct request *rq, struct draft *d,
                                  enum factor_kind kind)
{
    static const struct complaint last = {
        ERR_CONFLICT, 0, "last_factor", STR_NONE,
        STR("This is your last second factor, and one is required. Turn on another one first.")};
    static const struct complaint weak = {
        ERR_CONFLICT, 0, "password_short", STR_NONE,
        STR("Without a second factor your password needs at least 15 characters. Choose a longer "
            "one first.")};
    static const struct complaint only = {
        ERR_CONFLICT, 0, "only_way", STR_NONE,
        STR("These codes are the only way in that you have left. Turn on an authenticator app or a "
            "phone first.")};
    struct person p;
    enum err e = visit_person(cx, rq, &p);

    if (e)
        return e;
    if (kind == FACTOR_RECOVERY)
        return draft_complain(cx, d, &only);
    return draft_complain(cx, d, p.policy == POLICY_STRICT ? &weak : &last);
}

enum err factor_off_start(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct draft *d = draft_new(cx, rq, factor_off_page, 0);
    const struct session *s = &visit_of(cx, rq)->session;
    struct origin from = visit_origin(rq);
    struct str next = STR("/account/security");
    enum factor_kind kind;
    struct factor f;
    struct login_out out;
    enum err e;

    if (!factor_kind_from(request_param(rq, STR("kind")), &kind) || kind == FACTOR_PUSH)
        return fail(cx, ERR_NOT_FOUND, "no such kind of factor");
    if ((e = factor_active(cx, rq->db, s->identity_id, kind, &f)))
        return e;
    e = factor_may_end(cx, rq->db, &f);
    if (e == ERR_CONFLICT)
        return complain_required(cx, rq, d, kind);
    if (e || (e = login_step_up(cx, rq->db, s, "factor_off", f.id, next, &from, &out)))
        return e;
    if (out.state == LOGIN_SIGNED_IN)
        flash_set(rq, rs, FLASH_FACTOR_OFF);
    return step_up_next(cx, rq, rs, &out, next);
}

/* ---- the floor: whether codes that are sent sign in ---- */

enum err floor_raise_now(struct ctx *cx, struct request *rq, struct response *rs)
{
    static const struct complaint weak = {
        ERR_CONFLICT, 0, "below_floor", STR_NONE,
        STR("Only somebody who came in with an app, a phone or a recovery code can refuse the "
            "other codes. Turn one on, or sign in with it first.")};
    struct draft *d = draft_new(cx, rq, security_page, 0);
    const struct session *s = &visit_of(cx, rq)->session;
    struct origin from = visit_origin(rq);
    struct str token, next = STR("/account/security");
    struct person p;
    enum err e;

    if ((e = visit_person(cx, rq, &p)))
        return e;
    if (p.strong_only)
        return frame_next(cx, rq, rs, "changed", next);
    e = floor_raise(cx, rq->db, s, &from, &token);
    if (e == ERR_CONFLICT)
        return draft_complain(cx, d, &weak);
    if (e)
        return e;
    session_cookie(rq, rs, token, s->remember);
    flash_set(rq, rs, FLASH_FLOOR_RAISED);
    return frame_next(cx, rq, rs, "changed", next);
}

/* Behind a current proof, like the end of a factor. */
enum err floor_lower_start(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct session *s = &visit_of(cx, rq)->session;
    struct str next = STR("/account/security");
    struct origin from = visit_origin(rq);
    struct login_out out;
    struct person p;
    enum err e;

    if ((e = visit_person(cx, rq, &p)))
        return e;
    if (!p.strong_only)
        return frame_next(cx, rq, rs, "changed", next);
    if ((e = login_step_up(cx, rq->db, s, "floor_lower", 0, next, &from, &out)))
        return e;
    return step_up_next(cx, rq, rs, &out, next);
}
