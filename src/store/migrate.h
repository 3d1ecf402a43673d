/*
 * migrate.h: brings the schema to the version that this program knows. Numbered, forward only, one
 * transaction each; what was applied is remembered with a checksum of its text. An empty store gets
 * the baseline instead, which is what all of them make together, in one transaction: their history
 * took 20 ms of the first start, more than all the rest of it.
 */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "store/db.h"

/* Applies what is missing of db->tables; db is the writer's handle, without a transaction.
 * ERR_CONFLICT: the database is newer than this program, or a migration was changed after it had
 * been applied. */
enum err migrate(struct ctx *cx, struct db *db, int *out_version);

#endif
