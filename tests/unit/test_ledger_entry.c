/* Entries: the line of INTERFACES 6 byte for byte, every escape, every limit, and what a draft may
 * not say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"
#include "daemon/ledger/entry_read.h"

#define HEX "4b2c8f0e9a7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a39281706f5e4d3"

static const char golden[] =
        "{\"actor\":\"tech-1\",\"boot\":\"5f0c2d1ab7e34a52a5d1f0c2b3a49587\",\"clock\":\"rtc\","
        "\"data\":{"
        "\"approvals\":[\"STN3#79\"],\"component\":\"scan-app\",\"destination_insertion\":\"STN3-"
        "I000312\",\"destination_port\":\"b1\",\"device\":\"x-0042\",\"files\":1,\"manifest_"
        "sha256\":"
        "\"" HEX
        "\",\"medium\":\"?9f3c51a2b07e\",\"output\":\"delivery\",\"release\":40201,\"rule\":"
        "\"pass.update-covered\",\"sanitised\":\"no\",\"ticket\":\"AA-2026-0117\",\"vendor_"
        "signature\":"
        "\"cms-detached\",\"version\":\"4.2.1\",\"volume\":\"fat32\"},\"event\":\"release.intent\","
        "\"id\":\"b2f1c0d9e8a7465399887766554433aa\",\"mono_ms\":1903412,\"policy_sha256\":"
        "\"c1d2e3f405162738495a6b7c8d9eafb0c1d2e3f405162738495a6b7c8d9eafb0\",\"seq\":81,"
        "\"station\":"
        "\"STN3\",\"time\":\"2026-11-23T02:53:34Z\",\"transfer\":\"STN3-T000042\",\"uid\":1001,"
        "\"v\":1}";

static struct wl_stamp stamp = {.seq = 81,
                                .mono_ms = 1903412,
                                .boot = "5f0c2d1ab7e34a52a5d1f0c2b3a49587",
                                .clock = "rtc",
                                .station = "STN3"};
static char buf[WL_ENTRY_BYTES_MAX + 1];

/* In an order of its own: the rendering sorts. */
static void fill_intent(struct wl_draft *d)
{
	*d = (struct wl_draft){.event = WL_E_RELEASE_INTENT, .uid = 1001, .has_policy = true};
	memcpy(d->actor, "tech-1", 7);
	memcpy(d->transfer, "STN3-T000042", 13);
	assert_int_equal(wl_hex_decode("b2f1c0d9e8a7465399887766554433aa", d->nonce, 16), 0);
	assert_int_equal(
	        wl_hex_decode("c1d2e3f405162738495a6b7c8d9eafb0c1d2e3f405162738495a6b7c8d9eafb0",
	                      d->policy_sha256, 32),
	        0);
	assert_int_equal(wl_draft_text(d, WL_M_VOLUME, "fat32"), 0);
	assert_int_equal(wl_draft_element(d, WL_M_APPROVALS, "STN3#79"), 0);
	assert_int_equal(wl_draft_integer(d, WL_M_RELEASE, 40201), 0);
	assert_int_equal(wl_draft_text(d, WL_M_OUTPUT, "delivery"), 0);
	assert_int_equal(wl_draft_text(d, WL_M_DEVICE, "x-0042"), 0);
	assert_int_equal(wl_draft_text(d, WL_M_COMPONENT, "scan-app"), 0);
	assert_int_equal(wl_draft_text(d, WL_M_VERSION, "4.2.1"), 0);
	assert_int_equal(wl_draft_text(d, WL_M_VENDOR_SIGNATURE, "cms-detached"), 0);
	assert_int_equal(wl_draft_text(d, WL_M_SANITISED, "no"), 0);
	assert_int_equal(wl_draft_text(d, WL_M_RULE, "pass.update-covered"), 0);
	assert_int_equal(wl_draft_text(d, WL_M_TICKET, "AA-2026-0117"), 0);
	assert_int_equal(wl_draft_text(d, WL_M_MANIFEST_SHA256, HEX), 0);
	assert_int_equal(wl_draft_integer(d, WL_M_FILES, 1), 0);
	assert_int_equal(wl_draft_text(d, WL_M_MEDIUM, "?9f3c51a2b07e"), 0);
	assert_int_equal(wl_draft_text(d, WL_M_DESTINATION_PORT, "b1"), 0);
	assert_int_equal(wl_draft_text(d, WL_M_DESTINATION_INSERTION, "STN3-I000312"), 0);
}

