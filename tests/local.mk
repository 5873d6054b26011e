# what tests builds and tests: see tests/fuzz/README for the pattern of a fuzz target
EXTRA_DIST += tests/fuzz/README tests/fuzz/corpus tests/rules_tested.py

# make bench: one table of ratios (tests/bench/bench.sh); not part of check
noinst_PROGRAMS += tests/bench/bench_read tests/bench/bench_spawn tests/bench/bench_ledger
tests_bench_bench_read_SOURCES = tests/bench/bench_read.c
tests_bench_bench_read_LDADD = $(wl_base_libs)
tests_bench_bench_spawn_SOURCES = tests/bench/bench_spawn.c
tests_bench_bench_spawn_LDADD = $(wl_base_libs)
tests_bench_bench_ledger_SOURCES = tests/bench/bench_ledger.c \
	tests/unit/ledger_fixture.c tests/unit/ledger_fixture.h
tests_bench_bench_ledger_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) $(SQLITE_CFLAGS)
tests_bench_bench_ledger_LDADD = $(wl_ledger_libs)
noinst_PROGRAMS += tests/bench/make_scan
tests_bench_make_scan_SOURCES = tests/bench/make_scan.c
tests_bench_make_scan_LDADD = -lm
EXTRA_DIST += tests/bench/bench_pictures.py
EXTRA_DIST += tests/bench/bench.sh tests/bench/measure.py tests/bench/memory.sh tests/bench/memory.py
.PHONY: bench
bench: all
	@sh $(srcdir)/tests/bench/bench.sh $(builddir)

# make check-vm: a station from its packages, Debian's kernel and systemd, sticks that are USB devices; not in
# check.sh's default (a quarter of an hour without KVM)
EXTRA_DIST += tests/vm/run.sh tests/vm/image.sh tests/vm/agent.sh tests/vm/lib_vm.sh tests/vm/vmctl.py \
	tests/vm/transfer_vm.sh
.PHONY: check-vm
check-vm: all
	@sh $(srcdir)/tests/vm/run.sh $(abs_builddir)

# make coverage (after ./configure --enable-coverage): the tests, then how many lines they reach.
# Workers, which end locked in their sandbox, cannot write what they counted: their own lines are
# counted by the unit tests only.
.PHONY: coverage
coverage:
	find . -name '*.gcda' -delete
	$(MAKE) check
	gcovr --root $(srcdir) --object-directory . --exclude '.*/tests/.*' --print-summary \
		--output coverage.txt
CLEANFILES += coverage.txt

EXTRA_DIST += tests/integration/bad.sh tests/integration/bad_freeze.py tests/integration/bad_fat.py \
	tests/integration/hold_worker.py
integration_tests += tests/integration/bad_signature.sh tests/integration/bad_ticket.sh \
	tests/integration/bad_archive.sh tests/integration/bad_media.sh \
	tests/integration/bad_destination.sh tests/integration/policy_confirm.sh

# kill -9 of each daemon in each state of a transfer
EXTRA_DIST += tests/integration/killed.sh
integration_tests += tests/integration/killed_broker.sh tests/integration/killed_ledger.sh \
	tests/integration/killed_media.sh tests/integration/killed_spawn.sh

# exports that something happens to
integration_tests += tests/integration/export_mishaps.sh tests/integration/export_recipients.sh

# the auditor's visits
EXTRA_DIST += tests/integration/audit_lib.sh tests/integration/audit_tool.py
integration_tests += tests/integration/audit.sh tests/integration/audit_age.sh \
	tests/integration/rotate_key.sh tests/integration/succession.sh
