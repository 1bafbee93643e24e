/* What processors with AVX-512 run of the path below theirs: looking up, and multiplying without VNNI, is no faster with wider words. */
#ifndef MOODREC_PATH_AVX2_H
#define MOODREC_PATH_AVX2_H

#include "paths.h"

INTERNAL void dots_avx2(const uint8_t *const *codes, int64_t n, const int8_t *weights, int64_t dim, int32_t *sums);
INTERNAL uint32_t may_exceed_avx2(const uint8_t *block, int64_t bytes, const SketchedQuery *query, float near, float lowest, float product,
                                 float *ceilings);

#endif
