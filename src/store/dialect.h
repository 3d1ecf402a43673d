/*
 * dialect.h: a migration in PostgreSQL's words, said for SQLite. Pure.
 *
 * BIGINT becomes INTEGER (so that BIGINT PRIMARY KEY is the row's own number), BYTEA becomes BLOB,
 * and every CREATE TABLE becomes STRICT, so that a value of the wrong type is refused here as
 * PostgreSQL would refuse it.
 */
#ifndef STORE_DIALECT_H
#define STORE_DIALECT_H

#include "base/arena.h"

/* NUL-terminated, in mem. */
const char *dialect_sqlite(struct arena *mem, struct str sql);

#endif
