# translations: weighlock.pot is drawn from the sources, one catalogue per language is built from po/LANG.po
EXTRA_DIST += po/POTFILES po/fr.po
dist_check_SCRIPTS += tests/unit/test_catalogue.py
TESTS += tests/unit/test_catalogue.py
xgettext_words = --language=C --from-code=UTF-8 --add-comments=TRANSLATORS --keyword=_ --keyword=N_ --keyword=ngettext:1,2 \
	--keyword=RULE:5 --keyword=RULE:6 --package-name=weighlock --msgid-bugs-address= --no-wrap --sort-by-file

# (Re)made on demand; needs xgettext.
po/weighlock.pot: $(top_srcdir)/po/POTFILES
	$(AM_V_GEN)$(MKDIR_P) po && (cd $(top_srcdir) && $(XGETTEXT) $(xgettext_words) \
		--files-from=po/POTFILES --output=-) > $@.tmp && mv $@.tmp $@
CLEANFILES += po/weighlock.pot

# For translators: brings new sentences into po/fr.po.
update-po:
	rm -f po/weighlock.pot && $(MAKE) po/weighlock.pot
	$(MSGMERGE) --update --backup=none --no-wrap --previous $(top_srcdir)/po/fr.po po/weighlock.pot
.PHONY: update-po

if HAVE_MSGFMT
catalogue_frdir = $(localedir)/fr/LC_MESSAGES
nodist_catalogue_fr_DATA = po/fr/LC_MESSAGES/weighlock.mo
CLEANFILES += $(nodist_catalogue_fr_DATA)
po/fr/LC_MESSAGES/weighlock.mo: $(top_srcdir)/po/fr.po
	$(AM_V_GEN)$(MKDIR_P) po/fr/LC_MESSAGES && \
		$(MSGFMT) --check-format --output-file=$@ $(top_srcdir)/po/fr.po
endif
