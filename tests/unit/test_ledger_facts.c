/* The index: made again from the entries it is the same, row by row; an index of another tree or
 * format is not used; and what may be appended when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sqlite3.h>
#include <cmocka.h>

#include "daemon/base/cleanup.h"
#include "daemon/ledger/facts_schema.h"
#include "daemon/ledger/facts_sql.h"
#include "tests/unit/ledger_fixture.h"

#define T1    "STN3-T000001"
#define T2    "STN3-T000002"
#define VISIT "visit=WO-8841", "device=x-0042", "engineer=E", "engineer_org=Acme", "escort=tech-1"

static struct fixture x;

static int setup(void **state)
{
	(void)state;
	fixture_make(&x);
	fixture_policy(&x);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_remove(&x);
	return 0;
}

/* A cosignature is written by ledgerd alone: what it writes, without the signature. */
static void cosigned(void)
{
	WL_CLEANUP(wl_draft_clear)
	struct wl_draft d = {.event = WL_E_LEDGER_COSIGNED, .nonce = {9}, .actor = "audit-1"};
	uint64_t seq;
	int64_t when;

	assert_int_equal(wl_draft_text(&d, WL_M_VKEY, "audit-1.example+00000000+AA=="), 0);
	assert_int_equal(wl_draft_integer(&d, WL_M_SIZE, 2), 0);
	assert_int_equal(wl_draft_text(&d, WL_M_ROOT_SHA256, FX_HEX), 0);
	assert_int_equal(wl_draft_text(&d, WL_M_COSIGNED_AT, "2026-12-01T00:00:00Z"), 0);
	assert_int_equal(wl_draft_text(&d, WL_M_SIGNATURE, "AAAA"), 0);
	assert_int_equal(wl_ledger_append_own(x.l, &d, &seq, &when), 0);
}

/* An alarm, settled by two; and a proposal that waits. */
static void alarmed(void)
{
	char entry[64], id[WL_ID_TEXT];

	assert_int_equal(fixture_append(&x, "station.fault", "station", 990, "", "part=ledger",
	                                "rule=station.ledger-forked", "errno:=0", "size:=2",
	                                "root_sha256=" FX_HEX),
	                 0);
	wl_id_entry("STN3", x.seq, id);
	(void)snprintf(entry, sizeof(entry), "entry=%s", id);
	assert_int_equal(fixture_append(&x, "action.proposed", "admin-1", 1000, "", "method=settle",
	                                "words=w", entry),
	                 0);
	assert_int_equal(fixture_append(&x, "alarm.settled", "admin-2", 1001, "", entry, "words=w",
	                                "proposed_by=admin-1"),
	                 0);
	assert_int_equal(fixture_append(&x, "action.proposed", "admin-1", 1000, "", "method=retire",
	                                "words=w"),
	                 0);
}

