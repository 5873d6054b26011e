/*
 * The values of a policy by type: numbers, sizes, times, texts, identifiers, words and lists of
 * them.
 *
 * The tree was read strictly before and comes from the policy's author; a value is stored only when
 * it has the form of its type, otherwise the error is collected and the walk goes on. Runs in the
 * broker and in the offline client; nothing is durable here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "policy/errors.h"
#include "policy/schema_walk.h"
#include "policy/words.h"

static const struct wl_range ranges[] = {
#define RANGE(sym, min, max) {min, max},
#include "policy/schema.def"
#undef RANGE
};

/* ---- complaints ---- */

void wl_schema_complain(struct walk *w, const struct wl_yaml_node *node, const char *text,
                        const char *expected)
{
	wl_policy_errors_add(w->errors,
	                     &(struct wl_policy_complaint){
	                             .rule = WL_RULE_POLICY_VALUE,
	                             .line = node->line,
	                             .column = node->column,
	                             .text = text,
	                             .key = w->key,
	                             .word = node->kind == WL_YAML_SCALAR ? node->text : "",
	                             .expected = expected,
	                     });
}

static void complain_word(struct walk *w, const struct wl_yaml_node *node, enum wl_words set)
{
	char expected[WL_POLICY_WORD_MAX + 1] = "";
	struct wl_policy_nearest nearest;
	wl_policy_nearest_begin(&nearest, node->text);
	for (const struct wl_word_row *r = wl_word_rows; r->word; r++) {
		if (r->set != set)
			continue;
		wl_policy_nearest_offer(&nearest, r->word, 0);
		size_t n = strlen(expected);
		if (!r->later)
			(void)snprintf(expected + n, sizeof(expected) - n, "%s%s", n ? ", " : "",
			               r->word);
	}
	wl_policy_errors_add(
	        w->errors,
	        &(struct wl_policy_complaint){
	                .rule = WL_RULE_POLICY_VALUE,
	                .line = node->line,
	                .column = node->column,
	                .text = nearest.best
	                                ? N_("{key}: \"{word}\" is none of its words; nearest is "
	                                     "\"{nearest}\"")
	                                : N_("{key}: \"{word}\" is none of its words ({expected})"),
	                .key = w->key,
	                .word = node->text,
	                .expected = expected,
	                .nearest = nearest.best,
	        });
}

/* Is the node of this kind? Says so where not. */
bool wl_schema_is_kind(struct walk *w, const struct wl_yaml_node *node, enum wl_yaml_kind kind)
{
	static const char *const expected[] = {
	        [WL_YAML_SCALAR] = N_("{key}: one value belongs here"),
	        [WL_YAML_LIST] = N_("{key}: a list [in, brackets] belongs here"),
	        [WL_YAML_MAP] = N_("{key}: a mapping of keys to values belongs here"),
	};
	if (node->kind == kind)
		return true;
	wl_schema_complain(w, node, expected[kind], NULL);
	return false;
}

/* A plain scalar: numbers, sizes, words. */
bool wl_schema_is_plain(struct walk *w, const struct wl_yaml_node *node, const char *expected)
{
	if (!wl_schema_is_kind(w, node, WL_YAML_SCALAR))
		return false;
	if (!node->quoted)
		return true;
	wl_schema_complain(w, node,
	                   N_("{key}: \"{word}\" stands in quotes where {expected} belongs"),
	                   expected);
	return false;
}

/* ---- scalars ---- */

static int take_number(struct walk *w, const struct wl_yaml_node *node, void *to,
                       const struct key_row *row, int (*read)(const char *, uint64_t *),
                       const char *expected)
{
	uint64_t v = 0;
	if (!wl_schema_is_plain(w, node, expected))
		return 0;
	const struct wl_range *range = &ranges[row->argument];
	int r = read(node->text, &v);
	if (r == -EINVAL)
		wl_schema_complain(w, node, N_("{key}: \"{word}\" is not {expected}"), expected);
	else if (r == 0 && v >= range->min && v <= range->max)
		*(uint64_t *)to = v;
	else if (row->section == SECTION_LIMITS && (r < 0 || v > range->max))
		wl_schema_complain(
		        w, node,
		        N_("{key}: {word} is above the built-in limit; a policy can only lower it"),
		        NULL);
	else
		wl_schema_complain(w, node, N_("{key}: {word} is outside what is allowed here"),
		                   NULL);
	return 0;
}

int wl_schema_take_INTEGER(struct walk *w, const struct wl_yaml_node *node, void *to,
                           const struct key_row *row)
{
	return take_number(w, node, to, row, wl_value_integer, N_("a whole number"));
}

int wl_schema_take_SIZE(struct walk *w, const struct wl_yaml_node *node, void *to,
                        const struct key_row *row)
{
	return take_number(w, node, to, row, wl_value_size, N_("a size like 64 GiB"));
}

