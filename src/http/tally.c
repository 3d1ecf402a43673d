/* tally.c: a chained hash table of addresses that hold a connection now. */
#include "http/tally.h"
#include "base/mem.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>

enum { SLOTS = 4096 };

struct entry {
    struct entry *next;
    struct addr addr;
    unsigned count;
};

struct tally {
    pthread_mutex_t lock; /* guards everything below but max, per_addr_max, seed */
    unsigned max, per_addr_max;
    uint64_t seed; /* so that nobody can aim at one slot */
    unsigned total;
    struct entry *slots[SLOTS];
};

struct tally *tally_new(unsigned max, unsigned per_addr_max)
{
    struct tally *t = mem_alloc(sizeof(*t));
    ssize_t ignored = getrandom(&t->seed, sizeof(t->seed), 0);

    (void)ignored;
    t->max = max;
    t->per_addr_max = per_addr_max;
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

void tally_free(struct tally **t)
{
    if (!*t)
        return;
    for (size_t i = 0; i < SLOTS; i++) {
        while ((*t)->slots[i]) {
            struct entry *e = (*t)->slots[i];

            (*t)->slots[i] = e->next;
            mem_free(e);
        }
    }
    pthread_mutex_destroy(&(*t)->lock);
    mem_free(*t);
    *t = NULL;
}

/* The place that points to a's entry, or where it would hang. */
static struct entry **find(struct tally *t, const struct addr *a)
{
    struct entry **at = &t->slots[addr_hash(a, t->seed) % SLOTS];

    while (*at && !addr_eq(&(*at)->addr, a))
        at = &(*at)->next;
    return at;
}

bool tally_enter(struct tally *t, const struct addr *a)
{
    struct addr bucket = a ? addr_bucket(a) : (struct addr){0};
    bool ok;

    pthread_mutex_lock(&t->lock);
    ok = t->max == 0 || t->total < t->max;
    if (ok && a && t->per_addr_max > 0) {
        struct entry **at = find(t, &bucket);

        if (!*at) {
            *at = mem_alloc(sizeof(**at));
            (*at)->addr = bucket;
        }
        ok = (*at)->count < t->per_addr_max;
        (*at)->count += ok;
    }
    t->total += ok;
    pthread_mutex_unlock(&t->lock);
    return ok;
}

void tally_leave(struct tally *t, const struct addr *a)
{
    struct addr bucket = a ? addr_bucket(a) : (struct addr){0};

    pthread_mutex_lock(&t->lock);
    t->total--;
    if (a && t->per_addr_max > 0) {
        struct entry **at = find(t, &bucket), *e = *at;

        if (e && --e->count == 0) {
            *at = e->next;
            mem_free(e);
        }
    }
    pthread_mutex_unlock(&t->lock);
}
