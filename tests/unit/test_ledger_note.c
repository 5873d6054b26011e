/* Signed notes and checkpoints: C2SP's vector, and every way a note is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"
#include "daemon/ledger/note.h"

#define VKEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define TEXT "This is an example message.\n"
#define B64                                                                                        \
	"Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72Iney" \
	"aQM="
#define DASH  "\xe2\x80\x94 "
#define LINE  DASH "example.com/foo " B64 "\n"
#define OTHER DASH "example.com/other " B64 "\n"

static struct wl_note_key key;

static void vector(void **state)
{
	char again[WL_VKEY_TEXT];
	size_t n = 0;

	(void)state;
	assert_int_equal(wl_note_key_parse(VKEY, &key), 0);
	wl_note_key_format(&key, again);
	assert_string_equal(again, VKEY);
	assert_int_equal(wl_note_verify(&key, TEXT "\n" LINE, strlen(TEXT "\n" LINE), &n), 0);
	assert_int_equal(n, strlen(TEXT));
	/* a signature by somebody unknown does not matter */
	assert_int_equal(
	        wl_note_verify(&key, TEXT "\n" OTHER LINE, strlen(TEXT "\n" OTHER LINE), &n), 0);
}

static void composing(void **state)
{
	uint8_t blob[68];
	char buf[512];
	size_t n;

	(void)state;
	assert_int_equal(wl_base64_decode(B64, strlen(B64), blob, sizeof(blob), &n), 0);
	assert_int_equal(n, sizeof(blob));
	assert_int_equal(wl_note_compose(&key, TEXT, blob + 4, buf, sizeof(buf)),
	                 strlen(TEXT "\n" LINE));
	assert_string_equal(buf, TEXT "\n" LINE);
	assert_int_equal(wl_note_compose(&key, TEXT, blob + 4, buf, strlen(TEXT "\n" LINE)),
	                 -EMSGSIZE);
}

static void refused(void **state)
{
	static const char *const notes[] = {
	        "",
	        TEXT,
	        TEXT "\n",       /* no signature at all */
	        TEXT "\n" OTHER, /* none of this key */
	        "This is an example messagE.\n\n" LINE,
	        TEXT LINE,          /* no empty line */
	        TEXT "\n" LINE "x", /* no newline at the end */
	        TEXT "\n" LINE "junk\n",
	        TEXT "\t\n\n" LINE,
	        TEXT "\n" DASH "example.com/foo Uw2QOkn8\n",
	        TEXT "\n" DASH "example.com/foo\n",
	        /* one good, one bad of the same key */
	        TEXT "\n" LINE DASH "example.com/foo "
	             "Uw2QOkn9srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwH"
	             "jG1Yu72In"
	             "eyaQM=\n",
	};
	size_t n;

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(notes); i++)
		assert_int_equal(wl_note_verify(&key, notes[i], strlen(notes[i]), &n), -EBADMSG);
}

static void vkeys_refused(void **state)
{
	static const char *const vkeys[] = {
	        "",
	        "example.com/foo",
	        "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	        "example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2",
	        "example com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	};
	struct wl_note_key k;

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(vkeys); i++)
		assert_int_equal(wl_note_key_parse(vkeys[i], &k), -EINVAL);
}

#define ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

static void checkpoints(void **state)
{
	static const char *const bad[] = {
	        "o\n1\n",
	        "o\n01\n" ROOT "\n",
	        "o\n\n" ROOT "\n",
	        "\n1\n" ROOT "\n",
	        "o\n-1\n" ROOT "\n",
	        "o\n18446744073709551616\n" ROOT "\n",
	        "o\n1\n" ROOT,
	        "o\n1\nAAAA\n",
	        "o\n1\n" ROOT "\n\n",
	        "a b\n1\n" ROOT "\n",
	};
	struct wl_checkpoint cp;
	char buf[256];

	(void)state;
	assert_int_equal(wl_checkpoint_parse("o\n0\n" ROOT "\n", 4 + strlen(ROOT) + 1, &cp), 0);
	assert_int_equal(cp.size, 0);
	assert_int_equal(wl_checkpoint_format(&cp, buf, sizeof(buf)), 4 + strlen(ROOT) + 1);
	assert_string_equal(buf, "o\n0\n" ROOT "\n");
	assert_int_equal(wl_checkpoint_parse("o\n7\n" ROOT "\nmore\n",
	                                     strlen("o\n7\n" ROOT "\nmore\n"), &cp),
	                 0);
	for (size_t i = 0; i < WL_ARRAY_LEN(bad); i++)
		assert_int_equal(wl_checkpoint_parse(bad[i], strlen(bad[i]), &cp), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(vector),      cmocka_unit_test(composing),
	        cmocka_unit_test(refused),     cmocka_unit_test(vkeys_refused),
	        cmocka_unit_test(checkpoints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
