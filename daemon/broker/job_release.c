/*
 * Releasing one output onto a destination (weighlockd, work thread).
 *
 * The order is invariant 6: everything that can refuse is asked first; then the intent is durable
 * in the ledger; only then mediad opens the gate, on ledgerd's grant; what was written is read back
 * by another process and compared with the manifest. When power goes after the intent, the next
 * start finds it without an end and says release.unknown: the medium is suspect, nothing on it
 * mounts.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/broker/bag_contents.h"
#include "daemon/broker/claims.h"
#include "daemon/broker/delivery.h"
#include "daemon/broker/jobs.h"
#include "daemon/broker/media_client.h"
#include "daemon/broker/reader.h"
#include "policy/destination.h"

#define TAGS_BYTES   WL_KIB(256) /* of a bag beside its payload, with a line or two for each file */
#define TAG_LINE_MAX 1024U

struct release {
	struct wl_bench *bench;
	struct wl_release_task *job;
	struct wl_delivery delivery;
	struct wl_note note;
	struct wl_build_file *files; /* in the order of writing */
	size_t nfiles;
	struct wl_bag_contents bag; /* of an export */
	enum wl_volume_format volume;
	struct wl_build build;
	struct wl_gate gate;
};

static const struct wl_policy_device *device_of(const struct release *r)
{
	return wl_policy_device(r->job->task.policy->policy, r->job->device);
}

static const char *inspected_text(const struct release *r, const char *member)
{
	return json_string_value(json_object_get(r->job->inspected, member));
}

/* ---- what can refuse before the intent ---- */

/* Another transfer may have been released since this one was inspected. */
static int check_facts(struct release *r, struct wl_finding *f)
{
	const char *component = inspected_text(r, "component"),
	           *ticket = inspected_text(r, "ticket");
	json_int_t release = json_integer_value(json_object_get(r->job->inspected, "release"));
	json_int_t allowed = json_integer_value(json_object_get(r->job->inspected, "ticket_uses"));
	struct wl_ledger_floor floor = {0};
	struct wl_ledger_ticket known = {0};
	int e = component ? wl_ledger_floor(r->bench->ledger, r->job->device, component, &floor, f)
	                  : 0;
	if (e == 0 && ticket)
		e = wl_ledger_ticket(r->bench->ledger, r->job->device, ticket, &known, f);
	if (e < 0)
		return e;
	if (component && floor.has_release && (uint64_t)release < floor.release)
		return wl_refuse(f, WL_RULE_UPDATE_VERSION_FLOOR, "%lld is older than %llu",
		                 (long long)release, (unsigned long long)floor.release);
	if (ticket && known.withdrawn)
		return wl_refuse(f, WL_RULE_TICKET_WITHDRAWN, "%s", ticket);
	if (ticket && allowed > 0 && !r->job->tried_before && known.uses >= (uint64_t)allowed)
		return wl_refuse(f, WL_RULE_TICKET_USED, "%s", ticket);
	return 0;
}

static int check_destination(struct release *r, bool prepared, struct wl_finding *f)
{
	const struct wl_task_medium *m = &r->job->destination;
	WL_AUTO_FREE uint64_t *sizes = calloc(r->delivery.n + 1, sizeof(*sizes));
	size_t n = r->delivery.n;
	struct wl_rules rules;
	char detail[WL_DETAIL_MAX + 1];
	if (!sizes)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sizes[i] = r->delivery.v[i].bytes;
	if (r->job->outbound) /* what is signed after the intent has no size yet */
		sizes[n++] = TAGS_BYTES + r->delivery.n * TAG_LINE_MAX;
	r->volume = wl_destination_volume(device_of(r), r->job->outbound, sizes, n);
	struct wl_destination_facts facts = {.policy = r->job->task.policy->policy,
	                                     .device = r->job->device,
	                                     .port = m->port,
	                                     .present = true,
	                                     .port_is_destination = true,
	                                     .is_source = r->job->is_source,
	                                     .prepared = prepared,
	                                     .was_prepared = r->job->was_prepared,
	                                     .bytes = m->bytes,
	                                     .volume = r->volume,
	                                     .files = sizes,
	                                     .nfiles = n};
	wl_decide_destination(&facts, &rules, NULL);
	if (!rules.n)
		return 0;
	wl_destination_detail(&facts, rules.v[0], detail, sizeof(detail));
	return wl_refuse(f, rules.v[0], "%s", detail);
}

