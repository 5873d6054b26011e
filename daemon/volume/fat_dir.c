/*
 * Folder records of FAT.
 *
 * Runs in read-medium (worker-volume). The attacker controls every byte of the folder. A long name
 * counts only when all its records are there, in order, filled as the specification says and tied
 * by their checksum to the short name behind them; where that fails systems would show different
 * names for one file, so it is refused instead of falling back to one of them. Pure, works on a
 * buffer: power does not matter.
 */
#include "daemon/volume/fat_dir.h"

#include <string.h>

#include "daemon/base/bytes.h"

#define DELETED          0xE5U
#define UNITS_A_RECORD   13U
#define LONG_LAST        0x40U
#define LONG_RECORDS_MAX 20U
#define LOWER_BASE       0x08U /* Windows NT: the base name is shown in small letters */
#define LOWER_EXTENSION  0x10U

void wl_fat_dir_init(struct wl_fat_dir *d, const uint8_t *p, size_t n)
{
	*d = (struct wl_fat_dir){.p = p, .n = n};
}

uint8_t wl_fat_short_checksum(const uint8_t name[WL_FAT_SHORT_BYTES])
{
	uint8_t sum = 0;
	for (size_t i = 0; i < WL_FAT_SHORT_BYTES; i++)
		sum = (uint8_t)((sum << 7 | sum >> 1) + name[i]);
	return sum;
}

static void forget_long(struct wl_fat_dir *d)
{
	d->long_records = 0;
	d->long_next = 0;
}

static size_t record_number(const struct wl_fat_dir *d)
{
	return d->pos / WL_FAT_RECORD_BYTES;
}

static int refuse_long(const struct wl_fat_dir *d, const char *why, struct wl_finding *f)
{
	return wl_refuse(f, WL_RULE_NAME_ENCODING, "folder record %zu: a long name %s",
	                 record_number(d), why);
}

/* The 13 units of a record stand in three places of it. */
static void copy_units(const uint8_t *record, uint16_t *to)
{
	for (size_t i = 0; i < UNITS_A_RECORD; i++) {
		size_t at = i < 5 ? 1 + 2 * i : i < 11 ? 14 + 2 * (i - 5) : 28 + 2 * (i - 11);
		to[i] = wl_load_u16le(record + at);
	}
}

static int take_long(struct wl_fat_dir *d, const uint8_t *record, struct wl_finding *f)
{
	unsigned number = record[0] & 0x3FU;
	if ((record[0] & 0x80U) || record[12] != 0 || wl_load_u16le(record + 26) != 0)
		return refuse_long(d, "has a record with a type or a cluster", f);
	if (record[0] & LONG_LAST) {
		if (d->long_records)
			return refuse_long(d, "stands before another", f);
		if (number == 0 || number > LONG_RECORDS_MAX)
			return refuse_long(d, "has no or too many records", f);
		d->long_records = number;
		d->long_next = number;
		d->long_checksum = record[13];
	}
	if (d->long_records == 0 || number != d->long_next || number == 0)
		return refuse_long(d, "has its records out of order", f);
	if (record[13] != d->long_checksum)
		return refuse_long(d, "has records of different short names", f);
	copy_units(record, d->long_units + (size_t)(number - 1) * UNITS_A_RECORD);
	d->long_next = number - 1;
	return 0;
}

/* The name ends at the first 0, or fills its records; behind the 0 only FFFF may stand. */
static int end_long(const struct wl_fat_dir *d, struct wl_fat_record *ret, struct wl_finding *f)
{
	size_t room = (size_t)d->long_records * UNITS_A_RECORD, n = 0;
	while (n < room && d->long_units[n] != 0)
		n++;
	for (size_t i = n + 1; i < room; i++)
		if (d->long_units[i] != 0xFFFF)
			return refuse_long(d, "has something behind its end", f);
	if (n + UNITS_A_RECORD < room) /* one record with only the closing 0 is met in the wild */
		return refuse_long(d, "has more records than it needs", f);
	memcpy(ret->units, d->long_units, n * sizeof(ret->units[0]));
	ret->nunits = n;
	ret->is_long = true;
	return 0;
}

