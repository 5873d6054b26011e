/*
 * The inspection played with made-up workers: what is asked, in which order, and what comes of it.
 *
 * A signature file's text says who signed: "k11" is a good signature by the key 11…; "kA1" one by
 * the officer whose certificate is authority-1; "bad" is unreadable, "forged" names the key but
 * `check` finds a mismatch. The made-up parser may lie in the ways the tests say.
 */
#include "tests/unit/policy_help.h"

struct play {
	struct wl_policy *policy;
	struct wl_items items, store;
	struct wl_inspect_input in;
	struct wl_inspect *inspect;
	struct wl_decision *d;
	struct wl_ledger_facts ledger;
	char steps[64];         /* S C T L M U: one letter per step */
	const char *extra_line; /* the parser claims one line more */
	bool leave_out_line;    /* … or one fewer */
	bool deny_lines;        /* check says the manifest is another */
	const char *unpack;     /* rule the unpacker finds */
	bool mixed;             /* a step had vendor's and authority's bytes: never */
};

static struct play *play_new(const char *find, const char *replace)
{
	struct play *p = calloc(1, sizeof(*p));
	assert_non_null(p);
	p->policy = help_policy(find, replace);
	p->ledger.state = WL_LEDGER_KNOWN;
	return p;
}

static void play_free(struct play *p)
{
	wl_decision_free(p->d);
	wl_inspect_free(p->inspect);
	for (size_t i = 0; i < p->items.n; i++)
		if (strstr(p->items.v[i].path, ".ticket.json"))
			free((char *)(uintptr_t)p->items.v[i].cookie);
	for (size_t i = 0; i < p->store.n; i++)
		if (strstr(p->store.v[i].path, ".ticket.json"))
			free((char *)(uintptr_t)p->store.v[i].cookie);
	wl_items_clear(&p->items);
	wl_items_clear(&p->store);
	wl_policy_free(p->policy);
	free(p);
}

/* The fill byte of "k11"; 0 where it is no good signature. */
static uint8_t key_of(const char *text)
{
	return text[0] == 'k' || text[0] == 'f'
	               ? (uint8_t)strtoul(strpbrk(text, "0123456789ABCDEF"), NULL, 16)
	               : 0;
}

static void say_lines(struct play *p, const struct wl_item *manifest)
{
	/* the manifest's text: one path per line; digests are those of the files as they were
	 * listed */
	char *text = strdup(help_text(manifest)), *save = NULL;
	size_t n = 0;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		uint8_t digest[WL_SHA256_BYTES];
		char *content = strchr(line, '=');
		assert_non_null(content);
		*content++ = '\0';
		assert_int_equal(wl_sha256_of(content, strlen(content), digest), 0);
		if (p->leave_out_line && n++ == 0)
			continue;
		assert_int_equal(wl_inspect_take_line(p->inspect, line, strlen(line), digest), 0);
	}
	uint8_t zero[WL_SHA256_BYTES] = {0};
	if (p->extra_line)
		assert_int_equal(wl_inspect_take_line(p->inspect, p->extra_line,
		                                      strlen(p->extra_line), zero),
		                 0);
	free(text);
}

static void find(struct play *p, const char *rule)
{
	struct wl_finding finding = {.rule = wl_rule_find(rule)};
	assert_int_not_equal(finding.rule, WL_RULE_NONE);
	assert_int_equal(wl_inspect_take_finding(p->inspect, &finding), 0);
}

static void play_signature(struct play *p, const struct wl_step *s)
{
	const char *text = help_text(s->signature);
	struct wl_signature_claim *claim = calloc(1, sizeof(*claim));
	assert_non_null(claim);
	for (size_t i = 0; i < s->ntrust; i++)
		p->mixed |= s->trust[i]->role != s->role;
	if (strcmp(text, "bad") == 0)
		find(p, "signature.unreadable");
	else {
		strcpy(claim->subject, text);
		assert_int_equal(wl_inspect_take_signer(p->inspect, claim), 0);
	}
	free(claim);
	if (s->lines)
		say_lines(p, s->content);
}

