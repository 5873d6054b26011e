# the sandbox, which workers enter by themselves
noinst_LIBRARIES += daemon/spawn/libwl_sandbox.a
daemon_spawn_libwl_sandbox_a_CPPFLAGS = $(AM_CPPFLAGS) $(SECCOMP_CFLAGS) $(CAPNG_CFLAGS)
daemon_spawn_libwl_sandbox_a_SOURCES = \
	daemon/spawn/sandbox.h daemon/spawn/sandbox_parts.h daemon/spawn/sandbox.c \
	daemon/spawn/sandbox_ids.c daemon/spawn/sandbox_root.c daemon/spawn/sandbox_landlock.c \
	daemon/spawn/sandbox_limits.c daemon/spawn/sandbox_seccomp.c daemon/spawn/seccomp_table.def
wl_sandbox_libs = daemon/spawn/libwl_sandbox.a $(SECCOMP_LIBS) $(CAPNG_LIBS)

# the daemon; its parts as a library, so that tests link them
noinst_LIBRARIES += daemon/spawn/libwl_spawnd.a
daemon_spawn_libwl_spawnd_a_SOURCES = \
	daemon/spawn/spawnd.h daemon/spawn/kinds.def daemon/spawn/kinds.c daemon/spawn/jobs.c \
	daemon/spawn/zygotes.c daemon/spawn/zygote_start.c daemon/spawn/employers.c \
	daemon/spawn/gates.c daemon/spawn/loop.c
sbin_PROGRAMS += daemon/spawn/weighlock-spawnd
daemon_spawn_weighlock_spawnd_SOURCES = daemon/spawn/main.c
daemon_spawn_weighlock_spawnd_LDADD = daemon/spawn/libwl_spawnd.a $(wl_sandbox_libs) \
	$(wl_daemon_libs) $(wl_base_libs)

# the sandbox from inside: a worker binary for tests only, under the name of a real one
if HAVE_CMOCKA
check_PROGRAMS += tests/sandbox/workers/worker-tool tests/sandbox/test_sandbox \
	tests/sandbox/test_missing tests/sandbox/test_station \
	tests/unit/test_gates tests/unit/test_digest
TESTS += tests/sandbox/test_sandbox tests/sandbox/test_missing tests/sandbox/test_station \
	tests/unit/test_gates tests/unit/test_digest
tests_sandbox_test_missing_SOURCES = tests/sandbox/test_missing.c
tests_sandbox_test_missing_CPPFLAGS = $(AM_CPPFLAGS) $(SECCOMP_CFLAGS)
tests_sandbox_test_missing_LDADD = $(wl_base_libs) $(SECCOMP_LIBS) $(CMOCKA_LIBS)
tests_sandbox_test_station_SOURCES = tests/sandbox/test_station.c
tests_sandbox_test_station_LDADD = $(wl_base_libs) $(CMOCKA_LIBS)
tests_unit_test_gates_SOURCES = tests/unit/test_gates.c
tests_unit_test_gates_LDADD = daemon/spawn/libwl_spawnd.a $(wl_sandbox_libs) $(wl_daemon_libs) \
	$(wl_base_libs) $(CMOCKA_LIBS)
tests_unit_test_digest_SOURCES = tests/unit/test_digest.c
tests_unit_test_digest_LDADD = $(wl_base_libs) $(CMOCKA_LIBS)
tests_sandbox_workers_worker_tool_SOURCES = tests/sandbox/kinds_test.c
tests_sandbox_workers_worker_tool_LDADD = $(wl_frame_libs) $(wl_base_libs)
check_PROGRAMS += tests/sandbox/liars/worker-image tests/sandbox/liars/worker-tool \
	tests/sandbox/test_picture
TESTS += tests/sandbox/test_picture
tests_sandbox_liars_worker_image_SOURCES = tests/sandbox/liar_image.c tests/sandbox/picture_liar.h
tests_sandbox_liars_worker_image_LDADD = $(wl_frame_libs) $(wl_base_libs)
tests_sandbox_liars_worker_tool_SOURCES = tests/sandbox/liar_tool.c tests/sandbox/picture_liar.h
tests_sandbox_liars_worker_tool_LDADD = $(wl_frame_libs) $(wl_base_libs)
tests_sandbox_test_picture_SOURCES = tests/sandbox/test_picture.c tests/sandbox/picture_liar.h
tests_sandbox_test_picture_LDADD = $(wl_base_libs) $(CMOCKA_LIBS)
tests_sandbox_test_sandbox_SOURCES = tests/sandbox/test_sandbox.c
tests_sandbox_test_sandbox_LDADD = $(wl_base_libs) $(CMOCKA_LIBS)
endif
