/*
 * Walks the headers of a tar file.
 *
 * Every byte is the attacker's. Runs in worker-archive on the same bytes libarchive gets, before it
 * gets them; keeps one header and one extension of at most 64 KiB.
 */
#include "daemon/update/tar_structure.h"

#include <stdlib.h>

#include "daemon/base/cleanup.h"
#include "daemon/update/names.h"

#define BLOCK 512U

enum state { HEADER, EXTENSION, CONTENT, END, PAST_END };

struct wl_tar_walk {
	enum state state;
	uint64_t members, total;
	uint64_t left; /* CONTENT: bytes to pass over, blocks filled up */
	uint8_t header[BLOCK];
	size_t have;         /* of header, or of extension */
	char extension_type; /* 'x', 'g' or 'L' */
	size_t extension_size, extension_blocks;
	uint8_t *extension; /* WL_TAR_EXTENSION_BYTES_MAX and a block */
	/* said for the member to come */
	bool has_extension, has_size;
	uint64_t size;
	uint8_t *path; /* NULL: as in the header */
	size_t path_n;
};

static int structure(struct wl_finding *f, const char *why)
{
	return wl_refuse(f, WL_RULE_ARCHIVE_STRUCTURE, "%s", why);
}

struct wl_tar_walk *wl_tar_walk_new(void)
{
	struct wl_tar_walk *w = calloc(1, sizeof(*w));

	if (w)
		w->extension = malloc(WL_TAR_EXTENSION_BYTES_MAX + BLOCK);
	if (w && !w->extension)
		return wl_tar_walk_free(w);
	return w;
}

struct wl_tar_walk *wl_tar_walk_free(struct wl_tar_walk *w)
{
	if (w) {
		free(w->extension);
		free(w->path);
		free(w);
	}
	return NULL;
}

uint64_t wl_tar_walk_members(const struct wl_tar_walk *w)
{
	return w->members;
}

/* Octal digits, ended by a space or NUL or the field; nothing but those after it. */
static bool read_octal(const uint8_t *p, size_t n, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;

	while (i < n && p[i] == ' ')
		i++;
	if (i == n || p[i] < '0' || p[i] > '7')
		return false;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
		v = v << 3 | (uint64_t)(p[i] - '0');
	for (; i < n; i++)
		if (p[i] != ' ' && p[i] != 0)
			return false;
	*ret = v;
	return true;
}

static bool checksum_is_right(const uint8_t *h)
{
	uint64_t said, sum = 0;

	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= 148 && i < 156 ? ' ' : h[i];
	return read_octal(h + 148, 8, &said) && said == sum;
}

static bool is_posix(const uint8_t *h)
{
	return memcmp(h + 257,
	              "ustar\0"
	              "00",
	              8) == 0;
}

static bool is_gnu(const uint8_t *h)
{
	return memcmp(h + 257, "ustar  \0", 8) == 0;
}

/* prefix and name of the header; buf has 256 bytes. */
static struct wl_bytes header_path(const uint8_t *h, uint8_t *buf)
{
	size_t prefix = is_posix(h) ? strnlen((const char *)h + 345, 155) : 0;
	size_t name = strnlen((const char *)h, 100), n = 0;

	if (prefix) {
		memcpy(buf, h + 345, prefix);
		buf[prefix] = '/';
		n = prefix + 1;
	}
	memcpy(buf + n, h, name);
	return (struct wl_bytes){buf, n + name};
}

/* Both paths a reader may believe: the effective one whole, the header's so far as it leads out. */
static int check_paths(struct wl_tar_walk *w, bool folder, struct wl_finding *f)
{
	uint8_t buf[256];
	struct wl_bytes in_header = header_path(w->header, buf);
	int e;

	if (!w->path)
		return wl_name_check(in_header, folder, f);
	e = wl_name_check_direction(in_header, f);
	return e < 0 ? e : wl_name_check((struct wl_bytes){w->path, w->path_n}, folder, f);
}

static const struct {
	char type;
	enum wl_rule rule;
} refused_types[] = {
        {'1', WL_RULE_ARCHIVE_LINK},         {'2', WL_RULE_ARCHIVE_LINK},
        {'K', WL_RULE_ARCHIVE_LINK},         {'3', WL_RULE_ARCHIVE_SPECIAL_FILE},
        {'4', WL_RULE_ARCHIVE_SPECIAL_FILE}, {'6', WL_RULE_ARCHIVE_SPECIAL_FILE},
        {'7', WL_RULE_ARCHIVE_SPECIAL_FILE}, {'S', WL_RULE_ARCHIVE_SPARSE},
};

