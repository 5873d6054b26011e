/*
 * From a medium to a listed volume: partition table, reader, list; then delivery.
 *
 * Runs in read-medium (worker-volume). The attacker controls the medium; which reader gets it is
 * decided by marks in fixed places, and a medium that reads as two things is refused. Nothing is
 * written. When power goes the reading is begun again.
 */
#include "daemon/volume/volume.h"

#include <stdlib.h>

#include "daemon/base/cleanup.h"
#include "daemon/volume/driver.h"
#include "daemon/volume/gpt.h"
#include "daemon/volume/magic.h"
#include "daemon/volume/partition.h"

static const struct wl_volume_driver *const drivers[] = {&wl_volume_fat, &wl_volume_exfat,
                                                         &wl_volume_ntfs, &wl_volume_iso};

struct wl_volume {
	struct wl_device *device;
	const struct wl_volume_driver *driver;
	const char *table;
	struct wl_volume_facts facts;
	struct wl_listing listing;
};

/* The one reader that claims a volume; *ret NULL: none. */
static int find_driver(struct wl_device *d, const uint8_t sector[WL_SECTOR_BYTES], uint64_t start,
                       uint64_t sectors, const struct wl_volume_driver **ret, struct wl_finding *f)
{
	*ret = NULL;
	for (size_t i = 0; i < WL_ARRAY_LEN(drivers); i++) {
		int r = drivers[i]->claims(d, sector, start, sectors);
		if (r < 0)
			return r;
		if (r > 0 && *ret)
			return wl_refuse(f, WL_RULE_VOLUME_AMBIGUOUS,
			                 "%s and %s file system at once", (*ret)->name,
			                 drivers[i]->name);
		if (r > 0)
			*ret = drivers[i];
	}
	return 0;
}

/* Where nobody knows the place: by what else its marks name it, or as noise. */
static int name_unknown(struct wl_device *d, uint64_t start, uint64_t sectors, struct wl_finding *f)
{
	struct wl_finding other;
	int r = wl_magic_check(d, start, sectors, NULL, &other);
	if (r == 0)
		r = wl_magic_check_random(d, start, sectors, &other);
	if (r == -EBADMSG)
		*f = other;
	return r == 0 ? -EBADMSG : r;
}

/* Sectors 0 and 1, and what they say. A medium without a table that is none of ours is named if
 * it can be. */
static int find_partition(struct wl_device *d, struct wl_partition *ret, struct wl_finding *f)
{
	uint8_t first[WL_SECTOR_BYTES], second[WL_SECTOR_BYTES];
	const struct wl_volume_driver *bare = NULL;
	uint64_t sectors = wl_device_bytes(d) / WL_SECTOR_BYTES;
	if (sectors < 2)
		return wl_refuse(f, WL_RULE_VOLUME_NONE, "a medium of %llu bytes",
		                 (unsigned long long)wl_device_bytes(d));
	int r = wl_device_peek(d, 0, first);
	if (r == 0)
		r = wl_device_peek(d, 1, second);
	if (r == 0)
		r = find_driver(d, first, 0, sectors, &bare, f);
	if (r < 0)
		return r;
	r = wl_partition_find(first, second, sectors, bare != NULL, ret, f);
	if (r == 0 && ret->sectors == 0)
		r = wl_gpt_find(d, sectors, ret, f);
	if (r == -EBADMSG && (f->rule == WL_RULE_VOLUME_UNKNOWN || f->rule == WL_RULE_VOLUME_NONE))
		r = name_unknown(d, 0, sectors, f);
	return r;
}

