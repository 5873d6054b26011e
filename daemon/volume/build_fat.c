/*
 * A fresh FAT32 or exFAT volume, written so that it exists only when it is whole.
 *
 * Runs in build-volume (worker-tool). It never reads the destination, so nothing on it can steer
 * what happens. When power goes, or the medium is pulled, before the last of the three steps, LBA 0
 * is zero and no system finds a volume; the ledger then says release.unknown.
 */
#include "daemon/volume/build_fat.h"

#include <stdlib.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/volume/exfat_upcase.h"
#include "daemon/volume/fresh.h"
#include "daemon/volume/fresh_exfat.h"
#include "daemon/volume/sink.h"

struct build {
	int fd;
	const struct wl_layout *l;
	const struct wl_build_source *source;
	struct wl_sink *sink;
	struct wl_finding *f;
};

/* Step 1: nothing that was there mounts any more, at either end. */
static int clear_ends(const struct build *b)
{
	uint64_t medium = b->l->geometry.medium_sectors * WL_BUILD_SECTOR_BYTES;
	WL_AUTO_FREE uint8_t *zero = calloc(1, WL_BUILD_TAIL_BYTES);
	if (!zero)
		return -ENOMEM;
	int r = wl_sink_write_at(b->fd, b->source, zero, WL_BUILD_SECTOR_BYTES, 0, b->f);
	if (r == 0)
		r = wl_sink_write_at(b->fd, b->source, zero, WL_BUILD_TAIL_BYTES,
		                     medium - WL_BUILD_TAIL_BYTES, b->f);
	return r < 0 ? r : wl_sink_flush(b->fd, b->source, b->f);
}

static int put_reserved(const struct build *b)
{
	uint8_t reserved[WL_BUILD_RESERVED_SECTORS * WL_BUILD_SECTOR_BYTES];
	uint64_t gap =
	        (uint64_t)WL_BUILD_FIRST_SECTOR * WL_BUILD_SECTOR_BYTES - wl_sink_position(b->sink);
	int r = wl_sink_zero(b->sink, gap, b->f);
	wl_fresh_reserved(b->l, reserved);
	return r < 0 ? r : wl_sink_put(b->sink, reserved, sizeof(reserved), b->f);
}

static int put_fat(const struct build *b)
{
	struct wl_fresh_fat fat;
	uint8_t sector[WL_BUILD_SECTOR_BYTES];
	uint32_t left = b->l->geometry.fat_sectors;
	int r = 0;
	wl_fresh_fat_begin(b->l, &fat);
	while (left > 0 && r == 0 && fat.cluster < b->l->used_clusters + 2) {
		wl_fresh_fat_next(&fat, sector);
		r = wl_sink_put(b->sink, sector, sizeof(sector), b->f);
		left--;
	}
	return r < 0 ? r : wl_sink_zero(b->sink, (uint64_t)left * WL_BUILD_SECTOR_BYTES, b->f);
}

/* exFAT: boot sectors twice, the FAT, and nothing up to the first cluster. */
static int put_exfat_head(const struct build *b)
{
	uint8_t boot[WL_FRESH_EXFAT_BOOT_SECTORS * WL_BUILD_SECTOR_BYTES];
	uint8_t sector[WL_BUILD_SECTOR_BYTES];
	const uint64_t partition = (uint64_t)WL_BUILD_FIRST_SECTOR * WL_BUILD_SECTOR_BYTES;
	uint64_t fat = partition + (uint64_t)WL_BUILD_EXFAT_FAT_SECTOR * WL_BUILD_SECTOR_BYTES;
	uint64_t data = b->l->geometry.data_sector * WL_BUILD_SECTOR_BYTES;
	uint32_t entries = wl_fresh_exfat_entries(b->l);
	int r = wl_sink_zero(b->sink, partition - wl_sink_position(b->sink), b->f);
	wl_fresh_exfat_boot(b->l, boot);
	if (r == 0)
		r = wl_sink_put(b->sink, boot, sizeof(boot), b->f);
	if (r == 0)
		r = wl_sink_zero(b->sink, fat - wl_sink_position(b->sink), b->f);
	for (uint32_t i = 0; r == 0 && (uint64_t)i * (sizeof(sector) / 4) < entries; i++) {
		wl_fresh_exfat_fat(b->l, i, sector);
		r = wl_sink_put(b->sink, sector, sizeof(sector), b->f);
	}
	return r < 0 ? r : wl_sink_zero(b->sink, data - wl_sink_position(b->sink), b->f);
}

