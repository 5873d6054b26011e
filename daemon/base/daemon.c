/*
 * Hardening, users and notification of the daemons; see daemon.h.
 *
 * Runs first in each daemon's main, before anything from outside is read. A step that fails ends
 * the daemon: it never runs with less than all of it.
 */
#include "daemon/base/daemon.h"

#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/daemon_denied.h"

static int no_core(enum wl_daemon which)
{
	struct rlimit none = {0, 0};

	(void)which;
	return setrlimit(RLIMIT_CORE, &none) < 0 ? -errno : 0;
}

static int hide_memory(enum wl_daemon which)
{
	(void)which;
#ifdef WL_SANITIZERS
	return 0;
#else
	return prctl(PR_SET_DUMPABLE, 0) < 0 ? -errno : 0;
#endif
}

static int no_new_privileges(enum wl_daemon which)
{
	(void)which;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static int drop_capabilities(enum wl_daemon which)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	if (capng_get_caps_process() < 0)
		return -EPERM;
	bool may_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	capng_clear(CAPNG_SELECT_BOTH);
	if (which == WL_DAEMON_MEDIA &&
	    capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
	                 CAP_SYS_ADMIN) < 0)
		return -EPERM;
	/* without CAP_SETPCAP the set cannot be emptied, and with no_new_privs gives nothing */
	return capng_apply(may_bound ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) < 0 ? -EPERM : 0;
}

static int set_process(enum wl_daemon which)
{
	(void)which;
	(void)umask(0027);
	return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -errno : 0;
}

static const struct {
	const char *name;
	int (*apply)(enum wl_daemon which);
} steps[] = {
        {"no core file", no_core},
        {"memory hidden", hide_memory},
        {"umask and signals", set_process},
        {"capabilities", drop_capabilities},
        {"no new privileges", no_new_privileges},
        {"denied system calls", wl_daemon_deny_calls},
};

int wl_daemon_harden(enum wl_daemon which, const char **ret_step)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(steps); i++) {
		int r = steps[i].apply(which);
		if (r < 0) {
			*ret_step = steps[i].name;
			return r;
		}
	}
	return 0;
}

int wl_daemon_user(const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
	struct passwd *found = getpwnam(name);

	if (!found)
		return -ENOENT;
	*ret_uid = found->pw_uid;
	if (ret_gid)
		*ret_gid = found->pw_gid;
	return 0;
}

void wl_daemon_ready(const char *status)
{
	(void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void wl_daemon_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}
