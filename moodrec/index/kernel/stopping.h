/* What the posting lists that are not probed yet are expected to hold. */
#ifndef MOODREC_STOPPING_H
#define MOODREC_STOPPING_H

#include "paths.h"

INTERNAL void estimate_all(Estimates *estimates, const Plan *plan, const float *vector);
INTERNAL void drop_far_lists(Estimates *estimates, float score);
INTERNAL float first_threshold(const Estimates *estimates);
INTERNAL float threshold_at(const Estimates *estimates, float score, float rank);

#endif
