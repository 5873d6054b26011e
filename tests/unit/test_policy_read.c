/* The policy's reader: the golden policy, and one thing wrong at a time, with rule, line and
 * column. */
#include "tests/unit/policy_help.h"

#include "daemon/base/limits.h"
#include "policy/new.h"

struct edit {
	const char *find, *replace;
	const char *rule;
	const char *at; /* where the error stands: at the first of this in the edited text; NULL:
	                   nowhere */
	const char *nearest;
};

/* policy.syntax */
static const struct edit syntax[] = {
        {"  tech-1: {", "  tech-1: &t {", "policy.syntax", "&t {", ""},
        {"accounts: [invest1, invest1-card]", "accounts: *t", "policy.syntax", "*t", ""},
        {"id: STN3", "id: !!str STN3", "policy.syntax", "!!str", ""},
        {"version: 17", "version: 17\nversion: 18", "policy.syntax", "version: 18", ""},
        {"id: STN3", "id: 'STN3'", "policy.syntax", "'STN3'", ""},
        {"serial: X-0042", "serial: |\n      X-0042", "policy.syntax", "|\n", ""},
        {"  image_side: 32768\n", "  image_side: 32768\n---\npolicy: 1\n", "policy.syntax", "---",
         ""},
        {"policy: 1 ", "%TAG ! x:\n---\npolicy: 1 ", "policy.syntax", "%TAG", ""},
        {"serial: X-0042", "serial: \"X\\x07\"", "policy.syntax", "\"X\\x07\"", ""},
        {"serial: X-0042", "serial: \"X\\0\"", "policy.syntax", "\"X\\0\"", ""},
        {"station:\n", "\"station\":\n", "policy.syntax", "\"station\"", ""},
        {"conflicts: [[", "conflicts: [[[[[[[[[[", "policy.syntax", "[[[technician", ""},
        {"{ match:", "{ [match]:", "policy.syntax", "[match]", ""},
};

/* policy.key-unknown and policy.key-missing */
static const struct edit keys[] = {
        {"version: 17", "verison: 17", "policy.key-unknown", "verison", "version"},
        {"  mode: operational", "  modes: operational", "policy.key-unknown", "modes", "mode"},
        {", use: source }", ", ues: source }", "policy.key-unknown", "ues", "use"},
        {"vault:\n", "vaut:\n", "policy.key-unknown", "vaut:", "vault"},
        {"  approvals: 1\noutbound:", "  frobnicate: 1\noutbound:", "policy.key-unknown",
         "frobnicate", ""},
        {"    model: x100\n", "", "policy.key-missing", "x-0042:", ""},
        {"  mode: operational            # or test: loop ports allowed, every record says TEST\n",
         "", "policy.key-missing", "station:", ""},
        {"signers: 1, ", "", "policy.key-missing", "acme: {", ""},
        {", sha256: \"6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b\"", "",
         "policy.key-missing", "authority-1: {", ""},
};

