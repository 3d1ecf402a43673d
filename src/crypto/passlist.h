/*
 * passlist.h: passwords that attackers try first (SP 800-63B-4 3.1.1.2 asks for such a list).
 *
 * Case does not count, nor do trivial decorations (digits and signs in front or behind, common
 * letter-for-digit swaps). Pure; the list is compiled in.
 */
#ifndef CRYPTO_PASSLIST_H
#define CRYPTO_PASSLIST_H

#include "base/str.h"

enum passlist_verdict {
    PASSLIST_FINE,
    PASSLIST_COMMON,  /* on the list, or one character over and over, or a walk over the keyboard */
    PASSLIST_CONTEXT, /* built from a word of `context`: name, username, e-mail, the service */
};

/* context words shorter than 4 characters are ignored. */
enum passlist_verdict passlist_check(struct str password, const struct str *context, size_t n);

#endif
