/*
 * The inspection driven with the real workers' code, on keys, signatures and archives made by
 * openssl and tar; and with workers that die or lie.
 */
#include "tests/unit/policy_help.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/fdio.h"
#include "daemon/base/work.h"
#include "policy/drive.h"
#include "tests/unit/policy_workers.h"

static char dir[64];
static struct wl_policy *policy;
static int64_t now;

/* Runs one line of shell in the folder; fails where it does. */
static void shell(const char *form, ...) __attribute__((format(printf, 1, 2)));
static void shell(const char *form, ...)
{
	char command[1024], line[1200];
	va_list args;
	va_start(args, form);
	(void)vsnprintf(command, sizeof(command), form, args);
	va_end(args);
	(void)snprintf(line, sizeof(line), "cd %s && { %s; } >/dev/null 2>&1", dir, command);
	if (system(line) != 0)
		fail_msg("%s", command);
}

static void write_file(const char *name, const char *text)
{
	int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(wl_file_replace(fd, name, text, strlen(text), 0600), 0);
	(void)close(fd);
}

static char *read_file(const char *name, size_t *ret_n)
{
	void *p;
	int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(wl_file_read(fd, name, 1 << 20, &p, ret_n), 0);
	(void)close(fd);
	return p;
}

static int open_file(const char *name)
{
	char path[512];
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* ---- keys ---- */

#define NEW_KEY "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "

static void make_leaf(const char *name, const char *ca)
{
	shell(NEW_KEY "%s.key && openssl req -new -key %s.key -subj /CN=leaf -out leaf.csr", name,
	      name);
	if (ca)
		shell("openssl x509 -req -in leaf.csr -CA %s.pem -CAkey %s.key -CAcreateserial "
		      "-days 400 "
		      "-extfile code.ext -out leaf.pem",
		      ca, ca);
	else
		shell("openssl x509 -req -in leaf.csr -signkey %s.key -days 400 -extfile leaf.ext "
		      "-out leaf.pem",
		      name);
	shell("mv leaf.pem %s.pem", name);
}

static void make_ca(const char *name)
{
	shell(NEW_KEY "%s.key && openssl req -x509 -new -key %s.key -subj /CN=ca -days 400 -out "
	              "ca.pem -addext "
	              "keyUsage=critical,keyCertSign,cRLSign",
	      name, name);
	shell("mv ca.pem %s.pem", name);
}

static void der_digest(const char *name, char hex[WL_SHA256_HEX + 1])
{
	uint8_t digest[WL_SHA256_BYTES];
	size_t n;
	char *p = read_file(name, &n);
	assert_int_equal(wl_policy_der_digest(p, n, digest), 0);
	wl_hex_encode(digest, sizeof(digest), hex);
	free(p);
}

static char *replace_digest(char *text, const char *made_up, const char *file)
{
	char hex[WL_SHA256_HEX + 1];
	der_digest(file, hex);
	char *edited = help_edit(text, made_up, hex);
	free(text);
	return edited;
}

/* The golden policy, with the digests of keys that exist. */
static void make_policy(void)
{
	static struct wl_policy_errors errors;
	size_t n;
	char *text = help_read("policy_golden.yaml", &n);
	text = replace_digest(text,
	                      "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b",
	                      "authority-1.pem");
	text = replace_digest(text,
	                      "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35",
	                      "authority-2.pem");
	text = replace_digest(text,
	                      "4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce",
	                      "acme-issuing-ca.pem");
	assert_int_equal(wl_policy_read(text, strlen(text), &policy, &errors), 0);
	write_file("policy.yaml", text);
	free(text);
}

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/wl-drive-XXXXXX");
	assert_non_null(mkdtemp(dir));
	write_file("code.ext", "basicConstraints=CA:FALSE\nkeyUsage=critical,"
	                       "digitalSignature\nextendedKeyUsage=codeSigning\n");
	write_file("leaf.ext", "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\n");
	make_ca("acme-issuing-ca");
	make_ca("other-ca");
	make_leaf("release", "acme-issuing-ca");
	make_leaf("sibling", "other-ca");
	make_leaf("authority-1", NULL);
	make_leaf("authority-2", NULL);
	make_leaf("stranger", NULL);
	make_leaf("policy-authority", NULL);
	make_policy();
	now = time(NULL) + 1; /* every certificate is good by then */
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	wl_policy_free(policy);
	char line[128];
	(void)snprintf(line, sizeof(line), "rm -rf %s", dir);
	return system(line);
}

static void sign(const char *file, const char *key, const char *out)
{
	char line[512];
	(void)snprintf(line, sizeof(line),
	               "openssl cms -sign -binary -md sha384 -in %s -signer %s.pem -inkey %s.key "
	               "-outform DER -out %s",
	               file, key, key, out);
	shell("%s", line);
}