static void play_check(struct play *p, const struct wl_step *s)
{
	uint8_t key[WL_SHA256_BYTES];
	uint8_t fill = key_of(s->claim->subject);
	bool named = false;
	help_digest(fill, key);
	for (size_t i = 0; i < s->npins; i++)
		named |= memcmp(s->pin[i], key, WL_SHA256_BYTES) == 0;
	for (size_t i = 0; i < s->ntrust; i++)
		named |= (fill == HELP_OFFICER_1 && strcmp(s->trust[i]->id, "authority-1") == 0) ||
		         (fill == HELP_OFFICER_2 && strcmp(s->trust[i]->id, "authority-2") == 0);
	if (!named)
		find(p, "signature.signer-untrusted");
	else if (s->claim->subject[0] == 'f')
		find(p, "signature.mismatch");
	else
		assert_int_equal(wl_inspect_take_key(p->inspect, key), 0);
}

/* As check does: exactly a permutation of the lines expected. */
static void play_lines(struct play *p, const struct wl_step *s)
{
	size_t lines = 0, expected = 0;
	const char *text = help_text(s->content);
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	for (size_t i = 0; i < s->expected_n; i++)
		expected += s->expected[i] == '\n';
	if (lines != expected || p->deny_lines)
		find(p, "update.manifest-bad");
}

static void play_step(struct play *p, const struct wl_step *s)
{
	switch (s->kind) {
	case WL_STEP_SIGNATURE:
		play_signature(p, s);
		break;
	case WL_STEP_CHECK_SIGNATURE:
		play_check(p, s);
		break;
	case WL_STEP_READ_TICKET:
		assert_int_equal(wl_inspect_take_ticket(p->inspect, help_text(s->content),
		                                        strlen(help_text(s->content))),
		                 0);
		break;
	case WL_STEP_LEDGER:
		assert_string_equal(s->device, "x-0042");
		assert_int_equal(wl_inspect_take_ledger(p->inspect, &p->ledger), 0);
		break;
	case WL_STEP_CHECK_LINES:
		play_lines(p, s);
		break;
	case WL_STEP_UNPACK:
		if (p->unpack)
			find(p, p->unpack);
		break;
	default:
		fail();
	}
}

static void play(struct play *p)
{
	static const char letters[] = "DSCTLMU";
	struct wl_step step;
	help_number(&p->items);
	help_number(&p->store);
	p->in.policy = p->policy;
	p->in.station = "STN3";
	p->in.device = "x-0042";
	p->in.items = &p->items;
	p->in.store = p->store.n ? &p->store : NULL;
	p->in.now = HELP_NOW;
	assert_int_equal(wl_inspect_new(&p->in, &p->inspect), 0);
	for (size_t n = 0; n < sizeof(p->steps) - 1; n++) {
		assert_int_equal(wl_inspect_next(p->inspect, &step), 0);
		if (step.kind == WL_STEP_DONE)
			break;
		p->steps[n] = letters[step.kind];
		play_step(p, &step);
	}
	assert_int_equal(step.kind, WL_STEP_DONE);
	assert_false(p->mixed);
	assert_int_equal(wl_inspect_next(p->inspect, &step), 0);
	assert_int_equal(step.kind, WL_STEP_DONE);
	assert_int_equal(wl_decide(wl_inspect_facts(p->inspect), &p->d), 0);
}

/* Plays, expects the steps and the rule, and frees. */
static void ends(struct play *p, const char *steps, const char *rule)
{
	play(p);
	if (strcmp(p->steps, steps) != 0 || strcmp(wl_rule_id(p->d->rule), rule) != 0)
		fail_msg("%s %s (%s), not %s %s", p->steps, wl_rule_id(p->d->rule), p->d->detail,
		         steps, rule);
	play_free(p);
}

static void add_ticket(struct play *p, struct wl_items *where, struct wl_ticket *t)
{
	(void)p;
	help_add(where, "AA-1.ticket.json", help_ticket_text(t));
	help_add(where, "AA-1.ticket.1.p7s", "kA1");
	wl_ticket_free(t);
}

static struct wl_ticket *ticket_for(bool inspect)
{
	struct wl_ticket *t = help_ticket();
	help_list(t, "update.tar.gz", "archive", NULL, inspect, true);
	help_list(t, "LISEZMOI.TXT", "bonjour", NULL, false, false);
	return t;
}

