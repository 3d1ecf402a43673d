/* texts.c: see texts.h. */
#include "cli/texts.h"
#include "base/mem.h"
#include "base/url.h"

enum err texts_read(struct ctx *cx, const struct config *cf, struct texts *t, struct buf *problems,
                    struct buf *warnings, const struct wording **out)
{
    struct wording_conf conf = {.dir = cf->messages_dir, .service = cf->product_name};
    struct wording *fresh = NULL;
    struct url u;
    enum err e;

    conf.host = url_parse(cx->mem, config_public_url(cx->mem, cf, 0), &u) ? u.host : STR("");
    if ((e = wording_load(cx, &conf, problems, warnings, &fresh)))
        return e;
    t->kept = mem_grow(t->kept, (t->count + 1) * sizeof(struct wording *));
    t->kept[t->count++] = fresh;
    *out = fresh;
    return OK;
}

void texts_deinit(struct texts *t)
{
    for (size_t i = 0; i < t->count; i++)
        wording_free(&t->kept[i]);
    mem_free(t->kept);
    *t = (struct texts){0};
}
