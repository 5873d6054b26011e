/*
 * The table of rules (INTERFACES 3, rules.def): every verdict names one of these ids.
 *
 * The id is the permanent part: never renamed, never reused. The sentences are renderings, marked
 * for translation, with {name} places that wl_rule_render fills from arguments already escaped.
 */
#ifndef WL_BASE_RULES_H
#define WL_BASE_RULES_H

#include <stddef.h>

/* Marks a string for xgettext where it stands in a table; translated where it is rendered. */
#ifndef N_
#define N_(text) text
#endif

enum wl_rule {
	WL_RULE_NONE = 0,
#define RULE(sym, id, verdict, stage, sentence, remedy, whom) WL_RULE_##sym,
#include "daemon/base/rules.def"
#undef RULE
	WL_RULE_MAX
};

enum wl_verdict { WL_VERDICT_NONE = 0, WL_PASS, WL_REFUSE, WL_HOLD, WL_LEAVE, WL_VERDICT_MAX };

/* Whom a person should turn to about a rule. */
enum wl_whom {
	WL_WHOM_NOBODY = 0,
	WL_WHOM_SELF, /* the person at the station can mend it */
	WL_WHOM_APPROVER,
	WL_WHOM_ADMIN,
	WL_WHOM_VENDOR,
	WL_WHOM_AUTHORITY, /* who issues tickets */
	WL_WHOM_CUSTODIAN,
	WL_WHOM_MAX
};

struct wl_rule_row {
	const char *id;
	enum wl_verdict verdict;
	int stage; /* 1 to 15; 0 for pass.* and leave.* */
	const char *sentence;
	const char *remedy;
	enum wl_whom whom;
};

/* An argument for a {name} place; both strings are borrowed and already escaped. */
struct wl_rule_arg {
	const char *name;
	const char *value;
};

/* The row of a rule; never NULL (WL_RULE_NONE has an empty row). */
const struct wl_rule_row *wl_rule_row(enum wl_rule rule);

/* "volume.chain-loop"; "" for WL_RULE_NONE. */
const char *wl_rule_id(enum wl_rule rule);

/* The rule of an id, WL_RULE_NONE where there is none. */
enum wl_rule wl_rule_find(const char *id);

/* "pass", "refuse", "hold", "leave"; "" for none: the form of the record, never translated. */
const char *wl_verdict_name(enum wl_verdict verdict);

/*
 * Renders a sentence (or remedy) with its {name} places filled; a place nobody fills becomes an
 * ellipsis. Translates with gettext's current language. Returns the length, like snprintf.
 */
size_t wl_rule_render(const char *text, const struct wl_rule_arg *args, size_t nargs, char *buf,
                      size_t size);

#endif
