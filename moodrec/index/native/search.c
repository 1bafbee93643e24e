/* The search: through the lists from the most promising on, or through the rows where few pass. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "heaps.h"
#include "kernel.h"

enum { PENDING = 32 };
#define ERRORS 6.0f        /* standard errors that an approximate score is not off by */
#define FLOAT_ERROR 1e-5f  /* of products in single precision */
#define COMMON_CODE 74.0f  /* root mean square of a code about its middle, at most, commonly */
#define TRIED 64     /* a search has an idea of what is ahead when it has visited one list in so many, */
#define TOO_MANY 8   /* times as many rows as were to be few */
#define SPARSE 10     /* rows are marked if at most one in so many can pass */
#define SWEEP_FROM 8 /* and sweeps if that is more than one row in so many */

typedef struct {
    const Lists *lists;
    const Rows *rows;
    const Query *query;
    const Filter *filter;
    const Plan *plan;
    Found *out;
    Best best;               /* candidates, by approximate score */
    Best leading;            /* the first of them; a list must be able to beat the last */
    float similarity, mood;  /* weights of the two parts of a score */
    int8_t *weights;         /* (dim,) for BYTES: the product with a row is base + scale * sum(code * weight); (dim,) to work in */
    float base, scale;
    float product_error;     /* by which such a product may be off */
    Place *places;           /* (nlist,) the lists of the outlook that are left: a heap of those not beaten, then the others */
    int64_t n_left, n_heap;
    Outlook outlook;
    float *bounds;           /* (nlist,) scores, by sound alone, that lists of the outlook are not expected to go beyond */
    uint8_t *visited;        /* (nlist,) by name */
    float bar, ordered_by;   /* by which the search may stop, and by which the bounds were found */
    float looked_at;         /* the score to beat when the bar was found */
    float foreseen;          /* rows that were likely to pass in the lists visited */
    int narrowed;            /* whether lists have been left out */
    int64_t n_visited, next_look, passed;
    int64_t n_pending;
    const uint8_t *codes[PENDING];
    int64_t pending[PENDING];
    float ceilings[PENDING]; /* products that the rows hardly go beyond */
    Sketched sketched;       /* the query; no tables: there are no sketches */
    Ordered ordered;
    uint32_t *marks;         /* a bit for each row that is in the orders: whether it can pass; none, if there are too many */
    uint8_t *stack;
} Search;

/* ---- rows ---- */

/* Numbers as whole weights of bytes, so that their products with codes are sums of whole numbers: for codes c, the sum of
 * number * (c - 128) is about base + scale * sum(weight * c). */
static void weigh(const float *numbers, int64_t n, int8_t *weights, float *base, float *scale) {
    float largest = FLT_MIN;
    int32_t sum = 0;
    for (int64_t i = 0; i < n; i++) largest = fmaxf(largest, fabsf(numbers[i]));
    *scale = largest / 127;
    for (int64_t i = 0; i < n; i++) {
        weights[i] = (int8_t)lrintf(numbers[i] / *scale);
        sum += weights[i];
    }
    *base = -*scale * 128 * (float)sum;
}

/* The query as weights of the rows' codes. */
static void weigh_rows(Search *search) {
    const Lists *lists = search->lists;
    const float *vector = search->query->vector;
    float *steps = search->outlook.expected, middle = 0; /* not in use yet */
    for (int64_t i = 0; i < lists->dim; i++) {
        steps[i] = lists->step[i] * vector[i];
        middle += lists->middle[i] * vector[i];
    }
    weigh(steps, lists->dim, search->weights, &search->base, &search->scale);
    search->base += middle;
}

/* By how much the approximate product of a row may be off. */
static float error_of_products(const Search *search) {
    const Lists *lists = search->lists;
    if (lists->kind != BYTES) return FLOAT_ERROR;
    float squares = 0, of_weights = search->scale * COMMON_CODE;
    for (int64_t i = 0; i < lists->dim; i++) {
        float of_code = lists->step[i] * search->query->vector[i];
        squares += (of_code * of_code + of_weights * of_weights) / 12;
    }
    return ERRORS * sqrtf(squares) + FLOAT_ERROR;
}

