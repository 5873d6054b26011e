/*
 * The layout of a fresh volume: names, records, clusters.
 *
 * Runs in build-volume (worker-tool). Sizes and paths come from a manifest that was decided upon;
 * every sum is checked against the medium before anything is written, so that a medium that is too
 * small stays as it is. Pure: power does not matter.
 */
#include "daemon/volume/layout.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "daemon/volume/exfat_dir.h"
#include "daemon/volume/exfat_upcase.h"
#include "daemon/volume/folder_names.h"
#include "daemon/volume/unit_name.h"
#include "daemon/volume/tree.h"

#define RECORD_BYTES       32U
#define FOLDER_RECORDS_MAX 65536U
#define UNITS_A_RECORD     13U
#define FILE_BYTES_MAX     UINT64_C(0xFFFFFFFF)

static int spell(const struct wl_layout_node *node, uint16_t units[WL_VOLUME_NAME_UNITS_MAX],
                 size_t *ret_n, struct wl_finding *f)
{
	return wl_unit_name_from_utf8(node->name, node->name_bytes, units, ret_n, f);
}

/* First those whose short name follows from the name, so that no made one takes it from them. */
static int name_plain(struct wl_layout *l, uint32_t folder, struct wl_short_names *taken,
                      struct wl_folder_names *names, struct wl_finding *f)
{
	for (uint32_t i = l->nodes[folder].first_child; i != WL_LAYOUT_NONE; i = l->nodes[i].next) {
		struct wl_layout_node *node = &l->nodes[i];
		uint16_t units[WL_VOLUME_NAME_UNITS_MAX];
		size_t n;
		int r = spell(node, units, &n, f);
		if (r == 0)
			r = wl_folder_names_add(names, units, n, NULL, f);
		if (r < 0)
			return r;
		enum wl_short_fit fit = wl_short_name_fit(units, n, node->short_name);
		node->needs_long = fit != WL_SHORT_EXACT;
		node->records = 1;
		if (node->needs_long)
			node->records += (uint32_t)((n + UNITS_A_RECORD - 1) / UNITS_A_RECORD);
		if (fit != WL_SHORT_LOSSY)
			(void)wl_short_names_take(taken, node->short_name);
	}
	return wl_folder_names_check(names, f);
}

static int name_lossy(struct wl_layout *l, uint32_t folder, struct wl_short_names *taken,
                      struct wl_finding *f)
{
	for (uint32_t i = l->nodes[folder].first_child; i != WL_LAYOUT_NONE; i = l->nodes[i].next) {
		struct wl_layout_node *node = &l->nodes[i];
		uint16_t units[WL_VOLUME_NAME_UNITS_MAX];
		uint8_t unused[WL_SHORT_NAME_BYTES];
		size_t n;
		int r = spell(node, units, &n, f);
		if (r < 0)
			return r;
		if (wl_short_name_fit(units, n, unused) == WL_SHORT_LOSSY)
			wl_short_names_make(taken, units, n, node->short_name);
	}
	return 0;
}

/* exFAT has no short names: a record for the file, one for its stream, and the name's. */
static int name_children_exfat(struct wl_layout *l, uint32_t folder, struct wl_finding *f)
{
	WL_CLEANUP(wl_folder_names_cleanup) struct wl_folder_names *names = NULL;
	int r = wl_folder_names_new(&names);
	for (uint32_t i = l->nodes[folder].first_child; r == 0 && i != WL_LAYOUT_NONE;
	     i = l->nodes[i].next) {
		uint16_t units[WL_VOLUME_NAME_UNITS_MAX];
		size_t n;
		r = spell(&l->nodes[i], units, &n, f);
		if (r == 0)
			r = wl_folder_names_add(names, units, n, NULL, f);
		if (r == 0)
			l->nodes[i].records =
			        (uint32_t)(2 + (n + WL_EXFAT_NAME_UNITS - 1) / WL_EXFAT_NAME_UNITS);
	}
	return r == 0 ? wl_folder_names_check(names, f) : r;
}

/* Short names of one folder's children, and how many records they take in it. */
static int name_children(struct wl_layout *l, uint32_t folder, struct wl_finding *f)
{
	WL_CLEANUP(wl_short_names_cleanup) struct wl_short_names *taken = NULL;
	WL_CLEANUP(wl_folder_names_cleanup) struct wl_folder_names *names = NULL;
	if (l->order.exfat)
		return name_children_exfat(l, folder, f);
	int r = wl_short_names_new(l->nodes[folder].children, &taken);
	if (r == 0)
		r = wl_folder_names_new(&names);
	if (r == 0)
		r = name_plain(l, folder, taken, names, f);
	return r < 0 ? r : name_lossy(l, folder, taken, f);
}

/* The label in the root, "." and ".." elsewhere, then the children. exFAT: label, map and letters
 * in the root, nothing elsewhere. */
