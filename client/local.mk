# the `weighlock` command: one file per verb
bin_PROGRAMS += client/weighlock
noinst_LIBRARIES += client/libwl_client.a

# everything but main, so that tests can link it
client_libwl_client_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(CRYPTO_CFLAGS) $(QRENCODE_CFLAGS) \
	-DWL_BINDIR='"$(bindir)"' -DWL_SBINDIR='"$(sbindir)"'
client_libwl_client_a_SOURCES = \
	client/action.c client/action.h \
	client/ask.c client/ask.h \
	client/bag_check.c client/bag_check.h client/bag_record.c \
	client/bag_manifest.c client/bag_manifest.h \
	client/beside.c client/beside.h \
	client/complete.c client/cli.h \
	client/cms_sign.c client/cms_sign.h \
	client/control.c client/control.h \
	client/doctor.h client/doctor_report.c client/doctor_report.h client/doctor_kernel.c client/doctor_places.c client/doctor_station.c \
	client/disclosures.c client/disclosures.h client/disclosures_page.c \
	client/custody.c client/custody.h client/custody_gaps.c client/custody_page.c client/custody_check.c \
	client/duration.c client/duration.h \
	client/export_ask.c client/export_ask.h client/export_view.c client/export_view.h \
	client/failure.c \
	client/follow.c client/follow.h \
	client/passage.c client/passage.h \
	client/guide.c client/guide.h \
	client/entry_view.c client/entry_view.h \
	client/folder.c client/folder.h \
	client/ledger_walk.c client/ledger_walk.h \
	client/page.c client/page.h \
	client/qr.c client/qr.h \
	client/help.h \
	client/html.c client/html.h \
	client/i18n.h client/language.c \
	client/image_read.c client/image_read.h \
	client/media_view.c client/media_view.h \
	client/offline.c client/offline.h \
	client/options.c client/options.h \
	client/policy_load.c client/policy_load.h \
	client/progress.c client/progress.h \
	client/receipt.c client/receipt.h \
	client/render.c client/render.h \
	client/resolve.c client/resolve.h \
	client/say.c client/say.h \
	client/scrub.h client/scrub_plan.c client/scrub_run.c client/scrub_view.c \
	client/signature_check.c client/signature_check.h \
	client/station.c client/station.h \
	client/station_report.c client/station_report.h client/station_page.c \
	client/ticket_files.c client/ticket_files.h \
	client/ticket_plan.c client/ticket_plan.h \
	client/ticket_read.c client/ticket_read.h \
	client/ticket_view.c client/ticket_view.h \
	client/store_view.c client/store_view.h \
	client/transfer_view.c client/transfer_view.h \
	client/verb.c client/verb.h client/verbs.def \
	client/verb_acknowledge.c \
	client/verb_approve.c \
	client/verb_bag_open.c \
	client/verb_bag_verify.c \
	client/verb_cancel.c \
	client/verb_doctor.c \
	client/verb_export.c \
	client/verb_help.c \
	client/verb_ledger_prove.c \
	client/verb_ledger_export.c \
	client/verb_ledger_print.c \
	client/verb_ledger_query.c \
	client/verb_ledger_show.c \
	client/verb_ledger_verify.c \
	client/verb_media_list.c \
	client/verb_note.c \
	client/verb_outcome.c \
	client/policy_text.c client/policy_text.h \
	client/verb_policy_check.c client/verb_policy_diff.c client/verb_policy_explain.c client/verb_policy_reissue.c \
	client/verb_policy_confirm.c \
	client/verb_policy_install.c \
	client/verb_policy_new.c \
	client/verb_policy_show.c \
	client/port_place.c client/port_place.h \
	client/verb_ports_learn.c client/verb_ports_show.c \
	client/verb_prepare.c \
	client/verb_receive.c \
	client/verb_reject.c \
	client/verb_release.c \
	client/verb_report_custody.c \
	client/verb_report_disclosures.c \
	client/verb_report_station.c \
	client/verb_retry.c \
	client/verb_scrub.c \
	client/verb_show.c \
	client/verb_station_card.c \
	client/verb_station_confirm.c \
	client/verb_station_csr.c \
	client/verb_station_init.c \
	client/verb_station_second.c \
	client/verb_status.c \
	client/verb_ticket_add.c \
	client/verb_ticket_check.c \
	client/verb_ticket_list.c \
	client/verb_ticket_new.c \
	client/verb_ticket_show.c \
	client/verb_ticket_sign.c \
	client/verb_ticket_withdraw.c \
	client/verb_transfers.c \
	client/verb_verify.c client/verify_view.c client/verify_view.h \
	client/verb_visit_open.c client/verb_visit_list.c client/verb_visit_show.c \
	client/verb_visit_confirm.c client/verb_visit_close.c \
	client/visit_view.c client/visit_view.h \
	client/verb_volume_build.c \
	client/verb_volume_cp.c \
	client/verb_volume_ls.c \
	client/verb_watch.c \
	client/verb_withdraw.c

