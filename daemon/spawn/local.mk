# the sandbox, which workers enter by themselves
noinst_LIBRARIES += daemon/spawn/libwl_sandbox.a
daemon_spawn_libwl_sandbox_a_CPPFLAGS = $(AM_CPPFLAGS) $(SECCOMP_CFLAGS) $(CAPNG_CFLAGS)
daemon_spawn_libwl_sandbox_a_SOURCES = \
	daemon/spawn/sandbox.h daemon/spawn/sandbox_parts.h daemon/spawn/sandbox.c \
	daemon/spawn/sandbox_ids.c daemon/spawn/sandbox_root.c daemon/spawn/sandbox_landlock.c \
	daemon/spawn/sandbox_limits.c daemon/spawn/sandbox_seccomp.c daemon/spawn/seccomp_table.def
wl_sandbox_libs = daemon/spawn/libwl_sandbox.a $(SECCOMP_LIBS) $(CAPNG_LIBS)
