/*
 * Checks the structure of a ZIP file without unpacking anything.
 *
 * Every byte is the attacker's. Runs in worker-archive; reads the central directory whole (at most
 * 16 MiB) and each local header once. What it does not know it refuses: unknown flags, methods,
 * extra fields. ZIP64 is refused: a vendor's file that needs it can be a tar.
 */
#include "daemon/update/zip_structure.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/text.h"
#include "daemon/update/archive_stream.h"

#define SIGNATURE_LOCAL      0x04034b50U
#define SIGNATURE_CENTRAL    0x02014b50U
#define SIGNATURE_END        0x06054b50U
#define SIGNATURE_DESCRIPTOR 0x08074b50U
#define LOCAL_BYTES          30U
#define END_BYTES            22U
#define END_SEARCH_BYTES     (END_BYTES + 65535U)

#define FLAG_ENCRYPTED  0x2041U /* bits 0, 6 and 13: encrypted, strongly, masked directory */
#define FLAG_DESCRIPTOR 0x0008U
#define FLAG_UTF8       0x0800U
#define FLAG_LEVEL      0x0006U /* how hard deflate tried: no meaning for a reader */

struct wl_zip {
	struct wl_zip_entry *entry;
	size_t n;
	uint8_t *directory;
};

struct end_record {
	uint64_t count, directory_size, directory_offset;
};

/* What directory and local header both say. */
struct header {
	uint16_t flags, method;
	uint32_t crc, packed, size;
	struct wl_bytes name, extra;
};

static int structure(struct wl_finding *f, const char *why)
{
	return wl_refuse(f, WL_RULE_ARCHIVE_STRUCTURE, "%s", why);
}

struct wl_zip *wl_zip_free(struct wl_zip *zip)
{
	if (zip) {
		free(zip->entry);
		free(zip->directory);
		free(zip);
	}
	return NULL;
}

const struct wl_zip_entry *wl_zip_entry(const struct wl_zip *zip, size_t index)
{
	return index < zip->n ? &zip->entry[index] : NULL;
}

/* Why no end record stands in the last 22 bytes: bytes after it, a comment, or none at all. */
static int explain_missing_end(const uint8_t *tail, size_t n, struct wl_finding *f)
{
	for (size_t at = n - END_BYTES + 1; at-- > 0;) {
		if (wl_load_u32le(tail + at) != SIGNATURE_END)
			continue;
		if (at + END_BYTES + wl_load_u16le(tail + at + 20) == n)
			return structure(f, "the file has a comment at its end");
		return wl_refuse(f, WL_RULE_ARCHIVE_TRAILING_BYTES, "%zu bytes after the archive",
		                 n - at - END_BYTES);
	}
	return wl_refuse(f, WL_RULE_ARCHIVE_TRUNCATED, "no end record");
}

static int check_start(const struct wl_zip_source *source, struct wl_finding *f)
{
	uint8_t head[8] = {0};
	const char *what = "";
	enum wl_rule rule;
	int e;

	if (source->size < sizeof(head))
		return wl_refuse(f, WL_RULE_ARCHIVE_FORMAT, "said to be zip, but is too short");
	e = source->read(source->user, 0, head, sizeof(head));
	if (e < 0)
		return e;
	if (wl_load_u32le(head) == SIGNATURE_LOCAL || wl_load_u32le(head) == SIGNATURE_END)
		return 0;
	rule = wl_archive_recognise(head, sizeof(head), &what);
	return wl_refuse(f, rule ? rule : WL_RULE_ARCHIVE_FORMAT,
	                 "said to be zip, but its beginning is %s", what);
}

static int read_end(const struct wl_zip_source *source, uint64_t files_max, struct end_record *ret,
                    struct wl_finding *f)
{
	size_t n = source->size < END_SEARCH_BYTES ? (size_t)source->size : END_SEARCH_BYTES;
	uint8_t tail[END_SEARCH_BYTES];
	struct wl_reader r;
	uint16_t here, total;
	int e;

