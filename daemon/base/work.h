/*
 * Employing workers: the blocking side that broker threads and the offline client share.
 *
 * struct wl_spawn is a connection to weighlock-spawnd (or one started on a socket pair, offline).
 * A job is one worker doing one piece of work; `job.control` talks to the worker itself, and what
 * comes from it is a claim (parsers) or a fact (tools), never more. One job's death is reported
 * as station.worker-died, a passed deadline as station.worker-late, nonsense on the control
 * channel as station.worker-lied; the job is then over and the item refused.
 */
#ifndef WL_BASE_WORK_H
#define WL_BASE_WORK_H

#include "daemon/base/channel.h"

struct wl_spawn; /* opaque; one user at a time (a thread has its own) */

/* At the station. 0 or negative errno. */
int wl_spawn_connect(const char *socket_path, uid_t uid, struct wl_spawn **ret);
/* Offline: starts `spawnd_path --offline` on a socket pair. Only WEIGHLOCK_WORKERS (the folder of
 * the worker binaries, where it is not the installed one) is passed on of the environment. */
int wl_spawn_start(const char *spawnd_path, struct wl_spawn **ret);
struct wl_spawn *wl_spawn_free(struct wl_spawn *s); /* ends what runs; accepts NULL */

/* What the sandbox can do here, one line ("full: landlock 7, seccomp, userns"); doctor shows it.
 * 0; -EBADMSG with station.sandbox-missing or station.part-missing; other negative errno. */
int wl_spawn_status(struct wl_spawn *s, char *buf, size_t size, struct wl_finding *ret_finding);

/* Closes a gate's descriptor that spawnd holds and no job took. 0, or negative errno. */
int wl_spawn_drop(struct wl_spawn *s, uint64_t gate);

struct wl_job {
	struct wl_spawn *spawn;
	uint32_t serial;
	struct wl_channel control; /* to the worker */
};

struct wl_job_order {
	const char
	        *kind; /* "read-medium", "digest", "signature", "check", "unpack", "build-volume" */
	uint64_t deadline_ms;
	uint64_t gate;      /* 0: none; slot 4 is then the descriptor mediad sent to spawnd */
	const char *intent; /* NULL, or the intent a writable gate was granted for */
	int input_fd;       /* slot 4 where there is no gate; -1: none. Stays the caller's. */
	int output_fd;      /* slot 5; 0 or less: none. Stays the caller's. */
};

/* Starts a job. 0; -EBADMSG with station.sandbox-missing and the like; other negative errno. */
int wl_job_start(struct wl_spawn *s, const struct wl_job_order *order, struct wl_job *ret_job,
                 struct wl_finding *ret_finding);
/* Sends an order built in *m to the worker. That the worker has ended meanwhile is no error here,
 * nor in wl_job_next: the next wl_job_receive says how. */
int wl_job_send(struct wl_job *j, struct wl_message *m);
/* work.next: passes `fd` (stays the caller's). sha256 may be NULL. */
int wl_job_next(struct wl_job *j, uint64_t item, enum wl_role role, uint64_t size, int fd,
                const uint8_t *sha256);
/*
 * The worker's next message; work.progress goes to `progress` (may be NULL) and is not returned.
 * -EBADMSG: the worker died, was late or lied (see ret_finding); where the worker said by
 * work.fault that the machine failed it: -ENOSPC, -ENOMEM, -ENODEV, -EFBIG or -ETIMEDOUT as it
 * said, else -EIO, with rule WL_RULE_NONE and its words in ret_finding->detail.
 */
int wl_job_receive(struct wl_job *j, struct wl_message *m, struct wl_finding *ret_finding,
                   void (*progress)(void *user, uint64_t done, uint64_t total), void *user);
/* Waits for the end of the process. 0; -EBADMSG as above. After it the job is closed. */
int wl_job_finish(struct wl_job *j, struct wl_finding *ret_finding);
void wl_job_kill(struct wl_job *j); /* ends it now; safe after finish and on a zeroed job */

#endif
