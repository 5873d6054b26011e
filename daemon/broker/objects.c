/*
 * Objects of the control interface (weighlockd). Pure.
 *
 * Texts from media and vendors stand in them escaped, as they stand in the ledger. A member that
 * is not known is left out.
 */
#include "daemon/broker/objects.h"

#include <string.h>

#include "daemon/base/text.h"

void wl_object_text(json_t *object, const char *member, const char *text)
{
	if (text && text[0])
		(void)json_object_set_new(object, member, json_string(text));
}

static void set_int(json_t *object, const char *member, uint64_t v)
{
	(void)json_object_set_new(object, member, json_integer((json_int_t)v));
}

static void set_time(json_t *object, const char *member, int64_t t)
{
	char text[WL_TIME_TEXT];
	wl_time_format(t, text);
	(void)json_object_set_new(object, member, json_string(text));
}

static void set_escaped(json_t *object, const char *member, const char *text)
{
	char escaped[1024];
	wl_text_escape(text, strlen(text), escaped, sizeof(escaped));
	wl_object_text(object, member, escaped);
}

json_t *wl_object_rules(const struct wl_rules *rules)
{
	json_t *list = json_array();
	for (size_t i = 0; i < rules->n; i++)
		(void)json_array_append_new(list, json_string(wl_rule_id(rules->v[i])));
	return list;
}

/* ---- tickets ---- */

static json_t *devices_of(const struct wl_ticket *t)
{
	json_t *list = json_array();
	for (size_t i = 0; i < t->ndevices; i++) {
		json_t *device = json_object(), *serials = json_array();
		set_escaped(device, "model", t->devices[i].model);
		for (size_t k = 0; k < t->devices[i].nserials && k < 50; k++)
			(void)json_array_append_new(serials, json_string(t->devices[i].serials[k]));
		(void)json_object_set_new(device, "serials", serials);
		(void)json_array_append_new(list, device);
	}
	return list;
}

static json_t *signers_of(const struct wl_signer *signers, size_t n)
{
	json_t *list = json_array();
	for (size_t i = 0; i < n; i++) {
		char hex[WL_SHA256_HEX + 1], text[512];
		wl_hex_encode(signers[i].spki_sha256, WL_SHA256_BYTES, hex);
		(void)snprintf(text, sizeof(text), "%s %s", hex, signers[i].subject);
		(void)json_array_append_new(list, json_string(text));
	}
	return list;
}

json_t *wl_object_ticket(const struct wl_ticket *t, const struct wl_signer *signers, size_t n,
                         int64_t now, bool withdrawn)
{
	char sha256[WL_SHA256_HEX + 1];
	json_t *o = json_object();
	uint64_t bytes = 0;
	for (size_t i = 0; i < t->nfiles; i++)
		bytes += t->files[i].size;
	wl_hex_encode(t->sha256, WL_SHA256_BYTES, sha256);
	wl_object_text(o, "ticket", t->id);
	wl_object_text(o, "sha256", sha256);
	wl_object_text(o, "authority", t->authority);
	wl_object_text(o, "vendor", t->vendor);
	wl_object_text(o, "component", t->component);
	set_escaped(o, "version", t->version);
	set_int(o, "release", t->release);
	set_int(o, "release_from", t->release_from);
	(void)json_object_set_new(o, "devices", devices_of(t));
	set_int(o, "uses_per_device", t->uses_per_device);
	json_t *stations = json_array();
	for (size_t i = 0; i < t->nstations && i < 100; i++)
		(void)json_array_append_new(stations, json_string(t->stations[i]));
	(void)json_object_set_new(o, "stations", stations);
	set_time(o, "issued_at", t->issued_at);
	set_time(o, "not_before", t->not_before);
	set_time(o, "not_after", t->not_after);
	set_int(o, "files", t->nfiles);
	set_int(o, "bytes", bytes);
	wl_object_text(o, "vendor_signature", wl_signature_format_name(t->vendor_signature));
	if (signers)
		(void)json_object_set_new(o, "signers", signers_of(signers, n));
	wl_object_text(o, "state", withdrawn ? "withdrawn" : wl_ticket_state(t, now));
	return o;
}

