/*
 * Which files of a scanner's medium an export asks for: what a path says by the device's pattern
 * (`devices.*.scan_path`, requirement C-14), lists of scan ids, and windows of time across the
 * offset of the scanner's clock. Pure.
 *
 * A pattern is a path of literal characters (compared without case) and the places {scan}, {view},
 * {date}, {time} and `*`; a place or `*` never reaches over a '/'. {scan} and {view} take letters,
 * digits and '-'; {date} takes 20261123 or 2026-11-23; {time} takes 1131, 113155, 11-31 or
 * 11-31-55.
 */
#ifndef WL_POLICY_SCANS_H
#define WL_POLICY_SCANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/limits.h"

#define WL_SCAN_TEXT (WL_SCAN_ID_BYTES_MAX + 1U) /* a scan id or a view, with its NUL */

/* What a path says. Times are the scanner's own clock read as if it showed UTC. */
struct wl_scan {
	char id[WL_SCAN_TEXT]; /* "" where the pattern has no {scan} */
	char view[WL_SCAN_TEXT];
	bool has_time;
	int64_t from, to; /* the picture was taken in [from, to): a day, a minute or a second */
};

/* 0, or -EINVAL where the pattern is no pattern: an unknown place, one without {scan}, two places
 * beside each other, {time} without {date}, a place twice, too long. */
int wl_scan_pattern_check(const char *pattern);
/* Whether the whole path (raw bytes) has the form of the pattern. */
bool wl_scan_match(const char *pattern, const void *path, size_t n, struct wl_scan *ret);

struct wl_scan_range {
	char first[WL_SCAN_TEXT];
	char last[WL_SCAN_TEXT]; /* "" for a single id */
};

struct wl_scan_list {
	struct wl_scan_range v[WL_SCAN_RANGES_MAX];
	size_t n;
};

/* Adds "118820", "118820..118846" or several with ',' between. 0; -EINVAL where it is no list, a
 * range runs backwards; -E2BIG beyond WL_SCAN_RANGES_MAX or WL_SCAN_COUNT_MAX. */
int wl_scan_list_add(struct wl_scan_list *list, const char *text);
bool wl_scan_list_has(const struct wl_scan_list *list, const char *id);
/* Scan ids the list names. */
uint64_t wl_scan_list_count(const struct wl_scan_list *list);

/* Calls back with each id (or run of ids, as "118833..118835") that the list names and `found` does
 * not know. */
void wl_scan_list_missing(const struct wl_scan_list *list,
                          bool (*found)(void *user, const char *id),
                          void (*missing)(void *user, const char *ids), void *user);

/* What an export asks for: a list of scans, or everything from a moment to another. */
struct wl_selection {
	struct wl_scan_list scans; /* n > 0: these */
	bool has_window;
	int64_t from, to; /* true time, both included */
	int64_t offset_s; /* what the scanner's clock shows, read as UTC, minus the true time */
};

bool wl_selection_has(const struct wl_selection *s, const struct wl_scan *scan);

#endif
