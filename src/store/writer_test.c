/* writer_test.c: batches, their isolation, their end, and the bounds of the queue. */
#include "store/fixture.h"

#include "store/writer.h"

#include <signal.h>
#include <sys/resource.h>

enum { BATCH = 4 };

/* Holds the writer inside a first job, so that the next ones become one batch. */
struct held {
    struct gate hold, begun, over;
    struct test_job *first;
};

static enum err nothing(struct test_job *t, struct db *db)
{
    (void)t;
    (void)db;
    return OK;
}

static void hold_writer(struct fixture *f, struct held *h)
{
    *h = (struct held){GATE_CLOSED, GATE_CLOSED, GATE_CLOSED, NULL};
    h->first = test_job_new(f, 0, &h->over);
    h->first->fn = nothing;
    h->first->hold = &h->hold;
    h->first->begun = &h->begun;
    assert_int_equal(store_submit(f->store, &h->first->job), OK);
    gate_wait(&h->begun, 1);
}

static void release_writer(struct held *h)
{
    gate_bump(&h->hold);
    gate_wait(&h->over, 1);
    test_job_end(h->first);
}

/* Runs the jobs as one batch and waits for all of them. */
static void run_as_batch(struct fixture *f, struct test_job **jobs, size_t count, struct gate *over)
{
    struct held h;

    hold_writer(f, &h);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(store_submit(f->store, &jobs[i]->job), OK);
    release_writer(&h);
    gate_wait(over, (unsigned)count);
}

static void end_jobs(struct test_job **jobs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        test_job_end(jobs[i]);
}

/* ---- isolation ---- */

static enum err add_and_conflict(struct test_job *t, struct db *db)
{
    enum err e = item_add(&t->cx, db, t->id);

    return e ? e : item_add(&t->cx, db, t->id);
}

static enum err add_and_deny(struct test_job *t, struct db *db)
{
    enum err e = item_add(&t->cx, db, t->id);

    return e ? e : ERR_DENIED;
}

static enum err keep_and_deny(struct test_job *t, struct db *db)
{
    enum err e;

    if ((e = item_add(&t->cx, db, t->id)) || (e = db_keep(&t->cx, db)) ||
        (e = item_add(&t->cx, db, t->id + 100)))
        return e;
    return ERR_DENIED;
}

static void a_failing_job_leaves_its_neighbours_alone(void **state)
{
    static const struct {
        const char *name;
        enum err (*fn)(struct test_job *, struct db *);
        enum err want;
        bool there;
    } rows[] = {
        {"before",          NULL,             OK,           true },
        {"unique",          add_and_conflict, ERR_CONFLICT, false},
        {"between",         NULL,             OK,           true },
        {"denied",          add_and_deny,     ERR_DENIED,   false},
        {"kept",            keep_and_deny,    ERR_DENIED,   true },
        {"behind all that", NULL,             OK,           true },
    };
    struct fixture *f = *state;
    struct test_job *jobs[COUNT_OF(rows)];
    struct gate over = GATE_CLOSED;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        jobs[i] = test_job_new(f, (int64_t)i + 1, &over);
        jobs[i]->fn = rows[i].fn;
    }
    run_as_batch(f, jobs, COUNT_OF(rows), &over);
    EACH_ROW (row, rows) {
        struct test_job *t = jobs[row - rows];

        assert_row(row, t->result == row->want);
        assert_row(row, item_is_there(f, t->id) == row->there);
        assert_row(row, !item_is_there(f, t->id + 100));
    }
    end_jobs(jobs, COUNT_OF(rows));
}

/* A reference that is checked at COMMIT, and points nowhere. */
static enum err break_commit(struct test_job *t, struct db *db)
{
    return db_exec_one(&t->cx, db, Q(T_LATE_ADD), DB_ARGS(db_int(t->id), db_int(12345)));
}

static void on_notify_count(void *arg, const uint64_t *topics, size_t count)
{
    unsigned *calls = arg;

    (void)topics;
    (void)count;
    (*calls)++;
}

static enum err add_and_notify(struct test_job *t, struct db *db)
{
    db_notify(db, (uint64_t)t->id);
    return item_add(&t->cx, db, t->id);
}

