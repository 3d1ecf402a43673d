/*
 * firewall.c: the rules of firewall.h. Everything that decides is read in the transaction that
 * queues the message, so two requests never share the last of a budget; what cannot be read stops
 * the message.
 */
#include "core/firewall.h"
#include "core/audit.h"
#include "core/firewall_rows.h"
#include "core/service.h"
#include "core/tariff.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdatomic.h>

const char FIREWALL_KIND[] = "kind", FIREWALL_COUNTRY[] = "country", FIREWALL_PAUSED[] = "paused",
           FIREWALL_PREFIX[] = "prefix", FIREWALL_ADDRESS[] = "address", FIREWALL_SPEND[] = "spend";

static const char *const rule_names[FIREWALL_RULES] = {
    FIREWALL_KIND,   FIREWALL_COUNTRY, FIREWALL_PAUSED,
    FIREWALL_PREFIX, FIREWALL_ADDRESS, FIREWALL_SPEND,
};

enum { PARTS_ASSUMED = 4 }; /* of an SMS that is not written yet */

/* Beginnings of numbers. One is paused when `floor` messages of the window have codes that did not
 * come back, unless at least `least` percent of all did. People enter seven codes of ten or more;
 * whoever pumps enters none. */
static const struct level {
    int64_t window_ms, floor, least;
} levels[FIREWALL_LEVELS] = {
    [FIREWALL_BLOCK] = {HOUR_MS, 30,  50},
    [FIREWALL_RANGE] = {DAY_MS,  100, 15},
};
static const int64_t pause_first_ms = HOUR_MS, pause_longest_ms = DAY_MS;
/* Mails about pauses: who pumps everywhere must not fill the operator's mailbox. */
static const struct limit_rule notices = {"firewall.notice", 4, 3600};

static const struct firewall_rules *rules_of(const struct db *db)
{
    return core_of(db)->firewall;
}

bool firewall_guards(struct str channel)
{
    return str_eq(channel, STR("sms")) || str_eq(channel, STR("voice")) ||
           str_eq(channel, STR("whatsapp"));
}

static enum err refuse(struct ctx *cx, const char *rule, int64_t until_ms, const char *why)
{
    cx->rule = rule;
    cx->retry_after_s = until_ms > cx->now_ms && until_ms < INT64_MAX
                            ? (until_ms - cx->now_ms + MS_PER_S - 1) / MS_PER_S
                            : 0;
    return fail(cx, ERR_BLOCKED, "firewall, %s: %s", rule, why);
}

/* ---- refusals ---- */

const char *firewall_rule(unsigned i)
{
    return rule_names[i];
}

/* A message that was to be sent: notes which rule refused it, if one did. */
static enum err counted(const struct ctx *cx, const struct db *db, enum err e)
{
    struct firewall_tally *tally = core_of(db)->firewall_tally;

    for (size_t i = 0; e == ERR_BLOCKED && tally && i < FIREWALL_RULES; i++) {
        if (cx->rule == rule_names[i])
            atomic_fetch_add(&tally->refused[i], 1);
    }
    return e;
}

/* ---- beginnings ---- */

static struct str firewall_beginning(const struct phone *p, enum firewall_level level)
{
    enum { TAIL = 4, RANGE_DIGITS = 3 };
    size_t head = p->calling_code.n + 1, n;

    if (level == FIREWALL_RANGE)
        n = head + RANGE_DIGITS;
    else
        n = MAX_OF(p->e164.n - MIN_OF(p->e164.n, (size_t)TAIL), head + 1);
    return str_sub(p->e164, 0, n);
}

static enum err row_read(struct ctx *cx, struct db *db, const struct phone *p,
                         enum firewall_level level, struct firewall_row *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    struct firewall_row row = {.window_at_ms = cx->now_ms};
    struct str prefix = firewall_beginning(p, level);
    enum err e = db_one(cx, db, Q_PHONE_PREFIX_GET, DB_ARGS(db_text(prefix), db_int(level)), &r);

    if (e && e != ERR_NOT_FOUND)
        return e;
    if (e == OK)
        row = (struct firewall_row){
            .window_at_ms = db_col_int(&r, 0),
            .sent = db_col_int(&r, 1),
            .proved = db_col_int(&r, 2),
            .paused_until_ms = db_col_int(&r, 3),
            .pauses = db_col_int(&r, 4),
        };
    row.prefix = prefix;
    row.level = level;
    /* a window that is over, or a pause: what comes now is counted afresh */
    if (cx->now_ms >= row.window_at_ms + levels[level].window_ms ||
        (row.paused_until_ms && row.paused_until_ms <= cx->now_ms)) {
        if (cx->now_ms > row.paused_until_ms + pause_longest_ms)
            row.pauses = 0;
        row.window_at_ms = cx->now_ms;
        row.sent = row.proved = 0;
        if (row.paused_until_ms <= cx->now_ms)
            row.paused_until_ms = 0;
    }
    *out = row;
    return OK;
}

