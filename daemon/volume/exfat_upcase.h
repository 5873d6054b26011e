/* The up-case table of exFAT: which letters a volume takes for the same, and the hash of names. */
#ifndef WL_VOLUME_EXFAT_UPCASE_H
#define WL_VOLUME_EXFAT_UPCASE_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/finding.h"

#define WL_EXFAT_UPCASE_UNITS     65536U
#define WL_EXFAT_UPCASE_BYTES_MAX ((size_t)2 * WL_EXFAT_UPCASE_UNITS)

/*
 * The compressed table of n bytes, as it lies on a volume, spread out. 0; -EBADMSG with
 * volume.folder-bad (checksum, or more or other than 65,536 units) or volume.ambiguous (it does not
 * take ASCII as every system does).
 */
int wl_exfat_upcase_read(const uint8_t *p, size_t n, uint32_t checksum,
                         uint16_t ret[WL_EXFAT_UPCASE_UNITS], struct wl_finding *ret_finding);

/* The table of volumes of ours, compressed; how many bytes of `ret` are used. Its letters are those
 * of wl_unit_fold. */
size_t wl_exfat_upcase_write(uint8_t ret[WL_EXFAT_UPCASE_BYTES_MAX]);

uint32_t wl_exfat_upcase_checksum(const uint8_t *p, size_t n);

/* The hash of a name; table NULL: that of volumes of ours. */
uint16_t wl_exfat_name_hash(const uint16_t *units, size_t n, const uint16_t *table);

#endif
