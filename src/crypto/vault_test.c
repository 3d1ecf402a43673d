#include "base/unit.h"

#include "base/ctx.h"
#include "crypto/random.h"
#include "crypto/vault.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each test has a folder of its own with a key file in it, and an open vault. */
struct bench {
    struct arena *mem;
    struct ctx cx;
    char folder[64], path[80];
    struct vault *v;
};

static int setup(void **state)
{
    struct bench *b = test_calloc(1, sizeof(*b));

    b->mem = arena_new();
    ctx_init(&b->cx, b->mem);
    snprintf(b->folder, sizeof(b->folder), "/tmp/countersign-vault-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    snprintf(b->path, sizeof(b->path), "%s/master.key", b->folder);
    assert_int_equal(vault_load(&b->cx, str_from(b->path), VAULT_CREATE, &b->v), OK);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    vault_free(&b->v);
    unlink(b->path);
    assert_int_equal(rmdir(b->folder), 0); /* nothing may lie beside the key file */
    arena_free(&b->mem);
    test_free(b);
    return 0;
}

static const struct vault_ref ref = {STR("factor.secret"), 41, 7};

static struct bytes seal(struct bench *b, const char *text)
{
    return vault_seal(b->v, ref, str_bytes(str_from(text)), b->mem);
}

static void assert_opens(struct bench *b, struct bytes blob, const char *want)
{
    struct bytes out;

    assert_int_equal(vault_open(&b->cx, b->v, ref, blob, &out), OK);
    assert_str(bytes_str(out), str_from(want));
}

static void reload(struct bench *b)
{
    vault_free(&b->v);
    assert_int_equal(vault_load(&b->cx, str_from(b->path), VAULT_MUST_EXIST, &b->v), OK);
}

static struct str file_text(struct bench *b)
{
    char *text = arena_alloc(b->mem, 4096);
    FILE *f = fopen(b->path, "r");
    size_t n;

    assert_non_null(f);
    n = fread(text, 1, 4096, f);
    fclose(f);
    return (struct str){text, n};
}

static void write_file(struct bench *b, struct str text, mode_t mode)
{
    int fd = open(b->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.p, text.n), text.n);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

/* ---- sealing ---- */

static void what_was_sealed_opens(void **state)
{
    struct bench *b = *state;
    struct bytes blob = seal(b, "a seed"), out;

    assert_int_equal(blob.n, strlen("a seed") + VAULT_OVERHEAD);
    assert_int_equal(blob.p[0], 1);
    assert_int_equal(vault_key_of(blob), vault_current(b->v));
    assert_opens(b, blob, "a seed");
    assert_int_equal(str_find_str(bytes_str(blob), STR("a seed")), STR_NPOS);
    blob = vault_seal(b->v, ref, (struct bytes){NULL, 0}, b->mem);
    assert_int_equal(vault_open(&b->cx, b->v, ref, blob, &out), OK);
    assert_int_equal(out.n, 0);
}

static void the_same_text_never_seals_alike(void **state)
{
    struct bench *b = *state;
    struct bytes one = seal(b, "a seed"), two = seal(b, "a seed");

    assert_memory_not_equal(one.p + 5, two.p + 5, 24); /* the nonce */
    assert_memory_not_equal(one.p + 29, two.p + 29, 6);
}

/* Attack 84: a row of the dump put in another place. */
static const struct {
    const char *name;
    struct vault_ref ref;
} elsewhere[] = {
    {"another column",             {STR("factor.other"), 41, 7}   },
    {"another table",              {STR("person.secret"), 41, 7}  },
    {"another row",                {STR("factor.secret"), 42, 7}  },
    {"another owner",              {STR("factor.secret"), 41, 8}  },
    {"no owner",                   {STR("factor.secret"), 41, 0}  },
    {"row and owner swapped",      {STR("factor.secret"), 7, 41}  },
    {"digits moved over",          {STR("factor.secret"), 417, 0} },
    {"digits moved into the name", {STR("factor.secret:41"), 7, 0}},
    {"negative",                   {STR("factor.secret"), -41, 7} },
    {"no name",                    {STR(""), 41, 7}               },
};

static void attack_84_a_blob_opens_in_its_own_place_only(void **state)
{
    struct bench *b = *state;
    struct bytes blob = seal(b, "a seed"), out = {0};

    EACH_ROW (row, elsewhere) {
        assert_row(row, vault_open(&b->cx, b->v, row->ref, blob, &out) == ERR_DENIED);
        assert_row(row, out.p == NULL);
    }
}

static void attack_84_no_changed_byte_is_accepted(void **state)
{
    struct bench *b = *state;
    struct bytes blob = seal(b, "a seed"), out;
    uint8_t *p = arena_alloc(b->mem, blob.n);

    for (size_t i = 0; i < blob.n; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(p, blob.p, blob.n);
            p[i] = (uint8_t)(p[i] ^ 1u << bit);
            if (vault_open(&b->cx, b->v, ref, (struct bytes){p, blob.n}, &out) != ERR_DENIED)
                fail_msg("byte %zu, bit %u", i, bit);
        }
    }
}

