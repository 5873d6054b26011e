/*
 * What the index knows for auditors: whose keys may countersign, what was countersigned, alarms
 * that are open, what two persons have proposed, and the end of the station. All of it from
 * entries.
 */
#ifndef WL_LEDGER_AUDIT_FACTS_H
#define WL_LEDGER_AUDIT_FACTS_H

#include "daemon/base/cosigner.h"
#include "daemon/ledger/facts.h"

#define WL_COSIGNERS_TEXT 4096U /* of one policy, each ended by a newline */

extern const char wl_audit_schema[]; /* its tables; their names are in wl_facts_tables */

/* What one entry changes here; called by facts_apply.c for every entry. 0, -EIO, -EUCLEAN. */
int wl_audit_apply(struct wl_facts *f, const struct wl_entry *e);

/* The keys a policy.loaded names, each ended by a newline. 0, -EUCLEAN where they do not fit. */
int wl_audit_join_cosigners(const struct wl_draft *d, char *buf, size_t size);

/* Each query: 1 and the answer, 0 where there is none, negative errno. */

/* The keys the policy in force names, and how long the ledger may go without a cosignature. */
struct wl_audit_policy {
	char cosigners[WL_COSIGNERS_TEXT];
	int64_t max_age_s; /* 0: none said */
	int64_t since;     /* when a policy first named a cosigner */
};
int wl_audit_policy(struct wl_facts *f, struct wl_audit_policy *ret);

/* The largest size that was countersigned, and the newest time one was taken in. */
struct wl_audit_cosigned {
	uint64_t seq, size;
	int64_t time; /* the earlier of what the cosigner said and the entry's own */
};
int wl_audit_cosigned(struct wl_facts *f, struct wl_audit_cosigned *ret);
/* The `i`th cosignature of a size: the key's text and what stands in its note line (base64). */
int wl_audit_cosignature(struct wl_facts *f, uint64_t size, unsigned i, char vkey[WL_COSIGNER_TEXT],
                         char line[128]);
/* The entry that took in this very cosignature already. */
int wl_audit_cosignature_known(struct wl_facts *f, const char *line, uint64_t *ret_seq);

/* The last alarm nobody has settled: its entry and rule. */
int wl_audit_alarm(struct wl_facts *f, uint64_t *ret_seq, enum wl_rule *ret_rule);
/* Was this checkpoint already the cause of an alarm, settled or not? */
int wl_audit_alarm_known(struct wl_facts *f, uint64_t size, const char *root_sha256);

struct wl_audit_proposal {
	uint64_t seq, uid;
	int64_t time;
	char actor[WL_ID_TEXT], entry[WL_ID_TEXT]; /* entry: of the alarm, "" for others */
};
/* What was last proposed under this name and not yet done. */
int wl_audit_proposal(struct wl_facts *f, const char *method, struct wl_audit_proposal *ret);

int wl_audit_retired(struct wl_facts *f); /* 1: the station was retired */
/* The next manifest named by an entry from `from` on, in order of entries. */
int wl_audit_next_manifest(struct wl_facts *f, uint64_t from, uint64_t *ret_seq,
                           char ret_sha256[WL_SHA256_HEX + 1]);

#endif
