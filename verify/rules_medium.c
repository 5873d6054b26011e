/*
 * Rules over media and gates: who sits in which port, what was wiped and prepared, which gate is
 * open.
 *
 * An insertion lasts until the medium is gone, another sits in its port, or the machine starts
 * anew. Entries are hostile but read strictly; numbers of insertions go up by one, so that none is
 * left out unseen. Nothing is written.
 */
#include "verify/walk_state.h"

#include <errno.h>
#include <string.h>

#include "verify/say.h"

static struct verify_tag boot_tag(const struct verify_walk *w)
{
	return verify_member_tag(w, verify_entry_find(&w->e, false, "boot", VERIFY_TEXT));
}

struct insertion *verify_insertion(struct verify_walk *w, const struct verify_member *m)
{
	return m ? verify_map_find(w->insertions, verify_member_tag(w, m)) : NULL;
}

/* Who sat in this port before is gone. -1 where more ports are named than are followed. */
static int take_port(struct verify_walk *w, struct verify_tag port, struct verify_tag insertion)
{
	unsigned i = 0;

	while (i < w->ports && !verify_tag_equal(w->port[i].port, port))
		i++;
	if (i == PORTS_MAX)
		return -1;
	if (i < w->ports)
		verify_map_remove(w->insertions, w->port[i].insertion);
	else
		w->ports++;
	w->port[i].port = port;
	w->port[i].insertion = insertion;
	return 0;
}

/* The machine started anew: no insertion goes on. */
static void forget_boot(struct verify_walk *w)
{
	for (unsigned i = 0; i < w->ports; i++)
		verify_map_remove(w->insertions, w->port[i].insertion);
	w->ports = 0;
	w->boot = boot_tag(w);
}

static void check_number(struct verify_walk *w, const struct verify_member *id, uint64_t seq)
{
	bool known = w->have_insertion || (!verify_past_may_know(w) && !w->previous.have);
	uint64_t want = w->have_insertion ? w->last_insertion + 1 : 1;
	uint64_t n = 0;

	if (!id || verify_id_number(w, id->value, id->value_n, 'I', &n) < 0 || (known && n != want))
		verify_report_add(w->report, VERIFY_INSERTION_NUMBER, ENTRIES(seq),
		                  _("a medium came as %.*s, the next number was %llu"), SHOWN(id),
		                  (unsigned long long)want);
	if (!w->have_insertion || n > w->last_insertion)
		w->last_insertion = n;
	w->have_insertion = true;
}

void verify_rule_medium_seen(struct verify_walk *w, uint64_t seq)
{
	const struct verify_member *id = verify_text(w, "insertion");
	struct verify_tag tag = verify_member_tag(w, id);
	struct verify_tag port = verify_member_tag(w, verify_text(w, "port"));
	struct insertion *in;

	check_number(w, id, seq);
	if (!verify_tag_equal(w->boot, boot_tag(w)))
		forget_boot(w);
	if (verify_map_find(w->insertions, tag))
		return; /* its number was said to be wrong */
	in = take_port(w, port, tag) == 0 ? verify_keep(w, w->insertions, tag) : NULL;
	if (!in)
		return;
	in->port = port;
	in->medium = verify_member_tag(w, verify_text(w, "medium"));
	in->seen = seq;
}

void verify_rule_medium_gone(struct verify_walk *w, uint64_t seq)
{
	struct insertion *in = verify_insertion(w, verify_text(w, "insertion"));

	(void)seq;
	if (in)
		in->is_gone = true;
}

/* Was this insertion's beginning read? Its number says so. */
static bool began_before(const struct verify_walk *w, const struct verify_member *id)
{
	uint64_t n;

	return verify_past_may_know(w) && id &&
	       verify_id_number(w, id->value, id->value_n, 'I', &n) == 0 &&
	       (!w->have_insertion || n <= w->last_insertion);
}

void verify_check_destination(struct verify_walk *w, const struct verify_member *insertion,
                              const struct verify_member *port, const struct verify_member *medium,
                              const struct verify_member *device, uint64_t seq)
{
	struct insertion *in = verify_insertion(w, insertion);

	if (!in && began_before(w, insertion))
		return;
	if (!in || in->is_gone || !verify_tag_equal(w->boot, boot_tag(w)) ||
	    !verify_tag_equal(in->port, verify_member_tag(w, port)) ||
	    !verify_tag_equal(in->medium, verify_member_tag(w, medium))) {
		verify_report_add(w->report, VERIFY_MEDIUM_UNSEEN, ENTRIES(seq),
		                  _("medium %.*s (%.*s) did not lie in port %.*s"), SHOWN(medium),
		                  SHOWN(insertion), SHOWN(port));
		return;
	}
	if (!device) /* a wipe */
		return;
	if (in->was_source)
		verify_report_add(w->report, VERIFY_MEDIUM_SOURCE, ENTRIES(in->seen, seq),
		                  _("medium %.*s had been read as a source and was not taken out"),
		                  SHOWN(medium));
	if (in->prepared && in->for_device &&
	    !verify_tag_equal(in->device, verify_member_tag(w, device)))
		verify_report_add(w->report, VERIFY_MEDIUM_USE, ENTRIES(in->prepared, seq),
		                  _("medium %.*s was prepared for another device than %.*s"),
		                  SHOWN(medium), SHOWN(device));
}

/* ---- wiping and preparing ---- */

