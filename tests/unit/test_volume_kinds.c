/*
 * The kinds build-volume and read-medium as their employer sees them: a volume is built from
 * contents handed over, then read back file by file through pipes. Each kind runs in a process of
 * its own, without the sandbox (the integration tests run them inside it).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/sha256.h"
#include "daemon/worker/kinds.h"

#define MEDIUM_BYTES WL_MIB(40)

static struct wl_message in = {.fd = -1}, out = {.fd = -1};

struct job {
	pid_t pid;
	struct wl_channel control;
};

/* What the frame does, without its locks. */
static void run_child(int (*run)(struct wl_worker *wk), int control, int medium)
{
	struct wl_worker wk = {.in = &in, .out = &out};
	if (dup2(medium, 24) < 0 || dup2(control, 3) < 0 || dup2(24, 4) < 0)
		_exit(9);
	wl_channel_init(&wk.control, 3, WL_PEER_WORKER, WL_PEER_BROKER);
	int r = run(&wk);
	if (r < 0) {
		wl_message_start(&out, WL_MSG_WORK_FAULT, 0);
		wl_message_put_u64(&out, WL_T_ERRNO, (uint64_t)-r);
		wl_message_put_text(&out, WL_T_DETAIL, "fault");
	} else {
		wl_message_start(&out, WL_MSG_WORK_DONE, 0);
	}
	(void)wl_worker_send(&wk);
	_exit(0);
}

static void start(struct job *j, int (*run)(struct wl_worker *wk), int medium)
{
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	j->pid = fork();
	assert_true(j->pid >= 0);
	if (j->pid == 0)
		run_child(run, pair[1], medium);
	(void)close(pair[1]);
	wl_channel_init(&j->control, pair[0], WL_PEER_BROKER, WL_PEER_WORKER);
}

