/* People and approvals, destinations, and the loading of a policy: rule by rule. */
#include "tests/unit/policy_help.h"

#include "daemon/base/limits.h"
#include "policy/destination.h"
#include "policy/people.h"
#include "policy/visit.h"

static void methods_have_roles(void **state)
{
	static const struct {
		const char *person, *method, *rule;
	} calls[] = {
	        {"tech-1", "OpenInbound", ""},
	        {"tech-1", "Approve", "person.role-missing"},
	        {"appr-1", "Approve", ""},
	        {"appr-1", "Release", "person.role-missing"},
	        {"audit-1", "LedgerRead", ""},
	        {"appr-1", "LedgerRead", ""},
	        {"audit-1", "Cancel", "person.role-missing"},
	        {"admin-1", "PolicyPropose", ""},
	        {"admin-1", "Approve", "person.role-missing"},
	        {"admin-1", "StationInit", "person.role-missing"},
	        {"cust-1", "Prepare", ""},
	        {"cust-1", "Show", "person.role-missing"},
	        {"nobody", "OpenInbound", "person.unknown"},
	        {"nobody", "GetStatus", ""},
	        {"tech-1", "NoSuchMethod", "person.role-missing"},
	};
	(void)state;
	struct wl_policy *p = help_policy(NULL, NULL);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		enum wl_rule r = wl_person_may(wl_policy_person(p, calls[i].person),
		                               calls[i].method, HELP_NOW);
		if (strcmp(wl_rule_id(r), calls[i].rule) != 0)
			fail_msg("%s %s: %s", calls[i].person, calls[i].method, wl_rule_id(r));
	}
	assert_int_equal(wl_method_first_role("Approve"), WL_PERSON_APPROVER);
	assert_int_equal(wl_method_roles("StationInit", NULL), WL_PERSON_SETUP);
	wl_policy_free(p);
}

static void a_person_may_have_a_last_day(void **state)
{
	(void)state;
	struct wl_policy *p = help_policy(
	        "accounts: [tech1], ", "accounts: [tech1], not_after: \"2026-11-23T00:00:00Z\", ");
	const struct wl_policy_person *tech = wl_policy_person(p, "tech-1");
	assert_id(wl_person_may(tech, "OpenInbound", HELP_NOW), "");
	assert_id(wl_person_may(tech, "OpenInbound", HELP_NOW + 1), "person.expired");
	wl_policy_free(p);
}

/* ---- visits ---- */

#define VISITS                                                                                     \
	"visits: { confirm_every: 30 min, required: true, escorts: qualified, organisations: { "   \
	"acme-service: { name: \"Acme Service\", vendors: [acme], engineers: [A. Engineer], "      \
	"not_after: \"2026-11-23T00:00:00Z\" } } }\ndestination:\n"

static void a_visit_is_opened_by_the_rules(void **state)
{
	(void)state;
	struct wl_policy *listed = help_policy("destination:\n", VISITS);
	struct wl_policy *open = help_policy("[technician] }", "[technician], qualified: [X100] }");
	struct wl_visit_plan plan = {.device = wl_policy_device(open, "x-0042"),
	                             .engineer = "A. Engineer",
	                             .organisation = "Nobody's",
	                             .escort = "tech-1",
	                             .clearance = "",
	                             .safeguard = ""};
	struct wl_rules rules = {0};
	wl_decide_visit_open(open, &plan, HELP_NOW, &rules);
	assert_int_equal(rules.n, 0); /* nothing is listed: nothing is asked */
	wl_decide_visit_open(listed, &plan, HELP_NOW, &rules);
	assert_int_equal(rules.n, 2);
	assert_id(rules.v[0], "visit.escort-unqualified");
	assert_id(rules.v[1], "visit.organisation-unlisted");
	plan.organisation = "ACME service";
	rules = (struct wl_rules){0};
	wl_decide_visit_open(listed, &plan, HELP_NOW, &rules);
	assert_int_equal(rules.n, 1);
	wl_decide_visit_open(listed, &plan, HELP_NOW + 1, &rules); /* its time there is over */
	assert_true(wl_rules_has(&rules, WL_RULE_VISIT_ORGANISATION_UNLISTED));
	plan.engineer = "B. Engineer";
	rules = (struct wl_rules){0};
	wl_decide_visit_open(listed, &plan, HELP_NOW, &rules);
	assert_true(wl_rules_has(&rules, WL_RULE_VISIT_ORGANISATION_UNLISTED));
	wl_policy_free(listed);
	static const char *const users[] = {"tech-1", "TECH-1", "appr1"};
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		plan.engineer = users[i];
		rules = (struct wl_rules){0};
		wl_decide_visit_open(open, &plan, HELP_NOW, &rules);
		assert_id(rules.v[0], "visit.engineer-is-user");
	}
	plan.engineer = "A. Engineer";
	plan.clearance = "not-citizen";
	rules = (struct wl_rules){0};
	wl_decide_visit_open(open, &plan, HELP_NOW, &rules);
	assert_id(rules.v[0], "visit.safeguard-missing");
	plan.safeguard = "its disk was taken out";
	rules = (struct wl_rules){0};
	wl_decide_visit_open(open, &plan, HELP_NOW, &rules);
	assert_int_equal(rules.n, 0);
	assert_true(wl_visit_clearance_is("cleared"));
	assert_false(wl_visit_clearance_is("very"));
	wl_policy_free(open);
}

