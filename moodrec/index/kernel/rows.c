/* The rows of a list: which pass, and which of them are worth a score. */
#include <float.h>

#include "search.h"

/* The product that a row must go beyond to be among the first. */
static float least_product(const Search *search) {
    if (!is_full(&search->leading) || search->similarity <= 0) return -FLT_MAX;
    return (least(&search->leading) - search->mood) / search->similarity - (float)search->lists->near_error - search->product_error;
}

/* Whether the sketches of some rows of a block that begins with a row are worth a look: one row is scored as soon. */
static int worth_a_sketch(const Search *search, int64_t row, uint32_t rows) {
    return rows & (rows - 1) && search->sketched.tables && row + AT_ONCE <= search->lists->n_sketched;
}

/* Have what will be read of some rows of a block brought near; row is its first, and its code would be that at. */
static void await_rows(const Search *search, const uint8_t *codes, int64_t at, int64_t row, uint32_t rows, int64_t bytes) {
    if (worth_a_sketch(search, row, rows)) {
        const uint8_t *sketches = sketches_at(search->lists, row);
        for (int64_t byte = 0; byte < AT_ONCE * (search->lists->sketch_dim / 8 + 4); byte += 64) PREFETCH(sketches + byte);
    } else
        for (; rows; rows &= rows - 1)
            for (int64_t byte = 0; byte < bytes; byte += 64) PREFETCH(codes + (at + __builtin_ctz(rows)) * bytes + byte);
}

/* Some rows of a block, of one list. */
static void visit_block(Search *search, int64_t place, const uint8_t *codes, int64_t at, int64_t row, uint32_t rows, int64_t bytes) {
    const float bar = least_product(search);
    const int sketched = bar > -FLT_MAX && worth_a_sketch(search, row, rows);
    float ceilings[AT_ONCE];
    if (sketched) rows &= may_reach(search->lists, row, &search->sketched, search->outlook.near[place], bar, ceilings);
    for (; rows; rows &= rows - 1) {
        const int i = __builtin_ctz(rows);
        add_pending(search, codes + (at + i) * bytes, row + i, bytes, sketched ? ceilings[i] : 1);
    }
}

/* n <= BLOCK codes of a list of the outlook, whose rows follow one another from row on. Blocks of sketches begin at multiples of
 * their size, lists anywhere. */
static void visit_run(Search *search, int64_t place, const uint8_t *codes, int64_t row, int64_t n, int64_t bytes) {
    const int64_t before = row % AT_ONCE;
    uint32_t blocks[BLOCK / AT_ONCE + 1], *block = blocks;
    const int marked = search->marks && row + n <= search->filter->n_ordered, masked = search->filter->n_steps && !marked;
    search->out->visited += n;
    if (masked) run_filter(search->filter, row, n, search->stack);
    for (int64_t at = -before; at < n; at += AT_ONCE, block++) {
        const int64_t skipped = at < 0 ? -at : 0, left = n - at < AT_ONCE ? n - at : AT_ONCE;
        if (marked)
            *block = passing_marked(search, row + at + skipped, left - skipped);
        else
            *block = masked ? bits_of_mask(search->stack + at + skipped) : ~(uint32_t)0;
        *block = *block << skipped & ~(uint32_t)0 >> (AT_ONCE - left);
        search->passed += __builtin_popcount(*block);
        if (*block) await_rows(search, codes, at, row + at, *block, bytes);
    }
    block = blocks;
    for (int64_t at = -before; at < n; at += AT_ONCE, block++)
        if (*block) visit_block(search, place, codes, at, row + at, *block, bytes);
}

/* A list of the outlook. */
void visit_list(Search *search, int64_t place) {
    const Lists *lists = search->lists;
    const int32_t list = search->outlook.names[place];
    search->n_visited++;
    search->visited[list] = 1;
    search->foreseen += search->outlook.likely[place];
    const int64_t bytes = lists->dim * (lists->kind == BYTES ? 1 : (int64_t)sizeof(float));
    const int64_t *rows = lists->rows[list];
    const uint8_t *codes = lists->codes[list];
    for (int64_t i = 0; i < lists->sizes[list];) {
        int64_t row = i ? rows[i] : lists->starts[list], end = i ? i + 1 : lists->runs[list];
        if (i)
            while (end < lists->sizes[list] && rows[end] == rows[end - 1] + 1) end++;
        for (; i < end; i += BLOCK, row += BLOCK)
            visit_run(search, place, codes + i * bytes, row, end - i < BLOCK ? end - i : BLOCK, bytes);
        i = end;
    }
}