/* ---- a delivery ---- */

static void fill_items(struct wl_items *items, const char *folder, const char *const *names)
{
	for (; *names; names++) {
		char path[256];
		uint8_t digest[WL_SHA256_BYTES];
		size_t n;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, *names);
		char *p = read_file(path, &n);
		assert_int_equal(wl_items_add(items, *names, strlen(*names), false, n, 0), 0);
		struct wl_item *item = &items->v[items->n - 1];
		assert_int_equal(wl_sha256_of(p, n, digest), 0);
		wl_item_set_digest(item, digest, p, n);
		free(p);
	}
	wl_items_number(items);
}

static void key_digest(const char *name, uint8_t ret[WL_SHA256_BYTES])
{
	size_t n;
	char line[256];
	(void)snprintf(line, sizeof(line),
	               "openssl x509 -in %s.pem -noout -pubkey | openssl pkey -pubin -outform DER "
	               "> spki.der",
	               name);
	shell("%s", line);
	char *p = read_file("spki.der", &n);
	assert_int_equal(wl_sha256_of(p, n, ret), 0);
	free(p);
}

static void write_ticket(const char *key)
{
	struct wl_ticket *t = help_ticket();
	struct wl_finding finding;
	size_t n;
	char *text, *archive = read_file("rel/update.tar.gz", &n);
	uint8_t digest[WL_SHA256_BYTES];
	key_digest(key, t->spki_sha256[0]);
	t->issued_at = now;
	t->not_before = now - 1000;
	t->not_after = now + 100000;
	assert_int_equal(wl_sha256_of(archive, n, digest), 0);
	assert_int_equal(wl_ticket_add_file(t, "update.tar.gz", 13, n, digest, NULL,
	                                    WL_UNPACK_INSPECT, true),
	                 0);
	assert_int_equal(wl_ticket_write(t, &text, &n, &finding), 0);
	write_file("store/AA-1.ticket.json", text);
	free(text);
	free(archive);
	wl_ticket_free(t);
}

static void make_delivery(const char *key, const char *officer)
{
	shell("rm -rf rel store && mkdir rel store && head -c 3000 /dev/zero > rel/a.bin && cd rel "
	      "&& "
	      "tar czf update.tar.gz a.bin && rm a.bin && sha256sum update.tar.gz > "
	      "MANIFEST.sha256");
	sign("rel/MANIFEST.sha256", key, "rel/MANIFEST.sha256.p7s");
	write_ticket("release");
	sign("store/AA-1.ticket.json", officer, "store/AA-1.ticket.1.p7s");
}

static int ops_open_item(void *user, enum wl_place place, const struct wl_item *item, int *ret_fd)
{
	char path[300];
	(void)user;
	(void)snprintf(path, sizeof(path), "%s/%s", place == WL_PLACE_STORE ? "store" : "rel",
	               item->path);
	*ret_fd = open_file(path);
	return 0;
}

static int ops_open_trust(void *user, const char *file, int *ret_fd)
{
	(void)user;
	*ret_fd = open_file(file);
	return 0;
}

static const struct wl_drive_ops ops = {.open_item = ops_open_item, .open_trust = ops_open_trust};

/* Inspects rel/ with the ticket of store/ and expects this rule. */
static int inspect(struct wl_decision **ret, size_t *ret_signers)
{
	static const char *const medium[] = {"MANIFEST.sha256", "MANIFEST.sha256.p7s",
	                                     "update.tar.gz", NULL};
	static const char *const kept[] = {"AA-1.ticket.json", "AA-1.ticket.1.p7s", NULL};
	struct wl_items items = {0}, store = {0};
	struct wl_inspect *i = NULL;
	fill_items(&items, "rel", medium);
	fill_items(&store, "store", kept);
	const struct wl_inspect_input in = {
	        .policy = policy, .device = "x-0042", .items = &items, .store = &store, .now = now};
	assert_int_equal(wl_inspect_new(&in, &i), 0);
	policy_workers_started = 0;
	int r = wl_drive_inspect(NULL, i, &ops);
	if (r == 0)
		assert_int_equal(wl_decide(wl_inspect_facts(i), ret), 0);
	*ret_signers = wl_inspect_facts(i)->nsigners;
	wl_inspect_free(i);
	wl_items_clear(&items);
	wl_items_clear(&store);
	return r;
}

static void decided(const char *rule)
{
	struct wl_decision *d = NULL;
	size_t signers;
	assert_int_equal(inspect(&d, &signers), 0);
	if (strcmp(wl_rule_id(d->rule), rule) != 0)
		fail_msg("%s (%s), not %s", wl_rule_id(d->rule), d->detail, rule);
	wl_decision_free(d);
}

