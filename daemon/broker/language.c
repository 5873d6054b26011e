/*
 * The language of what weighlockd renders for a connection.
 *
 * Only "en" and "fr" ever come here (methods.c checks), so nothing from outside reaches the
 * environment. Called by the main thread only; the work thread renders nothing. Nothing is stored.
 */
#include "daemon/broker/language.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

extern int _nl_msg_cat_cntr; /* glibc: counts changes of LANGUAGE, so that gettext looks again */

static const char *const known[] = {"en", "fr"};
static const char *current = "en";

void wl_language_init(void)
{
	(void)setlocale(LC_MESSAGES, "C.UTF-8"); /* in plain "C" LANGUAGE would not count */
	(void)bindtextdomain("weighlock", WL_LOCALEDIR);
	(void)bind_textdomain_codeset("weighlock", "UTF-8");
	(void)textdomain("weighlock");
	(void)setenv("LANGUAGE", "en", 1);
}

bool wl_language_is_known(const char *language)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i], language))
			return true;
	return false;
}

void wl_language_use(const char *language)
{
	if (!strcmp(current, language) || !wl_language_is_known(language))
		return;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i], language))
			current = known[i];
	(void)setenv("LANGUAGE", current, 1);
	_nl_msg_cat_cntr++;
}
