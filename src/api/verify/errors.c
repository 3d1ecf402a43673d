/*
 * errors.c: see errors.h. Statuses in the reference's order of trust: published ones as published,
 * the others as it proposes. Codes that only the original's log knows are not here.
 */
#include "api/verify/errors.h"
#include "api/verify/call.h"
#include "api/verify/reply.h"

#include <stdlib.h>

static const struct api_error errors[] = {
    {20001, 400, "Unknown or unusable parameter"                              },
    {20003, 401, "Authenticate"                                               },
    {20004, 405, "Method not allowed"                                         },
    {20101, 401, "Invalid Access Token"                                       },
    {20107, 401, "Invalid Access Token signature"                             },
    {20403, 403, "Forbidden"                                                  },
    {20404, 404, "The requested resource was not found"                       },
    {20429, 429, "Too many requests"                                          },
    {20500, 500, "Internal Server Error"                                      },
    {20503, 503, "Service unavailable, try again"                             },
    {60200, 400, "Invalid parameter"                                          },
    {60202, 429, "Max check attempts reached"                                 },
    {60203, 429, "Max send attempts reached"                                  },
    {60204, 403, "Service does not support this feature"                      },
    {60205, 403, "SMS is not supported by landline phone number"              },
    {60206, 400, "Missing Amount or Payee: the service uses PSD2"             },
    {60207, 400, "Max rate limits per service reached"                        },
    {60208, 400, "Rate limit with this unique name already exists"            },
    {60209, 400, "Invalid unique name: letters, digits, '-', '_' and '.' only"},
    {60210, 400, "Max buckets per rate limit reached"                         },
    {60211, 400, "Bucket with this interval already exists"                   },
    {60213, 400, "Messaging configuration for this country already exists"    },
    {60214, 400, "The voice channel is not available with PSD2"               },
    {60217, 400, "The email channel is not set up"                            },
    {60221, 400, "Specify either 'VerificationSid' or 'To'"                   },
    {60223, 400, "Delivery channel disabled"                                  },
    {60227, 400, "The template is not for this channel"                       },
    {60228, 400, "Template was not found"                                     },
    {60243, 403, "Custom messages are not allowed"                            },
    {60300, 400, "Invalid parameter"                                          },
    {60301, 409, "Entity already exists"                                      },
    {60305, 400, "Missing Identity or FactorType for the access token"        },
    {60306, 400, "Invalid parameter"                                          },
    {60307, 400, "The factor has no notification platform"                    },
    {60308, 429, "Max check attempts reached for the challenge"               },
    {60309, 429, "Max notifications per challenge reached"                    },
    {60310, 429, "Max verification attempts reached for the factor"           },
    {60311, 403, "Factor verification failed"                                 },
    {60312, 429, "Max challenges per factor reached"                          },
    {60313, 403, "Not allowed to create this factor"                          },
    {60314, 400, "Invalid binding"                                            },
    {60315, 400, "Max factors per entity reached"                             },
    {60317, 409, "A factor with this binding already exists"                  },
    {60318, 403, "The factor is not verified"                                 },
    {60322, 403, "The challenge was answered already"                         },
    {60323, 403, "The challenge has expired"                                  },
    {60324, 403, "Challenge verification failed"                              },
    {60326, 429, "Max factors created for the entity in a day reached"        },
    {60328, 429, "Max entities created in a second reached"                   },
    {60410, 403, "Verification delivery attempt blocked"                      },
    {60411, 409, "Phone number is in the safe list already"                   },
    {60602, 400, "AppHash is not supported by this channel"                   },
    {60605, 403, "Verifications to this destination are blocked"              },
    {60626, 429, "Max messages to this destination reached"                   },
    {60728, 429, "Message limit of the account reached"                       },
    {68008, 400, "The WhatsApp channel is not set up"                         },
};

const struct api_error *api_error_find(int code)
{
    EACH_ROW (row, errors) {
        if (row->code == code)
            return row;
    }
    abort(); /* a code that a handler of ours has and the table has not */
}

/* {code, message, more_info, status}, and the headers that every answer has. */
static void api_error_write(struct ctx *cx, struct response *rs, int code, int status,
                            struct str text)
{
    enum err ignored;

    reply_headers(rs);
    if (status == 401)
        response_header(rs, "WWW-Authenticate", STR("Basic realm=\"Verify\""));
    if (status == 429)
        response_header(rs, "Twilio-Reached-Rate-Limit", STR("true"));
    ignored = respond_json(
        cx, rs, status,
        json_pack("{s:i, s:o, s:o, s:i}", "code", code, "message", js_str(text), "more_info",
                  js_str(arena_printf(cx->mem, "https://www.twilio.com/docs/errors/%d", code)),
                  "status", status));
    (void)ignored; /* four short members always fit */
}

/* The code for what no handler of ours has worded. */
static int code_of(int status)
{
    switch (status) {
    case 401:
        return 20003;
    case 403:
        return 20403;
    case 404:
        return 20404;
    case 405:
        return 20004;
    case 429:
        return 20429;
    case 503:
        return 20503;
    default:
        return status >= 500 ? 20500 : 20001;
    }
}

void api_error_page(struct ctx *cx, struct request *rq, struct response *rs, enum err e, int status)
{
    const struct call *call = rq->who;

    if (call && call->refused_code && e != ERR_INTERNAL) {
        const struct api_error *row = api_error_find(call->refused_code);

        api_error_write(cx, rs, row->code, row->status,
                        call->refused_text.n ? call->refused_text : str_from(row->text));
        return;
    }
    if (!status)
        status = e == ERR_DENIED ? 401 : route_status(e);
    if (status == 404)
        api_error_write(
            cx, rs, 20404, 404,
            arena_printf(cx->mem, "The requested resource %.*s was not found", STR_ARG(rq->path)));
    else
        api_error_write(cx, rs, code_of(status), status,
                        str_from(api_error_find(code_of(status))->text));
}