/* Products with the centroids; by bytes, where their error is small beside the lists' spreads. */
static void near_centroids(Search *search) {
    const Lists *lists = search->lists;
    if (lists->coarse_step == 0) {
        dots_floats(lists->centroids, lists->nlist, search->query->vector, lists->dim, search->outlook.near);
        return;
    }
    int8_t *weights = search->weights + lists->dim;
    const uint8_t *codes[PENDING];
    int32_t sums[PENDING];
    float base, scale, middle, step = (float)lists->coarse_step;
    dots_floats(lists->coarse_middle, 1, search->query->vector, lists->dim, &middle);
    weigh(search->query->vector, lists->dim, weights, &base, &scale);
    for (int64_t start = 0; start < lists->nlist; start += PENDING) {
        int64_t n = lists->nlist - start < PENDING ? lists->nlist - start : PENDING;
        for (int64_t i = 0; i < n; i++) codes[i] = lists->coarse + (start + i) * lists->dim;
        dots_bytes(codes, n, weights, lists->dim, sums);
        for (int64_t i = 0; i < n; i++) search->outlook.near[start + i] = middle + step * (base + scale * (float)sums[i]);
    }
}

static float affinity(const Query *query, int64_t row) {
    float squares = 0;
    for (int64_t j = 0; j < query->n_moods; j++) {
        float off = query->moods[j][row] - query->targets[j];
        squares += off * off;
    }
    return 1 - squares / (float)query->n_moods;
}

/* What the moods of the pending rows add to their scores. Rows that could not even sound the same and be kept are dropped;
 * so is NaN, an unknown mood. */
static void add_moods(Search *search, float *moods) {
    float bar = is_full(&search->best) ? least(&search->best) : -FLT_MAX;
    int64_t kept = 0;
    for (int64_t i = 0; i < search->n_pending; i++) {
        float mood = search->mood * affinity(search->query, search->pending[i]);
        if (!(mood + search->similarity * search->ceilings[i] > bar)) continue;
        search->codes[kept] = search->codes[i];
        search->pending[kept] = search->pending[i];
        moods[kept++] = mood;
    }
    search->n_pending = kept;
}

static void score_pending(Search *search) {
    const Lists *lists = search->lists;
    float moods[PENDING] = {0}, products[PENDING];
    if (search->query->n_moods) add_moods(search, moods);
    if (lists->kind == BYTES) {
        int32_t sums[PENDING];
        dots_bytes(search->codes, search->n_pending, search->weights, lists->dim, sums);
        for (int64_t i = 0; i < search->n_pending; i++) products[i] = search->base + search->scale * (float)sums[i];
    } else
        for (int64_t i = 0; i < search->n_pending; i++)
            dots_floats((const float *)(const void *)search->codes[i], 1, search->query->vector, lists->dim, products + i);
    for (int64_t i = 0; i < search->n_pending; i++) {
        Hit hit = {search->similarity * products[i] + moods[i], search->pending[i]};
        if (is_full(&search->best) && hit.score < least(&search->best)) continue;
        keep(&search->best, hit);
        keep(&search->leading, hit);
    }
    search->n_pending = 0;
}

static void add_pending(Search *search, const uint8_t *code, int64_t row, int64_t bytes, float ceiling) {
    for (int64_t at = 0; at < bytes; at += 64) PREFETCH(code + at);
    search->codes[search->n_pending] = code;
    search->ceilings[search->n_pending] = ceiling;
    search->pending[search->n_pending++] = row;
    if (search->n_pending == PENDING) score_pending(search);
}

/* The first row from i on, of n, that passes a mask of bytes with zeros behind it. */
static inline int64_t next_set(const uint8_t *mask, int64_t i, int64_t n) {
    while (i < n) {
        uint64_t word;
        memcpy(&word, mask + i, sizeof word);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        if (word) return i + __builtin_ctzll(word) / 8;
        i += (int64_t)sizeof word;
#else
        if (mask[i]) return i;
        i += word ? 1 : (int64_t)sizeof word;
#endif
    }
    return n;
}

