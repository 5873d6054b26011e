# what daemon/ledger builds and tests
noinst_LIBRARIES += daemon/ledger/libwl_ledger.a
daemon_ledger_libwl_ledger_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) $(SQLITE_CFLAGS)
daemon_ledger_libwl_ledger_a_SOURCES = \
	daemon/ledger/append.c \
	daemon/ledger/audit.c daemon/ledger/audit.h daemon/ledger/audit_check.c \
	daemon/ledger/audit_facts.c daemon/ledger/audit_facts.h \
	daemon/ledger/certificate.c daemon/ledger/certificate.h \
	daemon/ledger/certificate_request.c daemon/ledger/certificate_request.h \
	daemon/ledger/cms.c daemon/ledger/cms.h \
	daemon/ledger/connection.c daemon/ledger/connection.h \
	daemon/ledger/custody_compose.c daemon/ledger/custody_compose.h \
	daemon/ledger/custody_items.c daemon/ledger/custody_items.h \
	daemon/ledger/document.c daemon/ledger/document.h \
	daemon/ledger/entry_draft.c daemon/ledger/entry_draft.h \
	daemon/ledger/entry_read.c daemon/ledger/entry_read.h \
	daemon/ledger/entry_render.c daemon/ledger/entry_render.h \
	daemon/ledger/export.c daemon/ledger/export.h \
	daemon/ledger/facts.c daemon/ledger/facts.h \
	daemon/ledger/facts_apply.c daemon/ledger/facts_apply.h \
	daemon/ledger/facts_heritage.c \
	daemon/ledger/facts_query.c \
	daemon/ledger/facts_schema.c daemon/ledger/facts_schema.h \
	daemon/ledger/facts_sql.c daemon/ledger/facts_sql.h \
	daemon/ledger/facts_visit.c \
	daemon/ledger/folder.c daemon/ledger/folder.h \
	daemon/ledger/grant.c daemon/ledger/grant.h \
	daemon/ledger/handle_append.c daemon/ledger/handle_audit.c daemon/ledger/handle_query.c \
	daemon/ledger/handle_recall.c \
	daemon/ledger/heritage.h daemon/ledger/inherit.c \
	daemon/ledger/identity.c daemon/ledger/identity.h \
	daemon/ledger/intent_check.c daemon/ledger/intent_check.h \
	daemon/ledger/journal.c daemon/ledger/journal.h \
	daemon/ledger/json_out.c daemon/ledger/json_out.h \
	daemon/ledger/journal_read.c \
	daemon/ledger/keys.c daemon/ledger/keys.h \
	daemon/ledger/ledger.c daemon/ledger/ledger.h \
	daemon/ledger/manifest.c daemon/ledger/manifest.h \
	daemon/ledger/merkle.c daemon/ledger/merkle.h \
	daemon/ledger/mirror.c daemon/ledger/mirror.h \
	daemon/ledger/mirror_follow.c daemon/ledger/mirror_follow.h \
	daemon/ledger/note.c daemon/ledger/note.h \
	daemon/ledger/note_compose.c daemon/ledger/note_compose.h \
	daemon/ledger/predecessor.c daemon/ledger/predecessor.h \
	daemon/ledger/reserve.c daemon/ledger/reserve.h \
	daemon/ledger/serve.c daemon/ledger/serve.h \
	daemon/ledger/rotate.c daemon/ledger/rotate.h \
	daemon/ledger/rotate_begin.c daemon/ledger/rotate_files.c \
	daemon/ledger/station.c daemon/ledger/station.h \
	daemon/ledger/store.c daemon/ledger/store.h \
	daemon/ledger/succession.c \
	daemon/ledger/tiles.c daemon/ledger/tiles.h
wl_ledger_libs = daemon/ledger/libwl_ledger.a $(wl_daemon_libs) $(wl_base_libs) $(SQLITE_LIBS) $(CRYPTO_LIBS)

sbin_PROGRAMS += weighlock-ledgerd
weighlock_ledgerd_SOURCES = daemon/ledger/main.c
weighlock_ledgerd_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
weighlock_ledgerd_LDADD = daemon/ledger/libwl_ledger.a $(wl_daemon_libs) $(wl_ledger_libs)

# a client for tests (also of others): tests/integration/ledger_client.c says how
check_PROGRAMS += tests/integration/ledger_client
tests_integration_ledger_client_SOURCES = tests/integration/ledger_client.c
tests_integration_ledger_client_LDADD = $(wl_base_libs)

if HAVE_CMOCKA
ledger_tests = tests/unit/test_ledger_audit tests/unit/test_ledger_entry tests/unit/test_ledger_facts \
	tests/unit/test_ledger_intent \
	tests/unit/test_ledger_export \
	tests/unit/test_ledger_custody \
	tests/unit/test_ledger_merkle tests/unit/test_ledger_note \
	tests/unit/test_ledger_recovery tests/unit/test_ledger_rotate tests/unit/test_ledger_succession \
	tests/unit/test_ledger_tiles
