/*
 * exFAT: the whole tree, listed folder by folder.
 *
 * Runs in read-medium (worker-volume). The attacker controls the tree, the map of what is in use,
 * the table of letters and every size. A cluster can be claimed once and only where the map gives
 * it as taken; bytes of a file behind its valid ones are zeros by definition and are never read
 * from the medium, so that nothing deleted comes along. No file's data is read here. Writes
 * nothing: power does not matter.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/volume/driver.h"
#include "daemon/volume/exfat_boot.h"
#include "daemon/volume/exfat_dir.h"
#include "daemon/volume/exfat_upcase.h"
#include "daemon/volume/fat_chain.h"
#include "daemon/volume/folder_names.h"
#include "daemon/volume/unit_name.h"

#define ROOT      SIZE_MAX
#define SAY_BYTES 96U

struct exfat_lister {
	struct wl_device *device;
	struct wl_fat_geometry g;
	struct wl_listing *listing;
	struct wl_volume_facts *facts;
	struct wl_fat_chains *chains;
	uint8_t *map;      /* of clusters in use */
	uint16_t *letters; /* the up-case table */
	struct wl_finding *f;
};

struct folder {
	struct exfat_lister *l;
	size_t index; /* in the listing, or ROOT */
	struct wl_folder_names *names;
};

/* What the listing keeps of a folder until it is read: cluster, number of clusters, one run. */
static uint64_t pack_place(const struct wl_exfat_record *e, uint32_t cluster_bytes)
{
	return (uint64_t)e->cluster << 32 | (e->bytes / cluster_bytes) << 1 | e->one_run;
}

static int say_where(struct folder *at)
{
	char where[SAY_BYTES], detail[WL_DETAIL_MAX + 1];
	wl_listing_say(at->l->listing, at->index, where, sizeof(where));
	(void)snprintf(detail, sizeof(detail), "%s", at->l->f->detail);
	return wl_refuse(at->l->f, at->l->f->rule, "in %s: %s", where, detail);
}

/* n bytes from the clusters of a record, claimed and fetched; they are taken off the listing, as
 * they are asked for once. */
static int fetch(struct exfat_lister *l, size_t first, size_t count, uint8_t *to, size_t n)
{
	size_t done = 0;
	int r = 0;
	for (size_t i = 0; i < count && r == 0 && done < n; i++) {
		const struct wl_extent *x = &l->listing->extents[first + i];
		size_t part = x->bytes < n - done ? (size_t)x->bytes : n - done;
		r = wl_device_fetch(l->device, x->offset, part, to + done);
		done += part;
	}
	l->listing->nextents = first;
	if (r == -EALREADY)
		return wl_refuse(l->f, WL_RULE_VOLUME_CHAIN_CROSSED,
		                 "a folder lies where something else was read");
	return r;
}

/* The clusters of something of `bytes` bytes; UINT64_MAX: of the root folder. */
static int claim(struct exfat_lister *l, size_t index, uint32_t cluster, uint64_t bytes,
                 bool one_run, size_t *ret_first, size_t *ret_count)
{
	if (one_run && bytes > 0)
		return wl_fat_chain_take_run(l->chains, index, cluster, bytes, ret_first, ret_count,
		                             l->f);
	return wl_fat_chain_follow(l->chains, index, cluster, bytes, ret_first, ret_count, l->f);
}

/* One of the volume's own things, read into memory. */
static int load(struct exfat_lister *l, const struct wl_exfat_record *e, size_t n, uint8_t **ret)
{
	size_t first = 0, count = 0;
	int r = wl_listing_charge(l->listing, n, l->f);
	if (r == 0)
		r = claim(l, ROOT, e->cluster, e->bytes, false, &first, &count);
	if (r < 0)
		return r;
	WL_AUTO_FREE uint8_t *p = malloc(n);
	if (!p)
		return -ENOMEM;
	r = fetch(l, first, count, p, n);
	if (r == 0)
		*ret = TAKE_PTR(p);
	return r;
}

