/* trunk.c: see trunk.h. */
#include "channel/trunk.h"
#include "base/host.h"
#include "channel/libre.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <unistd.h>

enum {
    TABLE_SIZE = 32, /* of libre's hashes */
    DNS_SERVERS_MAX = 4,
    CERT_LIFE_S = 10 * 365 * 86400,
};

struct trunk {
    struct trunk_conf conf;
    trunk_redirect *redirected;
    void *arg;
    char *host; /* for TLS: NUL-terminated */
    struct sa local;
    struct dnsc *dns;
    struct tls *tls;
    struct sip *sip;
    struct sipsess_sock *sessions;
    struct sip_lsnr *requests, *responses;
};

static const struct {
    struct str scheme;
    enum trunk_transport transport;
    enum sip_transp libre;
    const char *param;
} transports[] = {
    {{"sips://", 7},     TRUNK_TLS, SIP_TRANSP_TLS, ";transport=tls"},
    {{"sip+tcp://", 10}, TRUNK_TCP, SIP_TRANSP_TCP, ";transport=tcp"},
    {{"sip+udp://", 10}, TRUNK_UDP, SIP_TRANSP_UDP, ";transport=udp"},
};

/* ---- settings ---- */

bool trunk_url(struct str url, struct trunk_conf *out)
{
    struct host host;

    EACH_ROW (row, transports) {
        if (!str_starts(url, row->scheme))
            continue;
        if (!host_parse(str_sub(url, row->scheme.n, url.n), &host))
            return false;
        out->transport = row->transport;
        out->host = host.name;
        out->ipv6 = host.ipv6;
        out->port = host.port;
        return true;
    }
    return false;
}

bool trunk_srtp_mode(struct str word, enum trunk_transport transport, enum trunk_srtp *out)
{
    static const struct {
        struct str word;
        enum trunk_srtp mode;
    } modes[] = {
        {{"required", 8}, TRUNK_SRTP_REQUIRED},
        {{"offered", 7},  TRUNK_SRTP_OFFERED },
        {{"off", 3},      TRUNK_SRTP_OFF     },
    };

    *out = transport == TRUNK_TLS ? TRUNK_SRTP_REQUIRED : TRUNK_SRTP_OFF;
    EACH_ROW (row, modes) {
        if (str_eq(word, row->word)) {
            *out = row->mode;
            return true;
        }
    }
    return word.n == 0;
}

/* ---- TLS ---- */

/* The server is to be who the settings say. Whoever connects to us (a server may send its BYE on a
 * connection of its own) proves itself by the dialog's tags instead. */
static int verify(int is_right, X509_STORE_CTX *store)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());

    return ssl && SSL_is_server(ssl) ? 1 : is_right;
}

/* libre does not say which name it wants (SNI). */
static void name_server(const SSL *ssl, int where, int ret)
{
    SSL *changed = (SSL *)(uintptr_t)ssl; /* OpenSSL's callback has a const too many */
    const struct trunk *trunk = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

    (void)ret;
    if ((where & SSL_CB_HANDSHAKE_START) && !SSL_is_server(ssl) &&
        SSL_get_state(ssl) == TLS_ST_BEFORE)
        (void)SSL_set_tlsext_host_name(changed, trunk->host);
}

/* A listener needs a certificate, without which the server's own connections would fail. */
static bool self_sign(SSL_CTX *ctx)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_NAME *name = cert ? X509_get_subject_name(cert) : NULL;
    bool made = key && name && X509_set_version(cert, X509_VERSION_3) &&
                ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) &&
                X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                           (const unsigned char *)"countersign", -1, -1, 0) &&
                X509_set_issuer_name(cert, name) && X509_gmtime_adj(X509_getm_notBefore(cert), 0) &&
                X509_gmtime_adj(X509_getm_notAfter(cert), CERT_LIFE_S) &&
                X509_set_pubkey(cert, key) && X509_sign(cert, key, EVP_sha256()) &&
                SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1;

    X509_free(cert);
    EVP_PKEY_free(key);
    return made;
}

static enum err secure(struct ctx *cx, struct trunk *t)
{
    X509_VERIFY_PARAM *param;
    SSL_CTX *ctx;
    bool is_addr, named;