static void a_failing_commit_fails_its_batch_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    struct gate over = GATE_CLOSED;
    unsigned notified = 0;
    struct test_job *jobs[3] = {test_job_new(f, 1, &over), test_job_new(f, 2, &over),
                                test_job_new(f, 3, &over)};

    store_on_notify(f->store, on_notify_count, &notified);
    jobs[0]->fn = add_and_notify;
    jobs[1]->fn = break_commit;
    run_as_batch(f, jobs, COUNT_OF(jobs), &over);
    for (size_t i = 0; i < COUNT_OF(jobs); i++) {
        assert_int_equal(jobs[i]->result, ERR_INTERNAL);
        assert_non_null(strstr(jobs[i]->why, "FOREIGN KEY"));
    }
    assert_int_equal(count_of(f, T_ITEM_COUNT), 0);
    assert_int_equal(notified, 0);
    end_jobs(jobs, COUNT_OF(jobs));

    jobs[0] = test_job_new(f, 4, &over); /* and the writer goes on */
    over.count = 0;
    run_as_batch(f, jobs, 1, &over);
    assert_int_equal(jobs[0]->result, OK);
    assert_true(item_is_there(f, 4));
    end_jobs(jobs, 1);
}

static enum err add_megabytes(struct test_job *t, struct db *db)
{
    static const uint8_t data[64 * KIB];
    enum err e = OK;

    for (int i = 0; i < 64 && !e;
         i++) { /* more than SQLite's cache holds: it writes before COMMIT */
        struct str name = arena_printf(t->cx.mem, "large %d", i);

        e = db_exec_one(
            &t->cx, db, Q(T_ITEM_ADD),
            DB_ARGS(db_int(1000 + i), db_text(name), db_int(0), db_blob(BYTES_OF(data))));
    }
    return e;
}

/* No file may grow: what a full disk does. It shows at COMMIT for small jobs, and in the middle of
 * a large one, where SQLite takes the whole transaction back by itself. */
static void a_full_disk_fails_the_batch_and_the_next_one_works(void **state)
{
    static enum err (*const second[])(struct test_job *, struct db *) = {NULL, add_megabytes};
    struct fixture *f = *state;
    struct rlimit limit, small;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = (struct rlimit){.rlim_cur = 4 * KIB, .rlim_max = limit.rlim_max};
    for (int i = 0; i < 2; i++) {
        struct gate over = GATE_CLOSED;
        struct test_job *jobs[3] = {test_job_new(f, 1, &over), test_job_new(f, 2, &over),
                                    test_job_new(f, 3, &over)};

        jobs[1]->fn = second[i];
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        run_as_batch(f, jobs, COUNT_OF(jobs), &over);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        for (size_t n = 0; n < COUNT_OF(jobs); n++) {
            assert_int_equal(jobs[n]->result, ERR_INTERNAL);
            assert_string_not_equal(jobs[n]->why, "");
        }
        assert_int_equal(count_of(f, T_ITEM_COUNT), i * 3);
        end_jobs(jobs, COUNT_OF(jobs));
        for (int n = 0; n < 3; n++)
            jobs[n] = test_job_new(f, 10 * (i + 1) + n, &over);
        over.count = 0;
        run_as_batch(f, jobs, COUNT_OF(jobs), &over);
        for (size_t n = 0; n < COUNT_OF(jobs); n++)
            assert_int_equal(jobs[n]->result, OK);
        assert_int_equal(count_of(f, T_ITEM_COUNT), (i + 1) * 3);
        end_jobs(jobs, COUNT_OF(jobs));
    }
    assert_ok(f, store_check(&f->cx, f->store));
}

/* ---- notifications ---- */

struct heard {
    struct fixture *f;
    struct db *reader; /* of the writer thread */
    unsigned calls;
    uint64_t topics[16];
    size_t count;
    int64_t seen; /* items that a reader saw at that moment */
};

static void on_notify_look(void *arg, const uint64_t *topics, size_t count)
{
    struct heard *h = arg;
    struct db_rows rows = {0};
    struct arena *mem = arena_new();
    struct ctx cx;

    ctx_init(&cx, mem);
    h->calls++;
    h->count = count;
    memcpy(h->topics, topics, MIN_OF(count, COUNT_OF(h->topics)) * sizeof(*topics));
    if (db_one(&cx, h->reader, Q(T_ITEM_COUNT), DB_NO_ARGS, &rows) == OK)
        h->seen = db_col_int(&rows, 0);
    db_rows_end(&rows);
    arena_free(&mem);
}

static enum err notify_many(struct test_job *t, struct db *db)
{
    for (int i = 0; i < 40; i++) /* more than the list starts with */
        db_notify(db, 7 + (uint64_t)(i % 2));
    return item_add(&t->cx, db, t->id);
}

