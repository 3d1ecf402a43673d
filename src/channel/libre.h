/*
 * libre.h: libre (SIP, SDP, RTP, SRTP), loaded when the first call is placed and not when the
 * program starts: most installations never call anybody, and an idle server has no use for it.
 *
 * Include this instead of <re/…>: the functions keep their names. LIBRE_CALLS lists each one that
 * we use; a new one is added there. It is loaded apart from the program's own names, since libre
 * has a mem_alloc and a str_cmp too.
 *
 * Everything of libre belongs to the voice thread (voice.h).
 */
#ifndef CHANNEL_LIBRE_H
#define CHANNEL_LIBRE_H

#include "base/ctx.h"
#include "base/mem.h"
#include "base/str.h"

/* As Debian builds it; its headers ask for these words, and for this order. */
/* clang-format off */
#define HAVE_INTTYPES_H
#define HAVE_STDBOOL_H
#define HAVE_INET6
#define USE_OPENSSL
#define RELEASE
#define mem_alloc libre_mem_alloc /* our names; theirs are not used */
#define str_cmp   libre_str_cmp
#include <re/re_types.h>
#include <re/re_fmt.h>
#include <re/re_mbuf.h>
#include <re/re_msg.h>
#include <re/re_list.h>
#include <re/re_sa.h>
#include <re/re_dns.h>
#include <re/re_main.h>
#include <re/re_mem.h>
#include <re/re_tmr.h>
#include <re/re_udp.h>
#include <re/re_rtp.h>
#include <re/re_sdp.h>
#include <re/re_srtp.h>
#include <re/re_tls.h>
#include <re/re_uri.h>
#include <re/re_sip.h>
#include <re/re_sipsess.h>
#undef mem_alloc
#undef str_cmp
#undef min
#undef max
#undef RELEASE
#undef USE_OPENSSL
/* clang-format on */

#define LIBRE_CALLS(CALL)                                                                          \
    CALL(dns_srv_get)                                                                              \
    CALL(dnsc_alloc)                                                                               \
    CALL(fd_close)                                                                                 \
    CALL(fd_listen)                                                                                \
    CALL(fd_setsize)                                                                               \
    CALL(libre_init)                                                                               \
    CALL(mbuf_alloc)                                                                               \
    CALL(mbuf_write_mem)                                                                           \
    CALL(mem_deref)                                                                                \
    CALL(msg_ctype_cmp)                                                                            \
    CALL(re_cancel)                                                                                \
    CALL(re_main)                                                                                  \
    CALL(re_thread_close)                                                                          \
    CALL(re_thread_init)                                                                           \
    CALL(rtp_listen)                                                                               \
    CALL(rtp_local)                                                                                \
    CALL(rtp_send)                                                                                 \
    CALL(rtp_sock)                                                                                 \
    CALL(sa_cmp)                                                                                   \
    CALL(sa_init)                                                                                  \
    CALL(sa_port)                                                                                  \
    CALL(sa_set_sa)                                                                                \
    CALL(sdp_decode)                                                                               \
    CALL(sdp_encode)                                                                               \
    CALL(sdp_format_add)                                                                           \
    CALL(sdp_media_add)                                                                            \
    CALL(sdp_media_proto)                                                                          \
    CALL(sdp_media_raddr)                                                                          \
    CALL(sdp_media_rattr)                                                                          \
    CALL(sdp_media_rformat)                                                                        \
    CALL(sdp_media_set_alt_protos)                                                                 \
    CALL(sdp_media_set_lattr)                                                                      \
    CALL(sdp_session_alloc)                                                                        \
    CALL(sip_alloc)                                                                                \
    CALL(sip_close)                                                                                \
    CALL(sip_dialog_callid)                                                                        \
    CALL(sip_listen)                                                                               \
    CALL(sip_set_trace_handler)                                                                    \
    CALL(sip_transp_add)                                                                           \
    CALL(sip_treply)                                                                               \
    CALL(sip_reply)                                                                                \
    CALL(sipsess_connect)                                                                          \
    CALL(sipsess_dialog)                                                                           \
    CALL(sipsess_listen)                                                                           \
    CALL(srtp_alloc)                                                                               \
    CALL(srtp_decrypt)                                                                             \
    CALL(srtp_encrypt)                                                                             \
    CALL(str_dup)                                                                                  \
    CALL(tls_alloc)                                                                                \
    CALL(tls_openssl_context)                                                                      \
    CALL(tmr_cancel)                                                                               \
    CALL(tmr_start)                                                                                \
    CALL(udp_register_helper)

struct libre_calls {
#define CALL(name) __typeof__(&name) name;
    LIBRE_CALLS(CALL)
#undef CALL
};
extern struct libre_calls libre_calls; /* written once, by libre_load */

/* Before the first call, on the voice thread. ERR_INTERNAL: libre is not there; cx->why says. */
enum err libre_load(struct ctx *cx);

