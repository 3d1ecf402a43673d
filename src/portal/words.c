/* words.c: see words.h. English, in UTC; the page's script turns instants into the reader's zone.
 */
#include "portal/words.h"
#include "base/clock.h"
#include "core/agent.h"

#include <inttypes.h>

static const char *const months[] = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December",
};

struct when words_when(struct ctx *cx, int64_t at_ms)
{
    char iso[CLOCK_ISO_LEN + 1];
    time_t at_s = (time_t)(at_ms / MS_PER_S);
    struct tm tm;

    if (at_ms <= 0 || !gmtime_r(&at_s, &tm))
        return (struct when){STR_NONE, STR_NONE};
    clock_iso(at_ms, iso);
    return (struct when){
        .iso = arena_str(cx->mem, str_from(iso)),
        .words = arena_printf(cx->mem, "%d %s %d, %02d:%02d UTC", tm.tm_mday, months[tm.tm_mon],
                              tm.tm_year + 1900, tm.tm_hour, tm.tm_min),
    };
}

struct str words_span(struct ctx *cx, int64_t s)
{
    static const struct {
        int64_t unit_s;
        struct str one;
        const char *many;
    } units[] = {
        {1,     STR("a second"), "seconds"},
        {60,    STR("a minute"), "minutes"},
        {3600,  STR("an hour"),  "hours"  },
        {86400, STR("a day"),    "days"   },
    };
    size_t i = 0;
    int64_t n;

    while (i + 1 < COUNT_OF(units) && s >= units[i + 1].unit_s)
        i++;
    n = s / units[i].unit_s + (s % units[i].unit_s > 0);
    if (i + 1 < COUNT_OF(units) && n * units[i].unit_s >= units[i + 1].unit_s) {
        i++;
        n = 1;
    }
    if (n <= 1)
        return units[i].one;
    return arena_printf(cx->mem, "%" PRId64 " %s", n, units[i].many);
}

struct str words_ago(struct ctx *cx, int64_t at_ms)
{
    int64_t days = cx->now_ms / DAY_MS - at_ms / DAY_MS;

    if (days <= 0)
        return STR("today");
    if (days == 1)
        return STR("yesterday");
    return arena_printf(cx->mem, "%" PRId64 " days ago", days);
}

struct str words_browser(struct ctx *cx, struct str user_agent)
{
    return agent_words(cx, user_agent);
}

struct str words_where(struct ctx *cx, struct str user_agent, struct str addr)
{
    struct str browser = words_browser(cx, user_agent);

    if (!addr.n)
        return browser;
    return arena_printf(cx->mem, "%.*s, %.*s", STR_ARG(browser), STR_ARG(addr));
}
