/*
 * Looking at a policy's tree as text; see yaml_read.h.
 *
 * The tree was bounded by the reader (depth, nodes, bytes), so what is printed here is bounded too;
 * nothing is escaped: who shows it does that. Pure; nothing is kept.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/yaml_read.h"

const struct wl_yaml_node *wl_yaml_child(const struct wl_yaml_node *map, const char *key)
{
	const struct wl_yaml_node *c = map->kind == WL_YAML_MAP ? map->first : NULL;

	while (c && strcmp(c->key, key) != 0)
		c = c->next;
	return c;
}

static void print_flow(FILE *out, const struct wl_yaml_node *n)
{
	if (n->kind == WL_YAML_SCALAR) {
		(void)fputs(n->text, out);
		return;
	}
	(void)fputc(n->kind == WL_YAML_LIST ? '[' : '{', out);
	for (const struct wl_yaml_node *c = n->first; c; c = c->next) {
		if (n->kind == WL_YAML_MAP)
			(void)fprintf(out, "%s: ", c->key);
		print_flow(out, c);
		if (c->next)
			(void)fputs(", ", out);
	}
	(void)fputc(n->kind == WL_YAML_LIST ? ']' : '}', out);
}

char *wl_yaml_flow(const struct wl_yaml_node *n)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	if (n)
		print_flow(out, n);
	bool bad = ferror(out) != 0;
	if (fclose(out) != 0 || bad) {
		free(text);
		return NULL;
	}
	return text;
}
