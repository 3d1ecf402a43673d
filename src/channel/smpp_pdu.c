/*
 * smpp_pdu.c: see smpp_pdu.h. The only file that calls libsmpp34.
 *
 * The library (1.14.1) is not fit for what strangers send: each field that it reads is also written
 * into a text of 2,048 bytes without an end, so that a deliver_sm of a hundred TLVs overwrites what
 * lies behind; it looks for the end of strings before it looks for the end of the PDU, and loses
 * memory with a TLV that is cut. Therefore no PDU reaches it as it came. A copy is made, field by
 * field within the PDU's length, of the fields that we use and of nothing else; that one the
 * library reads.
 */
#include "channel/smpp_pdu.h"

/* each of these needs the one before: */
/* clang-format off */
#include <smpp34.h>
#include <smpp34_structs.h>
#include <smpp34_params.h>
/* clang-format on */

enum {
    UDH_LEN = 6, /* 05 00 03, reference, parts, part: 3GPP TS 23.040 section 9.2.3.24.1 */
    WRITE_MAX = SMPP_TEXT_MAX + 256,
    TLV_HEAD_LEN = 4,
    COPY_MAX = SMPP_HEAD_LEN + 64 /* fixed fields and addresses */ + SMPP_SHORT_MAX +
               3 * TLV_HEAD_LEN + SMPP_TEXT_MAX + SMPP_ID_MAX + 2,
};

/* ---- heads ---- */

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void set_be32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static void add_be32(struct buf *out, uint32_t v)
{
    uint8_t b[4];

    set_be32(b, v);
    buf_add(out, bytes_str(BYTES_OF(b)));
}

enum smpp_frame smpp_frame(struct bytes in, struct smpp_head *out)
{
    struct smpp_head h = {0};

    if (in.n < sizeof(uint32_t))
        return SMPP_PART;
    h.length = be32(in.p);
    if (in.n >= SMPP_HEAD_LEN) {
        h.command = be32(in.p + 4);
        h.status = be32(in.p + 8);
        h.sequence = be32(in.p + 12);
    }
    *out = h;
    if (h.length < SMPP_HEAD_LEN || h.length > SMPP_PDU_MAX)
        return SMPP_WRONG;
    return in.n >= h.length ? SMPP_WHOLE : SMPP_PART;
}

void smpp_write_head(struct buf *out, uint32_t command, uint32_t status, uint32_t sequence)
{
    bool named = command == (SMPP_DELIVER_SM | SMPP_RESPONSE);

    add_be32(out, SMPP_HEAD_LEN + named);
    add_be32(out, command);
    add_be32(out, status);
    add_be32(out, sequence);
    if (named)
        buf_addc(out, '\0');
}

/* ---- reading ---- */

static void drop_tlvs(tlv_t **list)
{
    if (*list)
        destroy_tlv(*list);
    *list = NULL;
}

/* A field that the library has filled; printable ASCII is all that a name may hold. */
static bool copy_name(char *out, size_t out_max, const uint8_t *field, size_t field_max)
{
    size_t n = strnlen((const char *)field, field_max);

    if (n > out_max)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (field[i] <= ' ' || field[i] > '~')
            return false;
        out[i] = (char)field[i];
    }
    out[n] = '\0';
    return true;
}

/* What is left of a PDU, and the copy of it. */
struct wall {
    struct bytes left;
    uint8_t copy[COPY_MAX];
    size_t n;
};

static void wall_add(struct wall *w, const uint8_t *p, size_t n)
{
    memcpy(w->copy + w->n, p, n); /* COPY_MAX is the sum of all that is ever added */
    w->n += n;
}

static void wall_zero(struct wall *w)
{
    w->copy[w->n++] = 0;
}

static bool wall_take(struct wall *w, size_t n, const uint8_t **out)
{
    if (w->left.n < n)
        return false;
    *out = w->left.p;
    w->left = (struct bytes){w->left.p + n, w->left.n - n};
    return true;
}

/* A string with its NUL, `max` bytes at most; drop: an empty one is copied in its place. */
static bool wall_string(struct wall *w, size_t max, bool drop)
{
    size_t n = strnlen((const char *)w->left.p, MIN_OF(w->left.n, max));
    const uint8_t *p;

    if (n == max || !wall_take(w, n + 1, &p))
        return false;
    if (drop)
        wall_zero(w);
    else
        wall_add(w, p, n + 1);
    return true;
}

static bool wall_bytes(struct wall *w, size_t n)
{
    const uint8_t *p;

    if (!wall_take(w, n, &p))
        return false;
    wall_add(w, p, n);
    return true;
}

