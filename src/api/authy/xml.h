/*
 * xml.h: an answer as the older XML clients read it: names with dashes for underscores, and types
 * as attributes (type="boolean", type="integer", nil="true").
 */
#ifndef API_AUTHY_XML_H
#define API_AUTHY_XML_H

#include "http/response.h"

/* Takes the reference. */
enum err respond_xml(struct ctx *cx, struct response *rs, int status, const char *root,
                     json_t *json);

#endif