static int find_volume(struct wl_device *d, struct wl_partition *p, uint8_t sector[WL_SECTOR_BYTES],
                       const struct wl_volume_driver **ret, struct wl_finding *f)
{
	int r = find_partition(d, p, f);
	/* a volume in a partition, and another one behind the table's back */
	if (r == 0 && p->start > 0)
		r = wl_magic_check(d, 0, p->start, "the partition table's", f);
	if (r == 0)
		r = wl_device_peek(d, p->start, sector);
	if (r == 0)
		r = find_driver(d, sector, p->start, p->sectors, ret, f);
	if (r < 0)
		return r;
	if (*ret)
		return wl_magic_check(d, p->start, p->sectors, (*ret)->name, f);
	(void)wl_refuse(f, WL_RULE_VOLUME_UNKNOWN,
	                "no file system that is known here (partition type 0x%02x)", p->type);
	return name_unknown(d, p->start, p->sectors, f);
}

int wl_volume_open(struct wl_device *d, uint64_t files_max, struct wl_volume **ret,
                   struct wl_finding *ret_finding)
{
	WL_CLEANUP(wl_volume_cleanup) struct wl_volume *v = calloc(1, sizeof(*v));
	uint8_t sector[WL_SECTOR_BYTES];
	struct wl_partition p;
	if (!v)
		return -ENOMEM;
	v->device = d;
	wl_listing_init(&v->listing, files_max);
	int r = find_volume(d, &p, sector, &v->driver, ret_finding);
	if (r < 0)
		return r;
	v->table = p.table;
	r = v->driver->list(d, sector, p.start * WL_SECTOR_BYTES, p.sectors * WL_SECTOR_BYTES,
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
		if (v->facts.reader)
			v->driver->close(v->facts.reader);
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
	if (e->extents > 0 && v->listing.extents[e->extent].kind == WL_EXTENT_MEDIUM)
		ret->position = v->listing.extents[e->extent].offset;
	ret->refused = e->refused;
	return 0;
}

/* n bytes of one extent. */
static int send_extent(struct wl_volume *v, const struct wl_listing_entry *e,
                       const struct wl_extent *x, uint64_t n, int out_fd,
                       int (*progress)(void *user, uint64_t bytes), void *user,
                       struct wl_finding *f)
{
	switch (x->kind) {
	case WL_EXTENT_ZEROS:
		return wl_device_send_memory(v->device, NULL, n, out_fd, progress, user);
	case WL_EXTENT_KEPT:
		return wl_device_send_memory(v->device, v->listing.text + x->offset, n, out_fd,
		                             progress, user);
	case WL_EXTENT_READER:
		return v->driver->deliver(v->facts.reader, e, out_fd, progress, user, f);
	case WL_EXTENT_MEDIUM:
		break;
	}
	return wl_device_send(v->device, x->offset, n, out_fd, progress, user);
}

static int refuse_entry(const struct wl_volume *v, size_t index, enum wl_rule rule, const char *why,
                        struct wl_finding *f)
{
	char name[96];
	wl_listing_say(&v->listing, index, name, sizeof(name));
	return wl_refuse(f, rule, "%s%s", why, name);
}

int wl_volume_deliver(struct wl_volume *v, size_t index, int out_fd,
                      int (*progress)(void *user, uint64_t bytes), void *user,
                      struct wl_finding *ret_finding)
{
	if (index >= v->listing.nentries)
		return -ENOENT;
	struct wl_listing_entry *e = &v->listing.entries[index];
	if (e->folder)
		return -EISDIR;
	if (e->refused)
		return refuse_entry(v, index, e->refused, "", ret_finding);
	if (e->delivered)
		return refuse_entry(v, index, WL_RULE_VOLUME_CHAIN_CROSSED,
		                    "was read before: ", ret_finding);
	e->delivered = true;
	uint64_t left = e->bytes;
	for (size_t i = 0; i < e->extents && left > 0; i++) {
		const struct wl_extent *x = &v->listing.extents[e->extent + i];
		uint64_t n = x->bytes < left ? x->bytes : left;
		int r = send_extent(v, e, x, n, out_fd, progress, user, ret_finding);
		if (r == -EALREADY)
			return refuse_entry(v, index, WL_RULE_VOLUME_CHAIN_CROSSED,
			                    "lies where something was read before: ", ret_finding);
		if (r < 0)
			return r;
		left -= n;
	}
	return left == 0 ? 0 : -EIO;
}
