/* The ticket's reader and writer: the ticket of weighlock-ticket(5), and one thing wrong at a time.
 */
#include "tests/unit/policy_help.h"

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"

static const char golden[] =
        "{\n"
        "  \"type\": \"ca.weighlock.ticket/1\",\n"
        "  \"id\": \"AA-2026-0117\",\n"
        "  \"authority\": \"assessing-authority\",\n"
        "  \"issued_at\": \"2026-11-02T14:00:00Z\",\n"
        "  \"not_before\": \"2026-11-03T00:00:00Z\",\n"
        "  \"not_after\": \"2027-05-03T00:00:00Z\",\n"
        "  \"vendor\": \"acme\",\n"
        "  \"component\": \"scan-app\",\n"
        "  \"version\": \"4.2.1\",\n"
        "  \"release\": 40201,\n"
        "  \"release_from\": 40100,\n"
        "  \"devices\": [{\"model\": \"x100\", \"serials\": [\"X-0042\", \"X-0043\"]}],\n"
        "  \"uses_per_device\": 1,\n"
        "  \"stations\": [],\n"
        "  \"vendor_signature\": {\n"
        "    \"format\": \"cms-detached\",\n"
        "    \"spki_sha256\": "
        "[\"6b1d0a4c6e0f2b7e9b7a54d90c3f5d5b1c0f4a8de2b4c6f8091a2b3c4d5e6f70\"]\n"
        "  },\n"
        "  \"files\": [\n"
        "    {\"path\": \"update.tar.gz\", \"size\": 67108864, \"sha256\": "
        "\"0f343b0931126a20f133d67c2b018a3b5f1d3c4e5a6978877665544332211000\", \"signature\": "
        "\"update.tar.gz.p7s\", \"unpack\": \"inspect\", \"deliver\": true},\n"
        "    {\"path\": \"LISEZMOI.TXT\", \"size\": 812, \"sha256\": "
        "\"9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab\", \"unpack\": "
        "\"none\", "
        "\"deliver\": false}\n"
        "  ],\n"
        "  \"note\": \"\"\n"
        "}\n";

static struct wl_ticket *read_good(const char *text)
{
	struct wl_ticket *t = NULL;
	struct wl_finding finding;
	if (wl_ticket_read(text, strlen(text), &t, &finding) < 0)
		fail_msg("%s: %s", wl_rule_id(finding.rule), finding.detail);
	return t;
}

static void golden_ticket_is_read(void **state)
{
	(void)state;
	struct wl_ticket *t = read_good(golden);
	uint8_t digest[WL_SHA256_BYTES];
	assert_int_equal(wl_sha256_of(golden, strlen(golden), digest), 0);
	assert_memory_equal(t->sha256, digest, sizeof(digest));
	assert_string_equal(t->id, "AA-2026-0117");
	assert_int_equal(t->issued_at, INT64_C(1793628000));
	assert_int_equal(t->release, 40201);
	assert_int_equal(t->release_from, 40100);
	assert_int_equal(t->devices[0].nserials, 2);
	assert_string_equal(t->devices[0].serials[1], "X-0043");
	assert_int_equal(t->nspki, 1);
	assert_int_equal(t->spki_sha256[0][0], 0x6b);
	assert_int_equal(t->nfiles, 2);
	assert_int_equal(t->files[0].size, 67108864);
	assert_string_equal(t->files[0].signature, "update.tar.gz.p7s");
	assert_int_equal(t->files[0].unpack, WL_UNPACK_INSPECT);
	assert_true(t->files[0].deliver);
	assert_null(t->files[1].signature);
	assert_false(t->files[1].deliver);
	assert_string_equal(wl_ticket_state(t, t->not_before - 1), "not-yet");
	assert_string_equal(wl_ticket_state(t, t->not_after), "valid");
	assert_string_equal(wl_ticket_state(t, t->not_after + 1), "expired");
	wl_ticket_free(t);
}

struct edit {
	const char *find, *replace, *rule;
};