/* A folder with a manifest; the ticket at the station. */
static struct play *folder(const char *find_text, const char *replace)
{
	struct play *p = play_new(find_text, replace);
	help_add(&p->items, "MANIFEST.sha256", "LISEZMOI.TXT=bonjour\nupdate.tar.gz=archive\n");
	help_add(&p->items, "MANIFEST.sha256.p7s", "k11");
	help_add(&p->items, "update.tar.gz", "archive");
	help_add(&p->items, "LISEZMOI.TXT", "bonjour");
	help_add(&p->items, "System Volume Information/", NULL);
	help_add(&p->items, "System Volume Information/WPSettings.dat", "123456789012");
	return p;
}

static struct play *folder_and_ticket(void)
{
	struct play *p = folder(NULL, NULL);
	add_ticket(p, &p->store, ticket_for(true));
	return p;
}

static void a_folder_passes(void **state)
{
	(void)state;
	struct play *p = folder_and_ticket();
	play(p);
	assert_string_equal(p->steps, "SCTLSCMU");
	assert_id(p->d->rule, "pass.update-covered");
	const struct wl_facts *f = wl_inspect_facts(p->inspect);
	assert_int_equal(f->nsigners, 2);
	assert_string_equal(f->signers[0].trust, "authority-1");
	assert_string_equal(f->signers[1].trust, "");
	enum wl_place place;
	assert_non_null(wl_inspect_ticket_item(p->inspect, &place));
	assert_int_equal(place, WL_PLACE_STORE);
	assert_string_equal(wl_inspect_ticket(p->inspect)->id, "AA-2026-0117");
	play_free(p);
	ends(folder_and_ticket(), "SCTLSCMU", "pass.update-covered");
}

static void the_ticket_may_lie_on_the_medium(void **state)
{
	(void)state;
	struct play *p = folder(NULL, NULL);
	add_ticket(p, &p->items, ticket_for(false));
	ends(p, "SCTLSCM", "pass.update-covered");
	p = folder("ticket_channel: any ", "ticket_channel: separate ");
	add_ticket(p, &p->items, ticket_for(false));
	ends(p, "SCTL", "ticket.channel-same");
	p = folder("ticket_channel: any ", "ticket_channel: separate ");
	add_ticket(p, &p->items, ticket_for(false)); /* a copy of the station's own does no harm */
	add_ticket(p, &p->store, ticket_for(false));
	ends(p, "SCTLSCM", "pass.update-covered");
}

static void officers_are_tried_one_by_one(void **state)
{
	(void)state;
	struct play *p = folder(NULL, NULL);
	struct wl_ticket *t = ticket_for(false);
	help_add(&p->store, "AA-1.ticket.json", help_ticket_text(t));
	help_add(&p->store, "AA-1.ticket.1.p7s", "kA2");
	wl_ticket_free(t);
	ends(p, "SCCTLSCM", "pass.update-covered");
	p = folder(NULL, NULL);
	t = ticket_for(false);
	help_add(&p->store, "AA-1.ticket.json", help_ticket_text(t));
	help_add(&p->store, "AA-1.ticket.1.p7s", "k33");
	wl_ticket_free(t);
	ends(p, "SCC", "signature.signer-untrusted");
	p = folder(NULL, NULL);
	t = ticket_for(false);
	help_add(&p->store, "AA-1.ticket.json", help_ticket_text(t));
	wl_ticket_free(t);
	ends(p, "", "signature.missing");
}

static void an_officer_has_a_last_day(void **state)
{
	(void)state;
	struct play *p = folder("not_after: \"2029-01-01T00:00:00Z\"",
	                        "not_after: \"2026-01-01T00:00:00Z\"");
	add_ticket(p, &p->store, ticket_for(false));
	ends(p, "SC", "signature.certificate-expired");
}

