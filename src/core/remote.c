/*
 * remote.c: asking, and what the answers mean to an attempt. See remote.h; the courier's side is in
 * remote_queue.c.
 */
#include "core/audit.h"
#include "core/challenge.h"
#include "core/remote_rows.h"
#include "core/rows.h"
#include "core/verification.h"

static const struct str op_words[REMOTE_OPS] = {
    [REMOTE_REGISTER] = STR("register"), [REMOTE_ASK] = STR("ask"),   [REMOTE_POLL] = STR("poll"),
    [REMOTE_SMS] = STR("sms"),           [REMOTE_CALL] = STR("call"), [REMOTE_CHECK] = STR("check"),
};

static const struct str said_words[REMOTE_SAYINGS] = {
    [REMOTE_NOTHING] = STR("nothing"), [REMOTE_REFUSED] = STR("refused"),
    [REMOTE_LIMITED] = STR("limited"), [REMOTE_NO_USER] = STR("no_user"),
    [REMOTE_NO_APP] = STR("no_app"),   [REMOTE_DONE] = STR("done"),
    [REMOTE_PENDING] = STR("pending"), [REMOTE_APPROVED] = STR("approved"),
    [REMOTE_DENIED] = STR("denied"),   [REMOTE_EXPIRED] = STR("expired"),
    [REMOTE_RIGHT] = STR("right"),     [REMOTE_WRONG] = STR("wrong"),
    [REMOTE_USED] = STR("used"),
};

static const enum remote_note notes[REMOTE_SAYINGS] = {
    [REMOTE_NOTHING] = NOTE_DOWN,    [REMOTE_REFUSED] = NOTE_DOWN,
    [REMOTE_LIMITED] = NOTE_LIMITED, [REMOTE_NO_USER] = NOTE_DOWN,
    [REMOTE_NO_APP] = NOTE_NONE,     [REMOTE_DONE] = NOTE_NONE,
    [REMOTE_PENDING] = NOTE_NONE,    [REMOTE_APPROVED] = NOTE_NONE,
    [REMOTE_DENIED] = NOTE_DENIED,   [REMOTE_EXPIRED] = NOTE_UNANSWERED,
    [REMOTE_RIGHT] = NOTE_NONE,      [REMOTE_WRONG] = NOTE_WRONG,
    [REMOTE_USED] = NOTE_USED,
};

/* ---- rows ---- */

static bool word_in(const struct str *words, size_t count, struct str word, unsigned *out)
{
    for (size_t i = 0; i < count; i++) {
        if (words[i].n && str_eq(words[i], word)) {
            *out = (unsigned)i;
            return true;
        }
    }
    return false;
}

enum err remote_row(struct ctx *cx, const struct db_rows *r, struct remote_row *out)
{
    struct str state = db_col_text(r, 5), said = db_col_text(r, 6);
    unsigned op, answer = REMOTE_NOTHING;

    if (!word_in(op_words, REMOTE_OPS, db_col_text(r, 4), &op) ||
        (said.n && !word_in(said_words, REMOTE_SAYINGS, said, &answer)))
        return fail(cx, ERR_INTERNAL, "a remote question has an unknown word");
    *out = (struct remote_row){
        .id = db_col_int(r, 0),
        .identity_id = db_col_int(r, 1),
        .factor_id = db_col_int(r, 2),
        .login_id = db_col_int(r, 3),
        .op = (enum remote_op)op,
        .said = (enum remote_said)answer,
        .done = str_eq(state, STR("done")),
        .sending = str_eq(state, STR("sending")),
        .ref = db_col_text(r, 7),
        .code_sealed = db_col_blob(r, 8),
        .attempts = db_col_int(r, 9),
        .created_at_ms = db_col_int(r, 10),
        .expires_at_ms = db_col_int(r, 11),
    };
    return OK;
}

uint64_t remote_topic(int64_t factor_id, int64_t login_id)
{
    return login_id ? login_topic(login_id) : (uint64_t)factor_id;
}

/* Queues a question; id and times are set here. *out_queued: false when another code of the factor
 * is being asked about. */
static enum err queue(struct ctx *cx, struct db *db, struct remote_row *row, struct str code,
                      int64_t life_s, bool *out_queued)
{
    struct db_value sealed = db_null();
    int64_t changes;
    enum err e;

    row->id = id_new(cx);
    row->created_at_ms = cx->now_ms;
    row->expires_at_ms = cx->now_ms + life_s * MS_PER_S;
    if (code.n)
        sealed = db_blob(
            core_seal(cx, db, "remote_call.code", row->id, row->factor_id, str_bytes(code)));
    if ((e = db_exec(cx, db, Q_REMOTE_CALL_INSERT,
                     DB_ARGS(db_int(row->id), db_int(row->identity_id), db_int(row->factor_id),
                             db_int(row->login_id), db_text(op_words[row->op]), db_text(row->ref),
                             sealed, db_int(cx->now_ms), db_int(row->expires_at_ms)),
                     &changes)))
        return e;
    *out_queued = changes == 1;
    db_notify(db, REMOTE_TOPIC);
    return OK;
}

