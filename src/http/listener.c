/* listener.c: see listener.h. */
#include "http/listener.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024, ACCEPT_AT_ONCE = 64, EMFILE_PAUSE_MS = 200 };

struct listener {
    int fd;
    bool tls, local, attached;
    struct sockaddr_un path; /* local: what to remove */
    uint16_t port;
    struct event event, pause;
    struct loop **loops;
    unsigned count, turn;
};

/* ---- binding ---- */

static enum err parse(struct ctx *cx, struct str address, struct sockaddr_storage *out,
                      socklen_t *out_len)
{
    struct str host = address;
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    char text[ADDR_TEXT_LEN + 1] = "";
    int64_t port;

    while (host.n > 0 && host.p[host.n - 1] != ':')
        host.n--;
    if (host.n == 0 || !str_to_i64(str_sub(address, host.n, address.n), 0, UINT16_MAX, &port))
        return fail(cx, ERR_INVALID, "listen: \"%.*s\" is not ADDRESS:PORT", STR_ARG(address));
    host.n--;
    if (str_eq(host, STR("localhost")))
        host = STR("127.0.0.1");
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = str_sub(host, 1, host.n - 2);
    if (host.n < sizeof(text))
        memcpy(text, host.p, host.n);
    v4.sin_port = v6.sin6_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memcpy(out, &v4, sizeof(v4));
        *out_len = sizeof(v4);
        return OK;
    }
    if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
        memcpy(out, &v6, sizeof(v6));
        *out_len = sizeof(v6);
        return OK;
    }
    return fail(cx, ERR_INVALID, "listen: \"%.*s\" is no address", STR_ARG(address));
}

static enum err fail_errno(struct ctx *cx, const char *what, struct str where)
{
    enum err e = errno == EADDRINUSE ? ERR_CONFLICT : ERR_INTERNAL;

    return fail(cx, e, "listen: %s %.*s: %s", what, STR_ARG(where), strerrordesc_np(errno));
}

enum err listener_tcp(struct ctx *cx, struct str address, bool tls, struct listener **out)
{
    OWN(listener_free) struct listener *l = mem_alloc(sizeof(*l));
    struct sockaddr_storage at = {0};
    struct sockaddr_in6 bound = {0};
    socklen_t len = sizeof(bound);
    int on = 1, off = 0;
    socklen_t at_len = 0;
    enum err e;

    l->fd = -1;
    l->tls = tls;
    if ((e = parse(cx, address, &at, &at_len)))
        return e;
    l->fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        return fail_errno(cx, "socket for", address);
    setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (at.ss_family == AF_INET6)
        setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(l->fd, (const struct sockaddr *)(const void *)&at, at_len) || listen(l->fd, BACKLOG))
        return fail_errno(cx, "cannot serve on", address);
    if (getsockname(l->fd, (struct sockaddr *)(void *)&bound, &len))
        return fail_errno(cx, "name of", address);
    l->port = ntohs(bound.sin6_port); /* the port is at the same place in both families */
    *out = TAKE(l);
    return OK;
}

enum err listener_unix(struct ctx *cx, struct str path, struct listener **out)
{
    OWN(listener_free) struct listener *l = mem_alloc(sizeof(*l));
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct stat st;

    l->fd = -1;
    l->local = true;
    if (path.n >= sizeof(at.sun_path))
        return fail(cx, ERR_INVALID, "control: %.*s is longer than %zu bytes", STR_ARG(path),
                    sizeof(at.sun_path) - 1);
    memcpy(at.sun_path, path.p, path.n);
    /* Who starts the server owns the store's lock, so a socket that lies there is a dead one's. */
    if (lstat(at.sun_path, &st) == 0 && S_ISSOCK(st.st_mode))
        unlink(at.sun_path);
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        return fail_errno(cx, "socket for", path);
    /* Linux gives the file the socket's mode: there is no moment when others may connect. */
    if (fchmod(l->fd, S_IRUSR | S_IWUSR) ||
        bind(l->fd, (const struct sockaddr *)(const void *)&at, sizeof(at)))
        return fail_errno(cx, "cannot serve on", path);
    l->path = at;
    if (chmod(at.sun_path, S_IRUSR | S_IWUSR) || listen(l->fd, BACKLOG))
        return fail_errno(cx, "cannot serve on", path);
    *out = TAKE(l);
    return OK;
}

void listener_close(struct listener *l)
{
    if (l->attached) {
        event_del(&l->event);
        event_del(&l->pause);
        l->attached = false;
    }
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}

void listener_free(struct listener **l)
{
    if (!*l)
        return;
    listener_close(*l);
    if ((*l)->path.sun_path[0])
        unlink((*l)->path.sun_path);
    mem_free(*l);
    *l = NULL;
}

uint16_t listener_port(const struct listener *l)
{
    return l->port;
}

/* ---- accepting ---- */

static void deal(struct listener *l, int fd, const struct sockaddr *peer)
{
    struct origin from = {.addr = addr_of(peer), .tls = l->tls, .local = l->local};
    struct loop *loop = l->loops[l->turn % l->count];
    int on = 1;

    if (!site_enter(loop->site, &from)) {
        COUNT_UP(l->loops[0]->counters.refused_limits);
        close(fd);
        return;
    }
    if (!l->local)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    l->turn++;
    loop_add(loop, fd, &from);
}

/* Out of descriptors the listener would be ready again and again and burn the core: rest instead.
 */
static void rest(struct listener *l)
{
    static const struct timeval pause = {.tv_usec = (suseconds_t)EMFILE_PAUSE_MS * 1000};

    event_del(&l->event);
    event_add(&l->pause, &pause);
}

static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
    struct listener *l = arg;

    (void)fd;
    (void)what;
    event_add(&l->event, NULL);
}

static void accept_some(struct listener *l, int max)
{
    for (int i = 0; i < max; i++) {
        struct sockaddr_storage peer = {0};
        socklen_t len = sizeof(peer);
        int c =
            accept4(l->fd, (struct sockaddr *)(void *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        int why = errno;

        if (c >= 0) {
            deal(l, c, (const struct sockaddr *)(const void *)&peer);
            continue;
        }
        if (why == EMFILE || why == ENFILE || why == ENOBUFS || why == ENOMEM)
            rest(l);
        if (why != EINTR && why != ECONNABORTED)
            return;
    }
}

static void on_connection(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    accept_some(arg, ACCEPT_AT_ONCE);
}

void listener_last_call(struct listener *l)
{
    accept_some(l, BACKLOG);
}

void listener_attach(struct listener *l, struct loop **loops, unsigned count)
{
    l->loops = loops;
    l->count = count;
    event_assign(&l->event, loops[0]->base, l->fd, EV_READ | EV_PERSIST, on_connection, l);
    event_assign(&l->pause, loops[0]->base, -1, 0, on_pause_over, l);
    event_add(&l->event, NULL);
    l->attached = true;
}
