/*
 * factor.c: which factors somebody has, switching them on and off. Beginning one is in enrol.c, the
 * check in check.c, recovery codes in recovery.c.
 */
#include "core/factor.h"
#include "core/audit.h"
#include "core/challenge.h"
#include "core/device.h"
#include "core/entity_event.h"
#include "core/floor.h"
#include "core/outbox.h"
#include "core/person.h"
#include "core/remote.h"
#include "core/rows.h"
#include "core/service.h"
#include "core/session.h"
#include "core/verification.h"
#include "crypto/random.h"

#include <string.h>

enum { PENDING_LIFE_S = 600, LIST_MAX = 32 };

static const struct {
    struct str name;
    const char *words;
    bool several; /* as English has it */
} kinds[FACTOR_KINDS] = {
    [FACTOR_PASSKEY] = {{"passkey", 7},  "A passkey",             false},
    [FACTOR_PUSH] = {{"push", 4},     "Approval on a phone",   false},
    [FACTOR_REMOTE] = {{"remote", 6},   "Your phone",            false},
    [FACTOR_TOTP] = {{"totp", 4},     "An authenticator app",  false},
    [FACTOR_SMS] = {{"sms", 3},      "Codes by text message", true },
    [FACTOR_VOICE] = {{"voice", 5},    "Codes by phone call",   true },
    [FACTOR_EMAIL] = {{"email", 5},    "Codes by e-mail",       true },
    [FACTOR_RECOVERY] = {{"recovery", 8}, "Recovery codes",        true },
};

struct str factor_kind_name(enum factor_kind k)
{
    return k < FACTOR_KINDS ? kinds[k].name : STR("unknown");
}

struct str factor_kind_words(enum factor_kind k)
{
    return k < FACTOR_KINDS ? str_from(kinds[k].words) : STR("A second step");
}

/* "Codes by e-mail were switched on as a second step when you sign in." */
static struct str switched(struct ctx *cx, enum factor_kind k, const char *how)
{
    return arena_printf(cx->mem, "%.*s %s switched %s as a second step when you sign in.",
                        STR_ARG(factor_kind_words(k)),
                        k < FACTOR_KINDS && kinds[k].several ? "were" : "was", how);
}

bool factor_kind_from(struct str name, enum factor_kind *out)
{
    for (size_t k = 0; k < FACTOR_KINDS; k++) {
        if (str_eq(kinds[k].name, name)) {
            *out = (enum factor_kind)k;
            return true;
        }
    }
    return false;
}

bool factor_kind_is_offered(const struct core *core, enum factor_kind k)
{
    return (core->remote == REMOTE_NONE) == (k != FACTOR_REMOTE);
}

bool factor_kind_is_sent(enum factor_kind k)
{
    return k == FACTOR_SMS || k == FACTOR_VOICE || k == FACTOR_EMAIL;
}

unsigned factor_kind_amr(enum factor_kind k)
{
    static const unsigned amr[FACTOR_KINDS] = {
        [FACTOR_PASSKEY] = AMR_PASSKEY,   [FACTOR_PUSH] = AMR_PUSH,     [FACTOR_TOTP] = AMR_OTP,
        [FACTOR_SMS] = AMR_SMS,           [FACTOR_VOICE] = AMR_TEL,     [FACTOR_EMAIL] = AMR_EMAIL,
        [FACTOR_RECOVERY] = AMR_RECOVERY, [FACTOR_REMOTE] = AMR_REMOTE,
    };

    return k < FACTOR_KINDS ? amr[k] : 0;
}

bool factor_kind_is_strong(enum factor_kind k)
{
    return k != FACTOR_RECOVERY && (factor_kind_amr(k) & AMR_STRONG) != 0;
}

