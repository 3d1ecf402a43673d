/* invite.c: see invite.h. */
#include "core/invite.h"
#include "channel/language.h"
#include "core/device.h"
#include "core/outbox.h"
#include "core/service.h"
#include "core/verification.h"

static const struct way {
    struct str channel;
    int64_t life_s;
} ways[] = {
    [INVITE_BY_SMS] = {{"sms", 3},   PAIR_LINK_LIFE_S},
    [INVITE_BY_EMAIL] = {{"email", 5}, 86400           },
};

static enum err send(struct ctx *cx, struct db *db, const struct identity *i, const struct way *way,
                     struct str target, int64_t link_id)
{
    const struct code_words words = {.locale = str_from(language_pick(STR_NONE, i->phone)->tag)};
    struct outbox_row row = {
        .service_id = i->service_id,
        .identity_id = i->id,
        .channel = way->channel,
        .target = target,
        .template_name = STR("pair_device"),
        .link_id = link_id,
        .params = params_code(cx, &words),
        .expires_at_ms = cx->now_ms + way->life_s * MS_PER_S,
    };

    return outbox_add(cx, db, &row);
}

/* Applications say with every registration whether they want an SMS; that they don't is no reason
 * to mail again each time. A new address is. */
static enum err take_mail(struct ctx *cx, struct db *db, const struct identity *i)
{
    static const struct limit_rule once = {"invite.email", 1, INVITE_MAIL_EVERY_S};

    return limit_take(cx, db, &once,
                      arena_printf(cx->mem, "%.*s %.*s", STR_ARG(i->sid), STR_ARG(i->email)));
}

enum err invite_send(struct ctx *cx, struct db *db, const struct identity *i, enum invite_way way)
{
    struct str target = way == INVITE_BY_SMS ? i->phone : i->email, url;
    struct device *list;
    struct service s;
    int64_t link_id;
    size_t count;
    enum err e;

    if ((e = service_by_id(cx, db, i->service_id, &s)) ||
        (e = device_list(cx, db, i->id, &list, &count)) || count > 0 || s.test_mode ||
        target.n == 0)
        return e;
    e = destination_take(cx, db,
                         &(struct dispatch){
                             .service_id = i->service_id,
                             .channel = ways[way].channel,
                             .target = verification_target(cx, ways[way].channel, target),
                         });
    if (!e && way == INVITE_BY_EMAIL)
        e = take_mail(cx, db, i);
    if (e == ERR_LIMITED || e == ERR_BLOCKED)
        return OK;
    if (e || (e = device_pair_invite(cx, db, i->id, STR(""), ways[way].life_s, &link_id, &url)))
        return e;
    return send(cx, db, i, &ways[way], target, link_id);
}
