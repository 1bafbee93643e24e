/* Every path of the kernel that this processor can run, against plain C on the same random inputs; no Python is needed, so that it
 * runs on an emulated processor as well. Prints a line a path, and exits with 1 at the first difference.
 *
 *   sums of bytes, masks          equal
 *   ceilings of sketches          equal to the bit, for each rounds once a product and a sum (fused)
 *   products of floats            within 1e-5 of double precision
 *   searches                      hits of an exhaustive scan, but for one in a hundred that a sketch may lose; exact scores to 1e-6 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orders.h"
#include "paths.h"
#include "products.h"

enum { DIM = 77, BITS = 80, N = 1600, NLIST = 16, QUERIES = 60, K = 10, EXTRA = 16, SKETCH = AT_ONCE * (BITS / 8 + 4) };

const char *moodrec_path_at(int64_t wanted);
int64_t moodrec_choose_path(const char *name);
int64_t moodrec_search(const Lists *, const Rows *, const Query *, const Filter *, const Plan *, Found *);
int64_t moodrec_mask(const Filter *filter, int64_t n, uint8_t *mask);

static uint64_t state = 88172645463325252u;

static uint32_t random_bits(void) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (uint32_t)(state >> 16);
}

static float uniform(void) { return (float)(random_bits() >> 8) / (1 << 24); }

static float normal(void) { /* roughly: twelve uniform numbers */
    float sum = -6;
    for (int i = 0; i < 12; i++) sum += uniform();
    return sum;
}

static void require(int holds, const char *what) {
    if (holds) return;
    printf("%s: %s\n", loops->path, what);
    exit(1);
}

static void sums_of_bytes(void) {
    uint8_t rows[32][300];
    int8_t weights[300];
    const uint8_t *codes[32];
    int32_t sums[32];
    for (int64_t dim = 1; dim <= 300; dim += dim < 140 ? 1 : 37) {
        const int64_t n = 1 + random_bits() % 32, extreme = dim % 5 == 0;
        for (int64_t at = 0; at < dim; at++) weights[at] = extreme ? -127 : (int8_t)(random_bits() % 255 - 127);
        for (int64_t i = 0; i < n; i++)
            for (int64_t at = 0; at < dim; at++) rows[i][at] = extreme ? 255 : (uint8_t)random_bits();
        for (int64_t i = 0; i < n; i++) codes[i] = rows[i];
        loops->dots_bytes(codes, n, weights, dim, sums);
        for (int64_t i = 0; i < n; i++) {
            int32_t sum = 0;
            for (int64_t at = 0; at < dim; at++) sum += rows[i][at] * weights[at];
            require(sum == sums[i], "a sum of bytes differs");
        }
    }
}

static void products_of_floats(void) {
    float rows[7 * 150], vector[150], products[7];
    for (int64_t dim = 1; dim <= 150; dim++) {
        for (int64_t i = 0; i < 7 * dim; i++) rows[i] = normal() / 12;
        for (int64_t i = 0; i < dim; i++) vector[i] = normal() / 12;
        loops->dots_floats(rows, 7, vector, dim, products);
        for (int64_t i = 0; i < 7; i++) {
            double sum = 0;
            for (int64_t at = 0; at < dim; at++) sum += (double)rows[i * dim + at] * vector[at];
            require(fabs(sum - products[i]) < 1e-5, "a product of floats differs");
            require(fabs(sum - loops->dot_exact(rows + i * dim, vector, dim)) < 1e-12, "a product in double precision differs");
        }
    }
}

