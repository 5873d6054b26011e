/*
 * The table of methods and the test of a caller against it (weighlockd).
 *
 * The attacker is an account with a role too few, or with none. Nothing is open by default: a
 * method has the roles its row names and no others. Pure, no memory of its own.
 */
#include "daemon/broker/methods.h"

#include <string.h>

#define A(name, kind, max) {name, WL_ARG_##kind, true, max}
#define O(name, kind, max) {name, WL_ARG_##kind, false, max}
#define METHOD(name, handler, roles, more, ...) {name, handler, roles, more, {__VA_ARGS__}},
const struct wl_method wl_methods[] = {
#include "daemon/broker/methods.def"
	{NULL, NULL, 0, false, {{0}}}};
#undef METHOD
#undef A
#undef O

static const char *const role_names[] = {"technician", "investigator", "approver", "auditor",
					 "custodian",  "administrator", "setup",   "anybody"};

const char *wl_role_bit_name(unsigned bit)
{
	for (unsigned i = 0; i < sizeof(role_names) / sizeof(role_names[0]); i++)
		if (bit == 1U << i)
			return role_names[i];
	return "";
}

unsigned wl_role_bit_find(const char *name)
{
	for (unsigned i = 0; i < sizeof(role_names) / sizeof(role_names[0]); i++)
		if (!strcmp(role_names[i], name))
			return 1U << i;
	return 0;
}

const struct wl_method *wl_method_find(const char *name)
{
	for (const struct wl_method *m = wl_methods; m->name; m++)
		if (!strcmp(m->name, name))
			return m;
	return NULL;
}

bool wl_method_is_permitted(const struct wl_method *m, unsigned roles)
{
	return (m->roles & (roles | WL_ANYBODY)) != 0;
}

const char *wl_method_role(const struct wl_method *m)
{
	for (unsigned bit = 1; bit <= WL_SETUP; bit <<= 1)
		if (m->roles & bit)
			return wl_role_bit_name(bit);
	return "";
}
