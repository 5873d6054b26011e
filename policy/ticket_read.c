/*
 * The strict reader of a ticket, and of the statement that takes one back.
 *
 * At a station the bytes were signed by the authority before they come here; offline (`ticket
 * show`) they are anybody's. jansson is given at most 64 KiB of valid UTF-8 and refuses duplicate
 * members, NUL and bad escapes; every value is then taken by a row of a table, so that an unknown
 * member, a wrong type, a float, a null or a number out of range is refused and named. Runs in the
 * broker and in the offline client. Nothing is durable here.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/bytes.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"
#include "daemon/base/text.h"
#include "policy/schema.h"
#include "policy/ticket.h"

struct reading {
	struct wl_finding *finding;
	struct wl_ticket *ticket;
	const char *at; /* the member being read, for details */
	size_t serials;
};

struct member {
	const char *name;
	bool required;
	int (*take)(struct reading *r, json_t *v, void *to);
	size_t offset;
};

static int refuse(struct reading *r, const char *why)
{
	return wl_refuse(r->finding, WL_RULE_TICKET_UNREADABLE, "%s: %s", r->at, why);
}

/* Every member of the object has its row, every required row its member, every value is taken. */
static int take_members(struct reading *r, json_t *object, const struct member *rows, size_t n,
                        void *to)
{
	const char *name;
	json_t *v;
	const char *outer = r->at;
	if (!json_is_object(object))
		return refuse(r, "is no object");
	json_object_foreach(object, name, v)
	{
		size_t i = 0;
		while (i < n && strcmp(rows[i].name, name) != 0)
			i++;
		if (i == n) {
			char word[64];
			wl_text_escape(name, strlen(name), word, sizeof(word));
			return wl_refuse(r->finding, WL_RULE_TICKET_FIELD_UNKNOWN,
			                 "%s has a member %s", outer, word);
		}
	}
	for (size_t i = 0; i < n; i++) {
		v = json_object_get(object, rows[i].name);
		r->at = rows[i].name;
		if (!v && rows[i].required)
			return refuse(r, "is missing");
		int q = v ? rows[i].take(r, v, (char *)to + rows[i].offset) : 0;
		if (q < 0)
			return q;
	}
	r->at = outer;
	return 0;
}

/* ---- values ---- */

static int take_text(struct reading *r, json_t *v, void *to, size_t max, bool empty)
{
	if (!json_is_string(v))
		return refuse(r, "is no text");
	size_t n = json_string_length(v);
	const char *s = json_string_value(v);
	if (n > max || (n == 0 && !empty))
		return refuse(r, "is empty or too long");
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7F)
			return refuse(r, "has a control character");
	*(char **)to = strdup(s);
	return *(char **)to ? 0 : -ENOMEM;
}

static int take_line(struct reading *r, json_t *v, void *to)
{
	return take_text(r, v, to, WL_TICKET_TEXT_MAX, false);
}

static int take_note(struct reading *r, json_t *v, void *to)
{
	return take_text(r, v, to, WL_TICKET_NOTE_MAX, true);
}

static int take_integer(struct reading *r, json_t *v, void *to)
{
	if (!json_is_integer(v))
		return refuse(r, "is no whole number");
	json_int_t i = json_integer_value(v);
	if (i < 0 || i > WL_TICKET_INTEGER_MAX)
		return refuse(r, "is not between 0 and 2^53-1");
	*(uint64_t *)to = (uint64_t)i;
	return 0;
}

static int take_bool(struct reading *r, json_t *v, void *to)
{
	if (!json_is_boolean(v))
		return refuse(r, "is neither true nor false");
	*(bool *)to = json_is_true(v);
	return 0;
}

static int take_time(struct reading *r, json_t *v, void *to)
{
	if (!json_is_string(v) || wl_time_parse(json_string_value(v), to) < 0)
		return refuse(r, "is no time like 2026-11-02T14:00:00Z");
	return 0;
}

