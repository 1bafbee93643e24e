/* Through the posting lists, from the most promising one on, until no list is left that is worth a probe. */
#include "probing.h"

#include <float.h>
#include <math.h>

#include "stopping.h"

#define TRIED 64     /* a search can tell how much is ahead when it has probed one list in so many, */
#define SWEEP_FROM 8 /* and sweeps if that is more than one row in so many */

/* Probe a list, by its place among the estimates. */
static void probe_at(Probing *probing, int64_t place) {
    const Estimates *estimates = &probing->estimates;
    const int32_t list = estimates->numbers[place];
    probing->n_probed++;
    probing->probed[list] = 1;
    probing->likely += estimates->passing[place];
    probe_list(&probing->probe, list, estimates->products[place]);
}

/* Probe the lists of the nearest centroids: without a score to beat there is nothing to estimate. */
static void probe_nearest(Probing *probing) {
    const float *products = probing->estimates.products;
    const int64_t nlist = probing->estimates.lists->nlist;
    const int64_t most = probing->plan->first_probes < nlist ? probing->plan->first_probes : nlist;
    Bounded *places = probing->places;
    int64_t found = 0;
    for (int64_t start = 0; start < nlist; start += AT_ONCE) {
        const int64_t n = nlist - start < AT_ONCE ? nlist - start : AT_ONCE;
        if (found == most && !loops->any_above(products + start, n, places[found - 1].bound)) continue;
        for (int64_t l = start; l < start + n; l++) {
            if (found == most && !(products[l] > places[found - 1].bound)) continue;
            int64_t at = found < most ? found++ : found - 1;
            for (; at > 0 && places[at - 1].bound < products[l]; at--) places[at] = places[at - 1];
            places[at] = (Bounded){products[l], (int32_t)l};
        }
    }
    for (int64_t i = 0; i < found; i++) probe_at(probing, places[i].list);
}

/* The lists of the estimates that have not been probed. */
static void find_left(Probing *probing) {
    const Estimates *estimates = &probing->estimates;
    probing->n_left = 0;
    for (int64_t i = 0; i < estimates->n; i++)
        if (!probing->probed[estimates->numbers[i]]) probing->places[probing->n_left++].list = (int32_t)i;
}

/* The score that no row of a list is expected to exceed: its mood may be perfect. */
static float bound_at(const Probing *probing, int64_t place) {
    const Candidates *candidates = probing->probe.candidates;
    float bound = probing->bounds[place];
    return bound > NEVER ? candidates->similarity * bound + candidates->mood : NEVER;
}

/* Put the lists that are left and not beaten into a heap, the most promising one on top; the others come behind it. */
static void order_left(Probing *probing) {
    Bounded *places = probing->places;
    loops->bounds_of(&probing->estimates, probing->threshold, probing->bounds);
    probing->ordered_by = probing->threshold;
    probing->n_heap = 0;
    for (int64_t i = 0; i < probing->n_left; i++) {
        Bounded place = {bound_at(probing, places[i].list), places[i].list};
        if (!is_beaten(probing->probe.candidates, place.bound)) {
            places[i] = places[probing->n_heap];
            places[probing->n_heap++] = place;
        }
    }
    for (int64_t at = probing->n_heap / 2 - 1; at >= 0; at--) settle(places, probing->n_heap, at);
}

/* Take the most promising list off the heap. */
static int64_t next_list(Probing *probing) {
    Bounded *places = probing->places;
    int64_t list = places[0].list;
    places[0] = places[--probing->n_heap];
    settle(places, probing->n_heap, 0);
    places[probing->n_heap] = places[--probing->n_left];
    return list;
}

/* Estimate anew what makes a list worth a probe. A search that ranks by mood as well goes by the product that a row of perfect mood
 * would need, and takes its last hit to lie as deep as can be: most rows with such products have another mood. */
