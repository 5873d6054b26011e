/*
 * An empty, read-only root: after this there is no path that leads anywhere.
 *
 * Runs in the worker, in its own mount namespace, before any byte from outside. The tmpfs is laid
 * over /proc because that folder is certain to exist; the old root is then detached.
 */
#include <errno.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/spawn/sandbox_parts.h"

#define PLACE "/proc"

int wl_sandbox_empty_root(void)
{
	const unsigned long locked = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", PLACE, "tmpfs", locked, "size=4k,nr_inodes=2,mode=0555") < 0 ||
	    chdir(PLACE) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}
