/* smpp_queue_test.c: what a message may go through between the courier and the carrier. */
#include "base/unit.h"

#include "channel/smpp_queue.h"

enum { MESSAGES = 8 };

/* Messages, and what the courier was told about each. */
struct fixture {
    struct smpp_queue q;
    struct message {
        struct errand errand;
        struct parcel parcel;
        unsigned told;
        struct verdict v;
        char why[CTX_WHY_MAX], id[SMPP_ID_MAX + 1];
    } m[MESSAGES];
    uint32_t sequence;
};

static void told(struct errand *e, const struct verdict *v)
{
    struct message *m = (struct message *)(void *)((char *)e - offsetof(struct message, errand));

    m->told++;
    m->v = *v;
    snprintf(m->why, sizeof(m->why), "%.*s", STR_ARG(v->why));
    snprintf(m->id, sizeof(m->id), "%.*s", STR_ARG(v->provider_id));
}

static void begin(struct fixture *f, enum smpp_long how)
{
    *f = (struct fixture){0};
    smpp_queue_init(&f->q, how);
}

static struct message *take(struct fixture *f, unsigned i, struct str text)
{
    struct message *m = &f->m[i];

    m->parcel = (struct parcel){
        .id = 100 + i, .to = STR("+4915112345678"), .text = text, .expires_at_ms = 1000};
    m->errand = (struct errand){.parcel = &m->parcel, .done = told};
    smpp_queue_take(&f->q, &m->errand, i);
    return m;
}

/* The sequence of the request that went out; 0 = none did. */
static uint32_t fly(struct fixture *f, int64_t mono_ms)
{
    struct smpp_submit in;

    if (!smpp_queue_next(&f->q, 0, &in))
        return 0;
    smpp_queue_flew(&f->q, ++f->sequence, mono_ms);
    return f->sequence;
}

static void taken(struct fixture *f, uint32_t sequence, const char *id)
{
    unsigned part;
    struct smpp_job *j = smpp_queue_answered(&f->q, sequence, &part);

    assert_non_null(j);
    (void)smpp_job_taken(&f->q, j, part, id);
}

static void end(struct fixture *f)
{
    assert_int_equal(f->q.flying, 0);
    assert_null(f->q.first);
    smpp_queue_deinit(&f->q);
}

static const struct str two_parts = {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                     "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
                                     "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
                                     200};

static void answers_come_in_any_order(void **state)
{
    struct fixture f;
    uint32_t s[3];

    (void)state;
    begin(&f, SMPP_UDH);
    for (unsigned i = 0; i < 3; i++) {
        (void)take(&f, i, STR("hello"));
        s[i] = fly(&f, 0);
    }
    assert_int_equal(fly(&f, 0), 0);
    taken(&f, s[2], "c");
    taken(&f, s[0], "a");
    assert_true(smpp_queue_flies(&f.q, s[1]));
    taken(&f, s[1], "b");
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(f.m[i].told, 1);
        assert_int_equal(f.m[i].v.outcome, OUTCOME_SENT);
    }
    assert_string_equal(f.m[0].id, "a");
    end(&f);
}

static void an_answer_to_nothing_is_ignored(void **state)
{
    struct fixture f;
    unsigned part;
    uint32_t s;

    (void)state;
    begin(&f, SMPP_UDH);
    (void)take(&f, 0, STR("hello"));
    s = fly(&f, 0);
    assert_null(smpp_queue_answered(&f.q, s + 1, &part));
    taken(&f, s, "a");
    assert_null(smpp_queue_answered(&f.q, s, &part));
    assert_int_equal(f.m[0].told, 1);
    end(&f);
}

static void all_parts_make_a_message(void **state)
{
    struct fixture f;
    struct smpp_submit in;
    struct message *m;
    uint32_t s[2];

    (void)state;
    begin(&f, SMPP_UDH);
    m = take(&f, 0, two_parts);
    assert_true(smpp_queue_next(&f.q, 0, &in));
    assert_int_equal(in.parts, 2);
    assert_int_equal(in.part, 1);
    assert_int_equal(in.registered_delivery, 2);
    assert_int_equal(in.valid_s, 1);
    s[0] = fly(&f, 0);
    assert_true(smpp_queue_next(&f.q, 0, &in));
    assert_int_equal(in.part, 2);
    assert_int_equal(in.registered_delivery, 1);
    s[1] = fly(&f, 0);
    taken(&f, s[1], "last");
    assert_int_equal(m->told, 0);
    taken(&f, s[0], "first");
    assert_int_equal(m->told, 1);
    assert_string_equal(m->id, "last");
    end(&f);
}

