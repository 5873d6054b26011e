/*
 * Entries of the ledger folded into the model of a transfer (INTERFACES 6 and 8; weighlockd). Pure.
 *
 * The entries come from ledgerd, which rendered them; the attacker controls only the texts inside
 * them, which are copied and never interpreted. After a lost power everything is folded again from
 * the first entry: what is not in the ledger did not happen.
 */
#include "daemon/broker/transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/events.h"
#include "daemon/base/text.h"

struct wl_transfer *wl_transfer_new(void)
{
	return calloc(1, sizeof(struct wl_transfer));
}

struct wl_transfer *wl_transfer_free(struct wl_transfer *t)
{
	if (!t)
		return NULL;
	for (unsigned i = 0; i < t->noutputs; i++) {
		json_decref(t->outputs[i].holds);
		json_decref(t->outputs[i].missing);
	}
	json_decref(t->added);
	for (unsigned i = 0; i < t->napprovals; i++)
		json_decref(t->approvals[i].accepted);
	json_decref(t->rules);
	json_decref(t->opened);
	json_decref(t->inspected);
	json_decref(t->outcome);
	free(t);
	return NULL;
}

unsigned wl_transfer_approvals(const struct wl_transfer *t)
{
	unsigned standing = 0;
	for (unsigned i = 0; i < t->napprovals; i++)
		standing += t->approvals[i].voided == WL_RULE_NONE;
	return standing;
}

const char *wl_transfer_text(const struct wl_transfer *t, const char *member)
{
	const char *text = json_string_value(json_object_get(t->inspected, member));
	if (!text)
		text = json_string_value(json_object_get(t->opened, member));
	return text ? text : "";
}

struct wl_output *wl_transfer_output(struct wl_transfer *t, const char *output)
{
	for (unsigned i = 0; i < t->noutputs; i++)
		if (!strcmp(t->outputs[i].output, output))
			return &t->outputs[i];
	return NULL;
}

bool wl_output_leaves(const struct wl_output *o)
{
	return o->verdict == WL_PASS || o->verdict == WL_HOLD;
}

struct fold {
	struct wl_transfer *t;
	const json_t *entry;
	json_t *data;
	unsigned approvals_needed;
};

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

static void copy(char *to, size_t size, const char *text)
{
	(void)snprintf(to, size, "%s", text);
}

static uint64_t int_of(const json_t *object, const char *name)
{
	json_int_t v = json_integer_value(json_object_get(object, name));
	return v < 0 ? 0 : (uint64_t)v;
}

static void keep(json_t **at, json_t *value)
{
	json_decref(*at);
	*at = json_incref(value);
}

/* The rule of the last decision or fault, and what it was about. */
static void take_rule(struct fold *f)
{
	f->t->rule = wl_rule_find(text_of(f->data, "rule"));
	copy(f->t->detail, sizeof(f->t->detail), text_of(f->data, "detail"));
}

/* Moves by the table; an end stays an end whatever comes after it. */
static void move(struct wl_transfer *t, enum wl_verb verb)
{
	enum wl_state to = wl_transfer_next(t->state, verb);
	if (to != WL_STATE_NONE)
		t->state = to;
}

static int on_opened(struct fold *f)
{
	struct wl_transfer *t = f->t;
	copy(t->id, sizeof(t->id), text_of(f->entry, "transfer"));
	if (wl_id_number(WL_ID_TRANSFER, t->id, &t->number) < 0)
		return -EINVAL;
	t->first_seq = int_of(f->entry, "seq");
	copy(t->opened_by, sizeof(t->opened_by), text_of(f->entry, "actor"));
	copy(t->opened_at, sizeof(t->opened_at), text_of(f->entry, "time"));
	keep(&t->opened, f->data);
	t->outbound = strcmp(text_of(f->data, "direction"), "outbound") == 0;
	t->outputs_wanted = (unsigned)json_array_size(json_object_get(f->data, "outputs"));
	t->state = WL_OPENED;
	return 0;
}

/* The gate through which the source of the transfer is read: no other moves it. */
static bool is_source_gate(const struct fold *f)
{
	return strcmp(text_of(f->data, "gate"), "a") == 0 &&
	       strcmp(text_of(f->data, "purpose"), "read") == 0;
}

