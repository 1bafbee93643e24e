/* One search, and the parts that it is made of. */
#ifndef MOODREC_SEARCH_H
#define MOODREC_SEARCH_H

#include <string.h>

#include "heaps.h"
#include "kernel.h"

enum { PENDING = 32 };

typedef struct {
    const Lists *lists;
    const Rows *rows;
    const Query *query;
    const Filter *filter;
    const Plan *plan;
    Found *out;
    Best best;               /* candidates, by approximate score */
    Best leading;            /* the first of them; a list must be able to beat the last */
    float similarity, mood;  /* weights of the two parts of a score */
    int8_t *weights;         /* (dim,) for BYTES: the product with a row is base + scale * sum(code * weight); (dim,) to work in */
    float base, scale;
    float product_error;     /* by which such a product may be off */
    float dropped;           /* no row that was dropped for want of room has a higher approximate score */
    float observed_error;    /* root mean square of what approximate scores were off by */
    Place *places;           /* (nlist,) the lists of the outlook that are left: a heap of those not beaten, then the others */
    int64_t n_left, n_heap;
    Outlook outlook;
    float *bounds;           /* (nlist,) scores, by sound alone, that lists of the outlook are not expected to go beyond */
    uint8_t *visited;        /* (nlist,) by name */
    float bar, ordered_by;   /* by which the search may stop, and by which the bounds were found */
    float looked_at;         /* the score to beat when the bar was found */
    float foreseen;          /* rows that were likely to pass in the lists visited */
    int narrowed;            /* whether lists have been left out */
    int64_t n_visited, next_look, passed;
    int64_t n_pending;
    const uint8_t *codes[PENDING];
    int64_t pending[PENDING];
    float ceilings[PENDING]; /* products that the rows hardly go beyond */
    Sketched sketched;       /* the query; no tables: there are no sketches */
    Ordered ordered;
    uint32_t *marks;         /* a bit for each row that is in the orders: whether it can pass; none, if there are too many */
    uint8_t *stack;
} Search;

/* scoring.c */
INTERNAL void weigh_rows(Search *search);
INTERNAL float error_of_products(const Search *search);
INTERNAL void near_centroids(Search *search);
INTERNAL void score_pending(Search *search);
INTERNAL void score_exactly(Search *search);

/* rows.c */
INTERNAL void visit_list(Search *search, int64_t place);

/* lists.c */
INTERNAL void visit_lists(Search *search);

/* few.c */
INTERNAL int has_codes_in_order(const Search *search);
INTERNAL int visit_few(Search *search);

/* How many rows the caller has room for. */
static inline int64_t room(const Plan *plan) { return 2 * (plan->depth + plan->spare); }

static inline void add_pending(Search *search, const uint8_t *code, int64_t row, int64_t bytes, float ceiling) {
    for (int64_t at = 0; at < bytes; at += 64) PREFETCH(code + at);
    search->codes[search->n_pending] = code;
    search->ceilings[search->n_pending] = ceiling;
    search->pending[search->n_pending++] = row;
    if (search->n_pending == PENDING) score_pending(search);
}

/* 32 bytes of a mask, 0 or 1 each, as bits. */
static inline uint32_t bits_of_mask(const uint8_t *mask) {
    uint32_t bits = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (int i = 0; i < AT_ONCE; i += 8) {
        uint64_t word;
        memcpy(&word, mask + i, sizeof word);
        bits |= (uint32_t)(word * 0x0102040810204080u >> 56) << i;
    }
#else
    for (int i = 0; i < AT_ONCE; i++) bits |= (uint32_t)mask[i] << i;
#endif
    return bits;
}

/* Which of some rows from a row on pass, as bits: of n <= AT_ONCE, which lie in one block and are in the orders. */
static inline uint32_t passing_marked(const Search *search, int64_t row, int64_t n) {
    uint32_t rows = search->marks[row / AT_ONCE] >> row % AT_ONCE & ~(uint32_t)0 >> (AT_ONCE - n), passing = 0;
    if (!rows || search->ordered.exact) return rows;
    if (rows & (rows - 1) & ((rows & (rows - 1)) - 1)) { /* more than two */
        run_filter(search->filter, row, n, search->stack);
        return rows & bits_of_mask(search->stack);
    }
    for (; rows; rows &= rows - 1)
        if (passes(search->filter, row + __builtin_ctz(rows))) passing |= rows & -rows;
    return passing;
}

#endif
