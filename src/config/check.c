/*
 * check.c: whether the settings fit each other and this machine.
 *
 * One function a rule; each adds at most a line or two to the problems and none stops the others.
 * Looks at files but changes nothing.
 */
#include "base/url.h"
#include "config/option.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { SOCKET_PATH_MAX = sizeof(((struct sockaddr_un *)0)->sun_path) - 1 };

struct check {
    struct ctx *cx;
    const struct config *cf;
    struct buf *problems;
};

/* The URL option was parsed before, so this cannot fail for one that is set. */
static bool url_is_loopback(struct check *c, struct str url)
{
    struct url u;

    return url_parse(c->cx->mem, url, &u) && host_is_loopback(u.host);
}

/* Starts a line with the place of the option, so that the operator knows what to edit. */
static void problem(struct check *c, enum config_option o, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void problem(struct check *c, enum config_option o, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    config_print_place(c->cf, o, c->problems);
    buf_addf(c->problems, ": %s %s\n", config_name(o), text);
}

static void check_demo(struct check *c)
{
    if (c->cf->mode != MODE_DEMO)
        return;
    if (!config_is_local(c->cf))
        problem(c, OPTION_listen,
                "%s can be reached from other machines, and demo mode shows every code to whoever "
                "asks; listen on 127.0.0.1, or set mode = production",
                c->cf->listen.p);
    if (c->cf->public_url.n && !url_is_loopback(c, c->cf->public_url))
        problem(c, OPTION_public_url,
                "leads here from other machines, and demo mode shows every code to whoever asks; "
                "leave it empty, or set mode = production");
    if (c->cf->trusted_proxies.n)
        problem(c, OPTION_trusted_proxies,
                "has no place in demo mode, which is for this machine only");
}

static void check_production(struct check *c)
{
    struct str url = c->cf->public_url;

    if (c->cf->mode != MODE_PRODUCTION)
        return;
    if (url.n == 0)
        problem(c, OPTION_public_url,
                "is needed in production: the address that people type, as in "
                "https://login.example.com");
    else if (!str_starts(url, STR("https://")) && !url_is_loopback(c, url))
        problem(c, OPTION_public_url, "must start with https:// in production");
    for (unsigned i = 0; i < OPTION_COUNT; i++) {
        if ((option_table[i].flags & OPTION_DEMO_ONLY) && c->cf->place[i].from != FROM_DEFAULT)
            problem(c, (enum config_option)i, "is for demo mode only");
    }
}

static void check_database(struct check *c)
{
    if (c->cf->database.n)
        problem(
            c, OPTION_database,
            "names PostgreSQL, which is not built into this version; leave it empty for SQLite");
}

static void check_sessions(struct check *c)
{
    if (c->cf->session_idle_s > c->cf->session_lifetime_s)
        problem(c, OPTION_session_idle_s, "is longer than session_lifetime_s");
}

static void check_file(struct check *c, enum config_option o, struct str path)
{
    struct stat st;

    if (path.n == 0)
        return;
    if (stat(path.p, &st)) {
        problem(c, o, "%s: %m", path.p);
        return;
    }
    if (!S_ISREG(st.st_mode))
        problem(c, o, "%s: is not a file", path.p);
    else if (access(path.p, R_OK))
        problem(c, o, "%s: %m", path.p);
    else if ((option_table[o].flags & OPTION_SECRET_FILE) && (st.st_mode & (S_IRWXO | S_IWGRP)))
        problem(c, o, "%s: other users may read or change it; chmod 600 or 640", path.p);
}

static void check_messages(struct check *c)
{
    struct stat st;

    if (c->cf->messages_dir.n == 0)
        return;
    if (stat(c->cf->messages_dir.p, &st))
        problem(c, OPTION_messages_dir, "%s: %m", c->cf->messages_dir.p);
    else if (!S_ISDIR(st.st_mode))
        problem(c, OPTION_messages_dir, "%s: is not a folder", c->cf->messages_dir.p);
}

static void check_mail(struct check *c)
{
    struct str url = c->cf->smtp_url, scheme, server, host;
    uint16_t port;

    if (url.n == 0)
        return;
    if (!c->cf->smtp_user.n != !c->cf->smtp_password_file.n)
        problem(c, c->cf->smtp_user.n ? OPTION_smtp_password_file : OPTION_smtp_user,
                "is missing: logging in needs smtp_user and smtp_password_file both");
    if (c->cf->smtp_user.n && smtp_split(url, &scheme, &server) &&
        str_eq(scheme, STR("smtp+plain://")) &&
        !(addr_split(server, &host, &port) && host_is_loopback(host)))
        problem(c, OPTION_smtp_url,
                "would send the password in the clear to another machine; use smtp:// or smtps://");
}

static void check_set(struct check *c, enum config_option o, struct str value)
{
    if (value.n == 0)
        problem(c, o, "is needed with second_factor = %s", c->cf->second_factor.p);
}

/* The key must not go to another machine in the clear. */
static void check_remote_url(struct check *c, enum config_option o, struct str text)
{
    struct url u;

    check_set(c, o, text);
    if (text.n == 0)
        return;
    if (!url_parse(c->cx->mem, text, &u) || u.query.p)
        problem(c, o, "is no address, as in https://api.example.com");
    else if (!u.https && !host_is_loopback(u.host))
        problem(c, o, "would send the key in the clear to another machine; use https://");
}

static void check_second_factor(struct check *c)
{
    const struct config *cf = c->cf;

    if (str_eq(cf->second_factor, STR("authy"))) {
        check_remote_url(c, OPTION_authy_url, cf->authy_url);
        check_set(c, OPTION_authy_key_file, cf->authy_key_file);
    } else if (str_eq(cf->second_factor, STR("verify"))) {
        check_remote_url(c, OPTION_verify_url, cf->verify_url);
        check_set(c, OPTION_verify_account, cf->verify_account);
        check_set(c, OPTION_verify_service, cf->verify_service);
        check_set(c, OPTION_verify_token_file, cf->verify_token_file);
    } else if (!str_eq(cf->second_factor, STR("local"))) {
        problem(c, OPTION_second_factor, "is local, authy or verify");
    }
}

/* Each message has a code in it, and the request its password. */
static void check_gateway(struct check *c)
{
    const struct config *cf = c->cf;
    struct url u;

    if (!cf->sms_gateway.n || str_eq(cf->sms_gateway, STR("smpp")))
        return;
    if (url_parse(c->cx->mem, cf->sms_url, &u) && !u.https && !host_is_loopback(u.host))
        problem(
            c, OPTION_sms_url,
            "would send codes and the password in the clear to another machine; use https://, or "
            "http+plain:// where nobody can listen, as through a VPN");
}

/* Names and passwords have room in SMPP's fields only (section 4.1.5 of version 3.4). */
static void check_smpp(struct check *c)
{
    enum { USER_MAX = 15, PASSWORD_MAX = 8, LETTERS_MAX = 11 };
    const struct config *cf = c->cf;
    struct config_smpp_url url;
    struct str password;

    if (!str_eq(cf->sms_gateway, STR("smpp")))
        return;
    if (cf->sms_url.n == 0)
        problem(c, OPTION_sms_url,
                "is needed with sms_gateway = smpp: the carrier's address, as in "
                "smpps://smsc.example.com:3550");
    else if (!config_smpp_url(cf->sms_url, &url))
        problem(
            c, OPTION_sms_url,
            "must be smpps://host:port (TLS) with sms_gateway = smpp, or smpp+plain://host:port "
            "(in the clear: only where nobody can listen, as through a VPN)");
    if (cf->sms_user.n == 0)
        problem(c, OPTION_sms_user, "is needed with sms_gateway = smpp: the carrier's system_id");
    else if (cf->sms_user.n > USER_MAX)
        problem(c, OPTION_sms_user, "has %zu characters; SMPP has room for %d", cf->sms_user.n,
                USER_MAX);
    if (cf->sms_password_file.n == 0)
        problem(c, OPTION_sms_password_file, "is needed with sms_gateway = smpp");
    else if (config_read_file(c->cx, cf->sms_password_file, &password) == OK &&
             (password.n == 0 || password.n > PASSWORD_MAX))
        problem(c, OPTION_sms_password_file,
                "%s: holds %zu characters; a password of SMPP has 1 to %d", cf->sms_password_file.p,
                password.n, PASSWORD_MAX);
    if (cf->sms_from.n > LETTERS_MAX && !str_all_digits(cf->sms_from) &&
        !str_starts(cf->sms_from, STR("+")))
        problem(c, OPTION_sms_from, "has %zu characters; a sender with letters has %d at most",
                cf->sms_from.n, LETTERS_MAX);
}

static bool is_caller(struct str s)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._";

    for (size_t i = 0; i < s.n; i++) {
        if (str_find(str_from(allowed), s.p[i]) < 0)
            return false;
    }
    return true;
}

