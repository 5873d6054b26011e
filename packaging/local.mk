# what packaging builds and tests

# sysusers.d and tmpfiles.d want names ending in .conf; debhelper wants weighlock.sysusers
sysusers_DATA = packaging/sysusers.d/weighlock.conf
tmpfiles_DATA = packaging/tmpfiles.d/weighlock.conf
EXTRA_DIST += packaging/weighlock.sysusers packaging/weighlock.tmpfiles
CLEANFILES += $(sysusers_DATA) $(tmpfiles_DATA)
packaging/sysusers.d/weighlock.conf: packaging/weighlock.sysusers
	$(AM_V_GEN)$(MKDIR_P) packaging/sysusers.d && cp $(top_srcdir)/packaging/weighlock.sysusers $@
packaging/tmpfiles.d/weighlock.conf: packaging/weighlock.tmpfiles
	$(AM_V_GEN)$(MKDIR_P) packaging/tmpfiles.d && cp $(top_srcdir)/packaging/weighlock.tmpfiles $@
