/*
 * The employer's side of `seal`; see work_seal.h.
 *
 * The worker is a tool, so its answers are facts; an answer out of turn still ends the job. Runs in
 * the broker's work thread. Files are the caller's, and so is making them durable.
 */
#include "daemon/base/work_seal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static uint64_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : (uint64_t)st.st_size;
}

int wl_seal_start(struct wl_spawn *s, const struct wl_seal_recipient *recipients, size_t n,
                  uint64_t deadline_ms, struct wl_job *ret_job, struct wl_finding *ret_finding)
{
	const struct wl_job_order order = {
	        .kind = "seal", .deadline_ms = deadline_ms, .input_fd = -1};
	int r = n > WL_SEAL_RECIPIENTS_MAX ? -E2BIG : wl_job_start(s, &order, ret_job, ret_finding);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = wl_job_next(ret_job, i + 1, WL_ROLE_CERTIFICATE, size_of(recipients[i].fd),
		                recipients[i].fd, recipients[i].der_sha256);
	if (r < 0)
		wl_job_kill(ret_job);
	return r;
}

static int lied(struct wl_finding *f)
{
	return wl_refuse(f, WL_RULE_STATION_WORKER_LIED, "an answer out of turn");
}

static int take_answer(const struct wl_message *m, uint64_t item, struct wl_sealed *ret,
                       struct wl_finding *f)
{
	struct wl_bytes sha512 = wl_message_bytes(m, WL_T_SHA512);

	if (m->id == WL_MSG_WORK_FINDING)
		return wl_refuse_claimed(f, wl_rule_find(wl_message_text(m, WL_T_RULE)),
		                         wl_message_text(m, WL_T_DETAIL));
	if (m->id != WL_MSG_SEAL_DONE || wl_message_u64(m, WL_T_ITEM) != item ||
	    sha512.n != sizeof(ret->sha512))
		return lied(f);
	ret->bytes = wl_message_u64(m, WL_T_BYTES);
	memcpy(ret->sha256, wl_message_sha256(m, WL_T_SHA256), sizeof(ret->sha256));
	memcpy(ret->sha512, sha512.p, sha512.n);
	memcpy(ret->source_sha256, wl_message_sha256(m, WL_T_SOURCE_SHA256),
	       sizeof(ret->source_sha256));
	return 0;
}

int wl_seal_file(struct wl_job *job, uint64_t item, int source_fd, int output_fd,
                 struct wl_sealed *ret, struct wl_finding *ret_finding)
{
	struct wl_message m;
	int r = wl_job_next(job, item, WL_ROLE_CONTENT, size_of(source_fd), source_fd, NULL);

	if (r == 0)
		r = wl_job_next(job, item, WL_ROLE_SINK, 0, output_fd, NULL);
	if (r < 0)
		return r;
	wl_message_init(&m);
	r = wl_job_receive(job, &m, ret_finding, NULL, NULL);
	if (r == 0)
		r = take_answer(&m, item, ret, ret_finding);
	wl_message_clear(&m);
	return r;
}

int wl_seal_end(struct wl_job *job, struct wl_tools *tools, struct wl_finding *ret_finding)
{
	struct wl_message m;
	int r;

	wl_message_init(&m);
	wl_message_start(&m, WL_MSG_WORK_END, 0);
	r = wl_job_send(job, &m);
	if (r == 0)
		r = wl_job_receive(job, &m, ret_finding, NULL, NULL);
	if (r == 0 && m.id != WL_MSG_WORK_DONE)
		r = lied(ret_finding);
	if (r == 0)
		wl_tools_add(tools, "seal", &m);
	wl_message_clear(&m);
	if (r == 0)
		return wl_job_finish(job, ret_finding);
	wl_job_kill(job);
	return r;
}
