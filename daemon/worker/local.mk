# The worker binaries. Each is the frame, a table kinds_NAME.c, and one file per kind of work with
# the libraries that those kinds need and no others (tests/integration/libraries.sh holds them
# against a list). To add a kind: its functions in kinds.h, its row in kinds_NAME.c, its system
# calls in daemon/spawn/seccomp_table.def, its row in daemon/spawn/kinds.def, and here its file.
noinst_LIBRARIES += daemon/worker/libwl_frame.a
daemon_worker_libwl_frame_a_SOURCES = \
	daemon/worker/worker.h daemon/worker/kinds.h daemon/worker/frame.h daemon/worker/main.c \
	daemon/worker/zygote.c daemon/worker/job.c daemon/worker/report.c daemon/worker/explain.c
wl_frame_libs = daemon/worker/libwl_frame.a $(wl_sandbox_libs)

worker_PROGRAMS += daemon/worker/worker-tool
daemon_worker_worker_tool_SOURCES = \
	daemon/worker/kinds_tool.c daemon/worker/digest.c daemon/worker/self_test.c \
	daemon/worker/check.c daemon/worker/build_volume.c daemon/worker/seal.c \
	daemon/worker/encode.c daemon/worker/check_picture.c daemon/worker/tools.c
daemon_worker_worker_tool_LDADD = $(wl_frame_libs) $(wl_image_write_libs) daemon/volume/libwl_volume.a $(wl_update_libs)

worker_PROGRAMS += daemon/worker/worker-image
daemon_worker_worker_image_SOURCES = daemon/worker/kinds_image.c daemon/worker/decode.c
daemon_worker_worker_image_LDADD = $(wl_frame_libs) $(wl_image_read_libs)

worker_PROGRAMS += daemon/worker/worker-update
daemon_worker_worker_update_SOURCES = daemon/worker/kinds_update.c daemon/worker/signature.c \
	daemon/worker/unseal.c \
	daemon/worker/checkpoint.c
daemon_worker_worker_update_LDADD = $(wl_frame_libs) $(wl_update_libs)

worker_PROGRAMS += daemon/worker/worker-archive
daemon_worker_worker_archive_SOURCES = daemon/worker/kinds_archive.c daemon/worker/unpack.c
daemon_worker_worker_archive_LDADD = $(wl_frame_libs) $(wl_archive_libs)

worker_PROGRAMS += daemon/worker/worker-volume
daemon_worker_worker_volume_SOURCES = daemon/worker/kinds_volume.c daemon/worker/read_medium.c
daemon_worker_worker_volume_LDADD = $(wl_frame_libs) $(wl_volume_libs)

# which libraries each program names
dist_check_SCRIPTS += tests/integration/libraries.sh
TESTS += tests/integration/libraries.sh

# seal and unseal in their sandbox, against openssl
check_PROGRAMS += tests/unit/seal_tool
tests_unit_seal_tool_SOURCES = tests/unit/seal_tool.c
tests_unit_seal_tool_LDADD = $(wl_base_libs)
dist_check_SCRIPTS += tests/unit/test_seal.py
TESTS += tests/unit/test_seal.py
