/*
 * Reading a packet (INTERFACES 1); see message.h.
 *
 * The whole packet may come from a hostile process. Everything the table does not say is refused:
 * there is no unknown field to skip, no default, no second form of the same message. Runs in every
 * process; keeps no state and never touches descriptors.
 */
#include <errno.h>

#include "daemon/base/message.h"
#include "daemon/base/message_wire.h"
#include "daemon/base/text.h"

bool wl_wire_text_is_valid(const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		if (b[i] < 0x20)
			return false;
	return wl_utf8_is_valid(p, n);
}

static bool value_is_valid(enum wl_wire wire, uint32_t max, const uint8_t *p, uint32_t n)
{
	switch (wire) {
	case WL_WIRE_U64:
	case WL_WIRE_I64:
		return n == 8;
	case WL_WIRE_BOOL:
		return n == 1 && p[0] <= 1;
	case WL_WIRE_SHA256:
		return n == 32;
	case WL_WIRE_BYTES:
		return n <= max;
	case WL_WIRE_TEXT:
		return n <= max && wl_wire_text_is_valid(p, n);
	}
	return false;
}

/* The row of `tag` at or after *at, where *at then stands behind it; -EBADMSG where a required
 * field was jumped over or the tag is not in the rest of the row. */
static int match_field(const struct wl_message_row *row, size_t *at, uint16_t tag,
                       const struct wl_field_row **ret)
{
	for (; *at < WL_MESSAGE_FIELDS_MAX && row->fields[*at].tag; (*at)++) {
		if (row->fields[*at].tag == tag) {
			*ret = &row->fields[(*at)++];
			return 0;
		}
		if (row->fields[*at].required)
			return -EBADMSG;
	}
	return -EBADMSG;
}

static bool only_optional_left(const struct wl_message_row *row, size_t at)
{
	for (; at < WL_MESSAGE_FIELDS_MAX && row->fields[at].tag; at++)
		if (row->fields[at].required)
			return false;
	return true;
}

static int read_field(struct wl_message *m, struct wl_reader *r, const struct wl_message_row *row,
                      size_t *at)
{
	const struct wl_field_row *field = NULL;
	uint16_t tag = wl_get_u16le(r);
	uint8_t wire = wl_get_u8(r), pad = wl_get_u8(r);
	uint32_t n = wl_get_u32le(r);
	const uint8_t *p = wl_reader_take(r, n);

	if (!p || pad != 0 || match_field(row, at, tag, &field) < 0 ||
	    wire != (uint8_t)wl_tag_wire(tag) ||
	    !value_is_valid(wl_tag_wire(tag), field->max, p, n))
		return -EBADMSG;
	m->field[m->nfields].tag = tag;
	m->field[m->nfields].offset = m->used;
	m->field[m->nfields].length = n;
	m->nfields++;
	memcpy(m->data + m->used, p, n);
	m->data[m->used + n] = 0;
	m->used += n + 1;
	return 0;
}

static const struct wl_message_row *read_header(struct wl_message *m, struct wl_reader *r,
                                                unsigned *ret_nfields)
{
	uint8_t magic_0 = wl_get_u8(r), magic_1 = wl_get_u8(r);
	uint8_t version = wl_get_u8(r), kind = wl_get_u8(r);
	uint16_t type = wl_get_u16le(r);

	*ret_nfields = wl_get_u16le(r);
	m->serial = wl_get_u32le(r);
	uint32_t body = wl_get_u32le(r);
	if (r->bad || magic_0 != WL_WIRE_MAGIC_0 || magic_1 != WL_WIRE_MAGIC_1 ||
	    version != WL_WIRE_VERSION || body != wl_reader_left(r) ||
	    *ret_nfields > WL_MESSAGE_FIELDS_MAX)
		return NULL;
	m->id = wl_message_find(type, kind);
	return wl_message_row(m->id);
}

static int decode(struct wl_message *m, struct wl_reader *r, enum wl_peer from, enum wl_peer to,
                  bool has_fd)
{
	unsigned nfields = 0;
	size_t at = 0;
	const struct wl_message_row *row = read_header(m, r, &nfields);

	if (!row || !(row->from & (unsigned)from) || !(row->to & (unsigned)to) || row->fd != has_fd)
		return -EBADMSG;
	for (unsigned i = 0; i < nfields; i++)
		if (read_field(m, r, row, &at) < 0)
			return -EBADMSG;
	return wl_reader_left(r) == 0 && only_optional_left(row, at) ? 0 : -EBADMSG;
}

int wl_message_decode(struct wl_message *m, const uint8_t *buf, size_t size, enum wl_peer from,
                      enum wl_peer to, bool has_fd)
{
	struct wl_reader r = wl_reader_from(buf, size);

	wl_message_clear(m);
	if (size > WL_MESSAGE_BYTES_MAX || decode(m, &r, from, to, has_fd) < 0) {
		wl_message_clear(m);
		return -EBADMSG;
	}
	return 0;
}
