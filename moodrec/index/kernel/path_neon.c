/* Loops for 64-bit ARM. Every such processor has NEON, so that plain C is compiled for it already; what is added here is what
 * compilers do not find: looking up sketches, and products of bytes in one instruction where there is one (dotprod). */
#if defined(__aarch64__)
#define LOOP static
#include "loops.h"

#include <arm_neon.h>
#if defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#define DOTPROD __attribute__((target("arch=armv8.2-a+dotprod")))
#define FLIP 0x80 /* of a code's highest bit: code - 128, as a signed byte */

/* The instruction takes signed bytes on either side, so codes are shifted by 128 and the weights' sum put back. */
DOTPROD static void dots_dotprod(const uint8_t *const *codes, int64_t n, const int8_t *weights, int64_t dim, int32_t *sums) {
    const int64_t whole = dim & ~(int64_t)15;
    int32_t of_weights = 0;
    for (int64_t at = 0; at < whole; at++) of_weights += weights[at];
    for (int64_t i = 0; i < n; i++) {
        const uint8_t *row = codes[i];
        int32x4_t four = vdupq_n_s32(0);
        for (int64_t at = 0; at < whole; at += 16) {
            const int8x16_t shifted = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(row + at), vdupq_n_u8(FLIP)));
            four = vdotq_s32(four, shifted, vld1q_s8(weights + at));
        }
        int32_t sum = vaddvq_s32(four) + 128 * of_weights;
        for (int64_t at = whole; at < dim; at++) sum += (int32_t)row[at] * (int32_t)weights[at];
        sums[i] = sum;
    }
}

/* Eight rows' ceilings, and which of them exceed a product, as bits. */
static inline uint32_t ceilings_of(uint16x8_t steps, const uint8_t *scales, const uint8_t *shares, const SketchedQuery *query, float near,
                                   float lowest, float product, float *ceilings) {
    static const uint32_t bits[4] = {1, 2, 4, 8};
    const uint16x8_t scale = vreinterpretq_u16_u8(vld1q_u8(scales)), share = vreinterpretq_u16_u8(vld1q_u8(shares));
    uint32_t found = 0;
    for (int half = 0; half < 2; half++) {
        const float32x4_t count = vcvtq_f32_u32(vmovl_u16(half ? vget_high_u16(steps) : vget_low_u16(steps)));
        const uint32x4_t scale_bits = vshll_n_u16(half ? vget_high_u16(scale) : vget_low_u16(scale), 16);
        const uint32x4_t share_bits = vshll_n_u16(half ? vget_high_u16(share) : vget_low_u16(share), 16);
        const float32x4_t across = vfmaq_n_f32(vdupq_n_f32(lowest), count, query->step);
        const float32x4_t of_centroid = vmulq_n_f32(vreinterpretq_f32_u32(share_bits), near);
        const float32x4_t ceiling = vfmaq_f32(of_centroid, across, vreinterpretq_f32_u32(scale_bits));
        vst1q_f32(ceilings + 4 * half, ceiling);
        found |= vaddvq_u32(vandq_u32(vcgtq_f32(ceiling, vdupq_n_f32(product)), vld1q_u32(bits))) << 4 * half;
    }
    return found;
}

static uint32_t may_exceed_neon(const uint8_t *block, int64_t bytes, const SketchedQuery *query, float near, float lowest, float product,
                               float *ceilings) {
    const uint8x16_t nibble = vdupq_n_u8(15);
    uint16x8_t steps[4] = {vdupq_n_u16(0), vdupq_n_u16(0), vdupq_n_u16(0), vdupq_n_u16(0)};
    uint32_t found = 0;
    for (int64_t at = 0; at < bytes; at += AT_ONCE) {
        const uint8x16_t of_low = vld1q_u8(query->tables + at), of_high = vld1q_u8(query->tables + at + ENTRIES);
        for (int half = 0; half < 2; half++) {
            const uint8x16_t codes = vld1q_u8(block + at + 16 * half);
            const uint8x16_t both = vaddq_u8(vqtbl1q_u8(of_low, vandq_u8(codes, nibble)), vqtbl1q_u8(of_high, vshrq_n_u8(codes, 4)));
            steps[2 * half] = vaddw_u8(steps[2 * half], vget_low_u8(both));
            steps[2 * half + 1] = vaddw_u8(steps[2 * half + 1], vget_high_u8(both));
        }
    }
    for (int i = 0; i < 4; i++)
        found |= ceilings_of(steps[i], block + bytes + 16 * i, block + bytes + 16 * (4 + i), query, near, lowest, product, ceilings + 8 * i)
                 << 8 * i;
    return found;
}

static int always(void) { return 1; }

static int has_dotprod(void) {
#if defined(__linux__)
    return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#elif defined(__APPLE__)
    return 1; /* all of Apple's */
#else
    return 0;
#endif
}

const Loops neon_loops = {
    .path = "neon", .runs_here = always, .dots_bytes = dots_any, .may_exceed = may_exceed_neon, SHARED_LOOPS};
const Loops dotprod_loops = {
    .path = "dotprod", .runs_here = has_dotprod, .dots_bytes = dots_dotprod, .may_exceed = may_exceed_neon, SHARED_LOOPS};
#endif
