/*
 * factor.h: second factors of an identity, and the one function that checks a code.
 *
 * pending --right code--> active --person, operator, 100 failures--> off
 * A pending factor belongs to the session that started it, for ten minutes.
 */
#ifndef CORE_FACTOR_H
#define CORE_FACTOR_H

#include "core/core.h"

/* Strongest first: the order in which they are offered at login. */
enum factor_kind {
    FACTOR_PASSKEY,
    FACTOR_PUSH,
    FACTOR_REMOTE, /* another server keeps it: remote.h */
    FACTOR_TOTP,
    FACTOR_SMS,
    FACTOR_VOICE,
    FACTOR_EMAIL,
    FACTOR_RECOVERY,
    FACTOR_KINDS,
};
enum factor_status { FACTOR_PENDING, FACTOR_ACTIVE, FACTOR_OFF };

enum {
    FACTOR_FAILURES_MAX = 100, /* consecutive; then the factor is off (SP 800-63B-4 3.2.2) */
    FACTOR_FAILURES_PAUSE = 5, /* every fifth pauses it: 1, 2, 4, … minutes, at most an hour */
    RECOVERY_CODES = 10,
    RECOVERY_CODE_LEN = 12, /* the first character is its number; shown as xxxx-xxxx-xxxx */
};

struct factor {
    int64_t id, identity_id, session_id;
    struct str sid, name, target;
    enum factor_kind kind;
    enum factor_status status;
    struct bytes secret_sealed;
    struct str alg;
    uint8_t digits;
    uint32_t period_s, skew_steps; /* skew: either side */
    bool several; /* made by an application: does not replace another of its kind */
    int64_t last_step, fail_count, locked_until_ms;
    int64_t created_at_ms, verified_at_ms, used_at_ms;
};

struct str factor_kind_name(enum factor_kind k); /* "totp" */
bool factor_kind_from(struct str name, enum factor_kind *out);
/* Whether people may turn it on here: with second_factor = local all but the remote one, else that
 * one alone. What is on stays on. */
bool factor_kind_is_offered(const struct core *core, enum factor_kind k);
/* SMS, voice and e-mail: a code is sent. */
bool factor_kind_is_sent(enum factor_kind k);
/* Passkey, push and TOTP: a thing that its owner holds, and no number or mailbox that somebody else
 * may take over. */
bool factor_kind_is_strong(enum factor_kind k);

/* Active ones, strongest first. */
enum err factor_list(struct ctx *cx, struct db *db, int64_t identity_id, struct factor **out,
                     size_t *out_count);
/* The active factor of a kind. ERR_NOT_FOUND. */
enum err factor_active(struct ctx *cx, struct db *db, int64_t identity_id, enum factor_kind kind,
                       struct factor *out);
/* The pending factor of a kind that this session started within ten minutes. ERR_EXPIRED. */
enum err factor_pending(struct ctx *cx, struct db *db, int64_t identity_id, int64_t session_id,
                        enum factor_kind kind, struct factor *out);
/* Unused recovery codes. */
enum err recovery_left(struct ctx *cx, struct db *db, int64_t identity_id, int64_t *out);

/* ---- enrolment ---- */

/* A pending TOTP factor with a new 160-bit secret. ERR_CONFLICT: begun in a session, and on
 * already. */
enum err totp_start(struct ctx *cx, struct db *db, int64_t identity_id, int64_t session_id,
                    struct factor *out);
/* The secret of a pending factor, for the page that shows it. */
enum err totp_secret(struct ctx *cx, struct db *db, const struct factor *f, struct secret *out);
/* A pending SMS, voice or e-mail factor to the identity's own number or address; sends a code.
 * ERR_INVALID: there is no number. ERR_CONFLICT: already on, or not allowed by the policy or by the
 * person's floor. */
enum err sent_factor_start(struct ctx *cx, struct db *db, int64_t identity_id, int64_t session_id,
                           enum factor_kind kind, const struct origin *from, struct factor *out);
/* A pending remote factor with the identity's number; asks the server to prove it (remote.h).
 * Errors as of sent_factor_start; ERR_UPSTREAM: there is no remote service. */
enum err remote_factor_start(struct ctx *cx, struct db *db, int64_t identity_id, int64_t session_id,
                             struct factor *out);
/* After its code was right: pending becomes active. An older one of the kind is replaced, but not
 * in a session (ERR_CONFLICT): that is switched off first. Audits and notifies. */