static int take_id(struct reading *r, json_t *v, void *to, enum wl_id_kind kind)
{
	if (!json_is_string(v) || !wl_id_is(kind, json_string_value(v)))
		return refuse(r, "is no identifier of its form");
	memcpy(to, json_string_value(v), json_string_length(v) + 1);
	return 0;
}

static int take_ticket_id(struct reading *r, json_t *v, void *to)
{
	return take_id(r, v, to, WL_ID_TICKET);
}

static int take_name(struct reading *r, json_t *v, void *to)
{
	return take_id(r, v, to, WL_ID_NAME);
}

static int take_digest(struct reading *r, json_t *v, void *to)
{
	if (!json_is_string(v) || !wl_hex_is_sha256(json_string_value(v)))
		return refuse(r, "is no SHA-256 of 64 lower-case hexadecimal digits");
	return wl_hex_decode(json_string_value(v), to, WL_SHA256_BYTES);
}

static int take_type(struct reading *r, json_t *v, void *to)
{
	(void)r;
	(void)v;
	(void)to;
	return 0; /* looked at before everything else */
}

static int array_of(struct reading *r, json_t *v, size_t min, size_t max)
{
	if (!json_is_array(v))
		return refuse(r, "is no list");
	if (json_array_size(v) < min || json_array_size(v) > max)
		return refuse(r, "has too few or too many entries");
	return 0;
}

/* ---- paths ---- */

/* Relative, no empty, `.` or `..` component, in the one escaped form. */
static int check_path(struct reading *r, const char *s, uint8_t *raw, size_t size, size_t *ret_n)
{
	size_t n;
	if (wl_path_unescape(s, raw, size, &n) < 0 || n == 0 || n > WL_VOLUME_PATH_BYTES_MAX)
		return refuse(r, "is no path in the escaped form, or too long");
	WL_AUTO_FREE char *again = malloc(3 * n + 1);
	if (!again)
		return -ENOMEM;
	if (wl_path_escape(raw, n, again, 3 * n + 1) < 0 || strcmp(again, s) != 0)
		return refuse(r, "is not in the escaped form");
	for (size_t i = 0, begin = 0; i <= n; i++) {
		if (i < n && raw[i] != '/')
			continue;
		size_t length = i - begin;
		if (length == 0 ||
		    (length <= 2 && raw[begin] == '.' && (length == 1 || raw[begin + 1] == '.')))
			return refuse(r, "is no relative path");
		begin = i + 1;
	}
	*ret_n = n;
	return 0;
}

static int take_path(struct reading *r, json_t *v, void *to)
{
	struct wl_ticket_file *f = (void *)((char *)to - offsetof(struct wl_ticket_file, path));
	if (!json_is_string(v))
		return refuse(r, "is no text");
	size_t size = json_string_length(v) + 1;
	f->raw = malloc(size);
	f->path = strdup(json_string_value(v));
	if (!f->raw || !f->path)
		return -ENOMEM;
	return check_path(r, f->path, f->raw, size, &f->raw_n);
}

static int take_signature(struct reading *r, json_t *v, void *to)
{
	size_t raw_n;
	if (!json_is_string(v))
		return refuse(r, "is no text");
	size_t size = json_string_length(v) + 1;
	WL_AUTO_FREE uint8_t *raw = malloc(size);
	if (!raw)
		return -ENOMEM;
	int q = check_path(r, json_string_value(v), raw, size, &raw_n);
	if (q < 0)
		return q;
	*(char **)to = strdup(json_string_value(v));
	return *(char **)to ? 0 : -ENOMEM;
}

/* ---- objects ---- */

static int take_unpack(struct reading *r, json_t *v, void *to)
{
	const char *s = json_is_string(v) ? json_string_value(v) : "";
	enum wl_ticket_unpack *unpack = to;
	if (strcmp(s, "none") == 0)
		*unpack = WL_UNPACK_NONE;
	else if (strcmp(s, "inspect") == 0)
		*unpack = WL_UNPACK_INSPECT;
	else
		return refuse(r, "is neither none nor inspect");
	return 0;
}