enum err factor_row(struct ctx *cx, const struct db_rows *r, struct factor *out)
{
    struct str status = db_col_text(r, 7);
    struct factor f = {
        .id = db_col_int(r, 0),
        .identity_id = db_col_int(r, 1),
        .session_id = db_col_int(r, 2),
        .sid = db_col_text(r, 3),
        .name = db_col_text(r, 4),
        .target = db_col_text(r, 5),
        .status = str_eq(status, STR("active"))    ? FACTOR_ACTIVE
                  : str_eq(status, STR("pending")) ? FACTOR_PENDING
                                                   : FACTOR_OFF,
        .secret_sealed = db_col_blob(r, 8),
        .alg = db_col_text(r, 9),
        .digits = (uint8_t)db_col_int(r, 10),
        .period_s = (uint32_t)db_col_int(r, 11),
        .last_step = db_col_int(r, 12),
        .fail_count = db_col_int(r, 13),
        .locked_until_ms = db_col_int(r, 14),
        .created_at_ms = db_col_int(r, 15),
        .verified_at_ms = db_col_int(r, 16),
        .used_at_ms = db_col_int(r, 17),
        .skew_steps = (uint32_t)db_col_int(r, 18),
        .several = db_col_int(r, 19) != 0,
    };

    if (!factor_kind_from(db_col_text(r, 6), &f.kind))
        return fail(cx, ERR_INTERNAL, "factor %lld has an unknown kind", (long long)f.id);
    *out = f;
    return OK;
}

enum err factor_by_id(struct ctx *cx, struct db *db, int64_t id, struct factor *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_FACTOR_GET, DB_ARGS(db_int(id)), &r);

    return e ? e : factor_row(cx, &r, out);
}

enum err factor_list(struct ctx *cx, struct db *db, int64_t identity_id, struct factor **out,
                     size_t *out_count)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct factor *list = ARENA_ARRAY(cx->mem, struct factor, LIST_MAX);
    size_t count = 0;
    bool more;
    enum err e;

    if ((e = db_query(cx, db, Q_FACTOR_LIST, DB_ARGS(db_int(identity_id)), &r)))
        return e;
    while ((e = db_next(&r, &more)) == OK && more && count < LIST_MAX) {
        struct factor f;
        size_t at = count;

        if ((e = factor_row(cx, &r, &f)))
            return e;
        for (; at > 0 && list[at - 1].kind > f.kind; at--) /* strongest first, then oldest */
            list[at] = list[at - 1];
        list[at] = f;
        count++;
    }
    if (e)
        return e;
    *out = list;
    *out_count = count;
    return OK;
}

enum err factor_active(struct ctx *cx, struct db *db, int64_t identity_id, enum factor_kind kind,
                       struct factor *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_FACTOR_ACTIVE,
                        DB_ARGS(db_int(identity_id), db_text(factor_kind_name(kind))), &r);

    return e ? e : factor_row(cx, &r, out);
}

enum err factor_pending(struct ctx *cx, struct db *db, int64_t identity_id, int64_t session_id,
                        enum factor_kind kind, struct factor *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    int64_t since_ms = cx->now_ms - (int64_t)PENDING_LIFE_S * MS_PER_S;
    enum err e = db_one(cx, db, Q_FACTOR_PENDING,
                        DB_ARGS(db_int(identity_id), db_text(factor_kind_name(kind)),
                                db_int(session_id), db_int(since_ms)),
                        &r);

    if (e == ERR_NOT_FOUND)
        return fail(cx, ERR_EXPIRED, "no enrolment is under way in this session");
    return e ? e : factor_row(cx, &r, out);
}

enum err factor_contact(struct ctx *cx, struct db *db, int64_t identity_id, struct contact *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct contact c;
    enum err e;

    if ((e = db_one(cx, db, Q_IDENTITY_CONTACT, DB_ARGS(db_int(identity_id)), &r)))
        return e;
    c = (struct contact){
        .identity_id = identity_id,
        .service_id = db_col_int(&r, 1),
        .email = db_col_text(&r, 2),
        .email_verified = !db_col_is_null(&r, 3),
        .phone = db_col_text(&r, 4),
        .policy = POLICY_STRICT,
        .service_name = db_col_text(&r, 7),
        .code_digits = (uint8_t)db_col_int(&r, 8),
    };
    policy_from(db_col_text(&r, 6), &c.policy);
    *out = c;
    return OK;
}

