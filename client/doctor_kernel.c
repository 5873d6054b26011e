/*
 * What the kernel offers for the sandbox, whether the sandbox comes up, and the clock.
 */
#include "client/doctor.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "client/offline.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/text.h"

#define LANDLOCK_ABI_WANTED 1

/* A number from a file of /proc; -1 where there is none. */
static long number_of(const char *path)
{
	WL_AUTO_FREE void *p = NULL;
	size_t n = 0;
	if (wl_file_read(AT_FDCWD, path, 64, &p, &n) < 0)
		return -1;
	return strtol(p, NULL, 10);
}

void wl_doctor_userns(struct wl_cli *cli, struct wl_finding_health *ret)
{
	struct utsname kernel;
	long max = number_of("/proc/sys/user/max_user_namespaces");
	long unprivileged = number_of("/proc/sys/kernel/unprivileged_userns_clone");

	(void)cli;
	(void)uname(&kernel);
	if (max == 0)
		wl_health_set(ret, WL_HEALTH_NO,
		              _("set sysctl user.max_user_namespaces to 1000 or more"),
		              _("kernel %s: user namespaces are turned off"), kernel.release);
	else if (unprivileged == 0)
		wl_health_set(ret, WL_HEALTH_NO, _("set sysctl kernel.unprivileged_userns_clone=1"),
		              _("kernel %s: only root may make user namespaces"), kernel.release);
	else
		wl_health_set(ret, WL_HEALTH_OK, "", _("kernel %s: user namespaces"),
		              kernel.release);
}

void wl_doctor_landlock(struct wl_cli *cli, struct wl_finding_health *ret)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	(void)cli;
	if (abi < LANDLOCK_ABI_WANTED)
		wl_health_set(ret, WL_HEALTH_NO,
		              _("boot a kernel of 5.13 or later with lsm=landlock,… in its command "
		                "line"),
		              _("Landlock is not there"));
	else
		wl_health_set(ret, WL_HEALTH_OK, "", _("Landlock ABI %ld"), abi);
}

void wl_doctor_seccomp(struct wl_cli *cli, struct wl_finding_health *ret)
{
	unsigned action = SECCOMP_RET_KILL_PROCESS;

	(void)cli;
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0)
		wl_health_set(ret, WL_HEALTH_NO, _("boot a kernel with CONFIG_SECCOMP_FILTER"),
		              _("seccomp cannot kill a process"));
	else
		wl_health_set(ret, WL_HEALTH_OK, "", _("seccomp filters"));
}

void wl_doctor_sandbox(struct wl_cli *cli, struct wl_finding_health *ret)
{
	char status[256] = "";
	struct wl_spawn *spawn = NULL;
	struct wl_finding f = {0};
	int r = wl_offline_spawn(&spawn);

	(void)cli;
	if (r == -ENOENT) {
		wl_health_set(ret, WL_HEALTH_NO, _("install the package weighlock again"),
		              _("weighlock-spawnd is not installed"));
		return;
	}
	if (r == 0)
		r = wl_spawn_status(spawn, status, sizeof(status), &f);
	wl_spawn_free(spawn);
	if (r < 0)
		wl_health_set(ret, WL_HEALTH_NO, _("see weighlock help station.sandbox-missing"),
		              _("the sandbox does not come up: %s"),
		              f.detail[0] ? f.detail : strerror(-r));
	else
		wl_health_set(ret, WL_HEALTH_OK, "", _("sandbox: %s"), status);
}

void wl_doctor_clock(struct wl_cli *cli, struct wl_finding_health *ret)
{
	char now_text[WL_TIME_TEXT], floor_text[WL_TIME_TEXT];
	int64_t now = (int64_t)time(NULL);

	(void)cli;
	wl_time_format(now, now_text);
	wl_time_format(WL_BUILD_EPOCH, floor_text);
	if (now < WL_BUILD_EPOCH)
		wl_health_set(ret, WL_HEALTH_NO, _("set the clock; replace its battery"),
		              _("clock %s is before this build's date %s"), now_text, floor_text);
	else
		wl_health_set(ret, WL_HEALTH_OK, "", _("clock %s (not before this build's date)"),
		              now_text);
}