/* 32 bytes of a mask, 0 or 1 each, as bits. */
static inline uint32_t bits_of_mask(const uint8_t *mask) {
    uint32_t bits = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (int i = 0; i < AT_ONCE; i += 8) {
        uint64_t word;
        memcpy(&word, mask + i, sizeof word);
        bits |= (uint32_t)(word * 0x0102040810204080u >> 56) << i;
    }
#else
    for (int i = 0; i < AT_ONCE; i++) bits |= (uint32_t)mask[i] << i;
#endif
    return bits;
}

/* The product that a row must go beyond to be among the first. */
static float least_product(const Search *search) {
    if (!is_full(&search->leading) || search->similarity <= 0) return -FLT_MAX;
    return (least(&search->leading) - search->mood) / search->similarity - (float)search->lists->near_error - search->product_error;
}

/* Whether the sketches of some rows of a block that begins with a row are worth a look: one row is scored as soon. */
static int worth_a_sketch(const Search *search, int64_t row, uint32_t rows) {
    return rows & (rows - 1) && search->sketched.tables && row + AT_ONCE <= search->lists->n_sketched;
}

/* Have what will be read of some rows of a block brought near; row is its first, and its code would be that at. */
static void await_rows(const Search *search, const uint8_t *codes, int64_t at, int64_t row, uint32_t rows, int64_t bytes) {
    if (worth_a_sketch(search, row, rows)) {
        const uint8_t *sketches = sketches_at(search->lists, row);
        for (int64_t byte = 0; byte < AT_ONCE * (search->lists->sketch_dim / 8 + 4); byte += 64) PREFETCH(sketches + byte);
    } else
        for (; rows; rows &= rows - 1)
            for (int64_t byte = 0; byte < bytes; byte += 64) PREFETCH(codes + (at + __builtin_ctz(rows)) * bytes + byte);
}

/* Some rows of a block, of one list. */
static void visit_block(Search *search, int64_t place, const uint8_t *codes, int64_t at, int64_t row, uint32_t rows, int64_t bytes) {
    const float bar = least_product(search);
    const int sketched = bar > -FLT_MAX && worth_a_sketch(search, row, rows);
    float ceilings[AT_ONCE];
    if (sketched) rows &= may_reach(search->lists, row, &search->sketched, search->outlook.near[place], bar, ceilings);
    for (; rows; rows &= rows - 1) {
        const int i = __builtin_ctz(rows);
        add_pending(search, codes + (at + i) * bytes, row + i, bytes, sketched ? ceilings[i] : 1);
    }
}

/* Which of some rows from a row on pass, as bits: of n <= AT_ONCE, which lie in one block and are in the orders. */
static uint32_t passing_marked(const Search *search, int64_t row, int64_t n) {
    uint32_t rows = search->marks[row / AT_ONCE] >> row % AT_ONCE & ~(uint32_t)0 >> (AT_ONCE - n);
    if (!rows || search->ordered.exact) return rows;
    run_filter(search->filter, row, n, search->stack);
    return rows & bits_of_mask(search->stack);
}

/* n <= BLOCK codes of a list of the outlook, whose rows follow one another from row on. Blocks of sketches begin at multiples of
 * their size, lists anywhere. */
