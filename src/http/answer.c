/* answer.c: see answer.h. */
#include "http/answer.h"

/*
 * On every answer, so that no page can forget them. No inline script or style anywhere: then one
 * constant policy does. The camera is for the page that scans a QR code.
 */
static const char fixed_headers[] =
    "Content-Security-Policy: default-src 'none'; style-src 'self'; script-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; manifest-src 'self'; worker-src 'self'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Permissions-Policy: camera=(self), microphone=(), geolocation=(), payment=(), usb=()\r\n";

static const char hsts_header[] = "Strict-Transport-Security: max-age=31536000\r\n";

struct str answer_reason(int status)
{
    static const struct {
        int status;
        struct str reason;
    } reasons[] = {
        {200, STR("OK")                             },
        {201, STR("Created")                        },
        {202, STR("Accepted")                       },
        {204, STR("No Content")                     },
        {301, STR("Moved Permanently")              },
        {302, STR("Found")                          },
        {303, STR("See Other")                      },
        {304, STR("Not Modified")                   },
        {307, STR("Temporary Redirect")             },
        {400, STR("Bad Request")                    },
        {401, STR("Unauthorized")                   },
        {403, STR("Forbidden")                      },
        {404, STR("Not Found")                      },
        {405, STR("Method Not Allowed")             },
        {408, STR("Request Timeout")                },
        {409, STR("Conflict")                       },
        {410, STR("Gone")                           },
        {413, STR("Content Too Large")              },
        {415, STR("Unsupported Media Type")         },
        {417, STR("Expectation Failed")             },
        {422, STR("Unprocessable Content")          },
        {429, STR("Too Many Requests")              },
        {431, STR("Request Header Fields Too Large")},
        {500, STR("Internal Server Error")          },
        {501, STR("Not Implemented")                },
        {502, STR("Bad Gateway")                    },
        {503, STR("Service Unavailable")            },
        {505, STR("HTTP Version Not Supported")     },
    };

    EACH_ROW (row, reasons) {
        if (row->status == status)
            return row->reason;
    }
    return STR("Unknown");
}

static bool has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

void answer_write(struct buf *out, const struct response *rs, const struct answer *a)
{
    bool stream = rs->wait.topic != 0;

    buf_addf(out, "HTTP/1.1 %d %.*s\r\nDate: %.*s\r\n", rs->status,
             STR_ARG(answer_reason(rs->status)), STR_ARG(a->date));
    buf_add(out, (struct str){fixed_headers, sizeof(fixed_headers) - 1});
    if (a->hsts)
        buf_add(out, (struct str){hsts_header, sizeof(hsts_header) - 1});
    if (rs->no_store)
        buf_add(out, STR("Cache-Control: no-store\r\n"));
    if (rs->content_type && has_body(rs->status))
        buf_addf(out, "Content-Type: %s\r\n", rs->content_type);
    if (stream)
        buf_add(out, STR("X-Accel-Buffering: no\r\n")); /* nginx would hold events back */
    else if (has_body(rs->status))
        buf_addf(out, "Content-Length: %zu\r\n", rs->body.n);
    if (a->close || stream)
        buf_add(out, STR("Connection: close\r\n"));
    else if (a->keep)
        buf_add(out, STR("Connection: keep-alive\r\n"));
    buf_add(out, buf_str(&rs->head));
    buf_add(out, STR("\r\n"));
    if (!a->head_only && has_body(rs->status))
        buf_add(out, buf_str(&rs->body));
}

void answer_refusal(struct buf *out, int status, const struct answer *a)
{
    struct answer closing = *a;
    struct response rs;

    response_init(&rs);
    rs.status = status;
    rs.content_type = "text/plain; charset=utf-8";
    buf_addf(&rs.body, "%d %.*s\n", status, STR_ARG(answer_reason(status)));
    closing.close = true;
    answer_write(out, &rs, &closing);
    response_deinit(&rs);
}
