/* touch.c: see touch.h. The job owns itself: it is freed when the store is done with it. */
#include "portal/touch.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/person.h"

struct touch {
    struct store_job job; /* first: the store hands this back */
    int64_t person_id, session_id;
    struct arena *mem;
    struct ctx cx;
};

static enum err touch_run(struct store_job *job, struct db *db)
{
    struct touch *t = (struct touch *)job;

    return person_touch(&t->cx, db, t->person_id, t->session_id);
}

static void touch_done(struct store_job *job, enum err result)
{
    struct touch *t = (struct touch *)job;

    if (result)
        log_warn(&t->cx, "touch_failed", "why=%s", log_value(t->mem, str_from(t->cx.why)));
    arena_free(&t->mem);
    mem_free(t);
}

void touch_later(const struct app *app, int64_t person_id, int64_t session_id)
{
    struct touch *t = mem_alloc(sizeof *t);

    *t = (struct touch){
        .job = {.run = touch_run, .done = touch_done},
        .person_id = person_id,
        .session_id = session_id,
        .mem = arena_new()
    };
    ctx_init(&t->cx, t->mem);
    if (store_submit(app->store, &t->job) == OK)
        return;
    arena_free(&t->mem);
    mem_free(t);
}
