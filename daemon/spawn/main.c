/*
 * weighlock-spawnd: makes every sandbox, supervises every worker.
 *
 * At the station it runs as weighlock-worker, without any capability, and takes orders from the
 * broker's user only. Offline it is started by the client on a socket pair as descriptor 3 and runs
 * as whoever called; called by root it becomes weighlock-worker, or 65534, before it reads a byte.
 * Nothing hostile is parsed here. When power goes nothing is lost: it owns nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/daemon.h"
#include "daemon/base/paths.h"
#include "daemon/spawn/spawnd.h"

#define PROGRAM     "weighlock-spawnd"
#define WORKER_USER "weighlock-worker"
#define NOBODY      65534U
#define OFFLINE_FD  3
#define WORKERS_ENV "WEIGHLOCK_WORKERS"

static const char *state, *workers, *broker = "weighlock";
static bool offline;

static const struct wl_daemon_option options[] = {
        {"state", "DIR", "keep and look for everything under DIR", &state, NULL},
        {"workers", "DIR", "where the worker binaries lie", &workers, NULL},
        {"broker-user", "NAME", "whose orders are taken (weighlock)", &broker, NULL},
        {"offline", NULL, "serve one employer on descriptor 3, without a station", NULL, &offline},
};

static int failed(const char *what, int error)
{
	wl_log_error("%s: %s", what, strerrordesc_np(-error));
	return EXIT_FAILURE;
}

/* Root never looks at anything: it becomes a user without rights. */
static int become_nobody(void)
{
	uid_t uid = NOBODY;
	gid_t gid = NOBODY;

	if (geteuid() != 0)
		return 0;
	(void)wl_daemon_user(WORKER_USER, &uid, &gid);
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return -errno;
	return 0;
}

static int open_common(struct wl_spawnd *d)
{
	const char *folder = workers;

	if (!folder && offline)
		folder = secure_getenv(WORKERS_ENV);
	if (!folder)
		folder = WL_LIBEXECDIR;
	d->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	d->workers_dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (d->null_fd < 0 || d->workers_dir < 0)
		return -errno;
	wl_zygotes_open(d); /* before rights are given up: the folder may be closed to others */
	return 0;
}

static void prepare(struct wl_spawnd *d)
{
	memset(d, 0, sizeof(*d));
	d->offline = offline;
	d->listen_fd = -1;
	d->gate_link.fd = -1;
	wl_message_init(&d->message);
	for (size_t i = 0; i < WL_SPAWN_GATES_MAX; i++)
		d->gates[i].fd = -1;
	for (size_t i = 0; i < WL_SPAWN_EMPLOYERS_MAX; i++) {
		d->employers[i].channel.fd = -1;
		memset(d->employers[i].order.slots, 0xFF, sizeof(d->employers[i].order.slots));
	}
}

static int run_offline(struct wl_spawnd *d)
{
	const char *step = NULL;
	int r = become_nobody();

	if (r < 0)
		return failed("giving up root", r);
	r = wl_daemon_harden(WL_DAEMON_SPAWN, &step);
	if (r < 0)
		return failed(step, r);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || fcntl(OFFLINE_FD, F_SETFD, FD_CLOEXEC) < 0)
		return failed("descriptor 3", -errno);
	(void)wl_employer_add(d, OFFLINE_FD);
	wl_spawnd_loop(d);
	/* waited for, so that whoever started us sees what they used */
	for (size_t i = 0; i < WL_BINARIES; i++)
		wl_zygote_end(&d->zygotes[i]);
	return EXIT_SUCCESS;
}

static int run_station(struct wl_spawnd *d)
{
	static char gate_path[WL_PATH_TEXT];
	char spawn_path[WL_PATH_TEXT];
	const char *step = NULL;
	int r = wl_daemon_harden(WL_DAEMON_SPAWN, &step);

	if (r < 0)
		return failed(step, r);
	if (geteuid() == 0)
		return failed("it does not run as root, but as " WORKER_USER, -EPERM);
	r = wl_daemon_user(broker, &d->broker_uid, NULL);
	if (r < 0)
		return failed("the broker's user", r);
	r = wl_path(WL_PATH_SPAWN_SOCKET, state, spawn_path, sizeof(spawn_path));
	if (r == 0)
		r = wl_path(WL_PATH_GATE_SOCKET, state, gate_path, sizeof(gate_path));
	if (r == 0)
		r = wl_listen(spawn_path, "spawn", SOCK_SEQPACKET, &d->listen_fd);
	if (r < 0)
		return failed("listening", r);
	d->gate_path = gate_path;
	wl_daemon_ready("waiting for work");
	wl_spawnd_loop(d);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static struct wl_spawnd d;
	int status =
	        wl_daemon_options(argc, argv, PROGRAM, "Makes sandboxes and supervises workers.",
	                          options, WL_ARRAY_LEN(options));

	if (status >= 0)
		return status;
	prepare(&d);
	int r = open_common(&d);
	if (r < 0)
		return failed("the folder of the workers", r);
	return offline ? run_offline(&d) : run_station(&d);
}
