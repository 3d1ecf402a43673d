/*
 * backup.c: the engine copies slice by slice on the writer thread, into a file with a name of its
 * own; only a copy that is whole and on the disk gets the name that was asked for.
 */
#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

struct copy {
    struct writer_task task; /* first: the writer hands it back */
    struct ctx *cx;          /* the waiting caller's */
    const char *part;        /* the file being written */
    void *engine;            /* NULL until the first slice */
    pthread_mutex_t lock;    /* guards the rest */
    pthread_cond_t over;
    bool ended;
    enum err result;
};

static enum err copy_step(struct writer_task *task, struct db *db, bool *more)
{
    struct copy *c = (struct copy *)task;
    enum err e;

    if (!c->engine && (e = db->ops->backup_start(c->cx, db->conn, c->part, &c->engine)))
        return e;
    if (!(e = db->ops->backup_step(c->cx, c->engine, more)) && *more)
        return OK;
    db->ops->backup_end(c->engine); /* here, because it belongs to the writer's connection */
    c->engine = NULL;
    return e;
}

static void copy_done(struct writer_task *task, struct db *db, enum err result)
{
    struct copy *c = (struct copy *)task;

    if (c->engine)
        db->ops->backup_end(c->engine);
    pthread_mutex_lock(&c->lock);
    c->ended = true;
    c->result = result;
    pthread_cond_signal(&c->over);
    pthread_mutex_unlock(&c->lock);
}

static enum err copy_run(struct ctx *cx, struct writer *writer, const char *part)
{
    struct copy c = {
        .task = {copy_step, copy_done},
          .cx = cx, .part = part
    };
    enum err e;

    pthread_mutex_init(&c.lock, NULL);
    pthread_cond_init(&c.over, NULL);
    if (!(e = writer_start_task(writer, &c.task))) {
        pthread_mutex_lock(&c.lock);
        while (!c.ended)
            pthread_cond_wait(&c.over, &c.lock);
        e = c.result;
        pthread_mutex_unlock(&c.lock);
    }
    pthread_cond_destroy(&c.over);
    pthread_mutex_destroy(&c.lock);
    return e == ERR_BUSY ? fail(cx, e, "backup: another one is running, or the store closes") : e;
}

static enum err sync_path(struct ctx *cx, const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    enum err e = ok ? OK : fail(cx, ERR_INTERNAL, "%s: %m", path);

    if (fd >= 0)
        close(fd);
    return e;
}

/* Makes the empty file that only we can read. `path` is what the caller knows. */
static enum err make_part(struct ctx *cx, const char *part, const char *path)
{
    int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0 && errno == EEXIST)
        return fail(cx, ERR_CONFLICT, "%s: %m", part);
    if (fd < 0)
        return fail(cx, ERR_INVALID, "%s: %m", path);
    close(fd);
    return OK;
}

/* Gives the copy its name, unless somebody took it meanwhile. */
static enum err publish(struct ctx *cx, const char *part, const char *path)
{
    const char *slash = strrchr(path, '/');
    struct str dir = slash == path ? STR("/") : str_sub(str_from(path), 0, (size_t)(slash - path));
    enum err e;

    if ((e = sync_path(cx, part, O_RDONLY)))
        return e;
    if (renameat2(AT_FDCWD, part, AT_FDCWD, path, RENAME_NOREPLACE) != 0)
        return fail(cx, errno == EEXIST ? ERR_CONFLICT : ERR_INTERNAL, "%s: %m", path);
    return sync_path(cx, slash ? arena_str(cx->mem, dir).p : ".", O_RDONLY | O_DIRECTORY);
}

enum err backup_run(struct ctx *cx, struct writer *writer, struct str path)
{
    const char *name = arena_str(cx->mem, path).p;
    const char *part = arena_printf(cx->mem, "%s.part", name).p;
    struct stat st;
    enum err e;

    if (lstat(name, &st) == 0)
        return fail(cx, ERR_CONFLICT, "%s: exists already", name);
    if ((e = make_part(cx, part, name)))
        return e;
    if ((e = copy_run(cx, writer, part)) || (e = publish(cx, part, name)))
        unlink(part);
    return e;
}
