/*
 * Preparing a medium: quick wipe by building an empty volume, ahead of time (weighlockd, work
 * thread).
 *
 * Whatever lay on the medium is gone for whoever reads file systems, and recorded as not sanitised.
 * A checkpoint of this ledger on it is compared before that. The intent comes first as for a
 * release; the digest of the first 4 MiB, read back, makes the medium known again later. When power
 * goes between, there is an intent without an end and the medium is simply not prepared.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/broker/claims.h"
#include "daemon/broker/jobs.h"
#include "daemon/broker/media_client.h"
#include "daemon/broker/reader.h"
#include "policy/destination.h"

#define HEAD_BYTES WL_MIB(4)

struct prepare {
	struct wl_bench *bench;
	struct wl_prepare_task *job;
	char intent[WL_ID_TEXT];
	struct wl_build build;
};

static int check(const struct prepare *p, struct wl_finding *f)
{
	const struct wl_prepare_task *job = p->job;
	struct wl_rules rules;
	char detail[WL_DETAIL_MAX + 1];
	struct wl_destination_facts facts = {.policy = job->task.policy->policy,
	                                     .device = job->device[0] ? job->device : NULL,
	                                     .port = job->destination.port,
	                                     .present = true,
	                                     .port_is_destination = true,
	                                     .bytes = job->destination.bytes};
	wl_decide_destination(&facts, &rules, NULL);
	if (!rules.n)
		return 0;
	wl_destination_detail(&facts, rules.v[0], detail, sizeof(detail));
	return wl_refuse(f, rules.v[0], "%s", detail);
}

/* What comes back with our word on it is compared before it is overwritten. */
static int compare(const struct prepare *p, struct wl_finding *f)
{
	WL_CLEANUP(wl_intake_clear)
	struct wl_intake in = {
	        .bench = p->bench, .task = &p->job->task, .source = &p->job->destination};
	return wl_claims_look(&in, f);
}

static int write_empty(struct prepare *p, struct wl_finding *f)
{
	struct wl_gate gate = {0};
	int r = wl_gate_open_write(p->bench->media, p->intent, &gate, f);
	if (r < 0)
		return r;
	r = wl_bench_gate_opened(p->bench, &p->job->task, "b", &p->job->destination, "wipe", f);
	p->build.intent = p->intent;
	p->build.origin = p->job->origin;
	p->build.gate = gate.gate;
	p->build.medium_bytes = gate.bytes;
	p->build.volume = "fat32";
	if (r == 0)
		r = wl_job_build(p->bench, &p->job->task, &p->build, f);
	return wl_job_shut_gate(p->bench, &p->job->task, &gate, &p->job->destination, "wipe",
	                        p->build.volume_bytes, r, f);
}

static int read_back(struct prepare *p, struct wl_finding *f)
{
	const struct wl_task_medium *m = &p->job->destination;
	struct wl_gate gate = {0};
	uint8_t head[WL_SHA256_BYTES];
	int r = wl_gate_open_read(p->bench->media, "readback", m->port, m->diskseq, &gate, f);
	if (r < 0)
		return r;
	wl_bench_progress_at(p->bench, &p->job->task, "reading-back", m->port, m->medium);
	r = wl_bench_gate_opened(p->bench, &p->job->task, "b", m, "readback", f);
	uint64_t size = gate.bytes < HEAD_BYTES ? gate.bytes : HEAD_BYTES;
	if (r == 0)
		r = wl_reader_head(p->bench, gate.gate, size, head, f);
	if (r == 0 && memcmp(head, p->build.head_sha256, sizeof(head)) != 0)
		r = wl_refuse(f, WL_RULE_DESTINATION_DIFFERS, "the first %llu bytes",
		              (unsigned long long)size);
	return wl_job_shut_gate(p->bench, &p->job->task, &gate, m, "readback", size, r, f);
}

static int append_prepared(struct prepare *p, struct wl_finding *f)
{
	const struct wl_task_medium *m = &p->job->destination;
	int r = wl_job_wipe_ended(p->bench, &p->job->task, p->intent, p->build.volume_bytes, true,
	                          f);
	if (r < 0)
		return r;
	json_t *e = wl_entry_new(WL_E_MEDIUM_PREPARED, "station", getuid(), NULL);
	wl_entry_text(e, WL_M_INTENT, p->intent);
	wl_entry_text(e, WL_M_INSERTION, m->insertion);
	wl_entry_text(e, WL_M_MEDIUM, m->medium);
	wl_entry_text(e, WL_M_VOLUME, "fat32");
	wl_entry_int(e, WL_M_BYTES, m->bytes);
	wl_entry_sha256(e, WL_M_HEAD_SHA256, p->build.head_sha256);
	if (p->job->device[0])
		wl_entry_text(e, WL_M_DEVICE, p->job->device);
	return wl_bench_append(p->bench, &p->job->task, e, NULL, f);
}

int wl_job_prepare_run(struct wl_bench *bench, struct wl_task *task)
{
	struct prepare p = {.bench = bench, .job = (struct wl_prepare_task *)task};
	struct wl_finding *f = &task->finding;
	wl_bench_progress_at(bench, task, "checking", p.job->destination.port,
	                     p.job->destination.medium);
	int r = check(&p, f);
	if (r == 0)
		r = compare(&p, f);
	if (r == 0)
		r = wl_job_wipe_intent(bench, task, &p.job->destination, p.intent, &p.build.time,
		                       f);
	if (r < 0)
		return r;
	r = write_empty(&p, f);
	if (r == 0)
		r = read_back(&p, f);
	if (r == 0)
		return append_prepared(&p, f);
	if (f->rule == WL_RULE_NONE)
		(void)wl_refuse(f, WL_RULE_DESTINATION_WRITE_FAILED, "%s", strerror(-r));
	if ((f->rule == WL_RULE_DESTINATION_WRITE_FAILED || f->rule == WL_RULE_MEDIUM_UNREADABLE ||
	     f->rule == WL_RULE_MEDIUM_GONE) &&
	    wl_bench_is_gone(task))
		f->rule = WL_RULE_DESTINATION_GONE;
	struct wl_finding ignored;
	(void)wl_job_wipe_ended(bench, task, p.intent, p.build.volume_bytes, false, &ignored);
	return r;
}
