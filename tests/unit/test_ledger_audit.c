/* What ledgerd does for auditors: checkpoints that come back, cosignatures, alarms and the two who
 * settle them, the end of a station, and exports put together again from their files alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/base/text.h"
#include "daemon/ledger/audit.h"
#include "daemon/ledger/certificate_request.h"
#include "daemon/ledger/export.h"
#include "daemon/ledger/tiles.h"
#include "tests/unit/ledger_fixture.h"

#define T1      "STN3-T000001"
#define I1      "STN3-I000001"
#define NAME    "audit-1.example"
#define DAY_S   86400
#define MAX_AGE "cosignature_max_age_s:=864000"

static struct fixture x;
static EVP_PKEY *auditor;
static struct wl_cosigner key;
static char vkey[WL_COSIGNER_TEXT];

/* The auditor's key, and her vkey made here by the letter of C2SP. */
static void make_auditor(void)
{
	static const uint8_t seed[32] = {1, 2, 3};
	uint8_t typed[33] = {0x04}, buf[sizeof(NAME) + 33], digest[32];
	size_t n = 32;
	char hex[9], b64[64];

	auditor = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
	assert_int_equal(EVP_PKEY_get_raw_public_key(auditor, typed + 1, &n), 1);
	memcpy(buf, NAME "\n", sizeof(NAME));
	memcpy(buf + sizeof(NAME), typed, sizeof(typed));
	assert_int_equal(wl_sha256_of(buf, sizeof(buf), digest), 0);
	wl_hex_encode(digest, 4, hex);
	wl_base64_encode(typed, sizeof(typed), b64);
	(void)snprintf(vkey, sizeof(vkey), "%s+%s+%s", NAME, hex, b64);
	assert_int_equal(wl_cosigner_parse(vkey, &key), 0);
}

static void load_policy(int version, const char *cosigner)
{
	char v[40], list[WL_COSIGNER_TEXT + 16];

	(void)snprintf(v, sizeof(v), "policy_version:=%d", version);
	(void)snprintf(list, sizeof(list), cosigner ? "cosigners[]=%s" : "cosigners[]", cosigner);
	assert_int_equal(
	        fixture_append(&x, "policy.proposed", "admin-1", 1000, "", v, "sha256=" FX_HEX), 0);
	assert_int_equal(fixture_append(&x, "policy.loaded", "admin-2", 1001, "", v,
	                                "sha256=" FX_HEX, "approvals_inbound:=1",
	                                "approvals_outbound:=1", "proposed_by=admin-1", list,
	                                MAX_AGE),
	                 0);
}

static int setup(void **state)
{
	(void)state;
	fixture_make(&x);
	fixture_policy(&x);
	make_auditor();
	load_policy(2, vkey);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(auditor);
	fixture_remove(&x);
	return 0;
}

/* ---- checkpoints that come back ---- */

static uint8_t signature[64];
static struct wl_hash root;

/* A checkpoint that this station's own key signs, whether its ledger has that state or not. */
static struct wl_claimed_checkpoint signed_here(uint64_t size, const struct wl_hash *r)
{
	struct wl_checkpoint cp = {.size = size, .root = *r};
	char text[1024], note[2048];
	uint8_t blob[80];
	size_t n;

	memcpy(cp.origin, x.l->id.key.name, sizeof(cp.origin));
	assert_true(wl_checkpoint_format(&cp, text, sizeof(text)) > 0);
	assert_true(wl_keys_sign_note(x.l->keys, &x.l->id.key, text, note, sizeof(note)) >= 0);
	const char *b64 = strrchr(note, ' ') + 1;
	assert_int_equal(wl_base64_decode(b64, strcspn(b64, "\n"), blob, sizeof(blob), &n), 0);
	memcpy(signature, blob + 4, sizeof(signature));
	return (struct wl_claimed_checkpoint){
	        .origin = x.l->id.key.name, .size = size, .root = r->b, .signature = signature};
}

static const char *compare(const struct wl_claimed_checkpoint *c)
{
	const char *state = NULL;

	assert_int_equal(wl_audit_compare(x.l, c, I1, &state), 0);
	return state;
}

