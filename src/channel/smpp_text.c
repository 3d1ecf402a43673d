/* smpp_text.c: see smpp_text.h. */
#include "channel/smpp_text.h"
#include "channel/gsm7.h"

#include <inttypes.h>
#include <limits.h>

/* ---- our texts ---- */

enum { DATA_CODING_DEFAULT = 0, DATA_CODING_UCS2 = 8 };

bool smpp_text_encode(struct str text, enum smpp_long how, struct smpp_text *out)
{
    struct sms_size size = sms_measure(text);
    bool gsm7 = size.coding == SMS_GSM7;
    size_t part_max = gsm7 ? SMS_GSM7_PART_MAX : SMS_UCS2_PART_MAX, n = 0;

    *out = (struct smpp_text){.data_coding = gsm7 ? DATA_CODING_DEFAULT : DATA_CODING_UCS2};
    if (how == SMPP_PAYLOAD || size.parts == 1)
        part_max = SIZE_MAX;
    do {
        size_t fit = sms_fit(text, size.coding, part_max);
        ptrdiff_t len = sms_encode(str_sub(text, 0, fit), size.coding, out->bytes + n,
                                   MIN_OF(sizeof(out->bytes) - n, (size_t)SMPP_TEXT_MAX));

        if (len < 0 || out->parts == SMPP_PARTS_MAX)
            return false;
        out->at[out->parts] = (uint16_t)n;
        out->len[out->parts++] = (uint16_t)len;
        n += (size_t)len;
        text = str_sub(text, fit, text.n);
    } while (text.n);
    return true;
}

struct smpp_address smpp_sender(struct str from)
{
    enum { UNKNOWN = 0, INTERNATIONAL = 1, NETWORK = 3, WORD = 5, E164 = 1 };

    if (str_starts(from, STR("+")) && str_all_digits(str_sub(from, 1, from.n)))
        return (struct smpp_address){INTERNATIONAL, E164, str_sub(from, 1, from.n)};
    if (str_all_digits(from))
        return (struct smpp_address){NETWORK, UNKNOWN, from};
    return (struct smpp_address){from.n ? WORD : UNKNOWN, UNKNOWN, from};
}

/* ---- names of messages ---- */

static bool id_number(const char *id, bool hex, uint64_t *out)
{
    uint64_t v = 0;

    for (const char *p = id; *p; p++) {
        unsigned digit = *p >= '0' && *p <= '9'          ? (unsigned)(*p - '0')
                         : *p >= 'a' && *p <= 'f' && hex ? (unsigned)(*p - 'a' + 10)
                         : *p >= 'A' && *p <= 'F' && hex ? (unsigned)(*p - 'A' + 10)
                                                         : UINT_MAX;

        if (digit == UINT_MAX || v > (UINT64_MAX - digit) / (hex ? 16 : 10))
            return false;
        v = v * (hex ? 16 : 10) + digit;
    }
    *out = v;
    return id[0] != '\0';
}

void smpp_id_unify(char id[static SMPP_ID_MAX + 1], enum smpp_ids ids, bool in_receipt)
{
    uint64_t v;

    if (ids == SMPP_IDS_SAME || !id_number(id, (ids == SMPP_IDS_HEX) == in_receipt, &v))
        return;
    if (ids == SMPP_IDS_HEX)
        snprintf(id, SMPP_ID_MAX + 1, "%" PRIx64, v);
    else
        snprintf(id, SMPP_ID_MAX + 1, "%" PRIu64, v);
}

/* ---- receipts ---- */

static const struct {
    int number; /* message_state: SMPP 3.4 section 5.2.28 */
    const char *word;
    enum smpp_fate fate;
} states[] = {
    {1, "ENROUTE", SMPP_UNDER_WAY  },
    {2, "DELIVRD", SMPP_DELIVERED  },
    {3, "EXPIRED", SMPP_UNDELIVERED},
    {4, "DELETED", SMPP_UNDELIVERED},
    {5, "UNDELIV", SMPP_UNDELIVERED},
    {6, "ACCEPTD", SMPP_UNDER_WAY  },
    {7, "UNKNOWN", SMPP_UNDER_WAY  },
    {8, "REJECTD", SMPP_UNDELIVERED},
};

enum { ESM_TYPE_MASK = 0x3C, ESM_RECEIPT = 0x04 }; /* bits 5-2 of esm_class: section 5.2.12 */

/* The value behind "name:" up to the next blank, the name in any case, at a word's beginning. */
static struct str field(struct str text, struct str name)
{
    for (size_t i = 0; i + name.n <= text.n; i++) {
        struct str value;
        ptrdiff_t blank;

        if ((i > 0 && text.p[i - 1] != ' ') || !str_eq_nocase(str_sub(text, i, name.n), name))
            continue;
        value = str_sub(text, i + name.n, text.n);
        blank = str_find(value, ' ');
        return blank < 0 ? value : str_sub(value, 0, (size_t)blank);
    }
    return STR_NONE;
}

static bool copy_plain(char *out, size_t out_max, struct str in)
{
    if (in.n == 0 || in.n >= out_max)
        return false;
    for (size_t i = 0; i < in.n; i++) {
        if (in.p[i] <= ' ' || in.p[i] > '~')
            return false;
        out[i] = in.p[i];
    }
    out[in.n] = '\0';
    return true;
}

bool smpp_receipt_read(const struct smpp_delivery *d, struct smpp_receipt *out)
{
    struct str text = bytes_str((struct bytes){d->text, d->text_len});
    struct str word = field(text, STR("stat:"));
    char error[8];

    if ((d->esm_class & ESM_TYPE_MASK) != ESM_RECEIPT)
        return false;
    *out = (struct smpp_receipt){0};
    if (!copy_plain(out->id, sizeof(out->id), str_from(d->id)) &&
        !copy_plain(out->id, sizeof(out->id), field(text, STR("id:"))))
        return false;
    if (!copy_plain(error, sizeof(error), field(text, STR("err:"))))
        error[0] = '\0';
    EACH_ROW (row, states) {
        if (d->state >= 0 ? d->state != row->number : !str_eq_nocase(word, str_from(row->word)))
            continue;
        out->fate = row->fate;
        if (row->fate == SMPP_UNDELIVERED)
            snprintf(out->why, sizeof(out->why), "the carrier reports %s%s%s", row->word,
                     error[0] ? ", error " : "", error);
        return true;
    }
    return d->state >= 0 || word.n; /* a state of the carrier's own decides nothing */
}
