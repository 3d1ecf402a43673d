/* qr.c: see qr.h. */
#include "crypto/qr.h"
#include "base/buf.h"
#include "crypto/must.h"

#include <qrencode.h>

enum {
    PATH_LEN_MAX = 256 * KIB, /* the largest symbol, version 40, needs about 200 KB */
    TITLE_LEN_MAX = 4 * KIB,
};

bool qr_make(struct arena *mem, struct str text, struct qr *out)
{
    unsigned size;
    uint8_t *at;
    QRcode *code;

    if (text.n == 0 || text.n > QR_TEXT_MAX || str_find(text, '\0') != STR_NPOS)
        return false;
    code = QRcode_encodeString8bit(arena_str(mem, text).p, 0, QR_ECLEVEL_M);
    must(code != NULL,
         "QRcode_encodeString8bit"); /* QR_TEXT_MAX fits: only memory can be missing */
    size = (unsigned)code->width;
    at = arena_alloc(mem, (size_t)size * size);
    for (size_t i = 0; i < (size_t)size * size; i++)
        at[i] = code->data[i] & 1; /* the other bits say what a module is for */
    explicit_bzero(code->data, (size_t)size * size);
    QRcode_free(code);
    *out = (struct qr){size, at};
    return true;
}

unsigned qr_view(const struct qr *q)
{
    return q->size + 2 * QR_QUIET;
}

struct str qr_path(struct arena *mem, const struct qr *q)
{
    OWN(buf_deinit) struct buf b;

    buf_init(&b, PATH_LEN_MAX);
    for (unsigned y = 0; y < q->size; y++) {
        const uint8_t *row = q->at + (size_t)y * q->size;

        for (unsigned x = 0, run; x < q->size; x += MAX_OF(run, 1u)) {
            for (run = 0; x + run < q->size && row[x + run]; run++)
                ;
            if (run)
                buf_addf(&b, "M%u %uh%uv1h-%uz", x + QR_QUIET, y + QR_QUIET, run, run);
        }
    }
    return arena_str(mem, buf_str(&b));
}

static struct str escape(struct arena *mem, struct str s)
{
    OWN(buf_deinit) struct buf b;

    buf_init(&b, TITLE_LEN_MAX);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '&' || s.p[i] == '<' || s.p[i] == '>' || s.p[i] == '"' || s.p[i] == '\'')
            buf_addf(&b, "&#%d;", s.p[i]);
        else
            buf_addc(&b, s.p[i]);
    }
    return arena_str(mem, buf_str(&b));
}

struct str qr_svg(struct arena *mem, const struct qr *q, struct str title)
{
    unsigned view = qr_view(q);

    return arena_printf(mem,
                        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\" "
                        "role=\"img\" shape-rendering=\"crispEdges\"><title>%.*s</title>"
                        "<path fill=\"#fff\" d=\"M0 0h%uv%uH0z\"/>"
                        "<path fill=\"#000\" d=\"%.*s\"/></svg>",
                        view, view, STR_ARG(escape(mem, title)), view, view,
                        STR_ARG(qr_path(mem, q)));
}
