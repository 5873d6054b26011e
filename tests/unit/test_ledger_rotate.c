/*
 * A new key for the ledger: what it demands, what the new ledger knows, and the process killed at
 * every call that writes while the key is changed. Afterwards there is one ledger that goes on,
 * with one key, and the one before it lies whole in the archive; never two roots for one size of
 * one origin.
 *
 * Linked with --wrap for the calls that write, as test_ledger_recovery is.
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
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/ledger/audit.h"
#include "daemon/ledger/export.h"
#include "daemon/ledger/heritage.h"
#include "daemon/ledger/mirror.h"
#include "daemon/ledger/rotate.h"
#include "tests/unit/ledger_fixture.h"

#define KILLED 77
#define ORIGIN "stations.example/stn3"

/* Shared with the children. */
static struct shared {
	long calls, kill_at, fail_at;
} * shared;

static int gate(void)
{
	shared->calls++;
	if (shared->kill_at && shared->calls == shared->kill_at)
		_exit(KILLED);
	if (shared->fail_at && shared->calls == shared->fail_at) {
		errno = EIO;
		return -1;
	}
	return 1;
}

#define WRAP(type, name, parameters, arguments)                                                    \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		return gate() < 0 ? -1 : __real_##name arguments;                                  \
	}
WRAP(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n))
WRAP(ssize_t, pwrite, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at))
WRAP(int, fsync, (int fd), (fd))
WRAP(int, fdatasync, (int fd), (fd))
WRAP(int, renameat, (int a, const char *x, int b, const char *y), (a, x, b, y))
WRAP(int, ftruncate, (int fd, off_t n), (fd, n))
WRAP(int, mkdirat, (int fd, const char *p, mode_t m), (fd, p, m))
WRAP(int, unlinkat, (int fd, const char *p, int f), (fd, p, f))

static char pristine[64], pristine_mirror[80];

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

/* A ledger with a floor and a used ticket behind it, its transfer ended. */
static void history(struct fixture *x)
{
	char approval[WL_ID_TEXT], intent[64];

	fixture_policy(x);
	assert_int_equal(fixture_append(x, "ticket.added", "tech-1", 2001, "",
	                                "ticket=AA-2026-0117", "sha256=" FX_HEX,
	                                "signers[]=" FX_HEX, "not_after=2099-01-01T00:00:00Z"),
	                 0);
	fixture_seen(x, "STN3-I000001", "b1");
	assert_int_equal(fixture_append(x, "medium.prepared", "station", 990, "", "intent=STN3#1",
	                                "insertion=STN3-I000001", "medium=M-0032", "volume=fat32",
	                                "bytes:=1", "head_sha256=" FX_HEAD),
	                 0);
	fixture_inspected(x, "STN3-T000001", "pass", NULL);
	fixture_approved(x, "STN3-T000001", "appr-1", NULL, approval);
	assert_int_equal(fixture_intent(x, "STN3-T000001", "STN3-I000001", approval, NULL), 0);
	(void)snprintf(intent, sizeof(intent), "intent=STN3#%llu", (unsigned long long)x->seq);
	assert_int_equal(fixture_append(x, "release.written", "station", 990, "STN3-T000001",
	                                intent, "volume_sha256=" FX_HEX, "note_sha256=" FX_HEX,
	                                "readback=equal"),
	                 0);
	assert_int_equal(fixture_append(x, "release.done", "station", 990, "STN3-T000001", intent),
	                 0);
}

static void end_transfer(struct fixture *x)
{
	assert_int_equal(fixture_append(x, "transfer.outcome", "tech-1", 2001, "STN3-T000001",
	                                "outcome=installed", "release_before:=40100",
	                                "release_after:=40201", "engineer=E", "escort=tech-1",
	                                "words="),
	                 0);
}

static int propose(struct fixture *x)
{
	return fixture_append(x, "action.proposed", "admin-1", 5001, "", "method=rotate-key",
	                      "words=every third year");
}