static void bad_signatures_refuse(void **state)
{
	static const struct {
		const char *signature, *steps, *rule;
	} bad[] = {
	        {"bad", "SCTLS", "signature.unreadable"},
	        {"k22", "SCTLSC", "signature.signer-untrusted"},
	        {"f11", "SCTLSC", "signature.mismatch"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct play *p = play_new(NULL, NULL);
		help_add(&p->items, "MANIFEST.sha256", "update.tar.gz=archive\n");
		help_add(&p->items, "MANIFEST.sha256.p7s", bad[i].signature);
		help_add(&p->items, "update.tar.gz", "archive");
		struct wl_ticket *t = help_ticket();
		help_list(t, "update.tar.gz", "archive", NULL, true, true);
		add_ticket(p, &p->store, t);
		ends(p, bad[i].steps, bad[i].rule);
	}
	struct play *p = folder_and_ticket(); /* a second, bad signature is not overlooked */
	help_add(&p->items, "MANIFEST.sha256.2.p7s", "f11");
	ends(p, "SCTLSCSCM", "signature.mismatch");
	p = play_new(NULL, NULL); /* nobody signed */
	help_add(&p->items, "update.tar.gz", "archive");
	help_add(&p->items, "LISEZMOI.TXT", "bonjour");
	add_ticket(p, &p->store, ticket_for(true));
	ends(p, "SCTL", "signature.missing");
}

static void the_manifest_is_compared(void **state)
{
	(void)state;
	struct play *p = folder_and_ticket();
	p->extra_line = "gone.bin";
	ends(p, "SCTLSC", "update.file-missing");
	p = folder_and_ticket();
	p->leave_out_line = true; /* a parser that hides a line */
	ends(p, "SCTLSCM", "update.manifest-bad");
	p = folder_and_ticket();
	p->deny_lines = true;
	ends(p, "SCTLSCM", "update.manifest-bad");
	p = folder_and_ticket();
	help_add(&p->items, "extra.exe", "x");
	ends(p, "SCTLSCM", "update.file-extra");
	p = play_new(NULL, NULL);
	help_add(&p->items, "MANIFEST.sha256", "update.tar.gz=other\n");
	help_add(&p->items, "MANIFEST.sha256.p7s", "k11");
	help_add(&p->items, "update.tar.gz", "archive");
	struct wl_ticket *t = help_ticket();
	help_list(t, "update.tar.gz", "archive", NULL, true, true);
	add_ticket(p, &p->store, t);
	ends(p, "SCTLSC", "update.file-changed");
}

static void one_file_with_its_signature(void **state)
{
	(void)state;
	struct play *p = play_new(NULL, NULL);
	help_add(&p->items, "update.tar.gz", "archive");
	help_add(&p->items, "update.tar.gz.p7s", "k11");
	help_add(&p->items, "LISEZMOI.TXT", "bonjour");
	add_ticket(p, &p->store, ticket_for(true));
	ends(p, "SCTLSCU", "pass.update-covered");
	p = play_new(NULL, NULL); /* the signature the ticket names */
	help_add(&p->items, "update.tar.gz", "archive");
	help_add(&p->items, "sigs/u.p7s", "k11");
	struct wl_ticket *t = help_ticket();
	help_list(t, "update.tar.gz", "archive", "sigs/u.p7s", false, true);
	add_ticket(p, &p->store, t);
	ends(p, "SCTLSC", "pass.update-covered");
	p = play_new(NULL, NULL); /* another one beside it is a file too many */
	help_add(&p->items, "update.tar.gz", "archive");
	help_add(&p->items, "update.tar.gz.p7s", "k11");
	help_add(&p->items, "sigs/u.p7s", "k11");
	t = help_ticket();
	help_list(t, "update.tar.gz", "archive", "sigs/u.p7s", false, true);
	add_ticket(p, &p->store, t);
	ends(p, "SCTLSC", "update.file-extra");
}

#define PINNED                                                                                     \
	"acme: { signature: cms-detached, anchors: [acme-key-1], signers: 1, ticket: none, "       \
	"authority_signers: 0 }"
#define ACME                                                                                       \
	"acme: { signature: cms-detached, anchors: [acme-issuer], signers: 1, ticket: required, "  \
	"authority_signers: 1 }"

static void without_a_ticket_the_policy_pins_the_key(void **state)
{
	(void)state;
	uint8_t pinned[WL_SHA256_BYTES];
	struct play *p = folder(ACME, PINNED);
	const struct wl_policy_trust *t = wl_policy_trust(p->policy, "acme-key-1");
	assert_true(t->has_spki_sha256);
	help_digest(0x11, pinned);
	memcpy((uint8_t *)(uintptr_t)t->spki_sha256, pinned, sizeof(pinned));
	play(p);
	assert_string_equal(p->steps, "SCMU");
	assert_id(p->d->rule, "pass.update-covered");
	assert_int_equal(p->d->files, 2);
	assert_string_equal(wl_inspect_facts(p->inspect)->signers[0].trust, "acme-key-1");
	assert_rule(&p->d->not_checked, "update.version-floor");
	play_free(p);
	ends(folder(ACME, PINNED), "SC", "signature.signer-untrusted");
}

static void archives_are_looked_into(void **state)
{
	(void)state;
	struct play *p = folder_and_ticket();
	p->unpack = "archive.path-parent";
	ends(p, "SCTLSCMU", "archive.path-parent");
	p = folder("archives: [tar, tar-gzip, zip]", "archives: [zip]");
	add_ticket(p, &p->store, ticket_for(true));
	ends(p, "SCTLSCM", "archive.format");
	/* without a ticket the name alone says what is an archive, in whatever case */
	static const char *const cases[] = {"a.Tar.Gz", "a.TGZ", "a.tAr", "a.ZiP"};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char manifest[32];
		(void)snprintf(manifest, sizeof(manifest), "%s=x\n", cases[i]);
		p = play_new(ACME, PINNED);
		const struct wl_policy_trust *t = wl_policy_trust(p->policy, "acme-key-1");
		help_digest(0x11, (uint8_t *)(uintptr_t)t->spki_sha256);
		help_add(&p->items, "MANIFEST.sha256", manifest);
		help_add(&p->items, "MANIFEST.sha256.p7s", "k11");
		help_add(&p->items, cases[i], "x");
		p->unpack = "archive.path-parent";
		ends(p, "SCMU", "archive.path-parent");
	}
}