	if (n < END_BYTES)
		return wl_refuse(f, WL_RULE_ARCHIVE_TRUNCATED, "too short for a ZIP file");
	e = source->read(source->user, source->size - n, tail, n);
	if (e < 0)
		return e;
	r = wl_reader_from(tail + n - END_BYTES, END_BYTES);
	if (wl_get_u32le(&r) != SIGNATURE_END || wl_load_u16le(tail + n - 2) != 0)
		return explain_missing_end(tail, n, f);
	if (wl_get_u32le(&r) != 0)
		return structure(f, "several disks");
	here = wl_get_u16le(&r);
	total = wl_get_u16le(&r);
	ret->count = total;
	ret->directory_size = wl_get_u32le(&r);
	ret->directory_offset = wl_get_u32le(&r);
	if (total == 0xffff || ret->directory_offset == 0xffffffff)
		return structure(f, "ZIP64 is not accepted; use tar");
	if (here != total)
		return structure(f, "several disks");
	if (total > files_max)
		return wl_refuse(f, WL_RULE_ARCHIVE_TOO_MANY, "%u entries", total);
	if (ret->directory_offset + ret->directory_size != source->size - END_BYTES)
		return structure(f,
		                 "the central directory does not end where the end record begins");
	if (ret->directory_size > WL_ZIP_DIRECTORY_BYTES_MAX)
		return structure(f, "central directory too large");
	return 0;
}

/* Extra fields that only carry times and owners; any other may say something about the file. */
static const uint16_t harmless_extras[] = {
        0x5455, /* extended timestamp */
        0x7875, /* Unix uid and gid */
        0x5855, /* Info-ZIP Unix, old: times, uid, gid */
        0x7855, /* Info-ZIP Unix: uid, gid */
        0x000a, /* NTFS times */
};

static int check_extra(struct wl_bytes extra, struct wl_finding *f)
{
	struct wl_reader r = wl_reader_from(extra.p, extra.n);

	while (wl_reader_left(&r) > 0) {
		uint16_t id = wl_get_u16le(&r), n = wl_get_u16le(&r);
		bool harmless = false;

		wl_reader_take(&r, n);
		if (r.bad)
			return structure(f, "an extra field is cut short");
		for (size_t i = 0; i < WL_ARRAY_LEN(harmless_extras); i++)
			harmless |= harmless_extras[i] == id;
		if (id == 0x9901)
			return wl_refuse(f, WL_RULE_ARCHIVE_ENCRYPTED, "an entry is encrypted");
		if (id == 0x0001)
			return structure(f, "ZIP64 is not accepted; use tar");
		if (!harmless)
			return wl_refuse(f, WL_RULE_ARCHIVE_STRUCTURE, "extra field %04x", id);
	}
	return 0;
}

static bool is_ascii(struct wl_bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (b.p[i] >= 0x80)
			return false;
	return true;
}

static int check_header(const struct header *h, struct wl_finding *f)
{
	if (h->flags & FLAG_ENCRYPTED)
		return wl_refuse(f, WL_RULE_ARCHIVE_ENCRYPTED, "an entry is encrypted");
	if (h->flags & ~(FLAG_DESCRIPTOR | FLAG_UTF8 | FLAG_LEVEL))
		return wl_refuse(f, WL_RULE_ARCHIVE_STRUCTURE, "flags %04x", h->flags);
	if (h->method != 0 && h->method != 8)
		return wl_refuse(f, WL_RULE_ARCHIVE_FILTER, "compression method %u", h->method);
	if (h->method == 0 && h->packed != h->size)
		return structure(f, "a stored entry with two sizes");
	if (h->packed == 0xffffffff || h->size == 0xffffffff)
		return structure(f, "ZIP64 is not accepted; use tar");
	if (h->name.n == 0 || memchr(h->name.p, 0, h->name.n))
		return structure(f, "a name is empty or has a NUL in it");
	if (!(h->flags & FLAG_UTF8) && !is_ascii(h->name))
		return wl_refuse(f, WL_RULE_NAME_ENCODING,
		                 "a name is neither ASCII nor marked UTF-8");
	return check_extra(h->extra, f);
}

