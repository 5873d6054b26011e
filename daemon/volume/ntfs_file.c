/*
 * Files of NTFS.
 *
 * Runs in read-medium (worker-volume), on what libntfs-3g made of hostile bytes: every run is
 * checked against the volume once more. Data of ordinary files is not read through the library but
 * goes as extents the way of all others; holes, and bytes behind the initialized ones, are zeros
 * and nothing is read for them. Writes nothing: power does not matter.
 */
#include "daemon/volume/ntfs_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <ntfs-3g/types.h>

#include <ntfs-3g/attrib.h>
#include <ntfs-3g/inode.h>
#include <ntfs-3g/layout.h>
#include <ntfs-3g/volume.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/volume/unit_name.h"

#define RESIDENT_BYTES_MAX 65536U
#define PART_BYTES         ((size_t)1 << 20) /* a multiple of every unit of compression */

/* One file's data while it is turned into extents. */
struct taking {
	const struct wl_ntfs_place *place;
	struct wl_listing *listing;
	size_t extents;
	bool is_link; /* a file of Interix: Linux shows a link or a device, Windows a file */
	uint64_t position, bytes, valid; /* in the file */
	struct wl_finding *f;
};

static int zeros(struct taking *t, uint64_t n)
{
	t->position += n;
	return n == 0 ? 0
	              : wl_listing_add_virtual(t->listing, &t->extents, WL_EXTENT_ZEROS, n, t->f);
}

/* A run, cut to the file's size and to its initialized bytes. */
static int take_run(struct taking *t, LCN lcn, uint64_t length)
{
	uint64_t n, offset, left = t->bytes - t->position;
	if (__builtin_mul_overflow(length, (uint64_t)t->place->cluster_bytes, &n))
		return wl_refuse(t->f, WL_RULE_VOLUME_SIZE_WRONG, "a run of too many clusters");
	n = n < left ? n : left;
	if (lcn == LCN_HOLE)
		return zeros(t, n);
	if (lcn < 0 ||
	    __builtin_mul_overflow((uint64_t)lcn, (uint64_t)t->place->cluster_bytes, &offset))
		return wl_refuse(t->f, WL_RULE_VOLUME_SIZE_WRONG, "a run that is nowhere");
	uint64_t valid = t->valid > t->position ? t->valid - t->position : 0;
	uint64_t read = n < valid ? n : valid;
	if (read > t->place->bytes || offset > t->place->bytes - read)
		return wl_refuse(t->f, WL_RULE_VOLUME_SIZE_WRONG, "a run outside the volume");
	int r = read == 0 ? 0
	                  : wl_listing_add_extent(t->listing, &t->extents, t->place->start + offset,
	                                          read, t->f);
	t->position += read;
	return r < 0 ? r : zeros(t, n - read);
}

static int take_runs(struct taking *t, ntfs_attr *na)
{
	if (na->data_size < 0 || na->initialized_size < 0 || na->initialized_size > na->data_size)
		return wl_refuse(t->f, WL_RULE_VOLUME_SIZE_WRONG,
		                 "%lld bytes are initialized, of %lld",
		                 (long long)na->initialized_size, (long long)na->data_size);
	if (na->data_size > 0 && (ntfs_attr_map_whole_runlist(na) != 0 || !na->rl))
		return -EIO;
	int r = 0;
	for (const runlist_element *rl = na->rl;
	     r == 0 && rl && rl->length > 0 && t->position < t->bytes; rl++)
		r = take_run(t, rl->lcn, (uint64_t)rl->length);
	if (r == 0 && t->position < t->bytes)
		r = wl_refuse(t->f, WL_RULE_VOLUME_SIZE_WRONG, "%llu bytes are somewhere, of %llu",
		              (unsigned long long)t->position, (unsigned long long)t->bytes);
	return r;
}

static int take_resident(struct taking *t, ntfs_attr *na)
{
	if (na->data_size < 0 || na->data_size > RESIDENT_BYTES_MAX)
		return wl_refuse(t->f, WL_RULE_VOLUME_SIZE_WRONG, "%lld bytes in a record",
		                 (long long)na->data_size);
	size_t n = (size_t)na->data_size;
	WL_AUTO_FREE uint8_t *p = malloc(n + 1);
	if (!p)
		return -ENOMEM;
	if (n > 0 && ntfs_attr_pread(na, 0, (s64)n, p) != (s64)n)
		return -EIO;
	t->is_link = n >= 8 && memcmp(p, "Intx", 4) == 0;
	return n == 0 ? 0 : wl_listing_add_kept(t->listing, &t->extents, p, n, t->f);
}

static int take_data(struct taking *t, ntfs_attr *na)
{
	t->bytes = na->data_size > 0 ? (uint64_t)na->data_size : 0;
	t->valid = na->initialized_size > 0 ? (uint64_t)na->initialized_size : 0;
	if (!NAttrNonResident(na))
		return take_resident(t, na);
	if ((na->data_flags & ATTR_COMPRESSION_MASK) && t->bytes > 0)
		return wl_listing_add_virtual(t->listing, &t->extents, WL_EXTENT_READER, t->bytes,
		                              t->f);
	return take_runs(t, na);
}

