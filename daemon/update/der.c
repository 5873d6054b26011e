/*
 * Strict DER on bounded readers.
 *
 * Every byte here may come from the vendor's or the authority's signature file; this runs in
 * worker-update (hostile bytes) and in worker-tool (bytes a parser claims). Nothing is allocated,
 * no recursion is deeper than WL_DER_DEPTH_MAX, and nothing is read past an element's own length.
 */
#include "daemon/update/der.h"

#include <stdio.h>

static bool read_length(struct wl_reader *r, size_t *ret)
{
	uint8_t first = wl_get_u8(r);
	size_t n = 0;
	unsigned count = first & 0x7fU;

	if (r->bad)
		return false;
	if (!(first & 0x80)) {
		*ret = first;
		return true;
	}
	/* 0x80 is BER's indefinite length; more than four bytes no file of ours has */
	if (count == 0 || count > 4)
		return false;
	for (unsigned i = 0; i < count; i++) {
		uint8_t b = wl_get_u8(r);

		if (i == 0 && b == 0)
			return false;
		n = n << 8 | b;
	}
	if (r->bad || n < 0x80)
		return false;
	*ret = n;
	return true;
}

bool wl_der_next(struct wl_reader *r, struct wl_der *ret)
{
	size_t start = r->pos, length = 0;
	uint8_t tag = wl_get_u8(r);
	const uint8_t *body;

	if (r->bad || tag == 0 || (tag & 0x1f) == 0x1f || !read_length(r, &length)) {
		r->bad = true;
		return false;
	}
	body = wl_reader_take(r, length);
	if (!body)
		return false;
	*ret = (struct wl_der){
	        .tag = tag,
	        .whole = {r->p + start, r->pos - start},
	        .body = {body, length},
	};
	return true;
}

bool wl_der_take(struct wl_reader *r, uint8_t tag, struct wl_der *ret)
{
	struct wl_der element;

	if (!wl_der_peek(r, tag) || !wl_der_next(r, &element)) {
		r->bad = true;
		return false;
	}
	*ret = element;
	return true;
}

bool wl_der_peek(const struct wl_reader *r, uint8_t tag)
{
	return wl_reader_left(r) > 0 && r->p[r->pos] == tag;
}

struct wl_reader wl_der_open(const struct wl_der *element)
{
	return wl_reader_from(element->body.p, element->body.n);
}

bool wl_der_ended(const struct wl_reader *r)
{
	return !r->bad && r->pos == r->n;
}

static bool tag_is_legal(uint8_t tag)
{
	bool universal = (tag & 0xc0) == 0, constructed = tag & 0x20;
	uint8_t number = tag & 0x1f;

	if (!universal)
		return true;
	/* SEQUENCE and SET are always constructed, everything else universal never is */
	return constructed == (number == 0x10 || number == 0x11);
}

static bool all_valid(struct wl_bytes all, unsigned depth)
{
	struct wl_reader r = wl_reader_from(all.p, all.n);
	struct wl_der e;

	if (depth > WL_DER_DEPTH_MAX && all.n > 0)
		return false;
	while (wl_reader_left(&r) > 0) {
		if (!wl_der_next(&r, &e) || !tag_is_legal(e.tag))
			return false;
		if ((e.tag & 0x20) && !all_valid(e.body, depth + 1))
			return false;
	}
	return true;
}

bool wl_der_is_valid(struct wl_bytes all)
{
	return all.n > 0 && all_valid(all, 1);
}

bool wl_bytes_equal(struct wl_bytes a, struct wl_bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

void wl_der_oid_text(struct wl_bytes oid, char *buf, size_t size)
{
	size_t used = 0;
	uint32_t arc = 0;
	bool first = true;

	buf[0] = '\0';
	for (size_t i = 0; i < oid.n && used < size; i++) {
		if (arc >> 25)
			return; /* an arc no registered algorithm has: what was written stands */
		arc = arc << 7 | (oid.p[i] & 0x7fU);
		if (oid.p[i] & 0x80)
			continue;
		if (first) {
			uint32_t top = arc < 80 ? arc / 40 : 2;

			used += (size_t)snprintf(buf + used, size - used, "%u.%u", top,
			                         arc - top * 40);
		} else {
			used += (size_t)snprintf(buf + used, size - used, ".%u", arc);
		}
		first = false;
		arc = 0;
	}
}
