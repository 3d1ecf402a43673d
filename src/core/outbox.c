/*
 * outbox.c: rows without secrets; codes and links are computed again when a message is rendered.
 */
#include "core/outbox.h"
#include "channel/gsm7.h"
#include "channel/message.h"
#include "core/agent.h"
#include "core/firewall.h"
#include "core/link.h"
#include "core/person.h"
#include "core/phone.h"
#include "core/service.h"
#include "core/verification.h"

#include <jansson.h>
#include <stdatomic.h>

/* What goes to a phone is paid for by parts, so it is written once before it is queued. */
static enum err ask_firewall(struct ctx *cx, struct db *db, struct outbox_row *row)
{
    struct outbox_message m;
    enum err e;

    if (!core_of(db)->firewall || !firewall_guards(row->channel))
        return OK;
    e = outbox_render(cx, db, row, &m);
    return e ? e : firewall_take(cx, db, row, sms_measure(m.body).parts);
}

enum err outbox_add(struct ctx *cx, struct db *db, struct outbox_row *row)
{
    bool stays = core_of(db)->demo && !core_of(db)->demo_sends &&
                 !str_eq(row->channel, STR("webpush")) && !str_eq(row->channel, STR("webhook"));
    enum err e = ask_firewall(cx, db, row);

    if (e)
        return e;
    row->id = id_new(cx);
    row->created_at_ms = cx->now_ms;
    row->state = stays ? STR("shown") : STR("queued");
    if (row->expires_at_ms == 0)
        row->expires_at_ms = cx->now_ms + DAY_MS;
    db_notify(db, OUTBOX_TOPIC);
    return db_exec(cx, db, Q_OUTBOX_INSERT,
                   DB_ARGS(db_int(row->id), db_int(row->service_id), db_int(row->identity_id),
                           db_text(row->channel), db_text(row->target), db_text(row->template_name),
                           db_int(row->verification_id), db_int(row->link_id), db_text(row->params),
                           db_text(row->state), db_int(cx->now_ms), db_int(row->expires_at_ms),
                           db_int(row->charge), db_int(row->counted), db_int(row->hook_id),
                           db_int(row->challenge_id)),
                   NULL);
}

/* Takes the reference. */
static struct str params_text(struct ctx *cx, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    struct str out = arena_str(cx->mem, text ? str_from(text) : STR("{}"));

    free(text);
    json_decref(json);
    return out;
}

/* NULL would make json_pack fail; what is not UTF-8 is left out. */
static const char *text_or_empty(struct str *s)
{
    if (s->n == 0 || !str_is_utf8(*s))
        *s = STR("");
    return s->p;
}

struct str params_name(struct ctx *cx, struct str name)
{
    const char *p = text_or_empty(&name);

    return params_text(cx, json_pack("{s:s%}", "name", p, name.n));
}

struct str params_code(struct ctx *cx, const struct code_words *w)
{
    const struct {
        const char *key;
        struct str text;
    } words[] = {
        {"locale",  w->locale                             },
        {"service", w->service                            },
        {"about",   w->about                              },
        {"amount",  w->amount                             },
        {"payee",   w->payee                              },
        {"hash",    w->app_hash                           },
        {"warn",    w->warn ? STR("yes") : STR_NONE       },
        {"press",   w->press_first ? STR("yes") : STR_NONE},
    };
    json_t *json = json_object();

    EACH_ROW (row, words) {
        if (row->text.n && str_is_utf8(row->text))
            json_object_set_new(json, row->key, json_stringn(row->text.p, row->text.n));
    }
    return params_text(cx, json);
}

struct str params_what(struct ctx *cx, struct str what, const struct origin *from)
{
    struct str agent = str_sub(from->user_agent, 0, 200), addr = from->addr;
    const char *what_p = text_or_empty(&what), *agent_p = text_or_empty(&agent);
    const char *addr_p = text_or_empty(&addr);

    return params_text(cx, json_pack("{s:s%, s:s%, s:s%}", "what", what_p, what.n, "addr", addr_p,
                                     addr.n, "agent", agent_p, agent.n));
}

/* l says what the notice's link undoes. */
static enum err notice(struct ctx *cx, struct db *db, struct link *l, struct str email,
                       struct str what, const struct origin *from)
{
    struct outbox_row row;
    struct person p;
    enum err e;

