/* Search of inverted lists, list by list: which rows pass the filter, what they score, when to stop.
 *
 * moodrec/index/kernel.py describes the arguments; moodrec/index/ivf.py does the same through FAISS, more slowly.
 * No call allocates more than some pages, keeps state, or touches Python, so that threads may search at once.
 */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__)
#define PREFETCH(address) __builtin_prefetch(address)
#else
#define PREFETCH(address) ((void)(address))
#endif

#if defined(_MSC_VER)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

/* One build serves every processor: the loops below exist in several forms, and the loader picks one. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__linux__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

enum { BLOCK = 1024, PENDING = 32, STRIDE = 32, SAMPLED = 256 };
#define LEAST_CHANGE 0.05f
#define FIRST_Z 2.0f
#define LEAST_SPREADS -4.0f
#define BINS_A_SPREAD 8
#define BINS 96
enum { RANGE, LOOKUP, ANY_LOOKUP, MASK, CONSTANT, AND, OR };
enum { I8, U8, I16, U16, I32, U32, I64, F32, F64 };
enum { BYTES, FLOATS };
enum { VERSION = 1 };

/* A test of one column, or a connective of the two masks made last. */
typedef struct {
    int32_t op, dtype, negated, jump; /* jump: where to go on when an AND leaves no row, 0 for the next step */
    const void *values;               /* (n,) a column, codes, or a mask; (elements,) codes of lists */
    const uint8_t *present;           /* (n,) 0 where NULL, or none */
    const uint8_t *table;             /* by code + 1: whether it passes; for lists 1 = known, 3 = passes */
    const int64_t *offsets;           /* (n + 1,) where the elements of each list begin */
    double low, high;                 /* both ends pass */
    int64_t whole_low, whole_high;    /* the same for whole numbers */
} Step;

typedef struct {
    int64_t nlist, dim, kind;
    const void *const *codes;   /* (nlist,) (size, dim) BYTES or FLOATS */
    const int64_t *const *rows; /* (nlist,) (size,) the row of each code */
    const int64_t *sizes;       /* (nlist,) */
    const int64_t *runs;        /* (nlist,) so many rows at a list's head follow one another */
    const int64_t *starts;      /* (nlist,) the first row */
    const float *centroids;     /* (nlist, dim) */
    const float *middle, *step; /* (dim,) for BYTES: a code c stands for middle + step * (c - 128) */
    const float *weights;       /* (nlist,) sizes */
    const float *spread;        /* (nlist,) of the scores in a list about its centroid's */
    const float *shape;         /* (dim, dim) how spreads differ with the query's direction */
    const float *left;          /* (levels,) share of the expected rows that may stay behind at ranks 10, 20, 40, ... */
    const float *left_at_edge;  /* (levels,) the same for the last rows of such a rank */
    const float *ranks;         /* (levels,) how many rows are expected above such a rank, commonly */
    int64_t levels;
} Lists;

typedef struct {
    const float *vector;         /* (dim,) */
    float similarity_weight, mood_weight;
    int64_t n_moods;
    const float *const *moods;   /* (n_moods,) (n,) columns */
    const float *targets;        /* (n_moods,) */
    const Step *steps;
    int64_t n_steps, stack;      /* stack: masks alive at once, at most */
    int64_t depth, wanted, first_lists;
} Query;

typedef struct {
    int64_t *rows;  /* (wanted,) */
    int64_t found, lists, visited, scored;
    int64_t complete; /* whether these are all rows that pass */
} Found;

/* What kernel.py must agree with: a library of an older build is not used. VERSION changes when what a call means does. */
EXPORT void moodrec_layout(int64_t *sizes) {
    sizes[0] = sizeof(Step), sizes[1] = sizeof(Lists), sizes[2] = sizeof(Query), sizes[3] = sizeof(Found);
    sizes[4] = VERSION;
}

/* ---- filters ---- */

