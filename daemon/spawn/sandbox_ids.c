/*
 * The user of a worker: 0 in a user namespace where 0 is whoever runs spawnd, and nobody else is.
 *
 * Runs in spawnd's child between clone and exec. Being 0 inside gives the capabilities that the
 * worker needs to empty its own root and then gives up; outside it is an ordinary user all along.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/spawn/sandbox.h"

static int write_text(const char *path, const char *text)
{
	WL_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, text, strlen(text)); /* a map takes one write only */
	if (n < 0)
		return -errno;
	return (size_t)n == strlen(text) ? 0 : -EIO;
}

int wl_sandbox_map_ids(uid_t uid, gid_t gid)
{
	char uid_map[32], gid_map[32];

	if (prctl(PR_SET_DUMPABLE, 1) < 0)
		return -errno;
	(void)snprintf(uid_map, sizeof(uid_map), "0 %u 1\n", (unsigned)uid);
	(void)snprintf(gid_map, sizeof(gid_map), "0 %u 1\n", (unsigned)gid);
	int r = write_text("/proc/self/setgroups", "deny");
	if (r == 0)
		r = write_text("/proc/self/uid_map", uid_map);
	if (r == 0)
		r = write_text("/proc/self/gid_map", gid_map);
	return r;
}
