# what daemon/update builds and tests; libcrypto, libarchive and zlib go only to the workers whose
# kinds use the objects that need them (--as-needed)
noinst_LIBRARIES += daemon/update/libwl_update.a
daemon_update_libwl_update_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) $(ARCHIVE_CFLAGS) $(ZLIB_CFLAGS)
daemon_update_libwl_update_a_SOURCES = \
	daemon/update/der.h daemon/update/der.c \
	daemon/update/spki.h daemon/update/spki.c \
	daemon/update/cms_algorithms.h daemon/update/cms_algorithms.c \
	daemon/update/cms_attributes.h daemon/update/cms_attributes.c \
	daemon/update/cms_prepare.h daemon/update/cms_prepare.c \
	daemon/update/certificate.h daemon/update/certificate.c \
	daemon/update/signer.h daemon/update/signer.c \
	daemon/update/check_signature.h daemon/update/check_signature.c \
	daemon/update/bio_sink.h daemon/update/bio_sink.c \
	daemon/update/envelope.h daemon/update/envelope.c \
	daemon/update/envelope_open.h daemon/update/envelope_open.c \
	daemon/update/check_lines.h daemon/update/check_lines.c \
	daemon/update/manifest.h daemon/update/manifest.c \
	daemon/update/checkpoint_claim.h daemon/update/checkpoint_claim.c \
	daemon/update/names.h daemon/update/names.c daemon/update/name_set.c \
	daemon/update/name_table.def \
	daemon/update/archive_stream.h daemon/update/archive_stream.c \
	daemon/update/zip_structure.h daemon/update/zip_structure.c \
	daemon/update/tar_structure.h daemon/update/tar_structure.c \
	daemon/update/unpack.h daemon/update/unpack.c
EXTRA_DIST += daemon/update/make-name-table.py

# in link order: what a worker needs for signatures, and for archives
wl_update_libs = daemon/update/libwl_update.a $(wl_base_libs)
wl_archive_libs = daemon/update/libwl_update.a $(wl_base_libs) $(ARCHIVE_LIBS) $(ZLIB_LIBS)

# the workers as their employer sees them, against files made by openssl and python
check_PROGRAMS += tests/unit/update_probe
tests_unit_update_probe_SOURCES = tests/unit/update_probe.c \
	daemon/worker/signature.c daemon/worker/check.c daemon/worker/unpack.c daemon/worker/report.c
tests_unit_update_probe_LDADD = $(wl_archive_libs)
dist_check_SCRIPTS += tests/unit/test_update_signatures.py tests/unit/test_update_archives.py
TESTS += tests/unit/test_update_signatures.py tests/unit/test_update_archives.py

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_checkpoint_claim
TESTS += tests/unit/test_checkpoint_claim
tests_unit_test_checkpoint_claim_SOURCES = tests/unit/test_checkpoint_claim.c
tests_unit_test_checkpoint_claim_LDADD = $(wl_update_libs) $(CMOCKA_LIBS)
endif

# the same workers in their sandbox
integration_tests += tests/integration/update_workers.sh

# fuzz targets (tests/fuzz/README); seeds by tests/fuzz/make-update-seeds.py
EXTRA_DIST += tests/fuzz/make-update-seeds.py tests/unit/update_tools.py
check_PROGRAMS += tests/fuzz/replay_cms tests/fuzz/replay_zip tests/fuzz/replay_tar \
	tests/fuzz/replay_manifest tests/fuzz/replay_checkpoint tests/fuzz/replay_envelope
TESTS += tests/fuzz/replay_cms tests/fuzz/replay_zip tests/fuzz/replay_tar \
	tests/fuzz/replay_manifest tests/fuzz/replay_checkpoint tests/fuzz/replay_envelope
tests_fuzz_replay_envelope_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
tests_fuzz_replay_envelope_SOURCES = tests/fuzz/fuzz_envelope.c tests/fuzz/replay_main.c
tests_fuzz_replay_envelope_LDADD = $(wl_update_libs)
tests_fuzz_replay_checkpoint_SOURCES = tests/fuzz/fuzz_checkpoint.c tests/fuzz/replay_main.c
tests_fuzz_replay_checkpoint_LDADD = $(wl_update_libs)
tests_fuzz_replay_cms_SOURCES = tests/fuzz/fuzz_cms.c tests/fuzz/replay_main.c
tests_fuzz_replay_cms_LDADD = $(wl_update_libs)
tests_fuzz_replay_zip_SOURCES = tests/fuzz/fuzz_zip.c tests/fuzz/replay_main.c
tests_fuzz_replay_zip_LDADD = $(wl_archive_libs)
tests_fuzz_replay_tar_SOURCES = tests/fuzz/fuzz_tar.c tests/fuzz/replay_main.c
tests_fuzz_replay_tar_LDADD = $(wl_archive_libs)
tests_fuzz_replay_manifest_SOURCES = tests/fuzz/fuzz_manifest.c tests/fuzz/replay_main.c
tests_fuzz_replay_manifest_LDADD = $(wl_update_libs)
if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_cms tests/fuzz/fuzz_zip tests/fuzz/fuzz_tar tests/fuzz/fuzz_manifest \
	tests/fuzz/fuzz_checkpoint tests/fuzz/fuzz_envelope
tests_fuzz_fuzz_envelope_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
tests_fuzz_fuzz_envelope_SOURCES = tests/fuzz/fuzz_envelope.c
tests_fuzz_fuzz_envelope_LDFLAGS = $(AM_LDFLAGS) $(WL_FUZZ_LDFLAGS)
tests_fuzz_fuzz_envelope_LDADD = $(wl_update_libs)
tests_fuzz_fuzz_checkpoint_SOURCES = tests/fuzz/fuzz_checkpoint.c
tests_fuzz_fuzz_checkpoint_LDFLAGS = $(AM_LDFLAGS) $(WL_FUZZ_LDFLAGS)
tests_fuzz_fuzz_checkpoint_LDADD = $(wl_update_libs)
tests_fuzz_fuzz_cms_SOURCES = tests/fuzz/fuzz_cms.c
tests_fuzz_fuzz_cms_LDFLAGS = $(AM_LDFLAGS) $(WL_FUZZ_LDFLAGS)
tests_fuzz_fuzz_cms_LDADD = $(wl_update_libs)
tests_fuzz_fuzz_zip_SOURCES = tests/fuzz/fuzz_zip.c
tests_fuzz_fuzz_zip_LDFLAGS = $(AM_LDFLAGS) $(WL_FUZZ_LDFLAGS)
tests_fuzz_fuzz_zip_LDADD = $(wl_archive_libs)
tests_fuzz_fuzz_tar_SOURCES = tests/fuzz/fuzz_tar.c
tests_fuzz_fuzz_tar_LDFLAGS = $(AM_LDFLAGS) $(WL_FUZZ_LDFLAGS)
tests_fuzz_fuzz_tar_LDADD = $(wl_archive_libs)
tests_fuzz_fuzz_manifest_SOURCES = tests/fuzz/fuzz_manifest.c
tests_fuzz_fuzz_manifest_LDFLAGS = $(AM_LDFLAGS) $(WL_FUZZ_LDFLAGS)
tests_fuzz_fuzz_manifest_LDADD = $(wl_update_libs)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_update_check
TESTS += tests/unit/test_update_check
tests_unit_test_update_check_SOURCES = tests/unit/test_update_check.c
tests_unit_test_update_check_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_update_check_LDADD = $(wl_update_libs) $(CMOCKA_LIBS)
endif
