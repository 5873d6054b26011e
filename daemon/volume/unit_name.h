/* Names on a volume: UTF-16 as FAT, exFAT and NTFS keep them, made UTF-8 or refused. */
#ifndef WL_VOLUME_UNIT_NAME_H
#define WL_VOLUME_UNIT_NAME_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/finding.h"
#include "daemon/base/limits.h"

#define WL_NAME_UTF8_MAX (3 * WL_VOLUME_NAME_UNITS_MAX)

/*
 * One name of n UTF-16 units to UTF-8 (no NUL is added). Refused: name.empty; name.too-long (more
 * than 255 units); name.encoding (a lone surrogate); name.control (C0, DEL, C1, and
 * what turns or hides letters unseen: bidi controls, zero width, line separators); name.reserved
 * ("." and "..", one of " * / : < > ? \ |, a dot or space at the end, which Windows drops). 0,
 * -EBADMSG.
 */
int wl_unit_name_to_utf8(const uint16_t *units, size_t n, char ret[WL_NAME_UTF8_MAX],
                         size_t *ret_size, struct wl_finding *ret_finding);

/* The other way, with the same refusals (name.encoding: not strict UTF-8). 0, -EBADMSG. */
int wl_unit_name_from_utf8(const char *name, size_t size, uint16_t ret[WL_VOLUME_NAME_UNITS_MAX],
                           size_t *ret_units, struct wl_finding *ret_finding);

/*
 * The form in which two names of one folder are compared: what Windows takes for the same name has
 * the same form. One unit to one unit, as FAT and NTFS do it; covers Latin (ASCII, Latin-1,
 * Extended-A, Additional), Greek, Cyrillic, Armenian and the wide letters.
 */
uint16_t wl_unit_fold(uint16_t unit);

#endif
