/* Where few rows pass, all of them are scored, and no posting list is probed. */
#include "scan.h"

#include <string.h>

#include "filter.h"
#include "products.h"

#define TOO_MANY 8 /* times as many rows as were to be few */

/* The first row from i on, of n, that passes a mask of bytes with zeros behind it. */
static inline int64_t next_set(const uint8_t *mask, int64_t i, int64_t n) {
    while (i < n) {
        uint64_t word;
        memcpy(&word, mask + i, sizeof word);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        if (word) return i + __builtin_ctzll(word) / 8;
        i += (int64_t)sizeof word;
#else
        if (mask[i]) return i;
        i += word ? 1 : (int64_t)sizeof word;
#endif
    }
    return n;
}

/* Whether the rows that are marked have their codes one list after the other, so that these are read from front to back. */
int has_codes_in_order(const Passing *passing, const Lists *lists) {
    return passing->marks && lists->kind == BYTES && passing->filter->n_ordered <= lists->n_in_order;
}

/* Score the rows that wait, exactly: there are no codes to begin with. */
static void score_rows(Candidates *candidates) {
    for (int64_t i = 0; i < candidates->n_pending; i++) {
        Hit hit = {(float)exact_score(candidates->rows, candidates->query, candidates->pending[i]), candidates->pending[i]};
        keep(&candidates->best, hit);
    }
    candidates->n_pending = 0;
}

static void add_row(Candidates *candidates, int64_t row) {
    const float *vector = candidates->rows->vectors + row * candidates->rows->dim;
    for (int64_t at = 0; at < candidates->rows->dim; at += 16) PREFETCH(vector + at);
    candidates->pending[candidates->n_pending++] = row;
    if (candidates->n_pending == PENDING) score_rows(candidates);
}

/* A row whose code is in the head of a list, which is that one or a later one. */
static void add_code(Candidates *candidates, int64_t row, int64_t *list) {
    const Lists *lists = candidates->lists;
    while (row - lists->starts[*list] >= lists->runs[*list]) ++*list;
    const uint8_t *codes = lists->codes[*list];
    add_pending(candidates, codes + (row - lists->starts[*list]) * lists->dim, row, lists->dim, 1);
}

/* Score the rows that pass of those in the orders; returns how many rows are in them. */
static int64_t scan_marked(Candidates *candidates, Passing *passing, int by_codes) {
    const int64_t n_marked = passing->marks ? passing->filter->n_ordered : 0;
    int64_t list = 0;
    for (int64_t row = 0; row < n_marked; row += AT_ONCE) {
        if (!passing->marks[row / AT_ONCE]) continue;
        uint32_t rows = passing_marked(passing, row, n_marked - row < AT_ONCE ? n_marked - row : AT_ONCE);
        for (; rows; rows &= rows - 1) {
            passing->passed++;
            if (by_codes)
                add_code(candidates, row + __builtin_ctz(rows), &list);
            else
                add_row(candidates, row + __builtin_ctz(rows));
        }
    }
    if (by_codes) score_pending(candidates);
    return n_marked;
}

/* Score every row that passes; returns 0, leaving all as it was, where so many do that the sample must have been a bad one. */
int scan_passing(Candidates *candidates, Passing *passing, const Plan *plan, Found *out) {
    const int64_t n = candidates->rows->n, too_many = TOO_MANY * plan->scan_rows + candidates->best.most;
    const int by_codes = has_codes_in_order(passing, candidates->lists);
    const int64_t marked = scan_marked(candidates, passing, by_codes), of_marked = passing->passed;
    for (int64_t start = marked; start < n; start += BLOCK) {
        if (passing->filter->n_steps && passing->passed - of_marked > too_many) {
            candidates->n_pending = passing->passed = candidates->best.size = candidates->leading.size = 0;
            return 0;
        }
        int64_t some = n - start < BLOCK ? n - start : BLOCK;
        run_filter(passing->filter, start, some, passing->stack);
        for (int64_t i = next_set(passing->stack, 0, some); i < some; i = next_set(passing->stack, i + 1, some)) {
            passing->passed++;
            add_row(candidates, start + i);
        }
    }
    score_rows(candidates);
    out->way = by_codes ? CODES : ROWS;
    out->scanned = n - marked + (marked ? passing->ordered.rows : 0);
    out->complete = passing->passed <= room(plan);
    return 1;
}
