/*
 * sending.c: see sending.h. Opens a carrier for each channel that the settings name, and books what
 * the SMPP session reports by itself; depot.c does the rest.
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
#include "channel/smpp.h"
#include "channel/voice.h"
#include "channel/webhook.h"
#include "cli/depot.h"
#include "cli/keys.h"
#include "core/delivery.h"
#include "core/entity_event.h"
#include "core/outbox.h"

#include <inttypes.h>

struct sending {
    struct depot *depot;
    struct store *store;
    struct push *push;
    struct mail *mail;       /* NULL = none is sent */
    struct gateway *gateway; /* NULL = no SMS is sent over HTTP */
    struct smpp *smpp;       /* NULL = none over SMPP */
    struct voice *voice;     /* NULL = nobody is called */
    struct db *smpp_reader;  /* of the session's thread, as is its arena */
    struct arena *smpp_mem;

    struct receipts { /* of SMPP, being booked: one batch at a time */
        struct store_job job;
        const struct smpp_fact *facts;
        size_t count;
        int64_t changed[SMPP_RECEIPTS_MAX]; /* the messages that it was news for */
        size_t changed_count;
        enum smpp_fate fates[SMPP_RECEIPTS_MAX];
        struct arena *mem;
    } receipts;
};

/* ---- what the courier asks for ---- */

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

static enum err load(struct ctx *cx, struct db *db, int64_t id, struct parcel *out)
{
    enum err e = delivery_load(cx, db, id, out);

    return e == OK && str_eq(out->channel, STR("webhook")) ? load_webhook(cx, db, out) : e;
}

static void settled(const struct courier_result *r)
{
    static const struct {
        const char *event;
        enum log_level level;
    } words[] = {
        [OUTCOME_SENT] = {"sent",         LOG_INFO},
          [OUTCOME_BEGUN] = {"answered",     LOG_INFO},
        [OUTCOME_RETRY] = {"send_again",   LOG_WARN},
          [OUTCOME_FAILED] = {"send_failed",  LOG_WARN},
        [OUTCOME_GONE] = {"send_failed",  LOG_INFO},
          [OUTCOME_DEAD] = {"send_expired", LOG_INFO},
    };
    OWN(arena_free) struct arena *mem = arena_new();
    const struct parcel *p = r->parcel;

    log_event(words[r->outcome].level, NULL, words[r->outcome].event,
              "channel=%.*s id=%" PRId64 " attempt=%u%s%s%s%s%s", STR_ARG(p->channel), p->id,
              p->attempt, r->lost ? " lost=1" : "", r->provider_id.n ? " provider_id=" : "",
              r->provider_id.n ? log_value(mem, r->provider_id) : "", r->why.n ? " why=" : "",
              r->why.n ? log_value(mem, r->why) : "");
}

/* ---- SMPP ---- */

static const char *const fate_words[] = {
    [SMPP_UNDER_WAY] = "accepted",
    [SMPP_DELIVERED] = "delivered",
    [SMPP_UNDELIVERED] = "undelivered",
};

static struct sending *sending_of_receipts(struct store_job *job)
{
    return (struct sending *)(void *)((char *)job - offsetof(struct sending, receipts.job));
}

static enum err receipts_run(struct store_job *job, struct db *db)
{
    struct receipts *r = &sending_of_receipts(job)->receipts;
    struct ctx cx;
    bool changed;
    int64_t id;
    enum err e;

    arena_reset(r->mem);
    ctx_init(&cx, r->mem);
    r->changed_count = 0;
    for (size_t i = 0; i < r->count; i++) {
        const struct smpp_fact *fact = &r->facts[i];

        e = delivery_report(&cx, db, fact->message_id, str_from(fact->id),
                            str_from(fate_words[fact->fate]), str_from(fact->why), &id, &changed);
        if (e == ERR_NOT_FOUND) /* not ours, or swept: to say no would bring it again and again */
            continue;
        if (e)
            return e;
        if (changed) {
            r->fates[r->changed_count] = fact->fate;
            r->changed[r->changed_count++] = id;
        }
    }
    return OK;
}

static void receipts_done(struct store_job *job, enum err result)
{
    struct sending *s = sending_of_receipts(job);
    const struct receipts *r = &s->receipts;

    for (size_t i = 0; result == OK && i < r->changed_count; i++)
        log_info(NULL, "receipt", "id=%" PRId64 " state=%s", r->changed[i],
                 fate_words[r->fates[i]]);
    if (result)
        log_error(NULL, "receipts_failed", "count=%zu", r->count);
    smpp_booked(s->smpp, result == OK);
}

