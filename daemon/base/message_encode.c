/*
 * Writing a message as a packet (INTERFACES 1); see message.h.
 *
 * Runs in every process on what that process itself built; fields are written in the order of the
 * table whatever the order they were put in, so the packet is canonical. Keeps no state.
 */
#include <errno.h>

#include "daemon/base/message.h"
#include "daemon/base/message_wire.h"

static int write_field(const struct wl_message *m, const struct wl_field_row *row, uint8_t *buf,
                       size_t *pos)
{
	for (uint32_t i = 0; i < m->nfields; i++) {
		if (m->field[i].tag != row->tag)
			continue;
		uint32_t n = m->field[i].length;
		if (n > WL_MESSAGE_BYTES_MAX - WL_WIRE_FIELD_BYTES ||
		    *pos > WL_MESSAGE_BYTES_MAX - WL_WIRE_FIELD_BYTES - n)
			return -EMSGSIZE;
		uint8_t *at = buf + *pos;
		wl_store_u16le(at, row->tag);
		at[2] = (uint8_t)wl_tag_wire(row->tag);
		at[3] = 0;
		wl_store_u32le(at + 4, n);
		memcpy(at + WL_WIRE_FIELD_BYTES, m->data + m->field[i].offset, n);
		*pos += WL_WIRE_FIELD_BYTES + n;
		return 0;
	}
	return row->required ? -EINVAL : 0;
}

int wl_message_encode(const struct wl_message *m, uint8_t *buf, size_t *ret_size)
{
	const struct wl_message_row *row = wl_message_row(m->id);
	size_t pos = WL_WIRE_HEADER_BYTES;

	if (m->error != 0)
		return m->error;
	if (!row || (m->fd >= 0) != row->fd)
		return -EINVAL;
	for (size_t i = 0; i < WL_MESSAGE_FIELDS_MAX && row->fields[i].tag; i++) {
		int r = write_field(m, &row->fields[i], buf, &pos);
		if (r < 0)
			return r;
	}
	buf[0] = WL_WIRE_MAGIC_0;
	buf[1] = WL_WIRE_MAGIC_1;
	buf[2] = WL_WIRE_VERSION;
	buf[3] = (uint8_t)row->kind;
	wl_store_u16le(buf + 4, row->type);
	wl_store_u16le(buf + 6, (uint16_t)m->nfields);
	wl_store_u32le(buf + 8, m->serial);
	wl_store_u32le(buf + 12, (uint32_t)(pos - WL_WIRE_HEADER_BYTES));
	*ret_size = pos;
	return 0;
}