static enum err notify_and_fail(struct test_job *t, struct db *db)
{
    enum err e;

    db_notify(db, 100);
    if ((e = item_add(&t->cx, db, t->id)) || (e = db_keep(&t->cx, db)))
        return e;
    db_notify(db, 101);
    return ERR_DENIED;
}

static enum err notify_same(struct test_job *t, struct db *db)
{
    (void)t;
    db_notify(db, 7);
    return OK;
}

static void topics_are_told_once_after_the_commit(void **state)
{
    struct fixture *f = *state;
    struct heard h = {.f = f};
    struct gate over = GATE_CLOSED;
    struct test_job *jobs[3] = {test_job_new(f, 1, &over), test_job_new(f, 2, &over),
                                test_job_new(f, 3, &over)};

    assert_ok(f, store_reader_open(&f->cx, f->store, &h.reader));
    store_on_notify(f->store, on_notify_look, &h);
    jobs[0]->fn = notify_many;
    jobs[1]->fn = notify_and_fail;
    jobs[2]->fn = notify_same;
    run_as_batch(f, jobs, COUNT_OF(jobs), &over);
    assert_int_equal(h.calls, 1);
    assert_int_equal(h.seen, 2);
    assert_int_equal(h.count, 3);
    assert_int_equal(h.topics[0], 7);
    assert_int_equal(h.topics[1], 8);
    assert_int_equal(h.topics[2], 100); /* kept; 101 was rolled back */
    end_jobs(jobs, COUNT_OF(jobs));
    db_close(&h.reader);
}

/* ---- bounds ---- */

static void a_full_queue_says_busy(void **state)
{
    enum { QUEUE = 5 };
    struct fixture *f = *state;
    struct gate over = GATE_CLOSED;
    struct test_job *jobs[QUEUE + 1];
    struct held h;

    fixture_close(f);
    f->conf.queue_max = QUEUE;
    f->conf.batch_max = 2;
    fixture_open(f);
    hold_writer(f, &h);
    for (int i = 0; i <= QUEUE; i++) {
        jobs[i] = test_job_new(f, i + 1, &over);
        assert_int_equal(store_submit(f->store, &jobs[i]->job), i < QUEUE ? OK : ERR_BUSY);
    }
    release_writer(&h);
    gate_wait(&over, QUEUE);
    assert_int_equal(jobs[QUEUE]->result, ERR_COUNT); /* done was not called */
    assert_int_equal(store_submit(f->store, &jobs[QUEUE]->job), OK);
    gate_wait(&over, QUEUE + 1);
    assert_int_equal(count_of(f, T_ITEM_COUNT), QUEUE + 1);
    end_jobs(jobs, COUNT_OF(jobs));
}

static void closing_finishes_what_is_queued(void **state)
{
    enum { JOBS = 200 };
    struct fixture *f = *state;
    struct gate over = GATE_CLOSED;
    struct test_job *jobs[JOBS];
    struct held h;

    hold_writer(f, &h);
    for (int i = 0; i < JOBS; i++) {
        jobs[i] = test_job_new(f, i + 1, &over);
        assert_int_equal(store_submit(f->store, &jobs[i]->job), OK);
    }
    gate_bump(&h.hold);
    fixture_close(f);
    assert_int_equal(over.count, JOBS);
    test_job_end(h.first);
    end_jobs(jobs, JOBS);
    fixture_open(f);
    assert_int_equal(count_of(f, T_ITEM_COUNT), JOBS);
}

static enum err run_inside(struct ctx *cx, struct db *db, void *arg)
{
    struct fixture *f = arg;

    (void)db;
    return store_run(cx, f->store, run_inside, f);
}

static void a_job_cannot_wait_for_itself(void **state)
{
    struct fixture *f = *state;

    assert_fails(f, store_run(&f->cx, f->store, run_inside, f), ERR_INTERNAL, "wait for itself");
}

/* ---- many threads ---- */

enum { PRODUCERS = 4, JOBS_EACH = 2500, WINDOW = 100 };

struct producer {
    struct fixture *f;
    pthread_t thread;
    int64_t first_id;
    struct gate over;
    struct test_job **jobs;
    unsigned refused; /* times the queue was full */
};

