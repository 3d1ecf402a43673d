/* call.c: see call.h. */
#include "channel/call.h"
#include "base/clock.h"
#include "base/encode.h"
#include "channel/g711.h"
#include "channel/libre.h"
#include "crypto/random.h"

#include <errno.h>
#include <string.h>

enum {
    FRAME_MS = 20,
    FRAME = SPEECH_RATE * FRAME_MS / MS_PER_S, /* samples */
    FRAMES_LATE_MAX = 10, /* after a longer standstill the speech goes on later instead of faster */
    RTP_PORT_FIRST = 20000,
    RTP_PORT_LAST = 29999,
    SRTP_KEY_LEN = 30, /* of AES_CM_128_HMAC_SHA1_80: 16 of key, 14 of salt */
    KEY_EVENT_LEN = 4, /* RFC 4733 section 2.3 */
    NUMBER_MAX = 15,   /* E.164 */
    SDP_MAX = 64 * KIB,
};

static const char event_keys[] = "0123456789*#ABCD"; /* RFC 4733 section 3.2 */
static const char suite[] = "AES_CM_128_HMAC_SHA1_80";

/* Some exchanges say a key both ways: the way of the first one is the one that counts. */
enum key_way { KEYS_NONE, KEYS_RTP, KEYS_INFO };

struct call {
    struct trunk *trunk;
    const struct call_events *events;
    void *arg;
    struct sipsess *session;
    struct call_over over; /* how, when `ending` */
    bool answered, ending;
    struct tmr ring, tick, end;

    struct sdp_session *sdp;
    struct sdp_media *audio;
    struct rtp_sock *rtp;
    struct udp_helper *helper;
    struct srtp *seal, *open; /* NULL: in the clear */
    uint8_t key[SRTP_KEY_LEN];
    struct sa peer;
    uint8_t payload, key_payload;
    bool has_keys, is_alaw, key_seen;
    bool keys_prove, source_seen, two_sources;
    uint32_t source; /* SSRC of the first packet after the answer */
    uint32_t key_ts; /* of the last key event */
    enum key_way key_way;

    const struct speech *speech;
    size_t at;
    int64_t started_ms; /* monotonic, of frame 0 */
    int64_t frame;
    uint32_t ts_first;
};

/* ---- the end ---- */

static void end_now(void *arg)
{
    struct call *c = arg;

    c->events->over(c->arg, &c->over);
}

/* From a timer of its own, so that whoever is told may free the call. */
static void end(struct call *c, enum call_end how, unsigned status, int error)
{
    if (c->ending)
        return;
    c->ending = true;
    c->over = (struct call_over){.end = how, .status = status, .error = error};
    tmr_cancel(&c->ring);
    tmr_cancel(&c->tick);
    tmr_start(&c->end, 0, end_now, c);
}

static void rang_long_enough(void *arg)
{
    end(arg, CALL_NO_ANSWER, 0, 0);
}

/* ---- SRTP ---- */

/* RTP, and nothing else, is sealed and opened (RFC 5761 section 4). */
static bool is_rtp(const struct mbuf *mb)
{
    return mb->end - mb->pos >= 2 && (mb->buf[mb->pos] & 0xC0) == 0x80;
}

static bool sealing(int *err, struct sa *dst, struct mbuf *mb, void *arg)
{
    struct call *c = arg;

    (void)dst;
    if (c->seal && is_rtp(mb))
        *err = srtp_encrypt(c->seal, mb);
    return *err != 0;
}

/* True: it goes no further. */
static bool opening(struct sa *src, struct mbuf *mb, void *arg)
{
    struct call *c = arg;

    (void)src;
    return c->open && (!is_rtp(mb) || srtp_decrypt(c->open, mb));
}

/* "1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^31|1:1": the other side's key. False: not ours. */
static bool read_key(const char *text, uint8_t out[static SRTP_KEY_LEN])
{
    struct str rest = str_from(text), tag, name, inline_key;
    static const struct str prefix = {"inline:", 7};
    ptrdiff_t bar;

    if (!str_split(&rest, ' ', &tag) || !str_split(&rest, ' ', &name) ||
        !str_split(&rest, ' ', &inline_key) || !str_eq(name, str_from(suite)) ||
        !str_starts(inline_key, prefix))
        return false;
    inline_key = str_sub(inline_key, prefix.n, inline_key.n);
    if ((bar = str_find(inline_key, '|')) >= 0)
        inline_key = str_sub(inline_key, 0, (size_t)bar);
    return base64_decode(inline_key, out, SRTP_KEY_LEN) == SRTP_KEY_LEN;
}

