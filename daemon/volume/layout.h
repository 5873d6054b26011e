/*
 * What a fresh volume will hold and where, worked out whole before a byte is written.
 *
 * Deterministic: the same order gives the same bytes (INTERFACES 7). Within a folder, folders come
 * first and then files, both in the order of the manifest; clusters are given to the root, then to
 * the folders, then to the files, each in one contiguous run.
 */
#ifndef WL_VOLUME_LAYOUT_H
#define WL_VOLUME_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/finding.h"
#include "daemon/volume/geometry.h"
#include "daemon/volume/short_name.h"

#define WL_LABEL_BYTES 11U

struct wl_build_file {
	const char *path; /* UTF-8, '/' between names; borrowed while the layout lives */
	size_t path_bytes;
	uint64_t bytes;
};

struct wl_build_order {
	bool exfat; /* else FAT32 */
	uint64_t medium_bytes;
	int64_t time; /* of everything on the volume; seconds since 1970, UTC */
	uint32_t disk_id, volume_id;
	uint8_t label[WL_LABEL_BYTES];     /* padded with spaces */
	const struct wl_build_file *files; /* in the order of the manifest */
	size_t nfiles;
};

#define WL_LAYOUT_NONE UINT32_MAX
#define WL_LAYOUT_ROOT 0U

/* A folder or file. Node 0 is the root; folders and files keep the order of their first mention. */
struct wl_layout_node {
	const char *name; /* UTF-8, borrowed from the order */
	uint32_t name_bytes;
	uint32_t parent;
	uint32_t file; /* index in the order; WL_LAYOUT_NONE for a folder */
	uint32_t first_child, last_child, next; /* of a folder: folders first, then files */
	uint32_t children;
	uint32_t records;       /* of 32 bytes that it takes in its folder */
	uint32_t first_cluster; /* 0: none (an empty file) */
	uint32_t clusters;
	uint64_t bytes; /* of a folder: its records */
	uint8_t short_name[WL_SHORT_NAME_BYTES];
	bool needs_long;
};

struct wl_layout {
	struct wl_build_geometry geometry;
	struct wl_build_order order; /* its files are borrowed */
	uint32_t nnodes, nfolders;   /* nodes [0, nfolders) are folders, the rest files in order */
	struct wl_layout_node *nodes;
	uint32_t used_clusters;
	uint32_t map_clusters, letters_clusters; /* exFAT: the first ones */
	uint64_t volume_bytes; /* from the medium's first byte to the last cluster in use */
	uint64_t head_bytes;   /* min(medium, 4 MiB) */
};

/*
 * Works out the layout. 0; -EBADMSG with destination.too-small, destination.file-too-large (4 GiB
 * and more on FAT32; detail is the escaped path), name.* (a path FAT cannot hold, or two that it
 * would take for the same); -ENOMEM.
 */
int wl_layout_plan(const struct wl_build_order *order, struct wl_layout **ret,
                   struct wl_finding *ret_finding);
struct wl_layout *wl_layout_free(struct wl_layout *l); /* accepts NULL, returns NULL */
void wl_layout_cleanup(struct wl_layout **l);

#endif
