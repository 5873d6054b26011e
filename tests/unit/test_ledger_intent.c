/* The ledger's own gate: a release.intent and a wipe.intent are refused for each missing condition,
 * by its rule, and accepted when all are met. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/ledger_fixture.h"

#define T1 "STN3-T000001"
#define T2 "STN3-T000002"
#define I1 "STN3-I000001"
#define I2 "STN3-I000002"

static struct fixture x;
static char approval[WL_ID_TEXT], other[WL_ID_TEXT];

static int setup(void **state)
{
	(void)state;
	fixture_make(&x);
	fixture_policy(&x);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_remove(&x);
	return 0;
}

/* Everything that a release needs. */
static void all_there(void)
{
	fixture_inspected(&x, T1, "pass", NULL);
	fixture_approved(&x, T1, "appr-1", NULL, approval);
	fixture_seen(&x, I1, "b1");
}

#define assert_refused(call, r)                                                                    \
	do {                                                                                       \
		assert_int_equal((call), -EBADMSG);                                                \
		assert_string_equal(wl_rule_id(x.f.rule), wl_rule_id(r));                          \
	} while (0)

static void accepted(void **state)
{
	uint64_t release;

	(void)state;
	all_there();
	assert_int_equal(wl_facts_floor(x.l->facts, "x-0042", "scan-app", &release), 0);
	assert_int_equal(fixture_intent(&x, T1, I1, approval, NULL), 0);
	assert_int_equal(wl_facts_floor(x.l->facts, "x-0042", "scan-app", &release), 1);
	assert_int_equal(release, 40201);
}

static void never_opened(void **state)
{
	(void)state;
	all_there();
	assert_int_equal(fixture_intent(&x, T2, I1, approval, NULL), -ENOENT);
}

static void not_inspected(void **state)
{
	(void)state;
	all_there();
	assert_int_equal(fixture_append(&x, "transfer.opened", "tech-1", 2001, T2,
	                                "direction=inbound", "device=x-0042", "outputs[]=delivery"),
	                 0);
	assert_refused(fixture_intent(&x, T2, I1, approval, NULL), WL_RULE_APPROVAL_VOID);
}

static void inspected_and_refused(void **state)
{
	(void)state;
	fixture_inspected(&x, T1, "refuse", NULL);
	fixture_approved(&x, T1, "appr-1", NULL, approval);
	fixture_seen(&x, I1, "b1");
	assert_refused(fixture_intent(&x, T1, I1, approval, NULL), WL_RULE_APPROVAL_VOID);
}

static void other_manifest(void **state)
{
	(void)state;
	all_there();
	memcpy(x.manifest_sha256, FX_HEX, sizeof(FX_HEX));
	assert_refused(fixture_intent(&x, T1, I1, approval, NULL), WL_RULE_APPROVAL_VOID);
}

static void approval_of_other_manifest(void **state)
{
	char right[WL_SHA256_HEX + 1];

	(void)state;
	all_there();
	memcpy(right, x.manifest_sha256, sizeof(right));
	memcpy(x.manifest_sha256, FX_HEX, sizeof(FX_HEX));
	fixture_approved(&x, T1, "appr-1", NULL, approval);
	memcpy(x.manifest_sha256, right, sizeof(right));
	assert_refused(fixture_intent(&x, T1, I1, approval, NULL), WL_RULE_APPROVAL_VOID);
}

static void no_approval(void **state)
{
	(void)state;
	all_there();
	assert_refused(fixture_intent(&x, T1, I1, "STN3#1", NULL), WL_RULE_APPROVAL_MISSING);
	assert_refused(fixture_intent(&x, T1, I1, "STN3#9999", NULL), WL_RULE_APPROVAL_MISSING);
}

static void approval_of_other_transfer(void **state)
{
	(void)state;
	all_there();
	fixture_inspected(&x, T2, "pass", NULL);
	assert_refused(fixture_intent(&x, T2, I1, approval, NULL), WL_RULE_APPROVAL_MISSING);
}

static void by_the_opener(void **state)
{
	(void)state;
	all_there();
	fixture_approved(&x, T1, "tech-1", NULL, approval);
	assert_refused(fixture_intent(&x, T1, I1, approval, NULL), WL_RULE_APPROVAL_SAME_PERSON);
}

