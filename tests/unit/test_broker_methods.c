/* Every method of the interface against every role, and arguments against their table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/broker/methods.h"
#include "policy/people.h"

/* the handlers are not what is tested here */
#define HANDLER(h)                                                                                 \
	void h(struct wl_broker *b, struct wl_call *c)                                             \
	{                                                                                          \
		(void)b;                                                                           \
		(void)c;                                                                           \
	}
HANDLER(wl_do_set_language)
HANDLER(wl_do_get_status)
HANDLER(wl_do_list_media)
HANDLER(wl_do_open_inbound)
HANDLER(wl_do_open_outbound)
HANDLER(wl_do_add_outbound)
HANDLER(wl_do_acknowledge)
HANDLER(wl_do_list_transfers)
HANDLER(wl_do_show)
HANDLER(wl_do_watch)
HANDLER(wl_do_approve)
HANDLER(wl_do_reject)
HANDLER(wl_do_withdraw)
HANDLER(wl_do_release)
HANDLER(wl_do_outcome)
HANDLER(wl_do_note)
HANDLER(wl_do_cancel)
HANDLER(wl_do_retry)
HANDLER(wl_do_prepare)
HANDLER(wl_do_add_ticket)
HANDLER(wl_do_list_tickets)
HANDLER(wl_do_station_init)
HANDLER(wl_do_station_succeed)
HANDLER(wl_do_station_confirm)
HANDLER(wl_do_station_card)
HANDLER(wl_do_policy_propose)
HANDLER(wl_do_policy_confirm)
HANDLER(wl_do_policy_show)
HANDLER(wl_do_visit_open)
HANDLER(wl_do_list_visits)
HANDLER(wl_do_visit_confirm)
HANDLER(wl_do_visit_close)
HANDLER(wl_do_ledger_read)
HANDLER(wl_do_ledger_prove)
HANDLER(wl_do_ledger_export)
HANDLER(wl_do_ledger_cosign)
HANDLER(wl_do_ledger_checkpoint)
HANDLER(wl_do_ledger_query)
HANDLER(wl_do_station_csr)
HANDLER(wl_do_station_cert)
HANDLER(wl_do_station_propose)
HANDLER(wl_do_station_agree)

/* The table of docs/control-objects.md, written down once more: a column per role (technician,
 * investigator, approver, auditor, custodian, administrator, set-up), and whether anybody may. */
static const struct {
	const char *method, *may;
} expected[] = {
        {"SetLanguage", "*"},     {"GetStatus", "*"},
        {"ListMedia", "tiauca"},  {"ListTransfers", "tiauca"},
        {"Watch", "tiauca"},      {"PolicyShow", "tiauca"},
        {"Show", "tiauA"},        {"ListTickets", "tiauA"},
        {"OpenInbound", "t"},     {"Outcome", "t"},
        {"AddTicket", "t"},       {"OpenOutbound", "i"},
        {"Approve", "a"},         {"Reject", "a"},
        {"Withdraw", "a"},        {"Release", "ti"},
        {"Retry", "ti"},          {"Cancel", "tia"},
        {"Note", "tiacA"},        {"Prepare", "tic"},
        {"StationInit", "s"},     {"StationSucceed", "s"},
        {"StationConfirm", "s"},  {"VisitOpen", "a"},
        {"ListVisits", "tiauca"}, {"VisitConfirm", "tiacA"},
        {"VisitClose", "tiacA"},  {"StationCard", "auAs"},
        {"PolicyPropose", "As"},  {"PolicyConfirm", "As"},
        {"LedgerRead", "ua"},     {"LedgerProve", "ua"},
        {"AddOutbound", "i"},     {"Acknowledge", "ic"},
        {"LedgerQuery", "ua"},    {"LedgerCosign", "u"},
        {"LedgerExport", "uA"},   {"LedgerCheckpoint", "uaA"},
        {"StationCsr", "A"},      {"StationCert", "A"},
        {"StationPropose", "A"},  {"StationAgree", "A"},
};

static unsigned roles_of(const char *may)
{
	static const struct {
		char letter;
		unsigned bit;
	} letters[] = {{'t', WL_PERSON_TECHNICIAN}, {'i', WL_PERSON_INVESTIGATOR},
	               {'a', WL_PERSON_APPROVER},   {'u', WL_PERSON_AUDITOR},
	               {'c', WL_PERSON_CUSTODIAN},  {'A', WL_PERSON_ADMINISTRATOR},
	               {'s', WL_PERSON_SETUP}};
	unsigned roles = strcmp(may, "tiauca") == 0 ? WL_PERSON_ADMINISTRATOR : 0;
	for (; *may; may++)
		for (size_t i = 0; i < WL_ARRAY_LEN(letters); i++)
			if (letters[i].letter == *may)
				roles |= letters[i].bit;
	return roles;
}

static void test_every_method_every_role(void **state)
{
	(void)state;
	size_t n = 0;
	for (const struct wl_method *m = wl_methods; m->name; m++, n++) {
		bool anybody = false, found = false;
		unsigned roles = wl_method_roles(m->name, &anybody);
		for (size_t i = 0; i < WL_ARRAY_LEN(expected); i++) {
			if (strcmp(expected[i].method, m->name) != 0)
				continue;
			found = true;
			if (expected[i].may[0] == '*') {
				assert_true(anybody);
				continue;
			}
			assert_false(anybody);
			assert_int_equal(roles, roles_of(expected[i].may));
			for (unsigned bit = 1; bit <= WL_PERSON_ADMINISTRATOR; bit <<= 1) {
				struct wl_policy_person p = {.roles = bit};
				enum wl_rule rule = wl_person_may(&p, m->name, 0);
				assert_int_equal(rule, roles_of(expected[i].may) & bit
				                               ? WL_RULE_NONE
				                               : WL_RULE_PERSON_ROLE_MISSING);
			}
			assert_int_equal(wl_person_may(NULL, m->name, 0), WL_RULE_PERSON_UNKNOWN);
		}
		assert_true(found);
	}
	assert_int_equal(n, WL_ARRAY_LEN(expected));
	assert_null(wl_method_find("GetSecrets"));
	assert_int_equal(wl_method_roles("GetSecrets", NULL), 0);
}

