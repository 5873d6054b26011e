/*
 * One record of a folder of ISO 9660, with what Rock Ridge says of it.
 *
 * Sources: ECMA-119 section 9.1; SUSP 1.12 and RRIP 1.12 (IEEE P1281, P1282 drafts).
 */
#ifndef WL_VOLUME_ISO_RECORD_H
#define WL_VOLUME_ISO_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/finding.h"
#include "daemon/base/limits.h"

/* How names of a tree are written. */
enum wl_iso_names { WL_ISO_PLAIN, WL_ISO_ROCK_RIDGE, WL_ISO_JOLIET };

struct wl_iso_record {
	bool is_self, is_parent; /* the first two of every folder */
	bool is_folder, goes_on; /* the next record of the same name has more of the file */
	bool is_link;            /* Rock Ridge: a symbolic link, or a device */
	bool is_moved;           /* Rock Ridge: shown elsewhere, not here */
	uint32_t block, bytes;
	uint32_t child; /* Rock Ridge: where the folder that was moved away lies; 0: nowhere */
	uint16_t units[WL_VOLUME_NAME_UNITS_MAX];
	size_t nunits;
};

/* Reading one folder's bytes. */
struct wl_iso_dir {
	const uint8_t *p;
	size_t n, pos;
	enum wl_iso_names names;
	uint8_t skip; /* of each system use area, said by SP */
	/* Rock Ridge: n bytes of a continuation area; 0, -EBADMSG, or a fault of the device. *ret
	 * is valid until the next call. */
	int (*go_on)(void *user, uint32_t block, uint32_t offset, uint32_t n, const uint8_t **ret,
	             struct wl_finding *ret_finding);
	void *user;
};

/* Whether a root folder's first record says that Rock Ridge (SUSP) is used, and the skip. */
bool wl_iso_dir_has_rock_ridge(const uint8_t *p, size_t n, uint8_t *ret_skip);

/*
 * The next record. 1 and *ret; 0 at the end; -EBADMSG with volume.folder-bad, volume.ambiguous
 * (numbers whose two byte orders differ), volume.unknown (interleaved, with extended attributes,
 * compressed), volume.hidden-stream (an associated file), name.*; faults of go_on.
 */
int wl_iso_dir_next(struct wl_iso_dir *d, struct wl_iso_record *ret,
                    struct wl_finding *ret_finding);

#endif
