/*
 * curl.h: libcurl, loaded when the first message leaves and not when the program starts. With all
 * that it brings along it takes 6 ms and 5 MB, which an idle server has no use for
 * (bench/start.js).
 *
 * Include this instead of <curl/curl.h>: the functions keep their names. CURL_CALLS lists each one
 * that we use; a new one is added there.
 */
#ifndef CHANNEL_CURL_H
#define CHANNEL_CURL_H

#include "base/ctx.h"

#include <curl/curl.h>

#define CURL_CALLS(CALL)                                                                           \
    CALL(easy_cleanup)                                                                             \
    CALL(easy_getinfo)                                                                             \
    CALL(easy_header)                                                                              \
    CALL(easy_init)                                                                                \
    CALL(easy_perform)                                                                             \
    CALL(easy_reset)                                                                               \
    CALL(easy_setopt)                                                                              \
    CALL(easy_strerror)                                                                            \
    CALL(global_init)                                                                              \
    CALL(mime_addpart)                                                                             \
    CALL(mime_data)                                                                                \
    CALL(mime_encoder)                                                                             \
    CALL(mime_free)                                                                                \
    CALL(mime_init)                                                                                \
    CALL(mime_type)                                                                                \
    CALL(multi_add_handle)                                                                         \
    CALL(multi_cleanup)                                                                            \
    CALL(multi_info_read)                                                                          \
    CALL(multi_init)                                                                               \
    CALL(multi_perform)                                                                            \
    CALL(multi_poll)                                                                               \
    CALL(multi_remove_handle)                                                                      \
    CALL(multi_setopt)                                                                             \
    CALL(slist_append)                                                                             \
    CALL(slist_free_all)

/* curl.h wraps some of them in macros that check types; behind the table they are called as they
 * are. */
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

struct curl_calls {
#define CALL(name) __typeof__(&curl_##name) name;
    CURL_CALLS(CALL)
#undef CALL
};
extern struct curl_calls curl_calls; /* written once, by curl_load */

/* Before the first call, on the courier's thread. ERR_INTERNAL: libcurl is not there; cx->why says.
 */
enum err curl_load(struct ctx *cx);

#define curl_easy_cleanup        curl_calls.easy_cleanup
#define curl_easy_getinfo        curl_calls.easy_getinfo
#define curl_easy_header         curl_calls.easy_header
#define curl_easy_init           curl_calls.easy_init
#define curl_easy_perform        curl_calls.easy_perform
#define curl_easy_reset          curl_calls.easy_reset
#define curl_easy_setopt         curl_calls.easy_setopt
#define curl_easy_strerror       curl_calls.easy_strerror
#define curl_mime_addpart        curl_calls.mime_addpart
#define curl_mime_data           curl_calls.mime_data
#define curl_mime_encoder        curl_calls.mime_encoder
#define curl_mime_free           curl_calls.mime_free
#define curl_mime_init           curl_calls.mime_init
#define curl_mime_type           curl_calls.mime_type
#define curl_multi_add_handle    curl_calls.multi_add_handle
#define curl_multi_cleanup       curl_calls.multi_cleanup
#define curl_multi_info_read     curl_calls.multi_info_read
#define curl_multi_init          curl_calls.multi_init
#define curl_multi_perform       curl_calls.multi_perform
#define curl_multi_poll          curl_calls.multi_poll
#define curl_multi_remove_handle curl_calls.multi_remove_handle
#define curl_multi_setopt        curl_calls.multi_setopt
#define curl_slist_append        curl_calls.slist_append
#define curl_slist_free_all      curl_calls.slist_free_all

#endif