static int rotate(struct fixture *x, const char *actor, uint64_t uid, const char *first)
{
	struct wl_rotate_ask q = {
	        .actor = actor, .uid = uid, .proposed_by = first, .words = "agreed"};
	struct wl_rotated done;
	int r;

	x->f = (struct wl_finding){.rule = WL_RULE_NONE};
	r = wl_rotate(x->l, &q, &done, &x->f);
	x->seq = done.seq;
	return r;
}

static void refused(struct fixture *x, const char *actor, uint64_t uid, const char *first,
                    enum wl_rule rule)
{
	uint64_t size = wl_store_staged(x->l->store);

	assert_int_equal(rotate(x, actor, uid, first), -EBADMSG);
	assert_int_equal(x->f.rule, rule);
	assert_int_equal(wl_store_staged(x->l->store), size);
	assert_false(x->l->failed);
}

static int group_setup(void **state)
{
	struct fixture x;

	(void)state;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	              0);
	if (shared == MAP_FAILED)
		return -1;
	fixture_make(&x);
	history(&x);
	end_transfer(&x);
	if (propose(&x) < 0 || wl_ledger_settle(x.l) < 0)
		return -1;
	fixture_close(&x);
	memcpy(pristine, x.dir, sizeof(pristine));
	(void)snprintf(pristine_mirror, sizeof(pristine_mirror), "%s.mirror", pristine);
	shell("mkdir %s && touch %s/" WL_MIRROR_MARK, pristine_mirror, pristine_mirror);
	if (wl_ledger_open_with(x.dir, pristine_mirror, 0, &x.l, &x.f) < 0)
		return -1;
	fixture_close(&x);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	shell("rm -rf %s %s", pristine, pristine_mirror);
	return 0;
}

static void fresh(struct fixture *x)
{
	fixture_make(x);
	shell("rm -rf %s && cp -a --sparse=always %s %s", x->dir, pristine, x->dir);
}

/* ---- what the new ledger is ---- */

static void read_entry(struct fixture *x, uint64_t seq, enum wl_event event, struct wl_entry *ret)
{
	wl_entry_clear(ret);
	assert_int_equal(wl_ledger_entry(x->l, seq, ret), 0);
	assert_int_equal(ret->draft.event, event);
}

static void check_first_entries(struct fixture *x)
{
	WL_CLEANUP(wl_entry_clear) struct wl_entry e = {0};

	read_entry(x, 0, WL_E_STATION_INIT, &e);
	assert_string_equal(e.draft.actor, "admin-2");
	assert_string_equal(wl_draft_get_text(&e.draft, WL_M_SECOND_ACTOR), "admin-1");
	assert_string_equal(wl_draft_get_text(&e.draft, WL_M_ORIGIN), ORIGIN "/2");
	assert_string_equal(wl_draft_get_text(&e.draft, WL_M_PREVIOUS_ORIGIN), ORIGIN);
	assert_false(wl_draft_has(&e.draft, WL_M_PREVIOUS_SEEN));
	read_entry(x, 1, WL_E_POLICY_PROPOSED, &e);
	assert_string_equal(e.draft.actor, "admin-1");
	assert_int_equal(e.draft.uid, 5001);
	read_entry(x, 2, WL_E_POLICY_LOADED, &e);
	assert_string_equal(e.draft.actor, "admin-2");
	assert_string_equal(wl_draft_get_text(&e.draft, WL_M_SHA256), FX_HEX);
}