client_weighlock_CPPFLAGS = $(client_libwl_client_a_CPPFLAGS)
client_weighlock_SOURCES = client/main.c
client_weighlock_LDADD = client/libwl_client.a $(wl_policy_libs) $(QRENCODE_LIBS)

# manifests, record and receipt of a bag that is brought on a stick (tests/fuzz/README)
EXTRA_DIST += tests/fuzz/make_seeds_bag.py tests/fuzz/bag_keys.h
check_PROGRAMS += tests/fuzz/replay_bag tests/fuzz/replay_custody
TESTS += tests/fuzz/replay_bag tests/fuzz/replay_custody
tests_fuzz_replay_custody_CPPFLAGS = $(client_libwl_client_a_CPPFLAGS)
tests_fuzz_replay_custody_SOURCES = tests/fuzz/fuzz_custody.c tests/fuzz/replay_main.c
tests_fuzz_replay_custody_LDADD = $(client_weighlock_LDADD)
tests_fuzz_replay_bag_SOURCES = tests/fuzz/fuzz_bag.c tests/fuzz/replay_main.c
tests_fuzz_replay_bag_LDADD = $(client_weighlock_LDADD)
if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_bag tests/fuzz/fuzz_custody
tests_fuzz_fuzz_custody_CPPFLAGS = $(client_libwl_client_a_CPPFLAGS)
tests_fuzz_fuzz_custody_SOURCES = tests/fuzz/fuzz_custody.c
tests_fuzz_fuzz_custody_LDFLAGS = $(AM_LDFLAGS) $(WL_FUZZ_LDFLAGS)
tests_fuzz_fuzz_custody_LDADD = $(client_weighlock_LDADD)
tests_fuzz_fuzz_bag_SOURCES = tests/fuzz/fuzz_bag.c
tests_fuzz_fuzz_bag_LDFLAGS = $(AM_LDFLAGS) $(WL_FUZZ_LDFLAGS)
tests_fuzz_fuzz_bag_LDADD = $(client_weighlock_LDADD)
endif

if HAVE_CMOCKA
client_unit_tests = tests/unit/test_client_options tests/unit/test_client_verbs \
	tests/unit/test_client_render tests/unit/test_client_station \
	tests/unit/test_client_disclosures tests/unit/test_client_custody tests/unit/test_client_ports
check_PROGRAMS += $(client_unit_tests)
TESTS += $(client_unit_tests)
client_test_cppflags = $(client_libwl_client_a_CPPFLAGS) $(CMOCKA_CFLAGS)
client_test_libs = $(client_weighlock_LDADD) $(CMOCKA_LIBS)
tests_unit_test_client_disclosures_CPPFLAGS = $(client_test_cppflags)
tests_unit_test_client_disclosures_LDADD = $(client_test_libs)
tests_unit_test_client_ports_CPPFLAGS = $(client_test_cppflags)
tests_unit_test_client_ports_LDADD = $(client_test_libs)
tests_unit_test_client_custody_CPPFLAGS = $(client_test_cppflags)
tests_unit_test_client_custody_LDADD = $(client_test_libs)
tests_unit_test_client_options_CPPFLAGS = $(client_test_cppflags)
tests_unit_test_client_options_LDADD = $(client_test_libs)
tests_unit_test_client_verbs_CPPFLAGS = $(client_test_cppflags)
tests_unit_test_client_verbs_LDADD = $(client_test_libs)
tests_unit_test_client_render_CPPFLAGS = $(client_test_cppflags)
tests_unit_test_client_render_LDADD = $(client_test_libs)
tests_unit_test_client_station_CPPFLAGS = $(client_test_cppflags)
tests_unit_test_client_station_LDADD = $(client_test_libs)
endif

dist_check_SCRIPTS += tests/integration/cli_offline.sh tests/integration/cli_manual.sh
TESTS += tests/integration/cli_offline.sh tests/integration/cli_manual.sh

# bags at their recipient's (the bags are made by daemon/broker's bag_tool)
dist_check_SCRIPTS += tests/unit/test_bag_client.py
TESTS += tests/unit/test_bag_client.py

dist_man_MANS += docs/weighlock.1

# against a real station: run by packaging/check.sh
integration_tests += tests/integration/cli_station.sh
