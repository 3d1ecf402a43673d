/* fetch.c: see fetch.h. */
#include "channel/fetch.h"
#include "base/buf.h"
#include "channel/curl.h"

struct fetching {
    const struct fetch *in;
    CURL *easy;
    struct curl_slist *headers;
    struct buf answer;
    bool ended; /* by `take` */
    char error[CURL_ERROR_SIZE];
};

static void fetching_end(struct fetching *f)
{
    if (f->easy)
        curl_easy_cleanup(f->easy);
    if (f->headers)
        curl_slist_free_all(f->headers);
    buf_deinit(&f->answer);
}

static size_t take_part(char *p, size_t size, size_t n, void *arg)
{
    struct fetching *f = arg;
    struct str part = {p, size * n};
    long status = 0;

    (void)curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
    if (f->in->take && status == 200) {
        f->ended = !f->in->take(f->in->arg, part);
        return f->ended ? 0 : part.n;
    }
    buf_add(&f->answer, part);
    return f->answer.full ? 0 : part.n;
}

/* Out of memory is the only way in which these options fail; libcurl then fails the request too. */
#define SET(f, option, value) ((void)curl_easy_setopt((f)->easy, CURLOPT_##option, (value)))

static void set_up(struct ctx *cx, struct fetching *f)
{
    const struct fetch *in = f->in;

    SET(f, NOSIGNAL, 1L);
    SET(f, PROXY, "");
    SET(f, NETRC, (long)CURL_NETRC_IGNORED);
    SET(f, PROTOCOLS_STR, "http,https");
    SET(f, FOLLOWLOCATION, 0L);
    SET(f, SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (in->ca_file)
        SET(f, CAINFO, in->ca_file);
    SET(f, CONNECTTIMEOUT_MS, (long)FETCH_WHOLE_MS);
    if (in->take) {
        SET(f, LOW_SPEED_LIMIT, 1L);
        SET(f, LOW_SPEED_TIME, (long)FETCH_SILENCE_S);
    } else {
        SET(f, TIMEOUT_MS, (long)FETCH_WHOLE_MS);
    }
    SET(f, ERRORBUFFER, f->error);
    SET(f, WRITEFUNCTION, take_part);
    SET(f, WRITEDATA, f);
    SET(f, USERAGENT, "Countersign/" VERSION);
    SET(f, URL, arena_str(cx->mem, in->url).p);
    SET(f, CUSTOMREQUEST, in->method);
    if (in->body.n) {
        SET(f, POSTFIELDSIZE_LARGE, (curl_off_t)in->body.n);
        SET(f, POSTFIELDS, in->body.p);
    }
    for (size_t i = 0; i < in->header_count; i++)
        f->headers = curl_slist_append(f->headers, arena_str(cx->mem, in->headers[i]).p);
    f->headers = curl_slist_append(f->headers, "Expect:");
    SET(f, HTTPHEADER, f->headers);
}

enum err fetch(struct ctx *cx, const struct fetch *in, struct fetched *out)
{
    OWN(fetching_end) struct fetching f = {.in = in};
    CURLcode result;
    enum err e;

    buf_init(&f.answer, FETCH_ANSWER_MAX);
    if ((e = curl_load(cx)))
        return e;
    if (!(f.easy = curl_easy_init()))
        return fail(cx, ERR_INTERNAL, "libcurl gave no handle");
    set_up(cx, &f);
    result = curl_easy_perform(f.easy);
    if (result != CURLE_OK && !f.ended)
        return fail(cx, ERR_UPSTREAM, "%s", f.error[0] ? f.error : curl_easy_strerror(result));
    (void)curl_easy_getinfo(f.easy, CURLINFO_RESPONSE_CODE, &out->status);
    out->body = arena_str(cx->mem, buf_str(&f.answer));
    return OK;
}
