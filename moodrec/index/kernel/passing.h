/* Which rows of a search pass its filter: by bits that the orders of columns have marked, or else by running the filter. */
#ifndef MOODREC_PASSING_H
#define MOODREC_PASSING_H

#include <string.h>

#include "filter.h"
#include "orders.h"

typedef struct {
    const Filter *filter;
    Ordered ordered;
    uint32_t *marks; /* a bit for each row that is in the orders: whether it can pass; none, if too many can */
    uint8_t *stack;  /* the filter's masks */
    int64_t passed;  /* rows found to pass so far */
} Passing;

INTERNAL int begin_passing(Passing *passing, const Filter *filter, int64_t n_rows);
INTERNAL void end_passing(Passing *passing);

/* 32 bytes of a mask, 0 or 1 each, as bits. */
static inline uint32_t bits_of_mask(const uint8_t *mask) {
    uint32_t bits = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (int i = 0; i < AT_ONCE; i += 8) {
        uint64_t word;
        memcpy(&word, mask + i, sizeof word);
        bits |= (uint32_t)(word * 0x0102040810204080u >> 56) << i; /* the product moves each byte's bit into the highest byte */
    }
#else
    for (int i = 0; i < AT_ONCE; i++) bits |= (uint32_t)mask[i] << i;
#endif
    return bits;
}

/* Which of some rows from a row on pass, as bits: of n <= AT_ONCE, which lie in one block and are in the orders. */
static inline uint32_t passing_marked(const Passing *passing, int64_t row, int64_t n) {
    uint32_t rows = passing->marks[row / AT_ONCE] >> row % AT_ONCE & ~(uint32_t)0 >> (AT_ONCE - n), found = 0;
    if (!rows || passing->ordered.exact) return rows;
    if (rows & (rows - 1) & ((rows & (rows - 1)) - 1)) { /* of more than two, all are tested at once */
        run_filter(passing->filter, row, n, passing->stack);
        return rows & bits_of_mask(passing->stack);
    }
    for (; rows; rows &= rows - 1)
        if (passes(passing->filter, row + __builtin_ctz(rows))) found |= rows & -rows;
    return found;
}

#endif
