/*
 * Up-case tables of exFAT.
 *
 * Reading runs in read-medium (worker-volume): the attacker controls the table, which is followed
 * to exactly 65,536 units and no further, and believed only for checking the volume's own hashes;
 * which names fall together is decided by our own letters. Writing runs in build-volume
 * (worker-tool). Source: exFAT specification, 7.2 and 7.6.4. Pure: power does not matter.
 */
#include "daemon/volume/exfat_upcase.h"

#include "daemon/base/bytes.h"
#include "daemon/volume/unit_name.h"

#define RUN_MARK 0xFFFFU /* before a number of units that stay as they are */
#define ASCII    128U    /* every table takes these alike */

uint32_t wl_exfat_upcase_checksum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum = (sum << 31 | sum >> 1) + p[i];
	return sum;
}

static int spread(const uint8_t *p, size_t n, uint16_t ret[WL_EXFAT_UPCASE_UNITS],
                  struct wl_finding *f)
{
	size_t unit = 0, i = 0;
	while (i + 2 <= n && unit < WL_EXFAT_UPCASE_UNITS) {
		uint16_t v = wl_load_u16le(p + i);
		i += 2;
		if (v != RUN_MARK || i + 2 > n) {
			ret[unit++] = v;
			continue;
		}
		size_t run = wl_load_u16le(p + i);
		i += 2;
		if (run > WL_EXFAT_UPCASE_UNITS - unit)
			break;
		for (; run > 0; run--, unit++)
			ret[unit] = (uint16_t)unit;
	}
	if (i != n)
		return wl_refuse(f, WL_RULE_VOLUME_FOLDER_BAD,
		                 "the up-case table does not hold 65,536 letters");
	for (; unit < WL_EXFAT_UPCASE_UNITS; unit++) /* a short table: the rest stays */
		ret[unit] = (uint16_t)unit;
	return 0;
}

int wl_exfat_upcase_read(const uint8_t *p, size_t n, uint32_t checksum,
                         uint16_t ret[WL_EXFAT_UPCASE_UNITS], struct wl_finding *ret_finding)
{
	if (wl_exfat_upcase_checksum(p, n) != checksum)
		return wl_refuse(ret_finding, WL_RULE_VOLUME_FOLDER_BAD,
		                 "the checksum of the up-case table is wrong");
	int r = spread(p, n, ret, ret_finding);
	for (uint16_t c = 0; r == 0 && c < ASCII; c++)
		if (ret[c] != (c >= 'a' && c <= 'z' ? c - 32 : c))
			r = wl_refuse(ret_finding, WL_RULE_VOLUME_AMBIGUOUS,
			              "the up-case table takes U+%04X for U+%04X", c, ret[c]);
	return r;
}

size_t wl_exfat_upcase_write(uint8_t ret[WL_EXFAT_UPCASE_BYTES_MAX])
{
	size_t n = 0;
	for (uint32_t unit = 0; unit < WL_EXFAT_UPCASE_UNITS;) {
		uint32_t run = 0;
		while (unit + run < WL_EXFAT_UPCASE_UNITS && run < RUN_MARK &&
		       wl_unit_fold((uint16_t)(unit + run)) == unit + run)
			run++;
		if (run > 2) {
			wl_store_u16le(ret + n, RUN_MARK);
			wl_store_u16le(ret + n + 2, (uint16_t)run);
			n += 4;
			unit += run;
		} else {
			wl_store_u16le(ret + n, wl_unit_fold((uint16_t)unit));
			n += 2;
			unit++;
		}
	}
	return n;
}

uint16_t wl_exfat_name_hash(const uint16_t *units, size_t n, const uint16_t *table)
{
	uint16_t hash = 0;
	for (size_t i = 0; i < n; i++) {
		uint16_t u = table ? table[units[i]] : wl_unit_fold(units[i]);
		const uint8_t bytes[] = {(uint8_t)u, (uint8_t)(u >> 8)};
		for (size_t k = 0; k < 2; k++)
			hash = (uint16_t)((uint16_t)(hash << 15 | hash >> 1) + bytes[k]);
	}
	return hash;
}
