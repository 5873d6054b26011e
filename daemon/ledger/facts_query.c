/*
 * Questions to the index. Runs in weighlock-ledgerd; arguments come from the broker, which may be
 * compromised, and are bound, never pasted. Answers are copies. Nothing is written.
 */
#include <errno.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/ledger/facts_sql.h"

#define ROW WL_CLEANUP(wl_facts_done) sqlite3_stmt *s = NULL

int wl_facts_nonce(struct wl_facts *f, const uint8_t nonce[WL_NONCE_BYTES], uint64_t *ret_seq,
                   int64_t *ret_time)
{
	ROW;
	int r = wl_facts_row(f, &s, "SELECT seq, time FROM entry WHERE nonce = ?", "b", nonce);

	if (r > 0) {
		*ret_seq = (uint64_t)sqlite3_column_int64(s, 0);
		*ret_time = sqlite3_column_int64(s, 1);
	}
	return r;
}

static int read_transfer(sqlite3_stmt *s, struct wl_transfer_facts *t)
{
	t->first_seq = (uint64_t)sqlite3_column_int64(s, 6);
	t->last_seq = (uint64_t)sqlite3_column_int64(s, 7);
	t->open = sqlite3_column_int(s, 8) != 0;
	if (wl_facts_column(s, 0, t->id, sizeof(t->id)) < 0 ||
	    wl_facts_column(s, 1, t->direction, sizeof(t->direction)) < 0 ||
	    wl_facts_column(s, 2, t->device, sizeof(t->device)) < 0 ||
	    wl_facts_column(s, 3, t->component, sizeof(t->component)) < 0 ||
	    wl_facts_column(s, 4, t->opener, sizeof(t->opener)) < 0 ||
	    wl_facts_column(s, 5, t->state, sizeof(t->state)) < 0)
		return -EUCLEAN;
	return 1;
}

int wl_facts_transfer(struct wl_facts *f, const char *id, struct wl_transfer_facts *ret)
{
	ROW;
	int r = wl_facts_row(f, &s, "SELECT * FROM transfer WHERE id = ?", "t", id);

	return r > 0 ? read_transfer(s, ret) : r;
}

int wl_facts_next_transfer(struct wl_facts *f, uint64_t after_seq, bool open_only,
                           struct wl_transfer_facts *ret)
{
	ROW;
	int r = wl_facts_row(f, &s,
	                     "SELECT * FROM transfer WHERE first_seq > ? AND open >= ?"
	                     " ORDER BY first_seq LIMIT 1",
	                     "ii", (int64_t)after_seq, (int64_t)open_only);

	return r > 0 ? read_transfer(s, ret) : r;
}

int wl_facts_inspection(struct wl_facts *f, const char *transfer, const char *output,
                        struct wl_inspection_facts *ret)
{
	ROW;
	int r = wl_facts_row(f, &s, "SELECT * FROM inspection WHERE transfer = ? AND output = ?",
	                     "tt", transfer, output);

	if (r <= 0)
		return r;
	ret->seq = (uint64_t)sqlite3_column_int64(s, 2);
	ret->release = sqlite3_column_int64(s, 7);
	ret->uses = sqlite3_column_int64(s, 9);
	if (wl_facts_column(s, 3, ret->manifest, sizeof(ret->manifest)) < 0 ||
	    wl_facts_column(s, 4, ret->verdict, sizeof(ret->verdict)) < 0 ||
	    wl_facts_column(s, 5, ret->holds, sizeof(ret->holds)) < 0 ||
	    wl_facts_column(s, 6, ret->component, sizeof(ret->component)) < 0 ||
	    wl_facts_column(s, 8, ret->ticket, sizeof(ret->ticket)) < 0)
		return -EUCLEAN;
	return 1;
}

int wl_facts_approval(struct wl_facts *f, uint64_t seq, const char *manifest,
                      struct wl_approval_facts *ret)
{
	ROW;
	int r = wl_facts_row(
	        f, &s,
	        "SELECT transfer, actor, until, voided, instr(manifests, ? || char(10)),"
	        " accepted FROM approval WHERE seq = ?",
	        "ti", manifest, (int64_t)seq);

	if (r <= 0)
		return r;
	ret->until = sqlite3_column_int64(s, 2);
	ret->voided = sqlite3_column_int(s, 3) != 0;
	ret->manifest_named = sqlite3_column_int(s, 4) != 0;
	if (wl_facts_column(s, 0, ret->transfer, sizeof(ret->transfer)) < 0 ||
	    wl_facts_column(s, 1, ret->actor, sizeof(ret->actor)) < 0 ||
	    wl_facts_column(s, 5, ret->accepted, sizeof(ret->accepted)) < 0)
		return -EUCLEAN;
	return 1;
}

