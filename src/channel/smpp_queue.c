/* smpp_queue.c: see smpp_queue.h. */
#include "channel/smpp_queue.h"
#include "base/mem.h"
#include "crypto/random.h"

enum {
    REGISTERED_ALWAYS = 1, /* SMPP 3.4 section 5.2.17 */
    REGISTERED_FAILURE = 2,
    E164_TON = 1,
    E164_NPI = 1,
};

struct smpp_job {
    struct smpp_job *next;
    struct errand *errand; /* NULL: given back; freed with its last request */
    struct smpp_text text;
    uint16_t reference;
    unsigned to_send, taken; /* parts, as bits; it is in the queue while there is one to send */
    unsigned flying;
    int64_t since_ms;
    char id[SMPP_ID_MAX + 1]; /* of its last part */
};

struct smpp_flight { /* a request without an answer, in the order of sending */
    struct smpp_flight *next, *prev;
    struct smpp_job *job;
    uint32_t sequence;
    unsigned part;
    int64_t at_ms;
};

void smpp_queue_init(struct smpp_queue *q, enum smpp_long how)
{
    *q = (struct smpp_queue){.how = how, .reference = (uint16_t)random_below(UINT16_MAX)};
    q->end = &q->first;
}

void smpp_queue_deinit(struct smpp_queue *q)
{
    while (q->spare) {
        struct smpp_flight *f = q->spare;

        q->spare = f->next;
        mem_free(f);
    }
}

int64_t smpp_queue_flies_since_ms(const struct smpp_queue *q)
{
    return q->oldest ? q->oldest->at_ms : INT64_MAX;
}

/* ---- jobs ---- */

static void job_unqueue(struct smpp_queue *q, struct smpp_job *j)
{
    struct smpp_job **at = &q->first;

    while (*at != j)
        at = &(*at)->next;
    *at = j->next;
    if (!*at)
        q->end = at;
}

static void job_give_back(struct smpp_queue *q, struct smpp_job *j, const struct verdict *v)
{
    if (j->to_send)
        job_unqueue(q, j);
    j->to_send = 0;
    j->errand->done(j->errand, v);
    j->errand = NULL;
    explicit_bzero(&j->text, sizeof(j->text));
    if (!j->flying)
        mem_free(j);
}

/* A part of it has left. */
static bool job_begun(const struct smpp_job *j)
{
    return j->taken || j->flying;
}

/* Unfinished: what has left of it may arrive, and is paid for. */
static void job_unsent(struct smpp_queue *q, struct smpp_job *j, enum outcome outcome,
                       const char *why)
{
    bool begun = job_begun(j);

    job_give_back(q, j,
                  &(struct verdict){.outcome = outcome,
                                    .why = str_from(why),
                                    .unsent = outcome == OUTCOME_RETRY && !begun,
                                    .lost = begun});
}

static unsigned all_parts(const struct smpp_job *j)
{
    return (1u << j->text.parts) - 1;
}

void smpp_queue_take(struct smpp_queue *q, struct errand *e, int64_t mono_ms)
{
    struct smpp_job *j = mem_alloc(sizeof(*j));

    j->errand = e;
    j->since_ms = mono_ms;
    if (!smpp_text_encode(e->parcel->text, q->how, &j->text)) {
        job_give_back(q, j,
                      &(struct verdict){.outcome = OUTCOME_FAILED,
                                        .why = STR("the text is too long for SMS")});
        return;
    }
    j->reference = q->reference++;
    j->to_send = all_parts(j);
    *q->end = j;
    q->end = &j->next;
}

bool smpp_queue_next(struct smpp_queue *q, int64_t now_ms, struct smpp_submit *out)
{
    struct smpp_job *j;
    const struct parcel *p;
    unsigned part;

    while ((j = q->first) && j->errand->parcel->expires_at_ms <= now_ms)
        job_unsent(q, j, OUTCOME_DEAD, "its time was over before it could be sent");
    if (!j)
        return false;
    p = j->errand->parcel;
    part = (unsigned)__builtin_ctz(j->to_send);
    *out = (struct smpp_submit){
        .to = {E164_TON,          E164_NPI,  str_sub(p->to, str_starts(p->to, STR("+")), p->to.n)},
        .data_coding = j->text.data_coding,
 /* one receipt for the whole, and whatever goes wrong with the rest */
        .registered_delivery = part + 1 == j->text.parts ? REGISTERED_ALWAYS : REGISTERED_FAILURE,
        .text = {j->text.bytes + j->text.at[part], j->text.len[part]},
        .how = q->how,
        .reference = j->reference,
        .part = (uint8_t)(part + 1),
        .parts = j->text.parts,
        .valid_s = (p->expires_at_ms - now_ms + MS_PER_S - 1) / MS_PER_S,
    };
    return true;
}

const struct parcel *smpp_queue_head(const struct smpp_queue *q)
{
    return q->first->errand->parcel;
}

