/* Every kind of work: what stands in the tables kinds_NAME.c of the worker binaries (worker.h). */
#ifndef WL_WORKER_KINDS_H
#define WL_WORKER_KINDS_H

#include "daemon/worker/worker.h"

/* worker-tool */
int wl_digest_prepare(void);
int wl_digest_run(struct wl_worker *wk);
int wl_self_test_run(struct wl_worker *wk);

#endif
