/* Loops for processors with AVX-512, and those that multiply and add bytes in one instruction besides (VNNI). */
#if defined(__x86_64__)
#include "path_avx2.h"

#include <immintrin.h>

#define AVX512 "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,bmi,bmi2,cx16,f16c,fma,lzcnt,movbe,popcnt,sahf,xsave"
#define LOOP __attribute__((target(AVX512))) static
#include "loops.h"

#define VNNI __attribute__((target(AVX512 ",avx512vnni")))

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

static int has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi2");
}

static int has_vnni(void) { return has_avx512() && __builtin_cpu_supports("avx512vnni"); }

const Loops avx512_loops = {
    .path = "avx512", .runs_here = has_avx512, .dots_bytes = dots_avx2, .may_exceed = may_exceed_avx2, SHARED_LOOPS};
const Loops vnni_loops = {
    .path = "vnni", .runs_here = has_vnni, .dots_bytes = dots_vnni, .may_exceed = may_exceed_avx2, SHARED_LOOPS};
#endif
