/* Rows that may be among the hits: they wait until there are enough to be scored together, from their codes, and the best of them
 * are refined, that is scored exactly, at the end. */
#ifndef MOODREC_CANDIDATES_H
#define MOODREC_CANDIDATES_H

#include "heaps.h"
#include "kernel.h"

enum { PENDING = 32 }; /* rows that wait to be scored: by then what was prefetched of them has come */

typedef struct {
    const Lists *lists;
    const Rows *rows;
    const Query *query;
    Best best;              /* candidates, by approximate score */
    Best leading;           /* the first of them: a list must be able to beat the last of these */
    float similarity, mood; /* weights of the two parts of a score */
    int8_t *weights;        /* (2, dim) for BYTES: the product with a row is base + scale * sum(code * weight); to work in */
    float base, scale;
    float product_error;    /* by which such a product may be off */
    float dropped;          /* no row that was dropped for want of room has a higher approximate score */
    float observed_error;   /* root mean square of what approximate scores were off by */
    int64_t n_pending;
    const uint8_t *codes[PENDING];
    int64_t pending[PENDING];
    float ceilings[PENDING]; /* products that the rows hardly exceed */
} Candidates;

INTERNAL void begin_candidates(Candidates *candidates, float *scratch);
INTERNAL void centroid_products(const Candidates *candidates, float *products);
INTERNAL void score_pending(Candidates *candidates);
INTERNAL void refine(Candidates *candidates, int64_t depth, int64_t wanted);

/* A row that passes; its code is bytes long, and its product hardly exceeds a ceiling. */
static inline void add_pending(Candidates *candidates, const uint8_t *code, int64_t row, int64_t bytes, float ceiling) {
    for (int64_t at = 0; at < bytes; at += 64) PREFETCH(code + at);
    candidates->codes[candidates->n_pending] = code;
    candidates->ceilings[candidates->n_pending] = ceiling;
    candidates->pending[candidates->n_pending++] = row;
    if (candidates->n_pending == PENDING) score_pending(candidates);
}

/* Whether no row that scores as much as a bound can be among the first. */
static inline int is_beaten(const Candidates *candidates, float bound) {
    return is_full(&candidates->leading) && bound <= lowest_of(&candidates->leading);
}

#endif