static void what_the_ledger_had_is_no_alarm(void **state)
{
	uint64_t seq, size = wl_store_size(x.l->store);
	enum wl_rule rule;

	(void)state;
	for (uint64_t n = 1; n <= size; n++) {
		assert_int_equal(wl_store_root_at(x.l->store, n, &root), 0);
		struct wl_claimed_checkpoint c = signed_here(n, &root);
		assert_string_equal(compare(&c), n == size ? "same" : "older");
	}
	assert_int_equal(wl_audit_alarm(x.l->facts, &seq, &rule), 0);
	assert_int_equal(wl_store_size(x.l->store), size);
}

/* Not signed by this key, of another origin, or of no size: anybody can write that. */
static void strangers_raise_no_alarm(void **state)
{
	(void)state;
	memset(root.b, 7, sizeof(root.b));
	struct wl_claimed_checkpoint c = signed_here(1000, &root);
	signature[0] ^= 1;
	assert_string_equal(compare(&c), "foreign");
	c = signed_here(1000, &root);
	c.origin = "stations.example/other";
	assert_string_equal(compare(&c), "foreign");
	c = signed_here(1000, &root);
	c.size = 1001; /* the signature is of another size */
	assert_string_equal(compare(&c), "foreign");
	c = signed_here(0, &root);
	assert_string_equal(compare(&c), "foreign");
	assert_int_equal(wl_ledger_fault(x.l), WL_RULE_NONE);
}

#define assert_refused(call, r)                                                                    \
	do {                                                                                       \
		assert_int_equal((call), -EBADMSG);                                                \
		assert_string_equal(wl_rule_id(x.f.rule), wl_rule_id(r));                          \
	} while (0)

static int open_transfer(void)
{
	return fixture_append(&x, "transfer.opened", "tech-1", 2001, T1, "direction=inbound",
	                      "device=x-0042", "outputs[]=delivery");
}

static void propose(const char *method, const char *actor, uint64_t uid, const char *entry)
{
	char m[40];

	(void)snprintf(m, sizeof(m), "method=%s", method);
	if (entry)
		assert_int_equal(fixture_append(&x, "action.proposed", actor, uid, "", m,
		                                "words=why", entry),
		                 0);
	else
		assert_int_equal(
		        fixture_append(&x, "action.proposed", actor, uid, "", m, "words=why"), 0);
}

/* Raised once, stops transfers, is there after a start, and only two persons settle it. */
static void play_alarm(uint64_t size, const char *name, enum wl_rule expected)
{
	char entry[64], id[WL_ID_TEXT];
	enum wl_rule rule = WL_RULE_NONE;
	uint64_t seq = 0;

	struct wl_claimed_checkpoint c = signed_here(size, &root);
	assert_string_equal(compare(&c), name);
	c = signed_here(size, &root);
	assert_string_equal(compare(&c), "known");
	assert_refused(open_transfer(), expected);
	fixture_close(&x);
	assert_int_equal(fixture_open(&x), 0);
	assert_int_equal(wl_audit_alarm(x.l->facts, &seq, &rule), 1);
	assert_int_equal(rule, expected);
	assert_refused(open_transfer(), expected);
	wl_id_entry("STN3", seq, id);
	(void)snprintf(entry, sizeof(entry), "entry=%s", id);
	assert_refused(fixture_append(&x, "alarm.settled", "admin-2", 1001, "", entry, "words=w",
	                              "proposed_by=admin-1"),
	               WL_RULE_APPROVAL_MISSING);
	propose("settle", "admin-1", 1000, entry);
	assert_refused(fixture_append(&x, "alarm.settled", "admin-1", 1000, "", entry, "words=w",
	                              "proposed_by=admin-1"),
	               WL_RULE_APPROVAL_SAME_PERSON);
	assert_refused(fixture_append(&x, "alarm.settled", "admin-2", 1001, "", entry, "words=w",
	                              "proposed_by=admin-3"),
	               WL_RULE_APPROVAL_MISSING);
	assert_refused(fixture_append(&x, "alarm.settled", "admin-2", 1001, "", "entry=STN3#0",
	                              "words=w", "proposed_by=admin-1"),
	               WL_RULE_APPROVAL_VOID);
	assert_refused(open_transfer(), expected);
	assert_int_equal(fixture_append(&x, "alarm.settled", "admin-2", 1001, "", entry, "words=w",
	                                "proposed_by=admin-1"),
	                 0);
	assert_int_equal(open_transfer(), 0);
	c = signed_here(size, &root); /* the same stick again says nothing new */
	assert_string_equal(compare(&c), "known");
}

static void larger_than_ours_is_a_rollback(void **state)
{
	(void)state;
	memset(root.b, 7, sizeof(root.b));
	play_alarm(1000, "rolled-back", WL_RULE_STATION_LEDGER_ROLLED_BACK);
}

