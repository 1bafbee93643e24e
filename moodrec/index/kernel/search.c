/* One search, from the query to its hits.
 *
 * What calls what, from the top down; no file calls one above it or beside it, and all call the loops of the path that runs.
 *
 *   search.c               which way, and whether the hits are beyond doubt
 *   ├── scan.c             scores all rows that pass, where they are few
 *   │   ├── candidates.c
 *   │   └── passing.c
 *   ├── probing.c          probes posting lists, the most promising one first, until none is worth it
 *   │   ├── stopping.c     what the lists that are left are expected to hold
 *   │   └── posting_list.c tests the rows of one list
 *   │       ├── sketches.c     which rows have a product worth scoring
 *   │       ├── candidates.c   approximate scores from codes, and exact ones for the best (refine)
 *   │       │   └── products.c     exact scores
 *   │       └── passing.c      which rows pass
 *   │           ├── orders.c       by columns in the order of their values
 *   │           └── filter.c       by the filter's steps
 *   └── paths.c            which of path_*.c runs: loops_*.h, compiled for one set of instructions each
 *
 * module.c and python.c are what Python checks and imports. */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "probing.h"
#include "scan.h"
#include "sketches.h"
#include "stopping.h"

#define DOUBT 4.0f      /* times the error of approximate scores: what they cannot tell apart */
enum { MORE_ROOM = 8 }; /* times as many candidates, three times at most */

typedef struct {
    Candidates candidates;
    Passing passing;
    SketchedQuery sketched;
    Probing probing;
    const Plan *plan;
    Found *out;
} Search;

/* Whether so few rows pass that scoring them all takes less than probing. */
static int few_pass(const Search *search) {
    const Passing *passing = &search->passing;
    const Filter *filter = passing->filter;
    const Plan *plan = search->plan;
    const int64_t n = search->candidates.rows->n;
    if (filter->n_steps == 0) return n <= plan->scan_rows;
    const int64_t few = has_codes_in_order(passing, search->candidates.lists) ? plan->scan_marked : plan->scan_rows;
    if (passing->marks && passing->ordered.rows <= (passing->ordered.exact ? few : few / 2)) return 1;
    if (passing->marks && passing->ordered.exact && filter->n_ordered == n) return 0;
    double share = sampled_share(filter, n, passing->stack);
    return share * (double)n <= (double)plan->scan_rows;
}

static void probe(Search *search) {
    Probing *probing = &search->probing;
    const float *vector = search->candidates.query->vector;
    const Lists *lists = search->candidates.lists;
    if (search->sketched.tables) sketch_query(lists, vector, probing->estimates.scratch, &search->sketched);
    centroid_products(&search->candidates, probing->estimates.products);
    estimate_all(&probing->estimates, search->plan, vector);
    probing->n_probed = probing->probe.scanned = 0;
    probing->narrowed = 0;
    probing->likely = 0;
    search->out->way = LISTS;
    search->out->complete = probe_lists(probing);
    search->out->scanned = probing->probe.scanned;
}

/* The candidates, best first, with exact scores. */
static void find(Search *search) {
    Candidates *candidates = &search->candidates;
    search->passing.passed = 0;
    begin_candidates(candidates, search->probing.estimates.scratch);
    if (!few_pass(search) || !scan_passing(candidates, &search->passing, search->plan, search->out)) probe(search);
    search->out->scored = search->passing.passed;
    /* Codes rank candidates roughly. If they are all rows that pass, none of them may be dropped for its rank. */
    const int64_t wanted = search->out->complete ? candidates->best.size : search->plan->depth + search->plan->extra;
    if (search->out->way != ROWS) refine(candidates, search->plan->depth, wanted);
    put_in_order(&candidates->best);
}

/* Whether a row whose code has been dropped could be a hit: rows closer together than codes can tell apart need more room. */
static int is_in_doubt(const Search *search) {
    const Candidates *candidates = &search->candidates;
    if (candidates->lists->kind != BYTES || candidates->best.size < search->plan->depth) return 0;
    return candidates->best.hits[search->plan->depth - 1].score - candidates->dropped < DOUBT * candidates->observed_error;
}

/* Make room for more candidates; returns 0 if that brings nothing, or cannot be. */
static int make_room(Search *search) {
    Best *best = &search->candidates.best;
    const int64_t most = MORE_ROOM * best->most;
    if (best->most >= search->candidates.rows->n || most > MORE_ROOM * MORE_ROOM * MORE_ROOM * room(search->plan)) return 0;
    Hit *hits = realloc(best->hits, (size_t)(most + search->plan->depth) * sizeof(Hit));
    if (!hits) return 0;
    best->hits = hits;
    best->most = most;
    search->candidates.leading.hits = hits + most;
    return 1;
}

static void give(Search *search) {
    const Best *best = &search->candidates.best;
    Found *out = search->out;
    out->found = best->size < room(search->plan) ? best->size : room(search->plan);
    for (int64_t i = 0; i < out->found; i++) {
        out->rows[i] = best->hits[i].row;
        out->scores[i] = best->hits[i].score;
    }
}

/* A search from the start, with more room each time, until its hits are beyond doubt. */
static void find_enough(Search *search) {
    find(search);
    while (is_in_doubt(search) && make_room(search)) {
        memset(search->probing.probed, 0, (size_t)search->candidates.lists->nlist);
        find(search);
    }
    give(search);
}

/* The best rows of a query; returns 0, or -1 without memory. */
EXPORT int64_t moodrec_search(const Lists *lists, const Rows *rows, const Query *query, const Filter *filter, const Plan *plan,
                              Found *out) {
    const int64_t wanted = room(plan);
    const size_t nlist = (size_t)lists->nlist, dim = (size_t)lists->dim;
    const size_t tables = can_sketch(lists) ? ENTRIES / 4 * (size_t)lists->sketch_dim : 0;
    Hit *hits = malloc((size_t)(wanted + plan->depth) * sizeof(Hit));
    Bounded *places = malloc(nlist * sizeof(Bounded));
    uint8_t *bytes = calloc(nlist + 2 * dim + tables, 1);
    int32_t *numbers = malloc(nlist * sizeof(int32_t));
    float *floats = malloc((6 * nlist + dim + (size_t)lists->sketch_dim) * sizeof(float));
    Search search = {.plan = plan, .out = out};
    int enough = begin_passing(&search.passing, filter, rows->n) && hits && places && bytes && numbers && floats;
    if (enough) {
        search.candidates = (Candidates){.lists = lists, .rows = rows, .query = query,
                                         .best = {hits, 0, wanted, rows->order},
                                         .leading = {hits + wanted, 0, plan->depth, rows->order},
                                         .similarity = (float)(1 - query->weight), .mood = (float)query->weight,
                                         .weights = (int8_t *)bytes + nlist};
        if (tables) search.sketched.tables = bytes + nlist + 2 * dim;
        search.probing = (Probing){.probe = {&search.candidates, &search.passing, &search.sketched, 0},
                                   .plan = plan, .places = places, .probed = bytes, .bounds = floats};
        search.probing.estimates = (Estimates){.lists = lists, .numbers = numbers, .products = floats + nlist,
                                               .passing = floats + 2 * nlist, .kept_sizes = floats + 3 * nlist,
                                               .kept_spread = floats + 4 * nlist, .scratch = floats + 5 * nlist};
        find_enough(&search);
        hits = search.candidates.best.hits; /* they may have moved to more room */
    }
    free(floats);
    free(numbers);
    free(places);
    free(bytes);
    free(hits);
    end_passing(&search.passing);
    return enough ? 0 : -1;
}
