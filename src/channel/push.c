/* push.c: see push.h. */
#include "channel/push.h"
#include "base/mem.h"
#include "base/url.h"
#include "channel/transfer.h"

#include <string.h>

enum {
    NAMES_MAX = 16, /* push services that are remembered; there are about five */
    NAME_LIFE_MS = 12 * 3600 * MS_PER_S,
    NAME_RENEW_MS = NAME_LIFE_MS / 2, /* made anew when less of its life is left */
    PROVIDER_ID_MAX = 64,
};

/* Our signed name for one push service: good for hours, costly to make. */
struct name {
    char *origin, *header;
    int64_t expires_at_ms;
};

struct push {
    const struct es256_key *key;
    char *contact;
    struct name names[NAMES_MAX];
    unsigned next; /* the one that gives way */
};

struct push *push_new(const struct push_conf *conf)
{
    OWN(arena_free) struct arena *mem = arena_new();
    struct push *push = mem_alloc(sizeof(*push));

    push->key = conf->vapid_key;
    push->contact = mem_strdup(arena_str(mem, conf->contact).p);
    return push;
}

static void name_deinit(struct name *name)
{
    mem_free(name->origin);
    mem_free(name->header);
    *name = (struct name){0};
}

void push_free(struct push **push)
{
    if (!*push)
        return;
    for (size_t i = 0; i < NAMES_MAX; i++)
        name_deinit(&(*push)->names[i]);
    mem_free((*push)->contact);
    mem_free(*push);
    *push = NULL;
}

static struct name *name_for(struct push *push, struct str origin)
{
    struct name *old = NULL;

    for (size_t i = 0; i < NAMES_MAX && !old; i++) {
        if (push->names[i].origin && str_eq(str_from(push->names[i].origin), origin))
            old = &push->names[i];
    }
    if (old)
        return old;
    old = &push->names[push->next++ % NAMES_MAX];
    name_deinit(old);
    return old;
}

static const char *signed_name(struct ctx *cx, struct push *push, struct str origin)
{
    struct name *name = name_for(push, origin);

    if (name->header && name->expires_at_ms - cx->now_ms > NAME_RENEW_MS &&
        name->expires_at_ms - cx->now_ms <= NAME_LIFE_MS)
        return name->header;
    name_deinit(name);
    name->expires_at_ms = cx->now_ms + NAME_LIFE_MS;
    name->origin = mem_strdup(arena_str(cx->mem, origin).p);
    name->header = mem_strdup(vapid_header(cx->mem, push->key, origin, str_from(push->contact),
                                           name->expires_at_ms / MS_PER_S)
                                  .p);
    return name->header;
}

static enum err load(struct ctx *cx, void *self, const struct parcel *p, struct transfer *t)
{
    int64_t left_ms = p->expires_at_ms - cx->now_ms;
    struct transfer_http http = {
        .method = "POST", .url = p->to, .whole_ms = left_ms, .repeatable = true};
    struct str headers[6];
    struct url u;

    if (!url_parse(cx->mem, p->to, &u))
        return fail(cx, ERR_INVALID, "the subscription has no URL");
    if (!webpush_encrypt(cx->mem, &p->keys, str_bytes(p->text), &http.body))
        return fail(cx, ERR_INVALID, "the subscription's keys are wrong");
    headers[http.header_count++] =
        arena_printf(cx->mem, "Authorization: %s", signed_name(cx, self, url_origin(cx->mem, &u)));
    headers[http.header_count++] =
        arena_printf(cx->mem, "TTL: %lld", (long long)MAX_OF(left_ms / MS_PER_S, (int64_t)1));
    headers[http.header_count++] = STR("Urgency: high");
    headers[http.header_count++] = STR("Topic: wake");
    headers[http.header_count++] = STR("Content-Encoding: aes128gcm");
    headers[http.header_count++] = STR("Content-Type: application/octet-stream");
    http.headers = headers;
    return transfer_http(cx, t, &http);
}

enum outcome push_outcome(long status)
{
    static const struct {
        long status;
        enum outcome outcome;
    } known[] = {
        {404, OUTCOME_GONE },
        {410, OUTCOME_GONE },
        {408, OUTCOME_RETRY},
        {425, OUTCOME_RETRY},
        {429, OUTCOME_RETRY},
    };

    EACH_ROW (row, known) {
        if (row->status == status)
            return row->outcome;
    }
    if (status >= 200 && status < 300)
        return OUTCOME_SENT;
    return status >= 500 ? OUTCOME_RETRY : OUTCOME_FAILED;
}

/* The last part of the message's own URL (RFC 8030 section 5); the whole could be used to drop it.
 */
static struct str provider_id(struct str location)
{
    size_t at = location.n;

    if (!str_is_utf8(location) || str_has_control(location))
        return STR("");
    while (at > 0 && location.p[at - 1] != '/')
        at--;
    return str_sub(location, at, PROVIDER_ID_MAX);
}

static void judge(struct ctx *cx, void *self, const struct parcel *p, const struct transfer *t,
                  struct verdict *out)
{
    static const struct {
        long status;
        const char *meaning;
    } meanings[] = {
        {400, "the request is malformed"                                             },
        {401, "our key is refused"                                                   },
        {403, "our key is refused; perhaps the subscription was made for another one"},
        {404, "there is no such subscription any more"                               },
        {410, "there is no such subscription any more"                               },
        {413, "the message is too large"                                             },
        {429, "it gets too much from us"                                             },
    };
    const struct transfer_end *end = transfer_end(t);
    const char *meaning = "";

    (void)self, (void)p;
    *out = (struct verdict){.lost = end->lost, .retry_after_ms = end->retry_after_ms};
    if (end->status == 0) {
        out->outcome = end->refused ? OUTCOME_FAILED : OUTCOME_RETRY;
        out->why = arena_str(cx->mem, end->why);
        return;
    }
    out->outcome = push_outcome(end->status);
    if (out->outcome == OUTCOME_SENT) {
        out->provider_id = arena_str(cx->mem, provider_id(end->location));
        return;
    }
    EACH_ROW (row, meanings) {
        if (row->status == end->status)
            meaning = row->meaning;
    }
    if (end->status >= 300 && end->status < 400)
        meaning = "redirects are not followed";
    out->why = arena_printf(cx->mem, "%.*s answered %ld%s%s", STR_ARG(transfer_host(t)),
                            end->status, *meaning ? ": " : "", meaning);
}

struct carrier push_carrier(struct push *push)
{
    return (struct carrier){
        .channel = STR("webpush"),
        .parallel = PUSH_PARALLEL,
        .self = push,
        .load = load,
        .judge = judge,
    };
}
