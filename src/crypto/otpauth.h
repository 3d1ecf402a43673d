/*
 * otpauth.h: the otpauth:// URI that authenticator apps read from a QR code or a link.
 *
 * Form: Google Authenticator's "Key URI Format"
 *     otpauth://totp/Issuer:account?secret=BASE32&issuer=Issuer&algorithm=SHA1&digits=6&period=30
 * Everything is written out, defaults too, in that order; some apps ignore algorithm, digits and
 * period and take SHA1, 6 and 30, so those are what to enrol with.
 */
#ifndef CRYPTO_OTPAUTH_H
#define CRYPTO_OTPAUTH_H

#include "base/arena.h"
#include "base/secret.h"
#include "crypto/totp.h"

enum {
    OTPAUTH_LEN_MAX = 1024,          /* bytes of a URI: it has to fit a QR code (QR_TEXT_MAX) */
    OTPAUTH_SECRET_MAX = SECRET_MAX, /* bytes of a seed */
};

struct otpauth {
    struct str issuer;   /* the service's name; ':' separates, so it is left out of both */
    struct str account;  /* what the person knows the account by: an e-mail address or a name */
    struct bytes secret; /* raw, 1 to OTPAUTH_SECRET_MAX bytes */
    struct totp_params params; /* valid */
};

/* False when the URI would be longer than OTPAUTH_LEN_MAX or the secret has not its length. *out
 * lives in mem and is as secret as the secret. */
bool otpauth_uri(struct arena *mem, const struct otpauth *o, struct str *out);

/* Reads such a URI (imports, tests). Digits, period and algorithm may be missing, other parameters
 * are ignored. False for hotp, a repeated or bad parameter, a bad secret, control characters, text
 * that is not UTF-8, and what is longer than OTPAUTH_LEN_MAX. Without issuer parameter the label's
 * counts. */
bool otpauth_parse(struct arena *mem, struct str uri, struct otpauth *out);

#endif
