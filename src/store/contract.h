/*
 * contract.h: what every back end of the store must do, as tests. The test of a back end defines
 *
 *     static struct str contract_database(void);   // the `database` option
 *
 * includes this file and puts CONTRACT_TESTS into its list.
 */
#ifndef STORE_CONTRACT_H
#define STORE_CONTRACT_H

#include "store/fixture.h"

static int contract_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    fixture_folder(f);
    f->conf.database = contract_database();
    fixture_open(f);
    *state = f;
    return 0;
}

#define CONTRACT_TEST(test) cmocka_unit_test_setup_teardown(test, contract_setup, teardown)

/* ---- values ---- */

static const struct {
    const char *name;
    struct str text;
    int64_t number;
    struct db_value data;
} value_rows[] = {
    {"plain",         STR("Ada"),                 42,        {.type = DB_BLOB, .s = STR("\x00\xff\x00")}},
    {"empty text",    STR(""),                    0,         {.type = DB_BLOB, .s = STR("")}            },
    {"quotes",        STR("O'Brien \"; DROP --"), -1,        {.type = DB_NULL}                          },
    {"UTF-8",         STR("Łódź 🔑"),        INT64_MAX, {.type = DB_NULL}                          },
    {"least integer", STR("least"),               INT64_MIN, {.type = DB_NULL}                          },
};

static enum err add_values(struct ctx *cx, struct db *db, void *arg)
{
    enum err e;

    (void)arg;
    EACH_ROW (row, value_rows) {
        if ((e = db_exec_one(cx, db, Q(T_ITEM_ADD),
                             DB_ARGS(db_int(row - value_rows), db_text(row->text),
                                     db_int(row->number), row->data))))
            return e;
    }
    return OK;
}

static void values_come_back_as_they_went_in(void **state)
{
    struct fixture *f = *state;

    assert_ok(f, store_run(&f->cx, f->store, add_values, NULL));
    EACH_ROW (row, value_rows) {
        OWN(db_rows_end) struct db_rows rows = {0};

        assert_ok(
            f, db_one(&f->cx, f->reader, Q(T_ITEM_GET), DB_ARGS(db_int(row - value_rows)), &rows));
        assert_row(row, db_col_int(&rows, 0) == row - value_rows);
        assert_row(row, str_eq(db_col_text(&rows, 1), row->text));
        assert_row(row, db_col_int(&rows, 2) == row->number);
        assert_row(row, db_col_is_null(&rows, 3) == (row->data.type == DB_NULL));
        assert_row(row, str_eq(bytes_str(db_col_blob(&rows, 3)), row->data.s));
    }
}

/* A text of the wrong kind would pass SQLite and fail on PostgreSQL: both refuse it. */
static enum err add_wrong(struct ctx *cx, struct db *db, void *arg)
{
    const struct db_value *name = arg;

    return db_exec_one(cx, db, Q(T_ITEM_ADD), DB_ARGS(db_int(1), *name, db_int(0), db_null()));
}

static void wrong_values_are_refused(void **state)
{
    struct fixture *f = *state;
    struct db_value nul = db_text(STR("a\0b")), latin1 = db_text(STR("M\xfcller")),
                    blob = db_blob(BYTES_OF("x")), null = db_null();

    assert_fails(f, store_run(&f->cx, f->store, add_wrong, &nul), ERR_INVALID, "$2");
    assert_fails(f, store_run(&f->cx, f->store, add_wrong, &latin1), ERR_INVALID, "$2");
    assert_int_equal(store_run(&f->cx, f->store, add_wrong, &blob), ERR_INTERNAL);
    assert_int_equal(store_run(&f->cx, f->store, add_wrong, &null), ERR_INTERNAL);
    assert_int_equal(count_of(f, T_ITEM_COUNT), 0);
}

/* ---- statements ---- */

static enum err add_three(struct ctx *cx, struct db *db, void *arg)
{
    enum err e;

    (void)arg;
    if ((e = item_add(cx, db, 3)) || (e = item_add(cx, db, 1)))
        return e;
    return item_add(cx, db, 2);
}

