/* What the two halves of work.h share: the connection to spawnd and the records of its replies. */
#ifndef WL_BASE_WORK_PARTS_H
#define WL_BASE_WORK_PARTS_H

#include "daemon/base/work.h"

#define WL_SPAWN_TIMEOUT_MS 20000 /* for what takes spawnd milliseconds */

/* One request under way: replies to several jobs come interleaved, so each has its record. */
struct wl_record {
	uint32_t serial; /* 0: free */
	bool started, ended;
	bool forgotten; /* nobody will ask: free it when it ended */
	int error;      /* 0, or negative errno of the end */
	struct wl_finding finding;
	char words[WL_ERROR_DETAIL_MAX + 1]; /* of spawn.status */
};

struct wl_spawn {
	struct wl_channel channel;
	pid_t pid; /* offline: of the spawnd we started; else -1 */
	struct wl_record records[2 * WL_WORKER_JOBS_MAX];
	struct wl_message message;
};

/* A free record with a fresh serial; NULL where too many are under way. */
struct wl_record *wl_spawn_record(struct wl_spawn *s);
struct wl_record *wl_spawn_find(struct wl_spawn *s, uint32_t serial);

/* Reads replies until this one started (or ended), or ended. 0, or negative errno. */
int wl_spawn_wait(struct wl_spawn *s, const struct wl_record *r, bool until_end, int timeout_ms);

#endif
