/* Tests of columns, compiled once for each path. */
#ifndef MOODREC_LOOPS_FILTER_H
#define MOODREC_LOOPS_FILTER_H

#include "paths.h"

#define RANGE_LOOP(type, low_, high_)                                                                        \
    do {                                                                                                     \
        const type *restrict v = (const type *)step->values + start;                                         \
        const type low = (type)(low_), high = (type)(high_);                                                 \
        if (step->negated)                                                                                   \
            for (int64_t i = 0; i < n; i++) mask[i] = (uint8_t)((v[i] < low) | (v[i] > high));               \
        else                                                                                                 \
            for (int64_t i = 0; i < n; i++) mask[i] = (uint8_t)((v[i] >= low) & (v[i] <= high));             \
    } while (0)

LOOP void test_range(const Step *step, int64_t start, int64_t n, uint8_t *restrict mask) {
    switch (step->dtype) {
    case I8: RANGE_LOOP(int8_t, step->whole_low, step->whole_high); break;
    case U8: RANGE_LOOP(uint8_t, step->whole_low, step->whole_high); break;
    case I16: RANGE_LOOP(int16_t, step->whole_low, step->whole_high); break;
    case U16: RANGE_LOOP(uint16_t, step->whole_low, step->whole_high); break;
    case I32: RANGE_LOOP(int32_t, step->whole_low, step->whole_high); break;
    case U32: RANGE_LOOP(uint32_t, step->whole_low, step->whole_high); break;
    case I64: RANGE_LOOP(int64_t, step->whole_low, step->whole_high); break;
    case F32: RANGE_LOOP(float, step->low, step->high); break;
    default: RANGE_LOOP(double, step->low, step->high); break;
    }
    if (step->present) {
        const uint8_t *restrict present = step->present + start;
        for (int64_t i = 0; i < n; i++) mask[i] &= present[i];
    }
}

#define LOOKUP_LOOP(type)                                                                                    \
    do {                                                                                                     \
        const type *restrict codes = (const type *)step->values + start;                                     \
        if (step->bits >> 32)                                                                                \
            for (int64_t i = 0; i < n; i++) mask[i] = (uint8_t)(step->bits >> ((codes[i] + 1) & 63)) & 1;    \
        else if (bits)                                                                                       \
            for (int64_t i = 0; i < n; i++)                                                                  \
                mask[i] = (uint8_t)((codes[i] < 31) & (bits >> ((codes[i] + 1) & 31)));                      \
        else                                                                                                 \
            for (int64_t i = 0; i < n; i++) mask[i] = table[codes[i]];                                       \
    } while (0)

/* A short table is one word, and looking up is shifting, which processors do for many rows at once. */
LOOP void test_lookup(const Step *step, int64_t start, int64_t n, uint8_t *restrict mask) {
    const uint8_t *restrict table = step->table + 1;
    const uint32_t bits = (uint32_t)step->bits;
    switch (step->dtype) {
    case I8: LOOKUP_LOOP(int8_t); break;
    case I16: LOOKUP_LOOP(int16_t); break;
    default: LOOKUP_LOOP(int32_t); break;
    }
}

LOOP int any_set(const uint8_t *mask, int64_t n) {
    uint8_t any = 0;
    for (int64_t i = 0; i < n; i++) any |= mask[i];
    return any;
}

LOOP void join(int32_t op, uint8_t *restrict into, const uint8_t *restrict other, int64_t n) {
    if (op == AND)
        for (int64_t i = 0; i < n; i++) into[i] &= other[i];
    else
        for (int64_t i = 0; i < n; i++) into[i] |= other[i];
}

LOOP int32_t count_set(const uint8_t *mask, int64_t n) {
    int32_t count = 0;
    for (int64_t i = 0; i < n; i++) count += mask[i];
    return count;
}

#endif
