/* courier_slot.c: see courier_slot.h. */
#include "channel/courier_slot.h"
#include "base/mem.h"
#include "channel/retry.h"
#include "channel/transfer.h"

void slots_init(struct slots *p, size_t count, struct courier *courier)
{
    *p = (struct slots){.all = mem_alloc(count * sizeof(*p->all)), .count = count};
    p->in[SLOT_FREE] = count;
    p->last_claimed = &p->claimed;
    for (size_t i = count; i-- > 0;) {
        struct slot *s = &p->all[i];

        *s = (struct slot){.pool = p, .next = p->free, .courier = courier};
        p->free = s;
    }
}

void slots_deinit(struct slots *p)
{
    for (size_t i = 0; i < p->count; i++) {
        transfer_free(&p->all[i].transfer);
        arena_free(&p->all[i].mem);
    }
    mem_free(p->all);
    *p = (struct slots){0};
}

void slot_enter(struct slot *s, enum slot_state state)
{
    s->pool->in[s->state]--;
    s->pool->in[state]++;
    s->state = state;
}

struct slot *slots_claim(struct slots *p, struct lane *lane, const struct courier_claim *claim)
{
    struct slot *s = p->free;

    if (!s)
        return NULL;
    p->free = s->next;
    s->next = NULL;
    *p->last_claimed = s;
    p->last_claimed = &s->next;
    if (!s->mem) /* an idle server needs none of them */
        s->mem = arena_new();
    s->lane = lane;
    s->parcel.id = claim->id;
    s->parcel.attempt = claim->attempt;
    s->parcel.channel = lane->carrier.channel;
    lane->taken++;
    slot_enter(s, SLOT_CLAIMED);
    return s;
}

struct slot *slots_next(struct slots *p)
{
    struct slot *s = p->claimed;

    if (!s)
        return NULL;
    p->claimed = s->next;
    if (!p->claimed)
        p->last_claimed = &p->claimed;
    s->next = NULL;
    return s;
}

static int64_t delay_ms(const struct slot *s, const struct verdict *v, bool stopping)
{
    unsigned attempt = s->parcel.attempt;

    if (s->state == SLOT_HANDED && stopping)
        return 0; /* given back for the next start */
    return retry_delay_ms(v->unsent ? MIN_OF(attempt, (unsigned)RETRY_UNSENT_ATTEMPT) : attempt,
                          v->retry_after_ms);
}

void slot_settle(struct slot *s, const struct ctx *cx, const struct verdict *v, bool stopping)
{
    struct courier_result r = {
        .parcel = &s->parcel,
        .outcome = v->outcome,
        .why = v->why,
        .provider_id = v->provider_id,
        .price = v->price,
        .rest_ms = v->retry_after_ms,
        .recipients = v->recipients,
        .judged = s->state != SLOT_CLAIMED && !stopping,
        .said = v->said,
        .lost = v->lost,
        .begun = s->result.outcome == OUTCOME_BEGUN, /* what was booked before */
    };

    if (v->outcome == OUTCOME_RETRY) {
        r.next_at_ms = cx->now_ms + delay_ms(s, v, stopping);
        /* a parcel that could not be loaded says not how long it lives; its next attempt does */
        if (s->parcel.expires_at_ms && r.next_at_ms >= s->parcel.expires_at_ms) {
            r.outcome = OUTCOME_FAILED;
            r.gave_up = true;
            r.why = arena_printf(s->mem, "gave up after attempt %u: %.*s", s->parcel.attempt,
                                 STR_ARG(v->why));
        }
    }
    s->result = r;
    slot_enter(s, SLOT_ENDED);
}

void slot_release(struct slot *s)
{
    s->lane->taken--;
    s->parcel = (struct parcel){0};
    s->result = (struct courier_result){0};
    arena_reset(s->mem);
    s->next = s->pool->free;
    s->pool->free = s;
    slot_enter(s, SLOT_FREE);
}
