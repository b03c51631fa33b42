/* A disk that loses power.
 *
 * Loaded before libc (LD_PRELOAD), it keeps an undo journal of what a process wrote to the files below
 * DROPSYNC_DIR and has not synced. At the DROPSYNC_AT'th write or sync it stops the world: each file goes back
 * to its last synced content, then gets a random part of the writes since (whole, or only some of their
 * 512-byte sectors), and the process is killed. A page cache survives SIGKILL; this does not.
 *
 * DROPSYNC_LIES=1: syncs do nothing. A test uses it to prove that lost writes are found.
 *
 * Not simulated: the loss of directory entries, and memory-mapped files (SQLite's -shm, which is rebuilt).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { FDS = 1024, FILES = 64, SECTOR = 512 };

/* One change that is not synced: bytes before and after, and the file's size before and after. */
struct change {
    struct change *previous;
    off_t offset, old_size, new_size;
    size_t old_length, new_length;
    unsigned char *old, *new;
};

struct file {
    dev_t device;
    ino_t inode;
    int used, fd;
    struct change *last;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file files[FILES];
static int file_of[FDS]; /* index + 1 */
static const char *directory;
static long countdown = -1;
static uint64_t state;
static int lies;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_close)(int);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void start(void) {
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite");
    real_open = dlsym(RTLD_NEXT, "open");
    real_openat = dlsym(RTLD_NEXT, "openat");
    real_close = dlsym(RTLD_NEXT, "close");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    directory = getenv("DROPSYNC_DIR");
    const char *at = getenv("DROPSYNC_AT"), *seed = getenv("DROPSYNC_SEED");
    countdown = at ? atol(at) : -1;
    state = seed ? strtoull(seed, 0, 10) * 2 + 1 : 1;
    lies = getenv("DROPSYNC_LIES") != NULL;
}

static uint64_t draw(void) { /* xorshift64* */
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545F4914F6CDD1DULL;
}

static void *need(size_t size) {
    void *memory = malloc(size ? size : 1);
    if (!memory) abort();
    return memory;
}

static off_t size_of(int fd) {
    struct stat meta;
    return fstat(fd, &meta) ? 0 : meta.st_size;
}

static void opened(int fd, const char *path) {
    char real[4096];
    struct stat meta;
    if (fd < 0 || fd >= FDS || !directory || !path) return;
    if (!realpath(path, real) || strncmp(real, directory, strlen(directory)) || fstat(fd, &meta)) return;
    if (!S_ISREG(meta.st_mode) || strstr(real, "-shm")) return;
    pthread_mutex_lock(&lock);
    int at = -1;
    for (int i = 0; i < FILES; i++) {
        if (files[i].used && files[i].device == meta.st_dev && files[i].inode == meta.st_ino) at = i;
    }
    for (int i = 0; at < 0 && i < FILES; i++) {
        if (files[i].used) continue;
        /* A descriptor of our own, so that the file can be rolled back when the program has closed its. */
        files[i] = (struct file){.device = meta.st_dev, .inode = meta.st_ino, .used = 1};
        files[i].fd = real_open(real, O_RDWR | O_CLOEXEC);
        at = i;
    }
    if (at < 0) abort();
    file_of[fd] = at + 1;
    pthread_mutex_unlock(&lock);
}

static struct file *tracked(int fd) {
    return fd >= 0 && fd < FDS && file_of[fd] ? &files[file_of[fd] - 1] : NULL;
}

static void forget(struct file *file) {
    while (file->last) {
        struct change *gone = file->last;
        file->last = gone->previous;
        free(gone->old);
        free(gone->new);
        free(gone);
    }
}

static void must(int fine) {
    if (!fine) abort();
}

/* From the newest to the oldest: what was there before. */
static void undo(struct file *file) {
    for (struct change *it = file->last; it; it = it->previous) {
        must(!real_ftruncate(file->fd, it->old_size));
        must(pwrite64(file->fd, it->old, it->old_length, it->offset) == (ssize_t)it->old_length);
    }
}

/* From the oldest to the newest: a random part of it. */
static void redo(struct file *file, struct change *it) {
    if (!it) return;
    redo(file, it->previous);
    uint64_t fate = draw() % 4;
    if (fate == 0) return;
    if (!it->new) {
        must(!real_ftruncate(file->fd, it->new_size));
        return;
    }
    for (size_t from = 0; from < it->new_length; from += SECTOR) {
        size_t length = it->new_length - from < SECTOR ? it->new_length - from : SECTOR;
        if (fate == 1 && draw() % 2) continue;
        must(real_pwrite(file->fd, it->new + from, length, it->offset + (off_t)from) == (ssize_t)length);
    }
}

