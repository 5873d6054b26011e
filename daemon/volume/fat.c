/*
 * FAT12, FAT16 and FAT32: the whole tree, listed folder by folder.
 *
 * Runs in read-medium (worker-volume). The attacker controls the tree: folders that contain
 * themselves are found because a cluster can be claimed once, breadth and depth are held by the
 * listing's limits, every folder is read once into memory, parsed and forgotten. No file's data is
 * read here. Writes nothing: power does not matter.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/volume/driver.h"
#include "daemon/volume/fat_boot.h"
#include "daemon/volume/fat_chain.h"
#include "daemon/volume/fat_dir.h"
#include "daemon/volume/fat_table.h"
#include "daemon/volume/folder_names.h"
#include "daemon/volume/unit_name.h"

#define ROOT      SIZE_MAX
#define SAY_BYTES 96U

struct fat_lister {
	struct wl_device *device;
	struct wl_fat_geometry g;
	struct wl_listing *listing;
	struct wl_volume_facts *facts;
	struct wl_fat_chains *chains;
	struct wl_finding *f;
};

/* One folder while it is read. */
struct folder {
	struct fat_lister *l;
	size_t index; /* in the listing, or ROOT */
	uint32_t cluster, parent_cluster;
	struct wl_folder_names *names;
};

/* The same finding with the folder's name before it. */
static int say_where(struct folder *at)
{
	char where[SAY_BYTES], detail[WL_DETAIL_MAX + 1];
	wl_listing_say(at->l->listing, at->index, where, sizeof(where));
	(void)snprintf(detail, sizeof(detail), "%s", at->l->f->detail);
	return wl_refuse(at->l->f, at->l->f->rule, "in %s: %s", where, detail);
}

static void keep_label(struct fat_lister *l, const uint8_t label[WL_FAT_LABEL_BYTES])
{
	size_t n = WL_FAT_LABEL_BYTES;
	while (n > 0 && label[n - 1] == ' ')
		n--;
	memcpy(l->facts->label, label, n);
	l->facts->label_bytes = n;
}

/* "." and ".." stand first in every folder but the root, and lead where they should. */
static int check_dots(struct folder *at, const struct wl_fat_record *e)
{
	uint32_t wanted = e->is_dot ? at->cluster : at->parent_cluster;
	bool to_root = e->is_dot_dot && at->l->g.bits == 32 && e->cluster == 0 &&
	               at->parent_cluster == at->l->g.root_cluster;
	uint32_t cluster = at->l->g.bits == 32 ? e->cluster : e->cluster & 0xFFFF;
	if (at->index == ROOT || e->position != (e->is_dot ? 0 : 1) ||
	    !(e->attributes & WL_FAT_ATTR_FOLDER))
		return wl_refuse(at->l->f, WL_RULE_NAME_RESERVED, "a file or folder named %s",
		                 e->is_dot ? "." : "..");
	if (cluster != wanted && !to_root)
		return wl_refuse(at->l->f, WL_RULE_VOLUME_CHAIN_CROSSED,
		                 "%s leads to cluster %u instead of %u", e->is_dot ? "." : "..",
		                 cluster, wanted);
	return 0;
}

/* Adds a file or folder to the listing; a file's chain is followed now, a folder's when it is read.
 */
static int add_entry(struct folder *at, const struct wl_fat_record *e)
{
	struct fat_lister *l = at->l;
	char name[WL_NAME_UTF8_MAX];
	size_t name_bytes = 0, index = 0;
	bool is_folder = e->attributes & WL_FAT_ATTR_FOLDER;
	int r = wl_unit_name_to_utf8(e->units, e->nunits, name, &name_bytes, l->f);
	if (r == 0)
		r = wl_folder_names_add(at->names, e->units, e->nunits,
		                        e->is_long ? e->short_name : NULL, l->f);
	if (r == 0)
		r = wl_listing_add(l->listing, at->index, name, name_bytes, is_folder, &index,
		                   l->f);
	if (r < 0)
		return r;
	uint32_t cluster = l->g.bits == 32 ? e->cluster : e->cluster & 0xFFFF;
	if (is_folder) {
		l->listing->entries[index].reader = (uint64_t)at->cluster << 32 | cluster;
		return 0;
	}
	size_t first, count;
	r = wl_fat_chain_follow(l->chains, index, cluster, e->bytes, &first, &count, l->f);
	if (r < 0)
		return r;
	struct wl_listing_entry *entry = &l->listing->entries[index];
	entry->extent = first;
	entry->extents = count;
	entry->bytes = e->bytes;
	l->listing->bytes += e->bytes;
	return 0;
}

static int take_record(struct folder *at, const struct wl_fat_record *e)
{
	if (e->attributes & WL_FAT_ATTR_LABEL) {
		if (at->index == ROOT && at->l->facts->label_bytes == 0)
			keep_label(at->l, e->short_name);
		return 0;
	}
	if (e->is_dot || e->is_dot_dot)
		return check_dots(at, e);
	return add_entry(at, e);
}

static int parse_folder(struct folder *at, const uint8_t *p, size_t n)
{
	WL_CLEANUP(wl_folder_names_cleanup) struct wl_folder_names *names = NULL;
	struct wl_fat_dir d;
	struct wl_fat_record e;
	int r = wl_folder_names_new(&names);
	if (r < 0)
		return r;
	at->names = names;
	wl_fat_dir_init(&d, p, n);
	while ((r = wl_fat_dir_next(&d, &e, at->l->f)) > 0) {
		r = take_record(at, &e);
		if (r < 0)
			break;
	}
	if (r == 0)
		r = wl_folder_names_check(names, at->l->f);
	return r == -EBADMSG ? say_where(at) : r;
}

