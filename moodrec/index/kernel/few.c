/* Where few rows pass, all of them are scored, and no list is looked at. */
#include "search.h"

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

/* Whether the rows that are marked have their codes one list after the other. */
int has_codes_in_order(const Search *search) {
    return search->marks && search->lists->kind == BYTES && search->filter->n_ordered <= search->lists->n_in_order;
}

static void score_rows(Search *search) {
    for (int64_t i = 0; i < search->n_pending; i++) {
        Hit hit = {(float)exact_score(search->rows, search->query, search->pending[i]), search->pending[i]};
        keep(&search->best, hit);
    }
    search->n_pending = 0;
}

static void await_row(Search *search, int64_t row) {
    const float *vector = search->rows->vectors + row * search->rows->dim;
    for (int64_t at = 0; at < search->rows->dim; at += 16) PREFETCH(vector + at);
    search->pending[search->n_pending++] = row;
    if (search->n_pending == PENDING) score_rows(search);
}

/* A row whose code is in the head of a list, which is that one or a later one. */
static void await_code(Search *search, int64_t row, int64_t *list) {
    const Lists *lists = search->lists;
    while (row - lists->starts[*list] >= lists->runs[*list]) ++*list;
    const uint8_t *codes = lists->codes[*list];
    add_pending(search, codes + (row - lists->starts[*list]) * lists->dim, row, lists->dim, 1);
}

/* Score the rows that pass of those in the orders; returns how many rows are. */
static int64_t visit_marked(Search *search) {
    const int64_t n_marked = search->marks ? search->filter->n_ordered : 0;
    const int by_codes = has_codes_in_order(search);
    int64_t list = 0;
    for (int64_t row = 0; row < n_marked; row += AT_ONCE) {
        if (!search->marks[row / AT_ONCE]) continue;
        uint32_t rows = passing_marked(search, row, n_marked - row < AT_ONCE ? n_marked - row : AT_ONCE);
        for (; rows; rows &= rows - 1) {
            search->passed++;
            if (by_codes)
                await_code(search, row + __builtin_ctz(rows), &list);
            else
                await_row(search, row + __builtin_ctz(rows));
        }
    }
    if (by_codes) score_pending(search);
    search->out->way = by_codes ? CODES : ROWS;
    return n_marked;
}

/* Score every row that passes; returns 0, leaving all as it was, where so many do that the sample must have been a bad one. */
int visit_few(Search *search) {
    const Rows *rows = search->rows;
    const int64_t too_many = TOO_MANY * search->plan->few + search->best.most;
    const int64_t marked = visit_marked(search), of_marked = search->passed;
    for (int64_t start = marked; start < rows->n; start += BLOCK) {
        if (search->filter->n_steps && search->passed - of_marked > too_many) {
            search->n_pending = search->passed = search->best.size = search->leading.size = 0;
            search->out->way = LISTS;
            return 0;
        }
        int64_t n = rows->n - start < BLOCK ? rows->n - start : BLOCK;
        run_filter(search->filter, start, n, search->stack);
        for (int64_t i = next_set(search->stack, 0, n); i < n; i = next_set(search->stack, i + 1, n)) {
            search->passed++;
            await_row(search, start + i);
        }
    }
    score_rows(search);
    search->out->visited = rows->n - marked + (marked ? search->ordered.rows : 0);
    search->out->scored = search->passed;
    search->out->complete = search->passed <= room(search->plan);
    return 1;
}
