/*
 * htmlscan.h: follows an HTML template from tag to tag, to know where a value may stand.
 *
 * Escaping makes a value safe in element content and in quoted attributes only. The scan is no
 * parser: it knows tags, attributes, quotes and comments, which is what our own templates hold.
 */
#ifndef TOOLS_HTMLSCAN_H
#define TOOLS_HTMLSCAN_H

#include "base/str.h"

enum html_place { IN_TEXT, IN_TAG, IN_DOUBLE, IN_SINGLE, IN_COMMENT };

struct html_scan {
    enum html_place place;
    char tag[16];     /* lower case; begins with '/' for an end tag */
    char attr[32];    /* name of the present attribute */
    bool attr_done;   /* blank, '=' or quote seen behind it */
    bool value_begun; /* something already stands in the quoted value */
    bool has_src;     /* of a script */
    size_t tag_len, attr_len;
};

/* Moves on over literal text. The result says what is forbidden in it, or is NULL. */
const char *html_scan_text(struct html_scan *s, struct str text);

/* A value is written here. `named_url`: it is ours, or its field is called …_url or …_path, so that
 * who fills it in knows that it is an address. The result says why it may not stand here, or is
 * NULL. */
const char *html_scan_value(struct html_scan *s, bool named_url);

/* True if a branch that began at a and ended at b left the document where it was. */
bool html_scan_same(const struct html_scan *a, const struct html_scan *b);

#endif
