/*
 * Cross references of a policy: vendors and their anchors, devices and their vendors, trust
 * entries.
 *
 * What is checked here is the author's mistake, not an attacker's bytes: a policy is signed. But a
 * threshold of nought, an issuing CA without a ticket, or one key in two roles would quietly switch
 * a protection off, so each is refused when the policy is read and never met while deciding. Runs
 * in the broker and in the offline client.
 */
#include "policy/check.h"

#include <stdio.h>
#include <string.h>

#include "daemon/base/limits.h"
#include "daemon/base/cosigner.h"
#include "policy/errors.h"
#include "policy/scans.h"
#include "policy/words.h"

struct place {
	unsigned line, column;
	char key[WL_POLICY_WORD_MAX + 1];
};

static struct place place_of(const char *map, const char *id, const char *key, unsigned line,
                             unsigned column)
{
	struct place at = {.line = line, .column = column};
	(void)snprintf(at.key, sizeof(at.key), "%s.%s%s%s", map, id, key[0] ? "." : "", key);
	return at;
}

static void bad_value(struct wl_policy_errors *e, const struct place *at, const char *text,
                      const char *word)
{
	wl_policy_errors_add(e, &(struct wl_policy_complaint){.rule = WL_RULE_POLICY_VALUE,
	                                                      .line = at->line,
	                                                      .column = at->column,
	                                                      .text = text,
	                                                      .key = at->key,
	                                                      .word = word});
}

static void bad_reference(struct wl_policy_errors *e, const struct place *at,
                          const struct wl_policy_nearest *nearest, const char *text)
{
	wl_policy_errors_add(
	        e,
	        &(struct wl_policy_complaint){
	                .rule = WL_RULE_POLICY_REFERENCE,
	                .line = at->line,
	                .column = at->column,
	                .text = nearest->best ? N_("{key} names \"{word}\", which is not defined; "
	                                           "nearest is \"{nearest}\" (line {line})")
	                                      : text,
	                .key = at->key,
	                .word = nearest->word,
	                .nearest = nearest->best,
	                .nearest_line = nearest->best_line,
	        });
}

/* ---- trust ---- */

static unsigned trust_sources(const struct wl_policy_trust *t)
{
	return (unsigned)(t->certificate != NULL) + (unsigned)(t->issuer != NULL) +
	       (unsigned)t->has_spki_sha256 + (unsigned)(t->vkey != NULL);
}

/* An auditor's key: a verifier key of its own kind, of a person who has that role. */
static void check_cosigner(const struct wl_policy *p, const struct wl_policy_trust *t,
                           struct wl_policy_errors *e)
{
	struct place at = place_of("trust", t->id, "", t->line, t->column);
	const struct wl_policy_person *person = wl_policy_person(p, t->person);
	struct wl_cosigner key;
	if (t->vkey && wl_cosigner_parse(t->vkey, &key) < 0)
		bad_value(e, &at,
		          N_("{key}: vkey is no verifier key of a cosigner (NAME+ID+KEY, type "
		             "cosignature/v1)"),
		          NULL);
	if (!person || !(person->roles & WL_PERSON_AUDITOR))
		bad_value(e, &at, N_("{key}: person names nobody with the role auditor"), NULL);
}

static void check_trust_form(const struct wl_policy *p, const struct wl_policy_trust *t,
                             struct wl_policy_errors *e)
{
	struct place at = place_of("trust", t->id, "", t->line, t->column);
	if (trust_sources(t) != 1) {
		bad_value(e, &at,
		          N_("{key}: exactly one of certificate, issuer, spki_sha256 and vkey "
		             "belongs here"),
		          NULL);
		return;
	}
	if ((t->role == WL_TRUST_COSIGNER) != (t->vkey != NULL)) {
		bad_value(e, &at, N_("{key}: a cosigner is named by a vkey, and nobody else is"),
		          NULL);
		return;
	}
	if (t->vkey)
		return check_cosigner(p, t, e);
	if (!t->has_spki_sha256 && !t->has_sha256)
		wl_policy_errors_add(e, &(struct wl_policy_complaint){
		                                .rule = WL_RULE_POLICY_KEY_MISSING,
		                                .line = at.line,
		                                .column = at.column,
		                                .text = N_("{key} names a file and needs the key "
		                                           "\"{word}\", the digest of its DER"),
		                                .key = at.key,
		                                .word = "sha256"});
	if (t->has_spki_sha256 && t->has_sha256)
		bad_value(e, &at, N_("{key}: sha256 is the digest of a file, and none is named"),
		          NULL);
	if (t->role != WL_TRUST_VENDOR && t->role != 0 && !t->certificate)
		bad_value(e, &at,
		          N_("{key}: an authority or recipient is named by its own certificate"),
		          NULL);
	if (t->role != WL_TRUST_VENDOR && t->purpose != 0)
		bad_value(e, &at, N_("{key}: a purpose belongs to vendors only"), NULL);
}

