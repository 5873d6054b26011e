# manual pages: those that are tables are made from the tables
generated_manuals = docs/weighlock-rules.7 docs/weighlock-limits.7 docs/weighlock-messages.7 \
	docs/weighlock-events.5
nodist_man_MANS = $(generated_manuals)
CLEANFILES += $(generated_manuals)
EXTRA_DIST += docs/make_manual.py docs/ADMIN.md docs/THREATS.md docs/REQUIREMENTS.md \
	docs/system-guide.md
manual_tables = $(top_srcdir)/docs/make_manual.py $(top_srcdir)/daemon/base/rules.def \
	$(top_srcdir)/daemon/base/limits.h $(top_srcdir)/daemon/base/messages.def \
	$(top_srcdir)/daemon/base/events.def
make_manual = $(AM_V_GEN)$(MKDIR_P) docs && \
	python3 $(top_srcdir)/docs/make_manual.py $(top_srcdir)
docs/weighlock-rules.7: $(manual_tables)
	$(make_manual) rules > $@.tmp && mv $@.tmp $@
docs/weighlock-limits.7: $(manual_tables)
	$(make_manual) limits > $@.tmp && mv $@.tmp $@
docs/weighlock-messages.7: $(manual_tables)
	$(make_manual) messages > $@.tmp && mv $@.tmp $@
docs/weighlock-events.5: $(manual_tables)
	$(make_manual) events > $@.tmp && mv $@.tmp $@

dist_man_MANS += docs/weighlock-verify.1 docs/weighlock-policy.5 docs/weighlock-ticket.5 \
	docs/weighlock-ledger.5 docs/weighlock-bag.5 docs/weighlock-control.7 docs/weighlockd.8 docs/weighlock-mediad.8 \
	docs/weighlock-spawnd.8 docs/weighlock-ledgerd.8

# what a process that was taken over cannot do
integration_tests += tests/integration/compromise.sh tests/integration/destination_differs.sh \
	tests/integration/broker_transfer.sh
EXTRA_DIST += tests/integration/scenario.sh tests/integration/varlink.py

# the pages against the programs and tables they describe
dist_check_SCRIPTS += tests/unit/test_manuals.py
TESTS += tests/unit/test_manuals.py