static void another_root_is_a_fork(void **state)
{
	(void)state;
	memset(root.b, 7, sizeof(root.b));
	play_alarm(2, "forked", WL_RULE_STATION_LEDGER_FORKED);
}

/* ---- cosignatures ---- */

static int cosign(uint64_t size, int64_t time, uint64_t *ret_seq)
{
	struct wl_checkpoint cp = {.size = size};
	char text[1024], message[1200];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = sizeof(signature);

	memcpy(cp.origin, x.l->id.key.name, sizeof(cp.origin));
	assert_int_equal(wl_store_root_at(x.l->store, size, &cp.root), 0);
	root = cp.root;
	assert_true(wl_checkpoint_format(&cp, text, sizeof(text)) > 0);
	int m = snprintf(message, sizeof(message), "cosignature/v1\ntime %lld\n%s", (long long)time,
	                 text);
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, NULL, NULL, auditor), 1);
	assert_int_equal(EVP_DigestSign(ctx, signature, &n, (const uint8_t *)message, (size_t)m),
	                 1);
	EVP_MD_CTX_free(ctx);
	struct wl_claimed_cosignature c = {
	        .checkpoint = {x.l->id.key.name, size, root.b, signature},
	        .name = NAME,
	        .key_id = key.id,
	        .time = time,
	        .actor = "audit-1",
	        .uid = 5001};
	return wl_audit_cosign(x.l, &c, ret_seq, &x.f);
}

static int64_t now(void)
{
	struct wl_clock c;

	wl_ledger_read_clock(x.l, &c);
	return c.time;
}

static void a_cosignature_is_taken_in_once(void **state)
{
	struct wl_audit_cosigned last;
	char note[4096];
	uint64_t seq = 0, again = 0, size = wl_store_size(x.l->store);
	int64_t due = 0, when = now();

	(void)state;
	assert_int_equal(cosign(size, when, &seq), 0);
	assert_int_equal(seq, size); /* the entry after what it covers */
	assert_int_equal(cosign(size, when, &again), 0);
	assert_int_equal(again, seq);
	assert_int_equal(wl_audit_cosigned(x.l->facts, &last), 1);
	assert_int_equal(last.size, size);
	assert_int_equal(wl_audit_due(x.l, &due), 1);
	assert_int_equal(due, when + 10 * DAY_S);
	/* the note is made again from the entries alone, after a start too */
	fixture_close(&x);
	assert_int_equal(fixture_open(&x), 0);
	assert_int_equal(wl_audit_cosigned_note(x.l, note, sizeof(note)), 0);
	struct wl_checkpoint cp;
	assert_int_equal(wl_checkpoint_open(&x.l->id.key, note, strlen(note), &cp), 0);
	assert_int_equal(cp.size, size);
	assert_non_null(strstr(note, "\n\xe2\x80\x94 " NAME " "));
}

/* A clock that runs ahead on the auditor's machine does not stretch the limit. */
static void a_time_in_the_future_counts_as_now(void **state)
{
	uint64_t seq;
	int64_t due = 0, before = now();

	(void)state;
	assert_int_equal(cosign(1, before + 1000 * (int64_t)DAY_S, &seq), 0);
	assert_int_equal(wl_audit_due(x.l, &due), 1);
	assert_in_range(due, before + 10 * DAY_S, now() + 10 * DAY_S);
}

static void cosignatures_that_do_not_hold(void **state)
{
	struct wl_claimed_cosignature c = {.name = NAME, .key_id = key.id, .actor = "audit-1"};
	uint64_t seq, size = wl_store_size(x.l->store);
	uint8_t other[4] = {0};

	(void)state;
	assert_int_equal(cosign(1, now(), &seq), 0); /* leaves signature and root of size 1 */
	size++;
	c.checkpoint = (struct wl_claimed_checkpoint){x.l->id.key.name, 1, root.b, signature};
	c.time = now() + 5;
	assert_refused(wl_audit_cosign(x.l, &c, &seq, &x.f), WL_RULE_STATION_COSIGNATURE_MISMATCH);
	c.key_id = other;
	assert_refused(wl_audit_cosign(x.l, &c, &seq, &x.f), WL_RULE_STATION_COSIGNATURE_KEY);
	c.key_id = key.id;
	c.name = "audit-2.example";
	assert_refused(wl_audit_cosign(x.l, &c, &seq, &x.f), WL_RULE_STATION_COSIGNATURE_KEY);
	load_policy(3, NULL); /* a key that the policy no longer names */
	assert_refused(cosign(1, now() - 1, &seq), WL_RULE_STATION_COSIGNATURE_KEY);
	(void)size;
}

