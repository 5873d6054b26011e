/*
 * The codec, row by row: everything the table allows goes through, everything else is refused.
 * Packets are changed by hand here, so that the decoder is not only held against our encoder.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/message.h"
#include "daemon/base/message_wire.h"

static struct wl_message built = {.fd = -1}, read_back = {.fd = -1};
static uint8_t packet[WL_MESSAGE_BYTES_MAX], changed[WL_MESSAGE_BYTES_MAX + 64];
static size_t packet_size;

static enum wl_peer lowest(unsigned bits)
{
	return (enum wl_peer)(bits & -bits);
}

static size_t count_fields(const struct wl_message_row *row)
{
	size_t n = 0;

	while (n < WL_MESSAGE_FIELDS_MAX && row->fields[n].tag)
		n++;
	return n;
}

/* Fills one field; sized ones to their limit. */
static void put_full(struct wl_message *m, const struct wl_field_row *f)
{
	static char text[WL_MESSAGE_BYTES_MAX];
	static const uint8_t digest[32] = {1, 2, 3};
	enum wl_tag tag = (enum wl_tag)f->tag;

	memset(text, 'x', f->max);
	text[f->max] = 0;
	switch (wl_tag_wire(f->tag)) {
	case WL_WIRE_U64:
		wl_message_put_u64(m, tag, UINT64_MAX - f->tag);
		break;
	case WL_WIRE_I64:
		wl_message_put_i64(m, tag, INT64_MIN + f->tag);
		break;
	case WL_WIRE_BOOL:
		wl_message_put_bool(m, tag, true);
		break;
	case WL_WIRE_BYTES:
		wl_message_put_bytes(m, tag, text, f->max);
		break;
	case WL_WIRE_TEXT:
		wl_message_put_text(m, tag, text);
		break;
	case WL_WIRE_SHA256:
		wl_message_put_sha256(m, tag, digest);
		break;
	}
}

/* Fields in descending order: the encoder sorts. `without` is left out (0: none). */
static int build(enum wl_message_id id, bool optional, uint16_t without)
{
	const struct wl_message_row *row = wl_message_row(id);

	wl_message_start(&built, id, 77);
	for (size_t i = count_fields(row); i > 0; i--) {
		const struct wl_field_row *f = &row->fields[i - 1];
		if (f->tag != without && (f->required || optional))
			put_full(&built, f);
	}
	built.fd = row->fd ? 0 : -1; /* the number is not looked at */
	int r = wl_message_encode(&built, packet, &packet_size);
	built.fd = -1;
	return r;
}

static int decode(const uint8_t *p, size_t n, const struct wl_message_row *row)
{
	return wl_message_decode(&read_back, p, n, lowest(row->from), lowest(row->to), row->fd);
}

static void same_fields(const struct wl_message_row *row)
{
	assert_int_equal(built.nfields, read_back.nfields);
	for (size_t i = 0; i < count_fields(row); i++) {
		enum wl_tag tag = (enum wl_tag)row->fields[i].tag;
		struct wl_bytes a = wl_message_bytes(&built, tag);
		struct wl_bytes b = wl_message_bytes(&read_back, tag);
		assert_int_equal(wl_message_has(&built, tag), wl_message_has(&read_back, tag));
		assert_int_equal(a.n, b.n);
		if (a.n > 0)
			assert_memory_equal(a.p, b.p, a.n);
	}
}

static void every_row_goes_through(void **state)
{
	(void)state;
	for (unsigned id = WL_MSG_NONE + 1; id < WL_MSG_MAX; id++)
		for (int optional = 0; optional <= 1; optional++) {
			const struct wl_message_row *row = wl_message_row((enum wl_message_id)id);
			assert_int_equal(build((enum wl_message_id)id, optional, 0), 0);
			assert_int_equal(decode(packet, packet_size, row), 0);
			assert_int_equal(read_back.id, id);
			assert_int_equal(read_back.serial, 77);
			same_fields(row);
		}
}