/* clang-format off */
#define dns_srv_get(...)              libre_calls.dns_srv_get(__VA_ARGS__)
#define dnsc_alloc(...)               libre_calls.dnsc_alloc(__VA_ARGS__)
#define fd_close(...)                 libre_calls.fd_close(__VA_ARGS__)
#define fd_listen(...)                libre_calls.fd_listen(__VA_ARGS__)
#define fd_setsize(...)               libre_calls.fd_setsize(__VA_ARGS__)
#define libre_init(...)               libre_calls.libre_init(__VA_ARGS__)
#define mbuf_alloc(...)               libre_calls.mbuf_alloc(__VA_ARGS__)
#define mbuf_write_mem(...)           libre_calls.mbuf_write_mem(__VA_ARGS__)
#define mem_deref(...)                libre_calls.mem_deref(__VA_ARGS__)
#define msg_ctype_cmp(...)            libre_calls.msg_ctype_cmp(__VA_ARGS__)
#define re_cancel(...)                libre_calls.re_cancel(__VA_ARGS__)
#define re_main(...)                  libre_calls.re_main(__VA_ARGS__)
#define re_thread_close(...)          libre_calls.re_thread_close(__VA_ARGS__)
#define re_thread_init(...)           libre_calls.re_thread_init(__VA_ARGS__)
#define rtp_listen(...)               libre_calls.rtp_listen(__VA_ARGS__)
#define rtp_local(...)                libre_calls.rtp_local(__VA_ARGS__)
#define rtp_send(...)                 libre_calls.rtp_send(__VA_ARGS__)
#define rtp_sock(...)                 libre_calls.rtp_sock(__VA_ARGS__)
#define sa_cmp(...)                   libre_calls.sa_cmp(__VA_ARGS__)
#define sa_init(...)                  libre_calls.sa_init(__VA_ARGS__)
#define sa_port(...)                  libre_calls.sa_port(__VA_ARGS__)
#define sa_set_sa(...)                libre_calls.sa_set_sa(__VA_ARGS__)
#define sdp_decode(...)               libre_calls.sdp_decode(__VA_ARGS__)
#define sdp_encode(...)               libre_calls.sdp_encode(__VA_ARGS__)
#define sdp_format_add(...)           libre_calls.sdp_format_add(__VA_ARGS__)
#define sdp_media_add(...)            libre_calls.sdp_media_add(__VA_ARGS__)
#define sdp_media_proto(...)          libre_calls.sdp_media_proto(__VA_ARGS__)
#define sdp_media_raddr(...)          libre_calls.sdp_media_raddr(__VA_ARGS__)
#define sdp_media_rattr(...)          libre_calls.sdp_media_rattr(__VA_ARGS__)
#define sdp_media_rformat(...)        libre_calls.sdp_media_rformat(__VA_ARGS__)
#define sdp_media_set_alt_protos(...) libre_calls.sdp_media_set_alt_protos(__VA_ARGS__)
#define sdp_media_set_lattr(...)      libre_calls.sdp_media_set_lattr(__VA_ARGS__)
#define sdp_session_alloc(...)        libre_calls.sdp_session_alloc(__VA_ARGS__)
#define sip_alloc(...)                libre_calls.sip_alloc(__VA_ARGS__)
#define sip_close(...)                libre_calls.sip_close(__VA_ARGS__)
#define sip_dialog_callid(...)        libre_calls.sip_dialog_callid(__VA_ARGS__)
#define sip_listen(...)               libre_calls.sip_listen(__VA_ARGS__)
#define sip_reply(...)                libre_calls.sip_reply(__VA_ARGS__)
#define sip_set_trace_handler(...)    libre_calls.sip_set_trace_handler(__VA_ARGS__)
#define sip_transp_add(...)           libre_calls.sip_transp_add(__VA_ARGS__)
#define sip_treply(...)               libre_calls.sip_treply(__VA_ARGS__)
#define sipsess_connect(...)          libre_calls.sipsess_connect(__VA_ARGS__)
#define sipsess_dialog(...)           libre_calls.sipsess_dialog(__VA_ARGS__)
#define sipsess_listen(...)           libre_calls.sipsess_listen(__VA_ARGS__)
#define srtp_alloc(...)               libre_calls.srtp_alloc(__VA_ARGS__)
#define srtp_decrypt(...)             libre_calls.srtp_decrypt(__VA_ARGS__)
#define srtp_encrypt(...)             libre_calls.srtp_encrypt(__VA_ARGS__)
#define str_dup(...)                  libre_calls.str_dup(__VA_ARGS__)
#define tls_alloc(...)                libre_calls.tls_alloc(__VA_ARGS__)
#define tls_openssl_context(...)      libre_calls.tls_openssl_context(__VA_ARGS__)
#define tmr_cancel(...)               libre_calls.tmr_cancel(__VA_ARGS__)
#define tmr_start(...)                libre_calls.tmr_start(__VA_ARGS__)
#define udp_register_helper(...)      libre_calls.udp_register_helper(__VA_ARGS__)
/* clang-format on */

#endif
