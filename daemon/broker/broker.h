/*
 * weighlockd as a whole: what its main thread knows, and the functions its files offer each other.
 *
 * Everything here belongs to the main thread. What must outlive the process is in the ledger; the
 * rest is folded from it at the start (recover.c) or asked of the other daemons again.
 */
#ifndef WL_BROKER_BROKER_H
#define WL_BROKER_BROKER_H

#include <systemd/sd-event.h>

#include "daemon/broker/call.h"
#include "daemon/broker/job.h"
#include "daemon/broker/ledger_client.h"
#include "daemon/broker/media_client.h"
#include "daemon/broker/policy_store.h"
#include "daemon/broker/ports.h"
#include "daemon/broker/server.h"
#include "daemon/broker/transfer.h"
#include "daemon/broker/vault.h"
#include "policy/people.h"

#define WL_TRANSFERS_KEPT 256U /* folded in memory: all open ones, and the last ended */
#define WL_WATCHERS_MAX   128U
#define WL_PROPOSALS_MAX  4U

struct wl_watcher {
	uint64_t call_id;
	char transfer[WL_ID_TEXT]; /* "" : all */
};

/* An insertion of this boot that an earlier run of the broker wrote down and that has not ended. */
struct wl_insertion {
	char insertion[WL_ID_TEXT], port[WL_ID_TEXT];
	uint64_t diskseq;
};
#define WL_INSERTIONS_MAX 64U

struct wl_proposal {
	uint64_t version;
	uint8_t sha256[32];           /* of policy.yaml */
	bool contested;               /* other policies were proposed under this version before */
	char proposed_by[WL_ID_TEXT]; /* person or "uid:N" */
	uid_t uid;
};

/* A visit as its entries tell it; visits.h. */
struct wl_visit {
	char id[WL_ID_TEXT]; /* the work order */
	json_t *opened;      /* data of visit.opened */
	json_t *closed;      /* data of visit.closed; NULL: open */
	char opened_by[WL_ID_TEXT], opened_at[WL_TEXT_SHORT];
	char closed_by[WL_ID_TEXT], closed_at[WL_TEXT_SHORT];
	int64_t on;           /* 00:00 UTC of its day */
	int64_t confirmed_at; /* 0: never */
};
#define WL_VISITS_KEPT 128U

/* What the main thread remembers of a transfer beside the fold: never a decision. */
struct wl_tracked {
	struct wl_transfer *t;
	char tried[WL_ID_TEXT]; /* insertion whose reading stopped: not read again unasked */
	enum wl_rule hint;      /* why it still waits for its medium */
	char hint_detail[WL_DETAIL_MAX + 1];
	bool had_intent;      /* an intent of it is in the ledger */
	bool is_receiving;    /* its receipts are being read from a medium */
	unsigned measured;    /* what vault_bytes were counted for (do_open.c); 0: nothing yet */
	uint64_t vault_bytes; /* what lies in the vault of it */
};

struct wl_broker {
	sd_event *event;
	sd_event_source *tick;
	const char *state_dir; /* --state, NULL without */
	struct wl_server *server;
	struct wl_ledger *ledger;
	struct wl_media *media;
	struct wl_jobs *jobs;
	struct wl_vault vault;
	int policy_fd, tickets_fd, trust_fd;
	struct wl_jobs_config paths;
	char ledger_path[WL_PATH_TEXT], media_path[WL_PATH_TEXT], spawn_path[WL_PATH_TEXT];

	struct wl_ledger_status status; /* as last heard */
	bool ledger_there;              /* it answered the last time */
	bool recovered;                 /* folded from the ledger since the start */
	bool started;                   /* station.start is in the ledger */
	bool spawn_there;
	char sandbox[201];
	bool media_stale;             /* an insertion could not be written down: ask mediad again */
	struct wl_policy_ref *policy; /* in force; NULL: none */
	char init_fingerprint[65];

	struct wl_ports ports;
	struct wl_insertion insertions[WL_INSERTIONS_MAX];
	size_t ninsertions;
	struct wl_tracked transfers[WL_TRANSFERS_KEPT]; /* by number */
	size_t ntransfers;
	struct wl_visit visits[WL_VISITS_KEPT]; /* in the order they were opened */
	size_t nvisits;
	uint64_t recalled[3 * 2 * WL_VISITS_KEPT]; /* entries to be folded into them */
	size_t nrecalled;
	struct wl_watcher watchers[WL_WATCHERS_MAX];
	size_t nwatchers;
	struct wl_proposal proposals[WL_PROPOSALS_MAX];
	size_t nproposals;
	struct wl_progress last_progress; /* of the job at work */
};