enum err remote_end(struct ctx *cx, struct db *db, const struct remote_row *row,
                    enum remote_said said, struct str ref, struct str why, bool *out_won)
{
    int64_t changes;
    enum err e = db_exec(
        cx, db, Q_REMOTE_CALL_DONE,
        DB_ARGS(db_text(said_words[said]), db_text(ref), db_text(why), db_int(row->id)), &changes);

    if (e)
        return e;
    *out_won = changes == 1;
    db_notify(db, remote_topic(row->factor_id, row->login_id));
    return OK;
}

enum err remote_user(struct ctx *cx, struct db *db, int64_t identity_id, struct str phone,
                     struct str *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_REMOTE_USER_GET, DB_ARGS(db_int(identity_id)), &r);

    if (e && e != ERR_NOT_FOUND)
        return e;
    *out = e == OK && str_eq(db_col_text(&r, 1), phone) ? db_col_text(&r, 0) : STR_NONE;
    return OK;
}

/* ---- where a turn stands ---- */

static void add_to_turn(const struct ctx *cx, const struct remote_row *row, struct remote_turn *t)
{
    bool over = row->done || row->expires_at_ms <= cx->now_ms;
    bool is_code = row->op == REMOTE_SMS || row->op == REMOTE_CALL;

    t->settled += row->done;
    t->sends += is_code;
    if (!over && row->said == REMOTE_PENDING) { /* out, and nobody has answered yet */
        t->asked = true;
        t->asked_at_ms = row->created_at_ms;
        t->asked_until_ms = row->expires_at_ms;
        t->note = NOTE_NONE;
        return;
    }
    if (!over) {
        t->busy = true;
        t->checking = row->op == REMOTE_CHECK;
        t->busy_until_ms = row->expires_at_ms;
        t->note = NOTE_NONE;
        return;
    }
    t->proved |= row->done && (row->said == REMOTE_APPROVED || row->said == REMOTE_RIGHT);
    if (row->op == REMOTE_ASK && row->said == REMOTE_PENDING)
        t->note = NOTE_UNANSWERED;
    else
        t->note = row->done ? notes[row->said] : NOTE_DOWN;
    if (row->op == REMOTE_CHECK && row->said == REMOTE_EXPIRED)
        t->note = NOTE_OVER;
    if (is_code && row->said == REMOTE_DONE) {
        t->note = row->op == REMOTE_SMS ? NOTE_SENT : NOTE_CALLED;
        t->code_out = true;
        t->sid = row->ref;
    }
}

enum err remote_turn(struct ctx *cx, struct db *db, int64_t factor_id, int64_t login_id,
                     struct remote_turn *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct remote_turn t = {0};
    struct remote_row row;
    bool more;
    enum err e;

    if ((e = db_query(cx, db, Q_REMOTE_CALL_TURN, DB_ARGS(db_int(factor_id), db_int(login_id)),
                      &r)))
        return e;
    while ((e = db_next(&r, &more)) == OK && more) {
        if ((e = remote_row(cx, &r, &row)))
            return e;
        add_to_turn(cx, &row, &t);
    }
    if (e == OK)
        *out = t;
    return e;
}

/* ---- asking ---- */

static enum err supersede(struct ctx *cx, struct db *db, int64_t identity_id)
{
    OWN(db_rows_end) struct db_rows r = {0};
    bool more;
    enum err e;

    if ((e = db_query(cx, db, Q_REMOTE_CALL_SUPERSEDE, DB_ARGS(db_int(identity_id)), &r)))
        return e;
    while ((e = db_next(&r, &more)) == OK && more)
        db_notify(db, remote_topic(db_col_int(&r, 0), db_col_int(&r, 1)));
    return e;
}

enum err remote_go_on(struct ctx *cx, struct db *db, const struct remote_row *row,
                      enum remote_op op)
{
    struct remote_row next = {
        .identity_id = row->identity_id,
        .factor_id = row->factor_id,
        .login_id = row->login_id,
        .op = op,
        .ref = STR(""),
    };
    bool queued;
    enum err e;

    if (op == REMOTE_ASK && ((e = challenge_take_push(cx, db, row->identity_id)) ||
                             (e = supersede(cx, db, row->identity_id))))
        return e;
    return queue(cx, db, &next, STR_NONE, op == REMOTE_ASK ? REMOTE_ASK_LIFE_S : REMOTE_LIFE_S,
                 &queued);
}

