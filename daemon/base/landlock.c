/*
 * Landlock with every right this kernel knows, and few or no rules; see landlock.h.
 *
 * Runs in workers before any byte from outside, with no rule: nothing can be opened, bound,
 * connected or signalled any more, whatever the root looks like. Runs in weighlock-mediad before
 * its first connection, with a rule for each folder it needs. Debian 12 has ABI 2; the rights of
 * later ones are asked for where the kernel has them.
 */
#include "daemon/base/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"

#define CREATE_RULESET_VERSION 1U
#define RULE_PATH_BENEATH      1U
#define BITS(n)                ((UINT64_C(1) << (n)) - 1)

/* Rights on files, as the kernel numbers them. */
#define WRITE_FILE (UINT64_C(1) << 1)
#define READ_FILE  (UINT64_C(1) << 2)
#define READ_DIR   (UINT64_C(1) << 3)
#define IOCTL_DEV  (UINT64_C(1) << 15)

/* As the kernel's header has them; older kernels take less of the first. */
struct ruleset {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};
struct path_beneath {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));

/* What each ABI knows: how many rights on files, on ports, how many scopes, how long a ruleset. */
static const struct {
	unsigned fs, net, scopes;
	size_t size;
} abis[] = {
        {0, 0, 0, 0},   {13, 0, 0, 8},  {14, 0, 0, 8},  {15, 0, 0, 8},
        {15, 2, 0, 16}, {16, 2, 0, 16}, {16, 2, 2, 24},
};

static const uint64_t rights[] = {
        [WL_LANDLOCK_READ] = READ_FILE | READ_DIR,
        [WL_LANDLOCK_DEVICES] = READ_FILE | READ_DIR | WRITE_FILE | IOCTL_DEV,
};

int wl_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

static int add_rule(int ruleset, const struct wl_landlock_rule *rule, uint64_t known)
{
	WL_AUTO_CLOSE int fd = open(rule->path, O_PATH | O_CLOEXEC);
	const struct path_beneath beneath = {.allowed_access = rights[rule->right] & known,
	                                     .parent_fd = fd};

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &beneath, 0U) < 0)
		return -errno;
	return 0;
}

int wl_landlock_restrict(const struct wl_landlock_rule *rules, size_t n)
{
	int abi = wl_landlock_abi(), r = 0;

	if (abi < 1)
		return -ENOSYS;
	if ((size_t)abi >= WL_ARRAY_LEN(abis))
		abi = (int)WL_ARRAY_LEN(abis) - 1;
	struct ruleset all = {.handled_access_fs = BITS(abis[abi].fs),
	                      .handled_access_net = BITS(abis[abi].net),
	                      .scoped = n ? 0 : BITS(abis[abi].scopes)};
	WL_AUTO_CLOSE int fd = (int)syscall(SYS_landlock_create_ruleset, &all, abis[abi].size, 0U);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_rule(fd, &rules[i], all.handled_access_fs);
	if (r == 0 && syscall(SYS_landlock_restrict_self, fd, 0U) < 0)
		r = -errno;
	return r;
}