static int refuse_type(char type, struct wl_finding *f)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(refused_types); i++)
		if (refused_types[i].type == type)
			return wl_refuse(f, refused_types[i].rule, "member of type %c", type);
	return wl_refuse(f, WL_RULE_ARCHIVE_STRUCTURE, "member of type %02x", (uint8_t)type);
}

static uint64_t whole_blocks(uint64_t n)
{
	return (n + BLOCK - 1) / BLOCK * BLOCK;
}

static int begin_extension(struct wl_tar_walk *w, char type, uint64_t size, struct wl_finding *f)
{
	if (size == 0 || size > WL_TAR_EXTENSION_BYTES_MAX)
		return wl_refuse(f, WL_RULE_ARCHIVE_STRUCTURE, "a header of %llu bytes",
		                 (unsigned long long)size);
	if (w->has_extension)
		return structure(f, "two extended headers for one member");
	w->extension_type = type;
	w->extension_size = (size_t)size;
	w->extension_blocks = (size_t)whole_blocks(size);
	w->have = 0;
	w->state = EXTENSION;
	return 0;
}

static void forget_extension(struct wl_tar_walk *w)
{
	free(w->path);
	w->path = NULL;
	w->has_extension = w->has_size = false;
}

/* A file or folder: paths, size said twice, and what is to be passed over. */
static int take_member(struct wl_tar_walk *w, bool folder, uint64_t size, struct wl_finding *f)
{
	int e;

	w->members++;
	e = check_paths(w, folder, f);
	if (e < 0)
		return e;
	if (w->has_size) {
		/* the header's field holds less than 8 GiB; below that both must agree */
		if (w->size < 1ULL << 33 && w->size != size)
			return structure(f, "a member with two sizes");
		size = w->size;
	}
	if (folder && size != 0)
		return structure(f, "a folder with content");
	if (size > UINT64_MAX - BLOCK)
		return structure(f, "a size beyond all measure");
	forget_extension(w);
	w->left = whole_blocks(size);
	w->state = w->left ? CONTENT : HEADER;
	return 0;
}

static bool is_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

static int take_header(struct wl_tar_walk *w, struct wl_finding *f)
{
	const uint8_t *h = w->header;
	bool first = w->total == BLOCK;
	char type = (char)h[156];
	uint64_t size;

	w->have = 0;
	if (is_zero(h, BLOCK)) {
		if (w->has_extension)
			return structure(f, "an extended header for nothing");
		w->state = END;
		return 0;
	}
	if (!checksum_is_right(h) || (!is_posix(h) && !is_gnu(h)))
		return first ? wl_refuse(f, WL_RULE_ARCHIVE_FORMAT, "not a tar file")
		             : structure(f, "a damaged header");
	if (!read_octal(h + 124, 12, &size))
		return structure(f, "a size that is not octal");
	if (type == 'x' || type == 'g' || type == 'L')
		return begin_extension(w, type, size, f);
	if (type != '0' && type != '\0' && type != '5')
		return refuse_type(type, f);
	return take_member(w, type == '5', size, f);
}

static int keep_path(struct wl_tar_walk *w, struct wl_bytes path, struct wl_finding *f)
{
	if (w->path || path.n == 0 || memchr(path.p, 0, path.n))
		return structure(f, "a name that is empty, there twice, or has a NUL in it");
	w->path = malloc(path.n);
	if (!w->path)
		return -ENOMEM;
	memcpy(w->path, path.p, path.n);
	w->path_n = path.n;
	return 0;
}

static bool read_decimal(struct wl_bytes text, uint64_t *ret)
{
	uint64_t v = 0;

	if (text.n == 0 || text.n > 18)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(text.p[i] - '0');
	}
	*ret = v;
	return true;
}

/* Keys that say nothing about which bytes become which file. */
static const char *const harmless_keys[] = {
        "mtime", "atime",   "ctime",
        "uid",   "gid",     "uname",
        "gname", "comment", "LIBARCHIVE.creationtime",
};

static const struct {
	const char *prefix;
	enum wl_rule rule;
} refused_keys[] = {
        {"GNU.sparse.", WL_RULE_ARCHIVE_SPARSE},
        {"SUN.holesdata", WL_RULE_ARCHIVE_SPARSE},
        {"linkpath", WL_RULE_ARCHIVE_LINK},
};

static bool is_key(struct wl_bytes key, const char *word)
{
	return key.n == strlen(word) && memcmp(key.p, word, key.n) == 0;
}

