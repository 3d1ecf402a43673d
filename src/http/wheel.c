/* wheel.c: see wheel.h. An alarm further than one turn away stays in its slot until its own turn.
 */
#include "http/wheel.h"

static int64_t tick_of(int64_t at_ms)
{
    return at_ms / WHEEL_TICK_MS;
}

void wheel_init(struct wheel *w, int64_t now_ms)
{
    *w = (struct wheel){.tick = tick_of(now_ms)};
}

void wheel_clear(struct wheel *w, struct alarm *a)
{
    if (!a->link)
        return;
    *a->link = a->next;
    if (a->next)
        a->next->link = a->link;
    a->link = NULL;
    w->count--;
}

void wheel_set(struct wheel *w, struct alarm *a, int64_t at_ms)
{
    int64_t tick = tick_of(at_ms);
    struct alarm **slot;

    wheel_clear(w, a);
    if (tick < w->tick) /* already past: the next look finds it */
        tick = w->tick;
    slot = &w->slots[tick % WHEEL_SLOTS];
    a->at_ms = at_ms;
    a->next = *slot;
    a->link = slot;
    if (a->next)
        a->next->link = &a->next;
    *slot = a;
    w->count++;
}

struct alarm *wheel_due(struct wheel *w, int64_t now_ms)
{
    int64_t end = tick_of(now_ms); /* the present tick is not over yet */

    if (w->count == 0 && w->tick < end)
        w->tick = end;
    if (end - w->tick > WHEEL_SLOTS) /* slept long: one turn sees every slot */
        w->tick = end - WHEEL_SLOTS;
    for (; w->tick < end; w->tick++) {
        for (struct alarm *a = w->slots[w->tick % WHEEL_SLOTS]; a; a = a->next) {
            if (tick_of(a->at_ms) < end) {
                wheel_clear(w, a);
                return a;
            }
        }
    }
    return NULL;
}
