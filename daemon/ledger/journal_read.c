/*
 * The journal, read at the start: which records go beyond what the files have, and are they whole?
 *
 * Runs in weighlock-ledgerd. Three things must not be confused: blocks from before (their records
 * end within what is published), a last record of which the power cut left only some blocks (never
 * acknowledged, passed over), and one that was written wholly and is not whole any more (perhaps
 * acknowledged, refused). Nothing is changed here.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/sha256.h"
#include "daemon/ledger/journal.h"

#define DATA_BYTES (WL_JOURNAL_BLOCK - WL_JOURNAL_BLOCK_TAG)

#define DAMAGED(f, ...) (wl_refuse((f), WL_RULE_STATION_LEDGER_FAILED, __VA_ARGS__), -EUCLEAN)

/* What a record's first block says. */
struct head {
	uint64_t first;
	uint32_t bytes, count, checkpoint_n;
};

static uint64_t get_be(const uint8_t *b, unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v = v << 8 | b[i];
	return v;
}

/* Bytes in which the block's tag is not the one it should have. */
static unsigned tag_distance(const uint8_t *block, uint64_t tag)
{
	uint8_t want[WL_JOURNAL_BLOCK_TAG];
	unsigned differing = 0;

	memcpy(want, &tag, sizeof(want));
	for (unsigned i = 0; i < sizeof(want); i++)
		differing += block[i] != want[i];
	return differing;
}

static size_t pages(const struct head *h)
{
	size_t bytes = (h->bytes + DATA_BYTES - 1) / DATA_BYTES * WL_JOURNAL_BLOCK;

	return (bytes + WL_JOURNAL_PAGE - 1) / WL_JOURNAL_PAGE * WL_JOURNAL_PAGE;
}

/* 1 where a record's first block lies whole at `at`, 0 where none does. */
static int read_head(const struct wl_journal *j, const uint8_t *file, size_t at, struct head *ret)
{
	const uint8_t *p = file + at + WL_JOURNAL_BLOCK_TAG;
	uint8_t digest[WL_SHA256_BYTES];
	int r;

	if (memcmp(p, wl_journal_magic, sizeof(wl_journal_magic)) != 0)
		return 0;
	r = wl_sha256_of(p, WL_JOURNAL_HEAD - 8, digest);
	if (r < 0)
		return r;
	*ret = (struct head){.bytes = (uint32_t)get_be(p + 4, 4),
	                     .first = get_be(p + 8, 8),
	                     .count = (uint32_t)get_be(p + 16, 4),
	                     .checkpoint_n = (uint32_t)get_be(p + 20, 4)};
	if (memcmp(digest, p + WL_JOURNAL_HEAD - 8, 8) != 0 || ret->count == 0 ||
	    ret->first > INT64_MAX || pages(ret) > WL_JOURNAL_BYTES - at ||
	    ret->bytes < WL_JOURNAL_HEAD + WL_SHA256_BYTES ||
	    ret->checkpoint_n > ret->bytes - WL_JOURNAL_HEAD - WL_SHA256_BYTES)
		return 0;
	return tag_distance(file + at, wl_journal_tag(j->seed, ret->first, 0)) == 0;
}

/* Was a first block for entry `first` written here, and then damaged? */
static bool was_head(const struct wl_journal *j, const uint8_t *file, size_t at, uint64_t first)
{
	return at < WL_JOURNAL_BYTES &&
	       tag_distance(file + at, wl_journal_tag(j->seed, first, 0)) <=
	               WL_JOURNAL_TAG_NEAR_MAX;
}

/* 1 and the record's bytes; 0 where a block was never written; -EUCLEAN where it is damaged. */
static int collect(const struct wl_journal *j, const uint8_t *file, size_t at, const struct head *h,
                   uint8_t *to, struct wl_finding *f)
{
	uint8_t digest[WL_SHA256_BYTES];
	bool damaged = false;
	size_t n = h->bytes;
	int r;

	for (uint32_t i = 0; i * DATA_BYTES < n; i++) {
		const uint8_t *block = file + at + (size_t)i * WL_JOURNAL_BLOCK;
		size_t part = n - i * DATA_BYTES < DATA_BYTES ? n - i * DATA_BYTES : DATA_BYTES;
		unsigned off = tag_distance(block, wl_journal_tag(j->seed, h->first, i));
		if (off > WL_JOURNAL_TAG_NEAR_MAX)
			return 0;
		damaged = damaged || off > 0;
		memcpy(to + i * DATA_BYTES, block + WL_JOURNAL_BLOCK_TAG, part);
	}
	r = wl_sha256_of(to, n - WL_SHA256_BYTES, digest);
	if (r < 0)
		return r;
	if (damaged || memcmp(digest, to + n - WL_SHA256_BYTES, sizeof(digest)) != 0)
		return DAMAGED(f, "the journal's record of entry %" PRIu64 " is damaged", h->first);
	return 1;
}

