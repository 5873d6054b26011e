/*
 * Options and operands of the command line, described by tables (verbs.def) and read by one parser.
 *
 * A verb's row says which options it has, which take a value, which may be repeated and which it
 * cannot do without; the parser, `weighlock help` and the manual's synopsis all read that row. No
 * abbreviation of an option is accepted: a script written today must mean the same later.
 */
#ifndef WL_CLIENT_OPTIONS_H
#define WL_CLIENT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#define WL_OPT_REPEAT 1U /* may be given several times */
#define WL_OPT_NEEDED 2U /* the verb cannot do without it and does not ask */

struct wl_option {
	const char *name;  /* "work-order"; NULL ends a table */
	char letter;       /* 'o' or 0 */
	const char *value; /* what stands for its value in the synopsis; NULL: takes none */
	unsigned flags;
	const char *help; /* marked, not yet translated */
};

struct wl_operand {
	const char *name; /* "N"; NULL ends a table */
	bool needed;
	bool repeat; /* only the last one */
	const char *help;
};

#define WL_ARGS_MAX 512U

struct wl_args; /* opaque; borrows argv and the tables */

enum wl_args_fault {
	WL_ARGS_OK = 0,
	WL_ARGS_UNKNOWN,  /* `word` is no option of this verb */
	WL_ARGS_VALUE,    /* option `word` needs a value, or was given one it does not take */
	WL_ARGS_TWICE,    /* option `word` was given twice */
	WL_ARGS_SURPLUS,  /* `word` is one operand too many */
	WL_ARGS_MISSING,  /* see wl_args_missing */
	WL_ARGS_TOO_MANY, /* more than WL_ARGS_MAX words */
};

/*
 * Reads argc words (without the program's and the verb's names) against `common` and `own`
 * options. Returns WL_ARGS_OK and *ret (free with wl_args_free), or what is wrong with *ret_word
 * (borrowed). Needed options and operands that are missing are not a fault of the reading: ask
 * wl_args_missing. *ret is always set unless memory is short.
 */
enum wl_args_fault wl_args_read(int argc, char **argv, const struct wl_option *common,
                                const struct wl_option *own, const struct wl_operand *operands,
                                struct wl_args **ret, const char **ret_word);
struct wl_args *wl_args_free(struct wl_args *a); /* accepts NULL */

/* The n-th needed thing that was not given, as the person would type it ("--files DIR", "N");
 * false where there is no n-th. buf of `size` bytes. */
bool wl_args_missing(const struct wl_args *a, size_t n, char *buf, size_t size);

/* The value of an option (the last one), NULL where not given. A name the row does not have is a
 * mistake of ours and ends the program. */
const char *wl_args_value(const struct wl_args *a, const char *option);
bool wl_args_given(const struct wl_args *a, const char *option);
/* The n-th value of a repeated option, in the order given; NULL past the last. */
const char *wl_args_nth(const struct wl_args *a, const char *option, size_t n);
/* The n-th operand; NULL past the last. */
const char *wl_args_operand(const struct wl_args *a, size_t n);
size_t wl_args_operands(const struct wl_args *a);

/* "--work-order T" or "-o F"; "[…]" around what may be left out, "…" after what may be repeated. */
void wl_option_synopsis(const struct wl_option *o, char *buf, size_t size);
void wl_operand_synopsis(const struct wl_operand *o, char *buf, size_t size);

/* How many letters must be changed, added, dropped or swapped to make one word of the other. */
size_t wl_word_distance(const char *a, const char *b);

#endif
