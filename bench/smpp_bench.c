/*
 * smpp_bench.c: how many messages a second leave by SMPP, beside what the peer can take at all.
 *
 *     smpp_bench session      a session of channel/smpp.h, and before it, as the peer's ceiling,
 * the same request over and over, without reading what it says; by window smpp_bench sink PORT the
 * peer alone, until its input ends: prints the port, then for each line how many messages came and
 * when, by the clock in ms, the first and the last of them did; the line "again" begins to count
 * anew
 *
 * The peer answers all that it has read in one write, and keeps nothing.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "channel/smpp.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RUN_MS = 2000, AT_ONCE = 64 * KIB, BACKLOG = 4, TEXTS = SMPP_PARALLEL };

/* ---- the peer ---- */

struct sink {
    int fd;
    _Atomic int64_t count, first_at_ms, last_at_ms;
};

static void answer(struct sink *k, struct buf *out, const struct smpp_head *h)
{
    static const char name[] = "0123456789";

    if (h->command == SMPP_SUBMIT_SM || h->command == SMPP_BIND_TRANSCEIVER) {
        OWN(buf_deinit) struct buf head = {0};

        buf_init(&head, SMPP_HEAD_LEN);
        smpp_write_head(&head, h->command | SMPP_RESPONSE, SMPP_OK, h->sequence);
        head.p[3] = SMPP_HEAD_LEN + sizeof(name);
        buf_add(out, buf_str(&head));
        buf_add(out, (struct str){name, sizeof(name)});
    } else if (!(h->command & SMPP_RESPONSE)) {
        smpp_write_head(out, h->command | SMPP_RESPONSE, SMPP_OK, h->sequence);
    }
    if (h->command == SMPP_SUBMIT_SM)
        atomic_fetch_add(&k->count, 1);
}

/* False: the connection is over. */
static bool take(struct sink *k, int fd, struct buf *in, struct buf *out)
{
    static char bytes[AT_ONCE];
    ptrdiff_t n = recv(fd, bytes, sizeof(bytes), 0);
    int64_t before = atomic_load(&k->count);
    struct smpp_head h;
    size_t used = 0;

    if (n <= 0)
        return false;
    buf_add(in, (struct str){bytes, (size_t)n});
    while (smpp_frame(str_bytes(str_sub(buf_str(in), used, in->n)), &h) == SMPP_WHOLE) {
        answer(k, out, &h);
        used += h.length;
    }
    buf_drop(in, used);
    if (atomic_load(&k->count) > before) {
        atomic_store(&k->last_at_ms, clock_now_ms());
        if (!before)
            atomic_store(&k->first_at_ms, clock_now_ms());
    }
    n = send(fd, out->p, out->n, MSG_NOSIGNAL);
    buf_reset(out);
    return n >= 0;
}

static void *serve(void *arg)
{
    static const int on = 1;
    struct sink *k = arg;
    int fd;

    while ((fd = accept(k->fd, NULL, NULL)) >= 0) {
        OWN(buf_deinit) struct buf in = {0}, out = {0};

        buf_init(&in, 4 * AT_ONCE);
        buf_init(&out, 4 * AT_ONCE);
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        while (take(k, fd, &in, &out))
            ;
        close(fd);
    }
    return NULL;
}

static uint16_t sink_open(struct sink *k, uint16_t port)
{
    static const int on = 1;
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(at);
    pthread_t thread;

    k->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)setsockopt(k->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (k->fd < 0 || bind(k->fd, (struct sockaddr *)&at, sizeof(at)) || listen(k->fd, BACKLOG) ||
        getsockname(k->fd, (struct sockaddr *)&at, &size) ||
        pthread_create(&thread, NULL, serve, k)) {
        perror("sink");
        exit(1);
    }
    return ntohs(at.sin_port);
}

/* ---- the ceiling ---- */

static const struct smpp_submit request = {
    .from = {5,                      0, {"ACME", 4}},
    .to = {1,                      1,                       {"4915112345678", 13}},
    .registered_delivery = 1,
    .text = {(const uint8_t *)"Your code for the shop is 482913. Never give it to anybody.", 59},
    .part = 1,
    .parts = 1,
    .valid_s = 600,
};

static double ceiling(uint16_t port, unsigned window)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    OWN(buf_deinit) struct buf one = {0}, all = {0};
    static char bytes[AT_ONCE];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int64_t start = clock_mono_ms(), done = 0;
    const size_t answer_len = SMPP_HEAD_LEN + sizeof("0123456789");
    size_t left = 0;

    buf_init(&one, 4 * KIB);
    buf_init(&all, 4 * MIB);
    if (!smpp_write_submit(&one, &request, 1) || connect(fd, (struct sockaddr *)&at, sizeof(at)))
        exit(1);
    for (unsigned i = 0; i < window; i++)
        buf_add(&all, buf_str(&one));
    (void)!send(fd, all.p, all.n, MSG_NOSIGNAL);
    while (clock_mono_ms() - start < RUN_MS) {
        ptrdiff_t n = recv(fd, bytes, sizeof(bytes), 0);
        size_t answers;

        if (n <= 0)
            exit(1);
        answers = (left + (size_t)n) / answer_len;
        left = (left + (size_t)n) % answer_len;
        (void)!send(fd, all.p, answers * one.n, MSG_NOSIGNAL);
        done += (int64_t)answers;
    }
    close(fd);
    return (double)done * MS_PER_S / (double)(clock_mono_ms() - start);
}