static void visit_run(Search *search, int64_t place, const uint8_t *codes, int64_t row, int64_t n, int64_t bytes) {
    const int64_t before = row % AT_ONCE;
    uint32_t blocks[BLOCK / AT_ONCE + 1], *block = blocks;
    const int marked = search->marks && row + n <= search->filter->n_ordered, masked = search->filter->n_steps && !marked;
    search->out->visited += n;
    if (masked) run_filter(search->filter, row, n, search->stack);
    for (int64_t at = -before; at < n; at += AT_ONCE, block++) {
        const int64_t skipped = at < 0 ? -at : 0, left = n - at < AT_ONCE ? n - at : AT_ONCE;
        if (marked)
            *block = passing_marked(search, row + at + skipped, left - skipped);
        else
            *block = masked ? bits_of_mask(search->stack + at + skipped) : ~(uint32_t)0;
        *block = *block << skipped & ~(uint32_t)0 >> (AT_ONCE - left);
        search->passed += __builtin_popcount(*block);
        if (*block) await_rows(search, codes, at, row + at, *block, bytes);
    }
    block = blocks;
    for (int64_t at = -before; at < n; at += AT_ONCE, block++)
        if (*block) visit_block(search, place, codes, at, row + at, *block, bytes);
}

/* A list of the outlook. */
static void visit_list(Search *search, int64_t place) {
    const Lists *lists = search->lists;
    const int32_t list = search->outlook.names[place];
    search->n_visited++;
    search->visited[list] = 1;
    search->foreseen += search->outlook.likely[place];
    const int64_t bytes = lists->dim * (lists->kind == BYTES ? 1 : (int64_t)sizeof(float));
    const int64_t *rows = lists->rows[list];
    const uint8_t *codes = lists->codes[list];
    for (int64_t i = 0; i < lists->sizes[list];) {
        int64_t row = i ? rows[i] : lists->starts[list], end = i ? i + 1 : lists->runs[list];
        if (i)
            while (end < lists->sizes[list] && rows[end] == rows[end - 1] + 1) end++;
        for (; i < end; i += BLOCK, row += BLOCK)
            visit_run(search, place, codes + i * bytes, row, end - i < BLOCK ? end - i : BLOCK, bytes);
        i = end;
    }
}

/* ---- lists ---- */

CLONES static int any_above(const float *numbers, int64_t n, float bar) {
    int any = 0;
    for (int64_t i = 0; i < n; i++) any |= numbers[i] > bar;
    return any;
}

/* Visit the lists of the nearest centroids. */
static void visit_nearest(Search *search) {
    const float *near = search->outlook.near;
    const int64_t nlist = search->lists->nlist, most = search->plan->first_lists < nlist ? search->plan->first_lists : nlist;
    Place *places = search->places;
    int64_t found = 0;
    for (int64_t start = 0; start < nlist; start += AT_ONCE) {
        const int64_t n = nlist - start < AT_ONCE ? nlist - start : AT_ONCE;
        if (found == most && !any_above(near + start, n, places[found - 1].bound)) continue;
        for (int64_t l = start; l < start + n; l++) {
            if (found == most && !(near[l] > places[found - 1].bound)) continue;
            int64_t at = found < most ? found++ : found - 1;
            for (; at > 0 && places[at - 1].bound < near[l]; at--) places[at] = places[at - 1];
            places[at] = (Place){near[l], (int32_t)l};
        }
    }
    for (int64_t i = 0; i < found; i++) visit_list(search, places[i].list);
}

/* The lists of the outlook that have not been visited. */
static void find_left(Search *search) {
    search->n_left = 0;
    for (int64_t i = 0; i < search->outlook.n; i++)
        if (!search->visited[search->outlook.names[i]]) search->places[search->n_left++].list = (int32_t)i;
}

static float bound_of(const Search *search, int64_t list) {
    float bound = search->bounds[list];
    return bound > NEVER ? search->similarity * bound + search->mood : NEVER;
}

static int is_beaten(const Search *search, float bound) {
    return is_full(&search->leading) && bound <= least(&search->leading);
}

/* Put the lists that are left and not beaten into a heap, the most promising one on top; the others come behind it. */
static void order_left(Search *search) {
    Place *places = search->places;
    bounds_of(&search->outlook, search->bar, search->bounds);
    search->ordered_by = search->bar;
    search->n_heap = 0;
    for (int64_t i = 0; i < search->n_left; i++) {
        Place place = {bound_of(search, places[i].list), places[i].list};
        if (!is_beaten(search, place.bound)) {
            places[i] = places[search->n_heap];
            places[search->n_heap++] = place;
        }
    }
    for (int64_t at = search->n_heap / 2 - 1; at >= 0; at--) settle(places, search->n_heap, at);
}

