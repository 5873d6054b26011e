# what udev builds and tests
dist_udevrules_DATA += udev/59-weighlock.rules udev/70-weighlock.rules

noinst_LIBRARIES += udev/libwl_media.a
udev_libwl_media_a_CPPFLAGS = $(AM_CPPFLAGS) $(UDEV_CFLAGS)
udev_libwl_media_a_SOURCES = \
	udev/ports.h udev/ports.c udev/insertions.h udev/insertions.c \
	udev/grants.h udev/grants.c udev/watch.h udev/watch.c \
	udev/device.h udev/device.c udev/device_thread.h udev/device_thread.c \
	udev/media.h udev/peers.c udev/handlers.c udev/gate.c

sbin_PROGRAMS += weighlock-mediad
weighlock_mediad_SOURCES = udev/mediad.c udev/confine.c
weighlock_mediad_CPPFLAGS = $(AM_CPPFLAGS) $(UDEV_CFLAGS) $(SECCOMP_CFLAGS)
weighlock_mediad_LDADD = udev/libwl_media.a $(wl_daemon_libs) $(wl_base_libs) $(UDEV_LIBS) -lpthread

# the integration harness: root, loop devices and a built tree; not part of `make check`
EXTRA_DIST += tests/integration/lib.sh tests/integration/pki.sh tests/integration/run.sh \
	tests/integration/peer_client.py tests/integration/media_events.py
integration_tests += tests/integration/media_events.sh
.PHONY: check-integration
check-integration: all
	sh $(top_srcdir)/tests/integration/run.sh $(top_builddir)
