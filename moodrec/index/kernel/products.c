/* Exact scores of rows, in double precision, so that they are the same by whatever way a row was found. */
#include "products.h"

#include <float.h>
#include <math.h>

#include "paths.h"

/* The score of a row in double precision; NaN where a mood that counts is unknown. */
double exact_score(const Rows *rows, const Query *query, int64_t row) {
    double cosine = loops->dot_exact(rows->vectors + row * rows->dim, query->vector, rows->dim), squares = 0;
    if (query->n_moods == 0) return cosine;
    for (int64_t j = 0; j < query->n_moods; j++) {
        double off = (double)query->moods[j][row] - (double)query->targets[j];
        squares += off * off;
    }
    return (1 - query->weight) * cosine + query->weight * (1 - squares / (double)query->n_moods);
}

/* (m,) exact scores of some rows. */
EXPORT void moodrec_scores(const Rows *rows, const Query *query, const int64_t *wanted, int64_t m, float *scores) {
    for (int64_t i = 0; i < m; i++) {
        if (i + 8 < m)
            for (int64_t at = 0; at < rows->dim; at += 16) PREFETCH(rows->vectors + wanted[i + 8] * rows->dim + at);
        scores[i] = (float)exact_score(rows, query, wanted[i]);
    }
}

/* Scale (n, dim) rows to unit length; returns how many could be before one whose length is 0, not finite or extreme. */
EXPORT int64_t moodrec_to_unit_length(float *rows, int64_t n, int64_t dim) {
    for (int64_t i = 0; i < n; i++, rows += dim) {
        double square = loops->dot_exact(rows, rows, dim), length = sqrt(square);
        if (!(square >= DBL_MIN && square <= DBL_MAX)) return i;
        for (int64_t at = 0; at < dim; at++) rows[at] = (float)((double)rows[at] / length);
    }
    return n;
}
