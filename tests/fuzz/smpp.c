/*
 * smpp.c: bytes that claim to come from an SMS carrier. Whatever they are, frames stay within the
 * bytes that are there, names are printable, and a receipt names a message.
 */
#include "channel/smpp_text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
    if (!held)
        abort();
}

static void must_be_name(const char *name, size_t max)
{
    size_t n = strnlen(name, max + 1);

    must(n <= max);
    for (size_t i = 0; i < n; i++)
        must(name[i] > ' ' && name[i] <= '~');
}

static void check_delivery(const struct smpp_delivery *d)
{
    struct smpp_receipt r;

    must(d->text_len <= sizeof(d->text));
    must_be_name(d->id, SMPP_ID_MAX);
    must_be_name(d->from, SMPP_ADDRESS_MAX);
    if (!smpp_receipt_read(d, &r))
        return;
    must(r.id[0] != '\0');
    must_be_name(r.id, SMPP_ID_MAX);
    must((r.fate == SMPP_UNDELIVERED) == (r.why[0] != '\0'));
    smpp_id_unify(r.id, SMPP_IDS_HEX, true);
    must_be_name(r.id, SMPP_ID_MAX);
    smpp_id_unify(r.id, SMPP_IDS_DECIMAL, true);
    must_be_name(r.id, SMPP_ID_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = {data, size};
    struct smpp_delivery d;
    struct smpp_head h;
    char id[SMPP_ID_MAX + 1];

    while (smpp_frame(rest, &h) == SMPP_WHOLE) {
        struct bytes pdu = {rest.p, h.length};

        must(h.length >= SMPP_HEAD_LEN && h.length <= SMPP_PDU_MAX && h.length <= rest.n);
        if (smpp_read_delivery(pdu, &d))
            check_delivery(&d);
        if (smpp_read_id(pdu, id))
            must_be_name(id, SMPP_ID_MAX);
        rest = (struct bytes){rest.p + h.length, rest.n - h.length};
    }
    return 0;
}
