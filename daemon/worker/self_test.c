/*
 * The kind `self-test`: tries from inside the sandbox what nobody may do there; see worker.h.
 *
 * Each probe should end in the death of this process; one that comes back is reported as a finding
 * station.sandbox-missing with the probe's name. `doctor --self-test` and the tests run all of
 * them. Nothing hostile is read. Runs as a job like any other, under the narrowest filter there is.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/worker/kinds.h"

static void try_socket(void)
{
	(void)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static void try_unix_socket(void)
{
	(void)syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
}

static void try_open(void)
{
	(void)syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY);
}

static void try_old_open(void)
{
	(void)syscall(SYS_open, "/", O_RDONLY);
}

static void try_stat_path(void)
{
	char room[256];

	(void)syscall(SYS_newfstatat, AT_FDCWD, "/", room, 0);
}

static void try_exec(void)
{
	static char *const none[] = {NULL};

	(void)syscall(SYS_execve, "/bin/sh", none, none);
}

static void try_ptrace(void)
{
	(void)syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
}

static void try_fork(void)
{
	if (syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) == 0)
		_exit(0);
}

static void try_kill(void)
{
	(void)syscall(SYS_kill, 1, SIGKILL);
}

static void try_map_code(void)
{
	(void)syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void try_make_code(void)
{
	static _Alignas(4096) char page[4096];

	(void)syscall(SYS_mprotect, page, sizeof(page), PROT_READ | PROT_EXEC);
}

static void try_mount(void)
{
	(void)syscall(SYS_mount, "none", "/", "tmpfs", 0, NULL);
}

static void try_namespace(void)
{
	(void)syscall(SYS_unshare, CLONE_NEWUSER);
}

static void try_raise_limit(void)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

	(void)syscall(SYS_prlimit64, 1, RLIMIT_NPROC, &all, NULL);
}

static void try_ioctl(void)
{
	(void)syscall(SYS_ioctl, WL_WORKER_INPUT_FD, 0x125DUL /* BLKROSET */, NULL);
}

static void try_duplicate(void)
{
	(void)syscall(SYS_fcntl, WL_WORKER_INPUT_FD, F_SETFL, 0);
}

/* Not killed for a call, but for its time. */
static void try_late(void)
{
	for (;;)
		(void)syscall(SYS_poll, NULL, 0, -1);
}

static void try_spin(void)
{
	for (volatile unsigned n = 0;; n = n + 1)
		;
}

static const struct {
	const char *name;
	void (*probe)(void);
} probes[] = {
        {"socket", try_socket},       {"unix-socket", try_unix_socket},
        {"open", try_open},           {"old-open", try_old_open},
        {"stat-path", try_stat_path}, {"exec", try_exec},
        {"ptrace", try_ptrace},       {"fork", try_fork},
        {"kill", try_kill},           {"map-code", try_map_code},
        {"make-code", try_make_code}, {"mount", try_mount},
        {"namespace", try_namespace}, {"raise-limit", try_raise_limit},
        {"ioctl", try_ioctl},         {"fcntl", try_duplicate},
        {"late", try_late},           {"spin", try_spin},
};

int wl_self_test_run(struct wl_worker *wk)
{
	struct wl_finding survived;
	int r = wl_worker_receive(wk);

	if (r < 0)
		return r;
	if (wk->in->id != WL_MSG_SELF_TEST)
		return -EBADMSG;
	const char *name = wl_message_text(wk->in, WL_T_NAME);
	for (size_t i = 0; i < WL_ARRAY_LEN(probes); i++)
		if (strcmp(probes[i].name, name) == 0) {
			probes[i].probe();
			(void)wl_refuse(&survived, WL_RULE_STATION_SANDBOX_MISSING,
			                "the probe %s was not stopped", probes[i].name);
			return wl_worker_finding(wk, 0, &survived);
		}
	return -ENOENT;
}
