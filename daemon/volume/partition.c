/*
 * The partition table of a medium, from its first two sectors.
 *
 * Runs in read-medium (worker-volume). The attacker controls both sectors. Two systems must not
 * see two different volumes on what we let pass, so a first sector that is a boot sector and a
 * table at once, or a table beside a GPT, is refused as ambiguous; a protective table alone leads
 * to the GPT (gpt.c). A table whose one entry starts at sector 0 and so says the same as the boot
 * sector (mkfs.fat writes those) is one volume. Pure: reads and writes nothing, so power does not
 * matter.
 */
#include "daemon/volume/partition.h"

#include <string.h>

#include "daemon/base/bytes.h"

#define TABLE_OFFSET 446U
#define ENTRY_BYTES  16U
#define ENTRIES      4U
#define TYPE_GPT     0xEEU

struct mbr_entry {
	uint8_t status, type;
	uint32_t start, sectors;
};

static bool is_extended(uint8_t type)
{
	return type == 0x05 || type == 0x0F || type == 0x85;
}

static void read_entries(const uint8_t first[512], struct mbr_entry e[ENTRIES])
{
	for (unsigned i = 0; i < ENTRIES; i++) {
		const uint8_t *at = first + TABLE_OFFSET + i * ENTRY_BYTES;
		e[i] = (struct mbr_entry){.status = at[0],
		                          .type = at[4],
		                          .start = wl_load_u32le(at + 8),
		                          .sectors = wl_load_u32le(at + 12)};
	}
}

static bool is_empty(const struct mbr_entry *e)
{
	return e->type == 0 && e->start == 0 && e->sectors == 0;
}

static bool is_all_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

static int check_entry(const struct mbr_entry *e, unsigned number, uint64_t sectors,
                       struct wl_finding *f)
{
	if (e->status != 0x00 && e->status != 0x80)
		return wl_refuse(f, WL_RULE_VOLUME_TABLE_BAD,
		                 "entry %u has status 0x%02x, neither 0x00 nor 0x80", number,
		                 e->status);
	if (is_empty(e))
		return 0;
	if (e->type == 0 || e->sectors == 0)
		return wl_refuse(f, WL_RULE_VOLUME_TABLE_BAD,
		                 "entry %u has type 0x%02x, start %u and %u sectors", number,
		                 e->type, e->start, e->sectors);
	if (is_extended(e->type))
		return wl_refuse(f, WL_RULE_VOLUME_TABLE_BAD,
		                 "entry %u is an extended partition (type 0x%02x)", number,
		                 e->type);
	if ((uint64_t)e->start + e->sectors > sectors)
		return wl_refuse(f, WL_RULE_VOLUME_TABLE_BAD,
		                 "entry %u ends at sector %llu of a medium of %llu", number,
		                 (unsigned long long)e->start + e->sectors,
		                 (unsigned long long)sectors);
	return 0;
}

static bool overlap(const struct mbr_entry *a, const struct mbr_entry *b)
{
	return !is_empty(a) && !is_empty(b) && a->start < (uint64_t)b->start + b->sectors &&
	       b->start < (uint64_t)a->start + a->sectors;
}

/* The whole table: 0 and the number of its one entry, or why not. */
static int check_table(const struct mbr_entry e[ENTRIES], uint64_t sectors, unsigned *ret_used,
                       struct wl_finding *f)
{
	unsigned used = 0, which = 0;
	for (unsigned i = 0; i < ENTRIES; i++) {
		int r = check_entry(&e[i], i + 1, sectors, f);
		if (r < 0)
			return r;
		for (unsigned j = 0; j < i; j++)
			if (overlap(&e[i], &e[j]))
				return wl_refuse(f, WL_RULE_VOLUME_TABLE_BAD,
				                 "entries %u and %u overlap", j + 1, i + 1);
		if (!is_empty(&e[i])) {
			used++;
			which = i;
		}
	}
	if (used == 0)
		return wl_refuse(f, WL_RULE_VOLUME_NONE, "the partition table is empty");
	if (used > 1)
		return wl_refuse(f, WL_RULE_VOLUME_SEVERAL, "%u partitions", used);
	*ret_used = which;
	return 0;
}