static void no_work_where_it_is_refused_already(void **state)
{
	(void)state;
	struct play *p = folder_and_ticket();
	help_add(&p->items, "aux.txt", "x");
	ends(p, "", "name.reserved");
	p = folder_and_ticket();
	p->in.clock_floor = HELP_NOW + 1;
	ends(p, "", "station.clock-behind");
	p = folder_and_ticket();
	p->ledger.uses = 1;
	ends(p, "SCTL", "ticket.used");
	p = folder(NULL, NULL);
	ends(p, "", "ticket.missing");
	p = play_new(NULL, NULL);
	ends(p, "", "ticket.missing");
	struct wl_fact_finding finding = {0, {WL_RULE_VOLUME_CHAIN_LOOP, "x"}};
	p = folder_and_ticket();
	p->in.findings = &finding;
	p->in.nfindings = 1;
	ends(p, "", "volume.chain-loop");
}

static void a_ticket_must_be_readable(void **state)
{
	(void)state;
	struct play *p = folder(NULL, NULL);
	help_add(&p->store, "AA-1.ticket.json", strdup("{\"type\": \"ca.weighlock.ticket/2\"}"));
	help_add(&p->store, "AA-1.ticket.1.p7s", "kA1");
	ends(p, "SCT", "ticket.type-unknown");
}

static void an_unsigned_vendor_needs_every_file_listed(void **state)
{
	(void)state;
	for (unsigned extra = 0; extra < 2; extra++) {
		struct play *p = play_new("    vendor: acme\n", "    vendor: oldscan\n");
		help_add(&p->items, "setup.exe", "setup");
		if (extra)
			help_add(&p->items, "more.exe", "more");
		struct wl_ticket *t = help_ticket();
		strcpy(t->vendor, "oldscan");
		t->vendor_signature = WL_SIGNED_NONE;
		t->nspki = 0;
		help_list(t, "setup.exe", "setup", NULL, false, true);
		add_ticket(p, &p->store, t);
		help_add(&p->store, "AA-1.ticket.2.p7s", "kA2");
		ends(p, "SCSCCTL", extra ? "update.file-extra" : "transfer.unsigned-vendor");
	}
}

