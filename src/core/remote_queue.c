/*
 * remote_queue.c: the courier's side of remote.h: what is due, what it says, and what each answer
 * leads to.
 *
 *   register -> ask        (when a factor waits for it)
 *   ask      -> sms        no app that could be asked
 *   sms      -> call       refused: a landline, say
 */
#include "core/agent.h"
#include "core/phone.h"
#include "core/remote_rows.h"
#include "core/rows.h"

/* ---- booking ---- */

static enum err row_by_id(struct ctx *cx, struct db *db, int64_t id, struct remote_row *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_REMOTE_CALL_GET, DB_ARGS(db_int(id)), &r);

    return e ? e : remote_row(cx, &r, out);
}

static enum err again(struct ctx *cx, struct db *db, const struct remote_row *row, const char *said,
                      struct str ref, struct str why, int64_t next_at_ms)
{
    return db_exec(cx, db, Q_REMOTE_CALL_AGAIN,
                   DB_ARGS(db_text(str_from(said)), db_text(ref), db_text(why), db_int(next_at_ms),
                           db_int(row->id)),
                   NULL);
}

/* The next step that an answer calls for; none when its budget is used up. */
static enum err follow(struct ctx *cx, struct db *db, const struct remote_row *row,
                       enum remote_said said)
{
    enum err e = OK;

    if (row->factor_id == 0)
        return OK;
    if (row->op == REMOTE_REGISTER && said == REMOTE_DONE)
        e = remote_go_on(cx, db, row, REMOTE_ASK);
    else if (row->op == REMOTE_ASK && said == REMOTE_NO_APP)
        e = remote_go_on(cx, db, row, REMOTE_SMS);
    else if (row->op == REMOTE_SMS && said == REMOTE_REFUSED)
        e = remote_go_on(cx, db, row, REMOTE_CALL);
    return e == ERR_LIMITED ? OK : e;
}

static enum err book_user(struct ctx *cx, struct db *db, const struct remote_row *row,
                          const struct courier_result *r)
{
    return db_exec(cx, db, Q_REMOTE_USER_SET,
                   DB_ARGS(db_int(row->identity_id), db_text(r->provider_id),
                           db_text(r->parcel->remote->phone), db_int(cx->now_ms)),
                   NULL);
}

static enum err book_over(struct ctx *cx, struct db *db, const struct remote_row *row,
                          enum remote_said said, const struct courier_result *r)
{
    struct str ref = said == REMOTE_DONE && r->provider_id.n ? r->provider_id : STR("");
    bool won;
    enum err e;

    if (row->op == REMOTE_REGISTER && said == REMOTE_DONE && (e = book_user(cx, db, row, r)))
        return e;
    if ((e = remote_end(cx, db, row, said, ref, r->why.n ? r->why : STR(""), &won)) || !won)
        return e;
    if (row->op == REMOTE_CHECK)
        return remote_check_ended(cx, db, row, said);
    if (row->op == REMOTE_ASK && (e = remote_ask_ended(cx, db, row, said)))
        return e;
    return follow(cx, db, row, said);
}

static enum err book(struct ctx *cx, struct db *db, const struct courier_result *r)
{
    enum remote_said said = r->outcome == OUTCOME_DEAD ? REMOTE_NOTHING : (enum remote_said)r->said;
    struct str why = r->why.n ? r->why : STR("");
    struct remote_row row;
    int64_t poll_at_ms = cx->now_ms + (int64_t)REMOTE_POLL_AFTER_S * MS_PER_S;
    enum err e = row_by_id(cx, db, r->parcel->id, &row);

    if (e == ERR_NOT_FOUND || (e == OK && (!row.sending || row.attempts != r->parcel->attempt)))
        return OK; /* swept, answered by a callback, or claimed anew */
    if (e)
        return e;
    if (row.op == REMOTE_ASK && row.said != REMOTE_PENDING && said == REMOTE_DONE) {
        db_notify(db, remote_topic(row.factor_id, row.login_id));
        return again(cx, db, &row, "pending", r->provider_id, why, poll_at_ms);
    }
    if (row.op == REMOTE_ASK && row.said == REMOTE_PENDING) { /* it was polled */
        if (r->outcome == OUTCOME_DEAD)
            said = REMOTE_EXPIRED;
        else if (said != REMOTE_APPROVED && said != REMOTE_DENIED && said != REMOTE_EXPIRED)
            return again(cx, db, &row, "pending", row.ref, why, poll_at_ms);
    }
    if (row.op == REMOTE_REGISTER && row.factor_id == 0 && r->outcome == OUTCOME_RETRY)
        return again(cx, db, &row, "", row.ref, why, r->next_at_ms);
    return book_over(cx, db, &row, said, r);
}

/* ---- claiming ---- */

static enum err lapse(struct ctx *cx, struct db *db, int64_t until_ms)
{
    return db_exec(cx, db, Q_REMOTE_CALL_LAPSE, DB_ARGS(db_int(until_ms)), NULL);
}

static enum err claim_rows(struct ctx *cx, struct db *db, struct courier_lane *lane)
{
    OWN(db_rows_end) struct db_rows r = {0};
    bool more;
    enum err e = db_query(cx, db, Q_REMOTE_CALL_CLAIM,
                          DB_ARGS(db_int(cx->now_ms + COURIER_LEASE_MS), db_int(cx->now_ms),
                                  db_int(MIN_OF(lane->want, (unsigned)COURIER_CLAIM_MAX))),
                          &r);

