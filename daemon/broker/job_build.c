/*
 * Building a fresh volume on a destination, and looking at the head of one (weighlockd, work
 * thread).
 *
 * build-volume is a tool: it writes what it is handed, in the order of the manifest, and says what
 * it wrote; that it is really there is read back by others. When power goes, the first block is not
 * there yet and nothing mounts; the ledger holds the intent and not its end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "daemon/broker/jobs.h"
#include "daemon/broker/media_client.h"
#include "daemon/broker/reader.h"

#define BUILD_BASE_MS    UINT64_C(600000)
#define BUILD_BYTES_A_MS 500U
#define HEAD_BYTES       WL_MIB(4)
#define DISK_LABEL       "WEIGHLOCK"

int64_t wl_entry_time(const json_t *entry)
{
	int64_t t = 0;
	const char *text = json_string_value(json_object_get(entry, "time"));
	(void)wl_time_parse(text ? text : "", &t);
	return t;
}

struct building {
	struct wl_bench *bench;
	struct wl_task *task;
	struct wl_spawn *spawn;
	struct wl_job job;
	struct wl_message *m;
};

static void building_clear(struct building *b)
{
	wl_job_kill(&b->job);
	wl_spawn_free(b->spawn);
	if (b->m)
		wl_message_clear(b->m);
	free(b->m);
}

static void progress(void *user, uint64_t done, uint64_t total)
{
	struct building *b = user;
	wl_bench_progress(b->bench, b->task, "writing", done, total);
}

/* Disk signature and volume id: of the intent, so that a medium without a serial is known again. */
static int ids_of(const struct wl_build *order, uint32_t *ret_disk, uint32_t *ret_volume)
{
	char text[512];
	uint8_t sha256[WL_SHA256_BYTES];
	int n = snprintf(text, sizeof(text), "%s#%s", order->origin, order->intent);
	int r = wl_sha256_of(text, (size_t)n, sha256);
	if (r < 0)
		return r;
	*ret_disk = wl_load_u32le(sha256);
	*ret_volume = wl_load_u32le(sha256 + 4);
	return 0;
}

static int send_plan(struct building *b, const struct wl_build *order)
{
	uint32_t disk = 0, volume = 0;
	int r = ids_of(order, &disk, &volume);
	if (r < 0)
		return r;
	wl_message_start(b->m, WL_MSG_BUILD_BEGIN, 0);
	wl_message_put_u64(b->m, WL_T_SIZE, order->medium_bytes);
	wl_message_put_u64(b->m, WL_T_COUNT, order->nfiles);
	wl_message_put_text(b->m, WL_T_FILESYSTEM, order->volume);
	wl_message_put_bytes(b->m, WL_T_LABEL, DISK_LABEL, strlen(DISK_LABEL));
	wl_message_put_i64(b->m, WL_T_TIME, order->time);
	wl_message_put_u64(b->m, WL_T_DISK_ID, disk);
	wl_message_put_u64(b->m, WL_T_VOLUME_ID, volume);
	r = wl_job_send(&b->job, b->m);
	for (size_t i = 0; i < order->nfiles && r == 0; i++) {
		wl_message_start(b->m, WL_MSG_BUILD_FILE, 0);
		wl_message_put_u64(b->m, WL_T_ITEM, i + 1);
		wl_message_put_u64(b->m, WL_T_SIZE, order->files[i].bytes);
		wl_message_put_bytes(b->m, WL_T_PATH, order->files[i].path, order->files[i].path_n);
		r = wl_job_send(&b->job, b->m);
	}
	return r;
}

static int send_content(struct building *b, const struct wl_build *order, struct wl_finding *f)
{
	int r = 0;
	for (size_t i = 0; i < order->nfiles && r == 0; i++) {
		const struct wl_build_file *file = &order->files[i];
		WL_AUTO_CLOSE int fd = -1;
		if (file->fd < 0 && order->open)
			r = order->open(order->user, i, &fd, f);
		else if (file->fd < 0 && file->out)
			r = wl_vault_out_open(&b->bench->vault, order->transfer, file->out, &fd);
		else if (file->fd < 0)
			r = wl_vault_item_open(&b->bench->vault, order->transfer, file->number,
			                       &fd);
		if (r == 0)
			r = wl_job_next(&b->job, i + 1, WL_ROLE_CONTENT, file->bytes,
			                file->fd < 0 ? fd : file->fd, NULL);
	}
	if (r == 0) {
		wl_message_start(b->m, WL_MSG_WORK_END, 0);
		r = wl_job_send(&b->job, b->m);
	}
	return r;
}

