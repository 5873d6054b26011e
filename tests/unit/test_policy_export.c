/* The decisions of an export: what may be opened, what each output comes to, in which order. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "policy/export.h"
#include "tests/unit/policy_help.h"

static struct wl_policy *policy;

static int setup(void **state)
{
	(void)state;
	policy = help_policy(NULL, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	policy = wl_policy_free(policy);
	return 0;
}

static const char *const lab[] = {"lab-1"};

static struct wl_export_request whole(void)
{
	return (struct wl_export_request){.device = "x-0042",
	                                  .case_id = "2026-FA-0311",
	                                  .authority = "ca-107-5-a",
	                                  .reference = "letter 2026-11-20",
	                                  .requester = "Crown counsel",
	                                  .tip_state = "off",
	                                  .outputs = WL_OUTPUT_SCRUBBED | WL_OUTPUT_EVIDENCE,
	                                  .recipients = lab,
	                                  .nrecipients = 1,
	                                  .has_scans = true,
	                                  .has_clock = true};
}

static void assert_says(const struct wl_export_request *r, enum wl_rule rule, const char *words)
{
	struct wl_rules rules;
	char detail[WL_DETAIL_MAX + 1];

	wl_export_check_request(policy, r, &rules, detail);
	if (rule == WL_RULE_NONE) {
		assert_int_equal(rules.n, 0);
		return;
	}
	assert_true(wl_rules_has(&rules, rule));
	if (words) {
		assert_int_equal(rules.n, 1);
		assert_string_equal(detail, words);
	}
}

static void a_whole_request_is_good(void **state)
{
	struct wl_export_request r = whole();

	(void)state;
	assert_says(&r, WL_RULE_NONE, NULL);
	r.nrecipients = 0; /* encrypt: optional */
	assert_says(&r, WL_RULE_NONE, NULL);
}

static void what_is_missing_is_named(void **state)
{
	struct wl_export_request r = whole();

	(void)state;
	r.case_id = "";
	assert_says(&r, WL_RULE_EXPORT_CASE_MISSING, "");
	r = whole();
	r.authority = NULL;
	assert_says(&r, WL_RULE_EXPORT_FIELD_MISSING, "authority");
	r = whole();
	r.reference = r.requester = r.tip_state = NULL;
	assert_says(&r, WL_RULE_EXPORT_FIELD_MISSING, "reference, requester, tip_state");
	r = whole();
	r.tip_state = "perhaps";
	assert_says(&r, WL_RULE_EXPORT_FIELD_MISSING, NULL);
	r = whole();
	r.outputs = 0;
	assert_says(&r, WL_RULE_EXPORT_FIELD_MISSING, "outputs");
	r = whole();
	r.has_scans = false;
	assert_says(&r, WL_RULE_EXPORT_FIELD_MISSING, "scans, or from and to");
	r.has_window = true;
	assert_says(&r, WL_RULE_NONE, NULL);
	r.has_clock = false;
	assert_says(&r, WL_RULE_EXPORT_FIELD_MISSING, "scanner_clock");
}

static void authorities_are_a_list(void **state)
{
	struct wl_export_request r = whole();

	(void)state;
	r.authority = "ca-107-5-z";
	assert_says(&r, WL_RULE_EXPORT_AUTHORITY_UNKNOWN, "ca-107-5-z");
	r.authority = "ca-107-9"; /* the person concerned must have agreed */
	assert_says(&r, WL_RULE_EXPORT_FIELD_MISSING, "consent");
	r.consent = "form of 2026-11-02";
	assert_says(&r, WL_RULE_NONE, NULL);
	assert_string_equal(wl_export_field_of("ca-107-8"), "arrangement");
	assert_string_equal(wl_export_field_of("ca-107-8-b"), "arrangement");
	assert_string_equal(wl_export_field_of("ca-107-6"), "notice");
	assert_string_equal(wl_export_field_of("ca-pa-8-2"), "paragraph");
	assert_null(wl_export_field_of("ca-107-80"));
	assert_null(wl_export_field_of("ca-107-5-a"));
}

static void forbidden_forms_are_refused(void **state)
{
	static const char *const stranger[] = {"lab-2"};
	struct wl_export_request r = whole();

	(void)state;
	r.recipients = stranger;
	assert_says(&r, WL_RULE_EXPORT_RECIPIENT_UNKNOWN, "lab-2");
	r = whole();
	policy->outbound.outputs = WL_OUTPUT_SCRUBBED;
	assert_says(&r, WL_RULE_EXPORT_PROFILE_FORBIDDEN, "evidence");
	policy->outbound.outputs |= WL_OUTPUT_EVIDENCE;
	policy->outbound.encrypt = WL_ENCRYPT_NEVER;
	assert_says(&r, WL_RULE_EXPORT_PROFILE_FORBIDDEN, "encrypted to a recipient");
	policy->outbound.encrypt = WL_ENCRYPT_REQUIRED;
	assert_says(&r, WL_RULE_NONE, NULL);
	r.nrecipients = 0;
	assert_says(&r, WL_RULE_EXPORT_RECIPIENT_MISSING, "");
	policy->outbound.encrypt = WL_ENCRYPT_OPTIONAL;
	r.requester = "appr-1";
	assert_says(&r, WL_RULE_EXPORT_PROFILE_FORBIDDEN, "requester is a person of the station");
	r = whole();
	r.device = "nowhere";
	assert_says(&r, WL_RULE_EXPORT_PROFILE_FORBIDDEN, "the device has no scan_path");
}