/* exFAT: the map of what is in use and the table of letters, each to the end of its clusters. */
static int put_exfat_own(const struct build *b)
{
	uint64_t cluster = (uint64_t)b->l->geometry.cluster_sectors * WL_BUILD_SECTOR_BYTES;
	uint64_t end = wl_sink_position(b->sink) + b->l->map_clusters * cluster;
	uint32_t bytes = (b->l->used_clusters + 7) / 8;
	WL_AUTO_FREE uint8_t *letters = malloc(WL_EXFAT_UPCASE_BYTES_MAX);
	int r = letters ? 0 : -ENOMEM;
	for (uint32_t i = 0; r == 0 && i < bytes; i++) {
		uint8_t byte = wl_fresh_exfat_map(b->l, i);
		r = wl_sink_put(b->sink, &byte, 1, b->f);
	}
	if (r == 0)
		r = wl_sink_zero(b->sink, end - wl_sink_position(b->sink), b->f);
	if (r < 0)
		return r;
	end += b->l->letters_clusters * cluster;
	r = wl_sink_put(b->sink, letters, wl_exfat_upcase_write(letters), b->f);
	return r < 0 ? r : wl_sink_zero(b->sink, end - wl_sink_position(b->sink), b->f);
}

/* FAT32: reserved sectors, and the FAT twice. */
static int put_fat32_head(const struct build *b)
{
	int r = put_reserved(b);
	for (unsigned i = 0; i < WL_BUILD_FATS && r == 0; i++)
		r = put_fat(b);
	return r;
}

/* What a run of clusters has beyond its bytes is zero: nothing of an earlier use shows. */
static int put_slack(const struct build *b, const struct wl_layout_node *node)
{
	uint64_t cluster_bytes = (uint64_t)b->l->geometry.cluster_sectors * WL_BUILD_SECTOR_BYTES;
	return wl_sink_zero(b->sink, node->clusters * cluster_bytes - node->bytes, b->f);
}

static int put_folder(const struct build *b, uint32_t number)
{
	size_t n = (size_t)b->l->nodes[number].bytes;
	WL_AUTO_FREE uint8_t *records = malloc(n);
	if (!records)
		return -ENOMEM;
	int r = b->l->order.exfat ? wl_fresh_exfat_folder(b->l, number, records, n)
	                          : wl_fresh_folder(b->l, number, records, n);
	if (r == 0)
		r = wl_sink_put(b->sink, records, n, b->f);
	return r < 0 ? r : put_slack(b, &b->l->nodes[number]);
}

static int put_file(const struct build *b, const struct wl_layout_node *node)
{
	WL_AUTO_CLOSE int content = -1;
	uint8_t more;
	int r = b->source->open(b->source->user, node->file, &content);
	if (r == 0)
		r = wl_sink_copy(b->sink, content, node->bytes, b->f);
	if (r < 0)
		return r;
	ssize_t got = wl_read_full(content, &more, 1);
	if (got != 0)
		return got < 0 ? (int)got : -EFBIG;
	return put_slack(b, node);
}

/* Step 2: from LBA 1 to the last cluster in use, and to the end of the head. */
static int put_everything(const struct build *b)
{
	int r = b->l->order.exfat ? put_exfat_head(b) : put_fat32_head(b);
	if (r == 0 && b->l->order.exfat)
		r = put_exfat_own(b);
	for (uint32_t i = 0; i < b->l->nfolders && r == 0; i++)
		r = put_folder(b, i);
	for (uint32_t i = b->l->nfolders; i < b->l->nnodes && r == 0; i++)
		r = put_file(b, &b->l->nodes[i]);
	uint64_t at = wl_sink_position(b->sink);
	if (r == 0 && at < b->l->head_bytes)
		r = wl_sink_zero(b->sink, b->l->head_bytes - at, b->f);
	return r;
}

int wl_build_fat(int fd, const struct wl_layout *l, const struct wl_build_source *source,
                 struct wl_build_result *ret, struct wl_finding *ret_finding)
{
	WL_CLEANUP(wl_sink_cleanup) struct wl_sink *sink = NULL;
	struct build b = {.fd = fd, .l = l, .source = source, .f = ret_finding};
	struct wl_build_result result;
	uint8_t first[WL_BUILD_SECTOR_BYTES];
	wl_fresh_table(l, first);
	int r = wl_sink_new(fd, l, source, first, &sink);
	b.sink = sink;
	if (r == 0)
		r = clear_ends(&b);
	if (r == 0)
		r = put_everything(&b);
	if (r == 0)
		r = wl_sink_end(sink, &result, ret_finding);
	if (r == 0) /* step 3 */
		r = wl_sink_write_at(fd, source, first, sizeof(first), 0, ret_finding);
	if (r == 0)
		r = wl_sink_flush(fd, source, ret_finding);
	if (r == 0)
		*ret = result;
	return r;
}
