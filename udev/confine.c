/*
 * The folders and system calls that are left to weighlock-mediad, beyond what every daemon is
 * denied (daemon.h).
 *
 * Runs once in weighlock-mediad, as root with CAP_SYS_ADMIN alone, before its first connection.
 * What is left is what libudev's enumeration, AF_UNIX sockets that are already there, and block
 * devices need; no mount, no executable memory, no other request to a device. Anything else ends
 * the process. Where the filter cannot be laid the daemon does not run.
 */
#include <errno.h>
#include <linux/fs.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/landlock.h"
#include "udev/media.h"

static const int plain_calls[] = {
        SCMP_SYS(accept4),
        SCMP_SYS(access),
        SCMP_SYS(brk),
        SCMP_SYS(clock_gettime),
        SCMP_SYS(clock_nanosleep),
        SCMP_SYS(close),
        SCMP_SYS(connect),
        SCMP_SYS(dup),
        SCMP_SYS(epoll_create1),
        SCMP_SYS(exit),
        SCMP_SYS(exit_group),
        SCMP_SYS(faccessat),
        SCMP_SYS(faccessat2),
        SCMP_SYS(fcntl),
        SCMP_SYS(fstat),
        SCMP_SYS(fstatfs),
        SCMP_SYS(fsync),
        SCMP_SYS(futex),
        SCMP_SYS(getdents64),
        SCMP_SYS(getegid),
        SCMP_SYS(getgid),
        SCMP_SYS(getpid),
        SCMP_SYS(getrandom),
        SCMP_SYS(getsockname),
        SCMP_SYS(getsockopt),
        SCMP_SYS(gettid),
        SCMP_SYS(getuid),
        SCMP_SYS(geteuid),
        SCMP_SYS(lseek),
        SCMP_SYS(lstat),
        SCMP_SYS(madvise),
        SCMP_SYS(mremap),
        SCMP_SYS(munmap),
        SCMP_SYS(nanosleep),
        SCMP_SYS(newfstatat),
        SCMP_SYS(open),
        SCMP_SYS(openat),
        SCMP_SYS(poll),
        SCMP_SYS(ppoll),
        SCMP_SYS(pread64),
        SCMP_SYS(prlimit64),
        SCMP_SYS(read),
        SCMP_SYS(readlink),
        SCMP_SYS(readlinkat),
        SCMP_SYS(recvfrom),
        SCMP_SYS(recvmsg),
        SCMP_SYS(restart_syscall),
        SCMP_SYS(rseq),
        SCMP_SYS(rt_sigaction),
        SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(rt_sigreturn),
        SCMP_SYS(sched_yield),
        SCMP_SYS(sendmsg),
        SCMP_SYS(sendto),
        SCMP_SYS(setsockopt),
        SCMP_SYS(set_robust_list),
        SCMP_SYS(sigaltstack),
        SCMP_SYS(stat),
        SCMP_SYS(statfs),
        SCMP_SYS(statx),
        SCMP_SYS(tgkill),
        SCMP_SYS(umask),
        SCMP_SYS(uname),
        SCMP_SYS(write),
        SCMP_SYS(writev),
#ifdef WL_COVERAGE
        SCMP_SYS(ftruncate),
        SCMP_SYS(mkdir),
        SCMP_SYS(getppid),
#endif
};

/* The requests on devices that device.c makes, and what stdio asks of standard error. */
static const unsigned long ioctls[] = {
        BLKROSET, BLKROGET, BLKGETSIZE64, BLKFLSBUF, _IOR(0x12, 128, uint64_t), /* BLKGETDISKSEQ */
        0x5401,                                                                 /* TCGETS */
};

static int allow_some(scmp_filter_ctx f)
{
	const struct scmp_arg_cmp unix_only = {.arg = 0, .op = SCMP_CMP_EQ, .datum_a = AF_UNIX};
	int r = 0;

	for (unsigned i = 0; r == 0 && i < WL_ARRAY_LEN(plain_calls); i++) {
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, plain_calls[i], 0);
		if (r == -EEXIST)
			r = 0;
	}
	for (unsigned i = 0; r == 0 && i < WL_ARRAY_LEN(ioctls); i++)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
		                     SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffUL, ioctls[i]));
	/* readiness is told over a datagram socket made when needed */
	if (r == 0)
		r = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, &unix_only);
	/* memory is never made executable */
	if (r == 0)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
		                     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (r == 0)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
		                     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return r;
}

/* The nodes; what the kernel says of disks and of the boot; what udev says of them. root's files
 * are out of reach, and no file anywhere can be made or removed. */
int wl_media_restrict_files(void)
{
	static const struct wl_landlock_rule rules[] = {
	        {"/dev", WL_LANDLOCK_DEVICES},
	        {"/sys", WL_LANDLOCK_READ},
	        {"/run/udev", WL_LANDLOCK_READ},
	};

	return wl_landlock_restrict(rules, WL_ARRAY_LEN(rules));
}

static void filter_release(scmp_filter_ctx *f)
{
	if (*f)
		seccomp_release(*f);
}

/* The leak check of a sanitizer build clones and traces at exit: there the list is only tried. */
#ifdef WL_SANITIZERS
#define OTHERWISE SCMP_ACT_LOG
#else
#define OTHERWISE SCMP_ACT_KILL_PROCESS
#endif

int wl_media_filter(void)
{
	WL_CLEANUP(filter_release) scmp_filter_ctx f = seccomp_init(OTHERWISE);
	int r;

	if (!f)
		return -ENOMEM;
	r = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1); /* the device thread is already there */
	if (r == 0)
		r = allow_some(f);
	if (r == 0)
		r = seccomp_load(f);
	return r;
}
