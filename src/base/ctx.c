/* ctx.c: see ctx.h. The id names a request in logs; it is no secret, so a counter and the time do.
 */
#include "base/ctx.h"
#include "base/clock.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

static _Atomic uint32_t counter;

void ctx_init(struct ctx *cx, struct arena *mem)
{
    uint32_t n = atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed);

    *cx = (struct ctx){.mem = mem, .now_ms = clock_now_ms()};
    snprintf(cx->id, sizeof(cx->id), "%08x%08x", (uint32_t)(cx->now_ms / MS_PER_S), n);
}

/* In parentheses: the analyzer has a macro of this name (ctx.h). */
enum err(fail)(struct ctx *cx, enum err e, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(cx->why, sizeof(cx->why), fmt, ap);
    va_end(ap);
    return e;
}

const char *err_name(enum err e)
{
    static const char *const names[ERR_COUNT] = {
        [OK] = "ok",
        [ERR_INVALID] = "invalid",
        [ERR_NOT_FOUND] = "not_found",
        [ERR_DENIED] = "denied",
        [ERR_CONFLICT] = "conflict",
        [ERR_LIMITED] = "limited",
        [ERR_BLOCKED] = "blocked",
        [ERR_EXPIRED] = "expired",
        [ERR_BUSY] = "busy",
        [ERR_UPSTREAM] = "upstream",
        [ERR_INTERNAL] = "internal",
    };

    return e < ERR_COUNT ? names[e] : "unknown";
}
