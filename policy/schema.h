/* The walk of a policy's tree along schema.def: fills struct wl_policy, collects what is wrong. */
#ifndef WL_POLICY_SCHEMA_H
#define WL_POLICY_SCHEMA_H

#include "policy/model.h"
#include "policy/yaml_read.h"

/* Sets of words of the grammar. */
enum wl_words {
	WORDS_MODE = 1,
	WORDS_ROLE,
	WORDS_USE,
	WORDS_TRUST_ROLE,
	WORDS_SIGNATURE,
	WORDS_DEMAND,
	WORDS_PURPOSE,
	WORDS_VOLUME,
	WORDS_NAMES,
	WORDS_NOTE,
	WORDS_CHANNEL,
	WORDS_ARCHIVE,
	WORDS_LITTER,
	WORDS_OUTPUT,
	WORDS_PICTURE,
	WORDS_LANGUAGE,
	WORDS_ENCRYPT,
	WORDS_NEED,
	WORDS_REQUIRE,
	WORDS_WIPE,
	WORDS_UNKNOWN_SIZE,
	WORDS_ESCORT,
};

struct wl_word_row {
	enum wl_words set;
	const char *word;
	unsigned value;
	bool later;
};

/* The table; ends with word NULL. */
extern const struct wl_word_row wl_word_rows[];
/* The word of a value in a set, "" where there is none. */
const char *wl_word_name(enum wl_words set, unsigned value);
/* Its row, or NULL. */
const struct wl_word_row *wl_word_find(enum wl_words set, const char *word);

/* Fills *p (zeroed) from the tree. 0 (errors are in *errors) or -ENOMEM. */
int wl_schema_fill(const struct wl_yaml_node *root, struct wl_policy *p,
                   struct wl_policy_errors *errors);

/* ---- scalars (values.c): 0, -EINVAL where the text is none, -ERANGE ---- */
struct wl_range {
	uint64_t min, max;
};
int wl_value_integer(const char *s, uint64_t *ret);
int wl_value_size(const char *s, uint64_t *ret_bytes);
int wl_value_span(const char *s, uint64_t *ret_seconds);
bool wl_value_is_plain_text(const char *s); /* does not look like a number, bool, null or date */
bool wl_value_is_account(const char *s);    /* a Unix name, or uid:N */
bool wl_value_is_file(const char *s);       /* a plain file name */
bool wl_value_is_folder(const char *s);     /* a relative path of the escaped form */
bool wl_value_is_origin(const char *s);

#endif
