/*
 * What each event changes in the index: one row of a table and one small function per event.
 *
 * Runs in weighlock-ledgerd on entries already checked. The same functions run when an entry is
 * appended and when the index is made again, so both say the same. Floors and ticket uses count
 * from the intent on (DESIGN 3.6), whatever became of the release.
 */
#include "daemon/ledger/facts_apply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"
#include "daemon/ledger/audit_facts.h"
#include "daemon/ledger/heritage.h"

#define TEXT(e, m) wl_draft_get_text(&(e)->draft, WL_M_##m)
#define INT(e, m)  wl_draft_get_integer(&(e)->draft, WL_M_##m)

static void copy(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%s", from);
}

/* The elements of a list, each ended by a newline; free it. NULL without memory. */
static char *join(const struct wl_entry *e, enum wl_member member)
{
	size_t n = 1;
	const char *s;
	char *buf, *at;

	for (size_t i = 0; (s = wl_draft_get_element(&e->draft, member, i)) != NULL; i++)
		n += strlen(s) + 1;
	at = buf = malloc(n);
	if (!buf)
		return NULL;
	for (size_t i = 0; (s = wl_draft_get_element(&e->draft, member, i)) != NULL; i++)
		at = stpcpy(stpcpy(at, s), "\n");
	*at = '\0';
	return buf;
}

static int station_init(struct wl_facts *f, const struct wl_entry *e)
{
	copy(f->station.station, sizeof(f->station.station), e->station);
	copy(f->station.origin, sizeof(f->station.origin), TEXT(e, ORIGIN));
	copy(f->station.authority_spki_sha256, sizeof(f->station.authority_spki_sha256),
	     TEXT(e, POLICY_AUTHORITY_SPKI_SHA256));
	return 0;
}

static int policy_proposed(struct wl_facts *f, const struct wl_entry *e)
{
	return wl_facts_run(f, "INSERT OR REPLACE INTO proposal VALUES (?, ?, ?, ?, ?)", "ittii",
	                    INT(e, POLICY_VERSION), TEXT(e, SHA256), e->draft.actor,
	                    (int64_t)e->draft.uid, (int64_t)e->seq);
}

/* A new version spends every approval given under the old one (INTERFACES 8). */
static int policy_loaded(struct wl_facts *f, const struct wl_entry *e)
{
	uint64_t version = (uint64_t)INT(e, POLICY_VERSION);
	bool newer = version > f->station.policy_version;

	f->station.policy_version = version;
	copy(f->station.policy_sha256, sizeof(f->station.policy_sha256), TEXT(e, SHA256));
	f->station.approvals_inbound = INT(e, APPROVALS_INBOUND);
	f->station.approvals_outbound = INT(e, APPROVALS_OUTBOUND);
	return newer ? wl_facts_run(f, "UPDATE approval SET voided = 1 WHERE voided = 0", "") : 0;
}

static int ticket_added(struct wl_facts *f, const struct wl_entry *e)
{
	return wl_facts_run(f,
	                    "INSERT INTO ticket (id, sha256) VALUES (?, ?)"
	                    " ON CONFLICT (id) DO UPDATE SET sha256 = excluded.sha256",
	                    "tt", TEXT(e, TICKET), TEXT(e, SHA256));
}

static int ticket_withdrawn(struct wl_facts *f, const struct wl_entry *e)
{
	return wl_facts_run(f,
	                    "INSERT INTO ticket (id, sha256, withdrawn) VALUES (?, ?, 1)"
	                    " ON CONFLICT (id) DO UPDATE SET withdrawn = 1",
	                    "tt", TEXT(e, TICKET), TEXT(e, SHA256));
}