/* Every event that the index knows, some of them more than once. */
static void history(void)
{
	char approval[WL_ID_TEXT], intent[64], id[WL_ID_TEXT];

	assert_int_equal(fixture_append(&x, "ticket.added", "tech-1", 2001, "",
	                                "ticket=AA-2026-0117", "sha256=" FX_HEX, "signers[]=a",
	                                "not_after=2027-01-01T00:00:00Z"),
	                 0);
	fixture_inspected(&x, T1, "hold", "transfer.incomplete");
	fixture_approved(&x, T1, "appr-1", "transfer.incomplete", approval);
	fixture_seen(&x, "STN3-I000001", "b1");
	assert_int_equal(fixture_intent(&x, T1, "STN3-I000001", approval, NULL), 0);
	wl_id_entry("STN3", x.seq, id);
	(void)snprintf(intent, sizeof(intent), "intent=%s", id);
	assert_int_equal(fixture_append(&x, "release.failed", "station", 990, T1, intent,
	                                "rule=destination.gone", "bytes:=5"),
	                 0);
	fixture_seen(&x, "STN3-I000002", "b1");
	assert_int_equal(fixture_intent(&x, T1, "STN3-I000002", approval, NULL), 0);
	wl_id_entry("STN3", x.seq, id);
	(void)snprintf(intent, sizeof(intent), "intent=%s", id);
	assert_int_equal(fixture_append(&x, "release.done", "station", 990, T1, intent), 0);
	assert_int_equal(fixture_append(&x, "transfer.outcome", "tech-1", 2001, T1,
	                                "outcome=installed", "release_before:=1",
	                                "release_after:=40201", "engineer=E", "escort=P", "words="),
	                 0);
	assert_int_equal(fixture_append(&x, "wipe.intent", "cust-1", 4001, "",
	                                "insertion=STN3-I000002", "port=b1", "medium=?9f3c51a2b07e",
	                                "method=quick"),
	                 0);
	wl_id_entry("STN3", x.seq, id);
	(void)snprintf(intent, sizeof(intent), "intent=%s", id);
	assert_int_equal(fixture_append(&x, "wipe.done", "station", 990, "", intent, "bytes:=1",
	                                "errors:=0"),
	                 0);
	assert_int_equal(fixture_append(&x, "medium.prepared", "station", 990, "", intent,
	                                "insertion=STN3-I000002", "medium=?9f3c51a2b07e",
	                                "volume=fat32", "bytes:=1", "head_sha256=" FX_HEAD),
	                 0);
	assert_int_equal(
	        fixture_append(&x, "medium.gone", "station", 990, "", "insertion=STN3-I000002"), 0);
	fixture_inspected(&x, T2, "pass", NULL);
	assert_int_equal(fixture_append(&x, "gate.opened", "tech-1", 2001, T2, "gate=a",
	                                "insertion=STN3-I000002", "port=b1", "purpose=read"),
	                 0);
	assert_int_equal(fixture_append(&x, "transfer.rejected", "appr-1", 3001, T2, "words=no"),
	                 0);
	assert_int_equal(fixture_append(&x, "ticket.withdrawn", "appr-1", 3001, "",
	                                "ticket=AA-2026-0117", "sha256=" FX_HEX),
	                 0);
	assert_int_equal(fixture_append(&x, "clock.set", "admin-1", 1000, "",
	                                "old=2026-01-01T00:00:00Z", "new=2026-01-01T00:00:01Z",
	                                "second_actor=admin-2"),
	                 0);
	assert_int_equal(fixture_append(&x, "visit.opened", "appr-1", 3001, "", VISIT), 0);
	assert_int_equal(fixture_append(&x, "visit.confirmed", "tech-1", 2001, "", VISIT), 0);
	cosigned();
	alarmed();
	assert_int_equal(wl_ledger_settle(x.l), 0); /* the index is written with the files */
}

static void dump_row(sqlite3_stmt *s, FILE *out)
{
	for (int i = 0; i < sqlite3_column_count(s); i++) {
		const uint8_t *p = sqlite3_column_blob(s, i);
		for (int k = 0; k < sqlite3_column_bytes(s, i); k++)
			(void)fprintf(out, "%02x", p[k]);
		(void)fputc('|', out);
	}
	(void)fputc('\n', out);
}

/* Everything in the index as text; the ledger is closed meanwhile. */
static char *dump(size_t *ret_rows)
{
	char path[128], sql[128], *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);
	sqlite3 *db;

	*ret_rows = 0;
	(void)snprintf(path, sizeof(path), "%s/.state/index.db", x.dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	for (size_t i = 0; wl_facts_tables[i]; i++) {
		sqlite3_stmt *s;
		(void)snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\" ORDER BY 1, 2",
		               wl_facts_tables[i]);
		assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
		(void)fprintf(out, "%s\n", wl_facts_tables[i]);
		size_t before = *ret_rows;
		while (sqlite3_step(s) == SQLITE_ROW) {
			dump_row(s, out);
			(*ret_rows)++;
		}
		assert_true(*ret_rows > before); /* the history fills every table */
		(void)sqlite3_finalize(s);
	}
	(void)sqlite3_close(db);
	(void)fclose(out);
	return text;
}

static void index_path(char buf[128], const char *end)
{
	(void)snprintf(buf, 128, "%s/.state/index.db%s", x.dir, end);
}

static void made_again_is_the_same(void **state)
{
	WL_AUTO_FREE char *first = NULL, *second = NULL;
	size_t rows, again;
	char path[128];

	(void)state;
	history();
	fixture_close(&x);
	first = dump(&rows);
	index_path(path, "");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(fixture_open(&x), 0);
	fixture_close(&x);
	second = dump(&again);
	assert_int_equal(rows, again);
	assert_string_equal(first, second);
}