/* What the tool says in the end. Its findings and faults are those of the destination. */
static int receive_done(struct building *b, struct wl_build *order, struct wl_finding *f)
{
	int r = wl_job_receive(&b->job, b->m, f, progress, b);
	if (r == 0 && b->m->id == WL_MSG_WORK_FINDING) {
		enum wl_rule rule = wl_rule_find(wl_message_text(b->m, WL_T_RULE));
		return wl_refuse(f, rule ? rule : WL_RULE_DESTINATION_WRITE_FAILED, "%s",
		                 wl_message_text(b->m, WL_T_DETAIL));
	}
	if (r == -EIO) {
		char detail[WL_DETAIL_MAX + 1];
		(void)snprintf(detail, sizeof(detail), "%s", f->detail);
		return wl_refuse(f, WL_RULE_DESTINATION_WRITE_FAILED, "%s", detail);
	}
	if (r < 0)
		return r;
	if (b->m->id != WL_MSG_BUILD_DONE)
		return wl_refuse(f, WL_RULE_STATION_WORKER_LIED, "no end of building");
	memcpy(order->head_sha256, wl_message_sha256(b->m, WL_T_HEAD_SHA256), WL_SHA256_BYTES);
	memcpy(order->volume_sha256, wl_message_sha256(b->m, WL_T_VOLUME_SHA256), WL_SHA256_BYTES);
	order->volume_bytes = wl_message_u64(b->m, WL_T_VOLUME_BYTES);
	r = wl_job_receive(&b->job, b->m, f, progress, b);
	if (r == 0 && b->m->id != WL_MSG_WORK_DONE)
		r = wl_refuse(f, WL_RULE_STATION_WORKER_LIED, "no end of work");
	return r < 0 ? r : wl_job_finish(&b->job, f);
}

int wl_job_build(struct wl_bench *bench, struct wl_task *task, struct wl_build *order,
                 struct wl_finding *f)
{
	WL_CLEANUP(building_clear) struct building b = {.bench = bench, .task = task};
	uint64_t bytes = HEAD_BYTES;
	b.job.control.fd = -1;
	b.m = malloc(sizeof(*b.m));
	if (!b.m)
		return -ENOMEM;
	wl_message_init(b.m);
	for (size_t i = 0; i < order->nfiles; i++)
		bytes += order->files[i].bytes;
	/* the FATs are as large as the medium wants them: 1/1000 of it is more than they are */
	bytes += order->medium_bytes / 1000;
	struct wl_job_order work = {.kind = "build-volume",
	                            .deadline_ms = BUILD_BASE_MS + bytes / BUILD_BYTES_A_MS,
	                            .gate = order->gate,
	                            .intent = order->intent,
	                            .input_fd = -1};
	int r = wl_bench_spawn(bench, &b.spawn, f);
	if (r == 0)
		r = wl_job_start(b.spawn, &work, &b.job, f);
	if (r < 0)
		return r;
	r = send_plan(&b, order);
	if (r == 0)
		r = send_content(&b, order, f);
	if (r == 0 || r == -EPIPE) /* where it died on the way, receiving says of what */
		r = receive_done(&b, order, f);
	return r;
}

int wl_job_check_head(struct wl_bench *bench, struct wl_task *task,
                      const struct wl_task_medium *medium, bool *ret_prepared, struct wl_finding *f)
{
	struct wl_gate gate = {0};
	struct wl_finding shut = {0};
	uint8_t head[WL_SHA256_BYTES];
	char name[WL_ID_TEXT];
	int r = wl_gate_open_read(bench->media, "check", medium->port, medium->diskseq, &gate, f);
	if (r < 0)
		return r;
	r = wl_bench_gate_opened(bench, task, "b", medium, "check", f);
	uint64_t size = gate.bytes < HEAD_BYTES ? gate.bytes : HEAD_BYTES;
	if (r == 0)
		r = wl_reader_head(bench, gate.gate, size, head, f);
	if (wl_gate_shut(bench->media, &gate, &shut) < 0 && r == 0) {
		*f = shut;
		r = -EBADMSG;
	}
	if (wl_bench_gate_shut(bench, task, "b", medium, "check", r == 0 ? size : 0,
	                       r == 0 ? "complete" : wl_rule_id(f->rule), "", &shut) < 0 &&
	    r == 0) {
		*f = shut;
		r = -EBADMSG;
	}
	return r < 0 ? r : wl_ledger_medium(bench->ledger, head, ret_prepared, name, f);
}
