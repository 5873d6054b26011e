/*
 * Manifests of outputs (INTERFACES 6): one line per item,
 * "sha256  bytes  item  verdict  rule  path\n", sorted by item, kept at manifests/<sha256>.
 */
#ifndef WL_LEDGER_MANIFEST_H
#define WL_LEDGER_MANIFEST_H

#include <stdint.h>

#include "daemon/base/finding.h"
#include "daemon/base/ids.h"
#include "daemon/base/rules.h"
#include "daemon/base/sha256.h"

#define WL_MANIFEST_PATH_MAX 3072 /* 1024 bytes, each as %XX */

struct wl_manifest_line {
	char sha256[WL_SHA256_HEX + 1];
	uint64_t bytes;
	char item[WL_ID_TEXT];
	enum wl_verdict verdict;
	enum wl_rule rule;
	char path[WL_MANIFEST_PATH_MAX + 1]; /* escaped, as it stands */
};

/*
 * Reads every line of `fd` from its beginning and gives each to `each` (may be NULL; what it
 * returns below 0 ends the walk). Items must ascend and belong to `transfer`. 0; -EINVAL with the
 * line's number in ret_finding->detail; other negative errno.
 */
int wl_manifest_walk(int fd, const char *transfer,
                     int (*each)(void *user, const struct wl_manifest_line *line), void *user,
                     struct wl_finding *ret_finding);

/* Takes a sealed memfd whose SHA-256 must be `sha256`: checks every line, then stores it durably in
 * `dirfd`. -EPERM not sealed, -EFBIG, -EINVAL. */
int wl_manifest_store(int dirfd, int fd, const char *sha256, const char *transfer,
                      struct wl_finding *ret_finding);
/* Opens a stored manifest for reading. -ENOENT, -EUCLEAN where its digest is no longer its name. */
int wl_manifest_open(int dirfd, const char *sha256, int *ret_fd);

#endif
