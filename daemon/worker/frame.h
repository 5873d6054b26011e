/* The frame's own parts (main.c, zygote.c, job.c, explain.c); kinds include worker.h only. */
#ifndef WL_WORKER_FRAME_H
#define WL_WORKER_FRAME_H

#include <sys/types.h>

#include "daemon/base/channel.h"
#include "daemon/base/limits.h"
#include "daemon/worker/worker.h"

#define WL_ZYGOTE_KINDS_MAX 8
#define WL_ZYGOTE_SLOTS     4 /* descriptors 3 to 6 */

struct wl_filter;

struct wl_zygote {
	struct wl_channel channel;                      /* to spawnd */
	struct wl_filter *filters[WL_ZYGOTE_KINDS_MAX]; /* as in wl_work_kinds */
	int slots[WL_ZYGOTE_SLOTS];                     /* of the job being ordered; -1: none */
	struct {
		pid_t pid; /* 0: free */
		int pidfd;
		uint32_t serial;
	} jobs[WL_WORKER_JOBS_MAX];
};

/* Serves spawnd until it goes away. */
void wl_zygote_serve(struct wl_zygote *z);

/* In the process of one job: locks, work, end. Never returns. */
void wl_job_main(const struct wl_work_kind *kind, const struct wl_filter *filter,
                 const int slots[WL_ZYGOTE_SLOTS], uint64_t deadline_ms) __attribute__((noreturn));

/* In a sanitizer build: a forbidden system call is named on standard error before it kills. */
void wl_frame_explain_kills(void);

#endif
