/* The tasks of the work thread: how each is made. The main thread queues them with wl_jobs_add. */
#ifndef WL_BROKER_JOBS_H
#define WL_BROKER_JOBS_H

#include "daemon/base/limits.h"
#include "daemon/broker/job.h"
#include "policy/decide.h"
#include "policy/export.h"
#include "policy/items.h"

/* What is known of the medium a task is about, copied when it was queued. */
struct wl_task_medium {
	char port[WL_ID_TEXT], insertion[WL_ID_TEXT], medium[WL_ID_TEXT];
	uint64_t diskseq, bytes;
};

/* What an export asks for, copied when it was queued. */
struct wl_export_order {
	struct wl_selection asked; /* of this reading */
	struct wl_scan_list whole; /* of the transfer: what is missing of it is said */
	unsigned outputs;          /* enum wl_output_kind bits */
	json_t *recipients;        /* SHA-256 of each certificate's DER */
	enum wl_tip_state tip;
	json_t *tip_exceptions;
	uint64_t day_left; /* pictures this person may still take out today */
	unsigned readings; /* preserved before this one */
	bool preserved;    /* this one is, too: the ledger says so */
};
void wl_export_order_free(struct wl_export_order *o); /* accepts NULL */

/* Reads the medium of a transfer into the vault, then looks into what came. */
struct wl_read_task {
	struct wl_task task;
	struct wl_task_medium source; /* port "" : only look into what the vault holds */
	char device[WL_ID_TEXT], vendor[WL_ID_TEXT], ticket[WL_ID_TEXT]; /* "" where not said */
	char station[WL_ID_TEXT];
	struct wl_export_order *export; /* owned; NULL: inbound */
};
/* For task.run of a wl_read_task. */
int wl_job_read_run(struct wl_bench *bench, struct wl_task *task);

/* Writes an output of an approved transfer onto a destination. */
struct wl_release_task {
	struct wl_task task;
	struct wl_task_medium destination;
	bool is_source;    /* the destination is the transfer's own source */
	bool was_prepared; /* this station prepared a medium of this name once */
	bool tried_before; /* an earlier intent of this transfer counts as its use of the ticket */
	char device[WL_ID_TEXT], output[WL_ID_TEXT], origin[256];
	char manifest_sha256[65];
	bool outbound, test;     /* what leaves is a bag; its pages say TEST */
	json_t *approvals;       /* entry ids that stand */
	json_t *inspected;       /* data of transfer.inspected */
	char intent[WL_ID_TEXT]; /* out: "" until it is durable */
	bool unknown;            /* out: it may or may not have been written */
};
int wl_job_release_run(struct wl_bench *bench, struct wl_task *task);

/* Wipes (quick) and builds an empty volume. */
struct wl_prepare_task {
	struct wl_task task;
	struct wl_task_medium destination;
	char device[WL_ID_TEXT], origin[256]; /* device "" where none is named */
};
int wl_job_prepare_run(struct wl_bench *bench, struct wl_task *task);

/* Takes tickets from a medium. */
struct wl_ticket_task {
	struct wl_task task;
	struct wl_task_medium source;
	char station[WL_ID_TEXT];
	json_t *tickets; /* out: what was found, as AddTicket answers */
	unsigned added;
};
int wl_job_ticket_run(struct wl_bench *bench, struct wl_task *task);

/* Checks the signature of a proposed policy; before that takes it from a medium, where port is not
 * "". */
struct wl_policy_task_file {
	char name[WL_POLICY_FILE_NAME_MAX + 1];
	int fd;
};
struct wl_policy_task {
	struct wl_task task;
	struct wl_task_medium source;
	int yaml_fd, signature_fd; /* sealed memfds, owned; out where it comes from a medium */
	struct wl_policy_task_file file[WL_POLICY_FILES_MAX]; /* out, owned: what came from there */
	size_t nfiles;
	void *extra; /* the main thread's own */
};
int wl_job_policy_run(struct wl_bench *bench, struct wl_task *task);

/* ---- shared between jobs ---- */

/* A policy.*, station.* … finding with the rule of a failed reading: whether it ends the reading
 * only (the medium may be put in again), or says that what lies there must be refused. */
bool wl_rule_stops_reading(enum wl_rule rule);

