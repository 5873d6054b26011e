/*
 * GUID partition tables.
 *
 * Runs in read-medium (worker-volume). The attacker controls both copies of the table. Systems
 * differ in which copy they believe when one is damaged, so both must be whole, in their places and
 * say the same; anything else is refused. What is read is kept by the device, so that nothing is
 * fetched twice. Writes nothing: power does not matter.
 */
#include "daemon/volume/gpt.h"

#include <string.h>

#include "daemon/base/bytes.h"

#define HEADER_BYTES  92U
#define ENTRIES       128U
#define ENTRY_BYTES   128U
#define TABLE_SECTORS (ENTRIES * ENTRY_BYTES / WL_SECTOR_BYTES)
#define REVISION      0x00010000U

/* E3C9E316-0B5C-4DB8-817D-F92DF00215AE */
static const uint8_t microsoft_reserved[16] = {0x16, 0xE3, 0xC9, 0xE3, 0x5C, 0x0B, 0xB8, 0x4D,
                                               0x81, 0x7D, 0xF9, 0x2D, 0xF0, 0x02, 0x15, 0xAE};

struct copy {
	const char *name;
	uint64_t place, other; /* where its header is, and the other one's */
	uint64_t first, last;  /* usable */
	uint64_t table;        /* where its entries begin */
	uint8_t disk[16];
	uint8_t entries[ENTRIES * ENTRY_BYTES];
};

static uint32_t crc32_add(uint32_t crc, const uint8_t *p, size_t n)
{
	crc = ~crc;
	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320U : 0);
	}
	return ~crc;
}

static int refuse(const struct copy *c, const char *what, struct wl_finding *f)
{
	return wl_refuse(f, WL_RULE_VOLUME_TABLE_BAD, "GPT, %s: %s", c->name, what);
}

/* The header's own digest is made with its own place taken for zero. */
static bool header_is_whole(const uint8_t h[WL_SECTOR_BYTES])
{
	static const uint8_t nothing[4];
	uint32_t crc = crc32_add(0, h, 16);
	crc = crc32_add(crc, nothing, sizeof(nothing));
	crc = crc32_add(crc, h + 20, HEADER_BYTES - 20);
	return crc == wl_load_u32le(h + 16);
}

static int check_header(struct copy *c, const uint8_t h[WL_SECTOR_BYTES], uint64_t sectors,
                        struct wl_finding *f)
{
	if (memcmp(h, "EFI PART", 8) != 0)
		return refuse(c, "not there", f);
	if (wl_load_u32le(h + 8) != REVISION || wl_load_u32le(h + 12) != HEADER_BYTES)
		return refuse(c, "of another version", f);
	if (!header_is_whole(h))
		return refuse(c, "its checksum is wrong", f);
	if (wl_load_u64le(h + 24) != c->place || wl_load_u64le(h + 32) != c->other)
		return refuse(c, "it says that it belongs elsewhere", f);
	if (wl_load_u32le(h + 80) != ENTRIES || wl_load_u32le(h + 84) != ENTRY_BYTES)
		return refuse(c, "not 128 entries of 128 bytes", f);
	c->first = wl_load_u64le(h + 40);
	c->last = wl_load_u64le(h + 48);
	c->table = wl_load_u64le(h + 72);
	memcpy(c->disk, h + 56, sizeof(c->disk));
	if (c->first > c->last || c->last >= sectors || c->table < 2 ||
	    c->table > sectors - TABLE_SECTORS)
		return refuse(c, "places outside the medium", f);
	/* the entries lie outside of what partitions may use */
	if (c->table + TABLE_SECTORS > c->first && c->table <= c->last)
		return refuse(c, "its entries lie where partitions may be", f);
	return 0;
}

static int read_copy(struct wl_device *d, struct copy *c, uint64_t sectors, struct wl_finding *f)
{
	uint8_t header[WL_SECTOR_BYTES];
	int r = wl_device_peek(d, c->place, header);
	if (r == 0)
		r = check_header(c, header, sectors, f);
	for (uint32_t i = 0; r == 0 && i < TABLE_SECTORS; i++)
		r = wl_device_peek(d, c->table + i, c->entries + (size_t)i * WL_SECTOR_BYTES);
	if (r == 0 && crc32_add(0, c->entries, sizeof(c->entries)) != wl_load_u32le(header + 88))
		r = refuse(c, "the checksum of its entries is wrong", f);
	return r;
}

static bool is_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

static const uint8_t *entry(const struct copy *c, unsigned i)
{
	return c->entries + (size_t)i * ENTRY_BYTES;
}

static uint64_t first_of(const uint8_t *e)
{
	return wl_load_u64le(e + 32);
}

static uint64_t last_of(const uint8_t *e)
{
	return wl_load_u64le(e + 40);
}

static int check_entry(const struct copy *c, unsigned i, struct wl_finding *f)
{
	const uint8_t *e = entry(c, i);
	if (first_of(e) < c->first || first_of(e) > last_of(e) || last_of(e) > c->last)
		return wl_refuse(f, WL_RULE_VOLUME_TABLE_BAD,
		                 "GPT, entry %u lies outside of what partitions may use", i + 1);
	for (unsigned k = 0; k < i; k++) {
		const uint8_t *o = entry(c, k);
		if (!is_zero(o, 16) && first_of(e) <= last_of(o) && first_of(o) <= last_of(e))
			return wl_refuse(f, WL_RULE_VOLUME_TABLE_BAD,
			                 "GPT, entries %u and %u overlap", k + 1, i + 1);
	}
	return 0;
}

static int choose(const struct copy *c, struct wl_partition *ret, struct wl_finding *f)
{
	unsigned used = 0, which = 0;
	for (unsigned i = 0; i < ENTRIES; i++) {
		if (is_zero(entry(c, i), 16))
			continue;
		int r = check_entry(c, i, f);
		if (r < 0)
			return r;
		if (memcmp(entry(c, i), microsoft_reserved, 16) == 0)
			continue;
		used++;
		which = i;
	}
	if (used == 0)
		return wl_refuse(f, WL_RULE_VOLUME_NONE, "the GPT has no partition for data");
	if (used > 1)
		return wl_refuse(f, WL_RULE_VOLUME_SEVERAL, "%u partitions in the GPT", used);
	const uint8_t *e = entry(c, which);
	*ret = (struct wl_partition){
	        .table = "gpt", .start = first_of(e), .sectors = last_of(e) - first_of(e) + 1};
	return 0;
}

int wl_gpt_find(struct wl_device *d, uint64_t sectors, struct wl_partition *ret,
                struct wl_finding *ret_finding)
{
	struct copy first = {.name = "first copy", .place = 1, .other = sectors - 1};
	struct copy second = {.name = "second copy", .place = sectors - 1, .other = 1};
	if (sectors < 2 * TABLE_SECTORS + 3)
		return wl_refuse(ret_finding, WL_RULE_VOLUME_TABLE_BAD,
		                 "a GPT on a medium of %llu sectors", (unsigned long long)sectors);
	int r = read_copy(d, &first, sectors, ret_finding);
	if (r == 0)
		r = read_copy(d, &second, sectors, ret_finding);
	if (r < 0)
		return r;
	if (first.first != second.first || first.last != second.last ||
	    memcmp(first.disk, second.disk, sizeof(first.disk)) != 0 ||
	    memcmp(first.entries, second.entries, sizeof(first.entries)) != 0)
		return wl_refuse(ret_finding, WL_RULE_VOLUME_AMBIGUOUS,
		                 "the two copies of the GPT differ");
	return choose(&first, ret, ret_finding);
}