static void caps_hold_at_n_and_break_at_n_plus_1(void **state)
{
	const char *key;

	(void)state;
	policy->outbound.transfer_pictures = 3;
	policy->outbound.transfer_bytes = 100;
	assert_int_equal(wl_export_check_volume(policy, 3, 100, 3, &key), WL_RULE_NONE);
	assert_int_equal(wl_export_check_volume(policy, 4, 100, 9, &key),
	                 WL_RULE_EXPORT_VOLUME_CAP);
	assert_string_equal(key, "outbound.transfer_pictures");
	assert_int_equal(wl_export_check_volume(policy, 3, 101, 9, &key),
	                 WL_RULE_EXPORT_VOLUME_CAP);
	assert_string_equal(key, "outbound.transfer_bytes");
	assert_int_equal(wl_export_check_volume(policy, 3, 100, 2, &key),
	                 WL_RULE_EXPORT_VOLUME_CAP);
	assert_string_equal(key, "outbound.day_pictures");
}

static void tip_states_of_a_batch_with_exceptions(void **state)
{
	static const char *const some[] = {"118833=projected", "118840..118842=real"};
	static const char *const bad[] = {"118833=maybe", "118833", "=off"};

	(void)state;
	assert_int_equal(wl_tip_of(WL_TIP_OFF, some, 2, "118833"), WL_TIP_PROJECTED);
	assert_int_equal(wl_tip_of(WL_TIP_OFF, some, 2, "118841"), WL_TIP_REAL);
	assert_int_equal(wl_tip_of(WL_TIP_OFF, some, 2, "118834"), WL_TIP_OFF);
	assert_true(wl_tip_exceptions_are_good(some, 2));
	for (size_t i = 0; i < 3; i++)
		assert_false(wl_tip_exceptions_are_good(&bad[i], 1));
}

/* ---- outputs ---- */

static char names[4][20] = {"z/118820_A.PNG", "a/118821_A.tif", "a/118822_A.ex1", "a/other"};
static struct wl_item items[4];

static struct wl_export_line line(unsigned i, const char *scan, uint8_t samples,
                                  enum wl_verdict verdict)
{
	struct wl_export_line l = {.source = &items[i], .verdict = verdict, .bytes = 10};

	items[i] = (struct wl_item){.number = i + 1,
	                            .path = names[i],
	                            .path_n = strlen(names[i]),
	                            .size = 100,
	                            .has_sha256 = verdict != WL_LEAVE};
	strcpy(l.scan, scan);
	l.rule = verdict == WL_PASS     ? WL_RULE_PASS_IMAGE_REBUILT
	         : verdict == WL_REFUSE ? WL_RULE_EXPORT_EMPTY
	                                : WL_RULE_LEAVE_NOT_ASKED_FOR;
	memset(l.samples_sha256, samples, sizeof(l.samples_sha256));
	memset(l.sha256, samples, sizeof(l.sha256));
	return l;
}

static void fill(struct wl_export_output *o, enum wl_output_kind kind, enum wl_verdict second)
{
	struct wl_export_line l[4] = {line(0, "118820", 9, WL_PASS), line(1, "118821", 1, second),
	                              line(2, "118820", 3, WL_PASS), line(3, "", 0, WL_LEAVE)};

	*o = (struct wl_export_output){.kind = kind};
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(wl_export_add(o, &l[i]), 0);
	wl_export_number(o);
	for (size_t i = 0; i < o->n; i++)
		if (o->v[i].verdict == WL_PASS)
			(void)snprintf(o->v[i].path, sizeof(o->v[i].path), "data/%s/%05u",
			               wl_output_kind_name(kind), o->v[i].number);
}

/* By (scan id, samples): neither the order nor the names of sources show. */
static void pictures_are_numbered_by_scan_and_samples(void **state)
{
	struct wl_export_output o;

	(void)state;
	fill(&o, WL_OUTPUT_SCRUBBED, WL_PASS);
	assert_int_equal(o.v[0].number, 2);
	assert_int_equal(o.v[1].number, 3);
	assert_int_equal(o.v[2].number, 1);
	assert_int_equal(o.v[3].number, 0);
	wl_export_clear(&o);
}

static void evidence_keeps_the_number_of_its_item(void **state)
{
	struct wl_export_output o;

	(void)state;
	fill(&o, WL_OUTPUT_EVIDENCE, WL_REFUSE);
	assert_int_equal(o.v[0].number, 1);
	assert_int_equal(o.v[1].number, 0);
	assert_int_equal(o.v[2].number, 3);
	wl_export_clear(&o);
}

