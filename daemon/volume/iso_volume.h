/*
 * The descriptors of an ISO 9660 volume: where its one or two trees begin.
 *
 * Source: ECMA-119 (1987), section 8; Joliet Specification (Microsoft, 1995).
 */
#ifndef WL_VOLUME_ISO_VOLUME_H
#define WL_VOLUME_ISO_VOLUME_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/finding.h"
#include "daemon/volume/device.h"

#define WL_ISO_BLOCK_BYTES 2048U

struct wl_iso_tree {
	uint32_t block, bytes; /* of the root folder */
};

struct wl_iso_volume {
	uint32_t blocks; /* of the volume */
	struct wl_iso_tree primary, joliet;
	bool has_joliet;
	uint8_t label[32]; /* of the primary descriptor, padded with spaces */
};

/* A 32-bit number that stands in both byte orders; false where they differ. */
bool wl_iso_get_both32(const uint8_t *p, uint32_t *ret);

/* 1 where descriptors of ISO 9660 begin in the volume from sector `start`; 0; fault of the device.
 */
int wl_iso_volume_claims(struct wl_device *d, uint64_t start, uint64_t sectors);

/* Reads the descriptors (kept). 0; -EBADMSG with volume.boot-bad, volume.unknown, volume.ambiguous
 * (UDF beside it, or numbers whose two byte orders differ); faults of the device. */
int wl_iso_volume_read(struct wl_device *d, uint64_t start, uint64_t sectors,
                       struct wl_iso_volume *ret, struct wl_finding *ret_finding);

#endif
