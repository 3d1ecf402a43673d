/*
 * smpp_pdu.h: the bytes of SMPP 3.4 (SMPP Developers Forum, issue 1.2). Pure.
 *
 * A PDU is a head of four 32-bit numbers (length, command, status, sequence), mandatory fields,
 * then tagged ones (TLV). Heads are read here and bounded before libsmpp34 sees a byte; the library
 * packs and unpacks what is behind them. It keeps its errors in globals: one thread at a time may
 * call smpp_write_ and smpp_read_.
 */
#ifndef CHANNEL_SMPP_PDU_H
#define CHANNEL_SMPP_PDU_H

#include "base/buf.h"

enum {
    SMPP_HEAD_LEN = 16,
    SMPP_PDU_MAX = 8 * KIB, /* a longer one is refused; the largest that we know has 2 KB */
    SMPP_ID_MAX = 64,       /* a message's name */
    SMPP_ADDRESS_MAX = 20,
    SMPP_SYSTEM_ID_MAX = 15,
    SMPP_PASSWORD_MAX = 8,
    SMPP_SYSTEM_TYPE_MAX = 12,
    SMPP_SHORT_MAX = 254, /* bytes of short_message */
    SMPP_TEXT_MAX = 1024, /* bytes of a message_payload: libsmpp34 takes no longer TLV */
};

enum smpp_command {
    SMPP_BIND_TRANSCEIVER = 0x00000009,
    SMPP_SUBMIT_SM = 0x00000004,
    SMPP_DELIVER_SM = 0x00000005,
    SMPP_UNBIND = 0x00000006,
    SMPP_ENQUIRE_LINK = 0x00000015,
};
#define SMPP_RESPONSE     UINT32_C(0x80000000) /* or'ed to the command */
#define SMPP_GENERIC_NACK SMPP_RESPONSE

/* Statuses that a session acts on; smpp_status_word knows more. */
enum smpp_status {
    SMPP_OK = 0x00,
    SMPP_BAD_LENGTH = 0x02,
    SMPP_BAD_COMMAND = 0x03,
    SMPP_NOT_BOUND = 0x04,
    SMPP_QUEUE_FULL = 0x14,
    SMPP_THROTTLED = 0x58,
    SMPP_TRY_LATER = 0x64, /* what we say to a receipt that could not be booked */
    SMPP_REFUSED = 0x66,   /* to one that we cannot read */
};

struct smpp_head {
    uint32_t length, command, status, sequence;
};

/* ---- reading ---- */

enum smpp_frame { SMPP_PART, SMPP_WHOLE, SMPP_WRONG };
/* Looks at the beginning of what came. WHOLE: *out is set, and out->length bytes are there. WRONG:
 * no PDU can begin so, or it is too long; *out is what it says of itself, if its head is there. */
enum smpp_frame smpp_frame(struct bytes in, struct smpp_head *out);

/* The message's name in a submit_sm_resp; empty when it has none. False: malformed. */
bool smpp_read_id(struct bytes pdu, char out[static SMPP_ID_MAX + 1]);

struct smpp_delivery { /* of a deliver_sm */
    uint8_t esm_class, data_coding;
    char from[SMPP_ADDRESS_MAX + 1];
    uint8_t text[SMPP_TEXT_MAX]; /* short_message, or message_payload */
    size_t text_len;
    char id[SMPP_ID_MAX + 1]; /* receipted_message_id, empty = none */
    int state;                /* message_state, -1 = none */
};
bool smpp_read_delivery(struct bytes pdu, struct smpp_delivery *out);

/* ---- writing: appended to out ---- */

/* A head alone: enquire_link, unbind, their answers, generic_nack; also deliver_sm_resp, which has
 * an empty name behind it. */
void smpp_write_head(struct buf *out, uint32_t command, uint32_t status, uint32_t sequence);

struct smpp_bind {
    struct str system_id, password, system_type;
};
bool smpp_write_bind(struct buf *out, const struct smpp_bind *bind, uint32_t sequence);

struct smpp_address {
    uint8_t ton, npi; /* type of number, numbering plan */
    struct str digits;
};

enum smpp_long { SMPP_UDH, SMPP_SAR, SMPP_PAYLOAD };

struct smpp_submit {
    struct smpp_address from, to;
    uint8_t data_coding;
    uint8_t registered_delivery;
    struct bytes text;
    enum smpp_long how;  /* a text of several parts, or too long for short_message */
    uint16_t reference;  /* of all its parts */
    uint8_t part, parts; /* 1 of 1 when whole */
    int64_t valid_s;     /* the carrier drops it after this time */
};
/* False: a field is too long. */
bool smpp_write_submit(struct buf *out, const struct smpp_submit *in, uint32_t sequence);

/* ---- words ---- */

/* "ESME_RINVPASWD"; "status 0x400" for one without a name lives in out. */
enum { SMPP_STATUS_WORD_MAX = 24 };
const char *smpp_status_word(uint32_t status, char out[static SMPP_STATUS_WORD_MAX]);
/* In plain words: "the password is wrong"; empty when there are none. */
const char *smpp_status_text(uint32_t status);
/* Whether a submit_sm that was answered so is worth another try later. */
bool smpp_status_passes(uint32_t status);

#endif
