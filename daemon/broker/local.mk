# what daemon/broker builds and tests
noinst_LIBRARIES += daemon/broker/libwl_control.a
daemon_broker_libwl_control_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(SYSTEMD_CFLAGS)
daemon_broker_libwl_control_a_SOURCES = \
	daemon/broker/frame.h daemon/broker/frame.c daemon/broker/rate.h daemon/broker/rate.c \
	daemon/broker/call.h daemon/broker/call.c daemon/broker/server.h daemon/broker/server.c \
	daemon/broker/language.h daemon/broker/language.c \
	daemon/broker/args.h daemon/broker/args.c \
	daemon/broker/part.h daemon/broker/part.c \
	daemon/broker/entry.c daemon/broker/ledger_client.h daemon/broker/ledger_client.c \
	daemon/broker/ledger_private.h daemon/broker/ledger_read.c \
	daemon/broker/transfer.h daemon/broker/transfer_table.c daemon/broker/transfer_fold.c \
	daemon/broker/vault.h daemon/broker/vault.c daemon/broker/vault_disk.c \
	daemon/broker/listing.h daemon/broker/listing.c \
	daemon/broker/bag.h daemon/broker/bag.c daemon/broker/bag_page.h daemon/broker/bag_page.c \
	daemon/broker/delivery.h daemon/broker/delivery.c \
	daemon/broker/tickets.h daemon/broker/tickets.c \
	daemon/broker/ports.h daemon/broker/ports.c \
	daemon/broker/policy_store.h daemon/broker/policy_store.c \
	daemon/broker/objects.h daemon/broker/objects.c \
	daemon/broker/rule_args.h daemon/broker/rule_args.c \
	daemon/broker/media_client.h daemon/broker/media_client.c \
	daemon/broker/job.h daemon/broker/job.c daemon/broker/jobs.h daemon/broker/job_read.c \
	daemon/broker/job_inspect.c daemon/broker/job_record.c daemon/broker/job_release.c \
	daemon/broker/bag_contents.h daemon/broker/bag_contents.c \
	daemon/broker/export_choose.c daemon/broker/job_export.h daemon/broker/job_export.c \
	daemon/broker/job_export_pictures.c daemon/broker/job_export_record.c \
	daemon/broker/job_build.c daemon/broker/job_prepare.c daemon/broker/job_ticket.c \
	daemon/broker/job_acknowledge.h daemon/broker/job_acknowledge.c \
	daemon/broker/claims.h daemon/broker/claims.c \
	daemon/broker/ledger_audit.h daemon/broker/ledger_audit.c \
	daemon/broker/job_audit.h daemon/broker/job_audit.c daemon/broker/job_take_away.c daemon/broker/job_wipe.c \
	daemon/broker/job_intake.h daemon/broker/job_intake.c daemon/broker/job_policy.c \
	daemon/broker/reader.h daemon/broker/reader.c

varlinkdir = $(datadir)/varlink
dist_varlink_DATA = daemon/broker/ca.weighlock.Station.varlink
EXTRA_DIST += docs/control-objects.md

# the interface's description as a constant
daemon/broker/varlink_text.c: $(srcdir)/daemon/broker/ca.weighlock.Station.varlink \
		$(srcdir)/daemon/broker/org.varlink.service.varlink
	$(AM_V_GEN)$(MKDIR_P) daemon/broker && { \
	printf '#include "daemon/broker/varlink_text.h"\n'; \
	printf 'const char wl_varlink_text[] =\n'; \
	$(SED) -e 's/["\\]/\\&/g' -e 's/.*/"&\\n"/' $(srcdir)/daemon/broker/ca.weighlock.Station.varlink; \
	printf ';\nconst char wl_varlink_service_text[] =\n'; \
	$(SED) -e 's/["\\]/\\&/g' -e 's/.*/"&\\n"/' $(srcdir)/daemon/broker/org.varlink.service.varlink; \
	printf ';\n'; } >$@.new && mv $@.new $@
BUILT_SOURCES += daemon/broker/varlink_text.c
CLEANFILES += daemon/broker/varlink_text.c
EXTRA_DIST += daemon/broker/org.varlink.service.varlink

