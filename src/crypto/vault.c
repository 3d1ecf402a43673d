/*
 * vault.c: see vault.h. Knows files and keys, not what is sealed.
 *
 * Two locks. `keys_lock` guards the ring itself and is held for microseconds: readers seal and
 * open, a writer swaps the ring. `change_lock` makes rotations queue while they wait for the disk,
 * so that nobody who seals waits with them. Invariant: the ring in memory is never ahead of the
 * file.
 *
 * The ring is in guarded, locked memory of libsodium (not swapped, not in core dumps) where the
 * limits of the process allow it.
 */
#include "crypto/vault.h"
#include "base/encode.h"
#include "base/mem.h"
#include "crypto/must.h"
#include "crypto/random.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BLOB_VERSION = 1,
    ID_LEN = 4,
    HEAD_LEN = 1 + ID_LEN,
    NONCE_LEN = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_LEN = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    KEY_LEN = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    LINE_LEN = 2 * ID_LEN + 1 + 2 * KEY_LEN + 1,
    FILE_LEN_MAX = VAULT_KEYS_MAX * LINE_LEN,
    REF_LEN_MAX = 160, /* column (ours, < 100) and two numbers */
};
_Static_assert(VAULT_OVERHEAD == HEAD_LEN + NONCE_LEN + TAG_LEN, "vault.h says how long a blob is");

struct key {
    uint32_t id;
    uint8_t b[KEY_LEN];
};

struct ring {
    size_t count; /* >= 1; key[0] is the current one */
    struct key key[VAULT_KEYS_MAX];
};

struct vault {
    char *path;
    pthread_mutex_t change_lock; /* serialises vault_add_key and vault_drop_key */
    pthread_rwlock_t keys_lock;  /* guards *ring */
    struct ring *ring;           /* sodium_malloc */
};

static struct ring *ring_new(void)
{
    struct ring *r;

    must_sodium();
    r = sodium_malloc(sizeof(*r));
    must(r != NULL, "sodium_malloc");
    sodium_memzero(r, sizeof(*r));
    return r;
}

static void ring_free(struct ring **r)
{
    sodium_free(*r); /* wipes; NULL is fine */
    *r = NULL;
}

static const struct key *ring_find(const struct ring *r, uint32_t id)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->key[i].id == id)
            return &r->key[i];
    }
    return NULL;
}

/* A fresh key becomes the first of r; r has room. */
static void ring_add(struct ring *r)
{
    uint32_t id;

    do
        random_bytes(&id, sizeof(id));
    while (id == 0 || ring_find(r, id));
    memmove(&r->key[1], &r->key[0], r->count * sizeof(r->key[0]));
    r->key[0].id = id;
    random_bytes(r->key[0].b, KEY_LEN);
    r->count++;
}

/* ---- the file ---- */

static void put_id(uint8_t out[static ID_LEN], uint32_t id)
{
    for (int i = ID_LEN - 1; i >= 0; i--, id >>= 8)
        out[i] = (uint8_t)id;
}

static uint32_t get_id(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool is_lower_hex(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!(s.p[i] >= '0' && s.p[i] <= '9') && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
            return false;
    }
    return true;
}

static bool ring_parse(struct str text, struct ring *r)
{
    if (text.n == 0 || text.n % LINE_LEN != 0 || text.n > FILE_LEN_MAX)
        return false;
    for (; text.n > 0; text = str_sub(text, LINE_LEN, text.n)) {
        struct str id = str_sub(text, 0, 2 * ID_LEN), key = str_sub(text, id.n + 1, 2 * KEY_LEN);
        struct key *k = &r->key[r->count];
        uint8_t id_bytes[ID_LEN];

        if (!is_lower_hex(id) || text.p[id.n] != ' ' || !is_lower_hex(key) ||
            text.p[LINE_LEN - 1] != '\n' || hex_decode(id, id_bytes, ID_LEN) != ID_LEN ||
            hex_decode(key, k->b, KEY_LEN) != KEY_LEN)
            return false;
        k->id = get_id(id_bytes);
        if (k->id == 0 || ring_find(r, k->id))
            return false;
        r->count++;
    }
    return true;
}

static void fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static bool write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t did = write(fd, p, n);

        if (did < 0 && errno == EINTR)
            continue;
        if (did <= 0)
            return false;
        p += did;
        n -= (size_t)did;
    }
    return true;
}

static bool sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) + 1 : 0;
    char *folder = mem_strdup(n ? path : ".");
    OWN(fd_close) int fd = -1;

    if (n)
        folder[n] = '\0';
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    mem_free(folder);
    return fd >= 0 && fsync(fd) == 0;
}

/* Writes `r` beside path and moves it there when all of it is on disk. With `fresh` an existing
 * file is left alone (EEXIST). errno says why it failed. */
