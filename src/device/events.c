/*
 * events.c: the stream that tells a device at once what it is asked. Every event is the whole list,
 * so a device that missed one has missed nothing.
 */
#include "device/handlers.h"
#include "device/signed.h"
#include "device/wire.h"

enum { STREAM_LIFE_MS = 60 * 60 * MS_PER_S };

/* On the loop. Ends when the device was revoked; a store that cannot be read ends it too, and the
 * device comes again. */
static bool tell(struct ctx *cx, struct db *db, const struct wait *w, enum wake_reason why,
                 struct buf *out)
{
    struct device d;
    json_t *body;
    char *text;

    if (why == WAKE_DEADLINE || why == WAKE_STOP)
        return true;
    if (device_by_id(cx, db, w->id, &d) || wire_pending(cx, db, &d, &body))
        return true;
    text = json_dumps(body, JSON_COMPACT);
    sse_event(out, "challenges", str_from(text));
    free(text);
    json_decref(body);
    return false;
}

enum err events_open(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct device *d = &caller_of(cx, rq)->device;

    return respond_wait(cx, rs,
                        &(struct wait){
                            .topic = device_topic(d->identity_id),
                            .id = d->factor_id,
                            .deadline_ms = cx->now_ms + STREAM_LIFE_MS,
                            .wake = tell,
                        });
}
