/*
 * static.h: the files of web/static, compiled in. Their URLs carry a hash of the contents, so
 * browsers keep them for ever and a new version is a new URL.
 */
#ifndef PORTAL_STATIC_H
#define PORTAL_STATIC_H

#include "base/str.h"
#include "http/route.h"

struct asset_file {
    const char *path; /* "/static/app.1a2b3c4d.css" */
    const char *type;
    struct str etag;
    struct str bytes;
    struct str gzip; /* empty: too small to gain by it */
};

/* URL of an ASSET_… from the generated assets.h. */
const char *asset_url(unsigned asset);

handler_fn static_file;    /* GET /static/{file}: the table's own paths, else ERR_NOT_FOUND */
handler_fn static_favicon; /* GET /favicon.ico and /favicon.svg */
handler_fn static_robots;  /* GET /robots.txt */

#endif