static enum err smpp_book(void *arg, const struct smpp_fact *facts, size_t count)
{
    struct sending *s = arg;

    s->receipts.job = (struct store_job){.run = receipts_run, .done = receipts_done};
    s->receipts.facts = facts;
    s->receipts.count = count;
    return store_submit(s->store, &s->receipts.job);
}

static enum err smpp_ask(void *arg, const struct parcel *p, char why[static CTX_WHY_MAX])
{
    struct sending *s = arg;
    struct ctx cx;
    enum err e;

    arena_reset(s->smpp_mem);
    ctx_init(&cx, s->smpp_mem);
    if ((e = delivery_wanted(&cx, s->smpp_reader, p->id, p->attempt)))
        snprintf(why, CTX_WHY_MAX, "%s", cx.why);
    return e;
}

static void smpp_is_bound(void *arg, const char *host)
{
    (void)arg;
    log_info(NULL, "smpp_bound", "carrier=%s", host);
}

static void smpp_is_lost(void *arg, const char *why)
{
    OWN(arena_free) struct arena *mem = arena_new();

    (void)arg;
    log_warn(NULL, "smpp_down", "why=%s", log_value(mem, str_from(why)));
}

static void smpp_wakes(void *arg)
{
    struct sending *s = arg;

    depot_wake(s->depot);
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
        .file = is_path ? cf->sms_gateway : STR_NONE,
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

/* sms_gateway is smpp. */
static enum err open_smpp(struct ctx *cx, const struct config *cf, struct sending *s)
{
    static const enum smpp_long longs[] = {
        [LONG_UDH] = SMPP_UDH, [LONG_SAR] = SMPP_SAR, [LONG_PAYLOAD] = SMPP_PAYLOAD};
    static const enum smpp_ids ids[] = {
        [IDS_SAME] = SMPP_IDS_SAME, [IDS_DECIMAL] = SMPP_IDS_DECIMAL, [IDS_HEX] = SMPP_IDS_HEX};
    struct config_smpp_url url;
    struct smpp_conf conf = {
        .ca_file = cf->smpp_ca_file.n ? cf->smpp_ca_file : cf->egress_ca_file,
        .system_id = cf->sms_user,
        .system_type = cf->smpp_system_type,
        .from = smpp_sender(cf->sms_from),
        .window = cf->smpp_window,
        .rate = cf->smpp_rate,
        .enquire_s = cf->smpp_enquire_s,
        .how = longs[cf->smpp_long],
        .ids = ids[cf->smpp_receipt_id],
        .ops = {.arg = s,
                .book = smpp_book,
                .ask = smpp_ask,
                .bound = smpp_is_bound,
                .lost = smpp_is_lost,
                .wake = smpp_wakes},
    };
    enum err e;

    if (!config_smpp_url(cf->sms_url, &url))
        return fail(cx, ERR_INVALID, "sms_url: is no smpps:// or smpp+plain:// address");
    conf.host = url.host;
    conf.port = url.port;
    conf.tls = url.tls;
    if (cf->smpp_source.given) {
        conf.from.ton = cf->smpp_source.ton;
        conf.from.npi = cf->smpp_source.npi;
    }
    if ((e = config_read_file(cx, cf->sms_password_file, &conf.password)))
        return e;
    s->receipts.mem = arena_new();
    s->smpp_mem = arena_new();
    if ((e = store_reader_open(cx, s->store, &s->smpp_reader)))
        return e;
    return smpp_new(cx, &conf, &s->smpp);
}

/* sms_gateway is there. In demo mode nothing is sent by SMPP, so there is no session to keep. */
static enum err open_sms(struct ctx *cx, struct sending *s, const struct config *cf)
{
    if (!str_eq(cf->sms_gateway, STR("smpp")))
        return open_gateway(cx, cf, &s->gateway);
    return cf->mode == MODE_DEMO ? OK : open_smpp(cx, cf, s);
}

static struct carrier sms_carrier(struct sending *s)
{
    if (s->smpp)
        return smpp_carrier(s->smpp);
    if (s->gateway)
        return gateway_carrier(s->gateway);
    return (struct carrier){.channel = STR("sms"),
                            .absent = "no way to send SMS is set up: sms_gateway is empty"};
}

/* voice_url is there. */
static enum err open_voice(struct ctx *cx, struct sending *s, const struct config *cf)
{
    struct voice_conf conf = {
        .trunk =
            {
                    .user = cf->voice_user,
                    .from = cf->voice_from,
                    .ca_file = cf->voice_ca_file.n ? cf->voice_ca_file : cf->egress_ca_file,
                    },
        .calls_max = cf->voice_calls_max,
        .ring_s = cf->voice_ring_s,
        .call_max_s = cf->voice_call_max_s,
        .decide = keys_decide,
        .arg = s->store,
    };
    enum err e;

    if (!trunk_url(cf->voice_url, &conf.trunk) ||
        !trunk_srtp_mode(cf->voice_srtp, conf.trunk.transport, &conf.trunk.srtp))
        return fail(cx, ERR_INVALID, "voice_url or voice_srtp is not usable");
    if (cf->voice_password_file.n &&
        (e = config_read_file(cx, cf->voice_password_file, &conf.trunk.password)))
        return e;
    s->voice = voice_new(&conf);
    return OK;
}

static enum err start_courier(struct ctx *cx, struct sending *s)
{
    const struct carrier carriers[] = {
        push_carrier(s->push),
        webhook_carrier(),
        s->mail ? mail_carrier(s->mail)
                : (struct carrier){.channel = STR("email"),
                                   .absent = "no way to send e-mail is set up: smtp_url is empty" },
        sms_carrier(s),
        s->voice
            ? voice_carrier(s->voice)
            : (struct carrier){.channel = STR("voice"),
                                   .absent = "no way to place calls is set up: voice_url is empty"},
    };

    return depot_start(cx, s->depot, carriers, COUNT_OF(carriers));
}

static enum err recover(struct ctx *cx, struct db *db, void *arg)
{
    return delivery_recover(cx, db, arg);
}

enum err sending_open(struct ctx *cx, struct instance *in, struct sending **out)
{
    const struct config *cf = atomic_load(&in->config);
    static const struct depot_conf depot = {
        .failed = "courier_failed",
        .topic = OUTBOX_TOPIC,
        .gives_way = true,
        .exchange = delivery_exchange,
        .load = load,
        .settled = settled,
    };
    const struct push_conf push = {
        .vapid_key = in->core.vapid_key,
        .contact = push_contact(cx, cf),
    };
    OWN(sending_free) struct sending *s = mem_alloc(sizeof(*s));
    int64_t left_over = 0;
    enum err e;

    s->store = in->store;
    s->push = push_new(&push);
    if ((e = depot_open(cx, in, &depot, &s->depot)) ||
        (cf->smtp_url.n && (e = open_mail(cx, cf, &s->mail))) ||
        (cf->voice_url.n && (e = open_voice(cx, s, cf))) ||
        (e = store_run(cx, in->store, recover, &left_over)) ||
        (cf->sms_gateway.n && (e = open_sms(cx, s, cf))))
        return e;
    if (left_over)
        log_warn(NULL, "sending_resumed", "cut_off=%" PRId64, left_over);
    if (s->gateway) {
        in->app.sms_provider = gateway_provider(s->gateway);
        in->app.sms_receipt_key = gateway_password(s->gateway);
    }
    *out = TAKE(s);
    return OK;
}

enum err sending_start(struct ctx *cx, struct sending *s)
{
    enum err e = start_courier(cx, s);

    return e || !s->smpp ? e : smpp_run(cx, s->smpp);
}

void sending_look(struct sending *s)
{
    if (s)
        depot_wake(s->depot);
}

void sending_wake(struct sending *s, const uint64_t *topics, size_t count)
{
    if (s)
        depot_notify(s->depot, topics, count);
}

void sending_stop(struct sending *s, int64_t grace_ms)
{
    if (!s)
        return;
    depot_stop(s->depot, grace_ms);
    voice_close(s->voice);
    smpp_stop(s->smpp);
    db_close(&s->smpp_reader);
}

void sending_free(struct sending **s)
{
    if (!*s)
        return;
    db_close(&(*s)->smpp_reader);
    arena_free(&(*s)->smpp_mem);
    push_free(&(*s)->push);
    mail_free(&(*s)->mail);
    smpp_free(&(*s)->smpp);
    gateway_free(&(*s)->gateway);
    arena_free(&(*s)->receipts.mem);
    voice_free(&(*s)->voice);
    depot_free(&(*s)->depot); /* behind the SMPP session, which wakes it */
    mem_free(*s);
    *s = NULL;
}
