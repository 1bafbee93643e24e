/* Which rows can pass a filter at most, from columns whose rows are known in the order of their values. */
#ifndef MOODREC_ORDERS_H
#define MOODREC_ORDERS_H

#include "kernel.h"

enum { MOST_SLICES = 64 };

typedef struct {
    const int32_t *rows; /* (n,) */
    int64_t n;
} Slice;

typedef struct {
    Slice slices[MOST_SLICES];
    int64_t n_slices, rows;
    int exact; /* whether they hold no other rows than those that pass */
} Ordered;

INTERNAL void find_slices(const Filter *filter, Ordered *ordered);
INTERNAL void mark_slices(const Ordered *ordered, uint32_t *marks);

#endif
