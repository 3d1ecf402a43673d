/* smpp_inbox.c: see smpp_inbox.h. */
#include "channel/smpp_inbox.h"
#include "base/mem.h"

enum { NAMES_MAX = 4096 };

struct smpp_name {
    int64_t message_id;
    char id[SMPP_ID_MAX + 1];
};

void smpp_inbox_deinit(struct smpp_inbox *in)
{
    mem_free(in->names);
}

/* ---- names: one place for each hash, where a newer name replaces an older ---- */

static size_t place_of(const char *id)
{
    uint32_t h = 2166136261U; /* FNV-1a */

    for (; *id; id++)
        h = (h ^ (uint8_t)*id) * 16777619U;
    return h % NAMES_MAX;
}

void smpp_inbox_remember(struct smpp_inbox *in, const char *id, int64_t message_id)
{
    struct smpp_name *n;

    if (!in->names)
        in->names = mem_alloc(NAMES_MAX * sizeof(*in->names));
    n = &in->names[place_of(id)];
    n->message_id = message_id;
    snprintf(n->id, sizeof(n->id), "%s", id);
}

static int64_t recall(const struct smpp_inbox *in, const char *id)
{
    const struct smpp_name *n = in->names ? &in->names[place_of(id)] : NULL;

    return n && str_eq(str_from(n->id), str_from(id)) ? n->message_id : 0;
}

/* ---- batches ---- */

bool smpp_inbox_add(struct smpp_inbox *in, const struct smpp_receipt *r, unsigned session,
                    uint32_t sequence)
{
    struct smpp_batch *b = &in->batch[in->filling];
    struct smpp_fact *fact = &b->fact[b->count];

    if (b->count == SMPP_RECEIPTS_MAX)
        return false;
    b->session[b->count] = session;
    b->sequence[b->count++] = sequence;
    *fact = (struct smpp_fact){.message_id = recall(in, r->id), .fate = r->fate};
    snprintf(fact->id, sizeof(fact->id), "%s", r->id);
    snprintf(fact->why, sizeof(fact->why), "%s", r->why);
    return true;
}

size_t smpp_inbox_next(struct smpp_inbox *in, const struct smpp_fact **out)
{
    struct smpp_batch *b = &in->batch[in->filling];

    if (smpp_inbox_busy(in) || b->count == 0)
        return 0;
    atomic_store(&in->booked, 0);
    in->filling = !in->filling;
    in->out = b->count;
    in->told = 0;
    *out = b->fact;
    return b->count;
}

void smpp_inbox_booked(struct smpp_inbox *in, bool well)
{
    atomic_store(&in->booked, well ? 1 : -1);
}

bool smpp_inbox_busy(const struct smpp_inbox *in)
{
    return in->out > 0;
}

bool smpp_inbox_settled(struct smpp_inbox *in, struct smpp_booking *out)
{
    struct smpp_batch *b = &in->batch[!in->filling];
    int booked = atomic_load(&in->booked);

    if (!in->out || !booked)
        return false;
    if (in->told == in->out) {
        in->out = 0;
        b->count = 0;
        return false;
    }
    *out = (struct smpp_booking){
        .well = booked > 0,
        .session = b->session[in->told],
        .sequence = b->sequence[in->told],
    };
    in->told++;
    return true;
}