/* One file, or one key, under two names could count as two signers or play two roles. */
static void check_trust_twice(const struct wl_policy *p, size_t i, struct wl_policy_errors *e)
{
	const struct wl_policy_trust *a = &p->trust[i];
	struct place at = place_of("trust", a->id, "", a->line, a->column);
	for (size_t j = 0; j < i; j++) {
		const struct wl_policy_trust *b = &p->trust[j];
		bool same_file = a->has_sha256 && b->has_sha256 &&
		                 memcmp(a->sha256, b->sha256, WL_SHA256_BYTES) == 0;
		bool same_key = (a->has_spki_sha256 && b->has_spki_sha256 &&
		                 memcmp(a->spki_sha256, b->spki_sha256, WL_SHA256_BYTES) == 0) ||
		                (a->vkey && b->vkey && strcmp(a->vkey, b->vkey) == 0);
		static const uint8_t zeros[WL_SHA256_BYTES];
		if (same_file && memcmp(a->sha256, zeros, WL_SHA256_BYTES) == 0)
			continue; /* not filled in yet: the check of files says so */
		if (same_file || same_key)
			bad_value(e, &at, N_("{key} is the same certificate or key as \"{word}\""),
			          b->id);
	}
}

static size_t count_trust(const struct wl_policy *p, enum wl_trust_role role)
{
	size_t n = 0;
	for (size_t i = 0; i < p->ntrust; i++)
		n += p->trust[i].role == role;
	return n;
}

/* ---- vendors ---- */

/* How many anchors pin a key; *ret_issuers counts the issuing CAs. Complains about unknown ones. */
static size_t check_anchors(const struct wl_policy *p, const struct wl_policy_vendor *v,
                            struct wl_policy_errors *e, size_t *ret_issuers)
{
	size_t pins = 0;
	struct place at = place_of("vendors", v->id, "anchors", v->line, v->column);
	*ret_issuers = 0;
	for (size_t i = 0; i < v->anchors.n; i++) {
		const struct wl_policy_trust *t = wl_policy_trust(p, v->anchors.v[i]);
		if (!t) {
			struct wl_policy_nearest nearest;
			wl_policy_nearest_begin(&nearest, v->anchors.v[i]);
			for (size_t j = 0; j < p->ntrust; j++)
				wl_policy_nearest_offer(&nearest, p->trust[j].id, p->trust[j].line);
			bad_reference(e, &at, &nearest,
			              N_("{key} names \"{word}\", which is no entry of trust"));
		} else if (t->role != WL_TRUST_VENDOR && t->role != 0) {
			bad_value(e, &at, N_("{key}: \"{word}\" has not the role vendor"), t->id);
		} else if (t->issuer) {
			(*ret_issuers)++;
		} else {
			pins++;
		}
	}
	return pins;
}

static void check_unsigned_vendor(const struct wl_policy_vendor *v, struct wl_policy_errors *e)
{
	struct place at = place_of("vendors", v->id, "signature", v->line, v->column);
	if (v->anchors.n > 0 || v->signers > 0)
		bad_value(e, &at,
		          N_("{key}: a vendor who signs nothing has no anchors and 0 signers"),
		          NULL);
	if (v->ticket == WL_NONE || v->authority_signers < 2)
		bad_value(e, &at,
		          N_("{key}: a vendor who signs nothing needs ticket: required and at "
		             "least 2 authority_signers"),
		          NULL);
}

static void check_vendor(const struct wl_policy *p, const struct wl_policy_vendor *v, bool complete,
                         struct wl_policy_errors *e)
{
	size_t issuers;
	struct place at = place_of("vendors", v->id, "", v->line, v->column);
	size_t pins = check_anchors(p, v, e, &issuers);
	if (!complete)
		return;
	if (v->signature == WL_SIGNED_NONE)
		check_unsigned_vendor(v, e);
	if (v->signature == WL_SIGNED_CMS_DETACHED && (v->signers == 0 || v->anchors.n == 0))
		bad_value(e, &at,
		          N_("{key}: a vendor who signs needs an anchor and at least 1 signer"),
		          NULL);
	if (v->signature == WL_SIGNED_CMS_DETACHED && v->ticket == WL_NONE && v->signers > pins)
		bad_value(e, &at,
		          N_("{key}: without a ticket the policy itself must pin the key of every "
		             "signer"),
		          NULL);
	if (v->ticket == WL_NONE && issuers > 0)
		bad_value(e, &at,
		          N_("{key}: an issuing CA as anchor needs a ticket that names the "
		             "signer's key"),
		          NULL);
	if (v->ticket == WL_REQUIRED && v->authority_signers == 0)
		bad_value(e, &at, N_("{key}: a ticket needs at least 1 signer of the authority"),
		          NULL);
	if (v->ticket == WL_REQUIRED && v->authority_signers > count_trust(p, WL_TRUST_AUTHORITY))
		bad_value(e, &at, N_("{key}: more authority_signers are wanted than trust names"),
		          NULL);
}

