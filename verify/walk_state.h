/* What the rules over entries remember. Internal to walk.c and rules_*.c. */
#ifndef WL_VERIFY_WALK_STATE_H
#define WL_VERIFY_WALK_STATE_H

#include "verify/entry.h"
#include "verify/hash.h"
#include "verify/map.h"
#include "verify/walk.h"

#define OUTPUTS_MAX   4U
#define APPROVALS_MAX 16U
#define RULES_MAX     16U
#define PORTS_MAX     64U
#define TIME_BYTES    20U
#define ID_BYTES      32U
#define ACTIONS       3U /* settle, retire, rotate-key */

/* How much may stand open at once; beyond it the finding too-much is added. */
#define TRANSFERS_KEPT  8192U
#define APPROVALS_KEPT  16384U
#define RELEASED_KEPT   131072U
#define INTENTS_KEPT    8192U
#define INSERTIONS_KEPT 8192U
#define FLOORS_KEPT     32768U
#define TICKETS_KEPT    65536U
#define MANIFESTS_KEPT  65536U

struct output {
	struct verify_tag name, manifest, component, ticket;
	uint64_t inspected; /* entry; only where `is_inspected` */
	uint64_t intent, interrupted_from, interrupted_to;
	int64_t release, uses;
	uint64_t hold[RULES_MAX];
	unsigned holds;
	bool is_inspected, passes, is_open, is_done, is_interrupted;
};

struct transfer {
	char id[ID_BYTES];
	struct verify_tag tag, opener, device;
	uint64_t opened;
	unsigned wanted, outputs, approvals; /* outputs asked for; known so far */
	bool outbound, has_failed, ticket_counted;
	struct output output[OUTPUTS_MAX];
	uint64_t approval[APPROVALS_MAX];
};

struct approval {
	uint64_t seq;
	struct verify_tag transfer, actor;
	char until[TIME_BYTES];
	uint64_t manifest[OUTPUTS_MAX], accepted[RULES_MAX];
	unsigned manifests, accepts;
	bool is_voided, by_opener;
};

/* Everything left the vault; what became of the medium is awaited. */
struct released {
	char id[ID_BYTES], medium[ID_BYTES];
	uint64_t done;
	unsigned outputs; /* that left and are not acknowledged */
};

struct intent {
	uint64_t seq;
	bool is_wipe, is_read_back;
	struct verify_tag transfer, output, insertion;
	char id[ID_BYTES]; /* of the transfer */
	char medium[ID_BYTES];
};

struct insertion {
	struct verify_tag port, medium, device;
	uint64_t seen, wiped, prepared; /* intent of the last good wipe, entry of the preparation */
	bool is_gone, was_source, for_device;
};

struct floor_known {
	int64_t release;
	uint64_t seq;
};

struct ticket_known {
	int64_t used;
	uint64_t last, withdrawn;
	bool is_withdrawn;
};

struct verify_walk {
	int dirfd;
	struct verify_report *report;
	const struct verify_walk_asked *asked;
	struct verify_secret secret;
	struct verify_hash *sha;
	uint64_t next, first; /* first: the first entry that was read */
	bool started;         /* an entry was read */
	struct verify_entry e;
	struct verify_map *transfers, *approvals, *released, *intents, *insertions, *floors,
	        *tickets, *manifests;
	char station[16], time[TIME_BYTES + 4];
	struct verify_tag boot;
	uint64_t last_transfer, last_insertion;
	bool have_transfer, have_insertion;
	bool is_running;
	bool is_unvouched; /* two approvals on every release until an auditor cosigns */
	uint64_t ended;    /* entry that ended this ledger; 0: none */
	bool is_retired;   /* and it was the station's end: its last export follows */
	char rotated_to[65];
	struct { /* who last proposed what two persons do, and in which entry */
		struct verify_tag actor;
		uint64_t seq;
		char time[TIME_BYTES + 4];
		bool is_open;
	} action[ACTIONS];
	struct verify_previous previous;
	/* the policy in force */
	bool have_policy;
	int64_t policy_version, needed_inbound, needed_outbound;
	uint64_t policy_at, policy_floor_at;
	int64_t policy_floor;       /* of the ledger before */
	struct verify_tag proposal; /* version and digest last proposed */
	/* the gates, `a` and `b` */
	struct {
		bool is_open;
		uint64_t opened;
		struct verify_tag insertion;
	} gate[2];
	/* who sits in which port */
	struct {
		struct verify_tag port, insertion;
	} port[PORTS_MAX];
	unsigned ports;
	bool said_too_much;
};