static void a_signed_delivery_passes(void **state)
{
	struct wl_decision *d = NULL;
	size_t signers;
	(void)state;
	make_delivery("release", "authority-1");
	assert_int_equal(inspect(&d, &signers), 0);
	if (d->verdict != WL_PASS)
		fail_msg("%s (%s)", wl_rule_id(d->rule), d->detail);
	assert_int_equal(signers, 2);
	assert_int_equal(policy_workers_started,
	                 6); /* two signatures, two checks, lines, archive */
	assert_int_equal(d->files, 1);
	assert_rule(&d->not_checked, "update.version-floor");
	wl_decision_free(d);
	make_delivery("release", "authority-2");
	decided("pass.update-covered");
}

static void what_was_tampered_with_is_refused(void **state)
{
	(void)state;
	make_delivery("release", "authority-1");
	shell("printf x >> rel/update.tar.gz");
	decided("update.file-changed");
	make_delivery("release", "authority-1");
	shell("printf 'x  y\\n' >> rel/MANIFEST.sha256");
	decided("signature.mismatch");
	make_delivery("release", "authority-1");
	shell("sed -i s/4.2.1/4.2.2/ store/AA-1.ticket.json");
	decided("signature.mismatch");
	make_delivery("sibling", "authority-1");
	decided("signature.signer-untrusted");
	make_delivery("release", "stranger");
	decided("signature.signer-untrusted");
	make_delivery("release", "authority-1");
	shell("printf x >> rel/MANIFEST.sha256.p7s");
	decided("signature.trailing-bytes");
}

static void bad_archives_are_refused(void **state)
{
	(void)state;
	shell("rm -rf rel store && mkdir rel store && cd rel && echo x > a && "
	      "tar cPzf update.tar.gz --transform 's,a,../a,' a && rm a && "
	      "sha256sum update.tar.gz > MANIFEST.sha256");
	sign("rel/MANIFEST.sha256", "release", "rel/MANIFEST.sha256.p7s");
	write_ticket("release");
	sign("store/AA-1.ticket.json", "authority-1", "store/AA-1.ticket.1.p7s");
	decided("archive.path-parent");
}

static void workers_that_die_or_lie_refuse(void **state)
{
	static const struct {
		enum policy_workers_mood mood;
		const char *kind, *rule;
	} moods[] = {
	        {WORKERS_DIE, "signature", "station.worker-died"},
	        {WORKERS_DIE, "check", "station.worker-died"},
	        {WORKERS_DIE, "unpack", "station.worker-died"},
	        {WORKERS_PASS, "signature", "station.worker-lied"},
	        {WORKERS_PASS, "unpack", "station.worker-lied"},
	        {WORKERS_OTHER_STAGE, "signature", "station.worker-lied"},
	        {WORKERS_TALK, "signature", "station.worker-lied"},
	        {WORKERS_TALK, "check", "station.worker-lied"},
	        {WORKERS_TALK, "unpack", "station.worker-lied"},
	        {WORKERS_KEY_UNASKED, "check", "station.worker-lied"},
	};
	struct wl_decision *d = NULL;
	size_t signers;
	(void)state;
	make_delivery("release", "authority-1");
	for (size_t i = 0; i < sizeof(moods) / sizeof(moods[0]); i++) {
		policy_workers_mood = moods[i].mood;
		policy_workers_kind = moods[i].kind;
		decided(moods[i].rule);
	}
	policy_workers_mood =
	        WORKERS_FAULT; /* the machine's fault says nothing about the delivery */
	policy_workers_kind = "unpack";
	assert_int_equal(inspect(&d, &signers), -EIO);
	policy_workers_mood = WORKERS_HONEST;
	decided("pass.update-covered");
}

static void a_policy_is_verified_before_it_is_read(void **state)
{
	struct wl_finding finding;
	(void)state;
	sign("policy.yaml", "policy-authority", "policy.yaml.p7s");
	sign("policy.yaml", "authority-1", "other.p7s");
	int yaml = open_file("policy.yaml"), p7s = open_file("policy.yaml.p7s");
	int other = open_file("other.p7s"), pem = open_file("policy-authority.pem");
	assert_int_equal(wl_drive_verify_policy(NULL, yaml, p7s, pem, now, &finding), 0);
	assert_int_equal(wl_drive_verify_policy(NULL, yaml, other, pem, now, &finding), -EBADMSG);
	assert_id(finding.rule, "policy.signature");
	assert_non_null(strstr(finding.detail, "signature.signer-untrusted"));
	assert_int_equal(wl_drive_verify_policy(NULL, pem, p7s, pem, now, &finding), -EBADMSG);
	assert_non_null(strstr(finding.detail, "signature.mismatch"));
	assert_int_equal(wl_drive_verify_policy(NULL, yaml, yaml, pem, now, &finding), -EBADMSG);
	assert_non_null(strstr(finding.detail, "signature.unreadable"));
	assert_int_equal(wl_drive_verify_policy(NULL, yaml, p7s, yaml, now, &finding), -EBADMSG);
	assert_id(finding.rule, "policy.signature");
	(void)close(yaml);
	(void)close(p7s);
	(void)close(other);
	(void)close(pem);
}

