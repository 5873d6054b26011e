/*
 * The kind `digest` (tool): receives bytes on a pipe, counts and hashes them, writes them down.
 *
 * It interprets nothing: what it says are facts. The sender of the bytes is hostile and may send
 * too few, too many, or none. The file it writes to is made durable by its owner (the broker), who
 * holds the same open file; here the writing is only started early, so that the disk works while
 * the medium is read. When power goes the unsealed file is thrown away at the next start.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/sha256.h"
#include "daemon/worker/kinds.h"

#define BUFFER_BYTES WL_MIB(1)
#define BUFFER_ALIGN 4096U
#define EARLY_BYTES  WL_MIB(8) /* so much is handed to the disk at a time */
#define HEAD_BYTES   16U

static struct wl_sha256 *sha;
static uint8_t *buffer;

int wl_digest_prepare(void)
{
	sha = wl_sha256_new();
	buffer = aligned_alloc(BUFFER_ALIGN, BUFFER_BYTES);
	return sha && buffer ? 0 : -ENOMEM;
}

/* One item under way. */
struct item {
	uint64_t number, expected, bytes;
	uint64_t handed; /* bytes the disk was asked to write */
	uint8_t head[HEAD_BYTES];
	size_t head_bytes;
	int sink; /* -1: digest only */
};

static int keep(struct item *it, const uint8_t *p, size_t n)
{
	if (it->head_bytes < HEAD_BYTES) {
		size_t room = HEAD_BYTES - it->head_bytes, take = n < room ? n : room;
		memcpy(it->head + it->head_bytes, p, take);
		it->head_bytes += take;
	}
	it->bytes += n;
	int r = wl_sha256_add(sha, p, n);
	if (r < 0 || it->sink < 0)
		return r;
	r = wl_write_full(it->sink, p, n);
	if (r == 0 && it->bytes - it->handed >= EARLY_BYTES) {
		/* a hint: where it fails, the owner's fsync still tells */
		(void)sync_file_range(it->sink, (off64_t)it->handed,
		                      (off64_t)(it->bytes - it->handed), SYNC_FILE_RANGE_WRITE);
		it->handed = it->bytes;
	}
	return r;
}

/* Reads until the sender ends or says one byte more than it should. */
static int drain(struct item *it, int pipe_fd)
{
	while (it->bytes <= it->expected) {
		uint64_t left = it->expected - it->bytes;
		size_t want = left < BUFFER_BYTES ? (size_t)left + 1 : BUFFER_BYTES;
		if (want > BUFFER_BYTES)
			want = BUFFER_BYTES;
		ssize_t n = read(pipe_fd, buffer, want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		int r = keep(it, buffer, (size_t)n);
		if (r < 0)
			return r;
	}
	return 0;
}

static int report(struct wl_worker *wk, const struct item *it)
{
	uint8_t digest[WL_SHA256_BYTES];
	int r = wl_sha256_end(sha, digest);

	if (r < 0)
		return r;
	wl_message_start(wk->out, WL_MSG_DIGEST_ITEM, 0);
	wl_message_put_u64(wk->out, WL_T_ITEM, it->number);
	wl_message_put_sha256(wk->out, WL_T_SHA256, digest);
	wl_message_put_bool(wk->out, WL_T_COMPLETE, it->bytes == it->expected);
	wl_message_put_bytes(wk->out, WL_T_HEAD, it->head, it->head_bytes);
	wl_message_put_u64(wk->out, WL_T_BYTES, it->bytes);
	return wl_worker_send(wk);
}

/* After the pipe comes where its bytes go: a file, or nowhere. */
static int receive_sink(struct wl_worker *wk, uint64_t item, int *ret_sink)
{
	int r = wl_worker_receive(wk);

	if (r < 0)
		return r;
	if (wl_message_u64(wk->in, WL_T_ITEM) != item)
		return -EBADMSG;
	if (wk->in->id == WL_MSG_DIGEST_DROP)
		return 0;
	if (wk->in->id != WL_MSG_WORK_NEXT ||
	    wl_message_u64(wk->in, WL_T_ROLE) != (uint64_t)WL_ROLE_SINK)
		return -EBADMSG;
	*ret_sink = TAKE_FD(wk->in->fd);
	return 0;
}

static int do_next(struct wl_worker *wk)
{
	WL_AUTO_CLOSE int pipe_fd = TAKE_FD(wk->in->fd), sink = -1;
	struct item it = {.number = wl_message_u64(wk->in, WL_T_ITEM),
	                  .expected = wl_message_u64(wk->in, WL_T_SIZE)};

	if (wl_message_u64(wk->in, WL_T_ROLE) != (uint64_t)WL_ROLE_PIPE)
		return -EBADMSG;
	int r = receive_sink(wk, it.number, &sink);
	if (r == 0)
		r = wl_sha256_begin(sha);
	it.sink = sink;
	if (r == 0)
		r = drain(&it, pipe_fd);
	return r < 0 ? r : report(wk, &it);
}

/* The first bytes of the medium itself; fewer where it ends before. */
static int do_raw(struct wl_worker *wk)
{
	struct item it = {.number = wl_message_u64(wk->in, WL_T_ITEM),
	                  .expected = wl_message_u64(wk->in, WL_T_SIZE),
	                  .sink = -1};
	int r = wl_sha256_begin(sha);

	while (r == 0 && it.bytes < it.expected) {
		uint64_t left = it.expected - it.bytes;
		size_t want = left < BUFFER_BYTES ? (size_t)left : BUFFER_BYTES;
		ssize_t n = wl_pread_full(WL_WORKER_INPUT_FD, buffer, want, (off_t)it.bytes);
		if (n <= 0) {
			r = (int)n;
			break;
		}
		r = keep(&it, buffer, (size_t)n);
	}
	return r < 0 ? r : report(wk, &it);
}

int wl_digest_run(struct wl_worker *wk)
{
	for (;;) {
		int r = wl_worker_receive(wk);
		if (r < 0)
			return r;
		switch ((unsigned)wk->in->id) {
		case WL_MSG_WORK_NEXT:
			r = do_next(wk);
			break;
		case WL_MSG_DIGEST_RAW:
			r = do_raw(wk);
			break;
		case WL_MSG_WORK_END:
			return 0;
		default:
			return -EBADMSG;
		}
		if (r < 0)
			return r;
	}
}