/* policy.value: scalars of every type */
static const struct edit values[] = {
        {"version: 17", "version: 017", "policy.value", "017", ""},
        {"version: 17", "version: 1.7", "policy.value", "1.7", ""},
        {"version: 17", "version: -1", "policy.value", "-1", ""},
        {"version: 17", "version: \"17\"", "policy.value", "\"17\"", ""},
        {"version: 17", "version: 0", "policy.value", "0 ", ""},
        {"version: 17", "version: 99999999999999999999999", "policy.value",
         "99999999999999999999999", ""},
        {"policy: 1 ", "policy: 2 ", "policy.value", "2 ", ""},
        {"version: 17", "version: [17]", "policy.value", "[17]", ""},
        {"require_encrypted_disk: true", "require_encrypted_disk: yes", "policy.value", "yes", ""},
        {"require_encrypted_disk: true", "require_encrypted_disk: True", "policy.value", "True",
         ""},
        {"quota: 64 GiB", "quota: 64 GB", "policy.value", "64 GB", ""},
        {"quota: 64 GiB", "quota: 64GiB", "policy.value", "64GiB", ""},
        {"quota: 64 GiB", "quota: 99999999999 TiB", "policy.value", "99999999999 TiB", ""},
        {"valid: 8 h", "valid: 8 hours", "policy.value", "8 hours", ""},
        {"valid: 8 h", "valid: 31 d", "policy.value", "31 d", ""},
        {"id: STN3", "id: stn3", "policy.value", "stn3\n", ""},
        {"mode: operational ", "mode: operationel ", "policy.value", "operationel", "operational"},
        {"roles: [technician] }", "roles: [techinician] }", "policy.value", "techinician",
         "technician"},
        {"roles: [technician] }", "roles: [technician, technician] }", "policy.value",
         "technician] }", ""},
        {"roles: [technician] }", "roles: technician }", "policy.value", "technician }", ""},
        {"accounts: [tech1]", "accounts: [Tech1]", "policy.value", "Tech1", ""},
        {"accounts: [tech1]", "accounts: []", "policy.value", "[]", ""},
        {"  tech-1:", "  Tech-1:", "policy.value", "Tech-1", ""},
        {"model: x100", "model: 100", "policy.value", "100\n", ""},
        {"model: x100", "model: no", "policy.value", "no\n", ""},
        {"model: x100", "model: 2026-01-01", "policy.value", "2026-01-01", ""},
        {"model: x100", "model: \"\"", "policy.value", "\"\"", ""},
        {"certificate: authority-1.pem", "certificate: ../authority-1.pem", "policy.value",
         "../authority", ""},
        {"spki_sha256: \"4b", "spki_sha256: \"4B", "policy.value", "\"4B", ""},
        {"not_after: \"2029-01-01T00:00:00Z\"", "not_after: \"2029-02-30T00:00:00Z\"",
         "policy.value", "\"2029-02-30", ""},
        {"origin: stations.example/stn3", "origin: Stations+x", "policy.value", "Stations+x", ""},
        {"names: dos-safe", "names: dos", "policy.value", "dos ", ""},
        {"volume: fat32", "volume: ntfs", "policy.value", "ntfs", ""},
        {"require: prepared", "require: registered", "policy.value", "registered ", ""},
        {"wipe: quick", "wipe: full", "policy.value", "full", ""},
        {"archives: [tar, tar-gzip, zip]", "archives: [tar, rar]", "policy.value", "rar]", "tar"},
        {"rect: [0, 0, 2000, 96]", "rect: [0, 0, 2000]", "policy.value", "[0, 0, 2000]", ""},
        {"floors: { scan-app: 40100 }", "floors: { scan-app: x }", "policy.value", "x }", ""},
        {"floors: { scan-app: 40100 }", "floors: { SCAN: 1 }", "policy.value", "SCAN: 1", ""},
        {"conflicts: [[technician, approver]", "conflicts: [[technician]", "policy.value",
         "[technician],", ""},
        {"approvals: 1\noutbound:", "approvals: 0\noutbound:", "policy.value", "0\noutbound", ""},
        {"transfer_files: 20000", "transfer_files: 20001", "policy.value", "20001", ""},
        {"transfer_bytes: 32 GiB", "transfer_bytes: 33 GiB", "policy.value", "33 GiB", ""},
        {"image_side: 32768", "image_side: 32769", "policy.value", "32769", ""},
};