int wl_facts_insertion(struct wl_facts *f, const char *id, struct wl_insertion_facts *ret)
{
	ROW;
	int r = wl_facts_row(f, &s,
	                     "SELECT port, diskseq, medium, boot, gone FROM insertion WHERE id = ?",
	                     "t", id);

	if (r <= 0)
		return r;
	ret->diskseq = (uint64_t)sqlite3_column_int64(s, 1);
	ret->gone = sqlite3_column_int(s, 4) != 0;
	if (wl_facts_column(s, 0, ret->port, sizeof(ret->port)) < 0 ||
	    wl_facts_column(s, 2, ret->medium, sizeof(ret->medium)) < 0 ||
	    wl_facts_column(s, 3, ret->boot, sizeof(ret->boot)) < 0)
		return -EUCLEAN;
	return 1;
}

int wl_facts_is_source(struct wl_facts *f, const char *transfer, const char *insertion)
{
	ROW;

	return wl_facts_row(
	        f, &s,
	        "SELECT 1 FROM source WHERE transfer = ?1 AND (insertion = ?2 OR medium ="
	        " (SELECT medium FROM insertion WHERE id = ?2 AND serial = 1))",
	        "tt", transfer, insertion);
}

int wl_facts_intent_of_output(struct wl_facts *f, const char *transfer, const char *output,
                              const char *state)
{
	ROW;

	return wl_facts_row(f, &s,
	                    "SELECT 1 FROM intent WHERE transfer = ? AND output = ? AND state = ?"
	                    " AND kind = 'release'",
	                    "ttt", transfer, output, state);
}

int wl_facts_release_on(struct wl_facts *f, const char *insertion)
{
	ROW;

	return wl_facts_row(f, &s,
	                    "SELECT 1 FROM intent WHERE insertion = ? AND state = 'open'"
	                    " AND kind = 'release'",
	                    "t", insertion);
}

int wl_facts_intent(struct wl_facts *f, uint64_t seq, const char *kind, const char *transfer)
{
	ROW;

	return wl_facts_row(f, &s,
	                    "SELECT 1 FROM intent WHERE seq = ?1 AND kind = ?2 AND state = 'open'"
	                    " AND (kind <> 'release' OR transfer = ?3)",
	                    "itt", (int64_t)seq, kind, transfer);
}

static int release_row(int r, sqlite3_stmt *s, uint64_t *ret_release)
{
	if (r > 0)
		*ret_release = (uint64_t)sqlite3_column_int64(s, 0);
	return r;
}

int wl_facts_floor(struct wl_facts *f, const char *device, const char *component,
                   uint64_t *ret_release)
{
	ROW;
	int r = wl_facts_row(f, &s, "SELECT release FROM floor WHERE device = ? AND component = ?",
	                     "tt", device, component);

	return release_row(r, s, ret_release);
}

int wl_facts_installed(struct wl_facts *f, const char *device, const char *component,
                       uint64_t *ret_release)
{
	ROW;
	int r = wl_facts_row(f, &s,
	                     "SELECT release FROM installed WHERE device = ? AND component = ?",
	                     "tt", device, component);

	return release_row(r, s, ret_release);
}

int wl_facts_ticket(struct wl_facts *f, const char *device, const char *ticket,
                    const char *transfer, char ret_sha256[WL_SHA256_HEX + 1], uint64_t *ret_uses,
                    bool *ret_withdrawn)
{
	ROW;
	int r = wl_facts_row(f, &s,
	                     "SELECT (SELECT sha256 FROM ticket WHERE id = ?1),"
	                     " (SELECT withdrawn FROM ticket WHERE id = ?1),"
	                     " (SELECT count(*) FROM ticket_use WHERE device = ?2 AND ticket = ?1"
	                     " AND transfer <> ?3)",
	                     "ttt", ticket, device, transfer);

	if (r <= 0)
		return r < 0 ? r : -EIO;
	*ret_withdrawn = sqlite3_column_int(s, 1) != 0;
	*ret_uses = (uint64_t)sqlite3_column_int64(s, 2);
	r = wl_facts_column(s, 0, ret_sha256, WL_SHA256_HEX + 1);
	return r < 0 ? r : 1;
}

