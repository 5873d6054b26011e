/*
 * Reading the medium of an inbound transfer into the vault (weighlockd, work thread).
 *
 * The medium is the vendor's and hostile. It is read once: everything but litter is kept, all of it
 * is digested, then the gate is shut before anything is looked into. When power goes while reading,
 * the next start finds gate.opened without gate.shut, says so in the ledger, and the transfer waits
 * for its medium again; half-read items are thrown away by the next reading.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/broker/jobs.h"
#include "daemon/broker/listing.h"
#include "daemon/broker/media_client.h"
#include "daemon/broker/reader.h"
#include "policy/litter.h"

bool wl_rule_stops_reading(enum wl_rule rule)
{
	switch (rule) {
	case WL_RULE_STATION_WORKER_DIED: /* of what lies on the medium: refused, not tried again */
	case WL_RULE_STATION_WORKER_LATE:
	case WL_RULE_STATION_WORKER_LIED:
		return false;
	default:
		return wl_rule_row(rule)->stage <= 3;
	}
}

static json_t *gate_entry(enum wl_event event, const struct wl_task *task, const char *gate,
                          const struct wl_task_medium *medium, const char *purpose)
{
	json_t *e = wl_entry_new(event, task->actor, task->uid,
	                         task->transfer[0] ? task->transfer : NULL);
	wl_entry_text(e, WL_M_GATE, gate);
	wl_entry_text(e, WL_M_INSERTION, medium->insertion);
	wl_entry_text(e, WL_M_PORT, medium->port);
	wl_entry_text(e, WL_M_PURPOSE, purpose);
	return e;
}

int wl_bench_gate_opened(struct wl_bench *bench, struct wl_task *task, const char *gate,
                         const struct wl_task_medium *medium, const char *purpose,
                         struct wl_finding *f)
{
	return wl_bench_append(bench, task,
	                       gate_entry(WL_E_GATE_OPENED, task, gate, medium, purpose), NULL, f);
}

int wl_bench_gate_shut(struct wl_bench *bench, struct wl_task *task, const char *gate,
                       const struct wl_task_medium *medium, const char *purpose, uint64_t bytes,
                       const char *reason, struct wl_finding *f)
{
	json_t *e = gate_entry(WL_E_GATE_SHUT, task, gate, medium, purpose);
	wl_entry_int(e, WL_M_BYTES, bytes);
	wl_entry_text(e, WL_M_REASON, reason);
	return wl_bench_append(bench, task, e, NULL, f);
}

struct read_state {
	struct wl_bench *bench;
	struct wl_read_task *job;
	enum wl_litter *litter; /* of each item, once they are listed */
	const struct wl_items *items;
	uint64_t kept_bytes;
};

static int check_room(struct read_state *s, struct wl_finding *f)
{
	uint64_t used = 0, room = 0;
	const struct wl_policy *policy = s->job->task.policy->policy;
	int r = wl_vault_room(&s->bench->vault, policy->vault.quota_bytes, &used, &room);
	if (r < 0)
		return r;
	if (s->kept_bytes > room)
		return wl_refuse(f, WL_RULE_STATION_VAULT_FULL, "%llu bytes to keep, room for %llu",
		                 (unsigned long long)s->kept_bytes, (unsigned long long)room);
	return 0;
}

static int on_listed(void *user, struct wl_items *items, struct wl_finding *f)
{
	struct read_state *s = user;
	s->items = items;
	s->litter = calloc(items->n ? items->n : 1, sizeof(*s->litter));
	if (!s->litter)
		return -ENOMEM;
	wl_litter_judge(items, s->litter);
	for (size_t i = 0; i < items->n; i++)
		if (s->litter[i] != WL_LITTER_LEAVE)
			s->kept_bytes += items->v[i].size;
	int r = check_room(s, f);
	return r < 0 ? r : wl_vault_begin(&s->bench->vault, s->job->task.transfer);
}

static int sink_of(void *user, const struct wl_item *item, int *ret_fd)
{
	struct read_state *s = user;
	if (s->litter[item - s->items->v] == WL_LITTER_LEAVE)
		return 0;
	return wl_vault_item_create(&s->bench->vault, s->job->task.transfer, item->number, ret_fd);
}

static uint64_t bytes_of(const struct wl_items *items)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < items->n; i++)
		if (items->v[i].has_sha256)
			bytes += items->v[i].size;
	return bytes;
}

/* Reads and seals; the gate is open. */
static int copy_in(struct read_state *s, const struct wl_gate *gate, struct wl_items *items,
                   struct wl_fact_finding *finding, struct wl_finding *f)
{
	const struct wl_policy *policy = s->job->task.policy->policy;
	struct wl_reader_order order = {.bench = s->bench,
	                                .task = &s->job->task,
	                                .step = "copying",
	                                .gate = gate->gate,
	                                .medium_bytes = gate->bytes,
	                                .files_max = policy->limits.transfer_files,
	                                .bytes_max = policy->limits.transfer_bytes,
	                                .listed = on_listed,
	                                .sink = sink_of,
	                                .user = s};
	int r = wl_reader_run(&order, items, &finding->item, f);
	if (r == -EBADMSG)
		finding->finding = *f;
	if (r == 0) {
		r = wl_vault_seal(&s->bench->vault, s->job->task.transfer);
		if (r == 0)
			r = wl_listing_save(&s->bench->vault, s->job->task.transfer, items);
		if (r < 0)
			(void)wl_refuse(f, WL_RULE_STATION_VAULT_FULL,
			                "the vault cannot be written: %s", strerror(-r));
	} else if (r != -EBADMSG && r != -EIO && r != -ECANCELED) {
		(void)wl_refuse(f, WL_RULE_STATION_VAULT_FULL, "reading: %s", strerror(-r));
	}
	return r;
}

