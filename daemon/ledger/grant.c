/*
 * One grant per intent, straight to mediad: the broker is not in between.
 *
 * Runs in weighlock-ledgerd after the intent is durable. What mediad is told comes from the ledger
 * alone. If it cannot be told, the intent stands and the broker is told so: nothing is written
 * then, and the broker records the release as failed. Power going loses the grant with both
 * processes.
 */
#include "daemon/ledger/grant.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/channel.h"
#include "daemon/base/cleanup.h"

#define GRANT_TIMEOUT_MS 5000

static int build(struct wl_ledger *l, const struct wl_entry *e, struct wl_message *m,
                 uint32_t serial)
{
	bool release = e->draft.event == WL_E_RELEASE_INTENT;
	const char *insertion =
	        wl_draft_get_text(&e->draft, release ? WL_M_DESTINATION_INSERTION : WL_M_INSERTION);
	struct wl_insertion_facts in;
	char id[WL_ID_TEXT];
	int r = wl_facts_insertion(l->facts, insertion, &in);

	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	wl_id_entry(l->id.station, e->seq, id);
	wl_message_start(m, WL_MSG_GRANT, serial);
	wl_message_put_text(m, WL_T_KIND, release ? "release" : "wipe");
	wl_message_put_text(m, WL_T_INTENT, id);
	wl_message_put_text(m, WL_T_PORT, in.port);
	wl_message_put_u64(m, WL_T_DISKSEQ, in.diskseq);
	wl_message_put_text(m, WL_T_INSERTION, insertion);
	wl_message_put_text(m, WL_T_BOOT, in.boot);
	return 0;
}

/* One message to mediad and its answer; `about` is for people. */
static int ask(struct wl_channel *c, struct wl_message *m, const char *about,
               struct wl_finding *ret_finding)
{
	struct wl_finding said = {.rule = WL_RULE_NONE};
	int r = wl_channel_call(c, m, GRANT_TIMEOUT_MS, &said, NULL);

	wl_message_clear(m);
	if (r < 0)
		return wl_refuse(ret_finding, WL_RULE_STATION_PART_MISSING,
		                 "%s: mediad says no: %.120s", about,
		                 r == -EREMOTEIO ? said.detail : strerrordesc_np(-r));
	return 0;
}

static int reach(struct wl_channel *c, const char *path, uid_t uid, const char *about,
                 struct wl_finding *ret_finding)
{
	int r = wl_channel_connect(c, path, uid, WL_PEER_LEDGER, WL_PEER_MEDIA);

	if (r < 0)
		return wl_refuse(ret_finding, WL_RULE_STATION_PART_MISSING,
		                 "%s: mediad cannot be reached (%s)", about, strerrordesc_np(-r));
	return 0;
}

int wl_grant_send(struct wl_ledger *l, uint64_t seq, const char *path, uid_t uid,
                  struct wl_finding *ret_finding)
{
	static struct wl_message m = {.fd = -1};
	WL_CLEANUP(wl_entry_clear) struct wl_entry e = {0};
	WL_CLEANUP(wl_channel_close) struct wl_channel c = {.fd = -1};
	char about[48];
	int r = wl_ledger_entry(l, seq, &e);

	if (r < 0)
		return r;
	(void)snprintf(about, sizeof(about), "grant for entry %llu", (unsigned long long)seq);
	r = reach(&c, path, uid, about, ret_finding);
	if (r < 0)
		return r;
	r = build(l, &e, &m, wl_channel_serial(&c));
	if (r < 0)
		return wl_refuse(ret_finding, WL_RULE_STATION_PART_MISSING, "%s: %s", about,
		                 strerrordesc_np(-r));
	return ask(&c, &m, about, ret_finding);
}

int wl_grant_end(const char *id, const char *path, uid_t uid, struct wl_finding *ret_finding)
{
	static struct wl_message m = {.fd = -1};
	WL_CLEANUP(wl_channel_close) struct wl_channel c = {.fd = -1};
	int r = reach(&c, path, uid, id, ret_finding);

	if (r < 0)
		return r;
	wl_message_start(&m, WL_MSG_GRANT_END, wl_channel_serial(&c));
	wl_message_put_text(&m, WL_T_INTENT, id);
	return ask(&c, &m, id, ret_finding);
}
