/*
 * Whether a medium may be written to.
 *
 * Whoever plugs it in controls its size and what lies on it; whether this station prepared it is a
 * fact (the digest of its first 4 MiB against the ledger). All reasons are found before the first
 * byte is written, so that nobody loses what was on a stick that would have been refused. Pure;
 * runs in the broker.
 */
#include "policy/destination.h"

#include <stdio.h>

#include "daemon/base/limits.h"
#include "daemon/base/text.h"

#define SECTOR                  512U
#define PARTITION_SECTORS       2048U /* before the partition */
#define RESERVED_SECTORS        32U
#define FAT32_CLUSTERS_MIN      65525U
#define EXFAT_RESERVED_SECTORS  128U          /* boot regions, before the FAT */
#define EXFAT_LETTERS_BYTES_MAX 131072U       /* the up-case table */
#define FAT_ENTRIES             (SECTOR / 4U) /* in one sector of a FAT */
#define ENTRY_BYTES_MAX         (21U * 32U)   /* a directory entry with the longest long name */

/* INTERFACES 7: sectors per cluster by the size of the medium. */
static uint64_t cluster_sectors(uint64_t bytes)
{
	static const struct {
		uint64_t up_to, sectors;
	} steps[] = {
	        {WL_MIB(260), 1},
	        {WL_GIB(8), 8},
	        {WL_GIB(16), 16},
	        {WL_GIB(32), 32},
	};
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (bytes <= steps[i].up_to)
			return steps[i].sectors;
	return 64;
}

static uint64_t round_up(uint64_t n, uint64_t unit)
{
	return n / unit + (n % unit != 0);
}

/* Windows' own steps for exFAT. */
static uint64_t exfat_cluster_sectors(uint64_t bytes)
{
	return bytes <= WL_MIB(256) ? 8 : bytes <= WL_GIB(32) ? 64 : 256;
}

/* Root and folders, their entries, the files. */
static uint64_t clusters_of(const uint64_t *files, size_t nfiles, size_t nfolders, uint64_t cluster)
{
	uint64_t n = 1 + nfolders; /* one for each folder and the root */

	n += round_up(((uint64_t)nfiles + nfolders) * ENTRY_BYTES_MAX, cluster);
	for (size_t i = 0; i < nfiles; i++)
		n += round_up(files[i], cluster);
	return n;
}

/* The FAT and the map of clusters are for the whole medium, however little lies on it. */
static uint64_t exfat_bytes_needed(const uint64_t *files, size_t nfiles, size_t nfolders,
                                   uint64_t medium_bytes)
{
	uint64_t sectors = exfat_cluster_sectors(medium_bytes), cluster = sectors * SECTOR;
	uint64_t clusters = clusters_of(files, nfiles, nfolders, cluster);
	uint64_t whole = round_up(medium_bytes, cluster) + 2;

	clusters += round_up(whole, 8 * cluster) + round_up(EXFAT_LETTERS_BYTES_MAX, cluster);
	return (PARTITION_SECTORS + EXFAT_RESERVED_SECTORS + round_up(whole, FAT_ENTRIES) +
	        (clusters + 1) * sectors) *
	       SECTOR;
}

uint64_t wl_destination_bytes_needed(enum wl_volume_format volume, const uint64_t *files,
                                     size_t nfiles, size_t nfolders, uint64_t medium_bytes)
{
	uint64_t sectors = cluster_sectors(medium_bytes);
	uint64_t clusters = clusters_of(files, nfiles, nfolders, sectors * SECTOR);

	if (volume == WL_VOLUME_EXFAT)
		return exfat_bytes_needed(files, nfiles, nfolders, medium_bytes);
	if (clusters < FAT32_CLUSTERS_MIN)
		clusters = FAT32_CLUSTERS_MIN;
	uint64_t fats = 2 * round_up(clusters + 2, FAT_ENTRIES);
	return (PARTITION_SECTORS + RESERVED_SECTORS + fats + (clusters + 1) * sectors) * SECTOR;
}

