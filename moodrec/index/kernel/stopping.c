/* When a search through posting lists may stop; backends/ivf/stop_rule.py says why.
 *
 * A list is worth a probe while the rows expected in it that score higher than the last hit are above a threshold. The threshold is
 * as high as can be without the lists below it holding too large a share of all such rows. */
#include "stopping.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "tail.h"

#define FIRST_SPREADS 2.0f
enum { BINS = 160, BIN_SHIFT = 21, LEAST_BITS = (127 - 26) << 23 }; /* bins of a quarter of an octave, from 2^-26 on */

/* How much wider scores spread along a query than on average. products is (dim,), to work in. */
static float stretch_of(const Lists *lists, const float *vector, float *products) {
    float sum = 0;
    loops->dots_floats(lists->shape, lists->dim, vector, lists->dim, products);
    for (int64_t i = 0; i < lists->dim; i++) sum += vector[i] * products[i];
    return sqrtf(sum > 0 ? sum : 0);
}

/* Begin with all lists, given their centroids' products. How many rows of each may pass is known as far as the plan says; ranges may
 * go together, so the narrowest one counts, not the product of all. */
void estimate_all(Estimates *estimates, const Plan *plan, const float *vector) {
    const Lists *lists = estimates->lists;
    memcpy(estimates->passing, lists->weights, (size_t)lists->nlist * sizeof(float));
    for (int64_t i = 0; i < plan->n_shares; i++) loops->narrow(plan->shares + i, lists->nlist, lists->weights, estimates->passing);
    estimates->shares_known = plan->n_shares > 0;
    estimates->stretch = stretch_of(lists, vector, estimates->scratch);
    estimates->n = lists->nlist;
    for (int64_t l = 0; l < estimates->n; l++) estimates->numbers[l] = (int32_t)l;
    estimates->sizes = lists->weights;
    estimates->spread = lists->spread;
}

/* The share of the expected rows that may be missed when the last hit has such a rank among all rows. Tails are known better
 * at some depths than at others, and the rows expected above the last hit tell its depth as well.
 *
 * Where nothing is known of which lists hold what passes, and far more rows are expected than the filter accounts for, the filter
 * opposes the query, and the hits are the last rows of that depth. So they are where a mood is to be near, too. */
static float missable_at(const Estimates *estimates, float score, float rank, float expected) {
    const Lists *lists = estimates->lists;
    int64_t last = lists->levels - 1, level = 0, deeper = 0;
    if (estimates->shares_known) expected = loops->expect_of_all(estimates, score);
    if (rank < FLT_MAX) level = (int64_t)ceilf(log2f(rank > 10 ? rank / 10 : 1));
    if (level > last) level = last;
    while (deeper < last && lists->ranks[deeper] < expected) deeper++;
    if (lists->ranks[deeper] < expected) return 0; /* deeper than anyone has measured */
    if (estimates->shares_known) return lists->left_where_known[deeper > level ? deeper : level];
    return rank == FLT_MAX || deeper > level + 1 ? lists->left_at_edge[deeper] : lists->left[deeper > level ? deeper : level];
}

/* Drop the lists that are too far away to hold a row above a score, which only rises: later estimates then cost less. */
void drop_far_lists(Estimates *estimates, float score) {
    int64_t n = 0;
    uint8_t keep[AT_ONCE];
    for (int64_t start = 0; start < estimates->n; start += AT_ONCE) {
        const int64_t some = estimates->n - start < AT_ONCE ? estimates->n - start : AT_ONCE;
        if (!loops->any_near_enough(estimates, start, some, score, keep)) continue;
        for (int64_t l = start; l < start + some; l++) {
            if (!keep[l - start]) continue;
            estimates->numbers[n] = estimates->numbers[l];
            estimates->products[n] = estimates->products[l];
            estimates->passing[n] = estimates->passing[l];
            estimates->kept_sizes[n] = estimates->sizes[l];
            estimates->kept_spread[n++] = estimates->spread[l];
        }
    }
    estimates->n = n;
    estimates->sizes = estimates->kept_sizes;
    estimates->spread = estimates->kept_spread;
}

/* The threshold while there is no score to beat yet. */
float first_threshold(const Estimates *estimates) {
    float total = 0;
    for (int64_t l = 0; l < estimates->n; l++) total += estimates->passing[l];
    return total / (float)estimates->n * tail(FIRST_SPREADS);
}

/* The threshold, given the score to beat and the rank that it has among the rows that may pass. Lists are sorted into bins by the rows
 * expected in them, and bins are given up from the emptiest on, while what is in them may be missed. */
float threshold_at(const Estimates *estimates, float score, float rank) {
    float bins[BINS] = {0}, *rows = estimates->scratch, missed = 0;
    float all = loops->expect(estimates, score, rows);
    float may_miss = all * fminf(missable_at(estimates, score, rank, all), 1);
    for (int64_t l = 0; l < estimates->n; l++) {
        int32_t bin = (bits_of(rows[l]) - LEAST_BITS) >> BIN_SHIFT;
        if (bin < 0) continue; /* most lists, most of the time, and nothing in them */
        bins[bin < BINS ? bin : BINS - 1] += rows[l];
    }
    int32_t bin = 0;
    while (bin < BINS - 1 && missed + bins[bin] <= may_miss) missed += bins[bin++];
    return of_bits(LEAST_BITS + (bin << BIN_SHIFT));
}

