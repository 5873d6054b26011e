/*
 * The verbs: one table (verbs.def) from which parser, help and the manual's synopsis come.
 */
#ifndef WL_CLIENT_VERB_H
#define WL_CLIENT_VERB_H

#include <stdbool.h>
#include <stddef.h>

#include "client/options.h"

struct wl_cli;

enum wl_group {
	WL_GROUP_FIRST = 0,
	WL_GROUP_MOVING,
	WL_GROUP_LOOKING,
	WL_GROUP_MEDIA,
	WL_GROUP_TICKETS,
	WL_GROUP_LEDGER,
	WL_GROUP_ADMINISTRATION,
	WL_GROUP_WITHOUT,
	WL_GROUP_HIDDEN, /* listed by help --all only */
	WL_GROUP_MAX
};

/* Who a verb is for: bits. What a person may do is decided by the station, never here. */
enum wl_who {
	WL_WHO_TECHNICIAN = 1,
	WL_WHO_INVESTIGATOR = 2,
	WL_WHO_APPROVER = 4,
	WL_WHO_CUSTODIAN = 8,
	WL_WHO_AUDITOR = 16,
	WL_WHO_ADMINISTRATOR = 32,
	WL_WHO_AUTHORITY = 64, /* who issues tickets, on a machine of theirs */
	WL_WHO_DEVELOPER = 128,
	WL_WHO_OPENER = WL_WHO_TECHNICIAN | WL_WHO_INVESTIGATOR,
	WL_WHO_ALL = 63,
	WL_WHO_ANYBODY = 255,
};

struct wl_verb {
	const char *name;   /* "ticket" */
	const char *action; /* "new"; NULL where the verb has none */
	const char *french; /* "autorisation" */
	enum wl_group group;
	unsigned who;
	bool needs_daemon;
	const char *help; /* one line, marked */
	const struct wl_operand *operands;
	const struct wl_option *options;
	int (*run)(struct wl_cli *cli); /* enum wl_exit */
};

extern const struct wl_verb wl_verbs[]; /* ends with name NULL; in the order of help */
extern const struct wl_option wl_common_options[];

/* Each handler, in verb_NAME.c. */
#define VERB(symbol, ...) int wl_verb_##symbol(struct wl_cli *cli);
#include "client/verbs.def"
#undef VERB

/*
 * The row for the word(s) a person typed, in either language. `action` may be NULL. *ret_words is
 * how many words named it (1 or 2). NULL where there is none: *ret_verb_known then says whether
 * the first word at least is a verb.
 */
const struct wl_verb *wl_verb_find(const char *word, const char *action, size_t *ret_words,
                                   bool *ret_verb_known);
/* The verb's name nearest to a mistyped word, NULL where none is near. */
const char *wl_verb_nearest(const char *word);

const char *wl_group_title(enum wl_group group); /* marked; "" for the first */

/* "technician", "approver": names of the policy's roles, one bit; NULL where unknown. */
const char *wl_who_name(unsigned bit);
unsigned wl_who_find(const char *name); /* 0 where unknown */

/* "weighlock ticket new --files DIR …" in one line, from the row. */
void wl_verb_synopsis(const struct wl_verb *v, char *buf, size_t size);

#endif
