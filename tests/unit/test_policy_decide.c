/* The decision: one fact wrong at a time, and the rule, verdict and policy key that come of it. */
#include "tests/unit/policy_help.h"

#include "daemon/base/limits.h"

/* A set that passes: a manifest, one archive, a readme that stays, litter, a ticket from the store.
 */
struct set {
	struct wl_policy *policy;
	struct wl_items items;
	struct wl_fact_item fact[16];
	struct wl_signer signers[4];
	struct wl_fact_content contents[2];
	struct wl_fact_finding findings[2];
	struct wl_fact_untrusted untrusted[2];
	struct wl_ticket *ticket;
	struct wl_facts facts;
	struct wl_decision *d;
};

static size_t at(const struct set *s, const char *path)
{
	const struct wl_item *item = wl_items_find(&s->items, path, strlen(path));
	assert_non_null(item);
	return (size_t)(item - s->items.v);
}

static void add_signer(struct set *s, enum wl_trust_role role, uint8_t key, uint32_t content)
{
	struct wl_signer *signer = &s->signers[s->facts.nsigners++];
	*signer = (struct wl_signer){.role = role, .content = content};
	help_digest(key, signer->spki_sha256);
	strcpy(signer->subject, "CN=somebody");
}

static void fill_items(struct set *s, const char *extra)
{
	help_add(&s->items, "MANIFEST.sha256", "lines");
	help_add(&s->items, "MANIFEST.sha256.p7s", "signature");
	help_add(&s->items, "update.tar.gz", "archive");
	help_add(&s->items, "LISEZMOI.TXT", "bonjour");
	help_add(&s->items, "System Volume Information/", NULL);
	help_add(&s->items, "System Volume Information/WPSettings.dat", "123456789012");
	if (extra)
		help_add(&s->items, extra, extra[strlen(extra) - 1] == '/' ? NULL : "more");
	help_number(&s->items);
	s->fact[at(s, "MANIFEST.sha256")].manifest = true;
	s->fact[at(s, "MANIFEST.sha256.p7s")].signature = true;
	s->fact[at(s, "update.tar.gz")].vendor_covered = true;
}

static struct set *set_with(const char *find, const char *replace, const char *extra)
{
	struct set *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	s->policy = help_policy(find, replace);
	fill_items(s, extra);
	s->ticket = help_ticket();
	help_list(s->ticket, "update.tar.gz", "archive", NULL, true, true);
	help_list(s->ticket, "LISEZMOI.TXT", "bonjour", NULL, false, false);
	s->facts = (struct wl_facts){.policy = s->policy,
	                             .station = "STN3",
	                             .device = "x-0042",
	                             .now = HELP_NOW,
	                             .clock_floor = HELP_NOW - 1000,
	                             .items = &s->items,
	                             .item = s->fact,
	                             .ticket = s->ticket,
	                             .ticket_present = true,
	                             .signers = s->signers,
	                             .contents = s->contents,
	                             .ncontents = 2,
	                             .findings = s->findings,
	                             .untrusted = s->untrusted,
	                             .ledger = {.state = WL_LEDGER_KNOWN}};
	uint32_t manifest = s->items.v[at(s, "MANIFEST.sha256")].number;
	s->contents[0] = (struct wl_fact_content){WL_TRUST_AUTHORITY, 0, 1};
	s->contents[1] = (struct wl_fact_content){WL_TRUST_VENDOR, manifest, 1};
	add_signer(s, WL_TRUST_AUTHORITY, HELP_OFFICER_1, 0);
	add_signer(s, WL_TRUST_VENDOR, HELP_KEY, manifest);
	return s;
}

static struct set *set_new(void)
{
	return set_with(NULL, NULL, NULL);
}

static void set_free(struct set *s)
{
	wl_decision_free(s->d);
	wl_ticket_free(s->ticket);
	wl_items_clear(&s->items);
	wl_policy_free(s->policy);
	free(s);
}

