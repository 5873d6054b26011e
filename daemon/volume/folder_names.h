/* The names of one folder, long and short, to find two that a system would take for the same. */
#ifndef WL_VOLUME_FOLDER_NAMES_H
#define WL_VOLUME_FOLDER_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/finding.h"

struct wl_folder_names; /* opaque */

int wl_folder_names_new(struct wl_folder_names **ret);
struct wl_folder_names *wl_folder_names_free(struct wl_folder_names *n);
void wl_folder_names_cleanup(struct wl_folder_names **n);

/*
 * Adds one file's name and, where it has one besides, its short name (11 bytes, padded; NULL:
 * none). 0, -ENOMEM; -EBADMSG with volume.too-many-files.
 */
int wl_folder_names_add(struct wl_folder_names *n, const uint16_t *units, size_t nunits,
                        const uint8_t *short_name, struct wl_finding *ret_finding);

/* 0, or -EBADMSG with name.duplicate, naming it. Done once, after all were added. */
int wl_folder_names_check(struct wl_folder_names *n, struct wl_finding *ret_finding);

#endif
