/*
 * firewall.h: whether a message to a phone may be sent. Such messages cost money, and part of it
 * comes back to whoever owns the numbers; so strangers make servers send them ("SMS pumping": many
 * numbers of one beginning, codes that nobody enters).
 *
 * outbox_add asks for every SMS and every call, whoever queues it; nothing else does. Rules, in
 * order:
 *
 *   kind     premium, shared-cost and the like: never
 *   country  not in the service's list of countries, or the operator's
 *   paused   numbers that begin so: by the operator, or because their codes do not come back
 *   prefix   numbers that begin so got too many within an hour
 *   address  the client that caused it, or its network, caused too many
 *   spend    the day's money (UTC) would be exceeded, or its sum is not known
 *
 * The operator's `allow` of a beginning lifts all but kind and spend; the safe list of the Verify
 * dialect lifts paused, prefix and address. Only messages that were let through count, in the
 * transaction that queues them: what is refused changes nothing.
 *
 * Beginnings are counted at two lengths (levels[] in firewall.c). A code that comes back takes its
 * message out of the count again, so a company whose people all sign in at nine is in nobody's way.
 */
#ifndef CORE_FIREWALL_H
#define CORE_FIREWALL_H

#include "core/limit.h"
#include "core/outbox.h"

struct firewall_rules { /* of the settings; constant. core.firewall = NULL: there are none */
    struct str countries, prices; /* tariff.h */
    bool capped;
    int64_t daily_spend;                /* millionths; counts when capped */
    struct limit_rule prefix;           /* max 0, here and below: no such limit */
    struct limit_rule address, network; /* network: IPv4 /24, IPv6 /48 */
    struct str operator_email;          /* told at 50, 80 and 100 %, and of pauses; empty: nobody */
};

/* Words for cx->rule, with ERR_BLOCKED. */
extern const char FIREWALL_KIND[], FIREWALL_COUNTRY[], FIREWALL_PAUSED[], FIREWALL_PREFIX[],
    FIREWALL_ADDRESS[], FIREWALL_SPEND[];

/* Messages that were refused since the start, by rule. Any thread may count and read. */
enum { FIREWALL_RULES = 6 };
struct firewall_tally {
    _Atomic uint64_t refused[FIREWALL_RULES];
};
/* The word of its i-th number. */
const char *firewall_rule(unsigned i);

/* SMS, calls and what else goes to a number. */
bool firewall_guards(struct str channel);

struct dispatch { /* a message that would be sent */
    int64_t service_id;
    struct str channel, target;
    struct str client; /* address of whoever causes it; empty: not known, as with applications */
};
/* Only looks, and assumes a long text; works on a read-only handle. ERR_BLOCKED with cx->rule;
 * cx->retry_after_s where time helps. */
enum err firewall_peek(struct ctx *cx, struct db *db, const struct dispatch *d);
/* The same for callers that would write something and queue the message next: its refusal is a
 * message that was not sent. */
enum err firewall_may(struct ctx *cx, struct db *db, const struct dispatch *d);

/* For outbox_add: the same, then counts. Sets row->charge and row->counted. */
enum err firewall_take(struct ctx *cx, struct db *db, struct outbox_row *row, size_t parts);

/* The codes of a verification came back. */
enum err firewall_proved(struct ctx *cx, struct db *db, int64_t verification_id);
/* The request that calls asked about was approved by its digits. */
enum err firewall_proved_call(struct ctx *cx, struct db *db, int64_t challenge_id);
/* A message was never sent: it cost nothing. */
enum err firewall_unsent(struct ctx *cx, struct db *db, int64_t outbox_id);
/* The carrier's own price of one that was sent: a correction of the day's sum. */
enum err firewall_priced(struct ctx *cx, struct db *db, int64_t outbox_id, int64_t price);

/* What a person is told when a message to their phone was refused, and it is not to wait; empty: no
 * such rule. */
struct str firewall_words(const char *rule);

/* ---- for the operator ---- */

struct firewall_prefix {
    struct str prefix;
    bool by_operator;                      /* paused until it is resumed; nothing is counted here */
    bool allowed;                          /* by the operator */
    int64_t sent, proved, paused_until_ms; /* INT64_MAX: until it is resumed */
};
struct firewall_day {
    int64_t messages, spent, extra; /* extra: what the operator added for this day */
    bool capped;
    int64_t cap;  /* with extra; when capped */
    int64_t told; /* percent that the operator was told of */
};

enum err firewall_today(struct ctx *cx, struct db *db, struct firewall_day *out);
/* How many beginnings are paused now, by the rules and by the operator. */
enum err firewall_paused_count(struct ctx *cx, struct db *db, int64_t *out_by_rules,
                               int64_t *out_by_operator);
/* Paused ones, the operator's words, and the busiest. */
enum err firewall_list(struct ctx *cx, struct db *db, struct firewall_prefix **out,
                       size_t *out_count);
/* ERR_INVALID: not a beginning of numbers. */
enum err firewall_pause(struct ctx *cx, struct db *db, struct str prefix);
enum err firewall_allow(struct ctx *cx, struct db *db, struct str prefix);
/* Ends a pause or an allowance of exactly this beginning, with a fresh count. ERR_NOT_FOUND. */
enum err firewall_resume(struct ctx *cx, struct db *db, struct str prefix);
/* Lets today's spending go on by so much. ERR_CONFLICT: there is no cap. */
enum err firewall_extend(struct ctx *cx, struct db *db, int64_t amount);

#endif
