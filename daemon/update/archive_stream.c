/*
 * Plain or gzip-compressed bytes, counted.
 *
 * The file is the vendor's or an attacker's; zlib unpacks it in worker-archive, where nothing else
 * is. Memory is two pieces and zlib's window whatever the file says of itself.
 */
#include "daemon/update/archive_stream.h"

#include <zlib.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/fdio.h"
#include "daemon/base/limits.h"

#define PIECE_BYTES (256U << 10)

struct wl_archive_stream {
	int fd;
	bool gzip, ended, unpacked; /* unpacked: the one member is at its end */
	uint64_t size;
	uint64_t read;     /* bytes of the file read */
	uint64_t position; /* bytes handed out */
	struct wl_finding finding;
	z_stream z;
	bool z_ready;
	uint8_t in[PIECE_BYTES], out[PIECE_BYTES];
};

static const struct magic {
	const char *bytes;
	size_t n;
	const char *what;
	enum wl_rule rule;
} magics[] = {
        {"\x1f\x8b", 2, "gzip", WL_RULE_ARCHIVE_FILTER},
        {"\x1f\x9d", 2, "compress", WL_RULE_ARCHIVE_FILTER},
        {"BZh", 3, "bzip2", WL_RULE_ARCHIVE_FILTER},
        {"\xfd"
         "7zXZ\0",
         6, "xz", WL_RULE_ARCHIVE_FILTER},
        {"\x28\xb5\x2f\xfd", 4, "zstd", WL_RULE_ARCHIVE_FILTER},
        {"\x04\x22\x4d\x18", 4, "lz4", WL_RULE_ARCHIVE_FILTER},
        {"LZIP", 4, "lzip", WL_RULE_ARCHIVE_FILTER},
        {"\x5d\0\0", 3, "lzma", WL_RULE_ARCHIVE_FILTER},
        {"PK\3\4", 4, "zip", WL_RULE_ARCHIVE_FORMAT},
        {"PK\5\6", 4, "zip", WL_RULE_ARCHIVE_FORMAT},
        {"7z\xbc\xaf\x27\x1c", 6, "7z", WL_RULE_ARCHIVE_FORMAT},
        {"Rar!", 4, "rar", WL_RULE_ARCHIVE_FORMAT},
        {"MSCF", 4, "cab", WL_RULE_ARCHIVE_FORMAT},
        {"0707", 4, "cpio", WL_RULE_ARCHIVE_FORMAT},
        {"!<arch>", 7, "ar", WL_RULE_ARCHIVE_FORMAT},
        {"MZ", 2, "a Windows program", WL_RULE_ARCHIVE_FORMAT},
        {"hsqs", 4, "squashfs", WL_RULE_ARCHIVE_FORMAT},
};

enum wl_rule wl_archive_recognise(const uint8_t *p, size_t n, const char **ret_what)
{
	for (size_t i = 0; i < WL_ARRAY_LEN(magics); i++) {
		if (n >= magics[i].n && memcmp(p, magics[i].bytes, magics[i].n) == 0) {
			*ret_what = magics[i].what;
			return magics[i].rule;
		}
	}
	*ret_what = "not recognised";
	return WL_RULE_NONE;
}

int wl_archive_stream_open(int fd, uint64_t size, bool gzip, struct wl_archive_stream **ret)
{
	struct wl_archive_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->fd = fd;
	s->size = size;
	s->gzip = gzip;
	/* 16: a gzip header and trailer, both checked by zlib */
	if (gzip && inflateInit2(&s->z, 16 + MAX_WBITS) != Z_OK) {
		free(s);
		return -ENOMEM;
	}
	s->z_ready = gzip;
	*ret = s;
	return 0;
}

struct wl_archive_stream *wl_archive_stream_free(struct wl_archive_stream *s)
{
	if (s && s->z_ready)
		(void)inflateEnd(&s->z);
	free(s);
	return NULL;
}

