/* The table of states and verbs in full, and entries folded into a transfer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/base/cleanup.h"
#include "daemon/broker/delivery.h"
#include "daemon/broker/transfer.h"

#define M "1111111111111111111111111111111111111111111111111111111111111111"

static struct wl_transfer *t;
static json_int_t seq;

static int setup(void **state)
{
	(void)state;
	t = wl_transfer_new();
	seq = 0;
	return t ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	t = wl_transfer_free(t);
	return 0;
}

/* Applies an event with data written with ' for ". */
static int apply_needed(const char *event, const char *data, unsigned needed)
{
	char text[1024];
	(void)snprintf(text, sizeof(text),
	               "{'event':'%s','actor':'tech-1','seq':%d,'station':'STN3','time':"
	               "'2026-11-23T02:53:34Z','transfer':'STN3-T000042','data':{%s}}",
	               event, (int)seq++, data);
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	json_t *entry = json_loads(text, 0, NULL);
	assert_non_null(entry);
	int r = wl_transfer_apply(t, entry, needed);
	json_decref(entry);
	return r;
}

static void apply(const char *event, const char *data, enum wl_state state)
{
	assert_int_equal(apply_needed(event, data, 1), 0);
	assert_int_equal(t->state, state);
}

#define GATE "'gate':'a','insertion':'STN3-I000001','port':'a1','purpose':'read'"
#define UNTIL                                                                                      \
	"'until':'2026-11-23T10:00:00Z','manifests_sha256':[],'accepted':[],'method':'account'"

static void to_waiting(void)
{
	apply("transfer.opened", "'direction':'inbound','device':'x-0042','outputs':['delivery']",
	      WL_OPENED);
	apply("gate.opened", GATE, WL_READING);
	apply("gate.shut", GATE ",'bytes':5,'reason':'complete'", WL_INSPECTING);
	apply("item.decided", "'item':'STN3-T000042.00001'", WL_INSPECTING);
	apply("transfer.inspected",
	      "'output':'delivery','verdict':'hold','rule':'transfer.unsigned-vendor','holds':"
	      "['transfer.unsigned-vendor'],'files':1,'refused':0,'left':2,'manifest_sha256':'" M
	      "','bytes':5,'version':'4.2.1'",
	      WL_WAITING);
}

static void to_releasing(void)
{
	to_waiting();
	apply("transfer.approved", UNTIL, WL_APPROVED);
	apply("release.intent",
	      "'output':'delivery','medium':'?9f3c51a2b07e','destination_port':'b1'", WL_RELEASING);
}

static void test_to_the_good_end(void **state)
{
	(void)state;
	to_releasing();
	assert_string_equal(t->outputs[0].intent, "STN3#6");
	assert_string_equal(t->outputs[0].manifest_sha256, M);
	apply("release.written", "'intent':'STN3#6'", WL_RELEASING);
	apply("release.done", "'intent':'STN3#6'", WL_RELEASED);
	apply("transfer.outcome", "'outcome':'installed'", WL_CLOSED);
	assert_true(wl_state_is_end(t->state));
	assert_int_equal(t->number, 42);
	assert_string_equal(wl_transfer_text(t, "device"), "x-0042");
	assert_string_equal(wl_transfer_text(t, "version"), "4.2.1");
	/* an end stays an end */
	apply("transfer.cancelled", "'cause':'late'", WL_CLOSED);
	apply("transfer.noted", "'words':'seen'", WL_CLOSED);
	apply("transfer.retried", "'from':'closed','to':'opened','cause':''", WL_CLOSED);
}

static void test_a_pulled_stick(void **state)
{
	(void)state;
	apply("transfer.opened", "'direction':'inbound','device':'x','outputs':[]", WL_OPENED);
	apply("gate.opened", GATE, WL_READING);
	apply("gate.shut", GATE ",'bytes':0,'reason':'medium.gone'", WL_OPENED);
	assert_int_equal(t->rule, WL_RULE_MEDIUM_GONE);
	/* gates of another purpose move nothing */
	apply("gate.opened", "'gate':'b','insertion':'STN3-I000001','port':'b1','purpose':'check'",
	      WL_OPENED);
}