/* ---- broker.c: appending, and telling everybody ---- */

/* Appends under the policy in force (takes over `entry`), folds it and tells watchers. *ret_id may
 * be NULL. 0 or -EBADMSG. */
int wl_broker_append(struct wl_broker *b, json_t *entry, char ret_id[WL_ID_TEXT],
                     struct wl_finding *f);
/* An entry that is in the ledger (appended here or by the work thread): folds it. */
void wl_broker_saw(struct wl_broker *b, const json_t *entry);
/* The same for an entry the work thread hands over: an owned reference. */
void wl_broker_took(struct wl_broker *b, json_t *entry);
json_t *wl_broker_entry(struct wl_broker *b, enum wl_event event,
                        const char *transfer); /* station's */
json_t *wl_call_entry(const struct wl_call *c, enum wl_event event, const char *transfer);
/* Approvals a release of this transfer needs under the policy in force. */
unsigned wl_broker_approvals_needed(const struct wl_broker *b, const struct wl_transfer *t);
const struct wl_policy *wl_broker_policy(const struct wl_broker *b); /* NULL: none */
bool wl_broker_is_test(const struct wl_broker *b);

/* ---- station.c ---- */

/* Asks the other daemons how they are; recovers, loads, syncs where that is due. */
void wl_station_refresh(struct wl_broker *b);
/* A task ended: where a part was missing it is asked for anew, and what the ledger knows is folded
 * again, because an entry may be there that nobody here saw. */
void wl_station_job_ended(struct wl_broker *b, const struct wl_task *task);
/* What stops transfers now; NONE: nothing. */
enum wl_rule wl_station_obstacle(const struct wl_broker *b);
/* Answers Unavailable (or Refused) where something stops transfers; true: go on. */
bool wl_station_is_usable(struct wl_broker *b, struct wl_call *c);
/* The same for what auditors do, which goes on where only an alarm or retirement is in the way. */
bool wl_station_is_auditable(struct wl_broker *b, struct wl_call *c);
/* do_audit.c: how the ledger stands with its auditors, and the certificate's end, into an object.
 */
void wl_audit_describe(const struct wl_broker *b, json_t *object);
/* The source, or destination, port of that name with a medium in it that the ledger knows; NULL
 * where the call was refused (medium.port-unknown, medium.direction-wrong, medium.gone or
 * destination.missing). */
const struct wl_port *wl_call_source(struct wl_broker *b, struct wl_call *c, const char *name);
const struct wl_port *wl_call_destination(struct wl_broker *b, struct wl_call *c, const char *name);
/* ledgerd failed while a call was carried out: answers it and marks the ledger for asking anew. */
void wl_station_ledger_trouble(struct wl_broker *b, struct wl_call *c, const struct wl_finding *f);

/* ---- recover.c ---- */

/* Folds what the ledger knows, ends what a crash left half-done. 0 or -EBADMSG. */
int wl_recover(struct wl_broker *b, struct wl_finding *f);
/* Puts the policy the ledger names in force. False where its files are not there. */
bool wl_recover_policy(struct wl_broker *b);
/* The policy authority's certificate that lies here is the one entry 0 names. */
bool wl_authority_is_pinned(const struct wl_broker *b);
/* A policy came into force: voids approvals of the one before, tells mediad. */
void wl_broker_policy_changed(struct wl_broker *b, bool void_approvals);
/* Who proposed which policy, kept until it is in force or a newer one of its version comes. */
void wl_policy_remember_proposal(struct wl_broker *b, uint64_t version, const uint8_t sha256[32],
                                 const char *actor, uid_t uid);

/* ---- transfers.c ---- */