int wl_schema_take_SPAN(struct walk *w, const struct wl_yaml_node *node, void *to,
                        const struct key_row *row)
{
	return take_number(w, node, to, row, wl_value_span, N_("a time like 8 h"));
}

int wl_schema_take_BOOL(struct walk *w, const struct wl_yaml_node *node, void *to,
                        const struct key_row *row)
{
	(void)row;
	if (!wl_schema_is_plain(w, node, "true or false"))
		return 0;
	if (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0)
		*(bool *)to = node->text[0] == 't';
	else
		wl_schema_complain(w, node, N_("{key}: \"{word}\" is not {expected}"),
		                   "true / false");
	return 0;
}

static bool is_text(struct walk *w, const struct wl_yaml_node *node)
{
	if (!wl_schema_is_kind(w, node, WL_YAML_SCALAR))
		return false;
	size_t n = strlen(node->text);
	if (n > 0 && n <= 200 && (node->quoted || wl_value_is_plain_text(node->text)))
		return true;
	if (n == 0 || n > 200)
		wl_schema_complain(w, node, N_("{key}: a text of 1 to 200 bytes belongs here"),
		                   NULL);
	else
		wl_schema_complain(
		        w, node,
		        N_("{key}: {word} looks like a number or a date; a text like that stands "
		           "in double quotes"),
		        NULL);
	return false;
}

static int keep_text(char **to, const char *text)
{
	*to = strdup(text);
	return *to ? 0 : -ENOMEM;
}

int wl_schema_take_TEXT(struct walk *w, const struct wl_yaml_node *node, void *to,
                        const struct key_row *row)
{
	(void)row;
	return is_text(w, node) ? keep_text(to, node->text) : 0;
}

/* A text of a form of its own. */
static int take_form(struct walk *w, const struct wl_yaml_node *node, void *to,
                     bool (*is)(const char *), const char *expected)
{
	if (!wl_schema_is_kind(w, node, WL_YAML_SCALAR))
		return 0;
	if (is(node->text))
		return keep_text(to, node->text);
	wl_schema_complain(w, node, N_("{key}: \"{word}\" is not {expected}"), expected);
	return 0;
}

int wl_schema_take_FILE(struct walk *w, const struct wl_yaml_node *node, void *to,
                        const struct key_row *row)
{
	(void)row;
	return take_form(w, node, to, wl_value_is_file, N_("the plain name of a file"));
}

int wl_schema_take_FOLDER(struct walk *w, const struct wl_yaml_node *node, void *to,
                          const struct key_row *row)
{
	(void)row;
	return take_form(w, node, to, wl_value_is_folder, N_("a folder of the medium"));
}

int wl_schema_take_ORIGIN(struct walk *w, const struct wl_yaml_node *node, void *to,
                          const struct key_row *row)
{
	(void)row;
	return take_form(w, node, to, wl_value_is_origin,
	                 N_("an origin like stations.example/stn3"));
}

int wl_schema_take_DIGEST(struct walk *w, const struct wl_yaml_node *node, void *to,
                          const struct key_row *row)
{
	if (!wl_schema_is_kind(w, node, WL_YAML_SCALAR))
		return 0;
	bool *has = (bool *)((char *)to - row->offset + row->argument);
	if (!wl_hex_is_sha256(node->text)) {
		wl_schema_complain(
		        w, node,
		        N_("{key}: a SHA-256 of 64 lower-case hexadecimal digits belongs here"),
		        NULL);
		return 0;
	}
	*has = wl_hex_decode(node->text, to, WL_SHA256_BYTES) == 0;
	return 0;
}

int wl_schema_take_MOMENT(struct walk *w, const struct wl_yaml_node *node, void *to,
                          const struct key_row *row)
{
	(void)row;
	if (!wl_schema_is_kind(w, node, WL_YAML_SCALAR))
		return 0;
	int64_t v = 0;
	if (!node->quoted || wl_time_parse(node->text, &v) < 0)
		wl_schema_complain(
		        w, node,
		        N_("{key}: a moment like \"2029-01-01T00:00:00Z\" belongs here, in double "
		           "quotes"),
		        NULL);
	*(int64_t *)to = v;
	return 0;
}

const char *wl_schema_id_form(size_t kind)
{
	switch (kind) {
	case WL_ID_STATION:
		return "A-Z 0-9, 2..8";
	case WL_ID_PERSON:
		return "a-z 0-9 -, 2..32";
	default:
		return "a-z 0-9 -, 1..32";
	}
}

