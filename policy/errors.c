/*
 * What is wrong with a policy, collected so that its author sees everything at once.
 *
 * The words quoted here come from a file that may be anybody's (`weighlock policy check`), so they
 * are escaped and cut before they are kept. Sentences are marked for translation and rendered only
 * where somebody reads them. Runs in the offline client and, for a policy whose signature was
 * verified before, in the broker. Nothing here outlives the call.
 */
#include "policy/errors.h"

#include <stdio.h>
#include <string.h>

#include "daemon/base/text.h"
#include "policy/words.h"

static void keep(char *to, const char *from)
{
	wl_text_escape(from ? from : "", from ? strlen(from) : 0, to, WL_POLICY_WORD_MAX + 1);
}

void wl_policy_errors_add(struct wl_policy_errors *e, const struct wl_policy_complaint *c)
{
	if (c->warning)
		e->warnings++;
	else
		e->errors++;
	if (e->n >= WL_POLICY_ERRORS_MAX)
		return;
	size_t at = e->n;
	while (at > 0 && (e->v[at - 1].line > c->line ||
	                  (e->v[at - 1].line == c->line && e->v[at - 1].column > c->column)))
		at--;
	memmove(&e->v[at + 1], &e->v[at], (e->n - at) * sizeof(e->v[0]));
	e->n++;
	struct wl_policy_error *error = &e->v[at];
	*error = (struct wl_policy_error){.rule = c->rule,
	                                  .warning = c->warning,
	                                  .line = c->line,
	                                  .column = c->column,
	                                  .text = c->text,
	                                  .nearest_line = c->nearest_line};
	keep(error->key, c->key);
	keep(error->word, c->word);
	keep(error->expected, c->expected);
	keep(error->nearest, c->nearest);
}

/* Some of what is expected are words of ours ("a whole number"); the rest has no translation. */
static const char *translated(const char *s)
{
	return s[0] != '\0' ? gettext(s) : s;
}

size_t wl_policy_error_render(const struct wl_policy_error *e, char *buf, size_t size)
{
	char line[16];
	(void)snprintf(line, sizeof(line), "%u", e->nearest_line);
	const struct wl_rule_arg args[] = {
	        {"key", e->key},         {"word", e->word}, {"expected", translated(e->expected)},
	        {"nearest", e->nearest}, {"line", line},
	};
	return wl_rule_render(e->text, args, sizeof(args) / sizeof(args[0]), buf, size);
}

#define WORD_MAX 40

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance of two short words, with two letters swapped counting as one. */
static size_t distance(const char *a, const char *b)
{
	size_t an = strlen(a), bn = strlen(b);
	if (an > WORD_MAX || bn > WORD_MAX)
		return WORD_MAX;
	size_t rows[3][WORD_MAX + 1];
	for (size_t j = 0; j <= bn; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= an; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3],
		       *two_above = rows[(i + 1) % 3];
		row[0] = i;
		for (size_t j = 1; j <= bn; j++) {
			row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]),
			               least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], two_above[j - 2] + 1);
		}
	}
	return rows[an % 3][bn];
}

void wl_policy_nearest_begin(struct wl_policy_nearest *n, const char *word)
{
	size_t far = strlen(word) / 3;
	*n = (struct wl_policy_nearest){.word = word, .distance = (far > 1 ? far : 1) + 1};
}

void wl_policy_nearest_offer(struct wl_policy_nearest *n, const char *candidate, unsigned line)
{
	size_t d = distance(n->word, candidate);
	if (d < n->distance) {
		n->distance = d;
		n->best = candidate;
		n->best_line = line;
	}
}