static int on_gate_opened(struct fold *f)
{
	if (!is_source_gate(f))
		return 0;
	f->t->preserved = false;
	for (unsigned i = 0; i < f->t->noutputs; i++)
		f->t->outputs[i].fresh = false;
	copy(f->t->insertion, sizeof(f->t->insertion), text_of(f->data, "insertion"));
	copy(f->t->port, sizeof(f->t->port), text_of(f->data, "port"));
	f->t->rule = WL_RULE_NONE;
	move(f->t, WL_VERB_READ);
	return 0;
}

static int on_gate_shut(struct fold *f)
{
	if (!is_source_gate(f))
		return 0;
	const char *reason = text_of(f->data, "reason");
	bool complete = !strcmp(reason, "complete");
	if (!complete) {
		f->t->rule = wl_rule_find(reason);
		copy(f->t->detail, sizeof(f->t->detail), text_of(f->data, "detail"));
	}
	move(f->t, complete ? WL_VERB_READ_DONE : WL_VERB_READ_STOPPED);
	return 0;
}

static int on_refused(struct fold *f)
{
	take_rule(f);
	keep(&f->t->rules, json_object_get(f->data, "rules"));
	keep(&f->t->inspected, f->data); /* what it claimed to be */
	move(f->t, WL_VERB_REFUSE);
	return 0;
}

static int on_preserved(struct fold *f)
{
	struct wl_transfer *t = f->t;
	t->preserved = true;
	t->readings++;
	t->preserved_files += int_of(f->data, "files");
	t->preserved_bytes += int_of(f->data, "bytes");
	copy(t->preserved_at, sizeof(t->preserved_at), text_of(f->entry, "time"));
	if (text_of(f->data, "oldest_seen")[0])
		copy(t->oldest_seen, sizeof(t->oldest_seen), text_of(f->data, "oldest_seen"));
	return 0;
}

static enum wl_verdict verdict_find(const char *name)
{
	for (int v = WL_PASS; v < WL_VERDICT_MAX; v++)
		if (!strcmp(wl_verdict_name((enum wl_verdict)v), name))
			return (enum wl_verdict)v;
	return WL_VERDICT_NONE;
}

/* Each output has an entry of its own; only with the last of them is it decided. */
static bool all_inspected(const struct wl_transfer *t)
{
	unsigned fresh = 0;
	for (unsigned i = 0; i < t->noutputs; i++)
		fresh += t->outputs[i].fresh;
	return fresh >= t->outputs_wanted;
}

/* The rule of the whole: what a person must accept before what passed. */
static void take_decision(struct wl_transfer *t)
{
	t->rule = t->outputs[0].rule;
	for (unsigned i = 0; i < t->noutputs; i++)
		if (t->outputs[i].verdict == WL_PASS)
			t->rule = t->outputs[i].rule;
	for (unsigned i = 0; i < t->noutputs; i++)
		if (t->outputs[i].verdict == WL_HOLD)
			t->rule = t->outputs[i].rule;
}

static int on_inspected(struct fold *f)
{
	struct wl_transfer *t = f->t;
	struct wl_output *o = wl_transfer_output(t, text_of(f->data, "output"));
	if (!o && t->noutputs == WL_OUTPUTS_MAX)
		return -EINVAL;
	if (!o)
		o = &t->outputs[t->noutputs++];
	json_decref(o->holds);
	json_decref(o->missing);
	*o = (struct wl_output){.fresh = true,
	                        .verdict = verdict_find(text_of(f->data, "verdict")),
	                        .rule = wl_rule_find(text_of(f->data, "rule")),
	                        .files = int_of(f->data, "files"),
	                        .refused = int_of(f->data, "refused"),
	                        .left = int_of(f->data, "left"),
	                        .bytes = int_of(f->data, "bytes")};
	keep(&o->holds, json_object_get(f->data, "holds"));
	keep(&o->missing, json_object_get(f->data, "missing"));
	copy(o->output, sizeof(o->output), text_of(f->data, "output"));
	copy(o->manifest_sha256, sizeof(o->manifest_sha256), text_of(f->data, "manifest_sha256"));
	copy(t->policy_sha256, sizeof(t->policy_sha256), text_of(f->entry, "policy_sha256"));
	keep(&t->inspected, f->data);
	if (!all_inspected(t))
		return 0;
	take_decision(t);
	move(t, WL_VERB_INSPECTED);
	return 0;
}

