/*
 * One bundle of entries, read and hashed.
 *
 * Runs in any of the program's threads, with a buffer of its own. The bundle is hostile: its
 * lengths may point past its end, it may be a link or have no end. It is read once, into memory,
 * and the same bytes are hashed and later read as entries, so that a medium that answers
 * differently the second time gains nothing. Nothing is written.
 */
#include "verify/bundle.h"

#include <errno.h>
#include <string.h>

#include "verify/files.h"

/* Finds the entries. The byte before each becomes the tree's prefix of a leaf, so that prefix and
 * entry are hashed in one go: it was the length's second byte, which is kept. */
static void find_entries(struct verify_bundle *b, size_t size)
{
	size_t pos = 0;

	b->entries = 0;
	while (b->entries < b->width && size - pos >= 2) {
		size_t n = (size_t)b->buf[pos] << 8 | b->buf[pos + 1];

		if (size - pos - 2 < n)
			return;
		b->buf[pos + 1] = 0x00;
		b->at[b->entries] = (uint32_t)(pos + 2);
		b->length[b->entries++] = (uint16_t)n;
		pos += 2 + n;
	}
}

static void compare_tile(struct verify_bundle *b)
{
	uint8_t have[VERIFY_TILE_WIDTH * VERIFY_HASH_BYTES + 1];
	size_t want = (size_t)b->width * VERIFY_HASH_BYTES;
	ssize_t got = verify_tile_read(b->dirfd, "0", b->index, b->width, have, sizeof(have) - 1);

	if (got < 0)
		b->tile = (int)got;
	else
		b->tile = (size_t)got < want || memcmp(have, b->hash, want) != 0;
}

/* The hashes alone, where the entries were verified at an earlier visit and are not carried. */
static void take_tile(struct verify_bundle *b)
{
	uint8_t have[VERIFY_TILE_WIDTH * VERIFY_HASH_BYTES + 1];
	size_t want = (size_t)b->width * VERIFY_HASH_BYTES;
	ssize_t got = verify_tile_read(b->dirfd, "0", b->index, b->width, have, sizeof(have) - 1);

	b->from_tile = true;
	b->tile = got < 0 ? (int)got : 0;
	b->result = got < 0 ? (int)got : (size_t)got < want ? -EBADMSG : 0;
	if (b->result == 0) {
		memcpy(b->hash, have, want);
		b->entries = b->width;
	}
}

static int hash_entries(struct verify_bundle *b, struct verify_hash *sha)
{
	for (unsigned i = 0; i < b->entries; i++) {
		int r = verify_hash_bytes(sha, b->buf + b->at[i] - 1, (size_t)b->length[i] + 1,
		                          b->hash[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

void verify_bundle_take(struct verify_bundle *b, size_t size, struct verify_hash *sha)
{
	find_entries(b, size);
	b->result = hash_entries(b, sha);
	if (b->result == 0 && b->entries < b->width)
		b->result = -EBADMSG;
}

void verify_bundle_run(struct verify_bundle *b, struct verify_hash *sha)
{
	ssize_t got = verify_tile_read(b->dirfd, "entries", b->index, b->width, b->buf, b->cap);

	b->from_tile = false;
	b->entries = 0;
	b->tile = 0;
	b->result = got < 0 ? (int)got : 0;
	if (got == -ENOENT && b->may_be_away) {
		take_tile(b);
	} else if (got >= 0) {
		verify_bundle_take(b, (size_t)got, sha);
		if (b->result == 0)
			compare_tile(b);
	}
	if (b->result == 0 && b->width == VERIFY_TILE_WIDTH)
		b->result = verify_hash_perfect(sha, (const uint8_t(*)[VERIFY_HASH_BYTES])b->hash,
		                                b->width, b->root);
}
