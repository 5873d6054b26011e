/*
 * Entries on their way into the ledger (weighlockd): JSON objects of the form ledgerd renders.
 *
 * One object serves for the append, for the fold (transfer_fold.c) and for what people are told, so
 * the three cannot differ. Members are named by the table of events; ledgerd refuses one the event
 * does not have. Text of people and media is data here and never interpreted.
 */
#include "daemon/base/sha256.h"
#include "daemon/broker/ledger_client.h"

json_t *wl_entry_new(enum wl_event event, const char *actor, uid_t uid, const char *transfer)
{
	json_t *entry = json_pack("{s:s, s:s, s:I, s:{}}", "event", wl_event_row(event)->name,
	                          "actor", actor, "uid", (json_int_t)uid, "data");
	if (transfer)
		(void)json_object_set_new(entry, "transfer", json_string(transfer));
	return entry;
}

static void set(json_t *entry, enum wl_member member, json_t *value)
{
	(void)json_object_set_new(json_object_get(entry, "data"), wl_member_name(member), value);
}

void wl_entry_text(json_t *entry, enum wl_member member, const char *text)
{
	set(entry, member, json_string(text));
}

void wl_entry_int(json_t *entry, enum wl_member member, uint64_t v)
{
	set(entry, member, json_integer((json_int_t)v));
}

void wl_entry_flag(json_t *entry, enum wl_member member, bool v)
{
	set(entry, member, json_boolean(v));
}

void wl_entry_list(json_t *entry, enum wl_member member, json_t *list)
{
	set(entry, member, list);
}

void wl_entry_rule(json_t *entry, enum wl_member member, enum wl_rule rule)
{
	wl_entry_text(entry, member, wl_rule_id(rule));
}

void wl_entry_sha256(json_t *entry, enum wl_member member, const uint8_t sha256[32])
{
	char hex[WL_SHA256_HEX + 1];
	wl_hex_encode(sha256, WL_SHA256_BYTES, hex);
	wl_entry_text(entry, member, hex);
}

void wl_entry_id(const json_t *entry, char buf[WL_ID_TEXT])
{
	wl_id_entry(json_string_value(json_object_get(entry, "station")),
	            (uint64_t)json_integer_value(json_object_get(entry, "seq")), buf);
}
