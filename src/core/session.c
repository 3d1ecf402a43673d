/*
 * session.c: the one opener, and the level derived anew at every use: never a stored "highest
 * level" (attacks 1, 24, 37).
 */
#include "core/session.h"
#include "crypto/token.h"

struct level { /* what a person must have proved now is derived from these */
    enum policy policy;
    bool strong_only; /* floor.h */
    int64_t asked;    /* second factors, those that wrong codes ended included */
};

/* The columns policy, floor, asked from `at` on. An unknown word for the policy weakens nothing. */
static struct level level_row(const struct db_rows *r, unsigned at)
{
    struct level need = {
        .strong_only = db_col_int(r, at + 1) != 0,
        .asked = db_col_int(r, at + 2),
    };

    if (!policy_from(db_col_text(r, at), &need.policy))
        need.policy = POLICY_REQUIRED;
    return need;
}

static bool level_enough(unsigned amr, const struct level *need)
{
    if (!(amr & AMR_PWD))
        return false;
    if (need->strong_only)
        return (amr & AMR_STRONG) != 0;
    if (need->asked > 0)
        return (amr & AMR_SECOND) != 0;
    if (need->policy == POLICY_REQUIRED)
        return (amr & AMR_ENROL) != 0; /* may enrol and nothing else: the gate sees the bit */
    return true;
}

struct str amr_text(struct ctx *cx, unsigned amr)
{
    static const struct {
        unsigned bit;
        const char *word;
    } words[] = {
        {AMR_PWD,      "pwd"     },
        {AMR_OTP,      "otp"     },
        {AMR_SMS,      "sms"     },
        {AMR_TEL,      "tel"     },
        {AMR_EMAIL,    "email"   },
        {AMR_RECOVERY, "recovery"},
        {AMR_PUSH,     "swk"     },
        {AMR_PASSKEY,  "hwk"     },
        {AMR_REMOTE,   "remote"  },
        {AMR_ENROL,    "enrol"   },
    };
    struct str text = STR("");

    EACH_ROW (row, words) {
        if (amr & row->bit)
            text = arena_printf(cx->mem, "%.*s%s%s", STR_ARG(text), text.n ? "," : "", row->word);
    }
    if ((amr & AMR_PWD) && (amr & AMR_SECOND))
        text = arena_printf(cx->mem, "%.*s,mfa", STR_ARG(text));
    return text;
}

static struct str token_made(struct ctx *cx, uint8_t hash[static TOKEN_HASH_LEN])
{
    char token[TOKEN_LEN + 1];

    token_new(token);
    token_hash((struct str){token, TOKEN_LEN}, hash);
    return arena_str(cx->mem, (struct str){token, TOKEN_LEN});
}

enum err session_open(struct ctx *cx, struct db *db, const struct session_request *rq,
                      struct str *out_token)
{
    const struct core *core = core_of(db);
    struct db_rows r = {0};
    uint8_t hash[TOKEN_HASH_LEN];
    struct str token;
    int64_t life_ms = rq->remember ? core->remember_lifetime_ms : core->session_lifetime_ms;
    int64_t must_reset;
    struct level need;
    struct str status;
    enum err e;

    if ((e = db_one(cx, db, Q_SESSION_LEVEL, DB_ARGS(db_int(rq->person_id)), &r)))
        return e;
    status = db_col_text(&r, 0);
    must_reset = db_col_int(&r, 1);
    need = level_row(&r, 2);
    db_rows_end(&r);
    if (!str_eq(status, STR("active")) || must_reset)
        return fail(cx, ERR_DENIED, "person is %.*s",
                    STR_ARG(must_reset ? STR("to reset") : status));
    if (!level_enough(rq->amr, &need))
        return fail(cx, ERR_DENIED, "level %x is not enough", rq->amr);
    if (rq->replaces && (e = session_end(cx, db, rq->person_id, rq->replaces, "renewed")))
        return e;
    token = token_made(cx, hash);
    if ((e = db_exec(cx, db, Q_SESSION_INSERT,
                     DB_ARGS(db_int(id_new(cx)), db_blob(BYTES_OF(hash)), db_int(rq->person_id),
                             db_int(rq->amr), db_int(rq->remember), db_text(rq->from.addr),
                             db_text(str_sub(rq->from.user_agent, 0, 256)), db_int(cx->now_ms),
                             db_int(cx->now_ms), db_int(cx->now_ms + life_ms)),
                     NULL)) ||
        (e = db_exec(cx, db, Q_PERSON_TOUCH, DB_ARGS(db_int(cx->now_ms), db_int(rq->person_id)),
                     NULL)))
        return e;
    *out_token = token;
    return OK;
}

/* The one judge of sessions: whatever leads to one, all reasons for which it is not good are here.
 */
