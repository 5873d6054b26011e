/*
 * In which order one inbound set is looked into: a pure state machine.
 *
 * It says what to do next (struct wl_step), is told what came out, and ends in the facts that
 * wl_decide judges. It reads no file and asks nobody: daemon/broker drives it at the station
 * through drive.h, `weighlock verify` does the same without a station, tests play it with made-up
 * results.
 *
 * Order: the ticket's signatures (authority), the ticket itself, what the ledger knows, the
 * vendor's signatures, the manifest's lines, archives. Work that can no longer change a refusal is
 * not done. Vendor's and authority's bytes are never in one step.
 */
#ifndef WL_POLICY_INSPECT_H
#define WL_POLICY_INSPECT_H

#include "daemon/base/limits.h"
#include "policy/decide.h"

struct wl_inspect; /* opaque */

struct wl_inspect_input {
	const struct wl_policy *policy;
	const char *station; /* NULL: offline */
	const char *device;
	const char *vendor;           /* NULL: the device's */
	const struct wl_items *items; /* the medium: numbered, digests set */
	const struct wl_items *store; /* one ticket kept at the station (NAME.ticket.json and its
	                               * .p7s), numbered, digests set; or NULL */
	int64_t now;
	int64_t clock_floor; /* 0: unknown */
	bool policy_unsigned;
	const struct wl_fact_finding *findings; /* of reading, if any */
	size_t nfindings;
};

enum wl_step_kind {
	WL_STEP_DONE = 0,
	WL_STEP_SIGNATURE,       /* parser: read signature `signature`; take_signer, take_line,
	                            take_finding */
	WL_STEP_CHECK_SIGNATURE, /* tool: verify `claim` over `content`; take_key or take_finding */
	WL_STEP_READ_TICKET,     /* read the bytes of `content`; take_ticket */
	WL_STEP_LEDGER,          /* ask the ledger; take_ledger */
	WL_STEP_CHECK_LINES, /* tool: `content` is a permutation of `expected`; take_finding if not
	                      */
	WL_STEP_UNPACK,      /* parser: look into `content`; take_finding */
};

enum wl_place { WL_PLACE_MEDIUM = 1, WL_PLACE_STORE };

/* What the signature parser claims about one signer; becomes a fact through check. */
struct wl_signature_claim {
	uint64_t digest_algorithm, signature_algorithm;
	uint8_t signed_attributes[WL_SIGNATURE_ATTRIBUTES_BYTES_MAX];
	size_t signed_attributes_n;
	uint8_t signature[WL_SIGNATURE_VALUE_BYTES_MAX];
	size_t signature_n;
	uint8_t spki[WL_SPKI_BYTES_MAX];
	size_t spki_n;
	char subject[201];
	int64_t not_before, not_after;
};

#define WL_STEP_TRUST_MAX 16
#define WL_STEP_PINS_MAX  32

struct wl_step {
	enum wl_step_kind kind;
	enum wl_place place;             /* of signature and content */
	const struct wl_item *signature; /* SIGNATURE: the .p7s */
	const struct wl_item *content;   /* what is signed, read, checked or unpacked */
	enum wl_trust_role role;         /* SIGNATURE, CHECK_SIGNATURE: whose */
	bool lines;   /* SIGNATURE: content is a manifest: hand it over as CONTENT */
	int64_t time; /* SIGNATURE: certificates are judged at this time */
	const struct wl_policy_trust
	        *trust[WL_STEP_TRUST_MAX]; /* SIGNATURE: files to hand over (anchors
	                                    * where issuer, certificates where certificate);
	                                    * CHECK_SIGNATURE: certificates as PIN */
	size_t ntrust;
	uint8_t pin[WL_STEP_PINS_MAX][WL_SHA256_BYTES]; /* CHECK_SIGNATURE: SPKIs allowed */
	size_t npins;
	const struct wl_signature_claim *claim; /* CHECK_SIGNATURE */
	const char *expected;                   /* CHECK_LINES: text to put into a sealed memfd */
	size_t expected_n;
	enum wl_archive_format format;           /* UNPACK */
	uint64_t files_max, bytes_max;           /* UNPACK */
	const char *device, *component, *ticket; /* LEDGER; ticket may be NULL */
};

/* 0 or -ENOMEM, -EINVAL. The input's objects must outlive the machine. */
int wl_inspect_new(const struct wl_inspect_input *in, struct wl_inspect **ret);
struct wl_inspect *wl_inspect_free(struct wl_inspect *i); /* accepts NULL, returns NULL */
void wl_inspect_cleanup(struct wl_inspect **i);

/* Ends the step before (with what was taken) and says the next one. After WL_STEP_DONE always
 * WL_STEP_DONE. *ret's pointers are valid until the next call. 0 or -ENOMEM. */
int wl_inspect_next(struct wl_inspect *i, struct wl_step *ret);

/* What came out of the current step. 0, -ENOMEM, -EINVAL (does not belong to this step), -E2BIG. */
int wl_inspect_take_signer(struct wl_inspect *i, const struct wl_signature_claim *claim);
int wl_inspect_take_line(struct wl_inspect *i, const void *path, size_t n,
                         const uint8_t sha256[WL_SHA256_BYTES]);
int wl_inspect_take_key(struct wl_inspect *i, const uint8_t spki_sha256[WL_SHA256_BYTES]);
int wl_inspect_take_ticket(struct wl_inspect *i, const void *p, size_t n);
int wl_inspect_take_ledger(struct wl_inspect *i, const struct wl_ledger_facts *ledger);
int wl_inspect_take_finding(struct wl_inspect *i, const struct wl_finding *finding);

/* The facts so far (complete after WL_STEP_DONE); belongs to the machine. */
const struct wl_facts *wl_inspect_facts(const struct wl_inspect *i);
/* The ticket that was read, or NULL; belongs to the machine. */
const struct wl_ticket *wl_inspect_ticket(const struct wl_inspect *i);
/* Its item: in *ret_place the medium or the store; NULL where there is none. */
const struct wl_item *wl_inspect_ticket_item(const struct wl_inspect *i, enum wl_place *ret_place);

/*
 * Which of several tickets kept at the station belongs to what lies on the medium? The one all of
 * whose files are there with their digests; of several the one issued last. Where none fits whole:
 * the one with most files (then names of files) there, so that the refusal says what differs; but
 * -1 where the medium brings a ticket of its own. -1: none names the device and a file that is
 * there.
 */
int wl_inspect_choose_ticket(const struct wl_policy_device *device,
                             const struct wl_ticket *const *tickets, size_t n,
                             const struct wl_items *items);

#endif
