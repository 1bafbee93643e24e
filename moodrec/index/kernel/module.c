/* What the Python side checks before it calls: which build this is, and where each field lies that both sides know. */
#include <stddef.h>

#include "kernel.h"

/* Every field of the structures that a call is given. One that is missing here is refused on the Python side, by its name or by
 * its structure's size. */
#define FIELDS(F) \
    F(Step, op) F(Step, dtype) F(Step, negated) F(Step, jump) F(Step, values) F(Step, present) F(Step, table) \
    F(Step, offsets) F(Step, order) F(Step, chosen) F(Step, n_order) F(Step, n_chosen) F(Step, low) F(Step, high) \
    F(Step, whole_low) F(Step, whole_high) F(Step, bits) \
    F(Filter, steps) F(Filter, n_steps) F(Filter, height) F(Filter, n_ordered) \
    F(Lists, nlist) F(Lists, dim) F(Lists, kind) F(Lists, codes) F(Lists, rows) F(Lists, sizes) F(Lists, runs) \
    F(Lists, starts) F(Lists, centroids) F(Lists, coarse) F(Lists, coarse_middle) F(Lists, middle) F(Lists, step) \
    F(Lists, weights) F(Lists, spread) F(Lists, shape) F(Lists, left) F(Lists, left_at_edge) \
    F(Lists, left_where_known) F(Lists, ranks) F(Lists, sketches) F(Lists, axes) F(Lists, levels) \
    F(Lists, sketch_dim) F(Lists, n_in_order) F(Lists, n_sketched) F(Lists, coarse_step) F(Lists, near_error) \
    F(Lists, sketch_noise) \
    F(Rows, n) F(Rows, dim) F(Rows, vectors) F(Rows, order) \
    F(Query, vector) F(Query, weight) F(Query, n_moods) F(Query, moods) F(Query, targets) \
    F(Share, below) F(Share, up_to) F(Share, below_way) F(Share, up_to_way) F(Share, outside) \
    F(Plan, depth) F(Plan, extra) F(Plan, first_probes) F(Plan, scan_rows) F(Plan, scan_marked) F(Plan, shares) \
    F(Plan, n_shares) \
    F(Found, rows) F(Found, scores) F(Found, found) F(Found, scanned) F(Found, scored) F(Found, complete) \
    F(Found, way)

typedef struct {
    const char *name;
    int64_t offset, size;
} Field;

#define FIELD(type, field) {#type "." #field, offsetof(type, field), sizeof(((type *)0)->field)},
#define WHOLE(type) {#type, 0, sizeof(type)},
static const Field fields[] = {FIELDS(FIELD) WHOLE(Step) WHOLE(Filter) WHOLE(Lists) WHOLE(Rows) WHOLE(Query) WHOLE(Share) WHOLE(Plan)
                                   WHOLE(Found)};

/* The i-th field, or structure, by name; returns 0 beyond the last. */
EXPORT int64_t moodrec_field(int64_t i, const char **name, int64_t *offset, int64_t *size) {
    if (i < 0 || i >= (int64_t)(sizeof fields / sizeof *fields)) return 0;
    *name = fields[i].name, *offset = fields[i].offset, *size = fields[i].size;
    return 1;
}

/* Changes whenever what a call means does, be its structures as they were. */
EXPORT int64_t moodrec_version(void) { return VERSION; }
