/*
 * MANIFEST.sha256 exactly as `sha256sum` writes it: 64 lower-case hex digits, a space, a space or
 * '*', the path, LF; every line ended, none empty.
 *
 * The form sha256sum uses for names with a backslash or newline (a leading '\') is refused, and so
 * are CR LF, upper-case digits and a first line that begins with a byte-order mark: two readers
 * could understand them in two ways.
 */
#ifndef WL_UPDATE_MANIFEST_H
#define WL_UPDATE_MANIFEST_H

#include "daemon/base/bytes.h"
#include "daemon/base/finding.h"
#include "daemon/base/sha256.h"

struct wl_manifest_line {
	struct wl_bytes hex;  /* 64 digits */
	struct wl_bytes path; /* raw */
};

/*
 * The next line of a manifest; call while wl_reader_left() > 0. `number` counts from 1 and only
 * names the line in the detail. 0, or -EBADMSG with update.manifest-bad. Looks at no more than the
 * form: what the path says is not judged here.
 */
int wl_manifest_next(struct wl_reader *r, unsigned number, struct wl_manifest_line *ret,
                     struct wl_finding *ret_finding);

/* Called for each entry in the order of the file; a negative result ends the reading with it. */
typedef int (*wl_manifest_entry_fn)(void *user, struct wl_bytes path,
                                    const uint8_t sha256[WL_SHA256_BYTES]);

/*
 * Reads a whole manifest strictly: at least one line, at most WL_TRANSFER_FILES_MAX, paths as
 * names.h, none twice (without case). 0; -EBADMSG with update.manifest-bad; -ENOMEM; what `entry`
 * returned.
 */
int wl_manifest_read(struct wl_bytes file, wl_manifest_entry_fn entry, void *user,
                     struct wl_finding *ret_finding);

#endif
