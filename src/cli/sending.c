/*
 * sending.c: see sending.h. The courier's thread asks; the writer runs its exchange as one job; one
 * exchange is out at a time, so its job and arena are members.
 */
#include "cli/sending.h"
#include "api/authy/callback.h"
#include "api/authy/event.h"
#include "api/verify/hook.h"
#include "base/mem.h"
#include "base/url.h"
#include "channel/gateway.h"
#include "channel/mail.h"
#include "channel/push.h"
#include "channel/transfer.h"
#include "channel/webhook.h"
#include "core/delivery.h"
#include "core/entity_event.h"
#include "core/outbox.h"

#include <inttypes.h>
#include <pthread.h>

struct sending {
    struct instance *in;
    struct transfer_rules *rules;
    struct push *push;
    struct mail *mail;       /* NULL = none is sent */
    struct gateway *gateway; /* NULL = no SMS is sent */
    struct db *reader;       /* the courier's thread's */

    struct store_job job;
    struct courier_exchange *x; /* of the job */
    struct arena *mem;          /* of the job: the writer's while it runs */
    struct ctx cx;

    pthread_mutex_t lock; /* guards courier against a wake while it goes */
    struct courier *courier;
};

/* ---- what the courier asks for ---- */

static struct sending *sending_of(struct store_job *job)
{
    return (struct sending *)(void *)((char *)job - offsetof(struct sending, job));
}

static enum err exchange_run(struct store_job *job, struct db *db)
{
    struct sending *s = sending_of(job);

    arena_reset(s->mem);
    ctx_init(&s->cx, s->mem);
    return delivery_exchange(&s->cx, db, s->x);
}

static void exchange_done(struct store_job *job, enum err result)
{
    struct sending *s = sending_of(job);

    if (result)
        log_error(NULL, "courier_failed", "why=%s",
                  log_value(s->mem, str_from(job->why ? job->why : s->cx.why)));
    s->x->e = result;
    s->x->done(s->x);
}

static enum err exchange(void *arg, struct courier_exchange *x)
{
    struct sending *s = arg;

    s->x = x;
    s->job = (struct store_job){.run = exchange_run, .done = exchange_done};
    return store_submit(s->in->store, &s->job);
}

/* Each dialect words its own. */
static enum err load_webhook(struct ctx *cx, struct db *db, struct parcel *out)
{
    struct outbox_row row;
    enum err e = outbox_by_id(cx, db, out->id, &row);

    if (e)
        return e;
    if (str_eq(row.template_name, ENTITY_EVENT_TEMPLATE))
        return hook_parcel(cx, db, &row, out);
    if (str_eq(row.template_name, EVENT_TEMPLATE))
        return authy_event(cx, db, &row, out);
    return authy_callback(cx, db, out);
}

static enum err load(struct ctx *cx, void *arg, int64_t id, struct parcel *out)
{
    struct sending *s = arg;
    enum err e;

    if ((e = db_read_begin(cx, s->reader)))
        return e;
    e = delivery_load(cx, s->reader, id, out);
    if (e == OK && str_eq(out->channel, STR("webhook")))
        e = load_webhook(cx, s->reader, out);
    db_read_end(s->reader);
    return e;
}

static void settled(void *arg, const struct courier_result *r)
{
    static const struct {
        const char *event;
        enum log_level level;
    } words[] = {
        [OUTCOME_SENT] = {"sent",         LOG_INFO},
          [OUTCOME_RETRY] = {"send_again",   LOG_WARN},
        [OUTCOME_FAILED] = {"send_failed",  LOG_WARN},
          [OUTCOME_GONE] = {"send_failed",  LOG_INFO},
        [OUTCOME_DEAD] = {"send_expired", LOG_INFO},
    };
    OWN(arena_free) struct arena *mem = arena_new();
    const struct parcel *p = r->parcel;

    (void)arg;
    log_event(words[r->outcome].level, NULL, words[r->outcome].event,
              "channel=%.*s id=%" PRId64 " attempt=%u%s%s%s%s%s", STR_ARG(p->channel), p->id,
              p->attempt, r->lost ? " lost=1" : "", r->provider_id.n ? " provider_id=" : "",
              r->provider_id.n ? log_value(mem, r->provider_id) : "", r->why.n ? " why=" : "",
              r->why.n ? log_value(mem, r->why) : "");
}

/* ---- starting and stopping ---- */

static bool plain_in_json(struct str s)
{
    return str_find(s, '"') == STR_NPOS && str_find(s, '\\') == STR_NPOS;
}

/* Whom a push service may write to (RFC 8292 section 2.1): the sender of mails when there is a real
 * one, else the site. */
static struct str push_contact(struct ctx *cx, const struct config *cf)
{
    bool set = cf->place[OPTION_mail_from].from != FROM_DEFAULT && plain_in_json(cf->mail_from);

    if (!set && str_starts(cf->public_url, STR("https://")))
        return cf->public_url;
    return arena_printf(cx->mem, "mailto:%.*s",
                        STR_ARG(set ? cf->mail_from : STR("no-reply@localhost")));
}