static void *produce(void *arg)
{
    struct producer *p = arg;

    for (unsigned i = 0; i < JOBS_EACH; i++) {
        if (i >= WINDOW) /* never more than WINDOW on the way */
            gate_wait(&p->over, i - WINDOW);
        while (store_submit(p->f->store, &p->jobs[i]->job) == ERR_BUSY) {
            p->refused++;
            gate_wait(&p->over, i); /* ours are done, so there was room */
        }
    }
    gate_wait(&p->over, JOBS_EACH);
    return NULL;
}

static void ten_thousand_jobs_of_four_threads_are_all_answered(void **state)
{
    struct fixture *f = *state;
    struct producer producers[PRODUCERS];

    fixture_close(f);
    f->conf.queue_max = WINDOW * 2; /* too small for all four windows, so that ERR_BUSY happens */
    fixture_open(f);
    for (int i = 0; i < PRODUCERS; i++) {
        struct producer *p = &producers[i];

        *p = (struct producer){.f = f, .first_id = i * JOBS_EACH, .over = GATE_CLOSED};
        p->jobs = ARENA_ARRAY(f->mem, struct test_job *, JOBS_EACH);
        for (int64_t n = 0; n < JOBS_EACH; n++)
            p->jobs[n] = test_job_new(f, p->first_id + n, &p->over);
    }
    for (int i = 0; i < PRODUCERS; i++)
        assert_int_equal(pthread_create(&producers[i].thread, NULL, produce, &producers[i]), 0);
    for (int i = 0; i < PRODUCERS; i++)
        pthread_join(producers[i].thread, NULL);
    for (int i = 0; i < PRODUCERS; i++) {
        for (int n = 0; n < JOBS_EACH; n++)
            assert_int_equal(producers[i].jobs[n]->result, OK);
        end_jobs(producers[i].jobs, JOBS_EACH);
    }
    assert_int_equal(count_of(f, T_ITEM_COUNT), PRODUCERS * JOBS_EACH);
    assert_ok(f, store_check(&f->cx, f->store));
}

/* ---- tasks ---- */

struct slices {
    struct writer_task task; /* first */
    struct writer *writer;
    struct test_job *job; /* submitted by the first slice */
    unsigned done_before; /* jobs done when the second slice came */
    unsigned count;
    struct gate ended;
    enum err result;
};

static enum err slice(struct writer_task *task, struct db *db, bool *more)
{
    struct slices *s = (struct slices *)task;

    (void)db;
    s->count++;
    if (s->count == 1 && writer_submit(s->writer, &s->job->job) != OK)
        return ERR_INTERNAL;
    if (s->count == 2)
        s->done_before = gate_count(s->job->over);
    *more = s->count < 3;
    return OK;
}

static void slices_done(struct writer_task *task, struct db *db, enum err result)
{
    struct slices *s = (struct slices *)task;

    (void)db;
    s->result = result;
    gate_bump(&s->ended);
}

/* On a writer of its own, since the store shows no tasks. */
static void jobs_run_between_the_slices_of_a_task(void **state)
{
    struct fixture *f = *state;
    struct writer_conf conf = {.queue_max = 8, .batch_max = BATCH};
    struct gate over = GATE_CLOSED;
    struct slices s = {
        .task = {slice, slices_done},
          .ended = GATE_CLOSED
    };
    struct db db;

    fixture_close(f);
    s.job = test_job_new(f, 1, &over);
    assert_ok(f, db_init(&f->cx, &db, &sqlite_ops, &test_tables, f->dir, DB_WRITER));
    assert_ok(f, writer_start(&f->cx, &db, &conf, &s.writer));
    assert_int_equal(writer_start_task(s.writer, &s.task), OK);
    gate_wait(&s.ended, 1);
    assert_int_equal(s.result, OK);
    assert_int_equal(s.count, 3);
    assert_int_equal(s.done_before, 1);
    writer_stop(&s.writer);
    db_deinit(&db);
    test_job_end(s.job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(a_failing_job_leaves_its_neighbours_alone),
        IN_STORE(a_failing_commit_fails_its_batch_and_nothing_else),
        IN_STORE(a_full_disk_fails_the_batch_and_the_next_one_works),
        IN_STORE(topics_are_told_once_after_the_commit),
        IN_STORE(a_full_queue_says_busy),
        IN_STORE(closing_finishes_what_is_queued),
        IN_STORE(a_job_cannot_wait_for_itself),
        IN_STORE(ten_thousand_jobs_of_four_threads_are_all_answered),
        IN_STORE(jobs_run_between_the_slices_of_a_task),
    };

    return cmocka_run_group_tests_name("store_writer", tests, NULL, NULL);
}
