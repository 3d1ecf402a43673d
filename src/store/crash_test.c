/*
 * crash_test.c: what was answered survives kill -9. A child writes and answers through a pipe; the
 * parent kills it at a random moment, opens what is left and compares. (That proves the order
 * commit-then-answer; a power cut is another matter.)
 */
#include "base/clock.h"
#include "store/fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

enum { ROUNDS = 3, IN_FLIGHT = 64, ACKS_LEAST = 100, ACKS_SPREAD = 3000, DENIED_EACH = 7 };

/* ---- the child ---- */

struct slot {
    struct store_job job; /* first */
    struct child *child;
    struct arena *mem;
    struct ctx cx;
    int64_t id;
};

struct child {
    struct store *store;
    int answers; /* pipe */
    pthread_mutex_t lock;
    pthread_cond_t freed;
    struct slot *free[IN_FLIGHT];
    unsigned free_count;
    struct slot slots[IN_FLIGHT];
};

/* Two rows that belong together; every seventh job takes its own back. */
static enum err pair_run(struct store_job *job, struct db *db)
{
    struct slot *s = (struct slot *)job;
    enum err e;

    if ((e = item_add(&s->cx, db, s->id)) ||
        (e = db_exec_one(&s->cx, db, Q(T_CHILD_ADD), DB_ARGS(db_int(s->id), db_int(s->id)))))
        return e;
    return s->id % DENIED_EACH == 0 ? ERR_DENIED : OK;
}

static void pair_done(struct store_job *job, enum err result)
{
    struct slot *s = (struct slot *)job;
    struct child *c = s->child;

    if (result == OK && write(c->answers, &s->id, sizeof(s->id)) != sizeof(s->id))
        _exit(1);
    pthread_mutex_lock(&c->lock);
    c->free[c->free_count++] = s;
    pthread_cond_signal(&c->freed);
    pthread_mutex_unlock(&c->lock);
}

static struct slot *take_slot(struct child *c)
{
    struct slot *s;

    pthread_mutex_lock(&c->lock);
    while (c->free_count == 0)
        pthread_cond_wait(&c->freed, &c->lock);
    s = c->free[--c->free_count];
    pthread_mutex_unlock(&c->lock);
    return s;
}

NORETURN static void be_the_child(struct fixture *f, int answers, int64_t id)
{
    struct child *c = calloc(1, sizeof(*c));

    c->answers = answers;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->freed, NULL);
    if (store_open_tables(&f->cx, &f->conf, &test_tables, &c->store))
        _exit(1);
    for (unsigned i = 0; i < IN_FLIGHT; i++) {
        struct slot *s = c->free[c->free_count++] = &c->slots[i];

        s->child = c;
        s->mem = arena_new();
    }
    for (;; id++) {
        struct slot *s = take_slot(c);

        arena_reset(s->mem);
        ctx_init(&s->cx, s->mem);
        s->id = id;
        s->job = (struct store_job){.run = pair_run, .done = pair_done};
        if (store_submit(c->store, &s->job))
            _exit(1);
    }
}

/* ---- the parent ---- */

/* xorshift64*: only spreads the moments. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545F4914F6CDD1D;
}

struct answers {
    int64_t *ids;
    size_t count, cap;
};

static bool read_answer(int fd, struct answers *a)
{
    int64_t id;

    if (read(fd, &id, sizeof(id)) != sizeof(id)) /* 8 bytes through a pipe come whole */
        return false;
    if (a->count == a->cap) {
        a->cap = a->cap ? a->cap * 2 : 1024;
        a->ids = realloc(a->ids, a->cap * sizeof(*a->ids));
    }
    a->ids[a->count++] = id;
    return true;
}

static void kill_a_writing_child(struct fixture *f, struct answers *a, size_t acks, int64_t from)
{
    int pipe_fd[2], status;
    size_t before = a->count;
    pid_t child;

    assert_int_equal(pipe2(pipe_fd, O_CLOEXEC), 0);
    child = fork();
    if (child == 0) {
        close(pipe_fd[0]);
        be_the_child(f, pipe_fd[1], from);
    }
    close(pipe_fd[1]);
    while (a->count < before + acks && read_answer(pipe_fd[0], a))
        continue;
    kill(child, SIGKILL);
    while (read_answer(pipe_fd[0], a)) /* those were answered too */
        continue;
    close(pipe_fd[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_true(a->count >= before + acks);
}

/* Every answered pair, nothing of a denied one, no half of a pair. */
static void compare(struct fixture *f, const struct answers *a)
{
    OWN(db_rows_end) struct db_rows rows = {0};
    bool more;

    assert_ok(f, store_check(&f->cx, f->store));
    for (size_t i = 0; i < a->count; i++) {
        if (!item_is_there(f, a->ids[i]))
            fail_msg("answered %lld is missing", (long long)a->ids[i]);
    }
    assert_ok(f, db_query(&f->cx, f->reader, Q(T_ITEM_LIST), DB_NO_ARGS, &rows));
    while (db_next(&rows, &more) == OK && more)
        assert_int_not_equal(db_col_int(&rows, 0) % DENIED_EACH, 0);
    assert_int_equal(count_of(f, T_ITEM_COUNT), count_of(f, T_CHILD_COUNT));
}

static void what_was_answered_survives_kill_9(void **state)
{
    struct fixture *f = *state;
    uint64_t seed = (uint64_t)clock_mono_ms() * 2654435761 + 1;
    struct answers a = {0};

    print_message("# seed %llu\n", (unsigned long long)seed);
    for (int64_t round = 0; round < ROUNDS; round++) {
        size_t acks = ACKS_LEAST + (size_t)(next_random(&seed) % ACKS_SPREAD);

        kill_a_writing_child(f, &a, acks, 1 + round * 1000000);
        fixture_open(f);
        compare(f, &a);
        fixture_close(f);
    }
    free(a.ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_FOLDER(what_was_answered_survives_kill_9)};

    return cmocka_run_group_tests_name("store_crash", tests, NULL, NULL);
}
