/*
 * weighlockd: people talk to it; it knows the policy, the transfers and the vault, and has nothing
 * else.
 *
 * User weighlock, no capability, no device, no key. What hostile accounts send is met in server.c
 * and args.c; what hostile media hold is met by workers only. When power goes, everything that was
 * decided is in the ledger; the next start folds it (recover.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "daemon/base/daemon.h"
#include "daemon/base/paths.h"
#include "daemon/base/sha256.h"
#include "daemon/broker/broker.h"
#include "daemon/broker/language.h"
#include "daemon/broker/visits.h"

static struct wl_broker broker; /* one station, one broker */

static int open_folder(const struct wl_broker *b, enum wl_path path, const char *sub, int *ret_fd)
{
	char place[WL_PATH_TEXT];
	int r = wl_path(path, b->state_dir, place, sizeof(place));
	if (r < 0)
		return r;
	int fd = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && sub) {
		int above = fd;
		(void)mkdirat(above, sub, 0750);
		fd = openat(above, sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		(void)close(above);
	}
	if (fd < 0) {
		int error = -errno;
		wl_log_error("%s%s%s: %s", place, sub ? "/" : "", sub ? sub : "", strerror(-error));
		return error;
	}
	*ret_fd = fd;
	return 0;
}

static int open_places(struct wl_broker *b)
{
	int r = open_folder(b, WL_PATH_POLICY, NULL, &b->policy_fd);
	if (r == 0)
		r = open_folder(b, WL_PATH_TRUST, NULL, &b->trust_fd);
	if (r == 0)
		r = open_folder(b, WL_PATH_STATE, "tickets", &b->tickets_fd);
	if (r == 0)
		r = open_folder(b, WL_PATH_VAULT, NULL, &b->vault.fd);
	if (r == 0)
		r = wl_path(WL_PATH_LEDGER_SOCKET, b->state_dir, b->ledger_path,
		            sizeof(b->ledger_path));
	if (r == 0)
		r = wl_path(WL_PATH_MEDIA_SOCKET, b->state_dir, b->media_path,
		            sizeof(b->media_path));
	if (r == 0)
		r = wl_path(WL_PATH_SPAWN_SOCKET, b->state_dir, b->spawn_path,
		            sizeof(b->spawn_path));
	return r;
}

static int find_users(struct wl_broker *b)
{
	b->paths.own_uid = getuid();
	b->paths.media_uid = 0;
	int r = wl_daemon_user("weighlock-ledger", &b->paths.ledger_uid, NULL);
	if (r == 0)
		r = wl_daemon_user("weighlock-worker", &b->paths.spawn_uid, NULL);
	if (r < 0)
		wl_log_error("users weighlock-ledger and weighlock-worker: %s", strerror(-r));
	return r;
}

static gid_t setup_group(void)
{
	const struct group *g = getgrnam("weighlock-setup");
	return g ? g->gr_gid : (gid_t)-1;
}

static int on_tick(sd_event_source *source, uint64_t usec, void *user)
{
	(void)source;
	(void)usec;
	wl_station_refresh(user);
	return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *user)
{
	(void)si;
	(void)user;
	return sd_event_exit(sd_event_source_get_event(source), 0);
}

static int watch_signals(struct wl_broker *b)
{
	sigset_t set;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	int r = sd_event_add_signal(b->event, NULL, SIGTERM, on_signal, b);
	return r < 0 ? r : sd_event_add_signal(b->event, NULL, SIGINT, on_signal, b);
}