static void test_more_only_where_it_streams(void **state)
{
	(void)state;
	for (const struct wl_method *m = wl_methods; m->name; m++) {
		bool streams = !strcmp(m->name, "Watch") || !strcmp(m->name, "Release") ||
		               !strcmp(m->name, "Retry") || !strcmp(m->name, "Prepare");
		assert_int_equal(m->more, streams);
	}
}

static int check(const char *method, const char *json, const char *bad_parameter)
{
	const char *parameter = "", *wanted = "";
	json_t *o = json_loads(json, JSON_ALLOW_NUL, NULL);
	assert_non_null(o);
	int r = wl_args_check(wl_method_find(method)->args, o, &parameter, &wanted);
	if (r < 0)
		assert_string_equal(parameter, bad_parameter);
	json_decref(o);
	return r;
}

#define OK(method, json)       assert_int_equal(check(method, json, ""), 0)
#define BAD(method, json, par) assert_int_equal(check(method, json, par), -EINVAL)

static void test_arguments(void **state)
{
	(void)state;
	OK("GetStatus", "{}");
	BAD("GetStatus", "{\"x\":1}", "x");
	OK("OpenInbound", "{\"device\":\"X-0042\",\"port\":null}");
	OK("OpenInbound", "{\"visit\":\"WO-8841\"}");
	BAD("OpenInbound", "{\"visit\":\"wo 1\"}", "visit");
	BAD("VisitOpen", "{}", "visit");
	BAD("VisitClose", "{\"visit\":\"WO-1\",\"accept\":1}", "accept");
	BAD("OpenInbound", "{\"device\":\"../x\"}", "device");
	BAD("OpenInbound", "{\"device\":\"x\",\"engineer\":\"a\\u001bb\"}", "engineer");
	BAD("OpenInbound", "{\"device\":\"x\",\"engineer\":\"a\\u0000b\"}", "engineer");
	BAD("OpenInbound", "{\"device\":\"x\",\"escort\":\"No One\"}", "escort");
	OK("Show", "{\"transfer\":\"42\"}");
	OK("Show", "{\"transfer\":\"STN3-T000042\",\"from\":0}");
	BAD("Show", "{\"transfer\":\"last\"}", "transfer");
	BAD("Show", "{\"transfer\":\"42\",\"from\":-1}", "from");
	BAD("Approve", "{\"transfer\":\"42\",\"manifest_sha256\":[\"ab\"],\"accept\":[]}",
	    "manifest_sha256");
	BAD("Approve", "{\"transfer\":\"42\",\"manifest_sha256\":[],\"accept\":[\"no.such\"]}",
	    "accept");
	OK("Approve",
	   "{\"transfer\":\"42\",\"manifest_sha256\":[],\"accept\":[\"transfer.incomplete\"]}");
	BAD("Note", "{\"transfer\":\"42\",\"words\":\"\"}", "words");
	BAD("Note", "{\"transfer\":\"42\",\"words\":\"two\\nlines\"}", "words");
	BAD("Note", "{\"transfer\":\"42\",\"words\":\"\\u001b[2J\"}", "words");
	BAD("Note", "{\"transfer\":\"42\"}", "words");
	BAD("Reject", "{\"transfer\":\"42\",\"words\":\"\"}", "words");
	OK("Outcome", "{\"transfer\":\"42\",\"outcome\":\"installed\",\"release_before\":1,"
	              "\"release_after\":2,\"words\":\"\"}");
	BAD("PolicyPropose", "{\"files\":[{\"name\":\"a\"}]}", "files");
	OK("PolicyPropose", "{\"files\":[{\"name\":\"a\",\"base64\":\"\"}]}");
}

static void test_ids_become_lower_case(void **state)
{
	(void)state;
	const char *parameter, *wanted;
	json_t *o = json_pack("{s:s}", "port", "A1");
	assert_int_equal(wl_args_check(wl_method_find("AddTicket")->args, o, &parameter, &wanted),
	                 0);
	assert_string_equal(json_string_value(json_object_get(o, "port")), "a1");
	json_decref(o);
}

static void test_text_limit(void **state)
{
	(void)state;
	char words[WL_NOTE_BYTES_MAX + 2], json[1100];
	memset(words, 'x', sizeof(words));
	for (int over = 0; over < 2; over++) {
		words[1000 + over] = '\0';
		(void)snprintf(json, sizeof(json), "{\"transfer\":\"1\",\"words\":\"%s\"}", words);
		assert_int_equal(check("Cancel", json, "words"), over ? -EINVAL : 0);
		assert_int_equal(check("Note", json, "words"), over ? -EINVAL : 0);
		words[1000] = 'x';
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_every_method_every_role),
	        cmocka_unit_test(test_more_only_where_it_streams),
	        cmocka_unit_test(test_arguments),
	        cmocka_unit_test(test_ids_become_lower_case),
	        cmocka_unit_test(test_text_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
