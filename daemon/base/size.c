/* Sizes for people: decimal units, three digits, always a point; see text.h. No hostile input. */
#include <stdio.h>
#include <string.h>

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

void wl_size_format_less(uint64_t there, uint64_t needed, char *buf, size_t size)
{
	char less[32], more[32];

	wl_size_format(there, less, sizeof(less));
	wl_size_format(needed, more, sizeof(more));
	if (strcmp(less, more) != 0)
		(void)snprintf(buf, size, "%s < %s", less, more);
	else
		(void)snprintf(buf, size, "%llu B < %llu B", (unsigned long long)there,
		               (unsigned long long)needed);
}