static void a_release_waits_for_a_cosignature(void **state)
{
	struct wl_draft d = {.event = WL_E_RELEASE_INTENT};
	struct wl_clock c;
	struct wl_finding f = {.rule = WL_RULE_NONE};
	uint64_t seq;

	(void)state;
	wl_ledger_read_clock(x.l, &c);
	assert_int_equal(wl_audit_check(x.l, &d, &c, &f), 0);
	c.time += 11 * DAY_S; /* counted from the first policy with a cosigner */
	assert_int_equal(wl_audit_check(x.l, &d, &c, &f), -EBADMSG);
	assert_int_equal(f.rule, WL_RULE_STATION_COSIGNATURE_OLD);
	d.event = WL_E_TRANSFER_OPENED; /* coming in is not going out */
	assert_int_equal(wl_audit_check(x.l, &d, &c, &f), 0);
	d.event = WL_E_RELEASE_INTENT;
	assert_int_equal(cosign(1, now(), &seq), 0);
	assert_int_equal(wl_audit_check(x.l, &d, &c, &f), -EBADMSG);
	c.time -= 2 * DAY_S;
	assert_int_equal(wl_audit_check(x.l, &d, &c, &f), 0);
	load_policy(3, NULL);
	c.time += 1000 * (int64_t)DAY_S; /* no key, no limit */
	assert_int_equal(wl_audit_check(x.l, &d, &c, &f), 0);
}

static void a_reload_names_the_same_cosigners(void **state)
{
	(void)state;
	assert_refused(fixture_append(&x, "policy.loaded", "admin-2", 1001, "", "policy_version:=2",
	                              "sha256=" FX_HEX, "approvals_inbound:=1",
	                              "approvals_outbound:=1", "proposed_by=admin-1", "cosigners[]",
	                              MAX_AGE),
	               WL_RULE_APPROVAL_MISSING);
	assert_int_equal(fixture_append(&x, "policy.loaded", "admin-2", 1001, "",
	                                "policy_version:=3", "sha256=" FX_HEX,
	                                "approvals_inbound:=1", "approvals_outbound:=1",
	                                "proposed_by=admin-1", "cosigners[]=nonsense", MAX_AGE),
	                 -EINVAL);
}

/* ---- the end ---- */

static void a_retired_station_only_shows_and_exports(void **state)
{
	uint64_t seq;
	(void)state;
	assert_refused(fixture_append(&x, "station.retired", "admin-2", 1001, "",
	                              "words=", "proposed_by=admin-1"),
	               WL_RULE_APPROVAL_MISSING);
	propose("retire", "admin-1", 1000, NULL);
	assert_refused(fixture_append(&x, "station.retired", "admin-1", 1000, "",
	                              "words=", "proposed_by=admin-1"),
	               WL_RULE_APPROVAL_SAME_PERSON);
	assert_int_equal(fixture_append(&x, "station.retired", "admin-2", 1001, "",
	                                "words=", "proposed_by=admin-1"),
	                 0);
	assert_refused(open_transfer(), WL_RULE_STATION_RETIRED);
	assert_refused(wl_certificate_install(x.l, (const uint8_t *)"\x30\x00", 2, "admin-1", 1000,
	                                      &seq, &x.f),
	               WL_RULE_STATION_RETIRED);
	assert_refused(fixture_append(&x, "ticket.added", "tech-1", 2001, "", "ticket=AA-2026-0117",
	                              "sha256=" FX_HEX, "signers[]=a",
	                              "not_after=2027-01-01T00:00:00Z"),
	               WL_RULE_STATION_RETIRED);
	fixture_seen(&x, I1, "b1");
	assert_int_equal(fixture_append(&x, "wipe.intent", "audit-1", 5001, "", "insertion=" I1,
	                                "port=b1", "medium=?9f3c51a2b07e", "method=quick"),
	                 0);
}

/* ---- exports ---- */

