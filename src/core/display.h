/*
 * display.h: text of others, made fit to be shown to a person who decides by it (attack 62).
 *
 * Somebody else writes what an approver reads: the application, or through it whoever signs in.
 * Unicode lets text show in another order than it has, hide a part, or push one out of sight. So
 * what has no picture of its own goes, line ends become blanks, and a text that is cut says so.
 * What stays is what is signed: a challenge's `shown` holds the outcome. Pure.
 *
 * A word that mixes Latin letters with those of a script that has the same shapes (a Cyrillic "а"
 * in "paypаl") gets a sign before it. A word wholly in another script stays as it is: that is how
 * most people write, and one who knows the word sees another one. A server's name is written in
 * punycode by the browser.
 */
#ifndef CORE_DISPLAY_H
#define CORE_DISPLAY_H

#include "base/arena.h"
#include "base/str.h"

#define DISPLAY_MIXED "⚠"

/* A copy in mem, of at most max_chars (> 0) characters; the last one is "…" when there was more.
 * Bytes that are no UTF-8 become U+FFFD. */
struct str display_text(struct arena *mem, struct str in, size_t max_chars);

#endif
