/*
 * The employer's side of `unseal`; see work_unseal.h.
 *
 * What comes through the pipe is as hostile as the sealed file: it is written to the file the
 * caller opened and hashed, never more of it than the sealed file has bytes. Runs in the client.
 */
#include "daemon/base/work_unseal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/sha256.h"

#define PIECE_BYTES 65536U

static uint64_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : (uint64_t)st.st_size;
}

static int lied(struct wl_finding *f, const char *how)
{
	return wl_refuse(f, WL_RULE_STATION_WORKER_LIED, "%s", how);
}

static int refused_by(const struct wl_message *m, struct wl_finding *f)
{
	return wl_refuse_claimed(f, wl_rule_find(wl_message_text(m, WL_T_RULE)),
	                         wl_message_text(m, WL_T_DETAIL));
}

/* The worker's next word, which must be `id` or a finding. */
static int hear(struct wl_job *job, enum wl_message_id id, struct wl_message *m,
                struct wl_finding *f)
{
	int r = wl_job_receive(job, m, f, NULL, NULL);

	if (r == 0 && m->id == WL_MSG_WORK_FINDING)
		return refused_by(m, f);
	return r < 0 || m->id == id ? r : lied(f, "an answer out of turn");
}

int wl_unseal_start(struct wl_spawn *s, int key_fd, uint64_t deadline_ms, struct wl_job *ret_job,
                    struct wl_finding *ret_finding)
{
	const struct wl_job_order order = {
	        .kind = "unseal", .deadline_ms = deadline_ms, .input_fd = -1};
	struct wl_message m;
	int r = wl_job_start(s, &order, ret_job, ret_finding);

	if (r < 0)
		return r;
	wl_message_init(&m);
	r = wl_job_next(ret_job, 0, WL_ROLE_KEY, size_of(key_fd), key_fd, NULL);
	if (r == 0)
		r = hear(ret_job, WL_MSG_UNSEAL_READY, &m, ret_finding);
	wl_message_clear(&m);
	if (r < 0)
		wl_job_kill(ret_job);
	return r;
}

/* All that comes, until the worker closes its end. */
static int drain(int pipe, int output, uint64_t max, struct wl_unsealed *ret, struct wl_finding *f)
{
	static uint8_t piece[PIECE_BYTES];
	struct wl_sha256 *sha = wl_sha256_new();
	int r = sha ? wl_sha256_begin(sha) : -ENOMEM;

	ret->bytes = 0;
	while (r == 0) {
		ssize_t n = read(pipe, piece, sizeof(piece));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			r = n < 0 ? -errno : wl_sha256_end(sha, ret->sha256);
			break;
		}
		ret->bytes += (uint64_t)n;
		if (ret->bytes > max)
			r = lied(f, "more came out than was in it");
		if (r == 0)
			r = wl_sha256_add(sha, piece, (size_t)n);
		if (r == 0)
			r = wl_write_full(output, piece, (size_t)n);
	}
	wl_sha256_free(sha);
	explicit_bzero(piece, sizeof(piece));
	return r;
}

int wl_unseal_file(struct wl_job *job, uint64_t item, int sealed_fd, int output_fd,
                   struct wl_unsealed *ret, struct wl_finding *ret_finding)
{
	WL_AUTO_CLOSE int from = -1, to = -1;
	struct wl_message m;
	int r = wl_pipe(&from, &to);

	if (r == 0)
		r = wl_job_next(job, item, WL_ROLE_CONTENT, size_of(sealed_fd), sealed_fd, NULL);
	if (r == 0)
		r = wl_job_next(job, item, WL_ROLE_PIPE, 0, to, NULL);
	wl_cleanup_close(&to);
	if (r == 0)
		r = drain(from, output_fd, size_of(sealed_fd), ret, ret_finding);
	if (r < 0)
		return r;
	wl_message_init(&m);
	r = hear(job, WL_MSG_UNSEAL_DONE, &m, ret_finding);
	if (r == 0 && wl_message_u64(&m, WL_T_BYTES) != ret->bytes)
		r = lied(ret_finding, "it did not hand over what it counted");
	wl_message_clear(&m);
	return r;
}

int wl_unseal_end(struct wl_job *job, struct wl_finding *ret_finding)
{
	struct wl_message m;
	int r;

	wl_message_init(&m);
	wl_message_start(&m, WL_MSG_WORK_END, 0);
	r = wl_job_send(job, &m);
	if (r == 0)
		r = hear(job, WL_MSG_WORK_DONE, &m, ret_finding);
	wl_message_clear(&m);
	if (r == 0)
		return wl_job_finish(job, ret_finding);
	wl_job_kill(job);
	return r;
}
