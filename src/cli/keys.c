/* keys.c: see keys.h. */
#include "cli/keys.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/keyed.h"

#include <inttypes.h>

struct key_job {
    struct store_job job;
    struct arena *mem; /* the writer's while it runs */
    struct typed *typed;
    enum keyed_outcome outcome;
};

static enum err key_job_run(struct store_job *job, struct db *db)
{
    static const enum decision decisions[] = {
        [TYPED_APPROVE] = DECISION_APPROVE,
        [TYPED_DENY] = DECISION_DENY,
        [TYPED_NOT_ME] = DECISION_NOT_ME,
    };
    struct key_job *k = (struct key_job *)(void *)job;
    struct ctx cx;

    arena_reset(k->mem);
    ctx_init(&cx, k->mem);
    return keyed_answer(&cx, db,
                        &(struct keyed){
                            .challenge_id = k->typed->asked_id,
                            .decision = decisions[k->typed->wish],
                            .digits = str_from(k->typed->digits),
                        },
                        &k->outcome);
}

static void key_job_done(struct store_job *job, enum err result)
{
    static const struct {
        enum typed_reply reply;
        const char *word;
    } words[] = {
        [KEYED_APPROVED] = {REPLY_APPROVED, "approved"    },
          [KEYED_DENIED] = {REPLY_DENIED,   "denied"      },
        [KEYED_WRONG] = {REPLY_WRONG,    "wrong_digits"},
          [KEYED_LATE] = {REPLY_LATE,     "late"        },
        [KEYED_REFUSED] = {REPLY_NOT_NOW,  "paused"      },
    };
    struct key_job *k = (struct key_job *)(void *)job;

    if (result == OK) {
        k->typed->reply = words[k->outcome].reply;
        log_info(NULL, "call_answered", "outcome=%s", words[k->outcome].word);
    } else {
        log_error(NULL, "call_answered", "outcome=failed");
    }
    typed_decided(k->typed);
    arena_free(&k->mem);
    mem_free(k);
}

enum err keys_decide(void *arg, struct typed *t)
{
    struct key_job *k = mem_alloc(sizeof(*k));
    enum err e;

    k->job = (struct store_job){.run = key_job_run, .done = key_job_done};
    k->mem = arena_new();
    k->typed = t;
    e = store_submit(arg, &k->job);
    if (e) {
        arena_free(&k->mem);
        mem_free(k);
    }
    return e;
}
