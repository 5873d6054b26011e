/*
 * Which transfer a person means: a full id, a number while it is unambiguous, or `last`.
 */
#ifndef WL_CLIENT_RESOLVE_H
#define WL_CLIENT_RESOLVE_H

#include "client/cli.h"
#include "daemon/base/ids.h"

enum wl_resolution {
	WL_RESOLVED = 0,
	WL_RESOLVE_FULL,      /* a full id: ret holds it, nothing else to ask */
	WL_RESOLVE_NUMBER,    /* a number: the station's name is needed */
	WL_RESOLVE_LAST,      /* my latest: the list is needed */
	WL_RESOLVE_NOT_A_NAME /* neither */
};

/* What kind of word it is (no station needed); FULL fills ret with the id in upper case. */
enum wl_resolution wl_resolve_word(const char *word, char ret[WL_ID_TEXT]);

/* Of transfers[] (newest first): the newest opened by `person`; failing that the newest at all.
 * false where there is none. */
bool wl_resolve_last(const json_t *transfers, const char *person, char ret[WL_ID_TEXT]);

/* The verb's operand N. 0 and the full id, or the exit status after the person was told. */
int wl_resolve_operand(struct wl_cli *cli, char ret[WL_ID_TEXT]);

#endif