    l->purpose = LINK_NOT_ME;
    if ((e = person_by_id(cx, db, l->person_id, &p)) || (e = link_new(cx, db, l)))
        return e;
    row = (struct outbox_row){
        .service_id = core_of(db)->portal_service_id,
        .identity_id = p.identity_id,
        .channel = STR("email"),
        .target = email,
        .template_name = STR("notice"),
        .link_id = l->id,
        .params = params_what(cx, what, from),
    };
    return outbox_add(cx, db, &row);
}

enum err outbox_notice(struct ctx *cx, struct db *db, int64_t person_id, struct str email,
                       struct str what, int64_t undo_factor_id, const struct origin *from)
{
    struct link l = {.person_id = person_id, .factor_id = undo_factor_id, .data = STR("")};

    return notice(cx, db, &l, email, what, from);
}

enum err outbox_notice_on(struct ctx *cx, struct db *db, int64_t person_id, struct str email,
                          struct str what, int64_t factor_id, const struct origin *from)
{
    struct link l = {.person_id = person_id, .factor_id = factor_id, .data = STR(LINK_DATA_ON)};

    return notice(cx, db, &l, email, what, from);
}

enum err outbox_notice_replaced(struct ctx *cx, struct db *db, int64_t person_id,
                                struct str old_email, struct str what, const struct origin *from)
{
    struct link l = {.person_id = person_id, .data = old_email};

    return notice(cx, db, &l, old_email, what, from);
}

enum err outbox_notice_phone(struct ctx *cx, struct db *db, int64_t identity_id, struct str number,
                             struct str what, const struct origin *from)
{
    struct outbox_row row = {
        .service_id = core_of(db)->portal_service_id,
        .identity_id = identity_id,
        .channel = STR("sms"),
        .target = number,
        .template_name = STR("notice"),
        .params = params_what(cx, what, from),
    };
    enum err e = outbox_add(cx, db, &row);

    if (e != ERR_BLOCKED)
        return e;
    cx->rule = NULL;
    cx->retry_after_s = 0;
    return OK;
}

enum err outbox_operator(struct ctx *cx, struct db *db, const struct service *s, struct str what)
{
    const struct firewall_rules *all = core_of(db)->firewall;
    struct outbox_row row = {
        .service_id = s->id,
        .channel = STR("email"),
        .target = s->operator_email.n || !all ? s->operator_email : all->operator_email,
        .template_name = STR("notice"),
        .params = params_what(cx, what, &(struct origin){{NULL, 0}, {NULL, 0}}
             ),
    };

    return row.target.n ? outbox_add(cx, db, &row) : OK;
}

static struct str param(struct ctx *cx, const json_t *params, const char *key)
{
    const json_t *v = json_object_get(params, key);

    if (!json_is_string(v))
        return STR("");
    return arena_str(cx->mem, (struct str){json_string_value(v), json_string_length(v)});
}

struct str outbox_param(struct ctx *cx, const struct outbox_row *row, const char *key)
{
    json_t *params = json_loadb(row->params.p, row->params.n, 0, NULL);
    struct str out = param(cx, params, key);

    json_decref(params);
    return out;
}

enum err outbox_render(struct ctx *cx, struct db *db, const struct outbox_row *row,
                       struct outbox_message *out)
{
    struct message_in in = {
        .channel = row->channel,
        .template_name = row->template_name,
        .host = core_of(db)->public_host,
        .wording = atomic_load(&core_of(db)->wording),
        .to = row->target,
        .at_ms = row->created_at_ms,
    };
    struct verification v;
    struct service s;
    struct message m;
    json_t *params;
    enum err e;

