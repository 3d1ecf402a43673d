/* waits.c: see waits.h. */
#include "http/waits.h"

#include <stddef.h>

static size_t slot_of(uint64_t topic)
{
    return (size_t)(topic * 0x9E3779B97F4A7C15u >> 51); /* Fibonacci hashing: the upper 13 bits */
}

void waits_add(struct waits *w, struct parked *p, uint64_t topic)
{
    struct parked **slot = &w->slots[slot_of(topic)];

    waits_remove(p);
    p->topic = topic;
    p->next = *slot;
    p->link = slot;
    if (p->next)
        p->next->link = &p->next;
    *slot = p;
}

void waits_remove(struct parked *p)
{
    if (!p->link)
        return;
    *p->link = p->next;
    if (p->next)
        p->next->link = p->link;
    p->link = NULL;
}

struct parked *waits_next(const struct waits *w, uint64_t topic, const struct parked *after)
{
    struct parked *p = after ? after->next : w->slots[slot_of(topic)];

    while (p && p->topic != topic)
        p = p->next;
    return p;
}