static enum err start(struct ctx *cx, struct db *db, const struct factor *f, int64_t login_id,
                      enum remote_via via, const struct remote_turn *turn)
{
    const struct remote_row turn_of = {
        .identity_id = f->identity_id, .factor_id = f->id, .login_id = login_id};
    bool authy = core_of(db)->remote == REMOTE_AUTHY;
    enum remote_op op = via == VIA_CALL            ? REMOTE_CALL
                        : via == VIA_SMS || !authy ? REMOTE_SMS
                                                   : REMOTE_ASK;
    struct str user;
    enum err e;

    if (op != REMOTE_ASK) {
        if (turn->sends >= REMOTE_SENDS_MAX)
            return fail(cx, ERR_LIMITED, "this attempt has had its codes");
        /* the other server sends it, and counts; ours only says whom it may reach */
        if ((e = destination_take(cx, db,
                                  &(struct dispatch){
                                      .service_id = core_of(db)->portal_service_id,
                                      .channel = via == VIA_CALL ? STR("voice") : STR("sms"),
                                      .target = f->target,
                                  })))
            return e;
    }
    if (!authy)
        return remote_go_on(cx, db, &turn_of, op);
    if ((e = remote_user(cx, db, f->identity_id, f->target, &user)))
        return e;
    return remote_go_on(cx, db, &turn_of, user.n ? op : REMOTE_REGISTER);
}

enum err remote_start(struct ctx *cx, struct db *db, const struct factor *f, int64_t login_id,
                      enum remote_via via)
{
    struct remote_turn turn;
    enum err e;

    if (core_of(db)->remote == REMOTE_NONE)
        return fail(cx, ERR_UPSTREAM, "second_factor names no remote service any more");
    if ((e = remote_turn(cx, db, f->id, login_id, &turn)))
        return e;
    if (turn.busy || turn.proved || (turn.asked && via == VIA_APP))
        return OK;
    return start(cx, db, f, login_id, via, &turn);
}

enum err remote_begin(struct ctx *cx, struct db *db, const struct factor *f, int64_t login_id)
{
    struct remote_row row = {.identity_id = f->identity_id,
                             .factor_id = f->id,
                             .login_id = login_id,
                             .op = REMOTE_SMS,
                             .ref = STR("")};
    bool queued, won;
    enum err e = remote_start(cx, db, f, login_id, VIA_USUAL), noted;

    if (e != ERR_LIMITED && e != ERR_BLOCKED && e != ERR_UPSTREAM)
        return e;
    if ((noted = queue(cx, db, &row, STR_NONE, REMOTE_LIFE_S, &queued)))
        return noted;
    return remote_end(cx, db, &row, e == ERR_UPSTREAM ? REMOTE_NOTHING : REMOTE_LIMITED, STR(""),
                      arena_str(cx->mem, str_from(cx->why)), &won);
}

enum err remote_signed_up(struct ctx *cx, struct db *db, int64_t identity_id, struct str phone)
{
    struct remote_row row = {.identity_id = identity_id, .op = REMOTE_REGISTER, .ref = STR("")};
    bool queued;

    if (core_of(db)->remote != REMOTE_AUTHY || phone.n == 0)
        return OK;
    return queue(cx, db, &row, STR_NONE, DAY_MS / MS_PER_S, &queued);
}

/* ---- codes ---- */

static enum err is_checking(struct ctx *cx, struct db *db, int64_t factor_id, bool *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_REMOTE_CALL_CHECKING, DB_ARGS(db_int(factor_id)), &r);

    if (e && e != ERR_NOT_FOUND)
        return e;
    *out = e == OK;
    return OK;
}

enum err remote_may_check(struct ctx *cx, struct db *db, const struct factor *f, int64_t login_id,
                          enum check_outcome *out)
{
    enum remote_dialect dialect = core_of(db)->remote;
    struct remote_turn turn;
    bool checking;
    enum err e;

    if ((e = is_checking(cx, db, f->id, &checking)) ||
        (e = remote_turn(cx, db, f->id, login_id, &turn)))
        return e;
    if (dialect == REMOTE_NONE || (dialect == REMOTE_VERIFY && !turn.sid.n))
        *out = CHECK_EXPIRED;
    else
        *out = checking ? CHECK_ASKED : CHECK_WRONG;
    return OK;
}

enum err remote_check(struct ctx *cx, struct db *db, const struct factor *f, int64_t login_id,
                      struct str code)
{
    struct remote_row row = {.identity_id = f->identity_id,
                             .factor_id = f->id,
                             .login_id = login_id,
                             .op = REMOTE_CHECK};
    struct remote_turn turn;
    bool queued;
    enum err e;

