/*
 * Reading the medium of a transfer into the vault (weighlockd, work thread).
 *
 * The medium is hostile. It is read once. Of a vendor's everything but litter is kept and all of it
 * is digested; of a scanner's nothing is read but what the export asks for, for the rest is other
 * people's pictures. The gate is shut before anything is looked into, first of all what the medium
 * says of this station's ledger (claims.h). When power goes while
 * reading, the next start finds gate.opened without gate.shut, says so in the ledger, and the
 * transfer waits for its medium again; half-read items are thrown away by the next reading.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"
#include "daemon/broker/claims.h"
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

/* Before the next gate is said to be open the one before is said to be shut. Whether the ledger has
 * that already is not known here: "restart" may be said of any gate. */
static int say_unsaid(struct wl_bench *bench, struct wl_task *task, struct wl_finding *f)
{
	if (!bench->gate_unsaid)
		return 0;
	json_t *data = json_object_get(bench->gate_unsaid, "data");
	(void)json_object_set_new(data, "reason", json_string("restart"));
	int r = wl_bench_append(bench, task, json_deep_copy(bench->gate_unsaid), NULL, f);
	if (r < 0)
		return r;
	json_decref(bench->gate_unsaid);
	bench->gate_unsaid = NULL;
	return 0;
}

int wl_bench_gate_opened(struct wl_bench *bench, struct wl_task *task, const char *gate,
                         const struct wl_task_medium *medium, const char *purpose,
                         struct wl_finding *f)
{
	int r = say_unsaid(bench, task, f);
	if (r == 0)
		r = wl_bench_append(bench, task,
		                    gate_entry(WL_E_GATE_OPENED, task, gate, medium, purpose), NULL,
		                    f);
	bench->gate_said = r == 0;
	return r;
}

int wl_bench_gate_shut(struct wl_bench *bench, struct wl_task *task, const char *gate,
                       const struct wl_task_medium *medium, const char *purpose, uint64_t bytes,
                       const char *reason, const char *detail, struct wl_finding *f)
{
	json_t *e = gate_entry(WL_E_GATE_SHUT, task, gate, medium, purpose);
	wl_entry_int(e, WL_M_BYTES, bytes);
	/* the ledger went away when it was opened: whether it says so is not known here */
	wl_entry_text(e, WL_M_REASON, bench->gate_said ? reason : "restart");
	if (detail[0] && bench->gate_said)
		wl_entry_text(e, WL_M_DETAIL, detail);
	bench->gate_said = false;
	json_t *kept = json_deep_copy(e);
	int r = wl_bench_append(bench, task, e, NULL, f);
	json_decref(r < 0 ? bench->gate_unsaid : kept);
	if (r < 0)
		bench->gate_unsaid = kept;
	return r;
}

struct read_state {
	struct wl_bench *bench;
	struct wl_read_task *job;
	bool *kept;  /* of each item, once they are listed */
	bool *aside; /* of each item: read for nothing but to be compared with the ledger */
	struct wl_intake claims; /* those, in memory */
	const struct wl_items *items;
	uint64_t kept_files, kept_bytes;
	uint32_t base; /* items of earlier readings of this transfer */
};

/* Sizes only: the sentence around them is rendered in the reader's language. */
static int no_room(uint64_t needed, uint64_t room, struct wl_finding *f)
{
	char sizes[64];
	wl_size_format_less(room, needed, sizes, sizeof(sizes));
	return wl_refuse(f, WL_RULE_STATION_VAULT_FULL, "%s", sizes);
}

static int check_room(struct read_state *s, struct wl_finding *f)
{
	uint64_t used = 0, room = 0;
	const struct wl_policy *policy = s->job->task.policy->policy;
	const struct wl_export_order *export = s->job->export;
	/* each output lies in the vault besides what it was made of */
	uint64_t times = export ? 1 + (uint64_t)__builtin_popcount(export->outputs) : 1;
	int r = wl_vault_room(&s->bench->vault, policy->vault.quota_bytes, &used, &room);
	if (r < 0)
		return r;
	if (s->kept_bytes > room / times)
		return no_room(s->kept_bytes * times, room, f);
	return 0;
}

