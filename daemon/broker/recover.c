/*
 * Taking up again what was there before (weighlockd, at its start and when ledgerd is first
 * reached).
 *
 * Everything comes out of the ledger. What a crash or a power cut left half-done is ended by an
 * entry first: a release without an end becomes release.unknown, a reading without an end is shut,
 * an inspection is begun again from the vault. Copies in the vault that no open transfer owns go.
 */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/daemon.h"
#include "daemon/base/sha256.h"
#include "daemon/base/fdio.h"
#include "daemon/broker/broker.h"
#include "daemon/broker/certificate.h"
#include "daemon/broker/visits.h"

#define RECENT_ENDED 64U
#define WAITING_MAX  32U

/* ---- the policy in force ---- */

bool wl_recover_policy(struct wl_broker *b)
{
	char version[24];
	struct wl_policy_ref *p = NULL;
	(void)snprintf(version, sizeof(version), "%llu",
	               (unsigned long long)b->status.policy_version);
	int r = wl_policy_load(b->policy_fd, "current", b->status.policy_sha256, &p, NULL);
	if (r < 0) { /* power went before the link was moved */
		r = wl_policy_store_install(b->policy_fd, b->status.policy_version);
		if (r == 0)
			r = wl_policy_load(b->policy_fd, version, b->status.policy_sha256, &p,
			                   NULL);
	}
	if (r < 0) {
		wl_log_error("policy %s, which the ledger names, is not there: %s", version,
		             strerror(-r));
		return false;
	}
	wl_policy_release(&b->policy);
	b->policy = p;
	wl_broker_policy_changed(b, false);
	return true;
}

/* ---- what stands in no transfer: media, insertions of this boot, proposed policies ---- */

static void take_medium(void *user, const char *medium, bool suspect, bool ours)
{
	struct wl_broker *b = user;
	wl_names_set(&b->ports.suspect, medium, suspect);
	wl_names_set(&b->ports.ours, medium, ours);
}

static void take_insertion(void *user, const char *insertion, const char *port, uint64_t diskseq)
{
	struct wl_broker *b = user;
	if (b->ninsertions == WL_INSERTIONS_MAX)
		memmove(b->insertions, b->insertions + 1,
		        --b->ninsertions * sizeof(b->insertions[0]));
	struct wl_insertion *i = &b->insertions[b->ninsertions++];
	(void)snprintf(i->insertion, sizeof(i->insertion), "%s", insertion);
	(void)snprintf(i->port, sizeof(i->port), "%s", port);
	i->diskseq = diskseq;
}

static void take_proposal(void *user, uint64_t version, const uint8_t sha256[32], const char *actor,
                          uid_t uid)
{
	wl_policy_remember_proposal(user, version, sha256, actor, uid);
}

static int recall(struct wl_broker *b, struct wl_finding *f)
{
	static const struct wl_recall to = {take_medium, take_insertion, take_proposal,
	                                    wl_visits_recall};
	b->ninsertions = 0;
	b->nproposals = 0;
	wl_visits_clear(b);
	int r = wl_ledger_recall(b->ledger, &to, b, f);
	return r < 0 ? r : wl_visits_load(b, f);
}

/* ---- transfers ---- */

struct ids {
	char (*v)[WL_ID_TEXT];
	size_t n;
};

static void on_transfer(void *user, const char *transfer, uint64_t first_seq)
{
	struct ids *ids = user;
	(void)first_seq;
	void *grown = realloc(ids->v, (ids->n + 1) * sizeof(*ids->v));
	if (!grown)
		return;
	ids->v = grown;
	(void)snprintf(ids->v[ids->n++], WL_ID_TEXT, "%s", transfer);
}

static int load_all(struct wl_broker *b, bool open_only, size_t last, struct wl_finding *f)
{
	struct ids ids = {0};
	int r = wl_ledger_transfers(b->ledger, open_only, on_transfer, &ids, f);
	size_t from = ids.n > last ? ids.n - last : 0;
	for (size_t i = from; i < ids.n && r == 0; i++)
		if (!wl_transfers_find(b, ids.v[i]) && !wl_transfers_load(b, ids.v[i], f) &&
		    f->rule)
			r = -EBADMSG;
	free(ids.v);
	return r;
}

/* ---- what was under way ---- */

static int end_release(struct wl_broker *b, struct wl_tracked *x, struct wl_finding *f)
{
	json_t *e = wl_broker_entry(b, WL_E_RELEASE_UNKNOWN, x->t->id);
	wl_entry_text(e, WL_M_INTENT, x->t->intent);
	return wl_broker_append(b, e, NULL, f);
}

static int end_reading(struct wl_broker *b, struct wl_tracked *x, struct wl_finding *f)
{
	json_t *e = wl_broker_entry(b, WL_E_GATE_SHUT, x->t->id);
	wl_entry_text(e, WL_M_GATE, "a");
	wl_entry_text(e, WL_M_INSERTION, x->t->insertion);
	wl_entry_text(e, WL_M_PORT, x->t->port);
	wl_entry_text(e, WL_M_PURPOSE, "read");
	wl_entry_int(e, WL_M_BYTES, 0);
	wl_entry_text(e, WL_M_REASON, "restart");
	(void)snprintf(x->tried, sizeof(x->tried), "%s", x->t->insertion); /* a person says retry */
	return wl_broker_append(b, e, NULL, f);
}

