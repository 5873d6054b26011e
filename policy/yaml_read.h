/*
 * The part of YAML a policy may use, as a tree of nodes.
 *
 * Accepted: one document of mappings, lists and scalars (plain or double-quoted), in flow or block
 * style. Refused (policy.syntax): aliases, anchors, tags, directives, a second document,
 * single-quoted and block scalars, a key twice, keys that are no plain scalars, control characters,
 * anything that is not strict UTF-8, more than WL_POLICY_BYTES_MAX bytes, 8 levels or 20,000 nodes.
 */
#ifndef WL_POLICY_YAML_READ_H
#define WL_POLICY_YAML_READ_H

#include "policy/model.h"

enum wl_yaml_kind { WL_YAML_SCALAR = 1, WL_YAML_LIST, WL_YAML_MAP };

struct wl_yaml_node {
	enum wl_yaml_kind kind;
	unsigned line, column; /* from 1 */
	char *key;             /* where the parent is a mapping */
	unsigned key_line, key_column;
	char *text; /* SCALAR: no NUL inside */
	bool quoted;
	struct wl_yaml_node *first, *last; /* LIST, MAP: children in their order */
	struct wl_yaml_node *next;         /* sibling */
	size_t n;                          /* children */
};

#define WL_YAML_DEPTH_MAX 8
#define WL_YAML_NODES_MAX 20000

/* 0; -EBADMSG with one policy.syntax error added; -ENOMEM. Free with wl_yaml_free. */
int wl_yaml_read(const void *p, size_t n, struct wl_yaml_node **ret,
                 struct wl_policy_errors *errors);
struct wl_yaml_node *wl_yaml_free(struct wl_yaml_node *node); /* the whole tree; returns NULL */
void wl_yaml_cleanup(struct wl_yaml_node **node);

/* The child of that key; NULL where `map` is no mapping or has none (yaml_flow.c). */
const struct wl_yaml_node *wl_yaml_child(const struct wl_yaml_node *map, const char *key);
/* A node in one line: text, [a, b], {k: v}; "" for NULL. free it. NULL without memory. */
char *wl_yaml_flow(const struct wl_yaml_node *n);

#endif
