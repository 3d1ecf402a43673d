/* typed.c: see typed.h. An answer is in one of two lists, or being decided. */
#include "channel/typed.h"
#include "base/mem.h"

#include <pthread.h>
#include <string.h>

struct typed_queue {
    struct typed_ops ops;
    pthread_mutex_t lock;            /* guards: */
    struct typed *waiting, *decided; /* lists by typed->next */
    bool closed;
};

void typed_free(struct typed **a)
{
    if (!*a)
        return;
    explicit_bzero(*a, sizeof(**a));
    mem_free(*a);
    *a = NULL;
}

struct typed_queue *typed_queue_new(const struct typed_ops *ops)
{
    struct typed_queue *all = mem_alloc(sizeof(*all));

    all->ops = *ops;
    pthread_mutex_init(&all->lock, NULL);
    return all;
}

static void list_free(struct typed *list)
{
    for (struct typed *next; list; list = next) {
        next = list->next;
        typed_free(&list);
    }
}

void typed_queue_free(struct typed_queue **all)
{
    struct typed_queue *a = *all;

    if (!a)
        return;
    list_free(a->waiting);
    list_free(a->decided);
    pthread_mutex_destroy(&a->lock);
    mem_free(a);
    *all = NULL;
}

bool typed_hand_on(struct typed_queue *all)
{
    bool left;

    pthread_mutex_lock(&all->lock); /* held: once typed_close returns, nobody is asked any more */
    while (all->waiting && !all->closed) {
        struct typed *a = all->waiting;

        all->waiting = a->next; /* before it is decided, and gone */
        if (all->ops.decide(all->ops.arg, a) == OK)
            continue;
        a->next = all->waiting;
        all->waiting = a;
        break;
    }
    left = all->waiting && !all->closed;
    pthread_mutex_unlock(&all->lock);
    return left;
}

struct typed *typed_hand(struct typed_queue *all, const struct typed *in)
{
    struct typed *a = mem_alloc(sizeof(*a));
    struct typed **end;

    *a = *in;
    a->all = all;
    a->next = NULL;
    a->reply = REPLY_NOT_NOW;
    pthread_mutex_lock(&all->lock);
    for (end = &all->waiting; *end; end = &(*end)->next)
        ;
    *end = a;
    pthread_mutex_unlock(&all->lock);
    return a;
}

void typed_close(struct typed_queue *all)
{
    pthread_mutex_lock(&all->lock);
    all->closed = true;
    pthread_mutex_unlock(&all->lock);
}

void typed_decided(struct typed *a)
{
    struct typed_queue *all = a->all;

    pthread_mutex_lock(&all->lock);
    a->next = all->decided;
    all->decided = a;
    all->ops.wake(all->ops.waker);
    pthread_mutex_unlock(&all->lock);
}

struct typed *typed_take(struct typed_queue *all)
{
    struct typed *a;

    pthread_mutex_lock(&all->lock);
    a = all->decided;
    if (a)
        all->decided = a->next;
    pthread_mutex_unlock(&all->lock);
    return a;
}