static enum err live_session(struct ctx *cx, struct db *db, enum query q, struct db_value key,
                             struct session *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    const struct core *core = core_of(db);
    int64_t fresh_at_ms;
    struct level need;
    struct session s;
    enum err e = db_one(cx, db, q, DB_ARGS(key, db_int(cx->now_ms)), &r);

    if (e == ERR_NOT_FOUND)
        return fail(cx, ERR_DENIED, "session unknown, ended or too old");
    if (e)
        return e;
    s = (struct session){
        .id = db_col_int(&r, 0),
        .person_id = db_col_int(&r, 1),
        .identity_id = db_col_int(&r, 2),
        .amr = (unsigned)db_col_int(&r, 3),
        .remember = db_col_int(&r, 4) != 0,
        .addr = db_col_text(&r, 5),
        .user_agent = db_col_text(&r, 6),
        .created_at_ms = db_col_int(&r, 7),
        .last_seen_at_ms = db_col_int(&r, 8),
        .expires_at_ms = db_col_int(&r, 10),
    };
    fresh_at_ms = db_col_int(&r, 9);
    s.fresh = cx->now_ms - fresh_at_ms < (int64_t)SESSION_FRESH_S * MS_PER_S;
    if (!str_eq(db_col_text(&r, 11), STR("active")))
        return fail(cx, ERR_DENIED, "person is not active");
    if (!s.remember && cx->now_ms - s.last_seen_at_ms > core->session_idle_ms)
        return fail(cx, ERR_DENIED, "session was idle too long");
    need = level_row(&r, 12);
    if (!level_enough(s.amr, &need))
        return fail(cx, ERR_DENIED, "level %x is no longer enough", s.amr);
    *out = s;
    return OK;
}

enum err session_by_token(struct ctx *cx, struct db *db, struct str token, struct session *out)
{
    uint8_t hash[TOKEN_HASH_LEN];

    if (token.n != TOKEN_LEN)
        return fail(cx, ERR_DENIED, "no session");
    token_hash(token, hash);
    return live_session(cx, db, Q_SESSION_BY_HASH, db_blob(BYTES_OF(hash)), out);
}

enum err session_by_id(struct ctx *cx, struct db *db, int64_t session_id, struct session *out)
{
    return live_session(cx, db, Q_SESSION_BY_ID, db_int(session_id), out);
}

enum err session_list(struct ctx *cx, struct db *db, int64_t person_id, struct session **out,
                      size_t *out_count)
{
    enum { LIST_MAX = 50 };
    OWN(db_rows_end) struct db_rows r = {0};
    struct session *list = ARENA_ARRAY(cx->mem, struct session, LIST_MAX);
    size_t count = 0;
    bool more;
    enum err e;

    if ((e = db_query(cx, db, Q_SESSION_LIST, DB_ARGS(db_int(person_id), db_int(cx->now_ms)), &r)))
        return e;
    while ((e = db_next(&r, &more)) == OK && more && count < LIST_MAX) {
        struct session s = {
            .id = db_col_int(&r, 0),
            .person_id = person_id,
            .amr = (unsigned)db_col_int(&r, 1),
            .remember = db_col_int(&r, 2) != 0,
            .addr = db_col_text(&r, 3),
            .user_agent = db_col_text(&r, 4),
            .created_at_ms = db_col_int(&r, 5),
            .last_seen_at_ms = db_col_int(&r, 6),
            .expires_at_ms = db_col_int(&r, 7),
        };

        if (s.remember || cx->now_ms - s.last_seen_at_ms <= core_of(db)->session_idle_ms)
            list[count++] = s;
    }
    if (e)
        return e;
    *out = list;
    *out_count = count;
    return OK;
}

enum err session_end(struct ctx *cx, struct db *db, int64_t person_id, int64_t session_id,
                     const char *why)
{
    enum err e = db_exec_one(
        cx, db, Q_SESSION_END,
        DB_ARGS(db_int(cx->now_ms), db_text(str_from(why)), db_int(session_id), db_int(person_id)));

    return e == ERR_CONFLICT ? fail(cx, ERR_NOT_FOUND, "no such live session") : e;
}

enum err session_end_others(struct ctx *cx, struct db *db, int64_t person_id, int64_t keep_id,
                            const char *why)
{
    return db_exec(
        cx, db, Q_SESSION_END_OTHERS,
        DB_ARGS(db_int(cx->now_ms), db_text(str_from(why)), db_int(person_id), db_int(keep_id)),
        NULL);
}

static enum err proved_so_far(struct ctx *cx, struct db *db, int64_t session_id, unsigned *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_SESSION_AMR, DB_ARGS(db_int(session_id)), &r);

    if (e == OK)
        *out = (unsigned)db_col_int(&r, 0);
    return e;
}

enum err session_add_amr(struct ctx *cx, struct db *db, int64_t session_id, unsigned amr)
{
    unsigned now;
    enum err e = proved_so_far(cx, db, session_id, &now);

    if (e)
        return e;
    return db_exec_one(cx, db, Q_SESSION_ADD_AMR,
                       DB_ARGS(db_int((now | amr) & ~(unsigned)AMR_ENROL), db_int(cx->now_ms),
                               db_int(session_id)));
}

enum err session_renew(struct ctx *cx, struct db *db, const struct session *s,
                       const struct origin *from, struct str *out_token)
{
    struct session_request rq = {
        .person_id = s->person_id,
        .remember = s->remember,
        .from = *from,
        .replaces = s->id,
    };
    enum err e = proved_so_far(cx, db, s->id, &rq.amr);

    return e ? e : session_open(cx, db, &rq, out_token);
}

enum err session_new_token(struct ctx *cx, struct db *db, int64_t session_id, struct str *out_token)
{
    uint8_t hash[TOKEN_HASH_LEN];
    struct str token = token_made(cx, hash);
    enum err e = db_exec_one(cx, db, Q_SESSION_SET_TOKEN,
                             DB_ARGS(db_blob(BYTES_OF(hash)), db_int(session_id)));

    if (e == ERR_CONFLICT)
        return fail(cx, ERR_NOT_FOUND, "the session has ended");
    if (e == OK)
        *out_token = token;
    return e;
}
