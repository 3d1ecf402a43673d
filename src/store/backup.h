/*
 * backup.h: a copy of the database while the writer goes on. store_backup says what it promises.
 */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include "store/writer.h"

enum err backup_run(struct ctx *cx, struct writer *writer, struct str path);

#endif
