/*
 * Taking a few small files from a medium into sealed memory, through a gate: tickets, a policy,
 * cosignatures, checkpoints, certificates.
 *
 * Whoever brought the medium controls names, number and bytes. What is asked for is chosen by the
 * list alone; nothing of the rest is read.
 */
#ifndef WL_BROKER_JOB_INTAKE_H
#define WL_BROKER_JOB_INTAKE_H

#include "daemon/broker/jobs.h"
#include "policy/items.h"

struct wl_intake_file {
	uint32_t number; /* of its item */
	int fd;          /* sealed memfd */
};

/* Fill the first part, call wl_intake_fetch, in the end wl_intake_clear. */
struct wl_intake {
	struct wl_bench *bench;
	struct wl_task *task;
	const struct wl_task_medium *source;
	const char *gate;    /* "a" or "b" */
	const char *purpose; /* as gate.opened says it */
	/* Whether this file is asked for. */
	bool (*wanted)(const struct wl_item *item);
	/* Called with the whole list before a byte is asked for; NULL: nothing to say. */
	int (*listed)(void *user, const struct wl_items *items, struct wl_finding *f);
	void *user;
	/* Where more are wanted than are taken: those for which this is true, then the first by
	 * their paths. NULL: more is a refusal. */
	bool (*rather)(const struct wl_item *item);

	struct wl_items items;
	bool *taken; /* of each item of the list */
	struct wl_intake_file file[WL_INTAKE_FILES_MAX];
	size_t nfiles;
};

/*
 * Through the gate and out again; the files lie in memory then, and nobody changes them any more.
 * 0; -EBADMSG with the finding of the medium or of `listed`, or volume.too-many-files: more than
 * WL_INTAKE_FILES_MAX are wanted and not just the first; another negative errno.
 */
int wl_intake_fetch(struct wl_intake *in, struct wl_finding *f);
/* The file of an item, which stays the intake's; -1 where it was not taken. */
int wl_intake_fd(const struct wl_intake *in, const struct wl_item *item);
void wl_intake_clear(struct wl_intake *in); /* also for WL_CLEANUP */

/* For whoever reads the medium itself: memory for an item (a reader's sink), and what makes all of
 * it unchangeable. 0 or negative errno. */
int wl_intake_sink(struct wl_intake *in, const struct wl_item *item, int *ret_fd);
int wl_intake_seal(const struct wl_intake *in);

/* Does the item's last name end so, without case? */
bool wl_item_ends(const struct wl_item *item, const char *end);
/* Is the item's last name this one, without case? */
bool wl_item_is(const struct wl_item *item, const char *name);

#endif
