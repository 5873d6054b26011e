/*
 * The sandbox of every worker (DESIGN 2), in the order that was measured to work.
 *
 * Three parts, each in its own process: wl_sandbox_map_ids in spawnd's child before exec, in the
 * new namespaces; wl_sandbox_enter in the worker binary (the zygote) before it hears of any job;
 * and wl_sandbox_tighten in the process forked for one job, before its first hostile byte. Any step
 * that fails ends in -errno with the step's name: then nothing is run. Nothing is skipped where a
 * kernel lacks it, except what a kernel adds beyond (Landlock's newer rights, PR_SET_MDWE).
 */
#ifndef WL_SPAWN_SANDBOX_H
#define WL_SPAWN_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The namespaces a worker is cloned into. */
#define WL_SANDBOX_CLONE_FLAGS                                                                     \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)

/* How the process of a job ends, besides 0: the machine failed it and its employer was told, or its
 * last locks failed. Any other end is a death. */
#define WL_WORKER_EXIT_FAULT   120
#define WL_WORKER_EXIT_SANDBOX 121

/* A job's second filter, compiled before the first one goes on. */
struct wl_filter; /* opaque */

/* Writes /proc/self/{setgroups,uid_map,gid_map}: 0 inside is uid and gid outside. The process is
 * made dumpable for it: a process that is not cannot write its own map. 0 or negative errno. */
int wl_sandbox_map_ids(uid_t uid, gid_t gid);

/* Compiles the filter of `kind` (seccomp_table.def). 0, -ENOENT where no row names the kind. */
int wl_filter_compile(const char *kind, struct wl_filter **ret);
struct wl_filter *wl_filter_free(struct wl_filter *f); /* accepts NULL, returns NULL */

/* Locks this process in: an empty read-only root, Landlock, limits, no capability, no new
 * privileges, the zygote's filter. 0, and what it is in words at `said` ("full: landlock 7,
 * seccomp, userns"); else negative errno and the name of the step in *ret_step (static). */
int wl_sandbox_enter(char *said, size_t size, const char **ret_step);

/* The last locks, in the process of one job: no fork, its own time, the filter of its kind. No
 * file grows beyond file_bytes_max (UINT64_MAX: no limit). Errors as above. */
int wl_sandbox_tighten(const struct wl_filter *f, uint64_t file_bytes_max, uint64_t deadline_ms,
                       const char **ret_step);

#endif
