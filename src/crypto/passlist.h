/*
 * passlist.h: is this password among the first that somebody would try? Pure.
 *
 * A list of 10,000 words alone would miss "Password1!" and "sunshine2024". So the password is taken
 * apart into the cheapest sequence of things that people use, each with a price in bits (the
 * logarithm of how many of its kind there are), after the idea of zxcvbn (Wheeler, USENIX Security
 * 2016):
 *
 *     a word of the list                      13   ("sunflower"); one of the 200 most common: 7
 *     a word of the caller's context           2   (name, user name, e-mail address, service)
 *       capitals, l33t, written backwards     +1..2 each
 *     a run of equal or consecutive ones       4   ("aaaa", "4321", "abcd")
 *     a walk on the keyboard                   6   ("qwerty", "1q2w3e", "zaq12wsx"), +3 a turn
 *     a year; a date of eight digits           7; 16
 *     any other digit or common symbol         3
 *     any other letter, symbol or byte         5, a capital 6
 *     all of it repeated or doubled           +2   ("abcabc", "aabbcc")
 *
 * Below PASSLIST_BITS_MIN the password is refused: 24 bits are some 16 million guesses. That is
 * what NIST SP 800-63B-4 section 3.1.1.2 asks of a blocklist: keep out what an attacker tries
 * online before the limits stop him; it is no measure of strength.
 *
 * The words are embedded (docs/passwords.md). A check takes 0.1 ms for 12 characters and 0.7 ms at
 * most, so do it where the form is bound, not on the writer.
 */
#ifndef CRYPTO_PASSLIST_H
#define CRYPTO_PASSLIST_H

#include "base/str.h"

enum {
    PASSLIST_BITS_MIN = 24,
    PASSLIST_LOOK_MAX =
        64, /* bytes of the password that are looked at; cheap ones are cheap by then */
    PASSLIST_CONTEXT_MAX = 16, /* context texts that are looked at */
};

enum passlist_verdict {
    PASSLIST_FINE,
    PASSLIST_COMMON,  /* anybody would try it */
    PASSLIST_CONTEXT, /* somebody who knows the person or the service would */
};

/* `context` holds n texts about the person and the service: name, user name, e-mail address, phone,
 * service name. Each counts as a whole, without its punctuation, and by its parts of 3 letters or
 * digits and more. */
enum passlist_verdict passlist_check(struct str password, const struct str *context, size_t n);

#endif
