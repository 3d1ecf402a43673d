/* app.c: what an application may know about itself. */
#include "api/authy/handlers.h"
#include "api/authy/wire.h"
#include "core/usage.h"

json_t *app_json(const struct service *s)
{
    json_t *app = json_object();

    json_object_set_new(app, "name", text_json(s->test_mode ? STR("Sandbox App 1") : s->name));
    json_object_set_new(app, "plan", json_string("pay_as_you_go"));
    json_object_set_new(app, "sms_enabled", json_true());
    json_object_set_new(app, "phone_calls_enabled", json_true());
    json_object_set_new(app, "app_id", json_integer(sid_number(s->sid)));
    json_object_set_new(app, "onetouch_enabled", json_true());
    return app;
}

enum err app_details(struct ctx *cx, struct request *rq, struct response *rs)
{
    json_t *o = json_object();

    json_object_set_new(o, "app", app_json(&visitor_of(rq)->service));
    json_object_set_new(o, "message", json_string("Application information."));
    json_object_set_new(o, "success", json_true());
    return authy_answer(cx, rq, rs, o);
}

/* Exactly these seven keys: authy-client refuses an eighth. */
static json_t *month_json(const struct usage_month *m)
{
    static const char *const names[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
    json_t *o = json_object();
    int64_t all = 0;

    for (size_t k = 0; k < USAGE_KINDS; k++)
        all += m->count[k];
    json_object_set_new(o, "sms_count", json_integer(m->count[USAGE_SMS]));
    json_object_set_new(o, "calls_count", json_integer(m->count[USAGE_CALLS]));
    json_object_set_new(o, "users_count", json_integer(m->count[USAGE_USERS]));
    json_object_set_new(o, "auths_count", json_integer(m->count[USAGE_AUTHS]));
    json_object_set_new(o, "month", json_string(names[(unsigned)(m->month - 1) % COUNT_OF(names)]));
    json_object_set_new(o, "api_calls_count", json_integer(all));
    json_object_set_new(o, "year", json_integer(m->year));
    return o;
}

enum err app_stats(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct service *s = &visitor_of(rq)->service;
    struct usage_month months[USAGE_MONTHS];
    int64_t users;
    json_t *o, *stats;
    enum err e;

    if ((e = usage_of(cx, rq->db, s->id, months)) ||
        (e = identity_user_count(cx, rq->db, s->id, &users)))
        return e;
    stats = json_array();
    EACH_ROW (m, months)
        json_array_append_new(stats, month_json(m));
    o = json_object();
    json_object_set_new(o, "message", json_string("Monthly statistics."));
    json_object_set_new(o, "count", json_integer(USAGE_MONTHS));
    json_object_set_new(o, "total_users", json_integer(users));
    json_object_set_new(o, "app_id", json_integer(sid_number(s->sid)));
    json_object_set_new(o, "success", json_true());
    json_object_set_new(o, "stats", stats);
    return authy_answer(cx, rq, rs, o);
}
