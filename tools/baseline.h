/*
 * baseline.h: what all migrations together make, as one text, so that a new store need not live
 * through their history. SQLite runs them, in memory, while the program is built, and is asked for
 * the outcome. It keeps the words of a CREATE statement, types included, so the text is in
 * PostgreSQL's words, as the migrations are.
 */
#ifndef TOOLS_BASELINE_H
#define TOOLS_BASELINE_H

#include "base/buf.h"

struct baseline;

struct baseline *baseline_new(void);
void baseline_free(struct baseline **b);
/* One migration after the other. NULL, or why it cannot be: lives until the next call. */
const char *baseline_migrate(struct baseline *b, const char *sql);
/* Every CREATE statement in the order they were run, then an INSERT for each row that migrations
 * left. NULL, or why it cannot be. */
const char *baseline_print(struct baseline *b, struct buf *out);

#endif