static void estimate(Probing *probing) {
    const Candidates *candidates = probing->probe.candidates;
    const Passing *passing = probing->probe.passing;
    probing->next_estimate = 2 * probing->n_probed + 1;
    if (!is_full(&candidates->leading)) return;
    probing->estimated_at = lowest_of(&candidates->leading);
    float share = passing->filter->n_steps ? ((float)passing->passed + 1) / (probing->likely + 1) : 1;
    float rank = candidates->query->n_moods ? FLT_MAX : (float)probing->plan->depth / fminf(share, 1);
    float product = (probing->estimated_at - candidates->mood) / fmaxf(candidates->similarity, 1e-6f);
    if (!probing->narrowed) { /* once: what is too far away for this score is so for any later one */
        drop_far_lists(&probing->estimates, product);
        find_left(probing);
        probing->narrowed = 1;
        probing->ordered_by = NAN;
    }
    probing->threshold = threshold_at(&probing->estimates, product, rank);
}

static void estimate_and_order(Probing *probing) {
    estimate(probing);
    if (probing->threshold != probing->ordered_by) order_left(probing);
}

/* Whether so much is ahead that going through it as it lies in memory is faster than best first. */
static int much_is_ahead(const Probing *probing) {
    const Candidates *candidates = probing->probe.candidates;
    int64_t ahead = 0;
    if (probing->n_probed * TRIED < candidates->lists->nlist) return 0;
    for (int64_t i = 0; i < probing->n_heap; i++)
        ahead += candidates->lists->sizes[probing->estimates.numbers[probing->places[i].list]];
    return ahead * SWEEP_FROM > candidates->rows->n;
}

/* Probe the lists that are ahead as they lie in memory. */
static void sweep(Probing *probing) {
    for (int64_t i = 0; i < probing->estimates.n; i++) {
        if (probing->probed[probing->estimates.numbers[i]]) continue;
        if (probing->n_probed >= probing->next_estimate) {
            int narrowed = probing->narrowed;
            estimate(probing);
            loops->bounds_of(&probing->estimates, probing->threshold, probing->bounds);
            if (narrowed != probing->narrowed) { /* places have changed */
                i = -1;
                continue;
            }
        }
        if (!is_beaten(probing->probe.candidates, bound_at(probing, i))) probe_at(probing, i);
    }
    score_pending(probing->probe.candidates);
    find_left(probing);
    estimate(probing);
    order_left(probing);
}

static int none_is_ahead(const Probing *probing) {
    return probing->n_heap == 0 || is_beaten(probing->probe.candidates, probing->places[0].bound);
}

/* Whether an estimate by the present score to beat may still find lists worth a probe. */
static int is_outdated(const Probing *probing) {
    const Best *leading = &probing->probe.candidates->leading;
    return probing->n_left && is_full(leading) && probing->estimated_at != lowest_of(leading);
}

/* Probe lists until none is left that is worth it; returns whether the candidates are all rows that pass. */
int probe_lists(Probing *probing) {
    Candidates *candidates = probing->probe.candidates;
    const int64_t nlist = candidates->lists->nlist;
    int swept = 0;
    probe_nearest(probing);
    score_pending(candidates);
    if (!is_full(&candidates->leading)) {
        find_left(probing);
        probing->threshold = first_threshold(&probing->estimates);
    }
    estimate(probing);
    order_left(probing);
    for (;;) {
        if (probing->n_probed >= probing->next_estimate) {
            estimate_and_order(probing);
            if (!swept && much_is_ahead(probing)) {
                sweep(probing);
                swept = 1;
            }
        }
        /* What the lists are expected to hold depends on the score to beat: the last word is with the present one. */
        if (none_is_ahead(probing) && is_outdated(probing)) estimate_and_order(probing);
        if (none_is_ahead(probing)) break;
        probe_at(probing, next_list(probing));
    }
    score_pending(candidates);
    /* Not all that passed may be among the best: sketches drop rows as soon as the first places are taken. */
    const int64_t passed = probing->probe.passing->passed;
    return probing->n_probed == nlist && candidates->best.size == passed && passed <= room(probing->plan);
}
