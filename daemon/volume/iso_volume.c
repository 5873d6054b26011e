/*
 * Volume descriptors of ISO 9660.
 *
 * Runs in read-medium (worker-volume). The attacker controls every descriptor. Numbers that stand
 * twice must be the same twice, because systems differ in which they read; a UDF volume behind the
 * descriptors (a bridge disc) is a second volume and refused. Writes nothing: power does not
 * matter.
 */
#include "daemon/volume/iso_volume.h"

#include <string.h>

#include "daemon/base/bytes.h"

#define FIRST_BLOCK     16U
#define DESCRIPTORS_MAX 16U
#define BLOCK_SECTORS   (WL_ISO_BLOCK_BYTES / WL_SECTOR_BYTES)

enum type { TYPE_BOOT = 0, TYPE_PRIMARY = 1, TYPE_SUPPLEMENTARY = 2, TYPE_END = 255 };

bool wl_iso_get_both32(const uint8_t *p, uint32_t *ret)
{
	uint32_t big = (uint32_t)p[4] << 24 | (uint32_t)p[5] << 16 | (uint32_t)p[6] << 8 | p[7];
	*ret = wl_load_u32le(p);
	return *ret == big;
}

static int peek_block(struct wl_device *d, uint64_t start, uint32_t block,
                      uint8_t ret[WL_ISO_BLOCK_BYTES])
{
	int r = 0;
	for (uint32_t i = 0; r == 0 && i < BLOCK_SECTORS; i++)
		r = wl_device_peek(d, start + (uint64_t)block * BLOCK_SECTORS + i,
		                   ret + (size_t)i * WL_SECTOR_BYTES);
	return r;
}

static bool is_descriptor(const uint8_t *b)
{
	return memcmp(b + 1, "CD001", 5) == 0;
}

int wl_iso_volume_claims(struct wl_device *d, uint64_t start, uint64_t sectors)
{
	uint8_t sector[WL_SECTOR_BYTES];
	if (sectors < (FIRST_BLOCK + 2) * BLOCK_SECTORS)
		return 0;
	int r = wl_device_peek(d, start + (uint64_t)FIRST_BLOCK * BLOCK_SECTORS, sector);
	return r < 0 ? r : is_descriptor(sector);
}

static int refuse(enum wl_rule rule, const char *what, struct wl_finding *f)
{
	return wl_refuse(f, rule, "descriptors of ISO 9660: %s", what);
}

static int take_tree(const uint8_t *b, uint32_t blocks, struct wl_iso_tree *ret,
                     struct wl_finding *f)
{
	const uint8_t *root = b + 156;
	if (b[128] != 0 || b[129] != 8 || b[130] != 8 || b[131] != 0)
		return refuse(WL_RULE_VOLUME_UNKNOWN, "blocks of other than 2,048 bytes", f);
	if (!wl_iso_get_both32(root + 2, &ret->block) || !wl_iso_get_both32(root + 10, &ret->bytes))
		return refuse(WL_RULE_VOLUME_AMBIGUOUS, "the root folder differs by order of bytes",
		              f);
	if (root[0] < 34 || ret->bytes == 0 || ret->block >= blocks)
		return refuse(WL_RULE_VOLUME_BOOT_BAD, "the root folder lies outside", f);
	return 0;
}

static int take_primary(const uint8_t *b, uint64_t sectors, struct wl_iso_volume *ret,
                        struct wl_finding *f)
{
	if (ret->blocks != 0)
		return refuse(WL_RULE_VOLUME_AMBIGUOUS, "two primary ones", f);
	if (!wl_iso_get_both32(b + 80, &ret->blocks))
		return refuse(WL_RULE_VOLUME_AMBIGUOUS, "the size differs by order of bytes", f);
	if (ret->blocks <= FIRST_BLOCK || ret->blocks > sectors / BLOCK_SECTORS)
		return wl_refuse(f, WL_RULE_VOLUME_BOOT_BAD,
		                 "descriptors of ISO 9660: %u blocks, where there is room for %llu",
		                 ret->blocks, (unsigned long long)sectors / BLOCK_SECTORS);
	memcpy(ret->label, b + 40, sizeof(ret->label));
	return take_tree(b, ret->blocks, &ret->primary, f);
}

/* Joliet says by an escape sequence that its names are UCS-2; other supplementary trees are not
 * read by anybody. */
static int take_supplementary(const uint8_t *b, struct wl_iso_volume *ret, struct wl_finding *f)
{
	const uint8_t *escape = b + 88;
	uint32_t blocks;
	if (escape[0] != '%' || escape[1] != '/' || !memchr("@CE", escape[2], 3))
		return 0;
	if (ret->has_joliet || ret->blocks == 0)
		return refuse(WL_RULE_VOLUME_AMBIGUOUS, "Joliet twice, or before the primary one",
		              f);
	if (!wl_iso_get_both32(b + 80, &blocks) || blocks != ret->blocks)
		return refuse(WL_RULE_VOLUME_AMBIGUOUS, "the sizes differ", f);
	ret->has_joliet = true;
	return take_tree(b, ret->blocks, &ret->joliet, f);
}

static int check_no_udf(struct wl_device *d, uint64_t start, uint64_t sectors, uint32_t block,
                        struct wl_finding *f)
{
	uint8_t sector[WL_SECTOR_BYTES];
	if (((uint64_t)block + 1) * BLOCK_SECTORS > sectors)
		return 0;
	int r = wl_device_peek(d, start + (uint64_t)block * BLOCK_SECTORS, sector);
	if (r == 0 && memcmp(sector + 1, "BEA01", 5) == 0)
		return refuse(WL_RULE_VOLUME_AMBIGUOUS, "a UDF volume behind them", f);
	return r;
}

int wl_iso_volume_read(struct wl_device *d, uint64_t start, uint64_t sectors,
                       struct wl_iso_volume *ret, struct wl_finding *ret_finding)
{
	*ret = (struct wl_iso_volume){.blocks = 0};
	for (uint32_t i = 0; i < DESCRIPTORS_MAX; i++) {
		uint8_t b[WL_ISO_BLOCK_BYTES];
		if (((uint64_t)FIRST_BLOCK + i + 1) * BLOCK_SECTORS > sectors)
			break;
		int r = peek_block(d, start, FIRST_BLOCK + i, b);
		if (r < 0)
			return r;
		if (!is_descriptor(b))
			break;
		if (b[0] == TYPE_END)
			return ret->blocks ? check_no_udf(d, start, sectors, FIRST_BLOCK + i + 1,
			                                  ret_finding)
			                   : refuse(WL_RULE_VOLUME_BOOT_BAD, "no primary one",
			                            ret_finding);
		if (b[0] == TYPE_PRIMARY)
			r = take_primary(b, sectors, ret, ret_finding);
		else if (b[0] == TYPE_SUPPLEMENTARY)
			r = take_supplementary(b, ret, ret_finding);
		else if (b[0] != TYPE_BOOT)
			r = refuse(WL_RULE_VOLUME_UNKNOWN, "one of a kind not known here",
			           ret_finding);
		if (r < 0)
			return r;
	}
	return refuse(WL_RULE_VOLUME_BOOT_BAD, "they have no end", ret_finding);
}
