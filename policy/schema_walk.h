/* Inside of schema.c: the walk, and what takes one value of a type. */
#ifndef WL_POLICY_SCHEMA_WALK_H
#define WL_POLICY_SCHEMA_WALK_H

#include "policy/schema.h"

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

/* Complains about a node under the key where the walk stands (policy.value). */
void wl_schema_complain(struct walk *w, const struct wl_yaml_node *node, const char *text,
                        const char *expected);
/* Is the node of this kind, or a plain scalar? Says so where not. */
bool wl_schema_is_kind(struct walk *w, const struct wl_yaml_node *node, enum wl_yaml_kind kind);
bool wl_schema_is_plain(struct walk *w, const struct wl_yaml_node *node, const char *expected);
/* The form of an identifier in short, for sentences. */
const char *wl_schema_id_form(size_t kind);

/* Each takes one value into *to, or complains. 0 or -ENOMEM. */
value_fn wl_schema_take_INTEGER;
value_fn wl_schema_take_SIZE;
value_fn wl_schema_take_SPAN;
value_fn wl_schema_take_BOOL;
value_fn wl_schema_take_TEXT;
value_fn wl_schema_take_FILE;
value_fn wl_schema_take_FOLDER;
value_fn wl_schema_take_ORIGIN;
value_fn wl_schema_take_DIGEST;
value_fn wl_schema_take_MOMENT;
value_fn wl_schema_take_ID;
value_fn wl_schema_take_WORD;
value_fn wl_schema_take_WORDS;
value_fn wl_schema_take_IDS;
value_fn wl_schema_take_TEXTS;
value_fn wl_schema_take_ACCOUNTS;
value_fn wl_schema_take_RECT;

#endif
