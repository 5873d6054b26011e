/*
 * Landlock with every right this kernel knows and no rule: nothing can be opened, bound, connected
 * or signalled any more, whatever the root looks like.
 *
 * Runs in the worker before any byte from outside. Debian 12 has ABI 2; the rights of later ones
 * are asked for where the kernel has them. A kernel without Landlock is an error.
 */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/spawn/sandbox.h"
#include "daemon/spawn/sandbox_parts.h"

#define CREATE_RULESET_VERSION 1U
#define BITS(n)                ((UINT64_C(1) << (n)) - 1)

/* As the kernel's header has it; older kernels take less of it. */
struct ruleset {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

/* What each ABI knows: how many rights on files, on ports, how many scopes, how long a ruleset. */
static const struct {
	unsigned fs, net, scopes;
	size_t size;
} abis[] = {
        {0, 0, 0, 0},   {13, 0, 0, 8},  {14, 0, 0, 8},  {15, 0, 0, 8},
        {15, 2, 0, 16}, {16, 2, 0, 16}, {16, 2, 2, 24},
};

int wl_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

int wl_sandbox_landlock(void)
{
	int abi = wl_landlock_abi();

	if (abi < 1)
		return -ENOSYS;
	if ((size_t)abi >= WL_ARRAY_LEN(abis))
		abi = (int)WL_ARRAY_LEN(abis) - 1;
	struct ruleset all = {.handled_access_fs = BITS(abis[abi].fs),
	                      .handled_access_net = BITS(abis[abi].net),
	                      .scoped = BITS(abis[abi].scopes)};
	WL_AUTO_CLOSE int fd = (int)syscall(SYS_landlock_create_ruleset, &all, abis[abi].size, 0U);
	if (fd < 0 || syscall(SYS_landlock_restrict_self, fd, 0U) < 0)
		return -errno;
	return 0;
}