static void load_policy_of_two(void)
{
	assert_int_equal(fixture_append(&x, "policy.proposed", "admin-1", 1000, "",
	                                "policy_version:=2", "sha256=" FX_HEAD),
	                 0);
	assert_int_equal(fixture_append(&x, "policy.loaded", "admin-2", 1001, "",
	                                "policy_version:=2", "sha256=" FX_HEAD,
	                                "approvals_inbound:=2", "approvals_outbound:=1",
	                                "proposed_by=admin-1"),
	                 0);
}

/* The same policy said again may not ask for fewer people than when two persons installed it. */
static void loaded_again_with_fewer(void **state)
{
	(void)state;
	load_policy_of_two();
	assert_refused(fixture_append(&x, "policy.loaded", "admin-2", 1001, "", "policy_version:=2",
	                              "sha256=" FX_HEAD, "approvals_inbound:=1",
	                              "approvals_outbound:=1", "proposed_by=admin-1"),
	               WL_RULE_APPROVAL_MISSING);
	assert_int_equal(fixture_append(&x, "policy.loaded", "admin-2", 1001, "",
	                                "policy_version:=2", "sha256=" FX_HEAD,
	                                "approvals_inbound:=2", "approvals_outbound:=1",
	                                "proposed_by=admin-1"),
	                 0);
	all_there();
	assert_refused(fixture_intent(&x, T1, I1, approval, NULL), WL_RULE_APPROVAL_MISSING);
}

static void two_needed(void **state)
{
	(void)state;
	load_policy_of_two();
	all_there();
	assert_refused(fixture_intent(&x, T1, I1, approval, NULL), WL_RULE_APPROVAL_MISSING);
	fixture_approved(&x, T1, "appr-1", NULL, other);
	assert_refused(fixture_intent(&x, T1, I1, approval, other), WL_RULE_APPROVAL_SAME_PERSON);
	fixture_approved(&x, T1, "appr-2", NULL, other);
	assert_int_equal(fixture_intent(&x, T1, I1, approval, other), 0);
}

static void policy_changed_since(void **state)
{
	(void)state;
	all_there();
	load_policy_of_two();
	assert_refused(fixture_intent(&x, T1, I1, approval, NULL), WL_RULE_APPROVAL_VOID);
}

static void voided(void **state)
{
	char element[64];

	(void)state;
	all_there();
	(void)snprintf(element, sizeof(element), "approvals[]=%s", approval);
	assert_int_equal(fixture_append(&x, "approval.voided", "appr-1", 3001, T1, element,
	                                "rule=approval.void"),
	                 0);
	assert_refused(fixture_intent(&x, T1, I1, approval, NULL), WL_RULE_APPROVAL_VOID);
}

static void expired(void **state)
{
	(void)state;
	all_there();
	x.time -= 9 * 3600; /* an approval for eight hours that began nine ago */
	fixture_approved(&x, T1, "appr-1", NULL, approval);
	assert_refused(fixture_intent(&x, T1, I1, approval, NULL), WL_RULE_APPROVAL_EXPIRED);
}

static void hold_not_named(void **state)
{
	(void)state;
	fixture_inspected(&x, T1, "hold", "transfer.unsigned-vendor");
	fixture_seen(&x, I1, "b1");
	fixture_approved(&x, T1, "appr-1", NULL, approval);
	assert_refused(fixture_intent(&x, T1, I1, approval, NULL), WL_RULE_APPROVAL_NOT_ACCEPTED);
	fixture_approved(&x, T1, "appr-1", "transfer.incomplete", approval);
	assert_refused(fixture_intent(&x, T1, I1, approval, NULL), WL_RULE_APPROVAL_NOT_ACCEPTED);
	fixture_approved(&x, T1, "appr-1", "transfer.unsigned-vendor", approval);
	assert_int_equal(fixture_intent(&x, T1, I1, approval, NULL), 0);
}

