/*
 * What auditors and certificate authorities send back (weighlockd, work thread).
 *
 * Whoever brought the medium wrote every byte of it. Files are taken by name, read by a worker in
 * its sandbox, and what that worker claims is verified by ledgerd: under the ledger's own key, the
 * keys the policy names, or as a certificate for the station's own key. When power goes, the ledger
 * says what was taken in.
 */
#include "daemon/broker/job_audit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/broker/claims.h"

#define CERTIFICATE_DEADLINE_MS 10000U

static bool is_certificate(const struct wl_item *item)
{
	static const char *const ends[] = {".pem", ".crt", ".cer"};

	for (size_t i = 0; i < WL_ARRAY_LEN(ends); i++)
		if (!item->folder && item->size <= WL_CERTIFICATE_FILE_BYTES_MAX &&
		    wl_item_ends(item, ends[i]))
			return true;
	return false;
}

static bool is_certificate_or_claim(const struct wl_item *item)
{
	return is_certificate(item) || wl_claim_is_named(item);
}

static int take_in(struct wl_bench *bench, struct wl_bring_task *job,
                   bool (*wanted)(const struct wl_item *item), struct wl_intake *ret,
                   struct wl_spawn **ret_spawn, struct wl_finding *f)
{
	*ret = (struct wl_intake){.bench = bench,
	                          .task = &job->task,
	                          .source = &job->source,
	                          .gate = "a",
	                          .purpose = "audit",
	                          .wanted = wanted};
	int r = wl_intake_fetch(ret, f);
	return r < 0 ? r : wl_bench_spawn(bench, ret_spawn, f);
}

static int as_fault(int r, struct wl_finding *f)
{
	if (r < 0 && f->rule == WL_RULE_NONE)
		return wl_refuse(f, WL_RULE_STATION_PART_MISSING, "audit: %s", strerror(-r));
	return r;
}

/* ---- cosignatures ---- */

/* Every cosignature of one claim: 1 where one was taken in, 0 where it has none. */
static int take_cosignatures(struct wl_bench *bench, struct wl_bring_task *job,
                             const struct wl_claim *claim, struct wl_finding *f)
{
	int taken = 0, failed = 0;

	for (unsigned i = 0; i < claim->nlines; i++) {
		if (claim->line[i].blob_n != sizeof(claim->line[i].blob))
			continue;
		int r = wl_ledger_cosign(bench->ledger, claim, i, job->task.actor, job->task.uid,
		                         &job->seq, f);
		if (r < 0) {
			failed = r;
			continue; /* another line may be by a key the policy names */
		}
		job->size = claim->size;
		memcpy(job->name, claim->line[i].name, sizeof(job->name));
		taken = 1;
	}
	return taken ? 1 : failed;
}

static int cosign(struct wl_bench *bench, struct wl_bring_task *job, struct wl_intake *in,
                  struct wl_spawn *spawn, struct wl_finding *f)
{
	struct wl_finding first = {.rule = WL_RULE_NONE};
	struct wl_claim claim;
	bool taken = false;

	for (size_t i = 0; i < in->items.n; i++) {
		int fd =
		        wl_claim_is_named(&in->items.v[i]) ? wl_intake_fd(in, &in->items.v[i]) : -1;
		int r = fd < 0 ? 0 : wl_claim_read(spawn, fd, &claim, f);
		if (fd >= 0 && r == 0)
			r = take_cosignatures(bench, job, &claim, f);
		taken = taken || r > 0;
		if (r < 0 && f->rule == WL_RULE_NONE)
			return r;
		if (r < 0 && first.rule == WL_RULE_NONE)
			first = *f;
	}
	if (taken)
		return 0;
	if (first.rule != WL_RULE_NONE) {
		*f = first;
		return -EBADMSG;
	}
	return wl_refuse(f, WL_RULE_STATION_COSIGNATURE_MISSING, "%s", job->source.port);
}

