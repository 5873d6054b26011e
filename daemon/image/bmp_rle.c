/*
 * The run lengths of BMP (BI_RLE8 and BI_RLE4); see bmp_header.h.
 *
 * Two bytes a step: a run, or an escape (end of row, end of picture, a jump, or pixels as they
 * are). A run that would leave its row or a jump that would leave the picture is damage, never
 * clipped: programs differ in what they do with it. Runs in worker-image. Power: no state.
 */
#include "daemon/image/bmp_header.h"

struct runs {
	const struct wl_bmp *bmp;
	struct wl_reader in;
	uint8_t *indices;
	uint32_t x, y;
	struct wl_finding *finding;
};

static int damaged(struct runs *s)
{
	return wl_refuse(s->finding, WL_RULE_IMAGE_DAMAGED, "run lengths that leave the picture");
}

static unsigned nibble(uint8_t byte, unsigned i)
{
	return i % 2 == 0 ? (unsigned)byte >> 4 : (unsigned)byte & 15U;
}

static bool fits(const struct runs *s, unsigned n)
{
	return s->y < s->bmp->shape.height && n <= s->bmp->shape.width - s->x;
}

static void put(struct runs *s, unsigned index)
{
	s->indices[(size_t)s->y * s->bmp->shape.width + s->x++] = (uint8_t)index;
}

static int run(struct runs *s, unsigned n, uint8_t byte)
{
	bool four = s->bmp->packing == WL_BMP_RLE4;

	if (!fits(s, n))
		return damaged(s);
	for (unsigned i = 0; i < n; i++)
		put(s, four ? nibble(byte, i) : byte);
	return 0;
}

/* n pixels as they are, padded to two bytes. */
static int plain(struct runs *s, unsigned n)
{
	bool four = s->bmp->packing == WL_BMP_RLE4;
	unsigned bytes = four ? (n + 1) / 2 : n;
	const uint8_t *p = wl_reader_take(&s->in, bytes + bytes % 2);

	if (!p)
		return 0; /* the reader is bad: said by the caller */
	if (!fits(s, n))
		return damaged(s);
	for (unsigned i = 0; i < n; i++)
		put(s, four ? nibble(p[i / 2], i) : p[i]);
	return 0;
}

static int jump(struct runs *s)
{
	unsigned right = wl_get_u8(&s->in), up = wl_get_u8(&s->in);

	if (right > s->bmp->shape.width - s->x || up > s->bmp->shape.height - s->y)
		return damaged(s);
	s->x += right;
	s->y += up;
	return 0;
}

/* 1 at the end of the picture. */
static int escape(struct runs *s, unsigned what)
{
	switch (what) {
	case 0:
		if (s->y >= s->bmp->shape.height)
			return damaged(s);
		s->x = 0;
		s->y++;
		return 0;
	case 1:
		return 1;
	case 2:
		return jump(s);
	default:
		return plain(s, what);
	}
}

int wl_bmp_rle_unpack(const struct wl_bmp *bmp, struct wl_bytes packed, uint8_t *indices,
                      size_t *ret_used, struct wl_finding *ret_finding)
{
	struct runs s = {.bmp = bmp,
	                 .in = wl_reader_from(packed.p, packed.n),
	                 .indices = indices,
	                 .finding = ret_finding};
	int r = 0;

	while (r == 0) {
		unsigned n = wl_get_u8(&s.in);
		uint8_t byte = wl_get_u8(&s.in);
		if (!s.in.bad)
			r = n ? run(&s, n, byte) : escape(&s, byte);
		if (s.in.bad)
			return wl_refuse(ret_finding, WL_RULE_IMAGE_TRUNCATED,
			                 "run lengths without an end");
	}
	*ret_used = s.in.pos;
	return r < 0 ? r : 0;
}
