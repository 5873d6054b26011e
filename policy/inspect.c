/*
 * The order in which one inbound set is looked into.
 *
 * What parsers say arrives here as claims and is used only to ask tools the right question or to
 * refuse; what `check` says becomes a fact (a key, a line). The machine itself reads nothing and
 * asks nobody, so that a test can play any answer of any worker, and the station and `weighlock
 * verify` go through the same steps. Runs in the broker and in the offline client; after a power
 * cut it is begun anew from the vault's copy.
 */
#include "policy/inspect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "policy/inspect_parts.h"

enum state {
	BEGIN = 0,
	READ_SIGNATURE,  /* of contents[content].signatures[signature] */
	CHECK_SIGNATURE, /* of claims[claim], under trust[trust] for the authority */
	READ_TICKET,
	ASK_LEDGER,
	VENDOR,
	LINES,
	UNPACK,
	END,
};

int wl_inspect_new(const struct wl_inspect_input *in, struct wl_inspect **ret)
{
	if (!in->policy || !in->items || !in->device)
		return -EINVAL;
	WL_CLEANUP(wl_inspect_cleanup) struct wl_inspect *i = calloc(1, sizeof(*i));
	if (!i)
		return -ENOMEM;
	i->in = *in;
	i->device = wl_policy_device(in->policy, in->device);
	const char *vendor = in->vendor ? in->vendor : i->device ? i->device->vendor : "";
	i->vendor = wl_policy_vendor(in->policy, vendor);
	i->item_facts = calloc(in->items->n ? in->items->n : 1, sizeof(*i->item_facts));
	if (!i->item_facts)
		return -ENOMEM;
	i->facts.vendor_left_out = true;
	for (size_t k = 0; k < in->nfindings; k++) {
		int r = wl_inspect_find(i, in->findings[k].item, &in->findings[k].finding);
		if (r < 0)
			return r;
	}
	int r = wl_inspect_find_ticket(i);
	if (r >= 0)
		r = wl_inspect_find_contents(i);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(i);
	return 0;
}

static void clear_lines(struct wl_inspect *i)
{
	struct line *lines = i->lines.v;
	for (size_t k = 0; k < i->lines.n; k++)
		free(lines[k].path);
	i->lines.n = 0;
}

struct wl_inspect *wl_inspect_free(struct wl_inspect *i)
{
	if (!i)
		return NULL;
	clear_lines(i);
	free(i->lines.v);
	free(i->claims.v);
	free(i->contents.v);
	free(i->fact_contents.v);
	free(i->signers.v);
	free(i->findings.v);
	free(i->untrusted.v);
	free(i->item_facts);
	free(i->expected);
	wl_ticket_free(i->ticket);
	free(i);
	return NULL;
}

void wl_inspect_cleanup(struct wl_inspect **i)
{
	*i = wl_inspect_free(*i);
}

