/*
 * ISO 9660 with Joliet and Rock Ridge: the whole tree, listed folder by folder.
 *
 * Runs in read-medium (worker-volume). The attacker controls one or two trees over the same bytes.
 * Windows shows Joliet's, Linux Rock Ridge's: Joliet's is listed where there is one, and a volume
 * whose two trees do not hold the same files under the same names is refused. Our own reader
 * instead of an archive library, because such a library fetches folders and files as it comes to
 * them, and here every block is fetched once. Writes nothing: power does not matter.
 */
#include "daemon/volume/iso_volume.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/base/bytes.h"
#include "daemon/base/cleanup.h"
#include "daemon/volume/driver.h"
#include "daemon/volume/folder_names.h"
#include "daemon/volume/iso_record.h"
#include "daemon/volume/sort.h"
#include "daemon/volume/unit_name.h"

#define ROOT              SIZE_MAX
#define NOTHING           SIZE_MAX
#define SAY_BYTES         96U
#define AREAS_MAX         8192U /* blocks of Rock Ridge fields: 16 MiB */
#define JOLIET_NAME_UNITS 64U

struct kept_area {
	uint32_t block;
	uint8_t *p;
};

struct iso_lister {
	struct wl_device *device;
	uint64_t start;
	struct wl_iso_volume volume;
	struct wl_listing *listing;
	enum wl_iso_names names;
	uint8_t skip;
	size_t nareas, areas_room;
	struct kept_area *areas;
	struct wl_finding *f;
};

struct folder {
	struct iso_lister *l;
	size_t index; /* in the listing, or ROOT */
	uint32_t block;
	size_t open; /* the file whose next part must follow, or NOTHING */
	struct wl_folder_names *names;
};

static int say_where(struct folder *at)
{
	char where[SAY_BYTES], detail[WL_DETAIL_MAX + 1];
	wl_listing_say(at->l->listing, at->index, where, sizeof(where));
	(void)snprintf(detail, sizeof(detail), "%s", at->l->f->detail);
	return wl_refuse(at->l->f, at->l->f->rule, "in %s: %s", where, detail);
}

static int fetch(struct iso_lister *l, uint32_t block, size_t n, uint8_t *to)
{
	uint64_t blocks = (n + WL_ISO_BLOCK_BYTES - 1) / WL_ISO_BLOCK_BYTES;
	if (block + blocks > l->volume.blocks)
		return wl_refuse(l->f, WL_RULE_VOLUME_SIZE_WRONG, "a folder lies at block %u of %u",
		                 block, l->volume.blocks);
	int r = wl_device_fetch(l->device, l->start + (uint64_t)block * WL_ISO_BLOCK_BYTES, n, to);
	if (r == -EALREADY)
		return wl_refuse(l->f, WL_RULE_VOLUME_CHAIN_CROSSED,
		                 "a folder lies where something else was read");
	return r;
}

/* ---- Rock Ridge areas: many records share a block ---- */

static const struct kept_area *find_area(const struct iso_lister *l, uint32_t block)
{
	for (size_t i = l->nareas; i-- > 0;)
		if (l->areas[i].block == block)
			return &l->areas[i];
	return NULL;
}

static int keep_area(struct iso_lister *l, uint32_t block)
{
	if (l->nareas == AREAS_MAX)
		return wl_refuse(l->f, WL_RULE_VOLUME_TOO_MANY_FILES,
		                 "more than %u blocks of Rock Ridge fields", AREAS_MAX);
	int r = wl_listing_charge(l->listing, WL_ISO_BLOCK_BYTES + sizeof(struct kept_area), l->f);
	if (r < 0)
		return r;
	if (l->nareas == l->areas_room) {
		size_t room = l->areas_room * 2 + 16;
		struct kept_area *p = reallocarray(l->areas, room, sizeof(*p));
		if (!p)
			return -ENOMEM;
		l->areas = p;
		l->areas_room = room;
	}
	WL_AUTO_FREE uint8_t *p = malloc(WL_ISO_BLOCK_BYTES);
	if (!p)
		return -ENOMEM;
	r = fetch(l, block, WL_ISO_BLOCK_BYTES, p);
	if (r == 0)
		l->areas[l->nareas++] = (struct kept_area){block, TAKE_PTR(p)};
	return r;
}

static int go_on(void *user, uint32_t block, uint32_t offset, uint32_t n, const uint8_t **ret,
                 struct wl_finding *f)
{
	struct iso_lister *l = user;
	if (offset > WL_ISO_BLOCK_BYTES || n > WL_ISO_BLOCK_BYTES - offset)
		return wl_refuse(f, WL_RULE_VOLUME_FOLDER_BAD, "fields over a block's end");
	if (!find_area(l, block)) {
		int r = keep_area(l, block);
		if (r < 0)
			return r;
	}
	*ret = find_area(l, block)->p + offset;
	return 0;
}