/* policy.value and policy.reference: between the parts */
static const struct edit parts[] = {
        {"scan_path: \"{date}/{scan}_{view}.*\"", "scan_path: \"{date}/{view}.*\"", "policy.value",
         "x-0042:", ""},
        {"rect: [0, 0, 2000, 96]", "rect: [0, 0, 2001, 96]", "policy.value", "{ width: 2000", ""},
        {"rect: [0, 0, 2000, 96]", "rect: [0, 5905, 2000, 96]", "policy.value", "{ width: 2000",
         ""},
        {"rect: [0, 0, 2000, 96]", "rect: [0, 0, 2000, 0]", "policy.value", "{ width: 2000", ""},
        {"    vendor: acme\n", "    vendor: acm\n", "policy.reference", "x-0042:", "acme"},
        {"    vendor: acme\n", "    vendor: zzz\n", "policy.reference", "x-0042:", ""},
        {"anchors: [acme-issuer]", "anchors: [acme-isuer]", "policy.reference", "acme: {",
         "acme-issuer"},
        {"anchors: [acme-issuer]", "anchors: [authority-1]", "policy.value", "acme: {", ""},
        {"recipients: [lab-1]", "recipients: [lab-2]", "policy.reference", NULL, "lab-1"},
        {"recipients: [lab-1]", "recipients: [audit-key]", "policy.reference", NULL, ""},
        {"anchors: [acme-issuer]", "anchors: [audit-key]", "policy.value", "acme: {", ""},
        /* another name, another type (0x01), a digit of the id, an officer's key by vkey */
        {"audit-1.example+", "audit-2.example+", "policy.value", "audit-key: {", ""},
        {"+d165230a+BAAB", "+d165230a+AQAB", "policy.value", "audit-key: {", ""},
        {"+d165230a+", "+d165230b+", "policy.value", "audit-key: {", ""},
        {"role: cosigner, person: audit-1", "role: cosigner, person: appr-1", "policy.value",
         "audit-key: {", ""},
        {"role: cosigner, person: audit-1,", "role: cosigner,", "policy.value", "audit-key: {", ""},
        {"role: cosigner, person", "role: authority, person", "policy.value", "audit-key: {", ""},
        {"anchors: [acme-issuer], signers: 1", "anchors: [acme-issuer], signers: 0", "policy.value",
         "acme: {", ""},
        {"anchors: [acme-issuer], signers: 1", "anchors: [], signers: 1", "policy.value", "acme: {",
         ""},
        {"ticket: required, authority_signers: 1", "ticket: none, authority_signers: 1",
         "policy.value", "acme: {", ""},
        {"ticket: required, authority_signers: 1", "ticket: required, authority_signers: 0",
         "policy.value", "acme: {", ""},
        {"ticket: required, authority_signers: 1", "ticket: required, authority_signers: 3",
         "policy.value", "acme: {", ""},
        {"ticket: required, authority_signers: 2", "ticket: required, authority_signers: 1",
         "policy.value", "oldscan: {", ""},
        {"ticket: required, authority_signers: 2", "ticket: none, authority_signers: 2",
         "policy.value", "oldscan: {", ""},
        {"anchors: [], signers: 0", "anchors: [acme-issuer], signers: 0", "policy.value",
         "oldscan: {", ""},
        {"  acme-issuer: { role: vendor, issuer: acme-issuing-ca.pem,",
         "  acme-issuer: { role: vendor, issuer: a.pem, certificate: b.pem,", "policy.value",
         "acme-issuer: {", ""},
        {"  acme-key-1: { role: vendor,", "  acme-key-1: { role: authority,", "policy.value",
         "acme-key-1: {", ""},
        {"sha256: \"d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35\"",
         "sha256: \"6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b\"",
         "policy.value", "authority-2: {", ""},
        {"accounts: [invest1, invest1-card]", "accounts: [invest1, tech1]", "policy.value",
         "invest-1: {", ""},
        {"accounts: [tech1]", "accounts: [\"uid:1000\"]", "policy.value", "tech-1: {", ""},
        {"roles: [technician] }", "roles: [technician, approver] }", "policy.value", "tech-1: {",
         ""},
        {"  admin-2: { accounts: [adm2], roles: [administrator] }\n", "", "policy.value", NULL, ""},
        {"roles: [approver] }", "roles: [auditor] }", "policy.value", NULL, ""},
        {"approvals: 1\noutbound:", "approvals: 2\noutbound:", "policy.value", "tech-1: {", ""},
        {"match: \"usb:pci-0000:00:14.0-usb-0:2:1.0\"",
         "match: \"usb:pci-0000:00:14.0-usb-0:1:1.0\"", "policy.value", "b1: {", ""},
        {"match: \"usb:pci-0000:00:14.0-usb-0:2:1.0\"", "match: \"loop:65\"", "policy.value",
         "b1: {", ""},
        {"match: \"usb:pci-0000:00:14.0-usb-0:2:1.0\"", "match: \"pci\"", "policy.value", "b1: {",
         ""},
        {"use: destination }", "use: source }", "policy.value", NULL, ""},
        {"origin: stations.example/stn3", "origin: test.example/stn3", "policy.value",
         "station:", ""},
        {"mode: operational ", "mode: test ", "policy.value", "station:", ""},
        {"require: prepared", "require: any", "policy.value", NULL, ""},
        {"require_encrypted_disk: true", "require_encrypted_disk: false", "policy.value", NULL, ""},
};

