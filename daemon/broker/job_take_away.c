/*
 * Writing the ledger onto a medium for the auditor, or a certificate request for its authority
 * (weighlockd, work thread).
 *
 * A fresh volume as always: intent, grant, build, read back by another process, compared file by
 * file with the digests ledgerd gave. The medium must be prepared, or hold an earlier export of
 * this very ledger; one of another station is overwritten only when that was said. A checkpoint of
 * ours found on it is compared first. When power goes after the intent, nothing on the medium
 * mounts.
 */
#include "daemon/broker/job_audit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/broker/claims.h"
#include "daemon/broker/media_client.h"
#include "daemon/broker/reader.h"
#include "policy/destination.h"

#define WHOLE_ENTRIES_MAX UINT64_C(160000) /* about 64 MiB */

struct export_file {
	char *path;
	uint64_t bytes;
	uint8_t sha256[WL_SHA256_BYTES];
	int fd; /* -1: ledgerd gives it when its turn comes */
};

struct export
{
	struct wl_bench *bench;
	struct wl_take_away_task *job;
	struct wl_export_list list;
	struct export_file *file; /* in the order of their paths */
	size_t nfiles, room;
	char intent[WL_ID_TEXT];
	char replaced[WL_DETAIL_MAX + 1]; /* whose export was on it; "" nobody else's */
	struct wl_build build;
	struct wl_build_file *plan;
};

static void export_clear(struct export *x)
{
	for (size_t i = 0; i < x->nfiles; i++) {
		free(x->file[i].path);
		wl_cleanup_close(&x->file[i].fd);
	}
	free(x->file);
	free(x->plan);
	wl_export_list_clear(&x->list);
}

/* ---- what is written ---- */

static struct export_file *new_file(struct export *x, const char *path)
{
	if (x->nfiles == x->room) {
		size_t room = x->room ? 2 * x->room : 256;
		void *grown = realloc(x->file, room * sizeof(*x->file));
		if (!grown)
			return NULL;
		x->file = grown;
		x->room = room;
	}
	struct export_file *f = &x->file[x->nfiles];
	*f = (struct export_file){.path = strdup(path), .fd = -1};
	if (!f->path)
		return NULL;
	x->nfiles++;
	return f;
}

static int add_text(struct export *x, const char *path, const char *text)
{
	size_t n = strlen(text);
	struct export_file *f = n ? new_file(x, path) : NULL;

	if (!n)
		return 0;
	if (!f)
		return -ENOMEM;
	f->bytes = n;
	int r = wl_memfd_sealed(path, text, n, &f->fd);
	return r < 0 ? r : wl_sha256_of(text, n, f->sha256);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct export_file *)a)->path, ((const struct export_file *)b)->path);
}

/* The card: what a person compares with paper, and the key in a file for weighlock-verify. */
static int add_card(struct export *x, struct wl_finding *f)
{
	struct wl_ledger_card card = {0};
	WL_AUTO_FREE char *text = NULL;
	char vkey[sizeof(card.vkey) + 1];
	int r = wl_ledger_card(x->bench->ledger, &card, f);

	if (r < 0)
		return r;
	(void)snprintf(vkey, sizeof(vkey), "%s\n", card.vkey);
	r = asprintf(&text, "station      %s\norigin       %s\nvkey         %s\nfingerprint  %s\n",
	             card.station, card.origin, card.vkey, card.fingerprint) < 0
	            ? -ENOMEM
	            : add_text(x, "card.txt", text);
	free(card.checkpoint);
	return r < 0 ? r : add_text(x, "card.vkey", vkey);
}

/* From the last cosignature on; while what comes before it is small, that goes along, so that the
 * medium can be verified by itself. */
static int list_files(struct export *x, struct wl_finding *f)
{
	int r = wl_ledger_export_list(x->bench->ledger, x->job->full, &x->list, f);

	if (r < 0 || x->job->only_new || x->list.first == 0 || x->list.first > WHOLE_ENTRIES_MAX)
		return r;
	wl_export_list_clear(&x->list);
	return wl_ledger_export_list(x->bench->ledger, true, &x->list, f);
}

