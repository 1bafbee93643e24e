/* Scores of rows: from their codes, some rows at a time, and exact ones of those that turn out to be the best. */
#include <float.h>
#include <math.h>

#include "search.h"

#define ERRORS 6.0f        /* standard errors that an approximate score is not off by */
#define FLOAT_ERROR 1e-5f  /* of products in single precision */
#define COMMON_CODE 74.0f  /* root mean square of a code about its middle, at most, commonly */

/* Numbers as whole weights of bytes, so that their products with codes are sums of whole numbers: for codes c, the sum of
 * number * (c - 128) is about base + scale * sum(weight * c). */
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

/* The query as weights of the rows' codes. */
void weigh_rows(Search *search) {
    const Lists *lists = search->lists;
    const float *vector = search->query->vector;
    float *steps = search->outlook.expected, middle = 0; /* not in use yet */
    for (int64_t i = 0; i < lists->dim; i++) {
        steps[i] = lists->step[i] * vector[i];
        middle += lists->middle[i] * vector[i];
    }
    weigh(steps, lists->dim, search->weights, &search->base, &search->scale);
    search->base += middle;
}

/* By how much the approximate product of a row may be off. */
float error_of_products(const Search *search) {
    const Lists *lists = search->lists;
    if (lists->kind != BYTES) return FLOAT_ERROR;
    float squares = 0, of_weights = search->scale * COMMON_CODE;
    for (int64_t i = 0; i < lists->dim; i++) {
        float of_code = lists->step[i] * search->query->vector[i];
        squares += (of_code * of_code + of_weights * of_weights) / 12;
    }
    return ERRORS * sqrtf(squares) + FLOAT_ERROR;
}

/* Products with the centroids; by bytes, where their error is small beside the lists' spreads. */
void near_centroids(Search *search) {
    const Lists *lists = search->lists;
    if (lists->coarse_step == 0) {
        loops->dots_floats(lists->centroids, lists->nlist, search->query->vector, lists->dim, search->outlook.near);
        return;
    }
    int8_t *weights = search->weights + lists->dim;
    const uint8_t *codes[PENDING];
    int32_t sums[PENDING];
    float base, scale, middle, step = (float)lists->coarse_step;
    loops->dots_floats(lists->coarse_middle, 1, search->query->vector, lists->dim, &middle);
    weigh(search->query->vector, lists->dim, weights, &base, &scale);
    for (int64_t start = 0; start < lists->nlist; start += PENDING) {
        int64_t n = lists->nlist - start < PENDING ? lists->nlist - start : PENDING;
        for (int64_t i = 0; i < n; i++) codes[i] = lists->coarse + (start + i) * lists->dim;
        loops->dots_bytes(codes, n, weights, lists->dim, sums);
        for (int64_t i = 0; i < n; i++) search->outlook.near[start + i] = middle + step * (base + scale * (float)sums[i]);
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

/* What the moods of the pending rows add to their scores. Rows that could not even sound the same and be kept are dropped;
 * so is NaN, an unknown mood. */
static void add_moods(Search *search, float *moods) {
    float bar = is_full(&search->best) ? least(&search->best) : -FLT_MAX;
    int64_t kept = 0;
    for (int64_t i = 0; i < search->n_pending; i++) {
        float mood = search->mood * affinity(search->query, search->pending[i]);
        if (!(mood + search->similarity * (search->ceilings[i] + search->product_error) > bar)) continue;
        search->codes[kept] = search->codes[i];
        search->pending[kept] = search->pending[i];
        moods[kept++] = mood;
    }
    search->n_pending = kept;
}

void score_pending(Search *search) {
    const Lists *lists = search->lists;
    float moods[PENDING] = {0}, products[PENDING];
    if (search->query->n_moods) add_moods(search, moods);
    if (lists->kind == BYTES) {
        int32_t sums[PENDING];
        loops->dots_bytes(search->codes, search->n_pending, search->weights, lists->dim, sums);
        for (int64_t i = 0; i < search->n_pending; i++) products[i] = search->base + search->scale * (float)sums[i];
    } else
        for (int64_t i = 0; i < search->n_pending; i++)
            loops->dots_floats((const float *)(const void *)search->codes[i], 1, search->query->vector, lists->dim, products + i);
    for (int64_t i = 0; i < search->n_pending; i++) {
        Hit hit = {search->similarity * products[i] + moods[i], search->pending[i]};
        if (is_full(&search->best) && hit.score < least(&search->best)) continue;
        keep(&search->best, hit);
        keep(&search->leading, hit);
    }
    search->n_pending = 0;
}

/* Candidates that codes found have approximate scores so far. Those beyond the spare ones that can hardly be among the hits are
 * dropped, unless the candidates are all rows that pass. */
void score_exactly(Search *search) {
    const Rows *rows = search->rows;
    Best *best = &search->best;
    const int64_t depth = search->plan->depth, wanted = search->out->complete ? best->size : depth + search->plan->spare;
    const float error = search->similarity * search->product_error;
    float lowest = FLT_MAX;
    double squares = 0;
    if (is_full(best)) search->dropped = least(best);
    put_in_order(best);
    for (int64_t i = 0; i < best->size; i++)
        for (int64_t at = 0; at < rows->dim && i < wanted; at += 16) PREFETCH(rows->vectors + best->hits[i].row * rows->dim + at);
    for (int64_t i = 0; i < best->size; i++) {
        Hit *hit = best->hits + i;
        if (i >= wanted && hit->score + error < lowest) best->size = i;
        if (i == best->size) break;
        const float exact = (float)exact_score(rows, search->query, hit->row);
        squares += (double)(hit->score - exact) * (hit->score - exact);
        hit->score = exact;
        if (i < depth) lowest = fminf(lowest, exact);
    }
    search->observed_error = best->size ? (float)sqrt(squares / (double)best->size) : 0;
    for (int64_t at = best->size / 2 - 1; at >= 0; at--) sink(best, best->size, at);
}
