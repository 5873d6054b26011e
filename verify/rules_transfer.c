/*
 * Rules over a transfer's life, up to the release: opened once under the next number, inspected,
 * approved by others, ended once.
 *
 * The entries are hostile but read strictly. A transfer is remembered while it is open; of one that
 * ended only that its number was used. A rule says nothing about what may stand in entries that
 * were not read.
 */
#include "verify/walk_state.h"

#include <stdio.h>
#include <string.h>

#include "verify/files.h"
#include "verify/say.h"

static const struct verify_member *transfer_id(const struct verify_walk *w)
{
	return verify_entry_find(&w->e, false, "transfer", VERIFY_TEXT);
}

static struct verify_tag actor_tag(const struct verify_walk *w)
{
	return verify_member_tag(w, verify_entry_find(&w->e, false, "actor", VERIFY_TEXT));
}

struct transfer *verify_transfer(struct verify_walk *w)
{
	return verify_map_find(w->transfers, verify_member_tag(w, transfer_id(w)));
}

struct output *verify_output(struct transfer *t, struct verify_tag name)
{
	for (unsigned i = 0; i < t->outputs; i++)
		if (verify_tag_equal(t->output[i].name, name))
			return &t->output[i];
	return NULL;
}

void verify_transfer_drop(struct verify_walk *w, struct transfer *t)
{
	for (unsigned i = 0; i < t->outputs; i++)
		if (t->output[i].is_interrupted)
			verify_report_add(
			        w->report, VERIFY_RELEASE_INTERRUPTED,
			        ENTRIES(t->output[i].interrupted_from, t->output[i].interrupted_to),
			        _("%s was being written when the station stopped; that "
			          "medium is suspect until wiped or written anew"),
			        t->id);
	for (unsigned i = 0; i < t->approvals; i++)
		verify_map_remove(w->approvals, verify_number_tag(t->approval[i]));
	verify_map_remove(w->transfers, t->tag);
}

/* Elements of a list as tags, up to max. */
static unsigned list_tags(const struct verify_walk *w, const struct verify_member *list,
                          uint64_t *ret, unsigned max)
{
	const char *s;
	size_t n, at = 0;
	unsigned count = 0;

	while (list && count < max && verify_list_next(list, &at, &s, &n))
		ret[count++] = verify_tag_of(&w->secret, s, n).a;
	return count;
}

static unsigned list_count(const struct verify_member *list)
{
	const char *s;
	size_t n, at = 0;
	unsigned count = 0;

	while (list && count < OUTPUTS_MAX && verify_list_next(list, &at, &s, &n))
		count++;
	return count;
}

static void check_number(struct verify_walk *w, const struct verify_member *id, uint64_t n,
                         uint64_t seq)
{
	uint64_t want = w->have_transfer ? w->last_transfer + 1 : 1;
	bool known = w->have_transfer || (!verify_past_may_know(w) && !w->previous.have);

	if (known && n != want)
		verify_report_add(w->report, VERIFY_TRANSFER_NUMBER, ENTRIES(seq),
		                  _("%.*s was opened, the next number was %llu"), SHOWN(id),
		                  (unsigned long long)want);
	if (!w->have_transfer || n > w->last_transfer)
		w->last_transfer = n;
	w->have_transfer = true;
}

void verify_rule_transfer_opened(struct verify_walk *w, uint64_t seq)
{
	const struct verify_member *id = transfer_id(w);
	const struct verify_member *direction = verify_text(w, "direction");
	struct verify_tag tag = verify_member_tag(w, id);
	struct transfer *t;
	uint64_t n;

	if (!id || verify_id_number(w, id->value, id->value_n, 'T', &n) < 0 || !direction) {
		verify_report_add(w->report, VERIFY_ENTRY_INCOMPLETE, ENTRIES(seq),
		                  _("it opens a transfer without a number or a direction"));
		return;
	}
	check_number(w, id, n, seq);
	t = verify_map_find(w->transfers, tag);
	if (!t)
		t = verify_keep(w, w->transfers, tag);
	if (!t)
		return;
	verify_member_copy(id, t->id, sizeof(t->id));
	t->tag = tag;
	t->opened = seq;
	t->opener = actor_tag(w);
	t->device = verify_member_tag(w, verify_text(w, "device"));
	t->outbound = verify_member_is(direction, "outbound");
	t->wanted = list_count(verify_list(w, "outputs"));
}