static int load_map(struct exfat_lister *l, const struct wl_exfat_record *e)
{
	size_t n = ((size_t)l->g.clusters + 7) / 8;
	if (l->map || e->which != 0)
		return wl_refuse(l->f, WL_RULE_VOLUME_AMBIGUOUS, "two maps of what is in use");
	if (e->bytes != n)
		return wl_refuse(l->f, WL_RULE_VOLUME_SIZE_WRONG,
		                 "the map of what is in use has %llu bytes instead of %zu",
		                 (unsigned long long)e->bytes, n);
	return load(l, e, n, &l->map);
}

static int load_letters(struct exfat_lister *l, const struct wl_exfat_record *e)
{
	WL_AUTO_FREE uint8_t *p = NULL;
	if (l->letters)
		return wl_refuse(l->f, WL_RULE_VOLUME_AMBIGUOUS, "two up-case tables");
	if (e->bytes == 0 || e->bytes > WL_EXFAT_UPCASE_BYTES_MAX || e->bytes % 2)
		return wl_refuse(l->f, WL_RULE_VOLUME_SIZE_WRONG,
		                 "the up-case table has %llu bytes", (unsigned long long)e->bytes);
	int r = load(l, e, (size_t)e->bytes, &p);
	if (r < 0)
		return r;
	l->letters = malloc(WL_EXFAT_UPCASE_BYTES_MAX);
	if (!l->letters)
		return -ENOMEM;
	return wl_exfat_upcase_read(p, (size_t)e->bytes, e->checksum, l->letters, l->f);
}

static void keep_label(struct exfat_lister *l, const struct wl_exfat_record *e)
{
	char label[WL_NAME_UTF8_MAX];
	struct wl_finding unused;
	size_t n;
	if (wl_unit_name_to_utf8(e->units, e->nunits, label, &n, &unused) < 0)
		return; /* a label steers nothing: one that cannot be shown is none */
	memcpy(l->facts->label, label, n);
	l->facts->label_bytes = n;
}

/* First the volume's own records in the root: what the rest is checked against. */
static int take_volume_records(struct exfat_lister *l, const uint8_t *p, size_t n)
{
	struct wl_exfat_dir d;
	struct wl_exfat_record e;
	int r;
	wl_exfat_dir_init(&d, p, n);
	while ((r = wl_exfat_dir_next(&d, &e, l->f)) > 0) {
		if (e.type == WL_EXFAT_BITMAP)
			r = load_map(l, &e);
		else if (e.type == WL_EXFAT_UPCASE)
			r = load_letters(l, &e);
		else if (e.type == WL_EXFAT_LABEL)
			keep_label(l, &e);
		if (r < 0)
			return r;
	}
	if (r == 0 && (!l->map || !l->letters))
		return wl_refuse(l->f, WL_RULE_VOLUME_FOLDER_BAD, "the root folder has no %s",
		                 l->map ? "up-case table" : "map of what is in use");
	if (r == 0)
		wl_fat_chains_set_map(l->chains, l->map);
	return r;
}

/* Cuts a file's extents behind its valid bytes; the rest is zeros. */
static int cut_valid(struct exfat_lister *l, const struct wl_exfat_record *e, size_t first,
                     size_t *count)
{
	uint64_t left = e->valid_bytes;
	size_t keep = 0;
	if (e->valid_bytes == e->bytes)
		return 0;
	for (; keep < *count && left > 0; keep++) {
		struct wl_extent *x = &l->listing->extents[first + keep];
		x->bytes = x->bytes < left ? x->bytes : left;
		left -= x->bytes;
	}
	l->listing->nextents = first + keep;
	*count = keep;
	return wl_listing_add_virtual(l->listing, count, WL_EXTENT_ZEROS, e->bytes - e->valid_bytes,
	                              l->f);
}