#define RANGE_LOOP(type, low_, high_)                                                                        \
    do {                                                                                                     \
        const type *restrict v = (const type *)step->values + start;                                         \
        const type low = (type)(low_), high = (type)(high_);                                                 \
        if (step->negated)                                                                                   \
            for (int64_t i = 0; i < n; i++) mask[i] = (uint8_t)((v[i] < low) | (v[i] > high));               \
        else                                                                                                 \
            for (int64_t i = 0; i < n; i++) mask[i] = (uint8_t)((v[i] >= low) & (v[i] <= high));             \
    } while (0)

CLONES static void test_range(const Step *step, int64_t start, int64_t n, uint8_t *restrict mask) {
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

static void test_lookup(const Step *step, int64_t start, int64_t n, uint8_t *mask) {
    const int32_t *codes = (const int32_t *)step->values + start;
    const uint8_t *table = step->table + 1;
    for (int64_t i = 0; i < n; i++) mask[i] = table[codes[i]];
}

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

CLONES static int any_set(const uint8_t *mask, int64_t n) {
    uint8_t any = 0;
    for (int64_t i = 0; i < n; i++) any |= mask[i];
    return any;
}

CLONES static void join(int32_t op, uint8_t *restrict into, const uint8_t *restrict other, int64_t n) {
    if (op == AND)
        for (int64_t i = 0; i < n; i++) into[i] &= other[i];
    else
        for (int64_t i = 0; i < n; i++) into[i] |= other[i];
}

CLONES static int32_t count_set(const uint8_t *mask, int64_t n) {
    int32_t count = 0;
    for (int64_t i = 0; i < n; i++) count += mask[i];
    return count;
}

/* The mask of n <= BLOCK rows from start on, at the bottom of the stack. */
static void run_filter(const Step *steps, int64_t n_steps, int64_t start, int64_t n, uint8_t *stack) {
    int64_t height = 0;
    if (n_steps == 0) memset(stack, 1, (size_t)n);
    for (int64_t at = 0; at < n_steps;) {
        const Step *step = steps + at;
        uint8_t *top = stack + height * BLOCK;
        switch (step->op) {
        case RANGE: test_range(step, start, n, top); height++; break;
        case LOOKUP: test_lookup(step, start, n, top); height++; break;
        case ANY_LOOKUP: test_any(step, start, n, top); height++; break;
        case CONSTANT: memset(top, step->negated ? 0 : 1, (size_t)n); height++; break;
        case MASK: memcpy(top, (const uint8_t *)step->values + start, (size_t)n); height++; break;
        default: height--; join(step->op, top - 2 * BLOCK, top - BLOCK, n);
        }
        at = step->jump && !any_set(stack + (height - 1) * BLOCK, n) ? step->jump : at + 1;
    }
}

/* Mask of all n rows; returns how many pass, or -1 without memory. */
EXPORT int64_t moodrec_mask(const Step *steps, int64_t n_steps, int64_t height, int64_t n, uint8_t *mask) {
    int64_t passed = 0;
    uint8_t *stack = malloc((size_t)(height > 0 ? height : 1) * BLOCK);
    if (!stack) return -1;
    for (int64_t start = 0; start < n; start += BLOCK) {
        int64_t m = n - start < BLOCK ? n - start : BLOCK;
        run_filter(steps, n_steps, start, m, stack);
        passed += count_set(stack, m);
        memcpy(mask + start, stack, (size_t)m);
    }
    free(stack);
    return passed;
}

/* Of how many rows, in blocks spread over all n, how many pass; -1 without memory. */
EXPORT int64_t moodrec_sample(const Step *steps, int64_t n_steps, int64_t height, int64_t n, int64_t blocks, int64_t *seen) {
    int64_t passed = 0, size = n / blocks < SAMPLED ? n / blocks : SAMPLED;
    uint8_t *stack = malloc((size_t)(height > 0 ? height : 1) * BLOCK);
    if (!stack) return -1;
    *seen = size * blocks;
    for (int64_t i = 0; i < blocks && size > 0; i++) {
        run_filter(steps, n_steps, i * (n / blocks), size, stack);
        passed += count_set(stack, size);
    }
    free(stack);
    return passed;
}

/* ---- products ---- */

CLONES static int32_t dot_bytes(const uint8_t *codes, const int8_t *weights, int64_t dim) {
    int32_t sum = 0;
    for (int64_t i = 0; i < dim; i++) sum += (int32_t)codes[i] * (int32_t)weights[i];
    return sum;
}

CLONES static float dot_floats(const float *a, const float *b, int64_t dim) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < dim; i++) sum += a[i] * b[i];
    return sum;
}