/* The transfer an entry decides something about; NULL where nothing can be said of it. */
static struct transfer *decided(struct verify_walk *w, uint64_t seq)
{
	struct transfer *t = verify_transfer(w);
	const struct verify_member *id = transfer_id(w);
	uint64_t n;

	if (t || !id || verify_past_may_know(w) ||
	    verify_id_number(w, id->value, id->value_n, 'T', &n) < 0 || !w->have_transfer ||
	    n > w->last_transfer)
		return t; /* a transfer never opened was said already */
	verify_report_add(w->report, VERIFY_TRANSFER_ENDED, ENTRIES(seq),
	                  _("%.*s had ended, and something was still decided about it"), SHOWN(id));
	return NULL;
}

void verify_rule_decided(struct verify_walk *w, uint64_t seq)
{
	(void)decided(w, seq);
}

/* ---- inspection ---- */

static void say_manifest(struct verify_walk *w, uint64_t seq, enum verify_kind kind,
                         const struct verify_member *m)
{
	verify_report_add(w->report, kind, ENTRIES(seq),
	                  kind == VERIFY_MANIFEST_MISSING
	                          ? _("the list of files %.*s cannot be read in this copy")
	                          : _("the list of files %.*s has other content than was signed"),
	                  SHOWN(m));
}

void verify_check_manifest(struct verify_walk *w, uint64_t seq)
{
	const struct verify_member *m = verify_text(w, "manifest_sha256");
	char path[10 + 65], have[65];
	uint8_t digest[VERIFY_HASH_BYTES];

	if (!m || m->value_n != 64 || strspn(m->value, "0123456789abcdef") < 64) {
		verify_report_add(w->report, VERIFY_MANIFEST_UNNAMED, ENTRIES(seq),
		                  _("an inspection that names no list of files"));
		return;
	}
	(void)snprintf(path, sizeof(path), "manifests/%.64s", m->value);
	/* the same list again (a second try of the same update) was read already */
	if (verify_map_find(w->manifests, verify_member_tag(w, m)))
		return;
	if (verify_file_hash(w->dirfd, path, w->sha, digest) < 0) {
		say_manifest(w, seq, VERIFY_MANIFEST_MISSING, m);
		return;
	}
	verify_hex(digest, sizeof(digest), have);
	if (memcmp(have, m->value, 64) != 0)
		say_manifest(w, seq, VERIFY_MANIFEST_DIFFERS, m);
	else /* where there is no more room it is read again */
		(void)verify_map_add(w->manifests, verify_member_tag(w, m));
}

void verify_rule_inspected(struct verify_walk *w, uint64_t seq)
{
	struct transfer *t = decided(w, seq);
	const struct verify_member *verdict = verify_text(w, "verdict");
	struct verify_tag name = verify_member_tag(w, verify_text(w, "output"));
	struct output *o = t ? verify_output(t, name) : NULL;

	verify_check_manifest(w, seq);
	if (!t || (!o && t->outputs == OUTPUTS_MAX))
		return;
	if (!o)
		o = &t->output[t->outputs++];
	o->name = name;
	o->is_inspected = true;
	o->inspected = seq;
	o->passes = verify_member_is(verdict, "pass") || verify_member_is(verdict, "hold");
	o->manifest = verify_member_tag(w, verify_text(w, "manifest_sha256"));
	o->component = verify_member_tag(w, verify_text(w, "component"));
	o->ticket = verify_member_tag(w, verify_text(w, "ticket"));
	o->release = verify_integer(w, "release", -1);
	o->uses = verify_integer(w, "ticket_uses", -1);
	o->holds = list_tags(w, verify_list(w, "holds"), o->hold, RULES_MAX);
}

