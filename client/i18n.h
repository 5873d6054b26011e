/*
 * Marking of what people read: _() is translated where it stands, N_() only marked (tables).
 *
 * The record and --json are language-neutral; nothing marked here may reach either.
 */
#ifndef WL_CLIENT_I18N_H
#define WL_CLIENT_I18N_H

#include <libintl.h>

#define _(text)  gettext(text)
#define N_(text) text

/*
 * Sets the locale up and binds the catalogue. `language` is "en", "fr" or NULL (as the environment
 * says); WL_LOCALEDIR, or the folder in WEIGHLOCK_LOCALES for use before installation.
 */
void wl_language_begin(const char *language);

/* "en" or "fr": what the catalogue in use is for; told to the station with SetLanguage. */
const char *wl_language_name(void);

#endif
