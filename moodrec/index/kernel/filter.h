/* Which rows pass a filter. */
#ifndef MOODREC_FILTER_H
#define MOODREC_FILTER_H

#include "kernel.h"

enum { MOST_HEIGHT = 64 }; /* masks alive at once, for `passes` and for orders.c */

INTERNAL void run_filter(const Filter *filter, int64_t start, int64_t n, uint8_t *stack);
INTERNAL int passes(const Filter *filter, int64_t row);
INTERNAL int64_t whole_at(const Step *step, int64_t row);
INTERNAL double number_at(const Step *step, int64_t row);
INTERNAL uint8_t *filter_stack(const Filter *filter);
INTERNAL double sampled_share(const Filter *filter, int64_t n, uint8_t *stack);

#endif