    if (tls_alloc(&t->tls, TLS_METHOD_SSLV23, NULL, NULL) || !(ctx = tls_openssl_context(t->tls)))
        return fail(cx, ERR_INTERNAL, "TLS does not start");
    param = SSL_CTX_get0_param(ctx);
    is_addr = X509_VERIFY_PARAM_set1_ip_asc(param, t->host) == 1;
    named = is_addr || X509_VERIFY_PARAM_set1_host(param, t->host, 0) == 1;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, verify);
    (void)SSL_CTX_set_app_data(ctx, t);
    if (!is_addr)
        SSL_CTX_set_info_callback(ctx, name_server);
    if (!named || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 || !self_sign(ctx) ||
        SSL_CTX_set_default_verify_paths(ctx) != 1) {
        ERR_clear_error();
        return fail(cx, ERR_INTERNAL, "TLS cannot be set up");
    }
    if (t->conf.ca_file.n && SSL_CTX_load_verify_file(ctx, t->conf.ca_file.p) != 1) {
        ERR_clear_error();
        return fail(cx, ERR_INVALID, "voice_ca_file: %.*s holds no certificates",
                    STR_ARG(t->conf.ca_file));
    }
    return OK;
}

/* ---- what arrives ---- */

/* Before libre sees it: a call that an answer would send elsewhere is over. */
static void watch(bool is_sent, enum sip_transp transport, const struct sa *src,
                  const struct sa *dst, const uint8_t *packet, size_t n, void *arg)
{
    static const struct str version = {"SIP/2.0 ", 8};
    struct trunk *t = arg;
    struct str rest = {(const char *)packet, n};

    (void)transport, (void)src, (void)dst;
    while (rest.n && (rest.p[0] == '\r' || rest.p[0] == '\n'))
        rest = str_sub(rest, 1, rest.n);
    if (is_sent || !str_starts(rest, version))
        return;
    rest = str_sub(rest, version.n, rest.n);
    while (rest.n && (rest.p[0] == ' ' || rest.p[0] == '0'))
        rest = str_sub(rest, 1, rest.n);
    if (rest.n && rest.p[0] == '3')
        t->redirected(t->arg, rest);
}

/* What belongs to no call of ours: dropped, so that libre neither answers nor prints it. */
static bool drop(const struct sip_msg *msg, void *arg)
{
    (void)msg, (void)arg;
    return true;
}

static void drop_call(const struct sip_msg *msg, void *arg)
{
    (void)msg, (void)arg;
}

/* ---- opening ---- */

/* The address that the server sees us come from, as routing says. A name's server is asked for
 * later, so for it this is the way to the world. */
static bool local_address(const struct trunk_conf *conf, struct sa *out)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(9)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
    struct sockaddr_storage mine = {0};
    socklen_t mine_len = sizeof(mine);
    char host[HOST_LEN_MAX + 1];
    bool found;
    int fd;

    snprintf(host, sizeof(host), "%.*s", STR_ARG(conf->host));
    if (conf->ipv6)
        (void)inet_pton(AF_INET6, host, &v6.sin6_addr);
    else if (inet_pton(AF_INET, host, &v4.sin_addr) != 1)
        (void)inet_pton(AF_INET, "192.0.2.1", &v4.sin_addr); /* nothing is sent there */
    fd = socket(conf->ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    found = fd >= 0 &&
            connect(fd, conf->ipv6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4,
                    conf->ipv6 ? sizeof(v6) : sizeof(v4)) == 0 &&
            getsockname(fd, (struct sockaddr *)&mine, &mine_len) == 0 &&
            sa_set_sa(out, (struct sockaddr *)&mine) == 0;
    if (fd >= 0)
        close(fd);
    if (found && conf->ipv6)
        out->u.in6.sin6_port = 0;
    else if (found)
        out->u.in.sin_port = 0;
    return found;
}