static const struct member file_members[] = {
        {"path", true, take_path, offsetof(struct wl_ticket_file, path)},
        {"size", true, take_integer, offsetof(struct wl_ticket_file, size)},
        {"sha256", true, take_digest, offsetof(struct wl_ticket_file, sha256)},
        {"signature", false, take_signature, offsetof(struct wl_ticket_file, signature)},
        {"unpack", true, take_unpack, offsetof(struct wl_ticket_file, unpack)},
        {"deliver", true, take_bool, offsetof(struct wl_ticket_file, deliver)},
};

static int take_files(struct reading *r, json_t *v, void *to)
{
	(void)to;
	struct wl_ticket *t = r->ticket;
	int q = array_of(r, v, 1, WL_TICKET_FILES_MAX);
	if (q < 0)
		return q;
	t->files = calloc(json_array_size(v), sizeof(*t->files));
	if (!t->files)
		return -ENOMEM;
	for (size_t i = 0; i < json_array_size(v); i++) {
		t->nfiles++;
		q = take_members(r, json_array_get(v, i), file_members, WL_ARRAY_LEN(file_members),
		                 &t->files[i]);
		if (q < 0)
			return q;
	}
	return 0;
}

static int take_serials(struct reading *r, json_t *v, void *to)
{
	struct wl_ticket_device *d =
	        (void *)((char *)to - offsetof(struct wl_ticket_device, serials));
	int q = array_of(r, v, 1, WL_TICKET_SERIALS_MAX - r->serials);
	if (q < 0)
		return q;
	d->serials = calloc(json_array_size(v), sizeof(*d->serials));
	if (!d->serials)
		return -ENOMEM;
	for (size_t i = 0; i < json_array_size(v); i++, d->nserials++) {
		q = take_line(r, json_array_get(v, i), &d->serials[i]);
		if (q < 0)
			return q;
	}
	r->serials += d->nserials;
	return 0;
}

static const struct member device_members[] = {
        {"model", true, take_line, offsetof(struct wl_ticket_device, model)},
        {"serials", true, take_serials, offsetof(struct wl_ticket_device, serials)},
};

static int take_devices(struct reading *r, json_t *v, void *to)
{
	(void)to;
	struct wl_ticket *t = r->ticket;
	int q = array_of(r, v, 1, WL_TICKET_SERIALS_MAX);
	if (q < 0)
		return q;
	t->devices = calloc(json_array_size(v), sizeof(*t->devices));
	if (!t->devices)
		return -ENOMEM;
	for (size_t i = 0; i < json_array_size(v); i++) {
		t->ndevices++;
		q = take_members(r, json_array_get(v, i), device_members,
		                 WL_ARRAY_LEN(device_members), &t->devices[i]);
		if (q < 0)
			return q;
	}
	return 0;
}

static int take_stations(struct reading *r, json_t *v, void *to)
{
	(void)to;
	struct wl_ticket *t = r->ticket;
	char id[WL_ID_TEXT];
	int q = array_of(r, v, 0, WL_TICKET_SERIALS_MAX);
	if (q < 0 || json_array_size(v) == 0)
		return q;
	t->stations = calloc(json_array_size(v), sizeof(*t->stations));
	if (!t->stations)
		return -ENOMEM;
	for (size_t i = 0; i < json_array_size(v); i++) {
		q = take_id(r, json_array_get(v, i), id, WL_ID_STATION);
		if (q < 0)
			return q;
		t->stations[i] = strdup(id);
		if (!t->stations[i])
			return -ENOMEM;
		t->nstations++;
	}
	return 0;
}

static int take_format(struct reading *r, json_t *v, void *to)
{
	(void)to;
	const char *s = json_is_string(v) ? json_string_value(v) : "";
	const struct wl_word_row *word = wl_word_find(WORDS_SIGNATURE, s);
	if (!word)
		return refuse(r, "is no format of a signature");
	r->ticket->vendor_signature = (enum wl_signature_format)word->value;
	return 0;
}

