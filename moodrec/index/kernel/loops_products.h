/* Inner products, compiled once for each path. */
#ifndef MOODREC_LOOPS_PRODUCTS_H
#define MOODREC_LOOPS_PRODUCTS_H

#include "paths.h"

__attribute__((unused)) LOOP void dots_any(const uint8_t *const *codes, int64_t n, const int8_t *weights, int64_t dim, int32_t *sums) {
    for (int64_t i = 0; i < n; i++) {
        const uint8_t *row = codes[i];
        int32_t sum = 0;
        for (int64_t at = 0; at < dim; at++) sum += (int32_t)row[at] * (int32_t)weights[at];
        sums[i] = sum;
    }
}

/* (n,) products of (n, dim) rows with a vector; four rows at a time, so that no sum waits for another. */
LOOP void dots_floats(const LooseFloat *rows, int64_t n, const float *vector, int64_t dim, float *products) {
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const LooseFloat *a = rows + i * dim, *b = a + dim, *c = b + dim, *d = c + dim;
        float of_a = 0, of_b = 0, of_c = 0, of_d = 0;
#pragma omp simd reduction(+ : of_a, of_b, of_c, of_d)
        for (int64_t at = 0; at < dim; at++) {
            of_a += a[at] * vector[at];
            of_b += b[at] * vector[at];
            of_c += c[at] * vector[at];
            of_d += d[at] * vector[at];
        }
        products[i] = of_a, products[i + 1] = of_b, products[i + 2] = of_c, products[i + 3] = of_d;
    }
    for (; i < n; i++) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t at = 0; at < dim; at++) sum += rows[i * dim + at] * vector[at];
        products[i] = sum;
    }
}

LOOP double dot_exact(const float *a, const float *b, int64_t dim) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < dim; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

#endif
