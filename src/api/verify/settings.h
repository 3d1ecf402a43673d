/*
 * settings.h: what a service's settings are called in forms and in JSON, their bounds and defaults.
 * They are kept as one JSON object (tenant_settings); code length, name and custom codes are
 * columns of the service, for core has rules about those.
 */
#ifndef API_VERIFY_SETTINGS_H
#define API_VERIFY_SETTINGS_H

#include "api/verify/input.h"

#include <jansson.h>

/* The settings with every default filled in; the reference is the caller's. */
enum err settings_load(struct ctx *cx, struct db *db, int64_t service_id, json_t **out);
/* Takes over what was sent. 60200 for what does not fit. */
enum err settings_bind(struct ctx *cx, struct request *rq, const struct input *in,
                       json_t *settings);

/* The one template that there is, for every account: the words of languages.def. */
#define TEMPLATE_SID "HJ00000000000000000000000000000001"

bool settings_flag(const json_t *settings, const char *key);
/* Numbers of a group: settings_number(s, "totp", "time_step"); otherwise when unset. */
int64_t settings_number(const json_t *settings, const char *group, const char *key,
                        int64_t otherwise);
struct str settings_text(struct ctx *cx, const json_t *settings, const char *group,
                         const char *key);

/* A name that people see in messages: 30 characters, no more than four digits. */
bool settings_name_ok(struct str name);

#endif
