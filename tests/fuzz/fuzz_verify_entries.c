/* Bundles of entries: any bytes. What is found lies inside; what is read as an entry is, written
 * again from its members, the same bytes; and the rules take any story without harm. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verify/bundle.h"
#include "verify/entry.h"
#include "verify/walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t put(char *out, size_t at, const char *p, size_t n)
{
	memcpy(out + at, p, n);
	return at + n;
}

static size_t put_member(char *out, size_t at, const struct verify_member *m)
{
	char number[32];

	at = put(out, at, "\"", 1);
	at = put(out, at, m->name, m->name_n);
	at = put(out, at, "\":", 2);
	if (m->type == VERIFY_TEXT) {
		at = put(out, at, "\"", 1);
		at = put(out, at, m->value, m->value_n);
		return put(out, at, "\"", 1);
	}
	if (m->type == VERIFY_LIST) {
		at = put(out, at, "[", 1);
		at = put(out, at, m->value, m->value_n);
		return put(out, at, "]", 1);
	}
	if (m->type == VERIFY_BOOLEAN)
		return m->integer ? put(out, at, "true", 4) : put(out, at, "false", 5);
	(void)snprintf(number, sizeof(number), "%lld", (long long)m->integer);
	return put(out, at, number, strlen(number));
}

static void check_entry(const char *p, size_t n)
{
	static struct verify_entry e;
	char *out = malloc(n + 64);
	size_t at, fault = 0;

	assert(out);
	if (verify_entry_read(p, n, &e, &fault) < 0 || e.data_from == e.data_to) {
		assert(fault <= n);
		free(out);
		return;
	}
	at = put(out, 0, "{", 1);
	for (unsigned i = 0; i < e.n; i++) {
		if (i == e.data_from)
			at = put(out, at, "\"data\":{", 8);
		at = put_member(out, at, &e.member[i]);
		if (i + 1 == e.data_to)
			at = put(out, at, "}", 1);
		if (i + 1 < e.n)
			at = put(out, at, ",", 1);
		assert(at < n + 32);
	}
	at = put(out, at, "}", 1);
	assert(at == n && memcmp(out, p, n) == 0);
	free(out);
}

static void check_story(const struct verify_bundle *b)
{
	static const struct verify_key key = {.name = "test.example/tst1"};
	static const struct verify_walk_asked asked = {"test.example/tst1", &key};
	static struct verify_report report;
	struct verify_walk *w;

	memset(&report, 0, sizeof(report));
	w = verify_walk_new(AT_FDCWD, &asked, &report);
	assert(w);
	for (unsigned i = 0; i < b->entries; i++)
		verify_walk_entry(w, i, (const char *)b->buf + b->at[i], b->length[i]);
	verify_walk_end(w);
	for (unsigned i = 0; i < report.n; i++)
		for (const char *at = report.finding[i].words; *at; at++)
			assert((unsigned char)*at >= ' ');
	verify_walk_free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct verify_bundle b;
	struct verify_hash *sha = verify_hash_new();

	assert(sha && size < UINT32_MAX);
	b.width = VERIFY_TILE_WIDTH;
	b.buf = malloc(size + 1);
	assert(b.buf);
	if (size > 0)
		memcpy(b.buf, data, size);
	verify_bundle_take(&b, size, sha);
	for (unsigned i = 0; i < b.entries; i++) {
		assert(b.at[i] >= 2 && b.at[i] + b.length[i] <= size);
		check_entry((const char *)b.buf + b.at[i], b.length[i]);
	}
	assert(b.result == (b.entries == b.width ? 0 : -EBADMSG));
	check_story(&b);
	free(b.buf);
	verify_hash_free(sha);
	return 0;
}
