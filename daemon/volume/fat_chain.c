/*
 * Following chains of clusters.
 *
 * Runs in read-medium (worker-volume). The attacker controls where every chain begins and leads.
 * Each cluster can be claimed once on the whole volume, so all the chains together take no more
 * steps than the volume has clusters: a loop ends at its first repetition, and two files that
 * share a cluster are refused when they are listed, before a byte of either is delivered. Writes
 * nothing: power does not matter.
 */
#include "daemon/volume/fat_chain.h"

#include <stdbool.h>
#include <stdlib.h>

#include "daemon/base/cleanup.h"

struct wl_fat_chains {
	struct wl_fat_table *table;
	const struct wl_fat_geometry *g;
	struct wl_listing *listing;
	uint8_t *claimed;     /* a bit per cluster, from cluster 2 */
	const uint8_t *taken; /* the same; NULL: the volume keeps no such map */
};

int wl_fat_chains_new(struct wl_fat_table *t, const struct wl_fat_geometry *g, struct wl_listing *l,
                      struct wl_fat_chains **ret)
{
	WL_CLEANUP(wl_fat_chains_cleanup) struct wl_fat_chains *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->claimed = calloc(1, g->clusters / 8U + 1U);
	if (!c->claimed)
		return -ENOMEM;
	c->table = t;
	c->g = g;
	c->listing = l;
	*ret = TAKE_PTR(c);
	return 0;
}

struct wl_fat_chains *wl_fat_chains_free(struct wl_fat_chains *c)
{
	if (c) {
		free(c->claimed);
		free(c);
	}
	return NULL;
}

void wl_fat_chains_cleanup(struct wl_fat_chains **c)
{
	*c = wl_fat_chains_free(*c);
}

/* One chain while it is followed. */
struct walk {
	struct wl_fat_chains *c;
	size_t index, first_extent, extents;
	uint64_t clusters; /* so far */
	struct wl_finding *f;
};

static uint64_t cluster_offset(const struct wl_fat_geometry *g, uint32_t cluster)
{
	return g->data + (uint64_t)(cluster - 2) * g->cluster_bytes;
}

static bool is_in_this_chain(const struct walk *w, uint32_t cluster)
{
	uint64_t offset = cluster_offset(w->c->g, cluster);
	for (size_t i = 0; i < w->extents; i++) {
		const struct wl_extent *e = &w->c->listing->extents[w->first_extent + i];
		if (offset >= e->offset && offset - e->offset < e->bytes)
			return true;
	}
	return false;
}

#define SAY_BYTES 150U

static int refuse(const struct walk *w, enum wl_rule rule, const char *what, uint32_t cluster)
{
	char name[SAY_BYTES];
	wl_listing_say(w->c->listing, w->index, name, sizeof(name));
	return wl_refuse(w->f, rule, "%s %u: %s", what, cluster, name);
}

/* 0 where nothing has the cluster yet. */
static int check_unclaimed(const struct walk *w, uint32_t cluster)
{
	if (!(w->c->claimed[(cluster - 2) / 8] & (1U << ((cluster - 2) % 8))))
		return 0;
	if (is_in_this_chain(w, cluster))
		return refuse(w, WL_RULE_VOLUME_CHAIN_LOOP, "comes back to cluster", cluster);
	return refuse(w, WL_RULE_VOLUME_CHAIN_CROSSED, "something else already has cluster",
	              cluster);
}

/* Claims a cluster for this chain and adds its place to the extents. */
static int claim(struct walk *w, uint32_t cluster)
{
	const uint8_t *taken = w->c->taken;
	if (taken && !(taken[(cluster - 2) / 8] & (1U << ((cluster - 2) % 8))))
		return refuse(w, WL_RULE_VOLUME_SIZE_WRONG, "has what is given as free, cluster",
		              cluster);
	uint8_t *byte = &w->c->claimed[(cluster - 2) / 8];
	*byte = (uint8_t)(*byte | (1U << ((cluster - 2) % 8)));
	w->clusters++;
	return wl_listing_add_extent(w->c->listing, &w->extents, cluster_offset(w->c->g, cluster),
	                             w->c->g->cluster_bytes, w->f);
}