/* The next bytes of the file itself into `in`. */
static ssize_t fill(struct wl_archive_stream *s)
{
	uint64_t left = s->size - s->read;
	size_t want = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
	ssize_t got = want ? wl_pread_full(s->fd, s->in, want, (off_t)s->read) : 0;

	if (got < 0)
		return got;
	if ((size_t)got != want)
		return -EIO;
	s->read += (uint64_t)got;
	return got;
}

static int not_gzip(struct wl_archive_stream *s)
{
	const char *what;
	enum wl_rule rule = wl_archive_recognise(s->in, s->z.avail_in, &what);

	return wl_refuse(&s->finding, rule ? rule : WL_RULE_ARCHIVE_FORMAT,
	                 "said to be tar-gzip, but is %s", what);
}

/* More input for zlib; what the file must still hold is refused where it ends. */
static int feed(struct wl_archive_stream *s)
{
	bool first = s->read == 0;
	ssize_t got = fill(s);

	if (got < 0)
		return (int)got;
	if (got == 0)
		return wl_refuse(&s->finding, WL_RULE_ARCHIVE_TRUNCATED,
		                 "the compressed data ends early");
	s->z.next_in = s->in;
	s->z.avail_in = (uInt)got;
	if (first && !(got >= 2 && s->in[0] == 0x1f && s->in[1] == 0x8b))
		return not_gzip(s);
	return 0;
}

static int check_ratio(struct wl_archive_stream *s)
{
	if (s->position <= WL_ARCHIVE_RATIO_FREE_BYTES ||
	    s->position / WL_ARCHIVE_RATIO_MAX <= s->size)
		return 0;
	return wl_refuse(&s->finding, WL_RULE_ARCHIVE_BOMB,
	                 "unpacks to more than %u times its size", WL_ARCHIVE_RATIO_MAX);
}

/* One call of zlib with what is there. */
static int unpack_some(struct wl_archive_stream *s)
{
	int z = inflate(&s->z, Z_NO_FLUSH);

	if (z == Z_MEM_ERROR)
		return -ENOMEM;
	if (z != Z_OK && z != Z_STREAM_END && z != Z_BUF_ERROR)
		return wl_refuse(&s->finding, WL_RULE_ARCHIVE_STRUCTURE,
		                 "the compressed data is damaged");
	if (z != Z_STREAM_END)
		return 0;
	s->unpacked = true;
	if (s->z.avail_in > 0 || s->read != s->size)
		return wl_refuse(&s->finding, WL_RULE_ARCHIVE_TRAILING_BYTES,
		                 "%llu bytes after the gzip member",
		                 (unsigned long long)s->size - s->read + s->z.avail_in);
	return 0;
}

static ssize_t next_unpacked(struct wl_archive_stream *s, const void **ret)
{
	size_t n;
	int e = 0;

	s->z.next_out = s->out;
	s->z.avail_out = PIECE_BYTES;
	while (s->z.avail_out > 0 && !s->unpacked) {
		if (s->z.avail_in == 0)
			e = feed(s);
		if (e == 0)
			e = unpack_some(s);
		if (e < 0)
			return e;
	}
	n = PIECE_BYTES - s->z.avail_out;
	s->position += n;
	e = check_ratio(s);
	if (e < 0)
		return e;
	*ret = s->out;
	return (ssize_t)n;
}

ssize_t wl_archive_stream_next(struct wl_archive_stream *s, const void **ret)
{
	ssize_t got;

	if (s->gzip) {
		got = next_unpacked(s, ret);
	} else {
		got = fill(s);
		if (got > 0)
			s->position += (uint64_t)got;
		*ret = s->in;
	}
	s->ended = s->ended || got == 0;
	return got;
}

int wl_archive_stream_seek(struct wl_archive_stream *s, uint64_t position)
{
	if (s->gzip || position > s->size)
		return -EINVAL;
	s->read = s->position = position;
	return 0;
}

const struct wl_finding *wl_archive_stream_finding(const struct wl_archive_stream *s)
{
	return &s->finding;
}

uint64_t wl_archive_stream_position(const struct wl_archive_stream *s)
{
	return s->position;
}

bool wl_archive_stream_ended(const struct wl_archive_stream *s)
{
	return s->ended;
}
