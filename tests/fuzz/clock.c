/* Clocks that stand still until a test moves them: $CLOCK_FILE begins with two 64-bit integers, the wall clock and the
   monotonic one, in us. The server sets its timers to the us, and so that no two are due in the same one. For all that
   are due in a ms to go off in it, who sets one sees that ms begin, and who looks for those that are due sees it end:
   the module reads the wall clock before it sets one, and the server the monotonic one before it looks. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *shown;
static __thread int begins;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("CLOCK_FILE");
    int file = path ? open(path, O_RDONLY) : -1;
    void *mapped = mmap(NULL, 2 * sizeof *shown, PROT_READ, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) abort();
    shown = mapped;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int is_wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
    if (!shown || (!is_wall && clock != CLOCK_MONOTONIC)) return (int)syscall(SYS_clock_gettime, clock, now);
    int64_t us = shown[is_wall ? 0 : 1];
    begins = is_wall;
    now->tv_sec = us / 1000000;
    now->tv_nsec = us % 1000000 * 1000;
    return 0;
}

int gettimeofday(struct timeval *now, void *zone) {
    (void)zone;
    if (!shown) return (int)syscall(SYS_gettimeofday, now, zone);
    int64_t ms = shown[0] / 1000;
    now->tv_sec = ms / 1000;
    now->tv_usec = ms % 1000 * 1000 + (begins ? 0 : 999);
    return 0;
}

time_t time(time_t *seconds) {
    struct timeval exact;
    if (gettimeofday(&exact, NULL)) return -1;
    if (seconds) *seconds = exact.tv_sec;
    return exact.tv_sec;
}