static int take_keys(struct reading *r, json_t *v, void *to)
{
	(void)to;
	struct wl_ticket *t = r->ticket;
	int q = array_of(r, v, 1, WL_TICKET_KEYS_MAX);
	if (q < 0)
		return q;
	t->spki_sha256 = calloc(json_array_size(v), sizeof(*t->spki_sha256));
	if (!t->spki_sha256)
		return -ENOMEM;
	for (size_t i = 0; i < json_array_size(v); i++) {
		q = take_digest(r, json_array_get(v, i), t->spki_sha256[i]);
		if (q < 0)
			return q;
		t->nspki++;
	}
	return 0;
}

static const struct member signature_members[] = {
        {"format", true, take_format, 0},
        {"spki_sha256", false, take_keys, 0},
};

static int take_vendor_signature(struct reading *r, json_t *v, void *to)
{
	return take_members(r, v, signature_members, WL_ARRAY_LEN(signature_members), to);
}

static const struct member ticket_members[] = {
        {"type", true, take_type, 0},
        {"id", true, take_ticket_id, offsetof(struct wl_ticket, id)},
        {"authority", true, take_name, offsetof(struct wl_ticket, authority)},
        {"issued_at", true, take_time, offsetof(struct wl_ticket, issued_at)},
        {"not_before", true, take_time, offsetof(struct wl_ticket, not_before)},
        {"not_after", true, take_time, offsetof(struct wl_ticket, not_after)},
        {"vendor", true, take_name, offsetof(struct wl_ticket, vendor)},
        {"component", true, take_name, offsetof(struct wl_ticket, component)},
        {"version", true, take_line, offsetof(struct wl_ticket, version)},
        {"release", true, take_integer, offsetof(struct wl_ticket, release)},
        {"release_from", false, take_integer, offsetof(struct wl_ticket, release_from)},
        {"devices", true, take_devices, 0},
        {"uses_per_device", true, take_integer, offsetof(struct wl_ticket, uses_per_device)},
        {"stations", false, take_stations, 0},
        {"vendor_signature", true, take_vendor_signature, 0},
        {"files", true, take_files, 0},
        {"note", false, take_note, offsetof(struct wl_ticket, note)},
};

/* ---- the whole ---- */

static int check_files(struct reading *r)
{
	struct wl_ticket *t = r->ticket;
	r->at = "files";
	for (size_t i = 0; i < t->nfiles; i++) {
		if (t->files[i].signature && t->vendor_signature == WL_SIGNED_NONE)
			return refuse(r, "names a signature of a vendor who signs nothing");
		for (size_t j = 0; j < t->nfiles; j++) {
			if (j < i && strcmp(t->files[i].path, t->files[j].path) == 0)
				return refuse(r, "names one path twice");
			if (t->files[i].signature &&
			    strcmp(t->files[i].signature, t->files[j].path) == 0)
				return refuse(r, "lists a signature as a file of the update");
		}
	}
	return 0;
}

static int check_whole(struct reading *r)
{
	struct wl_ticket *t = r->ticket;
	r->at = "not_after";
	if (t->not_after < t->not_before)
		return refuse(r, "is before not_before");
	r->at = "uses_per_device";
	if (t->uses_per_device == 0)
		return refuse(r, "is 0");
	r->at = "vendor_signature";
	if ((t->vendor_signature == WL_SIGNED_NONE) != (t->nspki == 0))
		return refuse(r, "spki_sha256 belongs to cms-detached, and only to it");
	return check_files(r);
}

/* Every number is 0 or above, and jansson would read -0 as 0. */
static bool has_minus(const char *p, size_t n)
{
	bool inside = false;
	for (size_t i = 0; i < n; i++) {
		if (inside && p[i] == '\\')
			i++;
		else if (p[i] == '"')
			inside = !inside;
		else if (!inside && p[i] == '-')
			return true;
	}
	return false;
}

