# the policy, tickets, and the decisions as pure functions; what drives the workers to them
noinst_LIBRARIES += policy/libwl_policy.a
policy_libwl_policy_a_CPPFLAGS = $(AM_CPPFLAGS) $(YAML_CFLAGS) $(JANSSON_CFLAGS)
policy_libwl_policy_a_SOURCES = \
	policy/words.h policy/errors.h policy/errors.c policy/yaml_read.h policy/yaml_read.c \
	policy/schema.def policy/schema.h policy/schema_walk.h policy/schema.c policy/schema_values.c policy/values.c \
	policy/model.h policy/model.c policy/check.h policy/check.c policy/check_people.c policy/visit.h policy/visit.c policy/files.c policy/diff.h policy/diff.c policy/explain.h policy/explain.c policy/yaml_flow.c \
	policy/ticket.h policy/ticket.c policy/ticket_read.c policy/ticket_show.c policy/items.h policy/items.c policy/names.h policy/names.c policy/litter.h policy/litter.c \
	policy/decide.h policy/decide_list.h policy/decide.c policy/decide_ticket.c policy/decide_set.c \
	policy/people.h policy/people.c policy/scans.h policy/scans.c policy/export.h policy/export.c policy/export_output.c policy/destination.h policy/destination.c \
	policy/manifest.h policy/manifest.c policy/inspect.h policy/inspect_parts.h policy/inspect.c policy/inspect_package.c \
	policy/drive.h policy/drive.c policy/drive_work.h policy/drive_work.c policy/drive_signature.c policy/new.h policy/new.c policy/example.def
# for whoever links it; base stands last
wl_policy_libs = policy/libwl_policy.a $(YAML_LIBS) $(JANSSON_LIBS) $(wl_base_libs)

EXTRA_DIST += tests/unit/policy_golden.yaml
if HAVE_CMOCKA
check_LIBRARIES += tests/unit/libpolicy_help.a
tests_unit_libpolicy_help_a_SOURCES = tests/unit/policy_help.h tests/unit/policy_help.c
wl_policy_test_libs = tests/unit/libpolicy_help.a $(wl_policy_libs) $(CMOCKA_LIBS)
wl_policy_tests = tests/unit/test_policy_read \
	tests/unit/test_policy_decide \
	tests/unit/test_policy_people \
	tests/unit/test_policy_diff \
	tests/unit/test_policy_scans \
	tests/unit/test_policy_export \
	tests/unit/test_policy_set \
	tests/unit/test_ticket \
	tests/unit/test_inspect_play
check_PROGRAMS += $(wl_policy_tests)
TESTS += $(wl_policy_tests)
tests_unit_test_policy_read_SOURCES = tests/unit/test_policy_read.c
tests_unit_test_policy_read_LDADD = $(wl_policy_test_libs)
tests_unit_test_policy_decide_SOURCES = tests/unit/test_policy_decide.c
tests_unit_test_policy_decide_LDADD = $(wl_policy_test_libs)
tests_unit_test_policy_diff_SOURCES = tests/unit/test_policy_diff.c
tests_unit_test_policy_diff_LDADD = $(wl_policy_test_libs)
tests_unit_test_policy_people_SOURCES = tests/unit/test_policy_people.c
tests_unit_test_policy_people_LDADD = $(wl_policy_test_libs)
tests_unit_test_policy_export_SOURCES = tests/unit/test_policy_export.c
tests_unit_test_policy_export_LDADD = $(wl_policy_test_libs)
tests_unit_test_policy_scans_SOURCES = tests/unit/test_policy_scans.c
tests_unit_test_policy_scans_LDADD = $(wl_policy_test_libs)
tests_unit_test_policy_set_SOURCES = tests/unit/test_policy_set.c
tests_unit_test_policy_set_LDADD = $(wl_policy_test_libs)
tests_unit_test_ticket_SOURCES = tests/unit/test_ticket.c
tests_unit_test_ticket_LDADD = $(wl_policy_test_libs)
tests_unit_test_inspect_play_SOURCES = tests/unit/test_inspect_play.c
tests_unit_test_inspect_play_LDADD = $(wl_policy_test_libs)
# drive, with the workers' own code in forked processes (tests/unit/policy_workers.h)
check_PROGRAMS += tests/unit/test_policy_drive
TESTS += tests/unit/test_policy_drive
tests_unit_test_policy_drive_SOURCES = tests/unit/test_policy_drive.c \
	tests/unit/policy_workers.h tests/unit/policy_workers.c \
	daemon/worker/signature.c daemon/worker/check.c daemon/worker/unpack.c daemon/worker/report.c
tests_unit_test_policy_drive_LDADD = tests/unit/libpolicy_help.a policy/libwl_policy.a \
	$(YAML_LIBS) $(JANSSON_LIBS) $(wl_archive_libs) $(CMOCKA_LIBS)
endif

# fuzz targets (tests/fuzz/README)
check_PROGRAMS += tests/fuzz/replay_policy tests/fuzz/replay_ticket
TESTS += tests/fuzz/replay_policy tests/fuzz/replay_ticket
tests_fuzz_replay_policy_SOURCES = tests/fuzz/fuzz_policy.c tests/fuzz/replay_main.c
tests_fuzz_replay_policy_LDADD = $(wl_policy_libs)
tests_fuzz_replay_ticket_SOURCES = tests/fuzz/fuzz_ticket.c tests/fuzz/replay_main.c
tests_fuzz_replay_ticket_LDADD = $(wl_policy_libs)
if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_policy tests/fuzz/fuzz_ticket
tests_fuzz_fuzz_policy_SOURCES = tests/fuzz/fuzz_policy.c
tests_fuzz_fuzz_policy_LDFLAGS = $(AM_LDFLAGS) $(WL_FUZZ_LDFLAGS)
tests_fuzz_fuzz_policy_LDADD = $(wl_policy_libs)
tests_fuzz_fuzz_ticket_SOURCES = tests/fuzz/fuzz_ticket.c
tests_fuzz_fuzz_ticket_LDFLAGS = $(AM_LDFLAGS) $(WL_FUZZ_LDFLAGS)
tests_fuzz_fuzz_ticket_LDADD = $(wl_policy_libs)
endif
