/* wire.c: see wire.h. */
#include "api/authy/wire.h"
#include "api/authy/xml.h"
#include "core/firewall.h"
#include "core/phone.h"

#include <time.h>

struct row {
    const char *code;
    int status;
    enum err e;
    struct str message;
};

static const struct row rows[AUTHY_ERROR_COUNT] = {
#define AUTHY_ERROR_ROW(name, code, status, message)                                               \
    [AUTHY_##name] = {#code, status,                                                               \
                      (status) == 404   ? ERR_NOT_FOUND                                            \
                      : (status) == 401 ? ERR_DENIED                                               \
                      : (status) == 429 ? ERR_LIMITED                                              \
                      : (status) == 500 ? ERR_INTERNAL                                             \
                                        : ERR_INVALID,                                             \
                      STR(message)},
    AUTHY_ERRORS(AUTHY_ERROR_ROW)
#undef AUTHY_ERROR_ROW
};

enum { FIELDS_MAX = 4 };

struct refusal { /* rq->problems */
    const struct row *row;
    struct str message;
    const char *fields[FIELDS_MAX];
    size_t field_count;
};

json_t *text_json(struct str s)
{
    return json_stringn(s.n ? s.p : "", s.n);
}

struct str json_text_of(struct ctx *cx, const json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    struct str out = arena_str(cx->mem, text ? str_from(text) : STR(""));

    free(text);
    return out;
}

struct str device_os(const struct device *d)
{
    static const struct {
        struct str platform, os;
    } known[] = {
        {STR("Android"), STR("android")},
        {STR("iPhone"),  STR("iphone") },
        {STR("iPad"),    STR("ipad")   },
    };

    EACH_ROW (k, known) {
        if (str_find_str(d->platform, k->platform) >= 0)
            return k->os;
    }
    return STR("authy_chrome");
}

/* ---- errors ---- */

static struct refusal *refusal_new(struct ctx *cx, struct request *rq, enum authy_error error)
{
    struct refusal *r = ARENA_NEW(cx->mem, struct refusal);

    r->row = &rows[error];
    r->message = r->row->message;
    rq->problems = r;
    return r;
}

enum err authy_refuse(struct ctx *cx, struct request *rq, enum authy_error error)
{
    const struct refusal *r = refusal_new(cx, rq, error);

    return fail(cx, r->row->e, "authy %s: %.*s", r->row->code, STR_ARG(r->message));
}

enum err authy_refuse_saying(struct ctx *cx, struct request *rq, enum authy_error error,
                             struct str message)
{
    refusal_new(cx, rq, error)->message = message;
    return fail(cx, rows[error].e, "authy %s", rows[error].code);
}

enum err authy_refuse_fields(struct ctx *cx, struct request *rq, enum authy_error error,
                             const char *const *fields, size_t count)
{
    struct refusal *r = refusal_new(cx, rq, error);

    for (size_t i = 0; i < count && i < FIELDS_MAX; i++)
        r->fields[r->field_count++] = fields[i];
    return fail(cx, r->row->e, "authy %s: %s", r->row->code, count ? fields[0] : "");
}

enum err authy_pass(struct ctx *cx, struct request *rq, enum err e)
{
    if (rq->problems) /* the handler has said more */
        return e;
    switch (e) {
    case ERR_LIMITED:
        refusal_new(cx, rq, AUTHY_LIMITED);
        break;
    case ERR_INVALID:
        refusal_new(cx, rq, AUTHY_REQUEST);
        break;
    case OK:
    case ERR_NOT_FOUND:
    case ERR_DENIED:
    case ERR_CONFLICT:
    case ERR_EXPIRED:
    case ERR_BUSY:
    case ERR_BLOCKED:
    case ERR_UPSTREAM:
    case ERR_INTERNAL:
    case ERR_COUNT:
        break;
    }
    return e;
}

enum err authy_blocked(struct ctx *cx, struct request *rq, bool call)
{
    const char *rule = cx->rule;

    if (rule == FIREWALL_COUNTRY)
        return authy_refuse(cx, rq, AUTHY_COUNTRY);
    if (rule == FIREWALL_KIND)
        return authy_refuse(cx, rq, AUTHY_PHONE);
    if (rule == FIREWALL_SPEND)
        return authy_refuse(cx, rq, call ? AUTHY_CALL_LIMIT : AUTHY_SMS_LIMIT);
    return authy_refuse(cx, rq, AUTHY_LIMITED);
}

