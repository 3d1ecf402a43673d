/*
 * gsm7.h: how long a text is as SMS, and its two encodings (3GPP TS 23.038). Pure.
 *
 * An SMS carries 160 septets of the GSM 7-bit default alphabet, or 70 units of UCS-2 as soon as one
 * character is outside of it; a longer text is cut into parts of 153 or 67, each paid for. Some
 * characters of the alphabet ('[', '{', '~', the euro sign) take two septets. UCS-2 is sent as
 * UTF-16BE, so what lies beyond U+FFFF takes two units.
 */
#ifndef CHANNEL_GSM7_H
#define CHANNEL_GSM7_H

#include "base/str.h"

enum sms_coding { SMS_GSM7, SMS_UCS2 };
enum {
    SMS_GSM7_MAX = 160,      /* septets of a message in one part */
    SMS_GSM7_PART_MAX = 153, /* septets of each part of a longer one */
    SMS_UCS2_MAX = 70,       /* units of 2 bytes */
    SMS_UCS2_PART_MAX = 67,
};

struct sms_size {
    enum sms_coding coding;
    size_t units; /* septets or 2-byte units */
    size_t parts; /* what is paid for; 1 for an empty text */
};

/* text: UTF-8; a malformed byte counts as one unit, as sms_encode writes it. */
struct sms_size sms_measure(struct str text);
/* How many bytes of text fit into units_max, without splitting a character. */
size_t sms_fit(struct str text, enum sms_coding coding, size_t units_max);

/* Writes one septet per byte (gsm7: not packed, as SMPP wants it) or UTF-16BE, at most out_max
 * bytes. Returns the bytes written, or -1: too long, or a character that GSM7 does not have. */
ptrdiff_t sms_encode(struct str text, enum sms_coding coding, uint8_t *out, size_t out_max);

#endif