static void ended(void **state)
{
	static const char *const events[] = {"transfer.cancelled", "transfer.refused",
	                                     "transfer.rejected", "transfer.failed"};
	static const char *const members[] = {"cause=x", "rule=update.empty", "words=no",
	                                      "rule=station.busy"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		char id[WL_ID_TEXT];
		wl_id_transfer("STN3", i + 1, id);
		fixture_inspected(&x, id, "pass", NULL);
		fixture_approved(&x, id, "appr-1", NULL, approval);
		assert_int_equal(fixture_append(&x, events[i], "appr-1", 3001, id, members[i]), 0);
		assert_refused(fixture_intent(&x, id, I1, approval, NULL), WL_RULE_APPROVAL_VOID);
	}
}

static void other_device(void **state)
{
	(void)state;
	all_there();
	char manifest[128], a[64];
	(void)snprintf(manifest, sizeof(manifest), "manifest_sha256=%s", x.manifest_sha256);
	(void)snprintf(a, sizeof(a), "approvals[]=%s", approval);
	assert_refused(fixture_append(&x, "release.intent", "tech-1", 2001, T1, a,
	                              "output=delivery", "device=x-0043", "component=scan-app",
	                              "release:=40201", "sanitised=no", "rule=pass.update-covered",
	                              "ticket=AA-2026-0117", manifest, "files:=1",
	                              "medium=?9f3c51a2b07e", "destination_port=b1",
	                              "destination_insertion=" I1, "volume=fat32"),
	               WL_RULE_APPROVAL_VOID);
	assert_refused(fixture_append(&x, "release.intent", "tech-1", 2001, T1, a,
	                              "output=delivery", "device=x-0042", "component=scan-app",
	                              "release:=99999", "sanitised=no", "rule=pass.update-covered",
	                              "ticket=AA-2026-0117", manifest, "files:=1",
	                              "medium=?9f3c51a2b07e", "destination_port=b1",
	                              "destination_insertion=" I1, "volume=fat32"),
	               WL_RULE_APPROVAL_VOID);
}

static void insertion_conditions(void **state)
{
	(void)state;
	all_there();
	assert_refused(fixture_intent(&x, T1, I2, approval, NULL), WL_RULE_DESTINATION_MISSING);
	fixture_seen(&x, I2, "b2");
	assert_refused(fixture_intent(&x, T1, I2, approval, NULL), WL_RULE_DESTINATION_MISSING);
	assert_int_equal(fixture_append(&x, "medium.gone", "station", 990, "", "insertion=" I1), 0);
	assert_refused(fixture_intent(&x, T1, I1, approval, NULL), WL_RULE_DESTINATION_GONE);
	/* another medium in the same port ends the earlier insertion */
	fixture_seen(&x, "STN3-I000003", "b1");
	fixture_seen(&x, "STN3-I000004", "b1");
	assert_refused(fixture_intent(&x, T1, "STN3-I000003", approval, NULL),
	               WL_RULE_DESTINATION_GONE);
	memset(x.l->boot, '0', WL_BOOT_TEXT - 1); /* the machine was started again */
	assert_refused(fixture_intent(&x, T1, "STN3-I000004", approval, NULL),
	               WL_RULE_DESTINATION_GONE);
}

static void end_intent(const char *event, const char *more)
{
	char intent[64], id[WL_ID_TEXT];

	wl_id_entry("STN3", x.seq, id);
	(void)snprintf(intent, sizeof(intent), "intent=%s", id);
	assert_int_equal(fixture_append(&x, event, "station", 990, T1, intent, more,
	                                *more ? "bytes:=0" : ""),
	                 0);
}

static void one_at_a_time_and_once(void **state)
{
	(void)state;
	all_there();
	assert_int_equal(fixture_intent(&x, T1, I1, approval, NULL), 0);
	uint64_t first = x.seq;
	assert_refused(fixture_intent(&x, T1, I1, approval, NULL), WL_RULE_STATION_BUSY);
	x.seq = first;
	end_intent("release.failed", "rule=destination.write-failed");
	/* the same approvals serve again after a fault */
	assert_int_equal(fixture_intent(&x, T1, I1, approval, NULL), 0);
	end_intent("release.done", "");
	assert_refused(fixture_intent(&x, T1, I1, approval, NULL), WL_RULE_APPROVAL_VOID);
}