static const struct edit edits[] = {
        {"\"id\": \"AA-2026-0117\",\n", "\"id\": \"AA-2026-0117\",\n\"id\": \"AA-2026-0118\",\n",
         "ticket.unreadable"},
        {"\"note\": \"\"", "\"note\": \"\", \"nota\": 1", "ticket.field-unknown"},
        {"\"model\": \"x100\"", "\"model\": \"x100\", \"pattern\": \"*\"", "ticket.field-unknown"},
        {"\"unpack\": \"none\"", "\"unpack\": \"none\", \"mode\": 1", "ticket.field-unknown"},
        {"ticket/1", "ticket/2", "ticket.type-unknown"},
        {"\"type\": \"ca.weighlock.ticket/1\",\n", "", "ticket.unreadable"},
        {"\"type\": \"ca.weighlock.ticket/1\"", "\"type\": 1", "ticket.unreadable"},
        {"\"release\": 40201", "\"release\": 40201.0", "ticket.unreadable"},
        {"\"release\": 40201", "\"release\": 4e4", "ticket.unreadable"},
        {"\"release\": 40201", "\"release\": -1", "ticket.unreadable"},
        {"\"release\": 40201", "\"release\": -0", "ticket.unreadable"},
        {"\"release\": 40201", "\"release\": \"40201\"", "ticket.unreadable"},
        {"\"release\": 40201", "\"release\": null", "ticket.unreadable"},
        {"\"release\": 40201", "\"release\": 9007199254740992", "ticket.unreadable"},
        {"\"release\": 40201", "\"release\": 99999999999999999999", "ticket.unreadable"},
        {"\"release\": 40201,\n", "", "ticket.unreadable"},
        {"\"note\": \"\"", "\"note\": null", "ticket.unreadable"},
        {"\"note\": \"\"", "\"note\": \"\\u0000\"", "ticket.unreadable"},
        {"\"note\": \"\"", "\"note\": \"\\u001b[2J\"", "ticket.unreadable"},
        {"\"note\": \"\"", "\"note\": \"\\ud800\"", "ticket.unreadable"},
        {"\"note\": \"\"", "\"note\": \"\xC0\x80\"", "ticket.unreadable"},
        {"\"id\": \"AA-2026-0117\"", "\"id\": \"aa-2026\"", "ticket.unreadable"},
        {"2026-11-02T14:00:00Z", "2026-11-02T14:00:00+00:00", "ticket.unreadable"},
        {"2027-05-03T00:00:00Z", "2026-11-02T23:59:59Z",
         "ticket.unreadable"}, /* ends before it begins */
        {"\"uses_per_device\": 1", "\"uses_per_device\": 0", "ticket.unreadable"},
        {"\"stations\": []", "\"stations\": [\"stn3\"]", "ticket.unreadable"},
        {"[{\"model\": \"x100\", \"serials\": [\"X-0042\", \"X-0043\"]}]", "[]",
         "ticket.unreadable"},
        {"[\"X-0042\", \"X-0043\"]", "[]", "ticket.unreadable"},
        {"[\"X-0042\", \"X-0043\"]", "\"X-0042\"", "ticket.unreadable"},
        {"cms-detached", "none", "ticket.unreadable"}, /* but a key */
        {"cms-detached", "pgp", "ticket.unreadable"},
        {"[\"6b1d0a4c6e0f2b7e9b7a54d90c3f5d5b1c0f4a8de2b4c6f8091a2b3c4d5e6f70\"]", "[]",
         "ticket.unreadable"},
        {"\"6b1d0a4c", "\"6B1d0a4c", "ticket.unreadable"},
        {"\"path\": \"update.tar.gz\"", "\"path\": \"/update.tar.gz\"", "ticket.unreadable"},
        {"\"path\": \"update.tar.gz\"", "\"path\": \"../update.tar.gz\"", "ticket.unreadable"},
        {"\"path\": \"update.tar.gz\"", "\"path\": \"a/../update.tar.gz\"", "ticket.unreadable"},
        {"\"path\": \"update.tar.gz\"", "\"path\": \"a//b\"", "ticket.unreadable"},
        {"\"path\": \"update.tar.gz\"", "\"path\": \"./b\"", "ticket.unreadable"},
        {"\"path\": \"update.tar.gz\"", "\"path\": \"a/\"", "ticket.unreadable"},
        {"\"path\": \"update.tar.gz\"", "\"path\": \"\"", "ticket.unreadable"},
        {"\"path\": \"update.tar.gz\"", "\"path\": \"a%2fb\"",
         "ticket.unreadable"}, /* lower case */
        {"\"path\": \"update.tar.gz\"", "\"path\": \"a%41\"",
         "ticket.unreadable"}, /* needs no escape */
        {"\"path\": \"update.tar.gz\"", "\"path\": \"a;b\"", "ticket.unreadable"}, /* needs one */
        {"\"path\": \"LISEZMOI.TXT\"", "\"path\": \"update.tar.gz\"", "ticket.unreadable"},
        {"\"path\": \"LISEZMOI.TXT\"", "\"path\": \"update.tar.gz.p7s\"", "ticket.unreadable"},
        {"\"unpack\": \"none\"", "\"unpack\": \"all\"", "ticket.unreadable"},
        {"\"deliver\": true", "\"deliver\": 1", "ticket.unreadable"},
        {"\"size\": 812", "\"size\": true", "ticket.unreadable"},
        {"{\n  \"type\"", "\xEF\xBB\xBF{\n  \"type\"", "ticket.unreadable"},
        {"  \"note\": \"\"\n}\n", "  \"note\": \"\"\n}\n{}", "ticket.unreadable"},
        {"{\n  \"type\"", "[{\n  \"type\"", "ticket.unreadable"},
};

