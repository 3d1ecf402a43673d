/*
 * smpp_text.h: what is inside SMPP messages: our texts in parts, and the carrier's receipts. Pure.
 */
#ifndef CHANNEL_SMPP_TEXT_H
#define CHANNEL_SMPP_TEXT_H

#include "channel/smpp_pdu.h"

enum { SMPP_PARTS_MAX = 7 }; /* 7 x 153 septets: no message of ours has half as many */

/* A text as it goes out: GSM 7-bit alphabet, a septet a byte, when that has all its characters,
 * else UTF-16BE. */
struct smpp_text {
    uint8_t data_coding;
    uint8_t parts;
    uint16_t at[SMPP_PARTS_MAX], len[SMPP_PARTS_MAX];
    uint8_t bytes[SMPP_TEXT_MAX + 64];
};
/* False: too long. SMPP_PAYLOAD makes one part of whatever length. */
bool smpp_text_encode(struct str text, enum smpp_long how, struct smpp_text *out);

/* How a receipt writes the name that the answer to the message gave it. */
enum smpp_ids {
    SMPP_IDS_SAME,
    SMPP_IDS_DECIMAL, /* the answer in hexadecimal, the receipt in decimal */
    SMPP_IDS_HEX,     /* the other way round */
};
/* One spelling for both sides; what is no number stays as it is. */
void smpp_id_unify(char id[static SMPP_ID_MAX + 1], enum smpp_ids ids, bool in_receipt);

enum { SMPP_WHY_MAX = 80 };
enum smpp_fate { SMPP_UNDER_WAY, SMPP_DELIVERED, SMPP_UNDELIVERED };

struct smpp_receipt {
    char id[SMPP_ID_MAX + 1]; /* as the receipt has it */
    enum smpp_fate fate;
    char why[SMPP_WHY_MAX]; /* "the carrier reports UNDELIV, error 011": SMPP_UNDELIVERED only */
};
/* False: not a receipt, or none that names a message and its state. TLVs go before the text, whose
 * form is that of SMPP 3.4 appendix B: "id:… sub:… dlvrd:… … stat:DELIVRD err:000 text:…". */
bool smpp_receipt_read(const struct smpp_delivery *d, struct smpp_receipt *out);

/* Type and plan of a sender as it is written: "+14155550100" international, "ACME" a word, "12345"
 * a short number of the network. */
struct smpp_address smpp_sender(struct str from);

#endif
