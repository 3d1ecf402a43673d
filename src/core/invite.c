/* invite.c: see invite.h. */
#include "core/invite.h"
#include "core/device.h"
#include "core/outbox.h"
#include "core/service.h"
#include "core/verification.h"

static enum err send(struct ctx *cx, struct db *db, const struct identity *i, int64_t link_id,
                     int64_t expires_at_ms)
{
    struct outbox_row row = {
        .service_id = i->service_id,
        .identity_id = i->id,
        .channel = STR("sms"),
        .target = i->phone,
        .template_name = STR("pair_device"),
        .link_id = link_id,
        .params = STR("{}"),
        .expires_at_ms = expires_at_ms,
    };

    return outbox_add(cx, db, &row);
}

enum err invite_by_sms(struct ctx *cx, struct db *db, const struct identity *i)
{
    enum { LIFE_S = 600 };
    struct device *list;
    struct service s;
    struct str url;
    int64_t link_id;
    size_t count;
    enum err e;

    if ((e = service_by_id(cx, db, i->service_id, &s)) ||
        (e = device_list(cx, db, i->id, &list, &count)) || count > 0 || s.test_mode ||
        i->phone.n == 0)
        return e;
    e = destination_take(cx, db, i->phone);
    if (e == ERR_LIMITED)
        return OK;
    if (e || (e = device_pair_invite(cx, db, i->id, STR(""), &link_id, &url)))
        return e;
    return send(cx, db, i, link_id, cx->now_ms + (int64_t)LIFE_S * MS_PER_S);
}
