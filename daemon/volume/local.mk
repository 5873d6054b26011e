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
	daemon/volume/volume.h daemon/volume/open.c \
	daemon/volume/geometry.h daemon/volume/geometry.c \
	daemon/volume/short_name.h daemon/volume/short_name.c \
	daemon/volume/tree.h daemon/volume/tree.c \
	daemon/volume/layout.h daemon/volume/layout.c \
	daemon/volume/fresh.h daemon/volume/fresh.c daemon/volume/fresh_folder.c \
	daemon/volume/sink.h daemon/volume/sink.c \
	daemon/volume/build_fat.h daemon/volume/build_fat.c
wl_volume_libs = daemon/volume/libwl_volume.a $(wl_base_libs)

# a program for the scripts that compare with other people's tools
check_PROGRAMS += tests/unit/volume_tool
tests_unit_volume_tool_SOURCES = tests/unit/volume_tool.c
tests_unit_volume_tool_LDADD = $(wl_volume_libs)

if HAVE_CMOCKA
volume_tests = tests/unit/test_volume_fat tests/unit/test_volume_partition \
	tests/unit/test_volume_fat_boot
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