static void a_step_wants_the_escorts_word(void **state)
{
	(void)state;
	struct wl_policy *p = help_policy("destination:\n", VISITS);
	struct wl_visit_facts v = {.device = "x-0042", .on = HELP_NOW, .confirmed_at = HELP_NOW};
	assert_id(wl_decide_visit_step(p, &v, "x-0042", HELP_NOW + 1800), "");
	assert_id(wl_decide_visit_step(p, &v, "x-0042", HELP_NOW + 1801),
	          "visit.confirmation-missing");
	assert_id(wl_decide_visit_step(p, &v, "o-0007", HELP_NOW), "visit.device-other");
	v.confirmed_at = 0;
	assert_id(wl_decide_visit_step(p, &v, "x-0042", HELP_NOW), "visit.confirmation-missing");
	/* half a day before its day and half a day after it */
	static const struct {
		int64_t at;
		const char *rule;
	} days[] = {{-43201, "visit.not-today"},
	            {-43200, ""},
	            {86400 + 43199, ""},
	            {86400 + 43200, "visit.not-today"}};
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		v.confirmed_at = HELP_NOW + days[i].at;
		assert_id(wl_decide_visit_step(p, &v, "x-0042", HELP_NOW + days[i].at),
		          days[i].rule);
	}
	v.closed = true;
	assert_id(wl_decide_visit_step(p, &v, "x-0042", HELP_NOW), "visit.closed");
	int64_t day;
	assert_int_equal(wl_visit_day_parse("2026-12-08", &day), 0);
	assert_int_equal(day % 86400, 0);
	static const char *const none[] = {"2026-12-8", "2026-13-08", "tomorrow!!", ""};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(wl_visit_day_parse(none[i], &day), -EINVAL);
	wl_policy_free(p);
}

/* ---- approvals ---- */

static const uint8_t manifests[2][WL_SHA256_BYTES] = {{1}, {2}};

static struct wl_policy *two_approvers(void)
{
	return help_policy(
	        "  appr-1: { accounts: [appr1], roles: [approver] }\n",
	        "  appr-1: { accounts: [appr1], roles: [approver] }\n"
	        "  appr-2: { accounts: [appr2], roles: [approver] }\n"
	        "  both-1: { accounts: [both1, both1-card], roles: [custodian, approver] }\n");
}

