/*
 * tables.h: the statements and migrations that sqlgen compiled in. Only store/ looks inside; tests
 * hand in tables of their own (store_open_tables).
 */
#ifndef STORE_TABLES_H
#define STORE_TABLES_H

#include "store/store.h"

enum query_mode { QUERY_READ, QUERY_WRITE };
enum query_rows { ROWS_ONE, ROWS_MANY, ROWS_EXEC };

struct query_def {
    const char *name;
    enum query_mode mode;
    enum query_rows rows;
    unsigned param_count;
    const char *text;
    const char *pg_text; /* NULL: PostgreSQL takes text too */
};

struct migration {
    int number; /* from 1, without gaps */
    const char *name;
    const char *text; /* PostgreSQL's words; a back end translates */
};

struct store_tables {
    const struct query_def *queries; /* indexed by enum query */
    size_t query_count;
    const struct migration *migrations;
    size_t migration_count;
    /* What they make of an empty store, as one text in the same words. NULL: go through them. */
    const char *baseline;
};

extern const struct store_tables store_tables; /* generated */

/* store_open with other tables than the compiled-in ones: the seam for tests. */
enum err store_open_tables(struct ctx *cx, const struct store_conf *conf,
                           const struct store_tables *tables, struct store **out);

#endif
