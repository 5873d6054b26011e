/*
 * Which disk the kernel says is in a port, from paths of sysfs as machines have them; and which
 * folders are left to mediad once it has confined itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "udev/media.h"
#include "udev/place.h"

#define PCI  "../../devices/pci0000:00/0000:00:14.0/usb1/"
#define DISK "/host6/target6:0:0/6:0:0:0/block/sdb"

static void test_is_port(void **state)
{
	static const struct {
		const char *match, *syspath;
		bool is;
	} cases[] = {
	        {"usb:pci-0000:00:14.0-usb-0:1:1.0", PCI "1-1/1-1:1.0" DISK, true},
	        {"usb:pci-0000:00:14.0-usb-0:1", PCI "1-1/1-1:1.0" DISK, true},
	        {"usb:pci-0000:00:14.0-usb-0:1", PCI "1-1/1-1:1.1" DISK, true},
	        {"usb:pci-0000:00:14.0-usb-0:2.4:1.0", PCI "1-2/1-2.4/1-2.4:1.0" DISK, true},
	        {"usb:platform-fe980000.usb-usb-0:1:1.0",
	         "../../devices/platform/soc/fe980000.usb/usb2/2-1/2-1:1.0" DISK, true},
	        {"usb:platform-dummy_hcd.0-usb-0:1:1.0",
	         "../../devices/platform/dummy_hcd.0/usb3/3-1/3-1:1.0" DISK, true},
	        /* another interface, another connector, one below a hub, another controller */
	        {"usb:pci-0000:00:14.0-usb-0:1:1.0", PCI "1-1/1-1:1.1" DISK, false},
	        {"usb:pci-0000:00:14.0-usb-0:1:1.0", PCI "1-11/1-11:1.0" DISK, false},
	        {"usb:pci-0000:00:14.0-usb-0:1", PCI "1-11/1-11:1.0" DISK, false},
	        {"usb:pci-0000:00:14.0-usb-0:1", PCI "1-1/1-1.2/1-1.2:1.0" DISK, false},
	        {"usb:pci-0000:00:14.0-usb-0:1:1.0",
	         "../../devices/pci0000:00/0000:00:1a.0/usb1/1-1/1-1:1.0" DISK, false},
	        {"usb:pci-0000:00:14.0-usb-0:1:1.0",
	         "../../devices/pci0000:00/0000:00:14.00/usb1/1-1/1-1:1.0" DISK, false},
	        {"usb:platform-xfe980000.usb-usb-0:1:1.0",
	         "../../devices/platform/soc/fe980000.usb/usb2/2-1/2-1:1.0" DISK, false},
	        /* disks of the station itself */
	        {"usb:pci-0000:00:14.0-usb-0:1:1.0",
	         "../../devices/pci0000:00/0000:00:17.0/ata1" DISK, false},
	        {"usb:pci-0000:00:14.0-usb-0:1:1.0",
	         "../../devices/pci0000:00/0000:00:1d.0/0000:01:00.0/nvme/nvme0/nvme0n1", false},
	        {"usb:pci-0000:00:14.0-usb-0:1:1.0", "../../devices/virtual/block/loop64", false},
	        {"usb:pci-0000:00:14.0-usb-0:1:1.0", "1-1:1.0/usb1", false},
	        {"usb:pci-0000:00:14.0-usb-0:1:1.0", "", false},
	        {"loop:64", "../../devices/virtual/block/loop64", false},
	};

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(cases); i++) {
		struct wl_ports ports = {.test = true};
		struct wl_finding finding;
		assert_int_equal(wl_ports_add(&ports, "a1", cases[i].match, "source", &finding), 0);
		if (wl_place_is_port(&ports.port[0], makedev(8, 16), cases[i].syspath) !=
		    cases[i].is)
			fail_msg("%s and %s", cases[i].match, cases[i].syspath);
	}
}

static void test_loop(void **state)
{
	const struct wl_port port = {.id = "a1", .loop = true, .minor = 64};
	const char *syspath = "../../devices/virtual/block/loop64";

	(void)state;
	assert_true(wl_place_is_port(&port, makedev(7, 64), syspath));
	assert_false(wl_place_is_port(&port, makedev(7, 65), syspath));
	assert_false(wl_place_is_port(&port, makedev(8, 64), syspath));
}

static void test_no_such_disk(void **state)
{
	char syspath[WL_SYSPATH_TEXT];

	(void)state;
	assert_int_equal(wl_place_of(makedev(4095, 4095), syspath), -ENOENT);
}

/* In a process of its own, because it does not come off again: 0, or the line that was wrong. */
static int try_folders(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return __LINE__;
	if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0)
		return __LINE__;
	int r = wl_media_restrict_files();
	if (r == -ENOSYS)
		return -1;
	if (r < 0)
		return __LINE__;
	if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES)
		return __LINE__;
	if (open("/tmp/wl-not-made", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0 || errno != EACCES)
		return __LINE__;
	if (mkdir("/dev/wl-not-made", 0700) >= 0 || errno != EACCES)
		return __LINE__;
	if (open("/proc/self/maps", O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES)
		return __LINE__;
	if (open("/dev/null", O_RDWR | O_CLOEXEC) < 0)
		return __LINE__;
	return opendir("/sys/block") ? 0 : __LINE__;
}

static void test_folders_left(void **state)
{
	int status = 0;

	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		int wrong = try_folders();
		_exit(wrong < 0 ? 77 : wrong ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_is_port),
	        cmocka_unit_test(test_loop),
	        cmocka_unit_test(test_no_such_disk),
	        cmocka_unit_test(test_folders_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