static void rows_are_sound(void **state)
{
	(void)state;
	for (unsigned id = WL_MSG_NONE + 1; id < WL_MSG_MAX; id++) {
		const struct wl_message_row *row = wl_message_row((enum wl_message_id)id);
		assert_int_equal(wl_message_find(row->type, row->kind), id);
		assert_true(row->from && row->to && !(row->from & ~(unsigned)WL_PEER_ANY));
		assert_true(count_fields(row) < WL_MESSAGE_FIELDS_MAX);
		for (size_t i = 0; i < count_fields(row); i++) {
			const struct wl_field_row *f = &row->fields[i];
			enum wl_wire wire = wl_tag_wire(f->tag);
			bool sized = wire == WL_WIRE_BYTES || wire == WL_WIRE_TEXT;
			assert_true(i == 0 || row->fields[i - 1].tag < f->tag);
			assert_true(wl_tag_name(f->tag)[0] != 0);
			assert_true(sized == (f->max > 0));
		}
	}
	assert_null(wl_message_row(WL_MSG_NONE));
	assert_null(wl_message_row(WL_MSG_MAX));
	assert_int_equal(wl_message_find(0xFFFF, WL_KIND_REQUEST), WL_MSG_NONE);
	assert_string_equal(wl_tag_name(0), "");
	assert_string_equal(wl_tag_name(WL_T_MAX), "");
}

static void a_missing_required_field_is_refused(void **state)
{
	(void)state;
	for (unsigned id = WL_MSG_NONE + 1; id < WL_MSG_MAX; id++) {
		const struct wl_message_row *row = wl_message_row((enum wl_message_id)id);
		for (size_t i = 0; i < count_fields(row); i++) {
			int expected = row->fields[i].required ? -EINVAL : 0;
			assert_int_equal(build((enum wl_message_id)id, true, row->fields[i].tag),
			                 expected);
		}
	}
}

/* Where field `index` of the packet stands, and its length with its head. */
static size_t field_at(size_t index, size_t *ret_length)
{
	size_t at = WL_WIRE_HEADER_BYTES;

	for (;; index--) {
		*ret_length = WL_WIRE_FIELD_BYTES + wl_load_u32le(packet + at + 4);
		if (index == 0)
			return at;
		at += *ret_length;
	}
}

static void set_counts(uint8_t *p, size_t size, int nfields_change)
{
	wl_store_u32le(p + 12, (uint32_t)(size - WL_WIRE_HEADER_BYTES));
	wl_store_u16le(p + 6, (uint16_t)(wl_load_u16le(p + 6) + nfields_change));
}

/* The packet without field `index`. */
static size_t cut_field(size_t index)
{
	size_t length = 0, at = field_at(index, &length), size = packet_size - length;

	memcpy(changed, packet, at);
	memcpy(changed + at, packet + at + length, packet_size - at - length);
	set_counts(changed, size, -1);
	return size;
}

static void a_packet_without_a_required_field_is_refused(void **state)
{
	(void)state;
	for (unsigned id = WL_MSG_NONE + 1; id < WL_MSG_MAX; id++) {
		const struct wl_message_row *row = wl_message_row((enum wl_message_id)id);
		assert_int_equal(build((enum wl_message_id)id, true, 0), 0);
		for (size_t i = 0; i < count_fields(row); i++) {
			size_t size = cut_field(i);
			assert_int_equal(decode(changed, size, row),
			                 row->fields[i].required ? -EBADMSG : 0);
		}
	}
}

static void fields_out_of_order_are_refused(void **state)
{
	size_t a_length = 0, b_length = 0;

	(void)state;
	for (unsigned id = WL_MSG_NONE + 1; id < WL_MSG_MAX; id++) {
		const struct wl_message_row *row = wl_message_row((enum wl_message_id)id);
		assert_int_equal(build((enum wl_message_id)id, true, 0), 0);
		for (size_t i = 0; i + 1 < count_fields(row); i++) {
			size_t a = field_at(i, &a_length), b = field_at(i + 1, &b_length);
			memcpy(changed, packet, packet_size);
			memcpy(changed + a, packet + b, b_length);
			memcpy(changed + a + b_length, packet + a, a_length);
			assert_int_equal(decode(changed, packet_size, row), -EBADMSG);
		}
	}
}