static int plan_ledger(struct export *x, struct wl_finding *f)
{
	WL_AUTO_FREE char *cosigned = NULL, *pem = NULL;
	int r = list_files(x, f);

	if (r == 0)
		r = wl_ledger_cosigned(x->bench->ledger, &cosigned, &pem, f);
	if (r == 0)
		r = add_text(x, "checkpoint", x->list.checkpoint);
	if (r == 0)
		r = add_text(x, "checkpoint.cosigned", cosigned);
	if (r == 0)
		r = add_text(x, "station.pem", pem);
	if (r == 0)
		r = add_card(x, f);
	for (size_t i = 0; r == 0 && i < x->list.n; i++) {
		struct export_file *file = new_file(x, x->list.v[i].path);
		if (file)
			file->bytes = x->list.v[i].bytes;
		r = file ? 0 : -ENOMEM;
	}
	return r;
}

static int plan_request(struct export *x, struct wl_finding *f)
{
	WL_AUTO_FREE char *pem = NULL;
	char name[WL_ID_TEXT + 8];
	int r = wl_ledger_csr(x->bench->ledger, &pem, f);

	(void)snprintf(name, sizeof(name), "%s.csr", x->job->station);
	return r < 0 ? r : add_text(x, name, pem);
}

static int plan(struct export *x, struct wl_finding *f)
{
	int r = x->job->csr ? plan_request(x, f) : plan_ledger(x, f);

	if (r < 0)
		return r;
	if (x->nfiles > 0)
		qsort(x->file, x->nfiles, sizeof(*x->file), by_path);
	x->plan = calloc(x->nfiles + 1, sizeof(*x->plan));
	if (!x->plan)
		return -ENOMEM;
	for (size_t i = 0; i < x->nfiles; i++) {
		x->plan[i] = (struct wl_build_file){.path = x->file[i].path,
		                                    .path_n = strlen(x->file[i].path),
		                                    .bytes = x->file[i].bytes,
		                                    .fd = -1};
		x->job->bytes += x->file[i].bytes;
	}
	x->job->files = x->nfiles;
	x->job->first = x->list.first;
	x->job->size = x->list.size;
	return 0;
}

/* ---- which medium ---- */

/* What the medium holds that is no prepared one. *ret_ours: an export of this ledger. */
static int look_at_medium(struct export *x, bool *ret_ours, struct wl_finding *f)
{
	WL_CLEANUP(wl_intake_clear)
	struct wl_intake in = {
	        .bench = x->bench, .task = &x->job->task, .source = &x->job->destination};
	WL_CLEANUP(wl_spawn_cleanup) struct wl_spawn *spawn = NULL;
	struct wl_finding ignored = {0};
	struct wl_claim claim;
	char state[17];
	int r = wl_claims_look(&in, f);

	if (r == 0)
		r = wl_bench_spawn(x->bench, &spawn, f);
	for (size_t i = 0; i < in.items.n && r == 0; i++) {
		const struct wl_item *item = &in.items.v[i];
		if (item->path_n != strlen("checkpoint") || !wl_item_is(item, "checkpoint") ||
		    wl_intake_fd(&in, item) < 0 ||
		    wl_claim_read(spawn, wl_intake_fd(&in, item), &claim, &ignored) < 0)
			continue;
		r = wl_claim_compare(x->bench, &claim, in.source->insertion, state, f);
		*ret_ours = r == 0 && strcmp(state, "foreign") != 0;
		if (r == 0 && !*ret_ours)
			(void)snprintf(x->replaced, sizeof(x->replaced), "%.150s, %llu entries",
			               claim.origin, (unsigned long long)claim.size);
	}
	return r;
}