static void end_without_intent(void **state)
{
	(void)state;
	all_there();
	assert_int_equal(fixture_append(&x, "release.done", "station", 990, T1, "intent=STN3#1"),
	                 -ENOENT);
	assert_int_equal(fixture_append(&x, "wipe.done", "station", 990, "", "intent=STN3#1",
	                                "bytes:=1", "errors:=0"),
	                 -ENOENT);
}

static void ticket_withdrawn(void **state)
{
	(void)state;
	all_there();
	assert_int_equal(fixture_append(&x, "ticket.withdrawn", "appr-1", 3001, "",
	                                "ticket=AA-2026-0117", "sha256=" FX_HEX),
	                 0);
	assert_refused(fixture_intent(&x, T1, I1, approval, NULL), WL_RULE_TICKET_WITHDRAWN);
}

static void older_release(void **state)
{
	char manifest[128], a[64], approval_2[WL_ID_TEXT];

	(void)state;
	all_there();
	assert_int_equal(fixture_intent(&x, T1, I1, approval, NULL), 0);
	end_intent("release.done", "");
	fixture_inspected(&x, T2, "pass", NULL);
	(void)snprintf(manifest, sizeof(manifest), "manifest_sha256=%s", x.manifest_sha256);
	assert_int_equal(
	        fixture_commit(&x, fixture_stage(&x, NULL, "transfer.inspected", "station", 990, T2,
	                                         x.manifest_fd, "output=delivery", "verdict=pass",
	                                         "rule=pass.update-covered", "holds[]", "files:=1",
	                                         "refused:=0", "left:=1", manifest, "bytes:=1",
	                                         "component=scan-app", "release:=40100", NULL)),
	        0);
	fixture_approved(&x, T2, "appr-1", NULL, approval_2);
	fixture_seen(&x, I2, "b1");
	(void)snprintf(a, sizeof(a), "approvals[]=%s", approval_2);
	assert_refused(fixture_append(&x, "release.intent", "tech-1", 2001, T2, a,
	                              "output=delivery", "device=x-0042", "component=scan-app",
	                              "release:=40100", "sanitised=no", "rule=pass.update-covered",
	                              manifest, "files:=1", "medium=?9f3c51a2b07e",
	                              "destination_port=b1", "destination_insertion=" I2,
	                              "volume=fat32"),
	               WL_RULE_UPDATE_VERSION_FLOOR);
}

/* An approval from before a second inspection is of something else, even with the same manifest. */
static void inspected_again(void **state)
{
	char manifest[128];

	(void)state;
	all_there();
	(void)snprintf(manifest, sizeof(manifest), "manifest_sha256=%s", x.manifest_sha256);
	assert_int_equal(
	        fixture_commit(&x,
	                       fixture_stage(&x, NULL, "transfer.inspected", "station", 990, T1,
	                                     x.manifest_fd, "output=delivery", "verdict=pass",
	                                     "rule=pass.update-covered", "holds[]", "files:=1",
	                                     "refused:=0", "left:=1", manifest, "bytes:=1", NULL)),
	        0);
	assert_refused(fixture_intent(&x, T1, I1, approval, NULL), WL_RULE_APPROVAL_VOID);
}

static int wipe(const char *insertion, const char *port);

/* What is being written by a release is not wiped under it. */
static void no_wipe_under_a_release(void **state)
{
	(void)state;
	all_there();
	assert_int_equal(fixture_intent(&x, T1, I1, approval, NULL), 0);
	assert_refused(wipe(I1, "b1"), WL_RULE_STATION_BUSY);
}

static int wipe(const char *insertion, const char *port)
{
	char i[64], p[64];

	(void)snprintf(i, sizeof(i), "insertion=%s", insertion);
	(void)snprintf(p, sizeof(p), "port=%s", port);
	return fixture_append(&x, "wipe.intent", "cust-1", 4001, "", i, p, "medium=?9f3c51a2b07e",
	                      "method=quick");
}

