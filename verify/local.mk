# the auditor's own program: links libcrypto and libsqlite3, shares nothing with daemon/
noinst_LIBRARIES += verify/libverify.a
verify_libverify_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) $(SQLITE_CFLAGS) \
	-DWL_SYSCONFDIR='"$(sysconfdir)"'
verify_libverify_a_CFLAGS = $(AM_CFLAGS) -pthread
verify_libverify_a_SOURCES = \
	verify/book.c verify/book.h \
	verify/bundle.c verify/bundle.h \
	verify/cosign.c verify/cosign.h \
	verify/enrol.c verify/enrol.h \
	verify/entry.c verify/entry.h \
	verify/files.c verify/files.h \
	verify/findings.def \
	verify/hash.c verify/hash.h \
	verify/headquarters.c verify/headquarters.h \
	verify/import.c verify/import.h \
	verify/ledger_dir.c verify/ledger_dir.h \
	verify/map.c verify/map.h \
	verify/note.c verify/note.h \
	verify/pool.c verify/pool.h \
	verify/receipt.c verify/receipt.h \
	verify/report.c verify/report.h \
	verify/rules_approval.c verify/rules_inherited.c verify/rules_medium.c \
	verify/rules_release.c \
	verify/rules_station.c verify/rules_transfer.c \
	verify/say.c verify/say.h \
	verify/seen.c verify/seen.h \
	verify/stations.c verify/stations.h \
	verify/succession.c verify/succession.h \
	verify/tree.c verify/tree.h \
	verify/walk.c verify/walk.h verify/walk_state.h
verify_libs = verify/libverify.a $(CRYPTO_LIBS) $(SQLITE_LIBS) -lpthread

bin_PROGRAMS += weighlock-verify
weighlock_verify_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
weighlock_verify_SOURCES = verify/main.c
weighlock_verify_LDADD = $(verify_libs)

verify_scripts = tests/integration/verify_ledgers.sh tests/integration/verify_stories.py \
	tests/integration/verify_stations.py tests/integration/verify_manual.py
dist_check_SCRIPTS += $(verify_scripts)
TESTS += $(verify_scripts)
EXTRA_DIST += tests/integration/make_ledger.py tests/integration/make_story.py

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_verify_note
TESTS += tests/unit/test_verify_note
tests_unit_test_verify_note_SOURCES = tests/unit/test_verify_note.c
tests_unit_test_verify_note_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_verify_note_LDADD = $(verify_libs) $(CMOCKA_LIBS)
endif

# fuzz targets (tests/fuzz/README); seeds by tests/fuzz/make-verify-seeds.py
EXTRA_DIST += tests/fuzz/make-verify-seeds.py
verify_replays = tests/fuzz/replay_verify_note tests/fuzz/replay_verify_entries \
	tests/fuzz/replay_verify_book
check_PROGRAMS += $(verify_replays)
TESTS += $(verify_replays)
tests_fuzz_replay_verify_note_SOURCES = tests/fuzz/fuzz_verify_note.c tests/fuzz/replay_main.c
tests_fuzz_replay_verify_note_LDADD = $(verify_libs) $(wl_base_libs)
tests_fuzz_replay_verify_entries_SOURCES = tests/fuzz/fuzz_verify_entries.c tests/fuzz/replay_main.c
tests_fuzz_replay_verify_entries_LDADD = $(verify_libs) $(wl_base_libs)
tests_fuzz_replay_verify_book_SOURCES = tests/fuzz/fuzz_verify_book.c tests/fuzz/replay_main.c
tests_fuzz_replay_verify_book_LDADD = $(verify_libs) $(wl_base_libs)
if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_verify_note tests/fuzz/fuzz_verify_entries tests/fuzz/fuzz_verify_book
tests_fuzz_fuzz_verify_note_SOURCES = tests/fuzz/fuzz_verify_note.c
tests_fuzz_fuzz_verify_note_LDFLAGS = $(AM_LDFLAGS) $(WL_FUZZ_LDFLAGS)
tests_fuzz_fuzz_verify_note_LDADD = $(verify_libs)
tests_fuzz_fuzz_verify_entries_SOURCES = tests/fuzz/fuzz_verify_entries.c
tests_fuzz_fuzz_verify_entries_LDFLAGS = $(AM_LDFLAGS) $(WL_FUZZ_LDFLAGS)
tests_fuzz_fuzz_verify_entries_LDADD = $(verify_libs)
tests_fuzz_fuzz_verify_book_SOURCES = tests/fuzz/fuzz_verify_book.c
tests_fuzz_fuzz_verify_book_LDFLAGS = $(AM_LDFLAGS) $(WL_FUZZ_LDFLAGS)
tests_fuzz_fuzz_verify_book_LDADD = $(verify_libs)
endif

# The same program with nothing to load: for a machine that has no packages of its own. glibc alone
# stays what it is (a static program of it cannot load other character sets or name services; none is
# used here).
.PHONY: weighlock-verify-static
weighlock-verify-static: $(weighlock_verify_OBJECTS) verify/libverify.a
	$(AM_V_CCLD)$(CC) $(AM_CFLAGS) $(CFLAGS) -static-pie -o $@ $(weighlock_verify_OBJECTS) \
		verify/libverify.a -Wl,-Bstatic -lsqlite3 -lcrypto -lpthread -lm
CLEANFILES += weighlock-verify-static
EXTRA_DIST += tests/integration/verify_static.sh
integration_tests += tests/integration/verify_static.sh
