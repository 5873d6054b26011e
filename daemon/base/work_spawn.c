/*
 * The connection to weighlock-spawnd, at the station or started offline; see work.h.
 *
 * Runs in broker threads and in the client. spawnd is ours; what it says of jobs is believed as far
 * as the compromise table of DESIGN 2 says: it can starve work or run it badly. When it goes away
 * every job has ended with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/work_parts.h"

#define SPAWND_FD   3
#define WORKERS_ENV "WEIGHLOCK_WORKERS"
#define EXEC_FAILED 127

static struct wl_spawn *new_spawn(void)
{
	struct wl_spawn *s = malloc(sizeof(*s));

	if (s) {
		s->channel.fd = -1;
		s->pid = -1;
		memset(s->records, 0, sizeof(s->records));
		wl_message_init(&s->message);
	}
	return s;
}

int wl_spawn_connect(const char *socket_path, uid_t uid, struct wl_spawn **ret)
{
	struct wl_spawn *s = new_spawn();

	if (!s)
		return -ENOMEM;
	int r = wl_channel_connect(&s->channel, socket_path, uid, WL_PEER_BROKER, WL_PEER_SPAWN);
	if (r < 0) {
		free(s);
		return r;
	}
	*ret = s;
	return 0;
}

/* In the forked process: the socket as descriptor 3, nothing above, then spawnd. */
static void become_spawnd(const char *path, int fd, char *const argv[], char *const env[])
{
	if (fd == SPAWND_FD ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, SPAWND_FD) < 0)
		_exit(EXEC_FAILED);
	if (close_range(SPAWND_FD + 1, ~0U, 0) == 0)
		(void)execve(path, argv, env);
	_exit(EXEC_FAILED);
}

int wl_spawn_start(const char *spawnd_path, struct wl_spawn **ret)
{
	int ends[2] = {-1, -1};
	char workers[512] = "";
	const char *folder = secure_getenv(WORKERS_ENV);
	char path[512], option[] = "--offline";
	char *const argv[] = {path, option, NULL};
	char *const env[] = {folder ? workers : NULL, NULL};
	struct wl_spawn *s = NULL;

	if ((size_t)snprintf(path, sizeof(path), "%s", spawnd_path) >= sizeof(path) ||
	    (folder && (size_t)snprintf(workers, sizeof(workers), WORKERS_ENV "=%s", folder) >=
	                       sizeof(workers)))
		return -ENAMETOOLONG;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	s = new_spawn();
	pid_t pid = s ? fork() : -1;
	int error = s ? errno : ENOMEM;
	if (pid == 0)
		become_spawnd(path, ends[1], argv, env);
	(void)close(ends[1]);
	if (!s || pid < 0) {
		(void)close(ends[0]);
		free(s);
		return -error;
	}
	wl_channel_init(&s->channel, ends[0], WL_PEER_BROKER, WL_PEER_SPAWN);
	s->pid = pid;
	*ret = s;
	return 0;
}

struct wl_spawn *wl_spawn_free(struct wl_spawn *s)
{
	if (!s)
		return NULL;
	wl_channel_close(&s->channel); /* spawnd ends the jobs of a connection that went away */
	if (s->pid > 0)
		while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
			;
	wl_message_clear(&s->message);
	free(s);
	return NULL;
}

struct wl_record *wl_spawn_find(struct wl_spawn *s, uint32_t serial)
{
	for (size_t i = 0; serial != 0 && i < WL_ARRAY_LEN(s->records); i++)
		if (s->records[i].serial == serial)
			return &s->records[i];
	return NULL;
}

struct wl_record *wl_spawn_record(struct wl_spawn *s)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(s->records); i++)
		if (s->records[i].serial == 0) {
			memset(&s->records[i], 0, sizeof(s->records[i]));
			s->records[i].serial = wl_channel_serial(&s->channel);
			return &s->records[i];
		}
	return NULL;
}

static void note_error(struct wl_record *r, const struct wl_message *m)
{
	uint64_t e = wl_message_u64(m, WL_T_ERRNO);

	r->ended = true;
	r->finding.rule = wl_rule_find(wl_message_text(m, WL_T_RULE));
	(void)snprintf(r->finding.detail, sizeof(r->finding.detail), "%s",
	               wl_message_text(m, WL_T_DETAIL));
	if (r->finding.rule != WL_RULE_NONE)
		r->error = -EBADMSG;
	else
		r->error = e > 0 && e < 4096 ? -(int)e : -EIO;
}

/* Writes one message of spawnd into the record it belongs to. */
static int note(struct wl_spawn *s)
{
	const struct wl_message *m = &s->message;
	struct wl_record *r = wl_spawn_find(s, m->serial);

	if (!r)
		return -EBADMSG;
	switch ((unsigned)m->id) {
	case WL_MSG_WORK_STARTED:
		r->started = true;
		return 0;
	case WL_MSG_ERROR:
		note_error(r, m);
		break;
	case WL_MSG_SPAWN_STATUS_REPLY:
		(void)snprintf(r->words, sizeof(r->words), "%s", wl_message_text(m, WL_T_SANDBOX));
		r->ended = true;
		break;
	case WL_MSG_WORK_RUN_REPLY:
	case WL_MSG_WORK_DROP_REPLY:
		r->ended = true;
		break;
	default:
		return -EBADMSG;
	}
	if (r->forgotten)
		r->serial = 0;
	return 0;
}

int wl_spawn_wait(struct wl_spawn *s, const struct wl_record *r, bool until_end, int timeout_ms)
{
	while (!r->ended && (until_end || !r->started)) {
		int e = wl_channel_receive(&s->channel, &s->message, timeout_ms);
		if (e == 0)
			e = note(s);
		if (e < 0)
			return e;
	}
	return 0;
}

/* A request built in s->message that one reply answers; its record is freed. */
static int call(struct wl_spawn *s, struct wl_record *r, struct wl_record *ret)
{
	int e = wl_channel_send(&s->channel, &s->message);

	if (e == 0)
		e = wl_spawn_wait(s, r, true, WL_SPAWN_TIMEOUT_MS);
	if (e < 0) {
		r->forgotten = true;
		return e;
	}
	*ret = *r;
	r->serial = 0;
	return ret->error;
}

int wl_spawn_status(struct wl_spawn *s, char *buf, size_t size, struct wl_finding *ret_finding)
{
	struct wl_record *r = wl_spawn_record(s), done = {0};

	if (!r)
		return -EBUSY;
	wl_message_start(&s->message, WL_MSG_SPAWN_STATUS, r->serial);
	int e = call(s, r, &done);
	*ret_finding = done.finding;
	if (e == -EPIPE || e == -ETIMEDOUT)
		return wl_refuse(ret_finding, WL_RULE_STATION_PART_MISSING, "weighlock-spawnd: %s",
		                 strerrordesc_np(-e));
	if (e == 0)
		(void)snprintf(buf, size, "%s", done.words);
	return e;
}

int wl_spawn_drop(struct wl_spawn *s, uint64_t gate)
{
	struct wl_record *r = wl_spawn_record(s), done = {0};

	if (!r)
		return -EBUSY;
	wl_message_start(&s->message, WL_MSG_WORK_DROP, r->serial);
	wl_message_put_u64(&s->message, WL_T_GATE, gate);
	return call(s, r, &done);
}