/* What the answer says about it. False: it does not do what the settings demand. */
static bool agree_on_srtp(struct call *c)
{
    enum trunk_srtp mode = trunk_conf(c->trunk)->srtp;
    const char *theirs = mode == TRUNK_SRTP_OFF ? NULL : sdp_media_rattr(c->audio, "crypto");
    uint8_t key[SRTP_KEY_LEN];
    bool agreed;

    c->open = mem_deref(c->open);
    if (!theirs)
        return mode != TRUNK_SRTP_REQUIRED;
    agreed = read_key(theirs, key) &&
             (c->seal ||
              !srtp_alloc(&c->seal, SRTP_AES_CM_128_HMAC_SHA1_80, c->key, sizeof(c->key), 0)) &&
             !srtp_alloc(&c->open, SRTP_AES_CM_128_HMAC_SHA1_80, key, sizeof(key), 0);
    explicit_bzero(key, sizeof(key));
    return agreed;
}

/* ---- keys ---- */

static void pressed(struct call *c, enum key_way way, char key)
{
    if (c->key_way == KEYS_NONE)
        c->key_way = way;
    if (c->key_way == way)
        c->events->key(c->arg, key);
}

/* Without SRTP the address and the source's number are all that tells a stranger's packet, and an
 * address is forged by whoever likes. Of two sources nobody knows which is the telephone: then no
 * key of either proves anything in this call. */
static bool is_from_peer(struct call *c, const struct sa *src, uint32_t source)
{
    if (c->open)
        return true;
    if (!sa_cmp(src, &c->peer, SA_ADDR))
        return false;
    if (!c->source_seen)
        c->source = source;
    c->source_seen = true;
    c->two_sources = c->two_sources || source != c->source;
    return !c->keys_prove || !c->two_sources;
}

static void heard(const struct sa *src, const struct rtp_header *hdr, struct mbuf *mb, void *arg)
{
    struct call *c = arg;
    uint8_t event;

    if (!c->answered || c->ending || !is_from_peer(c, src, hdr->ssrc) || !c->has_keys ||
        hdr->pt != c->key_payload || mb->end - mb->pos < KEY_EVENT_LEN)
        return;
    /* one key press is many packets of one timestamp; the end is repeated, and may come late */
    if (c->key_seen && (int32_t)(hdr->ts - c->key_ts) <= 0)
        return;
    c->key_seen = true;
    c->key_ts = hdr->ts;
    event = mb->buf[mb->pos];
    if (event < sizeof(event_keys) - 1)
        pressed(c, KEYS_RTP, event_keys[event]);
}

/* The key in "Signal=5" (application/dtmf-relay) or "5" (application/dtmf); 0 = none. */
static char key_of_info(const struct sip_msg *msg)
{
    struct str body = {(const char *)msg->mb->buf + msg->mb->pos, msg->mb->end - msg->mb->pos};
    struct str line, name;

    if (msg_ctype_cmp(&msg->ctyp, "application", "dtmf")) {
        line = str_trim(body);
    } else if (msg_ctype_cmp(&msg->ctyp, "application", "dtmf-relay")) {
        do {
            if (!str_split(&body, '\n', &line))
                return 0;
            if (!str_split(&line, '=', &name))
                return 0;
        } while (!str_eq_nocase(str_trim(name), STR("signal")));
        line = str_trim(line);
    } else {
        return 0;
    }
    while (line.n && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == '\n'))
        line.n--;
    return line.n == 1 && line.p[0] && strchr(event_keys, line.p[0]) ? line.p[0] : 0;
}

static void informed(struct sip *sip, const struct sip_msg *msg, void *arg)
{
    struct call *c = arg;
    char key = key_of_info(msg);

    (void)sip_reply(sip, msg, 200, "OK");
    if (key && c->answered && !c->ending)
        pressed(c, KEYS_INFO, key);
}

/* ---- sound ---- */

