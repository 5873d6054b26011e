/*
 * The walk along the schema: every key of the policy is one row of schema.def, found there or
 * refused.
 *
 * The tree was read strictly before (yaml_read.c) and comes from the policy's author; every value
 * is checked by its type before it is stored (schema_values.c), so what struct wl_policy holds is
 * well-formed whatever stood in the file. Nothing stops at the first error. Runs in the broker and
 * in the offline client; nothing is durable here.
 */
#include "policy/schema.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "policy/errors.h"
#include "policy/schema_walk.h"
#include "policy/words.h"

#define NOWHERE ((size_t)-1)

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
ARRAY_IS(struct wl_policy, visits.organisations, visits.norganisations);
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
	                             .expected = wl_schema_id_form(kind),
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
static int wl_schema_take_MAP(struct walk *w, const struct wl_yaml_node *node, void *to,
                              const struct key_row *row)
{
	struct array *a = to;
	const struct section_row *section = &sections[row->argument];
	if (!wl_schema_is_kind(w, node, WL_YAML_MAP))
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
static int wl_schema_take_LIST(struct walk *w, const struct wl_yaml_node *node, void *to,
                               const struct key_row *row)
{
	struct array *a = to;
	const struct section_row *section = &sections[row->argument];
	if (!wl_schema_is_kind(w, node, WL_YAML_LIST))
		return 0;
	int r = array_new(a, node, section->size);
	for (const struct wl_yaml_node *c = node->first; c && r >= 0; c = c->next) {
		char *element = (char *)a->v + a->n++ * section->size;
		set_place(element, section->line, c->line, c->column);
		r = walk_section(w, c, (enum section)row->argument, element);
	}
	return r;
}

static int wl_schema_take_SECTION(struct walk *w, const struct wl_yaml_node *node, void *to,
                                  const struct key_row *row)
{
	const struct section_row *section = &sections[row->argument];
	if (section->has_line)
		set_place(to, section->line, node->key_line, node->key_column);
	return walk_section(w, node, (enum section)row->argument, to);
}

/* component: release */
static int wl_schema_take_FLOORS(struct walk *w, const struct wl_yaml_node *node, void *to,
                                 const struct key_row *row)
{
	struct array *a = to;
	if (!wl_schema_is_kind(w, node, WL_YAML_MAP))
		return 0;
	int r = array_new(a, node, sizeof(struct wl_policy_floor));
	for (const struct wl_yaml_node *c = node->first; c && r >= 0; c = c->next) {
		if (check_map_key(w, c, (enum wl_id_kind)row->argument) < 0 ||
		    !wl_schema_is_plain(w, c, N_("a whole number")))
			continue;
		struct wl_policy_floor *floor = (struct wl_policy_floor *)a->v + a->n++;
		(void)snprintf(floor->id, sizeof(floor->id), "%s", c->key);
		set_place(floor, offsetof(struct wl_policy_floor, line), c->key_line,
		          c->key_column);
		if (wl_value_integer(c->text, &floor->release) < 0 ||
		    floor->release > (UINT64_C(1) << 53) - 1)
			wl_schema_complain(w, c, N_("{key}: \"{word}\" is not {expected}"),
			                   N_("a whole number"));
	}
	return r;
}

static int wl_schema_take_CONFLICTS(struct walk *w, const struct wl_yaml_node *node, void *to,
                                    const struct key_row *row)
{
	struct array *a = to;
	if (!wl_schema_is_kind(w, node, WL_YAML_LIST))
		return 0;
	int r = array_new(a, node, sizeof(struct wl_policy_conflict));
	for (const struct wl_yaml_node *c = node->first; c && r >= 0; c = c->next) {
		struct wl_policy_conflict *pair = (struct wl_policy_conflict *)a->v + a->n++;
		set_place(pair, offsetof(struct wl_policy_conflict, line), c->line, c->column);
		size_t errors = w->errors->errors;
		(void)wl_schema_take_WORDS(w, c, &pair->roles, row);
		if (errors == w->errors->errors && __builtin_popcount(pair->roles) != 2)
			wl_schema_complain(w, c, N_("{key}: two different roles belong here"),
			                   NULL);
	}
	return r;
}

/* ---- keys ---- */

static const struct key_row keys[] = {
#define KEY(section, key, type, required, member, argument)                                        \
	{SECTION_##section,                                                                        \
	 key,                                                                                      \
	 wl_schema_take_##type,                                                                    \
	 required,                                                                                 \
	 offsetof(section_##section, member),                                                      \
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
	if (!wl_schema_is_kind(w, node, WL_YAML_MAP))
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
