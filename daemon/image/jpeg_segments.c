/*
 * Walking the segments of a JPEG; see jpeg_segments.h.
 *
 * Every length is the attacker's. Entropy-coded data is passed over by its own rule (FF is followed
 * by 00 or RSTn within it), so that what lies behind EOI is found exactly. Runs in worker-image.
 */
#include "daemon/image/jpeg_segments.h"

#include <string.h>

#include "daemon/base/cleanup.h"
#include "daemon/base/limits.h"

enum {
	TEM = 0x01,
	SOF0 = 0xC0,
	SOF1 = 0xC1,
	SOF2 = 0xC2,
	DHT = 0xC4,
	JPG = 0xC8,
	DAC = 0xCC,
	SOF15 = 0xCF,
	RST0 = 0xD0,
	RST7 = 0xD7,
	SOI = 0xD8,
	EOI = 0xD9,
	SOS = 0xDA,
	DQT = 0xDB,
	DRI = 0xDD,
	APP0 = 0xE0,
	APP15 = 0xEF,
	COM = 0xFE,
};

struct walk {
	struct wl_decode *d;
	struct wl_jpeg *jpeg;
	struct wl_finding *finding;
	struct wl_reader in;
	unsigned segments;
	bool frame;
};

/* What an application segment is, by the words it begins with. */
static const struct {
	unsigned marker;
	const char *word;
	size_t n;
	enum wl_removed what;
} kinds[] = {
        {APP0, "JFIF", 5, WL_REMOVED_SIZE},
        {APP0, "JFXX", 5, WL_REMOVED_THUMBNAIL},
        {0xE1, "Exif", 5, WL_REMOVED_EXIF},
        {0xE1, "http://ns.adobe.com/x", 21, WL_REMOVED_XMP},
        {0xE2, "ICC_PROFILE", 12, WL_REMOVED_ICC},
        {0xED, "Photoshop 3.0", 14, WL_REMOVED_IPTC},
        {0xEE, "Adobe", 5, WL_REMOVED_COLOUR},
};

static int damaged(struct walk *w, const char *words)
{
	return wl_refuse(w->finding, WL_RULE_IMAGE_DAMAGED, "%s", words);
}

static int truncated(struct walk *w)
{
	return wl_refuse(w->finding, WL_RULE_IMAGE_TRUNCATED, "it ends before EOI");
}

static int codec(struct walk *w, const char *words)
{
	return wl_refuse(w->finding, WL_RULE_IMAGE_CODEC, "%s", words);
}

static void count(struct walk *w, unsigned marker, struct wl_bytes body)
{
	enum wl_removed what = marker == COM ? WL_REMOVED_TEXT : WL_REMOVED_VENDOR;

	for (size_t i = 0; i < WL_ARRAY_LEN(kinds); i++)
		if (kinds[i].marker == marker && body.n >= kinds[i].n &&
		    memcmp(body.p, kinds[i].word, kinds[i].n) == 0)
			what = kinds[i].what;
	wl_removed_add(w->d, what, body.n + 4);
}

static bool is_frame(unsigned marker)
{
	return marker >= SOF0 && marker <= SOF15 && marker != DHT && marker != JPG && marker != DAC;
}

static int take_frame(struct walk *w, unsigned marker, struct wl_bytes body)
{
	struct wl_reader in = wl_reader_from(body.p, body.n);
	unsigned precision = wl_get_u8(&in);
	unsigned high = wl_get_u8(&in), height = high << 8 | wl_get_u8(&in);
	high = wl_get_u8(&in);
	unsigned width = high << 8 | wl_get_u8(&in), components = wl_get_u8(&in);

	if (in.bad)
		return damaged(w, "a frame header that is too short");
	if (w->frame)
		return damaged(w, "two frame headers");
	if (marker > SOF2)
		return codec(w, marker > 0xC8 ? "arithmetic coding"
		                              : "a lossless or hierarchical frame");
	if (precision != 8)
		return codec(w, "more than 8 bits a sample");
	if (components != 1 && components != 3)
		return codec(w, components == 4 ? "four components (CMYK)"
		                                : "neither one component nor three");
	if (height == 0)
		return codec(w, "a height that is said only behind the picture");
	w->frame = true;
	w->jpeg->progressive = marker == SOF2;
	w->jpeg->shape = (struct wl_shape){
	        .width = width, .height = height, .bits = 8, .channels = components};
	return 0;
}