static void send_frame(struct call *c)
{
    struct mbuf *mb = mbuf_alloc(RTP_HEADER_SIZE + FRAME + SRTP_KEY_LEN);
    uint8_t coded[FRAME];
    bool marker = c->frame == 0;

    for (size_t i = 0; i < FRAME; i++) {
        int16_t sample = c->speech && c->at < c->speech->count ? c->speech->sample[c->at++] : 0;

        coded[i] = c->is_alaw ? g711_alaw(sample) : g711_ulaw(sample);
    }
    if (mb) {
        mb->pos = mb->end = RTP_HEADER_SIZE;
        if (!mbuf_write_mem(mb, coded, sizeof(coded))) {
            mb->pos = RTP_HEADER_SIZE;
            (void)rtp_send(c->rtp, &c->peer, false, marker, c->payload,
                           c->ts_first + (uint32_t)c->frame * FRAME, mb);
        }
        explicit_bzero(mb->buf, mb->size);
        mem_deref(mb);
    }
    explicit_bzero(coded, sizeof(coded));
    c->frame++;
}

static void tick(void *arg)
{
    struct call *c = arg;
    int64_t late = (clock_mono_ms() - c->started_ms) / FRAME_MS - c->frame;
    bool was_saying = c->speech && c->at < c->speech->count;

    if (late > FRAMES_LATE_MAX) {
        c->started_ms += (late - 1) * FRAME_MS;
        late = 1;
    }
    while (late-- > 0)
        send_frame(c);
    tmr_start(&c->tick,
              (uint64_t)MAX_OF(c->started_ms + c->frame * FRAME_MS - clock_mono_ms(), (int64_t)1),
              tick, c);
    if (was_saying && c->at >= c->speech->count)
        c->events->said(c->arg); /* may free the call */
}

void call_say(struct call *call, const struct speech *s)
{
    call->speech = s;
    call->at = 0;
}

size_t call_said(const struct call *call)
{
    return call->at;
}

/* ---- SDP ---- */

static enum err describe(struct ctx *cx, struct call *c)
{
    enum trunk_srtp srtp = trunk_conf(c->trunk)->srtp;
    const char *proto = srtp == TRUNK_SRTP_REQUIRED ? "RTP/SAVP" : "RTP/AVP";

    if (rtp_listen(&c->rtp, IPPROTO_UDP, trunk_local(c->trunk), RTP_PORT_FIRST, RTP_PORT_LAST,
                   false, heard, NULL, c) ||
        udp_register_helper(&c->helper, rtp_sock(c->rtp), 0, sealing, opening, c) ||
        sdp_session_alloc(&c->sdp, trunk_local(c->trunk)) ||
        sdp_media_add(&c->audio, c->sdp, "audio", sa_port(rtp_local(c->rtp)), proto) ||
        sdp_format_add(NULL, c->audio, false, "0", "PCMU", SPEECH_RATE, 1, NULL, NULL, NULL, false,
                       NULL) ||
        sdp_format_add(NULL, c->audio, false, "8", "PCMA", SPEECH_RATE, 1, NULL, NULL, NULL, false,
                       NULL) ||
        sdp_format_add(NULL, c->audio, false, "101", "telephone-event", SPEECH_RATE, 1, NULL, NULL,
                       NULL, false, "0-15") ||
        sdp_media_set_lattr(c->audio, true, "ptime", "%d", FRAME_MS))
        return fail(cx, ERR_INTERNAL, "no port for the sound of a call");
    if (srtp == TRUNK_SRTP_OFFERED)
        sdp_media_set_alt_protos(c->audio, 2, "RTP/AVP", "RTP/SAVP");
    if (srtp != TRUNK_SRTP_OFF) {
        random_bytes(c->key, sizeof(c->key));
        if (sdp_media_set_lattr(c->audio, true, "crypto", "1 %s inline:%s", suite,
                                base64_encode(cx->mem, BYTES_OF(c->key)).p))
            return fail(cx, ERR_INTERNAL, "SRTP cannot be offered");
    }
    return OK;
}

/* What the other side's SDP settles. False: nothing that both know. */
static bool agree(struct call *c)
{
    const struct sdp_format *codec = sdp_media_rformat(c->audio, NULL), *keys;
    const struct sa *peer = sdp_media_raddr(c->audio);

    if (!codec || !peer || !sa_port(peer) || (codec->pt != 0 && codec->pt != 8) ||
        !agree_on_srtp(c))
        return false;
    c->payload = (uint8_t)codec->pt;
    c->is_alaw = codec->pt == 8;
    c->peer = *peer;
    keys = sdp_media_rformat(c->audio, "telephone-event");
    c->has_keys = keys != NULL;
    c->key_payload = keys ? (uint8_t)keys->pt : 0;
    return true;
}

