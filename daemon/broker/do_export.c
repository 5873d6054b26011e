/*
 * OpenOutbound, AddOutbound (weighlockd): exports, from the request on.
 *
 * The texts are people's own and end up in the ledger as they are. Whether an export may be opened
 * says policy/export.c, a pure function; the clock of the scanner is compared with ours here, at
 * the moment somebody reads it off. When power goes right after an entry, the next start goes on
 * from it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "daemon/broker/args.h"
#include "daemon/broker/broker.h"
#include "daemon/broker/certificate.h"
#include "daemon/broker/jobs.h"
#include "daemon/broker/methods.h"

#define DAY_S 86400

/* ---- what is asked for ---- */

struct request {
	struct wl_scan_list scans;
	bool has_window, has_clock;
	int64_t from, to, offset_s;
	const char *texts[WL_ARG_LIST_MAX]; /* recipients */
	size_t ntexts;
	const char *exceptions[WL_ARG_LIST_MAX];
	size_t nexceptions;
	unsigned outputs;
};

static const char *list_text(const struct wl_call *c, const char *name, size_t i)
{
	return json_string_value(json_array_get(json_object_get(c->parameters, name), i));
}

static int take_scans(const struct wl_call *c, struct wl_scan_list *ret)
{
	const char *text;
	*ret = (struct wl_scan_list){0};
	for (size_t i = 0; (text = list_text(c, "scans", i)); i++) {
		int r = wl_scan_list_add(ret, text);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool take_outputs(const struct wl_call *c, unsigned *ret)
{
	const char *text;
	for (size_t i = 0; (text = list_text(c, "outputs", i)); i++) {
		unsigned bit = !strcmp(text, "scrubbed")   ? WL_OUTPUT_SCRUBBED
		               : !strcmp(text, "evidence") ? WL_OUTPUT_EVIDENCE
		                                           : 0;
		if (!bit || (*ret & bit))
			return false;
		*ret |= bit;
	}
	return true;
}

/* "2026-11-23 11:31" as the scanner shows it, or "unknown". Read as if it were UTC: the offset then
 * holds the scanner's time zone as well as its error. */
static bool take_clock(const char *text, bool *ret_has, int64_t *ret_offset_s)
{
	struct tm tm = {0};
	*ret_has = false;
	if (!text || !strcmp(text, "unknown"))
		return true;
	const char *end = strptime(text, "%Y-%m-%d %H:%M", &tm);
	if (!end || *end)
		return false;
	*ret_has = true;
	*ret_offset_s = (int64_t)timegm(&tm) - (int64_t)time(NULL);
	return true;
}

static bool take_time(const struct wl_call *c, const char *name, int64_t *ret)
{
	const char *text = wl_call_text(c, name);
	return !text || wl_time_parse(text, ret) == 0;
}

/* Answers where an argument has not its form; what is merely missing is for the rules. */
static bool take_request(struct wl_call *c, struct request *r)
{
	const char *bad = NULL, *expected = NULL;
	*r = (struct request){0};
	r->has_window = wl_call_text(c, "from") && wl_call_text(c, "to");
	for (; r->ntexts < WL_ARG_LIST_MAX && list_text(c, "recipients", r->ntexts); r->ntexts++)
		r->texts[r->ntexts] = list_text(c, "recipients", r->ntexts);
	for (; r->nexceptions < WL_ARG_LIST_MAX && list_text(c, "tip_exceptions", r->nexceptions);
	     r->nexceptions++)
		r->exceptions[r->nexceptions] = list_text(c, "tip_exceptions", r->nexceptions);
	if (take_scans(c, &r->scans) < 0)
		bad = "scans", expected = "118820, 118820..118846, at most 20000";
	else if (!take_outputs(c, &r->outputs))
		bad = "outputs", expected = "scrubbed, evidence, each once";
	else if (!take_time(c, "from", &r->from))
		bad = "from", expected = "YYYY-MM-DDTHH:MM:SSZ";
	else if (!take_time(c, "to", &r->to) || (r->has_window && r->to < r->from))
		bad = "to", expected = "YYYY-MM-DDTHH:MM:SSZ, not before from";
	else if (r->has_window && r->scans.n)
		bad = "scans", expected = "either scans or from and to";
	else if (!wl_tip_exceptions_are_good(r->exceptions, r->nexceptions))
		bad = "tip_exceptions", expected = "SCAN=off, real, projected or unknown";
	else if (!take_clock(wl_call_text(c, "scanner_clock"), &r->has_clock, &r->offset_s))
		bad = "scanner_clock", expected = "YYYY-MM-DD hh:mm, or unknown";
	if (bad)
		wl_call_bad_argument(c, bad, expected);
	return !bad;
}

static bool may_open(struct wl_broker *b, struct wl_call *c, const struct request *r)
{
	const struct wl_policy *policy = wl_broker_policy(b);
	char detail[WL_DETAIL_MAX + 1];
	struct wl_rules rules;
	if (!wl_policy_device(policy, wl_call_text(c, "device"))) {
		wl_call_refuse(c, WL_RULE_UPDATE_DEVICE_UNKNOWN, NULL,
		               json_pack("{s:s}", "device", wl_call_text(c, "device")));
		return false;
	}
	struct wl_export_request request = {.device = wl_call_text(c, "device"),
	                                    .case_id = wl_call_text(c, "case"),
	                                    .authority = wl_call_text(c, "authority"),
	                                    .reference = wl_call_text(c, "reference"),
	                                    .requester = wl_call_text(c, "requester"),
	                                    .tip_state = wl_call_text(c, "tip_state"),
	                                    .arrangement = wl_call_text(c, "arrangement"),
	                                    .consent = wl_call_text(c, "consent"),
	                                    .notice = wl_call_text(c, "notice"),
	                                    .paragraph = wl_call_text(c, "paragraph"),
	                                    .outputs = r->outputs,
	                                    .recipients = r->texts,
	                                    .nrecipients = r->ntexts,
	                                    .has_scans = r->scans.n > 0,
	                                    .has_window = r->has_window,
	                                    .has_clock = r->has_clock};
	wl_export_check_request(policy, &request, &rules, detail);
	if (!rules.n)
		return true;
	json_t *list = json_array();
	for (size_t i = 0; i < rules.n; i++)
		(void)json_array_append_new(list, json_string(wl_rule_id(rules.v[i])));
	wl_call_refuse(c, rules.v[0], list, json_pack("{s:s}", "detail", detail));
	return false;
}

/* ---- transfer.opened ---- */

static json_t *recipients_of(const struct wl_policy *policy, const struct request *r)
{
	json_t *list = json_array();
	for (size_t i = 0; i < r->ntexts; i++) {
		const struct wl_policy_trust *t = wl_policy_trust(policy, r->texts[i]);
		char hex[WL_SHA256_HEX + 1];
		if (!t)
			continue;
		wl_hex_encode(t->sha256, sizeof(t->sha256), hex);
		(void)json_array_append_new(list, json_string(hex));
	}
	return list;
}

static void add_list(json_t *e, enum wl_member member, const struct wl_call *c, const char *name)
{
	json_t *list = json_object_get(c->parameters, name);
	if (json_array_size(list))
		wl_entry_list(e, member, json_incref(list));
}

static json_t *opened_entry(struct wl_broker *b, const struct wl_call *c, const char *id,
                            const struct request *r)
{
	static const struct {
		const char *argument;
		enum wl_member member;
	} texts[] = {{"device", WL_M_DEVICE},
	             {"case", WL_M_CASE},
	             {"authority", WL_M_AUTHORITY},
	             {"reference", WL_M_AUTHORITY_REFERENCE},
	             {"requester", WL_M_REQUESTER},
	             {"tip_state", WL_M_TIP_STATE},
	             {"arrangement", WL_M_ARRANGEMENT},
	             {"consent", WL_M_CONSENT},
	             {"notice", WL_M_NOTICE},
	             {"paragraph", WL_M_PARAGRAPH},
	             {"from", WL_M_WINDOW_FROM},
	             {"to", WL_M_WINDOW_TO},
	             {"port", WL_M_PORT}};
	const struct wl_policy *policy = wl_broker_policy(b);
	json_t *e = wl_call_entry(c, WL_E_TRANSFER_OPENED, id);
	wl_entry_text(e, WL_M_DIRECTION, "outbound");
	for (size_t i = 0; i < WL_ARRAY_LEN(texts); i++)
		if (wl_call_text(c, texts[i].argument))
			wl_entry_text(e, texts[i].member, wl_call_text(c, texts[i].argument));
	wl_entry_text(e, WL_M_VENDOR, wl_policy_device(policy, wl_call_text(c, "device"))->vendor);
	wl_entry_list(e, WL_M_OUTPUTS, json_incref(json_object_get(c->parameters, "outputs")));
	add_list(e, WL_M_SCANS, c, "scans");
	add_list(e, WL_M_TIP_EXCEPTIONS, c, "tip_exceptions");
	if (r->ntexts)
		wl_entry_list(e, WL_M_RECIPIENTS, recipients_of(policy, r));
	if (r->has_clock) {
		json_t *data = json_object_get(e, "data");
		(void)json_object_set_new(data, wl_member_name(WL_M_SCANNER_CLOCK_OFFSET_S),
		                          json_integer((json_int_t)r->offset_s));
	}
	return e;
}

/* Recipients whose certificates only decrypt: no receipt can come back signed by them. */
static json_t *cannot_sign(const struct wl_broker *b, const struct request *r)
{
	const struct wl_policy_ref *ref = b->policy;
	json_t *names = json_array();
	for (size_t i = 0; i < r->ntexts; i++) {
		const struct wl_policy_trust *t = wl_policy_trust(ref->policy, r->texts[i]);
		WL_AUTO_FREE void *pem = NULL;
		size_t n = 0;
		bool may = true;
		if (t && t->certificate &&
		    wl_file_read(ref->folder_fd, t->certificate, WL_CERTIFICATE_FILE_BYTES_MAX,
		                 &pem, &n) == 0 &&
		    wl_certificate_may_sign(pem, n, &may) == 0 && !may)
			(void)json_array_append_new(names, json_string(r->texts[i]));
	}
	return names;
}

void wl_do_open_outbound(struct wl_broker *b, struct wl_call *c)
{
	char id[WL_ID_TEXT];
	struct request r;
	struct wl_finding f = {0};
	if (!wl_station_is_usable(b, c) || !take_request(c, &r) || !may_open(b, c, &r) ||
	    !wl_open_port_is_free(b, c) || !wl_open_source_is_clear(b, c))
		return;
	wl_id_transfer(b->status.station, b->status.next_transfer, id);
	if (wl_broker_append(b, opened_entry(b, c, id, &r), NULL, &f) < 0) {
		wl_station_refresh(b); /* perhaps the number was not the next one */
		return wl_station_ledger_trouble(b, c, &f);
	}
	b->status.next_transfer++;
	json_t *answer = json_pack("{s:s}", "transfer", id);
	if (r.has_clock)
		(void)json_object_set_new(answer, "scanner_clock_offset_s",
		                          json_integer((json_int_t)r.offset_s));
	json_t *names = cannot_sign(b, &r);
	if (json_array_size(names))
		(void)json_object_set(answer, "cannot_sign", names);
	json_decref(names);
	wl_call_reply(c, answer);
	wl_watch_changed(b, id, "source-wanted");
	wl_pick(b);
}

/* ---- reading more into one that waits ---- */

static bool are_of_transfer(const struct wl_transfer *t, const struct wl_call *c)
{
	const json_t *asked = json_object_get(t->opened, "scans");
	struct wl_scan_list all = {0};
	const char *text;
	for (size_t i = 0; i < json_array_size(asked); i++)
		(void)wl_scan_list_add(&all, json_string_value(json_array_get(asked, i)));
	if (!all.n) /* a window: any scan within it */
		return true;
	for (size_t i = 0; (text = list_text(c, "scans", i)); i++) {
		struct wl_scan_list one = {0};
		(void)wl_scan_list_add(&one, text);
		for (size_t k = 0; k < one.n; k++)
			if (!wl_scan_list_has(&all, one.v[k].first) ||
			    (one.v[k].last[0] && !wl_scan_list_has(&all, one.v[k].last)))
				return false;
	}
	return true;
}

void wl_do_add_outbound(struct wl_broker *b, struct wl_call *c)
{
	struct wl_finding f = {0};
	struct wl_scan_list only;
	struct wl_tracked *x = wl_transfers_of_call(b, c);
	if (!x || !wl_station_is_usable(b, c))
		return;
	if (wl_decide_opener(x->t->opened_by, c->caller.person) != WL_RULE_NONE)
		return wl_call_refuse(c, WL_RULE_PERSON_NOT_OPENER, NULL, NULL);
	if (!x->t->outbound)
		return wl_call_bad_argument(c, "transfer", "an export");
	if (!wl_transfer_may(x, WL_VERB_ADD, c))
		return;
	if (take_scans(c, &only) < 0 || !only.n || !are_of_transfer(x->t, c))
		return wl_call_bad_argument(c, "scans", "scans that the export asked for");
	wl_transfer_void(b, x, NULL, WL_RULE_APPROVAL_VOID, "station", getuid());
	json_t *e = wl_call_entry(c, WL_E_TRANSFER_RETRIED, x->t->id);
	wl_entry_text(e, WL_M_FROM, wl_state_name(x->t->state));
	wl_entry_text(e, WL_M_TO, wl_state_name(WL_OPENED));
	wl_entry_text(e, WL_M_CAUSE, "more is read");
	add_list(e, WL_M_SCANS, c, "scans");
	if (wl_broker_append(b, e, NULL, &f) < 0)
		return wl_station_ledger_trouble(b, c, &f);
	x->tried[0] = '\0';
	x->hint = WL_RULE_NONE;
	wl_call_reply(c, json_pack("{s:s}", "transfer", x->t->id));
	wl_watch_changed(b, x->t->id, "source-wanted");
	wl_pick(b);
}

/* ---- what a reading of an export is told ---- */

/* Pictures this person took out within a day, of those transfers that are in memory. */
static uint64_t taken_today(const struct wl_broker *b, const struct wl_transfer *of)
{
	uint64_t taken = 0;
	for (size_t i = 0; i < b->ntransfers; i++) {
		const struct wl_transfer *t = b->transfers[i].t;
		int64_t at = 0;
		if (t->outbound && !strcmp(t->opened_by, of->opened_by) &&
		    wl_time_parse(t->preserved_at, &at) == 0 && at > (int64_t)time(NULL) - DAY_S)
			taken += t->preserved_files;
	}
	return taken;
}

static void take_list(const json_t *list, struct wl_scan_list *ret)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		(void)wl_scan_list_add(ret, json_string_value(json_array_get(list, i)));
}

static unsigned outputs_of(const struct wl_transfer *t)
{
	const json_t *list = json_object_get(t->opened, "outputs");
	unsigned bits = 0;
	for (size_t i = 0; i < json_array_size(list); i++)
		bits |= strcmp(json_string_value(json_array_get(list, i)), "scrubbed")
		                ? WL_OUTPUT_EVIDENCE
		                : WL_OUTPUT_SCRUBBED;
	return bits;
}

struct wl_export_order *wl_export_order_of(const struct wl_broker *b, const struct wl_transfer *t,
                                           bool reads)
{
	struct wl_export_order *o = calloc(1, sizeof(*o));
	const json_t *opened = t->opened;
	uint64_t day = wl_broker_policy(b)->outbound.day_pictures, taken = taken_today(b, t);
	if (!o)
		return NULL;
	take_list(json_object_get(opened, "scans"), &o->whole);
	if (t->added)
		take_list(t->added, &o->asked.scans);
	else
		o->asked.scans = o->whole;
	o->asked.has_window =
	        wl_time_parse(wl_transfer_text(t, "window_from"), &o->asked.from) == 0 &&
	        wl_time_parse(wl_transfer_text(t, "window_to"), &o->asked.to) == 0;
	o->asked.offset_s = json_integer_value(json_object_get(opened, "scanner_clock_offset_s"));
	o->outputs = outputs_of(t);
	o->recipients = json_deep_copy(json_object_get(opened, "recipients"));
	o->tip = wl_tip_find(json_string_value(json_object_get(opened, "tip_state")));
	o->tip_exceptions = json_deep_copy(json_object_get(opened, "tip_exceptions"));
	o->day_left = taken < day ? day - taken : 0;
	o->preserved = !reads && t->preserved;
	o->readings = o->preserved ? t->readings - 1 : t->readings;
	return o;
}
