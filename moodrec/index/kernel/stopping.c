/* When a search through lists may stop; moodrec/index/stopping.py says why.
 *
 * A list is worth a visit while the rows expected in it that score higher than the last hit are above some bar. The bar is as
 * high as can be without the lists below it holding too large a share of all such rows. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "kernel.h"

#define FIRST_SPREADS 2.0f
#define TOO_FAR 8.0f /* spreads: of millions of rows, none */
#define LOG2_E 1.442695f
#define TAIL_A 0.717f
#define TAIL_B 0.416f
#define ALL 65535.0f
enum { BINS = 160, BIN_SHIFT = 21, LEAST_BITS = (127 - 26) << 23 }; /* bins of a quarter of an octave, from 2^-26 on */

static inline float of_bits(int32_t bits) {
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static inline int32_t bits_of(float number) {
    int32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

/* About 1 minus the normal distribution's share below t, to .02, by an exponential fit; no call, so that loops over it are fast. */
static inline float tail(float t) {
    float at = fabsf(t);
    float power = -(TAIL_A + TAIL_B * at) * at * LOG2_E;
    power = power > -120 ? power : -120;
    float beyond = 0.5f * of_bits((int32_t)((power + 126.94f) * (1 << 23)));
    return t < 0 ? 1 - beyond : beyond;
}

/* Where the tail has a share; the inverse of the above. */
static inline float spreads_to(float share) {
    float beyond = share < 0.5f ? share : 1 - share;
    beyond = beyond > 1e-35f ? beyond : 1e-35f;
    float power = (float)bits_of(2 * beyond) / (1 << 23) - 126.94f;
    power = power < 0 ? power / LOG2_E : 0;
    float at = (sqrtf(TAIL_A * TAIL_A - 4 * TAIL_B * power) - TAIL_A) / (2 * TAIL_B);
    return share < 0.5f ? at : -at;
}

/* How much farther rows scatter along a query than on average. products is (dim,), to work in. */
float stretch_of(const Lists *lists, const float *vector, float *products) {
    float sum = 0;
    dots_floats(lists->shape, lists->dim, vector, lists->dim, products);
    for (int64_t i = 0; i < lists->dim; i++) sum += vector[i] * products[i];
    return sqrtf(sum > 0 ? sum : 0);
}

/* Columns may go together, so the narrowest one counts, not the product of all. */
CLONES static void narrow(const Share *share, int64_t nlist, const float *restrict sizes, float *restrict rows) {
    const uint16_t *restrict below = share->below, *restrict up_to = share->up_to;
    for (int64_t l = 0; l < nlist; l++) {
        float low = (float)below[l] + share->below_way * ((float)below[nlist + l] - (float)below[l]);
        float high = (float)up_to[l] + share->up_to_way * ((float)up_to[nlist + l] - (float)up_to[l]);
        float inside = high > low ? (high - low) / ALL : 0;
        float likely = sizes[l] * (share->outside ? 1 - inside : inside);
        rows[l] = likely < rows[l] ? likely : rows[l];
    }
}

/* (nlist,) how many rows of each list may pass, as far as that is known. */
void likely_rows(const Lists *lists, const Plan *plan, float *rows) {
    memcpy(rows, lists->weights, (size_t)lists->nlist * sizeof(float));
    for (int64_t i = 0; i < plan->n_shares; i++) narrow(plan->shares + i, lists->nlist, lists->weights, rows);
}

/* How many rows of each list may score higher than a score; returns how many of all. */
CLONES static float expect(const Outlook *outlook, float score, float *restrict rows) {
    const float *restrict spread = outlook->spread, *restrict near = outlook->near, *restrict likely = outlook->likely;
    float total = 0;
#pragma omp simd reduction(+ : total)
    for (int64_t l = 0; l < outlook->n; l++) {
        rows[l] = likely[l] * tail((score - near[l]) / (outlook->stretch * spread[l] + FLT_MIN));
        total += rows[l];
    }
    return total;
}

/* How many rows of all, whether they pass or not, may score higher than a score. */
CLONES static float expect_of_all(const Outlook *outlook, float score) {
    const float *restrict spread = outlook->spread, *restrict near = outlook->near, *restrict weights = outlook->weights;
    float total = 0;
#pragma omp simd reduction(+ : total)
    for (int64_t l = 0; l < outlook->n; l++)
        total += weights[l] * tail((score - near[l]) / (outlook->stretch * spread[l] + FLT_MIN));
    return total;
}

/* The share of the expected rows that may stay behind when the last hit has such a rank among all rows. Tails are known better
 * at some depths than at others, and the rows expected above the last hit tell its depth as well.
 *
 * Where nothing is known of where rows pass, and far more rows are expected than the filter accounts for, the filter opposes the
 * query, and the hits are the last rows of that depth. So they are where a mood is to be near, too. */
static float left_at(const Outlook *outlook, float score, float rank, float expected) {
    const Lists *lists = outlook->lists;
    int64_t last = lists->levels - 1, level = 0, deeper = 0;
    if (outlook->informed) expected = expect_of_all(outlook, score);
    if (rank < FLT_MAX) level = (int64_t)ceilf(log2f(rank > 10 ? rank / 10 : 1));
    if (level > last) level = last;
    while (deeper < last && lists->ranks[deeper] < expected) deeper++;
    if (lists->ranks[deeper] < expected) return 0; /* deeper than anyone has measured */
    if (outlook->informed) return lists->left_where_known[deeper > level ? deeper : level];
    return rank == FLT_MAX || deeper > level + 1 ? lists->left_at_edge[deeper] : lists->left[deeper > level ? deeper : level];
}

/* Which of some lists are near enough to hold a row above a score; returns whether any is. */
CLONES static int any_near_enough(const Outlook *outlook, int64_t start, int64_t n, float score, uint8_t *restrict keep) {
    const float *restrict spread = outlook->spread + start, *restrict near = outlook->near + start;
    const float farthest = TOO_FAR * outlook->stretch;
    uint8_t any = 0;
    for (int64_t i = 0; i < n; i++) keep[i] = near[i] + farthest * spread[i] > score;
    for (int64_t i = 0; i < n; i++) any |= keep[i];
    return any;
}

/* Leave out the lists that are too far to hold a row above a score, which only rises. */
void leave_out(Outlook *outlook, float score) {
    int64_t n = 0;
    uint8_t keep[AT_ONCE];
    for (int64_t start = 0; start < outlook->n; start += AT_ONCE) {
        const int64_t some = outlook->n - start < AT_ONCE ? outlook->n - start : AT_ONCE;
        if (!any_near_enough(outlook, start, some, score, keep)) continue;
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
    float all = expect(outlook, score, rows);
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

/* For each list, the score that the last hit must reach for the rows expected above it to be below the bar. */
CLONES void bounds_of(const Outlook *outlook, float bar, float *restrict bounds) {
    const float stretch = outlook->stretch;
    const float *restrict spread = outlook->spread, *restrict near = outlook->near, *restrict likely = outlook->likely;
#pragma omp simd
    for (int64_t l = 0; l < outlook->n; l++) {
        float share = bar / (likely[l] + FLT_MIN), bound = near[l] + spreads_to(share) * stretch * spread[l];
        bounds[l] = share < 1 ? bound : NEVER;
    }
}