static void golden_line(void **state)
{
	WL_CLEANUP(wl_draft_clear) struct wl_draft d;
	WL_CLEANUP(wl_entry_clear) struct wl_entry e = {0};
	struct wl_finding f;
	size_t n;

	(void)state;
	fill_intent(&d);
	assert_int_equal(wl_time_parse("2026-11-23T02:53:34Z", &stamp.time), 0);
	assert_int_equal(wl_draft_check(&d, &f), 0);
	assert_int_equal(wl_entry_render(&d, &stamp, buf, &n), 0);
	assert_string_equal(buf, golden);
	assert_int_equal(wl_entry_read((const uint8_t *)buf, n, &e), 0);
	assert_true(wl_draft_equal(&d, &e.draft));
	assert_int_equal(e.seq, 81);
	assert_int_equal(e.time, stamp.time);
}

/* Every single changed byte of an entry is refused or gives another entry, never a fault. */
static void changed_bytes(void **state)
{
	size_t n = strlen(golden);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		WL_CLEANUP(wl_entry_clear) struct wl_entry e = {0};
		uint8_t copy[sizeof(golden)];
		memcpy(copy, golden, n);
		copy[i] ^= 0x20;
		int r = wl_entry_read(copy, n, &e);
		assert_true(r == 0 || r == -EUCLEAN);
		wl_entry_clear(&e);
		assert_int_equal(wl_entry_read((const uint8_t *)golden, i, &e), -EUCLEAN);
	}
}

static void render_words(const char *words)
{
	struct wl_draft d = {.event = WL_E_TRANSFER_REJECTED};
	size_t n;

	memcpy(d.actor, "appr-1", 7);
	memcpy(d.transfer, "STN3-T000042", 13);
	assert_int_equal(wl_draft_text(&d, WL_M_WORDS, words), 0);
	assert_int_equal(wl_entry_render(&d, &stamp, buf, &n), 0);
	WL_CLEANUP(wl_entry_clear) struct wl_entry e = {0};
	assert_int_equal(wl_entry_read((const uint8_t *)buf, n, &e), 0);
	assert_string_equal(wl_draft_get_text(&e.draft, WL_M_WORDS), words);
	wl_draft_clear(&d);
}

static void escapes(void **state)
{
	static const struct {
		const char *words, *json;
	} rows[] = {
	        {"plain / text", "\"plain / text\""},
	        {"\"\\", "\"\\\"\\\\\""},
	        {"d\xc3\xa9j\xc3\xa0 vu", "\"d\\u00e9j\\u00e0 vu\""},
	        {"\x7f", "\"\\u007f\""},
	        {"\xe2\x80\xae", "\"\\u202e\""},
	        {"\xf0\x9f\x98\x80", "\"\\ud83d\\ude00\""},
	        {"", "\"\""},
	};

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(rows); i++) {
		char want[64];
		render_words(rows[i].words);
		(void)snprintf(want, sizeof(want), "\"data\":{\"words\":%s}", rows[i].json);
		assert_non_null(strstr(buf, want));
		for (const char *p = buf; *p; p++)
			assert_true(*p >= 0x20 && *p <= 0x7e);
	}
}

static void limits(void **state)
{
	WL_CLEANUP(wl_draft_clear) struct wl_draft d = {.event = WL_E_ITEM_DECIDED};
	char text[WL_ENTRY_TEXT_BYTES_MAX + 2];
	size_t n;
	int r = 0;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[WL_ENTRY_TEXT_BYTES_MAX + 1] = '\0';
	assert_int_equal(wl_draft_text(&d, WL_M_POLICY_KEY, text), -E2BIG);
	text[WL_ENTRY_TEXT_BYTES_MAX] = '\0';
	assert_int_equal(wl_draft_text(&d, WL_M_POLICY_KEY, text), 0);
	assert_int_equal(wl_draft_integer(&d, WL_M_BYTES, WL_INTEGER_MAX + 1), -EINVAL);
	assert_int_equal(wl_draft_integer(&d, WL_M_BYTES, -WL_INTEGER_MAX - 1), -EINVAL);
	assert_int_equal(wl_draft_integer(&d, WL_M_BYTES, WL_INTEGER_MAX), 0);
	for (unsigned i = 0; i < WL_ENTRY_ELEMENTS_MAX; i++)
		assert_int_equal(wl_draft_element(&d, WL_M_TRANSFORMS, "t"), 0);
	assert_int_equal(wl_draft_element(&d, WL_M_TRANSFORMS, "t"), -E2BIG);

	/* an entry of exactly the limit is rendered, one more byte is not, and nothing is cut */
	WL_CLEANUP(wl_draft_clear) struct wl_draft e = {.event = WL_E_ITEM_DECIDED};
	memcpy(e.actor, "station", 8);
	for (unsigned i = 0; i < 15; i++)
		r = r ? r : wl_draft_element(&e, WL_M_MASKS, text);
	assert_int_equal(r, 0);
	assert_int_equal(wl_entry_render(&e, &stamp, buf, &n), 0);
	size_t left = WL_ENTRY_BYTES_MAX - n - 3; /* a comma and two quotes */
	assert_true(left < WL_ENTRY_TEXT_BYTES_MAX);
	text[left] = '\0';
	assert_int_equal(wl_draft_element(&e, WL_M_MASKS, text), 0);
	assert_int_equal(wl_entry_render(&e, &stamp, buf, &n), 0);
	assert_int_equal(n, WL_ENTRY_BYTES_MAX);
	assert_int_equal(wl_draft_integer(&e, WL_M_BITS, 8), 0);
	assert_int_equal(wl_entry_render(&e, &stamp, buf, &n), -EMSGSIZE);
}

