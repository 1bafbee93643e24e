/* Sketches of rows: a bit for each of their numbers, from which the products of 32 rows are estimated in the time that the codes
 * of a few take. The estimate is RaBitQ's (Gao and Long, SIGMOD 2024), and its error is known; moodrec/index/sketches.py has the
 * equations. Rows whose product hardly can reach what it must are dropped; all others are scored by their codes.
 *
 * A block has 32 rows: for every eight numbers a byte of each row, then the scale of each row, then what a product with the
 * centroid counts for, as upper halves of floats. What four bits add to a product is looked up, for 32 rows at once. Only
 * processors that look up so are served. */
#include <float.h>
#include <math.h>

#include "kernel.h"

enum { NUMBERS = 4, ENTRIES = 1 << NUMBERS, LARGEST = 127 };
#define ROUNDED (1 / 128.0f) /* upper halves are rounded up, by less than this */

int can_sketch(const Lists *lists) {
#if defined(AVX2)
    return lists->n_sketched && has_avx2();
#else
    (void)lists;
    return 0;
#endif
}

const uint8_t *sketches_at(const Lists *lists, int64_t row) {
    return lists->sketches + row / AT_ONCE * AT_ONCE * (lists->sketch_dim / 8 + 4);
}

/* The tables to look up in. rotated is (sketch_dim,), to work in. */
void sketch_query(const Lists *lists, const float *vector, float *rotated, Sketched *query) {
    float most = FLT_MIN, sum = 0;
    dots_floats(lists->axes, lists->sketch_dim, vector, lists->dim, rotated);
    for (const float *q = rotated; q < rotated + lists->sketch_dim; q += NUMBERS) {
        const float reach = fabsf(q[0]) + fabsf(q[1]) + fabsf(q[2]) + fabsf(q[3]);
        most = reach > most ? reach : most;
        sum += reach;
    }
    query->step = 2 * most / LARGEST;
    query->least = -sum;
    for (int64_t i = 0; i < lists->sketch_dim; i += NUMBERS)
        for (int32_t entry = 0; entry < ENTRIES; entry++) { /* above the least: twice the numbers whose signs agree */
            float above = 0;
            for (int32_t k = 0; k < NUMBERS; k++) above += (entry >> k & 1) == (rotated[i + k] > 0) ? fabsf(rotated[i + k]) : 0;
            query->tables[i / NUMBERS * ENTRIES + entry] = (uint8_t)(2 * above / query->step + 0.5f);
        }
}

#if defined(AVX2)
AVX2 static inline __m256 upper_halves(const uint8_t *place) {
    const __m128i halves = _mm_loadu_si128((const __m128i *)(const void *)place);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}

AVX2 static inline __m256i table_of(const uint8_t *table) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
}

AVX2 static uint32_t may_reach_avx2(const uint8_t *block, int64_t bytes, const Sketched *query, float near, float least, float bar,
                                    float *ceilings) {
    const __m256i nibble = _mm256_set1_epi8(15), byte = _mm256_set1_epi16(255);
    __m256i even = _mm256_setzero_si256(), odd = even;
    for (int64_t at = 0; at < bytes; at += AT_ONCE) {
        const __m256i bits = _mm256_loadu_si256((const __m256i *)(const void *)(block + at));
        const __m256i low = _mm256_shuffle_epi8(table_of(query->tables + at), _mm256_and_si256(bits, nibble));
        const __m256i high = _mm256_shuffle_epi8(table_of(query->tables + at + ENTRIES), _mm256_and_si256(_mm256_srli_epi16(bits, 4), nibble));
        const __m256i both = _mm256_add_epi8(low, high);
        even = _mm256_add_epi16(even, _mm256_and_si256(both, byte));
        odd = _mm256_add_epi16(odd, _mm256_srli_epi16(both, 8));
    }
    const __m256i first = _mm256_unpacklo_epi16(even, odd), second = _mm256_unpackhi_epi16(even, odd);
    const __m128i sums[4] = {_mm256_castsi256_si128(first), _mm256_castsi256_si128(second), _mm256_extracti128_si256(first, 1),
                             _mm256_extracti128_si256(second, 1)};
    uint32_t found = 0;
    for (int i = 0; i < 4; i++) {
        const __m256 steps = _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(sums[i]));
        const __m256 product = _mm256_fmadd_ps(steps, _mm256_set1_ps(query->step), _mm256_set1_ps(least));
        const __m256 scale = upper_halves(block + bytes + 16 * i), share = upper_halves(block + bytes + 16 * (4 + i));
        const __m256 ceiling = _mm256_fmadd_ps(product, scale, _mm256_mul_ps(_mm256_set1_ps(near), share));
        _mm256_storeu_ps(ceilings + 8 * i, ceiling);
        found |= (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(ceiling, _mm256_set1_ps(bar), _CMP_GT_OQ)) << 8 * i;
    }
    return found;
}
#endif

/* Which of the 32 rows that share a block with a row may have a product greater than a bar, as bits; near is their centroid's
 * product. ceilings (32,) are what the products hardly go beyond. */
uint32_t may_reach(const Lists *lists, int64_t row, const Sketched *query, float near, float bar, float *ceilings) {
#if defined(AVX2)
    const float across = 1 - near * near; /* what is left of the query beside the centroid */
    if (near < 0) bar += ROUNDED * near;
    const float least = query->least + (float)lists->sketch_noise * sqrtf(across > 0 ? across : 0);
    return may_reach_avx2(sketches_at(lists, row), lists->sketch_dim * AT_ONCE / 8, query, near, least, bar, ceilings);
#else
    (void)lists, (void)row, (void)query, (void)near, (void)bar, (void)ceilings;
    return ~(uint32_t)0;
#endif
}