/* A boot sector, perhaps with something that is a table as well behind its code. */
static int accept_bare(const struct mbr_entry e[ENTRIES], uint64_t sectors,
                       struct wl_partition *ret, struct wl_finding *f)
{
	struct wl_finding unused = {.rule = WL_RULE_NONE};
	unsigned which;
	if (check_table(e, sectors, &which, &unused) == 0 && e[which].start != 0)
		return wl_refuse(f, WL_RULE_VOLUME_AMBIGUOUS,
		                 "sector 0 is a boot sector and a partition table at once");
	if (unused.rule == WL_RULE_VOLUME_SEVERAL)
		return wl_refuse(f, WL_RULE_VOLUME_AMBIGUOUS,
		                 "sector 0 is a boot sector and a table of several partitions");
	*ret = (struct wl_partition){.table = "none", .start = 0, .sectors = sectors};
	return 0;
}

/* A table with an entry of type 0xEE: protective, and nothing else, or two tables in one. */
static int accept_protective(const struct mbr_entry e[ENTRIES], uint64_t sectors, bool gpt,
                             struct wl_partition *ret, struct wl_finding *f)
{
	unsigned which = 0;
	for (unsigned i = 0, used = 0; i < ENTRIES; i++) {
		used += !is_empty(&e[i]);
		which = e[i].type == TYPE_GPT ? i : which;
		if (used > 1)
			return wl_refuse(f, WL_RULE_VOLUME_AMBIGUOUS,
			                 "a GPT and other partitions in one table (hybrid)");
	}
	if (e[which].start != 1 ||
	    (e[which].sectors != UINT32_MAX && e[which].sectors != sectors - 1))
		return wl_refuse(f, WL_RULE_VOLUME_TABLE_BAD,
		                 "the protective entry does not cover the medium");
	if (!gpt)
		return wl_refuse(f, WL_RULE_VOLUME_TABLE_BAD, "a protective table without its GPT");
	*ret = (struct wl_partition){.table = "gpt"};
	return 0;
}

int wl_partition_find(const uint8_t first[512], const uint8_t second[512], uint64_t sectors,
                      bool is_volume, struct wl_partition *ret, struct wl_finding *ret_finding)
{
	struct mbr_entry e[ENTRIES];
	bool gpt = memcmp(second, "EFI PART", 8) == 0;
	bool signed_sector = first[510] == 0x55 && first[511] == 0xAA;
	unsigned which;
	read_entries(first, e);
	if (signed_sector && !is_volume)
		for (unsigned i = 0; i < ENTRIES; i++)
			if (e[i].type == TYPE_GPT)
				return accept_protective(e, sectors, gpt, ret, ret_finding);
	if (gpt)
		return wl_refuse(ret_finding, WL_RULE_VOLUME_AMBIGUOUS,
		                 "a GPT header in sector 1 without its protective MBR");
	if (is_volume)
		return accept_bare(e, sectors, ret, ret_finding);
	if (is_all_zero(first, 512))
		return wl_refuse(ret_finding, WL_RULE_VOLUME_NONE, "the first sector is empty");
	if (!signed_sector)
		return wl_refuse(ret_finding, WL_RULE_VOLUME_UNKNOWN,
		                 "neither a partition table nor a file system that is known here");
	int r = check_table(e, sectors, &which, ret_finding);
	if (r < 0)
		return r;
	if (e[which].start == 0)
		return wl_refuse(ret_finding, WL_RULE_VOLUME_TABLE_BAD,
		                 "entry %u starts at sector 0, where the table is", which + 1);
	*ret = (struct wl_partition){.table = "mbr",
	                             .start = e[which].start,
	                             .sectors = e[which].sectors,
	                             .type = e[which].type};
	return 0;
}