static void no_other_length_is_accepted(void **state)
{
    struct bench *b = *state;
    struct bytes blob = seal(b, "a seed"), out;
    uint8_t *longer = arena_alloc(b->mem, blob.n + 1);

    for (size_t n = 0; n < blob.n; n++)
        assert_int_equal(vault_open(&b->cx, b->v, ref, (struct bytes){blob.p, n}, &out),
                         ERR_DENIED);
    memcpy(longer, blob.p, blob.n);
    assert_int_equal(vault_open(&b->cx, b->v, ref, (struct bytes){longer, blob.n + 1}, &out),
                     ERR_DENIED);
    assert_int_equal(vault_key_of((struct bytes){NULL, 0}), 0);
    assert_int_equal(vault_key_of((struct bytes){blob.p, VAULT_OVERHEAD - 1}), 0);
}

/* Another installation's key with the same id is still another key. */
static void another_key_does_not_open(void **state)
{
    struct bench *b = *state;
    struct bytes blob = seal(b, "a seed"), out;
    struct str text = file_text(b);
    char *p = arena_alloc(b->mem, text.n);

    memcpy(p, text.p, text.n);
    p[text.n - 2] = p[text.n - 2] == '0' ? '1' : '0';
    write_file(b, (struct str){p, text.n}, 0600);
    reload(b);
    assert_int_equal(vault_key_of(blob), vault_current(b->v));
    assert_int_equal(vault_open(&b->cx, b->v, ref, blob, &out), ERR_DENIED);
}

/* ---- the file ---- */

