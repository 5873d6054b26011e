/*
 * Folder records of exFAT.
 *
 * Runs in read-medium (worker-volume). The attacker controls every byte of the folder. A file
 * counts only when its whole set is there, in order and with its checksum; a set that is not is
 * refused instead of passed over, because systems differ in which of them they show. Pure, works on
 * a buffer: power does not matter.
 */
#include "daemon/volume/exfat_dir.h"

#include <string.h>

#include "daemon/base/bytes.h"

#define IN_USE    0x80U
#define SECONDARY 0x40U
#define BENIGN    0x20U

void wl_exfat_dir_init(struct wl_exfat_dir *d, const uint8_t *p, size_t n)
{
	*d = (struct wl_exfat_dir){.p = p, .n = n};
}

uint16_t wl_exfat_set_checksum(const uint8_t *p, size_t n)
{
	uint16_t sum = 0;
	for (size_t i = 0; i < n; i++)
		if (i != 2 && i != 3)
			sum = (uint16_t)((uint16_t)(sum << 15 | sum >> 1) + p[i]);
	return sum;
}

static int refuse(const struct wl_exfat_dir *d, const char *what, struct wl_finding *f)
{
	return wl_refuse(f, WL_RULE_VOLUME_FOLDER_BAD, "folder record %zu: %s",
	                 d->pos / WL_EXFAT_RECORD_BYTES, what);
}

/* Where something lies and how much it is: in streams, and in the volume's own records. */
static void take_place(const uint8_t *record, struct wl_exfat_record *ret)
{
	ret->cluster = wl_load_u32le(record + 20);
	ret->bytes = wl_load_u64le(record + 24);
	ret->valid_bytes = ret->bytes;
}

static int take_stream(const struct wl_exfat_dir *d, const uint8_t *s, struct wl_exfat_record *ret,
                       struct wl_finding *f)
{
	take_place(s, ret);
	ret->valid_bytes = wl_load_u64le(s + 8);
	ret->nunits = s[3];
	ret->name_hash = wl_load_u16le(s + 4);
	ret->one_run = s[1] & WL_EXFAT_FLAG_ONE_RUN;
	if (ret->nunits == 0)
		return refuse(d, "an empty name", f);
	if (ret->valid_bytes > ret->bytes)
		return wl_refuse(f, WL_RULE_VOLUME_SIZE_WRONG,
		                 "folder record %zu: %llu bytes are valid, of %llu",
		                 d->pos / WL_EXFAT_RECORD_BYTES,
		                 (unsigned long long)ret->valid_bytes,
		                 (unsigned long long)ret->bytes);
	if ((ret->bytes > 0) != (ret->cluster != 0) ||
	    (ret->bytes > 0 && !(s[1] & WL_EXFAT_FLAG_ALLOCATED)))
		return wl_refuse(f, WL_RULE_VOLUME_SIZE_WRONG,
		                 "folder record %zu: %llu bytes from cluster %u",
		                 d->pos / WL_EXFAT_RECORD_BYTES, (unsigned long long)ret->bytes,
		                 ret->cluster);
	return 0;
}

static int take_names(const struct wl_exfat_dir *d, const uint8_t *set, size_t records,
                      struct wl_exfat_record *ret, struct wl_finding *f)
{
	size_t names = (ret->nunits + WL_EXFAT_NAME_UNITS - 1) / WL_EXFAT_NAME_UNITS;
	if (records < 2 + names)
		return refuse(d, "a name is not complete", f);
	for (size_t i = 0; i < ret->nunits; i++) {
		const uint8_t *record = set + (2 + i / WL_EXFAT_NAME_UNITS) * WL_EXFAT_RECORD_BYTES;
		if (record[0] != WL_EXFAT_NAME)
			return refuse(d, "a name is not complete", f);
		ret->units[i] = wl_load_u16le(record + 2 + 2 * (i % WL_EXFAT_NAME_UNITS));
	}
	/* what else may belong to a file may be passed over only where it says so */
	for (size_t i = 2 + names; i < records; i++) {
		uint8_t type = set[i * WL_EXFAT_RECORD_BYTES];
		if (!(type & SECONDARY) || !(type & BENIGN))
			return wl_refuse(f, WL_RULE_VOLUME_UNKNOWN,
			                 "folder record %zu: a file with a record of type 0x%02x",
			                 d->pos / WL_EXFAT_RECORD_BYTES, type);
	}
	return 0;
}