static void place_of(const char *text, const char *at, unsigned *line, unsigned *column)
{
	const char *found = strstr(text, at);
	assert_non_null(found);
	*line = *column = 1;
	for (const char *p = text; p < found; p++) {
		(*column)++;
		if (*p == '\n') {
			(*line)++;
			*column = 1;
		}
	}
}

static void check_edit(const char *golden, const struct edit *e)
{
	static struct wl_policy_errors errors;
	struct wl_policy *p = NULL;
	char words[400];
	char *text = help_edit(golden, e->find, e->replace);
	unsigned line = 0, column = 0;
	assert_int_equal(wl_policy_read(text, strlen(text), &p, &errors), -EBADMSG);
	assert_true(errors.n > 0 && errors.errors > 0);
	wl_policy_error_render(&errors.v[0], words, sizeof(words));
	if (e->at)
		place_of(text, e->at, &line, &column);
	const struct wl_policy_error *first = &errors.v[0];
	for (size_t i = 0; i < errors.n && strcmp(wl_rule_id(first->rule), e->rule) != 0; i++)
		first = &errors.v[i];
	if (strcmp(wl_rule_id(first->rule), e->rule) != 0 || first->line != line ||
	    first->column != column || strcmp(first->nearest, e->nearest) != 0)
		fail_msg("%s -> %s %u:%u (not %s %u:%u) nearest \"%s\": %s", e->replace,
		         wl_rule_id(first->rule), first->line, first->column, e->rule, line, column,
		         first->nearest, words);
	if (strchr(words, '{') && !strstr(words, "{ "))
		fail_msg("a place is not filled: %s", words);
	free(text);
}

static void check_edits(const struct edit *edits, size_t n)
{
	size_t size;
	char *golden = help_read("policy_golden.yaml", &size);
	for (size_t i = 0; i < n; i++)
		check_edit(golden, &edits[i]);
	free(golden);
}

static void syntax_is_strict(void **state)
{
	(void)state;
	check_edits(syntax, sizeof(syntax) / sizeof(syntax[0]));
}

static void keys_are_known_and_complete(void **state)
{
	(void)state;
	check_edits(keys, sizeof(keys) / sizeof(keys[0]));
}

static void values_have_their_type(void **state)
{
	(void)state;
	check_edits(values, sizeof(values) / sizeof(values[0]));
}

static void parts_fit_together(void **state)
{
	(void)state;
	check_edits(parts, sizeof(parts) / sizeof(parts[0]));
}