int wl_facts_prepared(struct wl_facts *f, const char *head_sha256, uint64_t *ret_seq,
                      char ret_medium[WL_ID_TEXT])
{
	ROW;
	int r = wl_facts_row(f, &s,
	                     "SELECT seq, medium FROM prepared WHERE head = ? AND voided = 0"
	                     " ORDER BY seq DESC LIMIT 1",
	                     "t", head_sha256);

	if (r <= 0)
		return r;
	*ret_seq = (uint64_t)sqlite3_column_int64(s, 0);
	r = wl_facts_column(s, 1, ret_medium, WL_ID_TEXT);
	return r < 0 ? r : 1;
}

int wl_facts_proposal(struct wl_facts *f, uint64_t version, const char *sha256,
                      char ret_actor[WL_ID_TEXT], uint64_t *ret_uid)
{
	ROW;
	int r = wl_facts_row(f, &s,
	                     "SELECT actor, uid FROM proposal WHERE version = ? AND sha256 = ?",
	                     "it", (int64_t)version, sha256);

	if (r <= 0)
		return r;
	*ret_uid = (uint64_t)sqlite3_column_int64(s, 1);
	r = wl_facts_column(s, 0, ret_actor, WL_ID_TEXT);
	return r < 0 ? r : 1;
}

int wl_facts_next_entry(struct wl_facts *f, uint64_t from, const char *transfer, uint64_t *ret_seq)
{
	ROW;
	int r;

	if (transfer[0])
		r = wl_facts_row(f, &s,
		                 "SELECT seq FROM entry WHERE transfer = ? AND seq >= ?"
		                 " ORDER BY seq LIMIT 1",
		                 "ti", transfer, (int64_t)from);
	else
		r = wl_facts_row(f, &s, "SELECT seq FROM entry WHERE seq >= ? ORDER BY seq LIMIT 1",
		                 "i", (int64_t)from);
	if (r > 0)
		*ret_seq = (uint64_t)sqlite3_column_int64(s, 0);
	return r;
}

int wl_facts_next_medium(struct wl_facts *f, const char *after, struct wl_medium_facts *ret)
{
	ROW;
	int r = wl_facts_row(
	        f, &s, "SELECT id, suspect, ours FROM medium WHERE id > ? ORDER BY id LIMIT 1", "t",
	        after);

	if (r <= 0)
		return r;
	ret->suspect = sqlite3_column_int(s, 1) != 0;
	ret->ours = sqlite3_column_int(s, 2) != 0;
	r = wl_facts_column(s, 0, ret->medium, sizeof(ret->medium));
	return r < 0 ? r : 1;
}

int wl_facts_next_insertion(struct wl_facts *f, uint64_t after, uint64_t *ret_number,
                            char ret_id[WL_ID_TEXT], struct wl_insertion_facts *ret)
{
	ROW;
	int r = wl_facts_row(f, &s,
	                     "SELECT rowid, id, port, diskseq, medium, boot FROM insertion"
	                     " WHERE gone = 0 AND rowid > ? ORDER BY rowid LIMIT 1",
	                     "i", (int64_t)after);

	if (r <= 0)
		return r;
	*ret_number = (uint64_t)sqlite3_column_int64(s, 0);
	*ret = (struct wl_insertion_facts){.diskseq = (uint64_t)sqlite3_column_int64(s, 3)};
	if (wl_facts_column(s, 1, ret_id, WL_ID_TEXT) < 0 ||
	    wl_facts_column(s, 2, ret->port, sizeof(ret->port)) < 0 ||
	    wl_facts_column(s, 4, ret->medium, sizeof(ret->medium)) < 0 ||
	    wl_facts_column(s, 5, ret->boot, sizeof(ret->boot)) < 0)
		return -EUCLEAN;
	return 1;
}

int wl_facts_next_proposal(struct wl_facts *f, uint64_t after, struct wl_proposal_facts *ret)
{
	ROW;
	int r = wl_facts_row(f, &s,
	                     "SELECT seq, version, uid, sha256, actor FROM proposal"
	                     " WHERE seq > ?1 AND version > ?2 ORDER BY seq LIMIT 1",
	                     "ii", (int64_t)after, (int64_t)f->station.policy_version);

	if (r <= 0)
		return r;
	ret->seq = (uint64_t)sqlite3_column_int64(s, 0);
	ret->version = (uint64_t)sqlite3_column_int64(s, 1);
	ret->uid = (uint64_t)sqlite3_column_int64(s, 2);
	if (wl_facts_column(s, 3, ret->sha256, sizeof(ret->sha256)) < 0 ||
	    wl_facts_column(s, 4, ret->actor, sizeof(ret->actor)) < 0)
		return -EUCLEAN;
	return 1;
}
