/*
 * Names inside archives and manifests: what a path may look like, and when two are the same.
 *
 * Paths are compared without case and must be in Unicode normal form, because the destination is a
 * FAT volume read by Windows: what is two files here must be two files there. Which characters are
 * allowed stands in name_table.def.
 */
#ifndef WL_UPDATE_NAMES_H
#define WL_UPDATE_NAMES_H

#include "daemon/base/bytes.h"
#include "daemon/base/finding.h"

/*
 * A relative path with '/' between its parts. One '/' at the end is allowed where `folder`.
 * 0, or -EBADMSG with the first of: archive.path-absolute (leading '/' or '\', drive letter),
 * archive.path-parent (".." between '/' or '\'), name.empty (nothing, an empty part or "."),
 * name.too-long (path 240 bytes, part 200, depth 16: limits.h), name.control (C0, C1, DEL, bidi and
 * zero-width characters), name.encoding (not UTF-8, or a character that has another form or is not
 * in the table), name.reserved (\ : * ? " < > |, a dot or space at the end of a part or a space at
 * its beginning, device names of DOS and Windows with or without extension).
 */
int wl_name_check(struct wl_bytes path, bool folder, struct wl_finding *ret_finding);

/* Only whether a path leads out of its folder: 0, archive.path-absolute or archive.path-parent. */
int wl_name_check_direction(struct wl_bytes path, struct wl_finding *ret_finding);

/* The case-folded code point; the same for any two a FAT volume would hold equal. */
uint32_t wl_name_fold(uint32_t code_point);

struct wl_name_set; /* opaque: the paths of one archive or manifest */

struct wl_name_set *wl_name_set_new(void);                     /* NULL without memory */
struct wl_name_set *wl_name_set_free(struct wl_name_set *set); /* accepts NULL; returns NULL */

/*
 * Adds a path that wl_name_check let pass. 0; -EBADMSG with archive.duplicate where it is there
 * already (without case), where a file stands at one of its folders or it is itself a folder of
 * another, or where the same folder is written in another case; -ENOMEM.
 */
int wl_name_set_add(struct wl_name_set *set, struct wl_bytes path, bool folder,
                    struct wl_finding *ret_finding);

#endif