static int medium_seen(struct wl_facts *f, const struct wl_entry *e)
{
	uint64_t n;
	/* there is one at most, by this very statement; a row named by its number is changed where
	 * it is, rows found by an index that changes with them are first gathered in a table */
	int r = wl_facts_run(f,
	                     "UPDATE insertion SET gone = 1 WHERE rowid = (SELECT rowid FROM"
	                     " insertion WHERE port = ? AND gone = 0)",
	                     "t", TEXT(e, PORT));

	if (r < 0 || wl_id_number(WL_ID_INSERTION, TEXT(e, INSERTION), &n) < 0)
		return -EUCLEAN;
	f->station.next_insertion = n + 1;
	return wl_facts_run(f,
	                    "INSERT INTO insertion (id, port, diskseq, medium, serial, boot)"
	                    " VALUES (?, ?, ?, ?, ?, ?)",
	                    "ttitit", TEXT(e, INSERTION), TEXT(e, PORT), INT(e, DISKSEQ),
	                    TEXT(e, MEDIUM), (int64_t)(TEXT(e, SERIAL)[0] != '\0'), e->boot);
}

static int medium_gone(struct wl_facts *f, const struct wl_entry *e)
{
	return wl_facts_run(f, "UPDATE insertion SET gone = 1 WHERE id = ?", "t",
	                    TEXT(e, INSERTION));
}

/*
 * Something is written to a medium: it is no longer as it was prepared. A device with a serial
 * number is known by its id; one without shares its id with its like, so there only what was
 * prepared during this insertion ends (its head, which holds the intent's volume id, differs from
 * the first write on anyway).
 */
static int unprepare(struct wl_facts *f, const char *medium, const char *insertion)
{
	return wl_facts_run(f,
	                    "UPDATE prepared SET voided = 1 WHERE voided = 0 AND (insertion = ?1 OR"
	                    " (medium = ?2 AND (substr(?2, 1, 1) <> '?' OR EXISTS (SELECT 1 FROM"
	                    " insertion WHERE id = ?1 AND serial = 1))))",
	                    "tt", insertion, medium);
}

static int medium_prepared(struct wl_facts *f, const struct wl_entry *e)
{
	int r = wl_facts_run(f,
	                     "INSERT INTO prepared (seq, head, medium, insertion)"
	                     " VALUES (?, ?, ?, ?)",
	                     "ittt", (int64_t)e->seq, TEXT(e, HEAD_SHA256), TEXT(e, MEDIUM),
	                     TEXT(e, INSERTION));

	return r < 0 ? r
	             : wl_facts_run(f, "INSERT OR REPLACE INTO medium VALUES (?, 0, 1)", "t",
	                            TEXT(e, MEDIUM));
}

/* What was read for a transfer: it is never that transfer's destination, in whatever port. */
static int gate_opened(struct wl_facts *f, const struct wl_entry *e)
{
	if (!e->draft.transfer[0] || strcmp(TEXT(e, GATE), "a") != 0)
		return 0;
	return wl_facts_run(f,
	                    "INSERT OR REPLACE INTO source VALUES (?1, ?2, (SELECT medium FROM"
	                    " insertion WHERE id = ?2 AND serial = 1))",
	                    "tt", e->draft.transfer, TEXT(e, INSERTION));
}

/* The medium that an intent named is suspect from now on, or no longer. */
static int mark_suspect(struct wl_facts *f, const struct wl_entry *e, bool suspect)
{
	uint64_t seq;

	if (wl_id_number(WL_ID_ENTRY, TEXT(e, INTENT), &seq) < 0)
		return -EUCLEAN;
	return wl_facts_run(f,
	                    "INSERT INTO medium SELECT medium, ?1, 0 FROM intent JOIN insertion"
	                    " ON insertion.id = intent.insertion WHERE seq = ?2"
	                    " ON CONFLICT (id) DO UPDATE SET suspect = ?1",
	                    "ii", (int64_t)suspect, (int64_t)seq);
}