static int on_approved(struct fold *f)
{
	struct wl_transfer *t = f->t;
	if (t->napprovals == WL_GIVEN_MAX) { /* the oldest is long voided: forget it */
		json_decref(t->approvals[0].accepted);
		memmove(t->approvals, t->approvals + 1,
		        sizeof(t->approvals) - sizeof(t->approvals[0]));
		t->napprovals--;
	}
	struct wl_given *a = &t->approvals[t->napprovals];
	*a = (struct wl_given){0};
	if (wl_time_parse(text_of(f->data, "until"), &a->until) < 0)
		return -EINVAL;
	wl_id_entry(text_of(f->entry, "station"), int_of(f->entry, "seq"), a->entry);
	copy(a->actor, sizeof(a->actor), text_of(f->entry, "actor"));
	keep(&a->accepted, json_object_get(f->data, "accepted"));
	t->napprovals++;
	if (wl_transfer_approvals(t) >= f->approvals_needed)
		move(t, WL_VERB_APPROVE);
	return 0;
}

static int on_voided(struct fold *f)
{
	struct wl_transfer *t = f->t;
	enum wl_rule rule = wl_rule_find(text_of(f->data, "rule"));
	size_t i;
	json_t *entry;
	json_array_foreach(
	        json_object_get(f->data, "approvals"), i,
	        entry) for (unsigned k = 0; k < t->napprovals;
	                    k++) if (!strcmp(t->approvals[k].entry, json_string_value(entry)) &&
	                             t->approvals[k].voided == WL_RULE_NONE) t->approvals[k]
	        .voided = rule ? rule : WL_RULE_APPROVAL_VOID;
	if (wl_transfer_approvals(t) < f->approvals_needed)
		move(t, WL_VERB_VOID);
	return 0;
}

static int on_rejected(struct fold *f)
{
	take_rule(f);
	move(f->t, WL_VERB_REJECT);
	return 0;
}

static int on_intent(struct fold *f)
{
	struct wl_output *o = wl_transfer_output(f->t, text_of(f->data, "output"));
	if (!o)
		return -EINVAL;
	wl_id_entry(text_of(f->entry, "station"), int_of(f->entry, "seq"), o->intent);
	copy(f->t->intent, sizeof(f->t->intent), o->intent);
	copy(o->medium, sizeof(o->medium), text_of(f->data, "medium"));
	copy(o->destination_port, sizeof(o->destination_port),
	     text_of(f->data, "destination_port"));
	copy(o->destination_insertion, sizeof(o->destination_insertion),
	     text_of(f->data, "destination_insertion"));
	f->t->rule = o->rule;
	move(f->t, WL_VERB_RELEASE);
	return 0;
}

static struct wl_output *output_of_intent(struct fold *f)
{
	for (unsigned i = 0; i < f->t->noutputs; i++)
		if (!strcmp(f->t->outputs[i].intent, text_of(f->data, "intent")))
			return &f->t->outputs[i];
	return NULL;
}

static int on_done(struct fold *f)
{
	struct wl_output *o = output_of_intent(f);
	if (!o)
		return -EINVAL;
	o->released = true;
	copy(o->released_at, sizeof(o->released_at), text_of(f->entry, "time"));
	for (unsigned i = 0; i < f->t->noutputs; i++)
		if (!f->t->outputs[i].released && wl_output_leaves(&f->t->outputs[i])) {
			f->t->state = WL_APPROVED; /* the next output may follow */
			return 0;
		}
	move(f->t, WL_VERB_RELEASED);
	return 0;
}

static int on_written(struct fold *f)
{
	struct wl_output *o = output_of_intent(f);
	if (o)
		copy(o->bag_sha256, sizeof(o->bag_sha256), text_of(f->data, "bag_sha256"));
	return 0;
}

/* Arrived: with the last output that left the transfer ends. */
static int on_acknowledged(struct fold *f)
{
	struct wl_output *o = wl_transfer_output(f->t, text_of(f->data, "output"));
	if (!o)
		return -EINVAL;
	o->acknowledged = true;
	o->receipt_signed = json_array_size(json_object_get(f->data, "signers")) > 0;
	wl_text_escape(text_of(f->data, "by"), strlen(text_of(f->data, "by")), o->acknowledged_by,
	               sizeof(o->acknowledged_by));
	for (unsigned i = 0; i < f->t->noutputs; i++)
		if (!f->t->outputs[i].acknowledged && wl_output_leaves(&f->t->outputs[i]))
			return 0;
	move(f->t, WL_VERB_ACKNOWLEDGE);
	return 0;
}

