/*
 * A station whose disk died, and the one that follows it: what is taken over from a copy of the old
 * ledger, what two people and an auditor still have to do, and every old ledger that is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/ledger/heritage.h"
#include "tests/unit/ledger_fixture.h"

static struct fixture old;            /* the station that was, as its mirror has it */
static char later[WL_CHECKPOINT_MAX]; /* a checkpoint it gave out after the copy was taken */
static char copy_dir[80];
static uint64_t copied; /* entries in the copy */
static const uint8_t spki[WL_SHA256_BYTES] = {0xaa};

static void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void shell(const char *format, ...)
{
	char command[512];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	assert_int_equal(system(command), 0);
}

/* An update released to x-0042 under a ticket, and the power went while it was written; then two
 * more entries, which the copy does not have. */
static void history(void)
{
	char approval[WL_ID_TEXT];

	fixture_policy(&old);
	assert_int_equal(fixture_append(&old, "ticket.added", "tech-1", 2001, "",
	                                "ticket=AA-2026-0117", "sha256=" FX_HEX,
	                                "signers[]=" FX_HEX, "not_after=2099-01-01T00:00:00Z"),
	                 0);
	fixture_seen(&old, "STN3-I000001", "b1");
	assert_int_equal(fixture_append(&old, "medium.prepared", "station", 990, "",
	                                "intent=STN3#1", "insertion=STN3-I000001", "medium=M-0032",
	                                "volume=fat32", "bytes:=1", "head_sha256=" FX_HEAD),
	                 0);
	fixture_inspected(&old, "STN3-T000001", "pass", NULL);
	fixture_approved(&old, "STN3-T000001", "appr-1", NULL, approval);
	assert_int_equal(fixture_intent(&old, "STN3-T000001", "STN3-I000001", approval, NULL), 0);
	assert_int_equal(wl_ledger_settle(old.l), 0);
	(void)snprintf(copy_dir, sizeof(copy_dir), "%s.copy", old.dir);
	shell("rm -rf %s && cp -a --sparse=always %s %s && rm -r %s/keys", copy_dir, old.dir,
	      copy_dir, copy_dir);
	copied = wl_store_size(old.l->store);
	for (int i = 0; i < 2; i++)
		assert_int_equal(fixture_append(&old, "call.denied", "uid:7", 7, "", "method=x",
		                                "rule=person.unknown"),
		                 0);
	assert_int_equal(wl_ledger_settle(old.l), 0);
	(void)snprintf(later, sizeof(later), "%s", wl_store_checkpoint(old.l->store));
}

static int group_setup(void **state)
{
	(void)state;
	fixture_make(&old);
	history();
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	shell("rm -rf %s", copy_dir);
	fixture_remove(&old);
	return 0;
}

static int succeed(struct fixture *x, const char *station, const char *seen,
                   struct wl_succession *s)
{
	return wl_station_succeed(x->l, station, copy_dir, 1000, spki, seen, strlen(seen), s,
	                          &x->f);
}

static void fresh(struct fixture *x)
{
	fixture_make(x);
	assert_int_equal(fixture_open(x), 0);
}

/* Everything a successor knows without having seen it happen. */
static void check_taken_over(struct fixture *x)
{
	char sha256[WL_SHA256_HEX + 1], medium[WL_ID_TEXT];
	uint64_t release = 0, uses = 0, seq;
	bool withdrawn;
	struct wl_heritage h;

	assert_int_equal(wl_facts_floor(x->l->facts, "x-0042", "scan-app", &release), 1);
	assert_int_equal(release, 40201);
	assert_int_equal(wl_facts_ticket(x->l->facts, "x-0042", "AA-2026-0117", "", sha256, &uses,
	                                 &withdrawn),
	                 1);
	assert_string_equal(sha256, FX_HEX);
	assert_int_equal(uses, 1);
	assert_int_equal(wl_facts_prepared(x->l->facts, FX_HEAD, &seq, medium),
	                 0); /* written since */
	assert_int_equal(wl_facts_station(x->l->facts)->next_transfer, 2);
	assert_int_equal(wl_facts_station(x->l->facts)->next_insertion, 2);
	assert_int_equal(wl_facts_heritage(x->l->facts, &h), 0);
	assert_true(h.unvouched);
	assert_false(h.incomplete);
	assert_int_equal(h.policy_floor, 1);
}

/* An entry of this kind with this text in it. */
static bool has_inherited(struct fixture *x, const char *kind, enum wl_member member,
                          const char *text)
{
	for (uint64_t seq = 1; seq < wl_store_size(x->l->store); seq++) {
		WL_CLEANUP(wl_entry_clear) struct wl_entry e = {0};
		assert_int_equal(wl_ledger_entry(x->l, seq, &e), 0);
		if (e.draft.event == WL_E_FACT_INHERITED &&
		    strcmp(wl_draft_get_text(&e.draft, WL_M_KIND), kind) == 0 &&
		    strcmp(wl_draft_get_text(&e.draft, member), text) == 0)
			return true;
	}
	return false;
}