/* ---- a session ---- */

struct sender {
    struct smpp *smpp;
    struct carrier carrier;
    struct parcel parcel;
    struct errand errand[TEXTS];
    _Atomic int64_t sent;
    _Atomic unsigned under_way;
    _Atomic bool over;
};
static struct sender sender;

/* What was sent is sent again, until it is enough. */
static void done(struct errand *e, const struct verdict *v)
{
    if (v->outcome == OUTCOME_SENT)
        atomic_fetch_add(&sender.sent, 1);
    if (atomic_load(&sender.over))
        atomic_fetch_sub(&sender.under_way, 1);
    else
        sender.carrier.hand(sender.smpp, e);
}

static enum err book(void *arg, const struct smpp_fact *facts, size_t count)
{
    (void)arg, (void)facts, (void)count;
    return ERR_BUSY;
}

static enum err ask(void *arg, const struct parcel *p, char why[static CTX_WHY_MAX])
{
    (void)arg, (void)p, (void)why;
    return OK;
}

static void said(void *arg, const char *text)
{
    (void)arg, (void)text;
}

static void woken(void *arg)
{
    (void)arg;
}

static double session(uint16_t port, unsigned window)
{
    struct arena *mem = arena_new();
    const struct smpp_conf conf = {
        .host = STR("127.0.0.1"),
        .port = port,
        .system_id = STR("bench"),
        .password = STR("bench"),
        .from = request.from,
        .window = window,
        .enquire_s = 60,
        .ops = {.book = book, .ask = ask, .bound = said, .lost = said, .wake = woken},
    };
    struct ctx cx;
    int64_t start, before;
    double rate;

    ctx_init(&cx, mem);
    memset(&sender, 0, sizeof(sender));
    if (smpp_new(&cx, &conf, &sender.smpp) || smpp_run(&cx, sender.smpp))
        exit(1);
    sender.carrier = smpp_carrier(sender.smpp);
    sender.parcel = (struct parcel){.to = STR("+4915112345678"),
                                    .text = bytes_str(request.text),
                                    .expires_at_ms = clock_now_ms() + HOUR_MS};
    for (unsigned i = 0; i < TEXTS; i++) {
        sender.errand[i] = (struct errand){.parcel = &sender.parcel, .done = done};
        atomic_fetch_add(&sender.under_way, 1);
        sender.carrier.hand(sender.smpp, &sender.errand[i]);
    }
    while (atomic_load(&sender.sent) == 0)
        usleep(1000);
    start = clock_mono_ms();
    before = atomic_load(&sender.sent);
    usleep(RUN_MS * 1000);
    rate =
        (double)(atomic_load(&sender.sent) - before) * MS_PER_S / (double)(clock_mono_ms() - start);
    atomic_store(&sender.over, true);
    while (atomic_load(&sender.under_way))
        usleep(1000);
    smpp_stop(sender.smpp);
    smpp_free(&sender.smpp);
    arena_free(&mem);
    return rate;
}

int main(int argc, char **argv)
{
    static const unsigned windows[] = {1, 10, 50, 200};
    static struct sink sink;
    const char *what = argc > 1 ? argv[1] : "";
    int64_t port_given = 0;
    char line[16];

    if (str_eq(str_from(what), STR("sink")) && argc > 2 &&
        str_to_i64(str_from(argv[2]), 0, UINT16_MAX, &port_given)) {
        printf("%u\n", sink_open(&sink, (uint16_t)port_given));
        fflush(stdout);
        while (fgets(line, sizeof(line), stdin)) { /* a line asks for the figures */
            printf("%" PRId64 " %" PRId64 " %" PRId64 "\n", atomic_load(&sink.count),
                   atomic_load(&sink.first_at_ms), atomic_load(&sink.last_at_ms));
            fflush(stdout);
            if (str_starts(str_from(line), STR("again")))
                atomic_store(&sink.count, 0);
        }
        return 0;
    }
    if (str_eq(str_from(what), STR("session"))) {
        uint16_t port = sink_open(&sink, 0);

        printf("| SMPP, messages a second | the peer's ceiling | a session | |\n| --- | --- | --- "
               "| --- |\n");
        EACH_ROW (window, windows) {
            double most = ceiling(port, *window), ours = session(port, *window);

            printf("| window %u | %.0f | %.0f | %.2f |\n", *window, most, ours, ours / most);
        }
        return 0;
    }
    fprintf(stderr, "smpp_bench session | sink PORT\n");
    return 2;
}