static int answer_came(const struct sip_msg *msg, void *arg)
{
    struct call *c = arg;

    if (sdp_decode(c->sdp, msg->mb, false) || !agree(c)) {
        end(c, CALL_UNUSABLE, 0, 0);
        return EPROTO;
    }
    return 0;
}

/* The other side changes the call while it lasts: its address, its key. */
static int offer_came(struct mbuf **out, const struct sip_msg *msg, void *arg)
{
    struct call *c = arg;

    if (msg->mb->end > msg->mb->pos && (sdp_decode(c->sdp, msg->mb, true) || !agree(c)))
        return EPROTO;
    return sdp_encode(out, c->sdp, msg->mb->end == msg->mb->pos);
}

/* ---- SIP ---- */

static void rings(const struct sip_msg *msg, void *arg)
{
    (void)msg, (void)arg;
}

static void established(const struct sip_msg *msg, void *arg)
{
    struct call *c = arg;
    uint32_t ts;

    (void)msg;
    if (c->ending)
        return;
    tmr_cancel(&c->ring);
    random_bytes(&ts, sizeof(ts));
    c->ts_first = ts;
    c->answered = true;
    c->started_ms = clock_mono_ms();
    tmr_start(&c->tick, 1, tick, c);
    c->events->answered(c->arg, str_from(sip_dialog_callid(sipsess_dialog(c->session))));
}

static void closed(int error, const struct sip_msg *msg, void *arg)
{
    struct call *c = arg;

    if (c->answered)
        end(c, CALL_HUNG_UP, 0, error);
    else if (msg && !error)
        end(c, CALL_REFUSED, msg->scode, 0);
    else
        end(c, CALL_UNREACHED, 0, error);
}

static bool is_number(struct str s)
{
    return s.n > 1 && s.n <= NUMBER_MAX + 1 && s.p[0] == '+' && str_all_digits(str_sub(s, 1, s.n));
}

enum err call_place(struct ctx *cx, struct trunk *trunk, const struct call_conf *conf,
                    struct call **out)
{
    OWN(call_free) struct call *c = mem_alloc(sizeof(*c));
    struct mbuf *offer = NULL;
    int error;
    enum err e;

    c->trunk = trunk;
    c->events = conf->events;
    c->arg = conf->arg;
    c->keys_prove = conf->keys_prove;
    if (!is_number(conf->number))
        return fail(cx, ERR_INVALID, "that is no number to call");
    if ((e = describe(cx, c)))
        return e;
    if (sdp_encode(&offer, c->sdp, true))
        return fail(cx, ERR_INTERNAL, "SDP cannot be written");
    error =
        sipsess_connect(&c->session, trunk_sessions(trunk), trunk_target(cx, trunk, conf->number).p,
                        NULL, trunk_identity(cx, trunk).p, "countersign", NULL, 0,
                        "application/sdp", offer, trunk_credentials, trunk, false, offer_came,
                        answer_came, rings, established, informed, NULL, closed, c, NULL);
    mem_deref(offer);
    if (error)
        return fail(cx, ERR_INTERNAL, "the call cannot be placed: %s", strerror(error));
    tmr_start(&c->ring, (uint64_t)conf->ring_s * MS_PER_S, rang_long_enough, c);
    *out = TAKE(c);
    return OK;
}

bool call_redirected(struct call *call, struct str head)
{
    struct sip_dialog *dialog = sipsess_dialog(call->session);

    if (call->answered || call->ending ||
        str_find_str(head, str_from(sip_dialog_callid(dialog))) < 0)
        return false;
    call->session = mem_deref(call->session); /* ends it: libre lets it go with this answer */
    end(call, CALL_REDIRECTED, 0, 0);
    return true;
}

void call_free(struct call **call)
{
    struct call *c = *call;

    if (!c)
        return;
    tmr_cancel(&c->ring);
    tmr_cancel(&c->tick);
    tmr_cancel(&c->end);
    mem_deref(c->session); /* CANCEL or BYE; libre keeps what it needs for that */
    mem_deref(c->helper);
    mem_deref(c->rtp);
    mem_deref(c->sdp);
    mem_deref(c->seal);
    mem_deref(c->open);
    explicit_bzero(c, sizeof(*c));
    mem_free(c);
    *call = NULL;
}
