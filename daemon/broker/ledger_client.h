/*
 * The broker's side of ledgerd: appending entries, reading them back, asking for facts.
 *
 * Each thread has its own. Everything returns 0, or -EBADMSG with the rule ledgerd gave
 * (approval.missing, station.clock-behind, station.ledger-failed …), or with station.part-missing
 * where it cannot be reached; -ENOMEM. An append that was cut off is tried once more under the same
 * nonce: ledgerd then answers with the entry that is already durable.
 */
#ifndef WL_BROKER_LEDGER_CLIENT_H
#define WL_BROKER_LEDGER_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/base/events.h"
#include "daemon/base/finding.h"
#include "daemon/base/ids.h"

struct wl_ledger; /* opaque */

struct wl_ledger_status {
	enum wl_rule rule; /* why it takes no entries now; NONE: it does */
	uint64_t size;
	char boot[33], station[9], origin[201], clock[9];
	bool initialised; /* entry 0 is there */
	bool unvouched;   /* a successor that no auditor has cosigned yet: two approvers */
	char mirror[17];  /* none, good, failed; "" where it is not said */
	uint64_t next_transfer, next_insertion;
	int64_t floor_time;
	uint64_t policy_version; /* 0: none loaded yet */
	bool has_policy, has_authority;
	uint8_t policy_sha256[32], authority_spki_sha256[32];
	uint64_t cosigned_size; /* 0: nobody countersigned yet */
	int64_t cosigned_at, cosignature_due, certificate_not_after; /* 0: none */
	enum wl_rule alarm;                                          /* NONE: none is open */
	char alarm_entry[WL_ID_TEXT];
	bool retired;
};

int wl_ledger_new(const char *path, uid_t uid, struct wl_ledger **ret);
struct wl_ledger *wl_ledger_free(struct wl_ledger *l); /* accepts NULL, returns NULL */

int wl_ledger_status(struct wl_ledger *l, struct wl_ledger_status *ret, struct wl_finding *f);

/* ---- entries being made: JSON objects of the form the ledger renders ---- */

/* event, actor ("station" or a person or "uid:N"), uid, transfer (NULL: none) and an empty data. */
json_t *wl_entry_new(enum wl_event event, const char *actor, uid_t uid, const char *transfer);
void wl_entry_text(json_t *entry, enum wl_member member, const char *text);
void wl_entry_int(json_t *entry, enum wl_member member, uint64_t v);
void wl_entry_flag(json_t *entry, enum wl_member member, bool v);
/* Takes over `list`, an array of texts. */
void wl_entry_list(json_t *entry, enum wl_member member, json_t *list);
void wl_entry_rule(json_t *entry, enum wl_member member, enum wl_rule rule);
void wl_entry_sha256(json_t *entry, enum wl_member member, const uint8_t sha256[32]);

/*
 * Appends *entry, which keeps its owner and gets `seq`, `station` and `time` as ledgerd stamped it.
 * policy_sha256: of the policy in force, NULL for none. manifest_fd: a sealed memfd of
 * manifest_bytes for transfer.inspected, else -1. Durable when it returns 0.
 */
int wl_ledger_append(struct wl_ledger *l, json_t *entry, const uint8_t *policy_sha256,
                     int manifest_fd, uint64_t manifest_bytes, struct wl_finding *f);
/* The same for up to WL_APPEND_GROUP_MAX entries that become durable in one commit; -E2BIG. On an
 * error some, all or none of them may stand in the ledger. */
#define WL_APPEND_GROUP_MAX 64U
int wl_ledger_append_group(struct wl_ledger *l, json_t *const *entries, size_t n,
                           const uint8_t *policy_sha256, struct wl_finding *f);
/* The id of an entry that was appended, "STN3#81". */
void wl_entry_id(const json_t *entry, char buf[WL_ID_TEXT]);

/* ---- reading ---- */

/* `count` entries from `from` on; with `transfer` only of that one. Each is given as it lies. The
 * callback returns false to be given no more. */
typedef bool (*wl_ledger_entry_cb)(void *user, uint64_t seq, const char *text, size_t n);
int wl_ledger_entries(struct wl_ledger *l, const char *transfer, uint64_t from, uint64_t count,
                      wl_ledger_entry_cb cb, void *user, struct wl_finding *f);
/* Ids of transfers in the order of their numbers. */
typedef void (*wl_ledger_transfer_cb)(void *user, const char *transfer, uint64_t first_seq);
int wl_ledger_transfers(struct wl_ledger *l, bool open_only, wl_ledger_transfer_cb cb, void *user,
                        struct wl_finding *f);

