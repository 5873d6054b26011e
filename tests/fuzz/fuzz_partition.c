/* Fuzz target: the partition table. The input is the first two sectors, cut or padded with zeros.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/volume/partition.h"

#define MEDIUM_SECTORS 1000000U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t sectors[1024] = {0};
	struct wl_partition p = {.sectors = 0};
	struct wl_finding f = {.rule = WL_RULE_NONE};

	memcpy(sectors, data, size < sizeof(sectors) ? size : sizeof(sectors));
	for (int is_volume = 0; is_volume <= 1; is_volume++) {
		int r = wl_partition_find(sectors, sectors + 512, MEDIUM_SECTORS, is_volume, &p,
		                          &f);
		if (r == 0 && strcmp(p.table, "gpt") == 0)
			continue; /* the rest is fuzz_volume's */
		if (r == 0 ? p.start + p.sectors > MEDIUM_SECTORS || p.sectors == 0
		           : r != -EBADMSG || f.rule == WL_RULE_NONE)
			abort();
	}
	return 0;
}
