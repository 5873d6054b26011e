/*
 * Paths of a manifest to a tree.
 *
 * Runs in build-volume (worker-tool). The paths were decided upon, but a vendor chose them; what a
 * reader of ours would refuse (depth, length, number) is refused here before anything is written.
 * Folders are numbered before files, so that a node's number is also its place in the order in
 * which clusters are given. Pure: power does not matter.
 */
#include "daemon/volume/tree.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"

/* Where a node is found by its folder and name; open addressing, at most half full. */
struct index {
	size_t room;
	uint32_t *places; /* WL_LAYOUT_NONE: free */
};

struct builder {
	struct wl_layout *l;
	struct index index;
	struct wl_finding *f;
};

static int refuse_path(const struct builder *b, enum wl_rule rule, const struct wl_build_file *file)
{
	char shown[WL_DETAIL_MAX + 1];
	wl_text_escape(file->path, file->path_bytes, shown, sizeof(shown));
	return wl_refuse(b->f, rule, "%s", shown);
}

static uint32_t *find(const struct builder *b, uint32_t parent, const char *name, size_t n)
{
	uint64_t hash = 0xcbf29ce484222325U ^ parent;
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ (uint8_t)name[i]) * 0x100000001b3U;
	for (size_t i = (size_t)(hash % b->index.room);; i = (i + 1) % b->index.room) {
		uint32_t *place = &b->index.places[i];
		if (*place == WL_LAYOUT_NONE)
			return place;
		const struct wl_layout_node *have = &b->l->nodes[*place];
		if (have->parent == parent && have->name_bytes == n &&
		    memcmp(have->name, name, n) == 0)
			return place;
	}
}

static uint32_t add_node(struct builder *b, uint32_t parent, const char *name, size_t n,
                         uint32_t file)
{
	struct wl_layout *l = b->l;
	uint32_t number = l->nnodes++;
	l->nodes[number] = (struct wl_layout_node){.name = name,
	                                           .name_bytes = (uint32_t)n,
	                                           .parent = parent,
	                                           .file = file,
	                                           .first_child = WL_LAYOUT_NONE,
	                                           .last_child = WL_LAYOUT_NONE,
	                                           .next = WL_LAYOUT_NONE};
	if (parent == WL_LAYOUT_NONE)
		return number;
	struct wl_layout_node *folder = &l->nodes[parent];
	if (folder->last_child == WL_LAYOUT_NONE)
		folder->first_child = number;
	else
		l->nodes[folder->last_child].next = number;
	folder->last_child = number;
	folder->children++;
	return number;
}

/* The next name of a path; false at its end. `*at` moves behind the '/'. */
static bool next_name(const struct wl_build_file *file, size_t *at, const char **ret, size_t *ret_n,
                      bool *ret_last)
{
	if (*at > file->path_bytes)
		return false;
	const char *start = file->path + *at;
	size_t left = file->path_bytes - *at;
	const char *slash = left ? memchr(start, '/', left) : NULL;
	*ret = start;
	*ret_n = slash ? (size_t)(slash - start) : left;
	*ret_last = !slash;
	*at += *ret_n + 1;
	return true;
}

/* The folders of one path; *ret_folder and the rest, the file's own name. */
static int walk_folders(struct builder *b, const struct wl_build_file *file, bool make,
                        uint32_t *ret_folder, const char **ret_name, size_t *ret_n)
{
	size_t at = 0, n = 0;
	const char *name = NULL;
	bool last;
	uint32_t folder = WL_LAYOUT_ROOT;
	unsigned depth = 0;
	while (next_name(file, &at, &name, &n, &last)) {
		if (n == 0)
			return refuse_path(b, WL_RULE_NAME_EMPTY, file);
		if (++depth > WL_VOLUME_DEPTH_MAX)
			return refuse_path(b, WL_RULE_VOLUME_TOO_DEEP, file);
		if (last)
			break;
		uint32_t *place = find(b, folder, name, n);
		if (*place == WL_LAYOUT_NONE && make) {
			if (b->l->nnodes > WL_TRANSFER_FILES_MAX)
				return refuse_path(b, WL_RULE_VOLUME_TOO_MANY_FILES, file);
			*place = add_node(b, folder, name, n, WL_LAYOUT_NONE);
		}
		folder = *place;
	}
	*ret_folder = folder;
	*ret_name = name;
	*ret_n = n;
	return 0;
}

static int add_file(struct builder *b, uint32_t number)
{
	const struct wl_build_file *file = &b->l->order.files[number];
	uint32_t folder;
	const char *name;
	size_t n;
	int r = walk_folders(b, file, false, &folder, &name, &n);
	if (r < 0)
		return r;
	uint32_t *place = find(b, folder, name, n);
	if (*place != WL_LAYOUT_NONE)
		return refuse_path(b, WL_RULE_NAME_DUPLICATE, file);
	if (b->l->nnodes > WL_TRANSFER_FILES_MAX)
		return refuse_path(b, WL_RULE_VOLUME_TOO_MANY_FILES, file);
	*place = add_node(b, folder, name, n, number);
	b->l->nodes[*place].bytes = file->bytes;
	return 0;
}

static int make_nodes(struct builder *b)
{
	const char *name;
	uint32_t folder;
	size_t n;
	int r = 0;
	(void)add_node(b, WL_LAYOUT_NONE, "", 0, WL_LAYOUT_NONE);
	for (size_t i = 0; i < b->l->order.nfiles && r == 0; i++) {
		const struct wl_build_file *file = &b->l->order.files[i];
		r = file->path_bytes > WL_VOLUME_PATH_BYTES_MAX
		            ? refuse_path(b, WL_RULE_NAME_TOO_LONG, file)
		            : walk_folders(b, file, true, &folder, &name, &n);
	}
	b->l->nfolders = b->l->nnodes;
	for (size_t i = 0; i < b->l->order.nfiles && r == 0; i++)
		r = add_file(b, (uint32_t)i);
	return r;
}

int wl_tree_make(struct wl_layout *l, struct wl_finding *ret_finding)
{
	struct builder b = {.l = l, .f = ret_finding};
	if (l->order.nfiles > WL_TRANSFER_FILES_MAX)
		return wl_refuse(ret_finding, WL_RULE_VOLUME_TOO_MANY_FILES,
		                 "%zu files, at most %u", l->order.nfiles, WL_TRANSFER_FILES_MAX);
	size_t nodes = WL_TRANSFER_FILES_MAX + 2;
	WL_AUTO_FREE uint32_t *places = malloc(2 * nodes * sizeof(*places));
	l->nodes = calloc(nodes, sizeof(l->nodes[0]));
	if (!places || !l->nodes)
		return -ENOMEM;
	memset(places, 0xFF, 2 * nodes * sizeof(*places));
	b.index = (struct index){.room = 2 * nodes, .places = places};
	return make_nodes(&b);
}
