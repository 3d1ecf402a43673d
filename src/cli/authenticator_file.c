/*
 * authenticator_file.c: where an authenticator keeps its key: one JSON object, mode 0600, which is
 * made once and never written again.
 */
#include "base/encode.h"
#include "cli/authenticator.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_LEN_MAX = 8 * KIB };

static void json_release(json_t **json)
{
    json_decref(*json);
}

static void fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static struct str env_value(const char *const *env, struct str name)
{
    for (; *env; env++) {
        struct str line = str_from(*env);

        if (str_starts(line, name) && line.n > name.n && line.p[name.n] == '=')
            return str_sub(line, name.n + 1, line.n);
    }
    return STR_NONE;
}

enum err authenticator_path(struct ctx *cx, const char *const *env, struct str *out)
{
    struct str config = env_value(env, STR("XDG_CONFIG_HOME")), home = env_value(env, STR("HOME"));

    if (config.n)
        *out = arena_printf(cx->mem, "%.*s/countersign/authenticator", STR_ARG(config));
    else if (home.n)
        *out = arena_printf(cx->mem, "%.*s/.config/countersign/authenticator", STR_ARG(home));
    else
        return fail(cx, ERR_INVALID, "there is no HOME; name a file with --key-file");
    return OK;
}

static enum err read_file(struct ctx *cx, struct str path, struct str *out)
{
    OWN(fd_close) int fd = open(path.p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char *text = arena_alloc(cx->mem, FILE_LEN_MAX);
    struct stat st;
    ssize_t n;

    if (fd < 0 && errno == ENOENT)
        return fail(cx, ERR_NOT_FOUND,
                    "this authenticator is not paired; see \"countersign "
                    "authenticator pair --help\"");
    if (fd < 0 || fstat(fd, &st))
        return fail(cx, ERR_INVALID, "%s: %s", path.p, strerror(errno));
    if (!S_ISREG(st.st_mode) || (st.st_mode & (S_IRWXG | S_IRWXO)) || st.st_uid != geteuid())
        return fail(cx, ERR_INVALID, "%s holds a key, so only you may read it: chmod 600", path.p);
    if ((n = read(fd, text, FILE_LEN_MAX)) < 0)
        return fail(cx, ERR_INVALID, "%s: %s", path.p, strerror(errno));
    *out = (struct str){text, (size_t)n};
    return OK;
}

enum err authenticator_load(struct ctx *cx, struct str path, struct authenticator *out)
{
    OWN(json_release) json_t *json = NULL;
    struct str text = STR_NONE, encoded;
    uint8_t d[ES256_PRIVATE_LEN];
    bool good;
    enum err e;

    if ((e = read_file(cx, path, &text)))
        return e;
    json = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    out->base = json_member(cx, json, "base");
    out->device = json_member(cx, json, "device");
    out->service = json_member(cx, json, "service");
    out->service_name = json_member(cx, json, "service_name");
    out->account = json_member(cx, json, "account");
    out->name = json_member(cx, json, "name");
    out->soft_token = json_member(cx, json, "soft_token");
    encoded = json_member(cx, json, "private_key");
    good = out->base.n && out->device.n && out->service.n &&
           base64url_decode(encoded, d, sizeof(d)) == ES256_PRIVATE_LEN &&
           es256_from_private(BYTES_OF(d), &out->key);
    explicit_bzero(d, sizeof(d));
    return good ? OK : fail(cx, ERR_INVALID, "%s is no authenticator's file", path.p);
}

/* Its folder, and the one above. */
static void make_folders(struct ctx *cx, struct str path)
{
    for (size_t i = 1; i < path.n; i++) {
        if (path.p[i] == '/')
            (void)mkdir(arena_str(cx->mem, str_sub(path, 0, i)).p, S_IRWXU); /* or it is there */
    }
}

static enum err write_file(struct ctx *cx, struct str path, struct str text)
{
    OWN(fd_close)
    int fd = open(path.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);

    if (fd < 0 && errno == EEXIST)
        return fail(cx, ERR_CONFLICT, "%s is there already; --key-file names another", path.p);
    if (fd < 0)
        return fail(cx, ERR_INVALID, "%s: %s", path.p, strerror(errno));
    if (write(fd, text.p, text.n) != (ssize_t)text.n || fsync(fd)) {
        int reason = errno;

        (void)unlink(path.p);
        return fail(cx, ERR_INTERNAL, "%s: %s", path.p, strerror(reason));
    }
    return OK;
}

enum err authenticator_save(struct ctx *cx, struct str path, const struct authenticator *a)
{
    uint8_t d[ES256_PRIVATE_LEN];
    OWN(json_release) json_t *json = json_object();
    const struct {
        const char *name;
        struct str value;
    } members[] = {
        {"base",         a->base        },
        {"device",       a->device      },
        {"service",      a->service     },
        {"service_name", a->service_name},
        {"account",      a->account     },
        {"name",         a->name        },
        {"soft_token",   a->soft_token  },
    };
    struct str encoded, text;
    char *dump;
    enum err e;

    EACH_ROW (m, members) {
        if (m->value.n)
            json_object_set_new(json, m->name, json_stringn(m->value.p, m->value.n));
    }
    es256_private(a->key, d);
    encoded = base64url_encode(cx->mem, BYTES_OF(d));
    json_object_set_new(json, "private_key", json_stringn(encoded.p, encoded.n));
    dump = json_dumps(json, JSON_INDENT(2));
    text = arena_printf(cx->mem, "%s\n", dump ? dump : "");
    make_folders(cx, path);
    e = write_file(cx, path, text);
    explicit_bzero(d, sizeof(d));
    if (dump)
        explicit_bzero(dump, text.n - 1);
    free(dump);
    return e;
}