static int fetch(struct fat_lister *l, uint64_t offset, size_t n, uint8_t *to)
{
	int r = wl_device_fetch(l->device, offset, n, to);
	if (r == -EALREADY)
		return wl_refuse(l->f, WL_RULE_VOLUME_CHAIN_CROSSED,
		                 "a folder lies where something else was read");
	return r;
}

/* `count` extents from `first`, n bytes together, into memory; parsed and forgotten. */
static int read_extents(struct folder *at, const struct wl_extent *extents, size_t count)
{
	struct fat_lister *l = at->l;
	size_t n = 0, done = 0;
	for (size_t i = 0; i < count; i++)
		n += (size_t)extents[i].bytes;
	int r = wl_listing_charge(l->listing, n, l->f);
	if (r < 0)
		return r;
	WL_AUTO_FREE uint8_t *p = malloc(n);
	if (!p)
		return -ENOMEM;
	for (size_t i = 0; i < count && r == 0; i++) {
		r = fetch(l, extents[i].offset, (size_t)extents[i].bytes, p + done);
		done += (size_t)extents[i].bytes;
	}
	if (r == 0)
		r = parse_folder(at, p, n);
	wl_listing_release(l->listing, n);
	return r;
}

/* A folder made of clusters. Its extents are taken off the listing: they are asked for once. */
static int read_folder(struct folder *at)
{
	struct wl_listing *listing = at->l->listing;
	size_t first, count;
	int r = wl_fat_chain_follow(at->l->chains, at->index, at->cluster, UINT64_MAX, &first,
	                            &count, at->l->f);
	if (r < 0)
		return r;
	WL_AUTO_FREE struct wl_extent *extents = reallocarray(NULL, count, sizeof(*extents));
	if (!extents)
		return -ENOMEM;
	memcpy(extents, listing->extents + first, count * sizeof(*extents));
	listing->nextents = first;
	return read_extents(at, extents, count);
}

/* FAT12 and FAT16 keep the root folder before the clusters. */
static int read_fixed_root(struct folder *at)
{
	const struct wl_extent root = {.offset = at->l->g.root, .bytes = at->l->g.root_bytes};
	return read_extents(at, &root, 1);
}

/* Entries are added behind while the list is worked through: breadth first, without recursion. */
static int walk(struct fat_lister *l)
{
	uint32_t root = l->g.bits == 32 ? l->g.root_cluster : 0;
	struct folder at = {.l = l, .index = ROOT, .cluster = root, .parent_cluster = root};
	int r = l->g.bits == 32 ? read_folder(&at) : read_fixed_root(&at);
	for (size_t i = 0; i < l->listing->nentries && r == 0; i++) {
		const struct wl_listing_entry *e = &l->listing->entries[i];
		if (!e->folder)
			continue;
		at = (struct folder){.l = l,
		                     .index = i,
		                     .cluster = (uint32_t)e->reader,
		                     .parent_cluster = (uint32_t)(e->reader >> 32)};
		r = read_folder(&at);
	}
	return r;
}

static int list_volume(struct wl_device *d, const uint8_t sector[512], uint64_t start,
                       uint64_t room, struct wl_listing *listing, struct wl_volume_facts *ret_facts,
                       struct wl_finding *ret_finding)
{
	WL_CLEANUP(wl_fat_table_cleanup) struct wl_fat_table *table = NULL;
	WL_CLEANUP(wl_fat_chains_cleanup) struct wl_fat_chains *chains = NULL;
	struct fat_lister l = {
	        .device = d, .listing = listing, .facts = ret_facts, .f = ret_finding};
	int r = wl_fat_boot_parse(sector, start, room, &l.g, ret_finding);
	if (r < 0)
		return r;
	*ret_facts = (struct wl_volume_facts){
	        .filesystem = l.g.bits == 12   ? "fat12"
	                      : l.g.bits == 16 ? "fat16"
	                                       : "fat32",
	        .bytes = l.g.volume_bytes,
	};
	r = wl_device_track(d, start, l.g.data, l.g.cluster_bytes, l.g.clusters);
	if (r == -ERANGE)
		return wl_refuse(ret_finding, WL_RULE_VOLUME_BOOT_BAD,
		                 "boot sector: more than 4 GiB before the data area");
	if (r == 0)
		r = wl_fat_table_new(d, &l.g, listing, &table);
	if (r == 0)
		r = wl_fat_chains_new(table, &l.g, listing, &chains);
	if (r < 0)
		return r;
	l.chains = chains;
	r = walk(&l);
	if (r == 0 && ret_facts->label_bytes == 0 && memcmp(l.g.label, "NO NAME    ", 11) != 0)
		keep_label(&l, (const uint8_t *)l.g.label);
	return r;
}

static int claims(struct wl_device *d, const uint8_t sector[512], uint64_t start, uint64_t sectors)
{
	(void)d;
	(void)start;
	(void)sectors;
	return wl_fat_boot_claims(sector);
}

const struct wl_volume_driver wl_volume_fat = {
        .name = "FAT", .claims = claims, .list = list_volume};