sbin_PROGRAMS += daemon/broker/weighlockd
daemon_broker_weighlockd_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(SYSTEMD_CFLAGS)
daemon_broker_weighlockd_SOURCES = \
	daemon/broker/main.c daemon/broker/broker.h daemon/broker/broker.c \
	daemon/broker/dispatch.c daemon/broker/methods.def daemon/broker/methods.h \
	daemon/broker/methods.c daemon/broker/service.h daemon/broker/service.c \
	daemon/broker/varlink_text.h daemon/broker/certificate.h daemon/broker/certificate.c \
	daemon/broker/station.c daemon/broker/recover.c daemon/broker/transfers.c \
	daemon/broker/pick.c daemon/broker/watch.c daemon/broker/next.c \
	daemon/broker/do_status.c daemon/broker/do_station.c daemon/broker/do_policy.c \
	daemon/broker/do_policy_show.c daemon/broker/do_open.c daemon/broker/do_decide.c daemon/broker/do_note.c daemon/broker/do_visit.c \
	daemon/broker/visits.h daemon/broker/visits.c \
	daemon/broker/do_release.c daemon/broker/do_ticket.c daemon/broker/do_ledger.c \
	daemon/broker/do_show.c daemon/broker/do_export.c daemon/broker/do_acknowledge.c \
	daemon/broker/do_audit.c daemon/broker/do_take_away.c \
	daemon/broker/do_second.c daemon/broker/do_query.c
nodist_daemon_broker_weighlockd_SOURCES = daemon/broker/varlink_text.c
daemon_broker_weighlockd_LDADD = daemon/broker/libwl_control.a $(wl_daemon_libs) $(wl_policy_libs) \
	-lpthread

if HAVE_CMOCKA
broker_tests = tests/unit/test_broker_frame tests/unit/test_broker_methods \
	tests/unit/test_broker_transfer tests/unit/test_broker_vault tests/unit/test_broker_export \
	tests/unit/test_broker_part
check_PROGRAMS += $(broker_tests)
TESTS += $(broker_tests)
broker_test_libs = daemon/broker/libwl_control.a $(wl_daemon_libs) $(wl_policy_libs) $(SYSTEMD_LIBS) $(CMOCKA_LIBS) \
	-lpthread
tests_unit_test_broker_frame_SOURCES = tests/unit/test_broker_frame.c
tests_unit_test_broker_frame_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_broker_frame_LDADD = $(broker_test_libs)
tests_unit_test_broker_methods_SOURCES = tests/unit/test_broker_methods.c daemon/broker/methods.c
tests_unit_test_broker_methods_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_test_broker_methods_LDADD = $(broker_test_libs)
tests_unit_test_broker_transfer_SOURCES = tests/unit/test_broker_transfer.c
tests_unit_test_broker_transfer_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_broker_transfer_LDADD = $(broker_test_libs)
tests_unit_test_broker_export_SOURCES = tests/unit/test_broker_export.c
tests_unit_test_broker_export_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_test_broker_export_LDADD = $(broker_test_libs)
tests_unit_test_broker_vault_SOURCES = tests/unit/test_broker_vault.c daemon/broker/certificate.c
tests_unit_test_broker_vault_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_broker_vault_LDADD = $(broker_test_libs)
tests_unit_test_broker_part_SOURCES = tests/unit/test_broker_part.c daemon/broker/part.c
tests_unit_test_broker_part_LDADD = $(wl_daemon_libs) $(wl_base_libs) $(CMOCKA_LIBS)
endif

# these need root, udevd and loop devices (packaging/check.sh runs them)
integration_tests += tests/integration/broker_faults.sh tests/integration/export.sh \
	tests/integration/export_bad.sh
EXTRA_DIST += tests/integration/export_lib.sh tests/integration/export_make.py
EXTRA_DIST += tests/integration/broker.sh

# bags, composed by a tool and checked by hashlib, tidy, sha256sum and openssl
check_PROGRAMS += tests/unit/bag_tool
tests_unit_bag_tool_SOURCES = tests/unit/bag_tool.c
tests_unit_bag_tool_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
tests_unit_bag_tool_LDADD = daemon/broker/libwl_control.a $(wl_daemon_libs) $(wl_policy_libs) $(CRYPTO_LIBS)
dist_check_SCRIPTS += tests/unit/test_bag.py
TESTS += tests/unit/test_bag.py
EXTRA_DIST += tests/unit/bag_make.py