/* Type and plan of a number: the library refuses those that it does not know, and we use none. */
static bool wall_number_type(struct wall *w)
{
    const uint8_t *p;

    wall_zero(w);
    wall_zero(w);
    return wall_take(w, 2, &p);
}

static void wall_begin(struct wall *w, struct bytes pdu)
{
    w->left = (struct bytes){pdu.p + SMPP_HEAD_LEN, pdu.n - SMPP_HEAD_LEN};
    w->n = SMPP_HEAD_LEN;
}

/* The copy's head: of a PDU that went well, and of no sequence. */
static void wall_end(struct wall *w, uint32_t command)
{
    set_be32(w->copy, (uint32_t)w->n);
    set_be32(w->copy + 4, command);
    set_be32(w->copy + 8, SMPP_OK);
    set_be32(w->copy + 12, 1);
}

static const struct {
    uint16_t tag;
    uint16_t least, most; /* bytes */
} kept_tlvs[] = {
    {TLVID_message_payload,      1, SMPP_TEXT_MAX  },
    {TLVID_receipted_message_id, 1, SMPP_ID_MAX + 1},
    {TLVID_message_state,        1, 1              },
};

/* One TLV; of those that we use the first of each is copied. False: it is cut. */
static bool wall_tlv(struct wall *w, unsigned *seen)
{
    const uint8_t *head, *value;
    uint16_t tag, len;

    if (!wall_take(w, TLV_HEAD_LEN, &head))
        return false;
    tag = (uint16_t)(head[0] << 8 | head[1]);
    len = (uint16_t)(head[2] << 8 | head[3]);
    if (!wall_take(w, len, &value))
        return false;
    for (unsigned i = 0; i < COUNT_OF(kept_tlvs); i++) {
        if (kept_tlvs[i].tag != tag || len < kept_tlvs[i].least || len > kept_tlvs[i].most ||
            *seen & 1u << i)
            continue;
        *seen |= 1u << i;
        wall_add(w, head, TLV_HEAD_LEN);
        wall_add(w, value, len);
    }
    return true;
}

/* SMPP 3.4 section 4.6.1. */
static bool wall_delivery(struct wall *w, struct bytes pdu)
{
    const uint8_t *len;
    unsigned seen = 0;

    wall_begin(w, pdu);
    if (!wall_string(w, sizeof(((deliver_sm_t *)0)->service_type), true) || !wall_number_type(w) ||
        !wall_string(w, SMPP_ADDRESS_MAX + 1, false) || !wall_number_type(w) ||
        !wall_string(w, SMPP_ADDRESS_MAX + 1, true) || !wall_bytes(w, 3) ||
        !wall_string(w, TIME_LENGTH, true) || !wall_string(w, TIME_LENGTH, true) ||
        !wall_bytes(w, 4) || !wall_take(w, 1, &len) || *len > SMPP_SHORT_MAX)
        return false;
    wall_add(w, len, 1);
    if (!wall_bytes(w, *len))
        return false;
    while (w->left.n) {
        if (!wall_tlv(w, &seen))
            return false;
    }
    wall_end(w, DELIVER_SM);
    return true;
}

bool smpp_read_id(struct bytes pdu, char out[static SMPP_ID_MAX + 1])
{
    submit_sm_resp_t resp = {0};
    struct wall w;

    out[0] = '\0';
    wall_begin(&w, pdu);
    if (w.left.n == 0) /* many answers that refuse have no body, and some that do not */
        return true;
    if (!wall_string(&w, SMPP_ID_MAX + 1, false))
        return false;
    wall_end(&w, SUBMIT_SM_RESP);
    return smpp34_unpack(SUBMIT_SM_RESP, &resp, w.copy, (int)w.n) == 0 &&
           copy_name(out, SMPP_ID_MAX, resp.message_id, sizeof(resp.message_id));
}

static bool take_tlv(const tlv_t *tlv, struct smpp_delivery *out)
{
    switch (tlv->tag) {
    case TLVID_message_payload:
        memcpy(out->text, tlv->value.octet, tlv->length);
        out->text_len = tlv->length;
        return true;
    case TLVID_receipted_message_id:
        return copy_name(out->id, SMPP_ID_MAX, tlv->value.octet,
                         MIN_OF((size_t)tlv->length, sizeof(tlv->value.octet)));
    case TLVID_message_state:
        out->state = tlv->value.val08;
        return true;
    default:
        return true;
    }
}

