/*
 * FAT12, FAT16, FAT32 and exFAT tables.
 *
 * Runs in read-medium (worker-volume). The attacker controls every entry; a link is handed on only
 * when it names a cluster of the volume. Parts of 64 KiB are fetched once and kept, so a table of
 * which little is used costs little, whatever size it claims. Writes nothing: power does not
 * matter.
 */
#include "daemon/volume/fat_table.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/base/bytes.h"
#include "daemon/base/cleanup.h"

#define PART_BYTES 65536U /* a multiple of every sector size and of 2 and 4; FAT12 fits in one */

struct fat_part {
	uint8_t *first; /* the copy that is read; NULL: not fetched yet */
	uint8_t *other; /* the other one where it differs, else NULL */
};

struct wl_fat_table {
	struct wl_device *device;
	const struct wl_fat_geometry *g;
	struct wl_listing *budget;
	uint64_t charged;
	uint32_t nparts;
	struct fat_part parts[];
};

int wl_fat_table_new(struct wl_device *d, const struct wl_fat_geometry *g,
                     struct wl_listing *budget, struct wl_fat_table **ret)
{
	uint32_t nparts = g->fat_bytes / PART_BYTES + (g->fat_bytes % PART_BYTES != 0);
	struct wl_fat_table *t = calloc(1, sizeof(*t) + nparts * sizeof(t->parts[0]));
	if (!t)
		return -ENOMEM;
	t->device = d;
	t->g = g;
	t->budget = budget;
	t->nparts = nparts;
	*ret = t;
	return 0;
}

struct wl_fat_table *wl_fat_table_free(struct wl_fat_table *t)
{
	if (!t)
		return NULL;
	for (uint32_t i = 0; i < t->nparts; i++) {
		free(t->parts[i].first);
		free(t->parts[i].other);
	}
	wl_listing_release(t->budget, t->charged);
	free(t);
	return NULL;
}

void wl_fat_table_cleanup(struct wl_fat_table **t)
{
	*t = wl_fat_table_free(*t);
}

static int fetch_copy(struct wl_fat_table *t, uint64_t offset, uint32_t n, uint8_t **ret,
                      struct wl_finding *f)
{
	WL_AUTO_FREE uint8_t *p = malloc(n);
	if (!p)
		return -ENOMEM;
	int r = wl_device_fetch(t->device, offset, n, p);
	if (r == -EALREADY)
		return wl_refuse(f, WL_RULE_VOLUME_CHAIN_CROSSED,
		                 "the FAT lies where something else was read");
	if (r < 0)
		return r;
	*ret = TAKE_PTR(p);
	return 0;
}

static int fetch_part(struct wl_fat_table *t, uint32_t number, struct wl_finding *f)
{
	WL_AUTO_FREE uint8_t *first = NULL;
	WL_AUTO_FREE uint8_t *other = NULL;
	uint32_t at = number * PART_BYTES;
	uint32_t n = t->g->fat_bytes - at < PART_BYTES ? t->g->fat_bytes - at : PART_BYTES;
	int r = wl_listing_charge(t->budget, 2ULL * n, f);
	if (r < 0)
		return r;
	t->charged += 2ULL * n;
	r = fetch_copy(t, t->g->fat + at, n, &first, f);
	if (r == 0 && t->g->fat_other)
		r = fetch_copy(t, t->g->fat_other + at, n, &other, f);
	if (r < 0)
		return r;
	if (!other || memcmp(first, other, n) == 0) {
		wl_listing_release(t->budget, n);
		t->charged -= n;
	} else {
		t->parts[number].other = TAKE_PTR(other);
	}
	t->parts[number].first = TAKE_PTR(first);
	return 0;
}

/* `at` counts bits of entries before it; the whole entry lies in one part. */
static uint32_t load(const struct wl_fat_geometry *g, const uint8_t *part, uint32_t cluster,
                     uint32_t at)
{
	switch (g->bits) {
	case 12:
		return cluster & 1 ? (uint32_t)(wl_load_u16le(part + at) >> 4)
		                   : (uint32_t)(wl_load_u16le(part + at) & 0x0FFF);
	case 16:
		return wl_load_u16le(part + at);
	default:
		return wl_load_u32le(part + at) & g->entry_mask;
	}
}

static uint32_t entry_offset(unsigned bits, uint32_t cluster)
{
	return bits == 12 ? cluster + cluster / 2 : cluster * (bits / 8);
}

int wl_fat_table_get(struct wl_fat_table *t, uint32_t cluster, enum wl_fat_link *ret_link,
                     uint32_t *ret_next, struct wl_finding *ret_finding)
{
	unsigned bits = t->g->bits;
	uint32_t offset = entry_offset(bits, cluster);
	struct fat_part *part = &t->parts[offset / PART_BYTES];
	if (!part->first) {
		int r = fetch_part(t, offset / PART_BYTES, ret_finding);
		if (r < 0)
			return r;
	}
	uint32_t v = load(t->g, part->first, cluster, offset % PART_BYTES);
	if (part->other && load(t->g, part->other, cluster, offset % PART_BYTES) != v)
		return wl_refuse(ret_finding, WL_RULE_VOLUME_AMBIGUOUS,
		                 "the two copies of the FAT differ about cluster %u", cluster);
	uint32_t top = bits == 12 ? 0xFF7 : bits == 16 ? 0xFFF7 : t->g->entry_mask - 8;
	if (v > top)
		*ret_link = WL_FAT_END;
	else if (v == top)
		*ret_link = WL_FAT_BAD;
	else if (v == 0)
		*ret_link = WL_FAT_FREE;
	else if (v == 1 || v - 2 >= t->g->clusters)
		*ret_link = WL_FAT_OUTSIDE;
	else
		*ret_link = WL_FAT_NEXT;
	*ret_next = v;
	return 0;
}