/* ---- devices and recipients ---- */

static void check_device(const struct wl_policy *p, size_t i, struct wl_policy_errors *e)
{
	const struct wl_policy_device *d = &p->devices[i];
	if (d->vendor[0] && !wl_policy_vendor(p, d->vendor)) {
		struct place at = place_of("devices", d->id, "vendor", d->line, d->column);
		struct wl_policy_nearest nearest;
		wl_policy_nearest_begin(&nearest, d->vendor);
		for (size_t j = 0; j < p->nvendors; j++)
			wl_policy_nearest_offer(&nearest, p->vendors[j].id, p->vendors[j].line);
		bad_reference(e, &at, &nearest,
		              N_("{key} names \"{word}\", which is no vendor here"));
	}
	for (size_t j = 0; j < i; j++) {
		const struct wl_policy_device *o = &p->devices[j];
		struct place at = place_of("devices", d->id, "serial", d->line, d->column);
		if (d->model && o->model && d->serial && o->serial &&
		    strcmp(d->model, o->model) == 0 && strcmp(d->serial, o->serial) == 0)
			bad_value(e, &at, N_("{key}: model and serial are those of \"{word}\" too"),
			          o->id);
	}
}

/* A pattern is a pattern, and a mask lies within the picture it is for. */
static void check_pictures(const struct wl_policy_device *d, struct wl_policy_errors *e)
{
	if (d->scan_path && wl_scan_pattern_check(d->scan_path) < 0) {
		struct place at = place_of("devices", d->id, "scan_path", d->line, d->column);
		bad_value(e, &at, N_("{key}: this is no pattern that names the scan"), NULL);
	}
	if (d->nmasks > WL_IMAGE_MASKS_MAX) {
		struct place at = place_of("devices", d->id, "masks", d->line, d->column);
		bad_value(e, &at, N_("{key}: too many masks"), NULL);
	}
	for (size_t i = 0; i < d->nmasks; i++) {
		const struct wl_policy_mask *m = &d->masks[i];
		struct place at = place_of("devices", d->id, "masks", m->line, m->column);
		bool inside = m->rect[2] > 0 && m->rect[3] > 0 && m->rect[0] <= m->width &&
		              m->rect[1] <= m->height && m->rect[2] <= m->width - m->rect[0] &&
		              m->rect[3] <= m->height - m->rect[1];
		if (!inside)
			bad_value(e, &at, N_("{key}: the rectangle does not lie in the picture"),
			          NULL);
	}
}

static void check_recipients(const struct wl_policy *p, struct wl_policy_errors *e)
{
	for (size_t i = 0; i < p->outbound.recipients.n; i++) {
		const char *id = p->outbound.recipients.v[i];
		const struct wl_policy_trust *t = wl_policy_trust(p, id);
		struct place at = {.key = "outbound.recipients"};
		struct wl_policy_nearest nearest;
		if (t && (t->role == WL_TRUST_RECIPIENT || t->role == 0))
			continue;
		wl_policy_nearest_begin(&nearest, id);
		for (size_t j = 0; j < p->ntrust; j++)
			if (p->trust[j].role == WL_TRUST_RECIPIENT)
				wl_policy_nearest_offer(&nearest, p->trust[j].id, p->trust[j].line);
		bad_reference(e, &at, &nearest,
		              N_("{key} names \"{word}\", which is no recipient under trust"));
	}
}

static void check_organisation(const struct wl_policy *p, const struct wl_policy_organisation *o,
                               struct wl_policy_errors *e)
{
	struct place at = place_of("visits.organisations", o->id, "vendors", o->line, o->column);
	for (size_t i = 0; i < o->vendors.n; i++) {
		struct wl_policy_nearest nearest;
		if (wl_policy_vendor(p, o->vendors.v[i]))
			continue;
		wl_policy_nearest_begin(&nearest, o->vendors.v[i]);
		for (size_t j = 0; j < p->nvendors; j++)
			wl_policy_nearest_offer(&nearest, p->vendors[j].id, p->vendors[j].line);
		bad_reference(e, &at, &nearest,
		              N_("{key} names \"{word}\", which is no vendor here"));
	}
}

void wl_policy_check_references(const struct wl_policy *p, bool complete,
                                struct wl_policy_errors *e)
{
	for (size_t i = 0; complete && i < p->ntrust; i++) {
		check_trust_form(p, &p->trust[i], e);
		check_trust_twice(p, i, e);
	}
	for (size_t i = 0; i < p->nvendors; i++)
		check_vendor(p, &p->vendors[i], complete, e);
	for (size_t i = 0; i < p->ndevices; i++) {
		check_device(p, i, e);
		if (complete)
			check_pictures(&p->devices[i], e);
	}
	for (size_t i = 0; i < p->visits.norganisations; i++)
		check_organisation(p, &p->visits.organisations[i], e);
	check_recipients(p, e);
}
