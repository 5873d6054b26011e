/* Bundles in order, prepared by as many threads as there are processors. */
#ifndef WL_VERIFY_POOL_H
#define WL_VERIFY_POOL_H

#include "verify/bundle.h"

/* Called in the caller's own thread, bundle after bundle; a negative return ends the run. */
typedef int (*verify_bundle_fn)(void *user, struct verify_bundle *b);

/*
 * Runs over the bundles of `size` entries lying in dirfd; those wholly below `vouched` may be away.
 * threads: 0 for one per processor the process may use. What the callback returned, 0, or -ENOMEM.
 */
int verify_pool_run(int dirfd, uint64_t size, uint64_t vouched, unsigned threads,
                    verify_bundle_fn fn, void *user);

#endif
