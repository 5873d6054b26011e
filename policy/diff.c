/*
 * Differences between two policies; see diff.h.
 *
 * Both texts are a person's own or the station's, and may be anything: the strict reader bounds
 * them (yaml_read.h) before they are compared here. Compared is what is written, not what it comes
 * to: a key that was left out and one that says the default are different texts, and both are
 * signed. Pure; nothing is kept.
 */
#include "policy/diff.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "policy/yaml_read.h"

#define KEY_TEXT 400 /* of the path to a key; longer ones are cut */

struct walk {
	int (*each)(void *user, const struct wl_policy_change *c);
	void *user;
};

static int tell(const struct walk *w, const char *key, const struct wl_yaml_node *a,
                const struct wl_yaml_node *b)
{
	WL_AUTO_FREE char *before = wl_yaml_flow(a), *after = wl_yaml_flow(b);

	if (!before || !after)
		return -ENOMEM;
	const struct wl_policy_change c = {.kind = !a   ? WL_CHANGE_ADDED
	                                           : !b ? WL_CHANGE_REMOVED
	                                                : WL_CHANGE_OTHER,
	                                   .key = key,
	                                   .before = before,
	                                   .after = after,
	                                   .line = b ? b->line : a->line};
	return w->each(w->user, &c);
}

/* Whether the two say the same, whatever their layout. */
static bool is_same(const struct wl_yaml_node *a, const struct wl_yaml_node *b)
{
	if (a->kind != b->kind || a->n != b->n)
		return false;
	if (a->kind == WL_YAML_SCALAR)
		return strcmp(a->text, b->text) == 0;
	const struct wl_yaml_node *other = b->first;
	for (const struct wl_yaml_node *c = a->first; c; c = c->next) {
		const struct wl_yaml_node *d =
		        a->kind == WL_YAML_MAP ? wl_yaml_child(b, c->key) : other;
		if (!d || !is_same(c, d))
			return false;
		other = other->next;
	}
	return true;
}

static bool holds(const struct wl_yaml_node *list, const struct wl_yaml_node *element)
{
	for (const struct wl_yaml_node *c = list->first; c; c = c->next)
		if (is_same(c, element))
			return true;
	return false;
}

/* Element by element; where the elements are the same, their order or number is another. */
static int compare_lists(const struct walk *w, const char *key, const struct wl_yaml_node *a,
                         const struct wl_yaml_node *b)
{
	bool told = false;
	int r = 0;

	if (is_same(a, b))
		return 0;
	for (const struct wl_yaml_node *c = a->first; c && r == 0; c = c->next)
		if (!holds(b, c)) {
			r = tell(w, key, c, NULL);
			told = true;
		}
	for (const struct wl_yaml_node *c = b->first; c && r == 0; c = c->next)
		if (!holds(a, c)) {
			r = tell(w, key, NULL, c);
			told = true;
		}
	return r < 0 || told ? r : tell(w, key, a, b);
}

static int compare(const struct walk *w, const char *key, const struct wl_yaml_node *a,
                   const struct wl_yaml_node *b);

static int compare_child(const struct walk *w, const char *key, const char *name,
                         const struct wl_yaml_node *a, const struct wl_yaml_node *b)
{
	char path[KEY_TEXT];

	(void)snprintf(path, sizeof(path), "%s%s%s", key, *key ? "." : "", name);
	return a && b ? compare(w, path, a, b) : tell(w, path, a, b);
}

static int compare_maps(const struct walk *w, const char *key, const struct wl_yaml_node *a,
                        const struct wl_yaml_node *b)
{
	int r = 0;

	for (const struct wl_yaml_node *c = a->first; c && r == 0; c = c->next)
		r = compare_child(w, key, c->key, c, wl_yaml_child(b, c->key));
	for (const struct wl_yaml_node *c = b->first; c && r == 0; c = c->next)
		if (!wl_yaml_child(a, c->key))
			r = compare_child(w, key, c->key, NULL, c);
	return r;
}

/* No deeper than WL_YAML_DEPTH_MAX. */
static int compare(const struct walk *w, const char *key, const struct wl_yaml_node *a,
                   const struct wl_yaml_node *b)
{
	if (a->kind == b->kind && a->kind == WL_YAML_MAP)
		return compare_maps(w, key, a, b);
	if (a->kind == b->kind && a->kind == WL_YAML_LIST)
		return compare_lists(w, key, a, b);
	return is_same(a, b) ? 0 : tell(w, key, a, b);
}

int wl_policy_diff(const void *first, size_t first_bytes, const void *second, size_t second_bytes,
                   int (*each)(void *user, const struct wl_policy_change *c), void *user,
                   struct wl_policy_errors *ret_errors, bool *ret_second)
{
	WL_CLEANUP(wl_yaml_cleanup) struct wl_yaml_node *a = NULL;
	WL_CLEANUP(wl_yaml_cleanup) struct wl_yaml_node *b = NULL;
	const struct walk w = {.each = each, .user = user};
	int r = wl_yaml_read(first, first_bytes, &a, ret_errors);

	*ret_second = false;
	if (r < 0 || !a)
		return r < 0 ? r : -EBADMSG;
	*ret_second = true;
	r = wl_yaml_read(second, second_bytes, &b, ret_errors);
	if (r < 0 || !b)
		return r < 0 ? r : -EBADMSG;
	return compare(&w, "", a, b);
}

/* Where line `line` (from 1) begins; NULL where there are not so many. */
static const char *line_start(const char *text, size_t bytes, unsigned line)
{
	const char *at = text, *end = text + bytes;

	while (at && --line > 0) {
		at = memchr(at, '\n', (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	return at;
}

int wl_policy_reissue(const void *text, size_t bytes, uint64_t version, char **ret,
                      size_t *ret_bytes, struct wl_policy_errors *ret_errors)
{
	WL_CLEANUP(wl_yaml_cleanup) struct wl_yaml_node *root = NULL;
	char number[24], *out = NULL;
	int r = wl_yaml_read(text, bytes, &root, ret_errors);

	if (r < 0)
		return r;
	const struct wl_yaml_node *v =
	        root->kind == WL_YAML_MAP ? wl_yaml_child(root, "version") : NULL;
	const char *line = v ? line_start(text, bytes, v->line) : NULL;
	if (!line || v->kind != WL_YAML_SCALAR || v->quoted || !v->text[0] ||
	    v->text[strspn(v->text, "0123456789")])
		return -EINVAL;
	const char *end = (const char *)text + bytes, *at = line + v->column - 1;
	size_t old = strlen(v->text);
	if (at > end || (size_t)(end - at) < old || memcmp(at, v->text, old) != 0)
		return -EINVAL;
	size_t before = (size_t)(at - (const char *)text), behind = bytes - before - old;
	int n = snprintf(number, sizeof(number), "%" PRIu64, version);
	out = malloc(bytes + sizeof(number) + 1);
	if (!out)
		return -ENOMEM;
	memcpy(out, text, before);
	memcpy(out + before, number, (size_t)n);
	memcpy(out + before + n, at + old, behind);
	*ret_bytes = before + (size_t)n + behind;
	out[*ret_bytes] = '\0';
	*ret = out;
	return 0;
}
