/* Sketches of rows: a bit for each of their numbers, from which the products of 32 rows are estimated in the time that the codes
 * of a few take. The estimate is RaBitQ's (Gao and Long, SIGMOD 2024), and its error is known; moodrec/index/sketches.py has the
 * equations. Rows whose product hardly can reach what it must are dropped; all others are scored by their codes.
 *
 * A block has 32 rows: for every eight numbers a byte of each row, then the scale of each row, then what a product with the
 * centroid counts for, as upper halves of floats. What four bits add to a product is looked up, for 32 rows at once. Only
 * processors that look up so are served. */
#include <float.h>
#include <math.h>

#include "kernel.h"

enum { NUMBERS = 4, LARGEST = 127 };
#define ROUNDED (1 / 128.0f) /* upper halves are rounded up, by less than this */

int can_sketch(const Lists *lists) {
    return lists->n_sketched && loops->may_reach;
}

const uint8_t *sketches_at(const Lists *lists, int64_t row) {
    return lists->sketches + row / AT_ONCE * AT_ONCE * (lists->sketch_dim / 8 + 4);
}

/* The tables to look up in. rotated is (sketch_dim,), to work in. */
void sketch_query(const Lists *lists, const float *vector, float *rotated, Sketched *query) {
    float most = FLT_MIN, sum = 0;
    loops->dots_floats(lists->axes, lists->sketch_dim, vector, lists->dim, rotated);
    for (const float *q = rotated; q < rotated + lists->sketch_dim; q += NUMBERS) {
        const float reach = fabsf(q[0]) + fabsf(q[1]) + fabsf(q[2]) + fabsf(q[3]);
        most = reach > most ? reach : most;
        sum += reach;
    }
    query->step = 2 * most / LARGEST;
    query->least = -sum;
    for (int64_t i = 0; i < lists->sketch_dim; i += NUMBERS)
        for (int32_t entry = 0; entry < ENTRIES; entry++) { /* above the least: twice the numbers whose signs agree */
            float above = 0;
            for (int32_t k = 0; k < NUMBERS; k++) above += (entry >> k & 1) == (rotated[i + k] > 0) ? fabsf(rotated[i + k]) : 0;
            query->tables[i / NUMBERS * ENTRIES + entry] = (uint8_t)(2 * above / query->step + 0.5f);
        }
}

/* Which of the 32 rows that share a block with a row may have a product greater than a bar, as bits; near is their centroid's
 * product. ceilings (32,) are what the products hardly go beyond. */
uint32_t may_reach(const Lists *lists, int64_t row, const Sketched *query, float near, float bar, float *ceilings) {
    const float across = 1 - near * near; /* what is left of the query beside the centroid */
    if (near < 0) bar += ROUNDED * near;
    const float least = query->least + (float)lists->sketch_noise * sqrtf(across > 0 ? across : 0);
    return loops->may_reach(sketches_at(lists, row), lists->sketch_dim * AT_ONCE / 8, query, near, least, bar, ceilings);
}