static void a_new_file_is_private_and_read_back(void **state)
{
    struct bench *b = *state;
    struct bytes blob = seal(b, "a seed");
    struct stat st;

    assert_int_equal(stat(b->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(file_text(b).n, 8 + 1 + 64 + 1);
    reload(b);
    assert_opens(b, blob, "a seed");
}

static void the_umask_does_not_matter(void **state)
{
    static const mode_t umasks[] = {0, 0377};
    struct bench *b = *state;

    EACH_ROW (mask, umasks) {
        mode_t before = umask(*mask);
        struct stat st;
        uint32_t id;
        enum err e = vault_add_key(&b->cx, b->v, &id);

        umask(before);
        assert_int_equal(e, OK);
        assert_int_equal(stat(b->path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
    }
}

static void a_missing_file_is_not_always_made(void **state)
{
    struct bench *b = *state;
    struct vault *v = NULL;

    unlink(b->path);
    assert_int_equal(vault_load(&b->cx, str_from(b->path), VAULT_MUST_EXIST, &v), ERR_NOT_FOUND);
    assert_null(v);
    assert_int_not_equal(access(b->path, F_OK), 0);
}

static void a_folder_that_is_missing_is_an_error(void **state)
{
    struct bench *b = *state;
    struct vault *v = NULL;

    assert_int_equal(
        vault_load(&b->cx, arena_printf(b->mem, "%s/none/key", b->folder), VAULT_CREATE, &v),
        ERR_INTERNAL);
    assert_null(v);
}

static const struct {
    const char *name;
    mode_t mode;
    bool ok;
} modes[] = {
    {"0600",          0600,  true },
    {"0400",          0400,  true },
    {"0640",          0640,  false},
    {"0604",          0604,  false},
    {"0620",          0620,  false},
    {"0644",          0644,  false},
    {"0666",          0666,  false},
    {"0700",          0700,  false},
    {"setuid",        04600, false},
    {"group may run", 0610,  false},
};

static void attack_84_a_file_that_others_may_read_is_refused(void **state)
{
    struct bench *b = *state;

    EACH_ROW (row, modes) {
        struct vault *v = NULL;

        assert_int_equal(chmod(b->path, row->mode), 0);
        assert_row(row, vault_load(&b->cx, str_from(b->path), VAULT_CREATE, &v) ==
                            (row->ok ? OK : ERR_DENIED));
        vault_free(&v);
    }
}

static void links_folders_and_foreign_files_are_refused(void **state)
{
    struct bench *b = *state;
    struct str link_path = arena_printf(b->mem, "%s/link", b->folder);
    struct vault *v = NULL;

    assert_int_equal(symlink(b->path, link_path.p), 0);
    assert_int_equal(vault_load(&b->cx, link_path, VAULT_CREATE, &v), ERR_DENIED);
    unlink(link_path.p);
    assert_int_equal(vault_load(&b->cx, str_from(b->folder), VAULT_CREATE, &v), ERR_DENIED);
    if (geteuid() == 0) { /* only root can give files away */
        assert_int_equal(chown(b->path, 12345, 12345), 0);
        assert_int_equal(vault_load(&b->cx, str_from(b->path), VAULT_CREATE, &v), ERR_DENIED);
    }
    assert_null(v);
}

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
static const struct {
    const char *name, *text;
    bool ok;
} files[] = {
    {"one key",           "0000000a " HEX64 "\n",                     true },
    {"two keys",          "0000000a " HEX64 "\n0000000b " HEX64 "\n", true },
    {"empty",             "",                                         false},
    {"no line end",       "0000000a " HEX64,                          false},
    {"an empty line",     "0000000a " HEX64 "\n\n",                   false},
    {"carriage return",   "0000000a " HEX64 "\r\n",                   false},
    {"upper case id",     "0000000A " HEX64 "\n",                     false},
    {"tab",               "0000000a\t" HEX64 "\n",                    false},
    {"short id",          "000000a " HEX64 "0\n",                     false},
    {"the id 0",          "00000000 " HEX64 "\n",                     false},
    {"one id twice",      "0000000a " HEX64 "\n0000000a " HEX64 "\n", false},
    {"no hex in the key",
     "0000000a g0112233445566778899aabbccddeeff"
     "00112233445566778899aabbccddeeff\n",                            false},
    {"half a second key", "0000000a " HEX64 "\n0000000b " HEX64,      false},
};

static void a_file_that_is_not_plainly_keys_is_refused(void **state)
{
    struct bench *b = *state;

    EACH_ROW (row, files) {
        struct vault *v = NULL;

        write_file(b, str_from(row->text), 0600);
        assert_row(row, vault_load(&b->cx, str_from(b->path), VAULT_CREATE, &v) ==
                            (row->ok ? OK : ERR_INVALID));
        assert_row(row, !row->ok || vault_current(v) == 0x0a);
        vault_free(&v);
    }
}

/* ---- rotation ---- */

static void rotation_seals_anew_and_still_opens_the_old(void **state)
{
    struct bench *b = *state;
    uint32_t old = vault_current(b->v), fresh = 0, ids[VAULT_KEYS_MAX];
    struct bytes before = seal(b, "before"), after, out;

    assert_int_equal(vault_add_key(&b->cx, b->v, &fresh), OK);
    assert_int_equal(vault_current(b->v), fresh);
    assert_int_not_equal(old, fresh);
    after = seal(b, "after");
    assert_int_equal(vault_key_of(before), old);
    assert_int_equal(vault_key_of(after), fresh);
    reload(b);
    assert_int_equal(vault_keys(b->v, ids), 2);
    assert_int_equal(ids[0], fresh);
    assert_int_equal(ids[1], old);
    assert_opens(b, before, "before");
    assert_opens(b, after, "after");

    assert_int_equal(vault_drop_key(&b->cx, b->v, fresh), ERR_CONFLICT);
    assert_int_equal(vault_drop_key(&b->cx, b->v, old ^ fresh), ERR_NOT_FOUND);
    assert_int_equal(vault_drop_key(&b->cx, b->v, old), OK);
    assert_int_equal(vault_open(&b->cx, b->v, ref, before, &out), ERR_DENIED);
    reload(b);
    assert_int_equal(vault_keys(b->v, ids), 1);
    assert_int_equal(vault_open(&b->cx, b->v, ref, before, &out), ERR_DENIED);
    assert_opens(b, after, "after");
}

static void a_full_ring_takes_no_more(void **state)
{
    struct bench *b = *state;
    uint32_t id;

    for (int i = 1; i < VAULT_KEYS_MAX; i++)
        assert_int_equal(vault_add_key(&b->cx, b->v, &id), OK);
    assert_int_equal(vault_add_key(&b->cx, b->v, &id), ERR_LIMITED);
    reload(b);
    assert_int_equal(vault_current(b->v), id);
}

/* A folder where the new file should be written: the rotation must fail and change nothing. */
static void a_rotation_that_cannot_be_written_does_not_happen(void **state)
{
    struct bench *b = *state;
    struct str beside = arena_printf(b->mem, "%s.new", b->path), text = file_text(b);
    uint32_t old = vault_current(b->v), id = 0;

    assert_int_equal(mkdir(beside.p, 0700), 0);
    assert_int_equal(vault_add_key(&b->cx, b->v, &id), ERR_INTERNAL);
    rmdir(beside.p);
    assert_int_equal(id, 0);
    assert_int_equal(vault_current(b->v), old);
    assert_str(file_text(b), text);
}

static void what_a_crash_left_beside_is_no_obstacle(void **state)
{
    struct bench *b = *state;
    struct str beside = arena_printf(b->mem, "%s.new", b->path);
    FILE *f = fopen(beside.p, "w");
    uint32_t id;

    assert_non_null(f);
    fputs("half a ke", f);
    fclose(f);
    assert_int_equal(vault_add_key(&b->cx, b->v, &id), OK);
    assert_int_not_equal(access(beside.p, F_OK), 0);
    reload(b);
    assert_int_equal(vault_current(b->v), id);
}

struct worker {
    struct vault *v;
    atomic_bool *stop;
    unsigned rounds, wrong;
};

static void *seal_and_open(void *arg)
{
    struct worker *w = arg;
    struct arena *mem = arena_new();
    struct ctx cx;

    ctx_init(&cx, mem);
    for (; w->rounds < 100 || !atomic_load(w->stop); w->rounds++) {
        struct bytes out, blob = vault_seal(w->v, ref, str_bytes(STR("a seed")), mem);

        w->wrong +=
            vault_open(&cx, w->v, ref, blob, &out) != OK || !str_eq(bytes_str(out), STR("a seed"));
        arena_reset(mem);
    }
    arena_free(&mem);
    return NULL;
}

static void sealing_goes_on_while_keys_come(void **state)
{
    struct bench *b = *state;
    atomic_bool stop = false;
    struct worker workers[3];
    pthread_t threads[3];
    uint32_t first = vault_current(b->v), id;

    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        workers[i] = (struct worker){.v = b->v, .stop = &stop};
        assert_int_equal(pthread_create(&threads[i], NULL, seal_and_open, &workers[i]), 0);
    }
    for (int i = 0; i < 8; i++)
        assert_int_equal(vault_add_key(&b->cx, b->v, &id), OK);
    atomic_store(&stop, true);
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].wrong, 0);
        assert_true(workers[i].rounds >= 100);
    }
    assert_int_equal(vault_drop_key(&b->cx, b->v, first), OK);
}

