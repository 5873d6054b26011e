/*
 * Starting spawnd for offline verbs. Hostile bytes are parsed by its workers only; this process
 * opens files, passes descriptors and writes what comes back as facts.
 */
#include "client/offline.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "client/beside.h"
#include "client/say.h"
#include "client/ticket_read.h"

/*
 * spawnd is told where the workers lie when they are not where they were built to be installed: in
 * an installation that was moved as a whole, or in a build folder.
 */
static void find_workers(void)
{
	char program[PATH_MAX];

	if (secure_getenv("WEIGHLOCK_WORKERS"))
		return;
	if (wl_beside_find("worker-tool", "", "/nonexistent", "/../libexec/weighlock", program,
	                   sizeof(program)) < 0 &&
	    wl_beside_find("worker-tool", "", WL_LIBEXECDIR, "/../daemon/worker", program,
	                   sizeof(program)) < 0)
		return;
	char *slash = strrchr(program, '/');
	if (slash) {
		*slash = 0;
		(void)setenv("WEIGHLOCK_WORKERS", program, 1);
	}
}

int wl_offline_spawn(struct wl_spawn **ret)
{
	char program[PATH_MAX];
	int r = wl_beside_find("weighlock-spawnd", "WEIGHLOCK_SPAWND", WL_SBINDIR,
	                       "/../daemon/spawn", program, sizeof(program));
	find_workers();
	return r < 0 ? r : wl_spawn_start(program, ret);
}

int wl_offline_start(const struct wl_cli *cli, struct wl_spawn **ret)
{
	int r = wl_offline_spawn(ret);

	if (r < 0) {
		int status = wl_say_failure(cli, WL_EXIT_FAULT, "Unavailable",
		                            _("weighlock-spawnd, which makes the sandbox for this, "
		                              "cannot be started: %s."),
		                            strerror(-r));
		wl_say_next(cli, true, NULL, NULL, "weighlock doctor");
		return status;
	}
	return 0;
}

void wl_offline_end(struct wl_spawn **s)
{
	*s = wl_spawn_free(*s);
}

int wl_offline_failed(const struct wl_cli *cli, const char *what, int error,
                      const struct wl_finding *finding)
{
	if (error == -EBADMSG && finding->rule != WL_RULE_NONE) {
		bool ours = !strncmp(wl_rule_id(finding->rule), "station.", 8);
		return wl_finding_say(cli, ours ? WL_EXIT_FAULT : WL_EXIT_REFUSED, what, finding);
	}
	return wl_say_failure(cli, WL_EXIT_FAULT, "IO", "%s: %s. %s", what, strerror(-error),
	                      finding->detail);
}
