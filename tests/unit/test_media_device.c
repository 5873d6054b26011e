/*
 * Opening and letting go of a medium that misbehaves: the calls on the device are replaced by
 * --wrap, so that errors come that no loop device gives (media_events.sh has those it does give).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "udev/device.h"
#include "udev/place.h"

#define BLKGETDISKSEQ_REQUEST _IOR(0x12, 128, uint64_t)
#define NUMBER                ((dev_t)0x810) /* 8:16 */
#define CONTROLLER            "../../devices/pci0000:00/0000:00:14.0/"
#define DISK                  "/host6/target6:0:0/6:0:0:0/block/sdb"

/* A stick, and what goes wrong with it: errno or 0. */
struct stick {
	uint64_t diskseq, bytes;
	int ro;
	mode_t mode;
	dev_t number;
	int open_error, claim_error, write_error; /* open at all; with O_EXCL; with O_RDWR */
	int busy_times;                           /* O_EXCL opens that find it held */
	int size_error, set_ro_error, fsync_error, flush_error;
	bool set_ro_ignored;      /* says yes and does nothing */
	uint64_t diskseq_claimed; /* after O_EXCL; 0: the same */
	const char *place;        /* in sysfs; NULL: there */
	int place_error;
	unsigned fsyncs, flushes, opens;
};

static struct stick stick;

