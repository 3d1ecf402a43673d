/* inbox.c: see inbox.h. The eventfd is written for the first of a burst only. */
#include "http/inbox.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum err inbox_init(struct ctx *cx, struct inbox *in)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

    if (fd < 0)
        return fail(cx, ERR_INTERNAL, "inbox: eventfd: %s", strerrordesc_np(errno));
    *in = (struct inbox){.fd = fd};
    in->last = &in->first;
    pthread_mutex_init(&in->lock, NULL);
    return OK;
}

void inbox_deinit(struct inbox *in)
{
    close(in->fd);
    pthread_mutex_destroy(&in->lock);
}

void inbox_put(struct inbox *in, struct post *p)
{
    bool was_empty;

    p->next = NULL;
    pthread_mutex_lock(&in->lock);
    was_empty = in->first == NULL;
    *in->last = p;
    in->last = &p->next;
    pthread_mutex_unlock(&in->lock);
    if (was_empty) {
        uint64_t one = 1;
        ssize_t ignored = write(in->fd, &one, sizeof(one));

        (void)ignored; /* it can only say that the counter is not zero already */
    }
}

struct post *inbox_take(struct inbox *in)
{
    struct post *first;
    uint64_t count;
    ssize_t ignored = read(in->fd, &count, sizeof(count));

    (void)ignored;
    pthread_mutex_lock(&in->lock);
    first = in->first;
    in->first = NULL;
    in->last = &in->first;
    pthread_mutex_unlock(&in->lock);
    return first;
}