int wl_inspect_find(struct wl_inspect *i, uint32_t item, const struct wl_finding *finding)
{
	if (i->findings.n >= FINDINGS_MAX)
		return -E2BIG;
	struct wl_fact_finding *f = wl_inspect_array_add(&i->findings, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->item = item;
	f->finding = *finding;
	i->failed = true;
	return 0;
}

/* ---- what is known so far ---- */

const struct wl_facts *wl_inspect_facts(const struct wl_inspect *i)
{
	return &i->facts;
}

static int gather(struct wl_inspect *i)
{
	struct wl_facts *f = &i->facts;
	const struct content *contents = i->contents.v;
	i->fact_contents.n = 0;
	for (size_t k = 0; k < i->contents.n; k++) {
		struct wl_fact_content *c = wl_inspect_array_add(&i->fact_contents, sizeof(*c));
		if (!c)
			return -ENOMEM;
		*c = contents[k].fact;
	}
	f->policy = i->in.policy;
	f->station = i->in.station;
	f->device = i->in.device;
	f->vendor = i->in.vendor;
	f->now = i->in.now;
	f->clock_floor = i->in.clock_floor;
	f->policy_unsigned = i->in.policy_unsigned;
	f->items = i->in.items;
	f->item = i->item_facts;
	f->ticket = i->ticket;
	f->contents = i->fact_contents.v;
	f->ncontents = i->fact_contents.n;
	f->signers = i->signers.v;
	f->nsigners = i->signers.n;
	f->findings = i->findings.v;
	f->nfindings = i->findings.n;
	f->untrusted = i->untrusted.v;
	f->nuntrusted = i->untrusted.n;
	return 0;
}

/* Is the set refused already by a rule up to this stage? Later stages are not known yet. */
static int is_refused(struct wl_inspect *i, int stage)
{
	WL_CLEANUP(wl_decision_cleanup) struct wl_decision *d = NULL;
	int r = gather(i);
	if (r >= 0)
		r = wl_decide(&i->facts, &d);
	if (r < 0)
		return r;
	return d->verdict == WL_REFUSE && wl_rule_row(d->rule)->stage <= stage;
}

/* ---- signatures ---- */

static struct content *content_at(struct wl_inspect *i)
{
	return i->content < i->contents.n ? (struct content *)i->contents.v + i->content : NULL;
}

/* Hands over the policy's files for a role. The authority: every certificate. The vendor: the
 * issuing CAs and certificates among his anchors; keys the policy pins need no CA. */
static void fill_trust(const struct wl_inspect *i, enum wl_trust_role role, struct wl_step *s)
{
	const struct wl_policy *p = i->in.policy;
	for (size_t k = 0; k < p->ntrust && s->ntrust < WL_STEP_TRUST_MAX; k++) {
		const struct wl_policy_trust *t = &p->trust[k];
		bool named = role == WL_TRUST_AUTHORITY;
		for (size_t a = 0; role == WL_TRUST_VENDOR && a < i->vendor->anchors.n; a++)
			named |= strcmp(i->vendor->anchors.v[a], t->id) == 0;
		/* an officer's certificate is tried all the same, to say why it does not count */
		bool ended = t->not_after != 0 && i->in.now > t->not_after;
		if (t->role != role || !named || (ended && role == WL_TRUST_VENDOR))
			continue;
		if (!t->has_spki_sha256)
			s->trust[s->ntrust++] = t;
		else if (s->npins < WL_STEP_PINS_MAX)
			memcpy(s->pin[s->npins++], t->spki_sha256, WL_SHA256_BYTES);
	}
}

static void say_signature(struct wl_inspect *i, struct content *c)
{
	struct wl_step *s = &i->step;
	s->kind = WL_STEP_SIGNATURE;
	s->place = c->place;
	s->signature = c->signatures[i->signature];
	s->content = c->item;
	s->role = c->fact.role;
	s->lines = c->manifest;
	/* the authority is the vendor's time-stamper: his certificate was good when it was judged
	 */
	s->time = c->fact.role == WL_TRUST_VENDOR && i->ticket ? i->ticket->issued_at : i->in.now;
	fill_trust(i, c->fact.role, s);
	i->claims.n = 0;
	if (c->manifest)
		clear_lines(i);
}

/* The keys a vendor's signature may be under: those of the ticket; without one, the policy's. */
static void fill_vendor_pins(const struct wl_inspect *i, struct wl_step *s)
{
	if (!i->ticket) {
		fill_trust(i, WL_TRUST_VENDOR, s);
		size_t n = 0; /* an issuing CA is no signer */
		for (size_t k = 0; k < s->ntrust; k++)
			if (s->trust[k]->certificate)
				s->trust[n++] = s->trust[k];
		s->ntrust = n;
		return;
	}
	for (size_t k = 0; k < i->ticket->nspki && s->npins < WL_STEP_PINS_MAX; k++)
		memcpy(s->pin[s->npins++], i->ticket->spki_sha256[k], WL_SHA256_BYTES);
}

/* The next certificate of the authority to try the claim under; NULL: all were tried. */
static const struct wl_policy_trust *authority_at(const struct wl_inspect *i)
{
	struct wl_step all = {0};
	fill_trust(i, WL_TRUST_AUTHORITY, &all);
	return i->trust < all.ntrust ? all.trust[i->trust] : NULL;
}

static void say_check(struct wl_inspect *i, struct content *c, const struct wl_policy_trust *trust)
{
	struct wl_step *s = &i->step;
	s->kind = WL_STEP_CHECK_SIGNATURE;
	s->place = c->place;
	s->signature = c->signatures[i->signature];
	s->content = c->item;
	s->role = c->fact.role;
	s->claim = (const struct wl_signature_claim *)i->claims.v + i->claim;
	if (trust)
		s->trust[s->ntrust++] = trust;
	else
		fill_vendor_pins(i, s);
}

static int add_untrusted(struct wl_inspect *i, const struct wl_finding *finding)
{
	const struct content *c = content_at(i);
	if (!c)
		return -EINVAL;
	if (i->untrusted.n >= FINDINGS_MAX)
		return -E2BIG;
	struct wl_fact_untrusted *u = wl_inspect_array_add(&i->untrusted, sizeof(*u));
	if (!u)
		return -ENOMEM;
	u->role = c->fact.role;
	u->content = c->fact.item;
	u->finding = *finding;
	return 0;
}

/* ---- moving on ---- */

/* After a signature: the next one of this content, of the next content, or what follows. */
static void next_signature(struct wl_inspect *i, const struct content *c)
{
	i->claim = i->trust = 0;
	i->state = READ_SIGNATURE;
	if (++i->signature < c->fact.signatures)
		return;
	i->signature = 0;
	if (c->fact.role == WL_TRUST_AUTHORITY)
		i->state = READ_TICKET;
	else if (c->manifest)
		i->state = LINES;
	else
		i->state = VENDOR;
	if (i->state == VENDOR)
		i->content++;
}

/* Under this content a good key was found. */
static bool has_signer(const struct wl_inspect *i, const struct content *c)
{
	return wl_count_signers(i->signers.v, i->signers.n, c->fact.role, c->fact.item) > 0;
}

static int step_read_signature(struct wl_inspect *i)
{
	struct content *c = content_at(i);
	if (!c)
		return -EINVAL;
	if (c->fact.signatures == 0) {
		i->signature = 0;
		next_signature(i, c);
		return 0;
	}
	say_signature(i, c);
	i->state = CHECK_SIGNATURE;
	i->claim = i->trust = 0;
	return 0;
}

static int step_check_signature(struct wl_inspect *i)
{
	struct content *c = content_at(i);
	if (!c)
		return -EINVAL;
	if (i->claim >= i->claims.n) {
		next_signature(i, c);
		return 0;
	}
	const struct wl_policy_trust *trust =
	        c->fact.role == WL_TRUST_AUTHORITY ? authority_at(i) : NULL;
	if (c->fact.role == WL_TRUST_AUTHORITY && !trust) {
		struct wl_finding finding;
		const struct wl_signature_claim *claim =
		        (const struct wl_signature_claim *)i->claims.v + i->claim;
		(void)wl_refuse(&finding, WL_RULE_SIGNATURE_SIGNER_UNTRUSTED, "%s", claim->subject);
		i->claim++;
		i->trust = 0;
		return add_untrusted(i, &finding);
	}
	say_check(i, c, trust);
	return 0;
}

static int step_read_ticket(struct wl_inspect *i)
{
	struct content *c = i->contents.v;
	i->state = ASK_LEDGER;
	i->content = 1;
	if (!has_signer(i, c))
		return 0;
	i->step.kind = WL_STEP_READ_TICKET;
	i->step.place = c->place;
	i->step.content = c->item;
	return 0;
}

static int step_ask_ledger(struct wl_inspect *i)
{
	i->state = VENDOR;
	if (i->ticket) {
		i->step.kind = WL_STEP_LEDGER;
		i->step.device = i->device->id;
		i->step.component = i->ticket->component;
		i->step.ticket = i->ticket->id;
	}
	return 0;
}

/* The first time: is there any sense in going on? Then the vendor's contents one by one. */
static int step_vendor(struct wl_inspect *i)
{
	if (i->facts.vendor_left_out) {
		bool unread = i->facts.ticket_present && !i->ticket;
		int r = is_refused(i, 6);
		if (r < 0)
			return r;
		i->state = r || unread ? END : VENDOR;
		if (i->state == END)
			return 0;
		r = wl_inspect_find_contents(i);
		if (r < 0)
			return r;
		i->facts.vendor_left_out = false;
	}
	i->state = i->content < i->contents.n ? READ_SIGNATURE : UNPACK;
	if (i->state == UNPACK) {
		int r = is_refused(i, 8);
		if (r < 0)
			return r;
		if (r)
			i->state = END;
		i->item = 0;
	}
	return 0;
}

static int step_lines(struct wl_inspect *i)
{
	struct content *c = content_at(i);
	if (!c)
		return -EINVAL;
	i->state = VENDOR;
	i->content++;
	if (!has_signer(i, c))
		return 0;
	i->failed = false;
	int r = wl_inspect_expect_lines(i, c);
	if (r < 0 || i->failed)
		return r;
	i->step.kind = WL_STEP_CHECK_LINES;
	i->step.place = c->place;
	i->step.content = c->item;
	i->step.expected = i->expected;
	i->step.expected_n = i->expected_n;
	return 0;
}

static int step_unpack(struct wl_inspect *i)
{
	enum wl_archive_format format = 0;
	while (i->item < i->in.items->n && !wl_inspect_is_archive(i, i->item, &format))
		i->item++;
	if (i->item >= i->in.items->n) {
		i->state = END;
		return 0;
	}
	const struct wl_item *item = &i->in.items->v[i->item++];
	if (!(format & i->in.policy->inbound.archives)) {
		struct wl_finding finding;
		(void)wl_refuse(&finding, WL_RULE_ARCHIVE_FORMAT, "%s",
		                format ? wl_archive_format_name(format) : "");
		return wl_inspect_find(i, item->number, &finding);
	}
	i->step.kind = WL_STEP_UNPACK;
	i->step.place = WL_PLACE_MEDIUM;
	i->step.content = item;
	i->step.format = format;
	i->step.files_max = i->in.policy->limits.transfer_files;
	i->step.bytes_max = i->in.policy->limits.transfer_bytes;
	return 0;
}

static int step_begin(struct wl_inspect *i)
{
	int r = is_refused(i, 5);
	if (r < 0)
		return r;
	if (r || !i->device || !i->vendor)
		i->state = END;
	else if (i->ticket_item)
		i->state = READ_SIGNATURE;
	else
		i->state = VENDOR;
	return 0;
}

/* What the step that ended means. */
static void end_step(struct wl_inspect *i)
{
	struct content *c = content_at(i);
	switch (i->step.kind) {
	case WL_STEP_CHECK_SIGNATURE:
		/* a key was found, or the claim is bad, or (authority) the next certificate is
		 * tried */
		if (!c || c->fact.role != WL_TRUST_AUTHORITY || i->failed) {
			i->claim++;
			i->trust = 0;
		} else {
			i->trust++;
		}
		break;
	case WL_STEP_CHECK_LINES:
		if (!i->failed)
			wl_inspect_cover_lines(i, (struct content *)i->contents.v + i->content - 1);
		break;
	default:
		break;
	}
}

int wl_inspect_next(struct wl_inspect *i, struct wl_step *ret)
{
	static int (*const steps[])(struct wl_inspect *) = {
	        [BEGIN] = step_begin,
	        [READ_SIGNATURE] = step_read_signature,
	        [CHECK_SIGNATURE] = step_check_signature,
	        [READ_TICKET] = step_read_ticket,
	        [ASK_LEDGER] = step_ask_ledger,
	        [VENDOR] = step_vendor,
	        [LINES] = step_lines,
	        [UNPACK] = step_unpack,
	};
	end_step(i);
	memset(&i->step, 0, sizeof(i->step));
	int r = 0;
	while (r >= 0 && i->step.kind == WL_STEP_DONE && i->state != END)
		r = steps[i->state](i);
	i->failed = false;
	if (r >= 0)
		r = gather(i);
	if (r < 0)
		return r;
	*ret = i->step;
	return 0;
}

/* ---- what came out ---- */

int wl_inspect_take_signer(struct wl_inspect *i, const struct wl_signature_claim *claim)
{
	if (i->step.kind != WL_STEP_SIGNATURE ||
	    claim->signed_attributes_n > sizeof(claim->signed_attributes) ||
	    claim->signature_n > sizeof(claim->signature) || claim->spki_n > sizeof(claim->spki))
		return -EINVAL;
	if (i->claims.n >= WL_SIGNATURE_SIGNERS_MAX)
		return -E2BIG;
	struct wl_signature_claim *c = wl_inspect_array_add(&i->claims, sizeof(*c));
	if (!c)
		return -ENOMEM;
	*c = *claim;
	c->subject[sizeof(c->subject) - 1] = '\0';
	return 0;
}

int wl_inspect_take_line(struct wl_inspect *i, const void *path, size_t n,
                         const uint8_t sha256[WL_SHA256_BYTES])
{
	if (i->step.kind != WL_STEP_SIGNATURE || !i->step.lines || n == 0)
		return -EINVAL;
	if (i->lines.n >= WL_TRANSFER_FILES_MAX)
		return -E2BIG;
	struct line *line = wl_inspect_array_add(&i->lines, sizeof(*line));
	if (!line)
		return -ENOMEM;
	line->path = malloc(n);
	if (!line->path)
		return -ENOMEM;
	memcpy(line->path, path, n);
	line->path_n = n;
	memcpy(line->sha256, sha256, WL_SHA256_BYTES);
	return 0;
}

/* The policy's entry of a key: the one tried, or the one that pins it. */
static const struct wl_policy_trust *trust_of(const struct wl_inspect *i,
                                              const uint8_t spki_sha256[WL_SHA256_BYTES])
{
	if (i->step.role == WL_TRUST_AUTHORITY)
		return i->step.trust[0];
	for (size_t k = 0; k < i->in.policy->ntrust; k++) {
		const struct wl_policy_trust *t = &i->in.policy->trust[k];
		if (t->has_spki_sha256 && memcmp(t->spki_sha256, spki_sha256, WL_SHA256_BYTES) == 0)
			return t;
	}
	return i->step.ntrust == 1 ? i->step.trust[0] : NULL;
}

int wl_inspect_take_key(struct wl_inspect *i, const uint8_t spki_sha256[WL_SHA256_BYTES])
{
	const struct content *c = content_at(i);
	if (!c || i->step.kind != WL_STEP_CHECK_SIGNATURE)
		return -EINVAL;
	const struct wl_policy_trust *t = trust_of(i, spki_sha256);
	i->failed = true; /* this claim is done, whatever comes of it */
	if (t && t->not_after != 0 && i->in.now > t->not_after) {
		struct wl_finding finding;
		(void)wl_refuse(&finding, WL_RULE_SIGNATURE_CERTIFICATE_EXPIRED,
		                "the policy trusted %s only until a day that has passed", t->id);
		return add_untrusted(i, &finding);
	}
	struct wl_signer *s = wl_inspect_array_add(&i->signers, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->role = c->fact.role;
	s->content = c->fact.item;
	memcpy(s->spki_sha256, spki_sha256, WL_SHA256_BYTES);
	(void)snprintf(s->trust, sizeof(s->trust), "%s", t ? t->id : "");
	(void)snprintf(s->subject, sizeof(s->subject), "%s", i->step.claim->subject);
	if (c->fact.role == WL_TRUST_VENDOR && !c->manifest)
		i->item_facts[c->item - i->in.items->v].vendor_covered = true;
	return 0;
}

int wl_inspect_take_ticket(struct wl_inspect *i, const void *p, size_t n)
{
	struct wl_finding finding;
	if (i->step.kind != WL_STEP_READ_TICKET || i->ticket)
		return -EINVAL;
	int r = wl_ticket_read(p, n, &i->ticket, &finding);
	if (r == -EBADMSG)
		return wl_inspect_find(
		        i, i->ticket_place == WL_PLACE_MEDIUM ? i->ticket_item->number : 0,
		        &finding);
	if (r < 0)
		return r;
	if (memcmp(i->ticket->sha256, i->ticket_item->sha256, WL_SHA256_BYTES) == 0)
		return 0;
	i->ticket = wl_ticket_free(i->ticket); /* not the bytes that were verified */
	return -EIO;
}

int wl_inspect_take_ledger(struct wl_inspect *i, const struct wl_ledger_facts *ledger)
{
	if (i->step.kind != WL_STEP_LEDGER)
		return -EINVAL;
	i->facts.ledger = *ledger;
	return 0;
}

/* What is held against one signer only: it does not count, the others may suffice. */
static bool is_about_signer(enum wl_rule rule)
{
	return rule == WL_RULE_SIGNATURE_SIGNER_UNTRUSTED || rule == WL_RULE_SIGNATURE_KEY_WEAK ||
	       rule == WL_RULE_SIGNATURE_PURPOSE_WRONG ||
	       rule == WL_RULE_SIGNATURE_CERTIFICATE_EXPIRED || rule == WL_RULE_SIGNATURE_REVOKED;
}

int wl_inspect_take_finding(struct wl_inspect *i, const struct wl_finding *finding)
{
	const struct wl_step *s = &i->step;
	bool signing = s->kind == WL_STEP_SIGNATURE || s->kind == WL_STEP_CHECK_SIGNATURE;
	if (s->kind == WL_STEP_DONE || s->kind == WL_STEP_READ_TICKET ||
	    s->kind == WL_STEP_LEDGER || finding->rule == WL_RULE_NONE)
		return -EINVAL;
	if (s->kind == WL_STEP_CHECK_SIGNATURE && s->role == WL_TRUST_AUTHORITY &&
	    finding->rule == WL_RULE_SIGNATURE_SIGNER_UNTRUSTED)
		return 0; /* not this certificate: the next one is tried */
	if (signing && is_about_signer(finding->rule))
		return add_untrusted(i, finding);
	const struct wl_item *about = s->signature ? s->signature : s->content;
	return wl_inspect_find(i, s->place == WL_PLACE_MEDIUM ? about->number : 0, finding);
}

const struct wl_ticket *wl_inspect_ticket(const struct wl_inspect *i)
{
	return i->ticket;
}

const struct wl_item *wl_inspect_ticket_item(const struct wl_inspect *i, enum wl_place *ret_place)
{
	if (i->ticket_item)
		*ret_place = i->ticket_place;
	return i->ticket_item;
}
