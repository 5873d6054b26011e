/*
 * The reader of checkpoints, receipts and cosigned checkpoints, on any bytes: what is read is
 * within its bounds, and composed again it is the text that was signed.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/text.h"
#include "daemon/update/checkpoint_claim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wl_checkpoint_claim c;
	struct wl_finding f = {0};
	char text[512], root[64];

	if (wl_checkpoint_claim_read((struct wl_bytes){data, size}, &c, &f) < 0) {
		assert(f.rule == WL_RULE_STATION_COSIGNATURE_UNREADABLE);
		return 0;
	}
	assert(c.nlines <= WL_CHECKPOINT_SIGNATURES_MAX && c.size < UINT64_C(1) << 53);
	wl_base64_encode(c.root, sizeof(c.root), root);
	int n = snprintf(text, sizeof(text), "%s\n%" PRIu64 "\n%s\n\n", c.origin, c.size, root);
	assert(n > 0 && (size_t)n < sizeof(text) && memmem(data, size, text, (size_t)n) != NULL);
	for (unsigned i = 0; i < c.nlines; i++)
		assert(c.line[i].blob_n == 64 || c.line[i].blob_n == WL_CHECKPOINT_BLOB_MAX);
	return 0;
}