static void many_rows_come_in_order_and_end(void **state)
{
    struct fixture *f = *state;
    struct db_rows rows = {0};
    bool more;

    assert_ok(f, store_run(&f->cx, f->store, add_three, NULL));
    assert_ok(f, db_query(&f->cx, f->reader, Q(T_ITEM_LIST), DB_NO_ARGS, &rows));
    for (int64_t want = 1; want <= 3; want++) {
        assert_ok(f, db_next(&rows, &more));
        assert_true(more);
        assert_int_equal(db_col_int(&rows, 0), want);
    }
    assert_ok(f, db_next(&rows, &more));
    assert_false(more);
    db_rows_end(&rows);
    db_rows_end(&rows);
    assert_int_equal(db_next(&rows, &more), ERR_INTERNAL);
}

static void one_says_not_found(void **state)
{
    struct fixture *f = *state;
    struct db_rows rows = {0};

    assert_int_equal(db_one(&f->cx, f->reader, Q(T_ITEM_GET), DB_ARGS(db_int(9)), &rows),
                     ERR_NOT_FOUND);
    assert_string_equal(f->cx.why, "");
    db_rows_end(&rows);
    assert_false(item_is_there(f, 9)); /* the statement is free again */
}

static enum err take_from_nothing(struct ctx *cx, struct db *db, void *arg)
{
    (void)arg;
    return db_exec_one(cx, db, Q(T_ITEM_TAKE), DB_ARGS(db_int(1)));
}

static enum err change_all(struct ctx *cx, struct db *db, void *arg)
{
    (void)arg;
    return db_exec_one(cx, db, Q(T_ITEM_ZERO), DB_NO_ARGS);
}

static enum err count_changes(struct ctx *cx, struct db *db, void *arg)
{
    return db_exec(cx, db, Q(T_ITEM_ZERO), DB_NO_ARGS, arg);
}

static void changed_rows_are_counted(void **state)
{
    struct fixture *f = *state;
    int64_t changes = -1;

    assert_ok(f, store_run(&f->cx, f->store, add_three, NULL));
    assert_fails(f, store_run(&f->cx, f->store, take_from_nothing, NULL), ERR_CONFLICT,
                 "no row changed");
    assert_fails(f, store_run(&f->cx, f->store, change_all, NULL), ERR_INTERNAL, "3 rows changed");
    assert_ok(f, store_run(&f->cx, f->store, count_changes, &changes));
    assert_int_equal(changes, 3);
}

static enum err bump_twice(struct ctx *cx, struct db *db, void *arg)
{
    int64_t *out = arg;

    for (int i = 0; i < 2; i++) {
        OWN(db_rows_end) struct db_rows rows = {0};
        enum err e = db_one(cx, db, Q(T_ITEM_BUMP), DB_ARGS(db_int(1)), &rows);

        if (e)
            return e;
        *out = db_col_int(&rows, 0);
    }
    return OK;
}

static void returning_gives_the_new_value(void **state)
{
    struct fixture *f = *state;
    int64_t count = 0;

    assert_ok(f, store_run(&f->cx, f->store, add_three, NULL));
    assert_ok(f, store_run(&f->cx, f->store, bump_twice, &count));
    assert_int_equal(count, 2);
}

static enum err add_child_of_nobody(struct ctx *cx, struct db *db, void *arg)
{
    (void)arg;
    return db_exec_one(cx, db, Q(T_CHILD_ADD), DB_ARGS(db_int(1), db_int(77)));
}

static void broken_constraints_are_conflicts(void **state)
{
    struct fixture *f = *state;

    assert_ok(f, store_run(&f->cx, f->store, add_three, NULL));
    assert_fails(f, store_run(&f->cx, f->store, add_three, NULL), ERR_CONFLICT, "item_add");
    assert_fails(f, store_run(&f->cx, f->store, add_child_of_nobody, NULL), ERR_CONFLICT,
                 "child_add");
    assert_null(strstr(f->cx.why, "77")); /* sentences name columns, not values */
}

/* ---- misuse ---- */

static void a_reader_cannot_write(void **state)
{
    struct fixture *f = *state;

    assert_fails(f, db_exec(&f->cx, f->reader, Q(T_ITEM_ZERO), DB_NO_ARGS, NULL), ERR_INTERNAL,
                 "item_zero: a write");
    assert_int_equal(db_keep(&f->cx, f->reader), ERR_INTERNAL);
}

