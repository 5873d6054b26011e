/*
 * Appending to the ledger, and the first set-up (weighlockd).
 *
 * ledgerd is believed: it keeps the ledger. Whoever took it over could forge entries forward (the
 * table in THREATS.md) but reaches nothing else through here. When power goes, an entry is either
 * durable, and then it is found at the next start, or it never was.
 */
#include "daemon/broker/ledger_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"
#include "daemon/broker/ledger_private.h"

#define NONCE_BYTES 16U

int wl_ledger_new(const char *path, uid_t uid, struct wl_ledger **ret)
{
	struct wl_ledger *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	wl_part_init(&l->part, "ledger", path, uid, WL_PEER_LEDGER);
	*ret = l;
	return 0;
}

struct wl_ledger *wl_ledger_free(struct wl_ledger *l)
{
	if (l)
		wl_part_drop(&l->part);
	free(l);
	return NULL;
}

static void copy_text(char *to, size_t size, const struct wl_message *m, enum wl_tag tag)
{
	(void)snprintf(to, size, "%s", wl_message_text(m, tag));
}

static bool copy_digest(uint8_t to[32], const struct wl_message *m, enum wl_tag tag)
{
	if (!wl_message_has(m, tag))
		return false;
	memcpy(to, wl_message_sha256(m, tag), 32);
	return true;
}

int wl_ledger_status(struct wl_ledger *l, struct wl_ledger_status *ret, struct wl_finding *f)
{
	struct wl_message *m = &l->part.message;
	(void)wl_part_start(&l->part, WL_MSG_LEDGER_STATUS);
	int r = wl_part_call(&l->part, f);
	if (r < 0)
		return r;
	*ret = (struct wl_ledger_status){
	        .rule = wl_rule_find(wl_message_text(m, WL_T_RULE)),
	        .size = wl_message_u64(m, WL_T_SIZE),
	        .initialised = wl_message_bool(m, WL_T_INITIALISED),
	        .unvouched = wl_message_bool(m, WL_T_UNVOUCHED),
	        .next_transfer = wl_message_u64(m, WL_T_NEXT_TRANSFER),
	        .next_insertion = wl_message_u64(m, WL_T_NEXT_INSERTION),
	        .floor_time = wl_message_i64(m, WL_T_FLOOR_TIME),
	        .policy_version = wl_message_u64(m, WL_T_POLICY_VERSION),
	        .cosigned_size = wl_message_u64(m, WL_T_COSIGNED_SIZE),
	        .cosigned_at = wl_message_i64(m, WL_T_COSIGNED_AT),
	        .cosignature_due = wl_message_i64(m, WL_T_COSIGNATURE_DUE),
	        .certificate_not_after = wl_message_i64(m, WL_T_CERTIFICATE_NOT_AFTER),
	        .alarm = wl_rule_find(wl_message_text(m, WL_T_ALARM)),
	        .retired = wl_message_bool(m, WL_T_RETIRED),
	};
	copy_text(ret->boot, sizeof(ret->boot), m, WL_T_BOOT);
	copy_text(ret->station, sizeof(ret->station), m, WL_T_STATION);
	copy_text(ret->origin, sizeof(ret->origin), m, WL_T_ORIGIN);
	copy_text(ret->clock, sizeof(ret->clock), m, WL_T_CLOCK);
	copy_text(ret->mirror, sizeof(ret->mirror), m, WL_T_MIRROR);
	copy_text(ret->alarm_entry, sizeof(ret->alarm_entry), m, WL_T_ENTRY);
	ret->has_policy = copy_digest(ret->policy_sha256, m, WL_T_POLICY_SHA256);
	ret->has_authority = copy_digest(ret->authority_spki_sha256, m, WL_T_SPKI_SHA256);
	copy_text(l->station, sizeof(l->station), m, WL_T_STATION);
	return 0;
}

/* ---- append ---- */

struct append {
	struct wl_ledger *l;
	json_t *entry;
	const uint8_t *policy_sha256;
	uint8_t nonce[NONCE_BYTES];
	int manifest_fd;
	uint64_t manifest_bytes;
	uint32_t serial;
	bool answered;
};

