/* clock.c: see clock.h. The offset is atomic because every thread reads it. */
#include "base/clock.h"
#include "base/macros.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static _Atomic int64_t offset_ms;

static int64_t read_ms(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * MS_PER_S + ts.tv_nsec / 1000000;
}

int64_t clock_now_ms(void)
{
    return read_ms(CLOCK_REALTIME) + atomic_load_explicit(&offset_ms, memory_order_relaxed);
}

int64_t clock_mono_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_mono_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void clock_set_offset_ms(int64_t offset)
{
    atomic_store_explicit(&offset_ms, offset, memory_order_relaxed);
}

/* Outside of the years 1970 to 9999, which have no other way into four digits, the nearest instant.
 */
static struct tm utc(int64_t at_ms)
{
    const int64_t last_s = 253402300799;
    time_t at_s = (time_t)MAX_OF(MIN_OF(at_ms / MS_PER_S, last_s), (int64_t)0);
    struct tm tm;

    gmtime_r(&at_s, &tm);
    return tm;
}

void clock_iso(int64_t at_ms, char out[static CLOCK_ISO_LEN + 1])
{
    struct tm tm = utc(at_ms);

    strftime(out, CLOCK_ISO_LEN + 1, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void clock_http(int64_t at_ms, char out[static CLOCK_HTTP_LEN + 1])
{
    /* not strftime: %a and %b follow the locale */
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm = utc(at_ms);
    char line[64];

    snprintf(line, sizeof(line), "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday],
             tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    snprintf(out, CLOCK_HTTP_LEN + 1, "%.29s", line);
}