static void a_throttled_part_goes_again_and_before_others(void **state)
{
    struct fixture f;
    struct smpp_submit in;
    struct smpp_job *j;
    unsigned part;
    uint32_t s[2];

    (void)state;
    begin(&f, SMPP_SAR);
    (void)take(&f, 0, two_parts);
    (void)take(&f, 1, STR("hello"));
    s[0] = fly(&f, 0);
    s[1] = fly(&f, 0);
    j = smpp_queue_answered(&f.q, s[0], &part);
    assert_int_equal(part, 0);
    smpp_job_again(&f.q, j, part);
    assert_true(smpp_queue_next(&f.q, 0, &in));
    assert_int_equal(in.part, 1);
    assert_int_equal(in.parts, 2);
    s[0] = fly(&f, 0);
    taken(&f, s[1], "b");
    taken(&f, s[0], "a");
    assert_int_equal(f.m[0].v.outcome, OUTCOME_SENT);
    assert_int_equal(f.m[1].told, 0);
    taken(&f, fly(&f, 0), "c");
    end(&f);
}

static void a_refused_part_ends_the_message(void **state)
{
    struct fixture f;
    struct smpp_job *j;
    unsigned part;
    uint32_t s;

    (void)state;
    begin(&f, SMPP_UDH);
    (void)take(&f, 0, two_parts);
    s = fly(&f, 0);
    j = smpp_queue_answered(&f.q, s, &part);
    smpp_job_refused(&f.q, j, part, OUTCOME_FAILED, "no");
    assert_int_equal(f.m[0].told, 1);
    assert_string_equal(f.m[0].why, "part 1 of 2: no");
    assert_false(f.m[0].v.lost);
    assert_int_equal(fly(&f, 0), 0); /* nor is its second part sent */
    end(&f);
}

static void a_part_that_still_flies_outlives_its_message(void **state)
{
    struct fixture f;
    struct smpp_job *j;
    unsigned part;
    uint32_t s[2];

    (void)state;
    begin(&f, SMPP_UDH);
    (void)take(&f, 0, two_parts);
    s[0] = fly(&f, 0);
    s[1] = fly(&f, 0);
    j = smpp_queue_answered(&f.q, s[0], &part);
    smpp_job_refused(&f.q, j, part, OUTCOME_RETRY, "later");
    assert_null(smpp_queue_answered(&f.q, s[1], &part));
    assert_int_equal(f.m[0].told, 1);
    end(&f);
}

static void what_flew_before_the_loss_is_lost_the_rest_unsent(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, SMPP_UDH);
    for (unsigned i = 0; i < 3; i++)
        (void)take(&f, i, i == 1 ? two_parts : STR("hello"));
    (void)fly(&f, 10);
    (void)fly(&f, 20); /* half of the second */
    assert_int_equal(smpp_queue_flies_since_ms(&f.q), 10);
    smpp_queue_lose(&f.q, 11, "late");
    assert_true(f.m[0].v.lost && f.m[0].v.outcome == OUTCOME_RETRY);
    assert_int_equal(f.m[1].told, 0);
    smpp_queue_return(&f.q, 0, true, "stopped");
    assert_true(f.m[1].v.lost && !f.m[1].v.unsent);
    assert_true(f.m[2].v.unsent && !f.m[2].v.lost);
    smpp_queue_lose(&f.q, INT64_MAX, "gone");
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(f.m[i].told, 1);
    assert_int_equal(smpp_queue_return_at_ms(&f.q), INT64_MAX);
    end(&f);
}

static void what_waits_too_long_goes_back_but_not_in_the_middle(void **state)
{
    struct fixture f;
    uint32_t s;

    (void)state;
    begin(&f, SMPP_UDH);
    (void)take(&f, 0, two_parts); /* at 0 ms, and the others at 1 and 2 */
    (void)take(&f, 1, STR("hello"));
    (void)take(&f, 2, STR("hello"));
    s = fly(&f, 0);
    assert_int_equal(smpp_queue_return_at_ms(&f.q), 1 + SMPP_HOLD_MS);
    smpp_queue_return(&f.q, 1 + SMPP_HOLD_MS, false, "too many");
    assert_int_equal(f.m[0].told + f.m[2].told, 0);
    assert_true(f.m[1].told == 1 && f.m[1].v.unsent);
    taken(&f, s, "a");
    smpp_queue_return(&f.q, 2 + SMPP_HOLD_MS, false, "too many");
    assert_int_equal(f.m[0].told, 0);
    assert_int_equal(f.m[2].told, 1);
    assert_int_equal(smpp_queue_return_at_ms(&f.q), SMPP_BEGUN_HOLD_MS);
    smpp_queue_return(&f.q, SMPP_BEGUN_HOLD_MS, false, "too many");
    assert_true(f.m[0].told == 1 && f.m[0].v.lost);
    end(&f);
}

