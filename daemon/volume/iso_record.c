/*
 * Folder records of ISO 9660, Joliet and Rock Ridge.
 *
 * Runs in read-medium (worker-volume). The attacker controls every byte, and where a Rock Ridge
 * area goes on: areas are counted, so that none goes on for ever. What some system would show
 * otherwise than we (versions, interleaving, compression, associated files) is refused by name.
 * Works on buffers: power does not matter.
 */
#include "daemon/volume/iso_record.h"

#include <string.h>
#include <sys/stat.h>

#include "daemon/base/bytes.h"
#include "daemon/volume/iso_volume.h"
#include "daemon/volume/unit_name.h"

#define RECORD_BYTES_MIN  34U
#define CONTINUATIONS_MAX 8U
#define FLAG_FOLDER       0x02U
#define FLAG_ASSOCIATED   0x04U
#define FLAG_GOES_ON      0x80U

struct area {
	const uint8_t *p;
	size_t n;
};

/* One record while its Rock Ridge fields are read. */
struct fields {
	const struct wl_iso_dir *d;
	struct wl_iso_record *record;
	char name[WL_NAME_UTF8_MAX];
	size_t name_bytes;
	bool has_name;
	uint32_t next_block, next_offset, next_bytes; /* where the area goes on; bytes 0: nowhere */
	struct wl_finding *f;
};

static int refuse(const struct wl_iso_dir *d, enum wl_rule rule, const char *what,
                  struct wl_finding *f)
{
	return wl_refuse(f, rule, "folder byte %zu: %s", d->pos, what);
}

static int take_nm(struct fields *v, const uint8_t *p, size_t n)
{
	if (n < 5)
		return refuse(v->d, WL_RULE_VOLUME_FOLDER_BAD, "a name field cut short", v->f);
	if (p[4] & 0x06U) /* stands for "." or ".." */
		return 0;
	if (n - 5 > sizeof(v->name) - v->name_bytes)
		return refuse(v->d, WL_RULE_NAME_TOO_LONG, "a name of more than 255 letters", v->f);
	memcpy(v->name + v->name_bytes, p + 5, n - 5);
	v->name_bytes += n - 5;
	v->has_name = true;
	return 0;
}

static int take_ce(struct fields *v, const uint8_t *p, size_t n)
{
	if (n < 28 || v->next_bytes || !wl_iso_get_both32(p + 4, &v->next_block) ||
	    !wl_iso_get_both32(p + 12, &v->next_offset) ||
	    !wl_iso_get_both32(p + 20, &v->next_bytes) || v->next_bytes == 0)
		return refuse(v->d, WL_RULE_VOLUME_FOLDER_BAD, "a field that goes on nowhere",
		              v->f);
	return 0;
}

static int take_px(struct fields *v, const uint8_t *p, size_t n)
{
	uint32_t mode;
	if (n < 12 || !wl_iso_get_both32(p + 4, &mode))
		return refuse(v->d, WL_RULE_VOLUME_FOLDER_BAD, "a mode that differs", v->f);
	v->record->is_link = !S_ISREG(mode) && !S_ISDIR(mode);
	return 0;
}

static int take_cl(struct fields *v, const uint8_t *p, size_t n)
{
	if (n < 12 || !wl_iso_get_both32(p + 4, &v->record->child) || v->record->child == 0)
		return refuse(v->d, WL_RULE_VOLUME_FOLDER_BAD, "a folder that is nowhere", v->f);
	return 0;
}

static int take_re(struct fields *v, const uint8_t *p, size_t n)
{
	(void)p;
	(void)n;
	v->record->is_moved = true;
	return 0;
}

static int take_sl(struct fields *v, const uint8_t *p, size_t n)
{
	(void)p;
	(void)n;
	v->record->is_link = true;
	return 0;
}

static int take_zf(struct fields *v, const uint8_t *p, size_t n)
{
	(void)p;
	(void)n;
	return refuse(v->d, WL_RULE_VOLUME_UNKNOWN, "a file compressed by zisofs", v->f);
}

static const struct {
	char name[3];
	int (*take)(struct fields *v, const uint8_t *p, size_t n);
} field_table[] = {{"NM", take_nm}, {"CE", take_ce}, {"PX", take_px}, {"CL", take_cl},
                   {"RE", take_re}, {"SL", take_sl}, {"ZF", take_zf}};

static int take_field(struct fields *v, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < sizeof(field_table) / sizeof(field_table[0]); i++)
		if (memcmp(p, field_table[i].name, 2) == 0)
			return field_table[i].take(v, p, n);
	return 0; /* times, device numbers, padding: nothing that is kept */
}

/* The fields of one area; what is too short for a field ends it. */
static int take_area(struct fields *v, struct area a)
{
	while (a.n >= 4) {
		size_t n = a.p[2];
		if (memcmp(a.p, "ST", 2) == 0 || n == 0)
			return 0;
		if (n < 4 || n > a.n)
			return refuse(v->d, WL_RULE_VOLUME_FOLDER_BAD, "a field cut short", v->f);
		int r = take_field(v, a.p, n);
		if (r < 0)
			return r;
		a.p += n;
		a.n -= n;
	}
	return 0;
}