static void finish(struct job *j)
{
	int status;
	wl_channel_close(&j->control);
	assert_int_equal(waitpid(j->pid, &status, 0), j->pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void send_out(struct job *j)
{
	assert_int_equal(wl_channel_send(&j->control, &out), 0);
}

/* The next message that is not progress. */
static enum wl_message_id receive(struct job *j)
{
	do
		assert_int_equal(wl_channel_receive(&j->control, &in, 60000), 0);
	while (in.id == WL_MSG_WORK_PROGRESS);
	return in.id;
}

static void send_next(struct job *j, uint64_t item, enum wl_role role, uint64_t size, int fd)
{
	wl_message_start(&out, WL_MSG_WORK_NEXT, 0);
	wl_message_put_u64(&out, WL_T_ITEM, item);
	wl_message_put_u64(&out, WL_T_ROLE, (uint64_t)role);
	wl_message_put_u64(&out, WL_T_SIZE, size);
	out.fd = fd;
	send_out(j);
	out.fd = -1;
}

static void send_end(struct job *j)
{
	wl_message_start(&out, WL_MSG_WORK_END, 0);
	send_out(j);
}

static void send_begin(struct job *j, uint64_t size, uint64_t count)
{
	wl_message_start(&out, WL_MSG_BUILD_BEGIN, 0);
	wl_message_put_u64(&out, WL_T_SIZE, size);
	wl_message_put_u64(&out, WL_T_COUNT, count);
	wl_message_put_text(&out, WL_T_FILESYSTEM, "fat32");
	wl_message_put_bytes(&out, WL_T_LABEL, "WEIGHLOCK", 9);
	wl_message_put_i64(&out, WL_T_TIME, 1795000000);
	wl_message_put_u64(&out, WL_T_DISK_ID, 1);
	wl_message_put_u64(&out, WL_T_VOLUME_ID, 2);
	send_out(j);
}

static void send_file(struct job *j, uint64_t item, const char *path, uint64_t size)
{
	wl_message_start(&out, WL_MSG_BUILD_FILE, 0);
	wl_message_put_u64(&out, WL_T_ITEM, item);
	wl_message_put_u64(&out, WL_T_SIZE, size);
	wl_message_put_bytes(&out, WL_T_PATH, path, strlen(path));
	send_out(j);
}

static int content_of(size_t n, char letter)
{
	int fd = -1;
	WL_AUTO_FREE char *p = malloc(n + 1);
	memset(p, letter, n);
	assert_int_equal(wl_memfd_sealed("content", p, n, &fd), 0);
	return fd;
}

static const struct {
	const char *path;
	size_t bytes;
} files[] = {{"UPDATE.BIN", 3000000}, {"sub/Name two.txt", 5}, {"EMPTY", 0}};

static int build_medium(void)
{
	int medium = memfd_create("medium", MFD_CLOEXEC);
	uint8_t head[WL_SHA256_BYTES];
	static uint8_t first[4 << 20];
	struct job j;
	assert_int_equal(ftruncate(medium, (off_t)MEDIUM_BYTES), 0);
	start(&j, wl_build_volume_run, medium);
	send_begin(&j, MEDIUM_BYTES, WL_ARRAY_LEN(files));
	for (size_t i = 0; i < WL_ARRAY_LEN(files); i++)
		send_file(&j, i + 1, files[i].path, files[i].bytes);
	for (size_t i = 0; i < WL_ARRAY_LEN(files); i++) {
		WL_AUTO_CLOSE int fd = content_of(files[i].bytes, (char)('a' + i));
		send_next(&j, i + 1, WL_ROLE_CONTENT, files[i].bytes, fd);
	}
	send_end(&j);
	assert_int_equal(receive(&j), WL_MSG_BUILD_DONE);
	assert_int_equal(wl_pread_full(medium, first, sizeof(first), 0), sizeof(first));
	assert_int_equal(wl_sha256_of(first, sizeof(first), head), 0);
	assert_memory_equal(wl_message_sha256(&in, WL_T_HEAD_SHA256), head, sizeof(head));
	assert_int_equal(receive(&j), WL_MSG_WORK_DONE);
	finish(&j);
	return medium;
}

static void begin_reading(struct job *j, int medium, uint64_t files_max, uint64_t bytes_max)
{
	start(j, wl_read_medium_run, medium);
	wl_message_start(&out, WL_MSG_MEDIUM_BEGIN, 0);
	wl_message_put_u64(&out, WL_T_SIZE, MEDIUM_BYTES);
	wl_message_put_u64(&out, WL_T_FILES_MAX, files_max);
	wl_message_put_u64(&out, WL_T_BYTES_MAX, bytes_max);
	send_out(j);
}

static void expect_entry(struct job *j, uint64_t item, const char *kind, const char *path,
                         uint64_t bytes)
{
	assert_int_equal(receive(j), WL_MSG_VOLUME_ENTRY);
	struct wl_bytes got = wl_message_bytes(&in, WL_T_PATH);
	assert_int_equal(wl_message_u64(&in, WL_T_ITEM), item);
	assert_string_equal(wl_message_text(&in, WL_T_KIND), kind);
	assert_int_equal(got.n, strlen(path));
	assert_memory_equal(got.p, path, got.n);
	assert_int_equal(wl_message_u64(&in, WL_T_SIZE), bytes);
}

static void expect_list(struct job *j)
{
	assert_int_equal(receive(j), WL_MSG_VOLUME_INFO);
	assert_string_equal(wl_message_text(&in, WL_T_FILESYSTEM), "fat32");
	assert_string_equal(wl_message_text(&in, WL_T_TABLE), "mbr");
	assert_memory_equal(wl_message_bytes(&in, WL_T_LABEL).p, "WEIGHLOCK", 9);
	expect_entry(j, 1, "file", "EMPTY", 0);
	expect_entry(j, 2, "file", "UPDATE.BIN", 3000000);
	expect_entry(j, 3, "folder", "sub", 0);
	expect_entry(j, 4, "file", "sub/Name two.txt", 5);
	assert_int_equal(receive(j), WL_MSG_VOLUME_LISTED);
	assert_int_equal(wl_message_u64(&in, WL_T_COUNT), 4);
	assert_int_equal(wl_message_u64(&in, WL_T_BYTES), 3000005);
}

/* Asks for an item and takes its bytes, as `digest` would. */
static size_t take(struct job *j, uint64_t item, uint64_t bytes, char letter)
{
	static char buf[65536];
	size_t total = 0;
	ssize_t n;
	int p[2];
	assert_int_equal(pipe(p), 0);
	send_next(j, item, WL_ROLE_PIPE, bytes, p[1]);
	(void)close(p[1]);
	while ((n = read(p[0], buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(buf[i], letter);
		total += (size_t)n;
	}
	(void)close(p[0]);
	return total;
}

static void test_build_and_read_back(void **state)
{
	WL_AUTO_CLOSE int medium = build_medium();
	struct job j;
	(void)state;
	begin_reading(&j, medium, 100, WL_GIB(1));
	expect_list(&j);
	assert_int_equal(take(&j, 2, 3000000, 'a'), 3000000);
	assert_int_equal(receive(&j), WL_MSG_FILE_DONE);
	assert_int_equal(wl_message_u64(&in, WL_T_ITEM), 2);
	assert_int_equal(take(&j, 1, 0, 'x'), 0);
	assert_int_equal(receive(&j), WL_MSG_FILE_DONE);
	assert_int_equal(take(&j, 4, 5, 'b'), 5);
	assert_int_equal(receive(&j), WL_MSG_FILE_DONE);
	/* a second time: nothing comes, and it says why */
	assert_int_equal(take(&j, 4, 5, 'b'), 0);
	assert_int_equal(receive(&j), WL_MSG_WORK_FINDING);
	assert_string_equal(wl_message_text(&in, WL_T_RULE), "volume.chain-crossed");
	assert_int_equal(wl_message_u64(&in, WL_T_ITEM), 4);
	send_end(&j);
	assert_int_equal(receive(&j), WL_MSG_WORK_DONE);
	finish(&j);
}

static void test_reading_limits(void **state)
{
	WL_AUTO_CLOSE int medium = build_medium();
	struct job j;
	(void)state;
	begin_reading(&j, medium, 3, WL_GIB(1));
	assert_int_equal(receive(&j), WL_MSG_WORK_FINDING);
	assert_string_equal(wl_message_text(&in, WL_T_RULE), "volume.too-many-files");
	assert_int_equal(receive(&j), WL_MSG_WORK_DONE);
	finish(&j);
	begin_reading(&j, medium, 4, 3000000);
	expect_list(&j);
	assert_int_equal(take(&j, 2, 3000000, 'a'), 3000000);
	assert_int_equal(receive(&j), WL_MSG_FILE_DONE);
	assert_int_equal(take(&j, 4, 5, 'b'), 0);
	assert_int_equal(receive(&j), WL_MSG_WORK_FINDING);
	assert_string_equal(wl_message_text(&in, WL_T_RULE), "volume.too-many-files");
	send_end(&j);
	assert_int_equal(receive(&j), WL_MSG_WORK_DONE);
	finish(&j);
}

/* Orders that do not fit the list are faults: the employer is wrong, or is none. */
static void test_reading_wrong_orders(void **state)
{
	static const struct {
		uint64_t item, size;
		enum wl_role role;
	} orders[] = {{0, 0, WL_ROLE_PIPE},
	              {5, 0, WL_ROLE_PIPE},
	              {3, 0, WL_ROLE_PIPE},
	              {4, 6, WL_ROLE_PIPE},
	              {4, 5, WL_ROLE_CONTENT}};
	WL_AUTO_CLOSE int medium = build_medium();
	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(orders); i++) {
		WL_AUTO_CLOSE int fd = content_of(1, 'x');
		struct job j;
		begin_reading(&j, medium, 100, WL_GIB(1));
		expect_list(&j);
		send_next(&j, orders[i].item, orders[i].role, orders[i].size, fd);
		assert_int_equal(receive(&j), WL_MSG_WORK_FAULT);
		assert_int_equal(wl_message_u64(&in, WL_T_ERRNO), EINVAL);
		finish(&j);
	}
}

static void test_unreadable_medium(void **state)
{
	WL_AUTO_CLOSE int medium = memfd_create("short", MFD_CLOEXEC);
	struct job j;
	(void)state;
	begin_reading(&j, medium, 100, WL_GIB(1));
	assert_int_equal(receive(&j), WL_MSG_WORK_FAULT);
	assert_int_equal(wl_message_u64(&in, WL_T_ERRNO), EIO);
	finish(&j);
}

static void test_building_is_refused(void **state)
{
	WL_AUTO_CLOSE int medium = memfd_create("small", MFD_CLOEXEC);
	WL_AUTO_CLOSE int content = content_of(3, 'x');
	struct job j;
	(void)state;
	assert_int_equal(ftruncate(medium, (off_t)WL_MIB(33)), 0);
	start(&j, wl_build_volume_run, medium);
	send_begin(&j, WL_MIB(33), 1);
	send_file(&j, 1, "A", 3);
	send_next(&j, 1, WL_ROLE_CONTENT, 3, content);
	send_end(&j);
	assert_int_equal(receive(&j), WL_MSG_WORK_FINDING);
	assert_string_equal(wl_message_text(&in, WL_T_RULE), "destination.too-small");
	assert_int_equal(receive(&j), WL_MSG_WORK_DONE);
	finish(&j);
	/* a destination that cannot be written */
	start(&j, wl_build_volume_run, content);
	send_begin(&j, WL_MIB(40), 0);
	send_end(&j);
	assert_int_equal(receive(&j), WL_MSG_WORK_FINDING);
	assert_string_equal(wl_message_text(&in, WL_T_RULE), "destination.write-failed");
	assert_int_equal(receive(&j), WL_MSG_WORK_DONE);
	finish(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_build_and_read_back),
	        cmocka_unit_test(test_reading_limits),
	        cmocka_unit_test(test_reading_wrong_orders),
	        cmocka_unit_test(test_unreadable_medium),
	        cmocka_unit_test(test_building_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
