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
#include <stdarg.h>
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

	if (cp >= 0x20 && cp <= 0x7e) { /* nearly all: not worth a format */
		n = 0;
		if (cp == '"' || cp == '\\')
			esc[n++] = '\\';
		esc[n++] = (char)cp;
	} else if (cp < 0x10000) {
		n = snprintf(esc, sizeof(esc), "\\u%04" PRIx32, cp);
	} else {
		n = snprintf(esc, sizeof(esc), "\\u%04" PRIx32 "\\u%04" PRIx32,
		             0xd800 + ((cp - 0x10000) >> 10), 0xdc00 + ((cp - 0x10000) & 0x3ff));
	}
	return put_raw(buf, size, pos, esc, (size_t)n);
}

int wl_json_text(const char *s, size_t n, char *buf, size_t size, size_t *pos)
{
	uint32_t cp;
	int r = put_raw(buf, size, pos, "\"", 1);

	for (size_t at = 0; r == 0 && at < n;) {
		r = wl_utf8_next(s, n, &at, &cp);
		if (r == 0)
			r = put_code_point(buf, size, pos, cp);
	}
	return r < 0 ? r : put_raw(buf, size, pos, "\"", 1);
}

static void put(struct out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct out *o, const char *format, ...)
{
	va_list ap;
	int n;

	if (o->error)
		return;
	va_start(ap, format);
	n = vsnprintf(o->buf + o->pos, o->size - o->pos, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= o->size - o->pos)
		o->error = -EMSGSIZE;
	else
		o->pos += (size_t)n;
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
		put(o, "%s", i ? "," : "");
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
		put(o, "%s\"%s\":", i ? "," : "", wl_member_name(members[i]));
		switch (wl_member_type(members[i])) {
		case WL_MEMBER_TEXT:
			put_text(o, wl_draft_get_text(d, members[i]));
			break;
		case WL_MEMBER_INT:
			put(o, "%" PRId64, wl_draft_get_integer(d, members[i]));
			break;
		case WL_MEMBER_BOOL:
			put(o, "%s", wl_draft_get_integer(d, members[i]) ? "true" : "false");
			break;
		case WL_MEMBER_LIST:
			put_list(o, d, members[i]);
			break;
		}
	}
	put(o, "}");
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
	put(&o, ",\"boot\":\"%s\",\"clock\":\"%s\",\"data\":", stamp->boot, stamp->clock);
	put_data(&o, d);
	put(&o, ",\"event\":\"%s\",\"id\":\"%s\",\"mono_ms\":%" PRIu64,
	    wl_event_row(d->event)->name, nonce, stamp->mono_ms);
	if (d->has_policy)
		put(&o, ",\"policy_sha256\":\"%s\"", policy);
	put(&o, ",\"seq\":%" PRIu64 ",\"station\":\"%s\",\"time\":\"%s\"", stamp->seq,
	    stamp->station, when);
	if (d->transfer[0])
		put(&o, ",\"transfer\":\"%s\"", d->transfer);
	put(&o, ",\"uid\":%" PRIu64 ",\"v\":1}", d->uid);
	if (o.error)
		return o.error;
	*ret_n = o.pos;
	return 0;
}
