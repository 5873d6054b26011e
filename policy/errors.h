/* Collecting what is wrong with a policy (struct wl_policy_errors of model.h). */
#ifndef WL_POLICY_ERRORS_H
#define WL_POLICY_ERRORS_H

#include "policy/model.h"

/* What an error is about. All strings are borrowed; NULL counts as "". */
struct wl_policy_complaint {
	enum wl_rule rule;
	bool warning;
	unsigned line, column;
	const char *text; /* marked sentence with {key} {word} {expected} {nearest} {line} places */
	const char *key;
	const char *word; /* raw: escaped here */
	const char *expected;
	const char *nearest;
	unsigned nearest_line;
};

/* Adds one, keeping the order of lines; beyond WL_POLICY_ERRORS_MAX it is only counted. */
void wl_policy_errors_add(struct wl_policy_errors *e, const struct wl_policy_complaint *c);

/* Keeps the word nearest to `word` (edit distance at most a third of its length, at least 1). */
struct wl_policy_nearest {
	const char *word;
	const char *best; /* NULL: none near enough */
	unsigned best_line;
	size_t distance;
};
void wl_policy_nearest_begin(struct wl_policy_nearest *n, const char *word);
void wl_policy_nearest_offer(struct wl_policy_nearest *n, const char *candidate, unsigned line);

#endif