void verify_rule_wipe_intent(struct verify_walk *w, uint64_t seq)
{
	const struct verify_member *id = verify_text(w, "insertion");
	const struct verify_member *medium = verify_text(w, "medium");
	struct intent *i;

	verify_check_destination(w, id, verify_text(w, "port"), medium, NULL, seq);
	i = verify_keep(w, w->intents, verify_number_tag(seq));
	if (!i)
		return;
	i->seq = seq;
	i->is_wipe = true;
	i->insertion = verify_member_tag(w, id);
	verify_member_copy(medium, i->medium, sizeof(i->medium));
}

/* Ends the wipe this entry names. False after a finding, or where it was not read. */
static bool end_wipe(struct verify_walk *w, uint64_t seq, uint64_t *ret_intent,
                     struct verify_tag *ret_insertion)
{
	const struct verify_member *m = verify_text(w, "intent");
	struct intent *i = NULL;
	uint64_t number = UINT64_MAX;

	if (m && verify_id_number(w, m->value, m->value_n, '#', &number) == 0)
		i = verify_map_find(w->intents, verify_number_tag(number));
	if (!i || !i->is_wipe) {
		if (number >= w->first)
			verify_report_add(w->report, VERIFY_RELEASE_WITHOUT_INTENT, ENTRIES(seq),
			                  _("it says how the wipe %.*s ended, and no such wipe was "
			                    "under way"),
			                  SHOWN(m));
		return false;
	}
	*ret_intent = i->seq;
	*ret_insertion = i->insertion;
	verify_map_remove(w->intents, verify_number_tag(i->seq));
	return true;
}

void verify_rule_wipe_done(struct verify_walk *w, uint64_t seq)
{
	struct verify_tag tag;
	struct insertion *in;
	uint64_t intent;

	if (!end_wipe(w, seq, &intent, &tag))
		return;
	in = verify_map_find(w->insertions, tag);
	if (in)
		in->wiped = intent;
}

void verify_rule_wipe_failed(struct verify_walk *w, uint64_t seq)
{
	struct verify_tag tag;
	uint64_t intent;

	(void)end_wipe(w, seq, &intent, &tag);
}

void verify_rule_medium_prepared(struct verify_walk *w, uint64_t seq)
{
	const struct verify_member *id = verify_text(w, "insertion"), *m = verify_text(w, "intent");
	const struct verify_member *device = verify_text(w, "device");
	struct insertion *in = verify_insertion(w, id);
	uint64_t number = UINT64_MAX;

	if (m && verify_id_number(w, m->value, m->value_n, '#', &number) < 0)
		number = UINT64_MAX;
	if (number < w->first)
		return;
	if (!in || in->wiped != number || number == 0) {
		verify_report_add(w->report, VERIFY_PREPARED_WITHOUT_WIPE, ENTRIES(seq),
		                  _("medium %.*s was called prepared and no wipe of it ended well"),
		                  SHOWN(verify_text(w, "medium")));
		return;
	}
	in->prepared = seq;
	in->for_device = device != NULL;
	in->device = verify_member_tag(w, device);
}

/* ---- gates ---- */

/* Is a writing to this insertion under way? */
struct looked_for {
	struct verify_tag insertion;
	bool found;
};

static void look(void *user, void *record)
{
	struct looked_for *l = user;
	const struct intent *i = record;

	l->found = l->found || verify_tag_equal(i->insertion, l->insertion);
}

static int gate_index(const struct verify_walk *w)
{
	const struct verify_member *gate = verify_text(w, "gate");

	return verify_member_is(gate, "a") ? 0 : verify_member_is(gate, "b") ? 1 : -EBADMSG;
}

void verify_rule_gate_opened(struct verify_walk *w, uint64_t seq)
{
	const struct verify_member *purpose = verify_text(w, "purpose");
	const struct verify_member *id = verify_text(w, "insertion");
	struct looked_for l = {.insertion = verify_member_tag(w, id)};
	struct insertion *in = verify_insertion(w, id);
	int gate = gate_index(w);

	if (gate < 0)
		return;
	for (unsigned i = 0; i < 2; i++)
		if (w->gate[i].is_open)
			verify_report_add(
			        w->report, VERIFY_GATES_BOTH_OPEN, ENTRIES(w->gate[i].opened, seq),
			        _("a gate was opened while the one of entry %llu was open"),
			        (unsigned long long)w->gate[i].opened);
	if (verify_member_is(purpose, "release") || verify_member_is(purpose, "wipe")) {
		verify_map_each(w->intents, look, &l);
		if (!l.found && !verify_past_may_know(w))
			verify_report_add(w->report, VERIFY_GATE_WITHOUT_INTENT, ENTRIES(seq),
			                  _("%.*s was opened to be written and no intent was open"),
			                  SHOWN(id));
	}
	if (gate == 0 && in)
		in->was_source = true;
	w->gate[gate].is_open = true;
	w->gate[gate].opened = seq;
	w->gate[gate].insertion = l.insertion;
}

void verify_rule_gate_shut(struct verify_walk *w, uint64_t seq)
{
	const struct verify_member *reason = verify_text(w, "reason");
	int gate = gate_index(w);

	if (gate < 0)
		return;
	/* after a restart the station says of a gate it left open that it is shut */
	if (!w->gate[gate].is_open && !verify_past_may_know(w) &&
	    !verify_member_is(reason, "restart"))
		verify_report_add(w->report, VERIFY_GATE_UNOPENED, ENTRIES(seq),
		                  _("gate %s was shut and was not open"), gate == 0 ? "a" : "b");
	w->gate[gate].is_open = false;
}
