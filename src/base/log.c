/* log.c: one write() a line, so that lines of several threads never mix. */
#include "base/log.h"
#include "base/buf.h"
#include "base/clock.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 1024 };

static _Atomic int least_level = LOG_INFO;

void log_set_level(enum log_level least)
{
    atomic_store(&least_level, (int)least);
}

bool log_wants(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&least_level, memory_order_relaxed);
}

void log_event(enum log_level level, const struct ctx *cx, const char *event, const char *fmt, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    char line[LINE_MAX_LEN], iso[CLOCK_ISO_LEN + 1];
    va_list ap;
    ssize_t ignored;
    int n, more;

    if (!log_wants(level))
        return;
    clock_iso(clock_now_ms(), iso);
    n = snprintf(line, sizeof(line), "%s level=%s event=%s%s%s ", iso, names[level], event,
                 cx ? " id=" : "", cx ? cx->id : "");
    if (n < 0 || (size_t)n >= sizeof(line) - 1)
        return;
    va_start(ap, fmt);
    more = vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
    va_end(ap);
    if (more > 0)
        n = (int)MIN_OF((size_t)(n + more), sizeof(line) - 2);
    line[n++] = '\n';
    ignored = write(STDERR_FILENO, line, (size_t)n);
    (void)ignored;
}

const char *log_value(struct arena *mem, struct str s)
{
    enum { VALUE_MAX = 200 };
    OWN(buf_deinit) struct buf b;

    buf_init(&b, VALUE_MAX * 4 + 2);
    buf_addc(&b, '"');
    for (size_t i = 0; i < s.n && i < VALUE_MAX; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c < 0x20 || c >= 0x7F || c == '"' || c == '\\')
            buf_addf(&b, "\\x%02x", c);
        else
            buf_addc(&b, (char)c);
    }
    buf_addc(&b, '"');
    return arena_str(mem, buf_str(&b)).p;
}