static void a_field_twice_is_refused(void **state)
{
	size_t length = 0;

	(void)state;
	for (unsigned id = WL_MSG_NONE + 1; id < WL_MSG_MAX; id++) {
		const struct wl_message_row *row = wl_message_row((enum wl_message_id)id);
		assert_int_equal(build((enum wl_message_id)id, true, 0), 0);
		for (size_t i = 0; i < count_fields(row); i++) {
			size_t at = field_at(i, &length), size = packet_size + length;
			if (size > WL_MESSAGE_BYTES_MAX)
				continue;
			memcpy(changed, packet, at + length);
			memcpy(changed + at + length, packet + at, packet_size - at);
			set_counts(changed, size, 1);
			assert_int_equal(decode(changed, size, row), -EBADMSG);
		}
	}
}

/* One byte or number of a valid packet made wrong. */
static const struct {
	const char *what;
	size_t offset;
	uint8_t flip;
} flaws[] = {
        {"magic", 0, 1},       {"magic", 1, 1},         {"version", 2, 2},
        {"kind", 3, 8},        {"type", 5, 0x80},       {"more fields", 6, 1},
        {"many fields", 7, 1}, {"longer body", 12, 1},  {"far longer body", 15, 0x80},
        {"tag", 17, 0x40},     {"wire type", 18, 1},    {"unknown wire type", 18, 0x10},
        {"padding", 19, 1},    {"longer field", 20, 1}, {"far longer field", 23, 0x80},
};

static void every_flaw_is_refused(void **state)
{
	(void)state;
	for (unsigned id = WL_MSG_NONE + 1; id < WL_MSG_MAX; id++) {
		const struct wl_message_row *row = wl_message_row((enum wl_message_id)id);
		assert_int_equal(build((enum wl_message_id)id, true, 0), 0);
		for (size_t i = 0; i < sizeof(flaws) / sizeof(flaws[0]); i++) {
			if (flaws[i].offset >= packet_size)
				continue;
			memcpy(changed, packet, packet_size);
			changed[flaws[i].offset] ^= flaws[i].flip;
			if (decode(changed, packet_size, row) != -EBADMSG)
				fail_msg("%s with a wrong %s was taken", row->name, flaws[i].what);
		}
	}
}

static void shorter_and_longer_packets_are_refused(void **state)
{
	(void)state;
	for (unsigned id = WL_MSG_NONE + 1; id < WL_MSG_MAX; id++) {
		const struct wl_message_row *row = wl_message_row((enum wl_message_id)id);
		assert_int_equal(build((enum wl_message_id)id, true, 0), 0);
		size_t step = packet_size / 200 + 1;
		for (size_t n = 0; n < packet_size; n += step)
			assert_int_equal(decode(packet, n, row), -EBADMSG);
		memcpy(changed, packet, packet_size);
		changed[packet_size] = 0;
		assert_int_equal(decode(changed, packet_size + 1, row), -EBADMSG);
		wl_store_u32le(changed + 12, (uint32_t)(packet_size + 1 - WL_WIRE_HEADER_BYTES));
		assert_int_equal(decode(changed, packet_size + 1, row), -EBADMSG);
	}
}

static void the_wrong_direction_is_refused(void **state)
{
	(void)state;
	for (unsigned id = WL_MSG_NONE + 1; id < WL_MSG_MAX; id++) {
		const struct wl_message_row *row = wl_message_row((enum wl_message_id)id);
		assert_int_equal(build((enum wl_message_id)id, true, 0), 0);
		for (unsigned peer = 1; peer <= WL_PEER_WORKER; peer <<= 1) {
			int from = wl_message_decode(&read_back, packet, packet_size,
			                             (enum wl_peer)peer, lowest(row->to), row->fd);
			int to = wl_message_decode(&read_back, packet, packet_size,
			                           lowest(row->from), (enum wl_peer)peer, row->fd);
			assert_int_equal(from, row->from & peer ? 0 : -EBADMSG);
			assert_int_equal(to, row->to & peer ? 0 : -EBADMSG);
		}
	}
}

