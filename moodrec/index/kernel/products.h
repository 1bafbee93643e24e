/* Exact scores of rows. */
#ifndef MOODREC_PRODUCTS_H
#define MOODREC_PRODUCTS_H

#include "kernel.h"

INTERNAL double exact_score(const Rows *rows, const Query *query, int64_t row);

#endif
