/*
 * The manifest of an output: what an approver sees, what the intent names, what ledgerd keeps.
 *
 * Paths come from a medium and are escaped, so no name can forge a line. The text is a function of
 * facts and decision alone; its digest is what people approve, and everything later is compared
 * with it. Runs in the broker; the bytes go to ledgerd as a sealed memfd and are durable there.
 */
#include "policy/manifest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/ids.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"

static int print_line(FILE *out, const char *transfer, const struct wl_item *item,
                      const struct wl_item_decision *d)
{
	char hex[WL_SHA256_HEX + 1], id[WL_ID_TEXT];
	char path[3 * WL_VOLUME_PATH_BYTES_MAX + 1];
	static const uint8_t zeros[WL_SHA256_BYTES];
	int r = wl_path_escape(item->path, item->path_n, path, sizeof(path));
	if (r < 0)
		return r;
	wl_hex_encode(item->has_sha256 ? item->sha256 : zeros, WL_SHA256_BYTES, hex);
	wl_id_item(transfer, item->number, id);
	(void)fprintf(out, "%s  %" PRIu64 "  %s  %s  %s  %s\n", hex, item->size, id,
	              wl_verdict_name(d->verdict), wl_rule_id(d->rule), path);
	return 0;
}

int wl_manifest_begin(struct wl_manifest_text *ret)
{
	*ret = (struct wl_manifest_text){.text = NULL};
	ret->out = open_memstream(&ret->text, &ret->n);
	return ret->out ? 0 : -ENOMEM;
}

int wl_manifest_end(struct wl_manifest_text *m, int r, char **ret, size_t *ret_n,
                    uint8_t ret_sha256[WL_SHA256_BYTES])
{
	bool bad = ferror(m->out) != 0;
	if (fclose(m->out) != 0 || bad)
		r = r < 0 ? r : -ENOMEM;
	WL_AUTO_FREE char *owned = m->text;
	if (r >= 0 && m->n > WL_MANIFEST_BYTES_MAX)
		r = -EFBIG;
	if (r >= 0)
		r = wl_sha256_of(owned, m->n, ret_sha256);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(owned);
	*ret_n = m->n;
	return 0;
}

int wl_manifest_compose(const char *transfer, const struct wl_items *items,
                        const struct wl_decision *d, char **ret, size_t *ret_n,
                        uint8_t ret_sha256[WL_SHA256_BYTES])
{
	struct wl_manifest_text m;
	int r = wl_manifest_begin(&m);
	if (r < 0)
		return r;
	for (size_t i = 0; i < items->n && r >= 0; i++)
		if (!items->v[i].folder)
			r = print_line(m.out, transfer, &items->v[i], &d->item[i]);
	return wl_manifest_end(&m, r, ret, ret_n, ret_sha256);
}