/* The fields are in `errors` and beside it; a wrong token only beside it. */
static json_t *error_json(const struct refusal *r)
{
    bool token = r->row == &rows[AUTHY_TOKEN] || r->row == &rows[AUTHY_TOKEN_USED];
    json_t *o = json_object(), *errors = json_object();

    json_object_set_new(o, "message", text_json(r->message));
    if (token)
        json_object_set_new(o, "token", json_string("is invalid"));
    json_object_set_new(o, "success", json_false());
    for (size_t i = 0; i < r->field_count; i++)
        json_object_set_new(errors, r->fields[i], json_string("is invalid"));
    if (r->row != &rows[AUTHY_NO_APPROVAL])
        json_object_set_new(errors, "message", text_json(r->message));
    json_object_set_new(o, "errors", errors);
    for (size_t i = 0; i < r->field_count; i++)
        json_object_set_new(o, r->fields[i], json_string("is invalid"));
    json_object_set_new(o, "error_code", json_string(r->row->code));
    return o;
}

/* Of the path itself: there may be no route. */
static bool wants_xml(const struct request *rq)
{
    return str_find_str(rq->path, STR("/xml/")) > 0;
}

static enum err send(struct ctx *cx, const struct request *rq, struct response *rs, int status,
                     const char *root, json_t *json)
{
    enum err e;

    if (wants_xml(rq))
        return respond_xml(cx, rs, status, root, json);
    e = respond_json(cx, rs, status, json);
    rs->content_type = "application/json;charset=utf-8"; /* as the hosted service had it */
    return e;
}

enum err authy_answer(struct ctx *cx, const struct request *rq, struct response *rs, json_t *json)
{
    return send(cx, rq, rs, 200, "hash", json);
}

enum err authy_answer_error(struct ctx *cx, struct request *rq, struct response *rs,
                            enum authy_error error)
{
    const struct refusal *r = refusal_new(cx, rq, error);

    return send(cx, rq, rs, r->row->status, "errors", error_json(r));
}

enum err authy_answer_error_saying(struct ctx *cx, struct request *rq, struct response *rs,
                                   enum authy_error error, struct str message)
{
    struct refusal *r = refusal_new(cx, rq, error);

    r->message = message;
    return send(cx, rq, rs, r->row->status, "errors", error_json(r));
}

static enum authy_error of_status(int status)
{
    switch (status) {
    case 400:
    case 408:
        return AUTHY_REQUEST;
    case 401:
    case 403:
        return AUTHY_KEY;
    case 404:
        return AUTHY_NO_URL;
    case 405:
        return AUTHY_METHOD;
    case 413:
        return AUTHY_TOO_LARGE;
    case 429:
        return AUTHY_LIMITED;
    case 503:
        return AUTHY_BUSY;
    default:
        return AUTHY_INTERNAL;
    }
}

void authy_error(struct ctx *cx, struct request *rq, struct response *rs, enum err e, int status)
{
    const struct refusal *r = rq->problems;

    if (status || !r || e == ERR_INTERNAL || e == ERR_BUSY)
        r = refusal_new(cx, rq, of_status(status ? status : route_status(e)));
    if (send(cx, rq, rs, r->row->status, "errors", error_json(r))) {
        response_reset(rs);
        rs->status = r->row->status;
    }
}

/* ---- who ---- */

enum err authy_user(struct ctx *cx, struct request *rq, struct identity *out)
{
    struct str id = request_param(rq, STR("id"));
    int64_t authy_id;
    enum err e;

    if (!str_to_i64(id, 1, INT32_MAX, &authy_id))
        return authy_refuse(cx, rq, AUTHY_NO_USER);
    e = identity_by_authy_id(cx, rq->db, visitor_of(rq)->service.id, authy_id, out);
    return e == ERR_NOT_FOUND ? authy_refuse(cx, rq, AUTHY_NO_USER) : e;
}

struct str authy_client(const struct request *rq)
{
    enum { ADDR_MAX = 64 };
    struct str addr = arg_text(visitor_of(rq)->args, "user_ip");

    if (addr.n == 0)
        addr = arg_text(visitor_of(rq)->args, "ip");
    return addr.n > ADDR_MAX || str_has_control(addr) ? STR_NONE : addr;
}

struct origin authy_origin(const struct request *rq)
{
    struct str addr = authy_client(rq);

    if (addr.n == 0)
        addr = str_from(rq->addr);
    return (struct origin){.addr = addr, .user_agent = request_header(rq, STR("User-Agent"))};
}

/* ---- who is told ---- */

enum err authy_tell(struct ctx *cx, struct request *rq, enum event event, const struct identity *i)
{
    return happening_tell(cx, rq->db, &visitor_of(rq)->service,
                          &(struct happening){
                              .event = event,
                              .identity_id = i->id,
                              .from = authy_origin(rq),
                          });
}

enum err authy_tell_number(struct ctx *cx, struct request *rq, enum event event, struct str e164,
                           struct str via)
{
    return happening_tell(cx, rq->db, &visitor_of(rq)->service,
                          &(struct happening){
                              .event = event,
                              .number = e164,
                              .via = via,
                              .from = authy_origin(rq),
                          });
}

/* ---- numbers for ids ---- */

enum { NUMBER_DIGITS = 7 }; /* 28 bits */

