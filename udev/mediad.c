/*
 * weighlock-mediad: watches the ports, opens and shuts the gates. The only process of weighlock
 * that touches a device, and one that reads no byte of what is on it.
 *
 * Runs as root with nothing but CAP_SYS_ADMIN. Attacker-controlled: what is plugged in, when, and
 * what it says of itself (watch.c); what a compromised broker asks (gate.c). It can read and write
 * any device in a port; it can sign nothing, and writes only on a grant of ledgerd. When power goes
 * there is nothing to repair: it keeps no state on disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/daemon.h"
#include "daemon/base/fdio.h"
#include "daemon/base/paths.h"
#include "udev/media.h"

static const struct {
	enum wl_path path;
	const char *name; /* of the descriptor, where systemd opens the socket */
	const char *user; /* who may connect */
} doors[WL_DOOR_MAX] = {
        [WL_DOOR_MEDIA] = {WL_PATH_MEDIA_SOCKET, "media", "weighlock"},
        [WL_DOOR_GATE] = {WL_PATH_GATE_SOCKET, "gate", "weighlock-worker"},
        [WL_DOOR_GRANT] = {WL_PATH_GRANT_SOCKET, "grant", "weighlock-ledger"},
};

static int fail(const char *what, int error)
{
	wl_log_error("%s: %s", what, strerrorname_np(error < 0 ? -error : error));
	return EXIT_FAILURE;
}

static int listen_all(struct wl_media *m, const char *state)
{
	char path[WL_PATH_TEXT];

	for (int d = 0; d < WL_DOOR_MAX; d++) {
		int r = wl_daemon_user(doors[d].user, &m->uid[d], NULL);
		if (r < 0)
			return fail(doors[d].user, r);
		r = wl_path(doors[d].path, state, path, sizeof(path));
		if (r == 0)
			r = wl_listen(path, doors[d].name, SOCK_SEQPACKET, &m->listen_fd[d]);
		if (r < 0)
			return fail(doors[d].name, r);
	}
	return 0;
}

/* The boot id without its dashes, as grants carry it. */
static int read_boot(char ret[WL_BOOT_TEXT])
{
	WL_AUTO_CLOSE int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	char text[64] = "";
	unsigned n = 0;

	if (fd < 0)
		return -errno;
	ssize_t size = wl_read_full(fd, text, sizeof(text) - 1);
	if (size < 0)
		return (int)size;
	for (const char *c = text; *c && n < WL_BOOT_TEXT - 1; c++)
		if (strchr("0123456789abcdef", *c))
			ret[n++] = *c;
	ret[n] = '\0';
	return n == WL_BOOT_TEXT - 1 ? 0 : -EIO;
}

static int make_signal_fd(int *ret)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	*ret = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return *ret < 0 ? -errno : 0;
}

/* In this order: a gate is asked for against what udev has said and who has come until now. */
static int serve_once(struct wl_media *m, int signal_fd, bool *ret_stop)
{
	enum { SIGNAL, WATCH, THREAD, DOORS, PEERS = DOORS + WL_DOOR_MAX };
	struct pollfd p[PEERS + WL_MEDIA_PEERS];
	const struct wl_watched watched = wl_media_watched(m);

	p[SIGNAL] = (struct pollfd){.fd = signal_fd, .events = POLLIN};
	p[WATCH] = (struct pollfd){.fd = wl_watch_fd(m->watch), .events = POLLIN};
	p[THREAD] = (struct pollfd){.fd = wl_device_thread_fd(m->thread), .events = POLLIN};
	for (int d = 0; d < WL_DOOR_MAX; d++)
		p[DOORS + d] = (struct pollfd){.fd = m->listen_fd[d], .events = POLLIN};
	for (unsigned i = 0; i < WL_MEDIA_PEERS; i++)
		p[PEERS + i] = (struct pollfd){.fd = m->peer[i].used ? m->peer[i].channel.fd : -1,
		                               .events = POLLIN};
	if (poll(p, WL_ARRAY_LEN(p), wl_daemon_wait_ms(wl_gate_wait_ms(m))) < 0)
		return errno == EINTR ? 0 : -errno;
	if (p[WATCH].revents) {
		int r = wl_watch_drain(m->watch, &watched);
		if (r < 0)
			return r;
	}
	if (p[THREAD].revents)
		wl_gate_job_done(m);
	for (int d = 0; d < WL_DOOR_MAX; d++)
		if (p[DOORS + d].revents)
			wl_media_accept(m, (enum wl_media_door)d);
	for (unsigned i = 0; i < WL_MEDIA_PEERS; i++)
		if (p[PEERS + i].revents && m->peer[i].used)
			wl_media_receive(m, &m->peer[i]);
	wl_gate_tick(m);
	*ret_stop = p[SIGNAL].revents != 0;
	return 0;
}

static int serve(struct wl_media *m, int signal_fd)
{
	bool stop = false;
	int r = 0;

	wl_daemon_ready("watching the ports");
	while (r == 0 && !stop)
		r = serve_once(m, signal_fd, &stop);
	wl_daemon_stopping();
	if (m->gate.state == WL_GATE_OPEN || m->gate.state == WL_GATE_HANDING)
		wl_device_restore(&m->gate.pass);
	return r < 0 ? fail("the loop", r) : EXIT_SUCCESS;
}

/* Everything that is still to be opened lies in /dev, /sys or /run/udev from here on. The device
 * thread is started in between: Landlock is inherited, the filter is laid on every thread. */
static int confine(struct wl_media *m)
{
	int r = wl_media_restrict_files();

	if (r == -ENOSYS)
		wl_log_warning("this kernel has no Landlock: files of root's are not out of reach");
	else if (r < 0)
		return fail("leaving folders", r);
	r = wl_device_thread_start(&m->thread);
	if (r < 0)
		return fail("starting the device thread", r);
	r = wl_media_filter();
	return r < 0 ? fail("filtering system calls", r) : 0;
}

static int run(const char *state)
{
	static struct wl_media m; /* zero; large, and once per process */
	WL_AUTO_CLOSE int signal_fd = -1;
	const struct wl_watched watched = wl_media_watched(&m);
	const char *step = "";
	int r = wl_daemon_harden(WL_DAEMON_MEDIA, &step);

	if (r < 0)
		return fail(step, r);
	wl_message_init(&m.in);
	wl_message_init(&m.out);
	m.gate.number =
	        (uint64_t)wl_media_now_ms(); /* no number of an earlier mediad comes again */
	r = read_boot(m.grants.boot);
	if (r == 0)
		r = make_signal_fd(&signal_fd);
	if (r == 0)
		r = wl_watch_open(&m.watch);
	if (r < 0)
		return fail("starting", r);
	if (listen_all(&m, state) != 0)
		return EXIT_FAILURE;
	if (confine(&m) != 0)
		return EXIT_FAILURE;
	r = wl_watch_enumerate(m.watch, &watched);
	if (r < 0)
		return fail("reading the disks", r);
	return serve(&m, signal_fd);
}

int main(int argc, char **argv)
{
	const char *state = NULL;
	const struct wl_daemon_option options[] = {
	        {"state", "DIR", "keep every folder and socket under DIR", &state, NULL},
	};
	int status = wl_daemon_options(argc, argv, "weighlock-mediad",
	                               "watches the ports, opens and shuts the gates", options,
	                               WL_ARRAY_LEN(options));

	return status >= 0 ? status : run(state);
}
