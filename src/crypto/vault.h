/*
 * vault.h: the keyring that seals secrets before they reach the database.
 *
 * A sealed value ("blob") is
 *     1 byte version | 4 bytes key id, big-endian | 24 bytes nonce | ciphertext and 16 bytes tag
 * by XChaCha20-Poly1305 (IETF draft-irtf-cfrg-xchacha, libsodium), random nonce. Associated data is
 * the first five bytes and "table.column:row:owner", so a blob moved to another row, column or
 * person does not open (attack 84). 45 bytes (VAULT_OVERHEAD) longer than what it seals.
 *
 * Keys are in one file outside of the database, mode 0600, one "id hex" line each: id 8 and the key
 * 64 lower-case hex digits. The first line is the current key, which seals; the others still open.
 * To rotate: vault_add_key, seal every blob anew whose vault_key_of is not vault_current,
 * vault_drop_key.
 *
 * One process owns the file (the store's lock sees to it). All functions may be called from every
 * thread; sealing and opening go on while a rotation adds or drops a key.
 */
#ifndef CRYPTO_VAULT_H
#define CRYPTO_VAULT_H

#include "base/ctx.h"
#include "base/str.h"

struct vault;

/* Where a sealed value lives. */
struct vault_ref {
    struct str column; /* "factor.secret": our own words, no ':' */
    int64_t row;       /* the row's id */
    int64_t owner;     /* whose it is: person, service or account; 0 where there is none */
};

enum {
    VAULT_KEYS_MAX = 16,
    VAULT_OVERHEAD = 1 + 4 + 24 + 16,
};

/* VAULT_CREATE makes the file with a fresh key when it is missing; VAULT_MUST_EXIST is for a store
 * that already holds sealed values, where a fresh key would only hide that the old one is lost. */
enum vault_mode { VAULT_CREATE, VAULT_MUST_EXIST };

/* Reads (or creates, fsync'd with its folder) the key file. ERR_NOT_FOUND: missing. ERR_DENIED:
 * others may read it (mode not 0600 or 0400), not ours, or no regular file. ERR_INVALID: not in the
 * form above. *out is the caller's. */
enum err vault_load(struct ctx *cx, struct str path, enum vault_mode mode, struct vault **out);
void vault_free(struct vault **v); /* wipes the keys */

/* The blob lives in mem. Cannot fail. */
struct bytes vault_seal(struct vault *v, struct vault_ref ref, struct bytes plain,
                        struct arena *mem);
/* ERR_DENIED: tampered with, sealed for another ref, or by a key that is not in the ring. *out
 * lives in cx->mem and is wiped with it. */
enum err vault_open(struct ctx *cx, struct vault *v, struct vault_ref ref, struct bytes blob,
                    struct bytes *out);

/* The id of the key that a blob names, 0 when it is no blob; no key has the id 0. */
uint32_t vault_key_of(struct bytes blob);
/* The id of the key that seals now. */
uint32_t vault_current(struct vault *v);
/* All ids, the current one first; returns how many. */
size_t vault_keys(struct vault *v, uint32_t out[static VAULT_KEYS_MAX]);

/* Makes a new key current once the file with it is safely on disk (written beside, fsync'd,
 * renamed). ERR_LIMITED: the ring is full. ERR_INTERNAL: the file could not be written; nothing has
 * changed. */
enum err vault_add_key(struct ctx *cx, struct vault *v, uint32_t *out_id);
/* Forgets a key. What it sealed is lost, so count the blobs first. ERR_CONFLICT: it is the current
 * one. ERR_NOT_FOUND: no such key. */
enum err vault_drop_key(struct ctx *cx, struct vault *v, uint32_t id);

#endif
