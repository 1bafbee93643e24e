/* The best hits so far, and the posting lists that are left: both as binary heaps. */
#ifndef MOODREC_HEAPS_H
#define MOODREC_HEAPS_H

#include <stdint.h>

typedef struct {
    float score;
    int64_t row;
} Hit;

/* Hits rank by score, and on equal scores by when their rows came in, so that every way through the rows gives one answer. */
static inline int worse(Hit a, Hit b, const int64_t *order) {
    if (a.score != b.score) return a.score < b.score;
    return order ? order[a.row] > order[b.row] : a.row > b.row;
}

/* A heap whose root is the worst of the best. */
typedef struct {
    Hit *hits;
    int64_t size, most;
    const int64_t *order;
} Best;

static inline int is_full(const Best *best) { return best->size == best->most; }

static inline float lowest_of(const Best *best) { return best->hits[0].score; }

static inline void sink(const Best *best, int64_t size, int64_t at) {
    Hit *heap = best->hits, moved = heap[at];
    for (int64_t child = 2 * at + 1; child < size; child = 2 * at + 1) {
        if (child + 1 < size && worse(heap[child + 1], heap[child], best->order)) child++;
        if (!worse(heap[child], moved, best->order)) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

static inline void keep(Best *best, Hit hit) {
    Hit *heap = best->hits;
    if (best->size == best->most) {
        if (!worse(heap[0], hit, best->order)) return;
        heap[0] = hit;
        sink(best, best->size, 0);
        return;
    }
    int64_t at = best->size++;
    for (; at > 0 && worse(hit, heap[(at - 1) / 2], best->order); at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
    heap[at] = hit;
}

/* Turn the heap into a list, best first. */
static inline void put_in_order(Best *best) {
    for (int64_t last = best->size - 1; last > 0; last--) {
        Hit worst = best->hits[0];
        best->hits[0] = best->hits[last];
        best->hits[last] = worst;
        sink(best, last, 0);
    }
}

/* A posting list, and the score that no row of it is expected to exceed. */
typedef struct {
    float bound;
    int32_t list;
} Bounded;

/* Restore the order of a heap, the highest bound at its root, below one place. */
static inline void settle(Bounded *heap, int64_t size, int64_t at) {
    Bounded moved = heap[at];
    for (int64_t child = 2 * at + 1; child < size; child = 2 * at + 1) {
        if (child + 1 < size && heap[child + 1].bound > heap[child].bound) child++;
        if (heap[child].bound <= moved.bound) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

#endif
