/*
 * store_bench.c: durable transactions of two rows (one with a unique token, one of the audit kind,
 * about 400 bytes), a second for each figure. SQLite alone commits as many at once as requests are
 * on the way. Through the store they are jobs, first submitted again by their own done, which shows
 * what savepoints and checks cost, then by another thread, as a server's loops do.
 *
 *     store_bench [FOLDER]     FOLDER lies on the disk to measure; the working directory by default
 */
#include "base/clock.h"
#include "base/mem.h"
#include "store/tables.h"

#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RUN_MS = 1000, IN_FLIGHT_MAX = 256, DETAIL_LEN = 240, ROUNDS = 3 };

static const unsigned in_flight_rows[] = {1, 16, 64, 256};

#define ADD_CODE                                                                                   \
    "INSERT INTO code (id, token, state, created_at_ms, expires_at_ms) VALUES ($1, $2, $3, $4, "   \
    "$5)"
#define ADD_NOTE "INSERT INTO note (id, at_ms, actor, event, detail) VALUES ($1, $2, $3, $4, $5)"

enum { B_CODE, B_NOTE };

static const struct query_def queries[] = {
    [B_CODE] = {"code", QUERY_WRITE, ROWS_EXEC, 5, ADD_CODE, NULL},
    [B_NOTE] = {"note", QUERY_WRITE, ROWS_EXEC, 5, ADD_NOTE, NULL},
};

static const struct migration schema[] = {
    {1, "bench",
     "CREATE TABLE code (id BIGINT PRIMARY KEY, token TEXT NOT NULL UNIQUE, state TEXT NOT NULL,"
     " created_at_ms BIGINT NOT NULL, expires_at_ms BIGINT NOT NULL);"
     "CREATE TABLE note (id BIGINT PRIMARY KEY, at_ms BIGINT NOT NULL, actor TEXT NOT NULL,"
     " event TEXT NOT NULL, detail TEXT NOT NULL);"},
};

static const struct store_tables tables = {queries, COUNT_OF(queries), schema, COUNT_OF(schema)};

static char detail[DETAIL_LEN + 1];

NORETURN static void die(const char *what)
{
    fprintf(stderr, "store_bench: %s\n", what);
    exit(1);
}

/* Spread over the index as real tokens are. */
static struct str token_of(int64_t id, char out[static 40])
{
    uint64_t a = (uint64_t)id * 0x9E3779B97F4A7C15, b = (a ^ (a >> 29)) * 0xBF58476D1CE4E5B9;

    snprintf(out, 40, "%016llx%016llx", (unsigned long long)b, (unsigned long long)a);
    return (struct str){out, 32};
}

/* ---- a folder for each run ---- */

static void make_folder(const char *base, char out[static 512])
{
    if (snprintf(out, 512, "%s/store_bench.XXXXXX", base) >= 512 || !mkdtemp(out))
        die("cannot make a folder");
}

static void remove_folder(const char *dir)
{
    static const char *const files[] = {"countersign.db", "countersign.db-wal",
                                        "countersign.db-shm", "store.lock"};
    char path[600];

    EACH_ROW (file, files) {
        snprintf(path, sizeof(path), "%s/%s", dir, *file);
        unlink(path);
    }
    rmdir(dir);
}

/* ---- SQLite alone ---- */

static sqlite3_stmt *prepared(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *st;

    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL) != SQLITE_OK)
        die(sqlite3_errmsg(db));
    return st;
}

static void step(sqlite3 *db, sqlite3_stmt *st)
{
    if (sqlite3_step(st) != SQLITE_DONE)
        die(sqlite3_errmsg(db));
    sqlite3_reset(st);
}

static void add_raw(sqlite3 *db, sqlite3_stmt *code, sqlite3_stmt *note, int64_t id, int64_t now_ms)
{
    char token[40];

    sqlite3_bind_int64(code, 1, id);
    sqlite3_bind_text(code, 2, token_of(id, token).p, 32, SQLITE_STATIC);
    sqlite3_bind_text(code, 3, "pending", -1, SQLITE_STATIC);
    sqlite3_bind_int64(code, 4, now_ms);
    sqlite3_bind_int64(code, 5, now_ms + 600000);
    step(db, code);
    sqlite3_bind_int64(note, 1, id);
    sqlite3_bind_int64(note, 2, now_ms);
    sqlite3_bind_text(note, 3, "person", -1, SQLITE_STATIC);
    sqlite3_bind_text(note, 4, "code_sent", -1, SQLITE_STATIC);
    sqlite3_bind_text(note, 5, detail, DETAIL_LEN, SQLITE_STATIC);
    step(db, note);
}

