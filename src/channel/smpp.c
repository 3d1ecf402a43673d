/* smpp.c: see smpp.h. The thread, and what other threads may ask of it. */
#include "channel/smpp.h"
#include "base/clock.h"
#include "base/mem.h"
#include "channel/smpp_session.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct smpp {
    struct smpp_conf conf;
    struct arena *mem; /* of conf's texts */
    pthread_t thread;
    bool running;
    int wake_fd; /* eventfd */

    pthread_mutex_t lock; /* guards the two below */
    struct errand *handed, **handed_end;
    _Atomic unsigned room;
    _Atomic int halt; /* enum smpp_halt */
    _Atomic bool ending;

    struct smpp_session session; /* the thread's own, but for smpp_inbox_booked */
};

/* ---- other threads ---- */

static void wake(struct smpp *s)
{
    eventfd_write(s->wake_fd, 1);
}

static void hand(void *self, struct errand *e)
{
    struct smpp *s = self;
    bool first;

    e->next = NULL;
    pthread_mutex_lock(&s->lock);
    first = !s->handed;
    *s->handed_end = e;
    s->handed_end = &e->next;
    pthread_mutex_unlock(&s->lock);
    if (first)
        wake(s);
}

static unsigned room(void *self)
{
    return atomic_load(&((struct smpp *)self)->room);
}

static void halt(void *self, bool cut)
{
    struct smpp *s = self;

    atomic_store(&s->halt, cut ? SMPP_HALT_ALL : SMPP_HALT_UNSENT);
    wake(s);
}

void smpp_booked(struct smpp *s, bool well)
{
    smpp_inbox_booked(&s->session.inbox, well);
    wake(s);
}

/* ---- the thread ---- */

static void take_handed(struct smpp *s, int64_t now_ms)
{
    struct errand *e;

    pthread_mutex_lock(&s->lock);
    e = TAKE(s->handed);
    s->handed_end = &s->handed;
    pthread_mutex_unlock(&s->lock);
    while (e) {
        struct errand *next = e->next;

        smpp_queue_take(&s->session.queue, e, now_ms);
        e = next;
    }
}

static void step(struct smpp *s)
{
    int64_t now_ms = clock_mono_ms();
    unsigned before, now;

    take_handed(s, now_ms);
    s->session.halt = (enum smpp_halt)atomic_load(&s->halt);
    smpp_session_step(&s->session, now_ms);
    now = smpp_session_room(&s->session);
    before = atomic_exchange(&s->room, now);
    if (now > before)
        s->conf.ops.wake(s->conf.ops.arg);
}

static void wait_for_work(struct smpp *s)
{
    const struct smpp_session *session = &s->session;
    int64_t now_ms = clock_mono_ms();
    struct pollfd fds[] = {
        {.fd = s->wake_fd,                         .events = POLLIN   },
        { .fd = smpp_link_fd(session->link),
         .events = smpp_link_events(session->link, session->out.n > 0)},
    };
    eventfd_t spent;

    (void)poll(fds, COUNT_OF(fds),
               (int)MAX_OF(smpp_session_next_at_ms(session, now_ms) - now_ms, (int64_t)0));
    (void)eventfd_read(s->wake_fd, &spent);
}

static void *thread_main(void *arg)
{
    struct smpp *s = arg;

    while (!atomic_load(&s->ending)) {
        step(s);
        wait_for_work(s);
    }
    while (smpp_session_leave(&s->session, clock_mono_ms())) {
        wait_for_work(s);
        step(s);
    }
    return NULL;
}

/* ---- start and stop ---- */

void smpp_free(struct smpp **smpp)
{
    struct smpp *s = *smpp;

    if (!s)
        return;
    smpp_session_deinit(&s->session);
    if (s->wake_fd >= 0)
        close(s->wake_fd);
    pthread_mutex_destroy(&s->lock);
    arena_free(&s->mem); /* wipes */
    mem_free(s);
    *smpp = NULL;
}

static bool conf_fits(const struct smpp_conf *conf)
{
    return conf->system_id.n <= SMPP_SYSTEM_ID_MAX && conf->password.n <= SMPP_PASSWORD_MAX &&
           conf->system_type.n <= SMPP_SYSTEM_TYPE_MAX && conf->from.digits.n <= SMPP_ADDRESS_MAX;
}

enum err smpp_new(struct ctx *cx, const struct smpp_conf *conf, struct smpp **out)
{
    OWN(smpp_free) struct smpp *s = mem_alloc(sizeof(*s));
    enum err e;

    pthread_mutex_init(&s->lock, NULL);
    s->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    s->mem = arena_new();
    s->handed_end = &s->handed;
    s->conf = *conf;
    s->conf.system_id = arena_str(s->mem, conf->system_id);
    s->conf.password = arena_str(s->mem, conf->password);
    s->conf.system_type = arena_str(s->mem, conf->system_type);
    s->conf.from.digits = arena_str(s->mem, conf->from.digits);
    atomic_store(&s->room, SMPP_PARALLEL_DOWN);
    if ((e = smpp_session_init(cx, &s->session, &s->conf)))
        return e;
    if (!conf_fits(conf))
        return fail(cx, ERR_INVALID,
                    "sms_user may have %d characters, its password %d, smpp_system_type %d",
                    SMPP_SYSTEM_ID_MAX, SMPP_PASSWORD_MAX, SMPP_SYSTEM_TYPE_MAX);
    if (s->wake_fd < 0)
        return fail(cx, ERR_INTERNAL, "the SMPP session cannot be woken");
    *out = TAKE(s);
    return OK;
}

enum err smpp_run(struct ctx *cx, struct smpp *s)
{
    if (pthread_create(&s->thread, NULL, thread_main, s))
        return fail(cx, ERR_INTERNAL, "the SMPP session's thread does not start");
    (void)pthread_setname_np(s->thread, "smpp");
    s->running = true;
    return OK;
}

void smpp_stop(struct smpp *s)
{
    if (!s || !s->running)
        return;
    atomic_store(&s->ending, true);
    atomic_store(&s->halt, SMPP_HALT_ALL);
    wake(s);
    pthread_join(s->thread, NULL);
    s->running = false;
}

struct carrier smpp_carrier(struct smpp *smpp)
{
    return (struct carrier){
        .channel = STR("sms"),
        .parallel = SMPP_PARALLEL,
        .self = smpp,
        .hand = hand,
        .room = room,
        .stop = halt,
    };
}