static const char *entry_text(const json_t *entry, const char *name)
{
	return json_string_value(json_object_get(entry, name));
}

static struct wl_message *next(struct append *a, enum wl_message_id id, const char *member)
{
	wl_message_start(&a->l->part.message, id, a->serial);
	if (member)
		wl_message_put_text(&a->l->part.message, WL_T_MEMBER, member);
	return &a->l->part.message;
}

static int send_begin(struct append *a, struct wl_finding *f)
{
	struct wl_message *m = &a->l->part.message;
	a->serial = wl_part_start(&a->l->part, WL_MSG_APPEND_BEGIN);
	if (a->policy_sha256)
		wl_message_put_sha256(m, WL_T_POLICY_SHA256, a->policy_sha256);
	wl_message_put_text(m, WL_T_EVENT, entry_text(a->entry, "event"));
	wl_message_put_bytes(m, WL_T_NONCE, a->nonce, NONCE_BYTES);
	wl_message_put_text(m, WL_T_ACTOR, entry_text(a->entry, "actor"));
	wl_message_put_u64(m, WL_T_UID,
	                   (uint64_t)json_integer_value(json_object_get(a->entry, "uid")));
	if (entry_text(a->entry, "transfer"))
		wl_message_put_text(m, WL_T_TRANSFER, entry_text(a->entry, "transfer"));
	return wl_part_send(&a->l->part, f);
}

static int send_list(struct append *a, const char *name, const json_t *list, struct wl_finding *f)
{
	size_t i;
	json_t *element;
	int r = 0;
	if (json_array_size(list) == 0) {
		(void)next(a, WL_MSG_APPEND_EMPTY, name);
		return wl_part_send(&a->l->part, f);
	}
	json_array_foreach(list, i, element)
	{
		struct wl_message *m = next(a, WL_MSG_APPEND_ELEMENT, name);
		wl_message_put_text(m, WL_T_TEXT, json_string_value(element));
		r = wl_part_send(&a->l->part, f);
		if (r < 0)
			return r;
	}
	return 0;
}

static int send_member(struct append *a, const char *name, const json_t *value,
                       struct wl_finding *f)
{
	struct wl_message *m;
	if (json_is_array(value))
		return send_list(a, name, value, f);
	if (json_is_string(value)) {
		m = next(a, WL_MSG_APPEND_TEXT, name);
		wl_message_put_text(m, WL_T_TEXT, json_string_value(value));
	} else if (json_is_integer(value)) {
		m = next(a, WL_MSG_APPEND_INTEGER, name);
		wl_message_put_i64(m, WL_T_INTEGER, json_integer_value(value));
	} else {
		m = next(a, WL_MSG_APPEND_FLAG, name);
		wl_message_put_bool(m, WL_T_FLAG, json_is_true(value));
	}
	return wl_part_send(&a->l->part, f);
}

/* Begin, members, commit; `last` ends the group that becomes durable together. */
static int send_entry(struct append *a, bool last, struct wl_finding *f)
{
	const char *name;
	json_t *value;
	int r = send_begin(a, f);
	if (r < 0)
		return r;
	json_object_foreach(json_object_get(a->entry, "data"), name, value)
	{
		r = send_member(a, name, value, f);
		if (r < 0)
			return r;
	}
	if (a->manifest_fd >= 0) {
		struct wl_message *m = next(a, WL_MSG_APPEND_MANIFEST, NULL);
		wl_message_put_u64(m, WL_T_SIZE, a->manifest_bytes);
		m->fd = a->manifest_fd;
		r = wl_part_send(&a->l->part, f);
		if (r < 0)
			return r;
	}
	wl_message_put_bool(next(a, WL_MSG_APPEND_COMMIT, NULL), WL_T_LAST, last);
	return wl_part_send(&a->l->part, f);
}

