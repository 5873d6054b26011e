/* Inside of inspect.c: what belongs to a package, and what the machine keeps. */
#ifndef WL_POLICY_INSPECT_PARTS_H
#define WL_POLICY_INSPECT_PARTS_H

#include "policy/inspect.h"

#define CONTENT_SIGNATURES_MAX 8
#define FINDINGS_MAX           4096

/* Something signed, with its signature files. */
struct content {
	struct wl_fact_content fact;
	enum wl_place place;
	const struct wl_item *item;
	const struct wl_item *signatures[CONTENT_SIGNATURES_MAX];
	bool manifest;
};

/* A line of a manifest as the parser claims it. */
struct line {
	char *path;
	size_t path_n;
	uint8_t sha256[WL_SHA256_BYTES];
};

struct array {
	void *v;
	size_t n, room;
};

struct wl_inspect {
	struct wl_inspect_input in;
	const struct wl_policy_device *device;
	const struct wl_policy_vendor *vendor;
	int state;
	struct wl_step step;                           /* the current one */
	bool failed;                                   /* a hard finding came out of it */
	size_t content, signature, claim, trust, item; /* where the machine stands */
	struct array claims;   /* struct wl_signature_claim, of the current signature */
	struct array lines;    /* struct line, of the manifest */
	struct array contents; /* struct content; the ticket, if any, is the first */
	struct array fact_contents, signers, findings, untrusted;
	struct wl_fact_item *item_facts;
	const struct wl_item *ticket_item;
	enum wl_place ticket_place;
	struct wl_ticket *ticket;
	char *expected;
	size_t expected_n;
	struct wl_facts facts;
};

/* One zeroed element more; NULL without memory. */
void *wl_inspect_array_add(struct array *a, size_t size);

/* Finds the ticket and its signatures: content 0 where there is one. 0 or -ENOMEM. */
int wl_inspect_find_ticket(struct wl_inspect *i);
/* Finds what the vendor signs, anew (the ticket may name signatures); marks the parts. */
int wl_inspect_find_contents(struct wl_inspect *i);
/* Whether an item is to be looked into, and as what; 0 with look true: no format we know. */
bool wl_inspect_is_archive(const struct wl_inspect *i, size_t index, enum wl_archive_format *ret);
/* The lines this manifest must consist of, from what is claimed and what is there: fills
 * i->expected. Adds findings where claim and facts differ. 0 or negative errno. */
int wl_inspect_expect_lines(struct wl_inspect *i, const struct content *manifest);
/* After the check: what stands in the lines is covered. */
void wl_inspect_cover_lines(struct wl_inspect *i, const struct content *manifest);
int wl_inspect_find(struct wl_inspect *i, uint32_t item, const struct wl_finding *finding);

#endif
