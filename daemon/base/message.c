/*
 * Building a message and reading the fields of a decoded one; see message.h.
 *
 * Values lie one after another in m->data, each followed by a NUL so that text can be handed out as
 * it lies. Builders remember the first mistake in m->error; encoding then refuses. Readers are only
 * used on decoded messages, whose every field was checked against the table.
 */
#include "daemon/base/message.h"

#include <errno.h>

#include "daemon/base/cleanup.h"

void wl_message_init(struct wl_message *m)
{
	m->id = WL_MSG_NONE;
	m->serial = 0;
	m->fd = -1;
	m->error = 0;
	m->nfields = 0;
	m->used = 0;
}

void wl_message_clear(struct wl_message *m)
{
	wl_cleanup_close(&m->fd);
	wl_message_init(m);
}

void wl_message_start(struct wl_message *m, enum wl_message_id id, uint32_t serial)
{
	wl_message_clear(m);
	m->id = id;
	m->serial = serial;
}

static void fail(struct wl_message *m, int error)
{
	if (m->error == 0)
		m->error = error;
}

static const struct wl_field_row *field_row(const struct wl_message *m, uint16_t tag)
{
	const struct wl_message_row *row = wl_message_row(m->id);

	for (size_t i = 0; row && i < WL_MESSAGE_FIELDS_MAX && row->fields[i].tag; i++)
		if (row->fields[i].tag == tag)
			return &row->fields[i];
	return NULL;
}

static void put(struct wl_message *m, uint16_t tag, enum wl_wire wire, const void *p, size_t n)
{
	const struct wl_field_row *row = field_row(m, tag);

	if (!row || wl_tag_wire(tag) != wire || wl_message_has(m, (enum wl_tag)tag) ||
	    m->nfields >= WL_MESSAGE_FIELDS_MAX) {
		fail(m, -EINVAL);
		return;
	}
	if (((wire == WL_WIRE_BYTES || wire == WL_WIRE_TEXT) && n > row->max) ||
	    n >= sizeof(m->data) - m->used) {
		fail(m, -EMSGSIZE);
		return;
	}
	m->field[m->nfields].tag = tag;
	m->field[m->nfields].offset = m->used;
	m->field[m->nfields].length = (uint32_t)n;
	m->nfields++;
	if (n > 0)
		memcpy(m->data + m->used, p, n);
	m->data[m->used + n] = 0;
	m->used += (uint32_t)n + 1;
}

void wl_message_put_u64(struct wl_message *m, enum wl_tag tag, uint64_t v)
{
	uint8_t b[8];

	wl_store_u64le(b, v);
	put(m, (uint16_t)tag, WL_WIRE_U64, b, sizeof(b));
}

void wl_message_put_i64(struct wl_message *m, enum wl_tag tag, int64_t v)
{
	uint8_t b[8];

	wl_store_u64le(b, (uint64_t)v);
	put(m, (uint16_t)tag, WL_WIRE_I64, b, sizeof(b));
}

void wl_message_put_bool(struct wl_message *m, enum wl_tag tag, bool v)
{
	uint8_t b = v ? 1 : 0;

	put(m, (uint16_t)tag, WL_WIRE_BOOL, &b, 1);
}

void wl_message_put_text(struct wl_message *m, enum wl_tag tag, const char *s)
{
	size_t n = strlen(s);

	if (!wl_wire_text_is_valid(s, n))
		fail(m, -EINVAL);
	else
		put(m, (uint16_t)tag, WL_WIRE_TEXT, s, n);
}

void wl_message_put_bytes(struct wl_message *m, enum wl_tag tag, const void *p, size_t n)
{
	put(m, (uint16_t)tag, WL_WIRE_BYTES, p, n);
}

void wl_message_put_sha256(struct wl_message *m, enum wl_tag tag, const uint8_t sha256[32])
{
	put(m, (uint16_t)tag, WL_WIRE_SHA256, sha256, 32);
}

static struct wl_bytes get(const struct wl_message *m, enum wl_tag tag)
{
	for (uint32_t i = 0; i < m->nfields; i++)
		if (m->field[i].tag == (uint16_t)tag)
			return (struct wl_bytes){m->data + m->field[i].offset, m->field[i].length};
	return (struct wl_bytes){NULL, 0};
}

bool wl_message_has(const struct wl_message *m, enum wl_tag tag)
{
	return get(m, tag).p != NULL;
}

uint64_t wl_message_u64(const struct wl_message *m, enum wl_tag tag)
{
	struct wl_bytes b = get(m, tag);

	return b.n == 8 ? wl_load_u64le(b.p) : 0;
}

int64_t wl_message_i64(const struct wl_message *m, enum wl_tag tag)
{
	return (int64_t)wl_message_u64(m, tag);
}

bool wl_message_bool(const struct wl_message *m, enum wl_tag tag)
{
	struct wl_bytes b = get(m, tag);

	return b.n == 1 && b.p[0] == 1;
}

const char *wl_message_text(const struct wl_message *m, enum wl_tag tag)
{
	struct wl_bytes b = get(m, tag);

	return b.p ? (const char *)b.p : "";
}

struct wl_bytes wl_message_bytes(const struct wl_message *m, enum wl_tag tag)
{
	return get(m, tag);
}

const uint8_t *wl_message_sha256(const struct wl_message *m, enum wl_tag tag)
{
	struct wl_bytes b = get(m, tag);

	return b.n == 32 ? b.p : NULL;
}