/* The archive: signed by both keys, ended by key.rotated. */
static void check_archive(struct fixture *x)
{
	WL_CLEANUP(wl_predecessor_close) struct wl_predecessor p = {.dirfd = -1};
	WL_CLEANUP(wl_entry_clear) struct wl_entry e = {0};
	const uint8_t *at;
	const char *note;
	size_t n, text_n;

	assert_int_equal(wl_rotation_open(x->l, &p, &x->f), 1);
	assert_string_equal(p.key.name, ORIGIN);
	note = wl_store_checkpoint(p.store);
	assert_int_equal(wl_note_verify(&p.key, note, strlen(note), &text_n), 0);
	assert_int_equal(wl_note_verify(&x->l->id.key, note, strlen(note), &text_n), 0);
	assert_int_equal(wl_store_entry(p.store, wl_store_size(p.store) - 1, &at, &n), 0);
	assert_int_equal(wl_entry_read(at, n, &e), 0);
	assert_int_equal(e.draft.event, WL_E_KEY_ROTATED);
	assert_string_equal(wl_draft_get_text(&e.draft, WL_M_PROPOSED_BY), "admin-1");
}

static void check_new(struct fixture *x)
{
	char sha256[WL_SHA256_HEX + 1];
	uint64_t release = 0, uses = 0, installed = 0;
	struct wl_heritage h;
	bool withdrawn;

	assert_string_equal(x->l->id.key.name, ORIGIN "/2");
	assert_int_equal(wl_ledger_fault(x->l), WL_RULE_NONE);
	check_first_entries(x);
	check_archive(x);
	assert_int_equal(wl_facts_heritage(x->l->facts, &h), 0);
	assert_false(h.unvouched);
	assert_false(h.incomplete);
	assert_int_equal(wl_facts_floor(x->l->facts, "x-0042", "scan-app", &release), 1);
	assert_int_equal(release, 40201);
	assert_int_equal(wl_facts_installed(x->l->facts, "x-0042", "scan-app", &installed), 1);
	assert_int_equal(installed, 40201);
	assert_int_equal(wl_facts_ticket(x->l->facts, "x-0042", "AA-2026-0117", "", sha256, &uses,
	                                 &withdrawn),
	                 1);
	assert_int_equal(uses, 1);
	assert_int_equal(wl_facts_station(x->l->facts)->policy_version, 1);
	assert_int_equal(wl_facts_station(x->l->facts)->next_transfer, 2);
	/* and it goes on */
	assert_int_equal(fixture_append(x, "transfer.opened", "tech-1", 2001, "STN3-T000002",
	                                "direction=inbound", "device=x-0042", "outputs[]=delivery"),
	                 0);
}

static void another_key(void **state)
{
	struct fixture x;
	char old[WL_VKEY_TEXT], path[128];

	(void)state;
	fresh(&x);
	assert_int_equal(fixture_open(&x), 0);
	memcpy(old, x.l->id.vkey, sizeof(old));
	assert_int_equal(rotate(&x, "admin-2", 5002, "admin-1"), 0);
	assert_string_not_equal(old, x.l->id.vkey);
	check_new(&x);
	fixture_close(&x);
	assert_int_equal(fixture_open(&x), 0);
	assert_int_equal(wl_facts_station(x.l->facts)->next_transfer, 3);
	(void)snprintf(path, sizeof(path), "%s/keys/next", x.dir);
	assert_int_equal(access(path, F_OK), -1);
	fixture_remove(&x);
}

/* Once more, later: the archive keeps both. */
static void twice(void **state)
{
	struct fixture x;
	char path[128];

	(void)state;
	fresh(&x);
	assert_int_equal(fixture_open(&x), 0);
	assert_int_equal(rotate(&x, "admin-2", 5002, "admin-1"), 0);
	refused(&x, "admin-2", 5002, "admin-1",
	        WL_RULE_APPROVAL_MISSING); /* that one was used up */
	assert_int_equal(propose(&x), 0);
	assert_int_equal(rotate(&x, "admin-2", 5002, "admin-1"), 0);
	assert_string_equal(x.l->id.key.name, ORIGIN "/3");
	assert_int_equal(wl_facts_station(x.l->facts)->policy_version, 1);
	for (int i = 1; i <= 2; i++) {
		(void)snprintf(path, sizeof(path), "%s/archive/%d/checkpoint", x.dir, i);
		assert_int_equal(access(path, R_OK), 0);
	}
	fixture_close(&x);
	assert_int_equal(fixture_open(&x), 0);
	assert_string_equal(x.l->id.key.name, ORIGIN "/3");
	fixture_remove(&x);
}