static void refused_pictures_hold_the_transfer(void **state)
{
	struct wl_export_output o[2];

	(void)state;
	fill(&o[0], WL_OUTPUT_SCRUBBED, WL_REFUSE);
	fill(&o[1], WL_OUTPUT_EVIDENCE, WL_PASS);
	assert_true(wl_export_conclude(o, 2, 0));
	assert_int_equal(o[0].verdict, WL_HOLD);
	assert_int_equal(o[0].rule, WL_RULE_TRANSFER_INCOMPLETE);
	assert_int_equal(o[0].files, 2);
	assert_int_equal(o[0].refused, 1);
	assert_int_equal(o[0].left, 1);
	assert_int_equal(o[0].bytes, 20);
	assert_int_equal(o[1].verdict, WL_PASS);
	assert_int_equal(o[1].rule, WL_RULE_PASS_EVIDENCE_SEALED);
	assert_true(wl_export_conclude(o, 2, 1)); /* a scan that is not there */
	assert_int_equal(o[1].rule, WL_RULE_TRANSFER_INCOMPLETE);
	wl_export_clear(&o[0]);
	wl_export_clear(&o[1]);
}

static void projected_threats_hold_evidence_only(void **state)
{
	struct wl_export_output o[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		fill(&o[i], i ? WL_OUTPUT_EVIDENCE : WL_OUTPUT_SCRUBBED, WL_PASS);
		o[i].v[1].tip = WL_TIP_PROJECTED;
	}
	assert_true(wl_export_conclude(o, 2, 0));
	assert_int_equal(o[0].verdict, WL_PASS);
	assert_int_equal(o[1].verdict, WL_HOLD);
	assert_int_equal(o[1].rule, WL_RULE_TRANSFER_TIP_PROJECTED);
	wl_export_clear(&o[0]);
	wl_export_clear(&o[1]);
}

static void an_output_that_fell_away_is_missing_to_the_other(void **state)
{
	struct wl_export_output o[2];

	(void)state;
	fill(&o[0], WL_OUTPUT_SCRUBBED, WL_REFUSE);
	o[0].v[0].verdict = o[0].v[2].verdict = WL_REFUSE;
	fill(&o[1], WL_OUTPUT_EVIDENCE, WL_PASS);
	assert_true(wl_export_conclude(o, 2, 0));
	assert_int_equal(o[0].verdict, WL_REFUSE);
	assert_int_equal(o[0].rule, WL_RULE_EXPORT_EMPTY);
	assert_int_equal(o[1].rule, WL_RULE_TRANSFER_INCOMPLETE);
	assert_false(wl_export_conclude(o, 1, 0)); /* nothing at all is left */
	wl_export_clear(&o[0]);
	wl_export_clear(&o[1]);
}

static void a_later_export_takes_the_place_of_a_refused_one(void **state)
{
	struct wl_export_output o;

	(void)state;
	fill(&o, WL_OUTPUT_SCRUBBED, WL_REFUSE);
	wl_export_replace(&o);
	assert_int_equal(o.v[1].verdict, WL_REFUSE); /* nobody else has its scan */
	strcpy(o.v[1].scan, "118820");
	wl_export_replace(&o);
	assert_int_equal(o.v[1].verdict, WL_LEAVE);
	assert_int_equal(o.v[1].rule, WL_RULE_LEAVE_REPLACED);
	wl_export_clear(&o);
}

static void the_manifest_names_places_and_sources(void **state)
{
	struct wl_export_output o;
	uint8_t sha256[WL_SHA256_BYTES];
	char *text = NULL;
	size_t n;

	(void)state;
	fill(&o, WL_OUTPUT_SCRUBBED, WL_REFUSE);
	assert_int_equal(wl_export_manifest(&o, "STN3-T000042", &text, &n, sha256), 0);
	assert_non_null(strstr(text, "  10  STN3-T000042.00001  pass  pass.image-rebuilt  "
	                             "data/scrubbed/00002\n"));
	assert_non_null(strstr(text, "  100  STN3-T000042.00002  refuse  export.empty  "
	                             "a/118821_A.tif\n"));
	assert_non_null(strstr(text, "0000  100  STN3-T000042.00004  leave  leave.not-asked-for  "
	                             "a/other\n"));
	free(text);
	wl_export_clear(&o);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(a_whole_request_is_good),
	        CASE(what_is_missing_is_named),
	        CASE(authorities_are_a_list),
	        CASE(forbidden_forms_are_refused),
	        CASE(caps_hold_at_n_and_break_at_n_plus_1),
	        CASE(tip_states_of_a_batch_with_exceptions),
	        CASE(pictures_are_numbered_by_scan_and_samples),
	        CASE(evidence_keeps_the_number_of_its_item),
	        CASE(refused_pictures_hold_the_transfer),
	        CASE(projected_threats_hold_evidence_only),
	        CASE(an_output_that_fell_away_is_missing_to_the_other),
	        CASE(a_later_export_takes_the_place_of_a_refused_one),
	        CASE(the_manifest_names_places_and_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
