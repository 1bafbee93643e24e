/* The compiled search: what both sides of a call know. The Python side is kernel/structures.py, which has the same structures.
 *
 * No call keeps state or touches Python objects, so that any number of threads may search at once. The call tree is in search.c;
 * where the kernel was not built, backends/ivf/faiss_search.py searches the same posting lists.
 *
 * A posting list holds the rows whose vectors are nearest to one centroid. To probe it is to test its rows against the filter and
 * to score those that pass. Rows that may be among the hits are candidates: they have approximate scores, from codes of a byte a
 * number, until they are refined, that is scored exactly from the stored vectors. */
#ifndef MOODREC_KERNEL_H
#define MOODREC_KERNEL_H

#include <stdint.h>

/* GCC and clang; where neither is, moodrec is installed without the kernel. */
#define PREFETCH(address) __builtin_prefetch(address)
#define INTERNAL __attribute__((visibility("hidden")))
#define EXPORT __attribute__((visibility("default")))

enum { VERSION = 10 };   /* of what the calls mean; binding.py has the same number */
enum { BLOCK = 1024 };   /* rows that a filter is run over at once, at most: their masks stay in the first cache */
enum { AT_ONCE = 32 };   /* rows that a mask of bits, or a block of sketches, is about */
enum { RANGE, LOOKUP, ANY_LOOKUP, MASK, CONSTANT, AND, OR };
enum { I8, U8, I16, U16, I32, U32, I64, F32, F64 };
enum { BYTES, FLOATS };
enum { LISTS, ROWS, CODES };

/* A test of one column, or a connective of the two masks made last. */
typedef struct {
    int32_t op, dtype, negated, jump; /* jump: where to go on when an AND leaves no row, 0 for the next step */
    const void *values;               /* (n,) a column, codes, or a mask; (elements,) codes of lists */
    const uint8_t *present;           /* (n,) 0 where NULL, or none */
    const uint8_t *table;             /* by code + 1: whether it passes; for lists 1 = known, 3 = passes */
    const int64_t *offsets;           /* (n + 1,) where the elements of each list begin */
    const int32_t *order;             /* (n_order,) rows in the order of their values, or none */
    const int64_t *chosen;            /* (n_chosen,) the codes whose entries are 1, where there is an order */
    int64_t n_order, n_chosen;
    double low, high;                 /* both ends pass */
    int64_t whole_low, whole_high;    /* the same for whole numbers */
    uint64_t bits;                    /* a table of at most 64 entries, entry e as bit e; 0: the table is longer */
} Step;

typedef struct {
    const Step *steps;
    int64_t n_steps, height; /* height: masks alive at once, at most */
    int64_t n_ordered;       /* the first rows, which are in the orders of steps unless their value is NULL */
} Filter;

/* The posting lists, and what is known of the scores in each. */
typedef struct {
    int64_t nlist, dim, kind;
    const void *const *codes;   /* (nlist,) (size, dim) BYTES or FLOATS */
    const int64_t *const *rows; /* (nlist,) (size,) the row of each code */
    const int64_t *sizes;       /* (nlist,) */
    const int64_t *runs;        /* (nlist,) so many rows at a list's head follow one another */
    const int64_t *starts;      /* (nlist,) the first row */
    const float *centroids;     /* (nlist, dim) */
    const uint8_t *coarse;      /* (nlist, dim) the same as bytes: a code c stands for middle + coarse_step * (c - 128) */
    const float *coarse_middle; /* (dim,) */
    const float *middle, *step; /* (dim,) for BYTES: a code c stands for middle + step * (c - 128) */
    const float *weights;       /* (nlist,) sizes */
    const float *spread;        /* (nlist,) of the scores in a list about its centroid's */
    const float *shape;         /* (dim, dim) how spreads differ with the query's direction */
    const float *left;          /* (levels,) share of the expected rows that may be missed at ranks 10, 20, 40, ... */
    const float *left_at_edge;  /* (levels,) the same for the last rows of such a rank */
    const float *left_where_known; /* (levels,) the same where it is known which lists hold what passes */
    const float *ranks;         /* (levels,) how many rows are expected above such a rank, commonly */
    const uint8_t *sketches;    /* blocks of 32 rows each */
    const float *axes;          /* (sketch_dim, dim) rotation, which sketches are made after */
    int64_t levels, sketch_dim;
    int64_t n_in_order;  /* rows, the first ones, that lie in the heads of the lists, one list after the other */
    int64_t n_sketched;  /* rows that have a sketch: the first ones, be they whole blocks or not */
    double coarse_step;  /* 0: bytes are too coarse */
    double near_error;   /* by which a product with a centroid may be off where bytes are used */
    double sketch_noise; /* of a sketch's sum, for a query across the centroid, with a margin */
} Lists;

/* The rows themselves. */
typedef struct {
    int64_t n, dim;
    const float *vectors; /* (n, dim) of unit length */
    const int64_t *order; /* (n,) when a row came in, which settles ties; none: rows lie in that order */
} Rows;

/* How rows rank: (1 - weight) * cosine + weight * (1 - mean (mood - target)^2). */
typedef struct {
    const float *vector; /* (dim,) of unit length */
    double weight;
    int64_t n_moods;
    const float *const *moods; /* (n_moods,) (n,) columns */
    const float *targets;      /* (n_moods,) */
} Query;

/* A range of a column whose distribution over the lists is known: what of each list, in 1/65535, lies below the range, and what
 * up to its end. Either lies between two rows of a table. */
typedef struct {
    const uint16_t *below, *up_to; /* (2, nlist) */
    float below_way, up_to_way;    /* from the first row to the second */
    int32_t outside;               /* whether the range is what does not pass */
} Share;

typedef struct {
    int64_t depth;        /* hits wanted */
    int64_t extra;        /* candidates more than that, since approximate scores may rank them wrongly */
    int64_t first_probes; /* lists probed before anything is estimated */
    int64_t scan_rows;    /* if a sample of the rows says that so few pass, all are scored and no list is probed */
    int64_t scan_marked;  /* the same where orders mark the rows, and these lie in the lists one after the other: by their codes */
    const Share *shares;  /* (n_shares,) ranges that every row must lie in */
    int64_t n_shares;
} Plan;

typedef struct {
    int64_t *rows; /* (2 * (depth + extra),) best first */
    float *scores; /* exact ones */
    int64_t found, scanned, scored;
    int64_t complete; /* whether these are all rows that pass */
    int64_t way;      /* LISTS, or all rows that pass: by their vectors, ROWS, or first by their CODES */
} Found;

/* How many rows the caller has room for: on equal scores more than depth + extra of them may be wanted. */
static inline int64_t room(const Plan *plan) { return 2 * (plan->depth + plan->extra); }

#endif