static void change_index(const char *sql)
{
	char path[128];
	sqlite3 *db;

	index_path(path, "");
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
}

/* An index that cannot show that it is of this tree is made again; what was put in it is gone. */
static void not_ours_is_made_again(void **state)
{
	static const char *const changes[] = {
	        "UPDATE station SET root = zeroblob(32)",
	        "UPDATE station SET format = 999",
	        "UPDATE station SET size = 3",
	        "DROP TABLE station",
	};
	uint64_t release;

	(void)state;
	history();
	for (size_t i = 0; i < WL_ARRAY_LEN(changes); i++) {
		fixture_close(&x);
		change_index("UPDATE floor SET release = 1");
		change_index(changes[i]);
		assert_int_equal(fixture_open(&x), 0);
		assert_int_equal(wl_facts_floor(x.l->facts, "x-0042", "scan-app", &release), 1);
		assert_int_equal(release, 40201);
	}
}

/* An index some commits behind is brought up to date by the rest of the entries. */
static void older_index_catches_up(void **state)
{
	WL_AUTO_FREE char *first = NULL, *second = NULL;
	size_t rows, again;
	char command[512];

	(void)state;
	fixture_close(&x);
	(void)snprintf(command, sizeof(command), "cp -a %s/.state/index.db %s/older", x.dir, x.dir);
	assert_int_equal(system(command), 0);
	assert_int_equal(fixture_open(&x), 0);
	history();
	fixture_close(&x);
	first = dump(&rows);
	(void)snprintf(command, sizeof(command),
	               "rm %s/.state/index.db*; mv %s/older %s/.state/index.db", x.dir, x.dir,
	               x.dir);
	assert_int_equal(system(command), 0);
	assert_int_equal(fixture_open(&x), 0);
	fixture_close(&x);
	second = dump(&again);
	assert_string_equal(first, second);
	assert_int_equal(fixture_open(&x), 0);
}

static void nonces(void **state)
{
	static const uint8_t nonce[WL_NONCE_BYTES] = {1, 2, 3};
	uint64_t seq;

	(void)state;
	assert_int_equal(fixture_stage(&x, nonce, "call.denied", "uid:7", 7, "", -1, "method=a",
	                               "rule=person.unknown", NULL),
	                 0);
	assert_false(x.known);
	seq = x.seq;
	/* again within the same group, and after it */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(fixture_stage(&x, nonce, "call.denied", "uid:7", 7, "", -1,
		                               "rule=person.unknown", "method=a", NULL),
		                 0);
		assert_true(x.known);
		assert_int_equal(x.seq, seq);
		assert_int_equal(wl_ledger_commit(x.l), 0);
	}
	assert_int_equal(fixture_stage(&x, nonce, "call.denied", "uid:7", 7, "", -1, "method=b",
	                               "rule=person.unknown", NULL),
	                 -EEXIST);
	assert_int_equal(fixture_stage(&x, nonce, "call.denied", "uid:8", 8, "", -1, "method=a",
	                               "rule=person.unknown", NULL),
	                 -EEXIST);
	assert_int_equal(wl_store_size(x.l->store), seq + 1);
}

static void own_events_are_not_the_brokers(void **state)
{
	(void)state;
	assert_int_equal(fixture_append(&x, "document.sealed", "station", 990, "", "kind=x",
	                                "sha256=" FX_HEX, "entry=STN3#1"),
	                 -EINVAL);
	assert_int_equal(fixture_append(&x, "station.init", "uid:1", 1, "", "ledger_vkey=x",
	                                "document_spki_sha256=" FX_HEX,
	                                "policy_authority_spki_sha256=" FX_HEX, "origin=x",
	                                "second_actor=uid:2"),
	                 -EINVAL);
	/* a broker that could countersign would put off the auditor for ever */
	assert_int_equal(fixture_append(&x, "ledger.cosigned", "audit-1", 5001, "", "vkey=x",
	                                "size:=1", "root_sha256=" FX_HEX,
	                                "cosigned_at=2026-12-01T00:00:00Z", "signature=x"),
	                 -EINVAL);
	assert_non_null(strstr(x.f.detail, "ledger.cosigned is written by ledgerd alone"));
	assert_int_equal(fixture_append(&x, "station.certified", "admin-1", 1000, "",
	                                "sha256=" FX_HEX, "not_after=2036-12-01T00:00:00Z"),
	                 -EINVAL);
	assert_non_null(strstr(x.f.detail, "station.certified is written by ledgerd alone"));
}

