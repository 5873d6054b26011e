/*
 * The walk along the schema: every key of the policy is one row of schema.def, found there or
 * refused.
 *
 * The tree was read strictly before (yaml_read.c) and comes from the policy's author; every value
 * is checked by its type before it is stored, so what struct wl_policy holds is well-formed
 * whatever stood in the file. Nothing stops at the first error. Runs in the broker and in the
 * offline client; nothing is durable here.
 */
#include "policy/schema.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "policy/errors.h"
#include "policy/words.h"

#define NOWHERE ((size_t)-1)

enum section {
#define SECTION(sym, words, type, line) SECTION_##sym,
#include "policy/schema.def"
#undef SECTION
};

enum range {
#define RANGE(sym, min, max) RANGE_##sym,
#include "policy/schema.def"
#undef RANGE
};

static const struct wl_range ranges[] = {
#define RANGE(sym, min, max) {min, max},
#include "policy/schema.def"
#undef RANGE
};

/* Types of C structs by section, for offsetof. */
#define SECTION(sym, words, type, line) typedef type section_##sym;
#include "policy/schema.def"
#undef SECTION

struct section_row {
	const char *words;
	size_t size;
	bool has_line;
	size_t line; /* offset of `line`; `column` follows it */
};

#define line_OFFSET(type)    offsetof(type, line)
#define NOWHERE_OFFSET(type) NOWHERE
static const struct section_row sections[] = {
#define SECTION(sym, words, type, where)                                                           \
	{words, sizeof(section_##sym), where##_OFFSET(section_##sym) != NOWHERE,                   \
	 where##_OFFSET(section_##sym)},
#include "policy/schema.def"
#undef SECTION
};

const struct wl_word_row wl_word_rows[] = {
#define WORD(set, word, value, later) {WORDS_##set, word, value, later},
#include "policy/schema.def"
#undef WORD
        {0, NULL, 0, false},
};

/* Where the walk stands: the error list and the dotted key. */
struct walk {
	struct wl_policy_errors *errors;
	char key[128];
};

struct key_row;
typedef int value_fn(struct walk *w, const struct wl_yaml_node *node, void *to,
                     const struct key_row *row);

struct key_row {
	enum section section;
	const char *key;
	value_fn *take;
	bool required;
	size_t offset;
	size_t argument;
};

static int walk_section(struct walk *w, const struct wl_yaml_node *node, enum section section,
                        void *to);

const char *wl_word_name(enum wl_words set, unsigned value)
{
	for (const struct wl_word_row *r = wl_word_rows; r->word; r++)
		if (r->set == set && r->value == value)
			return r->word;
	return "";
}

const struct wl_word_row *wl_word_find(enum wl_words set, const char *word)
{
	for (const struct wl_word_row *r = wl_word_rows; r->word; r++)
		if (r->set == set && strcmp(r->word, word) == 0)
			return r;
	return NULL;
}

/* ---- complaints ---- */

static void complain(struct walk *w, const struct wl_yaml_node *node, const char *text,
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
static bool is_kind(struct walk *w, const struct wl_yaml_node *node, enum wl_yaml_kind kind)
{
	static const char *const expected[] = {
	        [WL_YAML_SCALAR] = N_("{key}: one value belongs here"),
	        [WL_YAML_LIST] = N_("{key}: a list [in, brackets] belongs here"),
	        [WL_YAML_MAP] = N_("{key}: a mapping of keys to values belongs here"),
	};
	if (node->kind == kind)
		return true;
	complain(w, node, expected[kind], NULL);
	return false;
}

/* A plain scalar: numbers, sizes, words. */
static bool is_plain(struct walk *w, const struct wl_yaml_node *node, const char *expected)
{
	if (!is_kind(w, node, WL_YAML_SCALAR))
		return false;
	if (!node->quoted)
		return true;
	complain(w, node, N_("{key}: \"{word}\" stands in quotes where {expected} belongs"),
	         expected);
	return false;
}

/* ---- scalars ---- */

static int take_number(struct walk *w, const struct wl_yaml_node *node, void *to,
                       const struct key_row *row, int (*read)(const char *, uint64_t *),
                       const char *expected)
{
	uint64_t v = 0;
	if (!is_plain(w, node, expected))
		return 0;
	const struct wl_range *range = &ranges[row->argument];
	int r = read(node->text, &v);
	if (r == -EINVAL)
		complain(w, node, N_("{key}: \"{word}\" is not {expected}"), expected);
	else if (r == 0 && v >= range->min && v <= range->max)
		*(uint64_t *)to = v;
	else if (row->section == SECTION_LIMITS && (r < 0 || v > range->max))
		complain(
		        w, node,
		        N_("{key}: {word} is above the built-in limit; a policy can only lower it"),
		        NULL);
	else
		complain(w, node, N_("{key}: {word} is outside what is allowed here"), NULL);
	return 0;
}

static int take_INTEGER(struct walk *w, const struct wl_yaml_node *node, void *to,
                        const struct key_row *row)
{
	return take_number(w, node, to, row, wl_value_integer, N_("a whole number"));
}

static int take_SIZE(struct walk *w, const struct wl_yaml_node *node, void *to,
                     const struct key_row *row)
{
	return take_number(w, node, to, row, wl_value_size, N_("a size like 64 GiB"));
}

static int take_SPAN(struct walk *w, const struct wl_yaml_node *node, void *to,
                     const struct key_row *row)
{
	return take_number(w, node, to, row, wl_value_span, N_("a time like 8 h"));
}

static int take_BOOL(struct walk *w, const struct wl_yaml_node *node, void *to,
                     const struct key_row *row)
{
	(void)row;
	if (!is_plain(w, node, "true or false"))
		return 0;
	if (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0)
		*(bool *)to = node->text[0] == 't';
	else
		complain(w, node, N_("{key}: \"{word}\" is not {expected}"), "true / false");
	return 0;
}

static bool is_text(struct walk *w, const struct wl_yaml_node *node)
{
	if (!is_kind(w, node, WL_YAML_SCALAR))
		return false;
	size_t n = strlen(node->text);
	if (n > 0 && n <= 200 && (node->quoted || wl_value_is_plain_text(node->text)))
		return true;
	if (n == 0 || n > 200)
		complain(w, node, N_("{key}: a text of 1 to 200 bytes belongs here"), NULL);
	else
		complain(w, node,
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

static int take_TEXT(struct walk *w, const struct wl_yaml_node *node, void *to,
                     const struct key_row *row)
{
	(void)row;
	return is_text(w, node) ? keep_text(to, node->text) : 0;
}

/* A text of a form of its own. */
static int take_form(struct walk *w, const struct wl_yaml_node *node, void *to,
                     bool (*is)(const char *), const char *expected)
{
	if (!is_kind(w, node, WL_YAML_SCALAR))
		return 0;
	if (is(node->text))
		return keep_text(to, node->text);
	complain(w, node, N_("{key}: \"{word}\" is not {expected}"), expected);
	return 0;
}

static int take_FILE(struct walk *w, const struct wl_yaml_node *node, void *to,
                     const struct key_row *row)
{
	(void)row;
	return take_form(w, node, to, wl_value_is_file, N_("the plain name of a file"));
}

static int take_FOLDER(struct walk *w, const struct wl_yaml_node *node, void *to,
                       const struct key_row *row)
{
	(void)row;
	return take_form(w, node, to, wl_value_is_folder, N_("a folder of the medium"));
}

static int take_ORIGIN(struct walk *w, const struct wl_yaml_node *node, void *to,
                       const struct key_row *row)
{
	(void)row;
	return take_form(w, node, to, wl_value_is_origin,
	                 N_("an origin like stations.example/stn3"));
}

static int take_DIGEST(struct walk *w, const struct wl_yaml_node *node, void *to,
                       const struct key_row *row)
{
	if (!is_kind(w, node, WL_YAML_SCALAR))
		return 0;
	bool *has = (bool *)((char *)to - row->offset + row->argument);
	if (!wl_hex_is_sha256(node->text)) {
		complain(w, node,
		         N_("{key}: a SHA-256 of 64 lower-case hexadecimal digits belongs here"),
		         NULL);
		return 0;
	}
	*has = wl_hex_decode(node->text, to, WL_SHA256_BYTES) == 0;
	return 0;
}

static int take_MOMENT(struct walk *w, const struct wl_yaml_node *node, void *to,
                       const struct key_row *row)
{
	(void)row;
	if (!is_kind(w, node, WL_YAML_SCALAR))
		return 0;
	int64_t v = 0;
	if (!node->quoted || wl_time_parse(node->text, &v) < 0)
		complain(w, node,
		         N_("{key}: a moment like \"2029-01-01T00:00:00Z\" belongs here, in double "
		            "quotes"),
		         NULL);
	*(int64_t *)to = v;
	return 0;
}

static const char *id_form(size_t kind)
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
	if (!is_plain(w, node, N_("an identifier")))
		return false;
	if (wl_id_is((enum wl_id_kind)kind, node->text))
		return true;
	complain(w, node, N_("{key}: \"{word}\" is no identifier ({expected})"), id_form(kind));
	return false;
}

static int take_ID(struct walk *w, const struct wl_yaml_node *node, void *to,
                   const struct key_row *row)
{
	if (is_id(w, node, row->argument))
		(void)snprintf(to, WL_ID_TEXT, "%s", node->text);
	return 0;
}

/* ---- words ---- */

static unsigned word_of(struct walk *w, const struct wl_yaml_node *node, enum wl_words set)
{
	if (!is_plain(w, node, N_("a word")))
		return 0;
	const struct wl_word_row *r = wl_word_find(set, node->text);
	if (!r)
		complain_word(w, node, set);
	else if (r->later)
		complain(w, node, N_("{key}: \"{word}\" is not in this version"), NULL);
	return r ? r->value : 0;
}

static int take_WORD(struct walk *w, const struct wl_yaml_node *node, void *to,
                     const struct key_row *row)
{
	*(unsigned *)to = word_of(w, node, (enum wl_words)row->argument);
	return 0;
}

static int take_WORDS(struct walk *w, const struct wl_yaml_node *node, void *to,
                      const struct key_row *row)
{
	if (!is_kind(w, node, WL_YAML_LIST))
		return 0;
	unsigned bits = 0;
	for (const struct wl_yaml_node *c = node->first; c; c = c->next) {
		unsigned bit = word_of(w, c, (enum wl_words)row->argument);
		if (bit & bits)
			complain(w, c, N_("{key}: {word} stands here twice"), NULL);
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
	if (!is_kind(w, node, WL_YAML_LIST) || node->n == 0)
		return 0;
	to->v = calloc(node->n, sizeof(*to->v));
	if (!to->v)
		return -ENOMEM;
	for (const struct wl_yaml_node *c = node->first; c; c = c->next) {
		if (!is(w, c, argument))
			continue;
		for (size_t i = 0; i < to->n; i++)
			if (strcmp(to->v[i], c->text) == 0)
				complain(w, c, N_("{key}: {word} stands here twice"), NULL);
		to->v[to->n] = strdup(c->text);
		if (!to->v[to->n])
			return -ENOMEM;
		to->n++;
	}
	return 0;
}

static int take_IDS(struct walk *w, const struct wl_yaml_node *node, void *to,
                    const struct key_row *row)
{
	return take_texts(w, node, to, is_id, row->argument);
}

static bool is_account(struct walk *w, const struct wl_yaml_node *node, size_t argument)
{
	(void)argument;
	if (!is_kind(w, node, WL_YAML_SCALAR))
		return false;
	if (wl_value_is_account(node->text))
		return true;
	complain(w, node, N_("{key}: \"{word}\" is no name of an account"), NULL);
	return false;
}

static int take_ACCOUNTS(struct walk *w, const struct wl_yaml_node *node, void *to,
                         const struct key_row *row)
{
	(void)row;
	if (node->kind == WL_YAML_LIST && node->n == 0)
		complain(w, node, N_("{key}: a person has at least one account"), NULL);
	return take_texts(w, node, to, is_account, 0);
}

static int take_RECT(struct walk *w, const struct wl_yaml_node *node, void *to,
                     const struct key_row *row)
{
	if (!is_kind(w, node, WL_YAML_LIST))
		return 0;
	uint64_t *rect = to;
	size_t i = 0;
	for (const struct wl_yaml_node *c = node->first; c; c = c->next, i++)
		if (i < 4)
			(void)take_INTEGER(w, c, &rect[i], row);
	if (i != 4)
		complain(w, node, N_("{key}: four numbers belong here: x, y, width, height"), NULL);
	return 0;
}

/* ---- collections: the pointer is followed by its count in the struct ---- */

struct array {
	void *v;
	size_t n;
};
#define ARRAY_IS(type, pointer, count)                                                             \
	_Static_assert(offsetof(type, count) ==                                                    \
	                       offsetof(type, pointer) + offsetof(struct array, n),                \
	               "a count stands behind its pointer")
ARRAY_IS(struct wl_policy, people, npeople);
ARRAY_IS(struct wl_policy, conflicts, nconflicts);
ARRAY_IS(struct wl_policy, ports, nports);
ARRAY_IS(struct wl_policy, trust, ntrust);
ARRAY_IS(struct wl_policy, vendors, nvendors);
ARRAY_IS(struct wl_policy, devices, ndevices);
ARRAY_IS(struct wl_policy_device, floors, nfloors);
ARRAY_IS(struct wl_policy_device, masks, nmasks);

static int array_new(struct array *a, const struct wl_yaml_node *node, size_t size)
{
	if (node->n == 0)
		return 0;
	a->v = calloc(node->n, size);
	return a->v ? 0 : -ENOMEM;
}

/* Goes down one key; the name is cut off again by the caller with what is returned. */
static size_t push_key(struct walk *w, const char *key)
{
	size_t n = strlen(w->key);
	(void)snprintf(w->key + n, sizeof(w->key) - n, "%s%s", n ? "." : "", key);
	return n;
}

static int check_map_key(struct walk *w, const struct wl_yaml_node *c, enum wl_id_kind kind)
{
	if (wl_id_is(kind, c->key))
		return 0;
	wl_policy_errors_add(w->errors,
	                     &(struct wl_policy_complaint){
	                             .rule = WL_RULE_POLICY_VALUE,
	                             .line = c->key_line,
	                             .column = c->key_column,
	                             .text = N_("{key}: \"{word}\" is no identifier ({expected})"),
	                             .key = w->key,
	                             .word = c->key,
	                             .expected = id_form(kind),
	                     });
	return -EINVAL;
}

static void set_place(void *element, size_t line_offset, unsigned line, unsigned column)
{
	unsigned *at = (unsigned *)((char *)element + line_offset);
	at[0] = line;
	at[1] = column;
}

/* A mapping of ids to mappings: an array of structs that begin with their id. */
static int take_MAP(struct walk *w, const struct wl_yaml_node *node, void *to,
                    const struct key_row *row)
{
	struct array *a = to;
	const struct section_row *section = &sections[row->argument];
	if (!is_kind(w, node, WL_YAML_MAP))
		return 0;
	int r = array_new(a, node, section->size);
	for (const struct wl_yaml_node *c = node->first; c && r >= 0; c = c->next) {
		if (check_map_key(w, c,
		                  row->argument == SECTION_PERSON ? WL_ID_PERSON : WL_ID_NAME) < 0)
			continue;
		char *element = (char *)a->v + a->n++ * section->size;
		(void)snprintf(element, WL_ID_TEXT, "%s", c->key);
		set_place(element, section->line, c->key_line, c->key_column);
		size_t cut = push_key(w, c->key);
		r = walk_section(w, c, (enum section)row->argument, element);
		w->key[cut] = '\0';
	}
	return r;
}

/* A list of mappings. */
static int take_LIST(struct walk *w, const struct wl_yaml_node *node, void *to,
                     const struct key_row *row)
{
	struct array *a = to;
	const struct section_row *section = &sections[row->argument];
	if (!is_kind(w, node, WL_YAML_LIST))
		return 0;
	int r = array_new(a, node, section->size);
	for (const struct wl_yaml_node *c = node->first; c && r >= 0; c = c->next) {
		char *element = (char *)a->v + a->n++ * section->size;
		set_place(element, section->line, c->line, c->column);
		r = walk_section(w, c, (enum section)row->argument, element);
	}
	return r;
}

static int take_SECTION(struct walk *w, const struct wl_yaml_node *node, void *to,
                        const struct key_row *row)
{
	const struct section_row *section = &sections[row->argument];
	if (section->has_line)
		set_place(to, section->line, node->key_line, node->key_column);
	return walk_section(w, node, (enum section)row->argument, to);
}

/* component: release */
static int take_FLOORS(struct walk *w, const struct wl_yaml_node *node, void *to,
                       const struct key_row *row)
{
	struct array *a = to;
	if (!is_kind(w, node, WL_YAML_MAP))
		return 0;
	int r = array_new(a, node, sizeof(struct wl_policy_floor));
	for (const struct wl_yaml_node *c = node->first; c && r >= 0; c = c->next) {
		if (check_map_key(w, c, (enum wl_id_kind)row->argument) < 0 ||
		    !is_plain(w, c, N_("a whole number")))
			continue;
		struct wl_policy_floor *floor = (struct wl_policy_floor *)a->v + a->n++;
		(void)snprintf(floor->id, sizeof(floor->id), "%s", c->key);
		set_place(floor, offsetof(struct wl_policy_floor, line), c->key_line,
		          c->key_column);
		if (wl_value_integer(c->text, &floor->release) < 0 ||
		    floor->release > (UINT64_C(1) << 53) - 1)
			complain(w, c, N_("{key}: \"{word}\" is not {expected}"),
			         N_("a whole number"));
	}
	return r;
}

static int take_CONFLICTS(struct walk *w, const struct wl_yaml_node *node, void *to,
                          const struct key_row *row)
{
	struct array *a = to;
	if (!is_kind(w, node, WL_YAML_LIST))
		return 0;
	int r = array_new(a, node, sizeof(struct wl_policy_conflict));
	for (const struct wl_yaml_node *c = node->first; c && r >= 0; c = c->next) {
		struct wl_policy_conflict *pair = (struct wl_policy_conflict *)a->v + a->n++;
		set_place(pair, offsetof(struct wl_policy_conflict, line), c->line, c->column);
		size_t errors = w->errors->errors;
		(void)take_WORDS(w, c, &pair->roles, row);
		if (errors == w->errors->errors && __builtin_popcount(pair->roles) != 2)
			complain(w, c, N_("{key}: two different roles belong here"), NULL);
	}
	return r;
}

/* ---- keys ---- */

#define NO_ROW 0
static const struct key_row keys[] = {
#define KEY(section, key, type, required, member, argument)                                        \
	{SECTION_##section, key, take_##type, required, offsetof(section_##section, member),       \
	 argument},
#include "policy/schema.def"
#undef KEY
};

static const struct key_row *find_key(enum section section, const char *key)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(keys); i++)
		if (keys[i].section == section && strcmp(keys[i].key, key) == 0)
			return &keys[i];
	return NULL;
}

static void complain_key(struct walk *w, const struct wl_yaml_node *c, enum section section)
{
	struct wl_policy_nearest nearest;
	wl_policy_nearest_begin(&nearest, c->key);
	for (size_t i = 0; i < WL_ARRAY_LEN(keys); i++)
		if (keys[i].section == section)
			wl_policy_nearest_offer(&nearest, keys[i].key, 0);
	wl_policy_errors_add(w->errors,
	                     &(struct wl_policy_complaint){
	                             .rule = WL_RULE_POLICY_KEY_UNKNOWN,
	                             .line = c->key_line,
	                             .column = c->key_column,
	                             .text = nearest.best ? N_("{expected} has no key \"{word}\"; "
	                                                       "nearest is \"{nearest}\"")
	                                                  : N_("{expected} has no key \"{word}\""),
	                             .key = w->key,
	                             .word = c->key,
	                             .expected = sections[section].words,
	                             .nearest = nearest.best,
	                     });
}

static void complain_missing(struct walk *w, const struct wl_yaml_node *node, enum section section,
                             const char *key)
{
	wl_policy_errors_add(w->errors,
	                     &(struct wl_policy_complaint){
	                             .rule = WL_RULE_POLICY_KEY_MISSING,
	                             .line = node->key ? node->key_line : node->line,
	                             .column = node->key ? node->key_column : node->column,
	                             .text = N_("{expected} needs the key \"{word}\""),
	                             .key = w->key,
	                             .word = key,
	                             .expected = sections[section].words,
	                     });
}

static bool has_key(const struct wl_yaml_node *node, const char *key)
{
	for (const struct wl_yaml_node *c = node->first; c; c = c->next)
		if (strcmp(c->key, key) == 0)
			return true;
	return false;
}

static int walk_section(struct walk *w, const struct wl_yaml_node *node, enum section section,
                        void *to)
{
	if (!is_kind(w, node, WL_YAML_MAP))
		return 0;
	int r = 0;
	for (const struct wl_yaml_node *c = node->first; c && r >= 0; c = c->next) {
		const struct key_row *row = find_key(section, c->key);
		if (!row) {
			complain_key(w, c, section);
			continue;
		}
		size_t cut = push_key(w, c->key);
		r = row->take(w, c, (char *)to + row->offset, row);
		w->key[cut] = '\0';
	}
	for (size_t i = 0; i < WL_ARRAY_LEN(keys); i++)
		if (keys[i].section == section && keys[i].required && !has_key(node, keys[i].key))
			complain_missing(w, node, section, keys[i].key);
	return r;
}

int wl_schema_fill(const struct wl_yaml_node *root, struct wl_policy *p,
                   struct wl_policy_errors *errors)
{
	struct walk w = {.errors = errors};
	return walk_section(&w, root, SECTION_TOP, p);
}
