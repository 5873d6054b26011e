/*
 * Users, folders and the disk below them.
 */
#include "client/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/base/paths.h"
#include "daemon/base/text.h"

#define FREE_WANTED WL_GIB(4)

void wl_doctor_users(struct wl_cli *cli, struct wl_finding_health *ret)
{
	static const char *const users[] = {"weighlock", "weighlock-worker", "weighlock-ledger"};
	static const char *const groups[] = {"weighlock-users", "weighlock-setup",
	                                     "weighlock-audit"};
	const char *missing = NULL;

	(void)cli;
	for (size_t i = 0; i < WL_ARRAY_LEN(users); i++) {
		if (!getpwnam(users[i]))
			missing = users[i];
	}
	for (size_t i = 0; i < WL_ARRAY_LEN(groups); i++) {
		if (!getgrnam(groups[i]))
			missing = groups[i];
	}
	if (missing)
		wl_health_set(ret, WL_HEALTH_NO, _("systemd-sysusers weighlock.conf"),
		              _("the user or group %s is missing"), missing);
	else
		wl_health_set(ret, WL_HEALTH_OK, "", _("users and groups"));
}

/* INTERFACES 10. */
static const struct {
	enum wl_path path;
	const char *below; /* behind it */
	const char *owner, *group;
	mode_t mode;
} folders[] = {
        {WL_PATH_TRUST, "", "weighlock", "weighlock", 0750},
        {WL_PATH_POLICY, "", "weighlock", "weighlock", 0750},
        {WL_PATH_VAULT, "", "weighlock", "weighlock", 0700},
        {WL_PATH_LEDGER, "", "weighlock-ledger", "weighlock-audit", 02750},
        {WL_PATH_LEDGER_STATE, "", "weighlock-ledger", "weighlock-ledger", 0700},
        {WL_PATH_LEDGER_KEYS, "", "weighlock-ledger", "weighlock-ledger", 0700},
        {WL_PATH_RUN, "/control", "weighlock", "weighlock-users", 02750},
        {WL_PATH_RUN, "/media", "root", "weighlock", 02750},
        {WL_PATH_RUN, "/spawn", "weighlock-worker", "weighlock", 02750},
        {WL_PATH_RUN, "/ledger", "weighlock-ledger", "weighlock", 02750},
        {WL_PATH_RUN, "/gate", "root", "weighlock-worker", 02750},
        {WL_PATH_RUN, "/grant", "root", "weighlock-ledger", 02750},
};

/* 0 as it should be; 1 it is not; -EACCES where this person may not see it; -ENOENT. */
static int judge_folder(size_t i, const struct stat *st)
{
	const struct passwd *user = getpwnam(folders[i].owner);
	uid_t uid = user ? user->pw_uid : (uid_t)-1;
	const struct group *group = getgrnam(folders[i].group);
	gid_t gid = group ? group->gr_gid : (gid_t)-1;

	return st->st_uid == uid && st->st_gid == gid && S_ISDIR(st->st_mode) &&
	                       (st->st_mode & 07777) == folders[i].mode
	               ? 0
	               : 1;
}

void wl_doctor_folders(struct wl_cli *cli, struct wl_finding_health *ret)
{
	size_t unseen = 0;

	for (size_t i = 0; i < WL_ARRAY_LEN(folders); i++) {
		char folder[WL_PATH_TEXT], path[WL_PATH_TEXT + 16];
		struct stat st;
		if (wl_path(folders[i].path, cli->state_dir, folder, sizeof(folder)) < 0)
			return;
		(void)snprintf(path, sizeof(path), "%s%s", folder, folders[i].below);
		if (stat(path, &st) < 0 && errno == EACCES) {
			unseen++;
		} else if (stat(path, &st) < 0) {
			wl_health_set(ret, WL_HEALTH_NO,
			              _("systemd-tmpfiles --create weighlock.conf"), "%s: %s", path,
			              strerror(errno));
			return;
		} else if (judge_folder(i, &st)) {
			wl_health_set(
			        ret, WL_HEALTH_NO, _("systemd-tmpfiles --create weighlock.conf"),
			        _("%s must belong to %s:%s with mode %04o"), path, folders[i].owner,
			        folders[i].group, (unsigned)folders[i].mode);
			return;
		}
	}
	if (unseen)
		wl_health_set(ret, WL_HEALTH_WARN, _("run weighlock doctor as root"),
		              _("%zu of %zu folders cannot be seen by you"), unseen,
		              WL_ARRAY_LEN(folders));
	else
		wl_health_set(ret, WL_HEALTH_OK, "", _("folders, their owners and modes"));
}

void wl_doctor_disk(struct wl_cli *cli, struct wl_finding_health *ret)
{
	char path[WL_PATH_TEXT], text[32];
	struct statvfs fs;

	if (wl_path(WL_PATH_STATE, cli->state_dir, path, sizeof(path)) < 0 ||
	    statvfs(path, &fs) < 0)
		return;
	uint64_t left = (uint64_t)fs.f_bavail * fs.f_frsize;
	wl_size_format(left, text, sizeof(text));
	if (left < FREE_WANTED)
		wl_health_set(ret, WL_HEALTH_WARN,
		              _("make room, or give weighlock a disk of its "
		                "own"),
		              _("only %s free in %s"), text, path);
	else
		wl_health_set(ret, WL_HEALTH_OK, "", _("%s free in %s"), text, path);
}

/* dm-crypt says so in the device's uuid; what lies below a partition of it is found by its name. */
void wl_doctor_encryption(struct wl_cli *cli, struct wl_finding_health *ret)
{
	char path[WL_PATH_TEXT], uuid_path[100];
	WL_AUTO_FREE void *uuid = NULL;
	size_t n = 0;
	struct stat st;

	if (wl_path(WL_PATH_STATE, cli->state_dir, path, sizeof(path)) < 0 || stat(path, &st) < 0)
		return;
	(void)snprintf(uuid_path, sizeof(uuid_path), "/sys/dev/block/%u:%u/dm/uuid",
	               major(st.st_dev), minor(st.st_dev));
	if (wl_file_read(AT_FDCWD, uuid_path, 256, &uuid, &n) == 0 && !strncmp(uuid, "CRYPT-", 6))
		wl_health_set(ret, WL_HEALTH_OK, "", _("%s lies on an encrypted disk (dm-crypt)"),
		              path);
	else
		wl_health_set(ret, WL_HEALTH_WARN,
		              _("install the system on an encrypted disk; a policy in operation "
		                "demands it"),
		              _("%s does not lie directly on an encrypted disk (dm-crypt)"), path);
}
