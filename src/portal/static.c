/*
 * static.c: answers with a file out of the generated table. No path is ever opened, so there is
 * nothing to climb out of.
 */
#include "portal/static.h"
#include "portal/assets.h"

#define FOR_EVER  STR("public, max-age=31536000, immutable")
#define FOR_A_DAY STR("public, max-age=86400")

const char *asset_url(unsigned asset)
{
    return asset < ASSET_COUNT ? asset_files[asset].path : "";
}

/* True if Accept-Encoding names gzip without refusing it by q=0. */
static bool takes_gzip(const struct request *rq)
{
    struct str rest = request_header(rq, STR("Accept-Encoding")), one;

    while (str_split(&rest, ',', &one)) {
        struct str name;

        if (!str_split(&one, ';', &name) || !str_eq_nocase(str_trim(name), STR("gzip")))
            continue;
        one = str_trim(one);
        return !(str_eq(one, STR("q=0")) || str_starts(one, STR("q=0.0")));
    }
    return false;
}

static enum err respond_asset(struct request *rq, struct response *rs,
                              const struct asset_file *file, struct str caching)
{
    bool gzip = file->gzip.n && takes_gzip(rq);

    rs->no_store = false;
    response_header(rs, "Cache-Control", caching);
    response_header(rs, "ETag", file->etag);
    if (file->gzip.n)
        response_header(rs, "Vary", STR("Accept-Encoding"));
    if (str_eq(request_header(rq, STR("If-None-Match")), file->etag)) {
        rs->status = 304;
        return OK;
    }
    if (gzip)
        response_header(rs, "Content-Encoding", STR("gzip"));
    rs->content_type = file->type;
    buf_add(&rs->body, gzip ? file->gzip : file->bytes);
    return OK;
}

enum err static_file(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct str name = request_param(rq, STR("file"));

    EACH_ROW (file, asset_files) {
        if (str_eq(name, str_sub(str_from(file->path), sizeof "/static/" - 1, SIZE_MAX)))
            return respond_asset(rq, rs, file, FOR_EVER);
    }
    return fail(cx, ERR_NOT_FOUND, "no static file of this name");
}

enum err static_favicon(struct ctx *cx, struct request *rq, struct response *rs)
{
    (void)cx;
    return respond_asset(rq, rs, &asset_files[ASSET_FAVICON_SVG], FOR_A_DAY);
}

enum err static_robots(struct ctx *cx, struct request *rq, struct response *rs)
{
    (void)rq;
    rs->no_store = false;
    response_header(rs, "Cache-Control", FOR_A_DAY);
    return respond_text(cx, rs, 200, STR("User-agent: *\nDisallow: /\n"));
}
