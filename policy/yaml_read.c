/*
 * Strict reading of YAML through libyaml's events.
 *
 * At a station the bytes are a policy whose signature was verified before; in `weighlock policy
 * check` and `verify --policy` they are the user's own file. An attacker who controls them anyway
 * meets bounds on bytes, depth and number of nodes, and none of the features (aliases, tags,
 * anchors, merges) by which a small YAML file becomes a large or a different one. Runs in the
 * broker and in the offline client; keeps nothing.
 */
#include "policy/yaml_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "policy/errors.h"
#include "policy/words.h"

struct reading {
	yaml_parser_t parser;
	struct wl_policy_errors *errors;
	size_t nodes;
	struct wl_yaml_node *stack[WL_YAML_DEPTH_MAX]; /* open collections */
	size_t depth;
	struct wl_yaml_node *root;
	struct wl_yaml_node *pending; /* a mapping's key that waits for its value */
};

struct wl_yaml_node *wl_yaml_free(struct wl_yaml_node *node)
{
	while (node) {
		struct wl_yaml_node *next = node->next;
		wl_yaml_free(node->first); /* as deep as WL_YAML_DEPTH_MAX */
		free(node->key);
		free(node->text);
		free(node);
		node = next;
	}
	return NULL;
}

void wl_yaml_cleanup(struct wl_yaml_node **node)
{
	*node = wl_yaml_free(*node);
}

static int refuse_at(struct reading *r, yaml_mark_t mark, const char *text, const char *word)
{
	wl_policy_errors_add(r->errors, &(struct wl_policy_complaint){
	                                        .rule = WL_RULE_POLICY_SYNTAX,
	                                        .line = (unsigned)mark.line + 1,
	                                        .column = (unsigned)mark.column + 1,
	                                        .text = text,
	                                        .word = word,
	                                });
	return -EBADMSG;
}

/* What libyaml itself has against the bytes. */
static int refuse_parser(struct reading *r)
{
	if (r->parser.error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	return refuse_at(r, r->parser.problem_mark, N_("this is no valid YAML: {word}"),
	                 r->parser.problem);
}

static int new_node(struct reading *r, const yaml_event_t *e, enum wl_yaml_kind kind,
                    struct wl_yaml_node **ret)
{
	if (++r->nodes > WL_YAML_NODES_MAX)
		return refuse_at(r, e->start_mark, N_("the policy has too many values"), NULL);
	struct wl_yaml_node *node = calloc(1, sizeof(*node));
	if (!node)
		return -ENOMEM;
	node->kind = kind;
	node->line = (unsigned)e->start_mark.line + 1;
	node->column = (unsigned)e->start_mark.column + 1;
	*ret = node;
	return 0;
}

static bool has_control(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7F)
			return true;
	return false;
}

static int check_scalar(struct reading *r, const yaml_event_t *e)
{
	const char *value = (const char *)e->data.scalar.value;
	yaml_scalar_style_t style = e->data.scalar.style;
	if (e->data.scalar.anchor)
		return refuse_at(r, e->start_mark, N_("anchors (&name) are not allowed"), NULL);
	if (e->data.scalar.tag)
		return refuse_at(r, e->start_mark, N_("tags (!name) are not allowed"), NULL);
	if (style != YAML_PLAIN_SCALAR_STYLE && style != YAML_DOUBLE_QUOTED_SCALAR_STYLE)
		return refuse_at(r, e->start_mark,
		                 N_("text stands plain or in double quotes, in no other form"),
		                 NULL);
	if (has_control(value, e->data.scalar.length))
		return refuse_at(r, e->start_mark, N_("control characters are not allowed"), NULL);
	return 0;
}

static int take_key(struct reading *r, const yaml_event_t *e)
{
	const char *key = (const char *)e->data.scalar.value;
	struct wl_yaml_node *map = r->stack[r->depth - 1];
	for (const struct wl_yaml_node *c = map->first; c; c = c->next)
		if (strcmp(c->key, key) == 0)
			return refuse_at(r, e->start_mark, N_("{word} stands here twice"), key);
	struct wl_yaml_node *node;
	int q = new_node(r, e, WL_YAML_SCALAR, &node);
	if (q < 0)
		return q;
	node->key = strdup(key);
	node->key_line = node->line;
	node->key_column = node->column;
	r->pending = node;
	return node->key ? 0 : -ENOMEM;
}

/* Hangs a finished or opened node where the reading stands. */
static void attach(struct reading *r, struct wl_yaml_node *node)
{
	if (r->depth == 0) {
		r->root = node;
		return;
	}
	struct wl_yaml_node *parent = r->stack[r->depth - 1];
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	parent->n++;
}

