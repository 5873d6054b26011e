/*
 * A transfer as its ledger entries tell it (INTERFACES 8): the model, the table of states and
 * verbs, and the fold of entries into the model. Pure: the ledger is the only durable state of
 * decisions.
 */
#ifndef WL_BROKER_TRANSFER_H
#define WL_BROKER_TRANSFER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/finding.h"
#include "daemon/base/ids.h"
#include "daemon/base/rules.h"

enum wl_state {
	WL_STATE_NONE = 0,
	WL_OPENED,
	WL_READING,
	WL_INSPECTING,
	WL_WAITING,
	WL_APPROVED,
	WL_RELEASING,
	WL_RELEASED,
	WL_FAILED,
	WL_REFUSED, /* from here on: ends */
	WL_REJECTED,
	WL_CANCELLED,
	WL_CLOSED,
	WL_ACKNOWLEDGED,
	WL_STATE_MAX
};

enum wl_verb {
	WL_VERB_NONE = 0,
	WL_VERB_READ,         /* gate a opened */
	WL_VERB_READ_DONE,    /* gate a shut, all bytes sealed */
	WL_VERB_READ_STOPPED, /* gate a shut for another reason */
	WL_VERB_REFUSE,
	WL_VERB_INSPECTED,
	WL_VERB_APPROVE,
	WL_VERB_REJECT,
	WL_VERB_WITHDRAW,
	WL_VERB_VOID,
	WL_VERB_RELEASE,
	WL_VERB_RELEASED,
	WL_VERB_RELEASE_FAILED,
	WL_VERB_UNKNOWN, /* the station started while it was releasing */
	WL_VERB_OUTCOME,
	WL_VERB_ACKNOWLEDGE,
	WL_VERB_ADD, /* an export reads more */
	WL_VERB_RETRY,
	WL_VERB_CANCEL,
	WL_VERB_FAIL,
	WL_VERB_MAX
};

const char *wl_state_name(enum wl_state state); /* "" for none */
enum wl_state wl_state_find(const char *name);
bool wl_state_is_end(enum wl_state state);

/* The state after `verb` in `state`; WL_STATE_NONE where the verb is not allowed there. */
enum wl_state wl_transfer_next(enum wl_state state, enum wl_verb verb);
/* Array of the names of the states in which `verb` is allowed, for WrongState. New reference. */
json_t *wl_transfer_states_of(enum wl_verb verb);

#define WL_OUTPUTS_MAX 2U
#define WL_GIVEN_MAX   16U
#define WL_TEXT_SHORT  65U

struct wl_output {
	char output[WL_ID_TEXT];
	char manifest_sha256[WL_TEXT_SHORT];
	enum wl_verdict verdict;
	enum wl_rule rule;
	json_t *holds;
	uint64_t files, refused, left, bytes;
	char intent[WL_ID_TEXT], medium[WL_ID_TEXT];
	char destination_port[WL_ID_TEXT], destination_insertion[WL_ID_TEXT];
	char released_at[WL_TEXT_SHORT], bag_sha256[WL_TEXT_SHORT];
	json_t *missing;                         /* scans asked for and not found */
	char acknowledged_by[4 * WL_TEXT_SHORT]; /* cut; the entry has all of it */
	bool released, acknowledged, receipt_signed;
	bool fresh; /* inspected since the last reading */
};

struct wl_given {
	char entry[WL_ID_TEXT], actor[WL_ID_TEXT];
	int64_t until; /* seconds since 1970 */
	json_t *accepted;
	enum wl_rule voided; /* NONE while it stands */
};

struct wl_transfer {
	char id[WL_ID_TEXT];
	uint64_t number, first_seq, last_seq;
	enum wl_state state, before_fault; /* before_fault: where `retry` of a failed one leads */
	enum wl_rule rule;                 /* of the decision, or of the last fault */
	char detail[WL_DETAIL_MAX + 1];    /* what the rule was about, escaped */
	json_t *rules;
	json_t *opened;    /* data of transfer.opened: device, vendor, engineer, … */
	json_t *inspected; /* data of transfer.inspected: component, version, release, … */
	json_t *outcome;   /* data of transfer.outcome */
	bool outbound;
	unsigned outputs_wanted; /* of transfer.opened */
	/* outbound: what was kept, and when the scanner might overwrite it */
	uint64_t preserved_files, preserved_bytes;
	char preserved_at[WL_TEXT_SHORT], oldest_seen[WL_TEXT_SHORT];
	unsigned readings; /* that were preserved */
	bool preserved;    /* the last reading was */
	json_t *added;     /* scans of the last reading, where it added to an earlier one */
	char opened_by[WL_ID_TEXT], opened_at[WL_TEXT_SHORT], policy_sha256[WL_TEXT_SHORT];
	char insertion[WL_ID_TEXT], port[WL_ID_TEXT]; /* of the source, once a gate was opened */
	struct wl_output outputs[WL_OUTPUTS_MAX];
	unsigned noutputs;
	struct wl_given approvals[WL_GIVEN_MAX];
	unsigned napprovals;
	char intent[WL_ID_TEXT]; /* the last one */
	bool vault_deleted;
};

struct wl_transfer *wl_transfer_new(void);
struct wl_transfer *wl_transfer_free(struct wl_transfer *t); /* accepts NULL, returns NULL */

/*
 * Takes one more entry of this transfer into account: an object as the ledger renders it (event,
 * actor, seq, station, time, data …). `approvals_needed`: how many make `approved`. Entries that do
 * not concern the model are ignored. -EINVAL for an entry without its required members, -ENOMEM.
 */
int wl_transfer_apply(struct wl_transfer *t, const json_t *entry, unsigned approvals_needed);

/* Approvals that stand (not voided). */
unsigned wl_transfer_approvals(const struct wl_transfer *t);
/* "x-0042"; "" before transfer.opened. Likewise any text of transfer.opened or .inspected. */
const char *wl_transfer_text(const struct wl_transfer *t, const char *member);
/* An output that leaves something: one that was refused whole is not waited for. */
bool wl_output_leaves(const struct wl_output *o);
struct wl_output *wl_transfer_output(struct wl_transfer *t, const char *output);

#endif