static int64_t next_list(Search *search) {
    Place *places = search->places;
    int64_t list = places[0].list;
    places[0] = places[--search->n_heap];
    settle(places, search->n_heap, 0);
    places[search->n_heap] = places[--search->n_left];
    return list;
}

/* A search that is to rank by mood as well goes by what sound alone would have to score, and takes its last hit to lie
 * as deep as can be: most rows that sound alike have another mood. */
static void look_ahead(Search *search) {
    search->next_look = 2 * search->n_visited + 1;
    if (!is_full(&search->leading)) return;
    search->looked_at = least(&search->leading);
    float share = search->filter->n_steps ? ((float)search->passed + 1) / (search->foreseen + 1) : 1;
    float rank = search->query->n_moods ? FLT_MAX : (float)search->plan->depth / fminf(share, 1);
    float sound = (search->looked_at - search->mood) / fmaxf(search->similarity, 1e-6f);
    if (!search->narrowed) {
        leave_out(&search->outlook, sound);
        find_left(search);
        search->narrowed = 1;
        search->ordered_by = NAN;
    }
    search->bar = bar_of(&search->outlook, sound, rank);
}

static void look_again(Search *search) {
    look_ahead(search);
    if (search->bar != search->ordered_by) order_left(search);
}

/* Whether so much is ahead that going through it as it lies in memory is faster than best first. */
static int much_is_ahead(const Search *search) {
    int64_t ahead = 0;
    if (search->n_visited * TRIED < search->lists->nlist) return 0;
    for (int64_t i = 0; i < search->n_heap; i++) ahead += search->lists->sizes[search->outlook.names[search->places[i].list]];
    return ahead * SWEEP_FROM > search->rows->n;
}

/* Visit the lists that are ahead as they lie in memory. */
static void sweep(Search *search) {
    for (int64_t i = 0; i < search->outlook.n; i++) {
        if (search->visited[search->outlook.names[i]]) continue;
        if (search->n_visited >= search->next_look) {
            int narrowed = search->narrowed;
            look_ahead(search);
            bounds_of(&search->outlook, search->bar, search->bounds);
            if (narrowed != search->narrowed) { /* places have changed */
                i = -1;
                continue;
            }
        }
        if (!is_beaten(search, bound_of(search, i))) visit_list(search, i);
    }
    score_pending(search);
    find_left(search);
    look_ahead(search);
    order_left(search);
}

static int none_is_ahead(const Search *search) {
    return search->n_heap == 0 || is_beaten(search, search->places[0].bound);
}

static void visit_lists(Search *search) {
    int swept = 0;
    visit_nearest(search);
    score_pending(search);
    if (!is_full(&search->leading)) {
        find_left(search);
        search->bar = first_bar(&search->outlook);
    }
    look_ahead(search);
    order_left(search);
    for (;;) {
        if (search->n_visited >= search->next_look) {
            look_again(search);
            if (!swept && much_is_ahead(search)) {
                sweep(search);
                swept = 1;
            }
        }
        /* What the lists are expected to hold depends on the score to beat: the last word is with the present one. */
        if (none_is_ahead(search) && search->n_left && search->looked_at != least(&search->leading)) look_again(search);
        if (none_is_ahead(search)) break;
        visit_list(search, next_list(search));
    }
    score_pending(search);
    search->out->scored = search->passed;
    search->out->complete = search->n_visited == search->lists->nlist && !is_full(&search->best);
}

/* ---- all rows ---- */

static void score_rows(Search *search) {
    for (int64_t i = 0; i < search->n_pending; i++) {
        Hit hit = {(float)exact_score(search->rows, search->query, search->pending[i]), search->pending[i]};
        keep(&search->best, hit);
    }
    search->n_pending = 0;
}

