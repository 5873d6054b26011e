/*
 * Which language people read. Values come from the person's own environment and command line;
 * nothing is kept.
 */
#include "client/i18n.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

void wl_language_begin(const char *language)
{
	const char *folder = secure_getenv("WEIGHLOCK_LOCALES");

	if (language) {
		/* gettext heeds LANGUAGE only where the locale is not "C"; C.UTF-8 is always there
		 */
		(void)setenv("LANGUAGE", language, 1);
		const char *now = setlocale(LC_ALL, "");
		if (!now || !strcmp(now, "C") || !strcmp(now, "POSIX"))
			(void)setlocale(LC_ALL, "C.UTF-8");
	} else if (!setlocale(LC_ALL, "")) {
		(void)setlocale(LC_ALL, "C.UTF-8");
	}
	/* numbers go to scripts and records with a point, whatever the language */
	(void)setlocale(LC_NUMERIC, "C");
	(void)bindtextdomain("weighlock", folder ? folder : WL_LOCALEDIR);
	(void)bind_textdomain_codeset("weighlock", "UTF-8");
	(void)textdomain("weighlock");
}

const char *wl_language_name(void)
{
	/* TRANSLATORS: the two letters of the language you translate into */
	const char *name = _("en");
	return strlen(name) == 2 ? name : "en";
}