    if ((e = remote_turn(cx, db, f->id, login_id, &turn)))
        return e;
    row.ref = turn.sid.n ? turn.sid : STR("");
    /* not queued: on another node somebody was first; the page shows what comes of that one */
    return queue(cx, db, &row, code, REMOTE_LIFE_S, &queued);
}

/* ---- answers ---- */

static enum err answer_audit(struct ctx *cx, struct db *db, const struct remote_row *row,
                             const char *event, struct str detail)
{
    struct origin from = {.addr = STR(""), .user_agent = STR("")};
    struct login l;

    if (row->login_id && login_by_id(cx, db, row->login_id, &l) == OK)
        from = (struct origin){.addr = l.addr, .user_agent = l.user_agent};
    return audit_add(cx, db,
                     &(struct audit_entry){
                         .service_id = core_of(db)->portal_service_id,
                         .identity_id = row->identity_id,
                         .actor = "person",
                         .event = event,
                         .from = from,
                         .detail = detail,
                     });
}

enum err remote_ask_ended(struct ctx *cx, struct db *db, const struct remote_row *row,
                          enum remote_said said)
{
    enum err e;

    db_notify(db, remote_topic(row->factor_id, row->login_id));
    if (said != REMOTE_APPROVED && said != REMOTE_DENIED)
        return OK;
    if (said == REMOTE_APPROVED &&
        (e = db_exec(cx, db, Q_FACTOR_RIGHT, DB_ARGS(db_int(cx->now_ms), db_int(row->factor_id)),
                     NULL)))
        return e;
    return answer_audit(
        cx, db, row, "remote_answered",
        arena_printf(cx->mem, "method=remote decision=%.*s", STR_ARG(said_words[said])));
}

enum err remote_answered(struct ctx *cx, struct db *db, const struct remote_callback *cb,
                         bool *out_known)
{
    enum remote_said said = cb->approved ? REMOTE_APPROVED : REMOTE_DENIED;
    struct db_rows r = {0};
    struct remote_row row = {0};
    enum err e;

    *out_known = false;
    if (cb->uuid.n == 0 || cb->user.n == 0)
        return OK;
    e = db_one(cx, db, Q_REMOTE_CALL_ANSWERED,
               DB_ARGS(db_text(said_words[said]), db_text(cb->uuid), db_int(cx->now_ms),
                       db_text(cb->user)),
               &r);
    if (e == OK)
        row = (struct remote_row){.id = db_col_int(&r, 0),
                                  .identity_id = db_col_int(&r, 1),
                                  .factor_id = db_col_int(&r, 2),
                                  .login_id = db_col_int(&r, 3)};
    db_rows_end(&r);
    if (e)
        return e == ERR_NOT_FOUND ? OK : e;
    *out_known = true;
    return remote_ask_ended(cx, db, &row, said);
}

enum err remote_check_ended(struct ctx *cx, struct db *db, const struct remote_row *row,
                            enum remote_said said)
{
    enum check_outcome outcome = said == REMOTE_RIGHT   ? CHECK_RIGHT
                                 : said == REMOTE_WRONG ? CHECK_WRONG
                                 : said == REMOTE_USED  ? CHECK_USED
                                                        : CHECK_EXPIRED;
    enum err e = factor_check_end(cx, db, row->factor_id, outcome);

    if (e || (outcome != CHECK_WRONG && outcome != CHECK_USED))
        return e;
    return answer_audit(cx, db, row, "second_factor_failed", STR("method=remote"));
}

/* ---- what a turn proves ---- */

enum err remote_proved(struct ctx *cx, struct db *db, const struct login *l, bool *out)
{
    struct remote_turn turn;
    struct factor f;
    struct person p;
    enum err e;

    *out = false;
    if ((e = person_by_id(cx, db, l->person_id, &p)))
        return e;
    e = factor_active(cx, db, p.identity_id, FACTOR_REMOTE, &f);
    if (e)
        return e == ERR_NOT_FOUND ? OK : e;
    if ((e = remote_turn(cx, db, f.id, l->id, &turn)))
        return e;
    *out = turn.proved;
    return OK;
}

enum err remote_enrolled(struct ctx *cx, struct db *db, const struct factor *f,
                         const struct origin *from)
{
    struct remote_turn turn;
    enum err e = remote_turn(cx, db, f->id, 0, &turn);

    if (e)
        return e;
    if (!turn.proved)
        return fail(cx, ERR_DENIED, "nothing has proved this factor yet");
    return factor_activate(cx, db, f, from);
}