int wl_ntfs_file_take(struct _ntfs_inode *ni, const struct wl_ntfs_place *place,
                      struct wl_listing *l, size_t index, struct wl_finding *ret_finding)
{
	struct taking t = {.place = place, .listing = l, .f = ret_finding};
	size_t first = l->nextents;
	if (ni->flags & FILE_ATTR_REPARSE_POINT) {
		l->entries[index].refused = WL_RULE_VOLUME_LINK;
		return 0;
	}
	if (ni->flags & FILE_ATTR_ENCRYPTED) {
		l->entries[index].refused = WL_RULE_VOLUME_FILE_ENCRYPTED;
		l->entries[index].bytes = ni->data_size > 0 ? (uint64_t)ni->data_size : 0;
		return 0;
	}
	ntfs_attr *na = ntfs_attr_open(ni, AT_DATA, AT_UNNAMED, 0);
	if (!na)
		return errno == ENOENT ? 0 : -EIO;
	if (NAttrEncrypted(na)) {
		l->entries[index].refused = WL_RULE_VOLUME_FILE_ENCRYPTED;
		ntfs_attr_close(na);
		return 0;
	}
	int r = take_data(&t, na);
	ntfs_attr_close(na);
	if (r < 0)
		return r;
	struct wl_listing_entry *entry = &l->entries[index];
	entry->extent = first;
	entry->extents = t.extents;
	if (t.is_link && (ni->flags & FILE_ATTR_SYSTEM))
		entry->refused = WL_RULE_VOLUME_LINK;
	entry->bytes = t.bytes;
	l->bytes += t.bytes;
	return 0;
}

/* ---- what hides beside a file ---- */

static int add_stream(const ATTR_RECORD *a, struct wl_listing *l, size_t parent, const char *name,
                      size_t name_bytes, struct wl_finding *f)
{
	char both[2 * WL_NAME_UTF8_MAX + 1];
	const uint8_t *from = (const uint8_t *)a + le16_to_cpu(a->name_offset);
	uint16_t units[256];
	size_t n = 0, index = 0;
	for (size_t i = 0; i < a->name_length; i++)
		units[i] = (uint16_t)(from[2 * i] | from[2 * i + 1] << 8);
	memcpy(both, name, name_bytes);
	both[name_bytes] = ':';
	int r = a->type == AT_DATA
	                ? wl_unit_name_to_utf8(units, a->name_length, both + name_bytes + 1, &n, f)
	                : 0;
	if (a->type != AT_DATA) {
		memcpy(both + name_bytes + 1, "$EA", 3);
		n = 3;
	}
	if (r == 0)
		r = wl_listing_add(l, parent, both, name_bytes + 1 + n, false, &index, f);
	if (r < 0)
		return r;
	s64 bytes = ntfs_get_attribute_value_length(a);
	l->entries[index].bytes = bytes > 0 ? (uint64_t)bytes : 0;
	l->entries[index].refused = WL_RULE_VOLUME_HIDDEN_STREAM;
	return 0;
}

static int add_of_type(ATTR_TYPES type, ntfs_attr_search_ctx *ctx, struct wl_listing *l,
                       size_t parent, const char *name, size_t name_bytes, struct wl_finding *f)
{
	while (ntfs_attr_lookup(type, NULL, 0, CASE_SENSITIVE, 0, NULL, 0, ctx) == 0) {
		const ATTR_RECORD *a = ctx->attr;
		/* an attribute in several pieces is one stream: its first piece counts */
		bool first = !a->non_resident || a->lowest_vcn == 0;
		if (!first || (type == AT_DATA && a->name_length == 0))
			continue;
		int r = add_stream(a, l, parent, name, name_bytes, f);
		if (r < 0)
			return r;
	}
	return errno == ENOENT ? 0 : -EIO;
}

int wl_ntfs_file_add_streams(struct _ntfs_inode *ni, struct wl_listing *l, size_t parent,
                             const char *name, size_t name_bytes, struct wl_finding *ret_finding)
{
	static const ATTR_TYPES types[] = {AT_DATA, AT_EA};
	int r = 0;
	for (size_t i = 0; r == 0 && i < WL_ARRAY_LEN(types); i++) {
		ntfs_attr_search_ctx *ctx = ntfs_attr_get_search_ctx(ni, NULL);
		if (!ctx)
			return -ENOMEM;
		r = add_of_type(types[i], ctx, l, parent, name, name_bytes, ret_finding);
		ntfs_attr_put_search_ctx(ctx);
	}
	return r;
}

int wl_ntfs_file_send(struct _ntfs_inode *ni, uint64_t bytes, struct wl_device *d, int out_fd,
                      int (*progress)(void *user, uint64_t bytes), void *user)
{
	WL_AUTO_FREE uint8_t *p = malloc(PART_BYTES);
	ntfs_attr *na = p ? ntfs_attr_open(ni, AT_DATA, AT_UNNAMED, 0) : NULL;
	if (!na)
		return p ? -EIO : -ENOMEM;
	int r = 0;
	for (uint64_t done = 0; r == 0 && done < bytes;) {
		size_t n = bytes - done < PART_BYTES ? (size_t)(bytes - done) : PART_BYTES;
		s64 got = ntfs_attr_pread(na, (s64)done, (s64)n, p);
		r = got == (s64)n ? wl_device_send_memory(d, p, n, out_fd, progress, user) : -EIO;
		done += n;
	}
	ntfs_attr_close(na);
	return r;
}