/* What comes back with our word on it is compared before it is overwritten. */
static int compare_claims(const struct release *r, struct wl_finding *f)
{
	WL_CLEANUP(wl_intake_clear)
	struct wl_intake in = {
	        .bench = r->bench, .task = &r->job->task, .source = &r->job->destination};
	return wl_claims_look(&in, f);
}

static int check(struct release *r, struct wl_finding *f)
{
	bool prepared = false;
	wl_bench_progress_at(r->bench, &r->job->task, "checking", r->job->destination.port,
	                     r->job->destination.medium);
	char name[WL_ID_TEXT + 16];
	wl_delivery_manifest_name(r->job->output, name);
	int e = wl_delivery_load(&r->bench->vault, r->job->task.transfer, name,
	                         r->job->manifest_sha256, &r->delivery, f);
	if (e == 0 && r->job->outbound)
		e = wl_bag_contents_load(r->bench, r->job, &r->delivery, &r->bag, f);
	if (e == 0)
		e = check_facts(r, f);
	if (e == 0)
		e = wl_job_check_head(r->bench, &r->job->task, &r->job->destination, &prepared, f);
	if (e == 0)
		e = check_destination(r, prepared, f);
	/* one that the station prepared itself has nothing on it that could come back */
	return e == 0 && !prepared ? compare_claims(r, f) : e;
}

static void record_refused(struct release *r, const struct wl_finding *why)
{
	struct wl_finding ignored; /* the caller has the reason already */
	json_t *e = wl_entry_new(WL_E_MEDIUM_REFUSED, "station", getuid(), r->job->task.transfer);
	wl_entry_text(e, WL_M_INSERTION, r->job->destination.insertion);
	wl_entry_rule(e, WL_M_RULE, why->rule);
	if (why->detail[0])
		wl_entry_text(e, WL_M_DETAIL, why->detail);
	(void)wl_bench_append(r->bench, &r->job->task, e, NULL, &ignored);
}

/* ---- the intent ---- */

static int append_intent(struct release *r, struct wl_finding *f)
{
	static const struct {
		enum wl_member member;
		const char *name;
	} copied[] = {{WL_M_COMPONENT, "component"},
	              {WL_M_VERSION, "version"},
	              {WL_M_VENDOR_SIGNATURE, "vendor_signature"},
	              {WL_M_TICKET, "ticket"}};
	struct wl_release_task *job = r->job;
	json_t *e = wl_entry_new(WL_E_RELEASE_INTENT, job->task.actor, job->task.uid,
	                         job->task.transfer);
	json_t *release = json_object_get(job->inspected, "release");
	wl_entry_list(e, WL_M_APPROVALS, json_incref(job->approvals));
	wl_entry_text(e, WL_M_OUTPUT, job->output);
	wl_entry_text(e, WL_M_DEVICE, job->device);
	for (size_t i = 0; i < WL_ARRAY_LEN(copied); i++)
		if (inspected_text(r, copied[i].name))
			wl_entry_text(e, copied[i].member, inspected_text(r, copied[i].name));
	if (release)
		wl_entry_int(e, WL_M_RELEASE, (uint64_t)json_integer_value(release));
	wl_entry_text(e, WL_M_SANITISED, "no");
	wl_entry_text(e, WL_M_RULE, inspected_text(r, "rule"));
	wl_entry_text(e, WL_M_MANIFEST_SHA256, job->manifest_sha256);
	wl_entry_int(e, WL_M_FILES, r->delivery.n);
	wl_entry_text(e, WL_M_MEDIUM, job->destination.medium);
	wl_entry_text(e, WL_M_DESTINATION_PORT, job->destination.port);
	wl_entry_text(e, WL_M_DESTINATION_INSERTION, job->destination.insertion);
	wl_entry_text(e, WL_M_VOLUME, wl_volume_format_name(r->volume));
	json_t *kept = json_incref(e);
	int error = wl_bench_append(r->bench, &job->task, e, job->intent, f);
	r->build.time = wl_entry_time(kept);
	json_decref(kept);
	return error;
}

