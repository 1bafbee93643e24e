/* The search: through the rows that pass where they are few, or else through the lists. */
#include <float.h>
#include <stdlib.h>

#include "search.h"

#define SPARSE 10    /* rows are marked if at most one in so many can pass */
#define DOUBT 4.0f   /* times the error of approximate scores: what could not be told apart */
enum { MORE_ROOM = 8 }; /* times as much, three times at most */

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
    const int64_t few = has_codes_in_order(search) ? search->plan->few_in_order : search->plan->few;
    if (search->marks && search->ordered.rows <= (search->ordered.exact ? few : few / 2)) return 1;
    if (search->marks && search->ordered.exact && search->filter->n_ordered == search->rows->n) return 0;
    double share = sampled_share(search->filter, search->rows->n, search->stack);
    return share * (double)search->rows->n <= (double)search->plan->few;
}

/* The candidates, best first. */
static void rank(Search *search) {
    if (search->out->way != ROWS) score_exactly(search);
    put_in_order(&search->best);
}

static void give(Search *search) {
    const Best *best = &search->best;
    Found *out = search->out;
    out->found = best->size < room(search->plan) ? best->size : room(search->plan);
    for (int64_t i = 0; i < out->found; i++) {
        out->rows[i] = best->hits[i].row;
        out->scores[i] = best->hits[i].score;
    }
}

/* Whether a row whose code has been dropped could be a hit: rows closer together than codes can tell apart need more room. */
static int is_in_doubt(const Search *search) {
    if (search->lists->kind != BYTES || search->best.size < search->plan->depth) return 0;
    return search->best.hits[search->plan->depth - 1].score - search->dropped < DOUBT * search->observed_error;
}

/* Make room for more candidates; returns 0 if that brings nothing, or cannot be. */
static int make_room(Search *search) {
    Best *best = &search->best;
    const int64_t most = MORE_ROOM * best->most;
    if (best->most >= search->rows->n || most > MORE_ROOM * MORE_ROOM * MORE_ROOM * room(search->plan)) return 0;
    Hit *hits = realloc(best->hits, (size_t)(most + search->plan->depth) * sizeof(Hit));
    if (!hits) return 0;
    best->hits = hits;
    best->most = most;
    search->leading.hits = hits + most;
    return 1;
}

/* Begin with all lists. */
static void look_at_all(Outlook *outlook) {
    outlook->n = outlook->lists->nlist;
    for (int64_t l = 0; l < outlook->n; l++) outlook->names[l] = (int32_t)l;
    outlook->weights = outlook->lists->weights;
    outlook->spread = outlook->lists->spread;
}

static void begin(Search *search) {
    search->out->way = LISTS;
    search->out->visited = 0;
    search->n_visited = search->passed = search->n_pending = search->best.size = search->leading.size = 0;
    search->narrowed = 0;
    search->foreseen = 0;
    search->dropped = -FLT_MAX;
}

static void find(Search *search) {
    const Lists *lists = search->lists;
    begin(search);
    if (lists->kind == BYTES) weigh_rows(search);
    search->product_error = error_of_products(search);
    if (!few_pass(search) || !visit_few(search)) {
        if (search->sketched.tables) sketch_query(lists, search->query->vector, search->outlook.expected, &search->sketched);
        near_centroids(search);
        likely_rows(lists, search->plan, search->outlook.likely);
        search->outlook.stretch = stretch_of(lists, search->query->vector, search->outlook.expected);
        look_at_all(&search->outlook);
        visit_lists(search);
    }
    rank(search);
}

/* A search from the start, with more room each time, until its hits are beyond doubt. */
static void find_enough(Search *search) {
    find(search);
    while (is_in_doubt(search) && make_room(search)) {
        memset(search->visited, 0, (size_t)search->lists->nlist);
        find(search);
    }
    give(search);
}

/* The best rows of a query; returns 0, or -1 without memory. */
EXPORT int64_t moodrec_search(const Lists *lists, const Rows *rows, const Query *query, const Filter *filter, const Plan *plan,
                              Found *out) {
    const int64_t wanted = room(plan);
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
        find_enough(&search);
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