static void test_two_approvals(void **state)
{
	(void)state;
	to_waiting();
	assert_int_equal(apply_needed("transfer.approved", UNTIL, 2), 0);
	assert_int_equal(t->state, WL_WAITING);
	assert_int_equal(apply_needed("transfer.approved", UNTIL, 2), 0);
	assert_int_equal(t->state, WL_APPROVED);
	assert_int_equal(wl_transfer_approvals(t), 2);
	assert_int_equal(apply_needed("approval.voided",
	                              "'approvals':['STN3#5'],'rule':'approval.expired'", 2),
	                 0);
	assert_int_equal(t->state, WL_WAITING);
	assert_int_equal(t->approvals[0].voided, WL_RULE_APPROVAL_EXPIRED);
	assert_int_equal(wl_transfer_approvals(t), 1);
}

static void test_a_release_that_fails(void **state)
{
	(void)state;
	to_releasing();
	apply("release.failed",
	      "'intent':'STN3#6','rule':'destination.gone','bytes':0,'detail':'b1'", WL_APPROVED);
	assert_int_equal(t->rule, WL_RULE_DESTINATION_GONE);
	assert_string_equal(t->detail, "b1");
	apply("release.intent", "'output':'delivery','medium':'M-1'", WL_RELEASING);
	apply("release.unknown", "'intent':'STN3#8'", WL_APPROVED);
}

static void test_a_fault_and_retry(void **state)
{
	(void)state;
	apply("transfer.opened", "'direction':'inbound','device':'x','outputs':[]", WL_OPENED);
	apply("gate.opened", GATE, WL_READING);
	apply("gate.shut", GATE ",'bytes':5,'reason':'complete'", WL_INSPECTING);
	apply("transfer.failed", "'rule':'station.part-missing'", WL_FAILED);
	assert_int_equal(t->before_fault, WL_INSPECTING);
	apply("transfer.retried", "'from':'failed','to':'inspecting','cause':''", WL_INSPECTING);
	assert_int_equal(t->rule, WL_RULE_NONE); /* what stopped it is over */
	apply("transfer.refused", "'rule':'signature.missing','rules':['signature.missing']",
	      WL_REFUSED);
	assert_int_equal(json_array_size(t->rules), 1);
}

/* `retry` does not show what stopped the reading before, nor a fault where a decision stands. */
static void test_what_stopped_it_is_over(void **state)
{
	(void)state;
	apply("transfer.opened", "'direction':'inbound','device':'x','outputs':[]", WL_OPENED);
	apply("gate.opened", GATE, WL_READING);
	apply("gate.shut", GATE ",'bytes':0,'reason':'station.ledger-forked','detail':'of 3'",
	      WL_OPENED);
	assert_int_equal(t->rule, WL_RULE_STATION_LEDGER_FORKED);
	apply("transfer.retried", "'from':'opened','to':'opened','cause':'station.ledger-forked'",
	      WL_OPENED);
	assert_int_equal(t->rule, WL_RULE_NONE);
	assert_string_equal(t->detail, "");
}

static void test_a_fault_after_the_decision(void **state)
{
	(void)state;
	to_waiting();
	enum wl_rule decided = t->rule;
	assert_int_not_equal(decided, WL_RULE_NONE);
	apply("transfer.failed", "'rule':'station.part-missing'", WL_FAILED);
	apply("transfer.retried", "'from':'failed','to':'waiting','cause':'station.part-missing'",
	      WL_WAITING);
	assert_int_equal(t->rule, decided);
}

static void test_an_entry_counts_once(void **state)
{
	(void)state;
	to_waiting();
	apply("transfer.approved", UNTIL, WL_APPROVED);
	seq--; /* told again by the work thread */
	apply("transfer.approved", UNTIL, WL_APPROVED);
	assert_int_equal(t->napprovals, 1);
}

static void test_what_cannot_be_folded(void **state)
{
	(void)state;
	assert_int_equal(apply_needed("gate.opened", GATE, 1), -EINVAL); /* nothing was opened */
	assert_int_equal(apply_needed("no.such", "", 1), -EINVAL);
	to_waiting();
	assert_int_equal(apply_needed("transfer.approved", "'until':'tomorrow'", 1), -EINVAL);
	assert_int_equal(apply_needed("release.intent", "'output':'other'", 1), -EINVAL);
	assert_int_equal(t->state, WL_WAITING);
}