/* Zero when the identity is no portal account. */
enum err factor_person(struct ctx *cx, struct db *db, int64_t identity_id, int64_t *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_PERSON_ID_BY_IDENTITY, DB_ARGS(db_int(identity_id)), &r);

    if (e && e != ERR_NOT_FOUND)
        return e;
    *out = e ? 0 : db_col_int(&r, 0);
    return OK;
}

static enum err factor_audit(struct ctx *cx, struct db *db, const struct factor *f,
                             const struct contact *c, const char *actor, const char *event,
                             const char *reason, const struct origin *from)
{
    return audit_add(
        cx, db,
        &(struct audit_entry){
            .service_id = c->service_id,
            .identity_id = f->identity_id,
            .actor = actor,
            .event = event,
            .from = *from,
            .detail = arena_printf(cx->mem, "method=%.*s%s%s", STR_ARG(factor_kind_name(f->kind)),
                                   reason ? " reason=" : "", reason ? reason : ""),
        });
}

/* floor_fell: with it. undo_factor_id: what the notice's link switches on again; 0 = nothing. */
static enum err notice_off(struct ctx *cx, struct db *db, const struct factor *f,
                           const struct contact *c, bool floor_fell, int64_t undo_factor_id,
                           const struct origin *from)
{
    struct str what = switched(cx, f->kind, "off");
    int64_t person_id;
    enum err e = factor_person(cx, db, f->identity_id, &person_id);

    if (e || !person_id)
        return e;
    if (floor_fell)
        what =
            arena_printf(cx->mem, "%.*s Codes by text message, call and e-mail sign you in again.",
                         STR_ARG(what));
    return outbox_notice(cx, db, person_id, c->email, what, undo_factor_id, from);
}

/* The level no longer asks for what wrong codes ended. Called when a current factor was proved, or
 * by the operator. */
static enum err let_go(struct ctx *cx, struct db *db, int64_t identity_id, const char *reason)
{
    return db_exec(cx, db, Q_FACTOR_LET_GO, DB_ARGS(db_text(str_from(reason)), db_int(identity_id)),
                   NULL);
}

enum err factor_activate(struct ctx *cx, struct db *db, const struct factor *f,
                         const struct origin *from)
{
    struct contact c;
    int64_t person_id;
    enum err e;

    if ((e = factor_contact(cx, db, f->identity_id, &c)) || (e = factor_not_on_yet(cx, db, f)) ||
        (e = floor_may_begin(cx, db, f->identity_id, f->kind)) ||
        (e = db_exec_one(cx, db, Q_FACTOR_ACTIVATE, DB_ARGS(db_int(cx->now_ms), db_int(f->id)))) ||
        (f->kind != FACTOR_PUSH && !f->several && /* of devices there may be several */
         (e = db_exec(cx, db, Q_FACTOR_REPLACE,
                      DB_ARGS(db_int(cx->now_ms), db_int(f->identity_id),
                              db_text(factor_kind_name(f->kind)), db_int(f->id)),
                      NULL))) ||
        (e = let_go(cx, db, f->identity_id, "replaced")))
        return e;
    if ((f->kind == FACTOR_SMS || f->kind == FACTOR_VOICE) &&
        (e = db_exec(cx, db, Q_IDENTITY_PHONE_VERIFIED,
                     DB_ARGS(db_int(cx->now_ms), db_int(f->identity_id), db_text(f->target)),
                     NULL)))
        return e;
    if ((e = factor_person(cx, db, f->identity_id, &person_id)))
        return e;
    /* sessions that proved less than is now required end; this one has just proved it */
    if (person_id && ((e = session_end_others(cx, db, person_id, f->session_id, "factor_on")) ||
                      (e = session_add_amr(cx, db, f->session_id, factor_kind_amr(f->kind)))))
        return e;
    if ((e = factor_audit(cx, db, f, &c, "person", "factor_on", NULL, from)) ||
        (e = entity_event_factor(cx, db, f->id, "factor.verified")))
        return e;
    return person_id ? outbox_notice_on(cx, db, person_id, c.email, switched(cx, f->kind, "on"),
                                        f->id, from)
                     : OK;
}