/* Everything but what operating systems leave behind. */
static int keep_all(const struct wl_items *items, bool *kept)
{
	WL_AUTO_FREE enum wl_litter *litter = calloc(items->n + 1, sizeof(*litter));
	if (!litter)
		return -ENOMEM;
	wl_litter_judge(items, litter);
	for (size_t i = 0; i < items->n; i++)
		kept[i] = litter[i] != WL_LITTER_LEAVE;
	return 0;
}

/* What the export asks for, and whether the policy lets out so much. */
static int keep_asked(struct read_state *s, struct wl_finding *f)
{
	const struct wl_policy *policy = s->job->task.policy->policy;
	const struct wl_export_order *export = s->job->export;
	const char *key = "";
	(void)wl_export_choose(wl_policy_device(policy, s->job->device), &export->asked, s->items,
	                       s->kept);
	for (size_t i = 0; i < s->items->n; i++)
		if (s->kept[i]) {
			s->kept_files++;
			s->kept_bytes += s->items->v[i].size;
		}
	enum wl_rule rule = wl_export_check_volume(policy, s->kept_files, s->kept_bytes,
	                                           export->day_left, &key);
	if (rule == WL_RULE_NONE)
		return 0;
	return wl_refuse(f, rule, "%llu pictures, %llu bytes (%s)",
	                 (unsigned long long)s->kept_files, (unsigned long long)s->kept_bytes, key);
}

/* An empty folder; or, where an export reads more, what an earlier try of it left goes. */
static int begin(struct read_state *s)
{
	const char *transfer = s->job->task.transfer;
	return s->base ? wl_vault_items_drop(&s->bench->vault, transfer, s->base)
	               : wl_vault_begin(&s->bench->vault, transfer);
}

/* Receipts and checkpoints are no pictures: they are read beside what is asked for, and not kept;
 * those that lie where we write them first. */
static void set_aside(struct read_state *s)
{
	size_t n = s->items->n, found = 0;
	for (size_t k = 0; k < 2 * n && found < WL_CHECKPOINT_FILES_MAX; k++) {
		const struct wl_item *item = &s->items->v[k % n];
		if (s->kept[k % n] || !wl_claim_is_named(item) || wl_claim_is_ours(item) != (k < n))
			continue;
		s->aside[k % n] = true;
		found++;
	}
}

static int on_listed(void *user, struct wl_items *items, struct wl_finding *f)
{
	struct read_state *s = user;
	s->items = items;
	s->kept = calloc(items->n + 1, sizeof(*s->kept));
	s->aside = calloc(items->n + 1, sizeof(*s->aside));
	if (!s->kept || !s->aside)
		return -ENOMEM;
	int r = s->job->export ? keep_asked(s, f) : keep_all(items, s->kept);
	for (size_t i = 0; i < items->n && !s->job->export; i++)
		s->kept_bytes += s->kept[i] ? items->v[i].size : 0;
	set_aside(s);
	if (r == 0)
		r = check_room(s, f);
	return r < 0 ? r : begin(s);
}

/* Other people's pictures are not even read. */
static bool wanted(void *user, const struct wl_item *item)
{
	struct read_state *s = user;
	size_t i = (size_t)(item - s->items->v);
	return !s->job->export || s->kept[i] || s->aside[i];
}

static int sink_of(void *user, const struct wl_item *item, int *ret_fd)
{
	struct read_state *s = user;
	if (s->aside[item - s->items->v])
		return wl_intake_sink(&s->claims, item, ret_fd);
	if (!s->kept[item - s->items->v])
		return 0;
	return wl_vault_item_create(&s->bench->vault, s->job->task.transfer, item->number + s->base,
	                            ret_fd);
}

static uint64_t bytes_of(const struct wl_items *items)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < items->n; i++)
		if (items->v[i].has_sha256)
			bytes += items->v[i].size;
	return bytes;
}