static int take_up(struct wl_broker *b, struct wl_tracked *x, struct wl_finding *f)
{
	if (wl_jobs_has(b->jobs, x->t->id))
		return 0;
	switch ((unsigned)x->t->state) {
	case WL_RELEASING:
		return end_release(b, x, f);
	case WL_READING:
		return end_reading(b, x, f);
	case WL_INSPECTING:
		return b->policy ? wl_pick_queue(b, x, NULL, 0) : 0;
	default:
		return 0;
	}
}

static void match_vault(void *user, const char *transfer)
{
	struct wl_broker *b = user;
	struct wl_finding f = {0};
	struct wl_tracked *x = wl_transfers_find(b, transfer);
	uint64_t items, bytes;
	if (!x)
		x = wl_transfers_load(b, transfer, &f);
	if (!x && !f.rule && wl_vault_delete(&b->vault, transfer, &items, &bytes) == 0)
		wl_log_notice("%s: a copy in the vault that the ledger does not know is deleted",
		              transfer);
}

/* ---- the start itself ---- */

static int add_library(struct dl_phdr_info *info, size_t size, void *user)
{
	const char *slash = strrchr(info->dlpi_name, '/');
	(void)size;
	if (slash && json_array_size(user) < 64)
		(void)json_array_append_new(user, json_string(slash + 1));
	return 0;
}

static int append_start(struct wl_broker *b, struct wl_finding *f)
{
	uint8_t sha256[WL_SHA256_BYTES] = {0};
	uint64_t bytes;
	json_t *libs = json_array();
	WL_AUTO_CLOSE int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (self >= 0)
		(void)wl_sha256_of_fd(self, sha256, &bytes);
	(void)dl_iterate_phdr(add_library, libs);
	json_t *e = wl_broker_entry(b, WL_E_STATION_START, NULL);
	wl_entry_text(e, WL_M_VERSION, PACKAGE_VERSION);
	wl_entry_sha256(e, WL_M_BUILD_SHA256, sha256);
	wl_entry_text(e, WL_M_SANDBOX, b->sandbox[0] ? b->sandbox : "unknown");
	wl_entry_list(e, WL_M_LIBS, libs);
	int r = wl_broker_append(b, e, NULL, f);
	b->started = b->started || r == 0;
	return r;
}

bool wl_authority_is_pinned(const struct wl_broker *b)
{
	uint8_t spki[WL_SHA256_BYTES];
	WL_AUTO_FREE void *pem = NULL;
	size_t n = 0;
	return b->status.has_authority &&
	       wl_file_read(b->trust_fd, "policy-authority.pem", 16384, &pem, &n) == 0 &&
	       wl_certificate_spki(pem, n, spki) == 0 &&
	       !memcmp(spki, b->status.authority_spki_sha256, sizeof(spki));
}

/* What is known of why a transfer waits, and stands in no entry. */
struct waiting {
	char id[WL_ID_TEXT], tried[WL_ID_TEXT], detail[WL_DETAIL_MAX + 1];
	enum wl_rule hint;
};

/* Lets go of all transfers, to fold them anew; returns how many waited for their medium. */
static size_t forget_transfers(struct wl_broker *b, struct waiting *before)
{
	size_t n = 0;
	for (; b->ntransfers > 0; b->ntransfers--) {
		struct wl_tracked *x = &b->transfers[b->ntransfers - 1];
		if (x->tried[0] && n < WAITING_MAX) {
			struct waiting *w = &before[n++];
			*w = (struct waiting){.hint = x->hint};
			(void)snprintf(w->id, sizeof(w->id), "%s", x->t->id);
			(void)snprintf(w->tried, sizeof(w->tried), "%s", x->tried);
			(void)snprintf(w->detail, sizeof(w->detail), "%s", x->hint_detail);
		}
		wl_transfer_free(x->t);
	}
	return n;
}

static void remember_waiting(struct wl_tracked *x, const struct waiting *before, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(before[i].id, x->t->id)) {
			x->hint = before[i].hint;
			(void)snprintf(x->tried, sizeof(x->tried), "%s", before[i].tried);
			(void)snprintf(x->hint_detail, sizeof(x->hint_detail), "%s",
			               before[i].detail);
		}
}

int wl_recover(struct wl_broker *b, struct wl_finding *f)
{
	struct waiting before[WAITING_MAX];
	size_t nbefore = forget_transfers(b, before);
	int r = recall(b, f);
	if (!wl_authority_is_pinned(b))
		wl_log_error("policy-authority.pem is not the certificate entry 0 names");
	if (r == 0 && b->status.has_policy && !b->policy)
		(void)wl_recover_policy(b);
	if (r == 0)
		r = load_all(b, true, WL_TRANSFERS_KEPT / 2, f);
	if (r == 0)
		r = load_all(b, false, RECENT_ENDED, f);
	if (r == 0 && !b->started && wl_station_obstacle(b) != WL_RULE_STATION_CLOCK_BEHIND)
		r = append_start(b, f);
	for (size_t i = 0; i < b->ntransfers; i++)
		remember_waiting(&b->transfers[i], before, nbefore);
	for (size_t i = 0; i < b->ntransfers && r == 0; i++)
		r = take_up(b, &b->transfers[i], f);
	if (r == 0)
		(void)wl_vault_each(&b->vault, match_vault, b);
	return r;
}