static void check_voice(struct check *c)
{
    const struct config *cf = c->cf;
    bool tls = str_starts(cf->voice_url, STR("sips://"));

    if (cf->voice_srtp.n && !str_eq(cf->voice_srtp, STR("required")) &&
        !str_eq(cf->voice_srtp, STR("offered")) && !str_eq(cf->voice_srtp, STR("off")))
        problem(c, OPTION_voice_srtp, "must be required, offered or off");
    if (!is_caller(cf->voice_from))
        problem(c, OPTION_voice_from,
                "may have letters, digits and + - . _ only: a number as in +14155550100, or a "
                "name without the part behind @");
    if (cf->voice_url.n == 0)
        return;
    if (!cf->voice_user.n != !cf->voice_password_file.n)
        problem(c, cf->voice_user.n ? OPTION_voice_password_file : OPTION_voice_user,
                "is missing: logging in needs voice_user and voice_password_file both");
    if (!cf->voice_from.n && !is_caller(cf->voice_user))
        problem(c, OPTION_voice_from, "is missing: voice_user cannot be shown as the caller");
    if (str_eq(cf->voice_srtp, STR("required")) && !tls)
        problem(c, OPTION_voice_srtp,
                "would send the keys in the clear: use sips:// in voice_url, or offered, or off");
    if (cf->voice_ca_file.n && !tls)
        problem(c, OPTION_voice_ca_file, "has no use without sips:// in voice_url");
}

