/* xml.c: see xml.h. Escapes all text; names are our own, or a caller's where they are plain words.
 */
#include "api/authy/xml.h"

#include "base/encode.h"

#include <inttypes.h>

/* Escaped, without the control characters: XML 1.0 has no place for them in any spelling. */
static void text(struct buf *out, struct str s)
{
    size_t start = 0;

    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] >= ' ' || s.p[i] == '\n' || s.p[i] == '\t')
            continue;
        markup_text(out, str_sub(s, start, i - start));
        start = i + 1;
    }
    markup_text(out, str_sub(s, start, s.n));
}

static void name(struct buf *out, const char *key)
{
    for (const char *p = key; *p; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                     (*p >= '0' && *p <= '9' && p > key);

        buf_addc(out, plain ? *p : '-');
    }
}

static void element(struct buf *out, const char *key, json_t *v, int depth);

static void members(struct buf *out, json_t *v, int depth)
{
    const char *key;
    json_t *item;
    size_t i;

    if (json_is_array(v)) {
        json_array_foreach(v, i, item) element(out, "item", item, depth);
        return;
    }
    json_object_foreach(v, key, item) element(out, key[0] ? key : "item", item, depth);
}

static void element(struct buf *out, const char *key, json_t *v, int depth)
{
    enum { DEPTH_MAX = 12 };

    buf_addc(out, '<');
    name(out, key);
    if (json_is_boolean(v))
        buf_add(out, STR(" type=\"boolean\""));
    else if (json_is_integer(v))
        buf_add(out, STR(" type=\"integer\""));
    else if (json_is_array(v))
        buf_add(out, STR(" type=\"array\""));
    else if (json_is_null(v))
        buf_add(out, STR(" nil=\"true\""));
    buf_addc(out, '>');
    if (json_is_string(v))
        text(out, (struct str){json_string_value(v), json_string_length(v)});
    else if (json_is_boolean(v))
        buf_add(out, json_is_true(v) ? STR("true") : STR("false"));
    else if (json_is_integer(v))
        buf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    else if (depth < DEPTH_MAX)
        members(out, v, depth + 1);
    buf_add(out, STR("</"));
    name(out, key);
    buf_addc(out, '>');
}

enum err respond_xml(struct ctx *cx, struct response *rs, int status, const char *root,
                     json_t *json)
{
    if (!json)
        return fail(cx, ERR_INTERNAL, "xml: nothing to write");
    buf_add(&rs->body, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"));
    element(&rs->body, root, json, 0);
    json_decref(json);
    rs->status = status;
    rs->content_type = "application/xml; charset=utf-8";
    return OK;
}