static enum err row_write(struct ctx *cx, struct db *db, const struct firewall_row *row)
{
    return db_exec(cx, db, Q_PHONE_PREFIX_SET,
                   DB_ARGS(db_text(row->prefix), db_int(row->level), db_int(row->window_at_ms),
                           db_int(row->sent), db_int(row->proved), db_int(row->paused_until_ms),
                           db_int(row->pauses), db_int(cx->now_ms)),
                   NULL);
}

/* ---- where a message comes from ---- */

/* "203.0.113.0", "2001:db8:7::": what one customer of a provider may well have all of. */
static struct str network_of(struct ctx *cx, struct str client)
{
    enum { V4_LEN = 4, V4_KEPT = 3, V6_LEN = 16, V6_KEPT = 6 };
    const char *z = arena_str(cx->mem, client).p; /* with a NUL behind */
    char text[INET6_ADDRSTRLEN] = "";
    uint8_t raw[V6_LEN];

    if (inet_pton(AF_INET, z, raw) == 1) {
        memset(raw + V4_KEPT, 0, V4_LEN - V4_KEPT);
        inet_ntop(AF_INET, raw, text, sizeof(text));
    } else if (inet_pton(AF_INET6, z, raw) == 1) {
        memset(raw + V6_KEPT, 0, V6_LEN - V6_KEPT);
        inet_ntop(AF_INET6, raw, text, sizeof(text));
    }
    return arena_str(cx->mem, str_from(text));
}

static enum err address_peek(struct ctx *cx, struct db *db, const struct limit_rule *rule,
                             struct str subject)
{
    enum err e;

    if (!rule->max || !subject.n)
        return OK;
    e = limit_peek(cx, db, rule, subject);
    if (e != ERR_LIMITED)
        return e;
    return refuse(cx, FIREWALL_ADDRESS, cx->now_ms + cx->retry_after_s * MS_PER_S,
                  "this client or its network caused too many messages");
}

static enum err address_count(struct ctx *cx, struct db *db, const struct limit_rule *rule,
                              struct str subject)
{
    return rule->max && subject.n ? limit_count(cx, db, rule, subject) : OK;
}

/* ---- money ---- */

static int64_t day_of(int64_t at_ms)
{
    return at_ms / DAY_MS;
}

enum err firewall_today(struct ctx *cx, struct db *db, struct firewall_day *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    const struct firewall_rules *rules = rules_of(db);
    struct firewall_day day = {.capped = rules && rules->capped};
    enum err e = db_one(cx, db, Q_PHONE_SPEND_GET, DB_ARGS(db_int(day_of(cx->now_ms))), &r);

    if (e && e != ERR_NOT_FOUND)
        return e;
    if (e == OK) {
        day.messages = db_col_int(&r, 0);
        day.spent = db_col_int(&r, 1);
        day.extra = db_col_int(&r, 2);
        day.told = db_col_int(&r, 3);
    }
    if (day.capped)
        day.cap = rules->daily_spend + day.extra;
    *out = day;
    return OK;
}

static enum err tell(struct ctx *cx, struct db *db, struct str what, const char *event,
                     struct str detail)
{
    const struct firewall_rules *rules = rules_of(db);
    struct outbox_row row = {
        .service_id = core_of(db)->portal_service_id,
        .channel = STR("email"),
        .target = rules->operator_email,
        .template_name = STR("notice"),
        .params = params_what(cx, what, &(struct origin){STR_NONE, STR_NONE}),
    };
    enum err e = audit_add(cx, db,
                           &(struct audit_entry){
                               .service_id = row.service_id,
                               .actor = "system",
                               .event = event,
                               .detail = detail,
                           });

    return e || !rules->operator_email.n ? e : outbox_add(cx, db, &row);
}

