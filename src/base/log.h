/*
 * log.h: one event a line, key=value, to stderr. Only the edge logs; core and below fail().
 *
 * The event is a stable word. Values are escaped, since a newline in a User-Agent must not forge a
 * line. Codes, keys and full phone numbers never appear: callers mask them.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/ctx.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_set_level(enum log_level least);
/* True if such a line would be written: for values that cost something to make. */
bool log_wants(enum log_level level);
/* cx may be NULL outside of a request. fmt gives "key=value key=value". A %s value that is not ours
 * goes through log_value first. */
void log_event(enum log_level level, const struct ctx *cx, const char *event, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* s quoted and escaped for a log line; lives in mem. */
const char *log_value(struct arena *mem, struct str s);

#define log_info(cx, event, ...)  log_event(LOG_INFO, (cx), (event), __VA_ARGS__)
#define log_warn(cx, event, ...)  log_event(LOG_WARN, (cx), (event), __VA_ARGS__)
#define log_error(cx, event, ...) log_event(LOG_ERROR, (cx), (event), __VA_ARGS__)

#endif
