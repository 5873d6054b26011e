/*
 * The strict structure of a ZIP file (APPNOTE 6.3), checked before libarchive opens it.
 *
 * Two readers of one ZIP file can see two sets of files: by the central directory or by the local
 * headers, by the first directory or by the last. Only files where all of them must see the same
 * are accepted: local headers from byte 0, one after the other in the order of the directory, equal
 * to it in every field that matters; the directory right after the last entry; its end record the
 * last 22 bytes of the file.
 */
#ifndef WL_UPDATE_ZIP_STRUCTURE_H
#define WL_UPDATE_ZIP_STRUCTURE_H

#include <stdbool.h>

#include "daemon/base/bytes.h"
#include "daemon/base/finding.h"

/* Largest central directory read into memory. */
#define WL_ZIP_DIRECTORY_BYTES_MAX (16U << 20)

struct wl_zip_entry {
	struct wl_bytes name; /* raw, as in directory and local header */
	uint64_t size;        /* unpacked, as both say */
	bool folder;
};

struct wl_zip; /* opaque: the entries, in the order of the file */

/* How the file is read: exactly n bytes at offset. 0 or negative errno. */
struct wl_zip_source {
	int (*read)(void *user, uint64_t offset, void *buf, size_t n);
	void *user;
	uint64_t size;
};

/*
 * 0; -EBADMSG with archive.format (no ZIP), archive.truncated (no end record),
 * archive.trailing-bytes (bytes after the end record), archive.too-many (over files_max),
 * archive.encrypted, archive.filter (method other than stored and deflated), archive.link,
 * archive.special-file (by the Unix mode), name.encoding (not ASCII and not marked UTF-8),
 * archive.structure (everything else, also ZIP64, comments, several disks, unknown extra fields);
 * negative errno.
 */
int wl_zip_check(const struct wl_zip_source *source, uint64_t files_max, struct wl_zip **ret,
                 struct wl_finding *ret_finding);
struct wl_zip *wl_zip_free(struct wl_zip *zip); /* accepts NULL; returns NULL */

/* The entry, or NULL past the last. */
const struct wl_zip_entry *wl_zip_entry(const struct wl_zip *zip, size_t index);

#endif
