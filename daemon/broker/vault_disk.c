/*
 * Is the vault's disk encrypted? (weighlockd)
 *
 * Asked of /sys: the block device of the vault's file system, and the devices it stands on, down to
 * a depth no sane machine reaches; one whose dm/uuid begins with CRYPT- says yes. Nobody outside
 * controls any of it; where /sys cannot be read the answer is no.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/broker/vault.h"

#define DEPTH_MAX 4U

static bool is_crypt(int device)
{
	WL_AUTO_FREE void *uuid = NULL;
	size_t n = 0;
	return wl_file_read(device, "dm/uuid", 256, &uuid, &n) == 0 && n > 6 &&
	       !memcmp(uuid, "CRYPT-", 6);
}

static bool stands_on_crypt(int device, unsigned depth)
{
	if (is_crypt(device))
		return true;
	int fd = depth == 0 ? -1 : openat(device, "slaves", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	bool found = false;
	if (!d) {
		wl_cleanup_close(&fd);
		return false;
	}
	for (struct dirent *e = readdir(d); e && !found; e = readdir(d)) {
		if (e->d_name[0] == '.')
			continue;
		WL_AUTO_CLOSE int below =
		        openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		found = below >= 0 && stands_on_crypt(below, depth - 1);
	}
	(void)closedir(d);
	return found;
}

bool wl_vault_is_encrypted(const struct wl_vault *v)
{
	struct stat st;
	char path[64];
	if (fstat(v->fd, &st) < 0)
		return false;
	(void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major(st.st_dev),
	               minor(st.st_dev));
	WL_AUTO_CLOSE int device = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (device < 0)
		return false;
	WL_AUTO_CLOSE int whole = openat(device, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return stands_on_crypt(device, DEPTH_MAX) ||
	       (whole >= 0 && stands_on_crypt(whole, DEPTH_MAX));
}
