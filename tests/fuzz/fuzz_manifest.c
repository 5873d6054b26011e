/*
 * The reader of MANIFEST.sha256 and the comparison of lines, on any bytes: a manifest that is read
 * is always a permutation of itself, and each of its paths passes the rules of names.
 */
#include <assert.h>
#include <stdint.h>

#include "daemon/update/check_lines.h"
#include "daemon/update/manifest.h"
#include "daemon/update/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(void *user, struct wl_bytes path, const uint8_t sha256[WL_SHA256_BYTES])
{
	struct wl_finding f;

	(void)user;
	(void)sha256;
	assert(wl_name_check(path, false, &f) == 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wl_bytes all = {data, size};
	struct wl_finding f = {0};

	if (wl_manifest_read(all, take, NULL, &f) == 0)
		assert(wl_check_lines(all, all, &f) == 0);
	else
		assert(f.rule == WL_RULE_UPDATE_MANIFEST_BAD);
	(void)wl_name_check(all, true, &f);
	return 0;
}