/* At 50, 80 and 100 percent: full when the next one would be refused. */
static enum err spend_tell(struct ctx *cx, struct db *db, const struct firewall_day *day,
                           int64_t next)
{
    static const int64_t steps[] = {50, 80, 100};
    int64_t reached = 0;
    struct str what;
    enum err e;

    if (!day->capped)
        return OK;
    EACH_ROW (step, steps) {
        if (day->spent >= day->cap / 100 * *step || (*step == 100 && day->cap - day->spent < next))
            reached = *step;
    }
    if (reached <= day->told)
        return OK;
    what = arena_printf(
        cx->mem, "%d %% of what messages to phones may cost today is spent: %.*s of %.*s. %s",
        (int)reached, STR_ARG(money_text(cx, day->spent)), STR_ARG(money_text(cx, day->cap)),
        reached < 100 ? "If that is more than you expect, see: countersign firewall list"
                      : "No more are sent until midnight (UTC). To let today go on: countersign "
                        "firewall extend AMOUNT");
    if ((e = db_exec(cx, db, Q_PHONE_SPEND_TOLD,
                     DB_ARGS(db_int(reached), db_int(day_of(cx->now_ms))), NULL)))
        return e;
    return tell(cx, db, what, "phone_spend",
                arena_printf(cx->mem, "percent=%d spent=%.*s", (int)reached,
                             STR_ARG(money_text(cx, day->spent))));
}

/* ---- the rules ---- */

static bool is_call(const struct dispatch *d)
{
    return str_eq(d->channel, STR("voice"));
}

struct look { /* what the rules saw, for counting */
    struct phone phone;
    bool free; /* the operator or a safe list lets it through: nothing is counted but money */
    struct firewall_row row[FIREWALL_LEVELS];
    struct firewall_day day;
    int64_t price, charge; /* of one part, and of this message */
};

static enum err word_of_operator(struct ctx *cx, struct db *db, struct str to, bool *out_allow)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_PHONE_RULE_OF, DB_ARGS(db_text(to)), &r);

    *out_allow = e == OK && str_eq(db_col_text(&r, 0), STR("allow"));
    if (e == OK && !*out_allow)
        return refuse(cx, FIREWALL_PAUSED, 0, "the operator paused numbers that begin so");
    return e == ERR_NOT_FOUND ? OK : e;
}

static enum err is_safe(struct ctx *cx, struct db *db, int64_t service_id, struct str to, bool *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_PHONE_IS_SAFE, DB_ARGS(db_int(service_id), db_text(to)), &r);

    *out = e == OK;
    return e == ERR_NOT_FOUND ? OK : e;
}

static enum err country(struct ctx *cx, struct db *db, int64_t service_id, const struct phone *p)
{
    struct service s;
    enum err e = service_by_id(cx, db, service_id, &s);

    if (e)
        return e;
    if (!countries_have(s.countries.n ? s.countries : rules_of(db)->countries, p))
        return refuse(cx, FIREWALL_COUNTRY, 0, "messages to this country are not allowed");
    return OK;
}

static enum err beginnings(struct ctx *cx, struct db *db, struct look *l)
{
    const struct limit_rule *most = &rules_of(db)->prefix;
    enum err e;

    for (unsigned i = 0; i < FIREWALL_LEVELS; i++) {
        if ((e = row_read(cx, db, &l->phone, (enum firewall_level)i, &l->row[i])))
            return e;
        if (l->row[i].paused_until_ms > cx->now_ms)
            return refuse(cx, FIREWALL_PAUSED, l->row[i].paused_until_ms,
                          "codes sent to numbers that begin so do not come back");
    }
    if (most->max && l->row[FIREWALL_BLOCK].sent >= most->max)
        return refuse(cx, FIREWALL_PREFIX,
                      l->row[FIREWALL_BLOCK].window_at_ms + levels[FIREWALL_BLOCK].window_ms,
                      "numbers that begin so got too many messages");
    return OK;
}

static enum err money(struct ctx *cx, struct db *db, const struct dispatch *d, size_t parts,
                      struct look *l)
{
    enum err e = firewall_today(cx, db, &l->day);

    if (e)
        return e;
    l->price = price_of(rules_of(db)->prices, &l->phone, is_call(d));
    l->charge = is_call(d) ? l->price : l->price * (int64_t)parts;
    if (l->day.capped && l->charge > l->day.cap - l->day.spent)
        return refuse(cx, FIREWALL_SPEND, (day_of(cx->now_ms) + 1) * DAY_MS,
                      "the day's money for messages to phones is spent");
    return OK;
}

static enum err look(struct ctx *cx, struct db *db, const struct dispatch *d, size_t parts,
                     struct look *l)
{
    const struct firewall_rules *rules = rules_of(db);
    bool allow, safe;
    enum err e;