static void misuse_is_caught(void **state)
{
    struct fixture *f = *state;
    struct db_rows rows = {0}, second = {0};

    assert_fails(f, db_exec(&f->cx, f->reader, Q(T_ITEM_COUNT), DB_NO_ARGS, NULL), ERR_INTERNAL,
                 "gives rows");
    assert_fails(f, db_one(&f->cx, f->reader, Q(T_ITEM_LIST), DB_NO_ARGS, &rows), ERR_INTERNAL,
                 "gives many rows");
    assert_fails(f, db_one(&f->cx, f->reader, Q(T_ITEM_GET), DB_NO_ARGS, &rows), ERR_INTERNAL,
                 "0 parameters given, 1 expected");
    assert_fails(f, db_one(&f->cx, f->reader, Q(T_COUNT), DB_NO_ARGS, &rows), ERR_INTERNAL,
                 "no statement");
    assert_ok(f, db_query(&f->cx, f->reader, Q(T_ITEM_LIST), DB_NO_ARGS, &rows));
    assert_fails(f, db_query(&f->cx, f->reader, Q(T_ITEM_LIST), DB_NO_ARGS, &second), ERR_INTERNAL,
                 "is being read already");
    db_rows_end(&rows);
    assert_ok(f, db_read_begin(&f->cx, f->reader));
    assert_fails(f, db_read_begin(&f->cx, f->reader), ERR_INTERNAL, "begun already");
    db_read_end(f->reader);
    db_read_end(f->reader);
}

static enum err query_an_exec(struct ctx *cx, struct db *db, void *arg)
{
    struct db_rows rows;

    (void)arg;
    return db_query(cx, db, Q(T_ITEM_ZERO), DB_NO_ARGS, &rows);
}

static enum err swallow_a_failure(struct ctx *cx, struct db *db, void *arg)
{
    (void)arg;
    if (item_add(cx, db, 50) != OK || item_add(cx, db, 50) != ERR_CONFLICT)
        return ERR_DENIED;
    return OK;
}

static enum err go_on_after_a_failure(struct ctx *cx, struct db *db, void *arg)
{
    (void)arg;
    if (item_add(cx, db, 50) != OK || item_add(cx, db, 50) != ERR_CONFLICT)
        return ERR_DENIED;
    return item_add(cx, db, 51);
}

static enum err leave_rows_open(struct ctx *cx, struct db *db, void *arg)
{
    struct db_rows rows;
    enum err e;

    (void)arg;
    if ((e = item_add(cx, db, 50)))
        return e;
    return db_one(cx, db, Q(T_ITEM_COUNT), DB_NO_ARGS, &rows);
}

static enum err keep_while_reading(struct ctx *cx, struct db *db, void *arg)
{
    OWN(db_rows_end) struct db_rows rows = {0};
    enum err e;

    (void)arg;
    if ((e = db_one(cx, db, Q(T_ITEM_COUNT), DB_NO_ARGS, &rows)))
        return e;
    return db_keep(cx, db);
}

static void misuse_in_a_job_undoes_it(void **state)
{
    struct fixture *f = *state;

    assert_fails(f, store_run(&f->cx, f->store, query_an_exec, NULL), ERR_INTERNAL, "no rows");
    assert_fails(f, store_run(&f->cx, f->store, swallow_a_failure, NULL), ERR_INTERNAL,
                 "went on after a statement had failed");
    assert_fails(f, store_run(&f->cx, f->store, go_on_after_a_failure, NULL), ERR_INTERNAL,
                 "after a failed statement");
    assert_fails(f, store_run(&f->cx, f->store, leave_rows_open, NULL), ERR_INTERNAL,
                 "while it was reading rows");
    assert_fails(f, store_run(&f->cx, f->store, keep_while_reading, NULL), ERR_INTERNAL,
                 "rows are being read");
    assert_int_equal(count_of(f, T_ITEM_COUNT), 0);
    assert_ok(f, store_run(&f->cx, f->store, add_three, NULL)); /* and nothing is stuck */
}

/* ---- jobs ---- */

static enum err add_then_fail(struct ctx *cx, struct db *db, void *arg)
{
    enum err e = add_three(cx, db, arg);

    return e ? e : fail(cx, ERR_DENIED, "changed my mind");
}