static void ask_dns(struct trunk *t)
{
    struct sa servers[DNS_SERVERS_MAX];
    uint32_t count = DNS_SERVERS_MAX;
    char domain[HOST_LEN_MAX + 1];

    /* without servers only addresses are reached, and a name says so when it is called */
    if (dns_srv_get(domain, sizeof(domain), servers, &count) == 0)
        (void)dnsc_alloc(&t->dns, NULL, servers, count);
}

enum err trunk_open(struct ctx *cx, const struct trunk_conf *conf, trunk_redirect *redirected,
                    void *arg, struct trunk **out)
{
    OWN(trunk_close) struct trunk *t = mem_alloc(sizeof(*t));
    enum sip_transp transport = SIP_TRANSP_UDP;
    enum err e;

    t->conf = *conf;
    t->redirected = redirected;
    t->arg = arg;
    t->host = mem_strdup(arena_printf(cx->mem, "%.*s", STR_ARG(conf->host)).p);
    EACH_ROW (row, transports) {
        if (row->transport == conf->transport)
            transport = row->libre;
    }
    if (!local_address(conf, &t->local))
        return fail(cx, ERR_INTERNAL, "no way to the SIP server: %m");
    if (conf->transport == TRUNK_TLS && (e = secure(cx, t)))
        return e;
    ask_dns(t);
    if (sip_alloc(&t->sip, t->dns, TABLE_SIZE, TABLE_SIZE, TABLE_SIZE, "Countersign", NULL, t) ||
        sip_transp_add(t->sip, transport, &t->local, t->tls) ||
        sipsess_listen(&t->sessions, t->sip, TABLE_SIZE, drop_call, t) ||
        sip_listen(&t->requests, t->sip, true, drop, t) ||
        sip_listen(&t->responses, t->sip, false, drop, t))
        return fail(cx, ERR_INTERNAL, "SIP does not start: %m");
    sip_set_trace_handler(t->sip, watch);
    *out = TAKE(t);
    return OK;
}

void trunk_close(struct trunk **trunk)
{
    struct trunk *t = *trunk;

    if (!t)
        return;
    mem_deref(t->requests);
    mem_deref(t->responses);
    mem_deref(t->sessions);
    if (t->sip)
        sip_close(t->sip, true);
    mem_deref(t->sip);
    mem_deref(t->tls);
    mem_deref(t->dns);
    mem_free(t->host);
    mem_free(t);
    *trunk = NULL;
}

const struct trunk_conf *trunk_conf(const struct trunk *trunk)
{
    return &trunk->conf;
}

struct sipsess_sock *trunk_sessions(const struct trunk *trunk)
{
    return trunk->sessions;
}

const struct sa *trunk_local(const struct trunk *trunk)
{
    return &trunk->local;
}

static struct str uri(struct ctx *cx, const struct trunk *trunk, struct str name, const char *param)
{
    const struct trunk_conf *c = &trunk->conf;
    const char *port = c->port ? arena_printf(cx->mem, ":%u", c->port).p : "";

    return arena_printf(cx->mem, "sip:%.*s@%s%.*s%s%s%s", STR_ARG(name), c->ipv6 ? "[" : "",
                        STR_ARG(c->host), c->ipv6 ? "]" : "", port, param);
}

struct str trunk_target(struct ctx *cx, const struct trunk *trunk, struct str number)
{
    const char *param = "";

    EACH_ROW (row, transports) {
        if (row->transport == trunk->conf.transport)
            param = row->param;
    }
    return uri(cx, trunk, number, param);
}

/* What may stand in a URI without escapes. */
static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._", s.p[i]) ||
            !s.p[i])
            return false;
    }
    return s.n > 0;
}

struct str trunk_identity(struct ctx *cx, const struct trunk *trunk)
{
    const struct trunk_conf *c = &trunk->conf;

    return uri(cx, trunk,
               is_plain(c->from)   ? c->from
               : is_plain(c->user) ? c->user
                                   : STR("countersign"),
               "");
}

int trunk_credentials(char **user, char **password, const char *realm, void *arg)
{
    const struct trunk *t = arg;

    (void)realm;
    if (!t->conf.user.n)
        return EAUTH;
    return str_dup(user, t->conf.user.p) || str_dup(password, t->conf.password.p) ? ENOMEM : 0;
}