static int on_release_failed(struct fold *f)
{
	take_rule(f);
	move(f->t, WL_VERB_RELEASE_FAILED);
	return 0;
}

static int on_unknown(struct fold *f)
{
	f->t->rule = WL_RULE_MEDIUM_SUSPECT;
	move(f->t, WL_VERB_UNKNOWN);
	return 0;
}

static int on_outcome(struct fold *f)
{
	keep(&f->t->outcome, f->data);
	move(f->t, WL_VERB_OUTCOME);
	return 0;
}

static int on_cancelled(struct fold *f)
{
	move(f->t, WL_VERB_CANCEL);
	return 0;
}

static int on_failed(struct fold *f)
{
	enum wl_state before = f->t->state;
	move(f->t, WL_VERB_FAIL);
	if (f->t->state == WL_FAILED && before != WL_FAILED)
		f->t->before_fault = before;
	take_rule(f);
	return 0;
}

static int on_retried(struct fold *f)
{
	enum wl_state to = wl_state_find(text_of(f->data, "to"));
	if (wl_state_is_end(f->t->state) || to == WL_STATE_NONE || wl_state_is_end(to))
		return 0;
	f->t->state = to;
	/* what stopped it is over; of one that goes back to what was decided, that holds again */
	if (to == WL_OPENED || to == WL_INSPECTING) {
		f->t->rule = WL_RULE_NONE;
		f->t->detail[0] = '\0';
	} else if (to == WL_WAITING && f->t->noutputs > 0) {
		take_decision(f->t);
	}
	if (json_object_get(f->data, "scans")) {
		keep(&f->t->added, json_object_get(f->data, "scans"));
		f->t->insertion[0] = f->t->port[0] = '\0';
	}
	return 0;
}

static int on_vault_deleted(struct fold *f)
{
	f->t->vault_deleted = true;
	return 0;
}

static int (*const handlers[WL_E_MAX])(struct fold *f) = {
        [WL_E_TRANSFER_OPENED] = on_opened,        [WL_E_GATE_OPENED] = on_gate_opened,
        [WL_E_GATE_SHUT] = on_gate_shut,           [WL_E_TRANSFER_REFUSED] = on_refused,
        [WL_E_TRANSFER_INSPECTED] = on_inspected,  [WL_E_TRANSFER_APPROVED] = on_approved,
        [WL_E_APPROVAL_VOIDED] = on_voided,        [WL_E_TRANSFER_REJECTED] = on_rejected,
        [WL_E_RELEASE_INTENT] = on_intent,         [WL_E_RELEASE_DONE] = on_done,
        [WL_E_RELEASE_FAILED] = on_release_failed, [WL_E_RELEASE_UNKNOWN] = on_unknown,
        [WL_E_TRANSFER_OUTCOME] = on_outcome,      [WL_E_TRANSFER_CANCELLED] = on_cancelled,
        [WL_E_TRANSFER_FAILED] = on_failed,        [WL_E_TRANSFER_RETRIED] = on_retried,
        [WL_E_VAULT_DELETED] = on_vault_deleted,   [WL_E_TRANSFER_PRESERVED] = on_preserved,
        [WL_E_RELEASE_WRITTEN] = on_written,       [WL_E_TRANSFER_ACKNOWLEDGED] = on_acknowledged,
};

int wl_transfer_apply(struct wl_transfer *t, const json_t *entry, unsigned approvals_needed)
{
	json_t *data = json_object_get(entry, "data");
	enum wl_event event = wl_event_find(text_of(entry, "event"));
	if (!data || event == WL_E_NONE)
		return -EINVAL;
	uint64_t seq = int_of(entry, "seq");
	if (t->state != WL_STATE_NONE && seq <= t->last_seq)
		return 0; /* folded already */
	if (t->state == WL_STATE_NONE && event != WL_E_TRANSFER_OPENED)
		return -EINVAL;
	if (!handlers[event]) {
		t->last_seq = seq;
		return 0;
	}
	struct fold f = {t, entry, data, approvals_needed ? approvals_needed : 1};
	int r = handlers[event](&f);
	if (r == 0)
		t->last_seq = seq;
	return r;
}
