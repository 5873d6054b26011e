/*
 * Reading an image through `read-medium` and `digest`. The image is hostile: its parser lives in a
 * worker, what it says of the volume is shown escaped, and bytes count only as the digest tool
 * received them.
 */
#include "client/image_read.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "client/say.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"

#define DEADLINE_MS (UINT64_C(3600) * 1000)

/* One message of a job; a finding about the whole comes back as -EBADMSG. */
static int receive(struct wl_job *job, struct wl_message *m, struct wl_finding *f)
{
	int r = wl_job_receive(job, m, f, NULL, NULL);
	if (r == 0 && m->id == WL_MSG_WORK_FINDING)
		r = wl_refuse_claimed(f, wl_rule_find(wl_message_text(m, WL_T_RULE)),
		                      wl_message_text(m, WL_T_DETAIL));
	return r;
}

static int take_entry(struct wl_image *image, const struct wl_message *m)
{
	struct wl_bytes path = wl_message_bytes(m, WL_T_PATH);
	return wl_items_add(&image->items, path.p, path.n,
	                    !strcmp(wl_message_text(m, WL_T_KIND), "folder"),
	                    wl_message_u64(m, WL_T_SIZE), wl_message_u64(m, WL_T_ITEM));
}

/* From medium.begin to volume.listed. */
static int list(struct wl_image *image, uint64_t size, struct wl_finding *f)
{
	struct wl_message m;

	wl_message_init(&m);
	wl_message_start(&m, WL_MSG_MEDIUM_BEGIN, 0);
	wl_message_put_u64(&m, WL_T_SIZE, size);
	wl_message_put_u64(&m, WL_T_FILES_MAX, WL_TRANSFER_FILES_MAX);
	wl_message_put_u64(&m, WL_T_BYTES_MAX, WL_TRANSFER_BYTES_MAX);
	int r = wl_job_send(&image->reader, &m);
	while (r == 0) {
		r = receive(&image->reader, &m, f);
		if (r < 0 || m.id == WL_MSG_VOLUME_LISTED)
			break;
		if (m.id == WL_MSG_VOLUME_ENTRY) {
			r = take_entry(image, &m);
		} else if (m.id == WL_MSG_VOLUME_INFO) {
			(void)snprintf(image->filesystem, sizeof(image->filesystem), "%s",
			               wl_message_text(&m, WL_T_FILESYSTEM));
			(void)snprintf(image->table, sizeof(image->table), "%s",
			               wl_message_text(&m, WL_T_TABLE));
			image->bytes = wl_message_u64(&m, WL_T_VOLUME_BYTES);
		} else {
			r = wl_refuse(f, WL_RULE_STATION_WORKER_LIED, "an answer out of turn");
		}
	}
	wl_message_clear(&m);
	if (r < 0)
		return r;
	wl_items_number(&image->items);
	if (!wl_items_are_within(&image->items, WL_TRANSFER_FILES_MAX, WL_TRANSFER_BYTES_MAX))
		return wl_refuse(f, WL_RULE_VOLUME_TOO_MANY_FILES,
		                 "more files or bytes are listed than may be read");
	return 0;
}

static int start(struct wl_image *image, int fd, struct wl_finding *f)
{
	const struct wl_job_order read_order = {
	        .kind = "read-medium", .deadline_ms = DEADLINE_MS, .input_fd = fd};
	const struct wl_job_order digest_order = {
	        .kind = "digest", .deadline_ms = DEADLINE_MS, .input_fd = -1};
	int r = wl_job_start(image->spawn, &read_order, &image->reader, f);
	if (r == 0)
		r = wl_job_start(image->spawn, &digest_order, &image->digester, f);
	return r;
}

int wl_image_open(const struct wl_cli *cli, const char *path, struct wl_image *ret)
{
	WL_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct wl_finding f = {0};
	struct stat st;

	*ret = (struct wl_image){.reader.control.fd = -1, .digester.control.fd = -1};
	if (fd < 0)
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s cannot be read: %s."), path, strerror(errno));
	if (fstat(fd, &st) < 0 || !(S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)))
		return wl_say_failure(cli, WL_EXIT_USAGE, "BadArgument",
		                      _("%s is no volume's image: neither a plain file nor a block "
		                        "device."),
		                      path);
	off_t size = lseek(fd, 0, SEEK_END);
	int status = wl_offline_start(cli, &ret->spawn);
	if (status)
		return status;
	int r = size < 0 ? -errno : start(ret, fd, &f);
	if (r == 0)
		r = list(ret, (uint64_t)size, &f);
	return r < 0 ? wl_offline_failed(cli, path, r, &f) : 0;
}

static int order_digest(struct wl_image *image, const struct wl_item *item, int pipe_fd, int sink)
{
	int r = wl_job_next(&image->digester, item->number, WL_ROLE_PIPE, item->size, pipe_fd,
	                    NULL);
	if (r < 0 || sink >= 0)
		return r < 0 ? r
		             : wl_job_next(&image->digester, item->number, WL_ROLE_SINK, item->size,
		                           sink, NULL);
	struct wl_message m;
	wl_message_init(&m);
	wl_message_start(&m, WL_MSG_DIGEST_DROP, 0);
	wl_message_put_u64(&m, WL_T_ITEM, item->number);
	r = wl_job_send(&image->digester, &m);
	wl_message_clear(&m);
	return r;
}

/* The pipe between the two, and nobody else holding it. */
static int connect_jobs(struct wl_image *image, const struct wl_item *item, int sink)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	int r = order_digest(image, item, ends[0], sink);
	if (r == 0)
		r = wl_job_next(&image->reader, item->cookie, WL_ROLE_PIPE, item->size, ends[1],
		                NULL);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return r;
}

/* What both say of one file. The digest is read also where the reader refused: it answers anyway.
 */
static int take_answers(struct wl_image *image, struct wl_item *item, struct wl_finding *f)
{
	struct wl_finding ignored = {0};
	struct wl_message m;

	wl_message_init(&m);
	int read_result = receive(&image->reader, &m, f);
	if (read_result == 0 &&
	    (m.id != WL_MSG_FILE_DONE || wl_message_u64(&m, WL_T_ITEM) != item->cookie))
		read_result = wl_refuse(f, WL_RULE_STATION_WORKER_LIED, "an answer out of turn");
	int r = receive(&image->digester, &m, read_result < 0 ? &ignored : f);
	if (r == 0 && read_result == 0) {
		struct wl_bytes head = wl_message_bytes(&m, WL_T_HEAD);
		if (m.id != WL_MSG_DIGEST_ITEM || !wl_message_bool(&m, WL_T_COMPLETE))
			r = wl_refuse(f, WL_RULE_STATION_WORKER_LIED,
			              "fewer or more bytes than announced");
		else
			wl_item_set_digest(item, wl_message_sha256(&m, WL_T_SHA256), head.p,
			                   head.n);
	}
	wl_message_clear(&m);
	return read_result < 0 ? read_result : r;
}

int wl_image_deliver(const struct wl_cli *cli, struct wl_image *image, struct wl_item *item,
                     int sink)
{
	struct wl_finding f = {0};
	int r = connect_jobs(image, item, sink);
	if (r == 0)
		r = take_answers(image, item, &f);
	return r < 0 ? wl_offline_failed(cli, item->path, r, &f) : 0;
}

void wl_image_close(struct wl_image *image)
{
	if (image->spawn) {
		wl_job_kill(&image->reader);
		wl_job_kill(&image->digester);
	}
	wl_items_clear(&image->items);
	wl_offline_end(&image->spawn);
}