    if ((e = service_by_id(cx, db, row->service_id, &s)))
        return e;
    in.service_name = s.name;
    params = json_loadb(row->params.p, row->params.n, 0, NULL);
    in.name = param(cx, params, "name");
    in.what = param(cx, params, "what");
    in.locale = param(cx, params, "locale");
    in.about = param(cx, params, "about");
    in.amount = param(cx, params, "amount");
    in.payee = param(cx, params, "payee");
    in.app_hash = param(cx, params, "hash");
    in.warn = param(cx, params, "warn").n > 0;
    if (param(cx, params, "service").n)
        in.service_name = param(cx, params, "service");
    in.addr = param(cx, params, "addr");
    in.user_agent = param(cx, params, "agent");
    if (in.user_agent.n) /* the operator's commands have none */
        in.user_agent = agent_words(cx, in.user_agent);
    json_decref(params);
    if (row->verification_id && ((e = verification_by_id(cx, db, row->verification_id, &v)) ||
                                 (e = verification_code(cx, db, &v, &in.code))))
        return e;
    if (row->link_id && (e = link_url(cx, db, row->link_id, &in.link)))
        return e;
    if ((e = message_render(cx, &in, &m)))
        return e;
    *out = (struct outbox_message){
        .id = row->id,
        .channel = row->channel,
        .to = row->target,
        .subject = m.subject,
        .body = m.text,
        .html = m.html,
        .language = m.language,
        .service_name = s.name,
        .code = in.code,
        .link = in.link,
        .created_at_ms = row->created_at_ms,
    };
    return OK;
}

static struct outbox_row outbox_row_read(const struct db_rows *r)
{
    return (struct outbox_row){
        .id = db_col_int(r, 0),
        .service_id = db_col_int(r, 1),
        .identity_id = db_col_int(r, 2),
        .channel = db_col_text(r, 3),
        .target = db_col_text(r, 4),
        .template_name = db_col_text(r, 5),
        .verification_id = db_col_int(r, 6),
        .link_id = db_col_int(r, 7),
        .params = db_col_text(r, 8),
        .state = db_col_text(r, 9),
        .created_at_ms = db_col_int(r, 10),
        .expires_at_ms = db_col_int(r, 11),
        .hook_id = db_col_int(r, 12),
        .challenge_id = db_col_int(r, 13),
    };
}

enum err outbox_by_id(struct ctx *cx, struct db *db, int64_t id, struct outbox_row *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_OUTBOX_GET, DB_ARGS(db_int(id)), &r);

    if (e == OK)
        *out = outbox_row_read(&r);
    return e;
}

enum err outbox_list(struct ctx *cx, struct db *db, struct str to, unsigned max,
                     struct outbox_message **out, size_t *out_count)
{
    struct outbox_row *rows = ARENA_ARRAY(cx->mem, struct outbox_row, max ? max : 1);
    struct outbox_message *list = ARENA_ARRAY(cx->mem, struct outbox_message, max ? max : 1);
    struct db_rows r = {0};
    size_t count = 0, shown = 0;
    bool more;
    enum err e;

    if (to.n)
        e = db_query(cx, db, Q_OUTBOX_NEWEST_TO, DB_ARGS(db_text(to), db_int(max)), &r);
    else
        e = db_query(cx, db, Q_OUTBOX_NEWEST, DB_ARGS(db_int(max)), &r);
    if (e)
        return e;
    while ((e = db_next(&r, &more)) == OK && more && count < max)
        rows[count++] = outbox_row_read(&r);
    db_rows_end(&r);
    for (size_t i = 0; e == OK && i < count; i++) {
        e = outbox_render(cx, db, &rows[i], &list[shown]);
        if (e == ERR_NOT_FOUND) /* its verification or link was swept: nothing is left to show */
            e = OK;
        else
            shown++;
    }
    if (e)
        return e;
    *out = list;
    *out_count = shown;
    return OK;
}

/* "+49 ••• ••• 0142": the whole calling code, so that people recognise their number. */
static struct str mask_number(struct ctx *cx, struct str number)
{
    enum { SHOWN = 4, MASKED_MIN = 8 };
    struct phone phone;

    if (number.n < MASKED_MIN || phone_parse(cx, STR_NONE, number, &phone))
        return STR("•••");
    return arena_printf(cx->mem, "+%.*s ••• ••• %.*s", STR_ARG(phone.calling_code),
                        STR_ARG(str_sub(number, number.n - SHOWN, SHOWN)));
}

struct str mask_target(struct ctx *cx, struct str channel, struct str target)
{
    ptrdiff_t at = str_find(target, '@');

    if (str_eq(channel, STR("email"))) {
        if (at <= 0)
            return STR("•••");
        return arena_printf(cx->mem, "%c•••%.*s", target.p[0],
                            STR_ARG(str_sub(target, (size_t)at, target.n)));
    }
    return mask_number(cx, target);
}
