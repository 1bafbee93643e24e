/* Calls of the C library that fail for files below one folder, as they do on a disk that breaks.
 *
 * Loaded before all others (LD_PRELOAD). fail_under(folder) says where, fail_call(name, number) which calls fail with
 * which error from now on; "" ends it. What the library calls inside itself is not reached, so fwrite is here too.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char folder[PATH_MAX];
static char call[32];
static int number;

void fail_under(const char *path) { snprintf(folder, sizeof folder, "%s", path); }

void fail_call(const char *name, int error) {
    snprintf(call, sizeof call, "%s", name);
    number = error;
}

static int below(const char *path) {
    size_t length = strlen(folder);
    return length && strncmp(path, folder, length) == 0;
}

static int fails(const char *name, int descriptor) {
    char link[64], path[PATH_MAX];
    if (strcmp(call, name) != 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    struct stat status;
    if ((fcntl(descriptor, F_GETFL) & O_ACCMODE) == O_RDONLY && strcmp(name, "fsync") != 0) return 0;
    if (length < 0 || fstat(descriptor, &status) || !S_ISREG(status.st_mode)) return 0;
    path[length] = 0;
    if (!below(path)) return 0;
    errno = number;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int f, const void *data, size_t n) { return fails("write", f) ? -1 : REAL(write)(f, data, n); }
ssize_t pwrite(int f, const void *data, size_t n, off_t at) {
    return fails("write", f) ? -1 : REAL(pwrite)(f, data, n, at);
}
ssize_t pwrite64(int f, const void *data, size_t n, off64_t at) {
    return fails("write", f) ? -1 : REAL(pwrite64)(f, data, n, at);
}
ssize_t writev(int f, const struct iovec *parts, int n) {
    return fails("write", f) ? -1 : REAL(writev)(f, parts, n);
}
size_t fwrite(const void *data, size_t size, size_t n, FILE *file) {
    return fails("write", fileno(file)) ? 0 : REAL(fwrite)(data, size, n, file);
}
int fsync(int f) { return fails("fsync", f) ? -1 : REAL(fsync)(f); }
int fdatasync(int f) { return fails("fsync", f) ? -1 : REAL(fdatasync)(f); }
int close(int f) {
    int failed = fails("close", f), error = errno;
    int result = REAL(close)(f); /* the descriptor is gone all the same, as on Linux */
    if (failed) errno = error;
    return failed ? -1 : result;
}
int fclose(FILE *file) {
    int failed = fails("close", fileno(file)), error = errno;
    int result = REAL(fclose)(file);
    if (failed) errno = error;
    return failed ? EOF : result;
}
int rename(const char *from, const char *to) {
    if (strcmp(call, "rename") == 0 && below(to)) {
        errno = number;
        return -1;
    }
    return REAL(rename)(from, to);
}
int renameat(int a, const char *from, int b, const char *to) {
    if (strcmp(call, "rename") == 0 && below(to)) {
        errno = number;
        return -1;
    }
    return REAL(renameat)(a, from, b, to);
}
