/*
 * Receipts.
 *
 * A receipt comes from a medium that went through other hands: every byte is doubted until the
 * signature of its checkpoint has verified, and what it proves is compared with the entry that the
 * ledger in hand has under that number. Nothing is written.
 */
#include "verify/receipt.h"

#include <errno.h>
#include <string.h>

#define HEADER "c2sp.org/tlog-proof@v1\n"

struct lines {
	const uint8_t *p;
	size_t n, pos;
};

static const char *next_line(struct lines *l, size_t *ret_n)
{
	const uint8_t *start = l->p + l->pos;
	const uint8_t *end = l->pos < l->n ? memchr(start, '\n', l->n - l->pos) : NULL;

	if (!end)
		return NULL;
	*ret_n = (size_t)(end - start);
	l->pos += *ret_n + 1;
	return (const char *)start;
}

static bool starts(const char *line, size_t n, const char *with)
{
	return line && n >= strlen(with) && memcmp(line, with, strlen(with)) == 0;
}

static int read_index(struct lines *l, uint64_t *ret)
{
	size_t n = 0;
	const char *line = next_line(l, &n);

	if (starts(line, n, "extra "))
		line = next_line(l, &n);
	if (!starts(line, n, "index "))
		return -EBADMSG;
	return verify_decimal_parse(line + 6, n - 6, ret);
}

int verify_receipt_read(const uint8_t *p, size_t n, const struct verify_key *key,
                        struct verify_receipt *ret)
{
	struct verify_receipt r = {.index = 0};
	struct lines l = {.p = p, .n = n, .pos = strlen(HEADER)};
	const char *line;
	size_t len;

	if (n < strlen(HEADER) || memcmp(p, HEADER, strlen(HEADER)) != 0 ||
	    read_index(&l, &r.index) < 0)
		return -EBADMSG;
	while ((line = next_line(&l, &len)) != NULL && len > 0) {
		if (r.hashes == VERIFY_PROOF_MAX ||
		    verify_base64_decode(line, len, r.hash[r.hashes++], VERIFY_HASH_BYTES) !=
		            VERIFY_HASH_BYTES)
			return -EBADMSG;
	}
	if (!line || verify_note_check(p + l.pos, n - l.pos, key, NULL) < 0 ||
	    verify_checkpoint_parse(p + l.pos, n - l.pos, &r.checkpoint) < 0 ||
	    strcmp(r.checkpoint.origin, key->name) != 0 || r.index >= r.checkpoint.size)
		return -EBADMSG;
	*ret = r;
	return 0;
}

/* One step up: left or right, as RFC 9162 2.1.3.2 has it. */
static int step(struct verify_hash *sha, uint64_t *fn, uint64_t *sn, const uint8_t *hash,
                uint8_t *root)
{
	int r;

	if (*sn == 0)
		return -EBADMSG;
	if ((*fn & 1) || *fn == *sn) {
		r = verify_hash_node(sha, hash, root, root);
		while (!(*fn & 1) && *fn) {
			*fn >>= 1;
			*sn >>= 1;
		}
	} else {
		r = verify_hash_node(sha, root, hash, root);
	}
	*fn >>= 1;
	*sn >>= 1;
	return r;
}

int verify_receipt_check(struct verify_hash *sha, const struct verify_receipt *r)
{
	uint64_t fn = r->index, sn = r->checkpoint.size - 1;
	uint8_t root[VERIFY_HASH_BYTES];

	memcpy(root, r->leaf, sizeof(root));
	for (unsigned i = 0; i < r->hashes; i++) {
		int e = step(sha, &fn, &sn, r->hash[i], root);
		if (e < 0)
			return e;
	}
	return sn == 0 && memcmp(root, r->checkpoint.root, sizeof(root)) == 0 ? 0 : -EBADMSG;
}
