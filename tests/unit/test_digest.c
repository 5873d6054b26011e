/*
 * The kind digest with the real worker in its sandbox: whole, short and long senders, files and
 * nothing, the head of a medium; held against OpenSSL's one-shot digest and the bytes themselves.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/fdio.h"
#include "daemon/base/sha256.h"
#include "daemon/base/work.h"

#define SKIPPED    77
#define DATA_BYTES (3U * 1024U * 1024U + 17U)

static struct wl_spawn *spawn;
static struct wl_job job;
static struct wl_finding why;
static struct wl_message message = {.fd = -1};
static uint8_t data[DATA_BYTES];

static void begin(int input_fd)
{
	const struct wl_job_order order = {
	        .kind = "digest", .deadline_ms = 20000, .input_fd = input_fd};

	assert_int_equal(wl_job_start(spawn, &order, &job, &why), 0);
}

static void end(void)
{
	wl_message_start(&message, WL_MSG_WORK_END, 0);
	assert_int_equal(wl_job_send(&job, &message), 0);
	assert_int_equal(wl_job_receive(&job, &message, &why, NULL, NULL), 0);
	assert_int_equal(message.id, WL_MSG_WORK_DONE);
	assert_int_equal(wl_job_finish(&job, &why), 0);
}

/* Sends `sent` bytes where `expected` were announced; sink -1: digest.drop. */
static void one_item(uint64_t item, size_t sent, size_t expected, int sink)
{
	int r = -1, w = -1;

	assert_int_equal(wl_pipe(&r, &w), 0);
	assert_int_equal(wl_job_next(&job, item, WL_ROLE_PIPE, expected, r, NULL), 0);
	(void)close(r);
	if (sink >= 0) {
		assert_int_equal(wl_job_next(&job, item, WL_ROLE_SINK, expected, sink, NULL), 0);
	} else {
		wl_message_start(&message, WL_MSG_DIGEST_DROP, 0);
		wl_message_put_u64(&message, WL_T_ITEM, item);
		assert_int_equal(wl_job_send(&job, &message), 0);
	}
	pid_t sender = fork();
	if (sender == 0) {
		(void)signal(SIGPIPE, SIG_DFL);
		_exit(wl_write_full(w, data, sent) < 0);
	}
	(void)close(w);
	assert_int_equal(wl_job_receive(&job, &message, &why, NULL, NULL), 0);
	assert_int_equal(message.id, WL_MSG_DIGEST_ITEM);
	assert_int_equal(wl_message_u64(&message, WL_T_ITEM), item);
	assert_int_equal(waitpid(sender, NULL, 0), sender);
}

/* What digest.item says is about the first `bytes` of data. */
static void says(size_t bytes, bool complete)
{
	uint8_t expected[32];
	struct wl_bytes head = wl_message_bytes(&message, WL_T_HEAD);

	assert_int_equal(wl_message_u64(&message, WL_T_BYTES), bytes);
	assert_int_equal(wl_message_bool(&message, WL_T_COMPLETE), complete);
	assert_int_equal(wl_sha256_of(data, bytes, expected), 0);
	assert_memory_equal(wl_message_sha256(&message, WL_T_SHA256), expected, 32);
	assert_int_equal(head.n, bytes < 16 ? bytes : 16);
	if (head.n > 0)
		assert_memory_equal(head.p, data, head.n);
}

static void what_comes_is_counted_hashed_and_kept(void **state)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, 4096, 1 << 20, (1 << 20) + 1, DATA_BYTES};

	(void)state;
	begin(-1);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int sink = memfd_create("sink", MFD_CLOEXEC);
		void *kept = NULL;
		size_t n = 0;
		one_item(i + 1, sizes[i], sizes[i], sink);
		says(sizes[i], true);
		assert_int_equal(wl_fd_read_all(sink, DATA_BYTES, &kept, &n), 0);
		assert_int_equal(n, sizes[i]);
		assert_memory_equal(kept, data, n);
		free(kept);
		(void)close(sink);
		one_item(i + 100, sizes[i], sizes[i], -1);
		says(sizes[i], true);
	}
	end();
}

