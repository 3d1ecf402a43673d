/* errors.c: see errors.h. Never shows cx->why: that is the operator's. */
#include "device/errors.h"
#include "device/signed.h"

struct words {
    int status;
    const char *code, *message;
};

static const struct words refusals[] = {
    [REFUSED_DEVICE] = {401, "denied",   "This device is not paired here."         },
    [REFUSED_CLOCK] = {401, "denied",   "The device's clock is off; see time."    },
    [REFUSED_REPLAYED] = {409, "replayed", "This request was accepted before."       },
    [REFUSED_MALFORMED] = {401, "denied",   "The request is not signed as it must be."},
    [REFUSED_ANSWER] = {403, "denied",   "The answer does not fit the request."    },
    [REFUSED_ENDPOINT] =
        {400, "invalid",
                        "Pushes go to https addresses on port 443, of at most 1024 bytes, of push services that "
         "the server knows."                                                       },
};

static const struct words by_status[] = {
    {400, "invalid",            "Some of what was sent is missing or not as it must be."},
    {403, "denied",             "This is not allowed."                                  },
    {404, "not_found",          "There is no such thing for this device."               },
    {405, "method_not_allowed", "This address does not answer to that method."          },
    {408, "too_slow",           "The request took too long to arrive."                  },
    {409, "conflict",           "The present state does not allow it."                  },
    {410, "expired",            "The link was used, or is too old."                     },
    {413, "too_large",          "That is more than this takes."                         },
    {429, "limited",            "Too many requests in a short time."                    },
    {500, "internal",           "Something went wrong on the server."                   },
    {503, "busy",               "The server is busy; try again."                        },
};

static struct words words_for(const struct caller *c, int status)
{
    if (c && c->refused != REFUSED_NOT)
        return refusals[c->refused];
    EACH_ROW (row, by_status) {
        if (row->status == status)
            return *row;
    }
    return (struct words){status, status >= 500 ? "internal" : "invalid", "That did not work."};
}

void device_error(struct ctx *cx, struct request *rq, struct response *rs, enum err e, int status)
{
    const struct caller *c = rq->who;
    struct words w;
    json_t *body;

    if (status) /* the server's own refusal: the caller was not looked at, or its answer is lost */
        c = NULL;
    w = words_for(c, status ? status : route_status(e));
    body = json_pack("{s:{s:s, s:s}}", "error", "code", w.code, "message", w.message);
    if (w.status == 401)
        json_object_set_new(body, "time", json_integer(cx->now_ms / MS_PER_S));
    if (respond_json(cx, rs, w.status, body)) {
        response_reset(rs);
        rs->status = w.status;
    }
}