static int take_short_part(const struct wl_fat_dir *d, const uint8_t *p, size_t room, bool lower,
                           struct wl_fat_record *ret, struct wl_finding *f)
{
	while (room > 0 && p[room - 1] == ' ')
		room--;
	for (size_t i = 0; i < room; i++) {
		if (p[i] >= 0x80)
			return wl_refuse(f, WL_RULE_NAME_ENCODING,
			                 "folder record %zu: a short name has byte 0x%02x of an "
			                 "unknown code page",
			                 record_number(d), p[i]);
		if (p[i] == '.')
			return wl_refuse(f, WL_RULE_NAME_RESERVED,
			                 "folder record %zu: a dot inside a short name",
			                 record_number(d));
		bool capital = p[i] >= 'A' && p[i] <= 'Z';
		ret->units[ret->nunits++] = (uint16_t)(p[i] + (lower && capital ? 32 : 0));
	}
	return 0;
}

/* "NAME    EXT" to "NAME.EXT", in the letters Windows NT shows. */
static int spell_short(const struct wl_fat_dir *d, const uint8_t *record, struct wl_fat_record *ret,
                       struct wl_finding *f)
{
	const uint8_t *name = ret->short_name;
	ret->nunits = 0;
	int r = take_short_part(d, name, 8, record[12] & LOWER_BASE, ret, f);
	if (r < 0)
		return r;
	if (ret->nunits == 0)
		return wl_refuse(f, WL_RULE_NAME_EMPTY, "folder record %zu: an empty name",
		                 record_number(d));
	if (memcmp(name + 8, "   ", 3) == 0)
		return 0;
	ret->units[ret->nunits++] = '.';
	return take_short_part(d, name + 8, 3, record[12] & LOWER_EXTENSION, ret, f);
}

static int name_record(struct wl_fat_dir *d, const uint8_t *record, struct wl_fat_record *ret,
                       struct wl_finding *f)
{
	if (d->long_records == 0)
		return spell_short(d, record, ret, f);
	if (d->long_next != 0)
		return refuse_long(d, "is not complete", f);
	if (d->long_checksum != wl_fat_short_checksum(record))
		return refuse_long(d, "stands before a short name that is not its own", f);
	return end_long(d, ret, f);
}

static int take_record(struct wl_fat_dir *d, const uint8_t *record, struct wl_fat_record *ret,
                       struct wl_finding *f)
{
	int r = 0;
	*ret = (struct wl_fat_record){.attributes = record[11],
	                              .cluster = (uint32_t)wl_load_u16le(record + 20) << 16 |
	                                         wl_load_u16le(record + 26),
	                              .bytes = wl_load_u32le(record + 28),
	                              .position = record_number(d)};
	memcpy(ret->short_name, record, WL_FAT_SHORT_BYTES);
	ret->is_dot = memcmp(record, ".          ", WL_FAT_SHORT_BYTES) == 0;
	ret->is_dot_dot = memcmp(record, "..         ", WL_FAT_SHORT_BYTES) == 0;
	if (record[0] == 0x05) /* stands for a first byte that would look deleted */
		ret->short_name[0] = DELETED;
	bool named = !(record[11] & WL_FAT_ATTR_LABEL) && !ret->is_dot && !ret->is_dot_dot;
	if (named)
		r = name_record(d, record, ret, f);
	else if (d->long_records != 0)
		r = refuse_long(d, "stands before what has none", f);
	forget_long(d);
	return r;
}

int wl_fat_dir_next(struct wl_fat_dir *d, struct wl_fat_record *ret, struct wl_finding *ret_finding)
{
	for (; d->n - d->pos >= WL_FAT_RECORD_BYTES; d->pos += WL_FAT_RECORD_BYTES) {
		const uint8_t *record = d->p + d->pos;
		if (record[0] == 0)
			break;
		if (record[0] == DELETED) {
			forget_long(d);
			continue;
		}
		if ((record[11] & 0x3FU) == WL_FAT_ATTR_LONG) {
			int r = take_long(d, record, ret_finding);
			if (r < 0)
				return r;
			continue;
		}
		int r = take_record(d, record, ret, ret_finding);
		d->pos += WL_FAT_RECORD_BYTES;
		return r < 0 ? r : 1;
	}
	d->pos = d->n;
	return 0;
}
