/* The table of kinds; see kinds.def. Constant data; the name asked for comes from the employer. */
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/spawn/spawnd.h"

static const struct wl_kind_row rows[] = {
#define KIND(name, binary, gate) {name, binary, gate},
#include "daemon/spawn/kinds.def"
#undef KIND
};

const struct wl_kind_row *wl_kind_find(const char *name)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}
