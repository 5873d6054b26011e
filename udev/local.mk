# what udev builds and tests
dist_udevrules_DATA += udev/59-weighlock.rules udev/70-weighlock.rules

noinst_LIBRARIES += udev/libwl_media.a
udev_libwl_media_a_CPPFLAGS = $(AM_CPPFLAGS) $(UDEV_CFLAGS)
udev_libwl_media_a_SOURCES = \
	udev/ports.h udev/ports.c udev/insertions.h udev/insertions.c \
	udev/grants.h udev/grants.c udev/watch.h udev/watch.c \
	udev/place.h udev/place.c udev/device.h udev/device.c udev/device_thread.h udev/device_thread.c \
	udev/media.h udev/peers.c udev/handlers.c udev/gate.c

sbin_PROGRAMS += weighlock-mediad
weighlock_mediad_SOURCES = udev/mediad.c udev/confine.c
weighlock_mediad_CPPFLAGS = $(AM_CPPFLAGS) $(UDEV_CFLAGS) $(SECCOMP_CFLAGS)
weighlock_mediad_LDADD = udev/libwl_media.a $(wl_daemon_libs) $(wl_base_libs) $(UDEV_LIBS) -lpthread

if HAVE_CMOCKA
media_unit_tests = tests/unit/test_media_ports tests/unit/test_media_insertions \
	tests/unit/test_media_grants tests/unit/test_media_watch tests/unit/test_media_device \
	tests/unit/test_media_place
check_PROGRAMS += $(media_unit_tests)
TESTS += $(media_unit_tests)
tests_unit_test_media_ports_SOURCES = tests/unit/test_media_ports.c
tests_unit_test_media_ports_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_media_ports_LDADD = udev/libwl_media.a $(wl_base_libs) $(CMOCKA_LIBS)
tests_unit_test_media_insertions_SOURCES = tests/unit/test_media_insertions.c
tests_unit_test_media_insertions_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_media_insertions_LDADD = udev/libwl_media.a $(wl_base_libs) $(CMOCKA_LIBS)
tests_unit_test_media_grants_SOURCES = tests/unit/test_media_grants.c
tests_unit_test_media_grants_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_media_grants_LDADD = udev/libwl_media.a $(wl_base_libs) $(CMOCKA_LIBS)
# where a disk is, and which folders are left to mediad
tests_unit_test_media_place_SOURCES = tests/unit/test_media_place.c udev/confine.c
tests_unit_test_media_place_CPPFLAGS = $(AM_CPPFLAGS) $(SECCOMP_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_media_place_LDADD = udev/libwl_media.a $(wl_base_libs) $(SECCOMP_LIBS) $(CMOCKA_LIBS)
# a device fails when the test says so
tests_unit_test_media_device_SOURCES = tests/unit/test_media_device.c
tests_unit_test_media_device_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_media_device_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=open,--wrap=__open_2 \
	-Wl,--wrap=fstat,--wrap=ioctl,--wrap=fsync,--wrap=wl_place_of
tests_unit_test_media_device_LDADD = udev/libwl_media.a $(wl_base_libs) $(CMOCKA_LIBS)
# events are lost when the test says so
tests_unit_test_media_watch_SOURCES = tests/unit/test_media_watch.c
tests_unit_test_media_watch_CPPFLAGS = $(AM_CPPFLAGS) $(UDEV_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_media_watch_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=udev_monitor_receive_device \
	-Wl,--wrap=udev_enumerate_scan_devices -Wl,--wrap=udev_enumerate_get_list_entry
tests_unit_test_media_watch_LDADD = udev/libwl_media.a $(wl_base_libs) $(UDEV_LIBS) $(CMOCKA_LIBS)
endif

# the integration harness: root, loop devices and a built tree; not part of `make check`
EXTRA_DIST += tests/integration/lib.sh tests/integration/pki.sh tests/integration/run.sh \
	tests/integration/peer_client.py tests/integration/media_events.py
integration_tests += tests/integration/media_events.sh
.PHONY: check-integration
check-integration: all
	sh $(top_srcdir)/tests/integration/run.sh $(top_builddir)