/* Members of `data`; NULL where absent or of another type. */
const struct verify_member *verify_text(const struct verify_walk *w, const char *name);
const struct verify_member *verify_list(const struct verify_walk *w, const char *name);
/* The integer, or `otherwise`. */
int64_t verify_integer(const struct verify_walk *w, const char *name, int64_t otherwise);

/* The tag of a text member; that of "" where it is absent. */
struct verify_tag verify_member_tag(const struct verify_walk *w, const struct verify_member *m);
struct verify_tag verify_number_tag(uint64_t n);

/* The number after the last '#', 'T' or 'I' of an id of this station; -EBADMSG where it is not one.
 */
int verify_id_number(const struct verify_walk *w, const char *p, size_t n, char mark,
                     uint64_t *ret);

/* The record, or NULL after the finding too-much was added once. */
void *verify_keep(struct verify_walk *w, struct verify_map *m, struct verify_tag tag);

/* May something that is not known here stand in entries that were not read? */
bool verify_past_may_know(const struct verify_walk *w);

/* For `%.*s`: what a member says, at most 64 bytes of it; "?" where it is absent. */
#define SHOWN(m) ((m) ? ((m)->value_n < 64 ? (int)(m)->value_n : 64) : 1), ((m) ? (m)->value : "?")

/* The rules: one function per event, called with the entry in w->e. */
typedef void verify_rule_fn(struct verify_walk *w, uint64_t seq);

verify_rule_fn verify_rule_station_init, verify_rule_station_start, verify_rule_station_stop,
        verify_rule_station_fault, verify_rule_clock_set, verify_rule_policy_proposed,
        verify_rule_policy_loaded, verify_rule_end_of_ledger, verify_rule_cosigned,
        verify_rule_inherited, verify_rule_action_proposed, verify_rule_alarm_settled;
verify_rule_fn verify_rule_transfer_opened, verify_rule_inspected, verify_rule_approved,
        verify_rule_voided, verify_rule_decided, verify_rule_transfer_end, verify_rule_failed,
        verify_rule_returned, verify_rule_acknowledged, verify_rule_vault_deleted;
verify_rule_fn verify_rule_release_intent, verify_rule_release_written, verify_rule_release_done,
        verify_rule_release_failed, verify_rule_release_unknown, verify_rule_ticket_withdrawn;
verify_rule_fn verify_rule_medium_seen, verify_rule_medium_gone, verify_rule_wipe_intent,
        verify_rule_wipe_done, verify_rule_wipe_failed, verify_rule_medium_prepared,
        verify_rule_gate_opened, verify_rule_gate_shut;

/* Shared between rules_*.c. */
struct transfer *verify_transfer(struct verify_walk *w); /* of the entry; NULL: not open */
struct output *verify_output(struct transfer *t, struct verify_tag name);
void verify_transfer_drop(struct verify_walk *w, struct transfer *t);
void verify_check_manifest(struct verify_walk *w, uint64_t seq);
void verify_check_approvals(struct verify_walk *w, struct transfer *t, const struct output *o,
                            uint64_t seq);
void verify_check_destination(struct verify_walk *w, const struct verify_member *insertion,
                              const struct verify_member *port, const struct verify_member *medium,
                              const struct verify_member *device, uint64_t seq);
struct insertion *verify_insertion(struct verify_walk *w, const struct verify_member *m);

#endif