static void an_approval_is_another_persons(void **state)
{
	(void)state;
	struct wl_policy *p = two_approvers();
	struct wl_rules none = {0}, hold = {0};
	int64_t until = 0;
	wl_rules_add(&hold, WL_RULE_TRANSFER_UNSIGNED_VENDOR);
	struct wl_approval given = {.person = "appr-1", .until = HELP_NOW + 100};
	struct wl_approval_facts f = {.policy = p,
	                              .opener = "both-1",
	                              .now = HELP_NOW,
	                              .manifests = manifests,
	                              .nmanifests = 2};
	assert_id(wl_decide_approve(&f, "appr-1", manifests, 2, &none, 0, &until), "");
	assert_int_equal(until, HELP_NOW + 8 * 3600);
	assert_id(wl_decide_approve(&f, "appr-1", manifests, 2, &none, 60, &until), "");
	assert_int_equal(until, HELP_NOW + 60);
	/* the opener, under whichever account: both are this one person */
	const char *second = wl_policy_person_of(p, 0, "both1-card")->id;
	assert_id(wl_decide_approve(&f, second, manifests, 2, &none, 0, &until),
	          "approval.same-person");
	assert_id(wl_decide_approve(&f, "tech-1", manifests, 2, &none, 0, &until),
	          "person.role-missing");
	assert_id(wl_decide_approve(&f, "ghost", manifests, 2, &none, 0, &until), "person.unknown");
	assert_id(wl_decide_approve(&f, "appr-1", manifests, 2, &none, 8 * 3600 + 1, &until),
	          "approval.expired");
	assert_id(wl_decide_approve(&f, "appr-1", manifests, 1, &none, 0, &until), "approval.void");
	const uint8_t other[2][WL_SHA256_BYTES] = {{1}, {3}};
	assert_id(wl_decide_approve(&f, "appr-1", other, 2, &none, 0, &until), "approval.void");
	f.holds = hold;
	assert_id(wl_decide_approve(&f, "appr-1", manifests, 2, &none, 0, &until),
	          "approval.not-accepted");
	assert_id(wl_decide_approve(&f, "appr-1", manifests, 2, &hold, 0, &until), "");
	f.given = &given;
	f.ngiven = 1;
	assert_id(wl_decide_approve(&f, "appr-1", manifests, 2, &hold, 0, &until),
	          "approval.same-person");
	given.voided = true;
	assert_id(wl_decide_approve(&f, "appr-1", manifests, 2, &hold, 0, &until), "");
	assert_id(wl_decide_withdraw(&given, "appr-1"), "");
	assert_id(wl_decide_withdraw(&given, "appr-2"), "approval.other-person");
	assert_id(wl_decide_opener("tech-1", "tech-1"), "");
	assert_id(wl_decide_opener("tech-1", "both-1"), "person.not-opener");
	wl_policy_free(p);
}

static void approvals_are_counted_by_person(void **state)
{
	(void)state;
	struct wl_policy *p = two_approvers();
	struct wl_approval given[3] = {{.person = "appr-1", .until = HELP_NOW},
	                               {.person = "appr-1", .until = HELP_NOW},
	                               {.person = "appr-2", .until = HELP_NOW}};
	struct wl_approval_facts f = {
	        .policy = p, .opener = "tech-1", .now = HELP_NOW, .given = given};
	size_t good = 9, needed = 9;
	assert_id(wl_decide_approved(&f, &good, &needed), "approval.missing");
	assert_int_equal(good, 0);
	assert_int_equal(needed, 1);
	f.ngiven = 1;
	assert_id(wl_decide_approved(&f, &good, &needed), "");
	f.unvouched = true; /* a successor before its first cosignature: one is not enough */
	assert_id(wl_decide_approved(&f, &good, &needed), "approval.missing");
	assert_int_equal(needed, 2);
	f.unvouched = false;
	f.now++;
	assert_id(wl_decide_approved(&f, &good, &needed), "approval.expired");
	f.now--;
	given[0].voided = true;
	assert_id(wl_decide_approved(&f, &good, &needed), "approval.void");
	given[0].voided = false;
	p->inbound.approvals = 2;
	f.ngiven = 2;
	assert_id(wl_decide_approved(&f, &good, &needed),
	          "approval.missing"); /* one person twice */
	assert_int_equal(good, 1);
	f.ngiven = 3;
	assert_id(wl_decide_approved(&f, &good, &needed), "");
	f.opener = "appr-2";
	assert_id(wl_decide_approval_stands(&f, &given[2]), "approval.same-person");
	wl_rules_add(&f.holds, WL_RULE_TRANSFER_INCOMPLETE);
	assert_id(wl_decide_approval_stands(&f, &given[0]), "approval.not-accepted");
	given[0].person = "tech-1"; /* has not the role any more */
	assert_id(wl_decide_approval_stands(&f, &given[0]), "approval.void");
	wl_policy_free(p);
}

/* ---- destinations ---- */

static void judged(struct wl_destination_facts *f, const char *rule, const char *key)
{
	struct wl_rules rules;
	char said[WL_POLICY_KEY_MAX];
	wl_decide_destination(f, &rules, said);
	assert_int_equal(rules.n, rule[0] ? 1 : 0);
	assert_id(rules.n ? rules.v[0] : WL_RULE_NONE, rule);
	assert_string_equal(said, key);
}