/* Takes the root of a tile file's own hashes and entries; every file by its path alone. */
static void export_and_check(uint64_t size, bool full, uint64_t first)
{
	struct wl_export_at at = {.size = size};
	char path[WL_EXPORT_PATH];
	uint64_t bytes, got, entries = 0;
	unsigned manifests = 0;

	assert_int_equal(wl_export_first(x.l, full, &at.first), 0);
	assert_int_equal(at.first, first);
	while (wl_export_next(x.l, &at, path, &bytes) == 1) {
		int fd = -1;
		assert_int_equal(wl_export_open(x.l, size, path, &fd, &got), 0);
		assert_int_equal(got, bytes);
		if (strncmp(path, "tile/entries/", 13) == 0) {
			uint8_t head[2];
			for (uint64_t pos = 0; pos < bytes; entries++) {
				struct wl_hash leaf, ours;
				uint8_t entry[65535];
				assert_int_equal(pread(fd, head, 2, (off_t)pos), 2);
				size_t n = (size_t)head[0] << 8 | head[1];
				assert_int_equal(pread(fd, entry, n, (off_t)pos + 2), n);
				assert_int_equal(wl_merkle_leaf(entry, n, &leaf), 0);
				assert_int_equal(
				        wl_store_hash(x.l->store, 0, first + entries, &ours), 0);
				assert_memory_equal(leaf.b, ours.b, 32);
				pos += 2 + n;
			}
		}
		manifests += strncmp(path, "manifests/", 10) == 0;
		(void)close(fd);
	}
	assert_int_equal(entries, size - first);
	assert_int_equal(manifests, 1);
}

static void exports_are_whole_and_of_one_size(void **state)
{
	uint64_t seq, size;

	(void)state;
	fixture_inspected(&x, T1, "pass", NULL);
	while (wl_store_size(x.l->store) < 600)
		assert_int_equal(fixture_append(&x, "call.denied", "tech-1", 2001, "",
		                                "method=Show", "rule=person.role-missing"),
		                 0);
	size = wl_store_size(x.l->store);
	export_and_check(size, false, 0);
	assert_int_equal(cosign(3, now(), &seq), 0);
	export_and_check(size, true, 0);
	export_and_check(size, false, 0); /* the bundle that holds entry 3 */
	assert_int_equal(cosign(513, now(), &seq), 0);
	struct wl_export_at at = {.size = size};
	assert_int_equal(wl_export_first(x.l, false, &at.first), 0);
	assert_int_equal(at.first, 512);
}

static void paths_that_are_none(void **state)
{
	static const char *const paths[] = {
	        "",           "checkpoint",           "tile/entries/001",      "tile/0/000",
	        "tile/9/000", "tile/0/000.p/1",       "tile/entries/x000/000", "../keys/station",
	        "manifests/", "manifests/../station", "tile/entries/000.p/255"};
	uint64_t bytes;
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(
		        wl_export_open(x.l, wl_store_size(x.l->store), paths[i], &fd, &bytes),
		        -ENOENT);
	assert_int_equal(wl_export_open(x.l, 1000, "tile/entries/000", &fd, &bytes), -ENOENT);
}

static void the_certificate_is_for_our_key_only(void **state)
{
	char pem[WL_CERTIFICATE_TEXT];
	uint8_t der[] = {0x30, 0x03, 0x02, 0x01, 0x01};
	uint64_t seq;

	(void)state;
	assert_int_equal(wl_certificate_request(x.l, pem, sizeof(pem)), 0);
	assert_non_null(strstr(pem, "BEGIN CERTIFICATE REQUEST"));
	assert_refused(wl_certificate_install(x.l, der, sizeof(der), "admin-1", 1000, &seq, &x.f),
	               WL_RULE_STATION_CERTIFICATE_UNREADABLE);
	assert_true(wl_certificate_not_after(x.l) > now());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(what_the_ledger_had_is_no_alarm, setup, teardown),
	        cmocka_unit_test_setup_teardown(strangers_raise_no_alarm, setup, teardown),
	        cmocka_unit_test_setup_teardown(larger_than_ours_is_a_rollback, setup, teardown),
	        cmocka_unit_test_setup_teardown(another_root_is_a_fork, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_cosignature_is_taken_in_once, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_time_in_the_future_counts_as_now, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(cosignatures_that_do_not_hold, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_release_waits_for_a_cosignature, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_reload_names_the_same_cosigners, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_retired_station_only_shows_and_exports, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(exports_are_whole_and_of_one_size, setup, teardown),
	        cmocka_unit_test_setup_teardown(paths_that_are_none, setup, teardown),
	        cmocka_unit_test_setup_teardown(the_certificate_is_for_our_key_only, setup,
	                                        teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
