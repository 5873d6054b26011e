/*
 * Records found by a tag, in bounded memory.
 *
 * The attacker chooses the names and how many there are: the hash is keyed with random bits, the
 * number is capped, and a full map is said by its user as a finding, never passed over. Records lie
 * in blocks that never move. SipHash-2-4 with 128 bits, after its authors' description
 * (Aumasson and Bernstein, 2012). Nothing is written to disk.
 */
#include "verify/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BUCKETS 16384U
#define BLOCK   512U
#define NONE    UINT32_MAX

struct head {
	struct verify_tag tag;
	uint32_t next;
	bool used;
};

struct verify_map {
	size_t record;                     /* head and payload */
	uint32_t max, used, count, unused; /* unused: first of the removed ones */
	uint32_t bucket[BUCKETS];
	uint32_t blocks;
	char **block;
};

int verify_secret_draw(struct verify_secret *ret)
{
	return getrandom(ret, sizeof(*ret), 0) == (ssize_t)sizeof(*ret) ? 0 : -EIO;
}

static uint64_t turn(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static void rounds(uint64_t v[4], unsigned n)
{
	while (n--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = turn(v[1], 13) ^ v[0];
		v[3] = turn(v[3], 16) ^ v[2];
		v[0] = turn(v[0], 32) + v[3];
		v[2] += v[1];
		v[3] = turn(v[3], 21) ^ v[0];
		v[1] = turn(v[1], 17) ^ v[2];
		v[2] = turn(v[2], 32);
	}
}

static void absorb(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	rounds(v, 2);
	v[0] ^= word;
}

struct verify_tag verify_tag_of(const struct verify_secret *s, const char *p, size_t n)
{
	uint64_t v[4] = {
	        s->k0 ^ UINT64_C(0x736f6d6570736575), s->k1 ^ UINT64_C(0x646f72616e646f6d) ^ 0xee,
	        s->k0 ^ UINT64_C(0x6c7967656e657261), s->k1 ^ UINT64_C(0x7465646279746573)};
	struct verify_tag tag;
	uint64_t word;
	size_t at = 0;

	for (; n - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, p + at, sizeof(word));
		absorb(v, word);
	}
	word = (uint64_t)n << 56;
	for (unsigned i = 0; at + i < n; i++)
		word |= (uint64_t)(uint8_t)p[at + i] << (8 * i);
	absorb(v, word);
	v[2] ^= 0xee;
	rounds(v, 4);
	tag.a = v[0] ^ v[1] ^ v[2] ^ v[3];
	v[1] ^= 0xdd;
	rounds(v, 4);
	tag.b = v[0] ^ v[1] ^ v[2] ^ v[3];
	return tag;
}

struct verify_tag verify_tag_pair(struct verify_tag one, struct verify_tag two)
{
	/* both are uniform and unknown to whoever chose the names; the turn makes the order count
	 */
	struct verify_tag tag = {one.a + turn(two.a, 17), one.b + turn(two.b, 29)};

	return tag;
}

bool verify_tag_equal(struct verify_tag x, struct verify_tag y)
{
	return x.a == y.a && x.b == y.b;
}

struct verify_map *verify_map_new(size_t payload, uint32_t max)
{
	struct verify_map *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->record = (sizeof(struct head) + payload + 15) / 16 * 16;
	m->max = max;
	m->unused = NONE;
	for (unsigned i = 0; i < BUCKETS; i++)
		m->bucket[i] = NONE;
	m->block = calloc(max / BLOCK + 1, sizeof(*m->block));
	return m->block ? m : verify_map_free(m);
}

struct verify_map *verify_map_free(struct verify_map *m)
{
	if (m) {
		for (uint32_t i = 0; i < m->blocks; i++)
			free(m->block[i]);
		free(m->block);
		free(m);
	}
	return NULL;
}

static struct head *at(const struct verify_map *m, uint32_t i)
{
	/* blocks come from calloc and a record's size is a multiple of 16: aligned for a head */
	return (struct head *)(void *)(m->block[i / BLOCK] + (size_t)(i % BLOCK) * m->record);
}

static uint32_t *bucket_of(struct verify_map *m, struct verify_tag tag)
{
	return &m->bucket[tag.a % BUCKETS];
}

void *verify_map_find(struct verify_map *m, struct verify_tag tag)
{
	for (uint32_t i = *bucket_of(m, tag); i != NONE; i = at(m, i)->next)
		if (verify_tag_equal(at(m, i)->tag, tag))
			return at(m, i) + 1;
	return NULL;
}

/* A place for one more: one that was removed, or a new one. NONE where there is none. */
static uint32_t place(struct verify_map *m)
{
	uint32_t i = m->unused;

	if (i != NONE) {
		m->unused = at(m, i)->next;
		return i;
	}
	if (m->used == m->max)
		return NONE;
	if (m->used == m->blocks * BLOCK) {
		char *block = calloc(BLOCK, m->record);
		if (!block)
			return NONE;
		m->block[m->blocks++] = block;
	}
	return m->used++;
}

void *verify_map_add(struct verify_map *m, struct verify_tag tag)
{
	uint32_t *bucket = bucket_of(m, tag);
	uint32_t i = place(m);
	struct head *h;

	if (i == NONE)
		return NULL;
	h = at(m, i);
	memset(h, 0, m->record);
	h->tag = tag;
	h->used = true;
	h->next = *bucket;
	*bucket = i;
	m->count++;
	return h + 1;
}

void verify_map_remove(struct verify_map *m, struct verify_tag tag)
{
	for (uint32_t *link = bucket_of(m, tag); *link != NONE; link = &at(m, *link)->next) {
		uint32_t i = *link;
		if (!verify_tag_equal(at(m, i)->tag, tag))
			continue;
		*link = at(m, i)->next;
		at(m, i)->used = false;
		at(m, i)->next = m->unused;
		m->unused = i;
		m->count--;
		return;
	}
}

uint32_t verify_map_count(const struct verify_map *m)
{
	return m->count;
}

void verify_map_each(struct verify_map *m, void (*fn)(void *user, void *record), void *user)
{
	for (uint32_t i = 0; i < m->used; i++)
		if (at(m, i)->used)
			fn(user, at(m, i) + 1);
}