static bool ring_write(const char *path, const struct ring *r, bool fresh)
{
    char text[FILE_LEN_MAX + 1], beside[4096];
    OWN(fd_close) int fd = -1;
    size_t n = 0;
    bool done;

    if (snprintf(beside, sizeof(beside), "%s.new", path) >= (int)sizeof(beside)) {
        errno = ENAMETOOLONG;
        return false;
    }
    unlink(beside); /* left by a crash */
    fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    for (size_t i = 0; i < r->count; i++, n += LINE_LEN) {
        snprintf(text + n, sizeof(text) - n, "%08x ", r->key[i].id);
        sodium_bin2hex(text + n + 2 * ID_LEN + 1, 2 * KEY_LEN + 1, r->key[i].b, KEY_LEN);
        text[n + LINE_LEN - 1] = '\n';
    }
    done = fchmod(fd, 0600) == 0 && write_all(fd, text, n) && fsync(fd) == 0;
    explicit_bzero(text, sizeof(text));
    if (done && fresh) /* link refuses to replace, rename would not */
        done = link(beside, path) == 0 && unlink(beside) == 0;
    else if (done)
        done = rename(beside, path) == 0;
    if (!done) {
        int why = errno;

        unlink(beside);
        errno = why;
        return false;
    }
    return sync_folder_of(path);
}

static enum err ring_read(struct ctx *cx, const char *path, struct ring *r)
{
    char text[FILE_LEN_MAX + 1];
    OWN(fd_close) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    size_t n = 0;
    ssize_t did;
    bool good;

    if (fd < 0 && errno == ENOENT)
        return fail(cx, ERR_NOT_FOUND, "key file %s is missing", path);
    if (fd < 0 || fstat(fd, &st) != 0)
        return fail(cx, errno == EACCES || errno == ELOOP ? ERR_DENIED : ERR_INTERNAL,
                    "key file %s: %s", path, strerrordesc_np(errno));
    if (!S_ISREG(st.st_mode))
        return fail(cx, ERR_DENIED, "key file %s is no regular file", path);
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return fail(cx, ERR_DENIED, "key file %s belongs to another user", path);
    if ((st.st_mode & 07777 & ~(mode_t)S_IWUSR) != S_IRUSR)
        return fail(cx, ERR_DENIED, "key file %s has mode %04o, must be 0600", path,
                    (unsigned)(st.st_mode & 07777));
    while (n < sizeof(text) && (did = read(fd, text + n, sizeof(text) - n)) > 0)
        n += (size_t)did;
    good = ring_parse((struct str){text, n}, r);
    explicit_bzero(text, sizeof(text));
    if (!good)
        return fail(cx, ERR_INVALID, "key file %s is not made of 1 to %d 'id key' lines", path,
                    (int)VAULT_KEYS_MAX);
    return OK;
}

/* ---- opening and changing ---- */

enum err vault_load(struct ctx *cx, struct str path, enum vault_mode mode, struct vault **out)
{
    OWN(vault_free) struct vault *v = mem_alloc(sizeof(*v));
    enum err e;

    v->path = mem_strdup(arena_str(cx->mem, path).p);
    v->ring = ring_new();
    pthread_mutex_init(&v->change_lock, NULL);
    pthread_rwlock_init(&v->keys_lock, NULL);
    e = ring_read(cx, v->path, v->ring);
    if (e == ERR_NOT_FOUND && mode == VAULT_CREATE) {
        ring_add(v->ring);
        if (!ring_write(v->path, v->ring, true))
            return fail(cx, ERR_INTERNAL, "key file %s: %s", v->path, strerrordesc_np(errno));
        e = OK;
    }
    if (e)
        return e;
    *out = TAKE(v);
    return OK;
}

void vault_free(struct vault **v)
{
    if (!*v)
        return;
    ring_free(&(*v)->ring);
    pthread_rwlock_destroy(&(*v)->keys_lock);
    pthread_mutex_destroy(&(*v)->change_lock);
    mem_free((*v)->path);
    mem_free(*v);
    *v = NULL;
}

/* File first, memory second. Only the holder of change_lock writes the ring, so it may read it
 * freely. */
static enum err ring_replace(struct ctx *cx, struct vault *v, const struct ring *next)
{
    if (!ring_write(v->path, next, false))
        return fail(cx, ERR_INTERNAL, "key file %s: %s", v->path, strerrordesc_np(errno));
    pthread_rwlock_wrlock(&v->keys_lock);
    *v->ring = *next;
    pthread_rwlock_unlock(&v->keys_lock);
    return OK;
}

static enum err add_key(struct ctx *cx, struct vault *v, uint32_t *out_id)
{
    OWN(ring_free) struct ring *next = ring_new();
    enum err e;

    if (v->ring->count == VAULT_KEYS_MAX)
        return fail(cx, ERR_LIMITED, "key file %s already holds %d keys", v->path,
                    (int)VAULT_KEYS_MAX);
    *next = *v->ring;
    ring_add(next);
    if ((e = ring_replace(cx, v, next)))
        return e;
    *out_id = next->key[0].id;
    return OK;
}

static enum err drop_key(struct ctx *cx, struct vault *v, uint32_t id)
{
    OWN(ring_free) struct ring *next = ring_new();

