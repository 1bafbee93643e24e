/* Sketches of rows: a bit for each of their numbers, from which the products of 32 rows are estimated in the time that the codes of
 * a few take. The estimate is RaBitQ's (Gao and Long, SIGMOD 2024), and its error is known; backends/ivf/sketches.py has the
 * equations. Rows whose product can hardly be high enough are dropped; all others are scored by their codes.
 *
 * A block has 32 rows: for every eight numbers a byte of each row, then the scale of each row, then what a product with the
 * centroid counts for, as upper halves of floats. What four bits add to a product is looked up, for 32 rows at once; paths whose
 * processors cannot do that do without. */
#include "sketches.h"

#include <float.h>
#include <math.h>

enum { NUMBERS = 4, LARGEST = 127 }; /* two entries of a table add up within a byte */
#define ROUNDED (1 / 128.0f)         /* upper halves are rounded up, by less than this */

int can_sketch(const Lists *lists) { return lists->n_sketched && loops->may_exceed; }

const uint8_t *sketches_at(const Lists *lists, int64_t row) {
    return lists->sketches + row / AT_ONCE * AT_ONCE * (lists->sketch_dim / 8 + 4);
}

/* The query's tables. rotated is (sketch_dim,), to work in. */
void sketch_query(const Lists *lists, const float *vector, float *rotated, SketchedQuery *query) {
    float most = FLT_MIN, sum = 0;
    loops->dots_floats(lists->axes, lists->sketch_dim, vector, lists->dim, rotated);
    for (const float *q = rotated; q < rotated + lists->sketch_dim; q += NUMBERS) {
        const float reach = fabsf(q[0]) + fabsf(q[1]) + fabsf(q[2]) + fabsf(q[3]);
        most = reach > most ? reach : most;
        sum += reach;
    }
    query->step = 2 * most / LARGEST;
    query->lowest = -sum;
    for (int64_t i = 0; i < lists->sketch_dim; i += NUMBERS)
        for (int32_t entry = 0; entry < ENTRIES; entry++) { /* above the lowest: twice the numbers whose signs agree */
            float above = 0;
            for (int32_t k = 0; k < NUMBERS; k++) above += (entry >> k & 1) == (rotated[i + k] > 0) ? fabsf(rotated[i + k]) : 0;
            query->tables[i / NUMBERS * ENTRIES + entry] = (uint8_t)(2 * above / query->step + 0.5f);
        }
}

/* Which of the 32 rows that share a block with a row may have a product that exceeds one, as bits; near is their centroid's product.
 * ceilings (32,) are what the products hardly exceed. */
uint32_t may_exceed(const Lists *lists, int64_t row, const SketchedQuery *query, float near, float product, float *ceilings) {
    const float across = 1 - near * near; /* what is left of the query beside the centroid */
    if (near < 0) product += ROUNDED * near; /* where rounding up made the centroid's part smaller */
    const float lowest = query->lowest + (float)lists->sketch_noise * sqrtf(across > 0 ? across : 0);
    return loops->may_exceed(sketches_at(lists, row), lists->sketch_dim * AT_ONCE / 8, query, near, lowest, product, ceilings);
}
