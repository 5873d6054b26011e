/*
 * Marks of volumes that are not read here, so that a refusal says what the medium is.
 *
 * Runs in read-medium (worker-volume), on sectors the attacker controls. A mark never lets anything
 * pass: it only refuses, or chooses the words of a refusal. Nothing behind a mark is parsed. Writes
 * nothing, so power does not matter.
 */
#include "daemon/volume/magic.h"

#include <string.h>

#include "daemon/base/cleanup.h"

struct magic {
	uint32_t sector; /* of the volume */
	uint16_t offset; /* in that sector */
	uint8_t size;
	const char *bytes;
	enum wl_rule rule;
	const char *what;
	/* a short mark has a second one in the same sector, so that chance does not make it */
	uint16_t offset2;
	uint8_t size2;
	const char *bytes2;
};

#define ENCRYPTED WL_RULE_MEDIUM_ENCRYPTED
#define UNKNOWN   WL_RULE_VOLUME_UNKNOWN

#define ENDS_SECTORS_MIN 1024U /* no smaller medium is a member of a RAID */

/* In the order of their sectors. The GUIDs are BitLocker's: a whole volume (Windows 7 and later),
 * and BitLocker To Go, which dresses up as FAT32. */
static const struct magic magics[] = {
        {0, 0, 8, "LUKS\xba\xbe\0\1", ENCRYPTED, "a LUKS1 volume", 0, 0, NULL},
        {0, 0, 8, "LUKS\xba\xbe\0\2", ENCRYPTED, "a LUKS2 volume", 0, 0, NULL},
        {0, 0, 6, "LUKS\xba\xbe", ENCRYPTED, "a LUKS volume", 0, 0, NULL},
        {0, 3, 8, "-FVE-FS-", ENCRYPTED, "a BitLocker volume", 0, 0, NULL},
        {0, 0x1A8, 16, "\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99\xf6\xa3\x39\xe3\xd0\x01",
         ENCRYPTED, "a BitLocker To Go volume", 0, 0, NULL},
        {0, 3, 8, "ReFS\0\0\0\0", UNKNOWN, "a ReFS file system", 0, 0, NULL},
        {0, 0, 4, "XFSB", UNKNOWN, "an XFS file system", 0, 0, NULL},
        {0, 0, 4, "hsqs", UNKNOWN, "a squashfs file system", 0, 0, NULL},
        {0, 32, 4, "NXSB", UNKNOWN, "an APFS container", 0, 0, NULL},
        {0, 0, 8, "LABELONE", UNKNOWN, "an LVM physical volume", 0, 0, NULL},
        {0, 0, 4, "\xfc\x4e\x2b\xa9", UNKNOWN, "a member of a Linux RAID (md)", 4, 4, "\1\0\0\0"},
        {1, 0, 8, "LABELONE", UNKNOWN, "an LVM physical volume", 0, 0, NULL},
        {2, 0, 8, "LABELONE", UNKNOWN, "an LVM physical volume", 0, 0, NULL},
        {2, 0, 4, "\xe2\xe1\xf5\xe0", UNKNOWN, "an EROFS file system", 0, 0, NULL},
        {2, 0, 4, "H+\0\4", UNKNOWN, "an HFS+ file system", 0, 0, NULL},
        {2, 0, 4, "HX\0\5", UNKNOWN, "an HFSX file system", 0, 0, NULL},
        {2, 0x38, 2, "\x53\xef", UNKNOWN, "an ext2, ext3 or ext4 file system", 0x4D, 3, "\0\0\0"},
        {2, 0, 4, "\x10\x20\xf5\xf2", UNKNOWN, "an F2FS file system", 0, 0, NULL},
        {3, 0, 8, "LABELONE", UNKNOWN, "an LVM physical volume", 0, 0, NULL},
        {7, 502, 10, "SWAPSPACE2", UNKNOWN, "Linux swap space", 0, 0, NULL},
        {8, 0, 4, "\xfc\x4e\x2b\xa9", UNKNOWN, "a member of a Linux RAID (md)", 4, 4, "\1\0\0\0"},
        {32, 24, 7, "version", UNKNOWN, "a member of a ZFS pool", 0, 2, "\1\1"},
        {32, 24, 7, "version", UNKNOWN, "a member of a ZFS pool", 0, 2, "\1\0"},
        {64, 1, 5, "CD001", UNKNOWN, "an ISO 9660 image", 0, 0, NULL},
        {64, 1, 5, "BEA01", UNKNOWN, "a UDF volume", 0, 0, NULL},
        {128, 64, 8, "_BHRfS_M", UNKNOWN, "a btrfs file system", 0, 0, NULL},
};

