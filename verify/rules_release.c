/*
 * Rules over releases: the intent, how it ended, and what it uses up.
 *
 * An intent must be of what was inspected, on enough approvals, not older than what the device had,
 * within what the ticket allows, onto a medium that was there; it ends once. Numbers and tickets
 * count from the intent on, whatever became of the writing. Entries are hostile but read strictly.
 */
#include "verify/walk_state.h"

#include <string.h>

#include "verify/say.h"

static const struct verify_member *transfer_id(const struct verify_walk *w)
{
	return verify_entry_find(&w->e, false, "transfer", VERIFY_TEXT);
}

/* ---- the intent ---- */

/* Is it what was inspected, down to component, release and ticket? */
static void check_inspection(struct verify_walk *w, const struct transfer *t,
                             const struct output *o, uint64_t seq)
{
	const char *other = NULL;

	if (!o->passes) {
		verify_report_add(w->report, VERIFY_RELEASE_AFTER_REFUSAL,
		                  ENTRIES(o->inspected, seq),
		                  _("%s was released although its inspection refused it"), t->id);
		return;
	}
	if (!verify_tag_equal(o->manifest, verify_member_tag(w, verify_text(w, "manifest_sha256"))))
		other = "manifest_sha256";
	else if (!verify_tag_equal(t->device, verify_member_tag(w, verify_text(w, "device"))))
		other = "device";
	else if (!verify_tag_equal(o->component, verify_member_tag(w, verify_text(w, "component"))))
		other = "component";
	else if (o->release != verify_integer(w, "release", -1))
		other = "release";
	else if (!verify_tag_equal(o->ticket, verify_member_tag(w, verify_text(w, "ticket"))))
		other = "ticket";
	if (other)
		verify_report_add(w->report, VERIFY_RELEASE_OTHER, ENTRIES(o->inspected, seq),
		                  _("%s was released with another %s than was inspected"), t->id,
		                  other);
}

static void check_number(struct verify_walk *w, uint64_t seq)
{
	const struct verify_member *device = verify_text(w, "device");
	int64_t release = verify_integer(w, "release", -1);
	struct verify_tag tag = verify_tag_pair(verify_member_tag(w, device),
	                                        verify_member_tag(w, verify_text(w, "component")));
	struct floor_known *f = verify_map_find(w->floors, tag);

	if (release < 0)
		return;
	if (f && release < f->release)
		verify_report_add(w->report, VERIFY_RELEASE_NUMBER_DOWN, ENTRIES(f->seq, seq),
		                  _("device %.*s had release %lld and was given %lld"),
		                  SHOWN(device), (long long)f->release, (long long)release);
	if (!f)
		f = verify_keep(w, w->floors, tag);
	if (f && release >= f->release) {
		f->release = release;
		f->seq = seq;
	}
}

static struct verify_tag withdrawal(const struct verify_walk *w, const struct verify_member *ticket)
{
	return verify_tag_pair(verify_member_tag(w, ticket), verify_number_tag(0));
}

static void check_ticket(struct verify_walk *w, struct transfer *t, const struct output *o,
                         uint64_t seq)
{
	const struct verify_member *ticket = verify_text(w, "ticket");
	struct verify_tag tag = verify_tag_pair(verify_member_tag(w, verify_text(w, "device")),
	                                        verify_member_tag(w, ticket));
	struct ticket_known *k;

	if (!ticket)
		return;
	k = verify_map_find(w->tickets, withdrawal(w, ticket));
	if (k)
		verify_report_add(w->report, VERIFY_TICKET_WITHDRAWN, ENTRIES(k->withdrawn, seq),
		                  _("ticket %.*s had been withdrawn"), SHOWN(ticket));
	k = verify_map_find(w->tickets, tag);
	if (!k)
		k = verify_keep(w, w->tickets, tag);
	if (!k || t->ticket_counted)
		return;
	t->ticket_counted = true;
	if (o->uses >= 0 && k->used >= o->uses)
		verify_report_add(
		        w->report, VERIFY_TICKET_OVERUSED, ENTRIES(k->last, seq),
		        _("ticket %.*s allows %lld uses on this device and was used again"),
		        SHOWN(ticket), (long long)o->uses);
	k->used++;
	k->last = seq;
}