/* Which reading of its transfer this is, from 1. */
static unsigned reading_of(const struct wl_read_task *job)
{
	return job->export ? job->export->readings + 1 : 1;
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
	                                .wanted = wanted,
	                                .sink = sink_of,
	                                .user = s};
	int r = wl_reader_run(&order, items, &finding->item, f);
	if (r == -EBADMSG)
		finding->finding = *f;
	for (size_t i = 0; s->aside && i < items->n; i++)
		if (s->aside[i] && s->job->export) /* it was read, but is none of the export's */
			items->v[i].has_sha256 = false;
	if (r == 0) {
		r = wl_intake_seal(&s->claims);
		if (r == 0)
			r = wl_vault_seal(&s->bench->vault, s->job->task.transfer);
		if (r == 0)
			r = wl_listing_save(&s->bench->vault, s->job->task.transfer,
			                    reading_of(s->job), items);
		if (r < 0)
			(void)wl_refuse(f, WL_RULE_STATION_VAULT_FULL,
			                "the vault cannot be written: %s", strerror(-r));
	} else if (r != -EBADMSG && r != -EIO && r != -ECANCELED) {
		(void)wl_refuse(f, WL_RULE_STATION_VAULT_FULL, "reading: %s", strerror(-r));
	}
	return r;
}

static int open_claim(void *user, const struct wl_item *item, int *ret_fd)
{
	struct read_state *s = user;
	size_t i = (size_t)(item - s->items->v);
	if (s->kept[i])
		return wl_vault_item_open(&s->bench->vault, s->job->task.transfer,
		                          item->number + s->base, ret_fd);
	int fd = wl_intake_fd(&s->claims, item);
	*ret_fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return *ret_fd < 0 ? -ENOENT : 0;
}

/* What the medium says of this station's own ledger. An alarm ends the reading: nothing is made of
 * what came, and the transfer waits. */
static int compare_claims(struct read_state *s, struct wl_finding *f)
{
	const struct wl_claims_source source = {.items = s->items,
	                                        .insertion = s->job->source.insertion,
	                                        .open = open_claim,
	                                        .user = s};
	int r = wl_claims_compare(s->bench, &source, f);
	if (r < 0 && f->rule == WL_RULE_NONE)
		return wl_refuse(f, WL_RULE_STATION_PART_MISSING, "comparing: %s", strerror(-r));
	return r;
}