static void refused_members(void **state)
{
	WL_CLEANUP(wl_draft_clear) struct wl_draft d = {.event = WL_E_MEDIUM_GONE};

	(void)state;
	assert_int_equal(wl_draft_text(&d, WL_M_WORDS, "x"), -EINVAL);      /* not of this event */
	assert_int_equal(wl_draft_integer(&d, WL_M_INSERTION, 1), -EINVAL); /* not of this type */
	assert_int_equal(wl_draft_text(&d, WL_M_INSERTION, "\xff"), -EINVAL);
	assert_int_equal(wl_draft_text(&d, WL_M_INSERTION, "STN3-I000001"), 0);
	assert_int_equal(wl_draft_text(&d, WL_M_INSERTION, "STN3-I000001"), -EINVAL); /* twice */
}

/* Each change of a good draft is found, with the member's name in the detail. */
static void refused_forms(void **state)
{
	static const struct {
		enum wl_member member;
		const char *text;
	} rows[] = {
	        {WL_M_DESTINATION_INSERTION, "STN3-I12"},
	        {WL_M_DESTINATION_PORT, "B1"},
	        {WL_M_DEVICE, "X-0042"},
	        {WL_M_MANIFEST_SHA256, "4b2c"},
	        {WL_M_MEDIUM, "medium"},
	        {WL_M_RULE, "pass.everything"},
	        {WL_M_TICKET, "a ticket"},
	        {WL_M_COMPONENT, ""},
	};
	struct wl_finding f;

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(rows); i++) {
		WL_CLEANUP(wl_draft_clear) struct wl_draft d;
		fill_intent(&d);
		for (size_t k = 0; k < d.n; k++)
			if (d.values[k].member == rows[i].member) {
				d.values[k] = d.values[--d.n];
				break;
			}
		if (rows[i].member != WL_M_TICKET && rows[i].member != WL_M_COMPONENT) {
			assert_int_equal(wl_draft_check(&d, &f), -EINVAL); /* missing */
			assert_non_null(strstr(f.detail, "is missing"));
		}
		assert_int_equal(wl_draft_text(&d, rows[i].member, rows[i].text), 0);
		assert_int_equal(wl_draft_check(&d, &f), -EINVAL);
		assert_non_null(strstr(f.detail, wl_member_name(rows[i].member)));
	}
}

static void refused_envelopes(void **state)
{
	static const char *const actors[] = {"",       "Tech", "uid:",           "uid:01",
	                                     "uid:1x", "a",    "uid:99999999999"};
	WL_CLEANUP(wl_draft_clear) struct wl_draft d;
	struct wl_finding f;

	(void)state;
	fill_intent(&d);
	for (size_t i = 0; i < WL_ARRAY_LEN(actors); i++) {
		(void)snprintf(d.actor, sizeof(d.actor), "%s", actors[i]);
		assert_int_equal(wl_draft_check(&d, &f), -EINVAL);
	}
	memcpy(d.actor, "uid:0", 6);
	assert_int_equal(wl_draft_check(&d, &f), 0);
	d.uid = UINT64_C(1) << 32;
	assert_int_equal(wl_draft_check(&d, &f), -EINVAL);
	d.uid = 0;
	memcpy(d.transfer, "STN3-X000042", 13);
	assert_int_equal(wl_draft_check(&d, &f), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(golden_line),       cmocka_unit_test(changed_bytes),
	        cmocka_unit_test(escapes),           cmocka_unit_test(limits),
	        cmocka_unit_test(refused_members),   cmocka_unit_test(refused_forms),
	        cmocka_unit_test(refused_envelopes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