struct str sid_beginning(struct ctx *cx, const char *letters, int64_t number)
{
    return arena_printf(cx->mem, "%s%0*llx", letters, NUMBER_DIGITS, (unsigned long long)number);
}

int64_t sid_number(struct str sid)
{
    int64_t n = 0;

    for (size_t i = 2; i < sid.n && i < 2 + NUMBER_DIGITS; i++) {
        char c = sid.p[i];

        n = n * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return n;
}

struct str sid_hex24(struct str sid)
{
    return str_sub(sid, 2, 24);
}

struct str sid_uuid(struct ctx *cx, struct str sid)
{
    const char *h = sid.p + 2;

    return sid.n < 34 ? sid
                      : arena_printf(cx->mem, "%.8s-%.4s-%.4s-%.4s-%.12s", h, h + 8, h + 12, h + 16,
                                     h + 20);
}

struct str sid_from_uuid(struct ctx *cx, const char *letters, struct str uuid)
{
    char *p = arena_alloc(cx->mem, uuid.n + 3);
    size_t n = 2;

    p[0] = letters[0], p[1] = letters[1];
    for (size_t i = 0; i < uuid.n; i++) {
        if (uuid.p[i] != '-')
            p[n++] = uuid.p[i];
    }
    return (struct str){p, n};
}

/* ---- phones ---- */

/* An X for each digit, in groups of three of which the last one is whole. */
static void hidden(struct buf *out, size_t digits)
{
    enum { GROUP = 3 };

    for (size_t left = digits; left > 0; left--) {
        buf_addc(out, 'X');
        if ((left - 1) % GROUP == 0)
            buf_addc(out, '-');
    }
}

struct str phone_masked(struct ctx *cx, const struct identity *i)
{
    enum { SHOWN = 2, HIDDEN = 6 };
    OWN(buf_deinit) struct buf b = {.max = 64};

    if (i->phone.n <= SHOWN)
        return STR("");
    buf_addf(&b, "+%.*s-", STR_ARG(i->country_code));
    hidden(&b, HIDDEN);
    buf_addf(&b, "XX%.*s", STR_ARG(str_sub(i->phone, i->phone.n - SHOWN, SHOWN)));
    return arena_str(cx->mem, buf_str(&b));
}

struct str phone_last4(struct ctx *cx, const struct identity *i)
{
    enum { SHOWN = 4 };
    OWN(buf_deinit) struct buf b = {.max = 64};
    size_t national = i->phone.n - MIN_OF(i->phone.n, i->country_code.n + 1);

    if (national <= SHOWN)
        return STR("");
    hidden(&b, national - SHOWN);
    buf_add(&b, str_sub(i->phone, i->phone.n - SHOWN, SHOWN));
    return arena_str(cx->mem, buf_str(&b));
}

struct str phone_dashed(struct ctx *cx, struct str e164)
{
    struct str s = phone_format_international(cx, e164);
    char *p = arena_alloc(cx->mem, s.n + 1);
    bool first = true;

    for (size_t i = 0; i < s.n; i++) {
        p[i] = s.p[i] == ' ' && !first ? '-' : s.p[i];
        first = first && s.p[i] != ' ';
    }
    return (struct str){p, s.n};
}

bool phone_read(struct ctx *cx, struct str country_code, struct str number, struct str *out_cc,
                struct str *out_e164, bool *out_country)
{
    enum { AREA_LEN = 3 };
    struct str cc = country_code;
    enum phone_problem problem;
    struct phone phone;

    if (str_starts(cc, STR("+")))
        cc = str_sub(cc, 1, cc.n);
    *out_country = !str_all_digits(cc);
    if (*out_country)
        return false;
    if (cc.n == 1 + AREA_LEN && cc.p[0] == '1') { /* "1708": some send the area code with it */
        number = arena_printf(cx->mem, "%.*s%.*s", STR_ARG(str_sub(cc, 1, cc.n)), STR_ARG(number));
        cc = STR("1");
    }
    problem = phone_parse(cx, cc, number, &phone);
    *out_country = problem == PHONE_NO_COUNTRY || problem == PHONE_BAD_COUNTRY;
    if (problem != PHONE_OK)
        return false;
    *out_cc = phone.calling_code;
    *out_e164 = phone.e164;
    return true;
}

bool phone_is_landline(struct ctx *cx, struct str e164)
{
    struct phone p;

    return e164.n && phone_parse(cx, STR_NONE, e164, &p) == PHONE_OK && p.type == PHONE_FIXED;
}

struct str iso_time(struct ctx *cx, int64_t at_ms)
{
    time_t at_s = (time_t)(at_ms / MS_PER_S);
    struct tm tm;

    if (!gmtime_r(&at_s, &tm))
        return STR("1970-01-01T00:00:00Z");
    return arena_printf(cx->mem, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
                        tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}