static void what_is_over_or_does_not_fit_is_not_sent(void **state)
{
    struct fixture f;
    struct smpp_submit in;
    static const char long_text[1500] = {[0 ... 1499] = 'x'};

    (void)state;
    begin(&f, SMPP_UDH);
    (void)take(&f, 0, STR("hello"));
    (void)take(&f, 1, (struct str){long_text, sizeof(long_text)});
    assert_int_equal(f.m[1].v.outcome, OUTCOME_FAILED);
    assert_false(smpp_queue_next(&f.q, 1000, &in));
    assert_int_equal(f.m[0].v.outcome, OUTCOME_DEAD);
    (void)take(&f, 2, STR("hello"));
    assert_true(smpp_queue_next(&f.q, 999, &in));
    smpp_queue_drop(&f.q, OUTCOME_FAILED, "too long");
    assert_int_equal(f.m[2].v.outcome, OUTCOME_FAILED);
    end(&f);
}

static void what_ends_behind_its_first_part_may_have_cost(void **state)
{
    struct fixture f;
    struct smpp_submit in;
    struct smpp_job *j;
    unsigned part;

    (void)state;
    begin(&f, SMPP_UDH);
    for (unsigned i = 0; i < 3; i++) {
        (void)take(&f, i, two_parts);
        taken(&f, fly(&f, 0), "first");
        if (i == 0) {
            smpp_queue_drop(&f.q, OUTCOME_DEAD, "used");
        } else if (i == 1) {
            assert_false(smpp_queue_next(&f.q, 1000, &in)); /* too late */
        } else {
            j = smpp_queue_answered(&f.q, fly(&f, 0), &part);
            smpp_job_refused(&f.q, j, part, OUTCOME_FAILED, "no");
        }
        assert_true(f.m[i].told == 1 && f.m[i].v.outcome != OUTCOME_RETRY);
        assert_true(f.m[i].v.lost && !f.m[i].v.unsent);
    }
    (void)take(&f, 3, two_parts);
    assert_true(smpp_queue_next(&f.q, 0, &in));
    smpp_queue_drop(&f.q, OUTCOME_DEAD, "used");
    assert_true(f.m[3].told == 1 && !f.m[3].v.lost && !f.m[3].v.unsent);
    end(&f);
}

static void what_nobody_wants_any_more_is_dropped(void **state)
{
    struct fixture f;
    struct smpp_submit in;
    uint32_t sequence;

    (void)state;
    begin(&f, SMPP_UDH);
    (void)take(&f, 0, STR("hello"));
    (void)take(&f, 1, two_parts);
    (void)take(&f, 2, STR("hello"));
    assert_true(smpp_queue_next(&f.q, 0, &in));
    assert_int_equal(smpp_queue_head(&f.q)->id, 100);
    smpp_queue_drop(&f.q, OUTCOME_DEAD, "used");
    assert_true(f.m[0].told == 1 && f.m[0].v.outcome == OUTCOME_DEAD);
    assert_string_equal(f.m[0].why, "used");
    sequence = fly(&f, 0); /* the first part of the next one has left */
    assert_int_equal(smpp_queue_head(&f.q)->id, 101);
    smpp_queue_drop(&f.q, OUTCOME_RETRY, "the store does not answer");
    assert_true(f.m[1].told == 1 && f.m[1].v.lost && !f.m[1].v.unsent);
    assert_true(smpp_queue_next(&f.q, 0, &in));
    smpp_queue_drop(&f.q, OUTCOME_RETRY, "the store does not answer");
    assert_true(f.m[2].told == 1 && f.m[2].v.unsent && !f.m[2].v.lost);
    assert_null(smpp_queue_answered(&f.q, sequence, &(unsigned){0}));
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_in_any_order),
        cmocka_unit_test(an_answer_to_nothing_is_ignored),
        cmocka_unit_test(all_parts_make_a_message),
        cmocka_unit_test(a_throttled_part_goes_again_and_before_others),
        cmocka_unit_test(a_refused_part_ends_the_message),
        cmocka_unit_test(a_part_that_still_flies_outlives_its_message),
        cmocka_unit_test(what_flew_before_the_loss_is_lost_the_rest_unsent),
        cmocka_unit_test(what_waits_too_long_goes_back_but_not_in_the_middle),
        cmocka_unit_test(what_is_over_or_does_not_fit_is_not_sent),
        cmocka_unit_test(what_ends_behind_its_first_part_may_have_cost),
        cmocka_unit_test(what_nobody_wants_any_more_is_dropped),
    };

    return cmocka_run_group_tests(tests, unit_mem_setup, unit_mem_teardown);
}