/* INTERFACES 8, row by row; every pair that is not here is not allowed. */
static const struct {
	enum wl_verb verb;
	const char *from; /* states, with spaces around each */
} allowed[] = {
        {WL_VERB_READ, " opened "},
        {WL_VERB_READ_DONE, " reading "},
        {WL_VERB_READ_STOPPED, " reading "},
        {WL_VERB_REFUSE, " inspecting "},
        {WL_VERB_INSPECTED, " inspecting "},
        {WL_VERB_APPROVE, " waiting "},
        {WL_VERB_REJECT, " waiting approved "},
        {WL_VERB_WITHDRAW, " waiting approved "},
        {WL_VERB_VOID, " waiting approved "},
        {WL_VERB_RELEASE, " approved "},
        {WL_VERB_RELEASED, " releasing "},
        {WL_VERB_RELEASE_FAILED, " releasing "},
        {WL_VERB_UNKNOWN, " releasing "},
        {WL_VERB_OUTCOME, " released "},
        {WL_VERB_ACKNOWLEDGE, " released "},
        {WL_VERB_ADD, " waiting "},
        {WL_VERB_RETRY, " opened failed approved "},
        {WL_VERB_CANCEL, " opened reading inspecting waiting approved failed "},
        {WL_VERB_FAIL, " opened reading inspecting waiting approved releasing "},
};

static void test_every_state_every_verb(void **state)
{
	(void)state;
	assert_int_equal(WL_ARRAY_LEN(allowed), WL_VERB_MAX - 1);
	for (size_t i = 0; i < WL_ARRAY_LEN(allowed); i++) {
		size_t n = 0;
		for (unsigned s = WL_OPENED; s < WL_STATE_MAX; s++) {
			char name[24];
			(void)snprintf(name, sizeof(name), " %s ", wl_state_name((enum wl_state)s));
			bool may = strstr(allowed[i].from, name) != NULL;
			n += may;
			assert_int_equal(wl_transfer_next((enum wl_state)s, allowed[i].verb) !=
			                         WL_STATE_NONE,
			                 may);
			assert_int_equal(wl_state_find(wl_state_name((enum wl_state)s)), s);
		}
		json_t *names = wl_transfer_states_of(allowed[i].verb);
		assert_int_equal(json_array_size(names), n);
		json_decref(names);
	}
}

static void test_delivery(void **state)
{
	(void)state;
	WL_CLEANUP(wl_delivery_clear) struct wl_delivery d = {0};
	char text[] = M "  5  STN3-T000042.00001  pass  pass.update-covered  A/B  C.BIN\n" M
	                "  7  STN3-T000042.00002  leave  leave.os-litter  desktop.ini\n";
	assert_int_equal(wl_delivery_parse(text, &d), 0);
	assert_int_equal(d.n, 1);
	assert_int_equal(d.bytes, 5);
	assert_int_equal(d.v[0].number, 1);
	assert_non_null(wl_delivery_find(&d, "A/B  C.BIN", 10));
	assert_null(wl_delivery_find(&d, "A/B", 3));
	char cut[] = M "  5  STN3-T000042.00001  pass  pass.update-covered  A";
	struct wl_delivery none;
	assert_int_equal(wl_delivery_parse(cut, &none), -EINVAL);
	char odd[] = M "  x  STN3-T000042.00001  pass  pass.update-covered  A\n";
	assert_int_equal(wl_delivery_parse(odd, &none), -EINVAL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(test_to_the_good_end),
	        T(test_a_pulled_stick),
	        T(test_two_approvals),
	        T(test_a_release_that_fails),
	        T(test_a_fault_and_retry),
	        T(test_what_stopped_it_is_over),
	        T(test_a_fault_after_the_decision),
	        T(test_an_entry_counts_once),
	        T(test_what_cannot_be_folded),
	        cmocka_unit_test(test_every_state_every_verb),
	        cmocka_unit_test(test_delivery),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
