/*
 * tariff.h: what a message to a phone costs, and which countries any may go to, as operators write
 * it. Pure: texts in, numbers out.
 *
 * Money is counted in millionths of whatever currency the operator thinks in: carriers charge parts
 * of a cent.
 */
#ifndef CORE_TARIFF_H
#define CORE_TARIFF_H

#include "core/phone.h"

enum { MONEY_UNIT = 1000000 };

/* "25", "0.0079": at most six decimals, below a billion. */
bool money_read(struct str text, int64_t *out);
/* "25.00", "0.0079" */
struct str money_text(struct ctx *cx, int64_t amount);

/*
 * Countries: words between blanks or commas: "all", "DE" (ISO 3166), "+883" (a beginning of
 * numbers, whatever country), each with "-" in front to leave it out again; the last word that fits
 * decides. "DE AT CH"; "all -CU -KP".
 */
/* ERR_INVALID: cx->why names the word that is none. */
enum err countries_check(struct ctx *cx, struct str list);
bool countries_have(struct str list, const struct phone *p);

/*
 * Prices: entries between commas, each "[COUNTRY or +BEGINNING] [sms | voice] AMOUNT". The entry
 * that says most about a number holds: a longer beginning before a shorter one, that before a
 * country, that before none; a channel before no channel. One without place and channel must be
 * there. "0.10, US 0.0079, DE sms 0.075, +4474 0.2".
 */
enum err prices_check(struct ctx *cx, struct str list);
/* Of one SMS part, or one call. */
int64_t price_of(struct str list, const struct phone *p, bool call);

#endif
