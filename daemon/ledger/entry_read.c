/*
 * The reader of our own entries.
 *
 * Runs in weighlock-ledgerd over bytes whose leaf hashes are under the signed root, so nobody but a
 * disk fault or a key thief chooses them; it is strict all the same: after reading, the entry is
 * rendered again and must give the same bytes, so what the index says is what was signed.
 */
#include "daemon/ledger/entry_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/bytes.h"
#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"

struct cursor {
	struct wl_reader rd;
	char *text; /* the last string, unescaped, NUL-terminated; room for the whole entry */
};

void wl_entry_clear(struct wl_entry *e)
{
	wl_draft_clear(&e->draft);
	*e = (struct wl_entry){0};
}

static bool peek(struct cursor *c, char want)
{
	return wl_reader_left(&c->rd) > 0 && c->rd.p[c->rd.pos] == (uint8_t)want;
}

static bool take(struct cursor *c, char want)
{
	if (!peek(c, want))
		return false;
	c->rd.pos++;
	return true;
}

static bool take_word(struct cursor *c, const char *word)
{
	size_t n = strlen(word);

	if (wl_reader_left(&c->rd) < n || memcmp(c->rd.p + c->rd.pos, word, n) != 0)
		return false;
	c->rd.pos += n;
	return true;
}

static bool take_unit(struct cursor *c, uint32_t *ret)
{
	const uint8_t *hex = wl_reader_take(&c->rd, 4);
	char digits[5] = "";
	uint8_t unit[2];

	if (!hex)
		return false;
	memcpy(digits, hex, 4);
	if (wl_hex_decode(digits, unit, sizeof(unit)) < 0)
		return false;
	*ret = (uint32_t)unit[0] << 8 | unit[1];
	return true;
}

