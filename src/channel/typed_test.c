/* typed_test.c: what was typed is decided once, later if need be, and not behind the end. */
#include "base/unit.h"
#include "channel/typed.h"

#include <string.h>

enum { DESK_MAX = 8 };

struct desk { /* decides when the test says so */
    bool busy;
    unsigned asked, woken;
    struct typed *taken[DESK_MAX];
    unsigned count;
};

static enum err decide(void *arg, struct typed *t)
{
    struct desk *d = arg;

    d->asked++;
    if (d->busy)
        return ERR_BUSY;
    d->taken[d->count++] = t;
    return OK;
}

static void wake(void *arg)
{
    struct desk *d = arg;

    d->woken++;
}

static struct typed_queue *queue(struct desk *d)
{
    *d = (struct desk){0};
    return typed_queue_new(
        &(struct typed_ops){.arg = d, .decide = decide, .waker = d, .wake = wake});
}

static void hand(struct typed_queue *all, int64_t id)
{
    (void)typed_hand(all, &(struct typed){.asked_id = id, .digits = "482913"});
}

static void an_answer_comes_back_with_what_was_decided(void **state)
{
    struct desk d;
    struct typed_queue *all = queue(&d);
    struct typed *t;

    (void)state;
    hand(all, 7);
    assert_int_equal(d.asked, 0);
    assert_false(typed_hand_on(all));
    assert_int_equal(d.count, 1);
    assert_int_equal(d.taken[0]->asked_id, 7);
    assert_string_equal(d.taken[0]->digits, "482913");
    assert_null(typed_take(all));
    d.taken[0]->reply = REPLY_APPROVED;
    typed_decided(d.taken[0]);
    assert_int_equal(d.woken, 1);
    t = typed_take(all);
    assert_int_equal(t->reply, REPLY_APPROVED);
    typed_free(&t);
    assert_null(typed_take(all));
    typed_queue_free(&all);
}

static void who_is_busy_is_asked_again_in_order(void **state)
{
    struct desk d;
    struct typed_queue *all = queue(&d);
    struct typed *t;

    (void)state;
    d.busy = true;
    hand(all, 1);
    hand(all, 2);
    assert_true(typed_hand_on(all));
    assert_int_equal(d.asked, 1); /* the second waits behind the first */
    assert_int_equal(d.count, 0);
    d.busy = false;
    assert_false(typed_hand_on(all));
    assert_int_equal(d.count, 2);
    assert_int_equal(d.taken[0]->asked_id, 1);
    assert_int_equal(d.taken[1]->asked_id, 2);
    for (unsigned i = 0; i < d.count; i++) {
        assert_int_equal(d.taken[i]->reply, REPLY_NOT_NOW); /* until somebody says more */
        typed_decided(d.taken[i]);
    }
    while ((t = typed_take(all)))
        typed_free(&t);
    typed_queue_free(&all);
}

static void behind_the_end_nobody_is_asked(void **state)
{
    struct desk d;
    struct typed_queue *all = queue(&d);

    (void)state;
    hand(all, 1);
    typed_close(all);
    assert_false(typed_hand_on(all));
    hand(all, 2);
    assert_false(typed_hand_on(all));
    assert_int_equal(d.asked, 0);
    typed_queue_free(&all); /* with what waits in it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_comes_back_with_what_was_decided),
        cmocka_unit_test(who_is_busy_is_asked_again_in_order),
        cmocka_unit_test(behind_the_end_nobody_is_asked),
    };

    return cmocka_run_group_tests_name("typed", tests, NULL, NULL);
}
