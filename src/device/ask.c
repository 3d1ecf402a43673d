/*
 * ask.c: what a device is asked, and its answer. The answer's own signature, which stays in the
 * audit record, is verified here on the loop; what it is worth core decides (challenge_answer).
 */
#include "base/encode.h"
#include "crypto/es256.h"
#include "device/handlers.h"
#include "device/signed.h"
#include "device/wire.h"
#include "http/form.h"

enum { HISTORY_ROWS = 20, PAYLOAD_TEXT_MAX = 4 * KIB, SIGNATURE_TEXT_MAX = 100 };

enum err challenges_list(struct ctx *cx, struct request *rq, struct response *rs)
{
    json_t *body;
    enum err e = wire_pending(cx, rq->db, &caller_of(cx, rq)->device, &body);

    return e ? e : respond_json(cx, rs, 200, body);
}

/* The row that ?before= names; 0 without. */
static enum err history_start(struct ctx *cx, struct request *rq, const struct device *d,
                              int64_t *out)
{
    struct str before = request_query(cx, rq, STR("before"));
    struct challenge c;
    enum err e;

    *out = 0;
    if (!before.n)
        return OK;
    e = challenge_by_sid(cx, rq->db, before, &c);
    if (e == ERR_NOT_FOUND || (e == OK && c.identity_id != d->identity_id))
        return fail(cx, ERR_NOT_FOUND, "device: no such request for this device");
    if (e == OK)
        *out = c.id;
    return e;
}

enum err challenges_history(struct ctx *cx, struct request *rq, struct response *rs)
{
    const struct device *d = &caller_of(cx, rq)->device;
    struct challenge *list;
    json_t *items;
    size_t count, shown;
    int64_t before;
    enum err e;

    if ((e = history_start(cx, rq, d, &before)) ||
        (e = challenge_history(cx, rq->db, d, before, HISTORY_ROWS + 1, &list, &count)))
        return e;
    shown = MIN_OF(count, (size_t)HISTORY_ROWS); /* the one more says that there is more */
    items = json_array();
    for (size_t i = 0; i < shown; i++)
        json_array_append_new(items, wire_challenge(cx, &list[i]));
    return respond_json(cx, rs, 200,
                        json_pack("{s:o, s:o}", "challenges", items, "next",
                                  count > shown ? wire_str(list[shown - 1].sid) : json_null()));
}

/* ---- the answer ---- */

struct answer_form {
    struct str payload, signature;
};

static const struct field answer_fields[] = {
    {"payload",   offsetof(struct answer_form, payload),   field_text, FIELD_REQUIRED, 0,
     PAYLOAD_TEXT_MAX  },
    {"signature", offsetof(struct answer_form, signature), field_text, FIELD_REQUIRED, 0,
     SIGNATURE_TEXT_MAX},
};

enum err answer_prepare(struct ctx *cx, struct request *rq, struct response *rs)
{
    uint8_t *payload = arena_alloc(cx->mem, PAYLOAD_TEXT_MAX),
            *signature = arena_alloc(cx->mem, ES256_SIGNATURE_LEN);
    struct problems problems;
    struct signed_request *s;
    struct answer_form f;
    ptrdiff_t n;
    enum err e;

    if ((e = signed_prepare(cx, rq, rs)))
        return e;
    if (!request_body_is(rq, STR("application/json")))
        return fail(cx, ERR_INVALID, "device: the body is not JSON");
    if ((e = form_bind(cx, rq, answer_fields, COUNT_OF(answer_fields), &f, &problems)))
        return e;
    n = base64url_decode(f.payload, payload, PAYLOAD_TEXT_MAX);
    if (n < 0 ||
        base64url_decode(f.signature, signature, ES256_SIGNATURE_LEN) != ES256_SIGNATURE_LEN)
        return fail(cx, ERR_INVALID, "device: payload or signature is malformed");
    s = signed_of(rq);
    s->answer = (struct challenge_answer){
        .payload = {(const char *)payload, (size_t)n          },
        .signature = {signature,             ES256_SIGNATURE_LEN},
    };
    if (!signed_by(s->device.public_key, s->answer.payload, s->answer.signature))
        return refuse_caller(cx, rq, REFUSED_ANSWER, ERR_DENIED, "the answer's signature is wrong");
    return OK;
}

enum err answer_take(struct ctx *cx, struct request *rq, struct response *rs)
{
    static const char *const words[] = {
        [ANSWER_WRONG_DIGITS] = "wrong_digits",
        [ANSWER_LATE] = "late",
    };
    const struct device *d = &caller_of(cx, rq)->device;
    struct origin from = caller_origin(rq);
    enum answer_outcome outcome;
    struct challenge c;
    const char *word;
    enum err e;

    if ((e = challenge_by_sid(cx, rq->db, request_param(rq, STR("sid")), &c)))
        return e;
    e = challenge_answer(cx, rq->db, d, c.id, &signed_of(rq)->answer, &from, &outcome);
    if (e == ERR_DENIED) {
        caller_of(cx, rq)->refused = REFUSED_ANSWER;
        return e;
    }
    if (e || (outcome == ANSWER_TAKEN && (e = challenge_by_id(cx, rq->db, c.id, &c))))
        return e;
    word = outcome != ANSWER_TAKEN         ? words[outcome]
           : c.state == CHALLENGE_APPROVED ? "approved"
                                           : "denied";
    return respond_json(cx, rs, 200, json_pack("{s:s}", "outcome", word));
}