static void await_row(Search *search, int64_t row) {
    const float *vector = search->rows->vectors + row * search->rows->dim;
    for (int64_t at = 0; at < search->rows->dim; at += 16) PREFETCH(vector + at);
    search->passed++;
    search->pending[search->n_pending++] = row;
    if (search->n_pending == PENDING) score_rows(search);
}

/* Score the rows that pass of those in the orders; returns how many rows are. */
static int64_t visit_marked(Search *search) {
    const int64_t n_marked = search->marks ? search->filter->n_ordered : 0;
    for (int64_t row = 0; row < n_marked; row += AT_ONCE) {
        if (!search->marks[row / AT_ONCE]) continue;
        uint32_t rows = passing_marked(search, row, n_marked - row < AT_ONCE ? n_marked - row : AT_ONCE);
        for (; rows; rows &= rows - 1) await_row(search, row + __builtin_ctz(rows));
    }
    return n_marked;
}

/* Score every row that passes; returns 0, leaving all as it was, where so many do that the sample must have been a bad one. */
static int visit_rows(Search *search) {
    const Rows *rows = search->rows;
    const int64_t too_many = TOO_MANY * search->plan->few + search->best.most;
    const int64_t marked = visit_marked(search);
    for (int64_t start = marked; start < rows->n; start += BLOCK) {
        if (search->filter->n_steps && search->passed > too_many) {
            search->n_pending = search->passed = search->best.size = 0;
            return 0;
        }
        int64_t n = rows->n - start < BLOCK ? rows->n - start : BLOCK;
        run_filter(search->filter, start, n, search->stack);
        for (int64_t i = next_set(search->stack, 0, n); i < n; i = next_set(search->stack, i + 1, n)) await_row(search, start + i);
    }
    score_rows(search);
    search->out->visited = rows->n - marked + (marked ? search->ordered.rows : 0);
    search->out->scored = search->passed;
    search->out->complete = search->passed <= search->best.most;
    search->out->way = ROWS;
    return 1;
}

/* ---- search ---- */

/* Mark the rows that can pass, if that takes less than to look at most rows that a search visits. */
static int mark_few(Search *search) {
    find_slices(search->filter, &search->ordered);
    if (search->ordered.rows > search->rows->n / SPARSE) return 1;
    search->marks = calloc((size_t)(search->filter->n_ordered / AT_ONCE + 1), sizeof(uint32_t));
    if (search->marks) mark_slices(&search->ordered, search->marks);
    return search->marks != 0;
}

static int few_pass(const Search *search) {
    if (search->filter->n_steps == 0) return search->rows->n <= search->plan->few;
    if (search->marks && search->ordered.rows <= search->plan->few) return 1;
    double share = sampled_share(search->filter, search->rows->n, search->stack);
    return share * (double)search->rows->n <= (double)search->plan->few;
}

/* Candidates of the lists have approximate scores so far. Those beyond the spare ones that can hardly be among the hits are
 * dropped, unless the candidates are all rows that pass. */
static void score_exactly(Search *search) {
    const Rows *rows = search->rows;
    Best *best = &search->best;
    const int64_t depth = search->plan->depth, wanted = search->out->complete ? best->size : depth + search->plan->spare;
    const float error = search->similarity * search->product_error;
    float lowest = FLT_MAX;
    put_in_order(best);
    for (int64_t i = 0; i < best->size; i++)
        for (int64_t at = 0; at < rows->dim && i < wanted; at += 16) PREFETCH(rows->vectors + best->hits[i].row * rows->dim + at);
    for (int64_t i = 0; i < best->size; i++) {
        Hit *hit = best->hits + i;
        if (i >= wanted && hit->score + error < lowest) best->size = i;
        if (i == best->size) break;
        hit->score = (float)exact_score(rows, search->query, hit->row);
        if (i < depth) lowest = fminf(lowest, hit->score);
    }
    for (int64_t at = best->size / 2 - 1; at >= 0; at--) sink(best, best->size, at);
}

