/* Loops for any processor, in plain C. Sketches are left alone: to look up 32 rows one by one takes longer than their scores. */
#define LOOP static
#include "loops.h"

static int always(void) { return 1; }

const Loops portable_loops = {.path = "portable", .runs_here = always, .dots_bytes = dots_any, SHARED_LOOPS};
