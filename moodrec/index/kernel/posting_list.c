/* The rows of a posting list: which of them pass, and which of those are worth a score. */
#include "posting_list.h"

#include <float.h>

#include "filter.h"
#include "sketches.h"

/* The product that a row must exceed to be among the first. */
static float lowest_product(const Candidates *candidates) {
    if (!is_full(&candidates->leading) || candidates->similarity <= 0) return -FLT_MAX;
    return (lowest_of(&candidates->leading) - candidates->mood) / candidates->similarity - (float)candidates->lists->near_error -
           candidates->product_error;
}

/* Whether some rows of a block that begins with a row are dropped by their sketches first: to score one row is as fast. */
static int worth_sketching(const Probe *probe, int64_t row, uint32_t rows) {
    return rows & (rows - 1) && probe->sketched->tables && row + AT_ONCE <= probe->candidates->lists->n_sketched;
}

/* Prefetch what will be read of some rows of a block; row is its first, and its code would be that at. */
static void prefetch_rows(const Probe *probe, const uint8_t *codes, int64_t at, int64_t row, uint32_t rows, int64_t bytes) {
    const Lists *lists = probe->candidates->lists;
    if (worth_sketching(probe, row, rows)) {
        const uint8_t *sketches = sketches_at(lists, row);
        for (int64_t byte = 0; byte < AT_ONCE * (lists->sketch_dim / 8 + 4); byte += 64) PREFETCH(sketches + byte);
    } else
        for (; rows; rows &= rows - 1)
            for (int64_t byte = 0; byte < bytes; byte += 64) PREFETCH(codes + (at + __builtin_ctz(rows)) * bytes + byte);
}

/* Some rows of a block, of one list, become candidates, but for those whose sketches say that their product is too low. */
static void add_rows(Probe *probe, float near, const uint8_t *codes, int64_t at, int64_t row, uint32_t rows, int64_t bytes) {
    Candidates *candidates = probe->candidates;
    const float product = lowest_product(candidates);
    const int sketched = product > -FLT_MAX && worth_sketching(probe, row, rows);
    float ceilings[AT_ONCE];
    if (sketched) rows &= may_exceed(candidates->lists, row, probe->sketched, near, product, ceilings);
    for (; rows; rows &= rows - 1) {
        const int i = __builtin_ctz(rows);
        add_pending(candidates, codes + (at + i) * bytes, row + i, bytes, sketched ? ceilings[i] : 1);
    }
}

/* n <= BLOCK codes of a list, whose rows follow one another from row on. Blocks of sketches begin at multiples of their size, lists
 * anywhere. The filter is run over all of them before any is scored, so that what was prefetched has time to come. */
static void probe_run(Probe *probe, float near, const uint8_t *codes, int64_t row, int64_t n, int64_t bytes) {
    Passing *passing = probe->passing;
    const Filter *filter = passing->filter;
    const int64_t before = row % AT_ONCE;
    uint32_t blocks[BLOCK / AT_ONCE + 1], *block = blocks;
    const int marked = passing->marks && row + n <= filter->n_ordered, masked = filter->n_steps && !marked;
    probe->scanned += n;
    if (masked) run_filter(filter, row, n, passing->stack);
    for (int64_t at = -before; at < n; at += AT_ONCE, block++) {
        const int64_t skipped = at < 0 ? -at : 0, left = n - at < AT_ONCE ? n - at : AT_ONCE;
        if (marked)
            *block = passing_marked(passing, row + at + skipped, left - skipped);
        else
            *block = masked ? bits_of_mask(passing->stack + at + skipped) : ~(uint32_t)0;
        *block = *block << skipped & ~(uint32_t)0 >> (AT_ONCE - left);
        passing->passed += __builtin_popcount(*block);
        if (*block) prefetch_rows(probe, codes, at, row + at, *block, bytes);
    }
    block = blocks;
    for (int64_t at = -before; at < n; at += AT_ONCE, block++)
        if (*block) add_rows(probe, near, codes, at, row + at, *block, bytes);
}

/* rows[i]; lists that are mapped from a file begin at any byte. */
static int64_t row_at(const int64_t *rows, int64_t i) {
    int64_t row;
    memcpy(&row, (const char *)rows + i * (int64_t)sizeof row, sizeof row);
    return row;
}

/* All rows of a list, whose centroid's product with the query is near. Rows that were added later need not follow one another. */
void probe_list(Probe *probe, int32_t list, float near) {
    const Lists *lists = probe->candidates->lists;
    const int64_t bytes = lists->dim * (lists->kind == BYTES ? 1 : (int64_t)sizeof(float));
    const int64_t *rows = lists->rows[list];
    const uint8_t *codes = lists->codes[list];
    for (int64_t i = 0; i < lists->sizes[list];) {
        int64_t row = i ? row_at(rows, i) : lists->starts[list], end = i ? i + 1 : lists->runs[list];
        if (i)
            while (end < lists->sizes[list] && row_at(rows, end) == row_at(rows, end - 1) + 1) end++;
        for (; i < end; i += BLOCK, row += BLOCK)
            probe_run(probe, near, codes + i * bytes, row, end - i < BLOCK ? end - i : BLOCK, bytes);
        i = end;
    }
}