/* The store makes the schema, so that both sides write the same tables. */
static void make_schema(struct ctx *cx, const struct store_conf *conf)
{
    struct store *store;

    if (store_open_tables(cx, conf, &tables, &store))
        die(cx->why);
    store_close(&store);
}

static double raw_rate(struct ctx *cx, const struct store_conf *conf, unsigned batch)
{
    struct str path = arena_printf(cx->mem, "%.*s/countersign.db", STR_ARG(conf->data_dir));
    sqlite3_stmt *begin, *commit, *code, *note;
    int64_t start_ms, end_ms, id = 0;
    sqlite3 *db;

    make_schema(cx, conf);
    if (sqlite3_open_v2(path.p, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ||
        sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL", NULL, NULL, NULL))
        die("sqlite");
    begin = prepared(db, "BEGIN IMMEDIATE");
    commit = prepared(db, "COMMIT");
    code = prepared(db, ADD_CODE);
    note = prepared(db, ADD_NOTE);
    start_ms = clock_mono_ms();
    do {
        step(db, begin);
        for (unsigned i = 0; i < batch; i++)
            add_raw(db, code, note, ++id, start_ms);
        step(db, commit);
        end_ms = clock_mono_ms();
    } while (end_ms - start_ms < RUN_MS);
    sqlite3_finalize(begin);
    sqlite3_finalize(commit);
    sqlite3_finalize(code);
    sqlite3_finalize(note);
    sqlite3_close(db);
    return (double)id * MS_PER_S / (double)(end_ms - start_ms);
}

/* ---- through the store ---- */

struct slot {
    struct store_job job; /* first */
    struct bench *bench;
    struct arena *mem;
    struct ctx cx;
    int64_t id;
};

struct bench {
    struct store *store;
    pthread_mutex_t lock; /* guards the next four */
    pthread_cond_t freed;
    struct slot *free[IN_FLIGHT_MAX];
    unsigned free_count;
    int64_t done_count, next_id;
    bool handed; /* to the other thread, instead of submitted by done */
    int64_t end_ms;
    struct slot slots[IN_FLIGHT_MAX];
};

static enum err slot_run(struct store_job *job, struct db *db)
{
    struct slot *s = (struct slot *)job;
    struct str text = {detail, DETAIL_LEN};
    char token[40];
    enum err e;

    if ((e = db_exec_one(&s->cx, db, (enum query)B_CODE,
                         DB_ARGS(db_int(s->id), db_text(token_of(s->id, token)),
                                 db_text(STR("pending")), db_int(s->cx.now_ms),
                                 db_int(s->cx.now_ms + 600000)))))
        return e;
    return db_exec_one(&s->cx, db, (enum query)B_NOTE,
                       DB_ARGS(db_int(s->id), db_int(s->cx.now_ms), db_text(STR("person")),
                               db_text(STR("code_sent")), db_text(text)));
}

static void slot_submit(struct slot *s, int64_t id)
{
    arena_reset(s->mem);
    ctx_init(&s->cx, s->mem);
    s->id = id;
    if (store_submit(s->bench->store, &s->job))
        die("the queue is full");
}

static void slot_done(struct store_job *job, enum err result)
{
    struct slot *s = (struct slot *)job;
    struct bench *b = s->bench;
    bool again;
    int64_t id;

    if (result)
        die(s->cx.why);
    pthread_mutex_lock(&b->lock);
    b->done_count++;
    again = !b->handed && clock_mono_ms() < b->end_ms;
    if (again) {
        id = b->next_id++;
    } else {
        b->free[b->free_count++] = s;
        pthread_cond_signal(&b->freed);
    }
    pthread_mutex_unlock(&b->lock);
    if (again)
        slot_submit(s, id);
}

/* Takes all slots that are free, at least `least`. */
static unsigned take_slots(struct bench *b, unsigned least, struct slot **out)
{
    unsigned n;

    pthread_mutex_lock(&b->lock);
    while (b->free_count < least)
        pthread_cond_wait(&b->freed, &b->lock);
    n = b->free_count;
    memcpy(out, b->free, n * sizeof(struct slot *));
    b->free_count = 0;
    pthread_mutex_unlock(&b->lock);
    return n;
}

static double store_rate(struct ctx *cx, const struct store_conf *conf, unsigned in_flight,
                         bool handed)
{
    struct bench *b = mem_alloc(sizeof(*b));
    struct slot *taken[IN_FLIGHT_MAX];
    int64_t start_ms, end_ms;
    double rate;

    if (store_open_tables(cx, conf, &tables, &b->store))
        die(cx->why);
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->freed, NULL);
    for (unsigned i = 0; i < in_flight; i++) {
        struct slot *s = b->free[b->free_count++] = &b->slots[i];

        *s = (struct slot){
            .job = {.run = slot_run, .done = slot_done},
              .bench = b
        };
        s->mem = arena_new();
    }
    b->handed = handed;
    b->next_id = IN_FLIGHT_MAX + 1;
    start_ms = clock_mono_ms();
    b->end_ms = start_ms + RUN_MS;
    if (handed) {
        for (int64_t id = 1; clock_mono_ms() < b->end_ms;) {
            unsigned n = take_slots(b, 1, taken);

            for (unsigned i = 0; i < n; i++)
                slot_submit(taken[i], id++);
        }
    } else {
        unsigned n = take_slots(b, 1, taken);

        for (unsigned i = 0; i < n; i++)
            slot_submit(taken[i], 1 + i);
    }
    take_slots(b, in_flight, taken);
    end_ms = clock_mono_ms();
    rate = (double)b->done_count * MS_PER_S / (double)(end_ms - start_ms);
    store_close(&b->store);
    for (unsigned i = 0; i < in_flight; i++)
        arena_free(&b->slots[i].mem);
    mem_free(b);
    return rate;
}

static double own_rate(struct ctx *cx, const struct store_conf *conf, unsigned in_flight)
{
    return store_rate(cx, conf, in_flight, false);
}

static double handed_rate(struct ctx *cx, const struct store_conf *conf, unsigned in_flight)
{
    return store_rate(cx, conf, in_flight, true);
}

/* ---- the table ---- */

static double measure(double (*rate)(struct ctx *, const struct store_conf *, unsigned),
                      const char *base, unsigned in_flight)
{
    struct arena *mem = arena_new();
    struct store_conf conf = {.queue_max = 1024, .batch_max = 256};
    char dir[512];
    struct ctx cx;
    double per_s;

    ctx_init(&cx, mem);
    make_folder(base, dir);
    conf.data_dir = str_from(dir);
    per_s = rate(&cx, &conf, in_flight);
    remove_folder(dir);
    arena_free(&mem);
    return per_s;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double median(double *v)
{
    qsort(v, ROUNDS, sizeof(*v), by_value);
    return v[ROUNDS / 2];
}

int main(int argc, char **argv)
{
    const char *base = argc > 1 ? argv[1] : ".";

    memset(detail, 'x', DETAIL_LEN);
    printf("| requests on the way | SQLite alone, tx/s | store, tx/s | ratio | store, from another "
           "thread, tx/s | ratio |\n| --- | --- | --- | --- | --- | --- |\n");
    EACH_ROW (in_flight, in_flight_rows) {
        double raw[ROUNDS], own[ROUNDS], handed[ROUNDS];

        for (int i = 0; i < ROUNDS; i++) { /* in turns, so that all meet the same machine */
            raw[i] = measure(raw_rate, base, *in_flight);
            own[i] = measure(own_rate, base, *in_flight);
            handed[i] = measure(handed_rate, base, *in_flight);
        }
        printf("| %u | %.0f | %.0f | %.2f | %.0f | %.2f |\n", *in_flight, median(raw), median(own),
               median(own) / median(raw), median(handed), median(handed) / median(raw));
        fflush(stdout);
    }
    return 0;
}
