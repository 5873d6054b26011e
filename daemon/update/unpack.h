/*
 * Looking into an archive (tar, tar-gzip, zip) without writing anything of it.
 *
 * Everything is unpacked and thrown away, so that lengths, checksums and what the archive would
 * become are known; what is said of its members is a claim.
 */
#ifndef WL_UPDATE_UNPACK_H
#define WL_UPDATE_UNPACK_H

#include <stdbool.h>

#include "daemon/base/bytes.h"
#include "daemon/base/finding.h"

enum wl_archive_format { WL_ARCHIVE_TAR = 1, WL_ARCHIVE_TAR_GZIP, WL_ARCHIVE_ZIP };

/* "tar", "tar-gzip", "zip"; 0 for any other word. */
enum wl_archive_format wl_archive_format_find(const char *word);

struct wl_unpack_member {
	uint64_t item; /* from 1 */
	bool folder;
	uint64_t size;
	struct wl_bytes path; /* as in the archive; a folder without its '/' */
};

struct wl_unpack {
	int fd; /* by pread from 0; holds exactly `size` bytes */
	uint64_t size;
	enum wl_archive_format format;
	uint64_t files_max; /* entries of any kind; at most WL_ARCHIVE_ENTRIES_MAX counts */
	uint64_t bytes_max; /* all contents together; at most WL_ARCHIVE_BYTES_MAX counts */
	/* a member was read to its end; negative ends the reading with it */
	int (*member)(void *user, const struct wl_unpack_member *member);
	/* now and then; may be NULL */
	int (*progress)(void *user, uint64_t done, uint64_t total);
	void *user;
};

/* Loads what libarchive and libc load on first use. Before the system-call filter. */
int wl_unpack_prepare(void);

/*
 * 0, or -EBADMSG with archive.format (not what it is said to be), archive.filter,
 * archive.truncated, archive.trailing-bytes, archive.structure (also: whatever libarchive warns
 * of), archive.link, archive.special-file, archive.sparse, archive.encrypted, archive.too-many,
 * archive.bomb, archive.duplicate, and the rules of names.h; -EIO, -ENOMEM. *ret_item is the member
 * the finding is about, 0 for the whole.
 */
int wl_unpack_look(const struct wl_unpack *order, uint64_t *ret_item,
                   struct wl_finding *ret_finding);

#endif