/* The candidates, best first. */
static void rank(Search *search) {
    Best *best = &search->best;
    if (search->out->way == LISTS) score_exactly(search);
    put_in_order(best);
    search->out->found = best->size;
    for (int64_t i = 0; i < best->size; i++) {
        search->out->rows[i] = best->hits[i].row;
        search->out->scores[i] = best->hits[i].score;
    }
}

/* Begin with all lists. */
static void look_at_all(Outlook *outlook) {
    for (int64_t l = 0; l < outlook->n; l++) outlook->names[l] = (int32_t)l;
    outlook->weights = outlook->lists->weights;
    outlook->spread = outlook->lists->spread;
}

static void find(Search *search) {
    const Lists *lists = search->lists;
    search->out->way = LISTS;
    if (!few_pass(search) || !visit_rows(search)) {
        if (lists->kind == BYTES) weigh_rows(search);
        search->product_error = error_of_products(search);
        if (search->sketched.tables) sketch_query(lists, search->query->vector, search->outlook.expected, &search->sketched);
        near_centroids(search);
        likely_rows(lists, search->plan, search->outlook.likely);
        search->outlook.stretch = stretch_of(lists, search->query->vector, search->outlook.expected);
        look_at_all(&search->outlook);
        visit_lists(search);
    }
    rank(search);
}

/* The best rows of a query; returns 0, or -1 without memory. */
EXPORT int64_t moodrec_search(const Lists *lists, const Rows *rows, const Query *query, const Filter *filter, const Plan *plan,
                              Found *out) {
    const int64_t wanted = 2 * (plan->depth + plan->spare);
    const size_t nlist = (size_t)lists->nlist, dim = (size_t)lists->dim;
    Search search = {.lists = lists, .rows = rows, .query = query, .filter = filter, .plan = plan, .out = out};
    search.similarity = (float)(1 - query->weight);
    search.mood = (float)query->weight;
    search.places = malloc(nlist * sizeof(Place));
    const size_t tables = can_sketch(lists) ? 4 * (size_t)lists->sketch_dim : 0;
    search.visited = calloc(nlist + 2 * dim + tables, 1);
    search.weights = (int8_t *)search.visited + nlist;
    if (tables) search.sketched.tables = search.visited + nlist + 2 * dim;
    search.stack = filter_stack(filter);
    search.best = (Best){malloc((size_t)(wanted + plan->depth) * sizeof(Hit)), 0, wanted, rows->order};
    search.leading = (Best){search.best.hits + wanted, 0, plan->depth, rows->order};
    int32_t *names = malloc(nlist * sizeof(int32_t));
    float *floats = malloc((6 * nlist + dim + (size_t)lists->sketch_dim) * sizeof(float));
    int enough = search.places && search.visited && search.stack && search.best.hits && names && floats;
    enough = enough && mark_few(&search);
    if (enough) {
        search.bounds = floats;
        search.outlook = (Outlook){.lists = lists, .n = lists->nlist, .names = names, .near = floats + nlist, .likely = floats + 2 * nlist,
                                   .own_weights = floats + 3 * nlist, .own_spread = floats + 4 * nlist, .stretch = 1,
                                   .expected = floats + 5 * nlist, .informed = plan->n_shares > 0};
        find(&search);
    }
    free(floats);
    free(names);
    free(search.places);
    free(search.visited);
    free(search.stack);
    free(search.best.hits);
    free(search.marks);
    return enough ? 0 : -1;
}

/* What kernel.py must agree with: a library of an older build is not used. VERSION changes when what a call means does. */
EXPORT void moodrec_layout(int64_t *sizes) {
    sizes[0] = sizeof(Step), sizes[1] = sizeof(Filter), sizes[2] = sizeof(Lists), sizes[3] = sizeof(Rows);
    sizes[4] = sizeof(Query), sizes[5] = sizeof(Share), sizes[6] = sizeof(Plan), sizes[7] = sizeof(Found), sizes[8] = VERSION;
}

/* Setuptools expects the name of a Python module; this library is loaded by ctypes instead. */
EXPORT void *PyInit__kernel(void) { return 0; }
