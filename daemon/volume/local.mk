# what daemon/volume builds and tests
noinst_LIBRARIES += daemon/volume/libwl_volume.a
daemon_volume_libwl_volume_a_SOURCES = \
	daemon/volume/device.h daemon/volume/device.c \
	daemon/volume/partition.h daemon/volume/partition.c \
	daemon/volume/magic.h daemon/volume/magic.c \
	daemon/volume/unit_name.h daemon/volume/unit_name.c \
	daemon/volume/folder_names.h daemon/volume/folder_names.c \
	daemon/volume/sort.h daemon/volume/sort.c \
	daemon/volume/listing.h daemon/volume/listing.c \
	daemon/volume/driver.h \
	daemon/volume/fat_boot.h daemon/volume/fat_boot.c \
	daemon/volume/fat_table.h daemon/volume/fat_table.c \
	daemon/volume/fat_chain.h daemon/volume/fat_chain.c \
	daemon/volume/fat_dir.h daemon/volume/fat_dir.c \
	daemon/volume/fat.c \
	daemon/volume/gpt.h daemon/volume/gpt.c \
	daemon/volume/exfat_boot.h daemon/volume/exfat_boot.c \
	daemon/volume/exfat_upcase.h daemon/volume/exfat_upcase.c \
	daemon/volume/exfat_dir.h daemon/volume/exfat_dir.c \
	daemon/volume/exfat.c \
	daemon/volume/iso_volume.h daemon/volume/iso_volume.c \
	daemon/volume/iso_record.h daemon/volume/iso_record.c \
	daemon/volume/iso.c \
	daemon/volume/ntfs_device.h daemon/volume/ntfs_device.c \
	daemon/volume/ntfs_file.h daemon/volume/ntfs_file.c \
	daemon/volume/ntfs.c \
	daemon/volume/volume.h daemon/volume/open.c \
	daemon/volume/geometry.h daemon/volume/geometry.c \
	daemon/volume/short_name.h daemon/volume/short_name.c \
	daemon/volume/tree.h daemon/volume/tree.c \
	daemon/volume/layout.h daemon/volume/layout.c \
	daemon/volume/fresh.h daemon/volume/fresh.c daemon/volume/fresh_folder.c \
	daemon/volume/fresh_exfat.h daemon/volume/fresh_exfat.c \
	daemon/volume/sink.h daemon/volume/sink.c \
	daemon/volume/build_fat.h daemon/volume/build_fat.c
# libntfs-3g only where volumes are read; build-volume takes the archive alone
wl_volume_libs = daemon/volume/libwl_volume.a $(wl_base_libs) $(NTFS_LIBS)

# a program for the scripts that compare with other people's tools
check_PROGRAMS += tests/unit/volume_tool
tests_unit_volume_tool_SOURCES = tests/unit/volume_tool.c
tests_unit_volume_tool_LDADD = $(wl_volume_libs)

if HAVE_CMOCKA
volume_tests = tests/unit/test_volume_fat tests/unit/test_volume_partition \
	tests/unit/test_volume_fat_boot tests/unit/test_volume_layout \
	tests/unit/test_volume_build tests/unit/test_volume_kinds \
	tests/unit/test_volume_device
check_PROGRAMS += $(volume_tests)
TESTS += $(volume_tests)
endif
volume_test_libs = $(wl_volume_libs) $(CMOCKA_LIBS)
tests_unit_test_volume_fat_SOURCES = \
	tests/unit/test_volume_fat.c tests/unit/volume_image.h tests/unit/volume_image.c
tests_unit_test_volume_fat_LDADD = $(volume_test_libs)
tests_unit_test_volume_partition_SOURCES = tests/unit/test_volume_partition.c
tests_unit_test_volume_partition_LDADD = $(volume_test_libs)
tests_unit_test_volume_fat_boot_SOURCES = tests/unit/test_volume_fat_boot.c
tests_unit_test_volume_fat_boot_LDADD = $(volume_test_libs)
tests_unit_test_volume_layout_SOURCES = tests/unit/test_volume_layout.c
tests_unit_test_volume_layout_LDADD = $(volume_test_libs)
tests_unit_test_volume_build_SOURCES = tests/unit/test_volume_build.c
tests_unit_test_volume_build_LDADD = $(volume_test_libs)
tests_unit_test_volume_device_SOURCES = tests/unit/test_volume_device.c
tests_unit_test_volume_device_LDADD = $(volume_test_libs)
tests_unit_test_volume_kinds_SOURCES = \
	tests/unit/test_volume_kinds.c daemon/worker/read_medium.c daemon/worker/build_volume.c
