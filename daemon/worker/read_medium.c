/*
 * The kind `read-medium` (parser): finds the volume of a medium, lists it, delivers its files.
 *
 * Slot 4 is the whole medium, or an image file offline; the same work reads a release back. From
 * its first byte on the medium is hostile: what is said here are claims, and bytes count only as
 * `digest` received them on the pipes. Each pipe is closed when its file ended or could not be
 * delivered. When power goes nothing is lost: the medium is read again as a new reading.
 *
 * medium.begin -> volume.info, volume.entry (items from 1 in ascending order of the bytes of their
 * paths, folders too), volume.listed; or one work.finding and the end. Then per work.next (PIPE):
 * file.done; or work.finding about the item, which may be asked for once only.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "daemon/base/cleanup.h"
#include "daemon/volume/volume.h"
#include "daemon/worker/kinds.h"

#define PIPE_BYTES     (1 << 20)
#define PROGRESS_BYTES WL_MIB(16)
#define PROGRESS_PARTS 64U /* for one file: never more than an employer's socket holds unread */

struct reading {
	struct wl_worker *wk;
	struct wl_volume *volume;
	struct wl_volume_info info;
	uint64_t bytes_max;
	uint64_t delivered;      /* of all files so far */
	uint64_t said, say_each; /* progress */
};

static int send_info(const struct reading *r)
{
	struct wl_message *m = r->wk->out;
	wl_message_start(m, WL_MSG_VOLUME_INFO, 0);
	wl_message_put_text(m, WL_T_FILESYSTEM, r->info.filesystem);
	wl_message_put_text(m, WL_T_TABLE, r->info.table);
	wl_message_put_bytes(m, WL_T_LABEL, r->info.label, r->info.label_bytes);
	wl_message_put_u64(m, WL_T_VOLUME_BYTES, r->info.volume_bytes);
	return wl_worker_send(r->wk);
}

static int send_entry(const struct reading *r, size_t index)
{
	struct wl_message *m = r->wk->out;
	struct wl_volume_entry e;
	int error = wl_volume_get_entry(r->volume, index, &e);
	if (error < 0)
		return error;
	wl_message_start(m, WL_MSG_VOLUME_ENTRY, 0);
	wl_message_put_text(m, WL_T_KIND, e.folder ? "folder" : "file");
	wl_message_put_u64(m, WL_T_ITEM, index + 1);
	wl_message_put_u64(m, WL_T_SIZE, e.bytes);
	wl_message_put_bytes(m, WL_T_PATH, e.path, e.path_bytes);
	wl_message_put_u64(m, WL_T_POSITION, e.position);
	return wl_worker_send(r->wk);
}

static int send_list(const struct reading *r)
{
	int error = send_info(r);
	for (size_t i = 0; i < r->info.entries && error == 0; i++)
		error = send_entry(r, i);
	if (error < 0)
		return error;
	wl_message_start(r->wk->out, WL_MSG_VOLUME_LISTED, 0);
	wl_message_put_u64(r->wk->out, WL_T_COUNT, r->info.entries);
	wl_message_put_u64(r->wk->out, WL_T_BYTES, r->info.bytes);
	return wl_worker_send(r->wk);
}

static int say_progress(void *user, uint64_t bytes)
{
	struct reading *r = user;
	r->delivered += bytes;
	if (r->delivered - r->said < r->say_each)
		return 0;
	r->said = r->delivered;
	return wl_worker_progress(r->wk, r->delivered, r->info.bytes);
}