/* A symbolic link or device hides in the upper half of the attributes (Unix mode). */
static int check_mode(uint32_t attributes, bool folder, struct wl_finding *f)
{
	uint32_t type = attributes >> 16 & S_IFMT;

	if (type == S_IFLNK)
		return wl_refuse(f, WL_RULE_ARCHIVE_LINK, "a symbolic link");
	if (type != 0 && type != S_IFREG && type != S_IFDIR)
		return wl_refuse(f, WL_RULE_ARCHIVE_SPECIAL_FILE, "file type %o", type >> 12);
	if ((type == S_IFDIR && !folder) || (type == S_IFREG && folder) ||
	    ((attributes & 0x10) && !folder))
		return structure(f, "an entry is a file by its name and a folder by its type");
	return 0;
}

/* Version, flags, method, time, CRC, sizes: the run of fields both headers have in common. */
static void take_common(struct wl_reader *r, struct header *h)
{
	h->flags = wl_get_u16le(r);
	h->method = wl_get_u16le(r);
	(void)wl_get_u32le(r); /* time and date */
	h->crc = wl_get_u32le(r);
	h->packed = wl_get_u32le(r);
	h->size = wl_get_u32le(r);
}

static int read_central(struct wl_reader *r, struct header *h, uint64_t *ret_offset,
                        bool *ret_folder, struct wl_finding *f)
{
	uint32_t signature = wl_get_u32le(r), attributes;
	uint16_t name, extra, comment, disk;
	int e;

	(void)wl_get_u32le(r); /* versions */
	take_common(r, h);
	name = wl_get_u16le(r);
	extra = wl_get_u16le(r);
	comment = wl_get_u16le(r);
	disk = wl_get_u16le(r);
	(void)wl_get_u16le(r); /* "text file" and other hints */
	attributes = wl_get_u32le(r);
	*ret_offset = wl_get_u32le(r);
	h->name = (struct wl_bytes){wl_reader_take(r, name), name};
	h->extra = (struct wl_bytes){wl_reader_take(r, extra), extra};
	if (r->bad || signature != SIGNATURE_CENTRAL || comment != 0 || disk != 0)
		return structure(f, "the central directory is damaged or has comments");
	e = check_header(h, f);
	if (e < 0)
		return e;
	*ret_folder = h->name.p[h->name.n - 1] == '/';
	if (*ret_folder && h->size != 0)
		return structure(f, "a folder with content");
	return check_mode(attributes, *ret_folder, f);
}

