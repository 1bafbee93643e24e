/* Through the posting lists, the most promising one first. */
#ifndef MOODREC_PROBING_H
#define MOODREC_PROBING_H

#include "posting_list.h"

typedef struct {
    Probe probe;
    const Plan *plan;
    Estimates estimates;
    Bounded *places;      /* (nlist,) lists of the estimates that are left: a heap of those not beaten, then the others */
    int64_t n_left, n_heap;
    float *bounds;        /* (nlist,) products that rows of the lists of the estimates are not expected to exceed */
    uint8_t *probed;      /* (nlist,) by list */
    float threshold;      /* rows expected above the score to beat that make a list worth a probe */
    float ordered_by;     /* the threshold by which the bounds were found */
    float estimated_at;   /* the score to beat when the threshold was found */
    float likely;         /* rows that were likely to pass in the lists probed */
    int narrowed;         /* whether lists have been dropped */
    int64_t n_probed, next_estimate;
} Probing;

INTERNAL int probe_lists(Probing *probing);

#endif