json_t *wl_object_withdrawal(const struct wl_withdrawal *w, const struct wl_signer *signers,
                             size_t n)
{
	char sha256[WL_SHA256_HEX + 1];
	json_t *o = json_object();
	wl_hex_encode(w->sha256, WL_SHA256_BYTES, sha256);
	wl_object_text(o, "ticket", w->ticket);
	wl_object_text(o, "sha256", sha256);
	wl_object_text(o, "authority", w->authority);
	wl_object_text(o, "reason", w->reason);
	set_time(o, "issued_at", w->issued_at);
	(void)json_object_set_new(o, "signers", signers_of(signers, n));
	wl_object_text(o, "state", "withdrawn");
	return o;
}

/* ---- ports ---- */

json_t *wl_object_port(const struct wl_ports *ports, const struct wl_port *port)
{
	const struct wl_medium *m = &port->medium;
	json_t *o = json_object();
	wl_object_text(o, "port", port->port);
	wl_object_text(o, "use", wl_port_use_name(port->use));
	if (!m->present)
		return o;
	wl_object_text(o, "insertion", m->insertion);
	wl_object_text(o, "medium", m->medium);
	set_int(o, "bytes", m->bytes);
	set_escaped(o, "name", m->name);
	set_escaped(o, "vid", m->vid);
	set_escaped(o, "pid", m->pid);
	set_escaped(o, "serial", m->serial);
	set_int(o, "diskseq", m->diskseq);
	(void)json_object_set_new(o, "suspect",
	                          json_boolean(wl_names_has(&ports->suspect, m->medium)));
	if (m->prepared_known)
		(void)json_object_set_new(o, "prepared", json_boolean(m->prepared));
	return o;
}

/* ---- transfers ---- */

/* Copies members of transfer.opened or transfer.inspected as they stand in the ledger. */
static void copy_members(json_t *o, const json_t *from, const char *const *members)
{
	for (; *members; members++) {
		json_t *value = json_object_get(from, *members);
		if (value)
			(void)json_object_set(o, *members, value);
	}
}

/* The sum of an export's outputs; its verdict is that of the output that asks most of a person. */
static void set_export(json_t *o, const struct wl_transfer *t)
{
	uint64_t files = 0, bytes = 0, refused = 0;
	enum wl_verdict verdict = WL_VERDICT_NONE;
	for (unsigned i = 0; i < t->noutputs; i++) {
		const struct wl_output *out = &t->outputs[i];
		files += out->files;
		bytes += out->bytes;
		refused += out->refused;
		if (verdict == WL_VERDICT_NONE || out->verdict == WL_HOLD ||
		    (verdict == WL_REFUSE && wl_output_leaves(out)))
			verdict = out->verdict;
	}
	copy_members(o, t->opened, (const char *const[]){"outputs", NULL});
	if (t->noutputs) {
		wl_object_text(o, "verdict", wl_verdict_name(verdict));
		set_int(o, "files", files);
		set_int(o, "bytes", bytes);
		set_int(o, "refused", refused);
	}
	if (t->readings) {
		wl_object_text(o, "preserved_at", t->preserved_at);
		set_int(o, "preserved_files", t->preserved_files);
		set_int(o, "preserved_bytes", t->preserved_bytes);
		wl_object_text(o, "oldest_seen", t->oldest_seen);
	}
}

json_t *wl_object_transfer(const struct wl_transfer *t, unsigned approvals_needed)
{
	static const char *const opened[] = {"direction", "device",    "vendor",    "ticket",
	                                     "case",      "authority", "requester", NULL};
	static const char *const inspected[] = {"component", "version", "release",
	                                        "ticket",    "verdict", "vendor_signature",
	                                        "files",     "bytes",   NULL};
	json_t *o = json_object();
	wl_object_text(o, "transfer", t->id);
	wl_object_text(o, "state", wl_state_name(t->state));
	wl_object_text(o, "opened_by", t->opened_by);
	wl_object_text(o, "opened_at", t->opened_at);
	copy_members(o, t->opened, opened);
	if (t->outbound)
		set_export(o, t);
	else
		copy_members(o, t->inspected, inspected);
	if (t->state == WL_REFUSED)
		wl_object_text(o, "verdict", wl_verdict_name(WL_REFUSE));
	wl_object_text(o, "rule", wl_rule_id(t->rule));
	if (t->noutputs) {
		set_int(o, "approvals_needed", approvals_needed);
		set_int(o, "approvals_given", wl_transfer_approvals(t));
	}
	return o;
}