/* What the index keeps of media, of insertions of this boot that have not ended, and of proposed
 * policies above the one in force (oldest first), and of visits; a row to each callback. */
struct wl_recall {
	void (*medium)(void *user, const char *medium, bool suspect, bool ours);
	void (*insertion)(void *user, const char *insertion, const char *port, uint64_t diskseq);
	void (*proposal)(void *user, uint64_t version, const uint8_t sha256[32], const char *actor,
	                 uid_t uid);
	void (*visit)(void *user, const char *visit, uint64_t opened, uint64_t confirmed,
	              uint64_t closed); /* numbers of its entries; 0: none */
};
int wl_ledger_recall(struct wl_ledger *l, const struct wl_recall *to, void *user,
                     struct wl_finding *f);

/* ---- facts ---- */

struct wl_ledger_floor {
	bool has_release, has_installed;
	uint64_t release, installed;
};
int wl_ledger_floor(struct wl_ledger *l, const char *device, const char *component,
                    struct wl_ledger_floor *ret, struct wl_finding *f);
struct wl_ledger_ticket {
	bool known, withdrawn;
	uint64_t uses;
	uint8_t sha256[32];
};
int wl_ledger_ticket(struct wl_ledger *l, const char *device, const char *ticket,
                     struct wl_ledger_ticket *ret, struct wl_finding *f);
/* Is a medium with this head prepared (INTERFACES 6)? */
int wl_ledger_medium(struct wl_ledger *l, const uint8_t head_sha256[32], bool *ret_prepared,
                     char ret_medium[WL_ID_TEXT], struct wl_finding *f);

/* ---- documents; texts end with a NUL, free(*ret) ---- */

int wl_ledger_checkpoint(struct wl_ledger *l, char **ret, struct wl_finding *f);
int wl_ledger_prove(struct wl_ledger *l, uint64_t seq, char **ret, struct wl_finding *f);

#define WL_NOTE_FILES_MAX 3U
struct wl_note_file {
	char name[33];
	uint64_t bytes;
	uint8_t sha256[32];
	int fd; /* sealed memfd, owned */
};
struct wl_note {
	uint8_t sha256[32];
	struct wl_note_file file[WL_NOTE_FILES_MAX];
	unsigned n;
};
void wl_note_clear(struct wl_note *note); /* for WL_CLEANUP; start from {0} */
int wl_ledger_note(struct wl_ledger *l, const char *intent, struct wl_note *ret,
                   struct wl_finding *f);
/* The same for an outbound intent: custody.json, custody.json.p7s, receipt.txt. */
int wl_ledger_custody(struct wl_ledger *l, const char *intent, struct wl_note *ret,
                      struct wl_finding *f);

/* ---- the first set-up ---- */

int wl_ledger_init(struct wl_ledger *l, const char *station, const char *origin, uid_t uid,
                   const uint8_t authority_spki_sha256[32], char ret_fingerprint[65],
                   struct wl_finding *f);
/* init for a successor of the station whose ledger lies in `folder` (read by ledgerd); `seen` is a
 * checkpoint or receipt of it found elsewhere, or "". */
struct wl_ledger_succession {
	char fingerprint[65], origin[201], old_fingerprint[65], cosigned_at[33];
	uint64_t size, missing;
};
int wl_ledger_succeed(struct wl_ledger *l, const char *station, const char *folder,
                      const char *seen, uid_t uid, const uint8_t authority_spki_sha256[32],
                      struct wl_ledger_succession *ret, struct wl_finding *f);
/* Another key for the ledger: `actor` agrees to what `proposed_by` proposed; afterwards everything
 * that was known of the ledger is to be asked anew. `ret` NULL: only whether it may be. */
struct wl_ledger_rotation {
	char origin[201], fingerprint[65], old_origin[201], old_fingerprint[65];
	uint64_t seq;
};
int wl_ledger_rotate(struct wl_ledger *l, const char *actor, uid_t uid, const char *proposed_by,
                     const char *words, struct wl_ledger_rotation *ret, struct wl_finding *f);
int wl_ledger_confirm(struct wl_ledger *l, const char *fingerprint, uid_t uid, uint64_t *ret_seq,
                      struct wl_finding *f);
struct wl_ledger_card {
	char station[9], origin[201], fingerprint[65], vkey[301];
	uint8_t certificate_sha256[32];
	char *checkpoint; /* free */
};
int wl_ledger_card(struct wl_ledger *l, struct wl_ledger_card *ret, struct wl_finding *f);

#endif