    if (!ring_find(v->ring, id))
        return fail(cx, ERR_NOT_FOUND, "no key %08x", id);
    if (v->ring->key[0].id == id)
        return fail(cx, ERR_CONFLICT, "key %08x is the current one", id);
    for (size_t i = 0; i < v->ring->count; i++) {
        if (v->ring->key[i].id != id)
            next->key[next->count++] = v->ring->key[i];
    }
    return ring_replace(cx, v, next);
}

enum err vault_add_key(struct ctx *cx, struct vault *v, uint32_t *out_id)
{
    enum err e;

    pthread_mutex_lock(&v->change_lock);
    e = add_key(cx, v, out_id);
    pthread_mutex_unlock(&v->change_lock);
    return e;
}

enum err vault_drop_key(struct ctx *cx, struct vault *v, uint32_t id)
{
    enum err e;

    pthread_mutex_lock(&v->change_lock);
    e = drop_key(cx, v, id);
    pthread_mutex_unlock(&v->change_lock);
    return e;
}

uint32_t vault_key_of(struct bytes blob)
{
    return blob.n >= VAULT_OVERHEAD && blob.p[0] == BLOB_VERSION ? get_id(blob.p + 1) : 0;
}

uint32_t vault_current(struct vault *v)
{
    uint32_t id;

    pthread_rwlock_rdlock(&v->keys_lock);
    id = v->ring->key[0].id;
    pthread_rwlock_unlock(&v->keys_lock);
    return id;
}

size_t vault_keys(struct vault *v, uint32_t out[static VAULT_KEYS_MAX])
{
    size_t count;

    pthread_rwlock_rdlock(&v->keys_lock);
    count = v->ring->count;
    for (size_t i = 0; i < count; i++)
        out[i] = v->ring->key[i].id;
    pthread_rwlock_unlock(&v->keys_lock);
    return count;
}

/* ---- sealing and opening ---- */

/* The associated data: the head of the blob, then "table.column:row:owner". Returns its length. */
static size_t associated(const uint8_t *head, struct vault_ref ref,
                         uint8_t out[static HEAD_LEN + REF_LEN_MAX])
{
    int n = snprintf((char *)out + HEAD_LEN, REF_LEN_MAX, "%.*s:%lld:%lld", STR_ARG(ref.column),
                     (long long)ref.row, (long long)ref.owner);

    must(n > 0 && n < REF_LEN_MAX, "vault_ref"); /* a column name of ours that is too long */
    memcpy(out, head, HEAD_LEN);
    return HEAD_LEN + (size_t)n;
}

struct bytes vault_seal(struct vault *v, struct vault_ref ref, struct bytes plain,
                        struct arena *mem)
{
    uint8_t *blob = arena_alloc(mem, plain.n + VAULT_OVERHEAD), aad[HEAD_LEN + REF_LEN_MAX];
    uint8_t *nonce = blob + HEAD_LEN, *text = nonce + NONCE_LEN;

    random_bytes(nonce, NONCE_LEN);
    blob[0] = BLOB_VERSION;
    pthread_rwlock_rdlock(&v->keys_lock);
    put_id(blob + 1, v->ring->key[0].id);
    crypto_aead_xchacha20poly1305_ietf_encrypt(text, NULL, plain.p, plain.n, aad,
                                               associated(blob, ref, aad), NULL, nonce,
                                               v->ring->key[0].b);
    pthread_rwlock_unlock(&v->keys_lock);
    return (struct bytes){blob, plain.n + VAULT_OVERHEAD};
}

enum err vault_open(struct ctx *cx, struct vault *v, struct vault_ref ref, struct bytes blob,
                    struct bytes *out)
{
    uint32_t id = vault_key_of(blob);
    uint8_t *plain, aad[HEAD_LEN + REF_LEN_MAX];
    const struct key *key;
    bool opened = false;
    size_t n;

    if (id == 0)
        return fail(cx, ERR_DENIED, "%.*s of row %lld is not sealed", STR_ARG(ref.column),
                    (long long)ref.row);
    n = blob.n - VAULT_OVERHEAD;
    plain = arena_alloc(cx->mem, n);
    pthread_rwlock_rdlock(&v->keys_lock);
    key = ring_find(v->ring, id);
    if (key)
        opened = crypto_aead_xchacha20poly1305_ietf_decrypt(
                     plain, NULL, NULL, blob.p + HEAD_LEN + NONCE_LEN, n + TAG_LEN, aad,
                     associated(blob.p, ref, aad), blob.p + HEAD_LEN, key->b) == 0;
    pthread_rwlock_unlock(&v->keys_lock);
    if (!key)
        return fail(cx, ERR_DENIED, "%.*s of row %lld: no key %08x", STR_ARG(ref.column),
                    (long long)ref.row, id);
    if (!opened)
        return fail(cx, ERR_DENIED, "%.*s of row %lld does not open: changed, or not its row",
                    STR_ARG(ref.column), (long long)ref.row);
    *out = (struct bytes){plain, n};
    return OK;
}