static void two_persons(void **state)
{
	struct fixture x;

	(void)state;
	fixture_make(&x);
	history(&x);
	refused(&x, "admin-2", 5002, "admin-1", WL_RULE_STATION_TRANSFERS_OPEN);
	end_transfer(&x);
	refused(&x, "admin-2", 5002, "admin-1", WL_RULE_APPROVAL_MISSING);
	assert_int_equal(propose(&x), 0);
	refused(&x, "admin-1", 5001, "admin-1", WL_RULE_APPROVAL_SAME_PERSON);
	refused(&x, "admin-9", 5001, "admin-1", WL_RULE_APPROVAL_SAME_PERSON);
	refused(&x, "admin-2", 5002, "admin-3", WL_RULE_APPROVAL_MISSING);
	/* nobody but ledgerd says that a key was changed */
	assert_int_equal(fixture_append(&x, "key.rotated", "admin-2", 5002, "", "which=ledger",
	                                "old_sha256=" FX_HEX, "new_sha256=" FX_HEX),
	                 -EINVAL);
	assert_int_equal(rotate(&x, "admin-2", 5002, "admin-1"), 0);
	fixture_remove(&x);
}

/* What no auditor vouched for yet is not vouched for by a new key. */
static void successor_unvouched(void **state)
{
	static const uint8_t spki[WL_SHA256_BYTES] = {0xaa};
	struct wl_succession s;
	struct wl_heritage h;
	struct fixture x;

	(void)state;
	fixture_make(&x);
	assert_int_equal(fixture_open(&x), 0);
	assert_int_equal(wl_station_succeed(x.l, "STN3", pristine, 1000, spki, "", 0, &s, &x.f), 0);
	assert_int_equal(wl_station_confirm(x.l, 1001, x.l->id.fingerprint, &x.seq, &x.f), 0);
	assert_int_equal(fixture_append(&x, "policy.proposed", "uid:1000", 1000, "",
	                                "policy_version:=2", "sha256=" FX_HEX),
	                 0);
	assert_int_equal(fixture_append(&x, "policy.loaded", "uid:1001", 1001, "",
	                                "policy_version:=2", "sha256=" FX_HEX,
	                                "approvals_inbound:=1", "approvals_outbound:=1",
	                                "proposed_by=uid:1000"),
	                 0);
	assert_int_equal(propose(&x), 0);
	assert_int_equal(rotate(&x, "admin-2", 5002, "admin-1"), 0);
	assert_string_equal(x.l->id.key.name, ORIGIN "/3");
	assert_int_equal(wl_facts_heritage(x.l->facts, &h), 0);
	assert_true(h.unvouched);
	fixture_remove(&x);
}

/* ---- what leaves, and what comes back ---- */

static unsigned count_archived(struct fixture *x, unsigned *ret_all)
{
	struct wl_export_at at = {.size = wl_store_size(x->l->store)};
	char path[WL_EXPORT_PATH];
	uint64_t bytes, got;
	unsigned archived = 0;
	int r, fd = -1;

	*ret_all = 0;
	while ((r = wl_export_next(x->l, &at, path, &bytes)) > 0) {
		assert_int_equal(wl_export_open(x->l, at.size, path, &fd, &got), 0);
		assert_int_equal(bytes, got);
		(void)close(fd);
		archived += strncmp(path, "archive/1/", 10) == 0;
		++*ret_all;
	}
	assert_int_equal(r, 0);
	return archived;
}