void verify_rule_ticket_withdrawn(struct verify_walk *w, uint64_t seq)
{
	struct verify_tag tag = withdrawal(w, verify_text(w, "ticket"));
	struct ticket_known *k = verify_map_find(w->tickets, tag);

	if (!k)
		k = verify_keep(w, w->tickets, tag);
	if (k)
		k->withdrawn = seq;
}

/* Of a transfer that is not open: ended, released whole, or in entries that were not read. */
static void say_not_open(struct verify_walk *w, uint64_t seq)
{
	const struct verify_member *id = transfer_id(w);
	const struct released *r = verify_map_find(w->released, verify_member_tag(w, id));
	uint64_t n;

	if (r)
		verify_report_add(w->report, VERIFY_RELEASE_TWICE, ENTRIES(r->done, seq),
		                  _("%.*s was released already"), SHOWN(id));
	else if (id && !verify_past_may_know(w) && w->have_transfer &&
	         verify_id_number(w, id->value, id->value_n, 'T', &n) == 0 && n <= w->last_transfer)
		verify_report_add(
		        w->report, VERIFY_RELEASE_AFTER_REFUSAL, ENTRIES(seq),
		        _("%.*s had ended (refused, rejected, given up or closed) and was "
		          "released"),
		        SHOWN(id));
}

static void keep_intent(struct verify_walk *w, const struct transfer *t, uint64_t seq)
{
	struct intent *i = verify_keep(w, w->intents, verify_number_tag(seq));

	if (!i)
		return;
	i->seq = seq;
	i->transfer = t ? t->tag : verify_member_tag(w, transfer_id(w));
	i->output = verify_member_tag(w, verify_text(w, "output"));
	i->insertion = verify_member_tag(w, verify_text(w, "destination_insertion"));
	verify_member_copy(transfer_id(w), i->id, sizeof(i->id));
	verify_member_copy(verify_text(w, "medium"), i->medium, sizeof(i->medium));
}

static void check_output(struct verify_walk *w, struct transfer *t, uint64_t seq)
{
	struct output *o = verify_output(t, verify_member_tag(w, verify_text(w, "output")));

	if (!o || !o->is_inspected) {
		if (t->opened >= w->first)
			verify_report_add(
			        w->report, VERIFY_RELEASE_UNINSPECTED, ENTRIES(t->opened, seq),
			        _("%s was released without an inspection of that output"), t->id);
		return;
	}
	check_inspection(w, t, o, seq);
	if (o->is_open || o->is_done)
		verify_report_add(w->report, VERIFY_RELEASE_TWICE, ENTRIES(o->intent, seq),
		                  o->is_done ? _("this output of %s was released already")
		                             : _("this output of %s was being released already"),
		                  t->id);
	o->is_open = true;
	o->intent = seq;
	verify_check_approvals(w, t, o, seq);
	check_ticket(w, t, o, seq);
}

void verify_rule_release_intent(struct verify_walk *w, uint64_t seq)
{
	struct transfer *t = verify_transfer(w);

	if (!w->have_policy && !verify_past_may_know(w))
		verify_report_add(w->report, VERIFY_RELEASE_WITHOUT_POLICY, ENTRIES(seq),
		                  _("no policy was in force"));
	if (t)
		check_output(w, t, seq);
	else
		say_not_open(w, seq);
	check_number(w, seq);
	verify_check_destination(w, verify_text(w, "destination_insertion"),
	                         verify_text(w, "destination_port"), verify_text(w, "medium"),
	                         verify_text(w, "device"), seq);
	keep_intent(w, t, seq);
}

/* ---- how it ended ---- */

