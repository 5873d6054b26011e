/*
 * The ledger daemon's state: identity, keys, store and facts, and what may be appended.
 *
 * Everything serve.c answers goes through here. One thread; no object here is shared.
 */
#ifndef WL_LEDGER_LEDGER_H
#define WL_LEDGER_LEDGER_H

#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "daemon/ledger/facts.h"
#include "daemon/ledger/identity.h"
#include "daemon/ledger/reserve.h"
#include "daemon/ledger/store.h"

struct wl_predecessor;
struct wl_ledger {
	int dirfd, state_fd, keys_fd;
	char index_path[4096];
	struct wl_keys *keys; /* NULL: none, or not loadable */
	X509 *certificate;    /* NULL likewise */
	bool identified;      /* `station init` was said; id is filled */
	struct wl_identity id;
	struct wl_store *store; /* NULL until identified */
	struct wl_facts *facts; /* NULL until identified */
	char boot[WL_BOOT_TEXT];
	char rendered[WL_ENTRY_BYTES_MAX + 1]; /* the entry that is being staged */
	const char *mirror;                    /* its folder, as it was given; NULL: none */
	struct wl_reserve reserve;
	struct wl_predecessor *archive; /* rotate.h; NULL until it is asked for */
	bool failed; /* the disk failed us: nothing is appended until the machine is restarted */
};

/* The clock as entries say it. */
struct wl_clock {
	int64_t time;  /* the floor itself where the machine's clock is below it */
	int64_t floor; /* what no entry may be before */
	uint64_t mono_ms;
	const char *clock; /* "rtc", "set", "floor" */
};

/*
 * Opens the ledger in the folder `path`. 0, or negative errno with the reason in ret_finding where
 * there is one: -EUCLEAN where the disk does not say what was signed, -EBUSY where another process
 * writes it. A station not yet initialised opens with nothing in it.
 */
int wl_ledger_open(const char *path, struct wl_ledger **ret, struct wl_finding *ret_finding);
/* The same with a mirror (NULL: none; the string stays the caller's) and so many bytes of the disk
 * kept for last words. A mirror that cannot be used is said by wl_ledger_fault. */
int wl_ledger_open_with(const char *path, const char *mirror, uint64_t reserve_bytes,
                        struct wl_ledger **ret, struct wl_finding *ret_finding);
struct wl_ledger *wl_ledger_close(struct wl_ledger *l);

bool wl_ledger_is_initialised(const struct wl_ledger *l); /* entry 0 exists */
void wl_ledger_read_clock(const struct wl_ledger *l, struct wl_clock *ret);
/* Why nothing (or little) can be appended now: WL_RULE_NONE, station.ledger-failed, .no-keys,
 * .mirror-missing, .mirror-failed, .mirror-other, .ledger-full, .clock-behind. */
enum wl_rule wl_ledger_fault(const struct wl_ledger *l);
/* Of those, the disks': only what ends, refuses or explains is appended then. The detail, or "". */
enum wl_rule wl_ledger_disk_fault(const struct wl_ledger *l, const char **ret_detail);
/* Writes station.fault of the disk fault that holds now; 0 where there is none, or it cannot. */
int wl_ledger_say_fault(struct wl_ledger *l);

/*
 * Checks, renders and stages an entry (append.c). `manifest_fd` is the sealed manifest that a
 * transfer.inspected needs, else -1; it stays the caller's. A nonce already used for the same entry
 * is answered with its number (*ret_known). 0; -EBADMSG with the rule that refuses; -EINVAL with
 * what is wrong in the detail; -EEXIST for a nonce of another entry; -ESTALE for a number that is
 * not the next; -ENOENT for a transfer or intent unknown; -EMSGSIZE; -ENOSPC: commit, then again.
 * Anything else has set `failed`.
 */
int wl_ledger_append(struct wl_ledger *l, const struct wl_draft *d, int manifest_fd,
                     uint64_t *ret_seq, int64_t *ret_time, bool *ret_known,
                     struct wl_finding *ret_finding);
/* Makes what is staged durable. Any error has set `failed`. */
int wl_ledger_commit(struct wl_ledger *l);
/* Commits, then brings the files that others read and the index up to date. Likewise. */
int wl_ledger_settle(struct wl_ledger *l);
bool wl_ledger_is_settled(const struct wl_ledger *l);

/* Stages an entry of ledgerd's own (station.init, document.sealed) and commits. */
int wl_ledger_append_own(struct wl_ledger *l, const struct wl_draft *d, uint64_t *ret_seq,
                         int64_t *ret_time);

/* Reads an entry back; *ret is zeroed or cleared before. */
int wl_ledger_entry(struct wl_ledger *l, uint64_t seq, struct wl_entry *ret);

/* station.c: makes keys and identity; nothing is in the ledger yet. -EEXIST once entry 0 exists,
 * -EINVAL. Said again before the confirmation it replaces what was said. */
int wl_station_init(struct wl_ledger *l, const char *station, const char *origin, uint64_t uid,
                    const uint8_t authority_spki_sha256[WL_SHA256_BYTES]);
/* What `station init --succeeds` found (predecessor.h). */
struct wl_succession {
	char origin[WL_ORIGIN_MAX + 1]; /* of the new ledger */
	char old_fingerprint[WL_FINGERPRINT_TEXT];
	uint64_t size, missing; /* entries verified; more that something outside proves */
	char cosigned_at[WL_TIME_TEXT];
};
/* The same for a station whose ledger's copy lies in the folder `path`; `seen` (n bytes) is a
 * checkpoint or receipt of it found elsewhere, or n is 0. -EBADMSG with
 * station.predecessor-refused. The confirmation takes over its facts (heritage.h). */
int wl_station_succeed(struct wl_ledger *l, const char *station, const char *path, uint64_t uid,
                       const uint8_t authority_spki_sha256[WL_SHA256_BYTES], const void *seen,
                       size_t seen_n, struct wl_succession *ret, struct wl_finding *ret_finding);
/* Entry 0, if `uid` is another than the one who said init and the fingerprint is right. -EBADMSG
 * (station.no-keys, approval.same-person), -EKEYREJECTED for another fingerprint, -EEXIST. */
int wl_station_confirm(struct wl_ledger *l, uint64_t uid, const char *fingerprint,
                       uint64_t *ret_seq, struct wl_finding *ret_finding);
/* The checkpoint of size 1, kept from the first commit: text with NUL into buf. -ENOENT. */
int wl_station_first_checkpoint(struct wl_ledger *l, char *buf, size_t size);

#endif