static int take_rock_ridge(struct fields *v, struct area a)
{
	const struct wl_iso_dir *d = v->d;
	if (a.n < d->skip)
		return 0;
	a.p += d->skip;
	a.n -= d->skip;
	for (unsigned i = 0;; i++) {
		int r = take_area(v, a);
		if (r < 0 || v->next_bytes == 0)
			return r;
		if (i == CONTINUATIONS_MAX)
			return refuse(d, WL_RULE_VOLUME_CHAIN_LOOP, "fields that go on for ever",
			              v->f);
		r = d->go_on(d->user, v->next_block, v->next_offset, v->next_bytes, &a.p, v->f);
		if (r < 0)
			return r;
		a.n = v->next_bytes;
		v->next_bytes = 0;
	}
}

/* "NAME.EXT;1": the version goes, and a dot nothing follows. */
static int spell_plain(const struct wl_iso_dir *d, const uint8_t *name, size_t n,
                       struct wl_iso_record *ret, struct wl_finding *f)
{
	const uint8_t *version = memchr(name, ';', n);
	n = version ? (size_t)(version - name) : n;
	if (n > 0 && name[n - 1] == '.')
		n--;
	for (size_t i = 0; i < n; i++) {
		if (name[i] >= 0x80)
			return refuse(d, WL_RULE_NAME_ENCODING, "a name outside ASCII", f);
		ret->units[ret->nunits++] = name[i];
	}
	return 0;
}

static int spell_joliet(const struct wl_iso_dir *d, const uint8_t *name, size_t n,
                        struct wl_iso_record *ret, struct wl_finding *f)
{
	if (n % 2)
		return refuse(d, WL_RULE_NAME_ENCODING, "half a letter", f);
	for (size_t i = 0; i < n; i += 2) {
		uint16_t unit = (uint16_t)((unsigned)name[i] << 8 | name[i + 1]);
		if (unit == ';')
			break;
		ret->units[ret->nunits++] = unit;
	}
	if (ret->nunits > 1 && ret->units[ret->nunits - 1] == '.')
		ret->nunits--;
	return 0;
}

static int spell(struct fields *v, const uint8_t *name, size_t n)
{
	if (v->d->names == WL_ISO_JOLIET)
		return spell_joliet(v->d, name, n, v->record, v->f);
	if (v->d->names == WL_ISO_ROCK_RIDGE && v->has_name)
		return wl_unit_name_from_utf8(v->name, v->name_bytes, v->record->units,
		                              &v->record->nunits, v->f);
	return spell_plain(v->d, name, n, v->record, v->f);
}

static int check_form(const struct wl_iso_dir *d, const uint8_t *p, size_t n, struct wl_finding *f)
{
	if (n < RECORD_BYTES_MIN || p[32] == 0 || 33U + p[32] > n)
		return refuse(d, WL_RULE_VOLUME_FOLDER_BAD, "a record cut short", f);
	if (p[1] != 0 || p[26] != 0 || p[27] != 0)
		return refuse(d, WL_RULE_VOLUME_UNKNOWN,
		              "a file with extended attributes or in slices", f);
	if (p[25] & FLAG_ASSOCIATED)
		return refuse(d, WL_RULE_VOLUME_HIDDEN_STREAM, "an associated file", f);
	return 0;
}

static int take_record(struct wl_iso_dir *d, const uint8_t *p, size_t n, struct wl_iso_record *ret,
                       struct wl_finding *f)
{
	struct fields v = {.d = d, .record = ret, .f = f};
	*ret = (struct wl_iso_record){.nunits = 0};
	int r = check_form(d, p, n, f);
	if (r < 0)
		return r;
	size_t name_bytes = p[32], used = 33U + name_bytes + (name_bytes % 2 == 0);
	if (!wl_iso_get_both32(p + 2, &ret->block) || !wl_iso_get_both32(p + 10, &ret->bytes))
		return refuse(d, WL_RULE_VOLUME_AMBIGUOUS, "a place that differs by order of bytes",
		              f);
	ret->is_folder = p[25] & FLAG_FOLDER;
	ret->goes_on = p[25] & FLAG_GOES_ON;
	ret->is_self = name_bytes == 1 && p[33] == 0;
	ret->is_parent = name_bytes == 1 && p[33] == 1;
	if (d->names == WL_ISO_ROCK_RIDGE && used < n)
		r = take_rock_ridge(&v, (struct area){p + used, n - used});
	if (r == 0 && !ret->is_self && !ret->is_parent)
		r = spell(&v, p + 33, name_bytes);
	return r;
}

bool wl_iso_dir_has_rock_ridge(const uint8_t *p, size_t n, uint8_t *ret_skip)
{
	static const uint8_t mark[] = {'S', 'P', 7, 1, 0xBE, 0xEF};
	size_t record = n > 0 ? p[0] : 0;
	if (record > n || record < RECORD_BYTES_MIN + 7)
		return false;
	if (memcmp(p + RECORD_BYTES_MIN, mark, sizeof(mark)) != 0)
		return false;
	*ret_skip = p[RECORD_BYTES_MIN + 6];
	return true;
}

int wl_iso_dir_next(struct wl_iso_dir *d, struct wl_iso_record *ret, struct wl_finding *ret_finding)
{
	while (d->pos < d->n) {
		const uint8_t *p = d->p + d->pos;
		size_t n = p[0], room = WL_ISO_BLOCK_BYTES - d->pos % WL_ISO_BLOCK_BYTES;
		room = room < d->n - d->pos ? room : d->n - d->pos;
		if (n == 0) { /* the rest of the block is empty */
			d->pos += room;
			continue;
		}
		if (n > room)
			return refuse(d, WL_RULE_VOLUME_FOLDER_BAD, "a record over a block's end",
			              ret_finding);
		int r = take_record(d, p, n, ret, ret_finding);
		d->pos += n;
		return r < 0 ? r : 1;
	}
	return 0;
}