/* The open release this entry names; NULL after a finding, or where it was not read. */
static struct intent *named_intent(struct verify_walk *w, uint64_t seq)
{
	const struct verify_member *m = verify_text(w, "intent");
	struct intent *i = NULL;
	uint64_t number = UINT64_MAX;

	if (m && verify_id_number(w, m->value, m->value_n, '#', &number) == 0)
		i = verify_map_find(w->intents, verify_number_tag(number));
	if (i && !i->is_wipe && verify_tag_equal(i->transfer, verify_member_tag(w, transfer_id(w))))
		return i;
	if (number >= w->first)
		verify_report_add(w->report, VERIFY_RELEASE_WITHOUT_INTENT, ENTRIES(seq),
		                  _("it says how the writing %.*s ended, and no such writing was "
		                    "under way"),
		                  SHOWN(m));
	return NULL;
}

void verify_rule_release_written(struct verify_walk *w, uint64_t seq)
{
	struct intent *i = named_intent(w, seq);

	if (i)
		i->is_read_back = verify_member_is(verify_text(w, "readback"), "equal");
}

static struct output *end_intent(struct verify_walk *w, struct intent *i)
{
	struct transfer *t = verify_map_find(w->transfers, i->transfer);
	struct output *o = t ? verify_output(t, i->output) : NULL;

	if (o)
		o->is_open = false;
	verify_map_remove(w->intents, verify_number_tag(i->seq));
	return o;
}

/* All outputs left: from now on only what became of the medium is awaited. */
static void leave(struct verify_walk *w, const char *medium, uint64_t seq)
{
	struct transfer *t = verify_transfer(w);
	struct released *r;
	unsigned done = 0, nothing = 0;

	for (unsigned i = 0; t && i < t->outputs; i++) {
		done += t->output[i].is_done;
		nothing += !t->output[i].passes; /* all of it was refused: it never leaves */
	}
	if (!t || done + nothing < t->wanted || done + nothing < t->outputs)
		return;
	r = verify_map_find(w->released, t->tag);
	if (!r)
		r = verify_keep(w, w->released, t->tag);
	if (r) {
		memcpy(r->id, t->id, sizeof(r->id));
		memcpy(r->medium, medium, sizeof(r->medium));
		r->done = seq;
		r->outputs = done;
	}
	verify_transfer_drop(w, t);
}

void verify_rule_release_done(struct verify_walk *w, uint64_t seq)
{
	struct intent *i = named_intent(w, seq);
	char medium[ID_BYTES];
	struct output *o;

	if (!i)
		return;
	if (!i->is_read_back)
		verify_report_add(w->report, VERIFY_RELEASE_UNREAD, ENTRIES(i->seq, seq),
		                  _("%s was called done, and nothing says it was read back and "
		                    "equal"),
		                  i->id);
	memcpy(medium, i->medium, sizeof(medium));
	o = end_intent(w, i);
	if (o && o->is_interrupted)
		verify_report_add(w->report, VERIFY_RELEASE_INTERRUPTED,
		                  ENTRIES(o->interrupted_from, o->interrupted_to, seq),
		                  _("%.*s was being written when the station stopped; resolved by "
		                    "entry %llu"),
		                  SHOWN(transfer_id(w)), (unsigned long long)seq);
	if (o) {
		o->is_interrupted = false;
		o->is_done = true;
	}
	leave(w, medium, seq);
}

void verify_rule_release_failed(struct verify_walk *w, uint64_t seq)
{
	struct intent *i = named_intent(w, seq);

	if (i)
		(void)end_intent(w, i);
}

void verify_rule_release_unknown(struct verify_walk *w, uint64_t seq)
{
	struct intent *i = named_intent(w, seq);
	uint64_t from = i ? i->seq : 0;
	struct output *o = i ? end_intent(w, i) : NULL;

	if (!o)
		return;
	o->interrupted_from = o->is_interrupted ? o->interrupted_from : from;
	o->interrupted_to = seq;
	o->is_interrupted = true;
}
