/* Marks for translation. The library returns text; who shows it has set the language. */
#ifndef WL_POLICY_WORDS_H
#define WL_POLICY_WORDS_H

#include <libintl.h>

#define _(text)  gettext(text)
#define N_(text) text

#endif