static void a_failed_job_leaves_nothing(void **state)
{
    struct fixture *f = *state;

    assert_fails(f, store_run(&f->cx, f->store, add_then_fail, NULL), ERR_DENIED,
                 "changed my mind");
    assert_int_equal(count_of(f, T_ITEM_COUNT), 0);
}

static enum err keep_then_fail(struct ctx *cx, struct db *db, void *arg)
{
    enum err e;

    (void)arg;
    if ((e = item_add(cx, db, 1)) || (e = db_keep(cx, db)) || (e = item_add(cx, db, 2)) ||
        (e = db_keep(cx, db)) || (e = item_add(cx, db, 3)))
        return e;
    return ERR_LIMITED;
}

static void what_was_kept_stays(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(store_run(&f->cx, f->store, keep_then_fail, NULL), ERR_LIMITED);
    assert_true(item_is_there(f, 1));
    assert_true(item_is_there(f, 2));
    assert_false(item_is_there(f, 3));
}

static enum err see_env(struct ctx *cx, struct db *db, void *arg)
{
    (void)cx;
    *(void **)arg = db_env(db);
    return OK;
}

static void every_handle_knows_the_env(void **state)
{
    struct fixture *f = *state;
    void *seen = NULL;
    int env;

    fixture_close(f);
    f->conf.env = &env;
    fixture_open(f);
    assert_ptr_equal(db_env(f->reader), &env);
    assert_ok(f, store_run(&f->cx, f->store, see_env, &seen));
    assert_ptr_equal(seen, &env);
}

/* ---- reading beside writing ---- */

static void a_request_reads_one_state(void **state)
{
    struct fixture *f = *state;

    assert_ok(f, db_read_begin(&f->cx, f->reader));
    assert_int_equal(count_of(f, T_ITEM_COUNT), 0);
    assert_ok(f, store_run(&f->cx, f->store, add_three, NULL));
    assert_int_equal(count_of(f, T_ITEM_COUNT), 0);
    db_read_end(f->reader);
    assert_int_equal(count_of(f, T_ITEM_COUNT), 3);
}

static void rows_outlive_the_texts_they_were_asked_with(void **state)
{
    struct fixture *f = *state;
    struct db_value id = db_int(2);
    OWN(db_rows_end) struct db_rows rows = {0};
    bool more;

    assert_ok(f, store_run(&f->cx, f->store, add_three, NULL));
    assert_ok(f, db_query(&f->cx, f->reader, Q(T_ITEM_GET), &id, 1, &rows));
    id = db_null();
    assert_ok(f, db_next(&rows, &more));
    assert_true(more);
    assert_str(db_col_text(&rows, 1), STR("item 2"));
}

static void what_was_answered_is_there_after_reopening(void **state)
{
    struct fixture *f = *state;

    assert_ok(f, store_run(&f->cx, f->store, add_three, NULL));
    fixture_close(f);
    fixture_open(f);
    assert_int_equal(count_of(f, T_ITEM_COUNT), 3);
    assert_int_equal(store_schema_version(f->store), 2);
    assert_ok(f, store_check(&f->cx, f->store));
}

#define CONTRACT_TESTS                                                                             \
    CONTRACT_TEST(values_come_back_as_they_went_in), CONTRACT_TEST(wrong_values_are_refused),      \
        CONTRACT_TEST(many_rows_come_in_order_and_end), CONTRACT_TEST(one_says_not_found),         \
        CONTRACT_TEST(changed_rows_are_counted), CONTRACT_TEST(returning_gives_the_new_value),     \
        CONTRACT_TEST(broken_constraints_are_conflicts), CONTRACT_TEST(a_reader_cannot_write),     \
        CONTRACT_TEST(misuse_is_caught), CONTRACT_TEST(misuse_in_a_job_undoes_it),                 \
        CONTRACT_TEST(a_failed_job_leaves_nothing), CONTRACT_TEST(what_was_kept_stays),            \
        CONTRACT_TEST(every_handle_knows_the_env), CONTRACT_TEST(a_request_reads_one_state),       \
        CONTRACT_TEST(rows_outlive_the_texts_they_were_asked_with),                                \
        CONTRACT_TEST(what_was_answered_is_there_after_reopening)

#endif
