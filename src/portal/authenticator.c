/*
 * authenticator.c: the web app that approves sign-ins: its page, its manifest, its service worker.
 *
 * All three are the same for everybody: who uses the app is known by the keys that it keeps in the
 * browser (docs/wire/device.md), never by a cookie. Their addresses are fixed, so browsers ask each
 * time whether they have changed; the files they name carry hashes and stay.
 */
#include "core/core.h"
#include "portal/assets.h"
#include "portal/frame.h"
#include "portal/handlers.h"
#include "portal/words.h"

#define APP_PATH "/authenticator"

static void revalidate(struct response *rs)
{
    rs->no_store = false;
    response_header(rs, "Cache-Control", STR("no-cache"));
}

static struct str product_name(struct request *rq)
{
    struct str name = core_of(rq->db)->product_name;

    return name.n ? name : STR("Countersign");
}

enum err authenticator_page(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct page_authenticator p;

    page_init(&p.page);
    p.page.product = product_name(rq);
    p.page.demo = core_of(rq->db)->demo;
    page_authenticator(FRAME_HTML(rs), &p);
    revalidate(rs);
    return frame_close(cx, rs);
}

enum err authenticator_manifest(struct ctx *cx, struct request *rq, struct response *rs)
{
    struct str name = product_name(rq);
    json_t *icons = json_array();
    enum err e;

    static const struct {
        enum asset file;
        const char *sizes, *purpose;
    } drawn[] = {
        {ASSET_ICON_SVG,          "any",     "any"     },
        {ASSET_ICON_192_PNG,      "192x192", "any"     },
        {ASSET_ICON_512_PNG,      "512x512", "any"     },
        {ASSET_ICON_MASKABLE_PNG, "512x512", "maskable"},
    };

    EACH_ROW (icon, drawn)
        json_array_append_new(icons,
                              json_pack("{s:s, s:s, s:s, s:s}", "src", asset_url(icon->file),
                                        "sizes", icon->sizes, "type", asset_files[icon->file].type,
                                        "purpose", icon->purpose));
    e = respond_json(cx, rs, 200,
                     json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:{s:s}, s:o}", "id",
                               APP_PATH, "start_url", APP_PATH, "scope", APP_PATH, "name",
                               json_of(arena_printf(cx->mem, "%.*s Authenticator", STR_ARG(name))),
                               "short_name", json_of(name), "description",
                               "Approves sign-ins from your phone, and shows codes.", "display",
                               "standalone", "background_color", "#0a6054", "theme_color",
                               "#0a6054", "launch_handler", "client_mode", "navigate-existing",
                               "icons", icons));
    rs->content_type = "application/manifest+json";
    revalidate(rs);
    return e;
}

/* The worker's file, headed by what it keeps for the time without a network: so a new version of
 * any of these is a new worker, and the browser takes it. */
enum err authenticator_worker(struct ctx *cx, struct request *rq, struct response *rs)
{
    static const enum asset kept[] = {
        ASSET_APP_CSS,     ASSET_AUTHENTICATOR_CSS, ASSET_DEVICE_JS, ASSET_AUTHENTICATOR_JS,
        ASSET_REQUEST_JS,  ASSET_MANAGE_JS,         ASSET_CODES_JS,  ASSET_SCAN_JS,
        ASSET_FAVICON_SVG, ASSET_ICON_192_PNG,      ASSET_BADGE_PNG,
    };

    (void)cx;
    (void)rq;
    buf_add(&rs->body, STR("'use strict';\nconst shell = ['" APP_PATH "'"));
    EACH_ROW (file, kept)
        buf_addf(&rs->body, ", '%s'", asset_url(*file));
    buf_addf(&rs->body, "];\nconst parts = { device: '%s', icon: '%s', badge: '%s' };\n",
             asset_url(ASSET_DEVICE_JS), asset_url(ASSET_ICON_192_PNG), asset_url(ASSET_BADGE_PNG));
    buf_add(&rs->body, asset_files[ASSET_WORKER_JS].bytes);
    rs->content_type = asset_files[ASSET_WORKER_JS].type;
    response_header(rs, "Service-Worker-Allowed", STR(APP_PATH));
    revalidate(rs);
    return OK;
}
