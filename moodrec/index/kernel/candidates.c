/* Scores of candidates: approximate ones from their codes, some rows at a time, and exact ones of those that turn out best. */
#include "candidates.h"

#include <float.h>
#include <math.h>

#include "paths.h"
#include "products.h"

#define ERRORS 6.0f       /* standard errors that an approximate score is not off by */
#define FLOAT_ERROR 1e-5f /* of products in single precision */
#define COMMON_CODE 74.0f /* root mean square of a code about its middle, at most, commonly */

/* Numbers as whole weights of bytes, so that their products with codes are sums of whole numbers, which processors add up several
 * at a time and in any order: for codes c, the sum of number * (c - 128) is about base + scale * sum(weight * c). */
static void weigh(const float *numbers, int64_t n, int8_t *weights, float *base, float *scale) {
    float largest = FLT_MIN;
    int32_t sum = 0;
    for (int64_t i = 0; i < n; i++) largest = fmaxf(largest, fabsf(numbers[i]));
    *scale = largest / 127;
    for (int64_t i = 0; i < n; i++) {
        weights[i] = (int8_t)lrintf(numbers[i] / *scale);
        sum += weights[i];
    }
    *base = -*scale * 128 * (float)sum;
}

/* The query as weights of the rows' codes; scratch is (dim,). */
static void weigh_query(Candidates *candidates, float *scratch) {
    const Lists *lists = candidates->lists;
    const float *vector = candidates->query->vector;
    float *steps = scratch, middle = 0;
    for (int64_t i = 0; i < lists->dim; i++) {
        steps[i] = lists->step[i] * vector[i];
        middle += lists->middle[i] * vector[i];
    }
    weigh(steps, lists->dim, candidates->weights, &candidates->base, &candidates->scale);
    candidates->base += middle;
}

/* By how much the approximate product of a row may be off: codes and weights are each rounded, to a uniform error. */
static float error_of_products(const Candidates *candidates) {
    const Lists *lists = candidates->lists;
    if (lists->kind != BYTES) return FLOAT_ERROR;
    float squares = 0, of_weights = candidates->scale * COMMON_CODE;
    for (int64_t i = 0; i < lists->dim; i++) {
        float of_code = lists->step[i] * candidates->query->vector[i];
        squares += (of_code * of_code + of_weights * of_weights) / 12;
    }
    return ERRORS * sqrtf(squares) + FLOAT_ERROR;
}

/* No candidates yet. scratch is (dim,), to work in. */
void begin_candidates(Candidates *candidates, float *scratch) {
    candidates->n_pending = candidates->best.size = candidates->leading.size = 0;
    candidates->dropped = -FLT_MAX;
    if (candidates->lists->kind == BYTES) weigh_query(candidates, scratch);
    candidates->product_error = error_of_products(candidates);
}

/* (nlist,) products of the query with the centroids; by bytes, where their error is small beside the lists' spreads. */
void centroid_products(const Candidates *candidates, float *products) {
    const Lists *lists = candidates->lists;
    const float *vector = candidates->query->vector;
    if (lists->coarse_step == 0) {
        loops->dots_floats(lists->centroids, lists->nlist, vector, lists->dim, products);
        return;
    }
    int8_t *weights = candidates->weights + lists->dim;
    const uint8_t *codes[PENDING];
    int32_t sums[PENDING];
    float base, scale, middle, step = (float)lists->coarse_step;
    loops->dots_floats(lists->coarse_middle, 1, vector, lists->dim, &middle);
    weigh(vector, lists->dim, weights, &base, &scale);
    for (int64_t start = 0; start < lists->nlist; start += PENDING) {
        int64_t n = lists->nlist - start < PENDING ? lists->nlist - start : PENDING;
        for (int64_t i = 0; i < n; i++) codes[i] = lists->coarse + (start + i) * lists->dim;
        loops->dots_bytes(codes, n, weights, lists->dim, sums);
        for (int64_t i = 0; i < n; i++) products[start + i] = middle + step * (base + scale * (float)sums[i]);
    }
}

static float affinity(const Query *query, int64_t row) {
    float squares = 0;
    for (int64_t j = 0; j < query->n_moods; j++) {
        float off = query->moods[j][row] - query->targets[j];
        squares += off * off;
    }
    return 1 - squares / (float)query->n_moods;
}

/* What the moods of the pending rows add to their scores. Rows that could not be kept even with the highest product that they may
 * have are dropped; so is NaN, an unknown mood. */
static void add_moods(Candidates *candidates, float *moods) {
    float lowest = is_full(&candidates->best) ? lowest_of(&candidates->best) : -FLT_MAX;
    int64_t kept = 0;
    for (int64_t i = 0; i < candidates->n_pending; i++) {
        float mood = candidates->mood * affinity(candidates->query, candidates->pending[i]);
        if (!(mood + candidates->similarity * (candidates->ceilings[i] + candidates->product_error) > lowest)) continue;
        candidates->codes[kept] = candidates->codes[i];
        candidates->pending[kept] = candidates->pending[i];
        moods[kept++] = mood;
    }
    candidates->n_pending = kept;
}

/* Score the rows that wait, and keep those that are among the best so far. */
void score_pending(Candidates *candidates) {
    const Lists *lists = candidates->lists;
    float moods[PENDING] = {0}, products[PENDING];
    if (candidates->query->n_moods) add_moods(candidates, moods);
    if (lists->kind == BYTES) {
        int32_t sums[PENDING];
        loops->dots_bytes(candidates->codes, candidates->n_pending, candidates->weights, lists->dim, sums);
        for (int64_t i = 0; i < candidates->n_pending; i++) products[i] = candidates->base + candidates->scale * (float)sums[i];
    } else
        for (int64_t i = 0; i < candidates->n_pending; i++)
            loops->dots_floats((const LooseFloat *)(const void *)candidates->codes[i], 1, candidates->query->vector, lists->dim, products + i);
    for (int64_t i = 0; i < candidates->n_pending; i++) {
        Hit hit = {candidates->similarity * products[i] + moods[i], candidates->pending[i]};
        if (is_full(&candidates->best) && hit.score < lowest_of(&candidates->best)) continue;
        keep(&candidates->best, hit);
        keep(&candidates->leading, hit);
    }
    candidates->n_pending = 0;
}

/* Give candidates their exact scores: the first `wanted` by approximate score, and those behind them that the error of a code could
 * have put there. The others are dropped. */
void refine(Candidates *candidates, int64_t depth, int64_t wanted) {
    const Rows *rows = candidates->rows;
    Best *best = &candidates->best;
    const float error = candidates->similarity * candidates->product_error;
    float lowest = FLT_MAX;
    double squares = 0;
    if (is_full(best)) candidates->dropped = lowest_of(best);
    put_in_order(best);
    for (int64_t i = 0; i < best->size; i++)
        for (int64_t at = 0; at < rows->dim && i < wanted; at += 16) PREFETCH(rows->vectors + best->hits[i].row * rows->dim + at);
    for (int64_t i = 0; i < best->size; i++) {
        Hit *hit = best->hits + i;
        if (i >= wanted && hit->score + error < lowest) best->size = i;
        if (i == best->size) break;
        const float exact = (float)exact_score(rows, candidates->query, hit->row);
        squares += (double)(hit->score - exact) * (hit->score - exact);
        hit->score = exact;
        if (i < depth) lowest = fminf(lowest, exact);
    }
    candidates->observed_error = best->size ? (float)sqrt(squares / (double)best->size) : 0;
    for (int64_t at = best->size / 2 - 1; at >= 0; at--) sink(best, best->size, at);
}
