# checks that are run beside the tests, and what an installation lays down
dist_noinst_SCRIPTS = autogen.sh packaging/check.sh packaging/demo.sh \
	packaging/install-packages.sh
EXTRA_DIST += packaging/packages packaging/demo_pictures.sh tests/tree_rules.py

# integration tests: need root, udevd and loop devices; run by packaging/check.sh, not by `make check`
EXTRA_DIST += $(integration_tests)
print-integration:
	@printf '%s\n' $(sort $(integration_tests))

wl_c_files = $(shell cd $(top_srcdir) && ls daemon/*/*.c policy/*.c udev/*.c verify/*.c client/*.c)
wl_all_cppflags = -include $(abs_top_builddir)/config.h -I$(abs_top_srcdir) -I$(abs_top_builddir) \
	-DWL_LIBEXECDIR='"/usr/libexec/weighlock"' -DWL_STATEDIR='"/var/lib"' \
	-DWL_RUNDIR='"/run/weighlock"' -DWL_LOCALEDIR='"/usr/share/locale"' \
	-DWL_SBINDIR='"/usr/sbin"' -DWL_BINDIR='"/usr/bin"' -DWL_SYSCONFDIR='"/etc"' $(CRYPTO_CFLAGS) $(ARCHIVE_CFLAGS) \
	$(SECCOMP_CFLAGS) $(CAPNG_CFLAGS) $(UDEV_CFLAGS) $(SYSTEMD_CFLAGS) $(JANSSON_CFLAGS) \
	$(YAML_CFLAGS) $(SQLITE_CFLAGS)

cppcheck:
	cd $(top_srcdir) && cppcheck -j2 --quiet --error-exitcode=1 --inline-suppr \
		--enable=warning,performance,portability --std=c11 --library=posix \
		--suppressions-list=tests/cppcheck.suppress --suppress=missingIncludeSystem \
		-I. -D__linux__=1 -DWL_BUILD_EPOCH=1 '-Djson_array_foreach(a,i,v)=for(i=0;(v=json_array_get(a,i));i++)' '-Djson_object_foreach(o,k,v)=for(;(k=json_key(o)),(v=json_object_get(o,k));)' $(wl_c_files)
# the checks are in .clang-tidy; one file: make tidy TIDY_FILES=client/ask.c (likewise analyzer)
TIDY_FILES = $(wl_c_files)
tidy:
	cd $(top_srcdir) && printf '%s\n' $(TIDY_FILES) | xargs -P2 -n4 sh -c \
		'clang-tidy --quiet $(if $(TIDY_CHECKS),--checks=$(TIDY_CHECKS)) "$$@" -- -std=gnu11 $(subst ",\",$(subst ',,$(wl_all_cppflags)))' tidy
# Without -O, which leaves less to see. In these files gcc 12 takes what was stored in an element of an
# array, in a list or through a pointer to a pointer for lost; each was looked through.
wl_leak_unclear = client/scrub_plan.c client/scrub_run.c client/verb_station_init.c \
	daemon/broker/do_acknowledge.c daemon/broker/do_take_away.c daemon/broker/job.c \
	daemon/broker/job_take_away.c \
	daemon/volume/ntfs_device.c policy/schema_values.c policy/ticket.c policy/ticket_read.c \
	policy/yaml_read.c
analyzer:
	cd $(top_srcdir) && printf '%s\n' $(TIDY_FILES) | xargs -P2 -n1 sh -c \
		'case " $(wl_leak_unclear) " in *" $$1 "*) set -- "$$1" -Wno-analyzer-malloc-leak ;; esac; gcc -std=gnu11 -fanalyzer -Werror $$2 -c -o /dev/null $(subst ",\",$(subst ',,$(wl_all_cppflags))) "$$1"' an
.PHONY: print-integration cppcheck tidy analyzer
EXTRA_DIST += tests/cppcheck.suppress .clang-tidy

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = packaging/completion/weighlock

# sysusers.d and tmpfiles.d want names ending in .conf; debhelper wants weighlock.sysusers
sysusers_DATA = packaging/sysusers.d/weighlock.conf
tmpfiles_DATA = packaging/tmpfiles.d/weighlock.conf
EXTRA_DIST += packaging/weighlock.sysusers packaging/weighlock.tmpfiles
CLEANFILES += $(sysusers_DATA) $(tmpfiles_DATA)
packaging/sysusers.d/weighlock.conf: packaging/weighlock.sysusers
	$(AM_V_GEN)$(MKDIR_P) packaging/sysusers.d && cp $(top_srcdir)/packaging/weighlock.sysusers $@
packaging/tmpfiles.d/weighlock.conf: packaging/weighlock.tmpfiles
	$(AM_V_GEN)$(MKDIR_P) packaging/tmpfiles.d && cp $(top_srcdir)/packaging/weighlock.tmpfiles $@

# systemd's units; the places are those of this build
systemdsystemunit_DATA = $(wl_units)
wl_units = packaging/systemd/weighlockd.service packaging/systemd/weighlockd.socket \
	packaging/systemd/weighlock-ledgerd.service packaging/systemd/weighlock-ledgerd.socket \
	packaging/systemd/weighlock-spawnd.service packaging/systemd/weighlock-spawnd.socket \
	packaging/systemd/weighlock-mediad.service packaging/systemd/weighlock-mediad.socket \
	packaging/systemd/weighlock-mediad-gate.socket packaging/systemd/weighlock-mediad-grant.socket
$(wl_units): %: %.in Makefile
	$(AM_V_GEN)$(MKDIR_P) packaging/systemd && sed -e 's|@sbindir[@]|$(sbindir)|g' \
		-e 's|@localstatedir[@]|$(localstatedir)|g' -e 's|@runstatedir[@]|$(runstatedir)|g' \
		$< > $@.tmp && mv $@.tmp $@
# a drop-in that administrators copy: it names a folder of theirs
exampledir = $(docdir)/examples
example_DATA = packaging/systemd/weighlock-mirror.conf
packaging/systemd/weighlock-mirror.conf: packaging/systemd/weighlock-mirror.conf.in Makefile
	$(AM_V_GEN)$(MKDIR_P) packaging/systemd && \
		sed -e 's|@sbindir[@]|$(sbindir)|g' $(top_srcdir)/$@.in > $@.tmp && mv $@.tmp $@
CLEANFILES += $(wl_units) $(example_DATA)
EXTRA_DIST += $(wl_units:=.in) $(example_DATA:=.in)

# the Debian packages
dist_noinst_SCRIPTS += packaging/deb.sh
EXTRA_DIST += packaging/debian/changelog packaging/debian/control packaging/debian/copyright \
	packaging/debian/rules packaging/debian/source/format packaging/debian/weighlock.docs \
	packaging/debian/weighlock.install packaging/debian/weighlock.lintian-overrides packaging/debian/weighlock.postinst \
	packaging/debian/weighlock.postrm packaging/debian/weighlock-verify.install

# what the units let the daemons ask of the kernel, against what they ask
dist_check_SCRIPTS += tests/unit/test_unit_calls.py
TESTS += tests/unit/test_unit_calls.py