/* ---- approvals ---- */

void verify_rule_approved(struct verify_walk *w, uint64_t seq)
{
	struct transfer *t = decided(w, seq);
	const struct verify_member *until = verify_text(w, "until");
	struct approval *a;

	if (!t)
		return;
	if (!until || until->value_n != TIME_BYTES) {
		verify_report_add(w->report, VERIFY_ENTRY_INCOMPLETE, ENTRIES(seq),
		                  _("an approval that does not say until when it holds"));
		return;
	}
	a = verify_keep(w, w->approvals, verify_number_tag(seq));
	if (!a)
		return;
	a->seq = seq;
	a->transfer = t->tag;
	a->actor = actor_tag(w);
	memcpy(a->until, until->value, TIME_BYTES);
	a->manifests = list_tags(w, verify_list(w, "manifests_sha256"), a->manifest, OUTPUTS_MAX);
	a->accepts = list_tags(w, verify_list(w, "accepted"), a->accepted, RULES_MAX);
	a->by_opener = verify_tag_equal(a->actor, t->opener);
	if (a->by_opener)
		verify_report_add(w->report, VERIFY_APPROVAL_BY_OPENER, ENTRIES(t->opened, seq),
		                  _("%s was approved by the person who opened it"), t->id);
	if (t->approvals < APPROVALS_MAX) {
		t->approval[t->approvals++] = seq;
	} else { /* the oldest gives way: more than that are never needed at once */
		verify_map_remove(w->approvals, verify_number_tag(t->approval[0]));
		memmove(t->approval, t->approval + 1, sizeof(t->approval) - sizeof(t->approval[0]));
		t->approval[APPROVALS_MAX - 1] = seq;
	}
}

void verify_rule_voided(struct verify_walk *w, uint64_t seq)
{
	const struct verify_member *list = verify_list(w, "approvals");
	const char *s;
	size_t n, at = 0;
	uint64_t number;

	(void)seq;
	while (list && verify_list_next(list, &at, &s, &n)) {
		struct approval *a = NULL;

		if (verify_id_number(w, s, n, '#', &number) == 0)
			a = verify_map_find(w->approvals, verify_number_tag(number));
		if (a)
			a->is_voided = true;
	}
}

/* ---- ends ---- */

void verify_rule_transfer_end(struct verify_walk *w, uint64_t seq)
{
	struct transfer *t = decided(w, seq);

	if (t)
		verify_transfer_drop(w, t);
}

void verify_rule_failed(struct verify_walk *w, uint64_t seq)
{
	struct transfer *t = decided(w, seq);

	if (t)
		t->has_failed = true;
}

/* Each output of an export is acknowledged by itself; the last one ends the transfer. */
void verify_rule_acknowledged(struct verify_walk *w, uint64_t seq)
{
	struct verify_tag tag = verify_member_tag(w, transfer_id(w));
	struct released *r = verify_map_find(w->released, tag);

	if (r && r->outputs > 1)
		r->outputs--;
	else if (r)
		verify_map_remove(w->released, tag);
	else
		verify_rule_transfer_end(w, seq);
}

/* Somebody says what became of it. */
void verify_rule_returned(struct verify_walk *w, uint64_t seq)
{
	struct verify_tag tag = verify_member_tag(w, transfer_id(w));

	if (verify_map_find(w->released, tag))
		verify_map_remove(w->released, tag);
	else
		verify_rule_transfer_end(w, seq);
}

void verify_rule_vault_deleted(struct verify_walk *w, uint64_t seq)
{
	struct transfer *t = verify_transfer(w);

	if (!t)
		return;
	if (!t->has_failed)
		verify_report_add(w->report, VERIFY_VAULT_DELETED_EARLY, ENTRIES(t->opened, seq),
		                  _("the copy of %s was deleted before it had ended"), t->id);
	verify_transfer_drop(w, t);
}
