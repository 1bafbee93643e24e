/* Which rows of a block may have a product worth scoring, from a bit for each of their numbers. */
#ifndef MOODREC_SKETCHES_H
#define MOODREC_SKETCHES_H

#include "paths.h"

INTERNAL int can_sketch(const Lists *lists);
INTERNAL const uint8_t *sketches_at(const Lists *lists, int64_t row);
INTERNAL void sketch_query(const Lists *lists, const float *vector, float *rotated, SketchedQuery *query);
INTERNAL uint32_t may_exceed(const Lists *lists, int64_t row, const SketchedQuery *query, float near, float product, float *ceilings);

#endif
