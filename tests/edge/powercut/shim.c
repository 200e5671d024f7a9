/*
 * Preloaded into an agent: writes down, in order, what it does to the files of one folder, and when it
 * asks that they reach the disk. From this log the files are built as a power cut would have left them.
 *
 * POWERCUT_FOLDER names the folder (with its last slash), POWERCUT_LOG the log. A record is: the kind
 * (one letter), the length of the name, the offset, the length of the data (4, 8 and 4 bytes, as this
 * machine writes them), the name without the folder, the data.
 * Kinds: W write, T truncate to the offset, S synchronised, U unlinked.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static int log_file(void)
{
    static int fd = -2;

    if (fd == -2) {
        const char *path = getenv("POWERCUT_LOG");
        fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    }
    return fd;
}

/* Gives the name within the folder, or NULL for a file that is not watched. */
static const char *watched(const char *path)
{
    const char *folder = getenv("POWERCUT_FOLDER");
    size_t n = folder ? strlen(folder) : 0;
    const char *tail = path + n;

    if (n == 0 || strncmp(path, folder, n) != 0 || *tail == '\0')
        return NULL;
    size_t length = strlen(tail);
    if (length > 4 && strcmp(tail + length - 4, "-shm") == 0)
        return NULL; /* made anew after a restart, never read from the disk */
    return tail;
}

static void tell(char kind, const char *name, uint64_t offset, const void *data, uint32_t n)
{
    uint8_t head[17];
    uint32_t length = (uint32_t)strlen(name);

    head[0] = (uint8_t)kind;
    memcpy(head + 1, &length, 4);
    memcpy(head + 5, &offset, 8);
    memcpy(head + 13, &n, 4);
    pthread_mutex_lock(&one_at_a_time);
    if (syscall(SYS_write, log_file(), head, sizeof head) < 0 || syscall(SYS_write, log_file(), name, length) < 0
        || (n > 0 && syscall(SYS_write, log_file(), data, n) < 0))
        abort();
    pthread_mutex_unlock(&one_at_a_time);
}

static const char *name_of(int fd, char *room)
{
    char link[64];
    ssize_t n;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, room, PATH_MAX - 1);
    if (n <= 0)
        return NULL;
    room[n] = '\0';
    return watched(room);
}

static void tell_of(char kind, int fd, uint64_t offset, const void *data, size_t n)
{
    char room[PATH_MAX];
    const char *name = log_file() >= 0 ? name_of(fd, room) : NULL;

    if (name != NULL)
        tell(kind, name, offset, data, (uint32_t)n);
}

static void maybe_slow(void)
{
    const char *ms = getenv("POWERCUT_SYNC_MS");

    if (ms != NULL)
        usleep((useconds_t)atoi(ms) * 1000u);
}

ssize_t write(int fd, const void *data, size_t n)
{
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t done = syscall(SYS_write, fd, data, n);

    if (done > 0 && at >= 0)
        tell_of('W', fd, (uint64_t)at, data, (size_t)done);
    return done;
}

ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at)
{
    ssize_t done = syscall(SYS_pwrite64, fd, data, n, at);

    if (done > 0)
        tell_of('W', fd, (uint64_t)at, data, (size_t)done);
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
    return pwrite64(fd, data, n, at);
}

int ftruncate64(int fd, off64_t length)
{
    int done = (int)syscall(SYS_ftruncate, fd, length);

    if (done == 0)
        tell_of('T', fd, (uint64_t)length, NULL, 0);
    return done;
}

int ftruncate(int fd, off_t length)
{
    return ftruncate64(fd, length);
}

int fsync(int fd)
{
    int done = (int)syscall(SYS_fsync, fd);

    maybe_slow();
    if (done == 0)
        tell_of('S', fd, 0, NULL, 0);
    return done;
}

int fdatasync(int fd)
{
    int done = (int)syscall(SYS_fdatasync, fd);

    maybe_slow();
    if (done == 0)
        tell_of('S', fd, 0, NULL, 0);
    return done;
}

int unlink(const char *path)
{
    int done = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    const char *name = done == 0 && log_file() >= 0 ? watched(path) : NULL;

    if (name != NULL)
        tell('U', name, 0, NULL, 0);
    return done;
}