/* gate.opened / gate.shut. `reason`: "complete" or a rule id, and its `detail` or ""; where the
 * opening could not be written down it becomes "restart", as of every gate of which the ledger may
 * not know. */
int wl_bench_gate_opened(struct wl_bench *bench, struct wl_task *task, const char *gate,
                         const struct wl_task_medium *medium, const char *purpose,
                         struct wl_finding *f);
int wl_bench_gate_shut(struct wl_bench *bench, struct wl_task *task, const char *gate,
                       const struct wl_task_medium *medium, const char *purpose, uint64_t bytes,
                       const char *reason, const char *detail, struct wl_finding *f);

/* Looks into what the vault holds and writes down what came out. 0 or -EBADMSG (a fault; a refusal
 * is 0 and an entry). */
int wl_job_inspect(struct wl_bench *bench, struct wl_read_task *task, const struct wl_items *items,
                   const struct wl_fact_finding *findings, size_t nfindings, struct wl_finding *f);
/* The same for an export: `items` of all readings, numbered, those above `base` of the last one; a
 * finding about the reading as a whole refuses it. */
int wl_job_export(struct wl_bench *bench, struct wl_read_task *task, const struct wl_items *items,
                  uint32_t base, const struct wl_finding *reading, struct wl_finding *f);
/* The name in out/ of a file that leaves, from its place in the bag. */
void wl_export_out_name(const char *output, const char *path, char buf[WL_VAULT_NAME_MAX + 1]);
/* Which files of a listing an export asks for; ret has a place for each item. Returns how many. */
size_t wl_export_choose(const struct wl_policy_device *device, const struct wl_selection *asked,
                        const struct wl_items *items, bool *ret);
/* Entries and manifest of a decision. */
int wl_job_record(struct wl_bench *bench, struct wl_read_task *task, const struct wl_facts *facts,
                  const struct wl_decision *d, struct wl_finding *f);

/* The tail of a release: BUILD with these files, used by release and prepare (no files). */
struct wl_build_file {
	const char *path; /* raw bytes on the destination */
	size_t path_n;
	uint64_t bytes;
	int fd;                /* -1: of `open`, or of the vault */
	uint32_t number;       /* the item, or */
	const char *out;       /* the file in out/ */
	const uint8_t *sha256; /* what is read back must have it */
};
struct wl_build {
	const char *intent, *origin;
	int64_t time;
	uint64_t gate, medium_bytes;
	const char *volume; /* "fat32" or "exfat" */
	const struct wl_build_file *files;
	size_t nfiles;
	const char *transfer; /* whose vault items the numbers mean */
	/* Opens file `i` when its turn comes; the builder closes it. NULL: the vault. */
	int (*open)(void *user, size_t i, int *ret_fd, struct wl_finding *f);
	void *user;
	uint8_t head_sha256[32], volume_sha256[32]; /* out */
	uint64_t volume_bytes;                      /* out */
};
int wl_job_build(struct wl_bench *bench, struct wl_task *task, struct wl_build *b,
                 struct wl_finding *f);

/* What preparing and exporting have in common: the intent to overwrite a medium (its id and time),
 * the end of it, and shutting a gate with what came of it (`r`, and `f` where that is below 0). */
struct wl_gate;
int wl_job_wipe_intent(struct wl_bench *bench, struct wl_task *task, const struct wl_task_medium *m,
                       char ret_intent[WL_ID_TEXT], int64_t *ret_time, struct wl_finding *f);
int wl_job_wipe_ended(struct wl_bench *bench, struct wl_task *task, const char *intent,
                      uint64_t bytes, bool done, struct wl_finding *f);
int wl_job_shut_gate(struct wl_bench *bench, struct wl_task *task, struct wl_gate *gate,
                     const struct wl_task_medium *m, const char *purpose, uint64_t bytes, int r,
                     struct wl_finding *f);

/* Is the medium behind a read gate of purpose `check` prepared (INTERFACES 6)? Opens and shuts it.
 */
int wl_job_check_head(struct wl_bench *bench, struct wl_task *task,
                      const struct wl_task_medium *medium, bool *ret_prepared,
                      struct wl_finding *f);

/* Whether the task's medium went away; waits a moment for the news. */
bool wl_bench_is_gone(struct wl_task *task);

/* Seconds since 1970 that the entry in `time` of an appended entry says. */
int64_t wl_entry_time(const json_t *entry);

#endif