static void golden_policy_is_read(void **state)
{
	(void)state;
	struct wl_policy *p = help_policy(NULL, NULL);
	assert_int_equal(p->version, 17);
	assert_string_equal(p->station.id, "STN3");
	assert_int_equal(p->station.mode, WL_MODE_OPERATIONAL);
	assert_int_equal(p->npeople, 7);
	const struct wl_policy_person *person = wl_policy_person_of(p, 1000, "invest1-card");
	assert_string_equal(person->id, "invest-1");
	assert_int_equal(person->roles, WL_PERSON_INVESTIGATOR);
	assert_null(wl_policy_person_of(p, 1000, "nobody"));
	assert_null(wl_policy_person_of(p, 1000, NULL));
	assert_int_equal(p->nconflicts, 5);
	assert_string_equal(wl_policy_port(p, "A1")->match, "usb:pci-0000:00:14.0-usb-0:1:1.0");
	const struct wl_policy_trust *key = wl_policy_trust(p, "acme-key-1");
	assert_true(key->has_spki_sha256 && !key->has_sha256);
	assert_int_equal(wl_policy_trust(p, "authority-1")->not_after, INT64_C(1861920000));
	const struct wl_policy_vendor *v = wl_policy_vendor(p, "acme");
	assert_int_equal(v->anchors.n, 1);
	assert_int_equal(v->signers, 1);
	const struct wl_policy_device *d = wl_policy_device(p, "X-0042");
	assert_string_equal(d->vendor, "acme");
	assert_int_equal(d->names, WL_NAMES_DOS_SAFE);
	assert_int_equal(wl_policy_floor(d, "scan-app"), 40100);
	assert_int_equal(wl_policy_floor(d, "other"), 0);
	assert_int_equal(d->overwrite_horizon_s, 30 * 86400);
	assert_int_equal(d->nmasks, 1);
	assert_int_equal(d->masks[0].rect[3], 96);
	assert_int_equal(p->inbound.archives, 7);
	assert_int_equal(p->approvals.valid_s, 8 * 3600);
	assert_int_equal(p->approvals.needs, WL_NEED_SAMPLES_SEEN);
	assert_int_equal(p->vault.quota_bytes, WL_GIB(64));
	assert_int_equal(p->limits.transfer_bytes, WL_GIB(32));
	assert_string_equal(p->outbound.authorities.v[3], "ca-107-9");
	wl_policy_free(p);
}

static void several_errors_come_at_once_in_order(void **state)
{
	static struct wl_policy_errors errors;
	struct wl_policy *p = NULL;
	size_t n;
	(void)state;
	char *golden = help_read("policy_golden.yaml", &n);
	char *a = help_edit(golden, "wipe: quick", "wipe: quik");
	char *b = help_edit(a, "id: STN3", "id: stn");
	char *c = help_edit(b, "    vendor: acme\n", "    vendor: acm\n");
	assert_int_equal(wl_policy_read(c, strlen(c), &p, &errors), -EBADMSG);
	assert_int_equal(errors.errors, 3);
	assert_int_equal(errors.n, 3);
	for (size_t i = 1; i < errors.n; i++)
		assert_true(errors.v[i].line > errors.v[i - 1].line);
	char words[200];
	wl_policy_error_render(&errors.v[1], words, sizeof(words));
	assert_string_equal(words,
	                    "devices.x-0042.vendor names \"acm\", which is not defined; nearest is "
	                    "\"acme\" (line 28)");
	free(golden);
	free(a);
	free(b);
	free(c);
}

static void bytes_are_bounded_utf8(void **state)
{
	static struct wl_policy_errors errors;
	struct wl_policy *p = NULL;
	(void)state;
	static const char *const bad[] = {
	        "\xEF\xBB\xBFpolicy: 1\n", "policy: \xFF\n", "", "- a\n", "x", "policy: [\n", "\t{",
	        "? a\n: b\n? [x]\n: c\n"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(wl_policy_read(bad[i], strlen(bad[i]), &p, &errors), -EBADMSG);
		assert_true(errors.errors > 0);
	}
	char *golden = help_read("policy_golden.yaml", &(size_t){0});
	size_t n = strlen(golden);
	char *big = malloc(WL_POLICY_BYTES_MAX + 1);
	assert_non_null(big);
	memset(big, '#', WL_POLICY_BYTES_MAX + 1);
	memcpy(big, golden, n); /* a comment up to the limit */
	assert_int_equal(wl_policy_read(big, WL_POLICY_BYTES_MAX, &p, &errors), 0);
	p = wl_policy_free(p);
	assert_int_equal(wl_policy_read(big, WL_POLICY_BYTES_MAX + 1, &p, &errors), -EBADMSG);
	assert_id(errors.v[0].rule, "policy.syntax");
	free(golden);
	free(big);
}