static size_t put_utf8(uint32_t cp, char *at)
{
	if (cp < 0x80) {
		at[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		at[0] = (char)(0xc0 | cp >> 6);
		at[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		at[0] = (char)(0xe0 | cp >> 12);
		at[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		at[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	at[0] = (char)(0xf0 | cp >> 18);
	at[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	at[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	at[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

/* After a backslash. */
static bool take_escape(struct cursor *c, uint32_t *ret)
{
	uint32_t low;

	if (take(c, '"')) {
		*ret = '"';
		return true;
	}
	if (take(c, '\\')) {
		*ret = '\\';
		return true;
	}
	if (!take(c, 'u') || !take_unit(c, ret) || *ret == 0)
		return false;
	if (*ret < 0xd800 || *ret > 0xdbff)
		return true;
	if (!take_word(c, "\\u") || !take_unit(c, &low) || low < 0xdc00 || low > 0xdfff)
		return false;
	*ret = 0x10000 + ((*ret - 0xd800) << 10) + (low - 0xdc00);
	return true;
}

/* What is spelled as it is: nearly all, so it is copied in one go. How many bytes. */
static size_t take_plain(struct cursor *c, char *to)
{
	size_t left = wl_reader_left(&c->rd), n = 0;
	const uint8_t *p = c->rd.p + c->rd.pos;

	while (n < left && p[n] < 0x80 && p[n] != '"' && p[n] != '\\')
		n++;
	if (n > 0)
		memcpy(to, p, n);
	c->rd.pos += n;
	return n;
}

static bool take_string(struct cursor *c)
{
	size_t n = 0;

	if (!take(c, '"'))
		return false;
	for (;;) {
		n += take_plain(c, c->text + n);
		if (take(c, '"'))
			break;
		uint32_t cp = wl_get_u8(&c->rd);
		if (c->rd.bad || (cp == '\\' && !take_escape(c, &cp)))
			return false;
		n += put_utf8(cp, c->text + n); /* never longer than its spelling */
	}
	c->text[n] = '\0';
	return true;
}

static bool take_integer(struct cursor *c, int64_t *ret)
{
	bool negative = take(c, '-');
	size_t start = c->rd.pos;
	int64_t v = 0;

	while (wl_reader_left(&c->rd) > 0 && c->rd.p[c->rd.pos] >= '0' &&
	       c->rd.p[c->rd.pos] <= '9') {
		v = v * 10 + (c->rd.p[c->rd.pos++] - '0');
		if (v > WL_INTEGER_MAX)
			return false;
	}
	*ret = negative ? -v : v;
	return c->rd.pos > start;
}

static int read_list(struct cursor *c, struct wl_draft *d, enum wl_member m)
{
	int r = 0;

	if (!take(c, '['))
		return -EUCLEAN;
	if (take(c, ']'))
		return wl_draft_empty(d, m);
	do {
		r = take_string(c) ? wl_draft_element(d, m, c->text) : -EUCLEAN;
	} while (r == 0 && take(c, ','));
	return r == 0 && !take(c, ']') ? -EUCLEAN : r;
}

static int read_value(struct cursor *c, struct wl_draft *d, enum wl_member m)
{
	int64_t v;

	switch (wl_member_type(m)) {
	case WL_MEMBER_TEXT:
		return take_string(c) ? wl_draft_text(d, m, c->text) : -EUCLEAN;
	case WL_MEMBER_INT:
		return take_integer(c, &v) ? wl_draft_integer(d, m, v) : -EUCLEAN;
	case WL_MEMBER_BOOL:
		if (take_word(c, "true"))
			return wl_draft_flag(d, m, true);
		return take_word(c, "false") ? wl_draft_flag(d, m, false) : -EUCLEAN;
	case WL_MEMBER_LIST:
		return read_list(c, d, m);
	}
	return -EUCLEAN;
}

static int read_data(struct cursor *c, struct wl_draft *d)
{
	int r = 0;

	if (!take(c, '{'))
		return -EUCLEAN;
	if (take(c, '}'))
		return 0;
	do {
		enum wl_member m =
		        take_string(c) ? wl_event_member_find(d->event, c->text) : WL_M_NONE;
		r = m != WL_M_NONE && take(c, ':') ? read_value(c, d, m) : -EUCLEAN;
	} while (r == 0 && take(c, ','));
	return r == 0 && !take(c, '}') ? -EUCLEAN : r;
}

/* `"name":"text"` into buf; the comma before it where `comma`. */
static bool take_member(struct cursor *c, const char *lead, char *buf, size_t size)
{
	if (!take_word(c, lead) || !take_string(c) || strlen(c->text) >= size)
		return false;
	if (buf)
		memcpy(buf, c->text, strlen(c->text) + 1);
	return true;
}

static bool take_number(struct cursor *c, const char *lead, uint64_t *ret)
{
	int64_t v;

	if (!take_word(c, lead) || !take_integer(c, &v) || v < 0)
		return false;
	*ret = (uint64_t)v;
	return true;
}

/* The data is read before the event is known, so its place is remembered and read second. */
static bool skip_data(struct cursor *c, size_t *ret_at)
{
	bool quoted = false;

	*ret_at = c->rd.pos;
	for (;;) {
		uint8_t b = wl_get_u8(&c->rd);
		if (c->rd.bad)
			return false;
		if (b == '"')
			quoted = !quoted;
		else if (b == '\\' && quoted)
			(void)wl_get_u8(&c->rd);
		else if (b == '}' && !quoted)
			return true;
	}
}

static bool read_envelope(struct cursor *c, struct wl_entry *e, uint64_t *ret_mono_ms,
                          size_t *ret_data)
{
	char event[64], hex[2 * WL_SHA256_BYTES + 1], when[WL_TIME_TEXT];
	struct wl_draft *d = &e->draft;

	if (!take_member(c, "{\"actor\":", d->actor, sizeof(d->actor)) ||
	    !take_member(c, ",\"boot\":", e->boot, sizeof(e->boot)) ||
	    !take_member(c, ",\"clock\":", e->clock, sizeof(e->clock)) ||
	    !take_word(c, ",\"data\":") || !skip_data(c, ret_data) ||
	    !take_member(c, ",\"event\":", event, sizeof(event)) ||
	    !take_member(c, ",\"id\":", hex, sizeof(hex)) ||
	    wl_hex_decode(hex, d->nonce, sizeof(d->nonce)) < 0 ||
	    !take_number(c, ",\"mono_ms\":", ret_mono_ms))
		return false;
	if (take_member(c, ",\"policy_sha256\":", hex, sizeof(hex))) {
		d->has_policy = true;
		if (wl_hex_decode(hex, d->policy_sha256, sizeof(d->policy_sha256)) < 0)
			return false;
	}
	if (!take_number(c, ",\"seq\":", &e->seq) ||
	    !take_member(c, ",\"station\":", e->station, sizeof(e->station)) ||
	    !take_member(c, ",\"time\":", when, sizeof(when)) || wl_time_parse(when, &e->time) < 0)
		return false;
	(void)take_member(c, ",\"transfer\":", d->transfer, sizeof(d->transfer));
	d->event = wl_event_find(event);
	return take_number(c, ",\"uid\":", &d->uid) && take_word(c, ",\"v\":1}") &&
	       wl_reader_left(&c->rd) == 0 && d->event != WL_E_NONE;
}

/* What was read, rendered again, must be what was read. */
static int compare(const struct wl_entry *e, uint64_t mono_ms, const uint8_t *p, size_t n)
{
	struct wl_stamp stamp = {.seq = e->seq,
	                         .time = e->time,
	                         .mono_ms = mono_ms,
	                         .clock = e->clock,
	                         .station = e->station};
	static char buf[WL_ENTRY_BYTES_MAX + 1]; /* one thread; too large to be fetched per entry */
	size_t again;

	memcpy(stamp.boot, e->boot, sizeof(stamp.boot));
	if (wl_entry_render(&e->draft, &stamp, buf, &again) < 0 || again != n ||
	    memcmp(buf, p, n) != 0)
		return -EUCLEAN;
	return 0;
}

int wl_entry_read(const uint8_t *p, size_t n, struct wl_entry *ret)
{
	WL_AUTO_FREE char *text = malloc(n + 1);
	struct cursor c = {.rd = wl_reader_from(p, n), .text = text};
	struct wl_entry e = {0};
	uint64_t mono_ms;
	size_t data;
	int r;

	if (!text)
		return -ENOMEM;
	r = read_envelope(&c, &e, &mono_ms, &data) ? 0 : -EUCLEAN;
	if (r == 0) {
		c.rd.pos = data;
		r = read_data(&c, &e.draft);
	}
	if (r == 0)
		r = compare(&e, mono_ms, p, n);
	if (r < 0) {
		wl_entry_clear(&e);
		return r == -ENOMEM ? r : -EUCLEAN;
	}
	*ret = e;
	return 0;
}
