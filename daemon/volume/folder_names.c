/*
 * Duplicate names in a folder.
 *
 * Runs in read-medium (worker-volume). The attacker controls the names; a folder has at most 65,536
 * records, so there are at most twice as many names here. They are folded, sorted and neighbours
 * compared: n log n, no hash to be attacked. Pure: power does not matter.
 */
#include "daemon/volume/folder_names.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"
#include "daemon/volume/unit_name.h"
#include "daemon/volume/sort.h"

#define NAMES_MAX 131072U

struct folded {
	uint32_t at, nunits; /* in units */
	uint32_t owner;      /* number of the file: its own two names may be the same */
};

struct wl_folder_names {
	uint32_t files;
	size_t nnames, names_room;
	struct folded *names;
	size_t nunits, units_room;
	uint16_t *units;
};

int wl_folder_names_new(struct wl_folder_names **ret)
{
	struct wl_folder_names *n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	*ret = n;
	return 0;
}

struct wl_folder_names *wl_folder_names_free(struct wl_folder_names *n)
{
	if (n) {
		free(n->names);
		free(n->units);
		free(n);
	}
	return NULL;
}

void wl_folder_names_cleanup(struct wl_folder_names **n)
{
	*n = wl_folder_names_free(*n);
}

static int make_room(struct wl_folder_names *n, size_t units)
{
	if (n->nnames == n->names_room) {
		size_t room = n->names_room * 2 + 64;
		struct folded *p = reallocarray(n->names, room, sizeof(*p));
		if (!p)
			return -ENOMEM;
		n->names = p;
		n->names_room = room;
	}
	if (n->units_room - n->nunits < units) {
		size_t room = n->units_room * 2 + units + 1024;
		uint16_t *p = reallocarray(n->units, room, sizeof(*p));
		if (!p)
			return -ENOMEM;
		n->units = p;
		n->units_room = room;
	}
	return 0;
}

static int add(struct wl_folder_names *n, const uint16_t *units, size_t nunits,
               struct wl_finding *f)
{
	if (n->nnames >= NAMES_MAX)
		return wl_refuse(f, WL_RULE_VOLUME_TOO_MANY_FILES, "too many names in a folder");
	int r = make_room(n, nunits);
	if (r < 0)
		return r;
	for (size_t i = 0; i < nunits; i++)
		n->units[n->nunits + i] = wl_unit_fold(units[i]);
	n->names[n->nnames++] = (struct folded){(uint32_t)n->nunits, (uint32_t)nunits, n->files};
	n->nunits += nunits;
	return 0;
}

/* Bytes above ASCII are of an unknown code page: they become units no name can have otherwise. */
static size_t spell_short(const uint8_t name[11], uint16_t units[12])
{
	size_t n = 0, base = 8, extension = 3;
	while (base > 0 && name[base - 1] == ' ')
		base--;
	while (extension > 0 && name[8 + extension - 1] == ' ')
		extension--;
	for (size_t i = 0; i < base; i++)
		units[n++] = (uint16_t)(name[i] < 0x80 ? name[i] : 0xD800 + name[i]);
	if (extension > 0)
		units[n++] = '.';
	for (size_t i = 0; i < extension; i++)
		units[n++] = (uint16_t)(name[8 + i] < 0x80 ? name[8 + i] : 0xD800 + name[8 + i]);
	return n;
}

int wl_folder_names_add(struct wl_folder_names *n, const uint16_t *units, size_t nunits,
                        const uint8_t *short_name, struct wl_finding *ret_finding)
{
	int r = add(n, units, nunits, ret_finding);
	if (r == 0 && short_name) {
		uint16_t alias[12];
		r = add(n, alias, spell_short(short_name, alias), ret_finding);
	}
	n->files++;
	return r;
}

static int compare(const void *a, const void *b, void *user)
{
	const struct wl_folder_names *n = user;
	const struct folded *x = a, *y = b;
	uint32_t common = x->nunits < y->nunits ? x->nunits : y->nunits;
	int c = memcmp(n->units + x->at, n->units + y->at, common * sizeof(n->units[0]));
	if (c != 0)
		return c;
	return (x->nunits > y->nunits) - (x->nunits < y->nunits);
}

static int refuse(const struct wl_folder_names *n, const struct folded *d, struct wl_finding *f)
{
	char name[WL_NAME_UTF8_MAX], shown[64];
	size_t size = 0;
	struct wl_finding unused;
	if (wl_unit_name_to_utf8(n->units + d->at, d->nunits, name, &size, &unused) < 0)
		size = 0;
	wl_text_escape(name, size, shown, sizeof(shown));
	return wl_refuse(f, WL_RULE_NAME_DUPLICATE,
	                 "two entries are named %s (capital and small letters are the same)",
	                 shown);
}

int wl_folder_names_check(struct wl_folder_names *n, struct wl_finding *ret_finding)
{
	if (n->nnames < 2)
		return 0;
	wl_sort(n->names, n->nnames, sizeof(n->names[0]), compare, n);
	for (size_t i = 1; i < n->nnames; i++)
		if (compare(&n->names[i - 1], &n->names[i], n) == 0 &&
		    n->names[i - 1].owner != n->names[i].owner)
			return refuse(n, &n->names[i], ret_finding);
	return 0;
}