static float of_upper_half(const uint8_t *place) {
    uint16_t half;
    memcpy(&half, place, sizeof half);
    const uint32_t bits = (uint32_t)half << 16;
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static uint32_t may_exceed_one_by_one(const uint8_t *block, int64_t bytes, const SketchedQuery *query, float near, float lowest,
                                      float product, float *ceilings) {
    uint32_t found = 0;
    for (int i = 0; i < AT_ONCE; i++) {
        int32_t steps = 0;
        for (int64_t at = 0; at < bytes; at += AT_ONCE)
            steps += query->tables[at + (block[at + i] & 15)] + query->tables[at + ENTRIES + (block[at + i] >> 4)];
        const float across = fmaf((float)steps, query->step, lowest), of_centroid = near * of_upper_half(block + bytes + 64 + 2 * i);
        ceilings[i] = fmaf(across, of_upper_half(block + bytes + 2 * i), of_centroid);
        found |= (uint32_t)(ceilings[i] > product) << i;
    }
    return found;
}

static void ceilings_of_sketches(void) {
    static uint8_t block[AT_ONCE * (2048 / 8 + 4)], tables[2048 * 4];
    float expected[AT_ONCE], found[AT_ONCE];
    SketchedQuery query = {tables, 0.01f, -3};
    if (!loops->may_exceed) return;
    for (int64_t bits = 8; bits <= 2048; bits = bits < 200 ? bits + 8 : bits + 616) {
        const int64_t bytes = bits * AT_ONCE / 8;
        for (int64_t i = 0; i < bytes; i++) block[i] = (uint8_t)random_bits();
        for (int64_t i = 0; i < bits * 4; i++) tables[i] = bits == 2048 ? 127 : (uint8_t)(random_bits() % 128);
        for (int i = 0; i < 2 * AT_ONCE; i++) {
            const float number = normal();
            memcpy(block + bytes + 2 * i, (const uint8_t *)&number + 2, 2);
        }
        const float near = normal() / 3, product = normal();
        const uint32_t one = may_exceed_one_by_one(block, bytes, &query, near, -3, product, expected);
        const uint32_t all = loops->may_exceed(block, bytes, &query, near, -3, product, found);
        require(one == all && memcmp(expected, found, sizeof found) == 0, "a ceiling of a sketch differs");
    }
}

static void masks(void) {
    static float column[N];
    static int8_t codes[N];
    static uint8_t mask[N], table[9] = {0, 1, 0, 1, 1, 0, 0, 1, 0};
    for (int i = 0; i < N; i++) column[i] = i % 9 ? uniform() : NAN, codes[i] = (int8_t)(random_bits() % 9) - 1;
    Step steps[3] = {{.op = RANGE, .dtype = F32, .values = column, .low = 0.25f, .high = 0.75f},
                     {.op = LOOKUP, .dtype = I8, .values = codes, .table = table, .bits = 154},
                     {.op = AND}};
    const Filter filter = {steps, 3, 2, 0};
    const int64_t passed = moodrec_mask(&filter, N, mask);
    int64_t count = 0;
    for (int i = 0; i < N; i++) {
        const int passes = column[i] >= 0.25f && column[i] <= 0.75f && table[codes[i] + 1];
        require(mask[i] == passes, "a mask differs");
        count += passes;
    }
    require(count == passed, "a count differs");
}

/* An index of rows about some centroids, in the order of their lists, as bytes and with sketches along the numbers themselves. */
static float vectors[N * DIM], centroids[NLIST * DIM], middle[DIM], step[DIM], axes[BITS * DIM], shape[DIM * DIM], weights[NLIST],
    spread[NLIST], queries[QUERIES * DIM];
static const float missable[1] = {0.01f}, ranks[1] = {1e9f};
static uint8_t codes[N * DIM], sketches[N / AT_ONCE * SKETCH];
static const void *code_of[NLIST];
static const int64_t *row_of[NLIST];
static int64_t rows_of[N], sizes[NLIST], starts[NLIST];

static void scatter(float *vector, const float *about, float noise) {
    float square = 0;
    for (int i = 0; i < DIM; i++) vector[i] = (about ? about[i] : 0) + noise * normal() / sqrtf(DIM), square += vector[i] * vector[i];
    for (int i = 0; i < DIM; i++) vector[i] /= sqrtf(square);
}

static float upper(float number, uint8_t *place) { /* rounded up */
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    const uint16_t half = (uint16_t)((bits + (number > 0 ? 0xFFFF : 0)) >> 16);
    memcpy(place, &half, sizeof half);
    return number;
}

static double sketch(int row, const float *vector, const float *centroid) {
    uint8_t *block = sketches + row / AT_ONCE * SKETCH, *bits = block + row % AT_ONCE;
    float share = 0, square = 0, length = 0, sum = 0, of_centroid = 0;
    for (int i = 0; i < DIM; i++) share += vector[i] * centroid[i], square += centroid[i] * centroid[i];
    share /= square;
    for (int i = 0; i < DIM; i++) {
        const float off = vector[i] - share * centroid[i];
        length += off * off, sum += fabsf(off), of_centroid += off > 0 ? centroid[i] : -centroid[i];
        if (off > 0) bits[i / 8 * AT_ONCE] |= (uint8_t)(1 << i % 8);
    }
    uint8_t *halves = block + AT_ONCE * (BITS / 8) + 2 * (row % AT_ONCE);
    const float scale = upper(length / sum, halves);
    upper(share - scale * of_centroid / square, halves + 2 * AT_ONCE);
    return 1 - sum * sum / length / BITS;
}

static Lists make_index(void) {
    double noise = 0;
    for (int l = 0; l < NLIST; l++) scatter(centroids + l * DIM, 0, 1);
    for (int i = 0; i < DIM; i++) middle[i] = 0, step[i] = 1.2f / 255, axes[i * DIM + i] = 1, shape[i * DIM + i] = 1;
    for (int row = 0; row < N; row++) {
        const int list = row * NLIST / N;
        scatter(vectors + row * DIM, centroids + list * DIM, 0.7f);
        for (int i = 0; i < DIM; i++) codes[row * DIM + i] = (uint8_t)fminf(fmaxf(vectors[row * DIM + i] / step[i] + 128.5f, 0), 255);
        noise += sketch(row, vectors + row * DIM, centroids + list * DIM);
        rows_of[row] = row;
        if (sizes[list]++ == 0) starts[list] = row;
    }
    for (int l = 0; l < NLIST; l++) {
        code_of[l] = codes + starts[l] * DIM, row_of[l] = rows_of + starts[l];
        weights[l] = (float)sizes[l], spread[l] = 0.1f;
    }
    for (int q = 0; q < QUERIES; q++) scatter(queries + q * DIM, vectors + random_bits() % N * DIM, 0.5f);
    return (Lists){.nlist = NLIST, .dim = DIM, .kind = BYTES, .codes = code_of, .rows = row_of, .sizes = sizes, .runs = sizes,
                   .starts = starts, .centroids = centroids, .middle = middle, .step = step, .weights = weights, .spread = spread,
                   .shape = shape, .left = missable, .left_at_edge = missable, .left_where_known = missable, .ranks = ranks,
                   .sketches = sketches, .axes = axes, .levels = 1, .sketch_dim = BITS, .n_in_order = N, .n_sketched = N,
                   .sketch_noise = 3 * sqrt(noise / N)};
}

static void searches(const Lists *lists) {
    static float column[N];
    const Rows rows = {N, DIM, vectors, 0};
    const Plan plan = {K, EXTRA, 2, 0, 0, 0, 0};
    Step range = {.op = RANGE, .dtype = F32, .values = column, .low = 0.3, .high = 2};
    int64_t found_rows[2 * (K + EXTRA)], lost = 0;
    float scores[2 * (K + EXTRA)];
    for (int i = 0; i < N; i++) column[i] = (float)(i * 7919 % N) / N;
    for (int q = 0; q < QUERIES; q++) {
        const Query query = {.vector = queries + q * DIM};
        const Filter filter = {&range, q % 2, 1, 0};
        Found found = {.rows = found_rows, .scores = scores};
        require(moodrec_search(lists, &rows, &query, &filter, &plan, &found) == 0, "a search had no memory");
        require(found.found >= K && found.way == LISTS, "a search found too little");
        for (int64_t i = 0; i < K; i++)
            require(fabs(scores[i] - exact_score(&rows, &query, found_rows[i])) < 1e-6, "a score is not exact");
        for (int64_t row = 0; row < N; row++) {
            const double score = exact_score(&rows, &query, row);
            int64_t there = score < scores[K - 1] + 1e-6 || (q % 2 && column[row] < 0.3f);
            for (int64_t i = 0; i < K && !there; i++) there = found_rows[i] == row;
            lost += !there;
        }
    }
    require(lost * 100 <= QUERIES * K, "searches lose hits");
    printf("%s: %lld of %d hits lost\n", loops->path, (long long)lost, QUERIES * K);
}

int main(void) {
    const Lists lists = make_index();
    const char *name;
    for (int64_t i = 0; (name = moodrec_path_at(i)); i++) {
        require(moodrec_choose_path(name) == 0, "a path cannot be chosen");
        sums_of_bytes();
        products_of_floats();
        ceilings_of_sketches();
        masks();
        searches(&lists);
    }
    return 0;
}
