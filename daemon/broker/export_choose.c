/*
 * Which files of a scanner's medium an export asks for (weighlockd). Pure.
 *
 * The list is a parser's claim and the names on it are hostile; the pattern is the policy's. What
 * is not chosen is never read: it is other people's pictures (requirement C-14).
 */
#include <stdlib.h>

#include "daemon/base/cleanup.h"
#include "daemon/broker/jobs.h"
#include "policy/litter.h"

size_t wl_export_choose(const struct wl_policy_device *device, const struct wl_selection *asked,
                        const struct wl_items *items, bool *ret)
{
	WL_AUTO_FREE enum wl_litter *litter = calloc(items->n + 1, sizeof(*litter));
	size_t chosen = 0;
	if (litter)
		wl_litter_judge(items, litter);
	for (size_t i = 0; i < items->n; i++) {
		const struct wl_item *item = &items->v[i];
		struct wl_scan scan;
		ret[i] = litter && !item->folder && litter[i] == WL_LITTER_NO && device &&
		         device->scan_path &&
		         wl_scan_match(device->scan_path, item->path, item->path_n, &scan) &&
		         wl_selection_has(asked, &scan);
		chosen += ret[i];
	}
	return chosen;
}

void wl_export_order_free(struct wl_export_order *o)
{
	if (!o)
		return;
	json_decref(o->recipients);
	json_decref(o->tip_exceptions);
	free(o);
}
