/*
 * lock.c: flock() on a file that stays: removing it would let two processes lock two files of one
 * name. The pid inside is for people; the lock is what counts.
 */
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

enum { PATH_LEN_MAX = 4096, PID_LEN_MAX = 20 };

static enum err refuse(struct ctx *cx, const char *path, int fd)
{
    char pid[PID_LEN_MAX + 1] = "";
    ssize_t n = pread(fd, pid, PID_LEN_MAX, 0);

    pid[n > 0 ? strcspn(pid, "\n") : 0] = '\0';
    return fail(cx, ERR_BUSY, "%s: the store is in use by process %s", path,
                pid[0] ? pid : "(unknown)");
}

enum err lock_take(struct ctx *cx, const char *dir, int *out_fd)
{
    char path[PATH_LEN_MAX], pid[PID_LEN_MAX + 1];
    enum err e = OK;
    int fd, n;

    if ((size_t)snprintf(path, sizeof(path), "%s/store.lock", dir) >= sizeof(path))
        return fail(cx, ERR_INVALID, "data_dir: the path is too long");
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail(cx, ERR_INTERNAL, "%s: %m", path);
    n = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        e = errno == EWOULDBLOCK ? refuse(cx, path, fd) : fail(cx, ERR_INTERNAL, "%s: %m", path);
    else if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)n, 0) != n)
        e = fail(cx, ERR_INTERNAL, "%s: %m", path);
    if (e) {
        close(fd);
        return e;
    }
    *out_fd = fd;
    return OK;
}
