/* Which rows of a search pass its filter. */
#include "passing.h"

#include <stdlib.h>

#define SPARSE 10 /* rows are marked if at most one in so many can pass: to mark more takes longer than to test what is probed */

/* Make room for the masks, and mark the rows that can pass where they are few; returns 0 without memory. */
int begin_passing(Passing *passing, const Filter *filter, int64_t n_rows) {
    passing->filter = filter;
    passing->stack = filter_stack(filter);
    if (!passing->stack) return 0;
    find_slices(filter, &passing->ordered);
    if (passing->ordered.rows > n_rows / SPARSE) return 1;
    passing->marks = calloc((size_t)(filter->n_ordered / AT_ONCE + 1), sizeof(uint32_t));
    if (passing->marks) mark_slices(&passing->ordered, passing->marks);
    return passing->marks != 0;
}

void end_passing(Passing *passing) {
    free(passing->stack);
    free(passing->marks);
}