/* One reply of the group: what ledgerd stamped goes into the entry it is about. */
static int take_reply(struct append *group, size_t n, struct wl_finding *f)
{
	struct wl_part *part = &group->l->part;
	char time[WL_TIME_TEXT];
	int r = wl_part_receive_of(part, group->serial, (uint32_t)n, f);
	if (r < 0)
		return r;
	struct append *a = &group[part->message.serial - group->serial];
	if (part->message.id != WL_MSG_APPEND_COMMIT_REPLY || a->answered) {
		wl_part_drop(part);
		return wl_refuse(f, WL_RULE_STATION_PART_MISSING, "ledger: no reply to a commit");
	}
	a->answered = true;
	wl_time_format(wl_message_i64(&part->message, WL_T_TIME), time);
	(void)json_object_set_new(
	        a->entry, "seq",
	        json_integer((json_int_t)wl_message_u64(&part->message, WL_T_SEQ)));
	(void)json_object_set_new(a->entry, "time", json_string(time));
	return 0;
}

static int append_once(struct append *group, size_t n, struct wl_finding *f)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		group[i].answered = false;
		r = send_entry(&group[i], i + 1 == n, f);
	}
	for (size_t i = 0; r == 0 && i < n; i++)
		r = take_reply(group, n, f);
	if (r < 0 && n > 1)
		wl_part_drop(&group->l->part); /* the replies of the others are not waited for */
	return r;
}

static int append_group(struct append *group, size_t n, struct wl_finding *f)
{
	struct wl_ledger *l = group->l;
	for (size_t i = 0; i < n; i++)
		if (getrandom(group[i].nonce, NONCE_BYTES, 0) != (ssize_t)NONCE_BYTES)
			return -EIO;
	int r = append_once(group, n, f);
	if (r == -EBADMSG && f->rule == WL_RULE_STATION_PART_MISSING)
		r = append_once(group, n, f); /* the same nonces: the same entries */
	if (r < 0)
		return r;
	if (!l->station[0]) {
		struct wl_ledger_status status;
		(void)wl_ledger_status(l, &status, f);
	}
	for (size_t i = 0; i < n; i++)
		(void)json_object_set_new(group[i].entry, "station", json_string(l->station));
	return 0;
}

int wl_ledger_append(struct wl_ledger *l, json_t *entry, const uint8_t *policy_sha256,
                     int manifest_fd, uint64_t manifest_bytes, struct wl_finding *f)
{
	struct append a = {.l = l,
	                   .entry = entry,
	                   .policy_sha256 = policy_sha256,
	                   .manifest_fd = manifest_fd,
	                   .manifest_bytes = manifest_bytes};
	return append_group(&a, 1, f);
}

int wl_ledger_append_group(struct wl_ledger *l, json_t *const *entries, size_t n,
                           const uint8_t *policy_sha256, struct wl_finding *f)
{
	struct append group[WL_APPEND_GROUP_MAX];
	if (n == 0 || n > WL_APPEND_GROUP_MAX)
		return n == 0 ? 0 : -E2BIG;
	for (size_t i = 0; i < n; i++)
		group[i] = (struct append){.l = l,
		                           .entry = entries[i],
		                           .policy_sha256 = policy_sha256,
		                           .manifest_fd = -1};
	return append_group(group, n, f);
}

/* ---- the first set-up ---- */

int wl_ledger_init(struct wl_ledger *l, const char *station, const char *origin, uid_t uid,
                   const uint8_t authority_spki_sha256[32], char ret_fingerprint[65],
                   struct wl_finding *f)
{
	struct wl_message *m = &l->part.message;
	(void)wl_part_start(&l->part, WL_MSG_STATION_INIT);
	wl_message_put_text(m, WL_T_STATION, station);
	wl_message_put_text(m, WL_T_ORIGIN, origin);
	wl_message_put_u64(m, WL_T_UID, uid);
	wl_message_put_sha256(m, WL_T_SPKI_SHA256, authority_spki_sha256);
	int r = wl_part_call(&l->part, f);
	if (r == 0)
		copy_text(ret_fingerprint, 65, m, WL_T_FINGERPRINT);
	return r;
}