static void groups_are_checked_within(void **state)
{
	(void)state;
	/* the second of a group sees the first: numbers go on before anything is durable */
	assert_int_equal(fixture_stage(&x, NULL, "transfer.opened", "tech-1", 2001, T1, -1,
	                               "direction=inbound", "device=x-0042", "outputs[]=delivery",
	                               NULL),
	                 0);
	assert_int_equal(fixture_stage(&x, NULL, "transfer.opened", "tech-1", 2001, T1, -1,
	                               "direction=inbound", "device=x-0042", "outputs[]=delivery",
	                               NULL),
	                 -ESTALE);
	assert_int_equal(fixture_stage(&x, NULL, "transfer.cancelled", "tech-1", 2001, T1, -1,
	                               "cause=x", NULL),
	                 0);
	assert_int_equal(wl_ledger_commit(x.l), 0);
	struct wl_transfer_facts t;
	assert_int_equal(wl_facts_transfer(x.l->facts, T1, &t), 1);
	assert_string_equal(t.state, "transfer.cancelled");
	assert_false(t.open);
}

static void visits_are_their_escorts(void **state)
{
	struct wl_visit_facts v;

	(void)state;
	assert_int_equal(fixture_append(&x, "visit.confirmed", "tech-1", 2001, "", VISIT), -ENOENT);
	assert_int_equal(fixture_append(&x, "transfer.opened", "tech-1", 2001, T1,
	                                "direction=inbound", "device=x-0042", "outputs[]=delivery",
	                                "visit=WO-8841"),
	                 -ENOENT);
	assert_int_equal(fixture_append(&x, "visit.opened", "appr-1", 3001, "", VISIT), 0);
	assert_int_equal(fixture_append(&x, "visit.opened", "appr-1", 3001, "", VISIT), -EBADMSG);
	assert_int_equal(x.f.rule, WL_RULE_VISIT_EXISTS);
	assert_int_equal(fixture_append(&x, "visit.confirmed", "appr-1", 3001, "", VISIT),
	                 -EBADMSG);
	assert_int_equal(x.f.rule, WL_RULE_VISIT_OTHER_ESCORT);
	assert_int_equal(fixture_append(&x, "visit.confirmed", "tech-1", 2001, "", VISIT), 0);
	assert_int_equal(wl_facts_next_visit(x.l->facts, 0, &v), 1);
	assert_string_equal(v.id, "WO-8841");
	assert_true(v.confirmed == v.opened + 1 && v.closed == 0);
	assert_int_equal(wl_facts_next_visit(x.l->facts, v.opened, &v), 0);
	assert_int_equal(fixture_append(&x, "visit.closed", "appr-1", 3001, "", VISIT), 0);
	assert_int_equal(fixture_append(&x, "visit.confirmed", "tech-1", 2001, "", VISIT),
	                 -EBADMSG);
	assert_int_equal(x.f.rule, WL_RULE_VISIT_CLOSED);
	assert_int_equal(fixture_append(&x, "transfer.opened", "tech-1", 2001, T1,
	                                "direction=inbound", "device=x-0042", "outputs[]=delivery",
	                                "visit=WO-8841"),
	                 -EBADMSG);
	/* closed ones are told of as long as they are among the last that were opened */
	for (unsigned i = 0; i < WL_VISITS_ENDED_MAX; i++) {
		char id[40];
		assert_int_equal(wl_facts_next_visit(x.l->facts, 0, &v), 1);
		assert_string_equal(v.id, "WO-8841");
		(void)snprintf(id, sizeof(id), "visit=WO-%u", i);
		assert_int_equal(fixture_append(&x, "visit.opened", "appr-1", 3001, "", id,
		                                "device=x-0042", "engineer=E", "engineer_org=Acme",
		                                "escort=tech-1"),
		                 0);
	}
	assert_int_equal(wl_facts_next_visit(x.l->facts, 0, &v), 1);
	assert_string_equal(v.id, "WO-0");
}

