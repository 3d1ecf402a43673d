/*
 * qr.h: QR codes (ISO/IEC 18004) through libqrencode, error correction level M. Pure.
 *
 * Give it ASCII: scanners guess differently what other bytes mean (zbar: Shift-JIS before UTF-8).
 */
#ifndef CRYPTO_QR_H
#define CRYPTO_QR_H

#include "base/arena.h"

enum {
    QR_TEXT_MAX = 1024, /* bytes; an otpauth:// URI is below 300 */
    QR_QUIET = 4,       /* modules of empty border that the standard asks for */
};

struct qr {
    unsigned size;     /* modules on each side, without the quiet zone */
    const uint8_t *at; /* size * size, row by row: 1 is dark */
};

/* False when text is empty, longer than QR_TEXT_MAX or holds NUL. The matrix lives in mem. */
bool qr_make(struct arena *mem, struct str text, struct qr *out);

/* What the `d` of an SVG path says: every run of dark modules of a row as one rectangle.
 * Coordinates are modules, with the quiet zone: they fit viewBox="0 0 S S" where S is qr_view(q).
 */
struct str qr_path(struct arena *mem, const struct qr *q);
unsigned qr_view(const struct qr *q); /* size + 2 * QR_QUIET */

/* The whole element: <svg> with a viewBox, a light rectangle and the dark path; colours are
 * attributes (the CSP allows no style), and always dark on light, so that it also scans on a dark
 * page. `title` is what a screen reader says, escaped here. */
struct str qr_svg(struct arena *mem, const struct qr *q, struct str title);

#endif