static int fails(int error)
{
	errno = error;
	return -1;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap___open_2(const char *path, int flags);
int __wrap_fstat(int fd, struct stat *st);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_fsync(int fd);
int __wrap_wl_place_of(dev_t devnum, char ret_syspath[WL_SYSPATH_TEXT]);

int __wrap_open(const char *path, int flags, ...)
{
	if (strcmp(path, "/dev/stick") != 0)
		return __real_open(path, flags, 0);
	assert_true(flags & O_CLOEXEC);
	assert_true(flags & O_NOFOLLOW);
	if (flags & O_PATH) /* a node is there as long as the disk */
		return stick.open_error == ENOENT ? fails(ENOENT)
		                                  : __real_open("/dev/null", O_PATH | O_CLOEXEC);
	stick.opens++;
	if (stick.open_error)
		return fails(stick.open_error);
	if ((flags & O_ACCMODE) == O_RDWR && stick.write_error)
		return fails(stick.write_error);
	if ((flags & O_EXCL) && stick.claim_error)
		return fails(stick.claim_error);
	if ((flags & O_EXCL) && stick.busy_times > 0) {
		stick.busy_times--;
		return fails(EBUSY);
	}
	if ((flags & O_EXCL) && stick.diskseq_claimed)
		stick.diskseq = stick.diskseq_claimed;
	return __real_open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int __wrap___open_2(const char *path, int flags)
{
	return __wrap_open(path, flags);
}

int __wrap_fstat(int fd, struct stat *st)
{
	(void)fd;
	memset(st, 0, sizeof(*st));
	st->st_mode = stick.mode;
	st->st_rdev = stick.number;
	return 0;
}

static int set_ro(const int *value)
{
	if (stick.set_ro_error)
		return fails(stick.set_ro_error);
	if (!stick.set_ro_ignored)
		stick.ro = *value;
	return 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	(void)fd;
	va_start(args, request);
	void *arg = va_arg(args, void *);
	va_end(args);
	switch (request) {
	case BLKROSET:
		return set_ro(arg);
	case BLKROGET:
		*(int *)arg = stick.ro;
		return 0;
	case BLKGETDISKSEQ_REQUEST:
		*(uint64_t *)arg = stick.diskseq;
		return 0;
	case BLKGETSIZE64:
		*(uint64_t *)arg = stick.bytes;
		return stick.size_error ? fails(stick.size_error) : 0;
	case BLKFLSBUF:
		stick.flushes++;
		return stick.flush_error ? fails(stick.flush_error) : 0;
	default:
		return fails(ENOTTY);
	}
}

int __wrap_wl_place_of(dev_t devnum, char ret_syspath[WL_SYSPATH_TEXT])
{
	assert_int_equal(devnum, stick.number);
	(void)snprintf(ret_syspath, WL_SYSPATH_TEXT, "%s",
	               stick.place ? stick.place : CONTROLLER "usb1/1-2/1-2:1.0" DISK);
	return -stick.place_error;
}

int __wrap_fsync(int fd)
{
	(void)fd;
	stick.fsyncs++;
	return stick.fsync_error ? fails(stick.fsync_error) : 0;
}

#define STICK(...)                                                                                 \
	{                                                                                          \
		.diskseq = 5, .bytes = 4096, .mode = S_IFBLK, .number = NUMBER, __VA_ARGS__        \
	}

static const struct stick sound = {
        .diskseq = 5, .bytes = 4096, .mode = S_IFBLK | 0600, .number = NUMBER};

static struct wl_device_pass pass_of(bool write)
{
	struct wl_device_pass pass = {
	        .disk = {.devnum = NUMBER, .diskseq = 5, .bytes = 4096, .node = "/dev/stick"},
	        .port = {.id = "b1", .id_path = "pci-0000:00:14.0-usb-0:2:1.0"},
	        .write = write};

	return pass;
}

static void test_open_refused(void **state)
{
	static const struct {
		const char *why;
		bool write;
		struct stick stick;
		enum wl_rule rule;
	} cases[] = {
	        {"unplugged", false, STICK(.open_error = ENOENT), WL_RULE_MEDIUM_GONE},
	        {"unplugged", false, STICK(.open_error = ENXIO), WL_RULE_MEDIUM_GONE},
	        {"card taken out", false, STICK(.open_error = ENOMEDIUM), WL_RULE_MEDIUM_GONE},
	        {"unplugged", true, STICK(.open_error = ENOENT), WL_RULE_DESTINATION_GONE},
	        {"broken", false, STICK(.open_error = EIO), WL_RULE_MEDIUM_UNREADABLE},
	        {"broken", true, STICK(.open_error = EIO), WL_RULE_DESTINATION_WRITE_FAILED},
	        {"does not say its size", false, STICK(.size_error = EIO),
	         WL_RULE_MEDIUM_UNREADABLE},
	        {"held", false, STICK(.busy_times = 1), WL_RULE_STATION_BUSY},
	        {"held", true, STICK(.busy_times = 1), WL_RULE_STATION_BUSY},
	        {"breaks at the claim", false, STICK(.claim_error = EIO),
	         WL_RULE_MEDIUM_UNREADABLE},
	        {"write-protected by its switch", true, STICK(.write_error = EROFS),
	         WL_RULE_DESTINATION_WRITE_FAILED},
	        {"write-protected", true, STICK(.write_error = EACCES),
	         WL_RULE_DESTINATION_WRITE_FAILED},
	        {"cannot be protected", false, STICK(.set_ro_error = EACCES),
	         WL_RULE_MEDIUM_UNREADABLE},
	        {"is not protected after all", false, STICK(.set_ro_ignored = true),
	         WL_RULE_MEDIUM_CHANGED},
	        {"still protected after all", true, STICK(.ro = 1, .set_ro_ignored = true),
	         WL_RULE_MEDIUM_CHANGED},
	        {"became another at the claim", false, STICK(.diskseq_claimed = 6),
	         WL_RULE_MEDIUM_CHANGED},
	        {"became another at the claim", true, STICK(.diskseq_claimed = 6),
	         WL_RULE_MEDIUM_CHANGED},
	        {"another DISKSEQ",
	         false,
	         {.diskseq = 6, .bytes = 4096, .mode = S_IFBLK, .number = NUMBER},
	         WL_RULE_MEDIUM_CHANGED},
	        {"another number",
	         false,
	         {.diskseq = 5, .bytes = 4096, .mode = S_IFBLK, .number = NUMBER + 1},
	         WL_RULE_MEDIUM_PORT_UNKNOWN},
	        {"no block device",
	         false,
	         {.diskseq = 5, .bytes = 4096, .mode = S_IFCHR, .number = NUMBER},
	         WL_RULE_MEDIUM_PORT_UNKNOWN},
	        {"another size",
	         false,
	         {.diskseq = 5, .bytes = 8192, .mode = S_IFBLK, .number = NUMBER},
	         WL_RULE_MEDIUM_CHANGED},
	        {"no size",
	         false,
	         {.diskseq = 5, .mode = S_IFBLK, .number = NUMBER},
	         WL_RULE_MEDIUM_GONE},
	        {"no size",
	         true,
	         {.diskseq = 5, .mode = S_IFBLK, .number = NUMBER},
	         WL_RULE_DESTINATION_GONE},
	};

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++) {
		struct wl_device_pass pass = pass_of(cases[i].write);
		struct wl_finding finding = {.rule = WL_RULE_NONE};
		int fd = -1;
		stick = cases[i].stick;
		assert_int_equal(wl_device_open(&pass, &fd, &finding), -EBADMSG);
		if (finding.rule != cases[i].rule)
			fail_msg("%s: %s (%s)", cases[i].why, wl_rule_id(finding.rule),
			         finding.detail);
		assert_int_equal(fd, -1);
		if (stick.diskseq == 5) /* the same medium: as it was found */
			assert_int_equal(stick.ro, cases[i].stick.ro);
	}
}

/* A disk that is not in the port is not opened at all, whatever its DISKSEQ and size. */
static void test_elsewhere(void **state)
{
	static const struct {
		const char *why;
		struct stick stick;
		enum wl_rule read, write;
	} cases[] = {
	        {"the station's own disk", STICK(.place = CONTROLLER "ata1" DISK),
	         WL_RULE_MEDIUM_PORT_UNKNOWN, WL_RULE_MEDIUM_PORT_UNKNOWN},
	        {"a stick at another connector", STICK(.place = CONTROLLER "usb1/1-3/1-3:1.0" DISK),
	         WL_RULE_MEDIUM_PORT_UNKNOWN, WL_RULE_MEDIUM_PORT_UNKNOWN},
	        {"a node that leads elsewhere",
	         {.diskseq = 5, .bytes = 4096, .mode = S_IFBLK, .number = NUMBER + 1},
	         WL_RULE_MEDIUM_PORT_UNKNOWN,
	         WL_RULE_MEDIUM_PORT_UNKNOWN},
	        {"a node that is no disk",
	         {.diskseq = 5, .bytes = 4096, .mode = S_IFCHR, .number = NUMBER},
	         WL_RULE_MEDIUM_PORT_UNKNOWN,
	         WL_RULE_MEDIUM_PORT_UNKNOWN},
	        {"a disk that is gone", STICK(.place_error = ENOENT), WL_RULE_MEDIUM_GONE,
	         WL_RULE_DESTINATION_GONE},
	};

	(void)state;
	for (size_t i = 0; i < 2 * WL_ARRAY_LEN(cases); i++) {
		bool write = i % 2 != 0, over;
		struct wl_device_pass pass = pass_of(write);
		struct wl_finding finding = {.rule = WL_RULE_NONE};
		int fd = -1;
		stick = cases[i / 2].stick;
		assert_int_equal(wl_device_open(&pass, &fd, &finding), -EBADMSG);
		if (finding.rule != (write ? cases[i / 2].write : cases[i / 2].read))
			fail_msg("%s: %s (%s)", cases[i / 2].why, wl_rule_id(finding.rule),
			         finding.detail);
		pass.touched = true;
		wl_device_restore(&pass);
		(void)wl_device_shut(&pass, 0, &over, &finding);
		(void)wl_device_check_free(&pass.disk, &pass.port, &finding);
		assert_int_equal(stick.opens, 0);
	}
}

static void test_protection(void **state)
{
	static const struct {
		bool write;
		int before, open;
	} cases[] = {{false, 0, 1}, {false, 1, 1}, {true, 0, 0}, {true, 1, 0}};

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++) {
		struct wl_device_pass pass = pass_of(cases[i].write);
		struct wl_finding finding;
		WL_AUTO_CLOSE int fd = -1;
		bool over = false;
		stick = sound;
		stick.ro = cases[i].before;
		assert_int_equal(wl_device_open(&pass, &fd, &finding), 0);
		assert_int_equal(stick.ro, cases[i].open);
		assert_int_equal(wl_device_shut(&pass, 0, &over, &finding), 0);
		assert_true(over);
		assert_int_equal(stick.ro, cases[i].before);
		assert_int_equal(stick.fsyncs, cases[i].write ? 1 : 0);
		assert_int_equal(stick.flushes, cases[i].write ? 1 : 0);
	}
}

