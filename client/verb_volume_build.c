/*
 * `volume build`: a fresh FAT32 volume (exFAT where a file needs it) from a folder, by the same
 * tool and in the same bytes as a release with that intent and time. The image file is the person's
 * own; power cut on the way leaves a file whose first block is zero.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "client/duration.h"
#include "client/folder.h"
#include "client/offline.h"
#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"

#define DEADLINE_MS          (UINT64_C(3600) * 1000)
#define FAT32_FILE_BYTES_MAX UINT64_C(0xFFFFFFFF)

struct plan {
	uint64_t size;
	int64_t time;
	uint8_t numbers[WL_SHA256_BYTES]; /* of ORIGIN#intent: disk signature and volume id */
	int folder;
	struct wl_items items;
	uint64_t files;
	bool exfat; /* a file is larger than FAT32 can hold */
};

static int send_order(const struct plan *p, struct wl_job *job, struct wl_message *m)
{
	wl_message_start(m, WL_MSG_BUILD_BEGIN, 0);
	wl_message_put_u64(m, WL_T_SIZE, p->size);
	wl_message_put_u64(m, WL_T_COUNT, p->files);
	wl_message_put_text(m, WL_T_FILESYSTEM, p->exfat ? "exfat" : "fat32");
	wl_message_put_bytes(m, WL_T_LABEL, "WEIGHLOCK", 9);
	wl_message_put_i64(m, WL_T_TIME, p->time);
	wl_message_put_u64(m, WL_T_DISK_ID, wl_load_u32le(p->numbers));
	wl_message_put_u64(m, WL_T_VOLUME_ID, wl_load_u32le(p->numbers + 4));
	int r = wl_job_send(job, m);
	for (size_t i = 0; r == 0 && i < p->items.n; i++) {
		const struct wl_item *item = &p->items.v[i];
		if (item->folder)
			continue;
		wl_message_start(m, WL_MSG_BUILD_FILE, 0);
		wl_message_put_u64(m, WL_T_ITEM, item->number);
		wl_message_put_u64(m, WL_T_SIZE, item->size);
		wl_message_put_bytes(m, WL_T_PATH, item->path, item->path_n);
		r = wl_job_send(job, m);
	}
	return r;
}

static int send_contents(const struct plan *p, struct wl_job *job, struct wl_message *m)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < p->items.n; i++) {
		const struct wl_item *item = &p->items.v[i];
		WL_AUTO_CLOSE int fd = -1;
		if (item->folder)
			continue;
		r = wl_folder_open(p->folder, item->path, &fd);
		if (r == 0)
			r = wl_job_next(job, item->number, WL_ROLE_CONTENT, item->size, fd, NULL);
	}
	if (r == 0) {
		wl_message_start(m, WL_MSG_WORK_END, 0);
		r = wl_job_send(job, m);
	}
	return r;
}

/* From the order to build.done, which stays in *m. */
static int build(const struct plan *p, struct wl_job *job, struct wl_message *m,
                 struct wl_finding *f)
{
	int r = send_order(p, job, m);
	if (r == 0)
		r = send_contents(p, job, m);
	if (r == 0)
		r = wl_job_receive(job, m, f, NULL, NULL);
	if (r == 0 && m->id == WL_MSG_WORK_FINDING) {
		f->rule = wl_rule_find(wl_message_text(m, WL_T_RULE));
		(void)snprintf(f->detail, sizeof(f->detail), "%s", wl_message_text(m, WL_T_DETAIL));
		r = -EBADMSG;
	} else if (r == 0 && m->id != WL_MSG_BUILD_DONE) {
		r = wl_refuse(f, WL_RULE_STATION_WORKER_LIED, "an answer out of turn");
	}
	return r;
}

static int make_plan(const struct wl_cli *cli, struct plan *p)
{
	const char *size = wl_args_value(cli->args, "size");
	const char *as = wl_args_value(cli->args, "as");
	const char *at = wl_args_value(cli->args, "time");
	const char *intent = as ? as : "volume.example#0";

	p->time = (int64_t)time(NULL);
	if (wl_bytes_parse(size, &p->size) < 0 || p->size == 0 || p->size % 512)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("--size %.30s: say it like 64M or 8G."), size);
	if (at && wl_date_parse(at, &p->time, NULL) < 0)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("--time %.30s: say it like 2026-12-01T08:00:00Z."), at);
	if (wl_sha256_of(intent, strlen(intent), p->numbers) < 0)
		return WL_EXIT_FAULT;
	int status = wl_folder_list(cli, wl_args_operand(cli->args, 1), &p->items, &p->folder);
	for (size_t i = 0; !status && i < p->items.n; i++) {
		p->files += !p->items.v[i].folder;
		p->exfat = p->exfat || p->items.v[i].size > FAT32_FILE_BYTES_MAX;
	}
	return status;
}

static void say_done(const struct wl_cli *cli, const struct plan *p, const struct wl_message *m)
{
	char head[WL_SHA256_HEX + 1], volume[WL_SHA256_HEX + 1];
	const char *path = wl_args_operand(cli->args, 0);

	wl_hex_encode(wl_message_sha256(m, WL_T_HEAD_SHA256), WL_SHA256_BYTES, head);
	wl_hex_encode(wl_message_sha256(m, WL_T_VOLUME_SHA256), WL_SHA256_BYTES, volume);
	wl_say(cli, _("%s: %s with %llu files."), path, p->exfat ? "exFAT" : "FAT32",
	       (unsigned long long)p->files);
	json_t *object = json_pack("{s:s, s:s, s:I, s:I, s:s, s:s}", "image", path, "filesystem",
	                           p->exfat ? "exfat" : "fat32", "files", (json_int_t)p->files,
	                           "volume_bytes", (json_int_t)wl_message_u64(m, WL_T_VOLUME_BYTES),
	                           "volume_sha256", volume, "head_sha256", head);
	wl_cli_json(cli, object);
	json_decref(object);
}

static int run(const struct wl_cli *cli, const struct plan *p, int image)
{
	WL_CLEANUP(wl_offline_end) struct wl_spawn *spawn = NULL;
	const struct wl_job_order order = {
	        .kind = "build-volume", .deadline_ms = DEADLINE_MS, .input_fd = image};
	struct wl_job job = {.control.fd = -1};
	struct wl_finding f = {0};
	struct wl_message m;
	int status = wl_offline_start(cli, &spawn);

	if (status)
		return status;
	wl_message_init(&m);
	int r = wl_job_start(spawn, &order, &job, &f);
	if (r == 0)
		r = build(p, &job, &m, &f);
	if (r == 0)
		say_done(cli, p, &m);
	else
		status = wl_offline_failed(cli, wl_args_operand(cli->args, 0), r, &f);
	wl_job_kill(&job);
	wl_message_clear(&m);
	return status;
}

int wl_verb_volume_build(struct wl_cli *cli)
{
	const char *path = wl_args_operand(cli->args, 0);
	struct plan p = {.folder = -1};
	int status = make_plan(cli, &p);
	/* never over something that is there: an image is made new */
	WL_AUTO_CLOSE int image =
	        status ? -1 : open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (!status && (image < 0 || ftruncate(image, (off_t)p.size) < 0))
		status = wl_say_failure(cli, WL_EXIT_FAULT, "IO", _("%s cannot be written: %s."),
		                        path, strerror(errno));
	if (!status) {
		status = run(cli, &p, image);
		if (status)
			(void)unlink(path);
	}
	wl_items_clear(&p.items);
	wl_cleanup_close(&p.folder);
	return status;
}