static void wipes(void **state)
{
	(void)state;
	assert_refused(wipe(I1, "b1"), WL_RULE_MEDIUM_CHANGED);
	fixture_seen(&x, I1, "b1");
	assert_refused(wipe(I1, "b2"), WL_RULE_MEDIUM_CHANGED);
	assert_int_equal(wipe(I1, "b1"), 0);
	assert_int_equal(wipe(I1, "b1"), 0); /* one that was interrupted is said again */
	fixture_seen(&x, I2, "b1");
	assert_refused(wipe(I1, "b1"), WL_RULE_MEDIUM_GONE);
}

/* The broker counts uses before it releases; the ledger does so again at the intent. */
static void ticket_used(void **state)
{
	char manifest[128], approval_2[WL_ID_TEXT];

	(void)state;
	all_there();
	assert_int_equal(fixture_intent(&x, T1, I1, approval, NULL), 0);
	end_intent("release.done", "");
	fixture_inspected(&x, T2, "pass", NULL);
	(void)snprintf(manifest, sizeof(manifest), "manifest_sha256=%s", x.manifest_sha256);
	assert_int_equal(
	        fixture_commit(&x, fixture_stage(&x, NULL, "transfer.inspected", "station", 990, T2,
	                                         x.manifest_fd, "output=delivery", "verdict=pass",
	                                         "rule=pass.update-covered", "holds[]", "files:=1",
	                                         "refused:=0", "left:=1", manifest, "bytes:=1",
	                                         "component=scan-app", "release:=40201",
	                                         "ticket=AA-2026-0117", "ticket_uses:=1", NULL)),
	        0);
	fixture_approved(&x, T2, "appr-1", NULL, approval_2);
	fixture_seen(&x, I2, "b1");
	assert_refused(fixture_intent(&x, T2, I2, approval_2, NULL), WL_RULE_TICKET_USED);
}

static int gate_a(const char *insertion)
{
	char i[64];

	(void)snprintf(i, sizeof(i), "insertion=%s", insertion);
	return fixture_append(&x, "gate.opened", "tech-1", 2001, T1, "gate=a", i, "port=a1",
	                      "purpose=read");
}

/* The source, moved to a port for destinations: another insertion, the same medium. */
static void source_is_no_destination(void **state)
{
	(void)state;
	fixture_seen(&x, I1, "a1");
	fixture_inspected(&x, T1, "pass", NULL);
	assert_int_equal(gate_a(I1), 0);
	fixture_approved(&x, T1, "appr-1", NULL, approval);
	fixture_seen(&x, I2, "b1");
	assert_refused(fixture_intent(&x, T1, I2, approval, NULL), WL_RULE_DESTINATION_IS_SOURCE);
}

/* Media that say no serial number look alike: only the insertion tells then. */
static void source_without_a_serial(void **state)
{
	(void)state;
	assert_int_equal(fixture_append(&x, "medium.seen", "station", 990, "", "insertion=" I1,
	                                "port=a1", "diskseq:=76", "medium=?9f3c51a2b07e",
	                                "bytes:=1000000"),
	                 0);
	fixture_inspected(&x, T1, "pass", NULL);
	assert_int_equal(gate_a(I1), 0);
	fixture_approved(&x, T1, "appr-1", NULL, approval);
	fixture_seen(&x, I2, "b1");
	assert_int_equal(fixture_intent(&x, T1, I2, approval, NULL), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(accepted),
	        CASE(never_opened),
	        CASE(not_inspected),
	        CASE(inspected_and_refused),
	        CASE(other_manifest),
	        CASE(approval_of_other_manifest),
	        CASE(no_approval),
	        CASE(approval_of_other_transfer),
	        CASE(by_the_opener),
	        CASE(loaded_again_with_fewer),
	        CASE(two_needed),
	        CASE(policy_changed_since),
	        CASE(voided),
	        CASE(expired),
	        CASE(hold_not_named),
	        CASE(ended),
	        CASE(other_device),
	        CASE(insertion_conditions),
	        CASE(one_at_a_time_and_once),
	        CASE(end_without_intent),
	        CASE(ticket_withdrawn),
	        CASE(older_release),
	        CASE(inspected_again),
	        CASE(no_wipe_under_a_release),
	        CASE(wipes),
	        CASE(ticket_used),
	        CASE(source_is_no_destination),
	        CASE(source_without_a_serial),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
