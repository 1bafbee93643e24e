/* The loops that take a search's time. Each path compiles them for its own instructions: it defines LOOP, by which a function is
 * declared, before it includes this. No loop calls another file, so that whatever is inlined is compiled for the path as well. */
#include "loops_filter.h"
#include "loops_lists.h"
#include "loops_products.h"

#define SHARED_LOOPS                                                                                                              \
    .dots_floats = dots_floats, .dot_exact = dot_exact, .test_range = test_range, .test_lookup = test_lookup, .any_set = any_set, \
    .join = join, .count_set = count_set, .any_above = any_above, .narrow = narrow, .expect = expect,                             \
    .expect_of_all = expect_of_all, .any_near_enough = any_near_enough, .bounds_of = bounds_of
