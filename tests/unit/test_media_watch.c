/*
 * The watch when the kernel loses events: receiving and enumerating are replaced by --wrap, so that
 * ENOBUFS comes when the test says so. The monitor itself is real (a netlink socket needs no
 * right).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <libudev.h>
#include <sys/sysmacros.h>

#include "udev/watch.h"

struct udev_device *__wrap_udev_monitor_receive_device(struct udev_monitor *monitor);
int __wrap_udev_enumerate_scan_devices(struct udev_enumerate *enumerate);
struct udev_list_entry *__wrap_udev_enumerate_get_list_entry(struct udev_enumerate *enumerate);

static int enumerations;
static unsigned told_gone;

struct udev_device *__wrap_udev_monitor_receive_device(struct udev_monitor *monitor)
{
	(void)monitor;
	errno = mock_type(int);
	return NULL;
}

int __wrap_udev_enumerate_scan_devices(struct udev_enumerate *enumerate)
{
	(void)enumerate;
	enumerations++;
	return mock_type(int);
}

struct udev_list_entry *__wrap_udev_enumerate_get_list_entry(struct udev_enumerate *enumerate)
{
	(void)enumerate;
	return NULL;
}

static void hear(void *context, const struct wl_insertion *in, bool gone)
{
	(void)context;
	(void)in;
	told_gone += gone;
}

static struct wl_insertions insertions;
static struct wl_ports ports;
static struct wl_watch *watch;
static const struct wl_watched watched = {
        .insertions = &insertions, .ports = &ports, .change = hear, .context = NULL};

static int set_up(void **state)
{
	const struct wl_disk disk = {.devnum = makedev(7, 1), .diskseq = 5, .bytes = 512};
	struct wl_finding finding;

	(void)state;
	enumerations = 0;
	told_gone = 0;
	memset(&insertions, 0, sizeof(insertions));
	memset(&ports, 0, sizeof(ports));
	ports.test = true;
	if (wl_watch_open(&watch) < 0 ||
	    wl_ports_add(&ports, "a1", "loop:1", "source", &finding) < 0)
		return -1;
	return wl_insertions_observe(&insertions, &ports, &disk, true, hear, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	watch = wl_watch_free(watch);
	return 0;
}

static void test_nothing_waits(void **state)
{
	(void)state;
	will_return(__wrap_udev_monitor_receive_device, EAGAIN);
	assert_int_equal(wl_watch_drain(watch, &watched), 0);
	assert_int_equal(enumerations, 0);
	assert_int_equal(told_gone, 0);
	assert_int_equal(wl_watch_overruns(watch), 0);
}

/* A storm: lost three times over, one enumeration, and what is not in it is gone. */
static void test_lost_events(void **state)
{
	(void)state;
	will_return_count(__wrap_udev_monitor_receive_device, ENOBUFS, 3);
	will_return(__wrap_udev_monitor_receive_device, EINTR);
	will_return(__wrap_udev_monitor_receive_device, EAGAIN);
	will_return(__wrap_udev_enumerate_scan_devices, 0);
	assert_int_equal(wl_watch_drain(watch, &watched), 0);
	assert_int_equal(enumerations, 1);
	assert_int_equal(told_gone, 1);
	assert_int_equal(wl_watch_overruns(watch), 3);
	assert_null(wl_insertions_find(&insertions, "a1", 5));
}

/* An enumeration that fails says so and takes nothing for gone. */
static void test_enumeration_fails(void **state)
{
	(void)state;
	will_return(__wrap_udev_monitor_receive_device, ENOBUFS);
	will_return(__wrap_udev_monitor_receive_device, EAGAIN);
	will_return(__wrap_udev_enumerate_scan_devices, -ENOMEM);
	assert_int_equal(wl_watch_drain(watch, &watched), -ENOMEM);
	assert_int_equal(told_gone, 0);
	assert_non_null(wl_insertions_find(&insertions, "a1", 5));
}

/* A packet that is no event does not stop the next round. */
static void test_bad_packet(void **state)
{
	(void)state;
	will_return(__wrap_udev_monitor_receive_device, EINVAL);
	assert_int_equal(wl_watch_drain(watch, &watched), 0);
	assert_int_equal(enumerations, 0);
}

static void test_buffer_is_asked_for(void **state)
{
	(void)state;
	assert_true(wl_watch_buffer_bytes(watch) > 0);
	assert_true(wl_watch_fd(watch) >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_nothing_waits, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_lost_events, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_enumeration_fails, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_bad_packet, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_buffer_is_asked_for, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
