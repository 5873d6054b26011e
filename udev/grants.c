/*
 * The table of grants; see grants.h.
 *
 * Runs in weighlock-mediad. Who may send one is checked where connections are accepted (the uid of
 * ledgerd); what it says is checked here. The broker only ever names an intent: it cannot make,
 * prolong or reuse a grant. Nothing is kept on disk: a grant does not outlive mediad, and one of
 * another boot is refused, so after a crash ledgerd's next intent brings the next grant.
 */
#include "udev/grants.h"

#include <string.h>

static const char *const kinds[] = {"release", "wipe"};

static bool kind_is_known(const char *kind)
{
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i], kind) == 0)
			return true;
	return false;
}

static bool intent_is_spent(const struct wl_grants *t, const char *intent)
{
	for (unsigned i = 0; i < WL_GRANTS_MAX; i++)
		if (strcmp(t->spent[i].intent, intent) == 0)
			return true;
	return false;
}

/* Entries are numbered anew when the ledger's key was changed; stays of media never are. */
static bool is_spent(const struct wl_grants *t, const struct wl_grant *grant)
{
	for (unsigned i = 0; i < WL_GRANTS_MAX; i++)
		if (strcmp(t->spent[i].intent, grant->intent) == 0 &&
		    strcmp(t->spent[i].insertion, grant->insertion) == 0)
			return true;
	return false;
}

static void take_out(struct wl_grants *t, unsigned i)
{
	t->grant[i] = t->grant[--t->n];
}

static void drop_expired(struct wl_grants *t, int64_t now_s)
{
	for (unsigned i = t->n; i > 0; i--)
		if (t->grant[i - 1].until_s < now_s)
			take_out(t, i - 1);
}

static struct wl_grant *find(struct wl_grants *t, const char *intent)
{
	for (unsigned i = 0; i < t->n; i++)
		if (strcmp(t->grant[i].intent, intent) == 0)
			return &t->grant[i];
	return NULL;
}

static bool same_words(const struct wl_grant *a, const struct wl_grant *b)
{
	return a->diskseq == b->diskseq && strcmp(a->kind, b->kind) == 0 &&
	       strcmp(a->port, b->port) == 0 && strcmp(a->insertion, b->insertion) == 0;
}

int wl_grants_add(struct wl_grants *t, const struct wl_grant *grant, int64_t now_s,
                  struct wl_finding *ret_finding)
{
	if (!kind_is_known(grant->kind) || !wl_id_is(WL_ID_ENTRY, grant->intent) ||
	    !wl_id_is(WL_ID_NAME, grant->port) || !wl_id_is(WL_ID_INSERTION, grant->insertion))
		return wl_refuse(ret_finding, WL_RULE_STATION_NO_GRANT,
		                 "the grant's words are not what they should be");
	if (strcmp(grant->boot, t->boot) != 0)
		return wl_refuse(ret_finding, WL_RULE_STATION_NO_GRANT,
		                 "the grant for %s is of another boot", grant->intent);
	if (is_spent(t, grant))
		return wl_refuse(ret_finding, WL_RULE_STATION_NO_GRANT,
		                 "the grant for %s was already used", grant->intent);
	drop_expired(t, now_s);
	const struct wl_grant *known = find(t, grant->intent);
	if (known && !same_words(known, grant))
		return wl_refuse(ret_finding, WL_RULE_STATION_NO_GRANT,
		                 "a second grant for %s says something else", grant->intent);
	if (known)
		return 0;
	if (t->n >= WL_GRANTS_MAX)
		return wl_refuse(ret_finding, WL_RULE_STATION_BUSY, "%u grants wait to be used",
		                 WL_GRANTS_MAX);
	t->grant[t->n] = *grant;
	t->grant[t->n++].until_s = now_s + (int64_t)WL_GRANT_SECONDS_MAX;
	return 0;
}

int wl_grants_find(struct wl_grants *t, const char *intent, int64_t now_s,
                   struct wl_grant *ret_grant, struct wl_finding *ret_finding)
{
	const struct wl_grant *g = find(t, intent);

	if (!g)
		return wl_refuse(ret_finding, WL_RULE_STATION_NO_GRANT, "%s",
		                 intent_is_spent(t, intent) ? "the grant was already used"
		                                            : "the ledger has sent no grant");
	if (g->until_s < now_s)
		return wl_refuse(ret_finding, WL_RULE_STATION_NO_GRANT,
		                 "the grant for %s is out of date", g->intent);
	*ret_grant = *g;
	return 0;
}

static void spend_at(struct wl_grants *t, unsigned i)
{
	memcpy(t->spent[t->spent_next].intent, t->grant[i].intent, sizeof(t->spent[0].intent));
	memcpy(t->spent[t->spent_next].insertion, t->grant[i].insertion,
	       sizeof(t->spent[0].insertion));
	t->spent_next = (t->spent_next + 1) % WL_GRANTS_MAX;
	take_out(t, i);
}

void wl_grants_spend(struct wl_grants *t, const char *intent)
{
	const struct wl_grant *g = find(t, intent);

	if (g)
		spend_at(t, (unsigned)(g - t->grant));
}

void wl_grants_medium_gone(struct wl_grants *t, uint64_t diskseq)
{
	for (unsigned i = t->n; i > 0; i--)
		if (t->grant[i - 1].diskseq == diskseq)
			spend_at(t, i - 1);
}