enum wl_volume_format wl_destination_volume(const struct wl_policy_device *device, bool outbound,
                                            const uint64_t *files, size_t nfiles)
{
	for (size_t i = 0; i < nfiles; i++)
		if (files[i] > WL_FAT32_FILE_BYTES_MAX)
			return outbound || (device && device->volume == WL_VOLUME_EXFAT)
			               ? WL_VOLUME_EXFAT
			               : WL_VOLUME_FAT32;
	return WL_VOLUME_FAT32;
}

static void judge_origin(const struct wl_destination_facts *f, struct wl_rules *rules)
{
	enum wl_destination_demand demand = f->policy->destination.require;
	if (f->nfiles == 0 || demand == WL_DEST_ANY || f->prepared)
		return;
	if (demand == WL_DEST_REGISTERED && f->registered)
		return;
	wl_rules_add(rules, f->was_prepared ? WL_RULE_DESTINATION_NOT_CLEAN
	                                    : WL_RULE_DESTINATION_NOT_OURS);
}

static void judge_room(const struct wl_destination_facts *f, struct wl_rules *rules)
{
	for (size_t i = 0; i < f->nfiles; i++)
		if (f->volume != WL_VOLUME_EXFAT && f->files[i] > WL_FAT32_FILE_BYTES_MAX)
			wl_rules_add(rules, WL_RULE_DESTINATION_FILE_TOO_LARGE);
	if (f->bytes < wl_destination_bytes_needed(f->volume, f->files, f->nfiles, 0, f->bytes))
		wl_rules_add(rules, WL_RULE_DESTINATION_TOO_SMALL);
}

void wl_destination_detail(const struct wl_destination_facts *f, enum wl_rule rule, char *buf,
                           size_t size)
{
	const char *port = f->port ? f->port : "";
	char sizes[64];

	wl_size_format_less(
	        f->bytes, wl_destination_bytes_needed(f->volume, f->files, f->nfiles, 0, f->bytes),
	        sizes, sizeof(sizes));
	if (rule == WL_RULE_DESTINATION_TOO_SMALL)
		(void)snprintf(buf, size, "%s: %s", port, sizes);
	else
		(void)snprintf(buf, size, "%s", port);
}

static const char *key_of(enum wl_rule rule)
{
	switch (rule) {
	case WL_RULE_MEDIUM_DIRECTION_WRONG:
		return "ports.%s.use";
	case WL_RULE_DESTINATION_NOT_CLEAN:
	case WL_RULE_DESTINATION_NOT_OURS:
		return "destination.require";
	case WL_RULE_DESTINATION_FILE_TOO_LARGE:
	case WL_RULE_DESTINATION_TOO_SMALL:
		return "devices.%s.volume";
	default:
		return "";
	}
}

void wl_decide_destination(const struct wl_destination_facts *f, struct wl_rules *ret_rules,
                           char *ret_key)
{
	*ret_rules = (struct wl_rules){0};
	if (!f->port_is_destination)
		wl_rules_add(ret_rules, WL_RULE_MEDIUM_DIRECTION_WRONG);
	else if (!f->present)
		wl_rules_add(ret_rules, WL_RULE_DESTINATION_MISSING);
	else if (f->is_source)
		wl_rules_add(ret_rules, WL_RULE_DESTINATION_IS_SOURCE);
	else {
		judge_origin(f, ret_rules);
		judge_room(f, ret_rules);
	}
	if (!ret_key)
		return;
	const char *form = key_of(ret_rules->n ? ret_rules->v[0] : WL_RULE_NONE);
	const char *name = ret_rules->n && ret_rules->v[0] == WL_RULE_MEDIUM_DIRECTION_WRONG
	                           ? f->port
	                           : f->device;
	ret_key[0] = '\0';
	for (size_t n = 0; *form && n + 1 < WL_POLICY_KEY_MAX; form++) {
		bool fill = form[0] == '%';
		int m = fill ? snprintf(ret_key + n, WL_POLICY_KEY_MAX - n, "%s", name ? name : "")
		             : snprintf(ret_key + n, WL_POLICY_KEY_MAX - n, "%c", *form);
		n += m > 0 ? (size_t)m : 0;
		form += fill;
	}
}
