/* libre.c: see libre.h. */
#include "channel/libre.h"

#include <dlfcn.h>
#include <signal.h>
#include <string.h>

struct libre_calls libre_calls;

enum err libre_load(struct ctx *cx)
{
    static const struct {
        const char *name;
        size_t offset;
    } calls[] = {
#define CALL(name) {#name, offsetof(struct libre_calls, name)},
        LIBRE_CALLS(CALL)
#undef CALL
    };
    struct libre_calls made;
    void *library, *found;

    if (libre_calls.re_main)
        return OK;
    if (!(library = dlopen("libre.so.0", RTLD_NOW | RTLD_LOCAL)))
        return fail(cx, ERR_INTERNAL, "libre: %s", dlerror());
    EACH_ROW (call, calls) {
        if (!(found = dlsym(library, call->name)))
            return fail(cx, ERR_INTERNAL, "libre has no %s", call->name);
        /* a data pointer into a function pointer's place: POSIX promises that it fits */
        memcpy((char *)&made + call->offset, &found, sizeof(found));
    }
    libre_calls = made;
    if (libre_init())
        return fail(cx, ERR_INTERNAL, "libre does not start");
    (void)signal(SIGPIPE, SIG_IGN); /* as the program has it; libre sets a handler of its own */
    return OK;
}