static void lister_clear(struct iso_lister *l)
{
	for (size_t i = 0; i < l->nareas; i++)
		free(l->areas[i].p);
	free(l->areas);
}

/* ---- folders ---- */

/* One part of a file. */
static int add_part(struct folder *at, size_t index, const struct wl_iso_record *e)
{
	struct iso_lister *l = at->l;
	struct wl_listing_entry *entry = &l->listing->entries[index];
	uint64_t blocks = ((uint64_t)e->bytes + WL_ISO_BLOCK_BYTES - 1) / WL_ISO_BLOCK_BYTES;
	if (e->bytes == 0)
		return 0;
	if (e->block + blocks > l->volume.blocks)
		return wl_refuse(l->f, WL_RULE_VOLUME_SIZE_WRONG,
		                 "a file of %u bytes lies at block %u of %u", e->bytes, e->block,
		                 l->volume.blocks);
	if (entry->bytes % WL_ISO_BLOCK_BYTES)
		return wl_refuse(l->f, WL_RULE_VOLUME_SIZE_WRONG,
		                 "a file goes on in the middle of a block");
	if (entry->extents == 0)
		entry->extent = l->listing->nextents;
	size_t extents = entry->extents;
	int r = wl_listing_add_extent(l->listing, &extents,
	                              l->start + (uint64_t)e->block * WL_ISO_BLOCK_BYTES, e->bytes,
	                              l->f);
	if (r < 0)
		return r;
	entry = &l->listing->entries[index];
	entry->extents = extents;
	entry->bytes += e->bytes;
	l->listing->bytes += e->bytes;
	return 0;
}

static int add_entry(struct folder *at, const struct wl_iso_record *e, size_t *ret_index)
{
	struct iso_lister *l = at->l;
	char name[WL_NAME_UTF8_MAX];
	size_t name_bytes;
	bool is_folder = e->is_folder || e->child;
	int r = wl_unit_name_to_utf8(e->units, e->nunits, name, &name_bytes, l->f);
	if (r == 0)
		r = wl_folder_names_add(at->names, e->units, e->nunits, NULL, l->f);
	if (r == 0)
		r = wl_listing_add(l->listing, at->index, name, name_bytes, is_folder, ret_index,
		                   l->f);
	if (r < 0)
		return r;
	struct wl_listing_entry *entry = &l->listing->entries[*ret_index];
	if (is_folder)
		entry->reader =
		        e->child ? (uint64_t)e->child << 32 : (uint64_t)e->block << 32 | e->bytes;
	else if (e->is_link)
		entry->refused = WL_RULE_VOLUME_LINK;
	else
		return add_part(at, *ret_index, e);
	return 0;
}

static bool is_same_name(const struct folder *at, const struct wl_iso_record *e)
{
	char name[WL_NAME_UTF8_MAX];
	size_t name_bytes, path_bytes;
	struct wl_finding unused;
	const char *path = wl_listing_path(at->l->listing, at->open, &path_bytes);
	return wl_unit_name_to_utf8(e->units, e->nunits, name, &name_bytes, &unused) == 0 &&
	       name_bytes <= path_bytes &&
	       memcmp(path + path_bytes - name_bytes, name, name_bytes) == 0;
}

static int take_record(struct folder *at, const struct wl_iso_record *e)
{
	struct iso_lister *l = at->l;
	size_t index = at->open;
	if (e->is_self && e->block != at->block)
		return wl_refuse(l->f, WL_RULE_VOLUME_FOLDER_BAD, "\".\" leads to block %u",
		                 e->block);
	if (e->is_self || e->is_parent || e->is_moved)
		return 0;
	if (index != NOTHING && (e->is_folder || !is_same_name(at, e)))
		return wl_refuse(l->f, WL_RULE_VOLUME_FOLDER_BAD, "a file has no last part");
	int r = index != NOTHING ? add_part(at, index, e) : add_entry(at, e, &index);
	at->open = e->goes_on && !e->is_folder ? index : NOTHING;
	return r;
}

