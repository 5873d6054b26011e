/* Jobs of a test: forked processes that run the workers' own functions. */
#include "tests/unit/policy_workers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "daemon/update/check_signature.h"
#include "daemon/update/unpack.h"
#include "daemon/worker/kinds.h"

enum policy_workers_mood policy_workers_mood;
const char *policy_workers_kind;
unsigned policy_workers_started;

static const struct {
	const char *name;
	int (*prepare)(void);
	int (*run)(struct wl_worker *wk);
} kinds[] = {
        {"signature", wl_signature_prepare, wl_signature_run},
        {"check", wl_check_prepare, wl_check_run},
        {"unpack", wl_unpack_prepare, wl_unpack_run},
};

/* Hears its orders to their end, then misbehaves. */
static int misbehave(struct wl_worker *wk)
{
	do {
		wl_message_clear(wk->in);
		if (wl_worker_receive(wk) < 0)
			return 0;
	} while (wk->in->id != WL_MSG_WORK_END);
	struct wl_finding finding = {.rule = WL_RULE_NONE};
	switch (policy_workers_mood) {
	case WORKERS_PASS:
		finding.rule = WL_RULE_PASS_UPDATE_COVERED;
		return wl_worker_finding(wk, 0, &finding);
	case WORKERS_OTHER_STAGE:
		finding.rule = WL_RULE_TICKET_EXPIRED;
		return wl_worker_finding(wk, 0, &finding);
	case WORKERS_TALK:
		wl_message_start(wk->out, WL_MSG_FILE_DONE, 0);
		wl_message_put_u64(wk->out, WL_T_ITEM, 1);
		wl_message_put_u64(wk->out, WL_T_BYTES, 1);
		return wl_worker_send(wk);
	case WORKERS_FAULT:
		return -EIO;
	default:
		_exit(1);
	}
}

static int run_twice(struct wl_worker *wk, uint8_t key)
{
	uint8_t digest[32];
	memset(digest, key, sizeof(digest));
	do {
		wl_message_clear(wk->in);
		if (wl_worker_receive(wk) < 0)
			return 0;
	} while (wk->in->id != WL_MSG_WORK_END);
	for (unsigned i = 0; i < 2; i++) {
		wl_message_start(wk->out, WL_MSG_CHECK_RESULT, 0);
		wl_message_put_text(wk->out, WL_T_RULE, "");
		wl_message_put_text(wk->out, WL_T_DETAIL, "");
		wl_message_put_u64(wk->out, WL_T_ITEM, 1);
		wl_message_put_sha256(wk->out, WL_T_SPKI_SHA256, digest);
		(void)wl_worker_send(wk);
	}
	return 0;
}

static void be_worker(int fd, size_t kind, bool bad)
{
	static struct wl_message in = {.fd = -1}, out = {.fd = -1};
	struct wl_worker wk = {.in = &in, .out = &out};
	wl_channel_init(&wk.control, fd, WL_PEER_WORKER, WL_PEER_BROKER);
	int e = kinds[kind].prepare();
	if (e == 0 && bad && policy_workers_mood == WORKERS_KEY_UNASKED)
		e = run_twice(&wk, 0x77);
	else if (e == 0)
		e = bad ? misbehave(&wk) : kinds[kind].run(&wk);
	wl_message_start(&out, e < 0 ? WL_MSG_WORK_FAULT : WL_MSG_WORK_DONE, 0);
	if (e < 0) {
		wl_message_put_u64(&out, WL_T_ERRNO, (uint64_t)-e);
		wl_message_put_text(&out, WL_T_DETAIL, "made up");
	}
	(void)wl_worker_send(&wk);
	_exit(0);
}

int wl_job_start(struct wl_spawn *s, const struct wl_job_order *order, struct wl_job *ret_job,
                 struct wl_finding *ret_finding)
{
	int pair[2];
	size_t kind = 0;
	(void)ret_finding;
	while (strcmp(kinds[kind].name, order->kind) != 0)
		kind++;
	bool bad = policy_workers_mood != WORKERS_HONEST &&
	           (!policy_workers_kind || strcmp(policy_workers_kind, order->kind) == 0);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	policy_workers_started++;
	pid_t pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		(void)close(pair[0]);
		be_worker(pair[1], kind, bad);
	}
	(void)close(pair[1]);
	*ret_job = (struct wl_job){.spawn = s, .serial = (uint32_t)pid};
	wl_channel_init(&ret_job->control, pair[0], WL_PEER_BROKER, WL_PEER_WORKER);
	return 0;
}

int wl_job_send(struct wl_job *j, struct wl_message *m)
{
	m->serial = 0;
	return wl_channel_send(&j->control, m);
}

int wl_job_next(struct wl_job *j, uint64_t item, enum wl_role role, uint64_t size, int fd,
                const uint8_t *sha256)
{
	static struct wl_message m = {.fd = -1};
	wl_message_start(&m, WL_MSG_WORK_NEXT, 0);
	wl_message_put_u64(&m, WL_T_ITEM, item);
	wl_message_put_u64(&m, WL_T_ROLE, role);
	wl_message_put_u64(&m, WL_T_SIZE, size);
	if (sha256)
		wl_message_put_sha256(&m, WL_T_SHA256, sha256);
	m.fd = fd;
	int r = wl_channel_send(&j->control, &m);
	m.fd = -1;
	return r;
}

int wl_job_receive(struct wl_job *j, struct wl_message *m, struct wl_finding *ret_finding,
                   void (*progress)(void *user, uint64_t done, uint64_t total), void *user)
{
	for (;;) {
		int r = wl_channel_receive(&j->control, m, 60000);
		if (r == -EPIPE)
			return wl_refuse(ret_finding, WL_RULE_STATION_WORKER_DIED, "made up");
		if (r == 0 && m->id == WL_MSG_WORK_FAULT)
			return -EIO;
		if (r < 0 || m->id != WL_MSG_WORK_PROGRESS)
			return r;
		if (progress)
			progress(user, wl_message_u64(m, WL_T_DONE), wl_message_u64(m, WL_T_TOTAL));
	}
}

int wl_job_finish(struct wl_job *j, struct wl_finding *ret_finding)
{
	(void)ret_finding;
	wl_job_kill(j);
	return 0;
}

void wl_job_kill(struct wl_job *j)
{
	if (j->serial == 0)
		return;
	wl_channel_close(&j->control);
	(void)waitpid((pid_t)j->serial, NULL, 0);
	j->serial = 0;
}