static void gates_move_only_what_is_read(void **state)
{
	struct wl_transfer_facts t;

	(void)state;
	assert_int_equal(fixture_append(&x, "transfer.opened", "tech-1", 2001, T1,
	                                "direction=inbound", "device=x-0042", "outputs[]=delivery"),
	                 0);
	assert_int_equal(fixture_append(&x, "gate.opened", "station", 990, T1, "gate=a",
	                                "insertion=STN3-I000001", "port=a1", "purpose=read"),
	                 0);
	assert_int_equal(wl_facts_transfer(x.l->facts, T1, &t), 1);
	assert_string_equal(t.state, "gate.opened");
	assert_int_equal(fixture_append(&x, "gate.shut", "station", 990, T1, "gate=a",
	                                "insertion=STN3-I000001", "port=a1", "purpose=read",
	                                "bytes:=1", "reason=done"),
	                 0);
	assert_int_equal(
	        fixture_append(&x, "transfer.refused", "station", 990, T1, "rule=update.empty"), 0);
	assert_int_equal(fixture_append(&x, "gate.opened", "station", 990, T1, "gate=a",
	                                "insertion=STN3-I000001", "port=a1", "purpose=check"),
	                 0);
	assert_int_equal(wl_facts_transfer(x.l->facts, T1, &t), 1);
	assert_string_equal(t.state, "transfer.refused");
}

/* A medium without a serial number shares its id with its like: only its own insertion voids. */
static void prepared_media(void **state)
{
	char medium[WL_ID_TEXT];
	uint64_t seq;

	(void)state;
	history();
	assert_int_equal(wl_facts_prepared(x.l->facts, FX_HEAD, &seq, medium), 1);
	assert_int_equal(fixture_append(&x, "medium.seen", "station", 990, "",
	                                "insertion=STN3-I000003", "port=b2", "diskseq:=9",
	                                "medium=?9f3c51a2b07e", "bytes:=1"),
	                 0);
	assert_int_equal(fixture_append(&x, "wipe.intent", "cust-1", 4001, "",
	                                "insertion=STN3-I000003", "port=b2", "medium=?9f3c51a2b07e",
	                                "method=quick"),
	                 0);
	assert_int_equal(wl_facts_prepared(x.l->facts, FX_HEAD, &seq, medium), 1);
	fixture_seen(&x, "STN3-I000004", "b1"); /* with its serial: this very medium */
	assert_int_equal(fixture_append(&x, "wipe.intent", "cust-1", 4001, "",
	                                "insertion=STN3-I000004", "port=b1", "medium=?9f3c51a2b07e",
	                                "method=quick"),
	                 0);
	assert_int_equal(wl_facts_prepared(x.l->facts, FX_HEAD, &seq, medium), 0);
}

static void after_a_failure_nothing(void **state)
{
	(void)state;
	x.l->failed = true;
	assert_int_equal(fixture_append(&x, "call.denied", "uid:7", 7, "", "method=a",
	                                "rule=person.unknown"),
	                 -EBADMSG);
	assert_int_equal(x.f.rule, WL_RULE_STATION_LEDGER_FAILED);
	assert_int_equal(wl_ledger_fault(x.l), WL_RULE_STATION_LEDGER_FAILED);
}

/* `n` entries, each in a commit of its own and brought to the files; all are known by the index. */
static void denied_and_known(uint8_t mark, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const uint8_t nonce[WL_NONCE_BYTES] = {mark, (uint8_t)i, (uint8_t)(i >> 8)};
		uint64_t seq;
		int64_t when;
		assert_int_equal(
		        fixture_commit(&x,
		                       fixture_stage(&x, nonce, "call.denied", "uid:1000", 1000, "",
		                                     -1, "method=m", "rule=person.unknown", NULL)),
		        0);
		assert_int_equal(wl_ledger_settle(x.l), 0);
		assert_int_equal(wl_facts_nonce(x.l->facts, nonce, &seq, &when), 1);
		assert_int_equal(seq, x.seq);
	}
	assert_int_equal(wl_ledger_fault(x.l), WL_RULE_NONE);
}

/* SQLITE_FULL: made again where it can be, or kept back until there is room. */
static void index_without_room(void **state)
{
	char *said = NULL;

	(void)state;
	assert_int_equal(
	        sqlite3_exec(x.l->facts->db, "PRAGMA max_page_count = 1", NULL, NULL, &said),
	        SQLITE_OK); /* no page more than there are */
	denied_and_known(1, 200);
	assert_false(wl_facts_is_in_memory(x.l->facts));
	assert_int_equal(wl_facts_recover(x.l->facts, x.l->store, -ENOSPC), 0);
	denied_and_known(2, 3);
}

