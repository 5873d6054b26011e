/* The ledger's gate for exports: two outputs, each with a manifest, an intent and an end of its
 * own; what the approvals must name; the end by acknowledgement. Pages of one item in a manifest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/base/fdio.h"
#include "daemon/base/text.h"
#include "daemon/ledger/manifest.h"
#include "tests/unit/ledger_fixture.h"

#define T1  "STN3-T000001"
#define HEX "00000000000000000000000000000000000000000000000000000000000000"

static struct fixture x;
static char manifest_of[2][WL_SHA256_HEX + 1]; /* scrubbed, evidence */
static const char *const outputs[2] = {"scrubbed", "evidence"};

#define assert_refused(call, r)                                                                    \
	do {                                                                                       \
		assert_int_equal((call), -EBADMSG);                                                \
		assert_string_equal(wl_rule_id(x.f.rule), wl_rule_id(r));                          \
	} while (0)

static int manifest_fd(const char *text, char hex[WL_SHA256_HEX + 1])
{
	uint8_t sha256[WL_SHA256_BYTES];
	int fd = -1;

	assert_int_equal(wl_sha256_of(text, strlen(text), sha256), 0);
	wl_hex_encode(sha256, sizeof(sha256), hex);
	assert_int_equal(wl_memfd_sealed("manifest", text, strlen(text), &fd), 0);
	return fd;
}

static void inspect(int i, const char *verdict, const char *hold)
{
	char text[256], manifest[128], o[32], v[32], h[64];

	(void)snprintf(text, sizeof(text),
	               HEX "0%d  10  " T1 ".00001  pass  pass.image-rebuilt  data/%s/x\n", i,
	               outputs[i]);
	int fd = manifest_fd(text, manifest_of[i]);
	(void)snprintf(manifest, sizeof(manifest), "manifest_sha256=%s", manifest_of[i]);
	(void)snprintf(o, sizeof(o), "output=%s", outputs[i]);
	(void)snprintf(v, sizeof(v), "verdict=%s", verdict);
	(void)snprintf(h, sizeof(h), "holds[]%s%s", hold ? "=" : "", hold ? hold : "");
	assert_int_equal(
	        fixture_commit(&x,
	                       fixture_stage(&x, NULL, "transfer.inspected", "station", 990, T1, fd,
	                                     o, v, "rule=pass.image-rebuilt", h, "files:=1",
	                                     "refused:=0", "left:=0", manifest, "bytes:=10", NULL)),
	        0);
}

static void approve(const char *actor, bool both, const char *accept, char buf[WL_ID_TEXT])
{
	char one[128], two[128], a[64], until[40], when[WL_TIME_TEXT];

	wl_time_format(x.time + 8 * 3600, when);
	(void)snprintf(until, sizeof(until), "until=%s", when);
	(void)snprintf(one, sizeof(one), "manifests_sha256[]=%s", manifest_of[0]);
	(void)snprintf(two, sizeof(two), "manifests_sha256[]=%s", manifest_of[both ? 1 : 0]);
	(void)snprintf(a, sizeof(a), "accepted[]%s%s", accept ? "=" : "", accept ? accept : "");
	assert_int_equal(fixture_append(&x, "transfer.approved", actor, 3001, T1, one, two, a,
	                                until, "method=account"),
	                 0);
	wl_id_entry("STN3", x.seq, buf);
}

static int intent(const char *output, const char *manifest_sha256, const char *approval,
                  const char *insertion)
{
	char o[32], m[128], a[64], i[64];

	(void)snprintf(o, sizeof(o), "output=%s", output);
	(void)snprintf(m, sizeof(m), "manifest_sha256=%s", manifest_sha256);
	(void)snprintf(a, sizeof(a), "approvals[]=%s", approval);
	(void)snprintf(i, sizeof(i), "destination_insertion=%s", insertion);
	return fixture_append(&x, "release.intent", "invest-1", 2002, T1, a, o, "device=x-0042",
	                      "sanitised=no", "rule=pass.image-rebuilt", m, "files:=1",
	                      "medium=?9f3c51a2b07e", "destination_port=b1", i, "volume=fat32");
}

static void end_intent(void)
{
	char id[WL_ID_TEXT], member[64];

	wl_id_entry("STN3", x.seq, id);
	(void)snprintf(member, sizeof(member), "intent=%s", id);
	assert_int_equal(fixture_append(&x, "release.done", "station", 990, T1, member), 0);
}

static int setup(void **state)
{
	(void)state;
	fixture_make(&x);
	fixture_policy(&x);
	assert_int_equal(fixture_append(&x, "transfer.opened", "invest-1", 2002, T1,
	                                "direction=outbound", "device=x-0042", "outputs[]=scrubbed",
	                                "outputs[]=evidence", "case=2026-FA-0311",
	                                "authority=ca-107-5-a"),
	                 0);
	assert_int_equal(fixture_append(&x, "transfer.preserved", "station", 990, T1, "files:=1",
	                                "bytes:=10"),
	                 0);
	fixture_seen(&x, "STN3-I000001", "b1");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_remove(&x);
	return 0;
}

