/* The manifests of a bag, read strictly: what a station writes, and nothing else
 * (weighlock-bag(5)). */
#ifndef WL_CLIENT_BAG_MANIFEST_H
#define WL_CLIENT_BAG_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/finding.h"

#define WL_BAG_DIGEST_MAX 64U
#define WL_BAG_NAME_MAX   200U

struct wl_bag_line {
	char path[WL_BAG_NAME_MAX + 1];
	uint8_t digest[WL_BAG_DIGEST_MAX];
};

struct wl_bag_lines {
	struct wl_bag_line *v;
	size_t n;
};

/*
 * Lines "hex  path", strictly ascending by path. `payload`: every path is below data/, of letters,
 * digits, '.', '_', '-' and '/', no name beginning with a dot; else the name of one tag file.
 * `digest_bytes`: 32 or 64. 0; -EBADMSG with bag.structure; -ENOMEM. Clear in every case.
 */
int wl_bag_lines_read(const char *name, const char *text, size_t n, size_t digest_bytes,
                      bool payload, struct wl_bag_lines *ret, struct wl_finding *ret_finding);
const struct wl_bag_line *wl_bag_lines_find(const struct wl_bag_lines *lines, const char *path);
void wl_bag_lines_clear(struct wl_bag_lines *lines);

#endif
