/*
 * core.h: what every rule needs besides the database: keys, settings, the portal's own service.
 *
 * Made once at start by core_open and constant from then on; every store handle carries it
 * (core_of(db)). The vault inside may gain keys while running; it locks itself.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "base/secret.h"
#include "channel/remote.h"
#include "crypto/es256.h"
#include "crypto/vault.h"
#include "store/store.h"

struct firewall_rules;
struct firewall_tally;

struct wording;

struct core {
    struct vault *vault;     /* borrowed */
    struct str public_url;   /* "https://id.example.org", no slash at the end; all links begin so */
    struct str public_host;  /* its host, for "@host #code" */
    struct str product_name; /* name of the portal's service at first start */
    /* The operator's texts, or NULL; a reload puts others here, and the old ones live on. */
    _Atomic(const struct wording *) wording;
    bool demo;       /* messages stay in the outbox and can be read there */
    bool demo_sends; /* they leave all the same */
    bool calls;      /* telephones ring: calls have a carrier, and leave */
    struct {
        bool sms, voice, email, whatsapp;
    } cannot; /* nothing carries these; in demo mode everything is shown */
    enum remote_dialect
        remote;            /* the second factor that portal accounts may turn on; NONE: our own */
    struct str push_hosts; /* further push service hosts, separated by spaces */
    bool private_targets;  /* the operator lets us connect to some (egress_allow) */
    const struct firewall_rules *firewall; /* of messages to phones; NULL: there is none */
    struct firewall_tally *firewall_tally; /* for /metrics; NULL: nothing is counted */
    int64_t session_lifetime_ms, session_idle_ms, remember_lifetime_ms;

    /* Filled by core_open. */
    int64_t portal_service_id;
    struct secret audit_key, form_key, link_key, limit_key;
    struct es256_key *vapid_key; /* who we are to push services (RFC 8292); both halves */
};

/* Loads the sealed keys, or makes them and the portal's service at the first start (*out_first). */
enum err core_open(struct ctx *cx, struct store *store, struct core *core, bool *out_first);
void core_deinit(struct core *core);

static inline const struct core *core_of(const struct db *db)
{
    return db_env(db);
}

/* An id for a new row: ordered by time, never reused, > 0. */
int64_t id_new(const struct ctx *cx);
/* "VA" + 32 hex digits. */
struct str sid_new(struct ctx *cx, const char *prefix);
/* A random UUID: RFC 9562 version 4. */
struct str uuid_new(struct ctx *cx);

/* Opens and seals a column with the associated data that every caller must agree on. */
struct bytes core_seal(struct ctx *cx, const struct db *db, const char *column, int64_t row,
                       int64_t owner, struct bytes plain);
/* ERR_INTERNAL when the blob was moved, changed, or its key is gone. *out is in cx->mem. */
enum err core_unseal(struct ctx *cx, const struct db *db, const char *column, int64_t row,
                     int64_t owner, struct bytes sealed, struct bytes *out);

/* Where a request comes from, as audit and notices name it. Views live until the ctx ends. */
struct origin {
    struct str addr, user_agent;
};

/* Removes what has expired (limits, attempts, links, sign-ups, ended sessions, old messages) in one
 * bounded step; *out_more says that there is more to do. Run as a job every minute. */
enum err core_sweep(struct ctx *cx, struct db *db, bool *out_more);

/* Re-seals up to `rows` rows that are not under the vault's current key; *out_done is how many
 * were, 0 when none is left. Run as small jobs by `countersign key rotate`. */
enum err core_reseal(struct ctx *cx, struct db *db, unsigned rows, int64_t *out_done);

#endif