static bool is_id(struct walk *w, const struct wl_yaml_node *node, size_t kind)
{
	if (!wl_schema_is_plain(w, node, N_("an identifier")))
		return false;
	if (wl_id_is((enum wl_id_kind)kind, node->text))
		return true;
	wl_schema_complain(w, node, N_("{key}: \"{word}\" is no identifier ({expected})"),
	                   wl_schema_id_form(kind));
	return false;
}

int wl_schema_take_ID(struct walk *w, const struct wl_yaml_node *node, void *to,
                      const struct key_row *row)
{
	if (is_id(w, node, row->argument))
		(void)snprintf(to, WL_ID_TEXT, "%s", node->text);
	return 0;
}

/* ---- words ---- */

static unsigned word_of(struct walk *w, const struct wl_yaml_node *node, enum wl_words set)
{
	if (!wl_schema_is_plain(w, node, N_("a word")))
		return 0;
	const struct wl_word_row *r = wl_word_find(set, node->text);
	if (!r)
		complain_word(w, node, set);
	else if (r->later)
		wl_schema_complain(w, node, N_("{key}: \"{word}\" is not in this version"), NULL);
	return r ? r->value : 0;
}

int wl_schema_take_WORD(struct walk *w, const struct wl_yaml_node *node, void *to,
                        const struct key_row *row)
{
	*(unsigned *)to = word_of(w, node, (enum wl_words)row->argument);
	return 0;
}

int wl_schema_take_WORDS(struct walk *w, const struct wl_yaml_node *node, void *to,
                         const struct key_row *row)
{
	if (!wl_schema_is_kind(w, node, WL_YAML_LIST))
		return 0;
	unsigned bits = 0;
	for (const struct wl_yaml_node *c = node->first; c; c = c->next) {
		unsigned bit = word_of(w, c, (enum wl_words)row->argument);
		if (bit & bits)
			wl_schema_complain(w, c, N_("{key}: {word} stands here twice"), NULL);
		bits |= bit;
	}
	*(unsigned *)to = bits;
	return 0;
}

/* ---- lists ---- */

static int take_texts(struct walk *w, const struct wl_yaml_node *node, struct wl_policy_texts *to,
                      bool (*is)(struct walk *, const struct wl_yaml_node *, size_t),
                      size_t argument)
{
	if (!wl_schema_is_kind(w, node, WL_YAML_LIST) || node->n == 0)
		return 0;
	to->v = calloc(node->n, sizeof(*to->v));
	to->n = 0;
	if (!to->v)
		return -ENOMEM;
	for (const struct wl_yaml_node *c = node->first; c; c = c->next) {
		if (!is(w, c, argument))
			continue;
		for (size_t i = 0; i < to->n; i++)
			if (strcmp(to->v[i], c->text) == 0)
				wl_schema_complain(w, c, N_("{key}: {word} stands here twice"),
				                   NULL);
		to->v[to->n] = strdup(c->text);
		if (!to->v[to->n])
			return -ENOMEM;
		to->n++;
	}
	return 0;
}

int wl_schema_take_IDS(struct walk *w, const struct wl_yaml_node *node, void *to,
                       const struct key_row *row)
{
	return take_texts(w, node, to, is_id, row->argument);
}

static bool is_line(struct walk *w, const struct wl_yaml_node *node, size_t argument)
{
	(void)argument;
	return is_text(w, node);
}

int wl_schema_take_TEXTS(struct walk *w, const struct wl_yaml_node *node, void *to,
                         const struct key_row *row)
{
	return take_texts(w, node, to, is_line, row->argument);
}

static bool is_account(struct walk *w, const struct wl_yaml_node *node, size_t argument)
{
	(void)argument;
	if (!wl_schema_is_kind(w, node, WL_YAML_SCALAR))
		return false;
	if (wl_value_is_account(node->text))
		return true;
	wl_schema_complain(w, node, N_("{key}: \"{word}\" is no name of an account"), NULL);
	return false;
}

int wl_schema_take_ACCOUNTS(struct walk *w, const struct wl_yaml_node *node, void *to,
                            const struct key_row *row)
{
	(void)row;
	if (node->kind == WL_YAML_LIST && node->n == 0)
		wl_schema_complain(w, node, N_("{key}: a person has at least one account"), NULL);
	return take_texts(w, node, to, is_account, 0);
}

int wl_schema_take_RECT(struct walk *w, const struct wl_yaml_node *node, void *to,
                        const struct key_row *row)
{
	if (!wl_schema_is_kind(w, node, WL_YAML_LIST))
		return 0;
	uint64_t *rect = to;
	size_t i = 0;
	for (const struct wl_yaml_node *c = node->first; c; c = c->next, i++)
		if (i < 4)
			(void)wl_schema_take_INTEGER(w, c, &rect[i], row);
	if (i != 4)
		wl_schema_complain(
		        w, node, N_("{key}: four numbers belong here: x, y, width, height"), NULL);
	return 0;
}