static int transfer_opened(struct wl_facts *f, const struct wl_entry *e)
{
	uint64_t n;

	if (wl_id_number(WL_ID_TRANSFER, e->draft.transfer, &n) < 0)
		return -EUCLEAN;
	f->station.next_transfer = n + 1;
	return wl_facts_run(f,
	                    "INSERT INTO transfer VALUES (?, ?, ?, '', ?, 'transfer.opened', ?,"
	                    " ?, 1)",
	                    "ttttii", e->draft.transfer, TEXT(e, DIRECTION), TEXT(e, DEVICE),
	                    e->draft.actor, (int64_t)e->seq, (int64_t)e->seq);
}

static int transfer_inspected(struct wl_facts *f, const struct wl_entry *e)
{
	WL_AUTO_FREE char *holds = join(e, WL_M_HOLDS);
	int64_t release = wl_draft_has(&e->draft, WL_M_RELEASE) ? INT(e, RELEASE) : -1;

	if (!holds)
		return -ENOMEM;
	return wl_facts_run(f,
	                    "INSERT OR REPLACE INTO inspection VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?,"
	                    " ?)",
	                    "ttittttiti", e->draft.transfer, TEXT(e, OUTPUT), (int64_t)e->seq,
	                    TEXT(e, MANIFEST_SHA256), TEXT(e, VERDICT), holds, TEXT(e, COMPONENT),
	                    release, TEXT(e, TICKET),
	                    wl_draft_has(&e->draft, WL_M_TICKET_USES) ? INT(e, TICKET_USES)
	                                                              : (int64_t)-1);
}

static int transfer_approved(struct wl_facts *f, const struct wl_entry *e)
{
	int64_t until = 0;
	int r = wl_time_parse(TEXT(e, UNTIL), &until);

	if (r < 0)
		return -EUCLEAN;
	WL_AUTO_FREE char *manifests = join(e, WL_M_MANIFESTS_SHA256);
	WL_AUTO_FREE char *accepted = join(e, WL_M_ACCEPTED);
	r = -ENOMEM;
	if (manifests && accepted)
		r = wl_facts_run(f,
		                 "INSERT INTO approval (seq, transfer, actor, until, manifests,"
		                 " accepted) VALUES (?, ?, ?, ?, ?, ?)",
		                 "ittitt", (int64_t)e->seq, e->draft.transfer, e->draft.actor,
		                 until, manifests, accepted);
	return r; /* NOLINT(clang-analyzer-unix.Malloc): freed by attribute */
}

