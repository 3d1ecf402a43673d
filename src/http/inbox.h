/*
 * inbox.h: how another thread reaches a loop: a list under a mutex and an eventfd. Nobody but its
 * own thread calls into a loop's libevent objects (event_active from elsewhere was measured to get
 * lost).
 */
#ifndef HTTP_INBOX_H
#define HTTP_INBOX_H

#include "base/ctx.h"

#include <pthread.h>

struct post { /* embedded in what is sent */
    struct post *next;
    void (*run)(struct post *p, void *loop); /* on the receiving thread; p is its to free */
};

struct inbox {
    pthread_mutex_t lock; /* guards first and last */
    struct post *first, **last;
    int fd; /* readable while something may be in it */
};

enum err inbox_init(struct ctx *cx, struct inbox *in);
void inbox_deinit(struct inbox *in);
void inbox_put(struct inbox *in, struct post *p); /* from any thread */
/* Everything that is in it, oldest first. */
struct post *inbox_take(struct inbox *in);

#endif