static void the_wrong_number_of_descriptors_is_refused(void **state)
{
	(void)state;
	for (unsigned id = WL_MSG_NONE + 1; id < WL_MSG_MAX; id++) {
		const struct wl_message_row *row = wl_message_row((enum wl_message_id)id);
		assert_int_equal(build((enum wl_message_id)id, true, 0), 0);
		assert_int_equal(wl_message_decode(&read_back, packet, packet_size,
		                                   lowest(row->from), lowest(row->to), !row->fd),
		                 -EBADMSG);
		built.fd = row->fd ? -1 : 0;
		assert_int_equal(wl_message_encode(&built, packet, &packet_size), -EINVAL);
		built.fd = -1;
	}
}

/* A field of bytes or text one byte over its limit, on the wire. */
static void one_byte_over_a_limit_is_refused(void **state)
{
	size_t length = 0;

	(void)state;
	for (unsigned id = WL_MSG_NONE + 1; id < WL_MSG_MAX; id++) {
		const struct wl_message_row *row = wl_message_row((enum wl_message_id)id);
		assert_int_equal(build((enum wl_message_id)id, true, 0), 0);
		for (size_t i = 0; i < count_fields(row); i++) {
			if (row->fields[i].max == 0)
				continue;
			size_t at = field_at(i, &length);
			memcpy(changed, packet, at + length);
			changed[at + length] = 'x';
			memcpy(changed + at + length + 1, packet + at + length,
			       packet_size - at - length);
			wl_store_u32le(changed + at + 4,
			               (uint32_t)(length - WL_WIRE_FIELD_BYTES + 1));
			set_counts(changed, packet_size + 1, 0);
			assert_int_equal(decode(changed, packet_size + 1, row), -EBADMSG);
		}
	}
}

static void builders_refuse(void **state)
{
	static char text[512];

	(void)state;
	memset(text, 'x', 41);
	wl_message_start(&built, WL_MSG_ERROR, 1);
	wl_message_put_text(&built, WL_T_RULE, text);
	assert_int_equal(wl_message_encode(&built, packet, &packet_size), -EMSGSIZE);
	wl_message_start(&built, WL_MSG_ERROR, 1);
	wl_message_put_u64(&built, WL_T_GATE, 1);
	assert_int_equal(wl_message_encode(&built, packet, &packet_size), -EINVAL);
	wl_message_start(&built, WL_MSG_ERROR, 1);
	wl_message_put_u64(&built, WL_T_ERRNO, 1);
	wl_message_put_u64(&built, WL_T_ERRNO, 1);
	assert_int_equal(wl_message_encode(&built, packet, &packet_size), -EINVAL);
	wl_message_start(&built, WL_MSG_ERROR, 1);
	wl_message_put_bytes(&built, WL_T_RULE, "x", 1);
	assert_int_equal(wl_message_encode(&built, packet, &packet_size), -EINVAL);
	wl_message_start(&built, WL_MSG_NONE, 1);
	assert_int_equal(wl_message_encode(&built, packet, &packet_size), -EINVAL);
}

static void only_good_text_is_text(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		bool good;
	} cases[] = {
	        {"", 0, true},          {"plain", 5, true},         {"\xC3\xA9", 2, true},
	        {"a\nb", 3, false},     {"a\0b", 3, false},         {"\x1B[2J", 4, false},
	        {"\xC0\xAF", 2, false}, {"\xED\xA0\x80", 3, false}, {"\xF4\x90\x80\x80", 4, false},
	        {"\xE2\x82", 2, false}, {"\x80", 1, false},         {"\xF0\x9F\x92\xA9", 4, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(wl_wire_text_is_valid(cases[i].text, cases[i].n), cases[i].good);
		/* and on the wire: the detail of an error, its last field */
		wl_message_start(&built, WL_MSG_ERROR, 3);
		wl_message_put_text(&built, WL_T_RULE, "");
		wl_message_put_u64(&built, WL_T_ERRNO, 0);
		wl_message_put_text(&built, WL_T_DETAIL, "xxxxxxxx");
		assert_int_equal(wl_message_encode(&built, packet, &packet_size), 0);
		size_t at = packet_size - 8;
		memcpy(packet + at, cases[i].text, cases[i].n);
		wl_store_u32le(packet + at - 4, (uint32_t)cases[i].n);
		set_counts(packet, at + cases[i].n, 0);
		assert_int_equal(decode(packet, at + cases[i].n, wl_message_row(WL_MSG_ERROR)),
		                 cases[i].good ? 0 : -EBADMSG);
	}
	wl_message_start(&built, WL_MSG_ERROR, 3);
	wl_message_put_text(&built, WL_T_DETAIL, "\x01");
	assert_int_equal(wl_message_encode(&built, packet, &packet_size), -EINVAL);
}