int wl_ledger_succeed(struct wl_ledger *l, const char *station, const char *folder,
                      const char *seen, uid_t uid, const uint8_t authority_spki_sha256[32],
                      struct wl_ledger_succession *ret, struct wl_finding *f)
{
	struct wl_message *m = &l->part.message;
	(void)wl_part_start(&l->part, WL_MSG_STATION_SUCCEED);
	wl_message_put_text(m, WL_T_STATION, station);
	wl_message_put_u64(m, WL_T_UID, uid);
	wl_message_put_bytes(m, WL_T_DOCUMENT, seen, strlen(seen));
	wl_message_put_sha256(m, WL_T_SPKI_SHA256, authority_spki_sha256);
	wl_message_put_text(m, WL_T_FOLDER, folder);
	int r = wl_part_call_long(&l->part, f);
	if (r < 0)
		return r;
	*ret = (struct wl_ledger_succession){.size = wl_message_u64(m, WL_T_SIZE),
	                                     .missing = wl_message_u64(m, WL_T_MISSING_COUNT)};
	copy_text(ret->origin, sizeof(ret->origin), m, WL_T_ORIGIN);
	copy_text(ret->fingerprint, sizeof(ret->fingerprint), m, WL_T_FINGERPRINT);
	copy_text(ret->old_fingerprint, sizeof(ret->old_fingerprint), m, WL_T_OLD_FINGERPRINT);
	copy_text(ret->cosigned_at, sizeof(ret->cosigned_at), m, WL_T_COSIGNED_TEXT);
	return 0;
}

int wl_ledger_rotate(struct wl_ledger *l, const char *actor, uid_t uid, const char *proposed_by,
                     const char *words, struct wl_ledger_rotation *ret, struct wl_finding *f)
{
	struct wl_message *m = &l->part.message;
	(void)wl_part_start(&l->part, WL_MSG_KEY_ROTATE);

	wl_message_put_text(m, WL_T_ACTOR, actor);
	wl_message_put_u64(m, WL_T_UID, uid);
	wl_message_put_text(m, WL_T_TEXT, words);
	wl_message_put_bool(m, WL_T_FLAG, !ret);
	wl_message_put_text(m, WL_T_PROPOSED_BY, proposed_by);
	int r = ret ? wl_part_call_long(&l->part, f) : wl_part_call(&l->part, f);
	if (r < 0 || !ret)
		return r;
	*ret = (struct wl_ledger_rotation){.seq = wl_message_u64(m, WL_T_SEQ)};
	copy_text(ret->origin, sizeof(ret->origin), m, WL_T_ORIGIN);
	copy_text(ret->fingerprint, sizeof(ret->fingerprint), m, WL_T_FINGERPRINT);
	copy_text(ret->old_origin, sizeof(ret->old_origin), m, WL_T_OLD_ORIGIN);
	copy_text(ret->old_fingerprint, sizeof(ret->old_fingerprint), m, WL_T_OLD_FINGERPRINT);
	return 0;
}

int wl_ledger_confirm(struct wl_ledger *l, const char *fingerprint, uid_t uid, uint64_t *ret_seq,
                      struct wl_finding *f)
{
	struct wl_message *m = &l->part.message;
	(void)wl_part_start(&l->part, WL_MSG_STATION_CONFIRM);
	wl_message_put_u64(m, WL_T_UID, uid);
	wl_message_put_text(m, WL_T_FINGERPRINT, fingerprint);
	int r = wl_part_call(&l->part, f);
	if (r == 0)
		*ret_seq = wl_message_u64(m, WL_T_SEQ);
	return r;
}

int wl_ledger_card(struct wl_ledger *l, struct wl_ledger_card *ret, struct wl_finding *f)
{
	struct wl_message *m = &l->part.message;
	(void)wl_part_start(&l->part, WL_MSG_STATION_CARD);
	int r = wl_part_call(&l->part, f);
	if (r < 0)
		return r;
	struct wl_bytes document = wl_message_bytes(m, WL_T_DOCUMENT);
	*ret = (struct wl_ledger_card){.checkpoint = strndup((const char *)document.p, document.n)};
	if (!ret->checkpoint)
		return -ENOMEM;
	copy_text(ret->station, sizeof(ret->station), m, WL_T_STATION);
	copy_text(ret->origin, sizeof(ret->origin), m, WL_T_ORIGIN);
	copy_text(ret->fingerprint, sizeof(ret->fingerprint), m, WL_T_FINGERPRINT);
	copy_text(ret->vkey, sizeof(ret->vkey), m, WL_T_VKEY);
	(void)copy_digest(ret->certificate_sha256, m, WL_T_CERTIFICATE_SHA256);
	return 0;
}
