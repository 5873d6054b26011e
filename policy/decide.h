/*
 * The decision about an inbound set: one pure function from facts and claims to verdicts.
 *
 * No clock, no file, no ledger is asked here: what they say stands in struct wl_facts. Rules are
 * taken stage by stage (rules.def): all failing rules of a stage are collected, a later stage
 * counts only if none before it refused. Claims (findings of parsers) can refuse, never pass. The
 * same function decides at the station and in `weighlock verify`.
 */
#ifndef WL_POLICY_DECIDE_H
#define WL_POLICY_DECIDE_H

#include "daemon/base/finding.h"
#include "policy/items.h"
#include "policy/model.h"
#include "policy/ticket.h"

#define WL_DECISION_RULES_MAX 24
#define WL_POLICY_KEY_MAX     96

/* A key under which `check` found a signature good (a fact). */
struct wl_signer {
	enum wl_trust_role role;              /* WL_TRUST_VENDOR or WL_TRUST_AUTHORITY */
	uint8_t spki_sha256[WL_SHA256_BYTES]; /* of the key check verified under */
	char trust[WL_ID_TEXT]; /* the policy's entry, "" where only the ticket names it */
	char subject[201];      /* escaped; a claim, for screens */
	uint32_t content;       /* number of the item signed; 0: the ticket */
};

/* Something found about an item (number) or about the whole (0). */
struct wl_fact_finding {
	uint32_t item;
	struct wl_finding finding;
};

/* Something that should be signed, and how many signature files there are for it. */
struct wl_fact_content {
	enum wl_trust_role role; /* WL_TRUST_VENDOR: item; WL_TRUST_AUTHORITY: the ticket */
	uint32_t item;           /* 0: the ticket */
	size_t signatures;
};

/* A signer nobody names: counts only where too few good ones remain. */
struct wl_fact_untrusted {
	enum wl_trust_role role;
	uint32_t content; /* as in struct wl_fact_content */
	struct wl_finding finding;
};

/* What is known about one item beyond struct wl_item. Index as in items->v. */
struct wl_fact_item {
	bool manifest;       /* MANIFEST.sha256 itself */
	bool signature;      /* a signature file of the package or of the ticket */
	bool ticket;         /* the ticket itself, lying on the medium */
	bool vendor_covered; /* its digest stands under a verified vendor signature */
};

enum wl_ledger_state {
	WL_LEDGER_NOT_ASKED = 0,
	WL_LEDGER_KNOWN,   /* a station's ledger answered */
	WL_LEDGER_OFFLINE, /* there is none here: goes into not_checked */
};

struct wl_ledger_facts {
	enum wl_ledger_state state;
	bool has_floor, has_installed;
	uint64_t floor;     /* highest release intended for device and component */
	uint64_t installed; /* release_after of the last outcome `installed` */
	uint64_t uses;      /* of the ticket on this device */
	bool withdrawn;
};

struct wl_facts {
	const struct wl_policy *policy;
	const char
	        *station;   /* who asks; NULL: offline (ticket.station-other is then not checked) */
	const char *device; /* as the person named it */
	const char *vendor; /* as the person named it, or NULL: the device's */
	int64_t now;        /* the time of the check */
	int64_t clock_floor;  /* 0: unknown */
	bool vendor_left_out; /* the work ended before the vendor's signatures: nothing is held
	                         against them */
	bool policy_unsigned; /* offline: the policy is its user's own word (not_checked) */

	const struct wl_items *items;
	const struct wl_fact_item *item; /* items->n of them */

	const struct wl_ticket *ticket; /* read after its signature was verified; else NULL */
	bool ticket_present;            /* there was a ticket file, readable or not */
	bool ticket_from_medium;

	const struct wl_signer *signers; /* all roles */
	size_t nsigners;
	const struct wl_fact_finding *findings; /* of workers, of reading: any stage */
	size_t nfindings;
	const struct wl_fact_content *contents;
	size_t ncontents;
	const struct wl_fact_untrusted *untrusted;
	size_t nuntrusted;
	struct wl_ledger_facts ledger;
};

struct wl_rules {
	enum wl_rule v[WL_DECISION_RULES_MAX]; /* ascending, each once */
	size_t n;
};

struct wl_item_decision {
	enum wl_verdict verdict;
	enum wl_rule rule;                  /* first of rules for a refusal */
	struct wl_rules rules;              /* empty for pass and leave */
	char policy_key[WL_POLICY_KEY_MAX]; /* "" when built in */
	char detail[WL_DETAIL_MAX + 1];     /* escaped, of the first finding; may be "" */
	char *delivered; /* where it goes on the destination (raw bytes); NULL: nowhere. Borrowed */
};

struct wl_decision {
	enum wl_verdict verdict; /* WL_PASS, WL_HOLD or WL_REFUSE */
	enum wl_rule rule;     /* pass.update-covered, the first hold, or the first failing rule */
	struct wl_rules rules; /* all failing rules; for a hold the holds */
	struct wl_rules holds; /* what a person must accept by name */
	struct wl_rules not_checked; /* offline: update.version-floor, ticket.used, … */
	char policy_key[WL_POLICY_KEY_MAX];
	char detail[WL_DETAIL_MAX + 1];
	struct wl_item_decision *item; /* index as in facts->items->v */
	size_t nitems;
	uint64_t files, refused, left; /* files that pass, items refused, items left behind */
	uint64_t bytes;                /* of those that pass */
	enum wl_signature_format vendor_signature;
	bool has_update; /* the following say something */
	char vendor[WL_ID_TEXT], component[WL_ID_TEXT], ticket[WL_ID_TEXT];
	char version[WL_TICKET_TEXT_MAX + 1];
	uint64_t release;
};

/* Decides. 0 (whatever the verdict) or -ENOMEM. Free with wl_decision_free. */
int wl_decide(const struct wl_facts *facts, struct wl_decision **ret);
struct wl_decision *wl_decision_free(struct wl_decision *d); /* accepts NULL, returns NULL */
void wl_decision_cleanup(struct wl_decision **d);

/* Distinct keys of a role over one content (counted by SPKI, never by name). */
size_t wl_count_signers(const struct wl_signer *signers, size_t n, enum wl_trust_role role,
                        uint32_t content);

/* Ordered set of rules: adds in ascending order, each once, silently full. */
void wl_rules_add(struct wl_rules *set, enum wl_rule rule);
bool wl_rules_has(const struct wl_rules *set, enum wl_rule rule);

/*
 * May a ticket be kept at this station (`ticket add`, `ticket check`)? Signers as verified over the
 * ticket. Collects: update.vendor-unknown, update.device-unknown, ticket.expired,
 * ticket.station-other, signature.too-few-signers. *ret_rules empty: yes.
 */
void wl_decide_ticket(const struct wl_policy *p, const char *station, const struct wl_ticket *t,
                      const struct wl_signer *signers, size_t n, int64_t now,
                      struct wl_rules *ret_rules);

#endif
