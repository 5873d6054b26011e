/*
 * The fact "this manifest lists exactly these files with these digests" (DESIGN 2).
 */
#ifndef WL_UPDATE_CHECK_LINES_H
#define WL_UPDATE_CHECK_LINES_H

#include "daemon/base/bytes.h"
#include "daemon/base/finding.h"

/*
 * `manifest` (the vault's copy of the vendor's) is, line by line, a permutation of `expected` (what
 * the broker composed from digests it knows: `hex␠␠path LF`); a line of the manifest may have '*'
 * for the second space. 0; -EBADMSG with update.manifest-bad (not such lines, too many, one twice),
 * else the first of update.file-extra (an expected file is not in the manifest),
 * update.file-missing (the manifest lists a file that was not expected), update.file-changed (the
 * same path with another digest); -EINVAL where `expected` itself is not such lines; -ENOMEM.
 */
int wl_check_lines(struct wl_bytes expected, struct wl_bytes manifest,
                   struct wl_finding *ret_finding);

#endif
