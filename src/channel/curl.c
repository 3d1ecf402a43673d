/* curl.c: see curl.h. */
#include "channel/curl.h"

#include <dlfcn.h>
#include <string.h>

struct curl_calls curl_calls;

enum err curl_load(struct ctx *cx)
{
    static const struct {
        const char *name;
        size_t offset;
    } calls[] = {
#define CALL(name) {"curl_" #name, offsetof(struct curl_calls, name)},
        CURL_CALLS(CALL)
#undef CALL
    };
    void *library, *found;

    if (curl_calls.easy_init)
        return OK;
    if (!(library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL)))
        return fail(cx, ERR_INTERNAL, "libcurl: %s", dlerror());
    EACH_ROW (call, calls) {
        if (!(found = dlsym(library, call->name)))
            return fail(cx, ERR_INTERNAL, "libcurl has no %s", call->name);
        /* a data pointer into a function pointer's place: POSIX promises that it fits */
        memcpy((char *)&curl_calls + call->offset, &found, sizeof(found));
    }
    if (curl_calls.global_init(CURL_GLOBAL_DEFAULT))
        return fail(cx, ERR_INTERNAL, "libcurl does not start");
    return OK;
}