static int count_records(struct wl_layout *l, uint32_t folder, struct wl_finding *f)
{
	uint64_t own = folder == WL_LAYOUT_ROOT ? 1 : 2;
	uint64_t records = !l->order.exfat ? own : folder == WL_LAYOUT_ROOT ? 3 : 0;
	for (uint32_t i = l->nodes[folder].first_child; i != WL_LAYOUT_NONE; i = l->nodes[i].next)
		records += l->nodes[i].records;
	if (records > FOLDER_RECORDS_MAX && !l->order.exfat)
		return wl_refuse(f, WL_RULE_VOLUME_TOO_MANY_FILES,
		                 "a folder would need %llu records, at most %u",
		                 (unsigned long long)records, FOLDER_RECORDS_MAX);
	l->nodes[folder].bytes = records * RECORD_BYTES;
	return 0;
}

static int refuse_large(const struct wl_layout *l, const struct wl_layout_node *node,
                        struct wl_finding *f)
{
	char shown[WL_DETAIL_MAX + 1];
	const struct wl_build_file *file = &l->order.files[node->file];
	wl_text_escape(file->path, file->path_bytes, shown, sizeof(shown));
	return wl_refuse(f, WL_RULE_DESTINATION_FILE_TOO_LARGE, "%s", shown);
}

/* exFAT: what every volume has before its root. */
static uint64_t place_own(struct wl_layout *l, uint64_t cluster_bytes)
{
	uint8_t letters[WL_EXFAT_UPCASE_BYTES_MAX];
	uint64_t map_bytes = ((uint64_t)l->geometry.clusters + 7) / 8;
	if (!l->order.exfat)
		return 0;
	l->map_clusters = (uint32_t)((map_bytes + cluster_bytes - 1) / cluster_bytes);
	l->letters_clusters =
	        (uint32_t)((wl_exfat_upcase_write(letters) + cluster_bytes - 1) / cluster_bytes);
	return (uint64_t)l->map_clusters + l->letters_clusters;
}

/* One run of clusters after another, in the order of the nodes. */
static int place_nodes(struct wl_layout *l, struct wl_finding *f)
{
	uint64_t cluster_bytes = (uint64_t)l->geometry.cluster_sectors * WL_BUILD_SECTOR_BYTES;
	uint64_t used = place_own(l, cluster_bytes);
	for (uint32_t i = 0; i < l->nnodes; i++) {
		struct wl_layout_node *node = &l->nodes[i];
		if (node->file != WL_LAYOUT_NONE && node->bytes > FILE_BYTES_MAX && !l->order.exfat)
			return refuse_large(l, node, f);
		uint64_t clusters =
		        node->bytes / cluster_bytes + (node->bytes % cluster_bytes != 0);
		if (clusters > 0 && used + clusters <= l->geometry.clusters)
			node->first_cluster = (uint32_t)(used + 2);
		node->clusters = (uint32_t)clusters;
		used += clusters;
	}
	if (used > l->geometry.clusters) {
		char needed[32], there[32];
		wl_size_format(used * cluster_bytes, needed, sizeof(needed));
		wl_size_format(l->geometry.clusters * cluster_bytes, there, sizeof(there));
		return wl_refuse(f, WL_RULE_DESTINATION_TOO_SMALL, "%s are needed, %s are there",
		                 needed, there);
	}
	l->used_clusters = (uint32_t)used;
	l->volume_bytes = l->geometry.data_sector * WL_BUILD_SECTOR_BYTES + used * cluster_bytes;
	return 0;
}

int wl_layout_plan(const struct wl_build_order *order, struct wl_layout **ret,
                   struct wl_finding *ret_finding)
{
	WL_CLEANUP(wl_layout_cleanup) struct wl_layout *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->order = *order;
	l->head_bytes = order->medium_bytes < WL_BUILD_HEAD_BYTES ? order->medium_bytes
	                                                          : WL_BUILD_HEAD_BYTES;
	int r = order->exfat
	                ? wl_build_geometry_exfat(order->medium_bytes, &l->geometry, ret_finding)
	                : wl_build_geometry(order->medium_bytes, &l->geometry, ret_finding);
	if (r == 0)
		r = wl_tree_make(l, ret_finding);
	for (uint32_t i = 0; r == 0 && i < l->nfolders; i++)
		r = name_children(l, i, ret_finding);
	for (uint32_t i = 0; r == 0 && i < l->nfolders; i++)
		r = count_records(l, i, ret_finding);
	if (r == 0)
		r = place_nodes(l, ret_finding);
	if (r == 0)
		*ret = TAKE_PTR(l);
	return r;
}

struct wl_layout *wl_layout_free(struct wl_layout *l)
{
	if (l) {
		free(l->nodes);
		free(l);
	}
	return NULL;
}

void wl_layout_cleanup(struct wl_layout **l)
{
	*l = wl_layout_free(*l);
}
