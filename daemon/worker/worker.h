/*
 * What one kind of work is made of: a row per kind, per worker binary.
 *
 * The frame (main.c) is the same in the five binaries: read the work order, enter the sandbox,
 * call `prepare` once in the zygote before the filter goes on (libraries that open files do it
 * here), fork, tighten, call `run`. `run` speaks on wk->control, reads and writes nothing but the
 * descriptors it was handed, and returns 0 when it has sent work.done (the frame sends it where
 * run returns 0), or a negative errno (the frame sends work.fault).
 */
#ifndef WL_WORKER_WORKER_H
#define WL_WORKER_WORKER_H

#include "daemon/base/channel.h"

#define WL_WORKER_CONTROL_FD 3
#define WL_WORKER_INPUT_FD   4
#define WL_WORKER_OUTPUT_FD  5
#define WL_WORKER_AUX_FD     6

struct wl_worker {
	struct wl_channel control;
	struct wl_message *in;  /* for receiving */
	struct wl_message *out; /* for sending */
	const char *tools;      /* "libpng 1.6.39,…" for work.done, or NULL: what did the work */
};

/* What a kind may write to the files it is handed, whatever they are. */
enum wl_may_write {
	WL_MAY_WRITE = 0,
	WL_MAY_NOT_WRITE = 1,     /* parsers */
	WL_MAY_WRITE_SAMPLES = 2, /* a parser that fills a memory file with samples */
};

/* The system calls a kind needs beyond the common ones stand in spawn/seccomp_table.def, under its
 * name; a kind without a row there is not run. In a sanitizer build a forbidden call is named on
 * standard error. */
struct wl_work_kind {
	const char *name;     /* "read-medium" */
	int (*prepare)(void); /* NULL, or 0 or negative errno; in the zygote, before any lock */
	int (*run)(struct wl_worker *wk);
	enum wl_may_write write; /* a parser's input is hostile: WL_MAY_NOT_WRITE, or samples */
};

extern const struct wl_work_kind wl_work_kinds[]; /* of this binary; ends with name NULL */

/* work.finding about `item` (0: the whole). Returns 0 or negative errno. */
int wl_worker_finding(struct wl_worker *wk, uint64_t item, const struct wl_finding *finding);
int wl_worker_progress(struct wl_worker *wk, uint64_t done, uint64_t total);
/* The next message of the employer into wk->in (-EPIPE: it went away: just end). */
int wl_worker_receive(struct wl_worker *wk);
int wl_worker_send(struct wl_worker *wk); /* wk->out */

#endif
