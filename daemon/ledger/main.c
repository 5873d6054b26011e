/*
 * weighlock-ledgerd: the transfer ledger of the station.
 *
 * User weighlock-ledger, one thread. Listens for the broker, tells mediad of durable intents, holds
 * both keys of the station. People and media are never at the other end of anything here. A disk
 * that failed once is not trusted again before the machine was restarted: the reason stands in
 * /run/weighlock/ledger/failed with the boot it happened in.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/daemon.h"
#include "daemon/base/fdio.h"
#include "daemon/base/paths.h"
#include "daemon/ledger/cms.h"
#include "daemon/ledger/serve.h"

#define PROGRAM "weighlock-ledgerd"

struct places {
	char ledger[WL_PATH_TEXT], socket[WL_PATH_TEXT], grant[WL_PATH_TEXT];
	char failed[WL_PATH_TEXT + 8];
};

static void close_ledger(struct wl_ledger **l)
{
	*l = wl_ledger_close(*l);
}

static int find_places(const char *state, struct places *ret)
{
	const char *slash;
	int r = wl_path(WL_PATH_LEDGER, state, ret->ledger, sizeof(ret->ledger));

	if (r == 0)
		r = wl_path(WL_PATH_LEDGER_SOCKET, state, ret->socket, sizeof(ret->socket));
	if (r == 0)
		r = wl_path(WL_PATH_GRANT_SOCKET, state, ret->grant, sizeof(ret->grant));
	if (r < 0)
		return r;
	slash = strrchr(ret->socket, '/');
	(void)snprintf(ret->failed, sizeof(ret->failed), "%.*s/failed", (int)(slash - ret->socket),
	               ret->socket);
	return 0;
}

/* Did the disk fail in this very boot? */
static bool failed_before(const struct places *p, const char *boot)
{
	WL_AUTO_FREE void *text = NULL;
	size_t n;

	return wl_file_read(AT_FDCWD, p->failed, 256, &text, &n) == 0 &&
	       strncmp(text, boot, strlen(boot)) == 0;
}

static void remember_failure(const struct places *p, const char *boot)
{
	WL_AUTO_CLOSE int fd = open(p->failed, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	if (fd < 0 || wl_write_full(fd, boot, strlen(boot)) < 0)
		wl_log_error("%s cannot be written", p->failed);
}

static int open_signals(int *ret_fd)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	*ret_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return *ret_fd < 0 ? -errno : 0;
}

static int open_ledger(const struct places *p, const char *mirror, struct wl_ledger **ret)
{
	struct wl_finding f = {.rule = WL_RULE_NONE};
	int r = wl_ledger_open_with(p->ledger, mirror, WL_RESERVE_BYTES, ret, &f);

	if (r < 0) {
		wl_log_error("%s: %s%s%s", p->ledger, f.detail, f.detail[0] ? ": " : "",
		             strerrordesc_np(-r));
		return r;
	}
	if (failed_before(p, (*ret)->boot)) {
		wl_log_error("writing failed since this machine started; restart the machine, then "
		             "look at the disk of %s",
		             p->ledger);
		return -EROFS;
	}
	if ((*ret)->keys)
		r = wl_cms_warm_up((*ret)->certificate, wl_keys_document((*ret)->keys));
	return r;
}

static int run(const struct places *p, const char *mirror, struct wl_serve_options *o)
{
	WL_CLEANUP(close_ledger) struct wl_ledger *l = NULL;
	WL_AUTO_CLOSE int signal_fd = -1, listen_fd = -1;
	int r = open_ledger(p, mirror, &l);

	if (r < 0)
		return r;
	r = open_signals(&signal_fd);
	if (r == 0)
		r = wl_listen(p->socket, "ledger", SOCK_SEQPACKET, &listen_fd);
	if (r < 0) {
		wl_log_error("%s: %s", p->socket, strerrordesc_np(-r));
		return r;
	}
	o->ledger = l;
	o->listen_fd = listen_fd;
	o->stop_fd = signal_fd;
	o->grant_path = p->grant;
	wl_daemon_ready(wl_ledger_is_initialised(l) ? "ready" : "no station yet");
	r = wl_serve(o);
	wl_daemon_stopping();
	if (r < 0) {
		wl_log_error("the ledger could not be written: nothing is appended until this "
		             "machine has been restarted");
		remember_failure(p, l->boot);
	}
	return r;
}

int main(int argc, char **argv)
{
	const char *state = NULL, *broker = "weighlock", *mirror = NULL, *step = NULL;
	const struct wl_daemon_option options[] = {
	        {"state", "DIR", "keep everything under DIR", &state, NULL},
	        {"mirror", "DIR", "keep the ledger in DIR on a second disk too", &mirror, NULL},
	        {"broker", "USER", "who may speak to the ledger (weighlock)", &broker, NULL},
	};
	struct wl_serve_options o = {.media_uid = 0};
	struct places places;
	int r = wl_daemon_options(argc, argv, PROGRAM, "keep the station's transfer ledger",
	                          options, WL_ARRAY_LEN(options));

	if (r >= 0)
		return r;
	r = wl_daemon_harden(WL_DAEMON_LEDGER, &step);
	if (r < 0) {
		wl_log_error("hardening: %s: %s", step ? step : "?", strerrordesc_np(-r));
		return EXIT_FAILURE;
	}
	r = wl_daemon_user(broker, &o.broker_uid, NULL);
	if (r < 0) {
		wl_log_error("no user %s", broker);
		return EXIT_FAILURE;
	}
	r = find_places(state, &places);
	if (r < 0) {
		wl_log_error("%s: %s", state ? state : "paths", strerrordesc_np(-r));
		return EXIT_FAILURE;
	}
	return run(&places, mirror, &o) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