static void a_ticket_is_strict(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		char *text = help_edit(golden, edits[i].find, edits[i].replace);
		struct wl_ticket *t = NULL;
		struct wl_finding finding = {0};
		int r = wl_ticket_read(text, strlen(text), &t, &finding);
		if (r != -EBADMSG || strcmp(wl_rule_id(finding.rule), edits[i].rule) != 0)
			fail_msg("%s: %d %s: %s", edits[i].replace, r, wl_rule_id(finding.rule),
			         finding.detail);
		assert_null(t);
		free(text);
	}
}

static void what_may_be_left_out_may(void **state)
{
	(void)state;
	char *a = help_edit(golden, ",\n  \"note\": \"\"", "");
	char *b = help_edit(a, "  \"release_from\": 40100,\n", "");
	char *c = help_edit(b, "  \"stations\": [],\n", "");
	struct wl_ticket *t = read_good(c);
	assert_int_equal(t->release_from, 0);
	assert_int_equal(t->nstations, 0);
	wl_ticket_free(t);
	free(a);
	free(b);
	free(c);
}

static void sizes_end_at_their_limits(void **state)
{
	(void)state;
	struct wl_ticket *t = NULL;
	struct wl_finding finding;
	char *big = malloc(WL_TICKET_BYTES_MAX + 1);
	assert_non_null(big);
	memset(big, ' ', WL_TICKET_BYTES_MAX + 1);
	memcpy(big, golden, strlen(golden));
	assert_int_equal(wl_ticket_read(big, WL_TICKET_BYTES_MAX, &t, &finding), 0);
	t = wl_ticket_free(t);
	assert_int_equal(wl_ticket_read(big, WL_TICKET_BYTES_MAX + 1, &t, &finding), -EBADMSG);
	assert_id(finding.rule, "ticket.unreadable");
	free(big);
	char *text = help_edit(golden, "\"release\": 40201", "\"release\": 9007199254740991");
	t = read_good(text);
	assert_int_equal(t->release, (INT64_C(1) << 53) - 1);
	wl_ticket_free(t);
	free(text);
	static char deep[20002];
	memset(deep, '[', 20000);
	assert_int_equal(wl_ticket_read(deep, 20000, &t, &finding), -EBADMSG);
}

static void what_is_written_is_read_back(void **state)
{
	(void)state;
	struct wl_ticket *t = help_ticket(), *again;
	help_list(t, "d\xC3\xA9pot/a;b.bin", "x", NULL, true, true);
	assert_int_equal(wl_ticket_set_note(t, "\xC3\xA9t\xC3\xA9"), 0);
	assert_int_equal(wl_ticket_add_station(t, "STN3"), 0);
	assert_int_equal(wl_ticket_add_station(t, "stn3"), -EINVAL);
	char *text = help_ticket_text(t);
	assert_non_null(strstr(text, "\"path\": \"d%C3%A9pot/a%3Bb.bin\""));
	again = read_good(text);
	assert_string_equal(again->note, "\xC3\xA9t\xC3\xA9");
	assert_memory_equal(again->files[0].raw, "d\xC3\xA9pot/a;b.bin", again->files[0].raw_n);
	assert_string_equal(again->stations[0], "STN3");
	assert_int_equal(again->not_after, t->not_after);
	assert_int_equal(wl_ticket_add_file(t, "/x", 2, 0, t->sha256, NULL, WL_UNPACK_NONE, true),
	                 -EINVAL);
	wl_ticket_free(again);
	free(text);
	char *out;
	size_t n;
	struct wl_finding finding;
	t->uses_per_device = 0; /* no ticket: it is not written */
	assert_int_equal(wl_ticket_write(t, &out, &n, &finding), -EBADMSG);
	assert_id(finding.rule, "ticket.unreadable");
	wl_ticket_free(t);
}