/* ---- off ---- */

static enum err second_count(struct ctx *cx, struct db *db, int64_t identity_id, int64_t *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_FACTOR_COUNT_SECOND, DB_ARGS(db_int(identity_id)), &r);

    if (e == OK)
        *out = db_col_int(&r, 0);
    return e;
}

/* Recovery codes may be all that is left: wrong codes ended what they stand in for, or the floor
 * refuses it. */
static enum err locks_out(struct ctx *cx, struct db *db, int64_t identity_id)
{
    OWN(db_rows_end) struct db_rows r = {0};
    int64_t person_id;
    enum err e;

    if ((e = factor_person(cx, db, identity_id, &person_id)) || !person_id ||
        (e = db_one(cx, db, Q_LOGIN_WAYS, DB_ARGS(db_int(FACTOR_FAILURES_MAX), db_int(person_id)),
                    &r)))
        return e;
    return db_col_int(&r, 0) > 0 && db_col_int(&r, 1) == 0
               ? fail(cx, ERR_CONFLICT, "recovery codes are the only way in that is left")
               : OK;
}

/* Whether the policy lets go of the last one. */
static enum err may_end(struct ctx *cx, struct db *db, const struct factor *f,
                        const struct contact *c)
{
    int64_t count, person_id;
    struct person p;
    enum err e;

    if ((e = second_count(cx, db, f->identity_id, &count)))
        return e;
    if (f->kind == FACTOR_RECOVERY)
        return locks_out(cx, db, f->identity_id);
    if (count > 1 || c->policy == POLICY_OPTIONAL)
        return OK;
    if (c->policy == POLICY_REQUIRED)
        return fail(cx, ERR_CONFLICT,
                    "a second step is required here: switch on another one first");
    if ((e = factor_person(cx, db, f->identity_id, &person_id)) || !person_id ||
        (e = person_by_id(cx, db, person_id, &p)))
        return e;
    if (!p.password_long)
        return fail(cx, ERR_CONFLICT,
                    "without a second step a password needs %d characters: change it first",
                    PASSWORD_MIN_ALONE);
    return OK;
}

enum err factor_may_end(struct ctx *cx, struct db *db, const struct factor *f)
{
    struct contact c;
    enum err e = factor_contact(cx, db, f->identity_id, &c);

    return e ? e : may_end(cx, db, f, &c);
}

enum err factor_wake_waiting(struct ctx *cx, struct db *db, int64_t identity_id)
{
    OWN(db_rows_end) struct db_rows r = {0};
    bool more;
    enum err e = db_query(cx, db, Q_CHALLENGE_OPEN_LOGINS, DB_ARGS(db_int(identity_id)), &r);

    while (e == OK && (e = db_next(&r, &more)) == OK && more)
        db_notify(db, login_topic(db_col_int(&r, 0)));
    db_notify(db, device_topic(identity_id));
    return e;
}

/* What goes with a factor that its owner or the operator switched off: with the last, recovery
 * codes and what the level still asks for; with the last strong one, or the last of all, the floor.
 */
