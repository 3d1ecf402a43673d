/*
 * remote.h: a second factor that another server keeps (second_factor = authy | verify): the rules.
 *
 * A question is a row, committed with what causes it; a courier of its own carries it out
 * (channel/remote.h) and books the answer, so nobody waits for the network inside a transaction.
 * What was asked for one attempt, or (login_id 0) to turn the factor on, is a turn; pages are drawn
 * from it, and an answer moves on that turn alone.
 *
 *   ask:       queued -> sending -> (pending: polled, or told by a callback) -> done
 *   the rest:  queued -> sending -> done
 *
 * What proves nothing admits nobody: no answer, a strange one, one that comes late. A code's
 * attempt is counted at the factor before the server is asked (check.c), and one code is asked
 * about at a time.
 */
#ifndef CORE_REMOTE_H
#define CORE_REMOTE_H

#include "channel/courier.h"
#include "channel/remote.h"
#include "core/factor.h"
#include "core/login.h"

enum {
    REMOTE_ASK_LIFE_S = 120,
    REMOTE_LIFE_S = 30,      /* of a question that somebody waits for */
    REMOTE_POLL_AFTER_S = 3, /* and then every so often, should no callback come */
    REMOTE_SENDS_MAX = 5,    /* codes sent in one turn */
    REMOTE_CODE_MIN = 4,
    REMOTE_CODE_MAX = 10,
};

/* How the last question of a turn ended, for whoever reads the page. */
enum remote_note {
    NOTE_NONE,
    NOTE_DENIED,
    NOTE_UNANSWERED, /* nobody approved in time */
    NOTE_SENT,
    NOTE_CALLED,
    NOTE_WRONG,
    NOTE_USED,
    NOTE_OVER, /* there is no such code any more */
    NOTE_LIMITED,
    NOTE_DOWN, /* the server gave no answer of use */
};

struct remote_turn {
    bool proved;   /* approved, or a code was right */
    bool busy;     /* the server is being asked */
    bool checking; /* … about a code */
    bool asked;    /* the person's app shows the request */
    bool code_out; /* a code was sent */
    int64_t asked_at_ms, asked_until_ms;
    int64_t busy_until_ms;
    enum remote_note note;
    int64_t settled; /* questions that have ended: grows when there is news */
    unsigned sends;
    struct str sid; /* verify: of the newest code */
};
enum err remote_turn(struct ctx *cx, struct db *db, int64_t factor_id, int64_t login_id,
                     struct remote_turn *out);

/* Asks in the usual way (authy: an approval; verify: a text message) or another one. One that is
 * under way is enough. ERR_LIMITED: the budget for pushes, or for messages to this number. */
enum err remote_start(struct ctx *cx, struct db *db, const struct factor *f, int64_t login_id,
                      enum remote_via via);
/* The same when an attempt begins: what cannot be asked is noted in its turn. */
enum err remote_begin(struct ctx *cx, struct db *db, const struct factor *f, int64_t login_id);

/* Whether a turn of this attempt proves its person's remote factor. */
enum err remote_proved(struct ctx *cx, struct db *db, const struct login *l, bool *out);
/* Turning it on: after its turn has proved it. ERR_DENIED: it has not. */
enum err remote_enrolled(struct ctx *cx, struct db *db, const struct factor *f,
                         const struct origin *from);
/* Makes the person's number known to an Authy server, ahead of turning the factor on. */
enum err remote_signed_up(struct ctx *cx, struct db *db, int64_t identity_id, struct str phone);

/* A callback whose signature is right. Changes the one open request of this uuid and user, once;
 * *out_known says whether there was one. */
enum err remote_answered(struct ctx *cx, struct db *db, const struct remote_callback *cb,
                         bool *out_known);

/* ---- for check.c, which has counted the attempt ---- */

/* Whether a code can be asked about now. *out: CHECK_WRONG, it can; CHECK_ASKED, one of this factor
 * is under way; CHECK_EXPIRED, no code was sent, or nobody is there to ask. */
enum err remote_may_check(struct ctx *cx, struct db *db, const struct factor *f, int64_t login_id,
                          enum check_outcome *out);
/* Asks about a code. It is ASCII digits. */
enum err remote_check(struct ctx *cx, struct db *db, const struct factor *f, int64_t login_id,
                      struct str code);

/* ---- the courier's work (channel/courier.h) ---- */

/* In a job: books results, then claims. */
enum err remote_exchange(struct ctx *cx, struct db *db, struct courier_exchange *x);
/* What a claimed row asks. ERR_EXPIRED: it need not be asked any more. */
enum err remote_load(struct ctx *cx, struct db *db, int64_t id, struct parcel *out);
/* At start: every claim is of a process that is gone. */
enum err remote_recover(struct ctx *cx, struct db *db);

/* What a commit that queued a question notifies. No row has this id. */
enum { REMOTE_TOPIC = 2 };
/* What news of an enrolment wakes; of an attempt: login_topic. */
uint64_t remote_topic(int64_t factor_id, int64_t login_id);

#endif