static void cosigned(struct fixture *x)
{
	WL_CLEANUP(wl_draft_clear)
	struct wl_draft d = {.event = WL_E_LEDGER_COSIGNED, .actor = "audit-1"};
	uint64_t seq;
	int64_t when;

	d.nonce[0] = 0xc0;
	assert_int_equal(wl_draft_text(&d, WL_M_VKEY, "audit1+01020304+BA=="), 0);
	assert_int_equal(wl_draft_integer(&d, WL_M_SIZE, 3), 0);
	assert_int_equal(wl_draft_text(&d, WL_M_ROOT_SHA256, FX_HEX), 0);
	assert_int_equal(wl_draft_text(&d, WL_M_COSIGNED_AT, "2026-11-23T00:00:00Z"), 0);
	assert_int_equal(wl_draft_text(&d, WL_M_SIGNATURE, "AA=="), 0);
	assert_int_equal(wl_ledger_append_own(x->l, &d, &seq, &when), 0);
}

/* One approver is not enough before an auditor cosigned; the old number of approvals is after. */
static void check_two_approvers(struct fixture *x)
{
	char first[WL_ID_TEXT];

	assert_int_equal(fixture_append(x, "policy.proposed", "uid:1000", 1000, "",
	                                "policy_version:=2", "sha256=" FX_HEX),
	                 0);
	assert_int_equal(fixture_append(x, "policy.loaded", "uid:1001", 1001, "",
	                                "policy_version:=2", "sha256=" FX_HEX,
	                                "approvals_inbound:=1", "approvals_outbound:=1",
	                                "proposed_by=uid:1000"),
	                 0);
	fixture_inspected(x, "STN3-T000002", "pass", NULL);
	fixture_approved(x, "STN3-T000002", "appr-1", NULL, first);
	fixture_seen(x, "STN3-I000002", "b1");
	assert_int_equal(fixture_intent(x, "STN3-T000002", "STN3-I000002", first, NULL), -EBADMSG);
	assert_int_equal(x->f.rule, WL_RULE_APPROVAL_MISSING);
	assert_non_null(strstr(x->f.detail, "cosigns"));
	cosigned(x);
	assert_int_equal(fixture_intent(x, "STN3-T000002", "STN3-I000002", first, NULL), 0);
}

static void the_disk_died(void **state)
{
	WL_CLEANUP(wl_entry_clear) struct wl_entry zero = {0};
	struct wl_succession s;
	struct fixture x;
	const char *checkpoint;

	(void)state;
	fresh(&x);
	assert_int_equal(succeed(&x, "STN3", later, &s), 0);
	assert_string_equal(s.origin, "stations.example/stn3/2");
	assert_string_equal(s.old_fingerprint, old.l->id.fingerprint);
	assert_int_equal(s.size, copied);
	assert_int_equal(s.missing, 2);
	assert_string_not_equal(x.l->id.vkey, old.l->id.vkey); /* keys are never restored */
	/* a restart before the second person confirms */
	fixture_close(&x);
	assert_int_equal(fixture_open(&x), 0);
	assert_int_equal(wl_station_confirm(x.l, 1001, x.l->id.fingerprint, &x.seq, &x.f), 0);
	assert_int_equal(wl_ledger_entry(x.l, 0, &zero), 0);
	assert_string_equal(wl_draft_get_text(&zero.draft, WL_M_PREVIOUS_ORIGIN),
	                    "stations.example/stn3");
	checkpoint = wl_draft_get_text(&zero.draft, WL_M_PREVIOUS_CHECKPOINT);
	assert_non_null(strstr(checkpoint, "stations.example/stn3\n"));
	assert_string_equal(wl_draft_get_text(&zero.draft, WL_M_PREVIOUS_VKEY), old.l->id.vkey);
	assert_int_equal(wl_draft_get_integer(&zero.draft, WL_M_PREVIOUS_SEEN), copied + 2);
	check_taken_over(&x);
	assert_true(has_inherited(&x, "transfer", WL_M_FROM, "STN3-T000001"));
	assert_true(has_inherited(&x, "medium", WL_M_STATE, "suspect"));
	/* the index is a cache of this too */
	fixture_close(&x);
	shell("rm -f %s/.state/index.db*", x.dir);
	assert_int_equal(fixture_open(&x), 0);
	check_taken_over(&x);
	check_two_approvers(&x);
	fixture_remove(&x);
}

