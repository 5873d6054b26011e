/*
 * The strict structure of a tar file (POSIX ustar and pax, GNU long names), walked beside
 * libarchive.
 *
 * A tar file can say a member's name and size twice: in its header, and in a pax record or a long
 * name before it. Programs differ in which they believe, in what they do with a NUL in a name, with
 * types they do not know and with what follows the end. Here both must be harmless, and everything
 * not known is refused.
 */
#ifndef WL_UPDATE_TAR_STRUCTURE_H
#define WL_UPDATE_TAR_STRUCTURE_H

#include <stdint.h>

#include "daemon/base/bytes.h"
#include "daemon/base/finding.h"

/* Of a pax header or a long name. */
#define WL_TAR_EXTENSION_BYTES_MAX (64U << 10)

struct wl_tar_walk; /* opaque */

struct wl_tar_walk *wl_tar_walk_new(void);                   /* NULL without memory */
struct wl_tar_walk *wl_tar_walk_free(struct wl_tar_walk *w); /* accepts NULL; returns NULL */

/*
 * The next bytes of the (unpacked) file. 0, or -EBADMSG with archive.format (its first block is no
 * tar header), archive.structure, archive.link, archive.special-file, archive.sparse,
 * archive.trailing-bytes, and the rules of wl_name_check. After a refusal do not feed it again.
 */
int wl_tar_walk_feed(struct wl_tar_walk *w, const void *p, size_t n,
                     struct wl_finding *ret_finding);

/* At the end of the file: two blocks of zeros have been there, and a whole number of blocks.
 * 0, or -EBADMSG with archive.truncated. */
int wl_tar_walk_end(const struct wl_tar_walk *w, struct wl_finding *ret_finding);

/* Members whose headers have been seen. */
uint64_t wl_tar_walk_members(const struct wl_tar_walk *w);

#endif