/* smtp_url is there. */
static enum err open_mail(struct ctx *cx, const struct config *cf, struct mail **out)
{
    struct mail_conf conf = {
        .url = cf->smtp_url,
        .user = cf->smtp_user,
        .from = cf->mail_from,
        .ca_file = cf->smtp_ca_file,
    };
    enum err e;

    if (cf->smtp_password_file.n &&
        (e = config_read_file(cx, cf->smtp_password_file, &conf.password)))
        return e;
    return mail_new(cx, &conf, out);
}

/* sms_gateway is there: a name, or with a slash the path of a description. */
static enum err open_gateway(struct ctx *cx, const struct config *cf, struct gateway **out)
{
    bool is_path = str_find(cf->sms_gateway, '/') >= 0;
    struct gateway_conf conf = {
        .provider = is_path ? STR_NONE : cf->sms_gateway,
        .url = cf->sms_url,
        .user = cf->sms_user,
        .from = cf->sms_from,
    };
    enum err e;

    if ((is_path && (e = config_read_file(cx, cf->sms_gateway, &conf.description))) ||
        (cf->sms_password_file.n &&
         (e = config_read_file(cx, cf->sms_password_file, &conf.password))))
        return e;
    return gateway_new(cx, &conf, out);
}

static enum err start_courier(struct ctx *cx, struct sending *s)
{
    const struct carrier carriers[] = {
        push_carrier(s->push),
        webhook_carrier(),
        s->mail ? mail_carrier(s->mail)
                : (struct carrier){.channel = STR("email"),
                                   .absent = "no way to send e-mail is set up: smtp_url is empty"      },
        s->gateway
            ? gateway_carrier(s->gateway)
            : (struct carrier){.channel = STR("sms"),
                                   .absent = "no way to send SMS is set up: sms_gateway is empty"      },
        {.channel = STR("voice"), .absent = "no way to place calls is set up"},
    };

    return courier_start(
        cx,
        &(struct courier_conf){
            .ops = {.arg = s, .exchange = exchange, .load = load, .settled = settled},
            .rules = s->rules,
            .carriers = carriers,
            .carrier_count = COUNT_OF(carriers),
    },
        &s->courier);
}

static enum err recover(struct ctx *cx, struct db *db, void *arg)
{
    return delivery_recover(cx, db, arg);
}

enum err sending_start(struct ctx *cx, struct instance *in, struct sending **out)
{
    const struct config *cf = atomic_load(&in->config);
    const struct transfer_conf rules = {
        .egress_allow = cf->egress_allow.item,
        .egress_allow_count = cf->egress_allow.n,
        .ca_file = cf->egress_ca_file,
        .connect_to = cf->egress_connect_to,
    };
    const struct push_conf push = {
        .vapid_key = in->core.vapid_key,
        .contact = push_contact(cx, cf),
    };
    OWN(sending_free) struct sending *s = mem_alloc(sizeof(*s));
    int64_t left_over = 0;
    enum err e;

    pthread_mutex_init(&s->lock, NULL);
    s->in = in;
    s->mem = arena_new();
    s->push = push_new(&push);
    if ((e = transfer_rules_new(cx, &rules, &s->rules)) ||
        (cf->smtp_url.n && (e = open_mail(cx, cf, &s->mail))) ||
        (cf->sms_gateway.n && (e = open_gateway(cx, cf, &s->gateway))) ||
        (e = store_reader_open(cx, in->store, &s->reader)) ||
        (e = store_run(cx, in->store, recover, &left_over)) || (e = start_courier(cx, s)))
        return e;
    if (left_over)
        log_warn(NULL, "sending_resumed", "cut_off=%" PRId64, left_over);
    if (s->gateway)
        in->app.sms_provider = gateway_provider(s->gateway);
    *out = TAKE(s);
    return OK;
}

void sending_wake(struct sending *s, const uint64_t *topics, size_t count)
{
    bool queued = false;

    for (size_t i = 0; s && i < count; i++)
        queued |= topics[i] == OUTBOX_TOPIC;
    if (!queued)
        return;
    pthread_mutex_lock(&s->lock);
    if (s->courier)
        courier_wake(s->courier);
    pthread_mutex_unlock(&s->lock);
}

void sending_stop(struct sending *s, int64_t grace_ms)
{
    struct courier *courier;

    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    courier = TAKE(s->courier);
    pthread_mutex_unlock(&s->lock);
    courier_stop(&courier, grace_ms);
    db_close(&s->reader);
}

void sending_free(struct sending **s)
{
    if (!*s)
        return;
    db_close(&(*s)->reader);
    push_free(&(*s)->push);
    mail_free(&(*s)->mail);
    gateway_free(&(*s)->gateway);
    transfer_rules_free(&(*s)->rules);
    arena_free(&(*s)->mem);
    pthread_mutex_destroy(&(*s)->lock);
    mem_free(*s);
    *s = NULL;
}