static void change_index(const struct fixture *x, const char *sql)
{
	char path[96];
	sqlite3 *db;

	(void)snprintf(path, sizeof(path), "%s/.state/index.db", x->dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
}

/* Killed after entry 0 and before its facts: the next start says the rest. */
static void interrupted(void **state)
{
	struct wl_succession s;
	struct fixture x;
	uint64_t size;

	(void)state;
	fresh(&x);
	assert_int_equal(succeed(&x, "STN3", "", &s), 0);
	assert_int_equal(s.missing, 0);
	assert_int_equal(wl_station_confirm(x.l, 1001, x.l->id.fingerprint, &x.seq, &x.f), 0);
	size = wl_store_size(x.l->store);
	assert_true(size > 5);
	/* played by taking the mark of the end away, which is what a start goes by */
	fixture_close(&x);
	change_index(&x, "UPDATE heritage SET incomplete = 1; DELETE FROM floor");
	assert_int_equal(fixture_open(&x), 0);
	assert_true(wl_store_size(x.l->store) > size);
	check_taken_over(&x);
	fixture_remove(&x);
}

static void refuse(const char *change, const char *station, const char *seen, const char *why)
{
	char kept[sizeof(copy_dir)];
	struct wl_succession s;
	struct fixture x;
	int r;

	memcpy(kept, copy_dir, sizeof(kept));
	(void)snprintf(copy_dir, sizeof(copy_dir), "%.70s.bad", old.dir);
	shell("rm -rf %s && cp -a --sparse=always %s %s", copy_dir, kept, copy_dir);
	shell("cd %s && %s", copy_dir, change);
	fresh(&x);
	r = succeed(&x, station, seen, &s);
	if (r != -EBADMSG || x.f.rule != WL_RULE_STATION_PREDECESSOR_REFUSED ||
	    !strstr(x.f.detail, why))
		fail_msg("%s: %d, %s (wanted: %s)", change, r, x.f.detail, why);
	assert_false(x.l->identified);
	fixture_remove(&x);
	shell("rm -rf %s", copy_dir);
	memcpy(copy_dir, kept, sizeof(kept));
}

/* Forged, truncated, another station's, two roots. */
static void hostile(void **state)
{
	struct fixture other;
	char forked[WL_CHECKPOINT_MAX];

	(void)state;
	refuse("true", "STN4", "", "it is the ledger of STN3");
	refuse("rm checkpoint", "STN3", "", "no checkpoint");
	refuse("echo x >checkpoint", "STN3", "", "its checkpoint is none");
	refuse("sed -i '1s/stn3/stn5/' checkpoint", "STN3", "", "not signed by the key");
	refuse("sed -i '2s/.*/3/' checkpoint", "STN3", "", "missing or damaged");
	refuse("sed -i '2s/.*/99/' checkpoint", "STN3", "", "missing or damaged");
	refuse("rm -r tile/entries", "STN3", "", "missing or damaged");
	refuse("for f in tile/0/*.p/*; do printf XXXXXXXX | dd of=$f bs=1 seek=40 conv=notrunc; "
	       "done "
	       "2>/dev/null",
	       "STN3", "", "");
	refuse("for f in tile/entries/*.p/*; do sed -i s/STN3-T000001/STN3-T000009/ $f; done",
	       "STN3", "", "missing or damaged");
	refuse("truncate -s 4096 .state/journal", "STN3", "", "journal was cut");
	refuse("true", "STN3", "x\n1\ny\n", "not signed by it");
	/* the same key signed something else for a size this copy has */
	fixture_make(&other);
	shell("rm -r %s && cp -a --sparse=always %s %s && cp -a %s/keys %s/", other.dir, copy_dir,
	      other.dir, old.dir, other.dir);
	assert_int_equal(fixture_open(&other), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(fixture_append(&other, "call.denied", "uid:8", 8, "",
		                                "method=forked", "rule=person.unknown"),
		                 0);
	(void)snprintf(forked, sizeof(forked), "%s", wl_store_checkpoint(other.l->store));
	fixture_remove(&other);
	{
		char kept[sizeof(copy_dir)];
		memcpy(kept, copy_dir, sizeof(kept));
		memcpy(copy_dir, old.dir, sizeof(old.dir)); /* it has those two entries, others */
		refuse("true", "STN3", forked, "two histories");
		memcpy(copy_dir, kept, sizeof(kept));
	}
}

static void origins(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
	        {"stations.example/stn3", "stations.example/stn3/2"},
	        {"stations.example/stn3/2", "stations.example/stn3/3"},
	        {"stations.example/stn3/9", "stations.example/stn3/10"},
	        {"stations.example/stn3/1", "stations.example/stn3/1/2"},
	        {"stn3", "stn3/2"},
	};
	char buf[WL_ORIGIN_MAX + 1], big[WL_ORIGIN_MAX + 1];

	(void)state;
	for (size_t i = 0; i < WL_ARRAY_LEN(rows); i++) {
		assert_int_equal(wl_predecessor_next_origin(rows[i].from, buf), 0);
		assert_string_equal(buf, rows[i].to);
	}
	memset(big, 'a', WL_ORIGIN_MAX);
	big[WL_ORIGIN_MAX] = '\0';
	assert_int_equal(wl_predecessor_next_origin(big, buf), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_disk_died),
	        cmocka_unit_test(interrupted),
	        cmocka_unit_test(hostile),
	        cmocka_unit_test(origins),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
