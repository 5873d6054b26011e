/*
 * Checkpoints and receipts from a medium: the largest that are read and the first that are not.
 *
 * The notes are composed here, byte by byte, with signatures of zeros: who reads them verifies
 * nothing. Every refusal is station.cosignature-unreadable, and all that comes of it is that the
 * file is passed over. Runs without a station.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/limits.h"
#include "daemon/update/checkpoint_claim.h"

#define HASH "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

struct note {
	char text[2 * WL_CHECKPOINT_FILE_BYTES_MAX];
	size_t n;
};

static void add(struct note *t, const char *text)
{
	size_t n = strlen(text);

	assert_true(t->n + n < sizeof(t->text));
	memcpy(t->text + t->n, text, n);
	t->n += n;
}

static void add_signature(struct note *t, size_t blob_bytes)
{
	add(t, "\xe2\x80\x94 a.example ");
	for (size_t i = 0; i < (blob_bytes + 2) / 3; i++)
		add(t, i + 1 < (blob_bytes + 2) / 3 || blob_bytes % 3 == 0 ? "AAAA"
		       : blob_bytes % 3 == 1                               ? "AA=="
		                                                           : "AAA=");
	add(t, "\n");
}

/* A checkpoint of `origin_n` letters with so many signatures; a receipt where there are hashes. */
static void make(struct note *t, size_t origin_n, unsigned hashes, unsigned signatures)
{
	t->n = 0;
	if (hashes > 0)
		add(t, "c2sp.org/tlog-proof@v1\nindex 1\n");
	for (unsigned i = 0; i < hashes; i++)
		add(t, HASH "\n");
	add(t, hashes > 0 ? "\n" : "");
	for (size_t i = 0; i < origin_n; i++)
		add(t, "o");
	add(t, "\n5\n" HASH "\n\n");
	for (unsigned i = 0; i < signatures; i++)
		add_signature(t, 68);
}

static int read_note(const struct note *t, struct wl_checkpoint_claim *ret)
{
	struct wl_finding f = {.rule = WL_RULE_NONE};
	int r = wl_checkpoint_claim_read((struct wl_bytes){(const uint8_t *)t->text, t->n}, ret,
	                                 &f);

	if (r < 0) {
		assert_int_equal(r, -EBADMSG);
		assert_int_equal(f.rule, WL_RULE_STATION_COSIGNATURE_UNREADABLE);
	}
	return r;
}

static void limits(void **state)
{
	static const struct {
		size_t origin_n;
		unsigned hashes, signatures;
		bool good;
	} cases[] = {
	        {1, 0, 1, true},
	        {0, 0, 1, false},
	        {1, 0, 0, false},
	        {WL_CHECKPOINT_ORIGIN_MAX, 0, 1, true},
	        {WL_CHECKPOINT_ORIGIN_MAX + 1, 0, 1, false},
	        {9, WL_CHECKPOINT_HASHES_MAX, 1, true},
	        {9, WL_CHECKPOINT_HASHES_MAX + 1, 1, false},
	        {9, 0, WL_CHECKPOINT_SIGNATURES_MAX, true},
	        {9, 0, WL_CHECKPOINT_SIGNATURES_MAX + 1, false},
	};
	static struct note t;
	struct wl_checkpoint_claim c;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make(&t, cases[i].origin_n, cases[i].hashes, cases[i].signatures);
		print_message("case %zu\n", i);
		assert_int_equal(read_note(&t, &c), cases[i].good ? 0 : -EBADMSG);
		if (cases[i].good) {
			assert_int_equal(c.size, 5);
			assert_int_equal(strlen(c.origin), cases[i].origin_n);
			assert_int_equal(c.nlines, cases[i].signatures);
		}
	}
}

/* Filled up with signatures of a kind that this station does not know. */
static void size(void **state)
{
	static struct note t;
	struct wl_checkpoint_claim c;
	size_t over;

	(void)state;
	for (over = 0; over < 2; over++) {
		make(&t, 1, 0, 1);
		for (unsigned i = 0; i < 5; i++)
			add_signature(&t, 2000);
		while (WL_CHECKPOINT_FILE_BYTES_MAX - t.n > 4000)
			add_signature(&t, 1200);
		/* the origin takes what is left, up to its own limit; a signature the rest */
		size_t line = strlen("\xe2\x80\x94 a.example \n");
		size_t left = WL_CHECKPOINT_FILE_BYTES_MAX + over - t.n - line;
		add_signature(&t, left / 4 * 3);
		char pad[5] = "oooo";
		pad[left % 4] = '\0';
		memmove(t.text + left % 4, t.text, t.n);
		memcpy(t.text, pad, left % 4);
		t.n += left % 4;
		assert_int_equal(t.n, WL_CHECKPOINT_FILE_BYTES_MAX + over);
		assert_int_equal(read_note(&t, &c), over ? -EBADMSG : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(limits),
	        cmocka_unit_test(size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
