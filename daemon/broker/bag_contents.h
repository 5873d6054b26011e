/*
 * What an output of an export comes to on its medium: the payload out of the vault, with the
 * digests the ledger holds, and the tag files around it. Work thread.
 */
#ifndef WL_BROKER_BAG_CONTENTS_H
#define WL_BROKER_BAG_CONTENTS_H

#include "daemon/broker/bag.h"
#include "daemon/broker/delivery.h"
#include "daemon/broker/jobs.h"
#include "daemon/broker/ledger_client.h"

struct wl_bag_contents {
	struct wl_bag_payload *payload;       /* ascending by path */
	char (*names)[WL_VAULT_NAME_MAX + 1]; /* of each in out/ */
	size_t n;
	bool encrypted;
	struct wl_bag bag;
	int tag_fd[WL_BAG_TAG_FILES_MAX];
	size_t ntags;
	uint8_t sha256[WL_SHA256_BYTES]; /* of tagmanifest-sha256.txt: it stands for the whole bag
	                                  */
};

/* The payload of a delivery (the manifest's `pass` lines), each with the SHA-512 that the ledger
 * has for it. 0; -EBADMSG (medium.changed) where the ledger has none; -ENOMEM. */
int wl_bag_contents_load(struct wl_bench *bench, const struct wl_release_task *job,
                         const struct wl_delivery *d, struct wl_bag_contents *ret,
                         struct wl_finding *f);
/* Composes the bag around custody record, signature and receipt; fills the plan of the volume,
 * which has WL_BAG_TAG_FILES_MAX + n places and borrows from *c. 0 or negative errno. */
int wl_bag_contents_plan(struct wl_bag_contents *c, const struct wl_release_task *job,
                         const struct wl_note *custody, int64_t time, struct wl_build_file *plan,
                         size_t *ret_n);
void wl_bag_contents_clear(struct wl_bag_contents *c); /* start from {0} */

#endif