/* ---- writing ---- */

static int plan_bag(struct release *r)
{
	r->files = calloc(WL_BAG_TAG_FILES_MAX + r->delivery.n + 1, sizeof(*r->files));
	return r->files ? wl_bag_contents_plan(&r->bag, r->job, &r->note, r->build.time, r->files,
	                                       &r->nfiles)
	                : -ENOMEM;
}

static int plan_files(struct release *r)
{
	if (r->job->outbound)
		return plan_bag(r);
	bool along = device_of(r)->delivery_note == WL_NOTE_ON_MEDIUM;
	static const char *const places[] = {"WEIGHLOCK/NOTE.JSN", "WEIGHLOCK/NOTE.P7S",
	                                     "WEIGHLOCK/RECEIPT.TXT"};
	r->files = calloc(r->delivery.n + WL_NOTE_FILES_MAX + 1, sizeof(*r->files));
	if (!r->files)
		return -ENOMEM;
	for (size_t i = 0; i < r->delivery.n; i++)
		r->files[r->nfiles++] =
		        (struct wl_build_file){.path = (const char *)r->delivery.v[i].path,
		                               .path_n = r->delivery.v[i].path_n,
		                               .bytes = r->delivery.v[i].bytes,
		                               .fd = -1,
		                               .number = r->delivery.v[i].number,
		                               .sha256 = r->delivery.v[i].sha256};
	for (unsigned i = 0; along && i < r->note.n; i++)
		for (size_t k = 0; k < WL_ARRAY_LEN(places); k++)
			if (!strcmp(strchr(places[k], '/') + 1, r->note.file[i].name))
				r->files[r->nfiles++] =
				        (struct wl_build_file){.path = places[k],
				                               .path_n = strlen(places[k]),
				                               .bytes = r->note.file[i].bytes,
				                               .fd = r->note.file[i].fd,
				                               .sha256 = r->note.file[i].sha256};
	return 0;
}

static int write_volume(struct release *r, struct wl_finding *f)
{
	struct wl_release_task *job = r->job;
	struct wl_finding shut = {0};
	int e = wl_gate_open_write(r->bench->media, job->intent, &r->gate, f);
	if (e < 0)
		return e;
	e = wl_bench_gate_opened(r->bench, &job->task, "b", &job->destination, "release", f);
	r->build.intent = job->intent;
	r->build.origin = job->origin;
	r->build.gate = r->gate.gate;
	r->build.medium_bytes = r->gate.bytes;
	r->build.volume = wl_volume_format_name(r->volume);
	r->build.files = r->files;
	r->build.nfiles = r->nfiles;
	r->build.transfer = job->task.transfer;
	if (e == 0)
		e = wl_job_build(r->bench, &job->task, &r->build, f);
	if (wl_gate_shut(r->bench->media, &r->gate, &shut) < 0 && e == 0) {
		*f = shut;
		e = -EBADMSG;
	}
	int s = wl_bench_gate_shut(r->bench, &job->task, "b", &job->destination, "release",
	                           e == 0 ? r->build.volume_bytes : 0,
	                           e == 0 ? "complete" : wl_rule_id(f->rule), "", &shut);
	if (s < 0 && e == 0)
		*f = shut;
	return e < 0 ? e : s;
}

