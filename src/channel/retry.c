/* retry.c: see retry.h. */
#include "channel/retry.h"
#include "base/macros.h"
#include "crypto/random.h"

int64_t retry_delay_ms(unsigned attempt, int64_t asked_ms)
{
    int64_t span_ms = RETRY_FIRST_MS;

    for (unsigned i = 1; i < attempt && span_ms < RETRY_MOST_MS; i++)
        span_ms *= 2;
    span_ms = MIN_OF(span_ms, (int64_t)RETRY_MOST_MS);
    span_ms -= random_below((uint32_t)(span_ms / 2 + 1));
    return MAX_OF(span_ms, MIN_OF(asked_ms, (int64_t)RETRY_MOST_MS));
}
