/* Search of inverted lists, list by list: which rows pass the filter, what they score, when to stop.
 *
 * moodrec/index/kernel.py describes the arguments; where the kernel was not built, moodrec/index/faiss_lists.py searches.
 * No call keeps state or touches Python, so that threads may search at once.
 *
 *   filter.c     which rows pass
 *   orders.c     which rows can pass, where columns are known in order
 *   products.c   inner products and exact scores
 *   sketches.c   which rows need no closer look
 *   heaps.h      the best hits, and the lists that are left
 *   stopping.c   what the lists that are left may still hold
 *   scoring.c    what rows score
 *   rows.c       the rows of a list
 *   lists.c      through the lists, the most promising ones first
 *   few.c        through all rows that pass, where they are few
 *   search.c     the search
 *   paths.c      for which processors its loops are compiled
 */
#ifndef MOODREC_KERNEL_H
#define MOODREC_KERNEL_H

#include <stdint.h>

/* GCC and clang; where neither is, moodrec is installed without the kernel. */
#define PREFETCH(address) __builtin_prefetch(address)
#define INTERNAL __attribute__((visibility("hidden")))
#define EXPORT __attribute__((visibility("default")))

enum { VERSION = 9 };
#define NEVER -1e9f /* the bound of a list that is not worth a visit */
enum { BLOCK = 1024 }; /* rows that a filter is run over at once, at most */
enum { AT_ONCE = 32 }; /* rows, or lists, that are looked at together */
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
    const float *left;          /* (levels,) share of the expected rows that may stay behind at ranks 10, 20, 40, ... */
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

/* A range of a column whose spread over the lists is known: what of each list, in 1/65535, lies below the range, and what up
 * to its end. Either lies between two rows of a table. */
typedef struct {
    const uint16_t *below, *up_to; /* (2, nlist) */
    float below_way, up_to_way;    /* from the first row to the second */
    int32_t outside;               /* whether the range is what does not pass */
} Share;

typedef struct {
    int64_t depth;       /* hits wanted */
    int64_t spare;       /* candidates more than that, whose approximate scores may mislead */
    int64_t first_lists; /* to visit before anything is expected */
    int64_t few;         /* if a sample of the rows says that so few pass, they are scored without the lists */
    int64_t few_in_order; /* as many that are in the orders, and lie in the lists one after the other, are scored by their codes */
    const Share *shares; /* (n_shares,) ranges that every row must lie in */
    int64_t n_shares;
} Plan;

typedef struct {
    int64_t *rows; /* (2 * (depth + spare),) best first */
    float *scores; /* exact ones */
    int64_t found, visited, scored;
    int64_t complete; /* whether these are all rows that pass */
    int64_t way;      /* LISTS, or all rows that pass: by their vectors, ROWS, or first by their CODES */
} Found;

/* filter.c */
INTERNAL void run_filter(const Filter *filter, int64_t start, int64_t n, uint8_t *stack);
INTERNAL int passes(const Filter *filter, int64_t row);
INTERNAL int64_t whole_at(const Step *step, int64_t row);
INTERNAL double number_at(const Step *step, int64_t row);
INTERNAL uint8_t *filter_stack(const Filter *filter);
INTERNAL double sampled_share(const Filter *filter, int64_t n, uint8_t *stack);

/* orders.c */
enum { MOST_SLICES = 64, MOST_PARTS = 64 };
typedef struct {
    const int32_t *rows; /* (n,) */
    int64_t n;
} Slice;
typedef struct {
    Slice slices[MOST_SLICES];
    int64_t n_slices, rows;
    int exact; /* whether they hold no other rows than those that pass */
} Ordered;
INTERNAL void find_slices(const Filter *filter, Ordered *ordered);
INTERNAL void mark_slices(const Ordered *ordered, uint32_t *marks);

/* products.c */
INTERNAL double exact_score(const Rows *rows, const Query *query, int64_t row);

/* sketches.c */
enum { ENTRIES = 16 }; /* of a table: what four bits can be */
typedef struct {
    uint8_t *tables; /* (sketch_dim / 4, 16) what four bits add to a product, in steps */
    float step, least;
} Sketched;
INTERNAL int can_sketch(const Lists *lists);
INTERNAL const uint8_t *sketches_at(const Lists *lists, int64_t row);
INTERNAL void sketch_query(const Lists *lists, const float *vector, float *rotated, Sketched *query);
INTERNAL uint32_t may_reach(const Lists *lists, int64_t row, const Sketched *query, float near, float bar, float *ceilings);

/* stopping.c */
typedef struct {
    const Lists *lists;
    int64_t n;      /* lists that count: all, until some turn out to be too far */
    int32_t *names; /* (n,) which ones */
    float *near;    /* (n,) products with the centroids */
    float *likely;  /* (n,) rows that may pass */
    const float *weights, *spread; /* (n,) rows, and spread of the scores in a list */
    float *own_weights, *own_spread; /* (n,) room for those when some are left out */
    float stretch;  /* of the query's spreads */
    float *expected; /* (n,) to work in */
    int informed;   /* whether anything is known of where rows pass */
} Outlook;
INTERNAL float stretch_of(const Lists *lists, const float *vector, float *products);
INTERNAL void likely_rows(const Lists *lists, const Plan *plan, float *rows);
INTERNAL void leave_out(Outlook *outlook, float score);
INTERNAL float first_bar(const Outlook *outlook);
INTERNAL float bar_of(const Outlook *outlook, float score, float rank);

/* paths.c: the loops that take a search's time are compiled once for each path, that is for each set of instructions which
 * they may use. One build then serves every processor of an architecture. */
typedef struct {
    const char *path;
    int (*runs_here)(void);
    void (*dots_bytes)(const uint8_t *const *codes, int64_t n, const int8_t *weights, int64_t dim, int32_t *sums);
    void (*dots_floats)(const float *rows, int64_t n, const float *vector, int64_t dim, float *products);
    double (*dot_exact)(const float *a, const float *b, int64_t dim);
    /* Which of the 32 rows of a block of sketches may reach a bar; no function where looking up 32 rows is slower than scoring
     * them. */
    uint32_t (*may_reach)(const uint8_t *block, int64_t bytes, const Sketched *query, float near, float least, float bar,
                          float *ceilings);
    void (*test_range)(const Step *step, int64_t start, int64_t n, uint8_t *restrict mask);
    void (*test_lookup)(const Step *step, int64_t start, int64_t n, uint8_t *restrict mask);
    int (*any_set)(const uint8_t *mask, int64_t n);
    void (*join)(int32_t op, uint8_t *restrict into, const uint8_t *restrict other, int64_t n);
    int32_t (*count_set)(const uint8_t *mask, int64_t n);
    int (*any_above)(const float *numbers, int64_t n, float bar);
    void (*narrow)(const Share *share, int64_t nlist, const float *restrict sizes, float *restrict rows);
    float (*expect)(const Outlook *outlook, float score, float *restrict rows);
    float (*expect_of_all)(const Outlook *outlook, float score);
    int (*any_near_enough)(const Outlook *outlook, int64_t start, int64_t n, float score, uint8_t *restrict keep);
    void (*bounds_of)(const Outlook *outlook, float bar, float *restrict bounds);
} Loops;
INTERNAL extern const Loops *loops; /* those of the path that runs */

#endif
