/* A device whose syncs fail: put before a program by LD_PRELOAD.
 *
 * BROKEN_SYNC_AT=n       the n-th fsync or fdatasync of the process fails with EIO
 * BROKEN_SYNC_PERMILLE=p each fails with this probability, drawn from BROKEN_SYNC_SEED
 * BROKEN_SYNC_REPORT=f   a line in f for the first failure ("failed <monotonic seconds> <path>")
 *                        and for each sync that is tried after it ("after ..."); one with the
 *                        time of its begin for each that went well ("good ...")
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long calls, failures;
static unsigned int chance;

static long number(const char *name) {
    const char *text = getenv(name);
    return text == NULL ? 0 : atol(text);
}

static struct timespec monotonic(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now;
}

static void report(const char *word, int synced, struct timespec at) {
    char link[32], target[4096] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", synced);
    ssize_t length = readlink(link, target, sizeof target - 1);
    target[length < 0 ? 0 : length] = 0;
    const char *path = getenv("BROKEN_SYNC_REPORT");
    int file = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0)
        return;
    dprintf(file, "%s %ld.%09ld %s\n", word, (long)at.tv_sec, at.tv_nsec, target);
    close(file);
}

/* SQLite also syncs the folder of a file that it has made, and does not look at the answer
 * (os_unix.c, unixSync): what nobody can see fail is left alone here. */
static int is_file(int synced) {
    struct stat found;
    return fstat(synced, &found) == 0 && S_ISREG(found.st_mode);
}

/* Whether this call fails. Counted over all files and threads. */
static int fails(int synced) {
    if (!is_file(synced))
        return 0;
    pthread_mutex_lock(&lock);
    if (calls == 0)
        chance = (unsigned int)number("BROKEN_SYNC_SEED");
    calls++;
    int failing = calls == number("BROKEN_SYNC_AT") ||
                  rand_r(&chance) % 1000 < number("BROKEN_SYNC_PERMILLE");
    if (failures > 0)
        report("after", synced, monotonic());
    else if (failing)
        report("failed", synced, monotonic());
    failures += failing;
    pthread_mutex_unlock(&lock);
    return failing;
}

static int sync_by(const char *name, int file) {
    if (fails(file)) {
        errno = EIO;
        return -1;
    }
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    struct timespec began = monotonic();
    int answer = real(file);
    if (answer == 0)
        report("good", file, began);
    return answer;
}

int fsync(int file) { return sync_by("fsync", file); }
int fdatasync(int file) { return sync_by("fdatasync", file); }
