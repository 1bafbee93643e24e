/* Which rows pass: the steps of a filter, run over some rows at a time. Tests put masks on a stack, connectives join the two
 * on its top. */
#include "filter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "paths.h"

enum { SAMPLED = 4096, LARGE = 1 << 16 };

static void test_any(const Step *step, int64_t start, int64_t n, uint8_t *mask) {
    const int32_t *codes = (const int32_t *)step->values;
    const uint8_t *table = step->table + 1;
    const int64_t *offsets = step->offsets + start;
    for (int64_t i = 0; i < n; i++) {
        uint8_t seen = 0;
        for (int64_t e = offsets[i]; e < offsets[i + 1]; e++) seen |= table[codes[e]];
        mask[i] = step->negated ? seen == 1 : seen == 3;
    }
}

/* The mask of n <= BLOCK rows from start on, at the bottom of the stack; behind it are AT_ONCE bytes of 0. */
void run_filter(const Filter *filter, int64_t start, int64_t n, uint8_t *stack) {
    int64_t height = 0;
    if (filter->n_steps == 0) memset(stack, 1, (size_t)n);
    for (int64_t at = 0; at < filter->n_steps;) {
        const Step *step = filter->steps + at;
        uint8_t *top = stack + height * BLOCK;
        switch (step->op) {
        case RANGE: loops->test_range(step, start, n, top); height++; break;
        case LOOKUP: loops->test_lookup(step, start, n, top); height++; break;
        case ANY_LOOKUP: test_any(step, start, n, top); height++; break;
        case CONSTANT: memset(top, step->negated ? 0 : 1, (size_t)n); height++; break;
        case MASK: memcpy(top, (const uint8_t *)step->values + start, (size_t)n); height++; break;
        default: height--; loops->join(step->op, top - 2 * BLOCK, top - BLOCK, n);
        }
        at = step->jump && !loops->any_set(stack + (height - 1) * BLOCK, n) ? step->jump : at + 1;
    }
    memset(stack + n, 0, AT_ONCE);
}

/* A whole number of a column. */
int64_t whole_at(const Step *step, int64_t row) {
    switch (step->dtype) {
    case I8: return ((const int8_t *)step->values)[row];
    case U8: return ((const uint8_t *)step->values)[row];
    case I16: return ((const int16_t *)step->values)[row];
    case U16: return ((const uint16_t *)step->values)[row];
    case I32: return ((const int32_t *)step->values)[row];
    case U32: return ((const uint32_t *)step->values)[row];
    default: return ((const int64_t *)step->values)[row];
    }
}

/* A number of a column that is not whole. */
double number_at(const Step *step, int64_t row) {
    return step->dtype == F32 ? (double)((const float *)step->values)[row] : ((const double *)step->values)[row];
}

static int in_range(const Step *step, int64_t row) {
    int below, above;
    if (step->present && !step->present[row]) return 0;
    if (step->dtype <= I64) {
        const int64_t value = whole_at(step, row);
        below = value < step->whole_low, above = value > step->whole_high;
    } else {
        const int narrow = step->dtype == F32;
        const double value = number_at(step, row), low = narrow ? (float)step->low : step->low, high = narrow ? (float)step->high : step->high;
        if (isnan(value)) return 0;
        below = value < low, above = value > high;
    }
    return (below || above) == (step->negated != 0);
}

static int test_row(const Step *step, int64_t row) {
    uint8_t mask;
    switch (step->op) {
    case RANGE: return in_range(step, row);
    case LOOKUP: return step->table[whole_at(step, row) + 1];
    case ANY_LOOKUP: test_any(step, row, 1, &mask); return mask;
    case MASK: return ((const uint8_t *)step->values)[row];
    default: return !step->negated;
    }
}

/* Whether one row passes a filter of MOST_HEIGHT masks at most. */
int passes(const Filter *filter, int64_t row) {
    uint64_t stack = 1; /* a bit for each mask, the top one is the lowest */
    for (int64_t at = 0; at < filter->n_steps;) {
        const Step *step = filter->steps + at;
        if (step->op == AND || step->op == OR) {
            const uint64_t top = stack & 1, below = stack >> 1 & 1;
            stack = (stack >> 2) << 1 | (step->op == AND ? top & below : top | below);
        } else
            stack = stack << 1 | (uint64_t)test_row(step, row);
        at = step->jump && !(stack & 1) ? step->jump : at + 1;
    }
    return stack & 1;
}

/* Room for the masks of a filter; none without memory. */
uint8_t *filter_stack(const Filter *filter) {
    return malloc((size_t)(filter->height > 1 ? filter->height : 1) * BLOCK + AT_ONCE);
}

/* The share of n rows that passes, about: from blocks spread over them. */
double sampled_share(const Filter *filter, int64_t n, uint8_t *stack) {
    /* Rows that lie together are alike: many short blocks, where they are not in the cache anyway. */
    int64_t blocks = n > LARGE ? 128 : 16, size = SAMPLED / blocks, passed = 0;
    if (size > n / blocks) size = n / blocks;
    for (int64_t i = 0; i < blocks && size > 0; i++) {
        run_filter(filter, i * (n / blocks), size, stack);
        passed += loops->count_set(stack, size);
    }
    return (double)passed / (double)(size > 0 ? size * blocks : 1);
}

/* Mask of all n rows; returns how many pass, or -1 without memory. */
EXPORT int64_t moodrec_mask(const Filter *filter, int64_t n, uint8_t *mask) {
    int64_t passed = 0;
    uint8_t *stack = filter_stack(filter);
    if (!stack) return -1;
    for (int64_t start = 0; start < n; start += BLOCK) {
        int64_t m = n - start < BLOCK ? n - start : BLOCK;
        run_filter(filter, start, m, stack);
        passed += loops->count_set(stack, m);
        memcpy(mask + start, stack, (size_t)m);
    }
    free(stack);
    return passed;
}

/* The share of n rows that passes, about; -1 without memory. */
EXPORT double moodrec_sample(const Filter *filter, int64_t n) {
    uint8_t *stack = filter_stack(filter);
    if (!stack) return -1;
    double share = sampled_share(filter, n, stack);
    free(stack);
    return share;
}
