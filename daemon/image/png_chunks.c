/*
 * Walking the chunks of a PNG; see png_chunks.h.
 *
 * Every length and name is the attacker's. The CRC is no protection against him; it tells damage
 * from intent, and spares libpng from doing it again. Runs in worker-image. Power: no state.
 */
#include "daemon/image/png_chunks.h"

#include <string.h>
#include <zlib.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"

#define SIGNATURE_BYTES 8U
#define CHUNK_EXTRA     12U /* length, type, CRC */
#define CHUNK_BYTES_MAX 0x7FFFFFFFU
#define TYPE(a, b, c, d)                                                                           \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define ANCILLARY (UINT32_C(1) << 29)

enum {
	IHDR = TYPE('I', 'H', 'D', 'R'),
	PLTE = TYPE('P', 'L', 'T', 'E'),
	IDAT = TYPE('I', 'D', 'A', 'T'),
	IEND = TYPE('I', 'E', 'N', 'D'),
	TRNS = TYPE('t', 'R', 'N', 'S'),
	ACTL = TYPE('a', 'c', 'T', 'L'),
	FDAT = TYPE('f', 'd', 'A', 'T'),
};

static const struct {
	char type[5];
	enum wl_removed what;
} kinds[] = {
        {"eXIf", WL_REMOVED_EXIF},   {"iCCP", WL_REMOVED_ICC},    {"tEXt", WL_REMOVED_TEXT},
        {"zTXt", WL_REMOVED_TEXT},   {"iTXt", WL_REMOVED_TEXT},   {"tIME", WL_REMOVED_TIME},
        {"pHYs", WL_REMOVED_SIZE},   {"oFFs", WL_REMOVED_SIZE},   {"sCAL", WL_REMOVED_SIZE},
        {"gAMA", WL_REMOVED_COLOUR}, {"cHRM", WL_REMOVED_COLOUR}, {"sRGB", WL_REMOVED_COLOUR},
        {"sBIT", WL_REMOVED_COLOUR}, {"bKGD", WL_REMOVED_COLOUR}, {"hIST", WL_REMOVED_COLOUR},
        {"sPLT", WL_REMOVED_COLOUR}, {"pCAL", WL_REMOVED_SIZE},   {"cICP", WL_REMOVED_COLOUR},
        {"mDCV", WL_REMOVED_COLOUR}, {"cLLI", WL_REMOVED_COLOUR},
};

struct walk {
	struct wl_decode *d;
	struct wl_finding *finding;
	unsigned chunks;
	uint32_t before; /* type of the chunk before */
	bool palette, transparency, data;
};

static uint32_t load_u32be(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | (uint32_t)b[3];
}

static bool is_fed(uint32_t type)
{
	return type == IHDR || type == PLTE || type == TRNS || type == IDAT || type == IEND;
}

static int damaged(struct walk *w, const char *words)
{
	return wl_refuse(w->finding, WL_RULE_IMAGE_DAMAGED, "%s", words);
}

static int twice(struct walk *w, bool *seen)
{
	if (*seen || w->data)
		return damaged(w, "a palette or transparency out of its place");
	*seen = true;
	return 0;
}

/* What is not samples: by name, or as some program's own. */
static int leave_out(struct walk *w, uint32_t type, const uint8_t *name, uint32_t size)
{
	if (!(type & ANCILLARY))
		return wl_refuse(w->finding, WL_RULE_IMAGE_CODEC,
		                 "a critical chunk that is not known here");
	if (type == FDAT || (type == ACTL && (size < 4 || load_u32be(name + 4) != 1)))
		return wl_refuse(w->finding, WL_RULE_IMAGE_SEVERAL_PAGES, "an animation");
	for (size_t i = 0; i < WL_ARRAY_LEN(kinds); i++)
		if (memcmp(kinds[i].type, name, 4) == 0) {
			wl_removed_add(w->d, kinds[i].what, CHUNK_EXTRA + (uint64_t)size);
			return 0;
		}
	wl_removed_add(w->d, WL_REMOVED_VENDOR, CHUNK_EXTRA + (uint64_t)size);
	return 0;
}