static int parse_folder(struct folder *at, const uint8_t *p, size_t n)
{
	WL_CLEANUP(wl_folder_names_cleanup) struct wl_folder_names *names = NULL;
	struct iso_lister *l = at->l;
	struct wl_iso_dir d = {
	        .p = p, .n = n, .names = l->names, .skip = l->skip, .go_on = go_on, .user = l};
	struct wl_iso_record e;
	int r = wl_folder_names_new(&names);
	if (r < 0)
		return r;
	at->names = names;
	while ((r = wl_iso_dir_next(&d, &e, l->f)) > 0) {
		r = take_record(at, &e);
		if (r < 0)
			break;
	}
	if (r == 0 && at->open != NOTHING)
		r = wl_refuse(l->f, WL_RULE_VOLUME_FOLDER_BAD, "a file has no last part");
	if (r == 0)
		r = wl_folder_names_check(names, l->f);
	return r == -EBADMSG ? say_where(at) : r;
}

/* A folder that was moved says its own size: in its first record. */
static int fetch_moved(struct iso_lister *l, uint32_t block, uint32_t *ret_bytes, uint8_t *first)
{
	int r = fetch(l, block, WL_ISO_BLOCK_BYTES, first);
	if (r == 0 && (!wl_iso_get_both32(first + 10, ret_bytes) || *ret_bytes == 0))
		r = wl_refuse(l->f, WL_RULE_VOLUME_FOLDER_BAD, "a moved folder without a size");
	return r;
}

/* `bytes` 0: what the folder itself says. */
static int read_folder(struct folder *at, uint32_t bytes)
{
	struct iso_lister *l = at->l;
	uint8_t first[WL_ISO_BLOCK_BYTES];
	size_t have = bytes == 0 ? WL_ISO_BLOCK_BYTES : 0;
	int r = bytes == 0 ? fetch_moved(l, at->block, &bytes, first) : 0;
	if (r < 0)
		return r;
	size_t n =
	        ((size_t)bytes + WL_ISO_BLOCK_BYTES - 1) / WL_ISO_BLOCK_BYTES * WL_ISO_BLOCK_BYTES;
	r = n > 0 && n >= have ? wl_listing_charge(l->listing, n, l->f) : -EINVAL;
	if (r < 0)
		return r;
	WL_AUTO_FREE uint8_t *p = malloc(n);
	if (!p)
		return -ENOMEM;
	memcpy(p, first, have);
	if (n > have)
		r = fetch(l, at->block + (have != 0), n - have, p + have);
	if (r == 0 && at->index == ROOT && l->names != WL_ISO_JOLIET)
		l->names = wl_iso_dir_has_rock_ridge(p, n, &l->skip) ? WL_ISO_ROCK_RIDGE
		                                                     : WL_ISO_PLAIN;
	if (r == 0)
		r = parse_folder(at, p, n);
	wl_listing_release(l->listing, n);
	return r;
}

/* Entries are added behind while the list is worked through: breadth first, without recursion. */
static int walk(struct iso_lister *l, const struct wl_iso_tree *tree)
{
	struct folder at = {.l = l, .index = ROOT, .block = tree->block, .open = NOTHING};
	int r = read_folder(&at, tree->bytes);
	for (size_t i = 0; i < l->listing->nentries && r == 0; i++) {
		const struct wl_listing_entry *e = &l->listing->entries[i];
		if (!e->folder)
			continue;
		at = (struct folder){
		        .l = l, .index = i, .block = (uint32_t)(e->reader >> 32), .open = NOTHING};
		r = read_folder(&at, (uint32_t)e->reader);
	}
	return r;
}

/* ---- two trees over the same files ---- */

struct file {
	uint64_t place, bytes;
	const struct wl_listing_entry *entry;
};

