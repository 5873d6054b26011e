/*
 * Marks of volumes that are not read here, so that a refusal says what the medium is.
 *
 * Runs in read-medium (worker-volume), on sectors the attacker controls. A mark never lets anything
 * pass: it only chooses the words of a refusal. Writes nothing, so power does not matter.
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
};

/* In the order of their sectors. The GUIDs are BitLocker's: a whole volume (Windows 7 and later),
 * and BitLocker To Go, which dresses up as FAT32. */
static const struct magic magics[] = {
        {0, 0, 6, "LUKS\xba\xbe", WL_RULE_MEDIUM_ENCRYPTED, "a LUKS volume"},
        {0, 3, 8, "-FVE-FS-", WL_RULE_MEDIUM_ENCRYPTED, "a BitLocker volume"},
        {0, 0x1A8, 16, "\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99\xf6\xa3\x39\xe3\xd0\x01",
         WL_RULE_MEDIUM_ENCRYPTED, "a BitLocker To Go volume"},
        {0, 3, 8, "EXFAT   ", WL_RULE_VOLUME_UNKNOWN, "an exFAT file system"},
        {0, 3, 8, "NTFS    ", WL_RULE_VOLUME_UNKNOWN, "an NTFS file system"},
        {0, 0, 4, "XFSB", WL_RULE_VOLUME_UNKNOWN, "an XFS file system"},
        {0, 0, 4, "hsqs", WL_RULE_VOLUME_UNKNOWN, "a squashfs file system"},
        {0, 32, 4, "NXSB", WL_RULE_VOLUME_UNKNOWN, "an APFS container"},
        {1, 0, 8, "LABELONE", WL_RULE_VOLUME_UNKNOWN, "an LVM physical volume"},
        {2, 0, 4, "\xe2\xe1\xf5\xe0", WL_RULE_VOLUME_UNKNOWN, "an EROFS file system"},
        {2, 0, 2, "H+", WL_RULE_VOLUME_UNKNOWN, "an HFS+ file system"},
        {2, 0, 2, "HX", WL_RULE_VOLUME_UNKNOWN, "an HFSX file system"},
        {2, 0x38, 2, "\x53\xef", WL_RULE_VOLUME_UNKNOWN, "an ext2, ext3 or ext4 file system"},
        {2, 0, 4, "\x10\x20\xf5\xf2", WL_RULE_VOLUME_UNKNOWN, "an F2FS file system"},
        {7, 502, 10, "SWAPSPACE2", WL_RULE_VOLUME_UNKNOWN, "Linux swap space"},
        {8, 0, 4, "\xfc\x4e\x2b\xa9", WL_RULE_VOLUME_UNKNOWN, "a member of a Linux RAID"},
        {64, 1, 5, "CD001", WL_RULE_VOLUME_UNKNOWN, "an ISO 9660 image"},
        {64, 1, 5, "BEA01", WL_RULE_VOLUME_UNKNOWN, "a UDF volume"},
        {128, 64, 8, "_BHRfS_M", WL_RULE_VOLUME_UNKNOWN, "a btrfs file system"},
};

int wl_magic_check(struct wl_device *d, uint64_t start, uint64_t sectors, bool first_only,
                   struct wl_finding *ret_finding)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(magics); i++) {
		const struct magic *m = &magics[i];
		uint8_t sector[WL_SECTOR_BYTES];
		if (m->sector >= sectors || (first_only && m->sector > 0))
			continue;
		int r = wl_device_peek(d, start + m->sector, sector);
		if (r < 0)
			return r;
		if (memcmp(sector + m->offset, m->bytes, m->size) == 0)
			return wl_refuse(ret_finding, m->rule, "%s", m->what);
	}
	return 0;
}