/* name points at the type, the data follows it. */
static int take(struct walk *w, uint32_t type, const uint8_t *name, uint32_t size)
{
	int r = 0;

	if ((w->chunks == 1) != (type == IHDR))
		return damaged(w, "IHDR is not the first chunk, or not the only one");
	if (type == PLTE)
		r = twice(w, &w->palette);
	else if (type == TRNS)
		r = twice(w, &w->transparency);
	else if (type == IDAT && w->data && w->before != IDAT)
		r = damaged(w, "IDAT chunks with something between them");
	else if (type == IEND && (size != 0 || !w->data))
		r = damaged(w, "no IDAT before IEND, or an IEND that is not empty");
	else if (!is_fed(type))
		r = leave_out(w, type, name, size);
	w->data = w->data || type == IDAT;
	w->before = type;
	return r;
}

static bool is_name(const uint8_t *name)
{
	for (size_t i = 0; i < 4; i++)
		if ((name[i] & 0xDF) < 'A' || (name[i] & 0xDF) > 'Z')
			return false;
	return true;
}

static int truncated(struct walk *w)
{
	return wl_refuse(w->finding, WL_RULE_IMAGE_TRUNCATED, "it ends within chunk %u",
	                 w->chunks + 1);
}

/* One chunk; 1 after IEND. */
static int step(struct walk *w, struct wl_reader *in)
{
	const uint8_t *length = wl_reader_take(in, 4), *name = wl_reader_take(in, 4);

	if (!length || !name)
		return truncated(w);
	uint32_t size = load_u32be(length), type = load_u32be(name);
	if (size > CHUNK_BYTES_MAX || !is_name(name))
		return damaged(w, "no chunk where one should be");
	if (!wl_reader_take(in, size))
		return truncated(w);
	const uint8_t *crc = wl_reader_take(in, 4);
	if (!crc)
		return truncated(w);
	if (crc32(0, name, (uInt)size + 4) != load_u32be(crc))
		return damaged(w, "the checksum of a chunk is wrong");
	if (++w->chunks > WL_IMAGE_CHUNKS_MAX)
		return wl_refuse(w->finding, WL_RULE_IMAGE_TOO_LARGE, "more than %u chunks",
		                 WL_IMAGE_CHUNKS_MAX);
	int r = take(w, type, name, size);
	return r < 0 ? r : type == IEND;
}

int wl_png_chunks_check(struct wl_decode *d, struct wl_finding *ret_finding)
{
	struct walk w = {.d = d, .finding = ret_finding};
	struct wl_reader in = wl_reader_from(d->source.p, d->source.n);
	int r = wl_reader_take(&in, SIGNATURE_BYTES) ? 0 : truncated(&w);

	while (r == 0)
		r = step(&w, &in);
	if (r > 0 && wl_reader_left(&in) > 0)
		return wl_refuse(ret_finding, WL_RULE_IMAGE_TRAILING_BYTES, "%zu bytes behind IEND",
		                 wl_reader_left(&in));
	return r < 0 ? r : 0;
}

void wl_png_feed_start(struct wl_png_feed *f, struct wl_bytes checked)
{
	*f = (struct wl_png_feed){.bytes = checked, .left = SIGNATURE_BYTES};
}

/* To the next chunk libpng may see. */
static bool feed_next(struct wl_png_feed *f)
{
	while (f->bytes.n - f->pos >= CHUNK_EXTRA) {
		size_t whole = CHUNK_EXTRA + (size_t)load_u32be(f->bytes.p + f->pos);
		if (whole > f->bytes.n - f->pos)
			return false;
		if (is_fed(load_u32be(f->bytes.p + f->pos + 4))) {
			f->left = whole;
			return true;
		}
		f->pos += whole;
	}
	return false;
}

size_t wl_png_feed_read(struct wl_png_feed *f, uint8_t *buf, size_t n)
{
	size_t done = 0;

	while (done < n && (f->left > 0 || feed_next(f))) {
		size_t part = n - done < f->left ? n - done : f->left;
		memcpy(buf + done, f->bytes.p + f->pos, part);
		f->pos += part;
		f->left -= part;
		done += part;
	}
	return done;
}