static void decide(struct set *s)
{
	s->d = wl_decision_free(s->d);
	assert_int_equal(wl_decide(&s->facts, &s->d), 0);
}

/* Decides, expects exactly this refusal, and frees. */
static void refused(struct set *s, const char *rule, const char *key)
{
	decide(s);
	assert_int_equal(s->d->verdict, WL_REFUSE);
	assert_id(s->d->rule, rule);
	assert_string_equal(s->d->policy_key, key);
	assert_int_equal(s->d->files, 0);
	assert_int_equal(s->d->bytes, 0);
	for (size_t i = 0; i < s->d->nitems; i++) {
		assert_null(s->d->item[i].delivered);
		assert_true(s->items.v[i].folder || s->d->item[i].verdict != WL_PASS);
	}
	set_free(s);
}

static const struct wl_item_decision *item(const struct set *s, const char *path)
{
	return &s->d->item[at(s, path)];
}

static void a_good_set_passes(void **state)
{
	(void)state;
	struct set *s = set_with(NULL, NULL, "new/");
	decide(s);
	assert_int_equal(s->d->verdict, WL_PASS);
	assert_id(s->d->rule, "pass.update-covered");
	assert_string_equal(s->d->policy_key, "vendors.acme.ticket");
	assert_int_equal(s->d->files, 1);
	assert_int_equal(s->d->left, 4);
	assert_int_equal(s->d->refused, 0);
	assert_int_equal(s->d->bytes, strlen("archive"));
	assert_id(item(s, "update.tar.gz")->rule, "pass.update-covered");
	assert_string_equal(item(s, "update.tar.gz")->delivered, "update.tar.gz");
	assert_id(item(s, "LISEZMOI.TXT")->rule, "leave.not-delivered");
	assert_null(item(s, "LISEZMOI.TXT")->delivered);
	assert_id(item(s, "MANIFEST.sha256")->rule, "leave.not-delivered");
	assert_id(item(s, "System Volume Information/WPSettings.dat")->rule, "leave.os-litter");
	assert_string_equal(item(s, "System Volume Information/WPSettings.dat")->policy_key,
	                    "inbound.os_litter");
	assert_id(item(s, "System Volume Information")->rule, "leave.os-litter");
	assert_id(item(s, "new")->rule, "pass.folder");
	assert_string_equal(s->d->component, "scan-app");
	assert_string_equal(s->d->version, "4.2.1");
	assert_int_equal(s->d->release, 40201);
	assert_int_equal(s->d->not_checked.n, 1);
	assert_rule(&s->d->not_checked, "signature.revoked");
	set_free(s);
}

static void stages_stop_at_the_first(void **state)
{
	(void)state;
	struct set *s = set_with(NULL, NULL, "extra.exe");
	s->ticket->not_after = HELP_NOW - 1;
	strcpy(s->ticket->vendor, "oldscan");
	s->facts.nsigners = 0;
	decide(s);
	assert_int_equal(s->d->rules.n, 2); /* both of stage 6, none of 7 and 8 */
	assert_rule(&s->d->rules, "ticket.expired");
	assert_rule(&s->d->rules, "ticket.vendor-other");
	assert_id(s->d->rule, "ticket.expired");
	assert_id(item(s, "update.tar.gz")->rule, "ticket.expired");
	assert_int_equal(item(s, "update.tar.gz")->rules.n, 2);
	assert_id(item(s, "System Volume Information/WPSettings.dat")->rule, "leave.os-litter");
	assert_int_equal(s->d->refused, 3);
	set_free(s);
}

static void only_the_blamed_item_is_refused(void **state)
{
	(void)state;
	struct set *s = set_with(NULL, NULL, "extra.exe");
	decide(s);
	assert_id(s->d->rule, "update.file-extra");
	assert_int_equal(s->d->refused, 1);
	assert_id(item(s, "extra.exe")->rule, "update.file-extra");
	assert_id(item(s, "update.tar.gz")->rule, "leave.not-delivered");
	set_free(s);
}

