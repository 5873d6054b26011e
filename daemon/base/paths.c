/* The table of places and its prefix; see paths.h. `state` is the operator's word, not hostile. */
#include "daemon/base/paths.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *base;       /* as built */
	const char *under_root; /* below --state */
	const char *rest;
} places[WL_PATH_MAX] = {
        [WL_PATH_STATE] = {WL_STATEDIR, "/var/lib", "/weighlock"},
        [WL_PATH_TRUST] = {WL_STATEDIR, "/var/lib", "/weighlock/trust"},
        [WL_PATH_POLICY] = {WL_STATEDIR, "/var/lib", "/weighlock/policy"},
        [WL_PATH_VAULT] = {WL_STATEDIR, "/var/lib", "/weighlock/vault"},
        [WL_PATH_LEDGER] = {WL_STATEDIR, "/var/lib", "/weighlock-ledger"},
        [WL_PATH_LEDGER_STATE] = {WL_STATEDIR, "/var/lib", "/weighlock-ledger/.state"},
        [WL_PATH_LEDGER_KEYS] = {WL_STATEDIR, "/var/lib", "/weighlock-ledger/keys"},
        [WL_PATH_RUN] = {WL_RUNDIR, "/run/weighlock", ""},
        [WL_PATH_CONTROL_SOCKET] = {WL_RUNDIR, "/run/weighlock", "/control/socket"},
        [WL_PATH_MEDIA_SOCKET] = {WL_RUNDIR, "/run/weighlock", "/media/socket"},
        [WL_PATH_SPAWN_SOCKET] = {WL_RUNDIR, "/run/weighlock", "/spawn/socket"},
        [WL_PATH_LEDGER_SOCKET] = {WL_RUNDIR, "/run/weighlock", "/ledger/socket"},
        [WL_PATH_GATE_SOCKET] = {WL_RUNDIR, "/run/weighlock", "/gate/socket"},
        [WL_PATH_GRANT_SOCKET] = {WL_RUNDIR, "/run/weighlock", "/grant/socket"},
};

int wl_path(enum wl_path path, const char *state, char *buf, size_t size)
{
	if ((int)path < 0 || path >= WL_PATH_MAX)
		return -EINVAL;
	int prefixed = state && *state;
	int n = snprintf(buf, size, "%s%s%s", prefixed ? state : "",
	                 prefixed ? places[path].under_root : places[path].base, places[path].rest);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}