bool smpp_read_delivery(struct bytes pdu, struct smpp_delivery *out)
{
    deliver_sm_t sm = {0};
    OWN(drop_tlvs) tlv_t *tlvs = NULL;
    struct wall w;
    bool ok = wall_delivery(&w, pdu) && smpp34_unpack(DELIVER_SM, &sm, w.copy, (int)w.n) == 0;

    tlvs = sm.tlv; /* owned even when the rest could not be read */
    if (!ok || sm.sm_length > sizeof(sm.short_message))
        return false;
    *out = (struct smpp_delivery){
        .esm_class = sm.esm_class, .data_coding = sm.data_coding, .state = -1};
    memcpy(out->text, sm.short_message, sm.sm_length);
    out->text_len = sm.sm_length;
    (void)copy_name(out->from, SMPP_ADDRESS_MAX, sm.source_addr, sizeof(sm.source_addr));
    for (const tlv_t *t = tlvs; t; t = t->next) {
        if (!take_tlv(t, out))
            return false;
    }
    return true;
}

/* ---- writing ---- */

/* A NUL-terminated field; false when it is too long or holds a NUL itself. */
static bool put(uint8_t *field, size_t field_max, struct str text)
{
    if (text.n >= field_max || str_find(text, '\0') >= 0)
        return false;
    memcpy(field, text.n ? text.p : "", text.n);
    field[text.n] = '\0';
    return true;
}
#define PUT(field, text) put((field), sizeof(field), (text))

static bool pack(struct buf *out, uint32_t command, void *pdu)
{
    uint8_t bytes[WRITE_MAX];
    int n = 0;

    if (smpp34_pack(command, bytes, sizeof(bytes), &n, pdu) != 0 || n < SMPP_HEAD_LEN)
        return false;
    buf_add(out, bytes_str((struct bytes){bytes, (size_t)n}));
    explicit_bzero(bytes, (size_t)n);
    return true;
}

bool smpp_write_bind(struct buf *out, const struct smpp_bind *bind, uint32_t sequence)
{
    bind_transceiver_t pdu = {
        .command_id = BIND_TRANSCEIVER,
        .sequence_number = sequence,
        .interface_version = SMPP_VERSION,
    };
    bool ok = PUT(pdu.system_id, bind->system_id) && PUT(pdu.password, bind->password) &&
              PUT(pdu.system_type, bind->system_type) && pack(out, BIND_TRANSCEIVER, &pdu);

    explicit_bzero(&pdu, sizeof(pdu));
    return ok;
}

/* SMPP 3.4 section 7.1.1.2: relative time, "YYMMDDhhmmss000R". */
static bool put_validity(uint8_t *field, size_t field_max, int64_t valid_s)
{
    enum { DAY_S = 86400, DAYS_MAX = 28 };
    int64_t s = MIN_OF(MAX_OF(valid_s, (int64_t)1), (int64_t)DAYS_MAX * DAY_S);

    return (size_t)snprintf((char *)field, field_max, "0000%02d%02d%02d%02d000R", (int)(s / DAY_S),
                            (int)(s % DAY_S / 3600), (int)(s % 3600 / 60),
                            (int)(s % 60)) < field_max;
}

static bool put_text(submit_sm_t *pdu, const struct smpp_submit *in, tlv_t **tlvs)
{
    const uint8_t udh[UDH_LEN] = {5, 0, 3, (uint8_t)in->reference, in->parts, in->part};
    bool split = in->parts > 1 && in->how == SMPP_UDH;
    size_t udh_len = split ? sizeof(udh) : 0;

    if (in->how == SMPP_PAYLOAD && in->text.n > SMPP_SHORT_MAX) {
        tlv_t payload = {.tag = TLVID_message_payload, .length = (uint16_t)in->text.n};

        if (in->text.n > sizeof(payload.value.octet))
            return false;
        memcpy(payload.value.octet, in->text.p, in->text.n);
        return build_tlv(tlvs, &payload) == 0;
    }
    if (udh_len + in->text.n > SMPP_SHORT_MAX)
        return false;
    if (split) {
        pdu->esm_class |= SMPP34_UDHI_IND;
        memcpy(pdu->short_message, udh, sizeof(udh));
    }
    memcpy(pdu->short_message + udh_len, in->text.p, in->text.n);
    pdu->sm_length = (uint8_t)(udh_len + in->text.n);
    if (in->parts > 1 && in->how == SMPP_SAR) {
        tlv_t reference = {.tag = TLVID_sar_msg_ref_num, .length = 2, .value.val16 = in->reference};
        tlv_t total = {.tag = TLVID_sar_total_segments, .length = 1, .value.val08 = in->parts};
        tlv_t number = {.tag = TLVID_sar_segment_seqnum, .length = 1, .value.val08 = in->part};

        return build_tlv(tlvs, &reference) == 0 && build_tlv(tlvs, &total) == 0 &&
               build_tlv(tlvs, &number) == 0;
    }
    return true;
}