CLONES static double dot_exact(const float *a, const float *b, int64_t dim) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < dim; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

/* (m,) products of a vector with some of the (n, dim) rows, each summed in double precision. */
EXPORT void moodrec_products(const float *vectors, int64_t dim, const int64_t *rows, int64_t m, const float *query,
                             double *products) {
    for (int64_t i = 0; i < m; i++) {
        if (i + 8 < m)
            for (int64_t at = 0; at < dim; at += 16) PREFETCH(vectors + rows[i + 8] * dim + at);
        products[i] = dot_exact(vectors + rows[i] * dim, query, dim);
    }
}

/* ---- the best so far ---- */

typedef struct {
    float score;
    int64_t row;
} Hit;

/* A heap whose root is the worst of the best: of hits by score, and on equal scores by row. */
static int worse(Hit a, Hit b) { return a.score < b.score || (a.score == b.score && a.row > b.row); }

static void sink(Hit *heap, int64_t size, int64_t at) {
    Hit moved = heap[at];
    for (int64_t child = 2 * at + 1; child < size; child = 2 * at + 1) {
        if (child + 1 < size && worse(heap[child + 1], heap[child])) child++;
        if (!worse(heap[child], moved)) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

static void rise(Hit *heap, int64_t at) {
    Hit moved = heap[at];
    while (at > 0 && worse(moved, heap[(at - 1) / 2])) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = moved;
}

static void keep(Hit *heap, int64_t *size, int64_t most, Hit hit) {
    if (*size < most) {
        heap[*size] = hit;
        rise(heap, (*size)++);
    } else if (worse(heap[0], hit)) {
        heap[0] = hit;
        sink(heap, *size, 0);
    }
}

/* ---- lists, best first ---- */

typedef struct {
    float bound;
    int32_t list;
} Place;

static void settle(Place *heap, int64_t size, int64_t at) {
    Place moved = heap[at];
    for (int64_t child = 2 * at + 1; child < size; child = 2 * at + 1) {
        if (child + 1 < size && heap[child + 1].bound > heap[child].bound) child++;
        if (heap[child].bound <= moved.bound) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

static Place next_list(Place *heap, int64_t *left) {
    Place first = heap[0];
    heap[0] = heap[--*left];
    settle(heap, *left, 0);
    return first;
}

/* ---- search ---- */

typedef struct {
    const Lists *lists;
    const Query *query;
    Found *out;
    Hit *best;     /* (wanted,) */
    Hit *leading;  /* (depth,) the root is the score that a list must be able to beat */
    int8_t *weights; /* (dim,) for BYTES: the product with a row is base + scale * sum(code * weight) */
    float base, scale;
    Place *places;           /* (nlist,) */
    float *near;             /* (nlist,) products with the centroids */
    float *spreads, *expected; /* (nlist,) how far lists are below the last hit, and how many rows they may hold above */
    float stretch;           /* of this query's spreads */
    float order_z, z;        /* by which lists were ordered, and by which the search may stop */
    float looked_at;         /* the score to beat when z was found */
    int64_t next_look, passed;
    int64_t n_best, n_leading, n_pending;
    const char *codes[PENDING];
    int64_t rows[PENDING];
    uint8_t *stack;
} Search;

/* The query in whole numbers, so that its products with codes are sums of whole numbers. */
static void weigh(Search *search) {
    const Lists *lists = search->lists;
    const float *vector = search->query->vector;
    float largest = FLT_MIN, middle = 0;
    int32_t sum = 0;
    for (int64_t i = 0; i < lists->dim; i++) largest = fmaxf(largest, fabsf(lists->step[i] * vector[i]));
    search->scale = largest / 127;
    for (int64_t i = 0; i < lists->dim; i++) {
        search->weights[i] = (int8_t)lrintf(lists->step[i] * vector[i] / search->scale);
        sum += search->weights[i];
        middle += lists->middle[i] * vector[i];
    }
    search->base = middle - search->scale * 128 * (float)sum;
}

/* About 1 minus the normal distribution's share below t, to .007, by an exponential fit; no call, so that loops over it are fast. */
static inline float tail(float t) {
    float at = fabsf(t);
    float power = -(0.717f + 0.416f * at) * at * 1.442695f;
    power = power > -120 ? power : -120;
    union { int32_t bits; float number; } two_to = {(int32_t)((power + 126.94f) * (1 << 23))};
    float beyond = 0.5f * two_to.number;
    return t < 0 ? 1 - beyond : beyond;
}

/* For each list, how many spreads above its centroid's score a score lies, and how many of its rows may score higher. */
CLONES static float expect(const Lists *lists, const float *restrict near, float score, float stretch, float *restrict t,
                           float *restrict rows) {
    const float *restrict spread = lists->spread, *restrict sizes = lists->weights;
    float total = 0;
#pragma omp simd reduction(+ : total)
    for (int64_t l = 0; l < lists->nlist; l++) {
        t[l] = (score - near[l]) / (stretch * spread[l] + FLT_MIN);
        rows[l] = sizes[l] * tail(t[l]);
        total += rows[l];
    }
    return total;
}

/* The share of the expected rows that may stay behind when the last hit has such a rank among all rows. Where far more rows
 * are expected above it than the filter accounts for, the filter opposes the query, and the hits are the last rows of that
 * rank. */
static float left_at(const Lists *lists, float rank, float expected) {
    int64_t last = lists->levels - 1, level = last, deeper = 0;
    if (rank < FLT_MAX) level = (int64_t)ceilf(log2f(rank > 10 ? rank / 10 : 1));
    while (deeper < last && lists->ranks[deeper] < expected) deeper++;
    if (lists->ranks[deeper] < expected) return 0; /* deeper than anyone has measured */
    if (level > last) level = last;
    return deeper > level + 1 ? lists->left_at_edge[deeper] : lists->left[deeper > level ? deeper : level];
}

/* How many spreads ahead to look, so that the lists beyond hold no more rows above a score than may stay behind. */
static float reach(Search *search, float score, float rank) {
    float bins[BINS] = {0}, *t = search->spreads, *rows = search->expected, missed = 0;
    float all = expect(search->lists, search->near, score, search->stretch, t, rows);
    float may_miss = all * left_at(search->lists, rank, all);
    for (int64_t l = 0; l < search->lists->nlist; l++) {
        float at = (t[l] - LEAST_SPREADS) * BINS_A_SPREAD;
        bins[at <= 0 ? 0 : at >= BINS - 1 ? BINS - 1 : (int)at] += rows[l];
    }
    int64_t bin = BINS - 1;
    while (bin > 0 && missed + bins[bin] <= may_miss) missed += bins[bin--];
    return LEAST_SPREADS + (float)(bin + 1) / BINS_A_SPREAD;
}

static float bound_of(const Search *search, int64_t list, float near, float z) {
    const Query *query = search->query;
    return query->similarity_weight * (near + z * search->stretch * search->lists->spread[list]) + query->mood_weight;
}

static float stretch_of(const Lists *lists, const float *vector) {
    float sum = 0;
    for (int64_t i = 0; i < lists->dim; i++)
        sum += vector[i] * dot_floats(lists->shape + i * lists->dim, vector, lists->dim);
    return sqrtf(fmaxf(sum, 0));
}

/* All lists, those of the nearest centroids at the head. */
static int64_t lay_out(Search *search) {
    const Lists *lists = search->lists;
    Place *places = search->places;
    int64_t first = 0, most = search->query->first_lists < lists->nlist ? search->query->first_lists : lists->nlist;
    for (int64_t l = 0; l < lists->nlist; l++) {
        search->near[l] = dot_floats(lists->centroids + l * lists->dim, search->query->vector, lists->dim);
        Place place = {search->near[l], (int32_t)l};
        int64_t at = l;
        if (first < most || place.bound > places[first - 1].bound) {
            if (first == most) {
                places[l] = places[first - 1];
                at = first - 1;
            } else {
                places[l] = places[first];
                at = first++;
            }
            for (; at > 0 && places[at - 1].bound < place.bound; at--) places[at] = places[at - 1];
        }
        places[at] = place;
    }
    return first;
}

/* The lists that are left, the most promising one on top. */
static void order_left(Search *search, Place *heap, int64_t left) {
    search->order_z = search->z;
    for (int64_t i = 0; i < left; i++) heap[i].bound = bound_of(search, heap[i].list, search->near[heap[i].list], search->z);
    for (int64_t at = left / 2 - 1; at >= 0; at--) settle(heap, left, at);
}

/* A search that is to rank by mood as well goes by what sound alone would have to score, and takes its last hit to lie
 * as deep as can be: most rows that sound alike have another mood. */
static void look_ahead(Search *search) {
    const Query *query = search->query;
    search->next_look = search->out->lists + 1 + search->out->lists / 2;
    if (search->n_leading < query->depth) return;
    search->looked_at = search->leading[0].score;
    float share = query->n_steps ? ((float)search->passed + 1) / ((float)search->out->visited + 1) : 1;
    float rank = query->n_moods ? FLT_MAX : (float)query->depth / share;
    float sound = (search->leading[0].score - query->mood_weight) / fmaxf(query->similarity_weight, 1e-6f);
    search->z = reach(search, sound, rank);
}

static float affinity(const Query *query, int64_t row) {
    float squares = 0;
    for (int64_t j = 0; j < query->n_moods; j++) {
        float off = query->moods[j][row] - query->targets[j];
        squares += off * off;
    }
    return 1 - squares / (float)query->n_moods;
}

static void score_pending(Search *search) {
    const Query *query = search->query;
    const int64_t dim = search->lists->dim;
    for (int64_t i = 0; i < search->n_pending; i++) {
        float mood = query->n_moods ? query->mood_weight * affinity(query, search->rows[i]) : 0;
        int full = search->n_best == query->wanted;
        /* Not even the same sound would do; NaN, an unknown mood, never does. */
        if (query->n_moods && !(mood + query->similarity_weight > (full ? search->best[0].score : -FLT_MAX))) continue;
        float product = search->lists->kind == BYTES
                            ? search->base + search->scale * (float)dot_bytes((const uint8_t *)search->codes[i], search->weights, dim)
                            : dot_floats((const float *)search->codes[i], query->vector, dim);
        Hit hit = {query->similarity_weight * product + mood, search->rows[i]};
        search->out->scored++;
        if (full && !worse(search->best[0], hit)) continue;
        keep(search->best, &search->n_best, query->wanted, hit);
        keep(search->leading, &search->n_leading, query->depth, hit);
    }
    search->n_pending = 0;
}

static void add_pending(Search *search, const char *code, int64_t row, int64_t bytes) {
    search->passed++;
    for (int64_t at = 0; at < bytes; at += 64) PREFETCH(code + at);
    search->codes[search->n_pending] = code;
    search->rows[search->n_pending++] = row;
    if (search->n_pending == PENDING) score_pending(search);
}

/* n <= BLOCK codes whose rows follow one another from row on. */
static void visit_run(Search *search, const char *codes, int64_t row, int64_t n, int64_t bytes) {
    const Query *query = search->query;
    search->out->visited += n;
    if (query->n_steps == 0) {
        for (int64_t i = 0; i < n; i++) add_pending(search, codes + i * bytes, row + i, bytes);
        return;
    }
    run_filter(query->steps, query->n_steps, row, n, search->stack);
    memset(search->stack + n, 0, STRIDE); /* there is room: BLOCK bytes are followed by so many more */
    for (int64_t i = 0; i < n; i += STRIDE) {
        uint64_t words[STRIDE / 8], any = 0;
        memcpy(words, search->stack + i, STRIDE);
        for (int64_t j = 0; j < STRIDE / 8; j++) any |= words[j];
        if (!any) continue;
        for (int64_t j = i; j < i + STRIDE; j++)
            if (search->stack[j]) add_pending(search, codes + j * bytes, row + j, bytes);
    }
}

static void visit_list(Search *search, int64_t list) {
    const Lists *lists = search->lists;
    search->out->lists++;
    const int64_t bytes = lists->dim * (lists->kind == BYTES ? 1 : (int64_t)sizeof(float));
    const int64_t *rows = lists->rows[list];
    const char *codes = lists->codes[list];
    for (int64_t i = 0; i < lists->sizes[list];) {
        int64_t row = i ? rows[i] : lists->starts[list], end = i ? i + 1 : lists->runs[list];
        if (i)
            while (end < lists->sizes[list] && rows[end] == rows[end - 1] + 1) end++;
        for (; i < end; i += BLOCK, row += BLOCK)
            visit_run(search, codes + i * bytes, row, end - i < BLOCK ? end - i : BLOCK, bytes);
        i = end;
    }
}

static void look_again(Search *search, Place *heap, int64_t left) {
    look_ahead(search);
    if (fabsf(search->z - search->order_z) > LEAST_CHANGE) order_left(search, heap, left);
}

static int beaten(const Search *search, Place best) {
    return search->n_leading == search->query->depth && best.bound <= search->leading[0].score;
}

static void visit_lists(Search *search) {
    int64_t first = lay_out(search), left = search->lists->nlist - first;
    Place *heap = search->places + first;
    for (int64_t i = 0; i < first; i++) visit_list(search, search->places[i].list);
    search->z = FIRST_Z;
    look_ahead(search);
    order_left(search, heap, left);
    while (left > 0) {
        if (search->out->lists >= search->next_look) look_again(search, heap, left);
        if (beaten(search, heap[0])) {
            /* What the lists are expected to hold depends on the score to beat: the last word is with the present one. */
            if (search->looked_at != search->leading[0].score) look_again(search, heap, left);
            if (beaten(search, heap[0])) break;
        }
        visit_list(search, next_list(heap, &left).list);
    }
    score_pending(search);
    search->out->complete = left == 0 && search->n_best < search->query->wanted;
}

/* The best rows of a query, in no order; returns 0, or -1 without memory. */
EXPORT int64_t moodrec_search(const Lists *lists, const Query *query, Found *out) {
    Search search = {.lists = lists, .query = query, .out = out};
    search.places = malloc((size_t)lists->nlist * sizeof(Place));
    search.near = malloc(3 * (size_t)lists->nlist * sizeof(float));
    search.best = malloc((size_t)query->wanted * sizeof(Hit));
    search.leading = malloc((size_t)query->depth * sizeof(Hit));
    search.stack = malloc((size_t)(query->stack + 1) * BLOCK + STRIDE);
    search.weights = malloc((size_t)lists->dim);
    int64_t failed = search.places && search.near && search.best && search.leading && search.stack && search.weights ? 0 : -1;
    if (!failed) {
        search.spreads = search.near + lists->nlist;
        search.expected = search.spreads + lists->nlist;
        if (lists->kind == BYTES) weigh(&search);
        search.stretch = stretch_of(lists, query->vector);
        visit_lists(&search);
        out->found = search.n_best;
        for (int64_t i = 0; i < search.n_best; i++) out->rows[i] = search.best[i].row;
    }
    free(search.places);
    free(search.near);
    free(search.best);
    free(search.leading);
    free(search.stack);
    free(search.weights);
    return failed;
}

/* Setuptools expects the name of a Python module; this library is loaded by ctypes instead. */
EXPORT void *PyInit__kernel(void) { return 0; }
