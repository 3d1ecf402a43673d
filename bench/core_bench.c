/*
 * core_bench.c: what the rules cost above what they stand on, both in one run.
 *
 *     core_bench checks    durable checks of right TOTP codes through the one check function, 64 and 256
 *                          on the way, beside SQLite alone committing two rows for each as many at once
 *     core_bench hash      Argon2id as passwords use it, on one core and on all: the ceiling of sign-ins
 */
#include "base/clock.h"
#include "core/fixture.h"
#include "core/rows.h"
#include "crypto/pwhash.h"
#include "crypto/random.h"
#include "crypto/totp.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RUN_MS = 2000, FLIGHT_MAX = 256, SECRET_LEN = 20 };

/* ---- SQLite alone ---- */

static double raw_commits(const char *dir, unsigned flight)
{
    char path[128], token[33];
    sqlite3_stmt *row, *audit;
    int64_t start = clock_mono_ms(), done = 0;
    sqlite3 *db;

    snprintf(path, sizeof(path), "%s/raw-%u.db", dir, flight);
    if (sqlite3_open(path, &db) ||
        sqlite3_exec(db,
                     "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                     "CREATE TABLE code (id INTEGER PRIMARY KEY, token TEXT UNIQUE, at INTEGER);"
                     "CREATE TABLE note (id INTEGER PRIMARY KEY, at INTEGER, detail TEXT);",
                     NULL, NULL, NULL) ||
        sqlite3_prepare_v2(db, "INSERT INTO code (token, at) VALUES (?, ?)", -1, &row, NULL) ||
        sqlite3_prepare_v2(db, "INSERT INTO note (at, detail) VALUES (?, ?)", -1, &audit, NULL))
        exit(1);
    while (clock_mono_ms() - start < RUN_MS) {
        sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
        for (unsigned i = 0; i < flight; i++) {
            snprintf(token, sizeof(token), "%016llx%08x%08x", (unsigned long long)(done + i) * 0x9E37u,
                     random_below(1u << 30), i);
            sqlite3_bind_text(row, 1, token, 32, SQLITE_STATIC);
            sqlite3_bind_int64(row, 2, start);
            sqlite3_step(row);
            sqlite3_reset(row);
            sqlite3_bind_int64(audit, 1, start);
            sqlite3_bind_text(audit, 2, "second_factor method=totp", -1, SQLITE_STATIC);
            sqlite3_step(audit);
            sqlite3_reset(audit);
        }
        sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
        done += flight;
    }
    sqlite3_finalize(row);
    sqlite3_finalize(audit);
    sqlite3_close(db);
    return (double)done * MS_PER_S / (double)(clock_mono_ms() - start);
}

/* ---- the check ---- */

struct checker { /* one factor; its clock goes on by a step for each check */
    struct store_job job;
    struct ctx cx;
    struct fixture *fx;
    struct check_in in;
    struct check_out out;
    char code[TOTP_DIGITS_MAX + 1];
    _Atomic int64_t *right;
    _Atomic int *left;
    _Atomic bool *over;
};

static const uint8_t seed[SECRET_LEN] = "bench bench bench 1";
static const struct totp_params totp = {.step_s = 30, .digits = 6, .alg = HMAC_SHA1};

static void next_code(struct checker *c)
{
    arena_reset(c->cx.mem);
    c->cx.now_ms += 60 * MS_PER_S;
    totp_code(&totp, BYTES_OF(seed), c->cx.now_ms / MS_PER_S, c->code);
    c->in.code = str_from(c->code);
}

static enum err checker_run(struct store_job *job, struct db *db)
{
    struct checker *c = (struct checker *)job;

    return factor_check(&c->cx, db, &c->in, &c->out);
}

static void checker_done(struct store_job *job, enum err result)
{
    struct checker *c = (struct checker *)job;

    if (result == OK && c->out.outcome == CHECK_RIGHT)
        atomic_fetch_add(c->right, 1);
    if (atomic_load(c->over)) {
        atomic_fetch_sub(c->left, 1);
        return;
    }
    next_code(c);
    if (store_submit(c->fx->store, &c->job))
        abort();
}

struct adding {
    int64_t identity_id;
    struct checker *checkers;
};

static enum err add_factors(struct ctx *cx, struct db *db, void *arg)
{
    struct adding *a = arg;
    enum err e = OK;