static json_t *output_object(const struct wl_output *out)
{
	json_t *o = json_object();
	wl_object_text(o, "output", out->output);
	wl_object_text(o, "manifest_sha256", out->manifest_sha256);
	wl_object_text(o, "verdict", wl_verdict_name(out->verdict));
	wl_object_text(o, "rule", wl_rule_id(out->rule));
	if (out->holds)
		(void)json_object_set(o, "holds", out->holds);
	set_int(o, "files", out->files);
	set_int(o, "refused", out->refused);
	set_int(o, "left", out->left);
	set_int(o, "bytes", out->bytes);
	wl_object_text(o, "intent", out->intent);
	wl_object_text(o, "medium", out->medium);
	wl_object_text(o, "destination_port", out->destination_port);
	wl_object_text(o, "destination_insertion", out->destination_insertion);
	wl_object_text(o, "released_at", out->released_at);
	wl_object_text(o, "bag_sha256", out->bag_sha256);
	if (out->missing)
		(void)json_object_set(o, "missing", out->missing);
	if (out->acknowledged) {
		(void)json_object_set_new(o, "acknowledged", json_true());
		wl_object_text(o, "acknowledged_by", out->acknowledged_by);
		wl_object_text(o, "receipt", out->receipt_signed ? "signature" : "word");
	}
	return o;
}

/* What an approver must accept by name, of all outputs, each once. */
static json_t *holds_of(const struct wl_transfer *t)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < t->noutputs; i++) {
		size_t k, n;
		json_t *hold, *there;
		json_array_foreach(t->outputs[i].holds, k, hold)
		{
			bool known = false;
			json_array_foreach(list, n, there) known = known || json_equal(there, hold);
			if (!known)
				(void)json_array_append(list, hold);
		}
	}
	return list;
}

static json_t *approval_object(const struct wl_given *a)
{
	json_t *o = json_object();
	wl_object_text(o, "entry", a->entry);
	wl_object_text(o, "actor", a->actor);
	set_time(o, "until", a->until);
	if (a->accepted)
		(void)json_object_set(o, "accepted", a->accepted);
	wl_object_text(o, "voided", wl_rule_id(a->voided));
	return o;
}

void wl_object_transfer_more(json_t *o, const struct wl_transfer *t)
{
	static const char *const people[] = {"visit",        "work_order", "engineer",
	                                     "engineer_org", "escort",     NULL};
	static const char *const export[] = {"authority_reference",
	                                     "arrangement",
	                                     "consent",
	                                     "notice",
	                                     "paragraph",
	                                     "scans",
	                                     "window_from",
	                                     "window_to",
	                                     "recipients",
	                                     "tip_state",
	                                     "tip_exceptions",
	                                     "scanner_clock_offset_s",
	                                     NULL};
	static const char *const inspected[] = {"holds", "signers", NULL};
	static const char *const outcome[] = {"outcome", "release_before", "release_after", "words",
	                                      NULL};
	json_t *outputs = json_array(), *approvals = json_array();
	for (unsigned i = 0; i < t->noutputs; i++)
		(void)json_array_append_new(outputs, output_object(&t->outputs[i]));
	for (unsigned i = 0; i < t->napprovals; i++)
		(void)json_array_append_new(approvals, approval_object(&t->approvals[i]));
	(void)json_object_set_new(o, "outputs", outputs);
	(void)json_object_set_new(o, "approvals", approvals);
	copy_members(o, t->opened, people);
	copy_members(o, t->opened, export);
	if (t->outbound)
		(void)json_object_set_new(o, "holds", holds_of(t));
	else
		copy_members(o, t->inspected, inspected);
	copy_members(o, t->outcome, outcome);
	if (t->rules)
		(void)json_object_set(o, "rules", t->rules);
	wl_object_text(o, "port", t->port);
	wl_object_text(o, "insertion", t->insertion);
}