/* ---- reading back ---- */

static int on_listed(void *user, struct wl_items *items, struct wl_finding *f)
{
	struct release *r = user;
	size_t files = 0;
	for (size_t i = 0; i < items->n; i++)
		files += !items->v[i].folder;
	return files == r->nfiles ? 0
	                          : wl_refuse(f, WL_RULE_DESTINATION_DIFFERS,
	                                      "%zu files there, %zu written", files, r->nfiles);
}

static int drop(void *user, const struct wl_item *item, int *ret_fd)
{
	(void)user;
	(void)item;
	(void)ret_fd;
	return 0;
}

static const struct wl_build_file *planned(const struct release *r, const struct wl_item *item)
{
	for (size_t i = 0; i < r->nfiles; i++)
		if (r->files[i].path_n == item->path_n &&
		    !memcmp(r->files[i].path, item->path, item->path_n))
			return &r->files[i];
	return NULL;
}

/* There are as many files as were written, each is one of them, and none is there twice. */
static int compare(const struct release *r, const struct wl_items *items, struct wl_finding *f)
{
	for (size_t i = 0; i < items->n; i++) {
		const struct wl_item *item = &items->v[i];
		if (item->folder)
			continue;
		const struct wl_build_file *file = planned(r, item);
		bool twice = i > 0 && item[-1].path_n == item->path_n &&
		             !memcmp(item[-1].path, item->path, item->path_n);
		if (!file || twice || !item->has_sha256 || file->bytes != item->size ||
		    memcmp(file->sha256, item->sha256, WL_SHA256_BYTES) != 0)
			return wl_refuse(f, WL_RULE_DESTINATION_DIFFERS, "file %u", item->number);
	}
	return 0;
}

/* At most so many folders came with the files. */
static uint64_t folders_of(const struct release *r)
{
	uint64_t n = 0;
	for (size_t i = 0; i < r->nfiles; i++)
		for (size_t k = 0; k < r->files[i].path_n; k++)
			n += r->files[i].path[k] == '/';
	return n;
}

static int read_back(struct release *r, struct wl_finding *f)
{
	WL_CLEANUP(wl_items_clear) struct wl_items items = {0};
	struct wl_release_task *job = r->job;
	struct wl_gate gate = {0};
	struct wl_finding shut = {0};
	uint32_t at = 0;
	int e = wl_gate_open_read(r->bench->media, "readback", job->destination.port,
	                          job->destination.diskseq, &gate, f);
	if (e < 0)
		return e;
	e = wl_bench_gate_opened(r->bench, &job->task, "b", &job->destination, "readback", f);
	struct wl_reader_order order = {.bench = r->bench,
	                                .task = &job->task,
	                                .step = "reading-back",
	                                .gate = gate.gate,
	                                .medium_bytes = gate.bytes,
	                                .files_max = r->nfiles + folders_of(r),
	                                .bytes_max = UINT64_MAX >> 1,
	                                .listed = on_listed,
	                                .sink = drop,
	                                .user = r};
	if (e == 0)
		e = wl_reader_run(&order, &items, &at, f);
	if (e == 0)
		e = compare(r, &items, f);
	if (wl_gate_shut(r->bench->media, &gate, &shut) < 0 && e == 0) {
		*f = shut;
		e = -EBADMSG;
	}
	int s = wl_bench_gate_shut(r->bench, &job->task, "b", &job->destination, "readback",
	                           e == 0 ? r->delivery.bytes : 0,
	                           e == 0 ? "complete" : wl_rule_id(f->rule), "", &shut);
	if (s < 0 && e == 0)
		*f = shut;
	return e < 0 ? e : s;
}

/* ---- the end ---- */

