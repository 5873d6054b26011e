/*
 * Rendering of entries: sorted members, printable ASCII only, one spelling for everything.
 *
 * Runs in weighlock-ledgerd on a checked draft; its text may be any valid UTF-8 a person typed or a
 * medium carried (escaped by the broker). Whatever is not printable ASCII becomes \uXXXX, so that
 * no byte of an entry can be taken for structure. Pure: nothing is kept.
 */
#include "daemon/ledger/entry_render.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

struct out {
	char *buf;
	size_t size, pos;
	int error;
};

static int put_raw(char *buf, size_t size, size_t *pos, const char *s, size_t n)
{
	if (n >= size - *pos)
		return -EMSGSIZE;
	memcpy(buf + *pos, s, n);
	*pos += n;
	buf[*pos] = '\0';
	return 0;
}

static int put_code_point(char *buf, size_t size, size_t *pos, uint32_t cp)
{
	char esc[16];
	int n;

	if (cp == '"' || cp == '\\') {
		n = 2;
		esc[0] = '\\';
		esc[1] = (char)cp;
	} else if (cp < 0x10000) {
		n = snprintf(esc, sizeof(esc), "\\u%04" PRIx32, cp);
	} else {
		n = snprintf(esc, sizeof(esc), "\\u%04" PRIx32 "\\u%04" PRIx32,
		             0xd800 + ((cp - 0x10000) >> 10), 0xdc00 + ((cp - 0x10000) & 0x3ff));
	}
	return put_raw(buf, size, pos, esc, (size_t)n);
}

/* How many bytes from here on are spelled as they are: nearly all, so they go together. */
static size_t plain_run(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] >= 0x20 && s[i] <= 0x7e && s[i] != '"' && s[i] != '\\')
		i++;
	return i;
}

int wl_json_text(const char *s, size_t n, char *buf, size_t size, size_t *pos)
{
	uint32_t cp;
	int r = put_raw(buf, size, pos, "\"", 1);

	for (size_t at = 0; r == 0 && at < n;) {
		size_t plain = plain_run(s + at, n - at);
		r = put_raw(buf, size, pos, s + at, plain);
		at += plain;
		if (r < 0 || at == n)
			break;
		r = wl_utf8_next(s, n, &at, &cp);
		if (r == 0)
			r = put_code_point(buf, size, pos, cp);
	}
	return r < 0 ? r : put_raw(buf, size, pos, "\"", 1);
}

/* As it is: members' names, what is between them, words of our own. */
static void put(struct out *o, const char *s)
{
	if (!o->error)
		o->error = put_raw(o->buf, o->size, &o->pos, s, strlen(s));
}

static void put_number(struct out *o, uint64_t v)
{
	char digits[20 + 1];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	put(o, digits + at);
}

static void put_integer(struct out *o, int64_t v)
{
	if (v < 0)
		put(o, "-");
	put_number(o, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

static void put_text(struct out *o, const char *s)
{
	if (!o->error)
		o->error = wl_json_text(s, strlen(s), o->buf, o->size, &o->pos);
}

static void put_list(struct out *o, const struct wl_draft *d, enum wl_member member)
{
	const char *s;

	put(o, "[");
	for (size_t i = 0; (s = wl_draft_get_element(d, member, i)) != NULL; i++) {
		put(o, i ? "," : "");
		put_text(o, s);
	}
	put(o, "]");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(wl_member_name(*(const enum wl_member *)a),
	              wl_member_name(*(const enum wl_member *)b));
}

/* The distinct members of the draft, sorted by name. */
static size_t sorted_members(const struct wl_draft *d, enum wl_member *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		size_t k = 0;
		while (k < n && ret[k] != d->values[i].member)
			k++;
		if (k == n && n < WL_EVENT_MEMBERS_MAX)
			ret[n++] = d->values[i].member;
	}
	qsort(ret, n, sizeof(*ret), by_name);
	return n;
}

static void put_data(struct out *o, const struct wl_draft *d)
{
	enum wl_member members[WL_EVENT_MEMBERS_MAX] = {WL_M_NONE};
	size_t n = sorted_members(d, members);

	put(o, "{");
	for (size_t i = 0; i < n; i++) {
		put(o, i ? ",\"" : "\"");
		put(o, wl_member_name(members[i]));
		put(o, "\":");
		switch (wl_member_type(members[i])) {
		case WL_MEMBER_TEXT:
			put_text(o, wl_draft_get_text(d, members[i]));
			break;
		case WL_MEMBER_INT:
			put_integer(o, wl_draft_get_integer(d, members[i]));
			break;
		case WL_MEMBER_BOOL:
			put(o, wl_draft_get_integer(d, members[i]) ? "true" : "false");
			break;
		case WL_MEMBER_LIST:
			put_list(o, d, members[i]);
			break;
		}
	}
	put(o, "}");
}

/* A further member whose text needs no escaping: a word of ours, or one that has its form. */
static void put_word(struct out *o, const char *name, const char *word)
{
	put(o, ",\"");
	put(o, name);
	put(o, "\":\"");
	put(o, word);
	put(o, "\"");
}

int wl_entry_render(const struct wl_draft *d, const struct wl_stamp *stamp, char *buf,
                    size_t *ret_n)
{
	struct out o = {.buf = buf, .size = WL_ENTRY_BYTES_MAX + 1};
	char nonce[2 * WL_NONCE_BYTES + 1], policy[WL_SHA256_HEX + 1], when[WL_TIME_TEXT];

	wl_hex_encode(d->nonce, sizeof(d->nonce), nonce);
	wl_hex_encode(d->policy_sha256, sizeof(d->policy_sha256), policy);
	wl_time_format(stamp->time, when);
	put(&o, "{\"actor\":");
	put_text(&o, d->actor);
	put_word(&o, "boot", stamp->boot);
	put_word(&o, "clock", stamp->clock);
	put(&o, ",\"data\":");
	put_data(&o, d);
	put_word(&o, "event", wl_event_row(d->event)->name);
	put_word(&o, "id", nonce);
	put(&o, ",\"mono_ms\":");
	put_number(&o, stamp->mono_ms);
	if (d->has_policy)
		put_word(&o, "policy_sha256", policy);
	put(&o, ",\"seq\":");
	put_number(&o, stamp->seq);
	put_word(&o, "station", stamp->station);
	put_word(&o, "time", when);
	if (d->transfer[0])
		put_word(&o, "transfer", d->transfer);
	put(&o, ",\"uid\":");
	put_number(&o, d->uid);
	put(&o, ",\"v\":1}");
	if (o.error)
		return o.error;
	*ret_n = o.pos;
	return 0;
}
