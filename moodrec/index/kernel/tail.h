/* The normal distribution's tail, and the bits of floats that it is made of. */
#ifndef MOODREC_TAIL_H
#define MOODREC_TAIL_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define LOG2_E 1.442695f
#define TAIL_A 0.717f
#define TAIL_B 0.416f

static inline float of_bits(int32_t bits) {
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static inline int32_t bits_of(float number) {
    int32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

/* About 1 minus the normal distribution's share below t, to .02, by an exponential fit; no call, so that loops over it are fast. */
static inline float tail(float t) {
    float at = fabsf(t);
    float power = -(TAIL_A + TAIL_B * at) * at * LOG2_E;
    power = power > -120 ? power : -120;
    float beyond = 0.5f * of_bits((int32_t)((power + 126.94f) * (1 << 23)));
    return t < 0 ? 1 - beyond : beyond;
}

/* Where the tail has a share; the inverse of the above. */
static inline float spreads_to(float share) {
    float beyond = share < 0.5f ? share : 1 - share;
    beyond = beyond > 1e-35f ? beyond : 1e-35f;
    float power = (float)bits_of(2 * beyond) / (1 << 23) - 126.94f;
    power = power < 0 ? power / LOG2_E : 0;
    float at = (sqrtf(TAIL_A * TAIL_A - 4 * TAIL_B * power) - TAIL_A) / (2 * TAIL_B);
    return share < 0.5f ? at : -at;
}

#endif