static void a_person_can_read_it(void **state)
{
	(void)state;
	char *changed = help_edit(golden, "4.2.1",
	                          "4.2\xE2\x80\xAE"
	                          "1.2");
	struct wl_ticket *t = read_good(changed);
	char *words;
	assert_int_equal(wl_ticket_show(t, &words), 0);
	assert_non_null(strstr(words, "AA-2026-0117"));
	assert_non_null(strstr(words, "X-0042, X-0043"));
	assert_non_null(strstr(words, "40100"));
	assert_non_null(strstr(words, "LISEZMOI.TXT"));
	assert_null(strstr(words, "\xE2\x80\xAE")); /* nothing turns the line around */
	free(words);
	t->vendor_signature = WL_SIGNED_NONE;
	assert_int_equal(wl_ticket_show(t, &words), 0);
	assert_non_null(strstr(words, "SIGNS NOTHING"));
	free(words);
	wl_ticket_free(t);
	free(changed);
}

/* ---- taking one back ---- */

static const char taken_back[] = "{\n"
                                 "  \"type\": \"ca.weighlock.ticket-withdrawal/1\",\n"
                                 "  \"ticket\": \"AA-2026-0117\",\n"
                                 "  \"authority\": \"assessing-authority\",\n"
                                 "  \"issued_at\": \"2026-11-02T14:00:00Z\",\n"
                                 "  \"reason\": \"defect-found\"\n"
                                 "}\n";

static void a_withdrawal_is_read_and_written(void **state)
{
	(void)state;
	struct wl_withdrawal w;
	struct wl_finding finding;
	struct wl_ticket *t = NULL;
	uint8_t digest[WL_SHA256_BYTES];
	char *out, *words;
	size_t n;
	assert_int_equal(wl_withdrawal_read(taken_back, strlen(taken_back), &w, &finding), 0);
	assert_int_equal(wl_sha256_of(taken_back, strlen(taken_back), digest), 0);
	assert_memory_equal(w.sha256, digest, sizeof(digest));
	assert_int_equal(w.issued_at, INT64_C(1793628000));
	assert_int_equal(wl_withdrawal_write(&w, &out, &n, &finding), 0);
	assert_string_equal(out, taken_back);
	free(out);
	assert_int_equal(wl_withdrawal_show(&w, &words), 0);
	assert_non_null(strstr(words, "AA-2026-0117"));
	assert_non_null(strstr(words, "defect-found"));
	free(words);
	/* neither is taken for the other */
	assert_int_equal(wl_withdrawal_read(golden, strlen(golden), &w, &finding), -ENOMSG);
	assert_int_equal(wl_ticket_read(taken_back, strlen(taken_back), &t, &finding), -EBADMSG);
	assert_id(finding.rule, "ticket.type-unknown");
	w.reason[0] = '\0';
	assert_int_equal(wl_withdrawal_write(&w, &out, &n, &finding), -EBADMSG);
	assert_id(finding.rule, "ticket.unreadable");
}

static void a_withdrawal_is_strict(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to;
		int error;
		const char *rule;
	} rows[] = {
	        {"withdrawal/1", "withdrawal/2", -ENOMSG, NULL},
	        {"\"AA-2026-0117\"", "\"../x\"", -EBADMSG, "ticket.unreadable"},
	        {"\"AA-2026-0117\"", "[\"AA-1\", \"AA-2\"]", -EBADMSG, "ticket.unreadable"},
	        {"assessing-authority", "The Authority", -EBADMSG, "ticket.unreadable"},
	        {"2026-11-02T14:00:00Z", "yesterday", -EBADMSG, "ticket.unreadable"},
	        {"defect-found", "", -EBADMSG, "ticket.unreadable"},
	        {"\"reason\"", "\"because\"", -EBADMSG, "ticket.field-unknown"},
	        {"  \"reason\"", "  \"ticket\": \"AA-1\",\n  \"reason\"", -ENOMSG, NULL},
	        {",\n  \"reason\": \"defect-found\"", "", -EBADMSG, "ticket.unreadable"},
	};
	for (size_t i = 0; i < WL_ARRAY_LEN(rows); i++) {
		struct wl_withdrawal w;
		struct wl_finding finding = {0};
		char *changed = help_edit(taken_back, rows[i].from, rows[i].to);
		assert_int_equal(wl_withdrawal_read(changed, strlen(changed), &w, &finding),
		                 rows[i].error);
		if (rows[i].rule)
			assert_id(finding.rule, rows[i].rule);
		free(changed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(golden_ticket_is_read),
	        cmocka_unit_test(a_ticket_is_strict),
	        cmocka_unit_test(what_may_be_left_out_may),
	        cmocka_unit_test(sizes_end_at_their_limits),
	        cmocka_unit_test(what_is_written_is_read_back),
	        cmocka_unit_test(a_person_can_read_it),
	        cmocka_unit_test(a_withdrawal_is_read_and_written),
	        cmocka_unit_test(a_withdrawal_is_strict),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