static int approval_voided(struct wl_facts *f, const struct wl_entry *e)
{
	const char *id;

	for (size_t i = 0; (id = wl_draft_get_element(&e->draft, WL_M_APPROVALS, i)) != NULL; i++) {
		uint64_t seq;
		if (wl_id_number(WL_ID_ENTRY, id, &seq) < 0)
			return -EUCLEAN;
		int r = wl_facts_run(f, "UPDATE approval SET voided = 1 WHERE seq = ?", "i",
		                     (int64_t)seq);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_intent(struct wl_facts *f, const struct wl_entry *e, const char *kind,
                      const char *insertion)
{
	int r = wl_facts_run(f,
	                     "INSERT INTO intent (seq, kind, transfer, output, insertion)"
	                     " VALUES (?, ?, ?, ?, ?)",
	                     "itttt", (int64_t)e->seq, kind, e->draft.transfer, TEXT(e, OUTPUT),
	                     insertion);

	return r < 0 ? r : unprepare(f, TEXT(e, MEDIUM), insertion);
}

static int release_intent(struct wl_facts *f, const struct wl_entry *e)
{
	int r = add_intent(f, e, "release", TEXT(e, DESTINATION_INSERTION));

	if (r == 0)
		r = wl_facts_run(f, "UPDATE transfer SET component = ? WHERE id = ?", "tt",
		                 TEXT(e, COMPONENT), e->draft.transfer);
	if (r == 0 && wl_draft_has(&e->draft, WL_M_RELEASE))
		r = wl_facts_run(f,
		                 "INSERT INTO floor VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
		                 " SET release = max(release, excluded.release)",
		                 "tti", TEXT(e, DEVICE), TEXT(e, COMPONENT), INT(e, RELEASE));
	if (r == 0 && wl_draft_has(&e->draft, WL_M_TICKET))
		r = wl_facts_run(f, "INSERT OR IGNORE INTO ticket_use VALUES (?, ?, ?)", "ttt",
		                 TEXT(e, DEVICE), TEXT(e, TICKET), e->draft.transfer);
	return r;
}

static int wipe_intent(struct wl_facts *f, const struct wl_entry *e)
{
	return add_intent(f, e, "wipe", TEXT(e, INSERTION));
}

static int end_intent(struct wl_facts *f, const struct wl_entry *e, const char *state)
{
	uint64_t seq;

	if (wl_id_number(WL_ID_ENTRY, TEXT(e, INTENT), &seq) < 0)
		return -EUCLEAN;
	return wl_facts_run(f, "UPDATE intent SET state = ? WHERE seq = ?", "ti", state,
	                    (int64_t)seq);
}

static int intent_done(struct wl_facts *f, const struct wl_entry *e)
{
	return end_intent(f, e, "done");
}

static int intent_failed(struct wl_facts *f, const struct wl_entry *e)
{
	return end_intent(f, e, "failed");
}

static int release_done(struct wl_facts *f, const struct wl_entry *e)
{
	int r = intent_done(f, e);

	return r < 0 ? r : mark_suspect(f, e, false);
}

static int release_failed(struct wl_facts *f, const struct wl_entry *e)
{
	int r = intent_failed(f, e);

	return r < 0 ? r : mark_suspect(f, e, true);
}

static int release_unknown(struct wl_facts *f, const struct wl_entry *e)
{
	int r = end_intent(f, e, "unknown");

	return r < 0 ? r : mark_suspect(f, e, true);
}

static int transfer_outcome(struct wl_facts *f, const struct wl_entry *e)
{
	if (strcmp(TEXT(e, OUTCOME), "installed") != 0)
		return 0;
	return wl_facts_run(f,
	                    "INSERT OR REPLACE INTO installed SELECT device, component, ?"
	                    " FROM transfer WHERE id = ? AND component <> ''",
	                    "it", INT(e, RELEASE_AFTER), e->draft.transfer);
}

/* One output of an export has arrived; with the last of them the transfer ends. An output that left
 * nothing (verdict refuse) is not waited for. */
static int transfer_acknowledged(struct wl_facts *f, const struct wl_entry *e)
{
	int r = wl_facts_run(f,
	                     "UPDATE inspection SET verdict = 'acknowledged' WHERE transfer = ?"
	                     " AND output = ?",
	                     "tt", e->draft.transfer, TEXT(e, OUTPUT));

	return r < 0 ? r
	             : wl_facts_run(f,
	                            "UPDATE transfer SET open = open AND EXISTS (SELECT 1 FROM"
	                            " inspection WHERE transfer = ?1 AND verdict IN ('pass',"
	                            " 'hold')) WHERE id = ?1",
	                            "t", e->draft.transfer);
}

static int clock_set(struct wl_facts *f, const struct wl_entry *e)
{
	copy(f->station.clock_boot, sizeof(f->station.clock_boot), e->boot);
	return 0;
}

/* moves: the transfer's state is this event from now on; ends: nothing more can become of it. */
static const struct {
	int (*apply)(struct wl_facts *f, const struct wl_entry *e);
	enum wl_event event;
	bool moves, ends;
} rows[] = {
        {station_init, WL_E_STATION_INIT, false, false},
        {policy_proposed, WL_E_POLICY_PROPOSED, false, false},
        {policy_loaded, WL_E_POLICY_LOADED, false, false},
        {ticket_added, WL_E_TICKET_ADDED, false, false},
        {ticket_withdrawn, WL_E_TICKET_WITHDRAWN, false, false},
        {medium_seen, WL_E_MEDIUM_SEEN, false, false},
        {medium_gone, WL_E_MEDIUM_GONE, false, false},
        {medium_prepared, WL_E_MEDIUM_PREPARED, false, false},
        {transfer_opened, WL_E_TRANSFER_OPENED, true, false},
        {NULL, WL_E_TRANSFER_PRESERVED, true, false},
        {transfer_inspected, WL_E_TRANSFER_INSPECTED, true, false},
        {transfer_approved, WL_E_TRANSFER_APPROVED, true, false},
        {NULL, WL_E_TRANSFER_REJECTED, true, true},
        {NULL, WL_E_TRANSFER_RETRIED, true, false},
        {approval_voided, WL_E_APPROVAL_VOIDED, true, false},
        {NULL, WL_E_TRANSFER_CANCELLED, true, true},
        {NULL, WL_E_TRANSFER_REFUSED, true, true},
        {NULL, WL_E_TRANSFER_FAILED, true, false},
        {release_intent, WL_E_RELEASE_INTENT, true, false},
        {NULL, WL_E_RELEASE_WRITTEN, true, false},
        {release_done, WL_E_RELEASE_DONE, true, false},
        {release_failed, WL_E_RELEASE_FAILED, true, false},
        {release_unknown, WL_E_RELEASE_UNKNOWN, true, false},
        {transfer_outcome, WL_E_TRANSFER_OUTCOME, true, true},
        {transfer_acknowledged, WL_E_TRANSFER_ACKNOWLEDGED, true, false},
        {wipe_intent, WL_E_WIPE_INTENT, false, false},
        {intent_done, WL_E_WIPE_DONE, false, false},
        {intent_failed, WL_E_WIPE_FAILED, false, false},
        {gate_opened, WL_E_GATE_OPENED, false, false},
        {clock_set, WL_E_CLOCK_SET, false, false},
};

static int touch_transfer(struct wl_facts *f, const struct wl_entry *e, bool moves, bool ends)
{
	const char *name = wl_event_row(e->draft.event)->name;

	if (!moves)
		return wl_facts_run(f, "UPDATE transfer SET last_seq = ? WHERE id = ?", "it",
		                    (int64_t)e->seq, e->draft.transfer);
	return wl_facts_run(f,
	                    "UPDATE transfer SET last_seq = ?, state = ?, open = open AND ?"
	                    " WHERE id = ?",
	                    "itit", (int64_t)e->seq, name, (int64_t)!ends, e->draft.transfer);
}

/* The source's gate moves a transfer only while it is being read: INTERFACES 8. */
static bool gate_moves(struct wl_facts *f, const struct wl_entry *e)
{
	struct wl_transfer_facts t;

	if ((e->draft.event != WL_E_GATE_OPENED && e->draft.event != WL_E_GATE_SHUT) ||
	    strcmp(TEXT(e, GATE), "a") != 0 || wl_facts_transfer(f, e->draft.transfer, &t) <= 0)
		return false;
	return strcmp(t.state, "transfer.opened") == 0 ||
	       strcmp(t.state, "transfer.retried") == 0 || strncmp(t.state, "gate.", 5) == 0;
}

int wl_facts_apply_event(struct wl_facts *f, const struct wl_entry *e)
{
	bool moves = false, ends = false;
	int r = 0;

	for (size_t i = 0; i < WL_ARRAY_LEN(rows); i++) {
		if (rows[i].event != e->draft.event)
			continue;
		moves = rows[i].moves;
		ends = rows[i].ends;
		r = rows[i].apply ? rows[i].apply(f, e) : 0;
		break;
	}
	if (r == 0)
		r = wl_facts_heritage_apply(f, e);
	if (r == 0)
		r = wl_facts_visit_apply(f, e);
	if (r == 0)
		r = wl_audit_apply(f, e);
	if (r == 0 && e->draft.transfer[0])
		r = touch_transfer(f, e, moves || gate_moves(f, e), ends);
	return r;
}