static int check_room(struct export *x, bool acceptable, struct wl_finding *f)
{
	WL_AUTO_FREE uint64_t *sizes = calloc(x->nfiles + 1, sizeof(*sizes));
	struct wl_rules rules;
	char detail[WL_DETAIL_MAX + 1];

	if (!sizes)
		return -ENOMEM;
	for (size_t i = 0; i < x->nfiles; i++)
		sizes[i] = x->file[i].bytes;
	struct wl_destination_facts facts = {.policy = x->job->task.policy->policy,
	                                     .port = x->job->destination.port,
	                                     .present = true,
	                                     .port_is_destination = true,
	                                     .prepared = acceptable,
	                                     .bytes = x->job->destination.bytes,
	                                     .files = sizes,
	                                     .nfiles = x->nfiles};
	wl_decide_destination(&facts, &rules, NULL);
	if (!rules.n)
		return 0;
	wl_destination_detail(&facts, rules.v[0], detail, sizeof(detail));
	return wl_refuse(f, rules.v[0], "%s", detail);
}

static int check_medium(struct export *x, struct wl_finding *f)
{
	bool prepared = false, ours = false;
	int r = wl_job_check_head(x->bench, &x->job->task, &x->job->destination, &prepared, f);

	if (r == 0 && !prepared)
		r = look_at_medium(x, &ours, f);
	if (r < 0)
		return r;
	if (x->replaced[0] && !x->job->replace)
		return wl_refuse(f, WL_RULE_DESTINATION_OTHER_EXPORT, "%s", x->replaced);
	return check_room(x, prepared || ours || x->replaced[0], f);
}

/* ---- writing and reading back ---- */

/* The builder's next file. */
static int open_file(void *user, size_t i, int *ret_fd, struct wl_finding *f)
{
	struct export *x = user;
	struct export_file *file = &x->file[i];

	int r = 0;

	if (file->fd >= 0)
		*ret_fd = dup(file->fd);
	else
		r = wl_ledger_export_read(x->bench->ledger, x->list.size, file->path, ret_fd,
		                          file->sha256, f);
	if (r == 0 && (*ret_fd < 0 || lseek(*ret_fd, 0, SEEK_SET) < 0))
		r = -errno;
	return r;
}

static int write_volume(struct export *x, struct wl_finding *f)
{
	struct wl_gate gate = {0};
	struct wl_take_away_task *job = x->job;
	int r = wl_gate_open_write(x->bench->media, x->intent, &gate, f);

	if (r < 0)
		return r;
	r = wl_bench_gate_opened(x->bench, &job->task, "b", &job->destination, "export", f);
	x->build.intent = x->intent;
	x->build.origin = job->origin;
	x->build.gate = gate.gate;
	x->build.medium_bytes = gate.bytes;
	x->build.volume = "fat32";
	x->build.files = x->plan;
	x->build.nfiles = x->nfiles;
	x->build.open = open_file;
	x->build.user = x;
	if (r == 0)
		r = wl_job_build(x->bench, &job->task, &x->build, f);
	return wl_job_shut_gate(x->bench, &job->task, &gate, &job->destination, "export",
	                        x->build.volume_bytes, r, f);
}

static int drop(void *user, const struct wl_item *item, int *ret_fd)
{
	(void)user;
	(void)item;
	(void)ret_fd;
	return 0;
}

static int accept_list(void *user, struct wl_items *items, struct wl_finding *f)
{
	(void)user;
	(void)items;
	(void)f;
	return 0;
}

/* Both lists are in the order of their paths: file by file, and none more or less. */
static int compare(const struct export *x, const struct wl_items *items, struct wl_finding *f)
{
	size_t at = 0;

	for (size_t i = 0; i < items->n; i++) {
		const struct wl_item *item = &items->v[i];
		const struct export_file *file = at < x->nfiles ? &x->file[at] : NULL;
		if (item->folder)
			continue;
		if (!file || item->path_n != strlen(file->path) ||
		    memcmp(item->path, file->path, item->path_n) != 0 || !item->has_sha256 ||
		    item->size != file->bytes ||
		    memcmp(item->sha256, file->sha256, WL_SHA256_BYTES) != 0)
			return wl_refuse(f, WL_RULE_DESTINATION_DIFFERS, "file %u", item->number);
		at++;
	}
	return at == x->nfiles ? 0
	                       : wl_refuse(f, WL_RULE_DESTINATION_DIFFERS,
	                                   "%zu files there, %zu written", at, x->nfiles);
}

