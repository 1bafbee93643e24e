/* When a search through lists may stop; moodrec/index/stopping.py says why.
 *
 * A list is worth a visit while the rows expected in it that score higher than the last hit are above some bar. The bar is as
 * high as can be without the lists below it holding too large a share of all such rows. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "kernel.h"
#include "tail.h"

#define FIRST_SPREADS 2.0f
enum { BINS = 160, BIN_SHIFT = 21, LEAST_BITS = (127 - 26) << 23 }; /* bins of a quarter of an octave, from 2^-26 on */

/* How much farther rows scatter along a query than on average. products is (dim,), to work in. */
float stretch_of(const Lists *lists, const float *vector, float *products) {
    float sum = 0;
    loops->dots_floats(lists->shape, lists->dim, vector, lists->dim, products);
    for (int64_t i = 0; i < lists->dim; i++) sum += vector[i] * products[i];
    return sqrtf(sum > 0 ? sum : 0);
}

/* (nlist,) how many rows of each list may pass, as far as that is known. */
void likely_rows(const Lists *lists, const Plan *plan, float *rows) {
    memcpy(rows, lists->weights, (size_t)lists->nlist * sizeof(float));
    for (int64_t i = 0; i < plan->n_shares; i++) loops->narrow(plan->shares + i, lists->nlist, lists->weights, rows);
}

/* The share of the expected rows that may stay behind when the last hit has such a rank among all rows. Tails are known better
 * at some depths than at others, and the rows expected above the last hit tell its depth as well.
 *
 * Where nothing is known of where rows pass, and far more rows are expected than the filter accounts for, the filter opposes the
 * query, and the hits are the last rows of that depth. So they are where a mood is to be near, too. */
static float left_at(const Outlook *outlook, float score, float rank, float expected) {
    const Lists *lists = outlook->lists;
    int64_t last = lists->levels - 1, level = 0, deeper = 0;
    if (outlook->informed) expected = loops->expect_of_all(outlook, score);
    if (rank < FLT_MAX) level = (int64_t)ceilf(log2f(rank > 10 ? rank / 10 : 1));
    if (level > last) level = last;
    while (deeper < last && lists->ranks[deeper] < expected) deeper++;
    if (lists->ranks[deeper] < expected) return 0; /* deeper than anyone has measured */
    if (outlook->informed) return lists->left_where_known[deeper > level ? deeper : level];
    return rank == FLT_MAX || deeper > level + 1 ? lists->left_at_edge[deeper] : lists->left[deeper > level ? deeper : level];
}

/* Leave out the lists that are too far to hold a row above a score, which only rises. */
void leave_out(Outlook *outlook, float score) {
    int64_t n = 0;
    uint8_t keep[AT_ONCE];
    for (int64_t start = 0; start < outlook->n; start += AT_ONCE) {
        const int64_t some = outlook->n - start < AT_ONCE ? outlook->n - start : AT_ONCE;
        if (!loops->any_near_enough(outlook, start, some, score, keep)) continue;
        for (int64_t l = start; l < start + some; l++) {
            if (!keep[l - start]) continue;
            outlook->names[n] = outlook->names[l];
            outlook->near[n] = outlook->near[l];
            outlook->likely[n] = outlook->likely[l];
            outlook->own_weights[n] = outlook->weights[l];
            outlook->own_spread[n++] = outlook->spread[l];
        }
    }
    outlook->n = n;
    outlook->weights = outlook->own_weights;
    outlook->spread = outlook->own_spread;
}

/* A bar for the time when there is no score to beat yet. */
float first_bar(const Outlook *outlook) {
    float total = 0;
    for (int64_t l = 0; l < outlook->n; l++) total += outlook->likely[l];
    return total / (float)outlook->n * tail(FIRST_SPREADS);
}

/* The bar, given the score to beat and the rank that it has among the rows that may pass. */
float bar_of(const Outlook *outlook, float score, float rank) {
    float bins[BINS] = {0}, *rows = outlook->expected, missed = 0;
    float all = loops->expect(outlook, score, rows);
    float may_miss = all * fminf(left_at(outlook, score, rank, all), 1);
    for (int64_t l = 0; l < outlook->n; l++) {
        int32_t bin = (bits_of(rows[l]) - LEAST_BITS) >> BIN_SHIFT;
        if (bin < 0) continue; /* most lists, most of the time, and nothing in them */
        bins[bin < BINS ? bin : BINS - 1] += rows[l];
    }
    int32_t bin = 0;
    while (bin < BINS - 1 && missed + bins[bin] <= may_miss) missed += bins[bin++];
    return of_bits(LEAST_BITS + (bin << BIN_SHIFT));
}

