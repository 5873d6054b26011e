# what udev builds and tests
dist_udevrules_DATA += udev/59-weighlock.rules udev/70-weighlock.rules

# the integration harness: root, loop devices and a built tree; not part of `make check`
EXTRA_DIST += tests/integration/lib.sh tests/integration/pki.sh tests/integration/run.sh
.PHONY: check-integration
check-integration: all
	sh $(top_srcdir)/tests/integration/run.sh $(top_builddir)
