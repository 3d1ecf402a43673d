/*
 * fixture.h: a core on a fresh store in a folder of its own, for unit tests. Time is the test's.
 */
#ifndef CORE_FIXTURE_H
#define CORE_FIXTURE_H

#include "core/core.h"
#include "core/factor.h"
#include "core/login.h"
#include "core/person.h"

struct fixture {
    char dir[64];
    struct ctx cx; /* cx.now_ms is what every job of the test sees */
    struct arena *mem;
    struct vault *vault;
    struct store *store;
    struct core core;
};

/* Opens or aborts the test run. */
void fixture_open(struct fixture *fx);
void fixture_close(struct fixture *fx);
/* The two for cmocka: one of its own for each test, *state. */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);

/* Runs fn as a job of its own and gives its result; asserts belong behind it, not into it. */
enum err fixture_run(struct fixture *fx, enum err (*fn)(struct ctx *, struct db *, void *),
                     void *arg);

/* A confirmed person with the password "correct horse battery", signed in: session token in cx.mem.
 */
struct fixture_person {
    int64_t id, identity_id, session_id;
    struct str email, session_token;
};
void fixture_person(struct fixture *fx, const char *username, struct fixture_person *out);
/* An active TOTP factor of that person; its secret. */
void fixture_totp(struct fixture *fx, const struct fixture_person *p, struct secret *out,
                  int64_t *out_factor_id);
/* The code of the secret at the fixture's time plus steps. */
struct str fixture_code(struct fixture *fx, const struct secret *s, int steps);

#endif