tests_unit_test_volume_kinds_LDADD = \
	daemon/worker/libwl_frame.a $(wl_volume_libs) $(CMOCKA_LIBS)

# our volumes under other people's tools, theirs under ours
volume_scripts = tests/unit/test_volume_tools.py tests/unit/test_volume_exfat.py \
	tests/unit/test_volume_exfat_build.py tests/unit/test_volume_ntfs.py \
	tests/unit/test_volume_iso.py
dist_check_SCRIPTS += $(volume_scripts)
EXTRA_DIST += tests/unit/exfat_image.py tests/unit/exfat_read.py tests/unit/volume_lib.py
TESTS += $(volume_scripts)
# hundreds of generated volumes instead of some, and those of many gigabytes
.PHONY: check-volumes-long
check-volumes-long: tests/unit/volume_tool tests/unit/make_ntfs
	for script in $(volume_scripts); do \
		WL_VOLUMES=200 WL_LONG=1 $(srcdir)/$$script || exit 1; \
	done
check_PROGRAMS += tests/unit/make_ntfs
tests_unit_make_ntfs_SOURCES = tests/unit/make_ntfs.c
tests_unit_make_ntfs_LDADD = $(NTFS_LIBS)

# one target under five names: each has the seeds of one kind of medium
volume_replays = tests/fuzz/replay_fat tests/fuzz/replay_exfat tests/fuzz/replay_gpt \
	tests/fuzz/replay_iso tests/fuzz/replay_ntfs tests/fuzz/replay_partition
check_PROGRAMS += $(volume_replays)
TESTS += $(volume_replays)
volume_replay_sources = tests/fuzz/fuzz_volume.c tests/fuzz/replay_main.c
tests_fuzz_replay_fat_SOURCES = $(volume_replay_sources)
tests_fuzz_replay_fat_LDADD = $(wl_volume_libs)
tests_fuzz_replay_exfat_SOURCES = $(volume_replay_sources)
tests_fuzz_replay_exfat_LDADD = $(wl_volume_libs)
tests_fuzz_replay_gpt_SOURCES = $(volume_replay_sources)
tests_fuzz_replay_gpt_LDADD = $(wl_volume_libs)
tests_fuzz_replay_iso_SOURCES = $(volume_replay_sources)
tests_fuzz_replay_iso_LDADD = $(wl_volume_libs)
tests_fuzz_replay_ntfs_SOURCES = $(volume_replay_sources)
tests_fuzz_replay_ntfs_LDADD = $(wl_volume_libs)
tests_fuzz_replay_partition_SOURCES = tests/fuzz/fuzz_partition.c tests/fuzz/replay_main.c
tests_fuzz_replay_partition_LDADD = $(wl_volume_libs)
if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_volume tests/fuzz/fuzz_partition
tests_fuzz_fuzz_volume_SOURCES = tests/fuzz/fuzz_volume.c
tests_fuzz_fuzz_volume_LDFLAGS = $(AM_LDFLAGS) $(WL_FUZZ_LDFLAGS)
tests_fuzz_fuzz_volume_LDADD = $(wl_volume_libs)
tests_fuzz_fuzz_partition_SOURCES = tests/fuzz/fuzz_partition.c
tests_fuzz_fuzz_partition_LDFLAGS = $(AM_LDFLAGS) $(WL_FUZZ_LDFLAGS)
tests_fuzz_fuzz_partition_LDADD = $(wl_volume_libs)
endif
EXTRA_DIST += tests/fuzz/make_seeds_fat.py tests/fuzz/make_seeds_volume.py
