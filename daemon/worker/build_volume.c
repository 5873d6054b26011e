/*
 * The kind `build-volume` (tool): writes a fresh volume with the files it is given.
 *
 * Slot 4 is the destination, open for writing on the grant of a durable intent. It never reads the
 * destination and interprets nothing from outside: paths and sizes come from the manifest that was
 * decided upon, contents from the vault's sealed copies. The layout is worked out whole before the
 * first byte is written. When power goes before the last block is written nothing on the medium
 * mounts, and the ledger says release.unknown.
 *
 * build.begin, build.file per file; work.next (CONTENT) per file in the same order; work.end ->
 * build.done. Where something is refused: one work.finding, and what still comes is dropped until
 * work.end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/volume/build_fat.h"
#include "daemon/worker/kinds.h"

#define PROGRESS_PARTS 64U

struct building {
	struct wl_worker *wk;
	struct wl_build_order order;
	struct wl_build_file *files;
	char *paths; /* room for the longest path of every file, used as far as needed */
	size_t paths_used, paths_room;
	uint64_t said; /* progress, in parts */
};

static void building_clear(struct building *b)
{
	free(b->files);
	free(b->paths);
}

int wl_build_volume_prepare(void)
{
	/* libcrypto finds its digest now, while it may still open files */
	struct wl_sha256 *s = wl_sha256_new();
	int r = s ? wl_sha256_begin(s) : -ENOMEM;
	(void)wl_sha256_free(s);
	return r;
}

static int take_begin(struct building *b)
{
	const struct wl_message *m = b->wk->in;
	struct wl_bytes label = wl_message_bytes(m, WL_T_LABEL);
	uint64_t count = wl_message_u64(m, WL_T_COUNT);
	uint64_t disk = wl_message_u64(m, WL_T_DISK_ID), volume = wl_message_u64(m, WL_T_VOLUME_ID);
	const char *kind = wl_message_text(m, WL_T_FILESYSTEM);
	bool exfat = kind && strcmp(kind, "exfat") == 0;
	if (m->id != WL_MSG_BUILD_BEGIN || !kind || (!exfat && strcmp(kind, "fat32") != 0) ||
	    count > WL_TRANSFER_FILES_MAX || disk > UINT32_MAX || volume > UINT32_MAX ||
	    label.n == 0 || label.n > WL_LABEL_BYTES)
		return -EINVAL;
	b->order = (struct wl_build_order){.exfat = exfat,
	                                   .medium_bytes = wl_message_u64(m, WL_T_SIZE),
	                                   .time = wl_message_i64(m, WL_T_TIME),
	                                   .disk_id = (uint32_t)disk,
	                                   .volume_id = (uint32_t)volume,
	                                   .nfiles = (size_t)count};
	memset(b->order.label, ' ', WL_LABEL_BYTES);
	memcpy(b->order.label, label.p, label.n);
	b->files = calloc((size_t)count + 1, sizeof(b->files[0]));
	return b->files ? 0 : -ENOMEM;
}

/* Paths lie behind one another; they are pointed at only when all are there. */
static int take_file(struct building *b, size_t index, size_t *ret_at)
{
	const struct wl_message *m = b->wk->in;
	struct wl_bytes path = wl_message_bytes(m, WL_T_PATH);
	if (m->id != WL_MSG_BUILD_FILE || wl_message_u64(m, WL_T_ITEM) != index + 1)
		return -EINVAL;
	if (b->paths_room - b->paths_used < path.n) {
		size_t room = b->paths_room * 2 + path.n + 4096;
		char *p = realloc(b->paths, room);
		if (!p)
			return -ENOMEM;
		b->paths = p;
		b->paths_room = room;
	}
	if (path.n > 0)
		memcpy(b->paths + b->paths_used, path.p, path.n);
	b->files[index].path_bytes = path.n;
	b->files[index].bytes = wl_message_u64(m, WL_T_SIZE);
	*ret_at = b->paths_used += path.n;
	return 0;
}

static int receive_order(struct building *b)
{
	size_t at = 0;
	int r = wl_worker_receive(b->wk);
	if (r == 0)
		r = take_begin(b);
	for (size_t i = 0; r == 0 && i < b->order.nfiles; i++) {
		r = wl_worker_receive(b->wk);
		if (r == 0)
			r = take_file(b, i, &at);
	}
	at = 0;
	for (size_t i = 0; r == 0 && i < b->order.nfiles; i++) {
		b->files[i].path = b->paths + at;
		at += b->files[i].path_bytes;
	}
	b->order.files = b->files;
	return r;
}

static int open_content(void *user, size_t index, int *ret_fd)
{
	struct building *b = user;
	int r = wl_worker_receive(b->wk);
	if (r < 0)
		return r;
	if (b->wk->in->id != WL_MSG_WORK_NEXT ||
	    wl_message_u64(b->wk->in, WL_T_ROLE) != (uint64_t)WL_ROLE_CONTENT ||
	    wl_message_u64(b->wk->in, WL_T_ITEM) != index + 1 ||
	    wl_message_u64(b->wk->in, WL_T_SIZE) != b->files[index].bytes)
		return -EINVAL;
	*ret_fd = TAKE_FD(b->wk->in->fd);
	return 0;
}

static int say_progress(void *user, uint64_t done, uint64_t total)
{
	struct building *b = user;
	uint64_t part = done / (total / PROGRESS_PARTS + 1);
	if (part == b->said)
		return 0;
	b->said = part;
	return wl_worker_progress(b->wk, done, total);
}

static int receive_end(struct building *b, bool drop)
{
	for (;;) {
		int r = wl_worker_receive(b->wk);
		if (r < 0)
			return r;
		if (b->wk->in->id == WL_MSG_WORK_END)
			return 0;
		if (!drop)
			return -EINVAL;
		wl_message_clear(b->wk->in);
	}
}

static int send_done(struct building *b, const struct wl_build_result *result)
{
	wl_message_start(b->wk->out, WL_MSG_BUILD_DONE, 0);
	wl_message_put_sha256(b->wk->out, WL_T_HEAD_SHA256, result->head_sha256);
	wl_message_put_sha256(b->wk->out, WL_T_VOLUME_SHA256, result->volume_sha256);
	wl_message_put_u64(b->wk->out, WL_T_VOLUME_BYTES, result->volume_bytes);
	return wl_worker_send(b->wk);
}

int wl_build_volume_run(struct wl_worker *wk)
{
	WL_CLEANUP(building_clear) struct building b = {.wk = wk};
	WL_CLEANUP(wl_layout_cleanup) struct wl_layout *layout = NULL;
	struct wl_build_source source = {
	        .open = open_content, .progress = say_progress, .user = &b};
	struct wl_build_result result = {0};
	struct wl_finding f = {.rule = WL_RULE_NONE};
	int r = receive_order(&b);
	if (r < 0)
		return r;
	r = wl_layout_plan(&b.order, &layout, &f);
	if (r == 0)
		r = wl_build_fat(WL_WORKER_INPUT_FD, layout, &source, &result, &f);
	if (r == -EBADMSG && f.rule != WL_RULE_NONE) {
		r = wl_worker_finding(wk, 0, &f);
		return r < 0 ? r : receive_end(&b, true);
	}
	if (r == 0)
		r = receive_end(&b, false);
	return r < 0 ? r : send_done(&b, &result);
}
