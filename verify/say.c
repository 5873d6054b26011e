/*
 * Which language the auditor reads.
 *
 * The value comes from the auditor's own command line or environment. Catalogues are looked for
 * where the program was installed, or where WEIGHLOCK_LOCALES says; without one everything is said
 * in English. Nothing is kept.
 */
#include "verify/say.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

void verify_say_begin(const char *language)
{
	const char *folder = secure_getenv("WEIGHLOCK_LOCALES");
	const char *now;

	if (language)
		(void)setenv("LANGUAGE", language, 1);
	now = setlocale(LC_ALL, "");
	/* gettext heeds LANGUAGE only where the locale is not "C"; C.UTF-8 is always there */
	if (!now || (language && (strcmp(now, "C") == 0 || strcmp(now, "POSIX") == 0)))
		(void)setlocale(LC_ALL, "C.UTF-8");
	(void)setlocale(LC_NUMERIC, "C");
	(void)bindtextdomain("weighlock", folder ? folder : WL_LOCALEDIR);
	(void)bind_textdomain_codeset("weighlock", "UTF-8");
	(void)textdomain("weighlock");
}