#define EACH_FRESH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH_FRESH(what_was_sealed_opens),
        EACH_FRESH(the_same_text_never_seals_alike),
        EACH_FRESH(attack_84_a_blob_opens_in_its_own_place_only),
        EACH_FRESH(attack_84_no_changed_byte_is_accepted),
        EACH_FRESH(no_other_length_is_accepted),
        EACH_FRESH(another_key_does_not_open),
        EACH_FRESH(a_new_file_is_private_and_read_back),
        EACH_FRESH(the_umask_does_not_matter),
        EACH_FRESH(a_missing_file_is_not_always_made),
        EACH_FRESH(a_folder_that_is_missing_is_an_error),
        EACH_FRESH(attack_84_a_file_that_others_may_read_is_refused),
        EACH_FRESH(links_folders_and_foreign_files_are_refused),
        EACH_FRESH(a_file_that_is_not_plainly_keys_is_refused),
        EACH_FRESH(rotation_seals_anew_and_still_opens_the_old),
        EACH_FRESH(a_full_ring_takes_no_more),
        EACH_FRESH(a_rotation_that_cannot_be_written_does_not_happen),
        EACH_FRESH(what_a_crash_left_beside_is_no_obstacle),
        EACH_FRESH(sealing_goes_on_while_keys_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