check_PROGRAMS += $(ledger_tests)
TESTS += $(ledger_tests)
ledger_test_cppflags = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) $(SQLITE_CFLAGS) $(CMOCKA_CFLAGS)
ledger_test_libs = $(wl_ledger_libs) $(CMOCKA_LIBS)
ledger_fixture = tests/unit/ledger_fixture.c tests/unit/ledger_fixture.h
tests_unit_test_ledger_custody_SOURCES = tests/unit/test_ledger_custody.c $(ledger_fixture)
tests_unit_test_ledger_custody_CPPFLAGS = $(ledger_test_cppflags)
tests_unit_test_ledger_custody_LDADD = $(ledger_test_libs)
tests_unit_test_ledger_audit_SOURCES = tests/unit/test_ledger_audit.c $(ledger_fixture)
tests_unit_test_ledger_audit_CPPFLAGS = $(ledger_test_cppflags)
tests_unit_test_ledger_audit_LDADD = $(ledger_test_libs)
tests_unit_test_ledger_entry_SOURCES = tests/unit/test_ledger_entry.c
tests_unit_test_ledger_entry_CPPFLAGS = $(ledger_test_cppflags)
tests_unit_test_ledger_entry_LDADD = $(ledger_test_libs)
tests_unit_test_ledger_facts_SOURCES = tests/unit/test_ledger_facts.c $(ledger_fixture)
tests_unit_test_ledger_facts_CPPFLAGS = $(ledger_test_cppflags)
tests_unit_test_ledger_facts_LDADD = $(ledger_test_libs)
tests_unit_test_ledger_export_SOURCES = tests/unit/test_ledger_export.c $(ledger_fixture)
tests_unit_test_ledger_export_CPPFLAGS = $(ledger_test_cppflags)
tests_unit_test_ledger_export_LDADD = $(ledger_test_libs)
tests_unit_test_ledger_intent_SOURCES = tests/unit/test_ledger_intent.c $(ledger_fixture)
tests_unit_test_ledger_intent_CPPFLAGS = $(ledger_test_cppflags)
tests_unit_test_ledger_intent_LDADD = $(ledger_test_libs)
tests_unit_test_ledger_merkle_SOURCES = tests/unit/test_ledger_merkle.c
tests_unit_test_ledger_merkle_CPPFLAGS = $(ledger_test_cppflags)
tests_unit_test_ledger_merkle_LDADD = $(ledger_test_libs)
tests_unit_test_ledger_note_SOURCES = tests/unit/test_ledger_note.c
tests_unit_test_ledger_note_CPPFLAGS = $(ledger_test_cppflags)
tests_unit_test_ledger_note_LDADD = $(ledger_test_libs)
tests_unit_test_ledger_recovery_SOURCES = tests/unit/test_ledger_recovery.c $(ledger_fixture)
tests_unit_test_ledger_recovery_CPPFLAGS = $(ledger_test_cppflags)
tests_unit_test_ledger_recovery_LDADD = $(ledger_test_libs)
# every call by which the ledger writes
tests_unit_test_ledger_recovery_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=write -Wl,--wrap=pwrite \
	-Wl,--wrap=fsync -Wl,--wrap=fdatasync -Wl,--wrap=renameat -Wl,--wrap=ftruncate \
	-Wl,--wrap=mkdirat -Wl,--wrap=unlinkat
tests_unit_test_ledger_rotate_SOURCES = tests/unit/test_ledger_rotate.c $(ledger_fixture)
tests_unit_test_ledger_rotate_CPPFLAGS = $(ledger_test_cppflags)
tests_unit_test_ledger_rotate_LDADD = $(ledger_test_libs)
tests_unit_test_ledger_rotate_LDFLAGS = $(tests_unit_test_ledger_recovery_LDFLAGS)
tests_unit_test_ledger_succession_SOURCES = tests/unit/test_ledger_succession.c $(ledger_fixture)
tests_unit_test_ledger_succession_CPPFLAGS = $(ledger_test_cppflags)
tests_unit_test_ledger_succession_LDADD = $(ledger_test_libs)
tests_unit_test_ledger_tiles_SOURCES = tests/unit/test_ledger_tiles.c $(ledger_fixture)
tests_unit_test_ledger_tiles_CPPFLAGS = $(ledger_test_cppflags)
tests_unit_test_ledger_tiles_LDADD = $(ledger_test_libs)
endif
dist_check_SCRIPTS += tests/integration/ledger_daemon.sh tests/integration/ledger_disks.sh
TESTS += tests/integration/ledger_daemon.sh tests/integration/ledger_disks.sh
integration_tests += tests/integration/ledger_faults.sh
EXTRA_DIST += tests/integration/tlog_check.py tests/integration/ledger_faults.py

# by the byte and by every system call, where check.sh takes a sample
check-long: all
	WL_LONG=1 $(MAKE) check TESTS='tests/unit/test_ledger_recovery tests/unit/test_ledger_rotate'
	WL_LONG=1 WL_BUILD=$(abs_builddir) sh $(srcdir)/tests/integration/ledger_faults.sh
.PHONY: check-long
