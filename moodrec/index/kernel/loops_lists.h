/* What is computed for every list, compiled once for each path. */
#ifndef MOODREC_LOOPS_LISTS_H
#define MOODREC_LOOPS_LISTS_H

#include <float.h>
#include <math.h>

#include "paths.h"
#include "tail.h"

#define TOO_FAR 8.0f /* spreads: of millions of rows, none */
#define ALL 65535.0f

LOOP int any_above(const float *numbers, int64_t n, float bound) {
    int any = 0;
    for (int64_t i = 0; i < n; i++) any |= numbers[i] > bound;
    return any;
}

/* Columns may go together, so the narrowest one counts, not the product of all. */
LOOP void narrow(const Share *share, int64_t nlist, const float *restrict sizes, float *restrict rows) {
    const uint16_t *restrict below = share->below, *restrict up_to = share->up_to;
    for (int64_t l = 0; l < nlist; l++) {
        float low = (float)below[l] + share->below_way * ((float)below[nlist + l] - (float)below[l]);
        float high = (float)up_to[l] + share->up_to_way * ((float)up_to[nlist + l] - (float)up_to[l]);
        float inside = high > low ? (high - low) / ALL : 0;
        float likely = sizes[l] * (share->outside ? 1 - inside : inside);
        rows[l] = likely < rows[l] ? likely : rows[l];
    }
}

/* How many rows of each list may score higher than a score; returns how many of all. */
LOOP float expect(const Estimates *estimates, float score, float *restrict rows) {
    const float *restrict spread = estimates->spread, *restrict products = estimates->products, *restrict passing = estimates->passing;
    float total = 0;
#pragma omp simd reduction(+ : total)
    for (int64_t l = 0; l < estimates->n; l++) {
        rows[l] = passing[l] * tail((score - products[l]) / (estimates->stretch * spread[l] + FLT_MIN));
        total += rows[l];
    }
    return total;
}

/* How many rows of all, whether they pass or not, may score higher than a score. */
LOOP float expect_of_all(const Estimates *estimates, float score) {
    const float *restrict spread = estimates->spread, *restrict products = estimates->products, *restrict sizes = estimates->sizes;
    float total = 0;
#pragma omp simd reduction(+ : total)
    for (int64_t l = 0; l < estimates->n; l++)
        total += sizes[l] * tail((score - products[l]) / (estimates->stretch * spread[l] + FLT_MIN));
    return total;
}

/* Which of some lists are near enough to hold a row above a score; returns whether any is. */
LOOP int any_near_enough(const Estimates *estimates, int64_t start, int64_t n, float score, uint8_t *restrict keep) {
    const float *restrict spread = estimates->spread + start, *restrict products = estimates->products + start;
    const float farthest = TOO_FAR * estimates->stretch;
    uint8_t any = 0;
    for (int64_t i = 0; i < n; i++) keep[i] = products[i] + farthest * spread[i] > score;
    for (int64_t i = 0; i < n; i++) any |= keep[i];
    return any;
}

/* For each list, the score that the last hit must reach for the rows expected above it to be below the threshold. */
LOOP void bounds_of(const Estimates *estimates, float threshold, float *restrict bounds) {
    const float stretch = estimates->stretch;
    const float *restrict spread = estimates->spread, *restrict products = estimates->products, *restrict passing = estimates->passing;
#pragma omp simd
    for (int64_t l = 0; l < estimates->n; l++) {
        float share = threshold / (passing[l] + FLT_MIN), bound = products[l] + spreads_to(share) * stretch * spread[l];
        bounds[l] = share < 1 ? bound : NEVER;
    }
}

#endif