/* A file's records; *ret_bytes: of all of them. */
static int take_set(const struct wl_exfat_dir *d, struct wl_exfat_record *ret, size_t *ret_bytes,
                    struct wl_finding *f)
{
	const uint8_t *set = d->p + d->pos;
	size_t records = (size_t)set[1] + 1, n = records * WL_EXFAT_RECORD_BYTES;
	if (n > d->n - d->pos)
		return refuse(d, "its set goes on behind the folder's end", f);
	for (size_t i = 1; i < records; i++)
		if (!(set[i * WL_EXFAT_RECORD_BYTES] & IN_USE) ||
		    !(set[i * WL_EXFAT_RECORD_BYTES] & SECONDARY))
			return refuse(d, "its set is not complete", f);
	if (wl_exfat_set_checksum(set, n) != wl_load_u16le(set + 2))
		return refuse(d, "the checksum of its set is wrong", f);
	if (records < 3 || set[WL_EXFAT_RECORD_BYTES] != WL_EXFAT_STREAM)
		return refuse(d, "a file without its stream record", f);
	ret->attributes = wl_load_u16le(set + 4);
	int r = take_stream(d, set + WL_EXFAT_RECORD_BYTES, ret, f);
	if (r == 0)
		r = take_names(d, set, records, ret, f);
	*ret_bytes = n;
	return r;
}

static int take_label(const struct wl_exfat_dir *d, const uint8_t *record,
                      struct wl_exfat_record *ret, struct wl_finding *f)
{
	ret->nunits = record[1];
	if (ret->nunits > WL_EXFAT_LABEL_UNITS)
		return refuse(d, "a label of more than 11 letters", f);
	for (size_t i = 0; i < ret->nunits; i++)
		ret->units[i] = wl_load_u16le(record + 2 + 2 * i);
	return 0;
}

static int take_record(const struct wl_exfat_dir *d, struct wl_exfat_record *ret, size_t *ret_bytes,
                       struct wl_finding *f)
{
	const uint8_t *record = d->p + d->pos;
	*ret = (struct wl_exfat_record){.type = record[0]};
	*ret_bytes = WL_EXFAT_RECORD_BYTES;
	switch (record[0]) {
	case WL_EXFAT_FILE:
		return take_set(d, ret, ret_bytes, f);
	case WL_EXFAT_LABEL:
		return take_label(d, record, ret, f);
	case WL_EXFAT_UPCASE:
		ret->checksum = wl_load_u32le(record + 4);
		take_place(record, ret);
		return 0;
	case WL_EXFAT_BITMAP:
		ret->which = record[1] & 1;
		take_place(record, ret);
		return 0;
	default:
		if (record[0] & SECONDARY)
			return refuse(d, "it belongs to no file", f);
		return wl_refuse(f, WL_RULE_VOLUME_UNKNOWN,
		                 "folder record %zu: type 0x%02x, which must be understood",
		                 d->pos / WL_EXFAT_RECORD_BYTES, record[0]);
	}
}

/* A benign primary record and what belongs to it. */
static size_t benign_bytes(const struct wl_exfat_dir *d)
{
	size_t n = WL_EXFAT_RECORD_BYTES;
	while (n < d->n - d->pos && (d->p[d->pos + n] & IN_USE) && (d->p[d->pos + n] & SECONDARY) &&
	       n / WL_EXFAT_RECORD_BYTES <= d->p[d->pos + 1])
		n += WL_EXFAT_RECORD_BYTES;
	return n;
}

int wl_exfat_dir_next(struct wl_exfat_dir *d, struct wl_exfat_record *ret,
                      struct wl_finding *ret_finding)
{
	while (d->n - d->pos >= WL_EXFAT_RECORD_BYTES) {
		uint8_t type = d->p[d->pos];
		size_t bytes;
		if (type == 0)
			break;
		if (!(type & IN_USE)) {
			d->pos += WL_EXFAT_RECORD_BYTES;
			continue;
		}
		if (!(type & SECONDARY) && (type & BENIGN)) {
			d->pos += benign_bytes(d);
			continue;
		}
		int r = take_record(d, ret, &bytes, ret_finding);
		d->pos += r < 0 ? 0 : bytes;
		return r < 0 ? r : 1;
	}
	d->pos = d->n;
	return 0;
}
