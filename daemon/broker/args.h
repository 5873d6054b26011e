/* The arguments of a method as a table, and the check of a call against it. Pure. */
#ifndef WL_BROKER_ARGS_H
#define WL_BROKER_ARGS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum wl_arg_kind {
	WL_ARG_END = 0,
	WL_ARG_LINE,  /* text on one line, 1 to max bytes, no control character */
	WL_ARG_WORDS, /* the same, or empty */
	WL_ARG_TEXT,  /* text, line feeds allowed */
	WL_ARG_NAME,  /* id of a device, port, component: made lower case */
	WL_ARG_PERSON,
	WL_ARG_TICKET,   /* also a visit */
	WL_ARG_TRANSFER, /* STN3-T000042, or 42 */
	WL_ARG_RULE,     /* a rule id that exists */
	WL_ARG_INT,      /* 0 to 2^53-1 */
	WL_ARG_BOOL,
	WL_ARG_DIGEST,  /* 64 lower-case hex digits */
	WL_ARG_DIGESTS, /* list of 64 lower-case hex digits */
	WL_ARG_RULES,   /* list of rule ids that exist */
	WL_ARG_LINES,   /* list of lines */
	WL_ARG_FILES,   /* list of {name, base64} */
	WL_ARG_KIND_MAX
};

#define WL_ARGS_MAX     19U
#define WL_ARG_LIST_MAX 64U

struct wl_arg {
	const char *name;
	enum wl_arg_kind kind;
	bool required;
	size_t max; /* bytes of a text */
};

/*
 * Checks and normalises `parameters` in place: null members go, ids of ports and devices become
 * lower case. Every member must be in the table (ends with WL_ARG_END), every required one there.
 * 0, or -EINVAL with the parameter's name (borrowed from table or parameters) and what was
 * expected.
 */
int wl_args_check(const struct wl_arg *table, json_t *parameters, const char **ret_parameter,
                  const char **ret_expected);

#endif
