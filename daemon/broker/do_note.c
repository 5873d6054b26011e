/*
 * Note (weighlockd): a remark to a transfer, in whatever state it is.
 *
 * The words are a person's own, one line of them, and are never interpreted: they go into the
 * ledger as they were said and are escaped where they are shown. A remark changes nothing, so that
 * what was decided stays what it was; one that is wrong is answered by another one. Either its
 * entry is there after a lost power or it was never said.
 */
#include "daemon/broker/broker.h"
#include "daemon/broker/methods.h"

void wl_do_note(struct wl_broker *b, struct wl_call *c)
{
	struct wl_finding f = {0};
	char entry[WL_ID_TEXT];
	struct wl_tracked *x = wl_transfers_of_call(b, c);
	if (!x || !wl_station_is_usable(b, c))
		return;
	json_t *e = wl_call_entry(c, WL_E_TRANSFER_NOTED, x->t->id);
	wl_entry_text(e, WL_M_WORDS, wl_call_text(c, "words"));
	if (wl_broker_append(b, e, entry, &f) < 0)
		return wl_station_ledger_trouble(b, c, &f);
	wl_call_reply(c, json_pack("{s:s}", "entry", entry));
}
