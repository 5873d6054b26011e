/*
 * weighlock-spawnd: the parts of the daemon and what they share.
 *
 * One thread, one poll loop. Employers (the broker's threads, or the client offline) order jobs;
 * each job is forked by the zygote of its binary, which waits in its sandbox. Descriptors of media
 * come from mediad and go to workers, never to an employer.
 */
#ifndef WL_SPAWN_SPAWND_H
#define WL_SPAWN_SPAWND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/base/channel.h"
#include "daemon/base/limits.h"

#define WL_SPAWN_EMPLOYERS_MAX   16
#define WL_SPAWN_GATES_MAX       8
#define WL_SPAWN_SLOTS           4 /* descriptors 3 to 6 of a worker */
#define WL_SPAWN_GATE_HELD_MS    5000
#define WL_SPAWN_DEADLINE_MAX_MS (24 * 3600 * 1000)

enum wl_gate_use { WL_GATE_NONE = 0, WL_GATE_READ, WL_GATE_WRITE };

enum {
	WL_BINARY_VOLUME = 0,
	WL_BINARY_UPDATE,
	WL_BINARY_ARCHIVE,
	WL_BINARY_IMAGE,
	WL_BINARY_TOOL,
	WL_BINARIES
};

struct wl_kind_row {
	const char *name;
	const char *binary;
	enum wl_gate_use gate;
};

/* NULL where there is none. */
const struct wl_kind_row *wl_kind_find(const char *name);

/* A worker binary, opened at start, and its zygote where one runs. */
struct wl_zygote_link {
	const char *name;
	int binary; /* O_PATH; -1: not installed */
	pid_t pid;  /* 0: none runs */
	int pidfd;
	struct wl_channel channel;
	char said[WL_ERROR_DETAIL_MAX + 1]; /* what its sandbox is */
};

struct wl_order_state {
	uint32_t serial; /* 0: no order is being given */
	const struct wl_kind_row *kind;
	uint64_t deadline_ms;
	uint64_t gate;
	char intent[33];
	int slots[WL_SPAWN_SLOTS];
};

struct wl_employer {
	struct wl_channel channel; /* fd -1: free */
	struct wl_order_state order;
};

struct wl_running {
	bool used;
	struct wl_employer *employer; /* NULL: it went away */
	struct wl_zygote_link *zygote;
	uint32_t serial;        /* the employer's */
	uint32_t zygote_serial; /* ours */
	int pidfd;
	const struct wl_kind_row *kind;
	int64_t started_us, deadline_ms; /* monotonic */
	uint64_t allowed_ms;
	bool late, killed;
};

struct wl_held_gate {
	uint64_t gate; /* 0: free */
	int fd;
	enum wl_gate_use use;
	char intent[33];
	int64_t until_ms;
};

struct wl_spawnd {
	bool offline;
	int workers_dir;
	int null_fd;
	int listen_fd; /* -1 offline */
	uid_t broker_uid;
	const char *gate_path; /* NULL offline */
	struct wl_channel gate_link;
	int64_t gate_retry_ms;
	uint32_t next_serial;
	struct wl_zygote_link zygotes[WL_BINARIES];
	struct wl_employer employers[WL_SPAWN_EMPLOYERS_MAX];
	struct wl_running jobs[WL_WORKER_JOBS_MAX];
	struct wl_held_gate gates[WL_SPAWN_GATES_MAX];
	struct wl_message message;
};

int64_t wl_spawnd_now_us(void);
static inline int64_t wl_spawnd_now_ms(void)
{
	return wl_spawnd_now_us() / 1000;
}

/* zygotes.c: -EBADMSG with *ret_why where it cannot be had. */
void wl_zygotes_open(struct wl_spawnd *d);
int wl_zygote_get(struct wl_spawnd *d, const char *binary, struct wl_zygote_link **ret,
                  struct wl_finding *ret_why);
void wl_zygote_readable(struct wl_spawnd *d, struct wl_zygote_link *z);
/* zygote_start.c */
int wl_zygote_start(struct wl_spawnd *d, struct wl_zygote_link *z, struct wl_finding *ret_why);
void wl_zygote_end(struct wl_zygote_link *z);

/* jobs.c */
void wl_job_run(struct wl_spawnd *d, struct wl_employer *e);
void wl_jobs_ended(struct wl_spawnd *d, const struct wl_message *m, struct wl_zygote_link *z);
void wl_jobs_zygote_died(struct wl_spawnd *d, struct wl_zygote_link *z);
void wl_jobs_kill(struct wl_spawnd *d, struct wl_employer *e, uint32_t serial); /* 0: all of e */
void wl_jobs_check_deadlines(struct wl_spawnd *d, int64_t now_ms);
int64_t wl_jobs_next_deadline(const struct wl_spawnd *d); /* -1: none */

/* employers.c */
void wl_employer_accept(struct wl_spawnd *d);
struct wl_employer *wl_employer_add(struct wl_spawnd *d, int fd);
void wl_employer_readable(struct wl_spawnd *d, struct wl_employer *e);
void wl_employer_drop(struct wl_spawnd *d, struct wl_employer *e);
void wl_order_forget(struct wl_order_state *o);
void wl_employer_refuse(struct wl_spawnd *d, struct wl_employer *e, uint32_t serial,
                        const struct wl_finding *why, int error);

/* gates.c */
void wl_gates_connect(struct wl_spawnd *d, int64_t now_ms);
void wl_gates_readable(struct wl_spawnd *d);
void wl_gates_expire(struct wl_spawnd *d, int64_t now_ms);
bool wl_gates_drop(struct wl_spawnd *d, uint64_t gate);
void wl_gates_drop_all(struct wl_spawnd *d);
/* Takes the descriptor for this kind and intent, once. 0, -ENOENT, -EPERM. */
int wl_gates_take(struct wl_spawnd *d, uint64_t gate, const struct wl_kind_row *kind,
                  const char *intent, int *ret_fd);

/* loop.c: until offline's employer goes away, or for ever. */
void wl_spawnd_loop(struct wl_spawnd *d);

#endif