    *l = (struct look){0};
    if (phone_parse(cx, STR_NONE, d->target, &l->phone) || !str_eq(l->phone.e164, d->target))
        return refuse(cx, FIREWALL_KIND, 0, "this is no number");
    if (phone_refuse_reason(&l->phone).n)
        return refuse(cx, FIREWALL_KIND, 0, "numbers of this kind cost extra, or take no messages");
    if ((e = word_of_operator(cx, db, d->target, &allow)) ||
        (!allow && (e = country(cx, db, d->service_id, &l->phone))) ||
        (e = is_safe(cx, db, d->service_id, d->target, &safe)))
        return e;
    l->free = allow || safe;
    if (!l->free &&
        ((e = beginnings(cx, db, l)) || (e = address_peek(cx, db, &rules->address, d->client)) ||
         (e = address_peek(cx, db, &rules->network, network_of(cx, d->client)))))
        return e;
    return money(cx, db, d, parts, l);
}

enum err firewall_peek(struct ctx *cx, struct db *db, const struct dispatch *d)
{
    struct look l;

    return rules_of(db) && firewall_guards(d->channel) ? look(cx, db, d, PARTS_ASSUMED, &l) : OK;
}

enum err firewall_may(struct ctx *cx, struct db *db, const struct dispatch *d)
{
    return counted(cx, db, firewall_peek(cx, db, d));
}

/* ---- counting ---- */

static enum err pause_row(struct ctx *cx, struct db *db, struct firewall_row *row)
{
    int64_t pause_ms = pause_first_ms;
    struct str what;
    enum err e;

    for (int64_t i = 0; i < row->pauses && pause_ms < pause_longest_ms; i++)
        pause_ms *= 2;
    pause_ms = MIN_OF(pause_ms, pause_longest_ms);
    row->paused_until_ms = cx->now_ms + pause_ms;
    row->pauses++;
    e = limit_peek(cx, db, &notices, STR("pause"));
    if (e == ERR_LIMITED)
        return OK;
    if (e || (e = limit_count(cx, db, &notices, STR("pause"))))
        return e;
    what = arena_printf(cx->mem,
                        "Numbers that begin with %.*s get no messages for %d hours: of the last "
                        "%" PRId64 " codes sent there, %" PRId64 " came back. If these are your "
                        "people: countersign firewall allow %.*s",
                        STR_ARG(row->prefix), (int)(pause_ms / HOUR_MS), row->sent, row->proved,
                        STR_ARG(row->prefix));
    return tell(cx, db, what, "phone_prefix_paused",
                arena_printf(cx->mem, "prefix=%.*s sent=%" PRId64 " proved=%" PRId64,
                             STR_ARG(row->prefix), row->sent, row->proved));
}

static enum err count_row(struct ctx *cx, struct db *db, struct firewall_row *row)
{
    const struct level *level = &levels[row->level];
    enum err e;

    row->sent++;
    if (row->sent - row->proved >= level->floor && row->proved * 100 < row->sent * level->least &&
        (e = pause_row(cx, db, row)))
        return e;
    return row_write(cx, db, row);
}

enum err firewall_take(struct ctx *cx, struct db *db, struct outbox_row *row, size_t parts)
{
    const struct firewall_rules *rules = rules_of(db);
    const struct dispatch d = {row->service_id, row->channel, row->target, row->client};
    struct look l;
    enum err e;

    if (!rules)
        return OK;
    if ((e = counted(cx, db, look(cx, db, &d, parts, &l))))
        return e;
    /* only a code, or the answer to a request, can come back */
    row->counted = !l.free && (row->verification_id || row->challenge_id);
    row->charge = l.charge;
    for (unsigned i = 0; row->counted && i < FIREWALL_LEVELS; i++) {
        if ((e = count_row(cx, db, &l.row[i])))
            return e;
    }
    if (!l.free && ((e = address_count(cx, db, &rules->address, d.client)) ||
                    (e = address_count(cx, db, &rules->network, network_of(cx, d.client)))))
        return e;
    if ((e = db_exec(cx, db, Q_PHONE_SPEND_ADD,
                     DB_ARGS(db_int(day_of(cx->now_ms)), db_int(1), db_int(l.charge)), NULL)))
        return e;
    l.day.spent += l.charge;
    return spend_tell(cx, db, &l.day, is_call(&d) ? l.price : l.price * PARTS_ASSUMED);
}

/* One message's part in the counts of its number's beginnings. */
static enum err uncount(struct ctx *cx, struct db *db, enum query q, struct str target,
                        int64_t created_at_ms)
{
    struct phone p;
    enum err e = OK;

    if (phone_parse(cx, STR_NONE, target, &p))
        return OK;
    for (unsigned i = 0; e == OK && i < FIREWALL_LEVELS; i++)
        e = db_exec(cx, db, q,
                    DB_ARGS(db_text(firewall_beginning(&p, (enum firewall_level)i)), db_int(i),
                            db_int(created_at_ms)),
                    NULL);
    return e;
}