static int make_parts(struct wl_broker *b)
{
	static const struct wl_jobs_handlers jobs = {.entry = wl_broker_took,
	                                             .progress = wl_watch_progress};
	struct wl_media_handlers media = {.seen = wl_media_seen,
	                                  .gone = wl_media_gone,
	                                  .connected = wl_media_connected,
	                                  .user = b};
	b->paths.ledger_path = b->ledger_path;
	b->paths.media_path = b->media_path;
	b->paths.spawn_path = b->spawn_path;
	b->paths.vault = b->vault;
	b->paths.tickets_fd = b->tickets_fd;
	b->paths.trust_fd = b->trust_fd;
	int r = wl_ledger_new(b->ledger_path, b->paths.ledger_uid, &b->ledger);
	if (r == 0)
		r = wl_media_new(b->event, b->media_path, b->paths.media_uid, &media, &b->media);
	if (r == 0)
		r = wl_jobs_new(b->event, &b->paths, &jobs, b, &b->jobs);
	if (r == 0)
		r = sd_event_add_time_relative(b->event, &b->tick, CLOCK_MONOTONIC, 0, 0, on_tick,
		                               b);
	return r;
}

static int listen_for_people(struct wl_broker *b)
{
	char path[WL_PATH_TEXT];
	int fd = -1;
	struct wl_server_handlers handlers = {
	        .dispatch = wl_dispatch, .gone = wl_watch_gone, .user = b};
	int r = wl_path(WL_PATH_CONTROL_SOCKET, b->state_dir, path, sizeof(path));
	if (r == 0)
		r = wl_listen(path, "control", SOCK_STREAM, &fd);
	if (r < 0) {
		wl_log_error("control socket: %s", strerror(-r));
		return r;
	}
	return wl_server_new(b->event, fd, setup_group(), &handlers, &b->server);
}

static int start(struct wl_broker *b)
{
	int r = open_places(b);
	if (r == 0)
		r = find_users(b);
	if (r == 0)
		r = sd_event_default(&b->event);
	if (r >= 0)
		r = watch_signals(b);
	if (r >= 0)
		r = make_parts(b);
	if (r >= 0) /* only where the service manager keeps one */
		r = sd_event_set_watchdog(b->event, 1);
	if (r >= 0)
		r = listen_for_people(b);
	if (r < 0)
		wl_log_error("start: %s", strerror(-r));
	return r;
}

static void stop(struct wl_broker *b)
{
	struct wl_finding f = {0};
	wl_daemon_stopping();
	b->jobs = wl_jobs_free(b->jobs);
	if (b->started && b->ledger_there) {
		json_t *e = wl_broker_entry(b, WL_E_STATION_STOP, NULL);
		wl_entry_text(e, WL_M_CAUSE, "signal");
		if (wl_broker_append(b, e, NULL, &f) < 0)
			wl_log_warning("station.stop: %s", f.detail);
	}
	b->server = wl_server_free(b->server);
	b->media = wl_media_free(b->media);
	for (size_t i = 0; i < b->ntransfers; i++)
		wl_transfer_free(b->transfers[i].t);
	wl_visits_clear(b);
	wl_policy_release(&b->policy);
	b->ledger = wl_ledger_free(b->ledger);
	sd_event_source_disable_unref(b->tick);
	sd_event_unref(b->event);
}

int main(int argc, char **argv)
{
	const char *step = NULL;
	struct wl_broker *b = &broker;
	const struct wl_daemon_option options[] = {
	        {"state", "DIR", "keep everything below DIR", &b->state_dir, NULL}};
	int status = wl_daemon_options(argc, argv, "weighlockd", "the station's broker", options,
	                               sizeof(options) / sizeof(options[0]));
	if (status >= 0)
		return status;
	b->policy_fd = b->trust_fd = b->tickets_fd = b->vault.fd = -1;
	int r = wl_daemon_harden(WL_DAEMON_BROKER, &step);
	if (r < 0) {
		wl_log_error("hardening: %s: %s", step, strerror(-r));
		return EXIT_FAILURE;
	}
	json_object_seed(0);
	wl_language_init();
	if (start(b) < 0)
		return EXIT_FAILURE;
	wl_daemon_ready("waiting for people");
	r = sd_event_loop(b->event);
	stop(b);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