static int take_record(struct wl_tar_walk *w, struct wl_bytes key, struct wl_bytes value,
                       struct wl_finding *f)
{
	/* a global header speaks for all members: it may only carry a remark (git archive's) */
	if (w->extension_type == 'g')
		return is_key(key, "comment") ? 0 : structure(f, "a global header that says more");
	if (is_key(key, "path"))
		return keep_path(w, value, f);
	if (is_key(key, "size")) {
		if (w->has_size || !read_decimal(value, &w->size))
			return structure(f, "a size that is no number or there twice");
		w->has_size = true;
		return 0;
	}
	for (size_t i = 0; i < WL_ARRAY_LEN(harmless_keys); i++)
		if (is_key(key, harmless_keys[i]))
			return 0;
	for (size_t i = 0; i < WL_ARRAY_LEN(refused_keys); i++) {
		size_t n = strlen(refused_keys[i].prefix);

		if (key.n >= n && memcmp(key.p, refused_keys[i].prefix, n) == 0)
			return wl_refuse(f, refused_keys[i].rule, "a pax record %s",
			                 refused_keys[i].prefix);
	}
	return structure(f, "a pax record of an unknown kind");
}

/* "LENGTH KEY=VALUE\n", the length counting all of it. */
static int take_records(struct wl_tar_walk *w, struct wl_finding *f)
{
	struct wl_reader r = wl_reader_from(w->extension, w->extension_size);

	while (wl_reader_left(&r) > 0) {
		const uint8_t *start = r.p + r.pos, *space, *equals;
		size_t left = wl_reader_left(&r);
		uint64_t length = 0;
		int e;

		space = memchr(start, ' ', left < 20 ? left : 20);
		if (!space ||
		    !read_decimal((struct wl_bytes){start, (size_t)(space - start)}, &length) ||
		    length > left || length <= (size_t)(space - start) + 1 ||
		    start[length - 1] != '\n')
			return structure(f, "a pax header badly formed");
		wl_reader_take(&r, (size_t)length);
		struct wl_bytes text = {space + 1, (size_t)(start + length - 1 - (space + 1))};
		equals = memchr(text.p, '=', text.n);
		if (!equals)
			return structure(f, "a pax header badly formed");
		struct wl_bytes key = {text.p, (size_t)(equals - text.p)};
		struct wl_bytes value = {equals + 1, text.n - key.n - 1};
		e = take_record(w, key, value, f);
		if (e < 0)
			return e;
	}
	return 0;
}

static int take_extension(struct wl_tar_walk *w, struct wl_finding *f)
{
	w->state = HEADER;
	w->have = 0;
	w->has_extension = w->extension_type != 'g';
	if (w->extension_type != 'L')
		return take_records(w, f);
	/* GNU ends the name with one NUL */
	if (w->extension[w->extension_size - 1] != 0)
		return structure(f, "a long name without its end");
	return keep_path(w, (struct wl_bytes){w->extension, w->extension_size - 1}, f);
}

/* Some of what is there; *n is what was taken. */
static int take_some(struct wl_tar_walk *w, const uint8_t *p, size_t *n, struct wl_finding *f)
{
	size_t want = w->state == EXTENSION ? w->extension_blocks : BLOCK, room = want - w->have;
	uint8_t *into = w->state == EXTENSION ? w->extension : w->header;

	if (w->state == CONTENT) {
		*n = *n < w->left ? *n : (size_t)w->left;
		w->left -= *n;
		w->total += *n;
		if (w->left == 0)
			w->state = HEADER;
		return 0;
	}
	if (w->state == PAST_END) {
		w->total += *n;
		return is_zero(p, *n) ? 0
		                      : wl_refuse(f, WL_RULE_ARCHIVE_TRAILING_BYTES,
		                                  "data after the end-of-archive blocks");
	}
	*n = *n < room ? *n : room;
	memcpy(into + w->have, p, *n);
	w->have += *n;
	w->total += *n;
	if (w->have < want)
		return 0;
	if (w->state == EXTENSION)
		return take_extension(w, f);
	if (w->state == HEADER)
		return take_header(w, f);
	/* the second block of the end */
	w->state = PAST_END;
	return is_zero(w->header, BLOCK) ? 0 : structure(f, "one block of zeros between members");
}

int wl_tar_walk_feed(struct wl_tar_walk *w, const void *p, size_t n, struct wl_finding *f)
{
	const uint8_t *at = p;

	while (n > 0) {
		size_t some = n;
		int e = take_some(w, at, &some, f);

		if (e < 0)
			return e;
		at += some;
		n -= some;
	}
	return 0;
}

int wl_tar_walk_end(const struct wl_tar_walk *w, struct wl_finding *f)
{
	if (w->state != PAST_END)
		return wl_refuse(f, WL_RULE_ARCHIVE_TRUNCATED, "no end-of-archive blocks");
	if (w->total % BLOCK)
		return wl_refuse(f, WL_RULE_ARCHIVE_TRUNCATED, "not a whole number of blocks");
	return 0;
}