static void test_shut(void **state)
{
	static const struct {
		const char *why;
		bool write;
		struct stick stick;
		uint64_t timeout_ms;
		enum wl_rule rule;
		bool over;
	} cases[] = {
	        {"held for longer", false, STICK(.busy_times = 1000), 60, WL_RULE_STATION_BUSY,
	         false},
	        {"held for a while", false, STICK(.busy_times = 2), 5000, WL_RULE_NONE, true},
	        {"held, asked once", true, STICK(.busy_times = 1), 0, WL_RULE_STATION_BUSY, false},
	        {"no descriptor to ask with", false, STICK(.open_error = EMFILE), 0,
	         WL_RULE_STATION_BUSY, false},
	        {"no memory to ask with", true, STICK(.claim_error = ENOMEM), 30,
	         WL_RULE_STATION_BUSY, false},
	        {"gone after reading", false, STICK(.open_error = ENXIO), 0, WL_RULE_NONE, true},
	        {"broken after reading", false, STICK(.open_error = EIO), 0, WL_RULE_NONE, true},
	        {"gone while written", true, STICK(.open_error = ENXIO), 0,
	         WL_RULE_DESTINATION_GONE, true},
	        {"became another while written", true, STICK(.diskseq_claimed = 6), 0,
	         WL_RULE_DESTINATION_GONE, true},
	        {"does not take what was written", true, STICK(.fsync_error = EIO), 0,
	         WL_RULE_DESTINATION_WRITE_FAILED, true},
	        {"cannot be read back past the cache", true, STICK(.flush_error = EACCES), 0,
	         WL_RULE_DESTINATION_WRITE_FAILED, true},
	};

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++) {
		struct wl_device_pass pass = pass_of(cases[i].write);
		struct wl_finding finding = {.rule = WL_RULE_NONE};
		bool over = !cases[i].over;
		stick = cases[i].stick;
		int r = wl_device_shut(&pass, cases[i].timeout_ms, &over, &finding);
		if (r != (cases[i].rule == WL_RULE_NONE ? 0 : -EBADMSG) ||
		    finding.rule != cases[i].rule || over != cases[i].over)
			fail_msg("%s: %d %s (%s)", cases[i].why, r, wl_rule_id(finding.rule),
			         finding.detail);
	}
}