/* The node an event fills: the pending value of a mapping, or a new one. */
static int node_for(struct reading *r, const yaml_event_t *e, enum wl_yaml_kind kind,
                    struct wl_yaml_node **ret)
{
	struct wl_yaml_node *node = TAKE_PTR(r->pending);
	if (!node) {
		int q = new_node(r, e, kind, &node);
		if (q < 0)
			return q;
	}
	node->kind = kind;
	node->line = (unsigned)e->start_mark.line + 1;
	node->column = (unsigned)e->start_mark.column + 1;
	attach(r, node);
	*ret = node;
	return 0;
}

static bool wants_key(const struct reading *r)
{
	return r->depth > 0 && r->stack[r->depth - 1]->kind == WL_YAML_MAP && !r->pending;
}

static int take_scalar(struct reading *r, const yaml_event_t *e)
{
	int q = check_scalar(r, e);
	if (q < 0)
		return q;
	if (wants_key(r)) {
		if (e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
			return refuse_at(r, e->start_mark, N_("a key stands without quotes"), NULL);
		return take_key(r, e);
	}
	struct wl_yaml_node *node;
	q = node_for(r, e, WL_YAML_SCALAR, &node);
	if (q < 0)
		return q;
	node->text = strdup((const char *)e->data.scalar.value);
	node->quoted = e->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	return node->text ? 0 : -ENOMEM;
}

static int open_collection(struct reading *r, const yaml_event_t *e, enum wl_yaml_kind kind,
                           const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor)
		return refuse_at(r, e->start_mark, N_("anchors (&name) are not allowed"), NULL);
	if (tag)
		return refuse_at(r, e->start_mark, N_("tags (!name) are not allowed"), NULL);
	if (wants_key(r))
		return refuse_at(r, e->start_mark, N_("a key is one word"), NULL);
	if (r->depth >= WL_YAML_DEPTH_MAX)
		return refuse_at(r, e->start_mark, N_("the policy is nested too deeply"), NULL);
	struct wl_yaml_node *node;
	int q = node_for(r, e, kind, &node);
	if (q < 0)
		return q;
	r->stack[r->depth++] = node;
	return 0;
}

static int take_document(struct reading *r, const yaml_event_t *e)
{
	if (r->root)
		return refuse_at(r, e->start_mark, N_("a policy is one document"), NULL);
	if (e->data.document_start.version_directive ||
	    e->data.document_start.tag_directives.start !=
	            e->data.document_start.tag_directives.end)
		return refuse_at(r, e->start_mark, N_("directives (%NAME) are not allowed"), NULL);
	return 0;
}

static int take_event(struct reading *r, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		return take_document(r, e);
	case YAML_ALIAS_EVENT:
		return refuse_at(r, e->start_mark, N_("aliases (*name) are not allowed"), NULL);
	case YAML_SCALAR_EVENT:
		return take_scalar(r, e);
	case YAML_SEQUENCE_START_EVENT:
		return open_collection(r, e, WL_YAML_LIST, e->data.sequence_start.anchor,
		                       e->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return open_collection(r, e, WL_YAML_MAP, e->data.mapping_start.anchor,
		                       e->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		r->depth--;
		return 0;
	default:
		return 0;
	}
}

static int read_events(struct reading *r)
{
	for (bool done = false; !done;) {
		yaml_event_t e;
		if (!yaml_parser_parse(&r->parser, &e))
			return refuse_parser(r);
		int q = take_event(r, &e);
		done = e.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&e);
		if (q < 0)
			return q;
	}
	return 0;
}

/* What must be so before libyaml sees a byte. */
static int check_bytes(struct reading *r, const void *p, size_t n)
{
	yaml_mark_t start = {0};
	if (n > WL_POLICY_BYTES_MAX)
		return refuse_at(r, start, N_("the policy is larger than 256 KiB"), NULL);
	if (!wl_utf8_is_valid(p, n))
		return refuse_at(r, start, N_("the policy is not UTF-8 text"), NULL);
	if (n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0)
		return refuse_at(r, start, N_("the policy begins with a byte order mark"), NULL);
	return 0;
}

int wl_yaml_read(const void *p, size_t n, struct wl_yaml_node **ret,
                 struct wl_policy_errors *errors)
{
	struct reading r = {.errors = errors};
	int q = check_bytes(&r, p, n);
	if (q < 0)
		return q;
	if (!yaml_parser_initialize(&r.parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, p, n);
	q = read_events(&r);
	yaml_parser_delete(&r.parser);
	wl_yaml_free(r.pending);
	if (q == 0 && (!r.root || r.root->kind != WL_YAML_MAP))
		q = refuse_at(&r, (yaml_mark_t){0}, N_("a policy is a mapping of keys to values"),
		              NULL);
	if (q < 0) {
		wl_yaml_free(r.root);
		return q;
	}
	*ret = r.root;
	return 0;
}