/* Passes over entropy-coded data, up to the FF of the next marker. */
static void skip_scan(struct wl_reader *in)
{
	while (in->pos < in->n) {
		const uint8_t *ff = memchr(in->p + in->pos, 0xFF, in->n - in->pos);
		in->pos = ff ? (size_t)(ff - in->p) : in->n;
		if (in->n - in->pos < 2) {
			in->pos = in->n;
			return;
		}
		unsigned next = in->p[in->pos + 1];
		if (next != 0 && !(next >= RST0 && next <= RST7))
			return;
		in->pos += 2;
	}
}

static int take_segment(struct walk *w, unsigned marker, struct wl_bytes body)
{
	if (is_frame(marker))
		return take_frame(w, marker, body);
	if (marker == SOS) {
		if (!w->frame)
			return damaged(w, "a scan before the frame header");
		if (++w->jpeg->scans > WL_IMAGE_SCANS_MAX)
			return wl_refuse(w->finding, WL_RULE_IMAGE_TOO_LARGE, "more than %u scans",
			                 WL_IMAGE_SCANS_MAX);
		skip_scan(&w->in);
		return 0;
	}
	if (marker == DAC)
		return codec(w, "arithmetic coding");
	if (marker == COM || (marker >= APP0 && marker <= APP15))
		count(w, marker, body);
	else if (marker != DHT && marker != DQT && marker != DRI)
		return codec(w, "a marker that is not known here");
	return 0;
}

/* One marker with its segment; 1 after EOI. */
static int step(struct walk *w)
{
	if (wl_get_u8(&w->in) != 0xFF)
		return w->in.bad ? truncated(w) : damaged(w, "no marker where one should be");
	unsigned marker = wl_get_u8(&w->in);
	while (marker == 0xFF)
		marker = wl_get_u8(&w->in);
	if (w->in.bad)
		return truncated(w);
	if (++w->segments > WL_IMAGE_CHUNKS_MAX)
		return wl_refuse(w->finding, WL_RULE_IMAGE_TOO_LARGE, "more than %u segments",
		                 WL_IMAGE_CHUNKS_MAX);
	if (marker == EOI)
		return 1;
	if (marker == SOI || marker == TEM || marker == 0 || (marker >= RST0 && marker <= RST7))
		return damaged(w, "a marker that does not belong there");
	unsigned high = wl_get_u8(&w->in), length = high << 8 | wl_get_u8(&w->in);
	if (!w->in.bad && length < 2)
		return damaged(w, "a segment without a length");
	const uint8_t *body = wl_reader_take(&w->in, length - 2);
	return body ? take_segment(w, marker, (struct wl_bytes){body, length - 2}) : truncated(w);
}

static int behind(struct walk *w)
{
	size_t left = wl_reader_left(&w->in);
	const uint8_t *p = w->in.p + w->in.pos;

	if (left == 0)
		return 0;
	if (left > 2 && p[0] == 0xFF && p[1] == SOI && p[2] == 0xFF)
		return wl_refuse(w->finding, WL_RULE_IMAGE_SEVERAL_PAGES,
		                 "a second picture behind the first");
	return wl_refuse(w->finding, WL_RULE_IMAGE_TRAILING_BYTES, "%zu bytes behind EOI", left);
}

int wl_jpeg_segments_check(struct wl_decode *d, struct wl_jpeg *ret, struct wl_finding *ret_finding)
{
	struct walk w = {.d = d,
	                 .jpeg = ret,
	                 .finding = ret_finding,
	                 .in = wl_reader_from(d->source.p, d->source.n)};
	int r = 0;

	*ret = (struct wl_jpeg){0};
	(void)wl_reader_take(&w.in, 2); /* SOI */
	while (r == 0)
		r = step(&w);
	if (r < 0)
		return r;
	if (ret->scans == 0)
		return damaged(&w, "no scan before EOI");
	return behind(&w);
}