static void a_destination_is_ours_and_big_enough(void **state)
{
	(void)state;
	struct wl_policy *p = help_policy(NULL, NULL);
	uint64_t files[] = {WL_MIB(64), 812};
	struct wl_destination_facts f = {.policy = p,
	                                 .device = "x-0042",
	                                 .port = "b1",
	                                 .present = true,
	                                 .port_is_destination = true,
	                                 .prepared = true,
	                                 .bytes = WL_GIB(1),
	                                 .files = files,
	                                 .nfiles = 2};
	judged(&f, "", "");
	f.prepared = false;
	judged(&f, "destination.not-ours", "destination.require");
	f.was_prepared = true;
	judged(&f, "destination.not-clean", "destination.require");
	p->destination.require = WL_DEST_REGISTERED;
	judged(&f, "destination.not-clean", "destination.require");
	f.registered = true;
	judged(&f, "", "");
	p->destination.require = WL_DEST_ANY;
	f.registered = false;
	judged(&f, "", "");
	f.is_source = true;
	judged(&f, "destination.is-source", "");
	f.present = false;
	judged(&f, "destination.missing", "");
	f.port_is_destination = false;
	judged(&f, "medium.direction-wrong", "ports.b1.use");
	f = (struct wl_destination_facts){.policy = p,
	                                  .device = "x-0042",
	                                  .present = true,
	                                  .port_is_destination = true,
	                                  .prepared = true,
	                                  .files = files,
	                                  .nfiles = 2};
	f.bytes = wl_destination_bytes_needed(WL_VOLUME_FAT32, files, 2, 0, WL_MIB(100));
	judged(&f, "", "");
	f.bytes--;
	judged(&f, "destination.too-small", "devices.x-0042.volume");
	files[0] = UINT64_C(1) << 32;
	f.bytes = WL_GIB(16);
	judged(&f, "destination.file-too-large", "devices.x-0042.volume");
	/* exFAT holds it, if the medium is large enough */
	f.volume = WL_VOLUME_EXFAT;
	judged(&f, "", "");
	f.bytes = WL_GIB(2);
	judged(&f, "destination.too-small", "devices.x-0042.volume");
	char detail[64];
	f.port = "b1";
	wl_destination_detail(&f, WL_RULE_DESTINATION_TOO_SMALL, detail, sizeof(detail));
	assert_string_equal(detail, "b1: 2.1 GB < 4.3 GB");
	wl_destination_detail(&f, WL_RULE_DESTINATION_NOT_CLEAN, detail, sizeof(detail));
	assert_string_equal(detail, "b1");
	/* to prepare needs no origin, but room for a volume at all: 32 MiB is too little, 34 enough
	 */
	f = (struct wl_destination_facts){.policy = p,
	                                  .device = "x-0042",
	                                  .present = true,
	                                  .port_is_destination = true,
	                                  .bytes = WL_MIB(32)};
	judged(&f, "destination.too-small", "devices.x-0042.volume");
	f.bytes = WL_MIB(34);
	judged(&f, "", "");
	wl_policy_free(p);
}

static void exfat_only_where_a_file_needs_it(void **state)
{
	(void)state;
	const struct wl_policy_device old = {.volume = WL_VOLUME_FAT32},
	                              new = {.volume = WL_VOLUME_EXFAT};
	const uint64_t small[] = {WL_FAT32_FILE_BYTES_MAX, WL_FAT32_FILE_BYTES_MAX},
	               large[] = {1, WL_FAT32_FILE_BYTES_MAX + 1};
	assert_int_equal(wl_destination_volume(&new, false, small, 2), WL_VOLUME_FAT32);
	assert_int_equal(wl_destination_volume(&new, false, large, 2), WL_VOLUME_EXFAT);
	assert_int_equal(wl_destination_volume(&old, false, large, 2), WL_VOLUME_FAT32);
	assert_int_equal(wl_destination_volume(NULL, false, large, 2), WL_VOLUME_FAT32);
	/* an export is for anybody with a computer, whatever its scanner reads */
	assert_int_equal(wl_destination_volume(&old, true, large, 2), WL_VOLUME_EXFAT);
	assert_int_equal(wl_destination_volume(&old, true, small, 2), WL_VOLUME_FAT32);
}

/* ---- loading a policy ---- */