struct wl_tracked *wl_transfers_find(struct wl_broker *b, const char *id);
/* Of an argument ("STN3-T000042" or "42"): answers NoSuch and returns NULL where there is none. */
struct wl_tracked *wl_transfers_of_call(struct wl_broker *b, struct wl_call *c);
struct wl_tracked *wl_transfers_add(struct wl_broker *b, struct wl_transfer *t);
/* Folds one transfer from the ledger into the table. NULL where the ledger does not know it. */
struct wl_tracked *wl_transfers_load(struct wl_broker *b, const char *id, struct wl_finding *f);
/* Answers WrongState unless `verb` is allowed now. */
bool wl_transfer_may(struct wl_tracked *x, enum wl_verb verb, struct wl_call *c);
/* Voids approvals that no longer stand (time, roles), and forgets what the vault need not keep. */
void wl_transfers_expire(struct wl_broker *b);
/* The facts of approvals for policy/people.h; `given` has WL_GIVEN_MAX places. */
void wl_transfer_approval_facts(const struct wl_broker *b, const struct wl_transfer *t,
                                struct wl_approval *given, uint8_t (*manifests)[WL_SHA256_BYTES],
                                struct wl_approval_facts *ret);
/* Voids the standing approvals of a transfer. */
void wl_transfer_void(struct wl_broker *b, struct wl_tracked *x, const char *only_actor,
                      enum wl_rule rule, const char *actor, uid_t uid);
/* Until when the copy in the vault is kept though nothing is left to do; 0: no such time. */
int64_t wl_transfer_kept_until(const struct wl_broker *b, const struct wl_transfer *t);
/* Deletes a transfer's copy and says so in the ledger. */
void wl_transfer_forget_vault(struct wl_broker *b, struct wl_tracked *x);
/* All of them: a station that ends, or gives its ledger another key, keeps nobody's data. */
void wl_transfers_empty_vault(struct wl_broker *b);

/* ---- pick.c: media for transfers that wait for one ---- */

void wl_pick(struct wl_broker *b);
void wl_media_seen(void *user, const struct wl_message *m);
void wl_media_gone(void *user, const struct wl_message *m);
void wl_media_connected(void *user, bool yes);
/* Copies what a task must know of a medium. */
struct wl_task_medium;
void wl_pick_medium(const struct wl_port *port, struct wl_task_medium *ret);
/* The task is about what is in this port: told so, and told when it goes. */
void wl_task_take_medium(struct wl_task *task, const struct wl_port *port,
                         struct wl_task_medium *ret);
/* Queues an inspection of what the vault holds (no port), or a reading (port). */
int wl_pick_queue(struct wl_broker *b, struct wl_tracked *x, const struct wl_port *port,
                  uint64_t call_id);
/* Common members of a task: policy, actor. */
void wl_task_setup(struct wl_broker *b, struct wl_task *task, const char *kind,
                   const char *transfer, const char *actor, uid_t uid);
void wl_task_release(struct wl_task *task); /* what wl_task_setup took */

/* ---- watch.c ---- */

void wl_watch_progress(struct wl_broker *b, const struct wl_progress *p);
void wl_watch_changed(struct wl_broker *b, const char *transfer, const char *step);
void wl_watch_gone(void *user, uint64_t call_id);
/* A Progress object of a transfer (may be NULL: prepare) in a call's language. */
json_t *wl_watch_object(struct wl_broker *b, const struct wl_call *c, struct wl_tracked *x,
                        const struct wl_progress *p);

/* ---- do_open.c, do_export.c: opening a transfer ---- */

/* The port asked for is known, for sources, and no other transfer waits there; without a port named
 * there are not two sticks. Each answers and returns false otherwise. */
bool wl_open_port_is_free(struct wl_broker *b, struct wl_call *c);
bool wl_open_source_is_clear(struct wl_broker *b, struct wl_call *c);
/* What the work thread is told of an export; `reads`: a medium is about to be read. NULL: no
 * memory. */
struct wl_export_order;
struct wl_export_order *wl_export_order_of(const struct wl_broker *b, const struct wl_transfer *t,
                                           bool reads);

/* ---- do_release.c ---- */

/* Retry of an approved transfer: onto the medium that is now in the port of the last try. */
void wl_release_again(struct wl_broker *b, struct wl_call *c, struct wl_tracked *x);

/* ---- next.c: what a person does next ---- */

void wl_next_of_transfer(struct wl_broker *b, const struct wl_tracked *x, const char *language,
                         json_t *object);
void wl_next_of_station(struct wl_broker *b, const char *language, json_t *object);
/* "Plug the vendor's stick …": step and hint of a transfer that waits for its medium. */

/* ---- dispatch.c ---- */

void wl_dispatch(void *user, struct wl_call *c);
/* The person behind a uid under a policy, by account name or "uid:N"; NULL. */
const struct wl_policy_person *wl_person_identify(const struct wl_policy *policy, uid_t uid);

#endif
