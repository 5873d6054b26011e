# what all processes share
noinst_LIBRARIES += daemon/base/libwl_base.a
daemon_base_libwl_base_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
daemon_base_libwl_base_a_SOURCES = \
	daemon/base/bytes.h daemon/base/cleanup.h daemon/base/limits.h \
	daemon/base/messages.def daemon/base/message.h daemon/base/message.c \
	daemon/base/message_table.c daemon/base/message_wire.h \
	daemon/base/message_encode.c daemon/base/message_decode.c \
	daemon/base/channel.h daemon/base/channel.c daemon/base/listen.c \
	daemon/base/rules.def daemon/base/rules.h daemon/base/rules.c daemon/base/rules_render.c \
	daemon/base/events.def daemon/base/events.h daemon/base/events.c \
	daemon/base/finding.h daemon/base/finding.c \
	daemon/base/cosigner.h daemon/base/cosigner.c \
	daemon/base/sha256.h daemon/base/sha256.c daemon/base/hex.c \
	daemon/base/text.h daemon/base/utf8.c daemon/base/escape.c daemon/base/time.c \
	daemon/base/size.c daemon/base/base64.c \
	daemon/base/ids.h daemon/base/ids.c \
	daemon/base/paths.h daemon/base/paths.c \
	daemon/base/fdio.h daemon/base/fdio.c daemon/base/landlock.h daemon/base/landlock.c \
	daemon/base/work_seal.h daemon/base/work_seal.c daemon/base/work_unseal.h daemon/base/work_unseal.c \
	daemon/base/work.h daemon/base/work_parts.h daemon/base/work_spawn.c daemon/base/work_job.c \
	daemon/base/work_picture.h daemon/base/work_picture.c daemon/base/work_tools.h daemon/base/work_tools.c daemon/base/picture_format.c

# what the daemons do the same way; workers and client link none of it
noinst_LIBRARIES += daemon/base/libwl_daemon.a
daemon_base_libwl_daemon_a_CPPFLAGS = $(AM_CPPFLAGS) $(SECCOMP_CFLAGS) $(CAPNG_CFLAGS) \
	$(SYSTEMD_CFLAGS)
daemon_base_libwl_daemon_a_SOURCES = \
	daemon/base/daemon.h daemon/base/daemon.c daemon/base/daemon_denied.h \
	daemon/base/daemon_denied.def daemon/base/daemon_denied.c daemon/base/daemon_alive.c \
	daemon/base/log.c \
	daemon/base/options.c
wl_daemon_libs = daemon/base/libwl_daemon.a $(SECCOMP_LIBS) $(CAPNG_LIBS) $(SYSTEMD_LIBS)

# the codec's fuzz target (tests/fuzz/README)
check_PROGRAMS += tests/fuzz/replay_message
TESTS += tests/fuzz/replay_message
tests_fuzz_replay_message_SOURCES = tests/fuzz/fuzz_message.c tests/fuzz/replay_main.c
tests_fuzz_replay_message_LDADD = $(wl_base_libs)
if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_message
tests_fuzz_fuzz_message_SOURCES = tests/fuzz/fuzz_message.c
tests_fuzz_fuzz_message_LDFLAGS = $(AM_LDFLAGS) $(WL_FUZZ_LDFLAGS)
tests_fuzz_fuzz_message_LDADD = $(wl_base_libs)
endif

if HAVE_CMOCKA
wl_base_tests = tests/unit/test_message \
	tests/unit/test_rules \
	tests/unit/test_events \
	tests/unit/test_text \
	tests/unit/test_ids \
	tests/unit/test_channel \
	tests/unit/test_fdio
check_PROGRAMS += $(wl_base_tests) tests/unit/test_daemon
TESTS += $(wl_base_tests) tests/unit/test_daemon
tests_unit_test_daemon_SOURCES = tests/unit/test_daemon.c
tests_unit_test_daemon_LDADD = $(wl_daemon_libs) $(wl_base_libs) $(CMOCKA_LIBS)
tests_unit_test_message_SOURCES = tests/unit/test_message.c
tests_unit_test_message_LDADD = $(wl_base_libs) $(CMOCKA_LIBS)
tests_unit_test_rules_SOURCES = tests/unit/test_rules.c
tests_unit_test_rules_LDADD = $(wl_base_libs) $(CMOCKA_LIBS)
tests_unit_test_events_SOURCES = tests/unit/test_events.c
tests_unit_test_events_LDADD = $(wl_base_libs) $(CMOCKA_LIBS)
tests_unit_test_text_SOURCES = tests/unit/test_text.c
tests_unit_test_text_LDADD = $(wl_base_libs) $(CMOCKA_LIBS)
tests_unit_test_ids_SOURCES = tests/unit/test_ids.c
tests_unit_test_ids_LDADD = $(wl_base_libs) $(CMOCKA_LIBS)
tests_unit_test_channel_SOURCES = tests/unit/test_channel.c
tests_unit_test_channel_LDADD = $(wl_base_libs) $(CMOCKA_LIBS)
tests_unit_test_fdio_SOURCES = tests/unit/test_fdio.c
tests_unit_test_fdio_LDADD = $(wl_base_libs) $(CMOCKA_LIBS)
endif