/* A stick that was pulled is gone, whatever the worker made of the failed read. */
static int name_gone(struct wl_read_task *job, int r, struct wl_fact_finding *finding,
                     struct wl_finding *f)
{
	bool may_be = f->rule == WL_RULE_MEDIUM_UNREADABLE ||
	              f->rule == WL_RULE_STATION_WORKER_DIED ||
	              f->rule == WL_RULE_VOLUME_SIZE_WRONG || r == -EIO;
	if (r == 0 || !may_be || !wl_bench_is_gone(&job->task))
		return r;
	r = wl_refuse(f, WL_RULE_MEDIUM_GONE, "%s", job->source.port);
	finding->item = 0;
	finding->finding = *f;
	return r;
}

static const char *reason_of(int r, const struct wl_finding *f)
{
	if (r == 0 || (r == -EBADMSG && !wl_rule_stops_reading(f->rule)))
		return "complete";
	return r == -ECANCELED ? "cancelled" : wl_rule_id(f->rule);
}

static int check_disk(struct wl_bench *bench, const struct wl_policy *policy, struct wl_finding *f)
{
	if (policy->vault.require_encrypted_disk && !wl_vault_is_encrypted(&bench->vault))
		return wl_refuse(f, WL_RULE_STATION_VAULT_UNENCRYPTED, "%s",
		                 "the policy wants the vault on an encrypted disk");
	return 0;
}

/* Gate a: open, read, shut. 0 and the items; else the finding says why it stopped. */
static int through_gate(struct wl_bench *bench, struct wl_read_task *job, struct wl_items *items,
                        struct wl_fact_finding *finding, struct wl_finding *f)
{
	struct read_state s = {.bench = bench, .job = job};
	struct wl_gate gate = {0};
	struct wl_finding shut = {0};
	const char *reason;
	wl_bench_progress_at(bench, &job->task, "listing", job->source.port, job->source.medium);
	int r = check_disk(bench, job->task.policy->policy, f);
	if (r == 0)
		r = wl_gate_open_read(bench->media, "read", job->source.port, job->source.diskseq,
		                      &gate, f);
	if (r < 0)
		return r;
	r = wl_bench_gate_opened(bench, &job->task, "a", &job->source, "read", f);
	if (r < 0) {
		(void)wl_gate_shut(bench->media, &gate, &shut);
		return r;
	}
	r = name_gone(job, copy_in(&s, &gate, items, finding, f), finding, f);
	free(s.litter);
	reason = reason_of(r, f);
	if (wl_gate_shut(bench->media, &gate, &shut) < 0 && !strcmp(reason, "complete")) {
		*f = shut;
		r = -EIO;
		reason = wl_rule_id(f->rule);
	}
	int e = wl_bench_gate_shut(bench, &job->task, "a", &job->source, "read", bytes_of(items),
	                           reason, &shut);
	if (e < 0) {
		*f = shut;
		return e;
	}
	if (!strcmp(reason, "complete"))
		wl_bench_progress_at(bench, &job->task, "source-free", job->source.port,
		                     job->source.medium);
	return r;
}

/* What an earlier reading left in the vault, if it is still what it was. */
static int from_vault(struct wl_bench *bench, struct wl_read_task *job, struct wl_items *items,
                      struct wl_finding *f)
{
	WL_AUTO_FREE enum wl_litter *litter = NULL;
	WL_AUTO_FREE bool *kept = NULL;
	int r = wl_listing_load(&bench->vault, job->task.transfer, items);
	if (r == 0) {
		litter = calloc(items->n + 1, sizeof(*litter));
		kept = calloc(items->n + 1, sizeof(*kept));
		if (!litter || !kept)
			return -ENOMEM;
		wl_litter_judge(items, litter);
		for (size_t i = 0; i < items->n; i++)
			kept[i] = litter[i] != WL_LITTER_LEAVE;
		r = wl_listing_check(&bench->vault, job->task.transfer, items, kept);
	}
	return r < 0 ? wl_refuse(f, WL_RULE_MEDIUM_CHANGED, "%s",
	                         "the vault no longer holds what was read")
	             : 0;
}

int wl_job_read_run(struct wl_bench *bench, struct wl_task *task)
{
	struct wl_read_task *job = (struct wl_read_task *)task;
	WL_CLEANUP(wl_items_clear) struct wl_items items = {0};
	struct wl_fact_finding finding = {0};
	size_t nfindings = 0;
	int r = job->source.port[0] ? through_gate(bench, job, &items, &finding, &task->finding)
	                            : from_vault(bench, job, &items, &task->finding);
	if (r == -EBADMSG && finding.finding.rule && !wl_rule_stops_reading(finding.finding.rule)) {
		nfindings = 1; /* what lies there is refused: the decision says so */
		r = 0;
	}
	if (r < 0)
		return r;
	wl_bench_progress(bench, task, "inspecting", 0, 0);
	return wl_job_inspect(bench, job, &items, &finding, nfindings, &task->finding);
}
