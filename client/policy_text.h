/* The text of a policy, as a person names it: a file of hers, or a version the station has. */
#ifndef WL_CLIENT_POLICY_TEXT_H
#define WL_CLIENT_POLICY_TEXT_H

#include "client/cli.h"
#include "policy/model.h"

struct wl_policy_text {
	char *text; /* with a NUL behind it */
	size_t bytes;
	uint64_t version; /* of the station's; 0 of a file */
	char name[80];    /* how it is called on the screen, escaped */
};

/*
 * `word` a number: that version of the station's; NULL: the one in force there; else a file. The
 * station's text is compared with the digest the station tells of it. 0, or the exit status after
 * the person was told. wl_policy_text_cleanup frees it.
 */
int wl_policy_text_get(struct wl_cli *cli, const char *word, struct wl_policy_text *ret);
void wl_policy_text_cleanup(struct wl_policy_text *t);

/* Says that the YAML of `t` is none of a policy; returns the exit status. */
int wl_policy_text_bad(const struct wl_cli *cli, const struct wl_policy_text *t,
                       const struct wl_policy_errors *errors);

#endif
