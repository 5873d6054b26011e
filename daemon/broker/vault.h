/*
 * The vault: the station's private store, one folder per transfer (INTERFACES 10).
 *
 *   <transfer>/item/00001 …   the files as they were read, sealed 0400
 *   <transfer>/listing        what the reading found (listing.h)
 *   <transfer>/out/manifest   the manifest of the output, as its digest in the ledger says
 *   <transfer>/out/…          what an export makes of the items, sealed 0400
 *
 * Bytes get in only through descriptors handed to the digest tool; the broker never looks into
 * them. Any failed fsync or close is -EIO: transfers then stop (invariant 9).
 */
#ifndef WL_BROKER_VAULT_H
#define WL_BROKER_VAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wl_vault {
	int fd; /* the folder of all transfers */
};

int wl_vault_open(struct wl_vault *v, const char *path);
void wl_vault_close(struct wl_vault *v);

/* Bytes that lie in it (of all transfers), and that may still come: the smaller of what the quota
 * and the file system leave, 256 MiB of it always kept back for the ledger. */
int wl_vault_room(const struct wl_vault *v, uint64_t quota_bytes, uint64_t *ret_used,
                  uint64_t *ret_free);
/* Bytes that lie there of one transfer; 0 where there is nothing. */
uint64_t wl_vault_size(const struct wl_vault *v, const char *transfer);
/* Whether it lies on an encrypted disk: dm-crypt under its device, however deep. */
bool wl_vault_is_encrypted(const struct wl_vault *v);

/* An empty folder for a transfer; what an earlier reading left there goes. */
int wl_vault_begin(const struct wl_vault *v, const char *transfer);
/* A new file for an item, open for writing. -EEXIST. */
int wl_vault_item_create(const struct wl_vault *v, const char *transfer, uint32_t number,
                         int *ret_fd);
/* All items of a transfer become 0400 and durable, with their folders. */
int wl_vault_seal(const struct wl_vault *v, const char *transfer);
/* A sealed item, read-only, offset 0. -ENOENT. */
int wl_vault_item_open(const struct wl_vault *v, const char *transfer, uint32_t number,
                       int *ret_fd);

/* Throws away items numbered above `number`: what an interrupted second reading left. */
int wl_vault_items_drop(const struct wl_vault *v, const char *transfer, uint32_t number);

/* ---- out/: files that are to leave, by names of ours (at most WL_VAULT_NAME_MAX letters) ---- */

#define WL_VAULT_NAME_MAX 90U
/* Empties it: what an interrupted inspection left. */
int wl_vault_out_begin(const struct wl_vault *v, const char *transfer);
/* A new file, open for reading and writing. -EEXIST. */
int wl_vault_out_create(const struct wl_vault *v, const char *transfer, const char *name,
                        int *ret_fd);
int wl_vault_out_open(const struct wl_vault *v, const char *transfer, const char *name,
                      int *ret_fd); /* read-only, offset 0. -ENOENT */
int wl_vault_out_rename(const struct wl_vault *v, const char *transfer, const char *from,
                        const char *to);
int wl_vault_out_remove(const struct wl_vault *v, const char *transfer, const char *name);
/* Everything in it becomes 0400 and durable. */
int wl_vault_out_seal(const struct wl_vault *v, const char *transfer);

/* A small file of a transfer ("listing", "out/manifest"), durable; and back. */
int wl_vault_put(const struct wl_vault *v, const char *transfer, const char *name, const void *p,
                 size_t n);
int wl_vault_get(const struct wl_vault *v, const char *transfer, const char *name, size_t max,
                 void **ret_p, size_t *ret_n);

/* Deletes a transfer's folder: how many items and bytes went. 0 also where there is none. */
int wl_vault_delete(const struct wl_vault *v, const char *transfer, uint64_t *ret_items,
                    uint64_t *ret_bytes);
/* Calls back with each folder's name. */
int wl_vault_each(const struct wl_vault *v, void (*cb)(void *user, const char *transfer),
                  void *user);

#endif