static int add_file(struct exfat_lister *l, size_t index, const struct wl_exfat_record *e)
{
	size_t first, count;
	int r = claim(l, index, e->cluster, e->bytes, e->one_run, &first, &count);
	if (r == 0)
		r = cut_valid(l, e, first, &count);
	if (r < 0)
		return r;
	struct wl_listing_entry *entry = &l->listing->entries[index];
	entry->extent = first;
	entry->extents = count;
	entry->bytes = e->bytes;
	l->listing->bytes += e->bytes;
	return 0;
}

static int check_folder(const struct exfat_lister *l, const struct wl_exfat_record *e)
{
	if (e->bytes % l->g.cluster_bytes || e->valid_bytes != e->bytes ||
	    e->bytes > l->g.folder_bytes)
		return wl_refuse(l->f, WL_RULE_VOLUME_SIZE_WRONG,
		                 "a folder of %llu bytes, %llu of them valid",
		                 (unsigned long long)e->bytes, (unsigned long long)e->valid_bytes);
	return 0;
}

static int add_entry(struct folder *at, const struct wl_exfat_record *e)
{
	struct exfat_lister *l = at->l;
	char name[WL_NAME_UTF8_MAX];
	size_t name_bytes = 0, index = 0;
	bool is_folder = e->attributes & WL_EXFAT_ATTR_FOLDER;
	int r = wl_unit_name_to_utf8(e->units, e->nunits, name, &name_bytes, l->f);
	if (r == 0 && wl_exfat_name_hash(e->units, e->nunits, l->letters) != e->name_hash)
		r = wl_refuse(l->f, WL_RULE_VOLUME_FOLDER_BAD, "the hash of a name is wrong");
	if (r == 0)
		r = wl_folder_names_add(at->names, e->units, e->nunits, NULL, l->f);
	if (r == 0 && is_folder)
		r = check_folder(l, e);
	if (r == 0)
		r = wl_listing_add(l->listing, at->index, name, name_bytes, is_folder, &index,
		                   l->f);
	if (r < 0 || !is_folder)
		return r < 0 ? r : add_file(l, index, e);
	l->listing->entries[index].reader = pack_place(e, l->g.cluster_bytes);
	return 0;
}

static int parse_folder(struct folder *at, const uint8_t *p, size_t n)
{
	WL_CLEANUP(wl_folder_names_cleanup) struct wl_folder_names *names = NULL;
	struct wl_exfat_dir d;
	struct wl_exfat_record e;
	int r = wl_folder_names_new(&names);
	if (r < 0)
		return r;
	at->names = names;
	wl_exfat_dir_init(&d, p, n);
	while ((r = wl_exfat_dir_next(&d, &e, at->l->f)) > 0) {
		if (e.type == WL_EXFAT_FILE)
			r = add_entry(at, &e);
		else if (at->index != ROOT)
			r = wl_refuse(at->l->f, WL_RULE_VOLUME_FOLDER_BAD,
			              "a record of the volume's own outside the root");
		if (r < 0)
			break;
	}
	if (r == 0)
		r = wl_folder_names_check(names, at->l->f);
	return r == -EBADMSG ? say_where(at) : r;
}

/* `clusters` UINT64_MAX: as many as the chain has. */
static int read_folder(struct folder *at, uint32_t cluster, uint64_t clusters, bool one_run)
{
	struct exfat_lister *l = at->l;
	size_t first, count, n = 0;
	uint64_t bytes = clusters == UINT64_MAX ? UINT64_MAX : clusters * l->g.cluster_bytes;
	int r = claim(l, at->index, cluster, bytes, one_run, &first, &count);
	for (size_t i = 0; r == 0 && i < count; i++)
		n += (size_t)l->listing->extents[first + i].bytes;
	if (r == 0)
		r = wl_listing_charge(l->listing, n, l->f);
	if (r < 0)
		return r;
	WL_AUTO_FREE uint8_t *p = malloc(n ? n : 1);
	if (!p)
		return -ENOMEM;
	r = fetch(l, first, count, p, n);
	if (r == 0 && at->index == ROOT)
		r = take_volume_records(l, p, n);
	if (r == 0)
		r = parse_folder(at, p, n);
	wl_listing_release(l->listing, n);
	return r;
}