/* Its file cannot be written and no other can be made: what was acknowledged stands all the same.
 */
static void index_that_fails(void **state)
{
	const uint8_t nonce[WL_NONCE_BYTES] = {3};
	uint64_t seq;
	int64_t when;

	(void)state;
	(void)snprintf(x.l->facts->path, sizeof(x.l->facts->path), "%s/nowhere/index.db", x.dir);
	denied_and_known(1, 3);
	/* staged, not yet durable: it comes from the store like the others */
	assert_int_equal(fixture_stage(&x, nonce, "call.denied", "uid:1000", 1000, "", -1,
	                               "method=m", "rule=person.unknown", NULL),
	                 0);
	assert_int_equal(wl_facts_recover(x.l->facts, x.l->store, -EIO), 0);
	assert_true(wl_facts_is_in_memory(x.l->facts));
	assert_int_equal(wl_facts_nonce(x.l->facts, nonce, &seq, &when), 1);
	denied_and_known(2, 3);
	fixture_close(&x);
	assert_int_equal(fixture_open(&x), 0); /* the old file catches up */
	assert_false(wl_facts_is_in_memory(x.l->facts));
	assert_int_equal(wl_facts_nonce(x.l->facts, nonce, &seq, &when), 1);
	assert_int_equal(wl_facts_station(x.l->facts)->size, wl_store_size(x.l->store));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* What a broker that starts asks for, however long ago it was written down. */
static void recalled(void **state)
{
	struct wl_medium_facts m;
	struct wl_insertion_facts in;
	struct wl_proposal_facts p;
	char approval[WL_ID_TEXT], id[WL_ID_TEXT], intent[64];
	uint64_t number = 0;

	(void)state;
	fixture_inspected(&x, T1, "pass", NULL);
	fixture_approved(&x, T1, "appr-1", NULL, approval);
	fixture_seen(&x, "STN3-I000001", "b1");
	assert_int_equal(wl_facts_next_medium(x.l->facts, "", &m), 0);
	assert_int_equal(fixture_intent(&x, T1, "STN3-I000001", approval, NULL), 0);
	wl_id_entry("STN3", x.seq, id);
	(void)snprintf(intent, sizeof(intent), "intent=%s", id);
	assert_int_equal(fixture_append(&x, "release.unknown", "station", 990, T1, intent), 0);
	assert_int_equal(wl_facts_next_medium(x.l->facts, "", &m), 1);
	assert_string_equal(m.medium, "?9f3c51a2b07e");
	assert_true(m.suspect);
	assert_false(m.ours);
	assert_int_equal(wl_facts_next_medium(x.l->facts, m.medium, &m), 0);
	assert_int_equal(wl_facts_next_insertion(x.l->facts, 0, &number, id, &in), 1);
	assert_string_equal(id, "STN3-I000001");
	assert_int_equal(in.diskseq, 77);
	assert_int_equal(
	        fixture_append(&x, "medium.gone", "station", 990, "", "insertion=STN3-I000001"), 0);
	assert_int_equal(wl_facts_next_insertion(x.l->facts, 0, &number, id, &in), 0);
	assert_int_equal(wl_facts_next_proposal(x.l->facts, 0, &p), 0); /* version 1 is in force */
	assert_int_equal(fixture_append(&x, "policy.proposed", "admin-1", 3001, "",
	                                "policy_version:=2", "sha256=" FX_HEX),
	                 0);
	assert_int_equal(wl_facts_next_proposal(x.l->facts, 0, &p), 1);
	assert_int_equal(p.version, 2);
	assert_int_equal(p.uid, 3001);
	assert_string_equal(p.actor, "admin-1");
	assert_int_equal(wl_facts_next_proposal(x.l->facts, p.seq, &p), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(made_again_is_the_same),
	        CASE(not_ours_is_made_again),
	        CASE(older_index_catches_up),
	        CASE(nonces),
	        CASE(own_events_are_not_the_brokers),
	        CASE(groups_are_checked_within),
	        CASE(visits_are_their_escorts),
	        CASE(gates_move_only_what_is_read),
	        CASE(prepared_media),
	        CASE(after_a_failure_nothing),
	        CASE(recalled),
	        CASE(index_without_room),
	        CASE(index_that_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
