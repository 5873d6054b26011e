/*
 * What is said about a name in a policy; see explain.h.
 *
 * The text is a person's own or the station's, and may be anything: the strict reader bounds it.
 * Told is what is written, with its line, so that whoever reads it can put a finger on it; what it
 * comes to for one update or one export is said by `verify` and by the station. Pure; nothing is
 * kept.
 */
#include "policy/explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "policy/errors.h"
#include "policy/yaml_read.h"

#define KEY_TEXT 400 /* of the path to a key; longer ones are cut */

/* The mappings a name may stand in, what a key of theirs refers to, and what holds for all. */
static const struct kind {
	const char *map;
	const char *key, *refers_to; /* NULL: to nothing */
	const char *for_all[4];
} kinds[] = {
        {"people", NULL, NULL, {"conflicts", "approvals"}},
        {"ports", NULL, NULL, {"destination"}},
        {"devices", "vendor", "vendors", {"inbound", "outbound", "approvals", "destination"}},
        {"vendors", "anchors", "trust", {"inbound", "approvals"}},
        {"trust", "person", "people", {NULL}},
};

struct explaining {
	const struct wl_yaml_node *root;
	const char *word;
	int (*each)(void *user, const struct wl_policy_said *s);
	void *user;
};

static const struct kind *kind_of(const char *map)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i].map, map) == 0)
			return &kinds[i];
	return NULL;
}

static int tell(const struct explaining *x, enum wl_policy_part part, const char *key,
                const struct wl_yaml_node *n)
{
	WL_AUTO_FREE char *value = wl_yaml_flow(n);

	if (!value)
		return -ENOMEM;
	const struct wl_policy_said s = {.part = part, .line = n->line, .key = key, .value = value};
	return x->each(x->user, &s);
}

/* Each key of a mapping; anything else whole. */
static int tell_all(const struct explaining *x, enum wl_policy_part part, const char *path,
                    const struct wl_yaml_node *n)
{
	int r = 0;

	if (n->kind != WL_YAML_MAP)
		return tell(x, part, path, n);
	for (const struct wl_yaml_node *c = n->first; c && r == 0; c = c->next) {
		char key[KEY_TEXT];
		(void)snprintf(key, sizeof(key), "%s.%s", path, c->key);
		r = tell(x, part, key, c);
	}
	return r;
}

static int follow(const struct explaining *x, const struct kind *k, const struct wl_yaml_node *n);

static int follow_one(const struct explaining *x, const struct kind *k,
                      const struct wl_yaml_node *name)
{
	const struct wl_yaml_node *map = wl_yaml_child(x->root, k->refers_to), *n = NULL;
	char path[KEY_TEXT];

	if (map && name->kind == WL_YAML_SCALAR)
		n = wl_yaml_child(map, name->text);
	if (!n)
		return 0; /* `policy check` says that it is not there */
	(void)snprintf(path, sizeof(path), "%s.%s", k->refers_to, name->text);
	int r = tell_all(x, WL_PART_USED, path, n);
	return r < 0 ? r : follow(x, kind_of(k->refers_to), n);
}

/* What its key refers to, and what that refers to: devices, vendors, trust, people; never back. */
static int follow(const struct explaining *x, const struct kind *k, const struct wl_yaml_node *n)
{
	const struct wl_yaml_node *v = k->key ? wl_yaml_child(n, k->key) : NULL;
	int r = 0;

	if (!v || v->kind != WL_YAML_LIST)
		return v ? follow_one(x, k, v) : 0;
	for (const struct wl_yaml_node *c = v->first; c && r == 0; c = c->next)
		r = follow_one(x, k, c);
	return r;
}

static bool names(const struct wl_yaml_node *n, const char *word)
{
	if (n->kind == WL_YAML_SCALAR)
		return strcmp(n->text, word) == 0;
	for (const struct wl_yaml_node *c = n->first; n->kind == WL_YAML_LIST && c; c = c->next)
		if (names(c, word))
			return true;
	return false;
}

/* Every key, however deep, whose value is the word or lists it. */
static int named_by(const struct explaining *x, const char *path, const struct wl_yaml_node *n)
{
	int r = 0;

	if (n->kind != WL_YAML_MAP)
		return names(n, x->word) ? tell(x, WL_PART_NAMED_BY, path, n) : 0;
	for (const struct wl_yaml_node *c = n->first; c && r == 0; c = c->next) {
		char key[KEY_TEXT];
		(void)snprintf(key, sizeof(key), "%s%s%s", path, *path ? "." : "", c->key);
		r = named_by(x, key, c);
	}
	return r;
}

static int for_all(const struct explaining *x, const struct kind *k)
{
	int r = 0;

	for (size_t i = 0; i < WL_ARRAY_LEN(k->for_all) && k->for_all[i] && r == 0; i++) {
		const struct wl_yaml_node *n = wl_yaml_child(x->root, k->for_all[i]);
		if (n)
			r = tell_all(x, WL_PART_FOR_ALL, k->for_all[i], n);
	}
	return r;
}

static const struct wl_yaml_node *find(const struct explaining *x, const struct kind **ret,
                                       char ret_nearest[64])
{
	struct wl_policy_nearest near;

	wl_policy_nearest_begin(&near, x->word);
	for (size_t i = 0; i < WL_ARRAY_LEN(kinds); i++) {
		const struct wl_yaml_node *map = wl_yaml_child(x->root, kinds[i].map);
		if (!map || map->kind != WL_YAML_MAP)
			continue;
		for (const struct wl_yaml_node *c = map->first; c; c = c->next) {
			*ret = &kinds[i];
			if (strcmp(c->key, x->word) == 0)
				return c;
			wl_policy_nearest_offer(&near, c->key, c->key_line);
		}
	}
	(void)snprintf(ret_nearest, 64, "%s", near.best ? near.best : "");
	return NULL;
}

int wl_policy_explain(const void *text, size_t bytes, const char *word,
                      int (*each)(void *user, const struct wl_policy_said *s), void *user,
                      const char **ret_kind, char ret_nearest[64],
                      struct wl_policy_errors *ret_errors)
{
	WL_CLEANUP(wl_yaml_cleanup) struct wl_yaml_node *root = NULL;
	struct explaining x = {.word = word, .each = each, .user = user};
	const struct kind *k = NULL;
	char path[KEY_TEXT];
	int r = wl_yaml_read(text, bytes, &root, ret_errors);

	ret_nearest[0] = '\0';
	if (r < 0)
		return r;
	x.root = root;
	const struct wl_yaml_node *n = find(&x, &k, ret_nearest);
	if (!n)
		return -ENOENT;
	*ret_kind = k->map;
	(void)snprintf(path, sizeof(path), "%s.%s", k->map, word);
	r = tell_all(&x, WL_PART_OWN, path, n);
	if (r == 0)
		r = follow(&x, k, n);
	if (r == 0)
		r = named_by(&x, "", root);
	return r < 0 ? r : for_all(&x, k);
}