/* One file into its pipe. -EBADMSG: *f says why not. */
static int deliver(struct reading *r, uint64_t item, int pipe_fd, struct wl_finding *f)
{
	struct wl_volume_entry e;
	if (item == 0 || wl_volume_get_entry(r->volume, (size_t)(item - 1), &e) < 0 || e.folder ||
	    wl_message_u64(r->wk->in, WL_T_SIZE) != e.bytes)
		return -EINVAL;
	if (e.bytes > r->bytes_max - r->delivered)
		return wl_refuse(f, WL_RULE_VOLUME_TOO_MANY_FILES,
		                 "the files asked for are more than %llu bytes together",
		                 (unsigned long long)r->bytes_max);
	r->say_each = e.bytes / PROGRESS_PARTS;
	if (r->say_each < PROGRESS_BYTES)
		r->say_each = PROGRESS_BYTES;
	int error = wl_volume_deliver(r->volume, (size_t)(item - 1), pipe_fd, say_progress, r, f);
	return error == -EPIPE ? -ECONNRESET : error; /* `digest` went away, not our employer */
}

static int send_done(struct reading *r, uint64_t item)
{
	struct wl_volume_entry e;
	int error = wl_volume_get_entry(r->volume, (size_t)(item - 1), &e);
	if (error < 0)
		return error;
	wl_message_start(r->wk->out, WL_MSG_FILE_DONE, 0);
	wl_message_put_u64(r->wk->out, WL_T_ITEM, item);
	wl_message_put_u64(r->wk->out, WL_T_BYTES, e.bytes);
	return wl_worker_send(r->wk);
}

static int do_next(struct reading *r)
{
	struct wl_finding f = {.rule = WL_RULE_NONE};
	uint64_t item = wl_message_u64(r->wk->in, WL_T_ITEM);
	WL_AUTO_CLOSE int pipe_fd = TAKE_FD(r->wk->in->fd);
	if (wl_message_u64(r->wk->in, WL_T_ROLE) != (uint64_t)WL_ROLE_PIPE)
		return -EINVAL;
	/* a larger pipe costs fewer turns; where it is refused all the same goes through */
	(void)fcntl(pipe_fd, F_SETPIPE_SZ, PIPE_BYTES);
	int error = deliver(r, item, pipe_fd, &f);
	wl_cleanup_close(&pipe_fd);
	if (error == -EBADMSG)
		return wl_worker_finding(r->wk, item, &f);
	return error < 0 ? error : send_done(r, item);
}

/* Until the employer says that it wants no more. */
static int serve(struct reading *r)
{
	for (;;) {
		int error = wl_worker_receive(r->wk);
		if (error < 0)
			return error;
		if (r->wk->in->id == WL_MSG_WORK_END)
			return 0;
		error = r->wk->in->id == WL_MSG_WORK_NEXT ? do_next(r) : -EINVAL;
		if (error < 0)
			return error;
	}
}

int wl_read_medium_run(struct wl_worker *wk)
{
	WL_CLEANUP(wl_device_cleanup) struct wl_device *device = NULL;
	WL_CLEANUP(wl_volume_cleanup) struct wl_volume *volume = NULL;
	struct reading r = {.wk = wk};
	struct wl_finding f = {.rule = WL_RULE_NONE};
	int error = wl_worker_receive(wk);
	if (error < 0)
		return error;
	if (wk->in->id != WL_MSG_MEDIUM_BEGIN)
		return -EINVAL;
	r.bytes_max = wl_message_u64(wk->in, WL_T_BYTES_MAX);
	if (r.bytes_max > WL_TRANSFER_BYTES_MAX)
		r.bytes_max = WL_TRANSFER_BYTES_MAX;
	error = wl_device_new(WL_WORKER_INPUT_FD, wl_message_u64(wk->in, WL_T_SIZE), &device);
	if (error == 0)
		error = wl_volume_open(device, wl_message_u64(wk->in, WL_T_FILES_MAX), &volume, &f);
	if (error == -EBADMSG)
		return wl_worker_finding(wk, 0, &f);
	if (error < 0)
		return error == -EPIPE ? -EIO : error;
	r.volume = volume;
	wl_volume_get_info(volume, &r.info);
	error = send_list(&r);
	return error < 0 ? error : serve(&r);
}