static int read_back(struct export *x, struct wl_finding *f)
{
	WL_CLEANUP(wl_items_clear) struct wl_items items = {0};
	const struct wl_task_medium *m = &x->job->destination;
	struct wl_gate gate = {0};
	uint32_t at = 0;
	int r = wl_gate_open_read(x->bench->media, "readback", m->port, m->diskseq, &gate, f);

	if (r < 0)
		return r;
	r = wl_bench_gate_opened(x->bench, &x->job->task, "b", m, "readback", f);
	struct wl_reader_order order = {.bench = x->bench,
	                                .task = &x->job->task,
	                                .step = "reading-back",
	                                .gate = gate.gate,
	                                .medium_bytes = gate.bytes,
	                                .files_max = WL_TRANSFER_FILES_MAX,
	                                .bytes_max = UINT64_MAX >> 1,
	                                .listed = accept_list,
	                                .sink = drop};
	if (r == 0)
		r = wl_reader_run(&order, &items, &at, f);
	if (r == 0)
		r = compare(x, &items, f);
	return wl_job_shut_gate(x->bench, &x->job->task, &gate, m, "readback", x->job->bytes, r, f);
}

static int append_exported(struct export *x, struct wl_finding *f)
{
	struct wl_take_away_task *job = x->job;
	int r = wl_job_wipe_ended(x->bench, &job->task, x->intent, x->build.volume_bytes, true, f);

	if (r < 0 || job->csr)
		return r;
	json_t *e = wl_entry_new(WL_E_LEDGER_EXPORTED, job->task.actor, job->task.uid, NULL);
	wl_entry_text(e, WL_M_INTENT, x->intent);
	wl_entry_text(e, WL_M_MEDIUM, job->destination.medium);
	wl_entry_int(e, WL_M_FIRST, job->first);
	wl_entry_int(e, WL_M_SIZE, job->size);
	wl_entry_int(e, WL_M_FILES, job->files);
	wl_entry_int(e, WL_M_BYTES, job->bytes);
	wl_entry_sha256(e, WL_M_HEAD_SHA256, x->build.head_sha256);
	if (x->replaced[0])
		wl_entry_text(e, WL_M_REPLACED, x->replaced);
	return wl_bench_append(x->bench, &job->task, e, NULL, f);
}

static int carry_out(struct export *x, struct wl_finding *f)
{
	struct wl_finding ignored;
	int r = write_volume(x, f);

	if (r == 0)
		r = read_back(x, f);
	if (r == 0)
		return append_exported(x, f);
	if (f->rule == WL_RULE_NONE)
		(void)wl_refuse(f, WL_RULE_DESTINATION_WRITE_FAILED, "%s", strerror(-r));
	if ((f->rule == WL_RULE_DESTINATION_WRITE_FAILED || f->rule == WL_RULE_MEDIUM_UNREADABLE ||
	     f->rule == WL_RULE_MEDIUM_GONE) &&
	    wl_bench_is_gone(&x->job->task))
		f->rule = WL_RULE_DESTINATION_GONE;
	(void)wl_job_wipe_ended(x->bench, &x->job->task, x->intent, x->build.volume_bytes, false,
	                        &ignored);
	return r;
}

int wl_job_take_away_run(struct wl_bench *bench, struct wl_task *task)
{
	WL_CLEANUP(export_clear)
	struct export x = {.bench = bench, .job = (struct wl_take_away_task *)task};
	struct wl_finding *f = &task->finding;
	const struct wl_task_medium *m = &x.job->destination;

	wl_bench_progress_at(bench, task, "checking", m->port, m->medium);
	int r = plan(&x, f);
	if (r == 0)
		r = check_medium(&x, f);
	if (r == 0)
		r = wl_job_wipe_intent(bench, task, m, x.intent, &x.build.time, f);
	if (r == 0)
		return carry_out(&x, f);
	if (f->rule == WL_RULE_NONE)
		return wl_refuse(f, WL_RULE_STATION_PART_MISSING, "export: %s", strerror(-r));
	return r;
}
