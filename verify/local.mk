# the auditor's own program: links libcrypto and nothing else, shares nothing with daemon/
bin_PROGRAMS += weighlock-verify
verify_sources = verify/entry.c verify/entry.h verify/ledger_dir.c verify/ledger_dir.h \
	verify/note.c verify/note.h verify/report.c verify/report.h verify/tree.c verify/tree.h \
	verify/walk.c verify/walk.h
weighlock_verify_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
weighlock_verify_SOURCES = verify/main.c $(verify_sources)
weighlock_verify_LDADD = $(CRYPTO_LIBS)

dist_check_SCRIPTS += tests/integration/verify_ledgers.sh
TESTS += tests/integration/verify_ledgers.sh
EXTRA_DIST += tests/integration/make_ledger.py

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_verify_note
TESTS += tests/unit/test_verify_note
tests_unit_test_verify_note_SOURCES = tests/unit/test_verify_note.c $(verify_sources)
tests_unit_test_verify_note_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_verify_note_LDADD = $(CRYPTO_LIBS) $(CMOCKA_LIBS)
endif
