/* Languages: words for people are marked and rendered through gettext; kinds and JSON members never
 * are. */
#ifndef WL_VERIFY_SAY_H
#define WL_VERIFY_SAY_H

#include <libintl.h>

#define _(s)  gettext(s)
#define N_(s) s

/* Takes the language from `language` ("en", "fr"), or from the environment where that is NULL. */
void verify_say_begin(const char *language);

#endif