void smpp_queue_drop(struct smpp_queue *q, enum outcome outcome, const char *why)
{
    job_unsent(q, q->first, outcome, why);
}

/* ---- flights ---- */

void smpp_queue_flew(struct smpp_queue *q, uint32_t sequence, int64_t mono_ms)
{
    struct smpp_flight *f = q->spare ? q->spare : mem_alloc(sizeof(*f));
    struct smpp_job *j = q->first;
    unsigned part = (unsigned)__builtin_ctz(j->to_send);

    if (f == q->spare)
        q->spare = f->next;
    *f = (struct smpp_flight){
        .prev = q->newest, .job = j, .sequence = sequence, .part = part, .at_ms = mono_ms};
    *(q->newest ? &q->newest->next : &q->oldest) = f;
    q->newest = f;
    q->flying++;
    j->flying++;
    if (j->to_send == 1u << part)
        job_unqueue(q, j);
    j->to_send &= ~(1u << part);
}

static struct smpp_flight *flight_of(const struct smpp_queue *q, uint32_t sequence)
{
    struct smpp_flight *f = q->oldest; /* carriers answer in order, nearly */

    while (f && f->sequence != sequence)
        f = f->next;
    return f;
}

/* Its message, unless that was given back. */
static struct smpp_job *flight_end(struct smpp_queue *q, struct smpp_flight *f)
{
    struct smpp_job *j = f->job;

    *(f->prev ? &f->prev->next : &q->oldest) = f->next;
    *(f->next ? &f->next->prev : &q->newest) = f->prev;
    f->next = q->spare;
    q->spare = f;
    q->flying--;
    j->flying--;
    if (j->errand)
        return j;
    if (!j->flying)
        mem_free(j);
    return NULL;
}

bool smpp_queue_flies(const struct smpp_queue *q, uint32_t sequence)
{
    return flight_of(q, sequence) != NULL;
}

struct smpp_job *smpp_queue_answered(struct smpp_queue *q, uint32_t sequence, unsigned *out_part)
{
    struct smpp_flight *f = flight_of(q, sequence);

    if (!f)
        return NULL;
    *out_part = f->part;
    return flight_end(q, f);
}

/* ---- answers ---- */

int64_t smpp_job_taken(struct smpp_queue *q, struct smpp_job *j, unsigned part, const char *id)
{
    int64_t row = j->errand->parcel->id;

    if (part + 1 == j->text.parts)
        snprintf(j->id, sizeof(j->id), "%s", id);
    j->taken |= 1u << part;
    if (j->taken == all_parts(j))
        job_give_back(q, j,
                      &(struct verdict){.outcome = OUTCOME_SENT, .provider_id = str_from(j->id)});
    return row;
}

void smpp_job_again(struct smpp_queue *q, struct smpp_job *j, unsigned part)
{
    if (!j->to_send) {
        j->next = q->first;
        q->first = j;
        if (!j->next)
            q->end = &j->next;
    }
    j->to_send |= 1u << part;
}

void smpp_job_refused(struct smpp_queue *q, struct smpp_job *j, unsigned part, enum outcome outcome,
                      const char *why)
{
    char text[CTX_WHY_MAX];

    if (j->text.parts > 1)
        snprintf(text, sizeof(text), "part %u of %u: %s", part + 1, j->text.parts, why);
    else
        snprintf(text, sizeof(text), "%s", why);
    job_give_back(
        q, j, &(struct verdict){.outcome = outcome, .why = str_from(text), .lost = job_begun(j)});
}

/* ---- time and loss ---- */

void smpp_queue_lose(struct smpp_queue *q, int64_t before_ms, const char *why)
{
    while (q->oldest && q->oldest->at_ms < before_ms) {
        struct smpp_job *j = flight_end(q, q->oldest);

        if (j)
            job_give_back(
                q, j,
                &(struct verdict){.outcome = OUTCOME_RETRY, .why = str_from(why), .lost = true});
    }
}

static int64_t job_return_at_ms(const struct smpp_job *j)
{
    return j->since_ms + (job_begun(j) ? (int64_t)SMPP_BEGUN_HOLD_MS : (int64_t)SMPP_HOLD_MS);
}

int64_t smpp_queue_return_at_ms(const struct smpp_queue *q)
{
    int64_t at = INT64_MAX;

    for (const struct smpp_job *j = q->first; j; j = j->next) {
        at = MIN_OF(at, job_return_at_ms(j));
        if (!job_begun(j)) /* the others came later */
            break;
    }
    return at;
}

void smpp_queue_return(struct smpp_queue *q, int64_t mono_ms, bool all, const char *why)
{
    struct smpp_job *next;

    for (struct smpp_job *j = q->first; j; j = next) {
        bool begun = job_begun(j);

        next = j->next;
        if (all || job_return_at_ms(j) <= mono_ms)
            job_unsent(q, j, OUTCOME_RETRY, why);
        else if (!begun)
            return;
    }
}
