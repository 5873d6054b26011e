/*
 * What a reader found on a volume: entries with their paths, and the places of their bytes.
 *
 * Every reader (FAT, exFAT, NTFS, ISO 9660) fills one of these; listing and delivery work on it
 * alone. All of it counts against WL_VOLUME_METADATA_BYTES_MAX.
 */
#ifndef WL_VOLUME_LISTING_H
#define WL_VOLUME_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/finding.h"

/* Where bytes of a file come from. */
enum wl_extent_kind {
	WL_EXTENT_MEDIUM = 0, /* `offset` counts from the medium's first byte */
	WL_EXTENT_ZEROS,      /* the volume says that they are zero: nothing is read */
	WL_EXTENT_KEPT,       /* `offset` in the listing's text: they came with the metadata */
	WL_EXTENT_READER,     /* only the reader can make them (compressed); the file's only one */
};

/* Contiguous bytes of a file. */
struct wl_extent {
	uint64_t offset;
	uint64_t bytes;
	enum wl_extent_kind kind;
};

struct wl_listing_entry {
	size_t path, path_bytes; /* place and length in the listing's text */
	size_t extent, extents;  /* first and number */
	uint64_t bytes;
	uint64_t reader; /* the reader's own: FAT keeps a folder's first cluster here */
	unsigned depth;  /* number of names in the path */
	enum wl_rule
	        refused; /* its bytes are not delivered, by this rule; WL_RULE_NONE: they are */
	bool folder, delivered;
};

struct wl_listing {
	uint64_t files_max;  /* files and folders together */
	uint64_t memory_max; /* bytes of metadata in memory, together with what is charged */
	uint64_t memory_used;
	uint64_t bytes; /* of all files together */
	size_t nentries, entries_room;
	struct wl_listing_entry *entries;
	size_t ntext, text_room;
	char *text;
	size_t nextents, extents_room;
	struct wl_extent *extents;
};

void wl_listing_init(struct wl_listing *l, uint64_t files_max);
void wl_listing_clear(struct wl_listing *l); /* also as WL_CLEANUP */

/* Counts n bytes the reader keeps. 0, or -EBADMSG with volume.too-many-files. */
int wl_listing_charge(struct wl_listing *l, uint64_t n, struct wl_finding *ret_finding);
void wl_listing_release(struct wl_listing *l, uint64_t n);

/*
 * Adds `name` (UTF-8) in the folder `parent` (an index; SIZE_MAX: the root). 0 and its index;
 * -EBADMSG with volume.too-many-files, volume.too-deep or name.too-long (path); -ENOMEM.
 */
int wl_listing_add(struct wl_listing *l, size_t parent, const char *name, size_t name_bytes,
                   bool folder, size_t *ret_index, struct wl_finding *ret_finding);

/* Adds bytes of the medium to the last extent, or a new one after it. 0, -EBADMSG, -ENOMEM. */
int wl_listing_add_extent(struct wl_listing *l, size_t *extents, uint64_t offset, uint64_t bytes,
                          struct wl_finding *ret_finding);
/* The same for bytes that lie nowhere (WL_EXTENT_ZEROS), or that only the reader can make. */
int wl_listing_add_virtual(struct wl_listing *l, size_t *extents, enum wl_extent_kind kind,
                           uint64_t bytes, struct wl_finding *ret_finding);
/* A copy of these bytes is kept, as an extent. */
int wl_listing_add_kept(struct wl_listing *l, size_t *extents, const void *p, size_t n,
                        struct wl_finding *ret_finding);

/* 0; -EBADMSG with volume.chain-crossed where two extents share a byte of the medium, naming an
 * entry; -ENOMEM. For readers that do not claim clusters one by one. */
int wl_listing_check_crossed(struct wl_listing *l, struct wl_finding *ret_finding);

/* The path of an entry, not NUL-terminated. */
const char *wl_listing_path(const struct wl_listing *l, size_t index, size_t *ret_bytes);

/* "folder a/b" or "the root", escaped, for details. */
void wl_listing_say(const struct wl_listing *l, size_t index, char *buf, size_t size);

/* Puts the entries in ascending order of the bytes of their paths. Indices change. */
void wl_listing_sort(struct wl_listing *l);

#endif
