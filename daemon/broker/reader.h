/*
 * Reading one volume with two workers: `read-medium` (a parser) lists and sends bytes, `digest` (a
 * tool) counts and hashes them and writes those that are kept. What the parser lists is a claim;
 * size and digest of what came through the pipe are facts.
 */
#ifndef WL_BROKER_READER_H
#define WL_BROKER_READER_H

#include "daemon/broker/job.h"
#include "policy/items.h"

struct wl_reader_order {
	struct wl_bench *bench;
	struct wl_task *task; /* for progress and cancel */
	const char *step;     /* of the bytes: "copying", "reading-back" */
	uint64_t gate, medium_bytes;
	uint64_t files_max, bytes_max;
	/* Called once with the numbered list, before any byte is asked for. 0, or -EBADMSG. */
	int (*listed)(void *user, struct wl_items *items, struct wl_finding *f);
	/* Whether this file is asked for at all; NULL: every one. */
	bool (*wanted)(void *user, const struct wl_item *item);
	/* Where an item's bytes go: a descriptor (the reader closes it), or -1: digest and drop. */
	int (*sink)(void *user, const struct wl_item *item, int *ret_fd);
	void *user;
};

/*
 * Reads everything; digests are in *items then. *ret_item is the number of the item a finding is
 * about, 0: the whole. 0; -EBADMSG with the finding of the parser, or of `listed`; -EIO where the
 * machine failed it (finding: medium.unreadable); -ECANCELED.
 */
int wl_reader_run(const struct wl_reader_order *order, struct wl_items *items, uint32_t *ret_item,
                  struct wl_finding *f);

/* The digest of the first `size` bytes behind a read gate. 0, -EBADMSG, -EIO. */
int wl_reader_head(struct wl_bench *bench, uint64_t gate, uint64_t size, uint8_t ret_sha256[32],
                   struct wl_finding *f);

#endif