/* WL_IMAGE_MASKS_MAX masks of one device are taken, one more is policy.value and names the key. */
static void masks_are_counted(void **state)
{
	static const char place[] = "      - { width: 2000, height: 6000, rect: [0, 0, 2000, 96], "
	                            "why: banner }\n";
	static char many[sizeof(place) * (WL_IMAGE_MASKS_MAX + 1)];

	(void)state;
	for (unsigned n = WL_IMAGE_MASKS_MAX; n <= WL_IMAGE_MASKS_MAX + 1; n++) {
		static struct wl_policy_errors errors;
		struct wl_policy *p = NULL;
		many[0] = '\0';
		for (unsigned i = 0; i < n; i++)
			strcat(many, place);
		char *golden = help_read("policy_golden.yaml", &(size_t){0});
		char *text = help_edit(golden, place, many);
		int r = wl_policy_read(text, strlen(text), &p, &errors);
		if (n == WL_IMAGE_MASKS_MAX) {
			assert_int_equal(r, 0);
			assert_int_equal(p->devices[0].nmasks, n);
		} else {
			assert_int_equal(r, -EBADMSG);
			assert_id(errors.v[0].rule, "policy.value");
			assert_string_equal(errors.v[0].text, "{key}: too many masks");
		}
		wl_policy_free(p);
		free(golden);
		free(text);
	}
}

static void test_mode_allows_its_own(void **state)
{
	(void)state;
	struct wl_policy_new in = {.station = "STN3", .test = true};
	static struct wl_policy_errors errors;
	struct wl_policy *p = NULL;
	char *text;
	size_t n;
	assert_int_equal(wl_policy_new_text(&in, &text, &n), 0);
	assert_int_equal(wl_policy_read(text, n, &p, &errors), 0);
	assert_string_equal(wl_policy_person_of(p, 5001, "root")->id, "tech-1");
	assert_null(wl_policy_person_of(p, 500, "root"));
	assert_string_equal(p->station.origin, "test.example/stn3");
	wl_policy_free(p);
	free(text);
}

static void the_new_policy_is_one(void **state)
{
	static const struct wl_policy_new_port ports[] = {
	        {"left", "usb:pci-1:2", WL_PORT_SOURCE},
	        {"right", "usb:pci-1:3", WL_PORT_DESTINATION}};
	struct wl_policy_new in = {
	        .station = "QC7", .origin = "stations.example/qc7", .ports = ports, .nports = 2};
	static struct wl_policy_errors errors;
	struct wl_policy *p = NULL;
	char *text;
	size_t n;
	(void)state;
	assert_int_equal(wl_policy_new_text(&in, &text, &n), 0);
	assert_int_equal(wl_policy_read(text, n, &p, &errors), 0);
	assert_int_equal(errors.warnings, 0);
	assert_string_equal(p->station.id, "QC7");
	assert_string_equal(wl_policy_port(p, "right")->match, "usb:pci-1:3");
	wl_policy_free(p);
	free(text);
	in.origin = "test.example/qc7"; /* not without mode test */
	assert_int_equal(wl_policy_new_text(&in, &text, &n), -EINVAL);
	in.origin = NULL;
	in.station = "q\nmode: test";
	assert_int_equal(wl_policy_new_text(&in, &text, &n), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(golden_policy_is_read),
	        cmocka_unit_test(syntax_is_strict),
	        cmocka_unit_test(keys_are_known_and_complete),
	        cmocka_unit_test(values_have_their_type),
	        cmocka_unit_test(parts_fit_together),
	        cmocka_unit_test(several_errors_come_at_once_in_order),
	        cmocka_unit_test(bytes_are_bounded_utf8),
	        cmocka_unit_test(masks_are_counted),
	        cmocka_unit_test(test_mode_allows_its_own),
	        cmocka_unit_test(the_new_policy_is_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
