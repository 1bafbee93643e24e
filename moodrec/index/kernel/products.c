/* Inner products, and the exact scores of rows. */
#include <float.h>
#include <math.h>

#include "kernel.h"

#if defined(__x86_64__)
#define VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))
#endif

CLONES static void dots_any(const uint8_t *const *codes, int64_t n, const int8_t *weights, int64_t dim, int32_t *sums) {
    for (int64_t i = 0; i < n; i++) {
        const uint8_t *row = codes[i];
        int32_t sum = 0;
        for (int64_t at = 0; at < dim; at++) sum += (int32_t)row[at] * (int32_t)weights[at];
        sums[i] = sum;
    }
}

#if defined(VNNI)
/* Processors that multiply bytes and add them up in one instruction: sixteen sums of one row, to be added up. */
VNNI static inline __m512i row_vnni(const uint8_t *codes, const int8_t *weights, int64_t dim) {
    const int64_t whole = dim & ~(int64_t)63;
    __m512i sum = _mm512_setzero_si512();
    for (int64_t at = 0; at < whole; at += 64)
        sum = _mm512_dpbusd_epi32(sum, _mm512_loadu_si512(codes + at), _mm512_loadu_si512(weights + at));
    if (dim > whole) {
        const __mmask64 rest = ~(uint64_t)0 >> (64 - (dim - whole));
        sum = _mm512_dpbusd_epi32(sum, _mm512_maskz_loadu_epi8(rest, codes + whole), _mm512_maskz_loadu_epi8(rest, weights + whole));
    }
    return sum;
}

VNNI static inline __m256i half_vnni(__m512i sum) {
    return _mm256_add_epi32(_mm512_castsi512_si256(sum), _mm512_extracti64x4_epi64(sum, 1));
}

/* Four rows at a time share the work of adding up. */
VNNI static void dots_vnni(const uint8_t *const *codes, int64_t n, const int8_t *weights, int64_t dim, int32_t *sums) {
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        __m256i a = half_vnni(row_vnni(codes[i], weights, dim)), b = half_vnni(row_vnni(codes[i + 1], weights, dim));
        __m256i c = half_vnni(row_vnni(codes[i + 2], weights, dim)), d = half_vnni(row_vnni(codes[i + 3], weights, dim));
        __m256i four = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
        __m128i total = _mm_add_epi32(_mm256_castsi256_si128(four), _mm256_extracti128_si256(four, 1));
        _mm_storeu_si128((__m128i *)(void *)(sums + i), total);
    }
    for (; i < n; i++) sums[i] = _mm512_reduce_add_epi32(row_vnni(codes[i], weights, dim));
}
#endif

#if defined(AVX2)
/* Sixteen bytes at a time, as sums of pairs; four rows share the weights and the work of adding up. */
AVX2 static void dots_avx2(const uint8_t *const *codes, int64_t n, const int8_t *weights, int64_t dim, int32_t *sums) {
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
#endif

/* (n,) products of rows of bytes with whole weights. */
void dots_bytes(const uint8_t *const *codes, int64_t n, const int8_t *weights, int64_t dim, int32_t *sums) {
#if defined(VNNI)
    if (__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
        dots_vnni(codes, n, weights, dim, sums);
        return;
    }
#endif
#if defined(AVX2)
    if (has_avx2()) {
        dots_avx2(codes, n, weights, dim, sums);
        return;
    }
#endif
    dots_any(codes, n, weights, dim, sums);
}

/* (n,) products of (n, dim) rows with a vector; four rows at a time, so that no sum waits for another. */
CLONES void dots_floats(const float *rows, int64_t n, const float *vector, int64_t dim, float *products) {
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const float *a = rows + i * dim, *b = a + dim, *c = b + dim, *d = c + dim;
        float of_a = 0, of_b = 0, of_c = 0, of_d = 0;
#pragma omp simd reduction(+ : of_a, of_b, of_c, of_d)
        for (int64_t at = 0; at < dim; at++) {
            of_a += a[at] * vector[at];
            of_b += b[at] * vector[at];
            of_c += c[at] * vector[at];
            of_d += d[at] * vector[at];
        }
        products[i] = of_a, products[i + 1] = of_b, products[i + 2] = of_c, products[i + 3] = of_d;
    }
    for (; i < n; i++) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t at = 0; at < dim; at++) sum += rows[i * dim + at] * vector[at];
        products[i] = sum;
    }
}

CLONES static double dot_exact(const float *a, const float *b, int64_t dim) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < dim; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

/* The score of a row in double precision; NaN where a mood that counts is unknown. */
double exact_score(const Rows *rows, const Query *query, int64_t row) {
    double cosine = dot_exact(rows->vectors + row * rows->dim, query->vector, rows->dim), squares = 0;
    if (query->n_moods == 0) return cosine;
    for (int64_t j = 0; j < query->n_moods; j++) {
        double off = (double)query->moods[j][row] - (double)query->targets[j];
        squares += off * off;
    }
    return (1 - query->weight) * cosine + query->weight * (1 - squares / (double)query->n_moods);
}

/* (m,) exact scores of some rows. */
EXPORT void moodrec_scores(const Rows *rows, const Query *query, const int64_t *wanted, int64_t m, float *scores) {
    for (int64_t i = 0; i < m; i++) {
        if (i + 8 < m)
            for (int64_t at = 0; at < rows->dim; at += 16) PREFETCH(rows->vectors + wanted[i + 8] * rows->dim + at);
        scores[i] = (float)exact_score(rows, query, wanted[i]);
    }
}

/* Scale (n, dim) rows to unit length; returns how many could be before one whose length is 0, not finite or extreme. */
EXPORT int64_t moodrec_to_unit_length(float *rows, int64_t n, int64_t dim) {
    for (int64_t i = 0; i < n; i++, rows += dim) {
        double square = dot_exact(rows, rows, dim), length = sqrt(square);
        if (!(square >= DBL_MIN && square <= DBL_MAX)) return i;
        for (int64_t at = 0; at < dim; at++) rows[at] = (float)((double)rows[at] / length);
    }
    return n;
}
