/* Loops for processors with AVX2 and FMA: Intel from Haswell on, AMD from Zen on. */
#if defined(__x86_64__)
#include "path_avx2.h"

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,bmi,bmi2,cx16,f16c,fma,lzcnt,movbe,popcnt,sahf,xsave")))
#define LOOP AVX2 static
#include "loops.h"

/* Sixteen bytes at a time, as sums of pairs; four rows share the weights and the work of adding up. */
AVX2 void dots_avx2(const uint8_t *const *codes, int64_t n, const int8_t *weights, int64_t dim, int32_t *sums) {
    const int64_t whole = dim & ~(int64_t)15;
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        __m256i of[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
        for (int64_t at = 0; at < whole; at += 16) {
            const __m256i weight = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(weights + at)));
            for (int r = 0; r < 4; r++) {
                const __m256i code = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(codes[i + r] + at)));
                of[r] = _mm256_add_epi32(of[r], _mm256_madd_epi16(code, weight));
            }
        }
        const __m256i four = _mm256_hadd_epi32(_mm256_hadd_epi32(of[0], of[1]), _mm256_hadd_epi32(of[2], of[3]));
        _mm_storeu_si128((__m128i *)(void *)(sums + i), _mm_add_epi32(_mm256_castsi256_si128(four), _mm256_extracti128_si256(four, 1)));
        for (int r = 0; r < 4; r++)
            for (int64_t at = whole; at < dim; at++) sums[i + r] += (int32_t)codes[i + r][at] * (int32_t)weights[at];
    }
    if (i < n) dots_any(codes + i, n - i, weights, dim, sums + i);
}

LOOP inline __m256 upper_halves(const uint8_t *place) {
    const __m128i halves = _mm_loadu_si128((const __m128i *)(const void *)place);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}

LOOP inline __m256i table_of(const uint8_t *table) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
}

AVX2 uint32_t may_exceed_avx2(const uint8_t *block, int64_t bytes, const SketchedQuery *query, float near, float lowest, float product,
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
        const __m256 across = _mm256_fmadd_ps(steps, _mm256_set1_ps(query->step), _mm256_set1_ps(lowest));
        const __m256 scale = upper_halves(block + bytes + 16 * i), share = upper_halves(block + bytes + 16 * (4 + i));
        const __m256 ceiling = _mm256_fmadd_ps(across, scale, _mm256_mul_ps(_mm256_set1_ps(near), share));
        _mm256_storeu_ps(ceilings + 8 * i, ceiling);
        found |= (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(ceiling, _mm256_set1_ps(product), _CMP_GT_OQ)) << 8 * i;
    }
    return found;
}

static int has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"); }

const Loops avx2_loops = {
    .path = "avx2", .runs_here = has_avx2, .dots_bytes = dots_avx2, .may_exceed = may_exceed_avx2, SHARED_LOOPS};
#endif
