/*
 * device.h: paired devices: a push factor with an ES256 key whose private half never leaves the
 * device.
 *
 * Pairing: a fully authenticated session makes a link (one use, ten minutes); the device posts its
 * public key with that link's token, signed by the key. From then on every request of the device is
 * signed; docs/wire/device.md is the wire.
 */
#ifndef CORE_DEVICE_H
#define CORE_DEVICE_H

#include "core/factor.h"
#include "core/session.h"

enum {
    DEVICE_KEY_LEN = 65, /* uncompressed P-256 point */
    DEVICE_SIGNATURE_LEN = 64,
    DEVICE_NAME_MAX_CHARS = 64,
    DEVICE_NONCE_MIN = 16, /* characters */
    DEVICE_NONCE_MAX = 64,
    DEVICE_CLOCK_S = 300,     /* how far a device's clock may be off */
    DEVICES_MAX = 20,         /* active ones of an identity */
    PUSH_ENDPOINT_MAX = 1024, /* bytes */
};

struct device {
    int64_t factor_id, identity_id, service_id;
    struct str sid, name, platform, credential_sid; /* sid: YF… */
    struct str service_sid, service_name;
    struct bytes public_key;
    struct str push_kind, push_endpoint;
    struct bytes push_key, push_auth;
    bool active; /* the factor and the identity are */
    int64_t last_seen_at_ms, created_at_ms;
};

/* ---- pairing ---- */

/* A link for the identity of a session; *out_url is "https://…/authenticator#pair=TOKEN", so that
 * the token never reaches a server's log. ERR_CONFLICT: DEVICES_MAX reached. */
enum err device_pair_start(struct ctx *cx, struct db *db, const struct session *s,
                           const struct origin *from, int64_t *out_link_id, struct str *out_url);
/* The same for an identity of an application (no portal session): whoever gets the link pairs.
 * `once` names what the application has handed out, as the digest of its token, and gives the same
 * link as long as that is open; ERR_EXPIRED when that has paired a device or was ended. "": a new
 * link. */
enum { PAIR_LINK_LIFE_S = 600 };
enum err device_pair_invite(struct ctx *cx, struct db *db, int64_t identity_id, struct str once,
                            int64_t life_s, int64_t *out_link_id, struct str *out_url);
/* What the device shows before it pairs. ERR_EXPIRED. */
struct pairing {
    int64_t identity_id, session_id;
    struct str service_sid, service_name, account; /* account: e-mail or number, masked */
};
enum err device_pair_peek(struct ctx *cx, struct db *db, struct str token, struct pairing *out);
struct device_new {
    struct str token, name, platform;
    struct bytes public_key; /* DEVICE_KEY_LEN, checked to be on the curve by the prepare step */
};
/* Consumes the link, ends the identity's other ones and makes an active push factor. The caller has
 * verified the key's signature. ERR_EXPIRED also when the session that asked is good no more. */
enum err device_pair(struct ctx *cx, struct db *db, const struct device_new *in,
                     const struct origin *from, struct device *out);
/* Where a link stands, for the page that shows its QR code. */
enum pairing_state {
    PAIRING_OPEN,
    PAIRING_DONE,  /* a device is paired: move on */
    PAIRING_ENDED, /* too old, or it gave way to another one */
};
enum err device_pairing(struct ctx *cx, struct db *db, int64_t link_id, enum pairing_state *out);

/* The link that the person made last. PAIRING_ENDED, with no id, when there is none; also when
 * another session holds one that is open. */
struct pair_link {
    int64_t id, expires_at_ms;
    enum pairing_state state;
    bool mine;         /* this session made it; not so once the session was renewed */
    int64_t factor_id; /* PAIRING_DONE: the device; it may be off again */
    struct str url;    /* PAIRING_OPEN only */
};
enum err device_pair_pending(struct ctx *cx, struct db *db, const struct session *s,
                             struct pair_link *out);

/* ---- use ---- */

/* ERR_DENIED: unknown, revoked, or its person is disabled. */
enum err device_by_sid(struct ctx *cx, struct db *db, struct str sid, struct device *out);
enum err device_by_id(struct ctx *cx, struct db *db, int64_t factor_id, struct device *out);
/* Whose it is, as a device shows it: e-mail or number, masked. */
enum err device_account(struct ctx *cx, struct db *db, int64_t identity_id, struct str *out);
/* Also a revoked one: who answered. ERR_NOT_FOUND. */
enum err device_by_factor(struct ctx *cx, struct db *db, int64_t factor_id, struct device *out);
/* The one of a service whose sid begins so ("YF01ab2c3"). ERR_NOT_FOUND: none, or several. */
enum err device_by_beginning(struct ctx *cx, struct db *db, int64_t service_id, struct str begin,
                             struct device *out);
/* Active ones of an identity, the last used first. */
enum err device_list(struct ctx *cx, struct db *db, int64_t identity_id, struct device **out,
                     size_t *out_count);
/* Accepts a signed request once: its time within DEVICE_CLOCK_S and its nonce unused. Kept
 * (db_keep) whatever the request does. ERR_DENIED: too old or too new; ERR_CONFLICT: replayed. */
enum err device_accept(struct ctx *cx, struct db *db, const struct device *d, int64_t at_s,
                       struct str nonce);
/* Web Push subscription; an empty endpoint ends it. ERR_INVALID: no https URL of an allowed host,
 * or of another port than 443 where no private targets are allowed (attack 65). */
enum err device_set_push(struct ctx *cx, struct db *db, int64_t factor_id, struct str endpoint,
                         struct bytes key, struct bytes auth);
enum err device_drop_push(struct ctx *cx, struct db *db, int64_t factor_id, struct str endpoint);
enum err device_rename(struct ctx *cx, struct db *db, int64_t factor_id, struct str name);

/* What notify wakes: a device's stream of its identity's requests. */
uint64_t device_topic(int64_t identity_id);

#endif