static void each_output_has_its_own_intent_and_end(void **state)
{
	char a[WL_ID_TEXT];

	(void)state;
	inspect(0, "pass", NULL);
	inspect(1, "pass", NULL);
	approve("appr-1", true, NULL, a);
	assert_int_equal(intent("scrubbed", manifest_of[0], a, "STN3-I000001"), 0);
	assert_refused(intent("evidence", manifest_of[1], a, "STN3-I000001"),
	               WL_RULE_STATION_BUSY); /* the medium is being written */
	end_intent();
	assert_refused(intent("scrubbed", manifest_of[0], a, "STN3-I000001"),
	               WL_RULE_APPROVAL_VOID); /* a second copy */
	fixture_seen(&x, "STN3-I000002", "b1");
	assert_int_equal(intent("evidence", manifest_of[1], a, "STN3-I000002"), 0);
	end_intent();
}

static void an_approval_names_the_manifest_of_each(void **state)
{
	char a[WL_ID_TEXT];

	(void)state;
	inspect(0, "pass", NULL);
	inspect(1, "pass", NULL);
	approve("appr-1", false, NULL, a);
	assert_int_equal(intent("scrubbed", manifest_of[0], a, "STN3-I000001"), 0);
	end_intent();
	assert_refused(intent("evidence", manifest_of[1], a, "STN3-I000001"),
	               WL_RULE_APPROVAL_VOID);
}

static void a_manifest_belongs_to_its_output(void **state)
{
	char a[WL_ID_TEXT];

	(void)state;
	inspect(0, "pass", NULL);
	inspect(1, "pass", NULL);
	approve("appr-1", true, NULL, a);
	assert_refused(intent("evidence", manifest_of[0], a, "STN3-I000001"),
	               WL_RULE_APPROVAL_VOID);
}

static void holds_are_accepted_by_name(void **state)
{
	char a[WL_ID_TEXT], b[WL_ID_TEXT];

	(void)state;
	inspect(0, "hold", "transfer.incomplete");
	inspect(1, "hold", "transfer.tip-projected");
	approve("appr-1", true, "transfer.incomplete", a);
	assert_int_equal(intent("scrubbed", manifest_of[0], a, "STN3-I000001"), 0);
	end_intent();
	assert_refused(intent("evidence", manifest_of[1], a, "STN3-I000001"),
	               WL_RULE_APPROVAL_NOT_ACCEPTED);
	approve("appr-2", true, "transfer.tip-projected", b);
	assert_int_equal(intent("evidence", manifest_of[1], b, "STN3-I000001"), 0);
}

static void not_by_the_opener(void **state)
{
	char a[WL_ID_TEXT];

	(void)state;
	inspect(0, "pass", NULL);
	approve("invest-1", false, NULL, a);
	assert_refused(intent("scrubbed", manifest_of[0], a, "STN3-I000001"),
	               WL_RULE_APPROVAL_SAME_PERSON);
}

static void an_empty_output_never_leaves(void **state)
{
	char a[WL_ID_TEXT];

	(void)state;
	inspect(0, "refuse", NULL);
	approve("appr-1", false, NULL, a);
	assert_refused(intent("scrubbed", manifest_of[0], a, "STN3-I000001"),
	               WL_RULE_APPROVAL_VOID);
}

static void an_export_has_no_delivery(void **state)
{
	char a[WL_ID_TEXT];

	(void)state;
	inspect(0, "pass", NULL);
	approve("appr-1", false, NULL, a);
	assert_refused(intent("delivery", manifest_of[0], a, "STN3-I000001"),
	               WL_RULE_APPROVAL_VOID);
}

static bool is_open(void)
{
	struct wl_transfer_facts t;
	assert_int_equal(wl_facts_transfer(x.l->facts, T1, &t), 1);
	return t.open;
}

static void the_last_acknowledgement_ends_it(void **state)
{
	(void)state;
	inspect(0, "pass", NULL);
	inspect(1, "pass", NULL);
	assert_int_equal(fixture_append(&x, "transfer.acknowledged", "invest-1", 2002, T1,
	                                "bag_sha256=" HEX "07", "by=Recipient",
	                                "received_at=2026-11-24T10:00:00Z", "output=scrubbed"),
	                 0);
	assert_true(is_open());
	assert_int_equal(fixture_append(&x, "transfer.acknowledged", "invest-1", 2002, T1,
	                                "bag_sha256=" HEX "08", "by=Recipient",
	                                "received_at=2026-11-24T10:00:00Z", "output=evidence"),
	                 0);
	assert_false(is_open());
}

static int walk(const char *text)
{
	struct wl_finding f = {0};
	char hex[WL_SHA256_HEX + 1];
	int fd = manifest_fd(text, hex);
	int r = wl_manifest_walk(fd, T1, NULL, NULL, &f);

	(void)close(fd);
	return r;
}

#define LINE(item, path) HEX "07  10  " T1 "." item "  pass  pass.image-rebuilt  " path "\n"

static void pages_are_lines_of_their_own(void **state)
{
	(void)state;
	assert_int_equal(walk(LINE("00001", "a") LINE("00001", "b") LINE("00002", "a")), 0);
	assert_int_equal(walk(LINE("00001", "b") LINE("00001", "a")), -EINVAL);
	assert_int_equal(walk(LINE("00001", "a") LINE("00001", "a")), -EINVAL);
	assert_int_equal(walk(LINE("00002", "a") LINE("00001", "b")), -EINVAL);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(each_output_has_its_own_intent_and_end),
	        CASE(an_approval_names_the_manifest_of_each),
	        CASE(a_manifest_belongs_to_its_output),
	        CASE(holds_are_accepted_by_name),
	        CASE(not_by_the_opener),
	        CASE(an_empty_output_never_leaves),
	        CASE(an_export_has_no_delivery),
	        CASE(the_last_acknowledgement_ends_it),
	        CASE(pages_are_lines_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
