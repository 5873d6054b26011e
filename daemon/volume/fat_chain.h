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

/*
 * Follows the chain that begins at `first` and adds its extents to entry `index` of the listing
 * (SIZE_MAX: to nothing, they are only appended after the last extent).
 *
 * bytes: what the folder record says a file has; the chain must have exactly the clusters for it
 * (none for 0, and then first is 0). For a folder, UINT64_MAX: any number up to
 * the geometry's folder_bytes, at least one.
 *
 * *ret_first, *ret_count: which extents of the listing. 0; -EBADMSG with volume.chain-loop,
 * volume.chain-crossed, volume.size-wrong, volume.too-many-files, volume.ambiguous; -EIO, -ENOMEM.
 */
int wl_fat_chain_follow(struct wl_fat_chains *c, size_t index, uint32_t first, uint64_t bytes,
                        size_t *ret_first, size_t *ret_count, struct wl_finding *ret_finding);

/* The same for clusters that lie one behind the other and have no entries (exFAT). */
int wl_fat_chain_take_run(struct wl_fat_chains *c, size_t index, uint32_t first, uint64_t bytes,
                          size_t *ret_first, size_t *ret_count, struct wl_finding *ret_finding);

/* From now on a cluster can only be claimed where this map (a bit per cluster, from cluster 2; it
 * must outlive the chains) gives it as taken; else volume.size-wrong. */
void wl_fat_chains_set_map(struct wl_fat_chains *c, const uint8_t *taken);

#endif
