/*
 * tenant.h: services as their account makes, lists and changes them over the Verify dialect. Each
 * function takes the account and sees its services only (attack 70).
 */
#ifndef CORE_TENANT_H
#define CORE_TENANT_H

#include "core/service.h"

enum { TENANT_SERVICES_MAX = 1000 };

/* ERR_NOT_FOUND: not a service of this account. */
enum err tenant_service(struct ctx *cx, struct db *db, int64_t account_id, struct str sid,
                        struct service *out);
/* Rows with id above `from`, oldest first; or (down) below it, newest first. */
enum err tenant_page(struct ctx *cx, struct db *db, int64_t account_id, bool down, int64_t from,
                     unsigned max, struct service **out, size_t *out_count);
/* Names need not differ; the command line names a service whose name is taken by its SID.
 * ERR_INVALID: a bad name. ERR_LIMITED: TENANT_SERVICES_MAX are there. */
enum err tenant_add(struct ctx *cx, struct db *db, int64_t account_id, struct str name,
                    struct service *out);

/* The dialect's own settings: a JSON object that core keeps and does not read. */
enum err tenant_settings(struct ctx *cx, struct db *db, int64_t service_id, struct str *out);
/* Writes name, code_digits and custom_code of *s and the settings. */
enum err tenant_change(struct ctx *cx, struct db *db, struct service *s, struct str settings);

/* Its people and factors can no longer be reached; the account's keys hold on. ERR_CONFLICT: it is
 * the portal's own. */
enum err tenant_delete(struct ctx *cx, struct db *db, const struct service *s);

/* The account that owns a service. */
enum err tenant_account(struct ctx *cx, struct db *db, int64_t service_id, int64_t *out_id,
                        struct str *out_sid);

#endif
