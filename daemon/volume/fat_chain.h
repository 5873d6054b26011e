/* A chain of clusters: followed once, claimed cluster by cluster, and turned into extents. */
#ifndef WL_VOLUME_FAT_CHAIN_H
#define WL_VOLUME_FAT_CHAIN_H

#include <stdint.h>

#include "daemon/volume/fat_table.h"

struct wl_fat_chains; /* which clusters of the volume belong to something already */

int wl_fat_chains_new(struct wl_fat_table *t, const struct wl_fat_geometry *g, struct wl_listing *l,
                      struct wl_fat_chains **ret);
struct wl_fat_chains *wl_fat_chains_free(struct wl_fat_chains *c);
void wl_fat_chains_cleanup(struct wl_fat_chains **c);

#define WL_FAT_FOLDER_BYTES_MAX (65536U * 32U) /* fatgen103: a folder holds 65,536 records */

/*
 * Follows the chain that begins at `first` and adds its extents to entry `index` of the listing
 * (SIZE_MAX: to nothing, they are only appended after the last extent).
 *
 * bytes: what the folder record says a file has; the chain must have exactly the clusters for it
 * (none for 0, and then first is 0). For a folder, UINT64_MAX: any number up to
 * WL_FAT_FOLDER_BYTES_MAX, at least one.
 *
 * *ret_first, *ret_count: which extents of the listing. 0; -EBADMSG with volume.chain-loop,
 * volume.chain-crossed, volume.size-wrong, volume.too-many-files, volume.ambiguous; -EIO, -ENOMEM.
 */
int wl_fat_chain_follow(struct wl_fat_chains *c, size_t index, uint32_t first, uint64_t bytes,
                        size_t *ret_first, size_t *ret_count, struct wl_finding *ret_finding);

#endif
