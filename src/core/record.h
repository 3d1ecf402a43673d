/*
 * record.h: the signed answer that an audit entry keeps, so that anybody who has the entry can
 * check later what was signed. Pure: no store, no clock.
 *
 *   challenge=YC… decision=approved device=YF… key=… payload=… signature=…
 *
 * key, payload and signature are base64url. payload is the JSON text that the device signed
 * (docs/wire/device.md, section 3), key its public point.
 */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include "base/ctx.h"
#include "base/str.h"

struct answer_record {
    struct str challenge, device;
    struct str decision; /* approved, denied, not_me, or wrong_digits: approved with other digits */
    bool approve_only;   /* no digits were asked for; not SP 800-63B-4 */
    struct bytes key;
    struct str payload;
    struct bytes signature;
};

/* An audit entry's detail. */
struct str answer_record_text(struct ctx *cx, const struct answer_record *r);
/* ERR_INVALID: the detail holds no such record. */
enum err answer_record_read(struct ctx *cx, struct str detail, struct answer_record *out);
/* ERR_DENIED: the signature is not the key's over the payload, or the payload is about another
 * request, device or decision than the record; cx->why says which. */
enum err answer_record_check(struct ctx *cx, const struct answer_record *r);

#endif
