/*
 * migrate.h: brings the schema to the version that this program knows. Numbered, forward only, one
 * transaction each; what was applied is remembered with a checksum of its text.
 */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "store/backend.h"

/* Applies what is missing. ERR_CONFLICT: the database is newer than this program, or a migration
 * was changed after it had been applied. */
enum err migrate(struct ctx *cx, const struct backend_ops *ops, const char *dir,
                 const struct store_tables *tables, int *out_version);

#endif