static void count(void) { /* under the lock */
    if (countdown < 0 || --countdown > 0) return;
    int all = draw() % 4 == 0; /* now and then everything that was not synced is lost */
    for (int i = 0; i < FILES; i++) {
        if (!files[i].used || !files[i].last) continue;
        undo(&files[i]);
        if (!all) redo(&files[i], files[i].last);
    }
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static struct change *begin(struct file *file, off_t offset, size_t length) {
    struct change *it = need(sizeof *it);
    *it = (struct change){.previous = file->last, .offset = offset, .old_size = size_of(file->fd)};
    if (offset < it->old_size) {
        off_t left = it->old_size - offset;
        it->old_length = (off_t)length < left ? length : (size_t)left;
        it->old = need(it->old_length);
        must(pread64(file->fd, it->old, it->old_length, offset) == (ssize_t)it->old_length);
    }
    return it;
}

static ssize_t put(int fd, struct file *file, const void *bytes, size_t length, off_t offset, int moves) {
    pthread_mutex_lock(&lock);
    count();
    struct change *it = begin(file, offset, length);
    ssize_t done = moves ? real_write(fd, bytes, length) : real_pwrite(fd, bytes, length, offset);
    int error = errno;
    if (done > 0) {
        it->new_length = (size_t)done;
        it->new = need(it->new_length);
        memcpy(it->new, bytes, it->new_length);
        file->last = it;
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

ssize_t write(int fd, const void *bytes, size_t length) {
    struct file *file = tracked(fd);
    return file ? put(fd, file, bytes, length, lseek(fd, 0, SEEK_CUR), 1) : real_write(fd, bytes, length);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    struct file *file = tracked(fd);
    return file ? put(fd, file, bytes, length, offset, 0) : real_pwrite(fd, bytes, length, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) {
    struct file *file = tracked(fd);
    return file ? put(fd, file, bytes, length, offset, 0) : real_pwrite(fd, bytes, length, offset);
}

int ftruncate(int fd, off_t size) {
    struct file *file = tracked(fd);
    if (!file) return real_ftruncate(fd, size);
    pthread_mutex_lock(&lock);
    count();
    struct change *it = begin(file, size, SIZE_MAX >> 1);
    it->new_size = size;
    file->last = it;
    int answer = real_ftruncate(fd, size);
    pthread_mutex_unlock(&lock);
    return answer;
}

int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }

static int synced(int fd, int (*sync)(int)) {
    struct file *file = tracked(fd);
    if (!file) return sync(fd);
    pthread_mutex_lock(&lock);
    count();
    if (!lies) forget(file);
    pthread_mutex_unlock(&lock);
    return 0;
}

int fsync(int fd) { return synced(fd, real_fsync); }
int fdatasync(int fd) { return synced(fd, real_fdatasync); }

/* Ways past the journal that nothing here uses: better loud than unseen. */
int fallocate(int fd, int mode, off_t offset, off_t length) {
    (void)fd, (void)mode, (void)offset, (void)length;
    abort();
}
int posix_fallocate(int fd, off_t offset, off_t length) {
    (void)fd, (void)offset, (void)length;
    abort();
}
int fallocate64(int fd, int mode, off_t offset, off_t length) { return fallocate(fd, mode, offset, length); }
int posix_fallocate64(int fd, off_t offset, off_t length) { return posix_fallocate(fd, offset, length); }

#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list rest; \
        va_start(rest, flags); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
    }

int open(const char *path, int flags, ...) {
    MODE(flags)
    int fd = real_open(path, flags, mode);
    opened(fd, path);
    return fd;
}

int open64(const char *path, int flags, ...) {
    MODE(flags)
    return open(path, flags | O_LARGEFILE, mode);
}

int openat(int at, const char *path, int flags, ...) {
    MODE(flags)
    int fd = real_openat(at, path, flags, mode);
    if (at == AT_FDCWD || path[0] == '/') opened(fd, path);
    return fd;
}

int openat64(int at, const char *path, int flags, ...) {
    MODE(flags)
    return openat(at, path, flags | O_LARGEFILE, mode);
}

int close(int fd) {
    if (fd >= 0 && fd < FDS) file_of[fd] = 0;
    return real_close(fd);
}
