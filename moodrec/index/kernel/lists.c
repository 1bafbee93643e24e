/* Through the lists, from the most promising one on, until none is left that is worth a visit. */
#include <float.h>
#include <math.h>

#include "search.h"

#define TRIED 64     /* a search has an idea of what is ahead when it has visited one list in so many, */
#define SWEEP_FROM 8 /* and sweeps if that is more than one row in so many */

/* Visit the lists of the nearest centroids. */
static void visit_nearest(Search *search) {
    const float *near = search->outlook.near;
    const int64_t nlist = search->lists->nlist, most = search->plan->first_lists < nlist ? search->plan->first_lists : nlist;
    Place *places = search->places;
    int64_t found = 0;
    for (int64_t start = 0; start < nlist; start += AT_ONCE) {
        const int64_t n = nlist - start < AT_ONCE ? nlist - start : AT_ONCE;
        if (found == most && !loops->any_above(near + start, n, places[found - 1].bound)) continue;
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
    loops->bounds_of(&search->outlook, search->bar, search->bounds);
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
            loops->bounds_of(&search->outlook, search->bar, search->bounds);
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

void visit_lists(Search *search) {
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
    /* Not all that passed may be among the best: sketches drop rows as soon as the first places are taken. */
    search->out->complete =
        search->n_visited == search->lists->nlist && search->best.size == search->passed && search->passed <= room(search->plan);
}