enum err factor_activate(struct ctx *cx, struct db *db, const struct factor *f,
                         const struct origin *from);

/* Recovery codes are made and hashed on the hash pool, then stored. */
struct recovery_set {
    char code[RECOVERY_CODES][RECOVERY_CODE_LEN + 1]; /* without dashes */
    struct str hash[RECOVERY_CODES];                  /* Argon2id strings in cx->mem */
};
void recovery_make(struct ctx *cx, struct recovery_set *out); /* 10 Argon2id runs */
/* Replaces all earlier codes. ERR_CONFLICT: no other second factor is on. */
enum err recovery_store(struct ctx *cx, struct db *db, int64_t identity_id,
                        const struct recovery_set *set, const struct origin *from);

/* ---- the check ---- */

enum check_outcome {
    CHECK_RIGHT,
    CHECK_WRONG,   /* includes malformed; counted */
    CHECK_USED,    /* a right code that was accepted before; counted */
    CHECK_EXPIRED, /* no code was sent, or it is too old; not counted */
    CHECK_PAUSED,  /* too many failures; retry_after_s */
    CHECK_ENDED,   /* five wrong codes ended this sent code (applications'); retry_after_s */
    CHECK_OFF,     /* the factor is off, or all are: 100 failures */
    CHECK_ASKED,   /* remote factor: its server is being asked; counted; see remote.h */
};

struct check_in { /* exactly one of the first three: what the code may belong to */
    int64_t factor_id;
    int64_t verification_id; /* a code that an application sent (verification_check) */
    int64_t identity_id;     /* any of an application's user (identity_check) */
    int64_t login_id;  /* factor_id, sent codes: the attempt they were sent for; 0 at enrolment */
    struct str action; /* identity_id, sent codes: what they were sent for */
    struct str code;   /* as typed; spaces and dashes are ignored */
    int64_t recovery_row; /* FACTOR_RECOVERY: the row that recovery_match found right, or 0 */
};

struct check_out {
    enum check_outcome outcome;
    int64_t tries_left; /* until the next pause */
    int64_t pause_s;    /* CHECK_WRONG: how long that pause will be, or is */
    int64_t retry_after_s;
    int64_t factor_id, verification_id; /* CHECK_RIGHT: whose code it was; 0 = not of this kind */
};

/*
 * The one function that checks a code, whatever door it came through. The attempt is counted and
 * kept (db_keep) before anything is compared; a right code is consumed by one conditional UPDATE.
 * Returns OK with the outcome; errors are only of the store.
 */
enum err factor_check(struct ctx *cx, struct db *db, const struct check_in *in,
                      struct check_out *out);

/* Digits that were typed into a telephone (core/keyed.h): the attempt is counted and kept before
 * they are compared, and factor_check_end says what they were. out->outcome is CHECK_ASKED; or
 * CHECK_PAUSED or CHECK_OFF: they are not to be compared. */
enum err factor_check_begin(struct ctx *cx, struct db *db, int64_t factor_id,
                            struct check_out *out);

/* How a CHECK_ASKED ended: RIGHT, WRONG or USED; anything else says that there was no answer, and
 * takes back what was counted. */
enum err factor_check_end(struct ctx *cx, struct db *db, int64_t factor_id,
                          enum check_outcome outcome);

/* The slow part of a recovery code, on the hash pool with a read-only handle: the row whose hash
 * the code matches and that is unused, or 0. Costs one Argon2id run whatever the input. */
enum err recovery_match(struct ctx *cx, struct db *db, int64_t identity_id, struct str code,
                        int64_t *out_row);

/* ---- off ---- */

/* Whether its person may switch it off now: ERR_CONFLICT as factor_off would say, before anybody is
 * asked for a code. */
enum err factor_may_end(struct ctx *cx, struct db *db, const struct factor *f);
/* Switches it off, with notices to every address and an undo link. Recovery codes go with the last
 * other factor. ERR_CONFLICT: the policy requires one, or (strict) the password is too short, or
 * they are recovery codes and the only way in that is left. */
enum err factor_off(struct ctx *cx, struct db *db, int64_t factor_id, const char *reason,
                    const struct origin *from);
/* Operator: all factors of a person off; they enrol again. */
enum err factor_reset_all(struct ctx *cx, struct db *db, int64_t identity_id,
                          const struct origin *from);

#endif