static void read_state_clear(struct read_state *s)
{
	free(s->kept);
	free(s->aside);
	wl_intake_clear(&s->claims);
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
static int through_gate(struct wl_bench *bench, struct wl_read_task *job, uint32_t base,
                        struct wl_items *items, struct wl_fact_finding *finding,
                        struct wl_finding *f)
{
	WL_CLEANUP(read_state_clear)
	struct read_state s = {
	        .bench = bench, .job = job, .base = base, .claims.purpose = "claims"};
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
	reason = reason_of(r, f);
	if (wl_gate_shut(bench->media, &gate, &shut) < 0 && !strcmp(reason, "complete")) {
		*f = shut;
		r = -EIO;
		reason = wl_rule_id(f->rule);
	} else if (r == 0) {
		r = compare_claims(&s, f);
		reason = reason_of(r, f);
	}
	int e = wl_bench_gate_shut(bench, &job->task, "a", &job->source, "read", bytes_of(items),
	                           reason, strcmp(reason, "complete") != 0 ? f->detail : "", &shut);
	if (e < 0) {
		*f = shut;
		return e;
	}
	if (!strcmp(reason, "complete"))
		wl_bench_progress_at(bench, &job->task, "source-free", job->source.port,
		                     job->source.medium);
	return r;
}

/* What an earlier reading left in the vault, if it is still what it was. Of an export just that was
 * kept which was digested. */
static int from_vault(struct wl_bench *bench, struct wl_read_task *job, unsigned readings,
                      struct wl_items *items, uint32_t *ret_base, struct wl_finding *f)
{
	WL_AUTO_FREE bool *kept = NULL;
	int r = wl_listing_load_all(&bench->vault, job->task.transfer, readings, items, ret_base);
	if (r == 0) {
		kept = calloc(items->n + 1, sizeof(*kept));
		r = kept ? 0 : -ENOMEM;
	}
	if (r == 0 && !job->export)
		r = keep_all(items, kept);
	for (size_t i = 0; r == 0 && job->export && i < items->n; i++)
		kept[i] = items->v[i].has_sha256;
	if (r == 0)
		r = wl_listing_check(&bench->vault, job->task.transfer, items, kept);
	return r < 0 && r != -ENOMEM ? wl_refuse(f, WL_RULE_MEDIUM_CHANGED, "%s",
	                                         "the vault no longer holds what was read")
	                             : r;
}

/* A second reading that brings nothing takes nothing away: what was there is looked into again. */
static int fall_back(struct wl_bench *bench, struct wl_read_task *job, struct wl_items *items,
                     uint32_t *ret_base, struct wl_finding *f)
{
	struct wl_finding why = *f;
	if (job->source.insertion[0] && why.rule) {
		json_t *e =
		        wl_entry_new(WL_E_MEDIUM_REFUSED, "station", getuid(), job->task.transfer);
		wl_entry_text(e, WL_M_INSERTION, job->source.insertion);
		wl_entry_rule(e, WL_M_RULE, why.rule);
		if (why.detail[0])
			wl_entry_text(e, WL_M_DETAIL, why.detail);
		int r = wl_bench_append(bench, &job->task, e, NULL, f);
		if (r < 0)
			return r;
	}
	job->export->preserved = true;
	wl_items_clear(items);
	return from_vault(bench, job, job->export->readings, items, ret_base, f);
}

/* Through the gate, behind what earlier readings brought. */
static int read_more(struct wl_bench *bench, struct wl_read_task *job, struct wl_finding *f)
{
	WL_CLEANUP(wl_items_clear) struct wl_items read = {0}, earlier = {0};
	struct wl_fact_finding finding = {0};
	uint32_t base = 0, last = 0;
	int r = job->export->readings
	                ? from_vault(bench, job, job->export->readings, &earlier, &last, f)
	                : 0;
	for (size_t i = 0; i < earlier.n; i++)
		base = earlier.v[i].number > base ? earlier.v[i].number : base;
	return r < 0 ? r : through_gate(bench, job, base, &read, &finding, f);
}

/* An export: what this reading brought, and what earlier ones did. */
static int read_export(struct wl_bench *bench, struct wl_read_task *job)
{
	WL_CLEANUP(wl_items_clear) struct wl_items items = {0};
	struct wl_finding *f = &job->task.finding, refused = {0};
	bool through = job->source.port[0] != '\0', again = job->export->readings > 0;
	uint32_t base = 0;
	int r = through ? read_more(bench, job, f) : 0;
	bool is_refused = r == -EBADMSG && !wl_rule_stops_reading(f->rule);
	if (r < 0 && !is_refused)
		return r;
	if (is_refused && !again) {
		refused = *f;
		return wl_job_export(bench, job, &items, 0, &refused, f);
	}
	if (!is_refused)
		r = from_vault(bench, job, job->export->readings + 1, &items, &base, f);
	if (r == -EBADMSG && again && (is_refused || !through))
		r = fall_back(bench, job, &items, &base, f);
	if (r < 0)
		return r;
	wl_bench_progress(bench, &job->task, "inspecting", 0, 0);
	return wl_job_export(bench, job, &items, base, &refused, f);
}

int wl_job_read_run(struct wl_bench *bench, struct wl_task *task)
{
	struct wl_read_task *job = (struct wl_read_task *)task;
	WL_CLEANUP(wl_items_clear) struct wl_items items = {0};
	struct wl_fact_finding finding = {0};
	size_t nfindings = 0;
	uint32_t base = 0;
	if (job->export)
		return read_export(bench, job);
	int r = job->source.port[0] ? through_gate(bench, job, 0, &items, &finding, &task->finding)
	                            : from_vault(bench, job, 1, &items, &base, &task->finding);
	if (r == -EBADMSG && finding.finding.rule && !wl_rule_stops_reading(finding.finding.rule)) {
		nfindings = 1; /* what lies there is refused: the decision says so */
		r = 0;
	}
	if (r < 0)
		return r;
	wl_bench_progress(bench, task, "inspecting", 0, 0);
	return wl_job_inspect(bench, job, &items, &finding, nfindings, &task->finding);
}
