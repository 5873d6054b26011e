/* The auditor's reading of notes, keys and entries: the vector of the C2SP specification and the
 * spellings that must be refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "verify/entry.h"
#include "verify/note.h"

static const char vkey[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
static const char note[] = "This is an example message.\n\n\xe2\x80\x94 example.com/foo "
                           "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFX"
                           "mRKuwHjG1Yu72IneyaQM="
                           "\n";

static void specification_vector_verifies(void **state)
{
	struct verify_key key;
	char copy[sizeof(note)];

	(void)state;
	assert_int_equal(verify_key_parse(vkey, &key), 0);
	assert_int_equal(verify_note_check((const uint8_t *)note, strlen(note), &key, NULL), 0);
	memcpy(copy, note, sizeof(note));
	copy[3] ^= 1;
	assert_int_equal(verify_note_check((const uint8_t *)copy, strlen(note), &key, NULL),
	                 -EBADMSG);
}

static void note_without_signature_is_not_good(void **state)
{
	struct verify_key key;
	static const char bare[] = "text\n\n";
	static const char other[] = "text\n\n\xe2\x80\x94 someone.else Uw2QOkn8srU=\n";

	(void)state;
	assert_int_equal(verify_key_parse(vkey, &key), 0);
	assert_int_equal(verify_note_check((const uint8_t *)bare, strlen(bare), &key, NULL),
	                 -ENOENT);
	assert_int_equal(verify_note_check((const uint8_t *)other, strlen(other), &key, NULL),
	                 -ENOENT);
}

static void wrong_keys_are_refused(void **state)
{
	static const char *const wrong[] = {
	        "",
	        "example.com/foo",
	        "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	        "example com+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2",
	        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n",
	};
	struct verify_key key;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(verify_key_parse(wrong[i], &key), -EINVAL);
}

static void checkpoints_have_one_spelling(void **state)
{
	static const char root[] = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
	static const struct {
		const char *size;
		int result;
	} cases[] = {{"0", 0},
	             {"70000", 0},
	             {"007", -EBADMSG},
	             {"", -EBADMSG},
	             {"-1", -EBADMSG},
	             {"1e3", -EBADMSG},
	             {"99999999999999999999", -EBADMSG}};
	struct verify_checkpoint cp;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[200];
		int n = snprintf(text, sizeof(text), "a.example\n%s\n%s\n", cases[i].size, root);
		assert_int_equal(verify_checkpoint_parse((uint8_t *)text, (size_t)n, &cp),
		                 cases[i].result);
	}
}

static void entries_have_one_spelling(void **state)
{
	static const struct {
		const char *text;
		int result;
	} cases[] = {
	        {"{\"a\":1,\"b\":\"x\"}", 0},
	        {"{\"a\":[],\"data\":{\"x\":[\"1\",\"2\"],\"y\":true}}", 0},
	        {"{\"data\":{}}", 0},
	        {"{\"a\":\"\\u00e9\\\"\\\\\"}", 0},
	        {"{\"a\":-1}", 0},
	        {"{\"a\":9007199254740991}", 0},
	        {"{\"a\":9007199254740992}", -EBADMSG},
	        {"{}", -EBADMSG},
	        {"{\"b\":1,\"a\":1}", -EBADMSG},
	        {"{\"a\":1,\"a\":1}", -EBADMSG},
	        {"{\"a\":1.5}", -EBADMSG},
	        {"{\"a\":01}", -EBADMSG},
	        {"{\"a\":-0}", -EBADMSG},
	        {"{\"a\":null}", -EBADMSG},
	        {"{\"a\": 1}", -EBADMSG},
	        {"{\"a\":1}\n", -EBADMSG},
	        {"{\"a\":{\"b\":1}}", -EBADMSG},
	        {"{\"data\":{\"x\":{}}}", -EBADMSG},
	        {"{\"a\":\"\\u0041\"}", -EBADMSG},
	        {"{\"a\":\"\\u00E9\"}", -EBADMSG},
	        {"{\"a\":\"\\n\"}", -EBADMSG},
	        {"{\"a\":\"\xc3\xa9\"}", -EBADMSG},
	        {"{\"a\":[1]}", -EBADMSG},
	        {"{\"a\":\"x", -EBADMSG},
	};
	struct verify_entry e;
	size_t at;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(verify_entry_read(cases[i].text, strlen(cases[i].text), &e, &at),
		                 cases[i].result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(specification_vector_verifies),
	        cmocka_unit_test(note_without_signature_is_not_good),
	        cmocka_unit_test(wrong_keys_are_refused),
	        cmocka_unit_test(checkpoints_have_one_spelling),
	        cmocka_unit_test(entries_have_one_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
