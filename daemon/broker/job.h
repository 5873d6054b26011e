/*
 * Long work in one thread: reading, inspecting, releasing, preparing, tickets, signatures.
 *
 * The main thread queues tasks; the work thread carries out one at a time on its own connections to
 * the other daemons and owns the task while it does. What the work thread has to say meanwhile
 * (progress, entries it appended) goes to the main thread as notes, in order; when `run` has come
 * back the main thread calls `done`, which owns the task from then on. `cancel` and `gone` are all
 * both touch at a time.
 */
#ifndef WL_BROKER_JOB_H
#define WL_BROKER_JOB_H

#include <jansson.h>
#include <stdatomic.h>
#include <systemd/sd-event.h>

#include "daemon/base/work.h"
#include "daemon/broker/ledger_client.h"
#include "daemon/broker/part.h"
#include "daemon/broker/policy_store.h"
#include "daemon/broker/vault.h"

struct wl_jobs; /* opaque: the queue and the thread */
struct wl_broker;

/* What a task finds in the work thread. */
struct wl_bench {
	struct wl_jobs *jobs;
	struct wl_ledger *ledger;
	struct wl_part *media;
	const char *spawn_path;
	uid_t spawn_uid;
	struct wl_vault vault;
	int tickets_fd, trust_fd; /* folders; trust_fd holds policy-authority.pem */
	bool gate_said;           /* gate.opened is in the ledger, gate.shut is not */
	json_t *gate_unsaid;      /* a gate.shut that the ledger was not there for */
	const char *told_step;    /* progress last told, and when */
	int64_t told_ms;
};

struct wl_task {
	struct wl_task *next;
	const char *kind; /* "read", "inspect", … for the journal */
	int (*run)(struct wl_bench *bench, struct wl_task *task); /* work thread */
	void (*done)(struct wl_broker *b, struct wl_task *task);  /* main thread; frees */
	uint64_t call_id;                                         /* whom to answer; 0: nobody */
	char transfer[WL_ID_TEXT];                                /* "" where none */
	char actor[WL_ID_TEXT];
	uid_t uid;
	struct wl_policy_ref *policy; /* held; the one in force when it was queued */
	atomic_bool cancel;
	atomic_bool gone;           /* its medium was pulled: set by the main thread */
	char insertion[WL_ID_TEXT]; /* of that medium */
	int result;                 /* of run */
	struct wl_finding finding;
};

/* Progress of the task at work, as a Watch stream shows it. */
struct wl_progress {
	char transfer[WL_ID_TEXT];
	const char *step; /* a word of docs/control-objects.md, static */
	uint64_t done, total;
	char port[WL_ID_TEXT], medium[WL_ID_TEXT];
	enum wl_rule rule;
	uint64_t call_id;
};

struct wl_jobs_handlers {
	/* An entry the work thread appended: an owned reference. */
	void (*entry)(struct wl_broker *b, json_t *entry);
	void (*progress)(struct wl_broker *b, const struct wl_progress *p);
};

struct wl_jobs_config {
	const char *ledger_path, *media_path, *spawn_path;
	uid_t ledger_uid, media_uid, spawn_uid, own_uid;
	struct wl_vault vault;
	int tickets_fd, trust_fd;
};

int wl_jobs_new(sd_event *event, const struct wl_jobs_config *config,
                const struct wl_jobs_handlers *handlers, struct wl_broker *b, struct wl_jobs **ret);
/* Asks the task at work to stop, waits for the thread, drops what was queued. */
struct wl_jobs *wl_jobs_free(struct wl_jobs *j);

#define WL_JOBS_QUEUED_MAX 16U
/* Queues a task; -EBUSY where too many wait. The number ahead of it comes back. */
int wl_jobs_add(struct wl_jobs *j, struct wl_task *task, unsigned *ret_ahead);
/* Whether a task of this transfer waits or runs; and: asks it to stop. */
bool wl_jobs_has(struct wl_jobs *j, const char *transfer);
/* Whether the task at work is of this transfer. */
bool wl_jobs_works_on(struct wl_jobs *j, const char *transfer);
void wl_jobs_cancel(struct wl_jobs *j, const char *transfer);
/* The medium of this insertion went away: tells the task that is at work on it. */
void wl_jobs_gone(struct wl_jobs *j, const char *insertion);
bool wl_jobs_is_idle(struct wl_jobs *j);

/* ---- in the work thread ---- */

/* Appends an entry under the task's policy and tells the main thread. Takes over `entry`, also on
 * failure. *ret_id (may be NULL) is its entry number. 0 or -EBADMSG. */
int wl_bench_append(struct wl_bench *bench, struct wl_task *task, json_t *entry,
                    char ret_id[WL_ID_TEXT], struct wl_finding *f);
int wl_bench_append_manifest(struct wl_bench *bench, struct wl_task *task, json_t *entry,
                             int manifest_fd, uint64_t bytes, struct wl_finding *f);
/* The same for up to WL_APPEND_GROUP_MAX entries in one commit. */
int wl_bench_append_group(struct wl_bench *bench, struct wl_task *task, json_t **entries, size_t n,
                          struct wl_finding *f);
void wl_bench_progress(struct wl_bench *bench, const struct wl_task *task, const char *step,
                       uint64_t done, uint64_t total);
/* The same with a port. */
void wl_bench_progress_at(struct wl_bench *bench, const struct wl_task *task, const char *step,
                          const char *port, const char *medium);
/* A fresh connection to spawnd: 0, or -EBADMSG with station.part-missing. */
int wl_bench_spawn(struct wl_bench *bench, struct wl_spawn **ret, struct wl_finding *f);
void wl_spawn_cleanup(struct wl_spawn **s); /* for WL_CLEANUP */

#endif