/* A number that came back with another device keeps its protection; a loop device gets it back. */
static void test_restore_of_another(void **state)
{
	struct wl_device_pass pass = pass_of(false);
	struct wl_finding finding;
	WL_AUTO_CLOSE int fd = -1;

	(void)state;
	stick = sound;
	assert_int_equal(wl_device_open(&pass, &fd, &finding), 0);
	stick.diskseq = 6;
	wl_device_restore(&pass);
	assert_int_equal(stick.ro, 1);
	pass.disk.devnum = stick.number = makedev(7, 64);
	pass.port = (struct wl_port){.id = "b1", .loop = true, .minor = 64};
	wl_device_restore(&pass);
	assert_int_equal(stick.ro, 0);
	assert_false(pass.touched);
}

static void test_check_free(void **state)
{
	static const struct {
		struct stick stick;
		int r;
	} cases[] = {
	        {{.busy_times = 1}, -EBADMSG},      {{.busy_times = 0}, 0},
	        {{.open_error = ENXIO}, 0},         {{.open_error = ENOENT}, 0},
	        {{.place_error = ENOENT}, 0},       {{.place = CONTROLLER "ata1" DISK}, 0},
	        {{.open_error = ENFILE}, -EBADMSG}, {{.claim_error = EACCES}, -EBADMSG},
	};

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++) {
		struct wl_device_pass pass = pass_of(false);
		struct wl_finding finding = {.rule = WL_RULE_NONE};
		stick = cases[i].stick;
		stick.number = NUMBER;
		stick.mode = S_IFBLK;
		assert_int_equal(wl_device_check_free(&pass.disk, &pass.port, &finding),
		                 cases[i].r);
		assert_int_equal(finding.rule, cases[i].r ? WL_RULE_STATION_BUSY : WL_RULE_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_open_refused),       cmocka_unit_test(test_elsewhere),
	        cmocka_unit_test(test_protection),         cmocka_unit_test(test_shut),
	        cmocka_unit_test(test_restore_of_another), cmocka_unit_test(test_check_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