int wl_job_cosign_run(struct wl_bench *bench, struct wl_task *task)
{
	WL_CLEANUP(wl_intake_clear) struct wl_intake in = {0};
	WL_CLEANUP(wl_spawn_cleanup) struct wl_spawn *spawn = NULL;
	struct wl_bring_task *job = (struct wl_bring_task *)task;
	struct wl_finding *f = &task->finding;
	int r = take_in(bench, job, wl_claim_is_named, &in, &spawn, f);

	if (r == 0)
		r = wl_claims_check(&in, f);
	if (r == 0)
		r = cosign(bench, job, &in, spawn, f);
	return as_fault(r, f);
}

/* ---- certificates ---- */

static int take_certificate(struct wl_bench *bench, struct wl_bring_task *job,
                            const struct wl_message *m, struct wl_finding *f)
{
	struct wl_bytes der = wl_message_bytes(m, WL_T_DOCUMENT);

	(void)snprintf(job->name, sizeof(job->name), "%s", wl_message_text(m, WL_T_SUBJECT));
	return wl_ledger_cert(bench->ledger, der.p, der.n, job->task.actor, job->task.uid,
	                      &job->seq, f);
}

/* One file through a worker; its certificate to ledgerd. */
static int bring_certificate(struct wl_bench *bench, struct wl_bring_task *job,
                             struct wl_spawn *spawn, int fd, struct wl_finding *f)
{
	struct wl_job_order order = {
	        .kind = "certificate", .deadline_ms = CERTIFICATE_DEADLINE_MS, .input_fd = fd};
	struct wl_job work = {.control.fd = -1};
	WL_AUTO_FREE struct wl_message *m = malloc(sizeof(*m));

	if (!m)
		return -ENOMEM;
	wl_message_init(m);
	int r = wl_job_start(spawn, &order, &work, f);
	if (r == 0)
		r = wl_job_receive(&work, m, f, NULL, NULL);
	if (r == 0 && m->id == WL_MSG_WORK_FINDING)
		r = wl_refuse_claimed(f, WL_RULE_STATION_CERTIFICATE_UNREADABLE,
		                      wl_message_text(m, WL_T_DETAIL));
	else if (r == 0 && m->id != WL_MSG_CERTIFICATE_CLAIM)
		r = wl_refuse(f, WL_RULE_STATION_WORKER_LIED, "no certificate");
	if (r == 0)
		r = take_certificate(bench, job, m, f);
	wl_message_clear(m);
	wl_job_kill(&work);
	return r;
}

/* The first that is for this station's key; what else lies there is passed over. */
static int find_certificate(struct wl_bench *bench, struct wl_bring_task *job, struct wl_intake *in,
                            struct wl_spawn *spawn, struct wl_finding *f)
{
	int r = -ENOENT;

	for (size_t i = 0; i < in->items.n && r != 0; i++) {
		int fd = is_certificate(&in->items.v[i]) ? wl_intake_fd(in, &in->items.v[i]) : -1;
		if (fd >= 0)
			r = bring_certificate(bench, job, spawn, fd, f);
	}
	return r == -ENOENT
	               ? wl_refuse(f, WL_RULE_STATION_CERTIFICATE_MISSING, "%s", job->source.port)
	               : r;
}

int wl_job_cert_run(struct wl_bench *bench, struct wl_task *task)
{
	WL_CLEANUP(wl_intake_clear) struct wl_intake in = {0};
	WL_CLEANUP(wl_spawn_cleanup) struct wl_spawn *spawn = NULL;
	struct wl_bring_task *job = (struct wl_bring_task *)task;
	struct wl_finding *f = &task->finding;
	int r = take_in(bench, job, is_certificate_or_claim, &in, &spawn, f);

	if (r == 0)
		r = wl_claims_check(&in, f);
	if (r == 0)
		r = find_certificate(bench, job, &in, spawn, f);
	return as_fault(r, f);
}