static void a_short_or_long_sender_is_not_complete(void **state)
{
	(void)state;
	begin(-1);
	one_item(1, 99, 100, -1);
	says(99, false);
	one_item(2, 0, 1, -1);
	says(0, false);
	one_item(3, 101, 100, -1);
	says(101, false); /* one byte more is read, to know */
	one_item(4, DATA_BYTES, 100, -1);
	says(101, false);
	one_item(5, 1, 0, -1);
	says(1, false);
	one_item(6, 100, 100, -1); /* and the next one is none the worse */
	says(100, true);
	end();
}

static void ask_raw(uint64_t bytes)
{
	wl_message_start(&message, WL_MSG_DIGEST_RAW, 0);
	wl_message_put_u64(&message, WL_T_ITEM, 9);
	wl_message_put_u64(&message, WL_T_SIZE, bytes);
	assert_int_equal(wl_job_send(&job, &message), 0);
	assert_int_equal(wl_job_receive(&job, &message, &why, NULL, NULL), 0);
	assert_int_equal(message.id, WL_MSG_DIGEST_ITEM);
}

static void the_head_of_a_medium_is_hashed(void **state)
{
	int fd = -1;

	(void)state;
	assert_int_equal(wl_memfd_sealed("medium", data, DATA_BYTES, &fd), 0);
	begin(fd);
	ask_raw(DATA_BYTES - 1);
	says(DATA_BYTES - 1, true);
	ask_raw(512);
	says(512, true);
	ask_raw(DATA_BYTES);
	says(DATA_BYTES, true);
	ask_raw(DATA_BYTES + 1); /* longer than the medium */
	says(DATA_BYTES, false);
	end();
	(void)close(fd);
}

static void a_full_disk_is_said(void **state)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), r = -1, w = -1;

	(void)state;
	assert_true(full >= 0);
	begin(-1);
	assert_int_equal(wl_pipe(&r, &w), 0);
	assert_int_equal(wl_write_full(w, data, 100), 0);
	(void)close(w);
	assert_int_equal(wl_job_next(&job, 1, WL_ROLE_PIPE, 100, r, NULL), 0);
	assert_int_equal(wl_job_next(&job, 1, WL_ROLE_SINK, 100, full, NULL), 0);
	assert_int_equal(wl_job_receive(&job, &message, &why, NULL, NULL), -ENOSPC);
	assert_int_equal(why.rule, WL_RULE_NONE);
	assert_int_equal(wl_job_finish(&job, &why), 0);
	(void)close(r);
	(void)close(full);
}

static void nonsense_ends_the_job(void **state)
{
	(void)state;
	begin(-1);
	assert_int_equal(wl_job_next(&job, 1, WL_ROLE_SINK, 1, STDIN_FILENO, NULL), 0);
	assert_int_equal(wl_job_receive(&job, &message, &why, NULL, NULL), -EIO);
	assert_int_equal(wl_job_finish(&job, &why), 0);
	begin(-1); /* the second half is about another item */
	assert_int_equal(wl_job_next(&job, 1, WL_ROLE_PIPE, 1, STDIN_FILENO, NULL), 0);
	assert_int_equal(wl_job_next(&job, 2, WL_ROLE_SINK, 1, STDIN_FILENO, NULL), 0);
	assert_int_equal(wl_job_receive(&job, &message, &why, NULL, NULL), -EIO);
	wl_job_kill(&job);
	wl_job_kill(&job); /* once more does no harm */
}

static int start(void)
{
	char said[256];

	if (setenv("WEIGHLOCK_WORKERS", "daemon/worker", 1) < 0 ||
	    wl_spawn_start("daemon/spawn/weighlock-spawnd", &spawn) < 0)
		return 1;
	if (wl_spawn_status(spawn, said, sizeof(said), &why) == 0)
		return 0;
	(void)fprintf(stderr, "skipped: the sandbox cannot be made here: %s\n", why.detail);
	return SKIPPED;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_comes_is_counted_hashed_and_kept),
	        cmocka_unit_test(a_short_or_long_sender_is_not_complete),
	        cmocka_unit_test(the_head_of_a_medium_is_hashed),
	        cmocka_unit_test(a_full_disk_is_said),
	        cmocka_unit_test(nonsense_ends_the_job),
	};
	int r = start();

	for (size_t i = 0; i < DATA_BYTES; i++)
		data[i] = (uint8_t)(i * 31 + (i >> 9));
	if (r == 0)
		r = cmocka_run_group_tests(tests, NULL, NULL);
	spawn = wl_spawn_free(spawn);
	return r;
}