static void a_ticket_is_verified_before_it_is_read(void **state)
{
	struct wl_finding finding;
	struct wl_signer signers[WL_DRIVE_SIGNERS_MAX];
	struct wl_ticket *t = NULL;
	struct wl_withdrawal withdrawal;
	size_t n = 0;
	(void)state;
	make_delivery("release", "authority-1");
	sign("store/AA-1.ticket.json", "authority-2", "two.p7s");
	int json = open_file("store/AA-1.ticket.json");
	int p7s[3] = {open_file("store/AA-1.ticket.1.p7s"), open_file("two.p7s"),
	              open_file("store/AA-1.ticket.1.p7s")};
	assert_int_equal(wl_drive_read_ticket(NULL, policy, &ops, json, p7s, 3, now, &t,
	                                      &withdrawal, signers, &n, &finding),
	                 0);
	assert_int_equal(n, 2); /* the same signature again is the same key */
	assert_string_equal(signers[0].trust, "authority-1");
	assert_string_equal(signers[1].trust, "authority-2");
	assert_string_equal(t->id, "AA-2026-0117");
	t = wl_ticket_free(t);
	assert_int_equal(wl_drive_read_ticket(NULL, policy, &ops, json, p7s, 0, now, &t,
	                                      &withdrawal, signers, &n, &finding),
	                 -EBADMSG);
	assert_id(finding.rule, "signature.missing");
	int pem = open_file("stranger.pem"); /* other bytes under a good signature */
	assert_int_equal(wl_drive_read_ticket(NULL, policy, &ops, pem, p7s, 1, now, &t, &withdrawal,
	                                      signers, &n, &finding),
	                 -EBADMSG);
	assert_id(finding.rule, "signature.mismatch");
	/* past the day the policy trusts its officers to */
	assert_int_equal(wl_drive_read_ticket(NULL, policy, &ops, json, p7s, 2, INT64_C(1893456000),
	                                      &t, &withdrawal, signers, &n, &finding),
	                 -EBADMSG);
	for (size_t i = 0; i < 3; i++)
		(void)close(p7s[i]);
	(void)close(json);
	(void)close(pem);
}

/* A withdrawal is believed on the same ground as a ticket, and is never taken for one. */
static void a_withdrawal_is_verified_before_it_is_read(void **state)
{
	struct wl_finding finding;
	struct wl_signer signers[WL_DRIVE_SIGNERS_MAX];
	struct wl_ticket *t = NULL;
	struct wl_withdrawal w = {.issued_at = 0};
	size_t n = 0;
	(void)state;
	write_file("w.json", "{\"type\": \"ca.weighlock.ticket-withdrawal/1\", \"ticket\": "
	                     "\"AA-2026-0117\", \"authority\": \"assessing-authority\", "
	                     "\"issued_at\": \"2026-11-20T08:00:00Z\", \"reason\": "
	                     "\"defect-found\"}\n");
	sign("w.json", "authority-1", "w.p7s");
	sign("w.json", "stranger", "other.p7s");
	int json = open_file("w.json"), good = open_file("w.p7s"), other = open_file("other.p7s");
	assert_int_equal(wl_drive_read_ticket(NULL, policy, &ops, json, &good, 1, now, &t, &w,
	                                      signers, &n, &finding),
	                 0);
	assert_null(t);
	assert_int_equal(n, 1);
	assert_string_equal(w.ticket, "AA-2026-0117");
	assert_string_equal(w.reason, "defect-found");
	memset(&w, 0, sizeof(w));
	assert_int_equal(wl_drive_read_ticket(NULL, policy, &ops, json, &other, 1, now, &t, &w,
	                                      signers, &n, &finding),
	                 -EBADMSG);
	assert_id(finding.rule, "signature.signer-untrusted");
	assert_string_equal(w.ticket, "");
	(void)close(json);
	(void)close(good);
	(void)close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_withdrawal_is_verified_before_it_is_read),
	        cmocka_unit_test(a_signed_delivery_passes),
	        cmocka_unit_test(what_was_tampered_with_is_refused),
	        cmocka_unit_test(bad_archives_are_refused),
	        cmocka_unit_test(workers_that_die_or_lie_refuse),
	        cmocka_unit_test(a_policy_is_verified_before_it_is_read),
	        cmocka_unit_test(a_ticket_is_verified_before_it_is_read),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
