/* Sizes for people: decimal units, three digits, always a point; see text.h. No hostile input. */
#include <stdio.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

void wl_size_format(uint64_t bytes, char *buf, size_t size)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
	uint64_t tenths = bytes; /* of `unit`, once divided */
	size_t unit = 0;

	if (bytes < 1000) {
		(void)snprintf(buf, size, "%llu B", (unsigned long long)bytes);
		return;
	}
	tenths = bytes / 100 + (bytes % 100 >= 50 ? 1 : 0);
	while (tenths >= 9995 && unit + 1 < WL_ARRAY_LEN(units)) {
		tenths = tenths / 1000 + (tenths % 1000 >= 500 ? 1 : 0);
		unit++;
	}
	if (tenths >= 1000)
		(void)snprintf(buf, size, "%llu %s", (unsigned long long)((tenths + 5) / 10),
		               units[unit]);
	else
		(void)snprintf(buf, size, "%llu.%llu %s", (unsigned long long)(tenths / 10),
		               (unsigned long long)(tenths % 10), units[unit]);
}