static bool shows(const uint8_t sector[WL_SECTOR_BYTES], const struct magic *m)
{
	return memcmp(sector + m->offset, m->bytes, m->size) == 0 &&
	       (m->size2 == 0 || memcmp(sector + m->offset2, m->bytes2, m->size2) == 0);
}

static int refuse(enum wl_rule rule, bool first_sector, const char *what, const char *claimed,
                  struct wl_finding *f)
{
	if (!claimed || (rule == WL_RULE_MEDIUM_ENCRYPTED && first_sector))
		return wl_refuse(f, rule, "%s", what);
	return wl_refuse(f, WL_RULE_VOLUME_AMBIGUOUS, "%s file system and %s at once", claimed,
	                 what);
}

/* RAID of the kinds whose mark stands near the end: 0.90, and 1.0. */
static int check_ends(struct wl_device *d, uint64_t start, uint64_t sectors, const char *claimed,
                      struct wl_finding *f)
{
	if (sectors < ENDS_SECTORS_MIN)
		return 0;
	const uint64_t places[] = {sectors / 128 * 128 - 128, (sectors - 16) / 8 * 8};
	for (size_t i = 0; i < WL_ARRAY_LEN(places); i++) {
		uint8_t sector[WL_SECTOR_BYTES];
		int r = wl_device_peek(d, start + places[i], sector);
		if (r < 0)
			return r;
		if (memcmp(sector, "\xfc\x4e\x2b\xa9", 4) == 0)
			return refuse(UNKNOWN, false, "a member of a Linux RAID (md)", claimed, f);
	}
	return 0;
}

int wl_magic_check(struct wl_device *d, uint64_t start, uint64_t sectors, const char *claimed,
                   struct wl_finding *ret_finding)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(magics); i++) {
		const struct magic *m = &magics[i];
		uint8_t sector[WL_SECTOR_BYTES];
		if (m->sector >= sectors)
			continue;
		int r = wl_device_peek(d, start + m->sector, sector);
		if (r < 0)
			return r;
		if (shows(sector, m) && !(claimed && strcmp(claimed, "ISO 9660") == 0 &&
		                          m->sector == 64)) /* that is the claim itself */
			return refuse(m->rule, m->sector == 0, m->what, claimed, ret_finding);
	}
	return check_ends(d, start, sectors, claimed, ret_finding);
}

#define RANDOM_SECTORS 8U
/* Of 4,096 even bytes the sum below is 255 on average, and hardly ever above 400; of compressed
 * data with its header, or of code, it is thousands. */
#define RANDOM_SUM_MAX 400U

int wl_magic_check_random(struct wl_device *d, uint64_t start, uint64_t sectors,
                          struct wl_finding *ret_finding)
{
	uint32_t count[256] = {0};
	uint64_t sum = 0;
	for (uint32_t s = 0; s < RANDOM_SECTORS && s < sectors; s++) {
		uint8_t sector[WL_SECTOR_BYTES];
		int r = wl_device_peek(d, start + s, sector);
		if (r < 0)
			return r;
		for (size_t i = 0; i < sizeof(sector); i++)
			count[sector[i]]++;
	}
	for (size_t i = 0; i < 256; i++)
		sum += (uint64_t)count[i] * count[i];
	/* sum of (count - 16)^2 / 16 */
	uint64_t bytes = (uint64_t)RANDOM_SECTORS * WL_SECTOR_BYTES;
	if (sectors >= RANDOM_SECTORS && sum / 16 - bytes <= RANDOM_SUM_MAX)
		return wl_refuse(ret_finding, WL_RULE_MEDIUM_ENCRYPTED,
		                 "bytes without any pattern, as on an encrypted volume");
	return 0;
}