static void check_files(struct check *c)
{
    struct str key = config_master_key_file(c->cx->mem, c->cf);

    if (!c->cf->tls_cert_file.n != !c->cf->tls_key_file.n)
        problem(c, c->cf->tls_cert_file.n ? OPTION_tls_key_file : OPTION_tls_cert_file,
                "is missing: https needs tls_cert_file and tls_key_file both");
    check_file(c, OPTION_tls_cert_file, c->cf->tls_cert_file);
    check_file(c, OPTION_tls_key_file, c->cf->tls_key_file);
    check_file(c, OPTION_egress_ca_file, c->cf->egress_ca_file);
    check_file(c, OPTION_smtp_password_file, c->cf->smtp_password_file);
    check_file(c, OPTION_smtp_ca_file, c->cf->smtp_ca_file);
    check_file(c, OPTION_sms_password_file, c->cf->sms_password_file);
    check_file(c, OPTION_authy_key_file, c->cf->authy_key_file);
    check_file(c, OPTION_verify_token_file, c->cf->verify_token_file);
    check_file(c, OPTION_smpp_ca_file, c->cf->smpp_ca_file);
    check_file(c, OPTION_voice_password_file, c->cf->voice_password_file);
    check_file(c, OPTION_voice_ca_file, c->cf->voice_ca_file);
    if (str_find(c->cf->sms_gateway, '/') >= 0)
        check_file(c, OPTION_sms_gateway, c->cf->sms_gateway);
    if (access(key.p, F_OK) == 0 || errno != ENOENT) /* the first start makes it */
        check_file(c, OPTION_master_key_file, key);
}

/* The folder itself, or the nearest one above it that exists and where it would be made. */
static void check_data_dir(struct check *c)
{
    struct str path = arena_str(c->cx->mem, c->cf->data_dir);
    struct str control = config_control_socket(c->cx->mem, c->cf);
    struct stat st;

    if (control.n > SOCKET_PATH_MAX)
        problem(c, OPTION_data_dir, "is too long: %s may have %d bytes and has %zu", control.p,
                SOCKET_PATH_MAX, control.n);
    while (stat(path.p, &st)) {
        size_t n = path.n;

        if (errno != ENOENT) {
            problem(c, OPTION_data_dir, "%s: %m", path.p);
            return;
        }
        while (n > 0 && path.p[n - 1] == '/')
            n--;
        while (n > 0 && path.p[n - 1] != '/')
            n--;
        path = n ? arena_str(c->cx->mem, str_sub(path, 0, n)) : STR(".");
    }
    if (!S_ISDIR(st.st_mode))
        problem(c, OPTION_data_dir, "%s: is not a folder", path.p);
    else if (access(path.p, W_OK | X_OK))
        problem(c, OPTION_data_dir, "%s: %m", path.p);
}

enum err config_check(struct ctx *cx, const struct config *cf, struct buf *problems)
{
    static void (*const rules[])(struct check *) = {
        check_demo,  check_production, check_database, check_sessions,
        check_mail,  check_gateway,    check_smpp,     check_second_factor,
        check_voice, check_messages,   check_files,    check_data_dir,
    };
    struct check c = {cx, cf, problems};
    size_t before = problems->n;

    EACH_ROW (rule, rules)
        (*rule)(&c);
    if (problems->n > before)
        return fail(cx, ERR_INVALID, "the settings do not fit together");
    return OK;
}
