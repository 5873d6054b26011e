/*
 * StationInit, StationSucceed, StationConfirm, StationCard (weighlockd): the first set-up by two
 * members of weighlock-setup.
 *
 * ledgerd makes the keys and decides whether the second person is another uid; here only the policy
 * authority's certificate is pinned as a file, after ledgerd took the init and before anybody is
 * told the fingerprint to confirm. When power goes between them the set-up is simply done again:
 * entry 0 is the last step, and a certificate it does not name verifies no policy.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/daemon.h"
#include "daemon/base/fdio.h"
#include "daemon/base/text.h"
#include "daemon/broker/broker.h"
#include "daemon/broker/certificate.h"
#include "daemon/broker/methods.h"
#include "daemon/broker/objects.h"

/* only after ledgerd took it: an init that was refused must not change what an earlier one pinned
 */
static bool pin_authority(struct wl_broker *b, struct wl_call *c, const char *pem)
{
	int r = wl_file_replace(b->trust_fd, "policy-authority.pem", pem, strlen(pem), 0640);
	if (r == 0)
		return true;
	wl_log_error("policy-authority.pem: %s", strerror(-r));
	wl_call_unavailable(c, WL_RULE_STATION_VAULT_FULL,
	                    json_pack("{s:s}", "detail", strerror(-r)));
	return false;
}

/* What both forms of init need to be right before ledgerd is asked; answers where it is not. */
static bool check_init(struct wl_broker *b, struct wl_call *c, uint8_t spki[32])
{
	const char *pem = wl_call_text(c, "policy_authority_pem");
	if (b->status.initialised)
		wl_call_wrong_state(c, "", "ready", json_pack("[s]", "uninitialised"));
	else if (!wl_id_is(WL_ID_STATION, wl_call_text(c, "name")))
		wl_call_bad_argument(c, "name", "[A-Z0-9]{2,8}");
	else if (wl_certificate_spki(pem, strlen(pem), spki) < 0)
		wl_call_bad_argument(c, "policy_authority_pem", "one certificate in PEM");
	else
		return true;
	return false;
}

void wl_do_station_init(struct wl_broker *b, struct wl_call *c)
{
	uint8_t spki[32];
	struct wl_finding f = {0};
	if (!check_init(b, c, spki))
		return;
	int r = wl_ledger_init(b->ledger, wl_call_text(c, "name"), wl_call_text(c, "origin"),
	                       c->caller.uid, spki, b->init_fingerprint, &f);
	if (r < 0)
		return wl_station_ledger_trouble(b, c, &f);
	if (pin_authority(b, c, wl_call_text(c, "policy_authority_pem")))
		wl_call_reply(c, json_pack("{s:s}", "fingerprint", b->init_fingerprint));
}

void wl_do_station_succeed(struct wl_broker *b, struct wl_call *c)
{
	struct wl_ledger_succession found;
	const char *seen = wl_call_text(c, "seen"), *folder = wl_call_text(c, "ledger");
	uint8_t spki[32];
	struct wl_finding f = {0};
	if (!check_init(b, c, spki))
		return;
	if (folder[0] != '/')
		return wl_call_bad_argument(c, "ledger", "a folder's whole path");
	int r = wl_ledger_succeed(b->ledger, wl_call_text(c, "name"), folder, seen ? seen : "",
	                          c->caller.uid, spki, &found, &f);
	if (r < 0)
		return wl_station_ledger_trouble(b, c, &f);
	if (!pin_authority(b, c, wl_call_text(c, "policy_authority_pem")))
		return;
	(void)snprintf(b->init_fingerprint, sizeof(b->init_fingerprint), "%s", found.fingerprint);
	wl_call_reply(c, json_pack("{s:s, s:s, s:s, s:I, s:I, s:s}", "fingerprint",
	                           found.fingerprint, "origin", found.origin, "old_fingerprint",
	                           found.old_fingerprint, "size", (json_int_t)found.size, "missing",
	                           (json_int_t)found.missing, "cosigned_at", found.cosigned_at));
}

void wl_do_station_confirm(struct wl_broker *b, struct wl_call *c)
{
	char entry[WL_ID_TEXT];
	uint64_t seq = 0;
	struct wl_finding f = {0};
	if (b->status.initialised)
		return wl_call_wrong_state(c, "", "ready", json_pack("[s]", "unconfirmed"));
	int r = wl_ledger_confirm(b->ledger, wl_call_text(c, "fingerprint"), c->caller.uid, &seq,
	                          &f);
	if (r < 0)
		return wl_station_ledger_trouble(b, c, &f);
	b->init_fingerprint[0] = '\0';
	wl_station_refresh(b);
	wl_id_entry(b->status.station, seq, entry);
	wl_call_reply(c, json_pack("{s:s}", "entry", entry));
}

void wl_do_station_card(struct wl_broker *b, struct wl_call *c)
{
	struct wl_ledger_card card = {0};
	struct wl_finding f = {0};
	char hex[WL_SHA256_HEX + 1], ended[WL_TIME_TEXT];
	if (wl_ledger_card(b->ledger, &card, &f) < 0)
		return wl_station_ledger_trouble(b, c, &f);
	json_t *o = json_object();
	wl_hex_encode(card.certificate_sha256, sizeof(card.certificate_sha256), hex);
	wl_object_text(o, "station", card.station);
	wl_object_text(o, "origin", card.origin);
	wl_object_text(o, "vkey", card.vkey);
	wl_object_text(o, "fingerprint", card.fingerprint);
	wl_object_text(o, "certificate_sha256", hex);
	wl_object_text(o, "checkpoint", card.checkpoint);
	if (b->status.certificate_not_after > 0 && time(NULL) > b->status.certificate_not_after) {
		wl_time_format(b->status.certificate_not_after, ended);
		wl_object_text(o, "certificate_expired", ended);
	}
	free(card.checkpoint);
	wl_call_reply(c, json_pack("{s:o}", "card", o));
}
