/* Which rows a filter can pass at most, where columns have their rows known in the order of their values: ends of a range are
 * found by halving, and no column is read to find what lies between them. */
#include "orders.h"

#include "filter.h"

/* What a part of a filter can pass: slices, as bits, of which there are so many rows together. */
typedef struct {
    uint64_t slices;
    int64_t rows;
    int exact; /* whether that is what it passes */
} Part;

static const Part UNKNOWN = {0, INT64_MAX, 0};

/* How many rows of a column have a value below one, or up to it: the whole one where values are whole. */
static int64_t rank_of(const Step *step, int64_t whole, double number, int up_to) {
    int64_t low = 0, high = step->n_order;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2, row = step->order[middle];
        int before;
        if (step->dtype <= I64) {
            const int64_t value = whole_at(step, row);
            before = up_to ? value <= whole : value < whole;
        } else {
            const double value = number_at(step, row);
            before = up_to ? value <= number : value < number;
        }
        if (before)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add_slice(Ordered *ordered, Part *part, const Step *step, int64_t first, int64_t end) {
    if (first >= end) return;
    ordered->slices[ordered->n_slices] = (Slice){step->order + first, end - first};
    part->slices |= (uint64_t)1 << ordered->n_slices++;
    part->rows += end - first;
}

static Part of_test(Ordered *ordered, const Step *step) {
    Part part = {0, 0, 1};
    if (step->op == CONSTANT && step->negated) return part;
    const int64_t n_slices = step->op == LOOKUP ? step->n_chosen : 1;
    if (!step->order || ordered->n_slices + n_slices > MOST_SLICES) return UNKNOWN;
    if (step->op == RANGE) {
        const int64_t end = rank_of(step, step->whole_high, step->high, 1);
        add_slice(ordered, &part, step, rank_of(step, step->whole_low, step->low, 0), end);
    } else
        for (int64_t i = 0; i < step->n_chosen; i++) {
            const int64_t code = step->chosen[i];
            add_slice(ordered, &part, step, rank_of(step, code, 0, 0), rank_of(step, code, 0, 1));
        }
    return part;
}

static Part both(Part one, Part other) {
    Part part = one.rows <= other.rows ? one : other;
    part.exact = 0;
    return part;
}

static Part either(Part one, Part other) {
    if (one.rows == INT64_MAX || other.rows == INT64_MAX) return UNKNOWN;
    return (Part){one.slices | other.slices, one.rows + other.rows, one.exact && other.exact};
}

/* The slices of the orders that hold all rows that pass, of those that are in the orders; some may be there twice. Their number is
 * INT64_MAX where nothing is known. */
void find_slices(const Filter *filter, Ordered *ordered) {
    Part parts[MOST_HEIGHT];
    int64_t height = 0;
    *ordered = (Ordered){.rows = INT64_MAX};
    if (filter->n_ordered == 0 || filter->n_steps == 0 || filter->height > MOST_HEIGHT) return;
    for (int64_t at = 0; at < filter->n_steps; at++) {
        const Step *step = filter->steps + at;
        if (step->op == AND || step->op == OR) {
            height--;
            parts[height - 1] = (step->op == AND ? both : either)(parts[height - 1], parts[height]);
        } else
            parts[height++] = of_test(ordered, step);
    }
    int64_t kept = 0;
    for (int64_t i = 0; i < ordered->n_slices; i++)
        if (parts[0].slices >> i & 1) ordered->slices[kept++] = ordered->slices[i];
    ordered->n_slices = kept;
    ordered->rows = parts[0].rows;
    ordered->exact = parts[0].exact;
}

/* Set the bit of every row in the slices. */
void mark_slices(const Ordered *ordered, uint32_t *marks) {
    for (int64_t i = 0; i < ordered->n_slices; i++) {
        const int32_t *rows = ordered->slices[i].rows;
        for (int64_t at = 0; at < ordered->slices[i].n; at++) marks[rows[at] / AT_ONCE] |= (uint32_t)1 << rows[at] % AT_ONCE;
    }
}
