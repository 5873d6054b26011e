/*
 * The table of methods (weighlockd).
 *
 * The attacker is an account that names methods and members at will: what is no row here does not
 * exist. Which role a method asks for stands in policy/people.c. Pure, no memory of its own.
 */
#include "daemon/broker/methods.h"

#include <string.h>

#include "daemon/base/limits.h"

#define A(name, kind, max)                                                                         \
	{                                                                                          \
		name, WL_ARG_##kind, true, max                                                     \
	}
#define O(name, kind, max)                                                                         \
	{                                                                                          \
		name, WL_ARG_##kind, false, max                                                    \
	}
#define METHOD(name, handler, more, ...) {name, handler, more, {__VA_ARGS__}},
const struct wl_method wl_methods[] = {
#include "daemon/broker/methods.def"
        {NULL, NULL, false, {{0}}}};
#undef METHOD
#undef A
#undef O

const struct wl_method *wl_method_find(const char *name)
{
	for (const struct wl_method *m = wl_methods; m->name; m++)
		if (!strcmp(m->name, name))
			return m;
	return NULL;
}
