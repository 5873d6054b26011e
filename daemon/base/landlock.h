/*
 * Landlock: what is left to a process of the file system, for good.
 *
 * Every right this kernel knows is denied but those that rules give. Opening is what is asked
 * about; descriptors that are open already stay as they are.
 */
#ifndef WL_BASE_LANDLOCK_H
#define WL_BASE_LANDLOCK_H

#include <stddef.h>

/* What a rule leaves: looking into folders and reading files; also writing to and asking devices.
 */
enum wl_landlock_right { WL_LANDLOCK_READ = 1, WL_LANDLOCK_DEVICES };

struct wl_landlock_rule {
	const char *path; /* it, and everything below it; passed over where it does not exist */
	enum wl_landlock_right right;
};

/* The ABI of the running kernel, 0 without Landlock. */
int wl_landlock_abi(void);

/*
 * Denies the calling thread, and those it will start, everything but the rules; without one also
 * TCP and, where the kernel has scopes, signals and abstract sockets of others. It needs
 * no_new_privs or CAP_SYS_ADMIN. 0; -ENOSYS where the kernel has no Landlock; negative errno.
 */
int wl_landlock_restrict(const struct wl_landlock_rule *rules, size_t n);

#endif