static bool bytes_equal(struct wl_bytes a, struct wl_bytes b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* CRC and sizes: equal, or all zero where they come in a descriptor after the data. */
static bool sums_agree(const struct header *local, const struct header *central)
{
	bool equal = local->crc == central->crc && local->packed == central->packed &&
	             local->size == central->size;

	if (!(central->flags & FLAG_DESCRIPTOR))
		return equal;
	return equal || (local->crc == 0 && local->packed == 0 && local->size == 0);
}

/* The local header at `offset`; *ret_data is where its data begins. */
static int check_local(const struct wl_zip_source *source, uint64_t offset,
                       const struct header *central, uint64_t *ret_data, struct wl_finding *f)
{
	uint8_t fixed[LOCAL_BYTES];
	WL_AUTO_FREE uint8_t *rest = NULL;
	struct wl_reader r = wl_reader_from(fixed, sizeof(fixed));
	struct header local = {0};
	uint32_t signature;
	size_t name, extra;
	int e;

	if (source->size - offset < LOCAL_BYTES)
		return structure(f, "a local header lies past the end");
	e = source->read(source->user, offset, fixed, sizeof(fixed));
	if (e < 0)
		return e;
	signature = wl_get_u32le(&r);
	(void)wl_get_u16le(&r); /* version */
	take_common(&r, &local);
	name = wl_get_u16le(&r);
	extra = wl_get_u16le(&r);
	if (signature != SIGNATURE_LOCAL || source->size - offset - LOCAL_BYTES < name + extra)
		return structure(f, "no local header where the directory says one is");
	rest = malloc(name + extra + 1);
	if (!rest)
		return -ENOMEM;
	e = source->read(source->user, offset + LOCAL_BYTES, rest, name + extra);
	if (e < 0)
		return e;
	local.name = (struct wl_bytes){rest, name};
	local.extra = (struct wl_bytes){rest + name, extra};
	if (!bytes_equal(local.name, central->name) || local.flags != central->flags ||
	    local.method != central->method || !sums_agree(&local, central))
		return structure(f, "a local header differs from the central directory");
	*ret_data = offset + LOCAL_BYTES + name + extra;
	return check_extra(local.extra, f);
}

/* The data descriptor between data and next header: 12 bytes, or 16 with its signature. */
static int check_descriptor(const struct wl_zip_source *source, uint64_t at, uint64_t next,
                            const struct header *central, struct wl_finding *f)
{
	uint8_t buf[16];
	size_t n = (size_t)(next - at);
	struct wl_reader r = wl_reader_from(buf, n);
	int e;

	if (next < at || (next - at != 12 && next - at != 16))
		return structure(f, "a gap between two entries");
	e = source->read(source->user, at, buf, n);
	if (e < 0)
		return e;
	if (n == 16 && wl_get_u32le(&r) != SIGNATURE_DESCRIPTOR)
		return structure(f, "no descriptor after an entry's data");
	if (wl_get_u32le(&r) != central->crc || wl_get_u32le(&r) != central->packed ||
	    wl_get_u32le(&r) != central->size)
		return structure(f, "a descriptor differs from the central directory");
	return 0;
}

/* The entry's data ends exactly where the next entry, or the directory, begins. */
static int check_extent(const struct wl_zip_source *source, const struct header *central,
                        uint64_t data, uint64_t next, struct wl_finding *f)
{
	uint64_t end = data + central->packed;

	if (end > next)
		return structure(f, "entries overlap");
	if (central->flags & FLAG_DESCRIPTOR)
		return check_descriptor(source, end, next, central, f);
	return end == next ? 0 : structure(f, "a gap between two entries");
}

/* Where the entry after the one just read in the directory begins; else where the directory does.
 */
static uint64_t next_offset(const struct wl_reader *r, const struct end_record *end)
{
	struct wl_reader ahead = *r;
	const uint8_t *fixed;

	if (wl_reader_left(r) == 0)
		return end->directory_offset;
	fixed = wl_reader_take(&ahead, 46);
	return fixed ? wl_load_u32le(fixed + 42) : end->directory_offset;
}

static int check_entries(const struct wl_zip_source *source, const struct end_record *end,
                         struct wl_zip *zip, struct wl_finding *f)
{
	struct wl_reader r = wl_reader_from(zip->directory, end->directory_size);
	uint64_t expected = 0, offset = 0, data = 0;

	while (zip->n < end->count) {
		struct wl_zip_entry *entry = &zip->entry[zip->n];
		struct header h = {0};
		int e = read_central(&r, &h, &offset, &entry->folder, f);

		if (e < 0)
			return e;
		if (offset != expected)
			return structure(f, zip->n ? "a gap between two entries"
			                           : "bytes before the first entry");
		e = check_local(source, offset, &h, &data, f);
		if (e < 0)
			return e;
		expected = next_offset(&r, end);
		e = check_extent(source, &h, data, expected, f);
		if (e < 0)
			return e;
		entry->name = h.name;
		entry->size = h.size;
		zip->n++;
	}
	if (wl_reader_left(&r) > 0)
		return structure(f, "more in the central directory than it says");
	if (end->count == 0 && end->directory_offset != 0)
		return structure(f, "bytes before the central directory");
	return 0;
}

/* With room for what the end record says. */
static struct wl_zip *zip_new(const struct end_record *end)
{
	struct wl_zip *zip = calloc(1, sizeof(*zip));

	if (!zip)
		return NULL;
	zip->entry = calloc(end->count + 1, sizeof(*zip->entry));
	zip->directory = malloc(end->directory_size + 1);
	return zip->entry && zip->directory ? zip : wl_zip_free(zip);
}

int wl_zip_check(const struct wl_zip_source *source, uint64_t files_max, struct wl_zip **ret,
                 struct wl_finding *f)
{
	struct wl_zip *zip;
	struct end_record end = {0};
	int e = check_start(source, f);

	if (e == 0)
		e = read_end(source, files_max, &end, f);
	if (e < 0)
		return e;
	zip = zip_new(&end);
	if (!zip)
		return -ENOMEM;
	e = source->read(source->user, end.directory_offset, zip->directory, end.directory_size);
	if (e == 0)
		e = check_entries(source, &end, zip, f);
	if (e < 0) {
		(void)wl_zip_free(zip);
		return e;
	}
	*ret = zip;
	return 0;
}