static void a_policy_belongs_to_its_station(void **state)
{
	(void)state;
	static struct wl_policy_errors errors;
	struct wl_policy *p = help_policy(NULL, NULL);
	char words[300];
	assert_int_equal(wl_policy_check_station(p, "STN3", "stations.example/stn3", 16, &errors),
	                 0);
	assert_int_equal(wl_policy_check_station(p, "STN4", "stations.example/stn3", 16, &errors),
	                 -EBADMSG);
	assert_id(errors.v[0].rule, "policy.reference");
	memset(&errors, 0, sizeof(errors));
	assert_int_equal(wl_policy_check_station(p, "STN3", "stations.example/stn3/2", 0, &errors),
	                 -EBADMSG);
	assert_id(errors.v[0].rule, "policy.reference");
	memset(&errors, 0, sizeof(errors));
	assert_int_equal(wl_policy_check_station(p, "STN3", "stations.example/stn3", 17, &errors),
	                 -EBADMSG);
	assert_id(errors.v[0].rule, "policy.version-floor");
	wl_policy_error_render(&errors.v[0], words, sizeof(words));
	assert_string_equal(words,
	                    "version 17 is not above 17, the one in force: versions only go up");
	wl_policy_free(p);
}

static void every_file_has_its_digest(void **state)
{
	(void)state;
	static struct wl_policy_errors errors;
	struct wl_policy *p = help_policy(NULL, NULL);
	const char *names[8];
	assert_int_equal(wl_policy_files(p, names, 8), 4);
	assert_string_equal(names[3], "lab-1.pem");
	struct wl_policy_file files[6] = {{.name = "policy.yaml"}, {.name = "policy.yaml.p7s"}};
	for (size_t i = 0; i < 4; i++) {
		files[i + 2] = (struct wl_policy_file){.name = names[i], .readable = true};
		for (size_t k = 0; k < p->ntrust; k++) {
			const struct wl_policy_trust *t = &p->trust[k];
			const char *file = t->certificate ? t->certificate : t->issuer;
			if (file && strcmp(file, names[i]) == 0)
				memcpy(files[i + 2].sha256, t->sha256, WL_SHA256_BYTES);
		}
	}
	assert_int_equal(wl_policy_check_files(p, files, 6, &errors), 0);
	assert_int_equal(wl_policy_check_files(p, files, 5, &errors),
	                 -EBADMSG); /* one is not there */
	files[2].sha256[0] ^= 1;
	files[3].readable = false;
	files[1].name = "more.pem";
	memset(&errors, 0, sizeof(errors));
	assert_int_equal(wl_policy_check_files(p, files, 6, &errors), -EBADMSG);
	assert_int_equal(errors.errors, 3);
	for (size_t i = 0; i < errors.n; i++)
		assert_id(errors.v[i].rule, "policy.reference");
	assert_string_equal(errors.v[0].word, "more.pem");
	assert_int_equal(errors.v[1].line, 21);
	wl_policy_free(p);
}

static void pem_and_der_have_one_digest(void **state)
{
	static const uint8_t der[] = {0x30, 0x03, 0x02, 0x01, 0x05};
	static const char pem[] = "Bag of words\n-----BEGIN "
	                          "CERTIFICATE-----\nMAMC\r\nAQU=\n-----END CERTIFICATE-----\n";
	static const char *const bad[] = {
	        "",
	        "words only",
	        "-----BEGIN CERTIFICATE-----\nMAMCAQU=\n",
	        "-----BEGIN CERTIFICATE-----\nMAMC*QU=\n-----END CERTIFICATE-----\n",
	        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
	        "-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n-----BEGIN "
	        "CERTIFICATE-----\n"
	        "MAMCAQU=\n-----END CERTIFICATE-----\n",
	};
	uint8_t a[WL_SHA256_BYTES], b[WL_SHA256_BYTES];
	(void)state;
	assert_int_equal(wl_policy_der_digest(der, sizeof(der), a), 0);
	assert_int_equal(wl_policy_der_digest(pem, strlen(pem), b), 0);
	assert_memory_equal(a, b, sizeof(a));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(wl_policy_der_digest(bad[i], strlen(bad[i]), a), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(methods_have_roles),
	        cmocka_unit_test(a_visit_is_opened_by_the_rules),
	        cmocka_unit_test(a_step_wants_the_escorts_word),
	        cmocka_unit_test(a_person_may_have_a_last_day),
	        cmocka_unit_test(an_approval_is_another_persons),
	        cmocka_unit_test(approvals_are_counted_by_person),
	        cmocka_unit_test(exfat_only_where_a_file_needs_it),
	        cmocka_unit_test(a_destination_is_ours_and_big_enough),
	        cmocka_unit_test(a_policy_belongs_to_its_station),
	        cmocka_unit_test(every_file_has_its_digest),
	        cmocka_unit_test(pem_and_der_have_one_digest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