static int compare_files(const void *a, const void *b, void *user)
{
	const struct file *x = a, *y = b;
	(void)user;
	if (x->place != y->place)
		return x->place > y->place ? 1 : -1;
	return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

/* The files with bytes, in the order of their places. */
static int collect(const struct wl_listing *l, struct file **ret, size_t *ret_n)
{
	struct file *files = reallocarray(NULL, l->nentries + 1, sizeof(*files));
	size_t n = 0;
	if (!files)
		return -ENOMEM;
	for (size_t i = 0; i < l->nentries; i++) {
		const struct wl_listing_entry *e = &l->entries[i];
		if (e->extents > 0)
			files[n++] = (struct file){l->extents[e->extent].offset, e->bytes, e};
	}
	wl_sort(files, n, sizeof(*files), compare_files, NULL);
	*ret = files;
	*ret_n = n;
	return 0;
}

/* Whether Joliet can hold a path of the other tree as it is. */
static bool fits_joliet(const char *path, size_t n)
{
	size_t name = 0;
	for (size_t i = 0; i < n; i++) {
		name = path[i] == '/' ? 0 : name + 1;
		if (name > JOLIET_NAME_UNITS || (path[i] != '/' && strchr("*:;?\\", path[i])))
			return false;
	}
	return true;
}

static bool say_the_same(const struct iso_lister *joliet, const struct iso_lister *primary,
                         const struct file *a, const struct file *b)
{
	const char *left = joliet->listing->text + a->entry->path;
	const char *right = primary->listing->text + b->entry->path;
	if (a->place != b->place || a->bytes != b->bytes)
		return false;
	if (primary->names != WL_ISO_ROCK_RIDGE || !fits_joliet(right, b->entry->path_bytes))
		return true;
	return a->entry->path_bytes == b->entry->path_bytes &&
	       memcmp(left, right, b->entry->path_bytes) == 0;
}

static int compare_trees(const struct iso_lister *joliet, const struct iso_lister *primary)
{
	WL_AUTO_FREE struct file *a = NULL;
	WL_AUTO_FREE struct file *b = NULL;
	size_t na = 0, nb = 0;
	int r = collect(joliet->listing, &a, &na);
	if (r == 0)
		r = collect(primary->listing, &b, &nb);
	if (r < 0)
		return r;
	if (na != nb)
		return wl_refuse(joliet->f, WL_RULE_VOLUME_AMBIGUOUS,
		                 "%zu files for one system (Joliet), %zu for another", na, nb);
	for (size_t i = 0; i < na; i++)
		if (!say_the_same(joliet, primary, &a[i], &b[i])) {
			char name[SAY_BYTES];
			wl_listing_say(joliet->listing,
			               (size_t)(a[i].entry - joliet->listing->entries), name,
			               sizeof(name));
			return wl_refuse(joliet->f, WL_RULE_VOLUME_AMBIGUOUS,
			                 "another file for other systems than Windows: %s", name);
		}
	return 0;
}

/* The primary tree beside a Joliet one: listed into nothing, only to be compared. */
static int check_primary(struct iso_lister *joliet)
{
	WL_CLEANUP(wl_listing_clear) struct wl_listing other;
	WL_CLEANUP(lister_clear)
	struct iso_lister l = {.device = joliet->device,
	                       .start = joliet->start,
	                       .volume = joliet->volume,
	                       .listing = &other,
	                       .f = joliet->f};
	wl_listing_init(&other, joliet->listing->files_max);
	other.memory_max -= joliet->listing->memory_used;
	int r = walk(&l, &l.volume.primary);
	return r < 0 ? r : compare_trees(joliet, &l);
}

static void keep_label(const struct wl_iso_volume *v, struct wl_volume_facts *facts)
{
	size_t n = sizeof(v->label);
	while (n > 0 && (v->label[n - 1] == ' ' || v->label[n - 1] == 0))
		n--;
	memcpy(facts->label, v->label, n);
	facts->label_bytes = n;
}

static bool is_plain_start(const uint8_t sector[512])
{
	if (sector[510] != 0x55 || sector[511] != 0xAA)
		return true;
	for (size_t i = 446; i < 510; i++)
		if (sector[i])
			return false;
	return true;
}

static int list_volume(struct wl_device *d, const uint8_t sector[512], uint64_t start,
                       uint64_t room, struct wl_listing *listing, struct wl_volume_facts *ret_facts,
                       struct wl_finding *ret_finding)
{
	WL_CLEANUP(lister_clear)
	struct iso_lister l = {.device = d, .start = start, .listing = listing, .f = ret_finding};
	if (!is_plain_start(sector))
		return wl_refuse(ret_finding, WL_RULE_VOLUME_AMBIGUOUS,
		                 "an ISO 9660 image and a partition table at once");
	int r = wl_iso_volume_read(d, start / WL_SECTOR_BYTES, room / WL_SECTOR_BYTES, &l.volume,
	                           ret_finding);
	if (r < 0)
		return r;
	*ret_facts = (struct wl_volume_facts){
	        .filesystem = "iso9660", .bytes = (uint64_t)l.volume.blocks * WL_ISO_BLOCK_BYTES};
	keep_label(&l.volume, ret_facts);
	r = wl_device_track(d, start, start, WL_ISO_BLOCK_BYTES, l.volume.blocks);
	l.names = l.volume.has_joliet ? WL_ISO_JOLIET : WL_ISO_PLAIN;
	if (r == 0)
		r = walk(&l, l.volume.has_joliet ? &l.volume.joliet : &l.volume.primary);
	if (r == 0 && l.volume.has_joliet)
		r = check_primary(&l);
	return r < 0 ? r : wl_listing_check_crossed(listing, ret_finding);
}

static int claims(struct wl_device *d, const uint8_t sector[512], uint64_t start, uint64_t sectors)
{
	(void)sector;
	return wl_iso_volume_claims(d, start, sectors);
}

const struct wl_volume_driver wl_volume_iso = {
        .name = "ISO 9660", .claims = claims, .list = list_volume};