static void the_clock_is_not_behind(void **state)
{
	(void)state;
	struct set *s = set_new();
	s->facts.clock_floor = HELP_NOW + 1;
	refused(s, "station.clock-behind", "");
	s = set_new();
	s->facts.clock_floor = HELP_NOW;
	decide(s);
	assert_int_equal(s->d->verdict, WL_PASS);
	set_free(s);
}

static void names_are_judged(void **state)
{
	static const struct {
		const char *path, *rule, *key;
	} names[] = {
	        {"a\x01", "name.control", ""},           {"a\xE2\x80\xAEtxt", "name.control", ""},
	        {"a\xFF", "name.encoding", ""},          {"aux.txt", "name.reserved", ""},
	        {"a\\b", "name.reserved", ""},           {"dot.", "name.reserved", ""},
	        {"UPDATE.TAR.GZ", "name.duplicate", ""}, {"d//x", "name.empty", ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		refused(set_with(NULL, NULL, names[i].path), names[i].rule, names[i].key);
	char longest[300];
	memset(longest, 'n', sizeof(longest));
	longest[256] = '\0';
	refused(set_with(NULL, NULL, longest), "name.too-long", "");
	longest[255] = '\0';
	refused(set_with(NULL, NULL, longest), "update.file-extra", "");
	/* only what is delivered must suit the device */
	refused(set_with("names: dos-safe", "names: hi-scan", NULL), "name.device-rule",
	        "devices.x-0042.names");
}

static void the_ticket_fits(void **state)
{
	(void)state;
	struct set *s = set_new();
	s->facts.ticket = NULL;
	s->facts.ticket_present = false;
	s->facts.ncontents = 1;
	s->contents[0] = s->contents[1];
	refused(s, "ticket.missing", "vendors.acme.ticket");
	s = set_new();
	s->ticket->not_before = HELP_NOW + 1;
	refused(s, "ticket.not-yet", "");
	s = set_new();
	s->ticket->not_after = HELP_NOW - 1;
	refused(s, "ticket.expired", "");
	s = set_new();
	s->ticket->not_after = s->ticket->not_before = HELP_NOW;
	decide(s);
	assert_int_equal(s->d->verdict, WL_PASS);
	set_free(s);
	s = set_new();
	strcpy(s->ticket->devices[0].serials[0], "X-0041");
	refused(s, "ticket.device-other", "devices.x-0042.serial");
	s = set_new();
	strcpy(s->ticket->vendor, "oldscan");
	refused(s, "ticket.vendor-other", "devices.x-0042.vendor");
	s = set_new();
	s->ticket->vendor_signature = WL_SIGNED_NONE;
	refused(s, "ticket.vendor-other", "devices.x-0042.vendor");
	s = set_new();
	strcpy(s->ticket->component, "other");
	refused(s, "ticket.component-other", "devices.x-0042.floors");
	s = set_new();
	assert_int_equal(wl_ticket_add_station(s->ticket, "STN4"), 0);
	refused(s, "ticket.station-other", "station.id");
	s = set_with("ticket_channel: any ", "ticket_channel: separate ", NULL);
	s->facts.ticket_from_medium = true;
	refused(s, "ticket.channel-same", "inbound.ticket_channel");
}

static void the_ledger_is_heard(void **state)
{
	(void)state;
	struct set *s = set_new();
	s->facts.ledger.uses = 1;
	refused(s, "ticket.used", "");
	s = set_new();
	s->facts.ledger.withdrawn = true;
	refused(s, "ticket.withdrawn", "");
	s = set_new();
	s->ticket->release = 40099; /* the policy's floor is 40100 */
	refused(s, "update.version-floor", "devices.x-0042.floors");
	s = set_new();
	s->facts.ledger.has_floor = true;
	s->facts.ledger.floor = 40202;
	refused(s, "update.version-floor", "devices.x-0042.floors");
	s = set_new();
	s->facts.ledger.has_floor = true;
	s->facts.ledger.floor = 40201; /* the same release again is allowed */
	decide(s);
	assert_int_equal(s->d->verdict, WL_PASS);
	set_free(s);
	s = set_new();
	s->facts.ledger.has_installed = true;
	s->facts.ledger.installed = 40099;
	refused(s, "update.version-step", "");
}

static void signers_are_counted_by_key(void **state)
{
	(void)state;
	struct set *s = set_with("authority_signers: 1", "authority_signers: 2", NULL);
	add_signer(s, WL_TRUST_AUTHORITY, HELP_OFFICER_1, 0); /* the same key twice */
	refused(s, "signature.too-few-signers", "vendors.acme.signers");
	s = set_with("authority_signers: 1", "authority_signers: 2", NULL);
	add_signer(s, WL_TRUST_AUTHORITY, HELP_OFFICER_2, 0);
	decide(s);
	assert_int_equal(s->d->verdict, WL_PASS);
	set_free(s);
	s = set_new();
	add_signer(s, WL_TRUST_VENDOR, HELP_OFFICER_1, s->contents[1].item);
	refused(s, "signature.role-mixed", "");
	s = set_new();
	s->facts.nsigners = 1;
	s->contents[1].signatures = 0;
	refused(s, "signature.missing", "vendors.acme.signature");
	s = set_new();
	s->facts.nsigners = 1;
	s->untrusted[0] = (struct wl_fact_untrusted){
	        WL_TRUST_VENDOR, s->contents[1].item, {WL_RULE_SIGNATURE_SIGNER_UNTRUSTED, "CN=x"}};
	s->facts.nuntrusted = 1;
	refused(s, "signature.signer-untrusted", "vendors.acme.anchors");
	s = set_new(); /* one signer too many does no harm where enough are good */
	s->untrusted[0] = (struct wl_fact_untrusted){
	        WL_TRUST_VENDOR, s->contents[1].item, {WL_RULE_SIGNATURE_SIGNER_UNTRUSTED, "CN=x"}};
	s->facts.nuntrusted = 1;
	decide(s);
	assert_int_equal(s->d->verdict, WL_PASS);
	set_free(s);
	s = set_new(); /* delivered, but only the authority speaks for it */
	s->fact[at(s, "update.tar.gz")].vendor_covered = false;
	refused(s, "update.file-extra", "");
	s = set_new();
	s->fact[at(s, "update.tar.gz")].vendor_covered = false;
	s->fact[at(s, "MANIFEST.sha256")].manifest = false;
	s->fact[at(s, "MANIFEST.sha256")].signature = true;
	refused(s, "signature.missing", "vendors.acme.signature");
}

static void findings_refuse_and_never_pass(void **state)
{
	static const enum wl_rule rules[] = {WL_RULE_SIGNATURE_MISMATCH, WL_RULE_ARCHIVE_BOMB,
	                                     WL_RULE_STATION_WORKER_LIED,
	                                     WL_RULE_VOLUME_CHAIN_LOOP};
	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct set *s = set_new();
		s->findings[0].item = s->items.v[at(s, "update.tar.gz")].number;
		s->findings[0].finding.rule = rules[i];
		strcpy(s->findings[0].finding.detail, "why");
		s->facts.nfindings = 1;
		decide(s);
		assert_string_equal(item(s, "update.tar.gz")->detail, "why");
		assert_int_equal(item(s, "update.tar.gz")->verdict, WL_REFUSE);
		refused(s, wl_rule_id(rules[i]), "");
	}
}

static void the_set_is_closed(void **state)
{
	(void)state;
	struct set *s = set_new();
	s->items.v[at(s, "update.tar.gz")].sha256[0] ^= 1;
	refused(s, "update.file-changed", "");
	s = set_new();
	s->items.v[at(s, "update.tar.gz")].size++;
	refused(s, "update.file-changed", "");
	s = set_new();
	s->items.v[at(s, "update.tar.gz")].has_sha256 = false;
	refused(s, "update.file-changed", "");
	s = set_new();
	help_list(s->ticket, "more.bin", "more", NULL, false, true);
	refused(s, "update.file-missing", "");
	s = set_new();
	s->ticket->files[0].deliver = false;
	refused(s, "update.empty", "");
	refused(set_with(NULL, NULL, "autorun.inf"), "update.file-extra", "");
	refused(set_with(NULL, NULL, "System Volume Information/x"), "update.litter-changed",
	        "inbound.os_litter");
	refused(set_with("os_litter: leave ", "os_litter: refuse ", NULL), "update.file-extra", "");
	s = set_new();
	s->facts.device = "x-0099";
	refused(s, "update.device-unknown", "");
	s = set_new();
	s->facts.vendor = "nobody";
	refused(s, "update.vendor-unknown", "");
	s = set_new();
	s->facts.vendor = "oldscan"; /* a vendor, but not this device's */
	refused(s, "update.vendor-unknown", "");
	s = set_new(); /* covered by the vendor, unknown to the ticket: stays here */
	s->ticket->nfiles--;
	s->fact[at(s, "LISEZMOI.TXT")].vendor_covered = true;
	decide(s);
	assert_int_equal(s->d->verdict, WL_PASS);
	assert_id(item(s, "LISEZMOI.TXT")->rule, "leave.not-delivered");
	s->ticket->nfiles++;
	set_free(s);
}

/* What the ticket lists is compared and delivered, also where it is part of the package or bears a
 * name that litter has. */
static void what_the_ticket_lists_is_no_exception(void **state)
{
	(void)state;
	struct set *s = set_new();
	help_list(s->ticket, "MANIFEST.sha256", "lines", NULL, false, true);
	help_list(s->ticket, "MANIFEST.sha256.p7s", "signature", NULL, false, true);
	decide(s);
	assert_int_equal(s->d->verdict, WL_PASS);
	assert_id(item(s, "MANIFEST.sha256")->rule, "pass.update-covered");
	assert_id(item(s, "MANIFEST.sha256.p7s")->rule, "leave.not-delivered");
	assert_int_equal(s->d->files, 2);
	set_free(s);
	s = set_new();
	help_list(s->ticket, "MANIFEST.sha256", "other lines", NULL, false, false);
	refused(s, "update.file-changed", "");
	s = set_new();
	help_list(s->ticket, "MANIFEST.sha256.p7s", "another", NULL, false, false);
	refused(s, "update.file-changed", "");
	s = set_with(NULL, NULL, "a;b/desktop.ini");
	help_list(s->ticket, "a;b/desktop.ini", "more", NULL, false, true);
	s->fact[at(s, "a;b/desktop.ini")].vendor_covered = true;
	refused(s, "name.device-rule", "devices.x-0042.names");
}

static void fat32_has_its_largest_file(void **state)
{
	(void)state;
	for (unsigned over = 0; over < 2; over++) {
		struct set *s = set_new();
		uint64_t size = UINT64_C(0xFFFFFFFF) + over;
		s->items.v[at(s, "update.tar.gz")].size = s->ticket->files[0].size = size;
		if (over) {
			refused(s, "destination.file-too-large", "devices.x-0042.volume");
			continue;
		}
		decide(s);
		assert_int_equal(s->d->verdict, WL_PASS);
		set_free(s);
	}
}

/* A vendor who signs nothing: a ticket by two officers that lists every file, and a person. */
static struct set *unsigned_set(const char *extra)
{
	struct set *s = set_with("    vendor: acme\n", "    vendor: oldscan\n", extra);
	strcpy(s->ticket->vendor, "oldscan");
	s->ticket->vendor_signature = WL_SIGNED_NONE;
	help_list(s->ticket, "MANIFEST.sha256", "lines", NULL, false, false);
	help_list(s->ticket, "MANIFEST.sha256.p7s", "signature", NULL, false, false);
	memset(s->fact, 0, sizeof(s->fact));
	s->facts.ncontents = s->facts.nsigners = 1;
	add_signer(s, WL_TRUST_AUTHORITY, HELP_OFFICER_2, 0);
	return s;
}

static void an_unsigned_vendor_is_held(void **state)
{
	(void)state;
	struct set *s = unsigned_set(NULL);
	decide(s);
	assert_int_equal(s->d->verdict, WL_HOLD);
	assert_id(s->d->rule, "transfer.unsigned-vendor");
	assert_string_equal(s->d->policy_key, "vendors.oldscan.signature");
	assert_int_equal(s->d->holds.n, 1);
	assert_int_equal(s->d->vendor_signature, WL_SIGNED_NONE);
	assert_id(item(s, "update.tar.gz")->rule, "pass.update-covered");
	set_free(s);
	s = unsigned_set(NULL);
	s->facts.nsigners = 1;
	refused(s, "signature.too-few-signers", "vendors.oldscan.signers");
	s = unsigned_set(NULL);
	s->facts.ticket = NULL;
	s->facts.ticket_present = false;
	s->facts.ncontents = 0;
	refused(s, "ticket.missing", "vendors.oldscan.ticket");
	refused(unsigned_set("extra.exe"), "update.file-extra", "");
}

static void offline_says_what_it_did_not_check(void **state)
{
	(void)state;
	struct set *s = set_new();
	s->facts.ledger.state = WL_LEDGER_OFFLINE;
	s->facts.policy_unsigned = true;
	s->facts.station = NULL;
	assert_int_equal(wl_ticket_add_station(s->ticket, "STN4"), 0);
	decide(s);
	assert_int_equal(s->d->verdict, WL_PASS);
	static const char *const rules[] = {"update.version-floor", "update.version-step",
	                                    "ticket.used",          "ticket.withdrawn",
	                                    "ticket.station-other", "signature.revoked",
	                                    "policy.signature"};
	assert_int_equal(s->d->not_checked.n, sizeof(rules) / sizeof(rules[0]));
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		assert_rule(&s->d->not_checked, rules[i]);
	set_free(s);
}

static void a_ticket_may_be_kept(void **state)
{
	struct wl_rules rules;
	(void)state;
	struct set *s = set_new();
	wl_decide_ticket(s->policy, "STN3", s->ticket, s->signers, 1, HELP_NOW, &rules);
	assert_int_equal(rules.n, 0);
	wl_decide_ticket(s->policy, "STN3", s->ticket, s->signers, 0, s->ticket->not_after + 1,
	                 &rules);
	assert_int_equal(rules.n, 2);
	assert_rule(&rules, "ticket.expired");
	assert_rule(&rules, "signature.too-few-signers");
	strcpy(s->ticket->vendor, "nobody");
	strcpy(s->ticket->devices[0].model, "x200");
	assert_int_equal(wl_ticket_add_station(s->ticket, "STN4"), 0);
	wl_decide_ticket(s->policy, "STN3", s->ticket, s->signers, 1, HELP_NOW, &rules);
	assert_int_equal(rules.n, 3);
	assert_rule(&rules, "update.vendor-unknown");
	assert_rule(&rules, "update.device-unknown");
	assert_rule(&rules, "ticket.station-other");
	set_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_good_set_passes),
	        cmocka_unit_test(stages_stop_at_the_first),
	        cmocka_unit_test(only_the_blamed_item_is_refused),
	        cmocka_unit_test(the_clock_is_not_behind),
	        cmocka_unit_test(names_are_judged),
	        cmocka_unit_test(the_ticket_fits),
	        cmocka_unit_test(the_ledger_is_heard),
	        cmocka_unit_test(signers_are_counted_by_key),
	        cmocka_unit_test(findings_refuse_and_never_pass),
	        cmocka_unit_test(the_set_is_closed),
	        cmocka_unit_test(what_the_ticket_lists_is_no_exception),
	        cmocka_unit_test(fat32_has_its_largest_file),
	        cmocka_unit_test(an_unsigned_vendor_is_held),
	        cmocka_unit_test(offline_says_what_it_did_not_check),
	        cmocka_unit_test(a_ticket_may_be_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
