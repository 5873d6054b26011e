/*
 * The system calls that daemons may not make, by libseccomp from daemon_denied.def; see daemon.h.
 *
 * A list of what is denied, not of what is allowed, because daemons link event loops, udev and a
 * database; what must hold is that none of them speaks to a network, traces, mounts or executes.
 * Denied calls fail rather than kill, so that a library that merely tries goes another way.
 */
#include "daemon/base/daemon_denied.h"

#include <errno.h>
#include <linux/netlink.h>
#include <seccomp.h>
#include <sys/socket.h>

#include "daemon/base/cleanup.h"

static const struct {
	int call;
	unsigned except;
} rows[] = {
#define DENIED(call, except) {SCMP_SYS(call), except},
#include "daemon/base/daemon_denied.def"
#undef DENIED
};

static void release(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
	*ctx = NULL;
}

static int deny_family(scmp_filter_ctx ctx, enum scmp_compare op, uint64_t family)
{
	const uint32_t refusal = SCMP_ACT_ERRNO(EAFNOSUPPORT);
	struct scmp_arg_cmp compare = {.arg = 0, .op = op, .datum_a = family};
	int r = seccomp_rule_add_array(ctx, refusal, SCMP_SYS(socket), 1, &compare);

	return r < 0 ? r : seccomp_rule_add_array(ctx, refusal, SCMP_SYS(socketpair), 1, &compare);
}

/* mediad: AF_UNIX (1), and AF_NETLINK (16) for uevents only. */
static int deny_families_of_media(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp not_uevents[] = {
	        {.arg = 0, .op = SCMP_CMP_EQ, .datum_a = AF_NETLINK},
	        {.arg = 2, .op = SCMP_CMP_NE, .datum_a = NETLINK_KOBJECT_UEVENT},
	};
	int r = deny_family(ctx, SCMP_CMP_GT, AF_NETLINK);

	for (uint64_t family = AF_UNSPEC; r == 0 && family < AF_NETLINK; family++)
		if (family != AF_UNIX)
			r = deny_family(ctx, SCMP_CMP_EQ, family);
	if (r == 0)
		r = seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket),
		                           WL_ARRAY_LEN(not_uevents), not_uevents);
	return r;
}

int wl_daemon_deny_calls(enum wl_daemon which)
{
	WL_CLEANUP(release) scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int r = ctx ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < WL_ARRAY_LEN(rows); i++)
		if (!(rows[i].except & (unsigned)which))
			r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), rows[i].call, 0);
	if (r == 0)
		r = which == WL_DAEMON_MEDIA ? deny_families_of_media(ctx)
		                             : deny_family(ctx, SCMP_CMP_NE, AF_UNIX);
	if (r == 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (r == 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return r < 0 ? r : seccomp_load(ctx);
}