    while (e == OK && (e = db_next(&r, &more)) == OK && more)
        lane->claimed[lane->count++] = (struct courier_claim){
            .id = db_col_int(&r, 0),
            .attempt = (unsigned)db_col_int(&r, 1),
        };
    return e;
}

static enum err claim(struct ctx *cx, struct db *db, struct courier_lane *lane)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e;

    lane->count = 0;
    if ((e = lapse(cx, db, cx->now_ms)) || (lane->want && (e = claim_rows(cx, db, lane))) ||
        (e = db_one(cx, db, Q_REMOTE_CALL_NEXT, DB_NO_ARGS, &r)))
        return e;
    lane->next_at_ms = db_col_is_null(&r, 0) ? INT64_MAX : db_col_int(&r, 0);
    return OK;
}

enum err remote_exchange(struct ctx *cx, struct db *db, struct courier_exchange *x)
{
    enum err e = OK;

    for (size_t i = 0; e == OK && i < x->result_count; i++)
        e = book(cx, db, x->results[i]);
    for (size_t i = 0; e == OK && i < x->lane_count; i++)
        e = claim(cx, db, &x->lanes[i]);
    return e;
}

enum err remote_recover(struct ctx *cx, struct db *db)
{
    return lapse(cx, db, INT64_MAX);
}

/* ---- what is asked ---- */

static struct str ask_words(struct ctx *cx, const struct db *db, const struct login *l)
{
    struct str product = core_of(db)->product_name;

    if (!l)
        return arena_printf(cx->mem, "Turn on approvals for %.*s", STR_ARG(product));
    if (str_eq(l->purpose, STR("step_up")))
        return arena_printf(cx->mem, "Confirm that it is you at %.*s", STR_ARG(product));
    return arena_printf(cx->mem, "Sign in to %.*s", STR_ARG(product));
}

/* An attempt that is over needs no answers. */
static enum err fill_ask(struct ctx *cx, struct db *db, const struct remote_row *row,
                         struct remote_call *c)
{
    struct login l = {.id = 0};
    struct person p;
    int64_t person_id;
    enum err e;

    if (row->login_id && (e = login_by_id(cx, db, row->login_id, &l)))
        return e == ERR_NOT_FOUND ? fail(cx, ERR_EXPIRED, "its sign-in is over") : e;
    if (row->login_id && (str_eq(l.state, STR("done")) || l.expires_at_ms <= cx->now_ms))
        return fail(cx, ERR_EXPIRED, "its sign-in is over");
    if ((e = factor_person(cx, db, row->identity_id, &person_id)) ||
        (e = person_by_id(cx, db, person_id, &p)))
        return e;
    c->message = ask_words(cx, db, row->login_id ? &l : NULL);
    c->username = p.username;
    c->attempt = row->login_id ? login_handle(cx, &l) : STR("enrolment");
    if (row->login_id) {
        c->browser = agent_words(cx, l.user_agent);
        c->addr = l.addr;
    }
    c->life_s = (row->expires_at_ms - cx->now_ms) / MS_PER_S;
    return OK;
}

static enum err fill_contact(struct ctx *cx, struct db *db, const struct remote_row *row,
                             struct remote_call *c)
{
    struct contact contact;
    struct phone phone;
    enum err e = factor_contact(cx, db, row->identity_id, &contact);

    if (e)
        return e;
    if (phone_parse(cx, STR_NONE, contact.phone, &phone) != PHONE_OK)
        return fail(cx, ERR_INVALID, "the person has no number");
    c->phone = phone.e164;
    c->calling_code = phone.calling_code;
    c->national = phone.national;
    c->email = contact.email;
    return remote_user(cx, db, row->identity_id, phone.e164, &c->user);
}

static enum err fill_code(struct ctx *cx, struct db *db, const struct remote_row *row,
                          struct remote_call *c)
{
    struct bytes code;
    enum err e =
        core_unseal(cx, db, "remote_call.code", row->id, row->factor_id, row->code_sealed, &code);

    if (e == OK)
        c->code = bytes_str(code);
    return e;
}

enum err remote_load(struct ctx *cx, struct db *db, int64_t id, struct parcel *out)
{
    struct remote_call *c = ARENA_NEW(cx->mem, struct remote_call);
    struct remote_row row;
    enum err e = row_by_id(cx, db, id, &row);

    if (e)
        return e == ERR_NOT_FOUND ? fail(cx, ERR_EXPIRED, "the question is gone") : e;
    if (row.done || row.expires_at_ms <= cx->now_ms)
        return fail(cx, ERR_EXPIRED, "the question is over");
    *c = (struct remote_call){.op = row.op, .ref = row.ref};
    if (row.op == REMOTE_ASK && row.said == REMOTE_PENDING)
        c->op = REMOTE_POLL;
    if ((e = fill_contact(cx, db, &row, c)) ||
        (row.op == REMOTE_ASK && (e = fill_ask(cx, db, &row, c))) ||
        (row.op == REMOTE_CHECK && (e = fill_code(cx, db, &row, c))))
        return e;
    *out = (struct parcel){
        .id = id,
        .channel = STR("remote"),
        .remote = c,
        .created_at_ms = row.created_at_ms,
        .expires_at_ms = row.expires_at_ms,
    };
    return OK;
}