/* q takes the messages of a verification, or of a request, out of the count. */
static enum err proved(struct ctx *cx, struct db *db, enum query q, int64_t id)
{
    enum { SENDS_MAX = 16 }; /* a verification has five, and those that another channel took */
    struct {
        struct str target;
        int64_t created_at_ms;
    } sent[SENDS_MAX];
    struct db_rows r = {0};
    size_t count = 0;
    bool more;
    enum err e;

    if (!rules_of(db))
        return OK;
    if ((e = db_query(cx, db, q, DB_ARGS(db_int(id)), &r)))
        return e;
    while ((e = db_next(&r, &more)) == OK && more) {
        if (count == SENDS_MAX)
            continue;
        sent[count].target = db_col_text(&r, 0);
        sent[count++].created_at_ms = db_col_int(&r, 1);
    }
    db_rows_end(&r);
    for (size_t i = 0; e == OK && i < count; i++)
        e = uncount(cx, db, Q_PHONE_PREFIX_PROVED, sent[i].target, sent[i].created_at_ms);
    return e;
}

enum err firewall_proved(struct ctx *cx, struct db *db, int64_t verification_id)
{
    return proved(cx, db, Q_OUTBOX_PROVED, verification_id);
}

enum err firewall_proved_call(struct ctx *cx, struct db *db, int64_t challenge_id)
{
    return proved(cx, db, Q_OUTBOX_CALL_PROVED, challenge_id);
}

/* ---- what it cost in the end ---- */

struct charge {
    int64_t amount, created_at_ms;
    bool counted;
};

static enum err charge_of(struct ctx *cx, struct db *db, int64_t outbox_id, struct charge *out)
{
    OWN(db_rows_end) struct db_rows r = {0};
    enum err e = db_one(cx, db, Q_OUTBOX_CHARGE, DB_ARGS(db_int(outbox_id)), &r);

    *out = (struct charge){0};
    if (e)
        return e == ERR_NOT_FOUND ? OK : e;
    *out = (struct charge){db_col_int(&r, 0), db_col_int(&r, 2), db_col_int(&r, 1) != 0};
    return OK;
}

enum err firewall_unsent(struct ctx *cx, struct db *db, int64_t outbox_id)
{
    struct db_rows r = {0};
    struct charge was;
    struct str target;
    enum err e;

    if ((e = charge_of(cx, db, outbox_id, &was)) || was.amount == 0)
        return e;
    if ((e = db_one(cx, db, Q_OUTBOX_UNSENT, DB_ARGS(db_int(outbox_id)), &r)))
        return e == ERR_NOT_FOUND ? OK : e;
    target = db_col_text(&r, 0);
    db_rows_end(&r);
    if (was.counted && (e = uncount(cx, db, Q_PHONE_PREFIX_UNSENT, target, was.created_at_ms)))
        return e;
    return db_exec(cx, db, Q_PHONE_SPEND_ADD,
                   DB_ARGS(db_int(day_of(was.created_at_ms)), db_int(-1), db_int(-was.amount)),
                   NULL);
}

enum err firewall_priced(struct ctx *cx, struct db *db, int64_t outbox_id, int64_t price)
{
    struct charge was;
    enum err e;

    if ((e = charge_of(cx, db, outbox_id, &was)) || was.amount == 0 || was.amount == price)
        return e;
    if ((e = db_exec(cx, db, Q_OUTBOX_SET_CHARGE, DB_ARGS(db_int(price), db_int(outbox_id)), NULL)))
        return e;
    return db_exec(
        cx, db, Q_PHONE_SPEND_ADD,
        DB_ARGS(db_int(day_of(was.created_at_ms)), db_int(0), db_int(price - was.amount)), NULL);
}

struct str firewall_words(const char *rule)
{
    static const struct {
        const char *rule;
        struct str text;
    } words[] = {
        {FIREWALL_KIND,    STR("We can't send codes to this kind of number. Use another way.")    },
        {FIREWALL_COUNTRY, STR("We can't send codes to numbers of this country. Use another way.")},
        {FIREWALL_PAUSED,  STR("We can't send codes to numbers like yours for now. Use another "
                              "way, or try again later.")                },
        {FIREWALL_PREFIX,  STR("We can't send codes to numbers like yours for now. Use another "
                              "way, or try again later.")                },
        {FIREWALL_ADDRESS, STR("Too many codes were asked for from your network. Use another "
                               "way, or try again later.")              },
        {FIREWALL_SPEND,   STR("We can't send text messages or place calls for now. Use another "
                             "way, or try again later.")                  },
    };

    EACH_ROW (row, words) {
        if (row->rule == rule)
            return row->text;
    }
    return STR_NONE;
}
