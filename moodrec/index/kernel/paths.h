/* The loops that take a search's time, compiled once for each path, that is for each set of instructions which they may use. One
 * build then serves every processor of an architecture. */
#ifndef MOODREC_PATHS_H
#define MOODREC_PATHS_H

#include "kernel.h"

enum { ENTRIES = 16 }; /* of a table of a sketched query: what four bits can be */

/* A number at any byte: lists that are mapped from a file begin anywhere. */
typedef float LooseFloat __attribute__((aligned(1)));

/* A query as tables that sketches are looked up in; sketches.c makes them. */
typedef struct {
    uint8_t *tables;    /* (sketch_dim / 4, ENTRIES) what four bits add to a product, in steps; none: there are no sketches */
    float step, lowest; /* a sum of s steps stands for the product lowest + step * s */
} SketchedQuery;

/* What is expected of the posting lists that are still in question; stopping.c keeps it. */
typedef struct {
    const Lists *lists;
    int64_t n;                   /* lists in question: all, until some turn out to be too far away */
    int32_t *numbers;            /* (n,) which ones */
    float *products;             /* (n,) of the query with their centroids */
    float *passing;              /* (n,) rows that are likely to pass the filter */
    const float *sizes, *spread; /* (n,) rows, and spread of the scores in a list */
    float *kept_sizes, *kept_spread; /* (nlist,) room for those when some lists are dropped */
    float stretch;               /* how much wider scores spread along this query than along the average one */
    float *scratch;              /* (nlist,) to work in */
    int shares_known;            /* whether anything is known of which lists hold what passes */
} Estimates;

#define NEVER -1e9f /* the bound of a list that is not worth a probe */

typedef struct {
    const char *path;
    int (*runs_here)(void);
    /* (n,) products of (n, dim) codes with whole weights. */
    void (*dots_bytes)(const uint8_t *const *codes, int64_t n, const int8_t *weights, int64_t dim, int32_t *sums);
    void (*dots_floats)(const LooseFloat *rows, int64_t n, const float *vector, int64_t dim, float *products);
    double (*dot_exact)(const float *a, const float *b, int64_t dim);
    /* Which of the 32 rows of a block of sketches may exceed a product, as bits; no function where looking 32 rows up takes longer
     * than scoring them. */
    uint32_t (*may_exceed)(const uint8_t *block, int64_t bytes, const SketchedQuery *query, float near, float lowest, float product,
                           float *ceilings);
    void (*test_range)(const Step *step, int64_t start, int64_t n, uint8_t *restrict mask);
    void (*test_lookup)(const Step *step, int64_t start, int64_t n, uint8_t *restrict mask);
    int (*any_set)(const uint8_t *mask, int64_t n);
    void (*join)(int32_t op, uint8_t *restrict into, const uint8_t *restrict other, int64_t n);
    int32_t (*count_set)(const uint8_t *mask, int64_t n);
    int (*any_above)(const float *numbers, int64_t n, float bound);
    void (*narrow)(const Share *share, int64_t nlist, const float *restrict sizes, float *restrict rows);
    float (*expect)(const Estimates *estimates, float score, float *restrict rows);
    float (*expect_of_all)(const Estimates *estimates, float score);
    int (*any_near_enough)(const Estimates *estimates, int64_t start, int64_t n, float score, uint8_t *restrict keep);
    void (*bounds_of)(const Estimates *estimates, float threshold, float *restrict bounds);
} Loops;

INTERNAL extern const Loops *loops; /* those of the path that runs */

#endif
