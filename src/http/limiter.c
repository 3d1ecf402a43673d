/* limiter.c: see limiter.h. Time is kept in microseconds, so that 1000 a second still divide well.
 */
#include "http/limiter.h"
#include "base/mem.h"

#include <pthread.h>
#include <sys/random.h>

enum { SETS = 8192, WAYS = 8 }; /* 65,536 entries of 32 bytes; pages are touched as needed */
enum { US_PER_S = 1000000, US_PER_MS = 1000 };

struct entry {
    struct addr addr;
    int64_t full_us; /* when the whole budget is earned back; before now = not in use */
    enum limit which;
};

struct limiter {
    pthread_mutex_t lock; /* guards sets */
    uint64_t seed;
    struct http_limits limits[LIMIT_COUNT];
    struct entry sets[SETS][WAYS];
};

struct limiter *limiter_new(const struct http_limits limits[static LIMIT_COUNT])
{
    struct limiter *l = mem_alloc(sizeof(*l));
    ssize_t ignored = getrandom(&l->seed, sizeof(l->seed), 0);

    (void)ignored;
    for (size_t i = 0; i < LIMIT_COUNT; i++)
        l->limits[i] = limits[i];
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

void limiter_free(struct limiter **l)
{
    if (!*l)
        return;
    pthread_mutex_destroy(&(*l)->lock);
    mem_free(*l);
    *l = NULL;
}

/* The address's entry, or the one that is given up for it. */
static struct entry *find(struct limiter *l, const struct addr *a, enum limit which)
{
    struct entry *set = l->sets[(addr_hash(a, l->seed) + (uint64_t)which) % SETS], *least = set;

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].which == which && addr_eq(&set[i].addr, a))
            return &set[i];
        if (set[i].full_us < least->full_us)
            least = &set[i];
    }
    *least = (struct entry){.addr = *a, .which = which};
    return least;
}

bool limiter_take(struct limiter *l, const struct addr *a, enum limit which, int64_t now_ms,
                  int64_t *out_retry_s)
{
    const struct http_limits *limit = &l->limits[which];
    int64_t now_us = now_ms * US_PER_MS, window_us, each_us, full_us, wait_us;
    struct addr bucket = addr_bucket(a);
    struct entry *e;

    if (limit->count == 0 || limit->window_s == 0)
        return true;
    window_us = (int64_t)limit->window_s * US_PER_S;
    each_us = MAX_OF(window_us / limit->count, (int64_t)1);
    pthread_mutex_lock(&l->lock);
    e = find(l, &bucket, which);
    full_us = MAX_OF(e->full_us, now_us) + each_us;
    wait_us = full_us - now_us - each_us * limit->count;
    if (wait_us <= 0)
        e->full_us = full_us;
    pthread_mutex_unlock(&l->lock);
    if (wait_us <= 0)
        return true;
    *out_retry_s = (wait_us + US_PER_S - 1) / US_PER_S;
    return false;
}