bool smpp_write_submit(struct buf *out, const struct smpp_submit *in, uint32_t sequence)
{
    OWN(drop_tlvs) tlv_t *tlvs = NULL;
    submit_sm_t pdu = {
        .command_id = SUBMIT_SM,
        .sequence_number = sequence,
        .source_addr_ton = in->from.ton,
        .source_addr_npi = in->from.npi,
        .dest_addr_ton = in->to.ton,
        .dest_addr_npi = in->to.npi,
        .registered_delivery = in->registered_delivery,
        .data_coding = in->data_coding,
    };
    bool ok = PUT(pdu.source_addr, in->from.digits) && PUT(pdu.destination_addr, in->to.digits) &&
              put_validity(pdu.validity_period, sizeof(pdu.validity_period), in->valid_s) &&
              put_text(&pdu, in, &tlvs);

    pdu.tlv = tlvs;
    ok = ok && pack(out, SUBMIT_SM, &pdu);
    explicit_bzero(&pdu, sizeof(pdu));
    return ok;
}

/* ---- words ---- */

static const struct {
    uint32_t status;
    const char *word, *text;
    bool passes;
} statuses[] = {
    {0x01, "ESME_RINVMSGLEN",       "the text has a wrong length",                            false},
    {0x02, "ESME_RINVCMDLEN",       "the request has a wrong length",                         false},
    {0x03, "ESME_RINVCMDID",        "it does not know this request",                          false},
    {0x04, "ESME_RINVBNDSTS",       "it does not take us for bound",                          true },
    {0x05, "ESME_RALYBND",          "there are as many sessions of this name as it allows",   true },
    {0x08, "ESME_RSYSERR",          "it has an error of its own",                             true },
    {0x0A, "ESME_RINVSRCADR",       "it does not allow this sender (sms_from, smpp_source)",  false},
    {0x0B, "ESME_RINVDSTADR",       "it does not take this number",                           false},
    {0x0D, "ESME_RBINDFAIL",        "it does not let us in",                                  true },
    {0x0E, "ESME_RINVPASWD",        "the password is wrong (sms_password_file)",              true },
    {0x0F, "ESME_RINVSYSID",        "it does not know this name (sms_user)",                  true },
    {0x14, "ESME_RMSGQFUL",         "its queue is full",                                      true },
    {0x15, "ESME_RINVSERTYP",       "it does not take this service type",                     false},
    {0x43, "ESME_RINVESMCLASS",     "it does not take texts in parts like these (smpp_long)", false},
    {0x45, "ESME_RSUBMITFAIL",      "it could not take the message",                          true },
    {0x48, "ESME_RINVSRCTON",       "the sender has a wrong type of number (smpp_source)",    false},
    {0x49, "ESME_RINVSRCNPI",       "the sender has a wrong numbering plan (smpp_source)",    false},
    {0x50, "ESME_RINVDSTTON",       "it does not take international numbers",                 false},
    {0x51, "ESME_RINVDSTNPI",       "it does not take international numbers",                 false},
    {0x53, "ESME_RINVSYSTYP",       "the system type is wrong (smpp_system_type)",            true },
    {0x58, "ESME_RTHROTTLED",       "we send faster than it allows (smpp_rate)",              true },
    {0x61, "ESME_RINVSCHED",        "it does not take this time",                             false},
    {0x62, "ESME_RINVEXPIRY",       "it does not take this validity",                         false},
    {0x64, "ESME_RX_T_APPN",        "not now",                                                true },
    {0xC0, "ESME_RINVOPTPARSTREAM", "it cannot read the optional fields (smpp_long)",         false},
    {0xC1, "ESME_ROPTPARNOTALLWD",  "it does not allow an optional field (smpp_long)",        false},
    {0xC4, "ESME_RINVOPTPARAMVAL",  "it does not take an optional field (smpp_long)",         false},
    {0xFF, "ESME_RUNKNOWNERR",      "it does not say why",                                    true },
};

const char *smpp_status_word(uint32_t status, char out[static SMPP_STATUS_WORD_MAX])
{
    EACH_ROW (row, statuses) {
        if (row->status == status)
            return row->word;
    }
    snprintf(out, SMPP_STATUS_WORD_MAX, "status 0x%X", status);
    return out;
}

const char *smpp_status_text(uint32_t status)
{
    EACH_ROW (row, statuses) {
        if (row->status == status)
            return row->text;
    }
    return "";
}

bool smpp_status_passes(uint32_t status)
{
    EACH_ROW (row, statuses) {
        if (row->status == status)
            return row->passes;
    }
    return true; /* a number of the carrier's own: no credit, no route at this time */
}