    for (unsigned i = 0; e == OK && i < FLIGHT_MAX; i++) {
        int64_t id = id_new(cx);
        struct bytes sealed =
            core_seal(cx, db, "factor.secret", id, a->identity_id, BYTES_OF(seed));

        a->checkers[i].in.factor_id = id;
        e = db_exec(cx, db, Q_FACTOR_INSERT,
                    DB_ARGS(db_int(id), db_text(sid_new(cx, "YF")), db_int(a->identity_id),
                            db_text(STR("totp")), db_text(STR("active")), db_text(STR("")),
                            db_text(STR("")), db_int(0), db_blob(sealed), db_text(STR("SHA1")),
                            db_int(6), db_int(30), db_int(cx->now_ms)),
                    NULL);
    }
    return e;
}

static double durable_checks(struct fixture *fx, struct checker *checkers, unsigned flight)
{
    _Atomic int64_t right = 0;
    _Atomic int left = (int)flight;
    _Atomic bool over = false;
    int64_t start = clock_mono_ms();
    const struct timespec nap = {.tv_nsec = 2000000};

    for (unsigned i = 0; i < flight; i++) {
        struct checker *c = &checkers[i];

        c->job = (struct store_job){.run = checker_run, .done = checker_done};
        c->fx = fx;
        c->right = &right;
        c->left = &left;
        c->over = &over;
        next_code(c);
        if (store_submit(fx->store, &c->job))
            abort();
    }
    while (clock_mono_ms() - start < RUN_MS)
        nanosleep(&nap, NULL);
    over = true;
    while (left > 0)
        nanosleep(&nap, NULL);
    return (double)right * MS_PER_S / (double)(clock_mono_ms() - start);
}

static void bench_checks(void)
{
    static const unsigned flights[] = {64, 256};
    static struct checker checkers[FLIGHT_MAX];
    struct fixture fx;
    struct fixture_person p;
    struct adding a = {.checkers = checkers};

    fixture_open(&fx);
    fixture_person(&fx, "bench", &p);
    a.identity_id = p.identity_id;
    if (fixture_run(&fx, add_factors, &a))
        exit(1);
    for (unsigned i = 0; i < FLIGHT_MAX; i++) {
        struct arena *mem = arena_new();

        ctx_init(&checkers[i].cx, mem);
        checkers[i].cx.now_ms = fx.cx.now_ms;
    }
    printf("| on the way | SQLite alone, two rows each | code checks/s, durable | ratio |\n"
           "| --- | --- | --- | --- |\n");
    EACH_ROW(flight, flights) {
        double raw = raw_commits(fx.dir, *flight);
        double checks = durable_checks(&fx, checkers, *flight);

        printf("| %u | %.0f/s | %.0f/s | %.2f |\n", *flight, raw, checks, checks / raw);
    }
    for (unsigned i = 0; i < FLIGHT_MAX; i++)
        arena_free(&checkers[i].cx.mem);
    fixture_close(&fx);
}

/* ---- hashes ---- */

static void *hash_on(void *arg)
{
    int64_t start = clock_mono_ms(), *count = arg;
    struct arena *mem = arena_new();
    struct ctx cx;
    struct str out;

    ctx_init(&cx, mem);
    while (clock_mono_ms() - start < RUN_MS) {
        if (pwhash_make(&cx, STR("correct horse battery"), &out))
            abort();
        arena_reset(mem);
        ++*count;
    }
    arena_free(&mem);
    return NULL;
}

static double hashes(unsigned threads)
{
    int64_t start = clock_mono_ms(), counts[64] = {0}, sum = 0;
    pthread_t ids[64];

    for (unsigned i = 0; i < threads; i++) {
        if (pthread_create(&ids[i], NULL, hash_on, &counts[i]))
            abort();
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        sum += counts[i];
    }
    return (double)sum * MS_PER_S / (double)(clock_mono_ms() - start);
}

int main(int argc, char **argv)
{
    unsigned cores = (unsigned)MIN_OF(sysconf(_SC_NPROCESSORS_ONLN), 64L);

    if (argc == 2 && str_eq(str_from(argv[1]), STR("checks"))) {
        bench_checks();
    } else if (argc == 2 && str_eq(str_from(argv[1]), STR("hash"))) {
        printf("%.2f %.2f\n", hashes(1), hashes(cores));
    } else {
        fprintf(stderr, "core_bench checks|hash\n");
        return 2;
    }
    return 0;
}
