/* The rows of one posting list. */
#ifndef MOODREC_POSTING_LIST_H
#define MOODREC_POSTING_LIST_H

#include "candidates.h"
#include "passing.h"
#include "paths.h"

/* What probing a list reads and adds to. */
typedef struct {
    Candidates *candidates;
    Passing *passing;
    SketchedQuery *sketched;
    int64_t scanned; /* rows of the lists probed */
} Probe;

INTERNAL void probe_list(Probe *probe, int32_t list, float near);

#endif
