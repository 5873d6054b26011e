/* The language gettext renders in, per call; one thread of weighlockd renders, the main one. */
#ifndef WL_BROKER_LANGUAGE_H
#define WL_BROKER_LANGUAGE_H

#include <stdbool.h>

#define _(text) gettext(text)

#include <libintl.h>

/* Once, before any thread: the catalogue and a locale in which LANGUAGE counts. */
void wl_language_init(void);
bool wl_language_is_known(const char *language); /* "en" or "fr" */
/* From now on gettext renders in `language`; "en" renders the sources' own words. */
void wl_language_use(const char *language);

#endif