/* Until an auditor has countersigned under the new key, the old ledger goes along. */
static void export_has_both(void **state)
{
	struct fixture x;
	unsigned all;
	uint64_t bytes;
	int fd = -1;

	(void)state;
	fresh(&x);
	assert_int_equal(fixture_open(&x), 0);
	assert_int_equal(count_archived(&x, &all), 0);
	assert_int_equal(wl_export_open(x.l, 1, "archive/1/checkpoint", &fd, &bytes), -ENOENT);
	assert_int_equal(rotate(&x, "admin-2", 5002, "admin-1"), 0);
	/* a bundle, a tile, the manifest, the checkpoint */
	assert_int_equal(count_archived(&x, &all), 4);
	assert_int_equal(all, 6);
	assert_int_equal(wl_export_open(x.l, 1, "archive/2/checkpoint", &fd, &bytes), -ENOENT);
	assert_int_equal(wl_export_open(x.l, 1, "archive/1/vkey", &fd, &bytes), -ENOENT);
	assert_int_equal(wl_export_open(x.l, 1, "archive/1/../../keys/ledger.key", &fd, &bytes),
	                 -ENOENT);
	fixture_remove(&x);
}

/* The claim of a note's first signature. */
static void claim_of(const char *note, struct wl_checkpoint *cp, uint8_t signature[68],
                     struct wl_claimed_checkpoint *ret)
{
	const char *line = strstr(note, "\n\n") + 2, *b64 = strchr(line + 4, ' ') + 1;
	char text[128];
	size_t n = 0;

	assert_int_equal(wl_checkpoint_parse(note, (size_t)(line - 1 - note), cp), 0);
	(void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(b64, "\n"), b64);
	assert_int_equal(wl_base64_decode(text, strlen(text), signature, 68, &n), 0);
	assert_int_equal(n, 68);
	*ret = (struct wl_claimed_checkpoint){.origin = cp->origin,
	                                      .size = cp->size,
	                                      .root = cp->root.b,
	                                      .signature = signature + 4};
}

/* Receipts under the old key lie on media everywhere: they still say what they say. */
static void old_receipts(void **state)
{
	struct wl_claimed_checkpoint claim;
	struct wl_checkpoint cp;
	uint8_t signature[68];
	const char *said = "";
	char old[WL_CHECKPOINT_MAX], forged[WL_CHECKPOINT_MAX];
	struct fixture x, y;

	(void)state;
	fresh(&x);
	fresh(&y); /* the same key, and another history */
	assert_int_equal(fixture_open(&x), 0);
	assert_int_equal(fixture_open(&y), 0);
	for (int i = 0; i < 9; i++)
		assert_int_equal(fixture_append(&y, "call.denied", "uid:9", 9, "", "method=x",
		                                "rule=person.unknown"),
		                 0);
	(void)snprintf(old, sizeof(old), "%s", wl_store_checkpoint(x.l->store));
	(void)snprintf(forged, sizeof(forged), "%s", wl_store_checkpoint(y.l->store));
	fixture_remove(&y);
	assert_int_equal(rotate(&x, "admin-2", 5002, "admin-1"), 0);
	claim_of(old, &cp, signature, &claim);
	assert_int_equal(wl_audit_compare(x.l, &claim, "", &said), 0);
	assert_string_equal(said, "older");
	signature[9] ^= 1;
	assert_int_equal(wl_audit_compare(x.l, &claim, "", &said), 0);
	assert_string_equal(said, "foreign");
	claim_of(forged, &cp, signature, &claim);
	assert_int_equal(wl_audit_compare(x.l, &claim, "", &said), 0);
	assert_string_equal(said, "rolled-back");
	fixture_remove(&x);
}

/* ---- power going ---- */