/* Entries are added behind while the list is worked through: breadth first, without recursion. */
static int walk(struct exfat_lister *l)
{
	struct folder at = {.l = l, .index = ROOT};
	int r = read_folder(&at, l->g.root_cluster, UINT64_MAX, false);
	for (size_t i = 0; i < l->listing->nentries && r == 0; i++) {
		const struct wl_listing_entry *e = &l->listing->entries[i];
		if (!e->folder)
			continue;
		at = (struct folder){.l = l, .index = i};
		r = read_folder(&at, (uint32_t)(e->reader >> 32), (e->reader & UINT32_MAX) >> 1,
		                e->reader & 1);
	}
	return r;
}

/* The boot sectors lie before what is tracked: they are peeked at. */
static int read_boot(struct wl_device *d, const uint8_t sector[512], uint64_t start, uint64_t room,
                     struct wl_fat_geometry *ret, struct wl_finding *f)
{
	uint32_t size = wl_exfat_sector_bytes(sector);
	size_t n = (size_t)WL_EXFAT_BOOT_SECTORS * size;
	if (size == 0 || n > room)
		return wl_refuse(f, WL_RULE_VOLUME_BOOT_BAD, "boot sectors: no room for them");
	WL_AUTO_FREE uint8_t *boot = malloc(n);
	if (!boot)
		return -ENOMEM;
	int r = 0;
	for (size_t i = 0; r == 0 && i < n / WL_SECTOR_BYTES; i++)
		r = wl_device_peek(d, start / WL_SECTOR_BYTES + i, boot + i * WL_SECTOR_BYTES);
	return r < 0 ? r : wl_exfat_boot_parse(boot, start, room, ret, f);
}

static int list_tracked(struct exfat_lister *l)
{
	WL_CLEANUP(wl_fat_table_cleanup) struct wl_fat_table *table = NULL;
	WL_CLEANUP(wl_fat_chains_cleanup) struct wl_fat_chains *chains = NULL;
	int r = wl_fat_table_new(l->device, &l->g, l->listing, &table);
	if (r == 0)
		r = wl_fat_chains_new(table, &l->g, l->listing, &chains);
	if (r < 0)
		return r;
	l->chains = chains;
	r = walk(l);
	free(l->map);
	free(l->letters);
	return r;
}

static int list_volume(struct wl_device *d, const uint8_t sector[512], uint64_t start,
                       uint64_t room, struct wl_listing *listing, struct wl_volume_facts *ret_facts,
                       struct wl_finding *ret_finding)
{
	struct exfat_lister l = {
	        .device = d, .listing = listing, .facts = ret_facts, .f = ret_finding};
	int r = read_boot(d, sector, start, room, &l.g, ret_finding);
	if (r < 0)
		return r;
	*ret_facts = (struct wl_volume_facts){.filesystem = "exfat", .bytes = l.g.volume_bytes};
	r = wl_device_track(d, start, l.g.data, l.g.cluster_bytes, l.g.clusters);
	if (r == -ERANGE)
		return wl_refuse(ret_finding, WL_RULE_VOLUME_BOOT_BAD,
		                 "boot sectors: more than 4 GiB before the clusters");
	return r < 0 ? r : list_tracked(&l);
}

static int claims(struct wl_device *d, const uint8_t sector[512], uint64_t start, uint64_t sectors)
{
	(void)d;
	(void)start;
	(void)sectors;
	return wl_exfat_boot_claims(sector);
}

const struct wl_volume_driver wl_volume_exfat = {
        .name = "exFAT", .claims = claims, .list = list_volume};