static void results_belong_to_their_step(void **state)
{
	(void)state;
	uint8_t key[WL_SHA256_BYTES] = {0};
	struct wl_step step;
	struct wl_finding finding = {.rule = WL_RULE_SIGNATURE_MISMATCH};
	struct wl_signature_claim *claim = calloc(1, sizeof(*claim));
	struct play *p = folder_and_ticket();
	help_number(&p->items);
	help_number(&p->store);
	p->in = (struct wl_inspect_input){.policy = p->policy,
	                                  .device = "x-0042",
	                                  .items = &p->items,
	                                  .store = &p->store,
	                                  .now = HELP_NOW};
	assert_int_equal(wl_inspect_new(&p->in, &p->inspect), 0);
	assert_int_equal(wl_inspect_take_key(p->inspect, key), -EINVAL);
	assert_int_equal(wl_inspect_take_finding(p->inspect, &finding), -EINVAL);
	assert_int_equal(wl_inspect_next(p->inspect, &step), 0);
	assert_int_equal(step.kind, WL_STEP_SIGNATURE);
	assert_int_equal(wl_inspect_take_line(p->inspect, "x", 1, key),
	                 -EINVAL); /* a ticket has none */
	assert_int_equal(wl_inspect_take_key(p->inspect, key), -EINVAL);
	assert_int_equal(wl_inspect_take_ticket(p->inspect, "{}", 2), -EINVAL);
	for (unsigned i = 0; i < WL_SIGNATURE_SIGNERS_MAX; i++)
		assert_int_equal(wl_inspect_take_signer(p->inspect, claim), 0);
	assert_int_equal(wl_inspect_take_signer(p->inspect, claim), -E2BIG);
	free(claim);
	play_free(p);
}

static void the_ticket_that_fits_is_chosen(void **state)
{
	(void)state;
	struct play *p = folder(NULL, NULL);
	help_number(&p->items);
	struct wl_ticket *none = help_ticket(), *old = ticket_for(true), *new = ticket_for(true);
	help_list(none, "other.bin", "other", NULL, false, true);
	new->issued_at++;
	const struct wl_ticket *all[] = {none, old, new};
	const struct wl_policy_device *d = wl_policy_device(p->policy, "x-0042");
	assert_int_equal(wl_inspect_choose_ticket(d, all, 3, &p->items), 2);
	assert_int_equal(wl_inspect_choose_ticket(d, all, 2, &p->items), 1);
	assert_int_equal(wl_inspect_choose_ticket(d, all, 1, &p->items), -1);
	help_list(none, "update.tar.gz", "another", NULL, false, true); /* the name at least */
	assert_int_equal(wl_inspect_choose_ticket(d, all, 1, &p->items), 0);
	help_add(&p->items, "AA-9.ticket.json", NULL); /* the medium brings its own */
	help_number(&p->items);
	assert_int_equal(wl_inspect_choose_ticket(d, all, 1, &p->items), -1);
	assert_int_equal(wl_inspect_choose_ticket(d, all, 3, &p->items), 2);
	strcpy(old->devices[0].model, "x200");
	strcpy(new->devices[0].model, "x200");
	assert_int_equal(wl_inspect_choose_ticket(d, all, 3, &p->items), -1);
	wl_ticket_free(none);
	wl_ticket_free(old);
	wl_ticket_free(new);
	play_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_folder_passes),
	        cmocka_unit_test(the_ticket_may_lie_on_the_medium),
	        cmocka_unit_test(officers_are_tried_one_by_one),
	        cmocka_unit_test(an_officer_has_a_last_day),
	        cmocka_unit_test(bad_signatures_refuse),
	        cmocka_unit_test(the_manifest_is_compared),
	        cmocka_unit_test(one_file_with_its_signature),
	        cmocka_unit_test(without_a_ticket_the_policy_pins_the_key),
	        cmocka_unit_test(archives_are_looked_into),
	        cmocka_unit_test(no_work_where_it_is_refused_already),
	        cmocka_unit_test(a_ticket_must_be_readable),
	        cmocka_unit_test(an_unsigned_vendor_needs_every_file_listed),
	        cmocka_unit_test(results_belong_to_their_step),
	        cmocka_unit_test(the_ticket_that_fits_is_chosen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