/* A child changes the key; 0, KILLED, or 1 where it was told of a failure. */
static int run_child(struct fixture *x, const char *mirror, long kill_at, long fail_at)
{
	int status;
	pid_t pid;

	*shared = (struct shared){.kill_at = kill_at, .fail_at = fail_at};
	pid = fork();
	if (pid == 0) {
		int r = wl_ledger_open_with(x->dir, mirror, 0, &x->l, &x->f);
		if (r == 0)
			r = rotate(x, "admin-2", 5002, "admin-1");
		_exit(r == 0 ? 0 : 1);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	shared->kill_at = shared->fail_at = 0;
	return WEXITSTATUS(status);
}

/* Either the old ledger as it was, which can still change its key, or the new one. */
static void check_after(struct fixture *x, const char *mirror)
{
	const struct wl_finding *f;

	assert_int_equal(wl_ledger_open_with(x->dir, mirror, 0, &x->l, &x->f), 0);
	assert_non_null(x->l->keys);
	if (strcmp(x->l->id.key.name, ORIGIN) == 0)
		assert_int_equal(rotate(x, "admin-2", 5002, "admin-1"), 0);
	check_new(x);
	if (mirror)
		assert_int_equal(wl_store_mirror(x->l->store, &f), WL_MIRROR_GOOD);
	fixture_close(x);
}

static void at_every_call(bool kill)
{
	struct fixture x;
	long calls;

	fresh(&x);
	assert_int_equal(run_child(&x, NULL, 0, 0), 0);
	calls = shared->calls;
	fixture_remove(&x);
	assert_true(calls > 60);
	/* `make check-long` lets every call fail; every death is gone through in the plain build */
	for (long at = 1; at <= calls; at += fixture_step(kill || getenv("WL_LONG") ? 1 : 3)) {
		int r;
		fresh(&x);
		r = run_child(&x, NULL, kill ? at : 0, kill ? 0 : at);
		assert_true(kill ? r == KILLED : r == 0 || r == 1);
		check_after(&x, NULL);
		fixture_remove(&x);
	}
}

static void killed_at_every_call(void **state)
{
	(void)state;
	at_every_call(true);
}

static void failing_at_every_call(void **state)
{
	(void)state;
	at_every_call(false);
}

/* The process dies while a start carries on what another death left. */
static void killed_again(void **state)
{
	struct fixture x, y;
	char half[64];
	long calls;

	(void)state;
	fresh(&x);
	assert_int_equal(run_child(&x, NULL, 0, 0), 0);
	calls = shared->calls;
	fixture_remove(&x);
	for (long at = calls / 4; at <= calls; at += fixture_step(29)) {
		fresh(&x);
		assert_int_equal(run_child(&x, NULL, at, 0), KILLED);
		memcpy(half, x.dir, sizeof(half));
		for (long again = 1; again < 90; again += fixture_step(13)) {
			fixture_make(&y);
			shell("rm -rf %s && cp -a --sparse=always %s %s", y.dir, half, y.dir);
			(void)run_child(&y, NULL, again, 0);
			check_after(&y, NULL);
			fixture_remove(&y);
		}
		fixture_remove(&x);
	}
}

/* ---- the mirror ---- */

static void fresh_mirror(struct fixture *x, char mirror[80])
{
	fresh(x);
	(void)snprintf(mirror, 80, "%s.mirror", x->dir);
	shell("rm -rf %s && cp -a --sparse=always %s %s", mirror, pristine_mirror, mirror);
}

static void check_mirror(const struct fixture *x, const char *mirror)
{
	shell("cmp %s/archive/1/checkpoint %s/archive/1/checkpoint", x->dir, mirror);
	shell("cmp %s/checkpoint %s/checkpoint", x->dir, mirror);
	/* the ledger may have partial tiles of smaller sizes besides */
	shell("cd %s && ! find tile archive/1/tile archive/1/manifests -type f ! -exec cmp -s {} "
	      "%s/{} ';' -print | grep .",
	      mirror, x->dir);
	shell("test -n \"$(find %s/archive/1/tile -type f)\"", mirror);
}

static void mirror_follows(void **state)
{
	struct fixture x;
	char mirror[80];
	long calls;

	(void)state;
	fresh_mirror(&x, mirror);
	assert_int_equal(run_child(&x, mirror, 0, 0), 0);
	calls = shared->calls;
	check_mirror(&x, mirror);
	fixture_remove(&x);
	for (long at = 1; at <= calls; at += fixture_step(11)) {
		shell("rm -rf %s", mirror);
		fresh_mirror(&x, mirror);
		assert_int_equal(run_child(&x, mirror, at, 0), KILLED);
		check_after(&x, mirror);
		check_mirror(&x, mirror);
		fixture_remove(&x);
	}
	shell("rm -rf %s", mirror);
}

/* Away while the key was changed, and behind besides: it is brought up to the old ledger's end. */
static void mirror_comes_back(void **state)
{
	const struct wl_finding *f;
	struct fixture x;
	char mirror[80];

	(void)state;
	fresh_mirror(&x, mirror);
	assert_int_equal(run_child(&x, NULL, 0, 0), 0);
	check_after(&x, mirror);
	check_mirror(&x, mirror);
	fixture_remove(&x);
	/* a mirror of somebody else is none, and nothing of it is moved */
	fresh(&x);
	assert_int_equal(run_child(&x, NULL, 0, 0), 0);
	shell("rm -rf %s && cp -a --sparse=always %s %s", mirror, pristine_mirror, mirror);
	shell("sed -i '2s/.*/3/' %s/checkpoint", mirror);
	assert_int_equal(wl_ledger_open_with(x.dir, mirror, 0, &x.l, &x.f), 0);
	assert_int_equal(wl_store_mirror(x.l->store, &f), WL_MIRROR_FAILED);
	assert_int_equal(f->rule, WL_RULE_STATION_MIRROR_OTHER);
	shell("test -d %s/tile && test ! -e %s/archive", mirror, mirror);
	fixture_remove(&x);
	shell("rm -rf %s", mirror);
}

/* ---- what is not ours to mend ---- */

static void refuses_to_open(const char *change, const char *why)
{
	struct fixture x;

	fresh(&x);
	assert_int_equal(run_child(&x, NULL, 0, 0), 0);
	shell("cd %s && %s", x.dir, change);
	assert_true(fixture_open(&x) < 0);
	if (!strstr(x.f.detail, why))
		fail_msg("%s: %s (wanted: %s)", change, x.f.detail, why);
	fixture_remove(&x);
}

static void damaged(void **state)
{
	(void)state;
	/* the new ledger's entries gone: it does not simply begin again under the same origin */
	refuses_to_open("rm -r checkpoint tile .state/journal", "entries are gone");
	refuses_to_open("sed -i '2s/.*/3/' checkpoint", "does not verify");
}

/* Killed between key.rotated and the move, and then the new key is lost: said, and nothing made up.
 */
static void next_key_lost(void **state)
{
	struct fixture x;
	char path[128];
	bool seen = false;

	(void)state;
	for (long at = 1; !seen && at < 400; at++) {
		fresh(&x);
		(void)run_child(&x, NULL, at, 0);
		(void)snprintf(path, sizeof(path), "%s/.state/rotation", x.dir);
		seen = access(path, F_OK) == 0;
		if (seen) { /* the call before the mark was made */
			fixture_remove(&x);
			fresh(&x);
			(void)run_child(&x, NULL, at - 1, 0);
			assert_int_equal(access(path, F_OK), -1);
			shell("rm -r %s/keys/next", x.dir);
			assert_int_equal(fixture_open(&x), -EUCLEAN);
			assert_non_null(strstr(x.f.detail, "not in keys/next"));
		}
		fixture_remove(&x);
	}
	assert_true(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(another_key),          cmocka_unit_test(twice),
	        cmocka_unit_test(two_persons),          cmocka_unit_test(successor_unvouched),
	        cmocka_unit_test(export_has_both),      cmocka_unit_test(old_receipts),
	        cmocka_unit_test(killed_at_every_call), cmocka_unit_test(failing_at_every_call),
	        cmocka_unit_test(killed_again),         cmocka_unit_test(mirror_follows),
	        cmocka_unit_test(mirror_comes_back),    cmocka_unit_test(damaged),
	        cmocka_unit_test(next_key_lost),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
