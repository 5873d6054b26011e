/*
 * The parser of the command line. Words come from the person at the keyboard or a script of
 * theirs; nothing is written and nothing is kept, so a cut of power means nothing here.
 */
#include "client/options.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct given {
	const struct wl_option *option;
	const char *value; /* "" for an option without value */
};

struct wl_args {
	const struct wl_option *common, *own;
	const struct wl_operand *operands;
	size_t ngiven, noperands;
	struct given given[WL_ARGS_MAX];
	const char *operand[WL_ARGS_MAX];
};

static const struct wl_option *find_in(const struct wl_option *table, const char *name, size_t n)
{
	for (; table && table->name; table++) {
		if (strlen(table->name) == n && !memcmp(table->name, name, n))
			return table;
	}
	return NULL;
}

static const struct wl_option *find_letter(const struct wl_option *table, char letter)
{
	for (; table && table->name; table++) {
		if (table->letter == letter)
			return table;
	}
	return NULL;
}

static const struct wl_option *find_option(const struct wl_args *a, const char *name, size_t n)
{
	const struct wl_option *o = find_in(a->own, name, n);
	return o ? o : find_in(a->common, name, n);
}

static bool is_given(const struct wl_args *a, const struct wl_option *o)
{
	for (size_t i = 0; i < a->ngiven; i++) {
		if (a->given[i].option == o)
			return true;
	}
	return false;
}

/* How many operands the row admits; SIZE_MAX where the last may be repeated. */
static size_t operands_max(const struct wl_operand *o)
{
	size_t n = 0;
	for (; o && o->name; o++, n++) {
		if (o->repeat)
			return SIZE_MAX;
	}
	return n;
}

static enum wl_args_fault add_operand(struct wl_args *a, const char *word)
{
	if (a->noperands >= operands_max(a->operands))
		return WL_ARGS_SURPLUS;
	if (a->noperands == WL_ARGS_MAX)
		return WL_ARGS_TOO_MANY;
	a->operand[a->noperands++] = word;
	return WL_ARGS_OK;
}

static enum wl_args_fault add_option(struct wl_args *a, const struct wl_option *o,
                                     const char *value)
{
	if (!o->value != !value)
		return WL_ARGS_VALUE;
	/* a flag said twice is still the flag; a value said twice is two wishes */
	if (is_given(a, o) && o->value && !(o->flags & WL_OPT_REPEAT))
		return WL_ARGS_TWICE;
	if (a->ngiven == WL_ARGS_MAX)
		return WL_ARGS_TOO_MANY;
	a->given[a->ngiven++] = (struct given){.option = o, .value = value ? value : ""};
	return WL_ARGS_OK;
}

/* One option at argv[*at], which begins with '-'; takes the next word where it needs a value. */
static enum wl_args_fault read_option(struct wl_args *a, int argc, char **argv, int *at)
{
	const char *word = argv[*at];
	const struct wl_option *o;
	const char *value = NULL;

	if (word[1] == '-') {
		const char *equals = strchr(word, '=');
		size_t n = equals ? (size_t)(equals - word) - 2 : strlen(word) - 2;
		o = find_option(a, word + 2, n);
		value = equals ? equals + 1 : NULL;
	} else {
		o = find_letter(a->own, word[1]);
		if (!o)
			o = find_letter(a->common, word[1]);
		value = word[2] ? word + 2 : NULL;
	}
	if (!o)
		return WL_ARGS_UNKNOWN;
	if (o->value && !value && *at + 1 < argc)
		value = argv[++*at];
	return add_option(a, o, value);
}

enum wl_args_fault wl_args_read(int argc, char **argv, const struct wl_option *common,
                                const struct wl_option *own, const struct wl_operand *operands,
                                struct wl_args **ret, const char **ret_word)
{
	struct wl_args *a = calloc(1, sizeof(*a));
	if (!a)
		return WL_ARGS_TOO_MANY;
	a->common = common;
	a->own = own;
	a->operands = operands;
	*ret = a;

