/* backup_test.c: the copy is whole, consistent and ours alone; a failed one leaves nothing. */
#include "store/fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { ROWS_BEFORE = 2000, DATA_LEN = 600 }; /* more than a megabyte: many slices */

static enum err add_pair(struct ctx *cx, struct db *db, int64_t id)
{
    static const uint8_t data[DATA_LEN] = {1, 2, 3};
    struct str name = arena_printf(cx->mem, "item %lld", (long long)id);
    enum err e;

    if ((e = db_exec_one(cx, db, Q(T_ITEM_ADD),
                         DB_ARGS(db_int(id), db_text(name), db_int(0), db_blob(BYTES_OF(data))))))
        return e;
    return db_exec_one(cx, db, Q(T_CHILD_ADD), DB_ARGS(db_int(id), db_int(id)));
}

static enum err fill(struct ctx *cx, struct db *db, void *arg)
{
    enum err e = OK;

    (void)arg;
    for (int64_t id = 1; id <= ROWS_BEFORE && !e; id++)
        e = add_pair(cx, db, id);
    return e;
}

static struct str in_dir(struct fixture *f, const char *name)
{
    return arena_printf(f->mem, "%s/%s", f->dir, name);
}

/* Opens the copy as a store of its own and counts: the pairs are whole and without a gap. */
static int64_t pairs_in_copy(struct str path)
{
    struct fixture g;
    int64_t items;

    fixture_folder(&g);
    assert_int_equal(rename(path.p, in_dir(&g, "countersign.db").p), 0);
    fixture_open(&g);
    assert_ok(&g, store_check(&g.cx, g.store));
    items = count_of(&g, T_ITEM_COUNT);
    assert_int_equal(count_of(&g, T_CHILD_COUNT), items);
    assert_true(items == 0 || item_is_there(&g, items));
    fixture_remove(&g);
    return items;
}

struct load {
    struct fixture *f;
    pthread_t thread;
    _Atomic bool stop;
    struct gate acknowledged; /* its count is the number of pairs added */
};

struct pair {
    struct load *load;
    int64_t id;
};

static enum err add_next(struct ctx *cx, struct db *db, void *arg)
{
    struct pair *p = arg;

    return add_pair(cx, db, p->id);
}

static void *write_on(void *arg)
{
    struct load *load = arg;
    struct arena *mem = arena_new();
    struct pair p = {load, ROWS_BEFORE};
    struct ctx cx;
    enum err e = OK;

    while (!e && !atomic_load(&load->stop)) {
        arena_reset(mem);
        ctx_init(&cx, mem);
        p.id++;
        if (!(e = store_run(&cx, load->f->store, add_next, &p)))
            gate_bump(&load->acknowledged);
    }
    arena_free(&mem);
    return NULL;
}

static void copies_are_consistent_while_jobs_go_on(void **state)
{
    struct fixture *f = *state;
    struct load load = {.f = f, .acknowledged = GATE_CLOSED};
    int64_t last = 0;

    assert_ok(f, store_run(&f->cx, f->store, fill, NULL));
    assert_int_equal(pthread_create(&load.thread, NULL, write_on, &load), 0);
    for (unsigned i = 1; i <= 3; i++) {
        unsigned before;
        int64_t pairs;

        gate_wait(&load.acknowledged, i * 20);
        before = gate_count(&load.acknowledged); /* all of these must be in the copy */
        assert_ok(f, store_backup(&f->cx, f->store, in_dir(f, "copy.db")));
        pairs = pairs_in_copy(in_dir(f, "copy.db"));
        assert_true(pairs >= ROWS_BEFORE + before);
        assert_true(pairs > last);
        last = pairs;
    }
    atomic_store(&load.stop, true);
    pthread_join(load.thread, NULL);
    assert_true(count_of(f, T_ITEM_COUNT) == ROWS_BEFORE + load.acknowledged.count);
}

static void the_copy_is_for_us_alone(void **state)
{
    struct fixture *f = *state;
    struct str copy = in_dir(f, "copy.db");
    struct stat st;

    assert_ok(f, store_backup(&f->cx, f->store, copy));
    assert_int_equal(stat(copy.p, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(in_dir(f, "copy.db.part").p, &st), -1);
    assert_int_equal(pairs_in_copy(copy), 0);
}

static void nothing_is_overwritten(void **state)
{
    static const char *const taken[] = {"copy.db", "copy.db.part"};
    struct fixture *f = *state;

    EACH_ROW (name, taken) {
        struct str path = in_dir(f, *name);
        int fd = open(path.p, O_CREAT | O_EXCL | O_WRONLY, 0600);
        struct stat st;

        close(fd);
        assert_fails(f, store_backup(&f->cx, f->store, in_dir(f, "copy.db")), ERR_CONFLICT, *name);
        assert_int_equal(stat(path.p, &st), 0);
        assert_int_equal(st.st_size, 0);
        unlink(path.p);
    }
}

/* Files may not grow beyond half of the database: what a full disk does. */
static void a_failed_copy_is_removed(void **state)
{
    struct fixture *f = *state;
    struct rlimit limit, small;
    struct stat st;
    enum err e;

    assert_fails(f, store_backup(&f->cx, f->store, in_dir(f, "no/such/folder")), ERR_INVALID,
                 "no/such/folder: No such file");
    assert_ok(f, store_run(&f->cx, f->store, fill, NULL));
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = (struct rlimit){.rlim_cur = 512 * KIB, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    e = store_backup(&f->cx, f->store, in_dir(f, "copy.db"));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(e, ERR_INTERNAL);
    assert_int_equal(stat(in_dir(f, "copy.db").p, &st), -1);
    assert_int_equal(stat(in_dir(f, "copy.db.part").p, &st), -1);
    assert_ok(f, store_backup(&f->cx, f->store, in_dir(f, "copy.db"))); /* the next one works */
    assert_int_equal(pairs_in_copy(in_dir(f, "copy.db")), ROWS_BEFORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(copies_are_consistent_while_jobs_go_on),
        IN_STORE(the_copy_is_for_us_alone),
        IN_STORE(nothing_is_overwritten),
        IN_STORE(a_failed_copy_is_removed),
    };

    return cmocka_run_group_tests_name("store_backup", tests, NULL, NULL);
}
