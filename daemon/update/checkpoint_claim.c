/*
 * Reading checkpoints and receipts from a medium.
 *
 * Whoever brought the medium wrote every byte. Runs in a parser worker, one process per file, and
 * has nothing but claims to give: origin, size, root and signature lines, which ledgerd composes
 * into the signed text again and verifies under its own key and the policy's. Strict and bounded:
 * ASCII, canonical base64, canonical numbers, no extension lines. No state, so power is no matter.
 */
#include "daemon/update/checkpoint_claim.h"

#include <errno.h>
#include <string.h>

#include "daemon/base/text.h"

#define PROOF_HEAD "c2sp.org/tlog-proof@v1"
#define DASH       "\xe2\x80\x94 " /* U+2014 and a space begin a signature line */

struct reading {
	const char *p;
	size_t n, at;
	struct wl_finding *f;
};

static int bad(struct reading *r, const char *what)
{
	return wl_refuse(r->f, WL_RULE_STATION_COSIGNATURE_UNREADABLE, "%s", what);
}

/* The next line without its newline; false at the end, or where no newline ends it. */
static bool next_line(struct reading *r, struct wl_bytes *ret)
{
	const char *end = r->at < r->n ? memchr(r->p + r->at, '\n', r->n - r->at) : NULL;

	if (!end)
		return false;
	*ret = (struct wl_bytes){(const uint8_t *)r->p + r->at, (size_t)(end - (r->p + r->at))};
	r->at += ret->n + 1;
	return true;
}

static bool line_is(struct wl_bytes line, const char *text)
{
	return line.n == strlen(text) && memcmp(line.p, text, line.n) == 0;
}

static bool starts_with(struct wl_bytes line, const char *text)
{
	return line.n >= strlen(text) && memcmp(line.p, text, strlen(text)) == 0;
}

static int decode(struct wl_bytes text, uint8_t *buf, size_t size, size_t *ret_n)
{
	return wl_base64_decode((const char *)text.p, text.n, buf, size, ret_n);
}

/* Printable ASCII without '+': an origin, or the name of a key. */
static bool take_name(struct wl_bytes text, char buf[WL_CHECKPOINT_ORIGIN_MAX + 1])
{
	if (text.n == 0 || text.n > WL_CHECKPOINT_ORIGIN_MAX)
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= 0x20 || text.p[i] > 0x7e || text.p[i] == '+')
			return false;
	memcpy(buf, text.p, text.n);
	buf[text.n] = '\0';
	return true;
}

/* Decimal without a leading zero, at most 2^53 - 1: no ledger's entry has a larger number. */
static bool take_number(struct wl_bytes text, uint64_t *ret)
{
	uint64_t v = 0;

	if (text.n == 0 || text.n > 16 || (text.p[0] == '0' && text.n > 1))
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(text.p[i] - '0');
	}
	*ret = v;
	return v < UINT64_C(1) << 53;
}

/* A receipt's head: index and hashes, which prove an entry and say nothing about the tree. */
static int skip_proof(struct reading *r)
{
	struct wl_bytes line;
	uint8_t hash[WL_SHA256_BYTES];
	uint64_t index;
	unsigned hashes = 0;
	size_t n;

	if (!next_line(r, &line))
		return bad(r, "a receipt without an index");
	if (starts_with(line, "extra ") && !next_line(r, &line))
		return bad(r, "a receipt without an index");
	if (!starts_with(line, "index ") ||
	    !take_number((struct wl_bytes){line.p + 6, line.n - 6}, &index))
		return bad(r, "a receipt without an index");
	while (next_line(r, &line)) {
		if (line.n == 0)
			return 0;
		if (++hashes > WL_CHECKPOINT_HASHES_MAX ||
		    decode(line, hash, sizeof(hash), &n) < 0 || n != sizeof(hash))
			break;
	}
	return bad(r, "the hashes of a receipt");
}

static int take_text(struct reading *r, struct wl_checkpoint_claim *c)
{
	struct wl_bytes line;
	size_t n;

	if (!next_line(r, &line) || !take_name(line, c->origin))
		return bad(r, "no origin in the first line");
	if (!next_line(r, &line) || !take_number(line, &c->size))
		return bad(r, "no size in the second line");
	if (!next_line(r, &line) || decode(line, c->root, sizeof(c->root), &n) < 0 ||
	    n != sizeof(c->root))
		return bad(r, "no root in the third line");
	if (!next_line(r, &line) || line.n != 0)
		return bad(r, "more than three lines are signed");
	return 0;
}

static int take_signature(struct reading *r, struct wl_bytes line, struct wl_checkpoint_claim *c)
{
	struct wl_checkpoint_line *l = &c->line[c->nlines];
	const uint8_t *space;
	uint8_t blob[4096];
	size_t n;

	if (!starts_with(line, DASH))
		return bad(r, "a line that is no signature");
	line = (struct wl_bytes){line.p + strlen(DASH), line.n - strlen(DASH)};
	space = memchr(line.p, ' ', line.n);
	if (!space || !take_name((struct wl_bytes){line.p, (size_t)(space - line.p)}, l->name))
		return bad(r, "a signature without its name");
	line.n -= (size_t)(space - line.p) + 1;
	line.p = space + 1;
	if (decode(line, blob, sizeof(blob), &n) < 0 || n <= sizeof(l->key_id))
		return bad(r, "a signature that is no base64");
	l->blob_n = n - sizeof(l->key_id);
	if (l->blob_n != 64 && l->blob_n != WL_CHECKPOINT_BLOB_MAX)
		return 0; /* of a kind this station does not know */
	memcpy(l->key_id, blob, sizeof(l->key_id));
	memcpy(l->blob, blob + sizeof(l->key_id), l->blob_n);
	c->nlines++;
	return 0;
}

static int take_signatures(struct reading *r, struct wl_checkpoint_claim *c)
{
	struct wl_bytes line;
	unsigned lines = 0;

	while (next_line(r, &line)) {
		int e = ++lines > WL_CHECKPOINT_SIGNATURES_MAX ? bad(r, "too many signatures")
		                                               : take_signature(r, line, c);
		if (e < 0)
			return e;
	}
	if (r->at != r->n)
		return bad(r, "the last line does not end");
	return lines > 0 ? 0 : bad(r, "no signature");
}

int wl_checkpoint_claim_read(struct wl_bytes file, struct wl_checkpoint_claim *ret,
                             struct wl_finding *f)
{
	struct reading r = {.p = (const char *)file.p, .n = file.n, .f = f};
	struct wl_bytes line;
	int e = 0;

	memset(ret, 0, sizeof(*ret));
	if (file.n > WL_CHECKPOINT_FILE_BYTES_MAX)
		return wl_refuse(f, WL_RULE_STATION_COSIGNATURE_UNREADABLE, "more than %u bytes",
		                 (unsigned)WL_CHECKPOINT_FILE_BYTES_MAX);
	if (next_line(&r, &line) && line_is(line, PROOF_HEAD))
		e = skip_proof(&r);
	else
		r.at = 0;
	if (e == 0)
		e = take_text(&r, ret);
	return e < 0 ? e : take_signatures(&r, ret);
}
