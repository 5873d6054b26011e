/*
 * What the rules remember: records found by a tag, in bounded memory.
 *
 * A tag stands for a name out of the ledger: 128 bits of SipHash under a key drawn anew for each
 * run, so that whoever wrote the ledger can neither make two names meet nor fill one bucket.
 */
#ifndef WL_VERIFY_MAP_H
#define WL_VERIFY_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct verify_tag {
	uint64_t a, b;
};

struct verify_secret {
	uint64_t k0, k1;
};

/* Draws a key. 0 or -EIO. */
int verify_secret_draw(struct verify_secret *ret);

/* The tag of one name, or of two as a pair. Names of up to 2^32 bytes. */
struct verify_tag verify_tag_of(const struct verify_secret *s, const char *p, size_t n);
struct verify_tag verify_tag_pair(struct verify_tag one, struct verify_tag two);
bool verify_tag_equal(struct verify_tag x, struct verify_tag y);

struct verify_map; /* opaque */

/* Records of `payload` bytes, at most `max`. NULL without memory. */
struct verify_map *verify_map_new(size_t payload, uint32_t max);
struct verify_map *verify_map_free(struct verify_map *m);

/* The record, which stays where it is until it is removed, or NULL. */
void *verify_map_find(struct verify_map *m, struct verify_tag tag);
/* A new record of zeroes; NULL where there are `max` already, or no memory. The tag must be new. */
void *verify_map_add(struct verify_map *m, struct verify_tag tag);
void verify_map_remove(struct verify_map *m, struct verify_tag tag);
uint32_t verify_map_count(const struct verify_map *m);
/* Each record in the order of its place; none may be added or removed meanwhile. */
void verify_map_each(struct verify_map *m, void (*fn)(void *user, void *record), void *user);

#endif