static void a_bool_is_0_or_1(void **state)
{
	(void)state;
	assert_int_equal(build(WL_MSG_APPEND_COMMIT, true, 0), 0);
	for (unsigned v = 0; v < 256; v++) {
		packet[packet_size - 1] = (uint8_t)v;
		assert_int_equal(decode(packet, packet_size, wl_message_row(WL_MSG_APPEND_COMMIT)),
		                 v <= 1 ? 0 : -EBADMSG);
		assert_int_equal(wl_message_bool(&read_back, WL_T_LAST), v == 1);
	}
}

static void absent_fields_read_as_nothing(void **state)
{
	(void)state;
	assert_int_equal(build(WL_MSG_LEDGER_STATUS_REPLY, false, 0), 0);
	assert_int_equal(decode(packet, packet_size, wl_message_row(WL_MSG_LEDGER_STATUS_REPLY)),
	                 0);
	assert_false(wl_message_has(&read_back, WL_T_POLICY_VERSION));
	assert_int_equal(wl_message_u64(&read_back, WL_T_POLICY_VERSION), 0);
	assert_int_equal(wl_message_i64(&read_back, WL_T_POLICY_VERSION), 0);
	assert_string_equal(wl_message_text(&read_back, WL_T_STATION), "");
	assert_null(wl_message_sha256(&read_back, WL_T_POLICY_SHA256));
	assert_false(wl_message_bool(&read_back, WL_T_LAST));
	assert_null(wl_message_bytes(&read_back, WL_T_HEAD).p);
}

/* Written by hand from INTERFACES 1: the form may not change under both halves of our codec. */
static void the_wire_form_is_fixed(void **state)
{
	static const uint8_t expected[] = {'W', 'L', 1, 1, 0x02, 0x01, 1, 0, 5, 0, 0,
	                                   0,   16,  0, 0, 0,    8,    0, 1, 0, 8, 0,
	                                   0,   0,   3, 0, 0,    0,    0, 0, 0, 0};

	(void)state;
	wl_message_start(&built, WL_MSG_WORK_FD, 5);
	wl_message_put_u64(&built, WL_T_SLOT, 3);
	built.fd = 0;
	assert_int_equal(wl_message_encode(&built, packet, &packet_size), 0);
	built.fd = -1;
	assert_int_equal(packet_size, sizeof(expected));
	assert_memory_equal(packet, expected, sizeof(expected));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(rows_are_sound),
	        cmocka_unit_test(every_row_goes_through),
	        cmocka_unit_test(the_wire_form_is_fixed),
	        cmocka_unit_test(a_missing_required_field_is_refused),
	        cmocka_unit_test(a_packet_without_a_required_field_is_refused),
	        cmocka_unit_test(fields_out_of_order_are_refused),
	        cmocka_unit_test(a_field_twice_is_refused),
	        cmocka_unit_test(every_flaw_is_refused),
	        cmocka_unit_test(shorter_and_longer_packets_are_refused),
	        cmocka_unit_test(the_wrong_direction_is_refused),
	        cmocka_unit_test(the_wrong_number_of_descriptors_is_refused),
	        cmocka_unit_test(one_byte_over_a_limit_is_refused),
	        cmocka_unit_test(builders_refuse),
	        cmocka_unit_test(only_good_text_is_text),
	        cmocka_unit_test(a_bool_is_0_or_1),
	        cmocka_unit_test(absent_fields_read_as_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