	bool only_operands = false;
	for (int i = 0; i < argc; i++) {
		const char *word = argv[i];
		enum wl_args_fault fault;

		*ret_word = word;
		if (!only_operands && !strcmp(word, "--")) {
			only_operands = true;
			continue;
		}
		if (!only_operands && word[0] == '-' && word[1])
			fault = read_option(a, argc, argv, &i);
		else
			fault = add_operand(a, word);
		if (fault != WL_ARGS_OK)
			return fault;
	}
	return WL_ARGS_OK;
}

struct wl_args *wl_args_free(struct wl_args *a)
{
	free(a);
	return NULL;
}

bool wl_args_missing(const struct wl_args *a, size_t n, char *buf, size_t size)
{
	size_t at = 0;
	for (const struct wl_operand *o = a->operands; o && o->name; o++, at++) {
		if (o->needed && at >= a->noperands && n-- == 0) {
			(void)snprintf(buf, size, "%s", o->name);
			return true;
		}
	}
	for (const struct wl_option *o = a->own; o && o->name; o++) {
		if ((o->flags & WL_OPT_NEEDED) && !is_given(a, o) && n-- == 0) {
			(void)snprintf(buf, size, "--%s %s", o->name, o->value ? o->value : "");
			return true;
		}
	}
	return false;
}

static const struct wl_option *must_find(const struct wl_args *a, const char *option)
{
	const struct wl_option *o = find_option(a, option, strlen(option));
	if (!o) {
		(void)fprintf(stderr, "weighlock: no option --%s in this verb's row\n", option);
		abort();
	}
	return o;
}

const char *wl_args_value(const struct wl_args *a, const char *option)
{
	const struct wl_option *o = must_find(a, option);
	for (size_t i = a->ngiven; i > 0; i--) {
		if (a->given[i - 1].option == o)
			return a->given[i - 1].value;
	}
	return NULL;
}

bool wl_args_given(const struct wl_args *a, const char *option)
{
	return wl_args_value(a, option) != NULL;
}

const char *wl_args_nth(const struct wl_args *a, const char *option, size_t n)
{
	const struct wl_option *o = must_find(a, option);
	for (size_t i = 0; i < a->ngiven; i++) {
		if (a->given[i].option == o && n-- == 0)
			return a->given[i].value;
	}
	return NULL;
}

const char *wl_args_operand(const struct wl_args *a, size_t n)
{
	return n < a->noperands ? a->operand[n] : NULL;
}

size_t wl_args_operands(const struct wl_args *a)
{
	return a->noperands;
}

void wl_option_synopsis(const struct wl_option *o, char *buf, size_t size)
{
	bool needed = o->flags & WL_OPT_NEEDED;
	char letter[3] = {'-', o->letter, 0};

	(void)snprintf(buf, size, "%s%s%s%s%s%s%s", needed ? "" : "[", o->letter ? letter : "--",
	               o->letter ? "" : o->name, o->value ? " " : "", o->value ? o->value : "",
	               needed ? "" : "]", o->flags & WL_OPT_REPEAT ? "..." : "");
}

void wl_operand_synopsis(const struct wl_operand *o, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s%s%s%s", o->needed ? "" : "[", o->name, o->needed ? "" : "]",
	               o->repeat ? "..." : "");
}

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;
	return m < c ? m : c;
}

#define WORD_MAX 40U

size_t wl_word_distance(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	size_t row[3][WORD_MAX + 1]; /* two before, one before, this one */

	if (na > WORD_MAX || nb > WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= nb; j++)
		row[1][j] = row[2][j] = j;
	for (size_t i = 1; i <= na; i++) {
		memcpy(row[0], row[1], sizeof(row[0]));
		memcpy(row[1], row[2], sizeof(row[1]));
		row[2][0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t change = row[1][j - 1] + (a[i - 1] != b[j - 1]);
			row[2][j] = smallest(row[1][j] + 1, row[2][j - 1] + 1, change);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    row[0][j - 2] + 1 < row[2][j])
				row[2][j] = row[0][j - 2] + 1;
		}
	}
	return row[2][nb];
}
