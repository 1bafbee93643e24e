/* Which path runs: the best one that the processor has, unless another is asked for. */
#include "paths.h"

#include <string.h>

/* Of this architecture, the best one last. */
extern INTERNAL const Loops portable_loops;
#if defined(__x86_64__)
extern INTERNAL const Loops avx2_loops, avx512_loops, vnni_loops;
static const Loops *const built[] = {&portable_loops, &avx2_loops, &avx512_loops, &vnni_loops};
#elif defined(__aarch64__)
extern INTERNAL const Loops neon_loops, dotprod_loops;
static const Loops *const built[] = {&portable_loops, &neon_loops, &dotprod_loops};
#else
static const Loops *const built[] = {&portable_loops};
#endif
enum { BUILT = sizeof built / sizeof *built };

const Loops *loops = &portable_loops;

/* The name of a path that this processor can run, the plainest one first; none beyond the last. */
EXPORT const char *moodrec_path_at(int64_t wanted) {
    for (int64_t i = 0; i < BUILT; i++)
        if (built[i]->runs_here() && wanted-- == 0) return built[i]->path;
    return 0;
}

/* The name of the path that runs. */
EXPORT const char *moodrec_path(void) { return loops->path; }

/* Let a path run; returns 0, or -1 and changes nothing where the processor, or this build, does not have it. No search may be at
 * work meanwhile. */
EXPORT int64_t moodrec_choose_path(const char *name) {
    for (int64_t i = 0; i < BUILT; i++)
        if (strcmp(built[i]->path, name) == 0 && built[i]->runs_here()) {
            loops = built[i];
            return 0;
        }
    return -1;
}