static json_t *end_entry(const struct release *r, enum wl_event event)
{
	json_t *e = wl_entry_new(event, "station", getuid(), r->job->task.transfer);
	wl_entry_text(e, WL_M_INTENT, r->job->intent);
	return e;
}

static int append_done(struct release *r, struct wl_finding *f)
{
	json_t *written = end_entry(r, WL_E_RELEASE_WRITTEN);
	wl_entry_sha256(written, WL_M_VOLUME_SHA256, r->build.volume_sha256);
	wl_entry_sha256(written, WL_M_NOTE_SHA256, r->note.sha256);
	wl_entry_text(written, WL_M_READBACK, "equal");
	if (r->job->outbound)
		wl_entry_sha256(written, WL_M_BAG_SHA256, r->bag.sha256);
	int e = wl_bench_append(r->bench, &r->job->task, written, NULL, f);
	return e < 0 ? e
	             : wl_bench_append(r->bench, &r->job->task, end_entry(r, WL_E_RELEASE_DONE),
	                               NULL, f);
}

static void append_failed(struct release *r, const struct wl_finding *why)
{
	struct wl_finding ignored;
	json_t *failed = end_entry(r, WL_E_RELEASE_FAILED);
	wl_entry_rule(failed, WL_M_RULE, why->rule);
	if (why->detail[0])
		wl_entry_text(failed, WL_M_DETAIL, why->detail);
	wl_entry_int(failed, WL_M_BYTES, r->build.volume_bytes);
	if (wl_bench_append(r->bench, &r->job->task, failed, NULL, &ignored) < 0)
		r->job->unknown = true; /* the next start says release.unknown */
}

/* A medium that goes away while it is written or read back is gone, whatever the worker called it.
 */
static void name_gone(struct release *r, struct wl_finding *f)
{
	if ((f->rule == WL_RULE_DESTINATION_WRITE_FAILED || f->rule == WL_RULE_MEDIUM_UNREADABLE ||
	     f->rule == WL_RULE_STATION_WORKER_DIED || f->rule == WL_RULE_MEDIUM_GONE) &&
	    wl_bench_is_gone(&r->job->task))
		f->rule = WL_RULE_DESTINATION_GONE;
	if (f->rule == WL_RULE_MEDIUM_GONE)
		f->rule = WL_RULE_DESTINATION_GONE;
}

/* Everything after the intent. */
static int carry_out(struct release *r, struct wl_finding *f)
{
	int e = r->job->outbound ? wl_ledger_custody(r->bench->ledger, r->job->intent, &r->note, f)
	                         : wl_ledger_note(r->bench->ledger, r->job->intent, &r->note, f);
	if (e == 0)
		e = plan_files(r);
	if (e == 0)
		e = write_volume(r, f);
	if (e == 0)
		e = read_back(r, f);
	if (e == 0) {
		wl_bench_progress(r->bench, &r->job->task, "finishing", 0, 0);
		e = append_done(r, f);
	}
	return e;
}

static void release_clear(struct release *r)
{
	wl_delivery_clear(&r->delivery);
	wl_note_clear(&r->note);
	wl_bag_contents_clear(&r->bag);
	free(r->files);
}

int wl_job_release_run(struct wl_bench *bench, struct wl_task *task)
{
	WL_CLEANUP(release_clear)
	struct release r = {.bench = bench, .job = (struct wl_release_task *)task};
	struct wl_finding *f = &task->finding;
	int e = check(&r, f);
	if (e < 0) {
		if (e == -EBADMSG && wl_rule_row(f->rule)->stage == 13)
			record_refused(&r, f);
		return e;
	}
	e = append_intent(&r, f);
	if (e < 0)
		return e;
	e = carry_out(&r, f);
	if (e < 0) {
		if (f->rule == WL_RULE_NONE)
			(void)wl_refuse(f, WL_RULE_DESTINATION_WRITE_FAILED, "%s", strerror(-e));
		name_gone(&r, f);
		append_failed(&r, f);
	}
	return e;
}
