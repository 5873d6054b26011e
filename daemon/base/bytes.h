/*
 * Bytes with their length, and a bounded reader over them.
 *
 * Everything that parses hostile input reads through struct wl_reader: it never moves past the
 * end, remembers that it failed (`bad`), and returns zeros from then on, so that a parser may read
 * a whole record and test once. No pointer arithmetic stands in parsers.
 */
#ifndef WL_BASE_BYTES_H
#define WL_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct wl_bytes {
	const uint8_t *p;
	size_t n;
};

struct wl_reader {
	const uint8_t *p;
	size_t n;   /* bytes in all */
	size_t pos; /* next byte */
	bool bad;   /* something was asked for that is not there */
};

static inline struct wl_reader wl_reader_from(const void *p, size_t n)
{
	return (struct wl_reader){.p = p, .n = n};
}

/* A pointer to the next `n` bytes, or NULL (and `bad`) where fewer are left. */
static inline const uint8_t *wl_reader_take(struct wl_reader *r, size_t n)
{
	if (r->bad || n > r->n - r->pos) {
		r->bad = true;
		return NULL;
	}
	const uint8_t *at = r->p + r->pos;
	r->pos += n;
	return at;
}

static inline size_t wl_reader_left(const struct wl_reader *r)
{
	return r->bad ? 0 : r->n - r->pos;
}

static inline uint8_t wl_get_u8(struct wl_reader *r)
{
	const uint8_t *b = wl_reader_take(r, 1);
	return b ? b[0] : 0;
}

static inline uint16_t wl_load_u16le(const uint8_t *b)
{
	return (uint16_t)((unsigned)b[0] | (unsigned)b[1] << 8);
}

static inline uint32_t wl_load_u32le(const uint8_t *b)
{
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t wl_load_u64le(const uint8_t *b)
{
	return (uint64_t)wl_load_u32le(b) | (uint64_t)wl_load_u32le(b + 4) << 32;
}

static inline uint16_t wl_get_u16le(struct wl_reader *r)
{
	const uint8_t *b = wl_reader_take(r, 2);
	return b ? wl_load_u16le(b) : 0;
}

static inline uint32_t wl_get_u32le(struct wl_reader *r)
{
	const uint8_t *b = wl_reader_take(r, 4);
	return b ? wl_load_u32le(b) : 0;
}

static inline uint64_t wl_get_u64le(struct wl_reader *r)
{
	const uint8_t *b = wl_reader_take(r, 8);
	return b ? wl_load_u64le(b) : 0;
}

static inline void wl_store_u16le(uint8_t *b, uint16_t v)
{
	b[0] = (uint8_t)v;
	b[1] = (uint8_t)(v >> 8);
}

static inline void wl_store_u32le(uint8_t *b, uint32_t v)
{
	wl_store_u16le(b, (uint16_t)v);
	wl_store_u16le(b + 2, (uint16_t)(v >> 16));
}

static inline void wl_store_u64le(uint8_t *b, uint64_t v)
{
	wl_store_u32le(b, (uint32_t)v);
	wl_store_u32le(b + 4, (uint32_t)(v >> 32));
}

/* true on overflow; *ret is then not to be used */
#define wl_add_overflows(a, b, ret) __builtin_add_overflow((a), (b), (ret))
#define wl_mul_overflows(a, b, ret) __builtin_mul_overflow((a), (b), (ret))

#endif
