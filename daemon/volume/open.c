/*
 * From a medium to a listed volume: partition table, reader, list; then delivery.
 *
 * Runs in read-medium (worker-volume). The attacker controls the medium; which reader gets it is
 * decided by the first sector of the volume alone, and a medium that reads as two things is
 * refused. Nothing is written. When power goes the reading is begun again.
 */
#include "daemon/volume/volume.h"

#include <stdlib.h>

#include "daemon/base/cleanup.h"
#include "daemon/volume/driver.h"
#include "daemon/volume/magic.h"
#include "daemon/volume/partition.h"

static const struct wl_volume_driver *const drivers[] = {&wl_volume_fat};

struct wl_volume {
	struct wl_device *device;
	const char *table;
	struct wl_volume_facts facts;
	struct wl_listing listing;
};

static const struct wl_volume_driver *find_driver(const uint8_t sector[WL_SECTOR_BYTES])
{
	for (size_t i = 0; i < WL_ARRAY_LEN(drivers); i++)
		if (drivers[i]->claims(sector))
			return drivers[i];
	return NULL;
}

/* Sectors 0 and 1, and what they say. A medium without a table that is none of ours is named if
 * it can be. */
static int find_partition(struct wl_device *d, struct wl_partition *ret, struct wl_finding *f)
{
	uint8_t first[WL_SECTOR_BYTES], second[WL_SECTOR_BYTES];
	struct wl_finding other;
	uint64_t sectors = wl_device_bytes(d) / WL_SECTOR_BYTES;
	if (sectors < 2)
		return wl_refuse(f, WL_RULE_VOLUME_NONE, "a medium of %llu bytes",
		                 (unsigned long long)wl_device_bytes(d));
	int r = wl_device_peek(d, 0, first);
	if (r == 0)
		r = wl_device_peek(d, 1, second);
	if (r == 0)
		r = wl_magic_check(d, 0, sectors, true, f);
	if (r < 0)
		return r;
	r = wl_partition_find(first, second, sectors, find_driver(first) != NULL, ret, f);
	if (r == -EBADMSG &&
	    (f->rule == WL_RULE_VOLUME_UNKNOWN || f->rule == WL_RULE_VOLUME_NONE)) {
		int named = wl_magic_check(d, 0, sectors, false, &other);
		if (named == -EBADMSG)
			*f = other;
		else if (named < 0)
			return named;
	}
	return r;
}

static int find_volume(struct wl_device *d, struct wl_partition *p, uint8_t sector[WL_SECTOR_BYTES],
                       const struct wl_volume_driver **ret, struct wl_finding *f)
{
	int r = find_partition(d, p, f);
	if (r == 0)
		r = wl_device_peek(d, p->start, sector);
	if (r < 0)
		return r;
	*ret = find_driver(sector);
	r = wl_magic_check(d, p->start, p->sectors, *ret != NULL, f);
	if (r == 0 && !*ret)
		return wl_refuse(f, WL_RULE_VOLUME_UNKNOWN,
		                 "no file system that is known here (partition type 0x%02x)",
		                 p->type);
	return r;
}

int wl_volume_open(struct wl_device *d, uint64_t files_max, struct wl_volume **ret,
                   struct wl_finding *ret_finding)
{
	WL_CLEANUP(wl_volume_cleanup) struct wl_volume *v = calloc(1, sizeof(*v));
	const struct wl_volume_driver *driver;
	uint8_t sector[WL_SECTOR_BYTES];
	struct wl_partition p;
	if (!v)
		return -ENOMEM;
	v->device = d;
	wl_listing_init(&v->listing, files_max);
	int r = find_volume(d, &p, sector, &driver, ret_finding);
	if (r < 0)
		return r;
	v->table = p.table;
	r = driver->list(d, sector, p.start * WL_SECTOR_BYTES, p.sectors * WL_SECTOR_BYTES,
	                 &v->listing, &v->facts, ret_finding);
	if (r < 0)
		return r;
	wl_listing_sort(&v->listing);
	*ret = TAKE_PTR(v);
	return 0;
}

struct wl_volume *wl_volume_free(struct wl_volume *v)
{
	if (v) {
		wl_listing_clear(&v->listing);
		free(v);
	}
	return NULL;
}

void wl_volume_cleanup(struct wl_volume **v)
{
	*v = wl_volume_free(*v);
}

void wl_volume_get_info(const struct wl_volume *v, struct wl_volume_info *ret)
{
	*ret = (struct wl_volume_info){.filesystem = v->facts.filesystem,
	                               .table = v->table,
	                               .label = v->facts.label,
	                               .label_bytes = v->facts.label_bytes,
	                               .volume_bytes = v->facts.bytes,
	                               .entries = v->listing.nentries,
	                               .bytes = v->listing.bytes};
}

int wl_volume_get_entry(const struct wl_volume *v, size_t index, struct wl_volume_entry *ret)
{
	if (index >= v->listing.nentries)
		return -ENOENT;
	const struct wl_listing_entry *e = &v->listing.entries[index];
	*ret = (struct wl_volume_entry){.folder = e->folder, .bytes = e->bytes};
	ret->path = wl_listing_path(&v->listing, index, &ret->path_bytes);
	if (e->extents > 0)
		ret->position = v->listing.extents[e->extent].offset;
	return 0;
}

int wl_volume_deliver(struct wl_volume *v, size_t index, int out_fd,
                      int (*progress)(void *user, uint64_t bytes), void *user,
                      struct wl_finding *ret_finding)
{
	char name[96];
	if (index >= v->listing.nentries)
		return -ENOENT;
	const struct wl_listing_entry *e = &v->listing.entries[index];
	if (e->folder)
		return -EISDIR;
	uint64_t left = e->bytes;
	for (size_t i = 0; i < e->extents && left > 0; i++) {
		const struct wl_extent *x = &v->listing.extents[e->extent + i];
		uint64_t n = x->bytes < left ? x->bytes : left;
		int r = wl_device_send(v->device, x->offset, n, out_fd, progress, user);
		if (r == -EALREADY) {
			wl_listing_say(&v->listing, index, name, sizeof(name));
			return wl_refuse(ret_finding, WL_RULE_VOLUME_CHAIN_CROSSED,
			                 "was read before: %s", name);
		}
		if (r < 0)
			return r;
		left -= n;
	}
	return left == 0 ? 0 : -EIO;
}