static int check_bytes(struct reading *r, const void *p, size_t n)
{
	r->at = "ticket";
	if (n > WL_TICKET_BYTES_MAX)
		return refuse(r, "is larger than 64 KiB");
	if (!wl_utf8_is_valid(p, n))
		return refuse(r, "is not UTF-8 text");
	if (n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0)
		return refuse(r, "begins with a byte order mark");
	if (has_minus(p, n))
		return refuse(r, "has a negative number");
	return 0;
}

static bool is_type(json_t *root, const char *type)
{
	const char *s = json_string_value(json_object_get(root, "type"));
	return s && strcmp(s, type) == 0;
}

static int check_type(struct reading *r, json_t *root)
{
	json_t *type = json_object_get(root, "type");
	char word[64];
	if (!json_is_object(root))
		return refuse(r, "is no JSON object");
	if (!json_is_string(type))
		return refuse(r, "has no type");
	if (is_type(root, WL_TICKET_TYPE))
		return 0;
	wl_text_escape(json_string_value(type), json_string_length(type), word, sizeof(word));
	return wl_refuse(r->finding, WL_RULE_TICKET_TYPE_UNKNOWN, "type %s", word);
}

static void json_cleanup(json_t **v)
{
	json_decref(*v);
}

int wl_ticket_read(const void *p, size_t n, struct wl_ticket **ret, struct wl_finding *ret_finding)
{
	WL_CLEANUP(wl_ticket_cleanup) struct wl_ticket *t = wl_ticket_new();
	struct reading r = {.finding = ret_finding, .ticket = t};
	json_error_t error;
	if (!t)
		return -ENOMEM;
	int q = check_bytes(&r, p, n);
	if (q < 0)
		return q;
	WL_CLEANUP(json_cleanup) json_t *root = json_loadb(p, n, JSON_REJECT_DUPLICATES, &error);
	if (!root) {
		char why[120];
		wl_text_escape(error.text, strlen(error.text), why, sizeof(why));
		return wl_refuse(ret_finding, WL_RULE_TICKET_UNREADABLE, "line %d, column %d: %s",
		                 error.line, error.column, why);
	}
	q = check_type(&r, root);
	if (q < 0)
		return q;
	q = take_members(&r, root, ticket_members, WL_ARRAY_LEN(ticket_members), t);
	if (q >= 0)
		q = check_whole(&r);
	if (q >= 0)
		q = wl_sha256_of(p, n, t->sha256);
	if (q < 0)
		return q;
	*ret = TAKE_PTR(t);
	return 0;
}

static const struct member withdrawal_members[] = {
        {"type", true, take_type, 0},
        {"ticket", true, take_ticket_id, offsetof(struct wl_withdrawal, ticket)},
        {"authority", true, take_name, offsetof(struct wl_withdrawal, authority)},
        {"issued_at", true, take_time, offsetof(struct wl_withdrawal, issued_at)},
        {"reason", true, take_name, offsetof(struct wl_withdrawal, reason)},
};

int wl_withdrawal_read(const void *p, size_t n, struct wl_withdrawal *ret,
                       struct wl_finding *ret_finding)
{
	struct wl_finding unsaid;
	struct reading r = {.finding = &unsaid};
	struct wl_withdrawal w = {.issued_at = 0};
	if (check_bytes(&r, p, n) < 0)
		return -ENOMSG;
	WL_CLEANUP(json_cleanup) json_t *root = json_loadb(p, n, JSON_REJECT_DUPLICATES, NULL);
	if (!root || !is_type(root, WL_WITHDRAWAL_TYPE))
		return -ENOMSG;
	r.finding = ret_finding;
	r.at = "withdrawal";
	int q = take_members(&r, root, withdrawal_members, WL_ARRAY_LEN(withdrawal_members), &w);
	if (q >= 0)
		q = wl_sha256_of(p, n, w.sha256);
	if (q < 0)
		return q;
	*ret = w;
	return 0;
}