static int follow(struct walk *w, uint32_t cluster, uint64_t clusters_max, bool is_folder)
{
	for (;;) {
		enum wl_fat_link link;
		uint32_t next;
		int r = check_unclaimed(w, cluster);
		if (r < 0)
			return r;
		if (w->clusters == clusters_max)
			return is_folder ? refuse(w, WL_RULE_VOLUME_TOO_MANY_FILES,
			                          "more records than a folder may have, cluster",
			                          cluster)
			                 : refuse(w, WL_RULE_VOLUME_SIZE_WRONG,
			                          "the chain is longer than the size, cluster",
			                          cluster);
		r = claim(w, cluster);
		if (r == 0)
			r = wl_fat_table_get(w->c->table, cluster, &link, &next, w->f);
		if (r < 0)
			return r;
		if (link == WL_FAT_END)
			return 0;
		if (link != WL_FAT_NEXT)
			return refuse(
			        w, WL_RULE_VOLUME_SIZE_WRONG,
			        link == WL_FAT_FREE  ? "the chain leads to nothing after cluster"
			        : link == WL_FAT_BAD ? "the chain leads to a bad cluster after"
			                             : "the chain leaves the volume after cluster",
			        cluster);
		cluster = next;
	}
}

int wl_fat_chain_follow(struct wl_fat_chains *c, size_t index, uint32_t first, uint64_t bytes,
                        size_t *ret_first, size_t *ret_count, struct wl_finding *ret_finding)
{
	struct walk w = {
	        .c = c, .index = index, .first_extent = c->listing->nextents, .f = ret_finding};
	bool is_folder = bytes == UINT64_MAX;
	uint64_t size = c->g->cluster_bytes;
	uint64_t wanted = is_folder ? 0 : bytes / size + (bytes % size != 0);
	uint64_t most = is_folder ? (c->g->folder_bytes + size - 1) / size : wanted;
	if (!is_folder && wanted == 0 && first == 0) {
		*ret_first = w.first_extent;
		*ret_count = 0;
		return 0;
	}
	if (first < 2 || first - 2 >= c->g->clusters)
		return refuse(&w, WL_RULE_VOLUME_SIZE_WRONG,
		              "begins at no cluster of the volume:", first);
	int r = follow(&w, first, most, is_folder);
	if (r < 0)
		return r;
	if (w.clusters < wanted)
		return refuse(&w, WL_RULE_VOLUME_SIZE_WRONG,
		              "the chain is shorter than the size; last cluster", first);
	*ret_first = w.first_extent;
	*ret_count = w.extents;
	return 0;
}

int wl_fat_chain_take_run(struct wl_fat_chains *c, size_t index, uint32_t first, uint64_t bytes,
                          size_t *ret_first, size_t *ret_count, struct wl_finding *ret_finding)
{
	struct walk w = {
	        .c = c, .index = index, .first_extent = c->listing->nextents, .f = ret_finding};
	uint64_t wanted = bytes / c->g->cluster_bytes + (bytes % c->g->cluster_bytes != 0);
	if (first < 2 || first - 2 >= c->g->clusters || wanted > c->g->clusters - (first - 2))
		return refuse(&w, WL_RULE_VOLUME_SIZE_WRONG,
		              "does not lie in the volume whole, from cluster", first);
	for (uint64_t i = 0; i < wanted; i++) {
		uint32_t cluster = first + (uint32_t)i;
		int r = check_unclaimed(&w, cluster);
		if (r == 0)
			r = claim(&w, cluster);
		if (r < 0)
			return r;
	}
	*ret_first = w.first_extent;
	*ret_count = w.extents;
	return 0;
}

void wl_fat_chains_set_map(struct wl_fat_chains *c, const uint8_t *taken)
{
	c->taken = taken;
}
