#include "base/unit.h"

#include "base/signals.h"

#include <pthread.h>

static void *mask_of_thread(void *out)
{
    pthread_sigmask(SIG_SETMASK, NULL, out);
    return NULL;
}

static void a_new_thread_takes_faults_only(void **state)
{
    sigset_t before, in_thread, now;
    pthread_t thread;

    (void)state;
    signals_hold(&before);
    assert_int_equal(pthread_create(&thread, NULL, mask_of_thread, &in_thread), 0);
    signals_restore(&before);
    pthread_join(thread, NULL);

    assert_true(sigismember(&in_thread, SIGTERM));
    assert_true(sigismember(&in_thread, SIGHUP));
    assert_true(sigismember(&in_thread, SIGCHLD));
    assert_false(sigismember(&in_thread, SIGSEGV));
    assert_false(sigismember(&in_thread, SIGABRT));
    mask_of_thread(&now);
    assert_false(sigismember(&now, SIGTERM)); /* this thread is as it was */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_thread_takes_faults_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