/* From bytes whose digest is right; another form is none of ours. */
static int parse(const struct head *h, const uint8_t *p, struct wl_record *ret,
                 struct wl_finding *f)
{
	struct wl_reader rd =
	        wl_reader_from(p + WL_JOURNAL_HEAD,
	                       h->bytes - WL_JOURNAL_HEAD - WL_SHA256_BYTES - h->checkpoint_n);
	const char *checkpoint = (const char *)p + h->bytes - WL_SHA256_BYTES - h->checkpoint_n;
	int r = 0;

	ret->first = h->first;
	while (r == 0 && !rd.bad && wl_reader_left(&rd) > 0) {
		const uint8_t *length = wl_reader_take(&rd, 2);
		size_t n = length ? (size_t)length[0] << 8 | length[1] : 0;
		const uint8_t *entry = wl_reader_take(&rd, n);
		if (entry)
			r = wl_record_add(ret, entry, n);
	}
	ret->checkpoint_n = h->checkpoint_n;
	ret->checkpoint = strndup(checkpoint, h->checkpoint_n);
	if (r == 0 && (rd.bad || ret->count != h->count))
		return DAMAGED(f, "the journal's record of entry %" PRIu64 " is of another form",
		               h->first);
	return r == 0 && !ret->checkpoint ? -ENOMEM : r;
}

/* One record that goes beyond: 1 when it was used, 0 where it is torn. */
static int use(const struct wl_journal *j, const uint8_t *file, size_t at, const struct head *h,
               wl_journal_each each, void *user, struct wl_finding *f)
{
	WL_CLEANUP(wl_record_clear) struct wl_record rec = {0};
	WL_AUTO_FREE uint8_t *bytes = malloc(h->bytes);
	int r = bytes ? collect(j, file, at, h, bytes, f) : -ENOMEM;

	if (r <= 0)
		return r;
	r = parse(h, bytes, &rec, f);
	if (r == 0)
		r = each(user, &rec);
	return r < 0 ? r : 1;
}

struct walk {
	struct wl_journal *j;
	const uint8_t *file;
	uint64_t size, next; /* entries the files have; entries with the records so far */
	bool torn;
	wl_journal_each each;
	void *user;
	struct wl_finding *f;
};

static int check_place(const struct walk *w, size_t at, uint64_t first)
{
	struct head h;

	if (!was_head(w->j, w->file, at, first) || read_head(w->j, w->file, at, &h) != 0)
		return 0;
	return DAMAGED(w->f, "the journal's record of entry %" PRIu64 " is damaged", first);
}

/* A record that goes beyond what the files have. */
static int take(struct walk *w, size_t at, const struct head *h)
{
	int r;

	if (h->first > w->next || w->torn)
		return DAMAGED(w->f, "the journal lacks what comes before entry %" PRIu64,
		               h->first);
	r = use(w->j, w->file, at, h, w->each, w->user, w->f);
	if (r == 0)
		w->torn = true;
	if (r <= 0)
		return r;
	w->next = h->first + h->count;
	w->j->at = at + pages(h);
	return 1;
}

/* Where to look next. A torn record is passed by the page: older ones may lie in it, and newer. */
static int step(struct walk *w, size_t *at)
{
	struct head h;
	size_t here = *at;
	int r = read_head(w->j, w->file, here, &h);

	*at += WL_JOURNAL_PAGE;
	if (r <= 0)
		return r;
	if (h.first + h.count > w->size) {
		r = take(w, here, &h);
		if (r <= 0)
			return r;
		*at = here + pages(&h);
	}
	return h.first + h.count >= w->size ? check_place(w, here + pages(&h), h.first + h.count)
	                                    : 0;
}

int wl_journal_read(struct wl_journal *j, uint64_t size, wl_journal_each each, void *user,
                    struct wl_finding *ret_finding)
{
	WL_AUTO_FREE uint8_t *file = malloc(WL_JOURNAL_BYTES);
	ssize_t n = file ? wl_pread_full(j->fd, file, WL_JOURNAL_BYTES, 0) : -ENOMEM;
	struct walk w = {.j = j,
	                 .file = file,
	                 .size = size,
	                 .next = size,
	                 .each = each,
	                 .user = user,
	                 .f = ret_finding};
	int r;

	if (n < 0)
		return (int)n;
	if (n != (ssize_t)WL_JOURNAL_BYTES)
		return DAMAGED(ret_finding, "the journal was cut");
	r = check_place(&w, 0, size);
	for (size_t at = 0; r == 0 && at < WL_JOURNAL_BYTES;)
		r = step(&w, &at);
	return r < 0 ? r : 0; /* NOLINT(clang-analyzer-unix.Malloc): freed by attribute */
}