static enum err others_go(struct ctx *cx, struct db *db, const struct factor *f, const char *reason,
                          const char *actor, const struct origin *from, bool *out_floor_fell)
{
    int64_t count;
    enum err e = second_count(cx, db, f->identity_id, &count);

    if (e)
        return e;
    if (count == 0 &&
        ((e = db_exec(cx, db, Q_FACTOR_OFF_KIND,
                      DB_ARGS(db_text(str_from(reason)), db_int(cx->now_ms), db_int(f->identity_id),
                              db_text(factor_kind_name(FACTOR_RECOVERY))),
                      NULL)) ||
         (e = let_go(cx, db, f->identity_id, reason))))
        return e;
    if (count == 0) { /* nothing is left that could sign in again */
        bool fell;

        return floor_after_off(cx, db, f->identity_id, actor, from, &fell);
    }
    return factor_kind_is_strong(f->kind)
               ? floor_after_off(cx, db, f->identity_id, actor, from, out_floor_fell)
               : OK;
}

enum err factor_off(struct ctx *cx, struct db *db, int64_t factor_id, const char *reason,
                    const struct origin *from)
{
    bool by_person = str_eq(str_from(reason), STR("person"));
    const char *actor = by_person || str_eq(str_from(reason), STR("operator")) ? reason : "system";
    bool floor_fell = false;
    struct factor f;
    struct contact c;
    enum err e;

    if ((e = factor_by_id(cx, db, factor_id, &f)) ||
        (e = factor_contact(cx, db, f.identity_id, &c)))
        return e;
    if (by_person && (e = may_end(cx, db, &f, &c)))
        return e;
    e = db_exec_one(cx, db, Q_FACTOR_OFF,
                    DB_ARGS(db_text(str_from(reason)), db_int(cx->now_ms), db_int(f.id)));
    if (e == ERR_CONFLICT)
        return fail(cx, ERR_NOT_FOUND, "this factor is not on");
    if (e)
        return e;
    if ((f.kind == FACTOR_PUSH || f.kind == FACTOR_VOICE) &&
        (e = factor_wake_waiting(cx, db, f.identity_id)))
        return e;
    /* After wrong codes a second step is still asked for; recovery codes are then the way in. */
    if (!str_eq(str_from(reason), STR("failures")) &&
        (e = others_go(cx, db, &f, reason, actor, from, &floor_fell)))
        return e;
    if ((e = factor_audit(cx, db, &f, &c, actor, "factor_off", reason, from)) ||
        (e = entity_event_factor(cx, db, f.id, "factor.deleted")))
        return e;
    return notice_off(cx, db, &f, &c, floor_fell, by_person ? f.id : 0, from);
}

enum err factor_reset_all(struct ctx *cx, struct db *db, int64_t identity_id,
                          const struct origin *from)
{
    bool floor_fell;
    int64_t person_id;
    struct contact c;
    enum err e;

    if ((e = factor_contact(cx, db, identity_id, &c)) ||
        (e = db_exec(cx, db, Q_FACTOR_OFF_ALL,
                     DB_ARGS(db_text(STR("operator")), db_int(cx->now_ms), db_int(identity_id)),
                     NULL)) ||
        (e = let_go(cx, db, identity_id, "operator")) ||
        (e = floor_after_off(cx, db, identity_id, "operator", from, &floor_fell)) ||
        (e = db_exec(cx, db, Q_IDENTITY_RIGHT, DB_ARGS(db_int(identity_id)), NULL)) ||
        (e = factor_person(cx, db, identity_id, &person_id)) ||
        (e = factor_wake_waiting(cx, db, identity_id)))
        return e;
    if (person_id &&
        ((e = session_end_others(cx, db, person_id, 0, "factors_reset")) ||
         (e = outbox_notice(cx, db, person_id, c.email,
                            STR("Support removed every second step from your account. Set one up "
                                "again when you sign in."),
                            0, from))))
        return e;
    return audit_add(cx, db,
                     &(struct audit_entry){
                         .service_id = c.service_id,
                         .identity_id = identity_id,
                         .actor = "operator",
                         .event = "factors_reset",
                         .from = *from,
                     });
}
