/* All rows that pass, where they are few. */
#ifndef MOODREC_SCAN_H
#define MOODREC_SCAN_H

#include "candidates.h"
#include "passing.h"

INTERNAL int has_codes_in_order(const Passing *passing, const Lists *lists);
INTERNAL int scan_passing(Candidates *candidates, Passing *passing, const Plan *plan, Found *out);

#endif
